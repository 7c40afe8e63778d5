"""How sure and how right a model is after each step, over many sequences.

Shapes: `T` steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from rnnviz.figures.style import INK, MUTED, SMALL, axis, checked, figure, note, percent_ticks, runs
from rnnviz.notation.palette import NEGATIVE, POSITIVE, Theme
from rnnviz.notation.phrases import plain

HEIGHT = 360


def early_accuracy(
    accuracy: np.ndarray,
    confidence: np.ndarray,
    *,
    n: int,
    source: str,
    own: np.ndarray | None = None,
    answer: str = "",
    decision: int | None = None,
    steps: Sequence[int] = (),
    classes: int = 10,
    step_word: str = "row",
    theme: Theme = "light",
) -> go.Figure:
    """Draw accuracy and mean confidence, had the model answered after each step.

    Args:
        accuracy: share of right answers after each step `(T,)`, over `n` of `source`.
        confidence: mean probability of the answer given then `(T,)`, over the same.
        n, source: how many, and what they are, as in "the MNIST test images".
        own: probability that this reading gives its final answer after each step `(T,)`.
        answer: the label of that final answer.
        decision: the step from which this reading's answer stays, counted from 0.
        steps: chosen steps, counted from 0.
        classes: how many there are, for the line of pure chance.
        step_word: what one step is called.
        theme: "light" or "dark".
    """
    theme = checked(theme)
    numbers = np.arange(1, len(accuracy) + 1, dtype=np.uint16)
    for name, values in (("confidence", confidence), ("own", own)):
        if values is not None and np.shape(values) != np.shape(accuracy):
            raise ValueError(f"{name}: expected {len(accuracy)} steps, got {np.shape(values)}")
    accuracy, confidence = np.asarray(accuracy, np.float32), np.asarray(confidence, np.float32)
    many = f"{n:,} of {source}<br>%{{customdata:.1f}} %"
    right = f"{many} would be right after {step_word} %{{x}}"
    sure = f"{many} is how sure they are, on average, after {step_word} %{{x}}"
    curves = [
        _curve(numbers, accuracy, "right answers", NEGATIVE[theme], right),
        _curve(numbers, confidence, "mean confidence", POSITIVE[theme], sure, dash="dash"),
    ]
    if own is not None:
        curves.append(_own_curve(numbers, np.asarray(own, np.float32), answer, step_word, theme))
    level = {"xref": "paper", "x0": 0, "x1": 1, "y0": 1 / classes, "y1": 1 / classes}
    chance = {"color": MUTED[theme], "width": 1, "dash": "dot"}
    pale = {"size": SMALL, "color": MUTED[theme]}
    words = [note("chance", theme, x=1, xanchor="right", y=1 / classes, yref="y", font=pale)]
    if decision is not None:
        words.append(_decided(decision, len(accuracy), step_word, theme))
    return figure(
        curves,
        theme,
        height=HEIGHT,
        alt=_alt(accuracy, confidence, n, source, decision, step_word),
        legend=True,
        legend_y=1.07,
        hovermode="x",
        shapes=[{"type": "line", **level, "line": chance}, *_uprights(decision, steps, theme)],
        annotations=words,
        xaxis=axis(
            theme,
            range=[0.5, len(accuracy) + 0.5],
            dtick=_spacing(len(accuracy)),
            tick0=0,
            title_text=f"{step_word}s read · {n:,} of {source}",
            showgrid=False,
        ),
        yaxis=axis(theme, range=[0, 1.02], **percent_ticks(0, 0.25, 0.5, 0.75, 1)),
        margin={"l": 8, "r": 10, "t": 50, "b": 40},
    )


def _own_curve(
    numbers: np.ndarray, own: np.ndarray, answer: str, step_word: str, theme: Theme
) -> go.Scatter:
    answer = plain(answer)
    label = f"this digit: how sure of {answer}" if answer else "this reading: how sure"
    hover = (
        f"after {step_word} %{{x}} this reading gives {answer or 'its answer'} "
        "%{customdata:.1f} %"
    )
    return _curve(numbers, own, label, INK[theme], hover, width=1.6, markers=True)


def _curve(
    x: np.ndarray,
    y: np.ndarray,
    name: str,
    colour: str,
    hover: str,
    *,
    dash: str = "solid",
    width: float = 2.6,
    markers: bool = False,
) -> go.Scatter:
    return go.Scatter(
        x=x,
        y=y,
        mode="lines+markers" if markers else "lines",
        line={"color": colour, "width": width, "dash": dash},
        marker={"size": 5, "color": colour},
        name=name,
        customdata=100 * y,
        hovertemplate=f"{hover}<extra></extra>",
    )


def _uprights(decision: int | None, steps: Sequence[int], theme: Theme) -> list[dict[str, Any]]:
    """A line at each chosen step, a band over several in a row, a dashed line at the decision."""
    full = {"yref": "paper", "y0": 0, "y1": 1}
    shade = {"fillcolor": MUTED[theme], "opacity": 0.14, "line_width": 0, "layer": "below"}
    thin = {"line": {"color": MUTED[theme], "width": 1}}
    shapes = [
        {"type": "line", **full, "x0": first + 1, "x1": first + 1, **thin}
        if first == last
        else {"type": "rect", **full, "x0": first + 0.5, "x1": last + 1.5, **shade}
        for first, last in runs(steps)
    ]
    if decision is not None:
        dashed = {"line": {"color": INK[theme], "width": 1.4, "dash": "dash"}}
        shapes.append({"type": "line", **full, "x0": decision + 1, "x1": decision + 1, **dashed})
    return shapes


def _decided(decision: int, steps: int, step_word: str, theme: Theme) -> dict[str, Any]:
    side = "right" if decision >= steps / 2 else "left"
    place = {"x": decision + 1, "xref": "x", "y": 1.01, "xanchor": side}
    return note(f"decided at {step_word} {decision + 1}", theme, font_size=SMALL, **place)


def _spacing(steps: int) -> int:
    """Ticks at numbers that people count in, at most about eight of them."""
    return next(every for every in (1, 2, 4, 5, 10, 20, 50, 100, 500, 10**6) if steps / every <= 8)


def _alt(
    accuracy: np.ndarray,
    confidence: np.ndarray,
    n: int,
    source: str,
    decision: int | None,
    word: str,
) -> str:
    half = int(np.argmax(accuracy >= 0.5)) if (accuracy >= 0.5).any() else None
    early = "" if half is None else f" Half of them are right from {word} {half + 1} on."
    own = "" if decision is None else f" This reading settles at {word} {decision + 1}."
    return (
        f"Accuracy if the model stopped after each {word}, over {n:,} of {source}: "
        f"{100 * accuracy[0]:.0f} % after the first, {100 * accuracy[-1]:.1f} % after the last, "
        f"where it is {100 * confidence[-1]:.0f} % sure on average.{early}{own}"
    )
