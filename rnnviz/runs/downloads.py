"""A training run as files to take away: curves as CSV or for TensorBoard, all of it as a zip.

None of them says who made the run or under which id it is kept: the id opens the run. Nor is there
anything of the texts that somebody brought, but for the words that a tokenizer knows.
"""

from __future__ import annotations

import csv
import io
import math
import re
import tempfile
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from rnnviz.models.places import RunError
from rnnviz.runs.record import Run
from rnnviz.safe import spreadsheets, strict

if TYPE_CHECKING:
    from rnnviz.training.curves import Curves

OF_STEPS = (
    "loss", "accuracy", "gradient_norm", "clipped_norm", "learning_rate", "examples_per_second",
    "seconds",
)  # fmt: skip
OF_SCORES = (
    "held_out_loss", "held_out_accuracy", "held_out_count", "training_loss", "training_accuracy",
)  # fmt: skip
COLUMNS = ("step", *OF_STEPS, *OF_SCORES, "marks")

MODEL_FILES = (
    "config.json", "model.safetensors", "card.json", "tokenizer.json", "tokenizer_config.json",
)  # fmt: skip
"""What goes into a zip of a run's network, where it is there."""

PLAN, SUMMARY, CURVES_CSV = "plan.json", "run.json", "curves.csv"

TAGS = {
    "loss/batch": "loss",
    "accuracy/batch": "accuracy",
    "gradient/norm": "gradient_norm",
    "gradient/clipped": "clipped_norm",
    "learning_rate": "learning_rate",
    "examples_per_second": "examples_per_second",
}
SCORE_TAGS = {
    "loss/held_out": "held_out_loss",
    "loss/training": "training_loss",
    "accuracy/held_out": "held_out_accuracy",
    "accuracy/training": "training_accuracy",
}

MOST_LOGGED = 5_000
"""Points of a curve in a log for TensorBoard, which takes its time for each; a CSV has all."""

NO_TENSORBOARD = (
    "A log for TensorBoard can be made where `tensorboard` is installed beside rnnviz: "
    "`pip install tensorboard` on the computer that serves this page."
)


def file_name(run: Run, ending: str) -> str:
    """A name for a file of the run that every system takes, from its name."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", run.name).strip("-").lower()[:40]
    return f"rnnviz-{words or 'run'}{ending}"


def curves_csv(curves: Curves) -> str:
    """One row a step: what was measured there, in the order of `COLUMNS`; empty where nothing was.

    Numbers are written so that reading them gives the same ones (`repr` of a float64).
    """
    rows: dict[int, dict[str, str]] = {}

    def fill(steps: list[float], name: str, values: list[float]) -> None:
        for step, value in zip(steps, values, strict=True):
            if not math.isnan(value):
                rows.setdefault(int(step), {})[name] = repr(value)

    for name in OF_STEPS:
        fill(curves.steps.tolist(), name, getattr(curves, name).tolist())
    for name in OF_SCORES:
        fill(curves.score_steps.tolist(), name, getattr(curves, name).tolist())
    for mark in curves.marks:
        row = rows.setdefault(mark.step, {})
        row["marks"] = spreadsheets.cell("; ".join(filter(None, [row.get("marks"), mark.kind])))
    written = io.StringIO()
    writer = csv.DictWriter(written, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for step in sorted(rows):
        writer.writerow({"step": step, **rows[step]})
    return written.getvalue()


def has_tensorboard() -> bool:
    """Whether a log for TensorBoard can be written here."""
    return find_spec("tensorboard") is not None


def tensorboard_zip(run: Run) -> bytes:
    """A zip with one folder, a log that `tensorboard --logdir` shows; RunError without the package.

    Scalars under `TAGS` and `SCORE_TAGS`, at their steps; what is NaN is left out, and of a curve
    with more than `MOST_LOGGED` points those are kept that its line needs (`curves.thinned`).
    """
    if not has_tensorboard():
        raise RunError(NO_TENSORBOARD)
    from torch.utils.tensorboard import SummaryWriter

    from rnnviz.training.curves import thinned

    curves = run.curves()
    folder = file_name(run, "")
    written = io.BytesIO()
    with tempfile.TemporaryDirectory() as place:
        with SummaryWriter(str(Path(place) / folder)) as writer:
            for tags, steps in ((TAGS, curves.steps), (SCORE_TAGS, curves.score_steps)):
                for tag, name in tags.items():
                    values = getattr(curves, name)
                    keep = thinned(values, MOST_LOGGED)
                    for step, value in zip(steps[keep], values[keep], strict=True):
                        if not math.isnan(value):
                            writer.add_scalar(tag, float(value), int(step))
        with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(Path(place).rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(place).as_posix())
    return written.getvalue()


def run_zip(run: Run) -> bytes:
    """A zip of the run: network, plan, curves and a summary; not the state, which is large.

    `run_uploads.add` makes a run of it again, elsewhere.
    """
    summary = {
        "name": run.name,
        "state": run.state,
        "message": run.message,
        "parameters": run.parameters,
        "best": dict(run.best),
        "seconds": run.seconds,
        "step": run.step,
        "steps": run.steps,
    }
    folder = file_name(run, "")
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in MODEL_FILES if run.has_model else ():
            path = run.model_folder / name
            if path.is_file():
                archive.write(path, f"{folder}/{name}")
        archive.writestr(f"{folder}/{PLAN}", _json(_plan(run)))
        archive.writestr(f"{folder}/{SUMMARY}", _json(summary))
        archive.writestr(f"{folder}/{CURVES_CSV}", curves_csv(run.curves()))
    return written.getvalue()


def _plan(run: Run) -> dict[str, object]:
    """The plan without the key of a file that somebody brought to this server."""
    return {name: value for name, value in run.plan.items() if name != "data"}


def _json(contents: dict[str, object]) -> str:
    return strict.dumps(contents, indent=2, ensure_ascii=False) + "\n"
