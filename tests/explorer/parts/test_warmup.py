"""The warm-up: once, later, and never the reason for an error."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from rnnviz.explorer.parts import warmup


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
    thread.join()
    assert done[0] - began >= 0.19  # it waited, however long the rest took
    assert frozen == [True]
    assert warmup.start([]) is None


FIRST_DRAWING = """
import sys
import numpy as np
from rnnviz.explorer import pages
from rnnviz.explorer.parts import warmup
begun = []
warmup.start = begun.extend
pages.warm_up()
begun[1]()
before = set(sys.modules)
from rnnviz.data import images
board = np.zeros((112, 112), dtype=np.uint8)
board[20:90, 50:60] = 255
images.normalise(board)
print([name for name in sorted(set(sys.modules) - before) if name.startswith("scipy")])
"""


def test_the_first_drawing_waits_for_no_import(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_DRAWING], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
