"""What a figure of the Text page is about, and how a plot is put on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnnviz.explorer.parts.figure_room import plot
from rnnviz.explorer.parts.models import model
from rnnviz.explorer.parts.rooms import FigureRoom
from rnnviz.explorer.text import readings
from rnnviz.explorer.text.choices import TextChoices
from rnnviz.explorer.text.exhibit import Task, Text
from rnnviz.models.tokens import Encoded
from rnnviz.notation.cells import CELL_NAMES
from rnnviz.notation.palette import Theme
from rnnviz.theatre.reading import Reading

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from rnnviz.theatre.view import View


@dataclass(frozen=True, eq=False)
class Subject:
    """One reading, how it is looked at, and where the figure is put."""

    task: Task
    choices: TextChoices
    theme: Theme
    kind: str
    room: FigureRoom

    @property
    def view(self) -> View:
        """What is chosen in the theatre, without what this reading does not have."""
        reading = self.reading
        units = next(iter(reading.layers[0].forward.values())).shape[1]
        return self.choices.view.clamped(
            steps=reading.steps, layers=len(reading.layers), units=units
        )

    @property
    def beside(self) -> Text | None:
        """The other text of two that stand side by side."""
        others = [one.text for one in self.choices.figured if one.text != self.task.text]
        return others[0] if others else None

    @property
    def reading(self) -> Reading:
        return readings.reading(self.task.model, self.task.text)

    @property
    def encoded(self) -> Encoded:
        return readings.encoded(self.task.model, self.task.text.words)

    @property
    def model(self) -> Any:
        return model(self.task.model)

    @property
    def cell(self) -> str:
        """``LSTM``"""
        return CELL_NAMES[self.reading.cell]

    def plot(self, figure: go.Figure, name: str) -> None:
        """Put a figure on the page, with words for who cannot see it."""
        plot(figure, name, self.kind)
