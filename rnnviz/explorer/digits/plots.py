"""Which figures belong to what is chosen in the theatre, and the words under them.

A task, its reading and a view in, figures and a caption in Markdown out. Plotly and torch are
imported inside the functions, so that nothing waits for them before somebody looks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnnviz.analysis import atlas
from rnnviz.explorer.digits.exhibit import Task
from rnnviz.explorer.parts.notices import plain
from rnnviz.notation import decision
from rnnviz.notation.cells import CELL_NAMES
from rnnviz.notation.palette import Theme
from rnnviz.theatre.reading import Reading
from rnnviz.theatre.view import View

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from rnnviz.analysis.atlas import Atlas
    from rnnviz.analysis.explanations import Explanation


@dataclass(frozen=True, eq=False)
class Subject:
    """What the figures are about: the reading in focus, beside what, seen how.

    ``atlas`` and ``explain`` are asked only by the figures that need them; both may raise a
    ValueError that says what is missing.
    """

    task: Task
    reading: Reading
    view: View
    theme: Theme
    atlas: Callable[[], Atlas]
    explain: Callable[[], Explanation]
    other: Reading | None = None

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps that are pointed out: the brushed span, else those that are pinned."""
        span = self.view.span
        return self.view.steps if span is None else tuple(range(span[0], span[1] + 1))

    @property
    def layer_words(self) -> str:
        """``layer 2 of the LSTM``."""
        return f"layer {self.view.layer + 1} of the {CELL_NAMES[self.reading.cell]}"


@dataclass(frozen=True, eq=False)
class Drawn:
    """Figures that stand beside each other, and what to look for in them."""

    figures: tuple[go.Figure, ...]
    caption: str


def gates(subject: Subject) -> Drawn:
    """How the values of every gate are spread, in this reading and in many."""
    from rnnviz import figures

    view, layers = subject.view, [one.forward for one in subject.reading.layers]
    found, reference, name = _atlas_or_nothing(subject)
    known = None if found is None else found.layers.get(view.layer)
    spread = figures.gate_distribution(
        layers[view.layer],
        units=view.units,
        steps=subject.steps,
        reference=None if known is None else known.distributions,
        reference_name=name,
        theme=subject.theme,
    )
    saturation = figures.gate_saturation(
        layers, reference=reference, reference_name=name, selected=view.layer, theme=subject.theme
    )
    what = "state" if subject.reading.cell == "rnn" else "gate"
    steps, units = next(iter(layers[view.layer].values())).shape
    many = f" The dotted line and the triangles are the same over {name}." if found else ""
    caption = (
        f"**What to look for.** On the left every value of each {what} in {subject.layer_words}, "
        f"{units} units at {steps} rows; on the right how many of them are below 0.1 or above "
        f"0.9 (of a state, near -1 or 1). A {what} that lives at the ends works as a switch, one "
        f"in the middle as a dimmer.{many} Pinned units and rows are drawn on top."
    )
    return Drawn((spread, saturation), caption)


def path(subject: Subject) -> Drawn:
    """The hidden state after each row, on the map of many digits."""
    from rnnviz import figures

    found, layer, view = subject.atlas(), subject.view.layer, subject.view
    at = view.steps[0] if len(view.steps) == 1 else None
    where = found.layer(layer)
    points, labels, words = found.cloud(layer, step=at)
    is_top = layer == len(subject.reading.layers) - 1
    other = subject.other
    figure = figures.state_path(
        where.project(subject.reading.layers[layer].forward["hidden"]),
        points,
        labels,
        classes=found.classes,
        limit=where.limit,
        steps=view.steps,
        attention=subject.reading.attention if is_top else None,
        second=None if other is None else where.project(other.layers[layer].forward["hidden"]),
        cloud_name=words,
        explained=where.explained,
        theme=subject.theme,
    )
    caption = (
        f"**What to look for.** The hidden state of {subject.layer_words} after each row, on the "
        "two axes along which the states of many digits differ most (principal components, "
        f"fitted on {found.n_fitted:,} of {found.source}). Where does the path turn, through whose "
        f"cloud does it pass, and where does it come to rest? The points are {words}. Pin one row "
        "to see the clouds after that row."
    )
    return Drawn((figure,), caption)


def why(subject: Subject) -> Drawn:
    """Three answers to the question which rows mattered."""
    from rnnviz import figures

    found = subject.explain()
    assert subject.reading.image is not None
    figure = figures.explanations(
        subject.reading.image,
        found.gradient_input,
        found.occlusion,
        found.attention,
        label=found.label,
        probability=found.probability,
        without=found.probability_without,
        correlations=found.rank_correlations,
        steps=subject.steps,
        theme=subject.theme,
    )
    three = "Three answers" if found.attention is not None else "Two answers"
    weighs = "Attention is what the readout weighs; " if found.attention is not None else ""
    caption = (
        f"**What to look for.** {three} to which rows made the {CELL_NAMES[subject.reading.cell]} "
        f"say {plain(found.label)}. {weighs}gradient x input asks what a little less ink would "
        "change, occlusion what a blank row would. Where the rank correlation is low they "
        "disagree, and none of them alone is the reason (Jain and Wallace 2019). Computed for this "
        "one digit."
    )
    return Drawn((figure,), caption)


def early(subject: Subject) -> Drawn:
    """How good the answer is after each row, over many digits."""
    from rnnviz import figures

    found, reading = subject.atlas(), subject.reading
    assert reading.probabilities is not None and reading.answer is not None
    figure = figures.early_accuracy(
        found.early_accuracy,
        found.early_confidence,
        n=found.n,
        source=found.source,
        own=reading.probabilities[:, reading.classes.index(reading.answer)],
        answer=reading.answer,
        decision=decision.decision_step(reading.probabilities),
        steps=subject.steps,
        classes=len(reading.classes),
        theme=subject.theme,
    )
    caption = (
        f"**What to look for.** How often the {CELL_NAMES[reading.cell]} would be right, and how "
        f"sure it would be, if it stopped after each row, over {found.n:,} of {found.source}. "
        "Which rows buy the most? Is it surer than it is right? Beside it, how sure it was of "
        f"{plain(reading.answer)} while it read this digit. This digit: "
        + plain(decision.decision_words(reading.probabilities, reading.classes))
    )
    return Drawn((figure,), caption)


def _atlas_or_nothing(subject: Subject) -> tuple[Atlas | None, list[Any], str]:
    """The atlas, the shares of its layers and its name; gates can be drawn without one."""
    try:
        found = subject.atlas()
    except atlas.AtlasError:
        return None, [], "many digits"
    count = range(len(subject.reading.layers))
    shares = [found.layers[index].shares if index in found.layers else None for index in count]
    return found, shares, f"{found.n:,} of {found.source}"
