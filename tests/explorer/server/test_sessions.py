"""Which sessions the server keeps, and how many open files there may be."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from streamlit.runtime import memory_session_storage
from streamlit.runtime.memory_session_storage import MemorySessionStorage

from rnnviz.explorer.server.sessions import (
    FILES_OF_SESSION,
    FILES_RESERVED,
    MOST_KEPT,
    MOST_SESSIONS,
    Sessions,
    keep_sessions_in,
)


@dataclass
class Ended:
    """A session of Streamlit's, as far as its storage knows it."""

    id: str
    is_shut: bool = False

    def shutdown(self) -> None:
        self.is_shut = True


@dataclass
class Info:
    session: Ended


@dataclass
class Clock:
    now: float = 0.0
    made: list[Ended] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def save(self, sessions: Any, name: str) -> Ended:
        self.made.append(Ended(name))
        sessions.save(Info(self.made[-1]))
        return self.made[-1]


def room_for(sessions: int) -> int:
    """The limit of open files at which there is room for so many."""
    return FILES_RESERVED + FILES_OF_SESSION * sessions


def test_a_session_comes_back_within_its_time_and_is_closed_after_it() -> None:
    clock = Clock()
    sessions = Sessions(room_for(10), seconds=120, clock=clock)
    first = clock.save(sessions, "first")
    clock.now = 100
    second = clock.save(sessions, "second")
    assert [info.session.id for info in sessions.list()] == ["first", "second"]
    clock.now = 121
    assert sessions.get("first") is None
    assert (first.is_shut, second.is_shut) == (True, False)
    found = sessions.get("second")
    assert found is not None
    sessions.delete("second")
    clock.now = 10_000
    assert sessions.list() == []
    assert not second.is_shut, "it is connected again"


def test_a_visitor_gets_the_room_of_sessions_whose_browser_is_gone() -> None:
    clock = Clock()
    sessions = Sessions(room_for(4), clock=clock)
    kept = [clock.save(sessions, str(number)) for number in range(4)]
    assert not any(one.is_shut for one in kept)
    assert sessions.come("a")
    assert [one.is_shut for one in kept] == [True, False, False, False]
    assert sessions.come("a")
    assert not sessions.come("a"), "half of all for one address"
    assert sessions.come("b")
    assert sessions.come("c")
    assert all(one.is_shut for one in kept)
    assert not sessions.come("d")
    sessions.go("b")
    assert sessions.come("d")


@pytest.mark.parametrize("files", [0, 256, 1024, 20_000, 10**9])
def test_there_is_room_for_somebody_at_any_limit_and_for_no_more_than_memory_has(
    files: int,
) -> None:
    sessions = Sessions(files)
    assert 1 <= sessions.most <= MOST_SESSIONS
    assert sessions.come("a")
    clock = Clock()
    several = [clock.save(sessions, str(number)) for number in range(2 * MOST_KEPT)]
    assert len(sessions.list()) <= min(MOST_KEPT, sessions.most)
    assert several[0].is_shut


def test_streamlit_keeps_its_sessions_where_we_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_session_storage, "MemorySessionStorage", MemorySessionStorage)
    sessions = Sessions(1000)
    keep_sessions_in(sessions)
    made: Any = memory_session_storage.MemorySessionStorage
    assert made(ttl_seconds=7) is sessions
    assert sessions.seconds == 7
    wanted = memory_session_storage.SessionStorage.__abstractmethods__
    assert wanted
    assert all(callable(getattr(sessions, name)) for name in wanted)


def test_streamlits_own_storage_waits_for_the_next_session() -> None:
    """Why ours is there. When this fails, Streamlit closes what is too old by itself."""
    session = Ended("old")
    storage: Any = MemorySessionStorage(ttl_seconds=0)
    storage.save(Info(session))
    assert storage.list() == []
    assert not session.is_shut


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_the_limit_of_open_files_is_raised(root: Path) -> None:
    code = (
        "import resource\n"
        "_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)\n"
        "hard = 4096 if hard == resource.RLIM_INFINITY else min(4096, hard)\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))\n"
        "from rnnviz.explorer.server.sessions import raise_file_limit\n"
        "print(raise_file_limit(), resource.getrlimit(resource.RLIMIT_NOFILE)[0], hard)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root)
    said, soft, hard = done.stdout.split()
    assert said == soft == hard
