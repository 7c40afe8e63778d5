"""Values from outside, checked: of a message of a browser, or of a file that anybody can write.

JSON as Python reads it has numbers that are none (NaN, Infinity), whole numbers of any length, and
half characters. Here is the one place that decides what is taken. Each function returns the value,
or None for what makes no sense; none raises.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

MOST_WHOLE = 2**53 - 1
"""The largest whole number that JavaScript can count to."""

MOST_DEPTH = 12
MOST_VALUES = 50_000
"""Lists within lists, and values in all, that one message may hold."""


def whole(value: Any, low: int = 0, high: int = MOST_WHOLE) -> int | None:
    """A whole number from ``low`` to ``high``, both included."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return value if is_whole and low <= value <= high else None


def number(value: Any, low: float = -MOST_WHOLE, high: float = MOST_WHOLE) -> float | None:
    """A finite number from ``low`` to ``high``, both included."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        found = float(value)
    except OverflowError:  # a whole number beyond all of the others
        return None
    # NaN is neither smaller nor larger than anything.
    return found if math.isfinite(found) and low <= value <= high else None


def text(value: Any, most: int) -> str | None:
    """A text of at most ``most`` characters, see `well_formed`."""
    return well_formed(value) if isinstance(value, str) and len(value) <= most else None


def fields(value: Any) -> Mapping[str, Any]:
    """The fields of an object; of anything else none."""
    return value if isinstance(value, Mapping) else {}


def sound(value: Any) -> Any:
    """A message as a whole: every number in it finite and no longer than JavaScript's, every text
    one that can be written, and no more of it than a page sends.
    """
    try:
        return _rebuilt(value, MOST_DEPTH, [MOST_VALUES])
    except _UnsoundError:
        return None


def well_formed(value: str) -> str:
    """The text with halves of surrogate pairs, which no file can hold, put together or replaced."""
    if value.isascii():
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class _UnsoundError(Exception):
    """Something in the message is not to be taken."""


def _rebuilt(value: Any, depth: int, left: list[int]) -> Any:
    left[0] -= 1
    if depth < 0 or left[0] < 0:
        raise _UnsoundError
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, int):
        checked: Any = whole(value, -MOST_WHOLE)
    elif isinstance(value, float):
        checked = number(value, -math.inf, math.inf)
    elif isinstance(value, list | tuple):
        checked = [_rebuilt(one, depth - 1, left) for one in value]
    elif isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        items = value.items()
        checked = {well_formed(name): _rebuilt(one, depth - 1, left) for name, one in items}
    else:
        checked = None
    if checked is None:
        raise _UnsoundError
    return checked
