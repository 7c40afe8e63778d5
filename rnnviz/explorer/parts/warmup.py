"""Torch and the models made ready in the background, after the first picture has been painted.

Importing torch takes seconds and holds Python's lock in stretches; a page that shows a stored
reading should not wait for it. One lock guards the import, because two threads that import a large
package at once can see it half done.
"""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Callable, Iterable
from importlib import import_module

_IMPORTING = threading.Lock()
_STARTED = threading.Event()
_IMPORTED = threading.Event()
PAUSE = 1.5
"""Seconds from the end of the first run to the import, in which the browser paints."""


def import_torch() -> None:
    """Import torch, one thread at a time."""
    with _IMPORTING:
        import_module("torch")
        _IMPORTED.set()


def torch_is_here() -> bool:
    """Whether torch has been imported through here, so that asking a network waits for nothing."""
    return _IMPORTED.is_set()


def start(
    prepare: Iterable[Callable[[], object]], *, pause: float = PAUSE
) -> threading.Thread | None:
    """Once per process: pause, import torch, run each of ``prepare``, freeze what is there.

    A frozen object is never looked at by the garbage collector again, which keeps later
    collections short. Returns the thread, or None when the warm-up has been started before.
    """
    if _STARTED.is_set():
        return None
    _STARTED.set()
    thread = threading.Thread(
        target=_warm_up, args=(tuple(prepare), pause), name="rnnviz-warm-up", daemon=True
    )
    thread.start()
    return thread


def _warm_up(prepare: tuple[Callable[[], object], ...], pause: float) -> None:
    threading.Event().wait(pause)
    import_torch()
    for make_ready in prepare:
        try:
            make_ready()
        except (ValueError, OSError) as error:
            # The page says so in its own words when somebody asks for this model.
            logging.getLogger(__name__).info("not made ready: %s", error)
    gc.collect()
    gc.freeze()
