"""What a network makes of a text, in words for a person: the answer, how sure, how much was read.

Numbers in, sentences out. Nothing of the text itself is ever in them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SURE = ((0.95, "very sure"), (0.8, "fairly sure"), (0.65, "leaning that way"), (0.0, "undecided"))
"""From which probability on which words are used."""

UNIT = "\N{NO-BREAK SPACE}%"


def answer_words(
    who: str, probabilities: np.ndarray, classes: Sequence[str], truth: str | None = None
) -> str:
    """``The LSTM says positive: 97 %, very sure.`` and whether a person would.

    ``probabilities`` ``(C,)`` are those after the last token.
    """
    best = int(probabilities.argmax())
    probability = float(probabilities[best])
    sure = next(words for least, words in SURE if probability >= least)
    said = f"{who} says {classes[best]}: {percent(probability)}, {sure}."
    if truth is None:
        return said
    agrees = truth == classes[best]
    return f"{said} A person {'agrees' if agrees else f'would say {truth}'}."


def percent(probability: float) -> str:
    """Whole percent up to 99, then tenths, and never 100: a network is never certain."""
    share = 100 * probability
    if share < 99:
        return f"{share:.0f}{UNIT}"
    return f"over 99.9{UNIT}" if share >= 99.95 else f"{share:.1f}{UNIT}"


def reach_words(
    tokens: int,
    *,
    unknown: int = 0,
    left_out: tuple[int, int, int] | None = None,
    answered: int | None = None,
) -> str:
    """How many tokens are read, what is left out, and what the network does not know.

    ``left_out`` are the tokens before the gap, those in it, and its characters; ``answered`` after
    how many of the tokens the answer so far was worked out.
    """
    if left_out is None:
        said = f"It reads {_many(tokens, 'token')}: words, parts of words, and signs."
    else:
        before, gap, characters = left_out
        said = (
            f"Of this long text it reads the first {before:,} and the last {tokens - before:,} "
            f"tokens; {gap:,} between them ({characters:,} characters) are left out."
        )
    if unknown:
        which = "One of them it does not know" if unknown == 1 else f"It does not know {unknown:,}"
        said += f" {which}{' of them' if unknown > 1 else ''} (dotted)."
    if answered is not None and answered < tokens:
        said += f" The answer so far was worked out after {answered:,} of {tokens:,} tokens."
    return said


def _many(count: int, name: str) -> str:
    return f"{count:,} {name}{'' if count == 1 else 's'}"
