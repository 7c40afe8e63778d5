"""The warm-up: once, later, and never the reason for an error."""

from __future__ import annotations

import gc
import threading
import time

import pytest

from rnnviz import warmup


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warmup, "_STARTED", threading.Event())


@pytest.mark.usefixtures("fresh")
def test_it_waits_prepares_and_freezes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(True))
    done: list[float] = []
    began = time.monotonic()

    def missing() -> None:
        raise ValueError("no such model")

    thread = warmup.start([missing, lambda: done.append(time.monotonic())], pause=0.2)
    assert thread is not None
    assert thread.daemon
    assert time.monotonic() - began < 0.1
    thread.join(60)
    assert done
    assert done[0] - began >= 0.2
    assert frozen == [True]
    assert warmup.start([]) is None
