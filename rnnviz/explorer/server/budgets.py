"""How much of uploaded files the server holds in memory: for a session, for an address, for all.

Streamlit keeps an uploaded file until its widget or its session is gone, and bounds one file only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

LARGEST = 11_000_000
"""Bytes of one upload, with what is around it: what an upload of unknown length is counted as."""

MOST_OF_SESSION = 32_000_000
MOST_OF_ADDRESS = 160_000_000
MOST_OF_ALL = 320_000_000

BESIDE = 1_000
"""Bytes that a file takes beside its contents: empty ones are not free."""

Held = Callable[[], Mapping[str, int]]


class NoRoomError(Exception):
    """There is no room for an upload; the message says to a person what to do."""


class Budgets:
    """``held`` are the bytes of files that each session has here now, by its id."""

    def __init__(self, held: Held) -> None:
        self._held = held
        self._coming: Counter[str] = Counter()
        self._addresses: dict[str, str] = {}

    @contextmanager
    def taken(self, session: str, address: str, size: int | None) -> Iterator[None]:
        """Room for one upload while it comes; raises NoRoomError where there is none."""
        size = min(LARGEST, size if size is not None else LARGEST)
        used = Counter(self._held()) + self._coming
        self._addresses = {one: self._addresses[one] for one in used if one in self._addresses}
        of_address = sum(n for one, n in used.items() if self._addresses.get(one) == address)
        if used[session] + size > MOST_OF_SESSION:
            raise NoRoomError(
                "Remove a file that you uploaded before, or reload the page: no room."
            )
        if of_address + size > MOST_OF_ADDRESS or used.total() + size > MOST_OF_ALL:
            raise NoRoomError(
                "Try again in some minutes: the server holds too many files just now."
            )
        self._addresses[session] = address
        self._coming[session] += size
        try:
            yield
        finally:
            self._coming[session] -= size
            self._coming += Counter()  # without those at zero


def held_by_streamlit() -> Mapping[str, int]:
    """The bytes of files that Streamlit holds for each session."""
    from streamlit import runtime

    if not runtime.exists():
        return {}
    storage = getattr(runtime.get_instance().uploaded_file_mgr, "file_storage", {})
    return {
        session: sum(len(file.data) + BESIDE for file in list(files.values()))
        for session, files in list(storage.items())
    }
