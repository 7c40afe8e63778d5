"""One training run from the command line: show its events, keep the best epoch, write the card."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from rnnviz.commands.terminal import Terminal, track
from rnnviz.models import checkpoint, storage
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.training.engine.devices import Place
from rnnviz.training.engine.loop import (
    DivergenceError,
    EpochFinished,
    Examples,
    Prepare,
    Recipe,
    StepFinished,
    Training,
    TrainingFinished,
    TrainingState,
)
from rnnviz.training.engine.objectives import CLASSIFICATION, Objective
from rnnviz.training.plan import Plan
from rnnviz.training.preparation import Prepared, first_weights, prepare
from rnnviz.training.tasks.table import TASKS
from rnnviz.training.vectors import word_vectors

__all__ = ["Task", "begin", "run", "start_from_vectors", "state_path", "stopped_by_ctrl_c", "track"]

STATE_ENDING = ".state.safetensors"
SECONDS_BETWEEN_STATES = 30.0

EMBEDDING_DEVIATION = 0.1
"""Of the numbers that embeddings start from; the norm of an adversarial step is measured by it."""


class Task(Protocol):
    """What a run needs to know of its data; `images.ImageTask` and `texts.TextTask` are such."""

    @property
    def name(self) -> str: ...
    @property
    def noun(self) -> str: ...
    @property
    def training(self) -> Examples: ...
    @property
    def held_out(self) -> Examples: ...
    def about(self) -> dict[str, Any]: ...
    def test_score(self, model: SequenceClassifier) -> dict[str, Any] | None: ...


def begin(model: SequenceClassifier, folder: Path | None) -> dict[str, Any]:
    """Set the first weights of `model`; what a card has to say about them.

    Drawn afresh, or, from the saved model in `folder`, of another readout or task, all recurrent
    weights and whatever else has the same name and shape. Raises `CheckpointError` where those of
    the recurrent layers do not fit.
    """
    if folder is None:
        first_weights(model.recurrent)
        if model.embedding is not None:
            torch.nn.init.normal_(model.embedding.weight, std=EMBEDDING_DEVIATION)
        return {}
    start = checkpoint.load(folder)
    own, theirs = model.state_dict(), start.state_dict()
    fitting = {
        name: value
        for name, value in theirs.items()
        if name in own and own[name].shape == value.shape
    }
    missing = [name for name in own if name.startswith("recurrent") and name not in fitting]
    if missing or model.cell != start.cell:
        raise storage.CheckpointError(
            f"expected a model to start from with these recurrent layers, {model.recurrent}, "
            f"got {start.recurrent}: choose the same cell, sizes and directions"
        )
    model.load_state_dict(fitting, strict=False)
    earlier = storage.card(folder) if (folder / storage.CARD).is_file() else {}
    return {"started_from": {key: earlier.get(key) for key in ("command", "date", "sha256")}}


@torch.no_grad()
def start_from_vectors(model: SequenceClassifier, inputs: torch.Tensor) -> None:
    """Let the embedding of `model` start from `vectors.word_vectors` of the training tokens."""
    embedding = model.embedding
    assert embedding is not None  # a model of texts has one
    size = embedding.weight.shape
    embedding.weight.copy_(word_vectors(inputs, *size, deviation=EMBEDDING_DEVIATION))


@dataclass(frozen=True, eq=False)
class PlannedTask:
    """The data of a plan, as `run` wants to know it."""

    prepared: Prepared

    @property
    def name(self) -> str:
        return self.prepared.plan.task

    @property
    def noun(self) -> str:
        return TASKS[self.name].noun

    @property
    def training(self) -> Examples:
        return self.prepared.examples

    @property
    def held_out(self) -> Examples:
        return self.prepared.held_out

    def about(self) -> dict[str, Any]:
        return self.prepared.about

    def test_score(self, model: SequenceClassifier) -> None:
        """No test examples: those of the memory tasks are drawn from a seed, as many as wanted."""


def run_plan(
    plan: Plan, folder: Path, *, command: str, half: bool, place: Place, resume: bool
) -> bool:
    """Train what `plan` asks for, with the weights and batches that the Train page gives it."""
    ready = prepare(plan)
    return run(
        ready.model,
        PlannedTask(ready),
        ready.recipe,
        folder,
        card={"command": command},
        prepare=ready.prepare,
        prepare_held_out=ready.prepare_held_out,
        objective=ready.objective,
        files=ready.files,
        half=half,
        place=place,
        resume=resume,
    )


def run(
    model: SequenceClassifier,
    task: Task,
    recipe: Recipe,
    folder: Path,
    *,
    card: Mapping[str, Any],
    prepare: Prepare | None = None,
    prepare_held_out: Prepare | None = None,
    objective: Objective = CLASSIFICATION,
    files: Mapping[str, str] | None = None,
    half: bool = False,
    place: Place | None = None,
    resume: bool = False,
) -> bool:
    """Train `model` and save its best epoch at `folder`; False if Ctrl-C ended it early.

    `card` is what the caller knows and the run does not: the command, where the weights began.
    `files` and `half` are those of `checkpoint.save`; with `half`, what is scored for the card are
    the weights as they are stored. Every `SECONDS_BETWEEN_STATES`, and when Ctrl-C ends it, the
    run's state is saved at `state_path(folder)`; with `resume` the run goes on from there. It is
    removed when the run is over. Among several processes the main one alone prints and writes.
    """
    place = place or Place(torch.device("cpu"))
    path = state_path(folder)
    training = Training(
        model,
        task.training,
        task.held_out,
        recipe,
        objective=objective,
        prepare=prepare,
        prepare_held_out=prepare_held_out,
        device=place,
        state=TrainingState.load(path) if resume else None,
    )
    found = _Found(resumed=training.progress.step)
    found.epochs = found.resumed // training.steps_per_epoch
    with Terminal(quiet=not place.is_main) as terminal, stopped_by_ctrl_c(training):
        terminal.say(
            f"Training {model.cell} on {len(task.training):,} {task.noun} of {task.name}, "
            f"{len(task.held_out):,} held out, {recipe.epochs} epochs. "
            "Ctrl-C keeps the best so far."
        )
        if path.exists() and not resume:
            terminal.say(f"{path}, the state of an earlier run, will be replaced.")
        _follow(training, terminal, found, path)
    if place.is_main:
        stopped = not found.finished and found.diverged is None
        resumable = stopped and training.progress.step > 0
        if stopped:
            terminal.say("Stopped." if training.best else NOTHING)
        if resumable:
            # Before the best weights take the place of the last ones in the model.
            _save_state(training, terminal, path)
        if training.best is not None:
            _keep(model, task, recipe, folder, training.best, found, terminal, card, files, half)
        if resumable and path.exists():
            terminal.say(f"The same command with --resume goes on from {path}")
        if not stopped:
            path.unlink(missing_ok=True)
    if found.diverged is not None:
        raise found.diverged
    return found.finished


NOTHING = "Stopped. No epoch was finished, so there is nothing to keep."


@dataclass
class _Found:
    """What an iteration came to; `resumed` is the step that it went on from."""

    resumed: int = 0
    epochs: int = 0
    finished: bool = False
    diverged: DivergenceError | None = None


def state_path(folder: Path) -> Path:
    """Where the state of the run that writes `folder` lies."""
    return folder.with_name(folder.name + STATE_ENDING)


def _follow(training: Training, terminal: Terminal, found: _Found, path: Path) -> None:
    """Show every event, and save the state every now and then."""
    saved = time.monotonic()
    try:
        for event in training:
            terminal.show(event)
            if isinstance(event, EpochFinished):
                found.epochs = event.epoch
            found.finished = isinstance(event, TrainingFinished)
            due = time.monotonic() > saved + SECONDS_BETWEEN_STATES
            if due and training.place.is_main and isinstance(event, StepFinished):
                _save_state(training, terminal, path)
                saved = time.monotonic()
    except DivergenceError as failure:
        found.diverged = failure


def _save_state(training: Training, terminal: Terminal, path: Path) -> None:
    """A full disk is no reason to end a run: it is told, and the run goes on."""
    try:
        training.state().save(path)
    except OSError as failure:
        terminal.say(f"The state could not be saved at {path}: {failure.strerror}.")


@contextmanager
def stopped_by_ctrl_c(training: Training) -> Iterator[None]:
    """Let the first Ctrl-C ask the run to stop; one a second later or more interrupts it.

    `torchrun` passes the signal on to processes that have had it from the terminal already.
    """
    asked: list[float] = []

    def stop(number: int, frame: Any) -> None:
        training.stop()
        asked.append(time.monotonic())
        if asked[-1] - asked[0] > 1:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    earlier = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, earlier)


def _keep(
    model: SequenceClassifier,
    task: Task,
    recipe: Recipe,
    folder: Path,
    best: EpochFinished,
    found: _Found,
    terminal: Terminal,
    card: Mapping[str, Any],
    files: Mapping[str, str] | None,
    half: bool,
) -> None:
    """Save the best epoch with its card."""
    stored = {name: value.half().float() if half else value for name, value in best.weights.items()}
    model.load_state_dict(stored)
    written = {**_card(task, recipe, best), **card}
    # The test examples are scored here, once, after everything has been chosen.
    if found.finished and (test := task.test_score(model.cpu().eval())):
        terminal.say(f"{100 * test['accuracy']:.2f} % of {test['data']} ({test['n']:,})")
        written["test"] = test
    if not found.finished:
        written["interrupted"] = f"after epoch {found.epochs} of {recipe.epochs}"
    if found.resumed:
        written["resumed"] = f"after step {found.resumed}"
    checkpoint.save(model.eval(), folder, written, files=files, half=half)
    terminal.say(f"Kept epoch {best.epoch} in {folder}")


def _card(task: Task, recipe: Recipe, best: EpochFinished) -> dict[str, Any]:
    return {
        **task.about(),
        "seed": recipe.seed,
        "epochs": recipe.epochs,
        "kept_epoch": best.epoch,
        f"training_{task.noun}": len(task.training),
        "held_out": {"accuracy": best.held_out_accuracy, "n": best.held_out_count},
        "recipe": asdict(recipe),
        "torch_threads": torch.get_num_threads(),
    }
