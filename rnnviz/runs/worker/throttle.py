"""How often something may be done, so that it costs a small part of the time only."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Throttle:
    """Due every `seconds`, and never so often that it takes more than `share` of the time.

    The share holds for the clock and for processor time, of which a busy machine gives little.
    """

    def __init__(self, seconds: float, *, share: float = 0.01, at_once: bool = False) -> None:
        self._seconds, self._share = seconds, share
        self._next = 0.0 if at_once else time.monotonic() + seconds
        self._next_work = 0.0

    @property
    def due(self) -> bool:
        """Whether it is time."""
        return time.monotonic() >= self._next and time.process_time() >= self._next_work

    @contextmanager
    def spending(self) -> Iterator[None]:
        """Do it, and see what it costs."""
        start, work = time.monotonic(), time.process_time()
        try:
            yield
        finally:
            end, worked = time.monotonic(), time.process_time()
            self._next = end + max(self._seconds, (end - start) / self._share)
            self._next_work = worked + (worked - work) / self._share
