"""JSON read strictly and written strictly: a disk, a pipe or a stranger may say anything.

What is read has finite numbers of usual size, texts that can be written again, and few levels. What
is written has no NaN and no infinity, which JSON has not: they are null.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from rnnviz.safe import checked

LARGEST = checked.MOST_WHOLE
"""Whole numbers beyond it are not exact as float64, and none that we write is as large."""
MOST_DIGITS = 40
"""Of a whole number; files of tokenizers say "no limit" with 31 of them."""
MOST_DEPTH = 32
LONGEST_TEXT = 1_000_000


def loads(text: str | bytes, *, depth: int = MOST_DEPTH, longest: int = LONGEST_TEXT) -> Any:
    """The value of a JSON text.

    Raises ValueError, and nothing else, for what is no JSON, for NaN and infinity, for numbers of
    more than `MOST_DIGITS` digits, for more than `depth` levels, and for texts of more than
    `longest` letters or with half a character in them.
    """
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite, parse_int=_usual)
    except RecursionError as failure:
        raise ValueError(f"expected at most {depth} levels, got more") from failure
    _check(value, depth, longest)
    return value


def load_object(text: str | bytes, **bounds: int) -> dict[str, Any]:
    """As `loads`, of a text that has to be an object."""
    value = loads(text, **bounds)
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object, got {type(value).__name__}")
    return value


def dumps(value: Any, **words: Any) -> str:
    """The JSON text of a value, with null for numbers that JSON has not."""
    return json.dumps(plain(value), allow_nan=False, **words)


def plain(value: Any) -> Any:
    """The value as JSON has it: NaN and infinity are None, tuples lists, NumPy's numbers ours."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float) or hasattr(value, "item"):
        number = value.item() if hasattr(value, "item") else value
        return number if not isinstance(number, float) or math.isfinite(number) else None
    return value


def is_number(value: Any, least: float = -math.inf, most: float = math.inf) -> bool:
    """Whether that is a finite number, no truth value, from `least` to `most`."""
    if isinstance(value, int):  # of any length: it is never made a float
        return checked.whole(value, -LARGEST) is not None and least <= value <= most
    return checked.number(value, least, most) is not None


def is_count(value: Any, most: int = LARGEST) -> bool:
    """Whether that is a whole number, no truth value, from 0 to `most`."""
    return checked.whole(value, 0, most) is not None


def is_text(value: Any, longest: int) -> bool:
    """Whether that is a text of at most `longest` letters, each a whole character."""
    return isinstance(value, str) and checked.text(value, longest) == value


def _no_constant(word: str) -> float:
    raise ValueError(f"expected a number, got {word}")


def _finite(written: str) -> float:
    number = float(written)
    if not math.isfinite(number):
        raise ValueError(f"expected a finite number, got {written[:20]}")
    return number


def _usual(written: str) -> int:
    if len(written) > MOST_DIGITS:
        raise ValueError(f"expected a number of usual size, got {written[:20]} and more")
    return int(written)


def _check(value: Any, depth: int, longest: int) -> None:
    level = [value]
    for _ in range(depth + 1):
        below = []
        for one in level:
            if isinstance(one, str):
                if not is_text(one, longest):
                    raise ValueError("expected texts of usual length, got another one")
            elif isinstance(one, dict):
                below += [*one.keys(), *one.values()]
            elif isinstance(one, list):
                below += one
        if not below:
            return
        level = below
    raise ValueError(f"expected at most {depth} levels, got more")
