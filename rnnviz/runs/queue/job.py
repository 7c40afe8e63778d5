"""One job: one network to train, or several in a race, as the pages see it."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnviz.runs.record import BUSY, RESUMABLE
from rnnviz.training.curves import Curves, Recorder

if TYPE_CHECKING:
    from rnnviz.training.plan import Plan

QUEUED, RUNNING, PAUSED = "queued", "running", "paused"
FINISHED, STOPPED, FAILED, INTERRUPTED = "finished", "stopped", "failed", "interrupted"
STATES = (QUEUED, RUNNING, PAUSED, FINISHED, STOPPED, FAILED, INTERRUPTED)

UNSEEN_SECONDS = 60.0
TAIL = 200
"""Bytes before the end of what was read, by which a file is known again; steps tell their time."""


class JobError(ValueError):
    """A job cannot be taken or changed; the message is one sentence for the visitor."""


class Lines:
    """The curves of a run's file, which grows: each look reads only what is new.

    Several threads may look at once.
    """

    def __init__(self, path: Path, plan: dict[str, Any]) -> None:
        self._path, self._plan = path, plan
        self._lock = threading.Lock()
        self._looked = 0.0
        self._forget()

    def _forget(self) -> None:
        self._recorder, self._read, self._tail = Recorder(self._plan), 0, b""
        self._curves: Curves | None = None

    def let_go(self) -> None:
        """Give the memory back where nobody has looked for a while: the next look reads it all."""
        if self._read and time.monotonic() - self._looked > UNSEEN_SECONDS:
            with self._lock:
                self._forget()

    def curves(self) -> Curves:
        """Everything in the file so far; a line that is still being written waits."""
        self._looked = time.monotonic()
        with self._lock:
            with suppress(OSError):  # no file yet, or deleted: what has been read stays
                self._look()
            if self._curves is None:
                self._curves = self._recorder.curves()
            return self._curves

    def _look(self) -> None:
        with self._path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, self._read - len(self._tail)))
            if file.read(len(self._tail)) != self._tail:  # another file of this name
                self._forget()
            if size == self._read:
                return
            file.seek(self._read)
            whole = file.read(size - self._read)
        whole = whole[: whole.rfind(b"\n") + 1]
        for line in whole.splitlines():
            self._recorder.add_line(line)
        if whole:
            self._read += len(whole)
            self._tail = whole[-TAIL:]
            self._curves = None


@dataclass(eq=False)
class Member:
    """One run of a job: how it stands, and the last that was heard of it."""

    run: str
    plan: Plan
    lines: Lines
    state: str = QUEUED
    message: str = ""
    latest: dict[str, Any] = field(default_factory=dict)
    record: dict[str, Any] = field(default_factory=dict)
    """Numbers for the run's record."""
    recorded: dict[str, Any] = field(default_factory=dict)
    """What has been written to it."""
    done: bool = False
    """Whether it has finished, or failed on its own while others of the job went on."""


@dataclass(eq=False)
class Job:
    """What is known of a job; the manager writes it, pages only read.

    `id` is the run's id, or in a race the group's. `state` is one of `STATES`, `message` one
    sentence about it or "". `position` counts the jobs that will be served before this one while
    it is queued. `asked` is "pause" or "stop" from the moment it was asked for until it is done.
    `preparing` is true until the first event has come. `seconds` is training time without pauses.
    `started` and `ended` are `time.time()`.
    """

    id: str
    visitor: str
    members: tuple[Member, ...]
    origin: str = ""
    """What stands for the address that it was begun from."""
    state: str = QUEUED
    message: str = ""
    position: int = 0
    asked: str | None = None
    preparing: bool = False
    learning_rate_factor: float = 1.0
    factor_chosen: bool = False
    seconds: float = 0.0
    created: float = field(default_factory=time.time)
    started: float | None = None
    ended: float | None = None
    begun: bool = False
    """Whether a worker has had it: then it goes on from its saved state."""
    yielding: bool = False
    """Whether it was asked to let others go first."""
    steps_asked: int | None = None
    """How many steps of each run to take before it pauses; None is all."""
    asked_at: float = 0.0
    why: str = ""
    """What to say of the pause or end that was asked for."""

    @property
    def runs(self) -> tuple[str, ...]:
        """The ids of its runs, in the order of the plans."""
        return tuple(member.run for member in self.members)

    @property
    def plans(self) -> tuple[Plan, ...]:
        """What is trained."""
        return tuple(member.plan for member in self.members)

    @property
    def live(self) -> bool:
        """Whether it waits or runs."""
        return self.state in BUSY

    @property
    def resumable(self) -> bool:
        """Whether `resume` and `step` may be asked for."""
        return self.state in RESUMABLE

    def member(self, run: str) -> Member:
        """One of the runs; KeyError if it is not of this job."""
        return {member.run: member for member in self.members}[run]

    def run_curves(self, run: str) -> Curves:
        """The curves of one of the runs so far; KeyError if it is not of this job."""
        return self.member(run).lines.curves()

    def latest(self, run: str) -> dict[str, Any]:
        """The last "step-finished" of a run as `events.to_json` gives it, or {}."""
        return self.member(run).latest
