"""What the component of the curves draws: lines, axes, events and words of each measure, packed.

No torch and no Streamlit. Lines come from `rnnviz.explorer.train.lines`, their colours and the
reach of the axes from `rnnviz.figures.curves`, so that the live curves and the exported figures say
the same.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rnnviz.explorer.train import lines as train_lines
from rnnviz.explorer.train.lines import Shown
from rnnviz.figures.curves import (
    CEILING,
    FLOOR,
    MEASURES,
    Line,
    Range,
    described,
    hue_of,
    reach,
)
from rnnviz.figures.style import INK
from rnnviz.notation.cells import CELL_NAMES, HUES, symbol_of
from rnnviz.notation.palette import NEGATIVE, THEMES
from rnnviz.notation.phrases import bare

TITLES = {"gradient": "Gradient norm, log scale", "rate": "Learning rate"}
"""Short enough for a phone, where that of the exported figure is not."""

EDGE = 0.01
"""Share of the axis of steps beyond its ends, so that nothing at an end is cut off."""

Panel = dict[str, Any]


def payload(
    runs: Sequence[Shown],
    measures: Sequence[str],
    *,
    smoothing: int,
    log_loss: bool = False,
    log_steps: bool = False,
    before: Callable[[str], Range | None] = lambda measure: None,
) -> tuple[Panel, dict[str, Range]]:
    """What is drawn of these runs, as JSON, and how far the axis of each measure reaches now.

    Args:
        runs: one or several; those that differ in their seed alone share a line.
        measures: of `rnnviz.figures.curves.MEASURES`, in the order of the panels.
        smoothing: half-life in steps, 0 for none.
        log_loss, log_steps: which axes are logarithmic; that of gradients always is.
        before: how far the axis of a measure has reached, which it never falls short of.
    """
    steps = train_lines.steps_of(runs)
    panels, ends = [], {}
    for measure in measures:
        log = measure == "gradient" or (log_loss and measure == "loss")
        lines = train_lines.lines_of(runs, measure, smoothing)
        ends[measure] = reach(lines, measure, log=log, before=before(measure))
        panels.append(_panel(runs, lines, measure, steps, ends[measure], log))
    names = " and ".join(train_lines.name_of(group[0].plan) for group in train_lines.kinds(runs))
    data = {
        "label": f"Curves of the training of {bare(names, 80)}",
        "steps": {"count": steps, "log": log_steps, "ends": _step_ends(steps, log_steps)},
        "legend": _legend(runs),
        "panels": panels,
    }
    return data, ends


def _panel(
    runs: Sequence[Shown],
    lines: Sequence[Line],
    measure: str,
    steps: int,
    ends: Range,
    log: bool,
) -> Panel:
    is_race = len(train_lines.kinds(runs)) > 1
    marks = [mark for mark in train_lines.marks_of(runs, measure) if 0 <= mark.step <= steps]
    level = train_lines.level_of(runs, measure)
    if level is not None and not ends[0] <= level[0] <= ends[1]:
        level = None
    title = TITLES.get(measure, MEASURES[measure].title)
    if measure == "accuracy":
        title = train_lines.right_words(str(runs[0].plan.get("task")))
    return {
        "measure": measure,
        "title": title,
        "alt": described(lines, measure, steps, marks),
        "log": log,
        "ends": _value_ends(measure, ends, log),
        "lines": [_line(line, is_race) for line in lines],
        "level": None if level is None else {"value": level[0], "name": level[1]},
        "marks": [
            {"step": mark.step, "text": bare(mark.text), "hue": _cell_hue(mark.cell)}
            for mark in marks
        ],
    }


def _line(line: Line, is_race: bool) -> Panel:
    what = "held out" if line.held_out else "training"
    who = bare(line.name) or CELL_NAMES.get(line.cell, bare(line.cell))
    return {
        "label": f"{who}, {what}" if is_race else what,
        "who": who if is_race else "",
        "what": what,
        "hue": {theme: hue_of(line, theme, is_race=is_race) for theme in THEMES},
        "held": line.held_out,
        "dotted": is_race and not line.held_out,
        "pale": 0.2 if is_race else 0.45,
        "sign": symbol_of(line.cell),
        "steps": packed(line.steps),
        "values": packed(line.values),
        "smooth": packed(line.smooth),
        "low": packed(line.low),
        "high": packed(line.high),
    }


def packed(values: np.ndarray | None) -> str | None:
    """Numbers as base64 of float32, what is not finite as not a number; None stays None."""
    if values is None:
        return None
    short = np.asarray(values, "<f4")
    fine = np.where(np.isfinite(short), short, np.float32(np.nan)).astype("<f4")
    return base64.b64encode(fine.tobytes()).decode()


def _legend(runs: Sequence[Shown]) -> list[Panel]:
    """One entry for each network of a race, else one for each kind of examples."""
    groups = train_lines.kinds(runs)
    sign = {group[0].cell: symbol_of(group[0].cell) for group in groups}
    if len(groups) > 1:
        return [
            {
                "text": bare(train_lines.name_of(group[0].plan)),
                "hue": _cell_hue(group[0].cell),
                "sign": sign[group[0].cell],
            }
            for group in groups
        ]
    cell = groups[0][0].cell
    return [
        {"text": "training", "hue": _cell_hue(cell), "sign": None},
        {"text": "held out", "hue": dict(INK), "sign": sign[cell]},
    ]


def _cell_hue(cell: str | None) -> dict[str, str] | None:
    if cell is None:
        return None
    return {theme: HUES[theme].get(cell, NEGATIVE[theme]) for theme in THEMES}


def _step_ends(steps: int, log: bool) -> list[float]:
    if log:
        return [1.0, max(steps, 2) * 10.0 ** (2 * EDGE)]
    return [-EDGE * steps, (1 + EDGE) * steps]


def _value_ends(measure: str, ends: Range, log: bool) -> list[float]:
    """A little more than the reach, so that a line along an end is seen whole."""
    if measure == "accuracy":
        return [0.0, 1.03]
    if log:
        low, high = (math.log10(min(max(end, FLOOR), CEILING)) for end in ends)
        return [10.0**low, 10.0 ** max(high, low + 0.5)]
    return [ends[0], ends[1] * 1.02 or 1.0]
