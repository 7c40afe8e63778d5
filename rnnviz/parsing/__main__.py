"""Read strangers' files for the server: `python -m rnnviz.parsing CREW SECONDS`.

Everything is imported first. Then, on Linux, each file is read in a fork of this process, which
takes milliseconds; elsewhere one file is read and the process ends. Limits on memory and computing
time count from there, so a file finds nothing of the one before it and cannot take what others
need. The process ends with the server, as its standard input does, or after so many seconds without
a file (0: never).
"""

from __future__ import annotations

import gc
import os
import select
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from rnnviz.parsing.asking import MEGABYTE, READERS, READY, Limits
from rnnviz.parsing.line import receive, send
from rnnviz.parsing.values import packed

NICE = 5
MOST_ASKED = 400_000_000
MOST_OPEN = 64
GRACE_SECONDS = 5
"""The server ends a file that takes too long; so long after that this process does it itself."""

ENDED, MEMORY = 3, 4
"""How a process ends when the line is over, or memory where the system does not count it."""


def main() -> None:
    """Serve until the line ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    crew, seconds = sys.argv[1], float(sys.argv[2])
    for name in READY[crew]:
        import_module(name)
    _step_back()
    gc.collect()
    gc.freeze()
    send(answers, {"ready": True})
    if sys.platform == "linux":
        _fork_for_each(answers, seconds or None)
    else:
        _serve(answers)


def _step_back() -> None:
    """Pages come first: the processor, and memory when it is short. Later noise is for nobody."""
    if hasattr(os, "nice"):
        os.nice(NICE)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("800", encoding="ascii")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def _fork_for_each(answers: BinaryIO, seconds: float | None) -> None:
    """A process for each file, which reads the question itself; this one touches no file."""
    while True:
        if not select.select([0], [], [], seconds)[0]:
            _end(ENDED)
        child = os.fork()
        if child == 0:
            try:
                _serve(answers)
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        if code != 0:  # the line is over, or in the middle of a message
            _end(128 - code if code < 0 else code)


def _end(code: int) -> None:
    shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)
    os._exit(code)


def _serve(answers: BinaryIO) -> None:
    """Answer one question and end, with 0 where the line can go on."""
    try:
        said, parts = receive(sys.stdin.buffer, MOST_ASKED)
    except EOFError:
        os._exit(ENDED)
    answer, own = _answer(said, parts)
    send(answers, answer, own)
    os._exit(0)


def _answer(said: dict[str, Any], parts: Sequence[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """The answer to a question, or the words of the error."""
    reader = READERS[said["reader"]]
    own_error = reader.own_error()
    made: list[bytes] = []
    try:
        call = reader.call()
        _limit(Limits(**said["limits"]))
        return {"answer": packed(call(*parts, **said["words"]), made)}, made
    except MemoryError:
        return {"over": "memory"}, []
    except Exception as failure:
        if _ran_out(failure):
            return {"over": "memory"}, []
        if isinstance(failure, own_error):
            return {"refused": str(failure), "kind": type(failure).__name__}, []
        return {"broken": type(failure).__name__, "trace": traceback.format_exc()[-4000:]}, []


def _ran_out(failure: BaseException | None) -> bool:
    """Whether memory was short, whatever a library or a reader made of that."""
    while failure is not None:
        if isinstance(failure, MemoryError):
            return True
        failure = failure.__cause__ or failure.__context__
    return False


def _limit(limits: Limits) -> None:
    """From here on: so much more memory, so much more time of a processor, no core dump."""
    try:
        import resource
    except ImportError:  # Windows: the server's clock is all there is
        return
    seconds = int(time.process_time()) + limits.seconds
    bounds = {
        resource.RLIMIT_CPU: (seconds, seconds + 1),
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_NOFILE: (MOST_OPEN, MOST_OPEN),
        resource.RLIMIT_FSIZE: (MOST_ASKED, MOST_ASKED),
    }
    used = _addresses()
    if used:
        bounds[resource.RLIMIT_AS] = (used + limits.megabytes * MEGABYTE,) * 2
    else:
        _watch(limits.megabytes)
    for kind, bound in bounds.items():
        with suppress(OSError, ValueError):  # a lower bound is set already
            resource.setrlimit(kind, bound)
    signal.alarm(int(limits.wall_seconds) + GRACE_SECONDS)


def _addresses() -> int:
    """Bytes of addresses in use; 0 where the system does not tell, or does not bound them."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def _watch(megabytes: int) -> None:
    """Where addresses cannot be bounded: look at the most that was resident, and end."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit + megabytes * MEGABYTE

    def look() -> None:
        while resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit < most:
            time.sleep(0.02)
        os._exit(MEMORY)

    threading.Thread(target=look, daemon=True).start()


if __name__ == "__main__":
    main()
