"""One job: one network to train, or several in a race, as the pages see it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnviz.training.curves import Curves
    from rnnviz.training.plan import Plan

QUEUED, RUNNING, PAUSED = "queued", "running", "paused"
FINISHED, STOPPED, FAILED, INTERRUPTED = "finished", "stopped", "failed", "interrupted"
STATES = (QUEUED, RUNNING, PAUSED, FINISHED, STOPPED, FAILED, INTERRUPTED)
LIVE = (QUEUED, RUNNING)
RESUMABLE = (PAUSED, STOPPED, FAILED, INTERRUPTED)


class JobError(ValueError):
    """A job cannot be taken or changed; the message is one sentence for the visitor."""


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
    runs: tuple[str, ...]
    plans: tuple[Plan, ...]
    state: str = QUEUED
    message: str = ""
    position: int = 0
    asked: str | None = None
    preparing: bool = False
    learning_rate_factor: float = 1.0
    seconds: float = 0.0
    created: float = field(default_factory=time.time)
    started: float | None = None
    ended: float | None = None

    @property
    def live(self) -> bool:
        """Whether it waits or runs."""
        return self.state in LIVE

    @property
    def resumable(self) -> bool:
        """Whether `resume` and `step` may be asked for."""
        return self.state in RESUMABLE

    def run_curves(self, run: str) -> Curves:
        """The curves of one of the runs so far, from memory while it runs; KeyError if not ours."""
        raise NotImplementedError

    def latest(self, run: str) -> dict[str, Any]:
        """The last "StepFinished" of a run as `events.to_json` gives it, or {}."""
        raise NotImplementedError
