"""The processes that read files: started ahead of need, few at once, and never left behind.

A process is `python -m rnnviz.parsing`. It gets one file at a time. One that was too slow, took too
much or broke is ended with all that it started, and another takes its place.
"""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rnnviz.parsing.asking import MEGABYTE, READERS, Limits, Reader
from rnnviz.parsing.line import LineError, TooLongError, receive, send
from rnnviz.parsing.values import unpacked

ROOT = Path(__file__).resolve().parent.parent.parent

MOST_AT_ONCE = 2
SPARE = 1
"""Processes that wait for the next file."""

START_SECONDS = 120.0
WAIT_SECONDS = 30.0
LOOK_SECONDS = 0.05
"""Between two looks at whether the person who waits is still there."""

KEPT_WORDS = (
    "PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONHOME", "SYSTEMROOT",
    "SYSTEMDRIVE",
)  # fmt: skip
"""What of our environment such a process gets: no keys and no passwords."""

PLAIN = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
"""One thread, which a fork needs, and memory that is taken when it is used: Arrow's own way to
keep memory takes addresses by the gigabyte."""

_log = logging.getLogger(__name__)


class Process:
    """One process that reads files, and both ends of the line to it."""

    def __init__(self, module: str, crew: str, idle_seconds: float) -> None:
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        words = {name: os.environ[name] for name in KEPT_WORDS if name in os.environ}
        # What a file leaves behind when its reading is ended goes with the process.
        self.scratch = Path(tempfile.mkdtemp(prefix="rnnviz-parsing-"))
        words |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(self.scratch))
        try:
            self._popen = subprocess.Popen(
                [sys.executable, "-m", module, crew, str(idle_seconds)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**words, **PLAIN, "PYTHONPATH": os.pathsep.join(paths)},
                cwd=ROOT,
                start_new_session=True,
            )
        except OSError:
            shutil.rmtree(self.scratch, ignore_errors=True)
            raise
        self.is_ready = False

    @property
    def pid(self) -> int:
        """The number of the process, and of the group of all that it starts."""
        return self._popen.pid

    @property
    def lives(self) -> bool:
        """Whether it has not ended."""
        return self._popen.poll() is None

    def wait_until_ready(self) -> None:
        """Return when it has imported everything; EOFError or LineError where it has ended."""
        if not self.is_ready:
            assert self._popen.stdout is not None
            receive(self._popen.stdout, 1000)
            self.is_ready = True

    def ask(self, said: dict[str, Any], parts: Sequence[bytes], most: int) -> Answer:
        """Send a question and receive the answer; OSError, EOFError or LineError without one."""
        assert self._popen.stdin is not None and self._popen.stdout is not None
        send(self._popen.stdin, said, parts)
        return receive(self._popen.stdout, most)

    def end(self) -> int:
        """End it with all that it started, now; how it ended, as `subprocess` counts that."""
        with suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self.pid, signal.SIGKILL)
            else:
                self._popen.kill()
        return self._popen.wait()

    def ended(self, seconds: float = 1.0) -> int:
        """How it ended by itself; it is ended where it does not."""
        try:
            self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return self.end()
        code = self._popen.returncode
        self.end()  # what it started may have outlived it
        return code

    def close(self) -> None:
        """Close the line of a process that has ended, and remove what it left."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        for end in (self._popen.stdin, self._popen.stdout):
            with suppress(OSError):
                if end is not None:
                    end.close()


Answer = tuple[dict[str, Any], list[bytes]]


class Exchange(threading.Thread):
    """One question and its answer, in a thread that may wait at the line."""

    def __init__(
        self, process: Process, said: dict[str, Any], parts: Sequence[bytes], most: int
    ) -> None:
        super().__init__(daemon=True, name="rnnviz-parsing")
        self._words = (said, parts, most)
        self._process = process
        self.done = threading.Event()
        self.began: float | None = None
        self.answer: Answer | None = None
        self.failure: Exception | None = None

    def run(self) -> None:
        """Ask, and note what came of it."""
        try:
            self._process.wait_until_ready()
            self.began = time.monotonic()
            self.answer = self._process.ask(*self._words)
        except (OSError, EOFError, ValueError, LineError) as failure:
            self.failure = failure
        finally:
            self.done.set()


class Pool:
    """At most `most` processes of a crew that read files, and `SPARE` that wait for the next one.

    One that waits for `idle_seconds` ends; 0 is for ever.
    """

    def __init__(
        self,
        most: int = MOST_AT_ONCE,
        crew: str = "files",
        *,
        idle_seconds: float = 0.0,
        module: str = "rnnviz.parsing",
    ) -> None:
        self._most, self._words = most, (module, crew, idle_seconds)
        self._free = threading.Condition()
        self._idle: list[Process] = []
        self._busy: set[Process] = set()
        self._held = 0

    def ask(
        self,
        reader: str,
        parts: Sequence[bytes],
        words: dict[str, Any],
        *,
        name: str,
        alive: Callable[[], object] | None = None,
        limits: Limits | None = None,
        wait_seconds: float = WAIT_SECONDS,
    ) -> Any:
        """What the reader of that name makes of a stranger's bytes, called `name` in sentences.

        `alive` is called while one waits, and may raise to give up. Raises the reader's own error,
        and that too, in one sentence, where reading takes more than `limits` or ends its process.
        """
        asked = READERS[reader]
        bounds = limits or asked.limits
        said = {"reader": reader, "words": words, "limits": asdict(bounds)}
        self._enter(asked, name, alive, wait_seconds)
        try:
            why, answer = self._answer(asked, bounds, said, parts, alive)
            if why == "idle":  # it had ended just before
                why, answer = self._answer(asked, bounds, said, parts, alive)
        finally:
            self._leave()
        if answer is None:
            raise _ended(asked, bounds, name, why)
        return _told(asked, bounds, name, *answer)

    def _answer(
        self,
        asked: Reader,
        bounds: Limits,
        said: dict[str, Any],
        parts: Sequence[bytes],
        alive: Callable[[], object] | None,
    ) -> tuple[str, Answer | None]:
        """What one process answers, or why it does not; that one is ended then."""
        process = self._take(asked)
        exchange = Exchange(process, said, parts, bounds.answer * MEGABYTE)
        try:
            exchange.start()
            why = _waited(exchange, bounds, alive) or ""
            if not why and exchange.answer is None:
                why = _why(process, exchange)
        finally:
            if exchange.answer is None:
                self._drop(process)
            else:
                self._back(process)
        return why, exchange.answer

    def warm(self) -> None:
        """Let a process wait for the first file."""
        with self._free, suppress(OSError):
            if not self._idle and not self._busy:
                self._idle.append(Process(*self._words))

    def close(self) -> None:
        """End all processes."""
        with self._free:
            processes = [*self._idle, *self._busy]
            self._idle.clear()
        for process in processes:
            process.end()
            process.close()

    def _enter(
        self, asked: Reader, name: str, alive: Callable[[], object] | None, seconds: float
    ) -> None:
        """Wait for a place."""
        end = time.monotonic() + seconds
        with self._free:
            while self._held >= self._most:
                if time.monotonic() > end:
                    raise asked.own_error()(
                        f"expected a free place to read {name}, got none, because other files are "
                        "being read: try again in a minute"
                    )
                self._free.wait(LOOK_SECONDS)
                if alive is not None:
                    alive()
            self._held += 1

    def _leave(self) -> None:
        with self._free:
            self._held -= 1
            self._free.notify()

    def _take(self, asked: Reader) -> Process:
        """A process that waits, or a new one."""
        with self._free:
            while self._idle:
                process = self._idle.pop()
                if process.lives:
                    break
                process.close()
            else:
                try:
                    process = Process(*self._words)
                except OSError as failure:  # no more processes, files or memory
                    raise _not_started(asked, failure) from failure
            self._busy.add(process)
            return process

    def _back(self, process: Process) -> None:
        """A process that has answered waits for the next file."""
        with self._free:
            self._busy.discard(process)
            if len(self._idle) < SPARE and sys.platform == "linux":
                self._idle.append(process)
                return
        process.end()
        process.close()

    def _drop(self, process: Process) -> None:
        process.end()
        with self._free:
            self._busy.discard(process)
        process.close()


def _waited(exchange: Exchange, limits: Limits, alive: Callable[[], object] | None) -> str | None:
    """Wait for an answer; why there is none, or None where the line has ended by itself."""
    start = time.monotonic()
    while not exchange.done.wait(LOOK_SECONDS):
        if alive is not None:
            alive()
        now = time.monotonic()
        if exchange.began is None:
            if now - start > START_SECONDS:
                return "start"
        elif now - exchange.began > limits.wall_seconds:
            return "time"
    return None


def _why(process: Process, exchange: Exchange) -> str:
    """Why the line has ended without an answer."""
    if isinstance(exchange.failure, TooLongError):
        return "answer"
    code = process.ended()
    if exchange.began is None:
        _log.error("A process that reads files could not be started: it ended with %s.", code)
        return "start"
    ends = {
        128 + getattr(signal, "SIGXCPU", 0): "time",
        128 + getattr(signal, "SIGALRM", 0): "time",
    }
    # The second is how the system ends a process when its memory is short.
    ends |= {3: "idle", 4: "memory", 128 + 9: "memory", 128 + 6: "memory"}
    return ends.get(code if code >= 0 else 128 - code, "crash")


def _told(
    asked: Reader, limits: Limits, name: str, said: dict[str, Any], parts: list[bytes]
) -> Any:
    """The answer as the reader gave it; raises the error that it raised."""
    if "refused" in said:
        raise _kind_of_error(asked, str(said.get("kind")))(str(said["refused"]))
    if "over" in said:
        raise _ended(asked, limits, name, "memory")
    if "answer" in said:
        try:
            return unpacked(asked.kind(), said["answer"], parts)
        except ValueError as failure:
            raise _ended(asked, limits, name, "crash") from failure
    _log.error("A reader met an error of this program:\n%s", said.get("trace"))
    kind = str(said.get("broken"))[:60]
    raise asked.own_error()(
        f"expected {asked.noun} that this program can read, got {name}, at which it fails with "
        f"{kind}: save it again, or in another form"
    )


def _kind_of_error(asked: Reader, name: str) -> type[Exception]:
    """The reader's own error, or the one of its kinds that is called so."""
    asked.call()  # where its kinds are defined
    waiting = [asked.own_error()]
    while waiting:
        kind = waiting.pop()
        if kind.__name__ == name:
            return kind
        waiting.extend(kind.__subclasses__())
    return asked.own_error()


def _ended(asked: Reader, limits: Limits, name: str, why: str) -> Exception:
    """The sentence for a file whose reading was ended."""
    wanted, got, way = {
        "time": (
            f"that is read in {limits.seconds} seconds", "which takes longer",
            "take a part of it, or save it in a simpler form",
        ),
        "memory": (
            f"that is read with {limits.megabytes} MB of memory", "which needs more",
            "take a part of it, or save it in a simpler form",
        ),
        "answer": (
            f"with at most {limits.answer} MB in it", "which unpacks to more", "take a part of it",
        ),
        "crash": (
            "that can be read", "which ends the program that reads it",
            "save it again, or in another form",
        ),
        "idle": (
            "and a process that reads it", "and no process that stays", "try again in a minute",
        ),
        "start": (
            "and a process that reads it", "and no process that starts", "try again in a minute",
        ),
    }[why]  # fmt: skip
    return asked.own_error()(f"expected {asked.noun} {wanted}, got {name}, {got}: {way}")


def _not_started(asked: Reader, failure: OSError) -> Exception:
    return asked.own_error()(
        f"expected a process to read {asked.noun} with, got none ({failure.strerror}): try again "
        "in a minute"
    )


POOLS = {
    "files": Pool(),
    "networks": Pool(1, "networks", idle_seconds=120.0),
    "training": Pool(1, "files", idle_seconds=5.0),
}
"""For pages, for networks that are brought, and in a worker for the texts of a training."""

for _pool in POOLS.values():
    atexit.register(_pool.close)
