"""The units that react most to a kind of word or to the place, as bars with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import plotly.graph_objects as go

from rnnviz.figures.style import INK, MUTED, axis, checked, figure, note, rung
from rnnviz.notation.palette import NEGATIVE, POSITIVE, Theme
from rnnviz.notation.phrases import plain, signed

LADDER = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 20.0)
"""Where the axis of Cohen's d may end; that of a correlation ends at 1."""

WORDS = 4


class Reaction(Protocol):
    """What is drawn of a `rnnviz.analysis.reactions.Reaction`."""

    @property
    def kind(self) -> str: ...
    @property
    def direction(self) -> str: ...
    @property
    def unit(self) -> int: ...
    @property
    def score(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def words(self) -> tuple[tuple[str, float, int], ...]: ...


def unit_reactions(
    found: Sequence[Reaction],
    *,
    threshold: float,
    selected: tuple[str, int] | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """Draw how the units of one kind of reaction react, the strongest at the top.

    Args:
        found: what `Reactions.top(kind)` returns.
        threshold: what the largest of all units reaches by chance; shaded.
        selected: direction and unit that are looked at; set in bold.
        theme: "light" or "dark".

    The custom data of every bar begin with its direction and its unit, for whoever handles clicks.
    """
    theme = checked(theme)
    is_place = bool(found) and found[0].kind == "position"
    ends = [max(abs(one.low), abs(one.high), abs(one.score)) for one in found]
    largest = max(ends, default=0.0)
    limit = 1.0 if is_place else rung(largest, LADDER)
    letter = "rho" if is_place else "Cohen's d"
    names = [
        note(
            _name(one, selected),
            theme,
            x=0.0,
            xref="x",
            y=row,
            yref="y",
            yanchor="middle",
            xanchor="right" if one.score > 0 else "left",
            xshift=-5 if one.score > 0 else 5,
        )
        for row, one in enumerate(found)
    ]
    chance = {"type": "rect", "yref": "paper", "y0": 0, "y1": 1, "x0": -threshold, "x1": threshold}
    return figure(
        [_bars(found, theme)],
        theme,
        height=28 * max(len(found), 1) + 62,
        alt=_alt(found, letter),
        annotations=names,
        shapes=[
            {
                **chance,
                "fillcolor": MUTED[theme],
                "opacity": 0.16,
                "line_width": 0,
                "layer": "below",
            }
        ],
        xaxis=axis(
            theme,
            range=[-1.05 * limit, 1.05 * limit],
            title_text=f"← falls · {letter} · rises →",
            nticks=7,
            zeroline=True,
            zerolinecolor=MUTED[theme],
        ),
        yaxis=axis(theme, range=[max(len(found), 1) - 0.4, -0.6], visible=False),
        margin={"l": 8, "r": 8, "t": 6, "b": 40},
    )


def _bars(found: Sequence[Reaction], theme: Theme) -> go.Bar:
    return go.Bar(
        x=[one.score for one in found],
        y=list(range(len(found))),
        orientation="h",
        width=0.6,
        marker={
            "color": [POSITIVE[theme] if one.score > 0 else NEGATIVE[theme] for one in found],
        },
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [max(one.high - one.score, 0.0) for one in found],
            "arrayminus": [max(one.score - one.low, 0.0) for one in found],
            "color": INK[theme],
            "thickness": 1.4,
            "width": 4,
        },
        customdata=[[one.direction, one.unit, _hover(one)] for one in found],
        hovertemplate="%{customdata[2]}<extra></extra>",
        name="reaction",
    )


def _name(one: Reaction, selected: tuple[str, int] | None) -> str:
    name = f"{one.direction} unit {one.unit}"
    return f"<b>{name}</b>" if selected == (one.direction, one.unit) else name


def _hover(one: Reaction) -> str:
    score = (
        f"<b>{one.direction} unit {one.unit}</b>: {signed(one.score)} "
        f"({signed(one.low)} to {signed(one.high)})"
    )
    if not one.words:
        return f"{score}<br>with the place in the text"
    words = [
        f"{plain(word)} {signed(mean)} ({count:,} times)" for word, mean, count in one.words[:WORDS]
    ]
    return f"{score}<br>mean change at " + "<br>".join(words)


def _alt(found: Sequence[Reaction], letter: str) -> str:
    if not found:
        return "No unit reacts more than chance allows."
    every: list[Any] = [f"{one.direction} unit {one.unit} {signed(one.score)}" for one in found]
    return f"Units that react most, with {letter}: {', '.join(every)}."
