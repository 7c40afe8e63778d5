"""The network of a training run on the pages that read digits and texts: may it, and what is it.

No torch and no Streamlit. A network is named with the beginning of the checksum of its weights, so
whatever was worked out with an earlier epoch of a run that goes on is not taken for this one's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from rnnviz.explorer.train import table
from rnnviz.models import storage
from rnnviz.models.places import RunError
from rnnviz.models.storage import CheckpointError
from rnnviz.notation.cells import CELL_NAMES
from rnnviz.runs.store import RunStore

READS = {"digits": "28 pixels at each step", "text": "texts, token by token"}
TITLES = {"digits": "Digits", "text": "Text"}

DIGITS = ("digits", "mnist", "own")
"""Tasks whose classes 0 to 9 are digits: KMNIST's are other signs."""

AnyTask = TypeVar("AnyTask", bound=Any)


@dataclass(frozen=True)
class RunNetwork:
    """A run's network that fits a page: `model` is its name for `checkpoint.load`.

    `task` is what it was trained on, in words, `right` its score in words (or empty), `knows` says
    whether the labels of the page's own inputs mean the same as its classes.
    """

    id: str
    model: str
    name: str
    task: str
    cell: str
    readout: str
    classes: tuple[str, ...]
    right: str
    knows: bool

    @property
    def about(self) -> str:
        """What to know of it, in a sentence or two."""
        said = f"“{self.name}” was trained on this server, on the task “{self.task}”"
        return f"{said}{f'; {self.right}' if self.right else ''}."

    @property
    def answers(self) -> str:
        """What it can answer."""
        shown = ", ".join(self.classes[:6])
        more = f" and {len(self.classes) - 6} more" if len(self.classes) > 6 else ""
        return f"It learnt from “{self.task}” and knows {len(self.classes)} answers: {shown}{more}."

    def reads(self, tasks: Sequence[AnyTask]) -> tuple[AnyTask, ...]:
        """The readings of a page, done by this network."""
        return tuple(replace(task, model=self.model) for task in tasks)


def network(id: str, page: str, store: RunStore | None = None) -> RunNetwork:
    """The network of that run for the page "digits" or "text"; a sentence, `RunError`, if not."""
    store = store or RunStore()
    try:
        run = store.get(id)
    except RunError as error:
        raise RunError(
            "this link speaks of a training run that is not here: it may have been deleted"
        ) from error
    if not run.has_model:
        raise RunError(f"the run “{run.name}” has no network yet: it has not finished an epoch")
    try:
        config = storage.read_json(run.model_folder / storage.CONFIG)
        card = storage.read_json(run.model_folder / storage.CARD)
    except CheckpointError as error:
        raise RunError(f"the network of the run “{run.name}” is damaged: train it again") from error
    fits = table.page_of(run)
    if fits != page:
        other = f"open it on the {TITLES[fits]} page" if fits else "no page here reads with it"
        raise RunError(
            f"expected a network that reads {READS[page]}, got “{run.name}”, which was trained on "
            f"{table.task_title(run)} and reads other inputs: {other}"
        )
    labels = config.get("labels")
    classes = tuple(map(str, labels)) if isinstance(labels, list) else tuple("0123456789")
    knows = run.plan.get("task") in DIGITS and set(classes) == set("0123456789")
    return RunNetwork(
        id=run.id,
        model=f"{run.model_name}.{str(card.get('sha256', ''))[:12] or 'unknown'}",
        name=run.name,
        task=table.task_title(run),
        cell=str(config.get("cell")),
        readout=str(config.get("readout")),
        classes=classes,
        right=_right(run.best),
        knows=knows if page == "digits" else {"negative", "positive"} <= set(classes),
    )


def heading(network: RunNetwork) -> str:
    """``“my run”: GRU, last-step readout``"""
    cell = CELL_NAMES.get(network.cell, network.cell)
    return f"“{network.name}”: {cell}, {network.readout.replace('-', ' ')} readout"


def _right(best: Any) -> str:
    score, count = best.get("accuracy"), best.get("n")
    if not isinstance(score, int | float):
        return ""
    of = f"{count:,} held-out examples" if isinstance(count, int) else "held-out examples"
    return f"of {of} it has {100 * score:.1f}\u00a0% right"
