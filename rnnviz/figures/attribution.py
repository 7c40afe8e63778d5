"""What explanations of a text say of each other, and what shuffled attention does to its answer.

Shapes: `T` tokens, `N` shuffles.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Protocol

import numpy as np
import plotly.graph_objects as go

from rnnviz.figures.style import (
    INK,
    MUTED,
    axis,
    checked,
    figure,
    headline,
    headroom,
    percent_ticks,
    rung,
)
from rnnviz.notation.palette import NEGATIVE, POSITIVE, Theme, diverging
from rnnviz.notation.phrases import plain, signed

LABELS = {
    "attention": "Attention",
    "gradient_input": "Gradient × input",
    "integrated_gradients": "Integrated gradients",
    "occlusion": "Occlusion",
}
BINS = 40
"""Of the histogram, on 0..1."""

SHARES = (0.25, 0.5, 1.0)
"""Where its axis may end."""


class Explained(Protocol):
    """What is drawn of a `rnnviz.analysis.attribution.TextExplanation`."""

    @property
    def label(self) -> str: ...
    @property
    def against(self) -> str: ...
    @property
    def probability(self) -> float: ...
    @property
    def tokens(self) -> tuple[str, ...]: ...
    @property
    def occlusion(self) -> np.ndarray | None: ...
    @property
    def probability_without(self) -> np.ndarray | None: ...
    @property
    def group(self) -> int: ...
    @property
    def rank_correlations(self) -> Mapping[tuple[str, str], float | None]: ...


class Shuffled(Protocol):
    """What is drawn of a `rnnviz.analysis.shuffling.ShuffledAttention`."""

    @property
    def label(self) -> str: ...
    @property
    def probability(self) -> float: ...
    @property
    def shuffled(self) -> np.ndarray: ...
    @property
    def uniform(self) -> float: ...
    @property
    def lowest(self) -> float: ...
    @property
    def highest(self) -> float: ...
    @property
    def median_change(self) -> float: ...
    @property
    def flips(self) -> float: ...
    @property
    def half(self) -> bool: ...


def rank_agreement(found: Explained, *, theme: Theme = "light") -> go.Figure:
    """Draw Spearman's rank correlation of every pair of measures, -1..1.

    `found` needs two measures or more; a pair whose correlation is not defined says so.
    """
    theme = checked(theme)
    names = [name for name in LABELS if any(name in pair for pair in found.rank_correlations)]
    if len(names) < 2:
        raise ValueError(f"expected two measures or more to compare, got {len(names)}")
    pairs = {pair: found.rank_correlations.get(pair) for pair in combinations(names, 2)}
    across, down = names[:-1], names[1:]
    cells = np.full((len(down), len(across)), np.nan)
    words = [["" for _ in across] for _ in down]
    for (first, second), value in pairs.items():
        row, column = down.index(second), across.index(first)
        cells[row, column] = 0 if value is None else value
        words[row][column] = "not defined" if value is None else signed(value)
    ramp = diverging(theme)
    grid = go.Heatmap(
        z=cells,
        x=[_broken(name) for name in across],
        y=[_broken(name) for name in down],
        zmin=-1,
        zmax=1,
        colorscale=[[k / (len(ramp) - 1), colour] for k, colour in enumerate(ramp)],
        text=words,
        texttemplate="%{text}",
        hovertemplate="%{y} and %{x}<br>rank correlation %{text}<extra></extra>",
        hoverongaps=False,
        xgap=2,
        ygap=2,
        showscale=False,
    )
    title = agreement(pairs, len(found.tokens))
    return figure(
        [grid],
        theme,
        height=58 * len(down) + 84 + headroom(title),
        alt=f"Rank correlations of {len(names)} explanations of a text. {title}",
        title=headline(title, theme),
        xaxis=axis(
            theme,
            showgrid=False,
            tickangle=0,
            title_text="rank correlation: +1 the same order,<br>0 none, −1 the opposite one",
        ),
        yaxis=axis(theme, showgrid=False, autorange="reversed"),
        margin={"l": 8, "r": 8, "t": headroom(title), "b": 70},
    )


def agreement(pairs: dict[tuple[str, str], float | None], tokens: int) -> str:
    """In a sentence: which two measures order the tokens most alike, and which least."""
    known = {pair: value for pair, value in pairs.items() if value is not None}
    if not known:
        return f"With {tokens} token{'s' * (tokens != 1)} there is no order to compare."
    most, least = max(known, key=known.__getitem__), min(known, key=known.__getitem__)
    said = f"{_both(most)} order the {tokens} tokens most alike ({signed(known[most])})"
    if most == least:
        return f"{_both(most)} agree by {signed(known[most])} in how they order {tokens} tokens."
    return f"{said}; {_both(least, first=False)} least ({signed(known[least])})."


def _broken(name: str) -> str:
    return "<br>".join(LABELS[name].split(" ", 1))


def _both(pair: tuple[str, str], *, first: bool = True) -> str:
    one, other = (LABELS[name].lower() for name in pair)
    return f"{one[0].upper() + one[1:] if first else one} and {other}"


def attention_shuffles(found: Shuffled, *, theme: Theme = "light") -> go.Figure:
    """Draw what becomes of the answer when its attention is given to other tokens.

    Bars: the share of all shuffles that end in each of 40 bins of the probability. Lines: with the
    network's own attention, and with the same for every token. The band is where all attentions on
    one token lie; of two classes no attention whatever leaves it.
    """
    theme = checked(theme)
    counts, edges = np.histogram(found.shuffled, BINS, (0, 1))
    shares = counts / len(found.shuffled)
    top = rung(float(shares.max()), SHARES)
    middles = (edges[1:] + edges[:-1]) / 2
    bars = go.Bar(
        x=middles.astype(np.float32),
        y=shares.astype(np.float32),
        width=1 / BINS,
        marker={"color": MUTED[theme], "line_width": 0},
        customdata=np.stack([100 * edges[:-1], 100 * edges[1:], counts], axis=1),
        hovertemplate="%{customdata[2]} of "
        f"{len(found.shuffled)} shuffles give {plain(found.label)}"
        " %{customdata[0]:.1f} to %{customdata[1]:.1f} %<extra></extra>",
        name=f"{len(found.shuffled)} shuffles",
    )
    label = plain(found.label)
    own = _upright(found.probability, top, "its own attention", label, INK[theme], "solid")
    even = _upright(found.uniform, top, "the same for every token", label, NEGATIVE[theme], "dot")
    band = {
        "type": "rect",
        "yref": "paper",
        "x0": found.lowest,
        "x1": found.highest,
        "y0": 0,
        "y1": 1,
        "fillcolor": POSITIVE[theme],
        "opacity": 0.12,
        "line": {"width": 0},
        "layer": "below",
    }
    title = shuffle_finding(found)
    reach = (
        f"shaded: all attention on one token, {100 * found.lowest:.0f} to "
        f"{100 * found.highest:.0f} %"
    )
    return figure(
        [bars, own, even],
        theme,
        height=380 + headroom(title),
        alt=f"{title} All attention on one token would give {100 * found.lowest:.0f} to "
        f"{100 * found.highest:.0f} %.",
        legend=True,
        legend_y=-0.36,
        legend_yanchor="top",
        title=headline(title, theme),
        bargap=0,
        shapes=[band],
        xaxis=axis(
            theme,
            range=[0, 1],
            **percent_ticks(0, 0.25, 0.5, 0.75, 1),
            title_text=f"probability of {label}<br>{reach}",
            showgrid=False,
        ),
        yaxis=axis(
            theme,
            range=[0, 1.02 * top],
            **percent_ticks(0, top / 2, top),
            title_text="share of shuffles",
        ),
        margin={"l": 8, "r": 14, "t": headroom(title), "b": 130},
    )


def shuffle_finding(found: Shuffled) -> str:
    """In a sentence: how far shuffles move the probability, and how often the answer."""
    moved, times = 100 * found.median_change, len(found.shuffled)
    turned = round(found.flips * times)
    often = "never changes" if turned == 0 else f"changes in {turned} of {times}"
    half = " The maximum, the other half of the readout, stays." if found.half else ""
    return (
        f"With its attention shuffled {times} times, {plain(found.label)} moves by {moved:.1f} "
        f"points in the median and the answer {often}.{half}"
    )


def _upright(place: float, top: float, name: str, label: str, colour: str, dash: str) -> go.Scatter:
    return go.Scatter(
        x=[place, place],
        y=[0, top],
        mode="lines",
        line={"color": colour, "width": 2.4, "dash": dash},
        name=f"{name}: {100 * place:.1f} %",
        hovertemplate=f"{label} at {100 * place:.1f} % with {name}<extra></extra>",
    )
