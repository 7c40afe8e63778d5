"""The search for a browser, on machines that exist only here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import chromium


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine whose PATH is one empty folder, without Playwright's download."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(chromium, "MACINTOSH", ())
    monkeypatch.setattr(chromium, "ASK_PLAYWRIGHT", f"print({str(tmp_path / 'own')!r})")
    chromium.executable.cache_clear()
    yield tmp_path
    chromium.executable.cache_clear()


def program(path: Path, code: int = 0) -> str:
    """A program that ends with that code."""
    path.write_text(f"#!/bin/sh\nexit {code}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_the_variable_comes_first(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(machine / "chromium")
    named = program(machine / "mine")
    monkeypatch.setenv("CHROMIUM", named)
    assert chromium.executable() == named


def test_a_variable_that_names_nothing_is_told(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(machine / "chromium")
    for wrong in ("/no/such/browser", program(machine / "broken", code=1)):
        monkeypatch.setenv("CHROMIUM", wrong)
        for look in (chromium.executable, chromium.install):
            with pytest.raises(chromium.ChromiumMissingError, match=f"CHROMIUM.*{wrong}"):
                look()


def test_a_program_that_does_not_start_is_passed_over(machine: Path) -> None:
    program(machine / "chromium-browser", code=1)  # as Ubuntu's, which asks for a snap
    wanted = program(machine / "google-chrome")
    assert chromium.executable() == wanted


def test_playwrights_own_comes_last(machine: Path) -> None:
    own = program(machine / "own")
    assert chromium.executable() == own
    chromium.executable.cache_clear()
    installed = program(machine / "chromium")
    assert chromium.executable() == installed


def test_what_an_installation_brings_is_used(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[list[str]] = []

    def installs(command: list[str]) -> None:
        tried.append(command)
        if command[-2:] == ["install", "chromium"]:
            program(machine / "own")

    monkeypatch.setattr(chromium, "_try", installs)
    assert chromium.install() == str(machine / "own")
    assert len(tried) == 1


@pytest.mark.parametrize("root", [True, False])
def test_where_nothing_works_the_message_says_what_to_do(
    machine: Path, monkeypatch: pytest.MonkeyPatch, root: bool
) -> None:
    program(machine / "apt-get")
    tried: list[str] = []
    monkeypatch.setattr(chromium, "_try", lambda command: tried.append(" ".join(command[-3:])))
    monkeypatch.setattr(chromium.os, "geteuid", lambda: 0 if root else 1000)
    with pytest.raises(chromium.ChromiumMissingError, match="playwright install"):
        chromium.install()
    assert tried[0].endswith("install chromium")
    assert any("apt-get" in command or "-y chromium" in command for command in tried) == root
