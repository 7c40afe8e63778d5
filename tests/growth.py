"""How work grows with what it is given, on whatever machine: times are compared with each other."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
TRIES, MOST = 3, 64.0
NOTHING = 0.002
"""Seconds of the processor that are not worth comparing."""


def assert_in_proportion(work: Callable[[T], object], whole: T, sixteenth: T) -> None:
    """`work` on `whole` takes about 16 times what it takes on a `sixteenth` of it, not 256.

    64 is allowed. The processor's time is counted, not the clock's, and the least time of three
    tries, so neither a slow machine nor a busy one matters.
    """
    short = min(_seconds(work, sixteenth) for _ in range(TRIES))
    long = min(_seconds(work, whole) for _ in range(TRIES))
    growth = long / max(short, NOTHING)
    assert growth < MOST, f"{growth:.0f} times as long for 16 times as much"


def _seconds(work: Callable[[T], object], given: T) -> float:
    start = time.process_time()
    work(given)
    return time.process_time() - start
