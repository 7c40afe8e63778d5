"""What went wrong with a run, or right, in words: from its curves and its plan alone.

A pure function of arrays, cheap enough to be asked every second while the run goes on. A cause is
named only where the numbers say so, and the sentence gives the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from rnnviz.training.curves import Curves
from rnnviz.training.diagnosis.advice import Step, any_of, sentence
from rnnviz.training.diagnosis.causes import causes
from rnnviz.training.diagnosis.measures import Readings, percent, short
from rnnviz.training.plan import Plan
from rnnviz.training.tasks.table import TASKS

Kind = Literal[
    "diverged",
    "spikes",
    "not-learning",
    "collapsed",
    "over-fitting",
    "clipped",
    "too-small",
    "unfinished",
    "well",
]
GRAVE = ("diverged", "not-learning", "collapsed")
GOOD = ("well",)

ENOUGH_STEPS = 60
"""Before so many updates, or half of the run, nothing is called a failure to learn."""

FAR_ABOVE = 1.25
"""A loss so many times that of guessing says that updates overshoot."""

FASTER = "a higher learning rate"

WELL = 0.8
"""A run went well when it closed so much of the way from chance to everything right..."""
WELL_OF_TEXTS = 0.4
"""...or, for texts that people wrote, this much."""


@dataclass(frozen=True)
class Finding:
    """One thing to know of a run: when it shows (`step`), a title and a text for people.

    `advice` is what the text asks for, as steps that change the plan.
    """

    kind: Kind
    step: int
    title: str
    text: str
    advice: tuple[Step, ...] = ()

    @property
    def level(self) -> Literal["bad", "note", "good"]:
        """How to show it."""
        if self.kind in GRAVE:
            return "bad"
        return "good" if self.kind in GOOD else "note"


Check = Callable[[Readings], Finding | None]


def diagnose(curves: Curves, plan: Plan) -> tuple[Finding, ...]:
    """What there is to say about a run, the gravest first; nothing while it is too early.

    What is advised never contradicts what was advised before it.
    """
    found = Readings(curves, plan)
    if (diverged := _asked(_diverged, found)) is not None:
        return (diverged,)
    grave = _asked(_collapsed, found) or _asked(_not_learning, found)
    if grave is not None:
        besides = (_asked(_spikes, found), _asked(_clipped, found))
        return (grave, *(one for one in besides if one is not None))
    checks: tuple[Check, ...] = (_over_fitting, _spikes, _clipped, _well)
    known = tuple(one for check in checks if (one := _asked(check, found)))
    is_told = {"over-fitting", "well"} & {one.kind for one in known}
    if not is_told and (half := _asked(_half_way, found)):
        return (half, *known)
    return known


def _asked(check: Check, found: Readings) -> Finding | None:
    """What a check finds, with the steps that it advises."""
    before = len(found.advice.steps)
    finding = check(found)
    return finding and replace(finding, advice=tuple(found.advice.steps[before:]))


def _diverged(found: Readings) -> Finding | None:
    """NaN or infinity, or a loss that stays far above that of guessing."""
    curves, plan = found.curves, found.plan
    broken = ~np.isfinite(curves.loss) | ~np.isfinite(curves.gradient_norm)
    warned = [mark.step for mark in curves.marks if mark.kind == "not-finite"]
    if broken.any() or warned:
        step = int(curves.steps[broken.argmax()]) if broken.any() else warned[0]
        before = (curves.steps < step) & ~broken
        norms, losses = curves.gradient_norm[before], curves.loss[before]
        came = "At once" if not len(norms) else f"The loss before it was {short(losses[-1])}"
        norm = f", the gradient norm {short(norms[-1])}" if len(norms) else ""
        return Finding(
            "diverged",
            step,
            "Diverged",
            f"At step {step:,} the loss or its gradient was no longer a number. {came}{norm}, "
            f"and the learning rate {short(found.rate_at(step))}. {_calm_down(found)}",
        )
    recent = found.late_loss
    if found.steps >= 40 and recent > FAR_ABOVE * found.guessing_loss:
        burst = found.burst if plan.clip_norm is None else None
        if burst is not None:
            return Finding(
                "diverged",
                burst.step,
                "The gradient exploded",
                f"From step {burst.step:,} on the gradient norm leapt to {short(burst.norm)} "
                f"(usual {short(burst.usual_norm)}), and the loss rose from "
                f"{short(burst.loss_before)} to {short(burst.loss_after)}. It stays at "
                f"{short(recent)}, above the {short(found.guessing_loss)} of guessing: the weights "
                f"were thrown away. {_clip(found, burst.usual_norm)}",
            )
        return Finding(
            "diverged",
            found.last_step,
            "Diverged",
            f"The loss stays at {short(recent)}; guessing would have {short(found.guessing_loss)}. "
            f"Each update overshoots: the learning rate is {short(found.rate)}, the gradient "
            f"norm {short(found.median_norm)}. {_calm_down(found)}",
        )
    return None


def _calm_down(found: Readings) -> str:
    advice = found.advice
    slower = advice.lower("learning_rate", found.plan.learning_rate / 10)
    return sentence([slower, advice.clip(found.median_norm)], "Take fewer units.")


def _clip(found: Readings, usual_norm: float) -> str:
    """Bound the steps of a run that is not clipped, or make those of another shorter."""
    advice, limit = found.advice, found.plan.clip_norm
    if clip := advice.clip(2 * usual_norm):
        return sentence([f"{clip}: that keeps its direction and bounds the step"])
    slower = advice.lower("learning_rate", found.plan.learning_rate / 3)
    if limit is None:
        return sentence([slower])
    # Where usual gradients are cut, steps are as short as the limit makes them.
    tighter = advice.lower("clip_norm", 2 * usual_norm) if limit > 4 * usual_norm else ""
    done = f"Gradients are cut to {short(limit)} already: a lower limit changes little."
    return sentence([tighter, slower]) if tighter else f"{done} {sentence([slower])}".rstrip()


def _collapsed(found: Readings) -> Finding | None:
    """The held-out accuracy stands still to the last digit, where one answer for all would be."""
    curves = found.curves
    last = curves.held_out_accuracy[curves.score_steps > 0][-4:]
    if TASKS[found.plan.task].answers != "class" or len(last) < 4 or not found.is_late:
        return None
    if np.ptp(last) > 1e-9 or not found.is_at_chance or found.held_out_loss < 0.9 * math.log(2):
        return None
    return Finding(
        "collapsed",
        found.last_step,
        "Collapsed to one class",
        f"The last {len(last)} scores on held-out data were all exactly {percent(last[-1])}, as "
        "they are when every example gets the same answer, and the loss of "
        f"{short(found.held_out_loss)} is about that of guessing ({short(found.guessing_loss)}). "
        f"{causes(found)}",
    )


def _not_learning(found: Readings) -> Finding | None:
    """Still at chance after half of the run."""
    if not found.is_late or not found.is_at_chance or found.has_fallen:
        return None
    return Finding(
        "not-learning",
        found.last_step,
        "Not learning",
        f"After {found.last_step:,} steps {percent(found.held_out_accuracy)} of the held-out "
        f"{found.noun} are right, and guessing gives {percent(found.chance)}; the "
        f"loss is {short(found.recent_loss)}, guessing has {short(found.guessing_loss)}. "
        f"{causes(found)}",
    )


def _over_fitting(found: Readings) -> Finding | None:
    """The held-out loss rises from its least while the training loss goes on falling."""
    curves = found.curves
    if len(curves.score_steps) < 5:
        return None
    held, training = curves.held_out_loss, curves.training_loss
    if not np.isfinite(held).all():
        return None
    least = int(held.argmin())
    later, after = float(np.median(held[-3:])), float(np.median(training[-3:]))
    rise = later - float(held[least])
    if least > len(held) - 4 or rise < 0.15 * held[least] or rise < 0.04 * found.guessing_loss:
        return None
    if not after < training[least] or later < 1.5 * after:
        return None
    return Finding(
        "over-fitting",
        int(curves.score_steps[least]),
        "Over-fitting",
        f"Since step {int(curves.score_steps[least]):,} the held-out loss has risen from "
        f"{short(held[least])} to {short(later)}, while the training loss fell to {short(after)}: "
        "the network learns the training examples by heart. "
        f"{_helps([*_less_by_heart(found), found.advice.lower('hidden_size')])}"
        "The best epoch is kept in any case.",
    )


def _less_by_heart(found: Readings) -> list[str]:
    """What is left to do against learning by heart."""
    advice, plan = found.advice, found.plan
    examples = advice.higher("examples")  # where all there are were taken, there are no more
    dropout = advice.higher("dropout", text="more dropout" if plan.dropout else "dropout")
    return [examples, dropout]


def _helps(texts: list[str], otherwise: str = "") -> str:
    """``Fewer units or dropout may help. ``, or what to say where nothing is left to try."""
    said = any_of(texts)
    return f"{said[:1].upper()}{said[1:]} may help. " if said else otherwise


def _spikes(found: Readings) -> Finding | None:
    """A gradient far above the usual, and a loss that rose after it."""
    burst = found.burst
    if burst is None:
        return None
    if found.is_at_chance and found.recent_loss > burst.loss_before:
        end = "and the run has not come back from there"
    else:
        end = "and it took a while to come back"
    advice = _clip(found, burst.usual_norm)
    return Finding(
        "spikes",
        burst.step,
        "The gradient exploded",
        f"From step {burst.step:,} on the gradient norm leapt to {short(burst.norm)} (usual "
        f"{short(burst.usual_norm)}); the loss rose from {short(burst.loss_before)} to "
        f"{short(burst.loss_after)}, {end}. {advice}",
    )


def _clipped(found: Readings) -> Finding | None:
    """Nearly every gradient is above the limit."""
    if found.steps < ENOUGH_STEPS or found.clipped_share < 0.9:
        return None
    limit = found.plan.clip_norm or 0.0
    looser = ""
    if found.burst is None:  # else the limit is what holds the run together
        looser = found.advice.higher("clip_norm", 2 * found.median_norm)
    return Finding(
        "clipped",
        int(found.curves.steps[0]),
        "Clipped nearly always",
        f"{percent(found.clipped_share)} of the gradients were above {short(limit)} and were cut; "
        f"half of them are above {short(found.median_norm)}. Every update then has the same "
        f"length, whatever the batch says. {sentence([looser])}".rstrip(),
    )


def _well(found: Readings) -> Finding | None:
    """A run that came to its end and most of the way from chance to everything right."""
    wanted = WELL_OF_TEXTS if found.plan.task in ("imdb", "own") else WELL
    best = found.best_accuracy
    if not found.is_finished or not best - found.chance >= wanted * (1 - found.chance):
        return None
    curves = found.curves
    return Finding(
        "well",
        int(curves.score_steps[int(np.nanargmax(curves.held_out_accuracy))]),
        "Learnt",
        f"{percent(best)} of the held-out {found.noun} are right; guessing gives "
        f"{percent(found.chance)}.",
    )


def _half_way(found: Readings) -> Finding | None:
    """A run that came to its end, but not as far as it might have."""
    if not found.is_finished or not math.isfinite(found.best_accuracy):
        return None
    plan, best, noun = found.plan, found.best_accuracy, found.noun
    advice = found.advice
    if found.is_falling and not found.is_by_heart:
        longer = [advice.higher("epochs"), advice.higher("learning_rate", text=FASTER)]
        give = f": give it {any_of(longer)}." if any(longer) else "."
        return Finding(
            "unfinished",
            found.last_step,
            "Not done yet",
            f"{percent(best)} of the held-out {noun} are right, and the loss was still falling "
            f"when the run ended{give}",
        )
    if found.training_accuracy - found.held_out_accuracy < 0.1 * (1 - found.chance):
        larger = advice.higher("hidden_size", text=f"more units than {plan.hidden_size}")
        slowly = "" if plan.schedule == "constant" else " at a rate that falls more slowly"
        longer_ = advice.higher("epochs", text=f"more steps{slowly}")
        return Finding(
            "too-small",
            found.last_step,
            "Stuck half-way",
            f"{percent(best)} of the held-out {noun} are right and hardly more of the training "
            f"ones ({percent(found.training_accuracy)}), and the loss has stopped falling: this is "
            f"not over-fitting. {_helps([larger, longer_])}".rstrip(),
        )
    return Finding(
        "over-fitting",
        found.last_step,
        "Over-fitting",
        f"{percent(best)} of the held-out {noun} are right, but {percent(found.training_accuracy)} "
        "of the training ones: some of what was learnt holds for those only. "
        f"{_helps(_less_by_heart(found))}".rstrip(),
    )
