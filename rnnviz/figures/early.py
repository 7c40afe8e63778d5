"""How sure and how right a model is after each step, over many sequences.

Shapes: `T` steps.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from rnnviz.figures.style import INK, MUTED, SMALL, axis, checked, layout, note, percent_ticks, runs
from rnnviz.palette import NEGATIVE, POSITIVE, Theme

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
    figure = go.Figure()
    figure.add_trace(
        _curve(
            numbers,
            accuracy,
            "right answers",
            NEGATIVE[theme],
            "solid",
            f"{n:,} of {source}<br>%{{customdata:.1f}} % would be right after {step_word} %{{x}}",
        )
    )
    figure.add_trace(
        _curve(
            numbers,
            confidence,
            "mean confidence",
            POSITIVE[theme],
            "dash",
            f"{n:,} of {source}<br>%{{customdata:.1f}} % is how sure they are, on average, "
            f"after {step_word} %{{x}}",
        )
    )
    if own is not None:
        label = f"this digit: how sure of {answer}" if answer else "this reading: how sure"
        figure.add_trace(
            _curve(
                numbers,
                np.asarray(own, np.float32),
                label,
                INK[theme],
                "solid",
                f"after {step_word} %{{x}} this reading gives {answer or 'its answer'} "
                "%{customdata:.1f} %",
                width=1.6,
                markers=True,
            )
        )
    figure.add_hline(y=1 / classes, line={"color": MUTED[theme], "width": 1, "dash": "dot"})
    figure.add_annotation(
        note(
            "chance",
            theme,
            x=1,
            xanchor="right",
            y=1 / classes,
            yref="y",
            font={"size": SMALL, "color": MUTED[theme]},
        )
    )
    _mark_steps(figure, decision, steps, len(accuracy), step_word, theme)
    alt = _alt(accuracy, confidence, n, source, decision, step_word)
    figure.update_layout(layout(theme, height=HEIGHT, alt=alt, legend=True), legend_y=1.07)
    figure.update_layout(
        hovermode="x",
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
    return figure


def _curve(
    x: np.ndarray,
    y: np.ndarray,
    name: str,
    colour: str,
    dash: str,
    hover: str,
    *,
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


def _mark_steps(
    figure: go.Figure,
    decision: int | None,
    steps: Sequence[int],
    steps_read: int,
    step_word: str,
    theme: Theme,
) -> None:
    for first, last in runs(steps):
        if first == last:
            figure.add_vline(x=first + 1, line={"color": MUTED[theme], "width": 1})
        else:
            band = {"fillcolor": MUTED[theme], "opacity": 0.14, "line_width": 0, "layer": "below"}
            figure.add_vrect(x0=first + 0.5, x1=last + 1.5, **band)
    if decision is None:
        return
    figure.add_vline(x=decision + 1, line={"color": INK[theme], "width": 1.4, "dash": "dash"})
    figure.add_annotation(
        note(
            f"decided at {step_word} {decision + 1}",
            theme,
            x=decision + 1,
            xref="x",
            y=1.01,
            xanchor="right" if decision >= steps_read / 2 else "left",
            font_size=SMALL,
        )
    )


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
