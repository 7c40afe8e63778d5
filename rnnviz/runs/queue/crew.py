"""The worker processes: started ahead of need, watched, replaced, and never left behind.

A worker is `python -m rnnviz.runs.worker` with one end of a socket. It ends when the other end
closes, however the server died. On POSIX it inherits its end; elsewhere it calls back to a listener
with a key that only this process knows.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, Listener, Pipe, wait
from pathlib import Path
from typing import Any

from rnnviz.runs.queue import messages

ROOT = Path(__file__).resolve().parents[3]
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

IDLE_SECONDS = 120.0
START_SECONDS = 300.0
CALL_SECONDS = 10.0
"""A worker calls back before it imports anything large; nobody waits longer for it."""
TRIES = 3
REST_SECONDS = 20.0
"""After `TRIES` workers in a row that died while starting, so long nobody tries again."""

_log = logging.getLogger(__name__)


class Worker:
    """One process and our end of the line to it."""

    def __init__(
        self,
        module: str = "rnnviz.runs.worker",
        warm_up: str = "digits",
        *,
        listening: bool = os.name == "nt",
    ) -> None:
        start = _start_listening if listening else _start_inheriting
        self.process, self.connection = start([sys.executable, "-m", module], warm_up)
        self.ready = self.leaving = False
        self.job: str | None = None
        self.since = time.monotonic()
        self.verdict: tuple[str, str] | None = None
        """State and message of its job, where we are the ones who end it."""

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self.process.pid

    def send(self, message: dict[str, Any]) -> None:
        """Say something; if the process is gone, the end of the line tells soon enough."""
        with suppress(OSError, ValueError):
            messages.send(self.connection, message)

    def heard(self) -> Iterator[dict[str, Any]]:
        """All messages that wait; EOFError or OSError at the end of the line."""
        while self.connection.poll():
            yield messages.receive(self.connection)

    def take(self, job: str | None) -> None:
        """Note what it works on from now; None is nothing."""
        self.job, self.since = job, time.monotonic()

    def let_go(self) -> None:
        """Ask it to end; it gets no more work."""
        self.leaving = True
        self.send({"do": "exit"})

    def megabytes(self) -> float:
        """Its resident memory, or 0 where the system does not tell."""
        return resident_megabytes(self.pid)

    def kill(self, verdict: tuple[str, str] | None = None) -> None:
        """End the process now."""
        self.verdict = self.verdict or verdict
        with suppress(OSError):
            self.process.kill()

    def bury(self) -> str:
        """Wait for a process whose line has ended; how it ended, in words."""
        try:
            code = self.process.wait(0.5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.connection.close()
        if code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else "a signal"
            return f"{name}, signal {-code}"
        return f"exit code {code}"


class Crew:
    """At most `most` workers: as many as there is work for, and one to spare."""

    def __init__(
        self,
        most: int,
        *,
        spare: int = 1,
        module: str = "rnnviz.runs.worker",
        warm_up: str = "digits",
    ) -> None:
        self.most, self.spare, self._words = most, spare, (module, warm_up)
        self.workers: list[Worker] = []
        self._failed_starts = 0
        self._rest_until = 0.0
        self._woken, self._waker = Pipe(duplex=False)

    def staff(self, queued: int) -> None:
        """Start workers for `queued` jobs and one to spare; let go who has been idle for long."""
        now = time.monotonic()
        busy = sum(worker.job is not None for worker in self.workers)
        wanted = min(self.most, busy + queued + self.spare)
        if now >= self._rest_until:
            while len(self.workers) < wanted:
                try:
                    self.workers.append(Worker(*self._words))
                except OSError as failure:  # no more processes, or files
                    _log.warning("A training process could not be started: %s.", failure)
                    self._start_failed()
                    break
        staying = [worker for worker in self.workers if not worker.leaving]
        for worker in list(staying):
            too_long = IDLE_SECONDS if worker.ready else START_SECONDS
            if worker.job is not None or now - worker.since <= too_long:
                continue
            if not worker.ready:
                worker.kill()
            elif len(staying) > wanted:
                worker.let_go()
                staying.remove(worker)

    def idle(self) -> Worker | None:
        """A worker that could take a job now."""
        free = (one for one in self.workers if one.ready and not one.leaving and one.job is None)
        return next(free, None)

    @property
    def broken(self) -> bool:
        """Whether there are no workers, and none can be started at the moment."""
        return time.monotonic() < self._rest_until and not any(one.ready for one in self.workers)

    def wait(self, seconds: float) -> list[Worker]:
        """The workers that have something to say, as soon as one has; [] after `seconds`."""
        lines: dict[Any, Worker] = {worker.connection: worker for worker in self.workers}
        with suppress(OSError):
            ready = wait([*lines, self._woken], seconds)
            if self._woken in ready:
                while self._woken.poll():
                    self._woken.recv_bytes()
            return [lines[line] for line in ready if line in lines]
        return list(lines.values())

    def wake(self) -> None:
        """Make `wait` return at once."""
        with suppress(OSError, BlockingIOError):
            self._waker.send_bytes(b"!")

    def is_ready(self, worker: Worker) -> None:
        """A worker says that it has imported everything."""
        worker.ready, worker.since = True, time.monotonic()
        self._failed_starts = 0

    def dismiss(self, worker: Worker) -> str:
        """Forget a worker whose line has ended; how it ended, in words."""
        self.workers.remove(worker)
        how = worker.bury()
        if not worker.ready:
            self._start_failed()
        return how

    def _start_failed(self) -> None:
        self._failed_starts += 1
        if self._failed_starts >= TRIES:
            self._failed_starts = 0
            self._rest_until = time.monotonic() + REST_SECONDS

    def close(self) -> None:
        """End all workers."""
        for worker in self.workers:
            worker.kill()
        for worker in self.workers:
            worker.bury()
        self.workers.clear()


def resident_megabytes(pid: int) -> float:
    """Resident memory of a process in 10^6 bytes; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    except (OSError, ValueError, IndexError, AttributeError):
        return 0.0


def _environment(**more: str) -> dict[str, str]:
    """Ours, with one thread for each product and a way to find this package."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(paths), **more}


def _start_inheriting(command: list[str], task: str) -> tuple[subprocess.Popen[bytes], Connection]:
    ours, theirs = Pipe()
    try:
        process = subprocess.Popen(
            [*command, str(theirs.fileno()), task],
            stdin=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            env=_environment(),
        )
    finally:
        theirs.close()
    return process, ours


def _start_listening(command: list[str], task: str) -> tuple[subprocess.Popen[bytes], Connection]:
    key = secrets.token_hex(16)
    with Listener(authkey=key.encode()) as listener:
        process = subprocess.Popen(
            [*command, str(listener.address), task],
            stdin=subprocess.DEVNULL,
            env=_environment(RNNVIZ_WORKER_KEY=key),
        )
        called: list[Connection] = []
        caller = threading.Thread(target=lambda: called.append(listener.accept()), daemon=True)
        caller.start()
        end = time.monotonic() + CALL_SECONDS
        while caller.is_alive() and process.poll() is None and time.monotonic() < end:
            caller.join(0.05)
    if called:
        return process, called[0]
    ours, theirs = Pipe()  # a line that has ended, as that of any worker that is gone
    theirs.close()
    return process, ours
