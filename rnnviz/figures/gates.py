"""How the values of each gate are distributed.

Shapes: `T` steps, `H` units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from rnnviz.analysis.saturation import (
    BINS,
    Scale,
    Shares,
    distribution,
    drawn,
    layer_shares,
    scale_of,
)
from rnnviz.figures.saturation import ends_of, short_ends_of
from rnnviz.figures.style import (
    INK,
    MUTED,
    axis,
    checked,
    figure,
    listed,
    note,
    percent,
    percent_ticks,
)
from rnnviz.notation.palette import Theme
from rnnviz.notation.signals import SIGNALS

TOP = {"gate": 0.35, "signed": 0.50}
"""The highest share of values in one bin that is drawn; a taller bar is cut and says its number."""

ROW, GAP, HEAD = 96, 30, 20
"""Pixels: the height of one gate's bars, the space above them, and of the legend."""


def gate_distribution(
    signals: Any,
    *,
    units: Sequence[int] = (),
    steps: Sequence[int] = (),
    reference: Mapping[str, np.ndarray] | None = None,
    reference_name: str = "many digits",
    step_word: str = "row",
    theme: Theme = "light",
) -> go.Figure:
    """Draw one distribution under the other, for every gate of one layer.

    Args:
        signals: a Step, or field name -> values `(T, H)`. An RNN's hidden state stands for a gate.
        units: pinned units, counted from 0; each adds a line of its own values under the bars.
        steps: chosen steps, counted from 0; the distribution within them is added as an outline.
        reference: signal name -> shares `(20,)` in the same bins, over many sequences.
        reference_name: what the reference is, with its n, as in "10,000 test digits".
        step_word: what one step is called.
        theme: "light" or "dark".
    """
    theme = checked(theme)
    gates = {name: _steps_by_units(values) for name, values in drawn(signals).items()}
    shares = layer_shares(gates)
    rug = 0.05 * len(units)
    height = len(gates) * (ROW + 14 * len(units) + GAP) + HEAD + 46
    traces: list[Any] = []
    parts: dict[str, Any] = {"annotations": [], "shapes": []}
    for number, (name, values) in enumerate(gates.items()):
        place, scale = _Place(number, len(gates), height, theme, rug), scale_of(name)
        spread = distribution(values, scale)
        traces.append(_bars(name, values, spread, place, step_word))
        if reference is not None and name in reference:
            traces.append(_outline(reference[name], name, reference_name, place, dash="dot"))
        if len(steps):
            chosen = distribution(values[list(steps)], scale)
            traces.append(_outline(chosen, name, _steps_name(steps, step_word), place))
        for line, unit in enumerate(units):
            traces.append(_rug(values[:, unit], name, unit, line, place, step_word))
        parts |= place.axes(name)
        parts["shapes"] += place.flat_ends(name)
        parts["annotations"].append(place.heading(name, shares[name], float(spread.max())))
    return figure(
        traces,
        theme,
        height=height,
        alt=_distribution_alt(shares, next(iter(gates.values())).shape, step_word),
        legend=True,
        barmode="overlay",
        bargap=0.06,
        margin={"l": 8, "r": 8, "t": HEAD + 14, "b": 34},
        **parts,
    )


class _Place:
    """Where one gate is drawn: its axes, and the pixels of a figure that stacks several."""

    def __init__(self, number: int, count: int, height: int, theme: Theme, rug: float) -> None:
        self.theme, self.rug, self.first, self.last = theme, rug, number == 0, number == count - 1
        share = 1 / count
        inner = height - HEAD - 48
        self.top = 1 - number * share - GAP / inner * 0.9
        self.domain = [1 - (number + 1) * share, self.top]
        self.y = "y" if number == 0 else f"y{number + 1}"
        self.x = "x" if number == 0 else f"x{number + 1}"

    def axes(self, name: str) -> dict[str, Any]:
        """Both axes, by their names in a layout."""
        scale, top = scale_of(name), TOP[SIGNALS[name].kind]
        low, high = ends_of(name)
        across = axis(
            self.theme,
            range=[scale.first, scale.last],
            anchor=self.y,
            tickvals=np.linspace(scale.first, scale.last, 5).tolist(),
            showticklabels=self.last,
            showgrid=False,
            title_text=f"value; shaded: {low}, {high}" if self.last else "",
        )
        upright = axis(
            self.theme,
            range=[-self.rug * top / 0.35, top],
            domain=self.domain,
            anchor=self.x,
            **percent_ticks(*((0, 0.1, 0.2, 0.3) if top < 0.5 else (0, 0.25, 0.5))),
        )
        return {self.x.replace("x", "xaxis"): across, self.y.replace("y", "yaxis"): upright}

    def flat_ends(self, name: str) -> list[dict[str, Any]]:
        """The two ends of the range at which a signal counts as saturated, shaded."""
        scale = scale_of(name)
        shade = {
            "type": "rect",
            "xref": self.x,
            "yref": f"{self.y} domain",
            "y0": 0,
            "y1": 1,
            "fillcolor": MUTED[self.theme],
            "opacity": 0.1,
            "line_width": 0,
            "layer": "below",
        }
        ends = ((scale.first, scale.low), (scale.high, scale.last))
        return [shade | {"x0": first, "x1": last} for first, last in ends]

    def heading(self, name: str, found: Shares, tallest: float) -> dict[str, Any]:
        """The name of the gate and its two numbers, above the bars."""
        low, high = short_ends_of(name)
        text = (
            f"<b>{SIGNALS[name].label}</b>  {percent(found.low)} {low} · "
            f"{percent(found.high)} {high}"
        )
        if tallest > TOP[SIGNALS[name].kind]:
            text += f" · top {percent(tallest)}"
        return note(text, self.theme, x=0, y=self.top)


def _bars(
    name: str, values: np.ndarray, shares: np.ndarray, place: _Place, step_word: str
) -> go.Bar:
    edges = _edges(scale_of(name))
    words = [
        f"{100 * share:.1f} % of its values lie between {first:.2f} and {last:.2f}"
        for share, first, last in zip(shares, edges, edges[1:], strict=False)
    ]
    steps, units = values.shape
    return go.Bar(
        x=((edges[:-1] + edges[1:]) / 2).astype(np.float32),
        y=shares.astype(np.float32),
        width=float(edges[1] - edges[0]) * 0.92,
        xaxis=place.x,
        yaxis=place.y,
        marker={"color": _fill(name, place.theme), "line_width": 0},
        customdata=words,
        hovertemplate=(
            f"<b>{SIGNALS[name].label}</b><br>%{{customdata}}"
            f"<br>of {values.size:,}: {units} units, {steps} {step_word}s<extra></extra>"
        ),
        name=f"this reading, all {steps} {step_word}s",
        legendgroup="this",
        showlegend=place.first,
    )


def _outline(
    shares: np.ndarray, name: str, label: str, place: _Place, dash: str = "solid"
) -> go.Scatter:
    """A distribution as a line of steps over the bars."""
    edges = _edges(scale_of(name))
    return go.Scatter(
        x=np.repeat(edges, 2)[1:-1].astype(np.float32),
        y=np.repeat(shares, 2).astype(np.float32),
        mode="lines",
        line={"color": INK[place.theme], "width": 1.6, "dash": dash},
        xaxis=place.x,
        yaxis=place.y,
        hoverinfo="skip",
        name=label,
        legendgroup=label,
        showlegend=place.first,
    )


def _rug(
    values: np.ndarray, name: str, unit: int, line: int, place: _Place, step_word: str
) -> go.Scatter:
    """The values of one unit at all steps, as ticks on a line of its own under the bars."""
    top = TOP[SIGNALS[name].kind]
    words = [
        f"{step_word} {step}: {value:.2f}, {SIGNALS[name].words(float(value))}"
        for step, value in enumerate(values, start=1)
    ]
    return go.Scatter(
        x=values.astype(np.float32),
        y=np.full(len(values), -(line + 0.5) * 0.05 * top / 0.35, np.float32),
        mode="markers",
        marker={
            "symbol": "line-ns",
            "size": 9,
            "line": {"width": 1.6, "color": SIGNALS[name].hue[place.theme]},
        },
        xaxis=place.x,
        yaxis=place.y,
        customdata=words,
        hovertemplate=(
            f"<b>{SIGNALS[name].label}</b> of unit {unit}, %{{customdata}}<extra></extra>"
        ),
        name=f"unit {unit}",
        legendgroup=f"unit {unit}",
        showlegend=place.first,
    )


def _fill(name: str, theme: Theme) -> str:
    """A gate's own hue; a signed signal's is ink, which would hide the outlines drawn over it."""
    signal = SIGNALS[name]
    return signal.hue[theme] if signal.kind == "gate" else MUTED[theme]


def _edges(scale: Scale) -> np.ndarray:
    return np.linspace(scale.first, scale.last, BINS + 1)


def _steps_by_units(values: np.ndarray) -> np.ndarray:
    if values.ndim == 3 and len(values) == 1:  # a Step of one sequence
        values = values[0]
    if values.ndim != 2:
        raise ValueError(f"expected values (T, H) of one sequence, got shape {values.shape}")
    return values


def _steps_name(steps: Sequence[int], step_word: str) -> str:
    first, last = min(steps) + 1, max(steps) + 1
    if len(set(steps)) == 1:
        return f"{step_word} {first} only"
    if len(set(steps)) == last - first + 1:
        return f"{step_word}s {first} to {last} only"
    return f"{step_word}s {listed([str(step + 1) for step in sorted(set(steps))])} only"


def _distribution_alt(shares: Mapping[str, Shares], shape: tuple[int, ...], word: str) -> str:
    parts = [
        f"{SIGNALS[name].label.lower()} {percent(found.low)} {ends_of(name)[0]} and "
        f"{percent(found.high)} {ends_of(name)[1]}"
        for name, found in shares.items()
    ]
    return (
        f"Distribution of the values of {shape[1]} units at {shape[0]} {word}s: {'; '.join(parts)}."
    )
