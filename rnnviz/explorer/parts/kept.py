"""What was worked out once and is kept for everybody, within a budget of bytes.

One shelf for the whole server: a reading of a large network takes hundreds of megabytes, one of a
small network a few kilobytes, so their number says nothing. What was used last stays. Streamlit's
own caches count entries; and a visitor can have them cleared.
"""

from __future__ import annotations

import inspect
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import update_wrapper
from time import monotonic
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, Generic, ParamSpec, TypeVar, cast

from rnnviz.runs.budgets import MEGABYTES, MOST_MEGABYTES, whole

HOURS = 3 * 3600.0
"""For how many seconds something is kept that nobody uses: networks of training runs are among it,
which people delete."""

P = ParamSpec("P")
R = TypeVar("R")


class Shelf:
    """Values by key, at most ``most`` bytes of them; what was used longest ago goes first."""

    def __init__(
        self, most: int, *, seconds: float = HOURS, clock: Callable[[], float] = monotonic
    ) -> None:
        self.most = most
        self._seconds, self._clock = seconds, clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[Any, int, float]] = OrderedDict()
        self._making: dict[Hashable, threading.Event] = {}
        self._used = 0

    @property
    def used(self) -> int:
        """The bytes of all that is kept."""
        return self._used

    def get(self, key: Hashable, make: Callable[[], R], *, grows: bool = False) -> R:
        """What is kept under the key, or else what ``make`` returns; others wait until it does.

        What ``grows`` is measured anew whenever it is used.
        """
        while True:
            with self._lock:
                self._drop_old()
                if key in self._kept:
                    value, size, _ = self._kept.pop(key)
                    self._used -= size
                    self._put(key, value, size_of([key, value]) if grows else size)
                    return cast("R", value)
                made = self._making.get(key)
                if made is None:
                    self._making[key] = threading.Event()
                    break
            made.wait()
        try:
            value = make()
            size = size_of([key, value])
            with self._lock:
                self._put(key, value, size)
            return value
        finally:
            with self._lock:
                self._making.pop(key).set()

    def drop(self, owner: str) -> None:
        """Forget everything whose key begins with that name."""
        with self._lock:
            for key in [one for one in self._kept if isinstance(one, tuple) and one[0] == owner]:
                self._used -= self._kept.pop(key)[1]

    def _put(self, key: Hashable, value: Any, size: int) -> None:
        if size > self.most:
            return
        self._kept[key] = (value, size, self._clock())
        self._used += size
        while self._used > self.most:
            self._used -= self._kept.popitem(last=False)[1][1]

    def _drop_old(self) -> None:
        while self._kept:
            _, size, when = next(iter(self._kept.values()))
            if self._clock() - when < self._seconds:
                return
            self._used -= size
            self._kept.popitem(last=False)


SHELF = Shelf(1_000_000 * whole(os.environ, MEGABYTES, MOST_MEGABYTES))
"""The shelf of this server."""


class Kept(Generic[P, R]):
    """A function whose values are kept on the shelf by its arguments.

    Those whose names begin with ``_`` are no part of the key, as with Streamlit's caches. What the
    function raises is not kept.
    """

    def __init__(self, make: Callable[P, R], *, spinner: str = "", grows: bool = False) -> None:
        self._make, self._spinner, self._grows = make, spinner, grows
        self._name = f"{make.__module__}.{make.__qualname__}"
        self._signature = inspect.signature(make)
        update_wrapper(self, make)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The value for these arguments."""
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        named = tuple(one for one in bound.arguments.items() if not one[0].startswith("_"))

        def make() -> R:
            with self._spinning():
                return self._make(*args, **kwargs)

        return SHELF.get((self._name, named), make, grows=self._grows)

    def _spinning(self) -> AbstractContextManager[Any]:
        if not self._spinner:
            return nullcontext()
        import streamlit as st

        return st.spinner(self._spinner)

    def clear(self) -> None:
        """Forget all values of this function."""
        SHELF.drop(self._name)


def kept(make: Callable[P, R]) -> Kept[P, R]:
    """Keep what the function returns, for everybody; it is never written to."""
    return Kept(make)


def kept_with(*, spinner: str = "", grows: bool = False) -> Callable[[Callable[P, R]], Kept[P, R]]:
    """The same with words for who waits, or for values that become larger while they are kept."""
    return lambda make: Kept(make, spinner=spinner, grows=grows)


_SHARED = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType, threading.Event)


def size_of(value: Any) -> int:
    """The bytes that a value and all that hangs on it take in memory, each thing counted once.

    Of a view of an array the whole array counts, which it keeps; of what is shared by everything,
    classes, functions and modules, nothing does.
    """
    seen: dict[int, Any] = {}  # the things themselves, too: another one never gets their number
    memory: dict[int, int] = {}
    pending, size = [value], 0
    while pending:
        one = pending.pop()
        if id(one) in seen or isinstance(one, _SHARED):
            continue
        seen[id(one)] = one
        storage = _storage(one)
        if storage is None:
            size += sys.getsizeof(one, 64)
            pending.extend(_parts(one))
        else:
            memory.update([storage])
    return size + sum(memory.values())


def _storage(value: Any) -> tuple[int, int] | None:
    """Of an array or tensor: where the memory below it begins, and the bytes of that."""
    untyped = getattr(value, "untyped_storage", None)
    if callable(untyped):
        storage = untyped()
        return storage.data_ptr(), storage.nbytes()
    if type(value).__module__ != "numpy" or not hasattr(value, "nbytes"):
        return None
    below = getattr(value, "base", None)
    found = None if below is None else _storage(below)
    return found or (id(value), value.nbytes)


def _parts(value: Any) -> list[Any]:
    if isinstance(value, str | bytes | bytearray | int | float | bool | None):
        return []
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    parts = [vars(value)] if hasattr(value, "__dict__") else []
    slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    parts += [
        getattr(value, name) for name in slots if isinstance(name, str) and hasattr(value, name)
    ]
    # What only goes through its parts, as a queue does, is one of Python's own.
    return [*parts, *value] if type(value).__module__ == "collections" else parts
