"""`rnnviz.parsing` with readers that misbehave, for the tests of what the server does then."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from rnnviz.data import DataError
from rnnviz.parsing.asking import READERS, TEXTS, Limits, Reader

__all__ = ["TEXTS"]


class OddError(DataError):
    """A kind of the reader's own error."""


def echo(data: bytes, times: int = 1) -> tuple[str, ...]:
    return (data.decode() * times,)


def abort(data: bytes) -> tuple[str, ...]:
    os.abort()


def leave(data: bytes) -> tuple[str, ...]:
    os._exit(7)


def broken(data: bytes) -> tuple[str, ...]:
    raise ZeroDivisionError("of this program")


def refuse(data: bytes) -> tuple[str, ...]:
    raise OddError("expected a film, got none: bring one")


def hide_memory(data: bytes) -> tuple[str, ...]:
    """As readers do that take every error of a library for damage."""
    try:
        raise MemoryError
    except Exception as failure:
        raise DataError("expected a whole file, got a damaged one") from failure


def take_memory(data: bytes) -> tuple[str, ...]:
    kept = []
    while True:
        kept.append(bytearray(10_000_000))


def take_time(data: bytes) -> tuple[str, ...]:
    while True:
        pass


def sleep(data: bytes) -> tuple[str, ...]:
    time.sleep(3600)
    return ()


def chatter(data: bytes) -> tuple[str, ...]:
    print("a" * 100_000)
    os.write(1, b"noise" * 1000)
    print("b", file=sys.stderr)
    return ("quiet",)


def other_kind(data: bytes) -> int:
    return 3


def start_another(data: bytes) -> tuple[str, ...]:
    """A process of its own, whose number goes into the file that `data` names."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    with open(data.decode() + "~", "w", encoding="ascii") as file:
        file.write(str(child.pid))
    os.replace(data.decode() + "~", data.decode())
    time.sleep(3600)
    return ()


def environment(data: bytes) -> tuple[str, ...]:
    return tuple(os.environ)


def limits(data: bytes) -> tuple[str, ...]:
    import resource

    kinds = (resource.RLIMIT_CPU, resource.RLIMIT_CORE, resource.RLIMIT_AS)
    return tuple(str(resource.getrlimit(kind)[0]) for kind in kinds)


EVERY = (
    echo, abort, leave, broken, refuse, hide_memory, take_memory, take_time, sleep, chatter,
    other_kind, start_another, environment, limits,
)  # fmt: skip
FAKES = {
    one.__name__: Reader(
        f"tests.fake_reader:{one.__name__}",
        "rnnviz.parsing.asking:TEXTS",
        limits=Limits(seconds=1, megabytes=200, wall_seconds=600.0, answer=1),
    )
    for one in EVERY
}

if __name__ == "__main__":
    from rnnviz.parsing.__main__ import main

    READERS.update(FAKES)
    main()
