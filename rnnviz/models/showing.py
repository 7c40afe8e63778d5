"""The theatre in a notebook: ``rnnviz.show(rnnviz.trace(nn.LSTM(28, 64), x))``.

What comes back draws itself in Jupyter and its kin, in a frame that is cut off from the notebook,
and can be saved as one HTML file. Nothing is fetched, and Streamlit is not needed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, TypeAlias

from rnnviz.notation.cells import CELL_NAMES
from rnnviz.safe.files import replacing
from rnnviz.theatre.reading import Reading, reading_from_trace
from rnnviz.theatre.standalone import PageTheme, page
from rnnviz.theatre.tints import Tint
from rnnviz.theatre.view import MOST_READINGS, TINTS, View

if TYPE_CHECKING:
    from rnnviz.models.classifier import ClassifierTrace
    from rnnviz.nn.trace import Trace

    Showable: TypeAlias = Trace | ClassifierTrace | Reading

HEIGHT = 860
"""Pixels of the frame: the first panels of one reading; the rest is reached by scrolling."""


@dataclass(frozen=True, eq=False)
class Show:
    """A theatre that is ready to be looked at: the last line of a notebook's cell, or `save`."""

    html: str
    title: str
    height: int = HEIGHT

    def _repr_html_(self) -> str:
        """The theatre in a frame of its own, whose script can touch nothing outside of it."""
        return (
            f'<iframe srcdoc="{escape(self.html)}" title="{escape(self.title)}" '
            f'sandbox="allow-scripts" loading="lazy" width="100%" height="{self.height}" '
            'style="border: 0"></iframe>'
        )

    def __repr__(self) -> str:
        return f"<{self.title}: the theatre, {len(self.html) / 1e6:.1f} MB; .save(path) keeps it>"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the theatre as one HTML file, which opens offline in any browser."""
        with replacing(path) as beside:
            beside.write_text(self.html, encoding="utf-8", newline="\n")


def show(
    *things: Showable,
    title: str | None = None,
    height: int | None = None,
    theme: PageTheme = "auto",
    example: int = 0,
    classes: Sequence[str] | None = None,
    tints: Sequence[Sequence[Tint]] | None = None,
    **view: Any,
) -> Show:
    """Show how one to three networks read a sequence, every gate of every unit at every step.

    Args:
        things: what `rnnviz.trace` or `SequenceClassifier.trace` returned, or a Reading. Several
            stand side by side under one cursor, so they must have equally many steps.
        title: the heading; names the cells by default.
        height: of the frame in a notebook, in pixels.
        theme: "auto" follows the reader's system, else "light" or "dark".
        example: which sequence of a trace, counted from 0; its padding is left out.
        classes: the labels of a classifier's answers; counted from 0 by default.
        tints: for each thing, what its tokens can be coloured by besides what it holds itself.
        **view: what is chosen when it opens, in the words of `rnnviz.theatre.view.View`, all
            counted from 0: ``layer=1, units=[3, 7], step=11, order="cluster"``.

    Returns:
        An object that a notebook draws, and that `.save(path)` writes as one HTML file.

    Raises:
        TypeError: a thing is neither trace nor reading.
        ValueError: a word of the view makes no sense for these readings, or they do not fit
            together; the message says what was expected.
        IndexError: there is no such example.

    ```python
    rnnviz.show(rnnviz.trace(torch.nn.LSTM(28, 64, num_layers=2), x), layer=1, units=[3, 7])
    ```
    """
    if not 1 <= len(things) <= MOST_READINGS:
        raise TypeError(
            f"expected one to {MOST_READINGS} traces or readings to show, got {len(things)}"
        )
    if height is not None and not (isinstance(height, int) and height > 0):
        raise ValueError(f"height: expected a whole number of pixels, got {height!r}")
    readings = tuple(_reading(thing, example, classes) for thing in things)
    chosen = View.of(**view)
    _check(chosen, readings, [tint.name for several in tints or () for tint in several])
    heading = title if title is not None else _title(readings)
    return Show(
        page(readings, title=heading, view=chosen, theme=theme, tints=tints),
        heading,
        HEIGHT if height is None else height,
    )


def _reading(thing: Any, example: int, classes: Sequence[str] | None) -> Reading:
    if isinstance(thing, Reading):
        return thing
    recurrent = getattr(thing, "recurrent", thing)
    if not hasattr(recurrent, "named_signals"):
        raise TypeError(
            "expected what rnnviz.trace(...) or a classifier's trace(...) returns, or a Reading, "
            f"got {type(thing).__name__}{_advice(thing)}"
        )
    answers = getattr(thing, "prefix_probabilities", None)
    if answers is None and classes is not None:
        raise ValueError("classes: expected None, for the trace of a bare module has no answers")
    return reading_from_trace(
        thing,
        name=CELL_NAMES[recurrent.cell],
        classes=() if answers is None else _labels(int(answers.shape[-1]), classes),
        step_word="step",
        example=example,
    )


def _advice(thing: Any) -> str:
    """What to do about the two mistakes that are easy to make."""
    if hasattr(thing, "named_parameters"):
        return ": trace it first, as in rnnviz.show(rnnviz.trace(module, inputs))"
    if isinstance(thing, list | tuple):
        return ": give several one by one, as in rnnviz.show(first, second)"
    return ""


def _labels(count: int, classes: Sequence[str] | None) -> tuple[str, ...]:
    if classes is None:
        return tuple(str(number) for number in range(count))
    if len(classes) != count:
        raise ValueError(f"classes: expected {count} labels, got {len(classes)}")
    return tuple(str(label) for label in classes)


def _check(view: View, readings: Sequence[Reading], tints: Sequence[str]) -> None:
    """Refuse what an address would quietly leave out: a notebook has somebody to tell."""
    steps = readings[0].steps
    layers = max(len(one.layers) for one in readings)
    if view.layer >= layers:
        raise ValueError(f"layer: expected 0..{layers - 1}, got {view.layer}")
    shown = [one.layers[view.layer] for one in readings if view.layer < len(one.layers)]
    units = max(next(iter(layer.forward.values())).shape[1] for layer in shown)
    asked = (
        ("step", [] if view.step is None else [view.step], steps),
        ("steps", view.steps, steps),
        ("span", view.span or (), steps),
        ("units", view.units, units),
        ("focus", [view.focus], len(readings)),
    )
    for name, values, count in asked:
        if beyond := [value for value in values if value >= count]:
            raise ValueError(f"{name}: expected numbers in 0..{count - 1}, got {beyond[0]}")
    if view.direction != "forward" and all(layer.backward is None for layer in shown):
        raise ValueError(
            f"direction: expected 'forward', for nothing here reads backward, got "
            f"{view.direction!r}"
        )
    if view.tint not in {*TINTS, *tints}:
        raise ValueError(f"tint: expected the name of one of the tints, got {view.tint!r}")
    if view.values == "difference" and all(one.ghost is None for one in readings):
        raise ValueError(
            "values: expected 'raw' or 'change', for no reading here has a ghost to compare "
            "with, got 'difference'"
        )


def _title(readings: Sequence[Reading]) -> str:
    names = " and ".join(dict.fromkeys(one.title for one in readings))
    steps = readings[0].steps
    return f"{names} reading {steps} {readings[0].step_word}{'s' if steps > 1 else ''}"
