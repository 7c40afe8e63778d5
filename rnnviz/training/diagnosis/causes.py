"""Why a run may not learn: the causes that its numbers point to, and what to change."""

from __future__ import annotations

import math
from collections.abc import Callable

from rnnviz.notation.cells import CELLS
from rnnviz.training.diagnosis.advice import any_of, sentence
from rnnviz.training.diagnosis.measures import Readings, percent, short
from rnnviz.training.plan import Plan
from rnnviz.training.tasks.table import TASKS

SHORT_WAY = 0.1
"""Where all updates together move a weight by less, the weights are still those of the start."""
HIGH_RATE = {"sgd": 3.0, "momentum": 0.5}
HIGH_ADAPTIVE_RATE = 0.05
VANISHING = 1e-4
FORGOTTEN = 1e-3
CLIPPED_FAR = 10.0
OPEN_BIAS = 3.0
"""With it a gate lets 95 % through at each step."""


def causes(found: Readings) -> str:
    """One to three sentences, the likeliest cause first."""
    checks: tuple[Callable[[Readings], str | None], ...] = (
        _exploded,
        _too_low,
        _too_high,
        _cut,
        _vanished,
        _too_far_back,
    )
    likely = [words for check in checks if (words := check(found))]
    if not likely:
        advice = found.advice
        left = [advice.higher("epochs"), advice.higher("hidden_size")]
        return (
            "The numbers name no cause: the rate and the gradient look usual. What is left to try: "
            f"{any_of([*left, 'another start of the weights'])}."
        )
    return " ".join(likely[:3])


def kept_bias(plan: Plan) -> float | None:
    """The bias of the gate that keeps, at the start; None for a cell without one."""
    if CELLS[plan.cell].keep_word is None:
        return None
    if plan.gate_bias is not None:
        return plan.gate_bias
    return 1.0 if plan.initialisation == "kept" else 0.0


def _exploded(found: Readings) -> str | None:
    burst = found.burst
    if burst is None or found.recent_loss < burst.loss_before:
        return None
    return (
        f"The run was lost at step {burst.step:,}, where the gradient norm leapt to "
        f"{short(burst.norm)}."
    )


def _too_low(found: Readings) -> str | None:
    if not found.way < SHORT_WAY or _is_high(found):
        return None
    higher = found.advice.higher("learning_rate", max(10 * found.plan.learning_rate, 1e-3))
    if not higher:
        return None
    if found.plan.optimizer in ("sgd", "momentum"):
        moved = f"all updates together moved the weights by {short(found.way)} at most"
    else:
        moved = f"all updates together moved a weight by about {short(found.way)} at most"
    return f"Likely too low a rate: at {short(found.rate)}, {moved}. {sentence([higher])}"


def _is_high(found: Readings) -> bool:
    """Whether the highest rate so far is more than this optimiser bears."""
    return found.rate > HIGH_RATE.get(found.plan.optimizer, HIGH_ADAPTIVE_RATE)


def _too_high(found: Readings) -> str | None:
    limit = HIGH_RATE.get(found.plan.optimizer, HIGH_ADAPTIVE_RATE)
    if not _is_high(found) and not found.recent_loss > 1.3 * found.guessing_loss:
        return None
    if found.rate <= limit / 10:
        return None
    lower = found.advice.lower("learning_rate", found.plan.learning_rate / 10)
    if not lower:
        return None
    said = (
        f"at {short(found.rate)} an update overshoots, and the loss of {short(found.recent_loss)} "
        "stays above what guessing has"
        if found.recent_loss > found.guessing_loss
        else f"{short(found.rate)} is far above the usual range for this optimiser"
    )
    return f"The learning rate is probably too high: {said}. {sentence([lower])}"


def _cut(found: Readings) -> str | None:
    limit = found.plan.clip_norm
    if limit is None or found.clipped_share < 0.95 or found.median_norm < CLIPPED_FAR * limit:
        return None
    return (
        f"{percent(found.clipped_share)} of the gradients are cut from about "
        f"{short(found.median_norm)} to {short(limit)}: the direction of a single batch decides, "
        "and large weights at the start (gain) or a deep past make it nearly random."
    )


def _vanished(found: Readings) -> str | None:
    if not found.median_norm < VANISHING:
        return None
    advice, plan = found.advice, found.plan
    start = ""
    if plan.initialisation == "torch":
        start = advice.choose("initialisation", "orthogonal", "start with orthogonal weights")
    gate = advice.higher("gate_bias", OPEN_BIAS)
    lower = advice.lower("learning_rate", plan.learning_rate / 10)
    return (
        f"Hardly any gradient arrives (median norm {short(found.median_norm)}): units may be "
        "saturated after too large an update, or the signal fades on its way back through time. "
        f"{sentence([lower, start, gate])}"
    ).rstrip()


def _too_far_back(found: Readings) -> str | None:
    plan, back = found.plan, TASKS[found.plan.task].steps_back(found.plan)
    if back < 10:
        return None
    if plan.cell == "rnn":
        shrinks = (
            f"What matters lies {back} steps back, and these first weights shrink a signal at "
            "every step:"
        )
        if plan.initialisation == "torch":
            start = found.advice.choose("initialisation", "orthogonal", "start orthogonal")
            return f"{shrinks} {any_of([start, 'shorten the way'])}."
        if plan.gain < 0.95 and plan.initialisation != "kept":  # which has a gain of its own
            gain = found.advice.higher("gain", 1.0)
            return f"{shrinks} {any_of([gain, 'shorten the way'])}."
        if plan.task == "adding":
            return (
                f"What matters lies up to {plan.length} steps back, between numbers that do not "
                "matter, and an RNN has no gate to let only the marked ones in: take a GRU or an "
                "LSTM, or shorten the sequence."
            )
        return None
    bias = kept_bias(plan)
    assert bias is not None  # a cell with gates has one
    share = 1 / (1 + math.exp(-bias))
    left = share**back
    if left > FORGOTTEN:
        return None
    wanted = float(min(10, math.ceil(math.log(back)) + 1))
    if not found.advice.higher("gate_bias", wanted):
        return None
    return (
        f"What matters lies {back} steps back. At the start the gate that keeps lets "
        f"{percent(share)} through at each step (bias {short(bias)}), so {short(left)} of it is "
        f"left at the end: a bias of {short(wanted)} would leave "
        f"{percent((1 / (1 + math.exp(-wanted))) ** back)}."
    )
