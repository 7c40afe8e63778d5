"""Which words name the columns of a table, and whether its first row does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from statistics import median

# What people call a column of texts and one of labels, the likeliest first.
TEXT_NAMES = (
    "text", "review", "review_text", "reviewtext", "sentence", "comment", "content", "message",
    "body", "tweet", "description", "summary",
)  # fmt: skip
LABEL_NAMES = (
    "label", "sentiment", "class", "category", "target", "rating", "stars", "score", "polarity",
)  # fmt: skip
USUAL_NAMES = (*TEXT_NAMES, *LABEL_NAMES, "id", "index")

MOST_KINDS = 20
LONGEST_NAME = 60
ROWS_TO_GUESS_FROM = 1000

A_SENTENCE = re.compile(r"\w+\W+\w+\W+\w.*[.!]", re.DOTALL)


def has_usual_name(fields: Iterable[str], names: Sequence[str] = USUAL_NAMES) -> bool:
    """Whether a field is one of the names, or more than one of it: `Reviews`."""
    folded = (one.strip().casefold().replace(" ", "_") for one in fields)
    return any(one in names or one.removesuffix("s") in names for one in folded)


def is_header(first: list[str], below: list[list[str]]) -> bool:
    """Whether the first row names the columns.

    A usual name tells that it does. A number, a whole sentence, and a value of a column in which
    few come again and again tell that it does not. Of one column it does where the rows below have
    twice as many words.
    """
    fields = [field.strip() for field in first]
    if not any(fields):
        return False
    if has_usual_name(fields):
        return True
    if any(
        len(one) > LONGEST_NAME or is_number(one) or A_SENTENCE.fullmatch(one) for one in fields
    ):
        return False
    below = below[:ROWS_TO_GUESS_FROM]
    if len(fields) == 1 and below:
        return 2 * len(fields[0].split()) <= median(len(row[0].split()) for row in below)
    for place, one in enumerate(fields):
        values = [row[place].strip() for row in below]
        few = len(set(values)) <= min(MOST_KINDS, len(values) / 2)
        if one and few and values.count(one) > 1:
            return False
    return True


def is_number(text: str) -> bool:
    """Whether Python reads the text as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True
