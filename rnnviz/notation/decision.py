"""When a network makes up its mind: the decision row and the rows where its answer flips.

Both come from the running probabilities ``(T, C)``, what the network would answer if it stopped
after each step. Numpy only; a step counts from 0 as in an array, and from 1 in every sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Flip:
    """A step at which the leading class differs from that of the step before."""

    step: int
    before: int
    after: int


def answers(probabilities: np.ndarray) -> np.ndarray:
    """The leading class after each step, ``(T,)`` ints; the first of equals, as argmax has it.

    Raises ValueError for anything but finite numbers ``(T, C)`` with at least one step and class.
    """
    probabilities = np.asarray(probabilities)
    if probabilities.ndim != 2 or 0 in probabilities.shape:
        raise ValueError(f"expected probabilities (T, C), got shape {probabilities.shape}")
    if not np.isfinite(probabilities).all():
        raise ValueError("expected finite probabilities, got NaN or infinity")
    return np.argmax(probabilities, axis=1)


def flips(probabilities: np.ndarray) -> tuple[Flip, ...]:
    """Every step ``t >= 1`` with ``argmax_c p[t, c] != argmax_c p[t - 1, c]``, in order."""
    leading = answers(probabilities)
    steps = np.flatnonzero(leading[1:] != leading[:-1]) + 1
    return tuple(Flip(int(t), int(leading[t - 1]), int(leading[t])) for t in steps)


def decision_step(probabilities: np.ndarray) -> int:
    """The first step after which the answer never changes: the last flip, or 0 without any."""
    changes = flips(probabilities)
    return changes[-1].step if changes else 0


def flip_words(flip: Flip, classes: Sequence[str], step_word: str = "row") -> str:
    """``At row 9 the answer changes from 7 to 3.``"""
    before, after = classes[flip.before], classes[flip.after]
    return f"At {step_word} {flip.step + 1} the answer changes from {before} to {after}."


def decision_words(
    probabilities: np.ndarray, classes: Sequence[str], step_word: str = "row"
) -> str:
    """One or two sentences on when the answer was settled and how often it had changed before."""
    leading = answers(probabilities)
    steps, settled, changes = len(leading), decision_step(probabilities), flips(probabilities)
    answer = classes[int(leading[-1])]
    if not changes:
        return f"The answer is {answer} from {step_word} 1 on and never changes."
    times = "once" if len(changes) == 1 else f"{len(changes)} times"
    if settled == steps - 1:
        return f"The answer changes {times} and becomes {answer} only at the last {step_word}."
    unread = steps - 1 - settled
    rest = (
        f"the last {step_word} changes" if unread == 1 else f"the last {unread} {step_word}s change"
    )
    return (
        f"The answer changes {times}. From {step_word} {settled + 1} on it is {answer}; "
        f"{rest} nothing any more."
    )
