"""The training engine: an iteration over typed events.

One side trains, the other prints, draws, saves or stops; to stop is to stop iterating. The engine
knows any module that maps `(inputs, lengths)` to outputs. It prints nothing and writes nothing.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from rnnviz.training.engine import resuming, scoring
from rnnviz.training.engine.batches import Examples, Prepare, batches
from rnnviz.training.engine.devices import Place, global_random, place, set_global_random
from rnnviz.training.engine.events import (
    EpochFinished,
    Event,
    HeldOutScored,
    SnapshotTaken,
    StepFinished,
    TrainingFinished,
    TrainingStarted,
    TrainingWarned,
)
from rnnviz.training.engine.objectives import CLASSIFICATION, Objective
from rnnviz.training.engine.progress import Progress
from rnnviz.training.engine.recipe import Recipe, learning_rate, optimiser
from rnnviz.training.engine.state import TrainingState
from rnnviz.training.engine.updates import RunningAverage, update

__all__ = [
    "DivergenceError",
    "EpochFinished",
    "Event",
    "Examples",
    "HeldOutScored",
    "Objective",
    "Prepare",
    "Recipe",
    "SnapshotTaken",
    "StepFinished",
    "Training",
    "TrainingFinished",
    "TrainingStarted",
    "TrainingState",
    "TrainingWarned",
    "train",
]


class DivergenceError(ArithmeticError):
    """Training left the numbers; the message is one sentence that says what to do."""


class Training:
    """One run, to be iterated over once; between two events it can be saved, slowed or stopped.

    `prepare(inputs, generator, strength)` turns stored inputs into what the model reads, and is
    the place to vary them; `prepare_held_out` does the same for scoring, at strength 0. Batches and
    augmentation follow `recipe.seed` alone; dropout follows torch's global generator as it stands
    when this object is made, so seed that too for a run that repeats to the bit; what others draw
    from it in between changes nothing. Where examples have lengths, a batch holds such of similar
    length, and batches come in random order. An adversarial recipe needs a model with
    `features(inputs)` and `answer(features, lengths)`, as `SequenceClassifier` has.

    Scores are those of the running average of weights, before the first update, every
    `score_every` steps (where nobody says: as often as takes 1.5 % of the time) and after every
    epoch. About `snapshots` copies of it are yielded, denser at first.

    With `state`, a run goes on where `state()` was called and yields what the run that was
    never left would yield: raises `CheckpointError` for the state of another model, recipe or
    data. After an exception that `prepare_held_out` raised, too, `state()` is that of the last
    event. Iterating raises `DivergenceError` when loss, gradient or weights are no longer numbers.
    The model ends with its last raw weights; load `event.weights` of the epoch you want to keep.
    """

    learning_rate_factor: float = 1.0
    """Multiplies the schedule; may be changed between events."""

    def __init__(
        self,
        model: nn.Module,
        examples: Examples,
        held_out: Examples,
        recipe: Recipe,
        *,
        objective: Objective = CLASSIFICATION,
        prepare: Prepare | None = None,
        prepare_held_out: Prepare | None = None,
        device: str | Place = "cpu",
        state: TrainingState | None = None,
        score_every: int | None = None,
        snapshots: int = 0,
    ) -> None:
        self.place = device if isinstance(device, Place) else place(device)
        self.model = model.to(self.place.device)
        self.place.share_weights(self.model)
        self.examples, self.held_out, self.recipe = examples, held_out, recipe
        self.objective, self.prepare = objective, prepare
        self.steps_per_epoch = -(-len(examples) // recipe.batch_size)
        self.steps = self.steps_per_epoch * recipe.epochs
        self.optimizer = optimiser(self.model, recipe)
        self.average = RunningAverage(self.model, recipe.average_decay)
        self.generator = torch.Generator().manual_seed(recipe.seed)
        self.epoch_random = self.generator.get_state()
        self.random = global_random(self.place.device)
        self.best: EpochFinished | None = None
        self.progress = Progress()
        self.pending: list[Event] = []

        self._scorer = scoring.Scorer(
            objective,
            recipe.label_smoothing,
            prepare_held_out,
            self.place,
            self._between,
        )
        self._sampled, self._rest = scoring.sample(len(held_out), recipe.seed)
        self._learnt = scoring.sample(len(examples), recipe.seed)[0][: len(self._sampled)]
        scored = len(self._sampled) + len(self._learnt)
        self.score_every = score_every or scoring.steps_between_scores(scored, recipe.batch_size)
        self._snapshots = frozenset(scoring.snapshot_steps(self.steps, snapshots))
        self._chance = scoring.chance_of(objective, held_out.labels)
        self.order: list[Tensor] = []
        self._stop = self._stopped = self._begun = False
        self._lost = ""
        if state is not None:
            resuming.restore(self, state)

    def state(self) -> TrainingState:
        """All that a resumed run needs, copied; between two events, or after scoring failed.

        Raises `DivergenceError` when the weights are no longer numbers.
        """
        if not self._lost:
            self._check_weights()
        if self._lost:
            raise DivergenceError(self._lost)
        return resuming.state_of(self)

    def stop(self) -> None:
        """Ask the iteration to end after the step, or the part of a scoring, that is under way.

        May be called from another thread or a signal's handler. Among several processes all end
        after the same step. `state()` is that of the last event.
        """
        self._stop = True

    def __iter__(self) -> Iterator[Event]:
        if self._begun:
            raise RuntimeError(
                "training: expected to be iterated over once, got a second time: make another one"
            )
        self._begun = True
        return self._events()

    def _events(self) -> Iterator[Event]:
        progress = self.progress
        yield TrainingStarted(
            self.steps,
            self.steps_per_epoch,
            sum(parameter.numel() for parameter in self.model.parameters()),
            str(self.place.device.type),
            self.place.processes,
            progress.step,
        )
        while True:
            while self.pending:
                event = self.pending.pop(0)
                yield event
            if self._lost:
                raise DivergenceError(self._lost)
            if self._stopped or (self._stop and self.place.processes == 1):
                return
            if progress.stage == "update":
                if progress.step == self.steps:
                    break
                self._update()
                progress.stage = "score"
            elif progress.stage == "score":
                try:
                    self._score()
                except scoring.Stopped:
                    return
                progress.stage = "snapshot"
            elif progress.stage == "snapshot":
                progress.stage = "epoch"
                if progress.step in self._snapshots:
                    yield SnapshotTaken(progress.step, self._epoch, self._weights())
            else:
                try:
                    finished = self._finish_epoch()
                except scoring.Stopped:
                    return
                progress.stage = "update"
                if finished is not None:
                    yield finished
        assert self.best is not None  # recipe.epochs is at least one
        yield TrainingFinished(self.best, progress.seconds)

    @property
    def _epoch(self) -> int:
        """The epoch of the last update; before the first it is the first."""
        return max(0, self.progress.step - 1) // self.steps_per_epoch + 1

    def _update(self) -> None:
        """One step, and what there is to say of it."""
        start, progress, recipe = time.perf_counter(), self.progress, self.recipe
        place_in_epoch = progress.step % self.steps_per_epoch
        if place_in_epoch == 0:
            progress.epoch_loss = progress.epoch_seconds = 0.0
            self.epoch_random = self.generator.get_state()
            self.order = batches(self.examples, recipe.batch_size, self.generator)
        strength = 1.0 if progress.step < self.steps * (1 - recipe.calm) else 0.5
        batch = self.examples.at(self.order[place_in_epoch])
        batch = batch.prepared(self.prepare, self.generator, strength)
        rate = learning_rate(recipe, progress.step, self.steps) * self.learning_rate_factor
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        with self._own_random():
            done = update(
                self.model,
                batch,
                self.optimizer,
                recipe,
                self.objective,
                self.place,
                stop=self._stop,
            )
        self._stopped = done.stopped
        step = progress.step + 1
        if not math.isfinite(done.loss):
            self._lose(step, "a finite loss", done.loss)
            return
        if self.place.scaler is None and not math.isfinite(done.norm):
            self._lose(step, "a finite gradient", done.norm)  # a scaler steps over such a one
            return
        self.average.update()
        progress.step = step
        progress.epoch_loss += done.loss * len(batch)
        seconds = time.perf_counter() - start
        progress.seconds += seconds
        progress.epoch_seconds += seconds
        progress.rate.count(len(batch), seconds)
        self.pending.append(
            StepFinished(
                step,
                self._epoch,
                done.loss,
                done.norm,
                rate,
                done.accuracy,
                done.clipped_norm,
                progress.rate.examples_per_second,
                progress.seconds,
                progress.seconds_left(
                    self.steps,
                    (self.score_every, len(self._sampled) + len(self._learnt)),
                    (self.steps_per_epoch, len(self._rest)),
                ),
            )
        )
        self._warn(step, done.norm)

    def _lose(self, step: int, what: str, got: float | str) -> None:
        """Training left the numbers in that step."""
        epoch = (step - 1) // self.steps_per_epoch + 1
        self._lost = (
            f"expected {what}, got {got} at step {step} of epoch {epoch}: lower the learning rate"
        )
        self.pending.append(TrainingWarned(step, "not-finite", self._lost))

    def _check_weights(self) -> None:
        """The last update may have left the numbers though its loss and gradient had not."""
        if not all(bool(value.isfinite().all()) for value in self.model.parameters()):
            self._lose(self.progress.step, "finite weights", "some that are no numbers")

    def _warn(self, step: int, norm: float) -> None:
        progress, clip = self.progress, self.recipe.clip_norm
        if self.learning_rate_factor != progress.factor:
            progress.factor = self.learning_rate_factor
            text = f"From step {step} on the learning rate is multiplied by {progress.factor:g}."
            self.pending.append(TrainingWarned(step, "learning-rate", text))
        if clip is not None and norm > clip and not progress.clipped:
            progress.clipped = True
            text = f"The gradient's norm was {norm:.3g} at step {step} and was clipped to {clip:g}."
            self.pending.append(TrainingWarned(step, "first-clip", text))

    def _score(self) -> None:
        """Score the samples, where that is due, and note it."""
        progress = self.progress
        end_of_epoch = progress.step % self.steps_per_epoch == 0
        if not (end_of_epoch or progress.step % self.score_every == 0):
            return
        start, model = time.perf_counter(), self.average.module
        learnt = self._scorer.sums(model, self.examples, self._learnt)
        sums = self._scorer.sums(model, self.held_out, self._sampled)
        progress.scored(len(self._learnt) + len(self._sampled), time.perf_counter() - start)
        progress.learnt = [value / len(self._learnt) for value in learnt]
        progress.sums = sums
        count = len(self._sampled)
        event = HeldOutScored(
            progress.step,
            self._epoch,
            sums[0] / count,
            sums[1] / count,
            count,
            *progress.learnt,
        )
        self.pending.append(event)
        if not progress.above and scoring.above_chance(event.accuracy, self._chance, count):
            progress.above = True
            text = (
                f"After step {progress.step}, {100 * event.accuracy:.1f} % of {count} held-out "
                f"examples are right; chance gives {100 * self._chance:.1f} %."
            )
            self.pending.append(TrainingWarned(progress.step, "above-chance", text))

    def _finish_epoch(self) -> EpochFinished | None:
        """Score the held-out examples that the sample has not, at the end of an epoch."""
        progress = self.progress
        if progress.step == 0 or progress.step % self.steps_per_epoch:
            return None
        self._check_weights()
        if self._lost:
            return None
        start, count = time.perf_counter(), len(self.held_out)
        rest = [0.0, 0.0]
        if len(self._rest):
            rest = self._scorer.sums(self.average.module, self.held_out, self._rest)
        progress.scored(len(self._rest), time.perf_counter() - start)
        lost, right = (one + other for one, other in zip(progress.sums, rest, strict=True))
        accuracy = right / count
        event = EpochFinished(
            epoch=self._epoch,
            loss=progress.epoch_loss / len(self.examples),
            held_out_accuracy=accuracy,
            held_out_count=count,
            seconds=progress.epoch_seconds,
            is_best=self.best is None or accuracy >= self.best.held_out_accuracy,
            weights=self._weights(),
            held_out_loss=lost / count,
            training_accuracy=progress.learnt[1],
            step=progress.step,
        )
        self.best = event if event.is_best else self.best
        return event

    def _between(self) -> None:
        """While scoring: leave it where one process alone was asked to stop."""
        if self._stop and self.place.processes == 1:
            raise scoring.Stopped

    def _weights(self) -> dict[str, Tensor]:
        return resuming.copied(self.average.module.state_dict())

    @contextmanager
    def _own_random(self) -> Iterator[None]:
        """Let dropout draw from this run's own stream, and leave that of others as it was.

        Among several processes the stream is a new one each step, of this process and that step.
        """
        device = self.place.device
        outer = global_random(device)
        set_global_random(device, self.random)
        if self.place.processes > 1:
            number = (self.recipe.seed * 1_000_003 + self.progress.step) * self.place.processes
            torch.manual_seed((number + self.place.rank) % 2**63)
        try:
            yield
        finally:
            self.random = global_random(device)
            set_global_random(device, outer)


def train(
    model: nn.Module,
    examples: Examples,
    held_out: Examples,
    recipe: Recipe,
    **chosen: Any,
) -> Iterator[Event]:
    """Train `model` in place and yield an event after every step and every epoch.

    All words are those of `Training`, of which this is one iteration.
    """
    return iter(Training(model, examples, held_out, recipe, **chosen))
