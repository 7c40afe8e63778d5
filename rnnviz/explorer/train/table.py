"""The runs of a visitor as a table, and the curves of some of them over each other.

No torch and no Streamlit: what the page shows in a table and a figure, as finished data.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from rnnviz.explorer.train.lines import HELD_OUT, MOST_POINTS, SMOOTHED, TRAINING
from rnnviz.figures.curves import Line
from rnnviz.models import storage
from rnnviz.models.storage import CheckpointError
from rnnviz.notation.cells import CELL_NAMES
from rnnviz.notation.palette import CLASSES, Theme
from rnnviz.runs.record import Run
from rnnviz.safe import spreadsheets
from rnnviz.training.curves import Curves, smoothed, thinned
from rnnviz.training.tasks.table import TASKS

MOST_COMPARED = 8
"""Runs whose curves lie over each other: more colours cannot be told apart."""

STATE_WORDS = {
    "queued": "waiting",
    "running": "running",
    "paused": "paused",
    "finished": "finished",
    "stopped": "stopped",
    "failed": "failed",
    "interrupted": "interrupted",
    "uploaded": "uploaded",
}
PAGES = {"rows": "digits", "tokens": "text"}
"""The page whose inputs a network reads."""


def table(runs: Sequence[Run]) -> dict[str, list[Any]]:
    """The columns of the table, a value for each run; None where nothing is known.

    `accuracy` is in percent, of the best epoch on held-out examples, of which `n` says how many.
    """
    return {
        "name": [spreadsheets.cell(run.name) for run in runs],  # the table can be saved as a CSV
        "accuracy": [_percent(run.best.get("accuracy")) for run in runs],
        "n": [_count(run.best.get("n")) for run in runs],
        "task": [spreadsheets.cell(task_title(run)) for run in runs],
        "cell": [spreadsheets.cell(cell_name(run)) for run in runs],
        "units": [_count(run.plan.get("hidden_size")) for run in runs],
        "state": [STATE_WORDS[run.state] + (", kept" if run.kept else "") for run in runs],
        "epochs": [epochs(run) for run in runs],
        "seconds": [round(run.seconds, 1) if run.seconds else None for run in runs],
        "parameters": [run.parameters or None for run in runs],
    }


def task_title(run: Run) -> str:
    """What the run was trained on, in a word or two."""
    name = str(run.plan.get("task", ""))
    info = TASKS.get(name)
    if info is None or (run.state == "uploaded" and name == "own"):
        return "not said" if name in ("", "own") else name
    return info.title


def cell_name(run: Run) -> str:
    """``GRU``"""
    cell = str(run.plan.get("cell", ""))
    return CELL_NAMES.get(cell, cell.upper())


def epochs(run: Run) -> int | None:
    """How many epochs are done."""
    planned = _count(run.plan.get("epochs"))
    if planned is None:
        return None
    return planned if run.state == "finished" else run.step * planned // max(run.steps, 1)


def page_of(run: Run) -> str | None:
    """Which page reads with the run's network, "digits" or "text"; None for neither.

    Decided by the network's own config, not by what anybody says about it.
    """
    if not run.has_model:
        return None
    try:
        config = storage.read_json(run.model_folder / storage.CONFIG)
    except CheckpointError:
        return None
    if config.get("answers", 1) != 1:
        return None
    if config.get("vocabulary_size") is not None:
        return "text" if (run.model_folder / storage.TOKENIZER).is_file() else None
    return "digits" if config.get("input_size") == 28 else None


def overlay(runs: Sequence[Run], measure: str, theme: Theme, half_life: int = 0) -> list[Line]:
    """One measure of several runs: of each a line on its own batches and one on held-out examples.

    Of several runs each has a colour and its name, with a number where another has the same name.
    """
    trained, held = [], []
    names = distinct([run.name for run in runs])
    for number, (run, name) in enumerate(zip(runs, names, strict=True)):
        hue = CLASSES[theme][number % len(CLASSES[theme])] if len(runs) > 1 else ""
        cell, curves = str(run.plan.get("cell", "")), curves_of(run)
        values = getattr(curves, TRAINING[measure])
        strong = None
        if half_life and measure in SMOOTHED:
            strong = smoothed(values, half_life=half_life, steps=curves.steps)
        keep = thinned(values, MOST_POINTS)
        trained.append(
            Line(
                cell, curves.steps[keep], values[keep],
                None if strong is None else strong[keep], name=name, hue=hue,
            )
        )  # fmt: skip
        if measure in HELD_OUT:
            values = getattr(curves, HELD_OUT[measure])
            keep = thinned(values, MOST_POINTS)
            steps = curves.score_steps[keep]
            held.append(Line(cell, steps, values[keep], held_out=True, name=name, hue=hue))
    return [line for line in (*trained, *held) if len(line.steps)]


def curves_of(run: Run) -> Curves:
    """As `Run.curves`; of a file that has not changed they are read once."""
    try:
        about = run.curves_path.stat()
        return _read(run.curves_path, about.st_mtime_ns, about.st_size)
    except OSError:  # there is none, or it is gone
        return Curves()


@lru_cache(maxsize=2 * MOST_COMPARED)
def _read(path: Path, changed: int, size: int) -> Curves:
    with path.open("rb") as file:
        return Curves.from_lines(file)


def distinct(names: Sequence[str]) -> list[str]:
    """The names, numbered where the same one comes again."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _percent(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and math.isfinite(value)
    return 100.0 * value if is_number else None
