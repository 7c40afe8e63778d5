"""How many values of each gate lie at its flat ends, layer by layer.

Shapes: `T` steps, `H` units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from rnnviz.analysis.saturation import Shares, layer_shares, scale_of
from rnnviz.figures.style import (
    INK,
    MUTED,
    SMALL,
    axis,
    checked,
    figure,
    note,
    percent,
    percent_ticks,
)
from rnnviz.notation.palette import Theme
from rnnviz.notation.signals import SIGNALS


def gate_saturation(
    layers: Sequence[Any],
    *,
    reference: Sequence[Mapping[str, Shares] | None] = (),
    reference_name: str = "many digits",
    selected: int | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """Draw, per layer and gate, the share of values below 0.1, between, and above 0.9.

    Args:
        layers: for each layer a Step, or field name -> values `(T, H)`.
        reference: for each layer the shares of every gate over many sequences, or None.
        reference_name: what the reference is, with its n.
        selected: the layer that is looked at, counted from 0; its name is set in bold.
        theme: "light" or "dark".
    """
    theme = checked(theme)
    rows = [
        (index, name, found)
        for index, signals in enumerate(layers)
        for name, found in layer_shares(signals).items()
    ]
    known = [*reference, *([None] * (len(layers) - len(reference)))]
    ticks = [(row, (known[index] or {}).get(name)) for row, (index, name, _) in enumerate(rows)]
    names = []
    for row, (index, name, found) in enumerate(rows):
        title = f"Layer {index + 1}, {SIGNALS[name].label.lower()}"
        place = {"y": row - 0.26, "yref": "y", "font_size": SMALL}
        ends = f"{percent(found.low)} · {percent(found.high)}"
        names.append(note(f"<b>{title}</b>" if index == selected else title, theme, x=0, **place))
        names.append(note(ends, theme, x=1, xanchor="right", **place))
    return figure(
        [*_stacks(rows, theme), _ticks(ticks, reference_name, theme)],
        theme,
        height=46 * len(rows) + 130,
        alt=_saturation_alt(rows),
        legend=True,
        barmode="stack",
        annotations=names,
        xaxis=axis(
            theme,
            range=[0, 1],
            **percent_ticks(0, 0.25, 0.5, 0.75, 1),
            title_text="share of all values",
            showgrid=False,
        ),
        yaxis=axis(theme, range=[len(rows) - 0.4, -0.85], visible=False),
        margin={"l": 16, "r": 28, "t": 26, "b": 34},
    )


def _stacks(rows: Sequence[tuple[int, str, Shares]], theme: Theme) -> list[go.Bar]:
    """Three bars end to end: shut, between, open, in the colours of a shut and an open gate."""
    low, high = ends_of(rows[0][1])
    parts = {"low": (1, low), "between": (3, "between"), "high": (7, high)}
    return [
        go.Bar(
            y=list(range(len(rows))),
            x=np.array([getattr(found, part) for _, _, found in rows], np.float32),
            orientation="h",
            width=0.42,
            marker={
                "color": [SIGNALS[name].ramp(theme)[colour] for _, name, _ in rows],
                "line": {"color": MUTED[theme], "width": 0.6},
            },
            customdata=[_part_words(name, part, found) for _, name, found in rows],
            hovertemplate="%{customdata}<extra></extra>",
            name=label,
            legendrank=rank,
        )
        for rank, (part, (colour, label)) in enumerate(parts.items(), start=1)
    ]


def _ticks(found: Sequence[tuple[int, Shares | None]], name: str, theme: Theme) -> go.Scatter:
    """Where the two bounds lie over many sequences, as marks that point at the bars from below."""
    known = [(row, shares) for row, shares in found if shares is not None]
    ends = [(row, shares.low, f"{percent(shares.low)} at the lower end") for row, shares in known]
    ends += [
        (row, 1 - shares.high, f"{percent(shares.high)} at the upper end") for row, shares in known
    ]
    return go.Scatter(
        x=np.array([x for _, x, _ in ends], np.float32),
        y=[row + 0.32 for row, _, _ in ends],
        mode="markers",
        marker={"symbol": "triangle-up", "size": 9, "color": INK[theme]},
        customdata=[words for _, _, words in ends],
        hovertemplate=f"{name}: %{{customdata}}<extra></extra>",
        name=name,
        legendrank=4,
        showlegend=bool(ends),
    )


def _part_words(name: str, part: str, found: Shares) -> str:
    low, high = ends_of(name)
    where = {"low": low, "high": high, "between": "at neither end"}[part]
    share = float(getattr(found, part))
    return (
        f"<b>{SIGNALS[name].label}</b>: {100 * share:.1f} % {where}"
        f"<br>{round(share * found.n):,} of {found.n:,} values"
    )


def short_ends_of(name: str) -> tuple[str, str]:
    """Saturation in a word: a gate is shut or open, a state near -1 or near 1."""
    return ("shut", "open") if SIGNALS[name].kind == "gate" else ("near −1", "near 1")


def ends_of(name: str) -> tuple[str, str]:
    """The two bounds of saturation in words: `below 0.1` and `above 0.9` for a gate."""
    scale = scale_of(name)
    return f"below {scale.low:g}".replace("-", "−"), f"above {scale.high:g}"


def _saturation_alt(rows: Sequence[tuple[int, str, Shares]]) -> str:
    parts = [
        f"layer {index + 1} {SIGNALS[name].label.lower()} {percent(found.low)} {ends_of(name)[0]}, "
        f"{percent(found.high)} {ends_of(name)[1]}"
        for index, name, found in rows
    ]
    return f"Share of values at the two flat ends: {'; '.join(parts)}."
