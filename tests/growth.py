"""How work grows with what it is given, on whatever machine: times are compared with each other."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
TRIES, MOST = 3, 10.0
NOTHING = 0.005
"""Seconds of the processor that are not worth comparing."""


def assert_in_proportion(work: Callable[[T], object], whole: T, quarter: T) -> None:
    """`work` on `whole` takes about four times what it takes on a `quarter` of it, not sixteen.

    Ten is allowed. The processor's time is counted, not the clock's, and one try of three is
    enough, so neither a slow machine nor a busy one matters.
    """
    growths = []
    while len(growths) < TRIES and min(growths, default=MOST) >= MOST:
        short, long = _seconds(work, quarter), _seconds(work, whole)
        growths.append(long / max(short, NOTHING))
    assert min(growths) < MOST, f"{min(growths):.0f} times as long for four times as much"


def _seconds(work: Callable[[T], object], given: T) -> float:
    start = time.process_time()
    work(given)
    return time.process_time() - start
