"""Padding that is read as text: what is left of a text behind it, and what a network makes of it.

Shapes: `P` numbers of pads, `C` classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import plotly.graph_objects as go

from rnnviz.figures.style import (
    GRID,
    INK,
    MUTED,
    SMALL,
    axis,
    checked,
    figure,
    headline,
    headroom,
    listed,
    note,
    percent_ticks,
)
from rnnviz.notation.cells import CELL_NAMES
from rnnviz.notation.palette import CLASSES, POSITIVE, THEMES, Theme
from rnnviz.notation.phrases import plain

FLOOR = 1e-8
"""Where an exact zero is drawn on a log axis, and labelled as such."""

HIGHEST = 10.0

HUES = {theme: (CLASSES[theme][2], CLASSES[theme][8]) for theme in THEMES}
"""Of two directions or two cells, none of which is a class: green and violet."""

ON_HUES: dict[Theme, tuple[str, str]] = {
    "light": ("#111418", "#ffffff"),
    "dark": ("#111418", "#111418"),
}
"""Of words on them."""


class Fading(Protocol):
    """What is drawn of a `rnnviz.analysis.padding.Fading`."""

    @property
    def pads(self) -> tuple[int, ...]: ...
    @property
    def forward(self) -> np.ndarray: ...
    @property
    def backward(self) -> np.ndarray: ...
    @property
    def empty(self) -> np.ndarray: ...
    @property
    def at_start(self) -> np.ndarray: ...
    def pads_until(self, share: float = ...) -> int | None: ...


class ReadoutAnswer(Protocol):
    """What is drawn of a `rnnviz.analysis.padding.ReadoutAnswer`."""

    @property
    def words(self) -> str: ...
    @property
    def trained(self) -> bool: ...
    @property
    def masked(self) -> np.ndarray: ...
    @property
    def padded(self) -> np.ndarray: ...


class Small(Protocol):
    """What is drawn of a `rnnviz.analysis.padding.Small`."""

    @property
    def cell(self) -> str: ...
    @property
    def way(self) -> str: ...
    @property
    def words(self) -> str: ...
    @property
    def accuracy(self) -> float: ...
    @property
    def n(self) -> int: ...
    @property
    def groups(self) -> Mapping[str, Mapping[str, Any]]: ...


def fading_states(
    found: Fading, *, other: str = "the other text", theme: Theme = "light"
) -> go.Figure:
    """Draw how far the states at the last step are from those of another text, against pads.

    Both axes are logarithmic, of the number of pads plus one; exact zeros lie on the floor. The
    rising curve is what padding does to the state that the backward direction has at the first
    step, which is its true final one.
    """
    theme = checked(theme)
    fore, back = HUES[theme]
    curves = [
        _curve(found, found.forward, f"forward, from {other}", fore, "solid"),
        _curve(found, found.empty, "forward, from no text at all", fore, "dot"),
        _curve(found, found.backward, f"backward, from {other}", back, "solid"),
        _curve(found, found.at_start, "backward, first step, from unpadded", back, "dash"),
    ]
    title = fading_finding(found)
    shown = [pads for pads in found.pads if pads in (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)]
    return figure(
        curves,
        theme,
        height=380 + headroom(title),
        alt=f"{title} Distances of states of the last step against the number of pads.",
        legend=True,
        title=headline(title, theme),
        legend_y=-0.24,
        legend_yanchor="top",
        xaxis=axis(
            theme,
            range=[-0.05, np.log10(1 + found.pads[-1]) + 0.05],
            tickvals=[float(np.log10(1 + pads)) for pads in shown],
            ticktext=[f"{pads:,}" for pads in shown],
            title_text="pads after the text, read as if they were text",
            showgrid=False,
        ),
        yaxis=axis(
            theme,
            type="log",
            range=[np.log10(FLOOR) - 0.3, np.log10(HIGHEST)],
            tickvals=[FLOOR, 1e-6, 1e-4, 1e-2, 1, HIGHEST],
            ticktext=["exactly 0", "0.000001", "0.0001", "0.01", "1", "10"],
            title_text="distance of two states",
        ),
        margin={"l": 8, "r": 14, "t": headroom(title), "b": 130},
    )


def fading_finding(found: Fading) -> str:
    """In a sentence: how much of the difference of two texts is left behind the padding."""
    most = found.pads[-1]
    left = found.forward[-1] / found.forward[0] if found.forward[0] else 0.0
    gone = found.pads_until()
    same = "Backward, the last step is the same for both texts from one pad on"
    if found.backward[1:].any():
        same = "Backward, the last step has seen padding only"
    if gone is None:
        return f"{same}; forward, {100 * left:.0f} % of their difference is left after {most} pads."
    return f"{same}; forward, under 1 % of their difference is left after {gone} pads."


def _curve(found: Fading, values: np.ndarray, name: str, colour: str, dash: str) -> go.Scatter:
    drawn = np.clip(values, FLOOR, HIGHEST)
    words = ["exactly 0" if value == 0 else f"{value:.3g}" for value in values]
    return go.Scatter(
        x=np.log10(1 + np.array(found.pads)).astype(np.float32),
        y=drawn,
        mode="lines+markers",
        line={"color": colour, "width": 2.4, "dash": dash},
        marker={
            "size": 7,
            "color": colour,
            "symbol": ["circle-open" if value == 0 else "circle" for value in values],
        },
        customdata=list(zip(found.pads, words, strict=True)),
        hovertemplate=f"{name}<br>%{{customdata[0]}} pads: %{{customdata[1]}}<extra></extra>",
        name=name,
    )


def readout_answers(
    found: Sequence[ReadoutAnswer],
    labels: Sequence[str],
    *,
    pads: int,
    target: int = 1,
    theme: Theme = "light",
) -> go.Figure:
    """Draw what one network answers under each readout, without padding and reading it."""
    theme = checked(theme)
    label = plain(labels[target])
    rows = list(range(len(found)))
    kinds = (
        ("masked", "padding masked", "circle-open", INK[theme]),
        ("padded", f"{pads:,} pads read as text", "diamond", POSITIVE[theme]),
    )
    marks = [
        go.Scatter(
            x=[float(getattr(one, kind)[target]) for one in found],
            y=rows,
            mode="markers",
            marker={"size": 11, "symbol": symbol, "color": colour, "line": {"width": 2}},
            name=name,
            customdata=[one.words for one in found],
            hovertemplate=f"%{{customdata}}, {name}<br>{label} at %{{x:.1%}}<extra></extra>",
        )
        for kind, name, symbol, colour in kinds
    ]
    ways = go.Scatter(
        x=[x for one in found for x in (one.masked[target], one.padded[target], None)],
        y=[y for row in rows for y in (row, row, None)],
        mode="lines",
        line={"color": GRID[theme], "width": 4},
        hoverinfo="skip",
        showlegend=False,
    )
    names = [
        note(
            f"<b>{one.words}</b>" if one.trained else f"{one.words}, not trained for it",
            theme,
            x=0,
            y=row - 0.3,
            yref="y",
            font_size=SMALL,
        )
        for row, one in zip(rows, found, strict=True)
    ]
    title = answer_finding(found, labels, pads=pads, target=target)
    return figure(
        [ways, *marks],
        theme,
        height=58 * len(found) + 90 + headroom(title),
        alt=title,
        legend=True,
        title=headline(title, theme),
        annotations=names,
        shapes=[_middle(0.5, theme)],
        xaxis=axis(
            theme,
            range=[-0.02, 1.02],
            **percent_ticks(0, 0.25, 0.5, 0.75, 1),
            title_text=f"probability of {label}",
        ),
        yaxis=axis(theme, range=[len(found) - 0.4, -0.8], visible=False),
        margin={"l": 8, "r": 14, "t": headroom(title) + 24, "b": 44},
    )


def answer_finding(
    found: Sequence[ReadoutAnswer], labels: Sequence[str], *, pads: int, target: int = 1
) -> str:
    """In a sentence: what reading the padding does to the answer of the trained readout."""
    own = next(one for one in found if one.trained)
    before, after = (100 * float(values[target]) for values in (own.masked, own.padded))
    turned = own.masked.argmax() != own.padded.argmax()
    return (
        f"Reading {pads:,} pads moves {plain(labels[target])} from {before:.1f} to {after:.1f} % "
        f"({after - before:+.1f} points)".replace("-", "−")
        + (
            f" and turns the answer into {plain(labels[int(own.padded.argmax())])}."
            if turned
            else "."
        )
    )


def small_accuracies(found: Sequence[Small], *, theme: Theme = "light") -> go.Figure:
    """Draw how often the small networks are right, by how they deal with padding."""
    theme = checked(theme)
    if not found:
        raise ValueError("expected the small networks of pretrained/padding, got none")
    cells = list(dict.fromkeys(one.cell for one in found))
    words = {one.way: one.words for one in found}
    ways = list(words)
    hues = dict(zip(cells, (*HUES[theme], MUTED[theme]), strict=False))
    bars = []
    for cell in cells:
        own = [one for one in found if one.cell == cell]
        bars.append(
            go.Bar(
                x=np.array([one.accuracy for one in own], np.float32),
                y=[ways.index(one.way) for one in own],
                orientation="h",
                marker={"color": hues[cell], "line_width": 0},
                name=CELL_NAMES[cell],
                text=[f"{100 * one.accuracy:.1f} %" for one in own],
                textposition="inside",
                insidetextanchor="end",
                textfont={"color": ON_HUES[theme][cells.index(cell) % 2]},
                customdata=[_small_words(one) for one in own],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
    title = small_finding(found)
    counts = listed(sorted({f"{one.n:,}" for one in found}))
    return figure(
        bars,
        theme,
        height=52 * len(ways) + 100 + headroom(title),
        alt=title,
        legend=True,
        legend_y=-0.17,
        legend_yanchor="top",
        title=headline(title, theme),
        bargap=0.28,
        barmode="group",
        shapes=[_middle(0.5, theme)],
        xaxis=axis(
            theme,
            range=[0, 1],
            **percent_ticks(0, 0.25, 0.5, 0.75, 1),
            title_text=f"right answers of {counts} test sentences<br>dotted: chance",
        ),
        yaxis=axis(
            theme,
            range=[len(ways) - 0.4, -0.6],
            tickvals=list(range(len(ways))),
            ticktext=[words[way].replace(", ", ",<br>") for way in ways],
            showgrid=False,
        ),
        margin={"l": 8, "r": 14, "t": headroom(title), "b": 90},
    )


def small_finding(found: Sequence[Small]) -> str:
    """In a sentence: what the mistake costs, for each cell."""
    parts = []
    for cell in dict.fromkeys(one.cell for one in found):
        own = {one.way: one.accuracy for one in found if one.cell == cell}
        if {"last-step", "last"} <= set(own):
            parts.append(
                f"{CELL_NAMES[cell]} {100 * own['last-step']:.1f} % at the last step after "
                f"padding, {100 * own['last']:.1f} % at its true final states"
            )
    if not parts:
        return "Right answers of the small networks, by how they deal with padding."
    return f"Same sentences, sizes and recipe: {'; '.join(parts)}."


def _small_words(one: Small) -> str:
    worst = min(one.groups, key=lambda name: one.groups[name]["accuracy"], default=None)
    said = f"{CELL_NAMES[one.cell]}, {one.words}<br>{100 * one.accuracy:.2f} % of {one.n:,}"
    if worst is None:
        return said
    group = one.groups[worst]
    return f"{said}<br>least on {worst}: {100 * group['accuracy']:.1f} % of {group['n']:,}"


def _middle(place: float, theme: Theme) -> dict[str, Any]:
    return {
        "type": "line",
        "yref": "paper",
        "x0": place,
        "x1": place,
        "y0": 0,
        "y1": 1,
        "line": {"color": MUTED[theme], "width": 1, "dash": "dot"},
        "layer": "below",
    }
