"""From the curves of runs to the lines and marks of a figure: thinned, smoothed, seeds in a band.

No torch and no Streamlit. A run is shown by its plan (a mapping) and its `Curves`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnviz.figures.curves import Line, Mark
from rnnviz.notation.cells import CELL_NAMES
from rnnviz.training.curves import Curves, smoothed, thinned
from rnnviz.training.tasks.table import TASKS

MOST_POINTS = 400
"""Of one line."""

TRAINING = {
    "loss": "loss",
    "accuracy": "accuracy",
    "gradient": "gradient_norm",
    "rate": "learning_rate",
}
"""Measure -> what of a `Curves` is measured at every step."""

HELD_OUT = {"loss": "held_out_loss", "accuracy": "held_out_accuracy"}
SMOOTHED = ("loss", "accuracy", "gradient")
EVENTS = {
    "above-chance": ("accuracy", "above chance"),
    "best": ("accuracy", "best"),
    "not-finite": ("loss", "not a number"),
    "first-clip": ("gradient", "first clipping"),
    "learning-rate": ("rate", "changed"),
}
"""Kind of a mark -> the figure that it stands in, and its words there."""

MOST_EVENTS = 3
"""Of one kind in one figure."""

RIGHT = {
    "class": "Right answers",
    "number": "Answers right to 0.04",
    "symbols": "Right symbols",
}


@dataclass(frozen=True, eq=False)
class Shown:
    """A run that is shown: its id, what it is called, its plan and its curves so far."""

    id: str
    name: str
    plan: Mapping[str, Any]
    curves: Curves

    @property
    def cell(self) -> str:
        """The word of its cell."""
        return str(self.plan.get("cell", ""))

    @property
    def kind(self) -> tuple[str, int]:
        """What runs that differ in their seed alone have in common."""
        return self.cell, int(self.plan.get("hidden_size", 0))


def kinds(runs: Sequence[Shown]) -> list[list[Shown]]:
    """The runs, those that differ in their seed alone together."""
    found: dict[tuple[str, int], list[Shown]] = {}
    for run in runs:
        found.setdefault(run.kind, []).append(run)
    return list(found.values())


def name_of(plan: Mapping[str, Any]) -> str:
    """``GRU 64``."""
    cell = str(plan.get("cell", ""))
    return f"{CELL_NAMES.get(cell, cell.upper())} {plan.get('hidden_size', '')}".strip()


def lines_of(runs: Sequence[Shown], measure: str, half_life: int) -> list[Line]:
    """The lines of one measure: of each network that in training, then that on held-out examples.

    ``half_life`` is that of the smoothing in steps, 0 for none. Networks that differ in their seed
    alone become one line, their median, with a band from the least to the greatest.
    """
    groups = kinds(runs)
    several = len(groups) > 1
    lines = []
    for group in groups:
        name = name_of(group[0].plan) if several else ""
        lines += _of_group(group, measure, half_life, name)
    # The held-out lines lie on top.
    return sorted(lines, key=lambda line: line.held_out)


def _of_group(group: Sequence[Shown], measure: str, half_life: int, name: str) -> list[Line]:
    smooth = half_life if measure in SMOOTHED else 0
    cell, found = group[0].cell, []
    trained = [(run.curves.steps, getattr(run.curves, TRAINING[measure])) for run in group]
    if len(group) == 1:
        found.append(_single(cell, *trained[0], smooth, name))
    else:
        even = [(steps, _smooth(steps, values, smooth)) for steps, values in trained]
        found.append(_band(cell, even, name, held_out=False))
    if measure in HELD_OUT:
        scored = [(run.curves.score_steps, getattr(run.curves, HELD_OUT[measure])) for run in group]
        if len(group) == 1:
            steps, values = scored[0]
            keep = thinned(values, MOST_POINTS)
            found.append(Line(cell, steps[keep], values[keep], held_out=True, name=name))
        else:
            found.append(_band(cell, scored, name, held_out=True))
    return [line for line in found if len(line.steps)]


def _single(cell: str, steps: np.ndarray, values: np.ndarray, half_life: int, name: str) -> Line:
    keep = thinned(values, MOST_POINTS)
    strong = _smooth(steps, values, half_life)[keep] if half_life else None
    return Line(cell, steps[keep], values[keep], strong, name=name)


def _smooth(steps: np.ndarray, values: np.ndarray, half_life: int) -> np.ndarray:
    return smoothed(values, half_life=half_life, steps=steps) if half_life else values


def _band(
    cell: str, measured: Sequence[tuple[np.ndarray, np.ndarray]], name: str, *, held_out: bool
) -> Line:
    """The median of several seeds at the steps that all of them have, least and greatest beside."""
    common = measured[0][0]
    for steps, _ in measured[1:]:
        common = np.intersect1d(common, steps, assume_unique=True)
    rows = np.stack([values[np.isin(steps, common)] for steps, values in measured])
    middle = np.median(rows, axis=0) if rows.shape[1] else np.empty(0)
    keep = thinned(middle, MOST_POINTS)
    low, high = rows.min(axis=0)[keep], rows.max(axis=0)[keep]
    return Line(cell, common[keep], middle[keep], None, held_out, name, low, high)


def marks_of(runs: Sequence[Shown], measure: str) -> list[Mark]:
    """What happened, as far as it belongs into the figure of that measure.

    Of several networks only what ended one of them: more would hide the curves.
    """
    several = len(runs) > 1
    found: list[Mark] = []
    for run in runs:
        for kind, (where, words) in EVENTS.items():
            if where != measure or (several and kind != "not-finite"):
                continue
            own = [mark for mark in run.curves.marks if mark.kind == kind][-MOST_EVENTS:]
            said = f"{name_of(run.plan)}: {words}" if several else words
            found += [Mark(mark.step, said, run.cell if several else None) for mark in own]
    return sorted(found, key=lambda mark: mark.step)


def steps_of(runs: Sequence[Shown]) -> int:
    """How many steps the longest of the runs will have; at least one."""
    return max((max(run.curves.total_steps, run.curves.last_step) for run in runs), default=1) or 1


def level_of(runs: Sequence[Shown], measure: str) -> tuple[float, str] | None:
    """The dotted line of a figure: the chance of a right answer, or where gradients are cut."""
    plan = runs[0].plan
    if measure == "gradient":
        clip = plan.get("clip_norm")
        return None if clip is None else (float(clip), f"clipped to {float(clip):g}")
    info = TASKS.get(str(plan.get("task")))
    if measure != "accuracy" or info is None or info.classes is None or info.answers == "number":
        return None
    return 1 / info.classes, "chance"


def right_words(task: str) -> str:
    """What a share of right answers is called for that task."""
    info = TASKS.get(task)
    return RIGHT["class"] if info is None else RIGHT[info.answers]
