"""How much of the loss's gradient reaches each step of the input: bars on a logarithmic axis.

Layers stand above each other as in the network, the top one on top. All have one axis, of whole
decades, which the caller fixes for all moments of a training, so that bars can be compared.
Shapes: `T` steps.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from rnnviz.figures.style import (
    INK,
    MUTED,
    SMALL,
    axis,
    checked,
    figure,
    headline,
    headroom,
    note,
    percent,
)
from rnnviz.notation.palette import NEGATIVE, POSITIVE, Theme
from rnnviz.notation.phrases import plain

Layer = Mapping[str, np.ndarray]
"""Norms `(T,)` of a layer's directions, "forward" and perhaps "backward"."""

Decades = tuple[int, int]

HEIGHT, MORE = 280, 110
"""Pixels of the figure for one layer, and for each more."""

FLOOR, CEILING = -12, 6
"""No axis goes further; a smaller norm is drawn as none."""

FEWEST_DECADES = 3
GAP = 0.08


def flow_range(norms: Iterable[np.ndarray]) -> Decades:
    """Whole decades that hold all norms above 0, at least three of them, within fixed ends."""
    logs = [np.log10(one[one > 0]) for one in map(np.asarray, norms)]
    every = np.concatenate([np.empty(0), *logs])
    every = every[np.isfinite(every)].clip(FLOOR, CEILING)
    if not every.size:
        return (-FEWEST_DECADES, 0)
    low, high = math.floor(every.min()), math.ceil(every.max())
    return (min(low, high - FEWEST_DECADES), high)


def gradient_flow(
    layers: Sequence[Layer],
    *,
    decades: Decades | None = None,
    tokens: Sequence[str] | None = None,
    marks: Mapping[int, str] | None = None,
    step_word: str = "row",
    when: str = "",
    theme: Theme = "light",
) -> go.Figure:
    """Draw the norm of dL/dh_t at every step, for every layer and direction.

    Args:
        layers: norms of each layer, the lowest first.
        decades: exponents of ten at the ends of the axis, as of `flow_range`, which is asked where
            none are given.
        tokens: what stands at each step, for texts and sequences.
        marks: steps to point at, counted from 0, and their words.
        step_word: what one step is called.
        when: when in the training that was, as in "step 120".
        theme: "light" or "dark".
    """
    theme = checked(theme)
    if not layers or not all(layers):
        raise ValueError("expected norms of at least one layer, got none")
    count = len(next(iter(layers[0].values())))
    for layer in layers:
        for norms in layer.values():
            values = np.asarray(norms)
            if values.shape != (count,) or not np.isfinite(values).all() or (values < 0).any():
                raise ValueError(f"expected {count} norms of 0 or more, got {values.shape}")
    if tokens is not None and len(tokens) != count:
        raise ValueError(f"tokens: expected {count}, got {len(tokens)}")
    low, high = decades or flow_range(norms for layer in layers for norms in layer.values())
    if not low < high:
        raise ValueError(f"decades: expected a lower end below the upper one, got {low}, {high}")
    finding = _finding(layers[-1]["forward"], step_word)
    several, both = len(layers) > 1, any(len(layer) > 1 for layer in layers)
    traces = [
        _bars(norms, name, index, several, both, (low, high), tokens, step_word, theme)
        for index, layer in enumerate(layers)
        for name, norms in layer.items()
    ]
    room = (1 - GAP * (len(layers) - 1)) / len(layers)
    axes: dict[str, Any] = {}
    words: list[dict[str, Any]] = []
    for index in range(len(layers)):
        bottom = index * (room + GAP)
        domain = [bottom, min(1.0, bottom + room)]
        axes["yaxis" + _number(index)] = axis(
            theme, range=[low, high], domain=domain, **_ticks(low, high, len(layers))
        )
        if several:
            place = {"x": 0, "y": domain[1], "yanchor": "top", "xshift": 4}
            pale = {"size": SMALL, "color": MUTED[theme]}
            words.append(note(f"layer {index + 1}", theme, font=pale, **place))
    return figure(
        traces,
        theme,
        height=HEIGHT + MORE * (len(layers) - 1),
        alt=_alt(layers, step_word, when),
        legend=both,
        legend_y=-0.22 * HEIGHT / (HEIGHT + MORE * (len(layers) - 1)),
        legend_yanchor="top",
        title=headline(finding, theme),
        uirevision="gradient flow",
        bargap=0.15,
        barmode="group",
        shapes=[_upright(step, theme) for step in (marks or {}) if 0 <= step < count],
        annotations=words + _mark_words(marks or {}, count, theme),
        xaxis=axis(
            theme,
            range=[0.4, count + 0.6],
            title_text=f"{step_word} · |dL/dh|, log scale",
            showgrid=False,
            anchor="y",
            nticks=8,
            tickformat="d",
        ),
        margin={"l": 8, "r": 8, "t": headroom(finding) + (16 if marks else 4), "b": 44},
        **axes,
    )


def _bars(
    norms: np.ndarray,
    direction: str,
    index: int,
    several: bool,
    both: bool,
    decades: Decades,
    tokens: Sequence[str] | None,
    step_word: str,
    theme: Theme,
) -> go.Bar:
    low, high = decades
    norms = np.asarray(norms, float)
    logs = np.log10(np.maximum(norms, 10.0 ** (low - 1))).clip(low, high)
    shown = [f"{norm:.1e}" for norm in norms]
    what = [""] * len(norms) if tokens is None else [f" {plain(one)}" for one in tokens]
    where = (f"layer {index + 1}, " if several else "") + (f"{direction}, " if both else "")
    return go.Bar(
        x=np.arange(1, len(norms) + 1, dtype=np.int32),
        y=(logs - low).astype(np.float32),
        base=low,
        yaxis="y" + _number(index),
        marker={"color": (NEGATIVE if direction == "forward" else POSITIVE)[theme]},
        name=direction,
        showlegend=index == 0,
        customdata=np.stack([shown, what], axis=1),
        hovertemplate=f"{where}{step_word} %{{x}}%{{customdata[1]}}<br>"
        "gradient %{customdata[0]}<extra></extra>",
    )


def _ticks(low: int, high: int, layers: int) -> dict[str, Any]:
    """Powers of ten, few enough for the room that there is."""
    every = next(
        one for one in (1, 2, 3, 4, 6, 12, 18) if (high - low) / one <= 7 - 3 * (layers > 1)
    )
    values = list(range(high, low - 1, -every))
    return {"tickvals": values, "ticktext": [f"10<sup>{one}</sup>" for one in values]}


def _number(index: int) -> str:
    return "" if index == 0 else str(index + 1)


def _upright(step: int, theme: Theme) -> dict[str, Any]:
    line = {"color": MUTED[theme], "width": 1, "dash": "dot"}
    ends = {"x0": step + 1, "x1": step + 1, "yref": "paper", "y0": 0, "y1": 1}
    return {"type": "line", **ends, "line": line, "layer": "below"}


def _mark_words(marks: Mapping[int, str], count: int, theme: Theme) -> list[dict[str, Any]]:
    pale = {"size": SMALL, "color": INK[theme]}
    return [
        note(
            plain(words), theme, x=step + 1, xref="x", y=1, font=pale,
            xanchor="left" if step < count / 2 else "right",
        )
        for step, words in marks.items()
        if 0 <= step < count
    ]  # fmt: skip


def _finding(norms: np.ndarray, step_word: str) -> str:
    """Where most of the gradient arrives, and how much of that is left at the two ends."""
    norms = np.asarray(norms, float)
    top = int(norms.argmax())
    if not norms[top] > 0:
        return "No gradient arrives anywhere: the loss does not depend on these states."
    said = [
        f"{step_word} {place + 1} gets {_share(float(norms[place] / norms[top]))}"
        for place in dict.fromkeys((0, len(norms) - 1))
        if place != top
    ]
    rest = f" Of that, {', '.join(said)}." if said else ""
    return f"Most gradient arrives at {step_word} {top + 1}.{rest}"


def _share(share: float) -> str:
    if share == 0:
        return "nothing"
    return (
        percent(share).replace(" ", "\u00a0")
        if share >= 0.01
        else f"one part in {float(f'{1 / share:.1e}'):,.0f}"
    )


def _alt(layers: Sequence[Layer], step_word: str, when: str) -> str:
    said = []
    for index, layer in enumerate(layers):
        for direction, norms in layer.items():
            first, last, top = float(norms[0]), float(norms[-1]), int(np.argmax(norms))
            who = f"layer {index + 1}" + (f" {direction}" if len(layer) > 1 else "")
            said.append(
                f"{who}: {first:.1e} at the first {step_word}, {last:.1e} at the last, most, "
                f"{float(norms[top]):.1e}, at {step_word} {top + 1}"
            )
    when = f" {when} of the training" if when else ""
    return (
        f"Norm of the gradient of the loss with respect to the hidden state at each {step_word}"
        f"{when}, on a logarithmic axis. {'; '.join(said)}."
    )
