"""What a diagnosis reads off the curves of a run: medians, shares and what guessing would give."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rnnviz.training.curves import Curves
from rnnviz.training.diagnosis.advice import Adviser
from rnnviz.training.plan import Plan
from rnnviz.training.tasks.table import TASKS

ENOUGH_STEPS = 60
BURST, LEAST_BURST = 10.0, 5.0


@dataclass(frozen=True)
class Burst:
    """A step whose gradient was far above the usual, with the largest of the next twenty.

    `loss_before` is the median of ten steps, `loss_after` the highest of the twenty after it.
    """

    step: int
    norm: float
    usual_norm: float
    loss_before: float
    loss_after: float


class Readings:
    """The curves and the plan of one run, and the numbers that sentences are made of.

    `guessing_loss` is that of an answer that has read nothing: `ln C` for `C` classes or symbols,
    the variance for a number. `chance` is the part that it gets right. `advice` is what was advised
    so far: whoever speaks later does not contradict it.
    """

    def __init__(self, curves: Curves, plan: Plan) -> None:
        self.curves, self.plan = curves, plan
        self.advice = Adviser(plan)

    @property
    def steps(self) -> int:
        return len(self.curves.steps)

    @property
    def last_step(self) -> int:
        return self.curves.last_step

    @property
    def is_finished(self) -> bool:
        return 0 < self.curves.total_steps <= self.last_step

    @property
    def is_late(self) -> bool:
        """Late enough to call it a failure: half of the run, and some updates at least."""
        return self.steps >= ENOUGH_STEPS and 2 * self.last_step >= self.curves.total_steps

    @cached_property
    def classes(self) -> int:
        """How many classes; for a file of somebody's own what the first loss suggests."""
        known = TASKS[self.plan.task].classes
        if known is not None:
            return known
        first = self.curves.held_out_loss[:1]
        return max(2, round(math.exp(min(float(first[0]), 4.0)))) if np.isfinite(first).any() else 2

    @cached_property
    def guessing_loss(self) -> float:
        known = TASKS[self.plan.task].guessing_loss
        return math.log(self.classes) if known is None else known

    @cached_property
    def chance(self) -> float:
        """For a file of somebody's own, the largest class may be larger than its share here."""
        known = TASKS[self.plan.task].chance
        return 1 / self.classes if known is None else known

    @cached_property
    def recent_loss(self) -> float:
        """The median loss of the last batches."""
        return _median(self.curves.loss[-20:])

    @cached_property
    def late_loss(self) -> float:
        """The median loss of the last third of the batches, twenty at least."""
        return _median(self.curves.loss[-max(20, self.steps // 3) :])

    @cached_property
    def burst(self) -> Burst | None:
        """The first gradient `BURST` times above the usual after which the loss rose.

        Usual is the median of the fifty steps before; the loss has to rise by half of what guessing
        has at once, or by a seventh for ten steps.
        """
        loss, norms = self.curves.loss, self.curves.gradient_norm
        for place in range(10, self.steps - 2):
            usual = float(np.median(norms[max(0, place - 50) : place]))
            if not norms[place] > max(BURST * usual, LEAST_BURST):
                continue
            before = float(np.median(loss[place - 10 : place + 1]))
            top = float(np.max(loss[place + 1 : place + 6]))
            after = float(np.median(loss[place + 1 : place + 11]))
            if top - before > self.guessing_loss / 2 or after - before > self.guessing_loss / 7:
                step = int(self.curves.steps[place])
                peak = float(np.max(norms[place : place + 20]))
                worst = float(np.max(loss[place + 1 : place + 21]))
                return Burst(step, peak, usual, before, worst)
        return None

    @cached_property
    def median_norm(self) -> float:
        """The median gradient norm of the last third."""
        return _median(self.curves.gradient_norm[-max(20, self.steps // 3) :])

    @property
    def rate(self) -> float:
        """The highest learning rate so far."""
        return float(np.nanmax(self.curves.learning_rate)) if self.steps else math.nan

    def rate_at(self, step: int) -> float:
        """The learning rate at a step, or at the last one before it that is known."""
        known = self.curves.learning_rate[self.curves.steps <= step]
        return float(known[-1]) if len(known) else self.plan.learning_rate

    @cached_property
    def way(self) -> float:
        """How far all updates together can have moved the weights at most.

        A weight moves by about the learning rate per update with an optimiser that divides by the
        gradient's size; all weights together by rate times norm with one that does not.
        """
        if self.plan.optimizer in ("sgd", "momentum"):
            clipped = self.curves.clipped_norm
            norms = np.where(np.isfinite(clipped), clipped, self.curves.gradient_norm)
            factor = 10.0 if self.plan.optimizer == "momentum" else 1.0
            return factor * float(np.nansum(self.curves.learning_rate * norms))
        return float(np.nansum(self.curves.learning_rate))

    @property
    def noun(self) -> str:
        """What is right or not: images, texts; of the copy task each symbol."""
        info = TASKS[self.plan.task]
        return "symbols" if info.answers == "symbols" else info.noun

    @cached_property
    def clipped_share(self) -> float:
        """The part of updates whose gradient was above the limit."""
        if self.plan.clip_norm is None or not self.steps:
            return 0.0
        return float((self.curves.gradient_norm > self.plan.clip_norm).mean())

    @cached_property
    def held_out_accuracy(self) -> float:
        return _last(self.curves.held_out_accuracy)

    @cached_property
    def best_accuracy(self) -> float:
        """That of the best epoch; before one has ended, the highest score, NaN before the first."""
        if math.isfinite(self.curves.best_accuracy):
            return self.curves.best_accuracy
        known = self.curves.held_out_accuracy
        return float(np.nanmax(known)) if np.isfinite(known).any() else math.nan

    @cached_property
    def held_out_loss(self) -> float:
        return _last(self.curves.held_out_loss)

    @cached_property
    def training_accuracy(self) -> float:
        return _last(self.curves.training_accuracy)

    @cached_property
    def is_at_chance(self) -> bool:
        """Whether the last scores are no better than guessing may be, within three deviations."""
        scores = self.curves.held_out_accuracy[self.curves.score_steps > 0]
        if not len(scores) or not np.isfinite(scores).any():
            return False
        counts = self.curves.held_out_count
        count = max(1.0, _last(counts)) if len(counts) else 100.0
        if TASKS[self.plan.task].answers == "symbols":
            count *= self.plan.length
        deviation = math.sqrt(self.chance * (1 - self.chance) / count)
        return bool(np.nanmax(scores[-3:]) < self.chance + 3 * deviation + 0.01)

    @cached_property
    def has_fallen(self) -> bool:
        """Whether the loss is well below that of guessing."""
        return self.recent_loss < 0.9 * self.guessing_loss

    @cached_property
    def is_falling(self) -> bool:
        """Whether the loss of the last sixth is below that of the sixth before it, by 5 %, or below
        that of the one before that, by 8 %."""
        sixth = self.steps // 6
        if sixth < 5:
            return False
        loss = self.curves.loss
        last, before, earlier = (
            float(np.mean(loss[len(loss) - (back + 1) * sixth : len(loss) - back * sixth]))
            for back in (0, 1, 2)
        )
        return last < 0.95 * before or last < 0.92 * earlier

    @cached_property
    def is_by_heart(self) -> bool:
        """Whether training examples are known far better than held-out ones, in accuracy (by a
        tenth of the way from chance to all) and loss, and the held-out loss did not fall by 2 % in
        the last third of the scores."""
        held, training = self.curves.held_out_loss, self.curves.training_loss
        third = len(held) // 3
        gap = self.training_accuracy - self.held_out_accuracy
        if not third or not gap >= 0.1 * (1 - self.chance) or not held[-1] > 1.5 * training[-1]:
            return False
        return not float(np.min(held[-third:])) < 0.98 * float(np.min(held[:-third]))


def short(value: float) -> str:
    """A number for a sentence: three figures, no more."""
    value = float(value)
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "infinite"
    if value == 0 or 1e-4 <= abs(value) < 1e5:
        return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:.1e}"


def percent(part: float) -> str:
    """A share of 0..1 as people write it."""
    return f"{100 * part:.1f} %" if math.isfinite(part) else "unknown"


def _median(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else math.nan


def _last(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite[-1]) if len(finite) else math.nan
