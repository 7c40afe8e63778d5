"""Why a run may not learn: the causes that its numbers point to, and what to change."""

from __future__ import annotations

import math
from collections.abc import Callable

from rnnviz.training.plan import Plan
from rnnviz.training.readings import Readings, percent, short

SHORT_WAY = 0.1
"""Where all updates together move a weight by less, the weights are still those of the start."""
HIGH_RATE = {"sgd": 3.0, "momentum": 0.5}
HIGH_ADAPTIVE_RATE = 0.05
VANISHING = 1e-4
FORGOTTEN = 1e-3
CLIPPED_FAR = 10.0


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
        return (
            "The numbers name no cause: the rate and the gradient look usual. More epochs, more "
            "units or another start of the weights are what is left to try."
        )
    return " ".join(likely[:3])


def steps_back(plan: Plan) -> int:
    """How many steps lie between what matters and the answer."""
    return {
        "recall": plan.delay + 1,
        "copy": plan.delay + plan.length,
        "adding": plan.length // 2,
    }.get(plan.task, 0)


def kept_bias(plan: Plan) -> float | None:
    """The bias of the gate that keeps, at the start; None for a cell without one."""
    if plan.cell == "rnn":
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
    if not found.way < SHORT_WAY:
        return None
    if found.plan.optimizer in ("sgd", "momentum"):
        moved = f"all updates together moved the weights by {short(found.way)} at most"
    else:
        moved = f"all updates together moved a weight by about {short(found.way)} at most"
    return (
        f"Likely too low a rate: at {short(found.rate)}, {moved}. "
        f"Try {short(max(10 * found.plan.learning_rate, 1e-3))}."
    )


def _too_high(found: Readings) -> str | None:
    limit = HIGH_RATE.get(found.plan.optimizer, HIGH_ADAPTIVE_RATE)
    if found.rate <= limit and not found.recent_loss > 1.3 * found.guessing_loss:
        return None
    if found.rate <= limit / 10:
        return None
    return (
        f"Likely too high a rate: at {short(found.rate)} an update overshoots, and the loss of "
        f"{short(found.recent_loss)} stays above what guessing has. "
        f"Try {short(found.plan.learning_rate / 10)} or less."
        if found.recent_loss > found.guessing_loss
        else f"Likely too high a rate: {short(found.rate)} is far above what this optimiser bears. "
        f"Try {short(found.plan.learning_rate / 10)} or less."
    )


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
    return (
        f"Hardly any gradient arrives (median norm {short(found.median_norm)}): units may be "
        "saturated after too large an update, or the signal fades on its way back through time. "
        "A lower rate, orthogonal weights or a gate that starts by keeping help."
    )


def _too_far_back(found: Readings) -> str | None:
    plan, back = found.plan, steps_back(found.plan)
    if back < 10:
        return None
    if plan.cell == "rnn":
        if plan.initialisation == "torch" or plan.gain < 0.95:
            return (
                f"What matters lies {back} steps back, and these first weights shrink a signal at "
                "every step: start orthogonal, or shorten the way."
            )
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
    wanted = min(10.0, math.ceil(math.log(back)) + 1)
    return (
        f"What matters lies {back} steps back. At the start the gate that keeps lets "
        f"{percent(share)} through at each step (bias {short(bias)}), so {short(left)} of it is "
        f"left at the end: a bias of {short(wanted)} would leave "
        f"{percent((1 / (1 + math.exp(-wanted))) ** back)}."
    )
