"""`python -m tests.busy COMMAND ...` runs a command while every core is busy with something else.

A test that passes alone and fails here waits for time to pass instead of for a state.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SPIN = "import os; parent = os.getppid()\nwhile os.getppid() == parent: pass"
"""Ends by itself where the process that started it was killed."""


@contextmanager
def busy(count: int | None = None) -> Iterator[None]:
    """While this is open, `count` processes do nothing but use a core; one for each by default."""
    spinning = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(count or cores())]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


if __name__ == "__main__":
    with busy():
        sys.exit(subprocess.run(sys.argv[1:], check=False).returncode)
