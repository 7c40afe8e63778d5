"""How many sessions the server has room for, and what becomes of those whose browser is gone.

Every session holds open files: its connection, and three of an event loop of its own. Streamlit
keeps sessions whose connection broke for a while, so that a browser can come back, and looks for
those that are too old when the next one is put away: at the limit of open files none ever comes.
Here they go when their time has come, and earlier where a visitor needs their room.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter, OrderedDict
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamlit.runtime.session_manager import SessionInfo

FILES_WANTED = 65_536
FILES_RESERVED = 96
"""Open files of the server itself: workers, models, requests."""

FILES_OF_SESSION = 5
"""A connection, the three of an event loop, and one of a request beside it."""

MOST_SESSIONS = 600
MOST_KEPT = 128
SHARE_OF_ADDRESS = 0.5
"""Of the connections; a class behind one router is one address."""


def raise_file_limit() -> int:
    """Let this process open as many files as it may, up to `FILES_WANTED`; returns how many."""
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return FILES_WANTED
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(FILES_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return FILES_WANTED if soft == resource.RLIM_INFINITY else soft


def open_files() -> int:
    """How many files this process has open, where the system tells."""
    for folder in ("/proc/self/fd", "/dev/fd"):
        if os.path.isdir(folder):
            return len(os.listdir(folder))
    return 0


class Sessions:
    """The sessions of the server: those with a connection are counted, by address, and those
    without one are kept for ``seconds``. It is the storage that Streamlit asks for.
    """

    def __init__(
        self, files: int, *, seconds: float = 120, clock: Callable[[], float] = monotonic
    ) -> None:
        self.most = max(1, min(MOST_SESSIONS, (files - FILES_RESERVED) // FILES_OF_SESSION))
        self.seconds, self._clock = seconds, clock
        self._connected: Counter[str] = Counter()
        self._kept: OrderedDict[str, tuple[float, SessionInfo]] = OrderedDict()

    def come(self, address: str) -> bool:
        """Whether there is room for one more connection from there, which is then counted."""
        share = max(1, int(SHARE_OF_ADDRESS * self.most))
        if self._connected.total() >= self.most or self._connected[address] >= share:
            return False
        self._connected[address] += 1
        self._tidy()
        return True

    def go(self, address: str) -> None:
        """A connection from there has ended."""
        self._connected[address] -= 1
        self._connected += Counter()  # without those at zero

    def get(self, session_id: str) -> SessionInfo | None:
        """The session of that id, when it is kept."""
        self._tidy()
        found = self._kept.get(session_id)
        return None if found is None else found[1]

    def save(self, session_info: SessionInfo) -> None:
        """Keep a session whose connection has ended."""
        self._kept[session_info.session.id] = (self._clock() + self.seconds, session_info)
        self._tidy()
        with suppress(RuntimeError):  # outside of a server nobody waits
            asyncio.get_running_loop().call_later(self.seconds + 0.1, self._tidy)

    def delete(self, session_id: str) -> None:
        """Keep that session no longer: it is connected again, or has been closed."""
        del self._kept[session_id]

    def list(self) -> list[SessionInfo]:
        """All that are kept."""
        self._tidy()
        return [info for _, info in self._kept.values()]

    def _tidy(self) -> None:
        """Close the kept sessions whose time has come, and the oldest where the room is needed."""
        room = min(MOST_KEPT, self.most - self._connected.total())
        while self._kept:
            until, info = next(iter(self._kept.values()))
            if until > self._clock() and len(self._kept) <= room:
                return
            self._kept.popitem(last=False)
            info.session.shutdown()


def keep_sessions_in(sessions: Sessions) -> None:
    """Let Streamlit keep its sessions there; where it makes them otherwise, nothing is changed.

    `tests/explorer/server/test_sessions.py` says when this can go.
    """
    from streamlit.runtime import memory_session_storage

    def made(ttl_seconds: float = sessions.seconds, **_: Any) -> Sessions:
        sessions.seconds = ttl_seconds
        return sessions

    if hasattr(memory_session_storage, "MemorySessionStorage"):
        memory_session_storage.MemorySessionStorage = made  # type: ignore
