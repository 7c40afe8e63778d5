"""What is kept for everybody stays within its bytes. The oracle for a size is `nbytes`."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import deque
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from rnnviz.explorer.parts import kept as shelves
from rnnviz.explorer.parts.kept import Shelf, kept, kept_with, size_of

LARGE = 1_000_000


def large(count: int = 1) -> np.ndarray:
    return np.zeros(count * LARGE, np.uint8)


@dataclass(frozen=True)
class Slotted:
    __slots__ = ("array",)
    array: np.ndarray


@dataclass
class Plain:
    array: np.ndarray


def tensor() -> Any:
    import torch

    return torch.zeros(LARGE // 4)


@pytest.mark.parametrize(
    "value",
    [
        large(),
        large()[:10],
        large().reshape(1000, 1000)[3:, ::2],
        [large()],
        {"a": {"b": (large(),)}},
        {large().tobytes(): 1},
        "x" * LARGE,
        MappingProxyType({"a": large()}),
        deque([large()]),
        Plain(large()),
        Slotted(large()),
        tensor(),
        tensor()[:3].numpy(),
        [tensor()[:3], tensor()[:3]][:1],
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_size_is_that_of_the_memory_below(value: Any) -> None:
    assert size_of(value) == pytest.approx(LARGE, rel=0.01)


def test_what_is_shared_counts_once() -> None:
    array, held = large(), tensor()
    assert size_of([array, array[:5], {"again": array}]) == pytest.approx(LARGE, rel=0.01)
    assert size_of([held, held.numpy(), held[5:]]) == pytest.approx(LARGE, rel=0.01)
    assert size_of([large(), large()]) == pytest.approx(2 * LARGE, rel=0.01)
    around: list[Any] = [array]
    around.append(around)
    assert size_of(around) == pytest.approx(LARGE, rel=0.01)


def test_a_network_counts_its_weights() -> None:
    import torch

    network = torch.nn.LSTM(64, 256)
    weights = sum(weight.nbytes for weight in network.parameters())
    assert size_of(network) == pytest.approx(weights, rel=0.05)


def test_a_reading_counts_its_arrays(models: Any) -> None:
    from rnnviz.explorer.digits import exhibit
    from rnnviz.explorer.digits.readings import reading

    picture = exhibit.sample(1)
    read = reading("mnist-lstm", picture.pixels, picture.truth)
    arrays = sum(
        signal.nbytes
        for layer in read.layers
        for signals in layer.directions.values()
        for signal in signals.values()
    )
    assert arrays > 50_000
    assert arrays < size_of(read) < 2 * arrays


def test_what_was_used_longest_ago_goes_first() -> None:
    shelf = Shelf(3 * LARGE + 100_000)
    for name in "abc":
        shelf.get(name, large)
    shelf.get("a", pytest.fail)
    shelf.get("d", large)
    assert shelf.used <= shelf.most
    for name in "acd":
        shelf.get(name, pytest.fail)
    made: list[str] = []
    shelf.get("b", lambda: made.append("b") or large())
    assert made == ["b"]


def test_what_is_larger_than_the_shelf_is_made_and_drives_out_nothing() -> None:
    shelf = Shelf(2 * LARGE)
    shelf.get("small", large)
    assert len(shelf.get("huge", lambda: large(5))) == 5 * LARGE
    shelf.get("small", pytest.fail)
    assert shelf.used == pytest.approx(LARGE, rel=0.01)


def test_what_nobody_uses_for_hours_is_gone() -> None:
    now = [0.0]
    shelf = Shelf(10 * LARGE, seconds=60, clock=lambda: now[0])
    shelf.get("old", large)
    now[0] = 50
    shelf.get("new", large)
    now[0] = 61
    shelf.get("new", pytest.fail)
    assert shelf.used == pytest.approx(LARGE, rel=0.01)


def test_what_grows_is_measured_again() -> None:
    shelf = Shelf(3 * LARGE)
    grown: list[np.ndarray] = shelf.get("list", list, grows=True)
    grown.append(large(2))
    shelf.get("list", pytest.fail, grows=True)
    assert shelf.used == pytest.approx(2 * LARGE, rel=0.01)
    shelf.get("other", lambda: large(2))
    assert shelf.used == pytest.approx(2 * LARGE, rel=0.01)


def test_two_who_ask_at_once_get_one_value_and_a_fault_is_not_kept() -> None:
    shelf, made = Shelf(LARGE), []
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> object:
        begun.set()
        assert go_on.wait(60)
        made.append(object())
        return made[-1]

    got: list[object] = []
    first = threading.Thread(target=lambda: got.append(shelf.get("key", slow)))
    first.start()
    assert begun.wait(60)
    second = threading.Thread(target=lambda: got.append(shelf.get("key", slow)))
    second.start()
    go_on.set()
    first.join(60)
    second.join(60)
    assert got == [made[0], made[0]]

    def bad() -> object:
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            shelf.get("bad", bad)
    assert shelf.get("bad", lambda: 3) == 3


def test_arguments_are_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelves, "SHELF", Shelf(LARGE))
    calls: list[tuple[object, ...]] = []

    @kept
    def add(one: int, two: int = 1, *, _by: str = "") -> int:
        calls.append((one, two, _by))
        return one + two

    @kept_with(grows=True)
    def other(one: int) -> int:
        return -one

    assert [add(1), add(1, 1), add(one=1, _by="me"), other(1)] == [2, 2, 2, -1]
    assert len(calls) == 1
    assert add(2) == 3
    add.clear()
    assert add(1) == 2
    assert len(calls) == 3
    assert add.__name__ == "add"


def test_a_visitor_cannot_have_it_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    import streamlit as st

    monkeypatch.setattr(shelves, "SHELF", Shelf(LARGE))
    made: list[int] = []

    @kept
    def value() -> int:
        made.append(1)
        return 1

    value()
    st.cache_resource.clear()
    st.cache_data.clear()
    value()
    assert made == [1]


def test_the_shelf_is_as_large_as_the_environment_says() -> None:
    """A wrong number ends the start of the server: `tests/explorer/server/test_settings.py`."""
    command = [
        sys.executable,
        "-c",
        "from rnnviz.explorer.parts import kept; print(kept.SHELF.most)",
    ]
    for said, most in (("20", 20_000_000), ("", 1_000_000_000)):
        environment = {**os.environ, "RNNVIZ_CACHE_MB": said}
        told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert told.stdout.split() == [str(most)]
