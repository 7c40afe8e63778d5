"""Trap C: a deep link as the first request of a fresh server must still go through app.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from rnnviz.explorer.pages import PAGES
from rnnviz.explorer.parts import router
from tests.pages.conftest import Open


def test_every_page_file_is_listed_and_asks_for_the_router_first(root: Path) -> None:
    files = sorted(path.relative_to(root).as_posix() for path in (root / "pages").glob("*.py"))
    assert files == sorted(page.script for page in PAGES)
    for name in files:
        lines = (root / name).read_text(encoding="utf-8").splitlines()
        first = next(line for line in lines if line.startswith(("st.", "with ", "require_router(")))
        assert first == "require_router()", name


def test_the_guard_is_silent_inside_the_router() -> None:
    with router.active():
        router.require_router()


def test_a_page_run_on_its_own_is_sent_through_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PagesManager, "uses_pages_directory", True)
    asked = []
    monkeypatch.setattr(router.st, "session_state", {})
    monkeypatch.setattr(router.st, "rerun", lambda: asked.append("rerun"))
    router.require_router()
    assert asked == ["rerun"]
    assert PagesManager.uses_pages_directory is False


def test_two_first_visitors_at_once_both_keep_their_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """The flag that another session has just set says nothing about this one."""
    monkeypatch.setattr(PagesManager, "uses_pages_directory", False)
    session: dict[str, bool] = {}
    asked = []
    monkeypatch.setattr(router.st, "session_state", session)
    monkeypatch.setattr(router.st, "rerun", lambda: asked.append("rerun"))
    monkeypatch.setattr(router.st, "switch_page", asked.append)
    router.require_router()
    assert asked == ["rerun"]
    router.require_router()
    assert asked == ["rerun", "app.py", "rerun"]
    with router.active():
        router.require_router()
    assert router.REROUTED not in session


def test_without_the_private_flag_the_public_way_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(PagesManager, "uses_pages_directory")
    asked = []
    monkeypatch.setattr(router.st, "switch_page", asked.append)
    monkeypatch.setattr(router.st, "rerun", lambda: None)
    router.require_router()
    assert asked == ["app.py"]


@pytest.mark.parametrize("page", [page.script for page in PAGES])
def test_every_page_runs_without_an_exception(open_page: Open, models: Path, page: str) -> None:
    app = open_page(page)
    assert isinstance(app, AppTest)
    assert not app.exception
    assert len(app.title) == 1


def test_pages_are_thin(root: Path) -> None:
    for path in (root / "pages").glob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) < 90
