"""Files to download, through Streamlit's own manager of files, with a clock of the test's."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable
from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackendOperationRequest
from streamlit.runtime import media_file_manager
from streamlit.runtime.backend_operation_handler import DeferredFileHandler
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from rnnviz.explorer.parts import downloads


class Clock:
    """Seconds that pass when the test says so."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(downloads, "time", made)
    monkeypatch.setattr(media_file_manager, "_get_session_id", lambda: "mine")
    return made


@pytest.fixture
def unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit's own sweep."""
    for name in ("remove_orphaned_files", "_remove_orphaned_deferred_callables"):
        now = getattr(MediaFileManager, name)
        monkeypatch.setattr(MediaFileManager, name, getattr(now, "__wrapped__", now))


def manager() -> tuple[MediaFileManager, MemoryMediaFileStorage]:
    storage = MemoryMediaFileStorage("/media")
    return MediaFileManager(storage), storage


def page_runs(files: MediaFileManager) -> str:
    """A run of the page with one download button; returns the id of its file."""
    files.clear_session_refs()
    named = files.add_deferred(lambda: b"trace", "text/csv", "0.1", "trace.csv")
    files.remove_orphaned_files()
    return named


def test_streamlit_itself_forgets_them(unchanged: None, clock: Clock) -> None:
    """When this fails, `rnnviz.explorer.parts.downloads` can go."""
    files, _ = manager()
    clicked = page_runs(files)
    page_runs(files)
    with pytest.raises(Exception, match="not found"):
        files.execute_deferred(clicked)


def test_a_click_on_the_page_before_the_last_run_is_served(clock: Clock) -> None:
    downloads.keep_downloads()
    files, storage = manager()
    clicked = page_runs(files)
    for _ in range(40):  # runs of other people, too, end with a sweep
        page_runs(files)
        clock.now += 1
    url = files.execute_deferred(clicked)
    for _ in range(40):
        page_runs(files)
    assert storage.get_file(url.rpartition("/")[2]).content == b"trace"


def test_what_nobody_needs_any_more_goes(clock: Clock) -> None:
    downloads.keep_downloads()
    files, storage = manager()
    clicked = page_runs(files)
    url = files.execute_deferred(clicked)
    latest = clicked
    for _ in range(3):
        latest = page_runs(files)
        clock.now += downloads.GRACE
    with pytest.raises(Exception, match="not found"):
        files.execute_deferred(clicked)
    with pytest.raises(Exception, match=r"[Bb]ad|not found"):
        storage.get_file(url.rpartition("/")[2])
    files.remove_orphaned_files()
    assert files.execute_deferred(latest)
    assert len(files._deferred_callables) <= 2


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit's own handler, guarded anew."""
    now = DeferredFileHandler.handle
    monkeypatch.setattr(DeferredFileHandler, "handle", getattr(now, "__wrapped__", now))
    downloads.keep_to_sessions()


def asked(files: MediaFileManager, id: str, session: str) -> Awaitable[Any]:
    request = BackendOperationRequest(request_id="1")
    request.deferred_file.file_id = id
    return DeferredFileHandler(lambda: files).handle(request, session)


def test_an_id_is_worth_nothing_to_a_stranger(
    guarded: None, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor does a forged one write a fault into the log."""
    files, storage = manager()
    id = page_runs(files)
    for session, asked_for in (("another", id), ("mine", "0" * 32), ("mine", ""), ("", id)):
        answer = asyncio.run(asked(files, asked_for, session))
        assert answer.error_msg == downloads.REFUSED and not answer.deferred_file.url
    assert not storage._files_by_id and not caplog.records
    assert asyncio.run(asked(files, id, "mine")).deferred_file.url


def test_a_session_makes_few_files_at_once(guarded: None, clock: Clock) -> None:
    """However fast it asks: each takes a thread that others need as well."""
    files, _ = manager()
    goes_on, made = threading.Event(), []

    def slow() -> bytes:
        assert goes_on.wait(60)
        made.append(1)
        return b"zip"

    id = files.add_deferred(slow, "application/zip", "0.1", "run.zip")

    async def at_once() -> list[Any]:
        every = [asyncio.ensure_future(asked(files, id, "mine")) for _ in range(30)]
        while sum(one.done() for one in every) < 30 - downloads.MOST_AT_ONCE:
            await asyncio.sleep(0)
        goes_on.set()
        return list(await asyncio.gather(*every))

    answers = asyncio.run(at_once())
    assert len(made) == downloads.MOST_AT_ONCE
    assert sum(bool(one.error_msg) for one in answers) == 30 - downloads.MOST_AT_ONCE
    assert asyncio.run(asked(files, id, "mine")).deferred_file.url, "the next one is made"
