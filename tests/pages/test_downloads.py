"""Files to download, through Streamlit's own manager of files, with a clock of the test's."""

from __future__ import annotations

import pytest
from streamlit.runtime import media_file_manager
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from rnnviz.ui import downloads


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
    """When this fails, `rnnviz.ui.downloads` can go."""
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
