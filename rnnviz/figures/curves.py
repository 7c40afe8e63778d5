"""Curves of a training: what was measured at which step, of one network or of several that race.

Nothing here jumps while a training goes on: the axis of steps is as long as the training will be,
and the other axis holds all that it ever held (`reach`). A raw curve is pale behind its smoothing.
Shapes: `N` measurements of one line.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from rnnviz.figures.style import (
    INK,
    axis,
    checked,
    figure,
    headline,
    percent_ticks,
)
from rnnviz.notation.cells import CELL_NAMES, HUES, symbol_of
from rnnviz.notation.palette import NEGATIVE, Theme
from rnnviz.notation.phrases import plain

HEIGHT, LOW_HEIGHT = 340, 260
LADDER = (0.1, 0.2, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.5, 10.0, 20.0, 50.0, 100.0, 1e3, 1e4)
"""Where an axis of losses may end, so that it grows seldom, and to a number people know."""

RATES = tuple(base * 10.0**power for power in range(-7, 2) for base in (1.0, 1.5, 2.0, 3.0, 5.0))
FLOOR, CEILING = 1e-6, 1e6
"""No logarithmic axis goes further."""

TITLE = 42
"""Pixels that the title takes above a figure."""

Range = tuple[float, float]


@dataclass(frozen=True)
class Measure:
    """What a figure shows: its title, how to write a value, whether it is a low figure."""

    title: str
    format: str
    low: bool = False


MEASURES = {
    "loss": Measure("Loss", ".4f"),
    "accuracy": Measure("Right answers", ".1%"),
    "gradient": Measure("Gradient norm before clipping, log scale", ".3g", low=True),
    "rate": Measure("Learning rate", ".2e", low=True),
}


@dataclass(frozen=True, eq=False)
class Line:
    """One curve: `values (N,)` at `steps (N,)`, on examples trained on or `held_out` ones.

    `smooth (N,)` is the same after smoothing; `low` and `high (N,)` are the least and the greatest
    of several seeds, of which `values` is the median. Values need not be finite. `hue`, as
    ``#rrggbb``, stands in for the colour of the cell, where several networks have the same cell.
    """

    cell: str
    steps: np.ndarray
    values: np.ndarray
    smooth: np.ndarray | None = None
    held_out: bool = False
    name: str = ""
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    hue: str = ""

    @property
    def shown(self) -> np.ndarray:
        """The strong line: smoothed where there is a smoothing."""
        return self.values if self.smooth is None else self.smooth


@dataclass(frozen=True)
class Mark:
    """Something that happened at a step, in two or three words."""

    step: int
    text: str
    cell: str | None = None


def reach(
    lines: Sequence[Line], measure: str, *, log: bool = False, before: Range | None = None
) -> Range:
    """The ends of the axis for these lines, which hold those of `before` too: they only grow.

    An axis of losses holds every smoothed value, every held-out one and nearly every raw one (of
    twenty the greatest may be cut off); that of gradients and every logarithmic one holds whole
    decades.
    """
    if measure == "accuracy":
        return (0.0, 1.0)
    strong, raw = _finite([line.shown for line in lines]), _finite([line.values for line in lines])
    for line in lines:
        if line.low is not None and line.high is not None:
            strong = np.concatenate([strong, _finite([line.low, line.high])])
    every = np.concatenate([strong, raw])
    if measure == "gradient" or log:
        every = every[every > 0]
        low, high = (0.1, 1.0) if every.size == 0 else (float(every.min()), float(every.max()))
        ends = (_decade(low, math.floor), _decade(max(high, low * 1.01), math.ceil))
    elif measure == "rate":
        ends = (0.0, _rung(float(every.max(initial=0.0)), RATES))
    else:
        often = float(np.quantile(raw, 0.95)) if raw.size else 0.0
        ends = (0.0, _rung(max(float(strong.max(initial=0.0)), often), LADDER))
    if before is None:
        return ends
    return (min(before[0], ends[0]), max(before[1], ends[1]))


def training_curves(
    lines: Sequence[Line],
    measure: str,
    *,
    steps: int,
    ends: Range | None = None,
    log: bool = False,
    log_steps: bool = False,
    title: str | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """Draw one measure of one or several networks against the steps of their training.

    Args:
        lines: what was measured; networks of the same cell have the same colour.
        measure: "loss", "accuracy", "gradient" (always on a logarithmic axis) or "rate".
        steps: how many there will be, the end of the axis.
        ends: those of the other axis, as of `reach`, which is asked where none are given.
        log, log_steps: whether the axes are logarithmic; step 0 is not on such an axis.
        title: above the figure, by default that of the measure.
        theme: "light" or "dark".
    """
    theme = checked(theme)
    if measure not in MEASURES:
        raise ValueError(f"expected a measure of {', '.join(MEASURES)}, got {measure!r}")
    if steps < 1:
        raise ValueError(f"expected at least one step, got {steps}")
    for line in lines:
        for values in (line.values, line.smooth, line.low, line.high):
            if values is not None and np.shape(values) != np.shape(line.steps):
                raise ValueError(
                    f"expected values at {len(line.steps)} steps, got {np.shape(values)}"
                )
    about = MEASURES[measure]
    is_log = measure == "gradient" or (log and measure == "loss")
    ends = ends or reach(lines, measure, log=is_log)
    is_race = len({(line.cell, line.name) for line in lines}) > 1
    traces = [
        trace for line in lines for trace in _traces(line, about, is_race, is_log, log_steps, theme)
    ]
    return figure(
        traces,
        theme,
        height=(LOW_HEIGHT if about.low else HEIGHT),
        alt=described(lines, measure, steps),
        legend=not about.low or is_race,
        legend_y=-0.2 if not about.low else -0.3,
        legend_yanchor="top",
        uirevision=f"{measure} {log} {log_steps}",
        title=headline(f"<b>{plain(title or about.title, 60)}</b>", theme),
        xaxis=_steps_axis(steps, log_steps, theme),
        yaxis=_values_axis(measure, ends, is_log, theme),
        margin={"l": 8, "r": 12, "t": TITLE, "b": 64},
    )


def hue_of(line: Line, theme: Theme, *, is_race: bool) -> str:
    """The colour of a line: that of its cell, or ink for the held-out examples of one network."""
    if line.held_out and not is_race and not line.hue:
        return INK[theme]
    return line.hue or HUES[theme].get(line.cell, NEGATIVE[theme])


def _traces(
    line: Line,
    about: Measure,
    is_race: bool,
    is_log: bool,
    log_steps: bool,
    theme: Theme,
) -> list[go.Scatter]:
    """The band, the pale raw line and the strong one, as far as there are such."""
    hue = hue_of(line, theme, is_race=is_race)
    where = np.asarray(line.steps)
    keep = where >= 1 if log_steps else np.ones(len(where), bool)

    def shown(values: np.ndarray) -> np.ndarray:
        kept = np.asarray(values, np.float32)[keep]
        fine = np.isfinite(kept) & ((kept > 0) | (not is_log))
        return np.where(fine, kept, np.float32(np.nan))

    x = where[keep].astype(np.int32)
    who = plain(line.name) or CELL_NAMES.get(line.cell, plain(line.cell))
    what = "held out" if line.held_out else "training"
    label = f"{who}, {what}" if is_race else what
    quiet = {"mode": "lines", "hoverinfo": "skip", "showlegend": False}
    traces = []
    if line.low is not None and line.high is not None:
        edge = {"width": 0, "color": hue}
        traces.append(go.Scatter(x=x, y=shown(line.low), line=edge, **quiet))
        band = {"fill": "tonexty", "fillcolor": _pale(hue, 0.18)}
        traces.append(go.Scatter(x=x, y=shown(line.high), line=edge, **band, **quiet))
    if line.smooth is not None:
        faint = {"width": 1, "color": _pale(hue, 0.2 if is_race else 0.45)}
        traces.append(go.Scatter(x=x, y=shown(line.values), line=faint, **quiet))
    few = line.held_out and len(x) <= 60
    traces.append(
        go.Scatter(
            x=x,
            y=shown(line.shown),
            mode="lines+markers" if few else "lines",
            line={
                "color": hue,
                "width": 2.4 if line.held_out or not is_race else 1.5,
                "dash": "dot" if is_race and not line.held_out else "solid",
            },
            marker={"size": 6, "symbol": symbol_of(line.cell), "color": hue},
            name=who if is_race else what,
            # In a race one entry for each network: its form says what a line was measured on.
            showlegend=line.held_out or not is_race or about.low,
            hovertemplate=f"{label}<br>step %{{x:,}}: %{{y:{about.format}}}<extra></extra>",
        )
    )
    return traces


def _steps_axis(steps: int, log_steps: bool, theme: Theme) -> dict[str, Any]:
    options: dict[str, Any] = {"title_text": "step", "showgrid": False, "nticks": 6}
    if log_steps:
        options |= {"type": "log", "range": [0.0, math.log10(max(steps, 2)) + 0.02], "dtick": 1}
    else:
        options |= {"range": [-0.01 * steps, 1.01 * steps], "tickformat": ",d"}
    return axis(theme, **options)


def _values_axis(measure: str, ends: Range, is_log: bool, theme: Theme) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if measure == "accuracy":
        options |= {"range": [0, 1.03], **percent_ticks(0, 0.25, 0.5, 0.75, 1)}
    elif is_log:
        low, high = (math.log10(min(max(end, FLOOR), CEILING)) for end in ends)
        options |= {"type": "log", "range": [low, max(high, low + 0.5)], "dtick": 1}
        options |= {"exponentformat": "power"} if high - low > 4 else {"tickformat": "~g"}
    else:
        options |= {"range": [ends[0], ends[1] * 1.02 or 1.0], "nticks": 6, "tickformat": "~g"}
    return axis(theme, **options)


def described(
    lines: Sequence[Line],
    measure: str,
    steps: int,
    marks: Sequence[Mark] = (),
) -> str:
    """The sentence that says in words what a figure of these lines shows."""
    title = {"gradient": "Gradient norm", "rate": "Learning rate"}.get(measure, measure.title())
    said = []
    for line in lines:
        fine = np.isfinite(line.shown)
        if not fine.any():
            continue
        last = int(np.flatnonzero(fine)[-1])
        who = line.name or CELL_NAMES.get(line.cell, line.cell)
        value = format(float(line.shown[last]), MEASURES[measure].format).replace("%", " %")
        what = "held out" if line.held_out else "training"
        said.append(f"{who}, {what}: {value} at step {int(line.steps[last]):,}")
    happened = "; ".join(f"{mark.text} at step {mark.step:,}" for mark in marks)
    so_far = "; ".join(said) if said else "nothing yet"
    return f"{title} over {steps:,} steps of training. {so_far}." + (
        f" Marked: {happened}." if happened else ""
    )


def _finite(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """All finite values of some arrays."""
    every = np.concatenate([np.asarray(one, np.float64).ravel() for one in arrays] or [np.empty(0)])
    return every[np.isfinite(every)]


def _decade(value: float, rounded: Any) -> float:
    return float(10.0 ** rounded(math.log10(min(max(value, FLOOR), CEILING))))


def _rung(largest: float, ladder: Sequence[float]) -> float:
    """The first step of a fixed ladder that holds `largest`, or its last."""
    return next((top for top in ladder if largest <= top * 1.0001), ladder[-1])


def _pale(colour: str, share: float) -> str:
    """``#rrggbb`` as a transparent colour."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share})"
