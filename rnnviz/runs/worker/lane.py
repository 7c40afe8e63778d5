"""One network that is trained: its events go to the files of its run.

    curves.jsonl        every event but weights, a line each, appended
    state.safetensors   what a resume needs, every few seconds and at each pause
    snapshots/          float16 weights over training time
    model/              the best epoch, as `checkpoint.save` writes it

Everything but the appended lines is written beside its place and renamed, so a process that is
killed leaves the last good file.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as serialised
from torch import Tensor

from rnnviz.models import checkpoint, storage
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.runs.record import CURVES, RECORD, Run
from rnnviz.runs.record import SNAPSHOTS as SNAPSHOT_FOLDER
from rnnviz.runs.worker.control import Control
from rnnviz.runs.worker.throttle import Throttle
from rnnviz.safe.files import replacing
from rnnviz.training.engine.events import (
    EpochFinished,
    Event,
    SnapshotTaken,
    StepFinished,
    TrainingFinished,
    TrainingStarted,
    to_json,
)
from rnnviz.training.engine.loop import Training
from rnnviz.training.engine.state import TrainingState
from rnnviz.training.plan import Plan
from rnnviz.training.preparation import Prepared, prepare

SNAPSHOTS = 24
MOST_SNAPSHOT_BYTES = 30_000_000
"""Of one run; a network that is too large for 24 of them gets fewer."""

MOST_STEP_LINES = 20_000
"""Steps that are written to the curves; of a longer run every second one, every third, ..."""

LONGEST_EVENT = 4_000
"""Bytes of a line in the curves, and more than any event takes."""

STATE_SECONDS = 5.0
MODEL_SECONDS = 2.0


class ResumeError(ValueError):
    """A run cannot go on; the message is one sentence for the visitor."""


class Lane:
    """One run in the worker. `turn` takes a step, `save` makes sure that nothing is lost."""

    def __init__(self, lane: dict[str, Any], control: Control) -> None:
        plan = Plan.from_json(lane["plan"])
        self.run = Run(Path(lane["folder"]), str(lane["run"]), "", "", lane["plan"])
        if not self.run.folder.is_dir():
            raise ResumeError("expected a run that is still here, got one that was deleted")
        self._control = control
        self._clean_up()
        state = self._saved_state() if lane["resume"] else None
        if lane["resume"] and state is None and self.run.has_model:
            raise ResumeError(
                "expected the saved state of this run, got none, so it cannot go on; its curves "
                "and its best network are kept: press Restart to train it again"
            )
        self._prepared = prepare(plan)
        count = sum(value.numel() for value in self._prepared.model.parameters())
        if state is None:
            self._forget_earlier()
            torch.manual_seed(plan.seed)
        self.training = _training(self._prepared, state, MOST_SNAPSHOT_BYTES // (2 * count))
        control.watch(self.training)
        if control.factor is None:
            control.factor = self.training.learning_rate_factor
        self._events = iter(self.training)
        self.finished = False
        lost = state is not None and not self.run.has_model  # killed between two files
        self._unsaved: EpochFinished | None = self.training.best if lost else None
        self._every = 1
        self._pending: list[Event] = []
        self._latest: StepFinished | None = None
        self._record: dict[str, Any] = {}
        self._state_throttle = Throttle(STATE_SECONDS, at_once=True)
        self._model_throttle = Throttle(MODEL_SECONDS, at_once=True)

    def turn(self) -> bool:
        """Train until a step is done; False when there are no more, or somebody asked to stop."""
        if self._control.factor is not None:
            self.training.learning_rate_factor = self._control.factor
        for event in self._events:
            self._take(event)
            if isinstance(event, StepFinished):
                return True
        return False

    def save_when_due(self) -> None:
        """Save what has waited long enough."""
        if self._unsaved is not None and self._model_throttle.due:
            with self._model_throttle.spending():
                self.save_best()
        if self._state_throttle.due:
            with self._state_throttle.spending():
                self.save()

    def save(self) -> None:
        """Save everything: the best epoch, the curves, the state.

        In this order: a state must know no better epoch than the model, nor be ahead of its curves.
        """
        self.save_best()
        self.flush()
        self.training.state().save(self.run.state_path)

    def finish(self) -> None:
        """Save the best epoch of a training that is over; there is nothing to resume any more."""
        self.save_best()
        self.flush()
        self.run.state_path.unlink(missing_ok=True)

    def keep_something(self) -> None:
        """Where no epoch has ended yet, keep the weights as they are: a network is left."""
        step = self.training.progress.step
        if not self.run.has_model and step:
            weights = self.training.average.module.state_dict()
            self._save_model(weights, {"interrupted": f"after step {step}"})

    def flush(self) -> None:
        """Write the events that have gathered to the run's curves."""
        self.run.append(map(to_json, self._pending))
        self._pending = []

    def news(self) -> dict[str, Any]:
        """What the server needs to know: the latest step, and numbers for the run's record."""
        latest = None if self._latest is None else to_json(self._latest)
        return {"latest": latest, "record": dict(self._record)}

    def _take(self, event: Event) -> None:
        if isinstance(event, StepFinished):
            self._latest = event
            self._record.update(step=event.step, seconds=event.seconds)
            if event.step % self._every == 0 or event.step == 1:
                self._pending.append(event)
            return
        if isinstance(event, SnapshotTaken):
            self._write_snapshot(event)
            return
        self._pending.append(event)
        if isinstance(event, TrainingStarted):
            self._every = -(-event.steps // MOST_STEP_LINES)
            self._record.update(
                steps=event.steps, parameters=event.parameters, step=event.resumed_at
            )
        elif isinstance(event, EpochFinished) and event.is_best:
            self._unsaved = event
            self._record["best"] = {
                "accuracy": event.held_out_accuracy,
                "n": event.held_out_count,
                "epoch": event.epoch,
                "step": 0 if self._latest is None else self._latest.step,
            }
        elif isinstance(event, TrainingFinished):
            self.finished = True

    def save_best(self) -> None:
        """Write the best epoch to the run's model, where it is not there yet."""
        best = self._unsaved
        if best is None or not best.weights:
            return
        held_out = {"accuracy": best.held_out_accuracy, "n": best.held_out_count}
        self._save_model(best.weights, {"kept_epoch": best.epoch, "held_out": held_out})
        self._unsaved = None

    def _save_model(self, weights: dict[str, Tensor], about: dict[str, Any]) -> None:
        prepared = self._prepared
        model = SequenceClassifier(**prepared.model.config)
        model.load_state_dict(weights)
        card = {
            **prepared.about,
            "seed": prepared.plan.seed,
            "epochs": prepared.recipe.epochs,
            "recipe": asdict(prepared.recipe),
            **about,
        }
        checkpoint.save(model.eval(), self.run.model_folder, card, files=prepared.files)

    def _write_snapshot(self, event: SnapshotTaken) -> None:
        folder = self.run.snapshots_folder
        folder.mkdir(exist_ok=True)
        half = {name: value.half().contiguous() for name, value in event.weights.items()}
        with replacing(folder / f"{event.step:07d}.safetensors") as beside:
            beside.write_bytes(serialised(half, metadata={"format": "pt"}))

    def _saved_state(self) -> TrainingState | None:
        path = self.run.state_path
        if not path.is_file():
            return None
        try:
            return TrainingState.load(path)
        except storage.CheckpointError as failure:
            raise ResumeError(
                "The saved state of this run is damaged, so it cannot go on; its curves and its "
                "best network are kept: press Restart to train it again."
            ) from failure

    def _clean_up(self) -> None:
        """Remove what a worker that was killed had not finished; records are the server's."""
        folder = self.run.folder
        for path in [*folder.glob(".*"), *folder.glob(f"{SNAPSHOT_FOLDER}/.*")]:
            if path.name.startswith(f".{RECORD}."):
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def _forget_earlier(self) -> None:
        """A run that starts at the beginning has no curves, snapshots or networks yet."""
        self.run.curves_path.unlink(missing_ok=True)
        for folder in (self.run.snapshots_folder, self.run.model_folder):
            shutil.rmtree(folder, ignore_errors=True)


def has_finished(folder: Path) -> bool:
    """Whether a training came to its end here, though its server did not live to hear of it."""
    try:
        with (folder / CURVES).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LONGEST_EVENT))
            last = file.read().splitlines()[-1:]
    except OSError:
        return False
    return any(b'"event": "training-finished"' in line for line in last)


def _training(prepared: Prepared, state: TrainingState | None, most_snapshots: int) -> Training:
    return Training(
        prepared.model,
        prepared.examples,
        prepared.held_out,
        prepared.recipe,
        objective=prepared.objective,
        prepare=prepared.prepare,
        prepare_held_out=prepared.prepare_held_out,
        device=os.environ.get("RNNVIZ_DEVICE", "cpu"),
        state=state,
        snapshots=min(SNAPSHOTS, most_snapshots),
    )
