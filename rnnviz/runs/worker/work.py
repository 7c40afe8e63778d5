"""One job in the worker: its networks take steps in turn until they end or are told to."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from rnnviz.runs.worker import failures
from rnnviz.runs.worker.control import Control
from rnnviz.runs.worker.lane import Lane, has_finished

NEWS_SECONDS = 0.2
"""Between two messages to the server, and between two entries in the curves."""

Say = Callable[[dict[str, Any]], None]


class Work:
    """A job from its assignment to the message "done"."""

    def __init__(self, assignment: dict[str, Any], control: Control, say: Say) -> None:
        self._assignment, self._control, self._say = assignment, control, say
        self._lanes: list[Lane] = []
        self._outcomes: list[tuple[str, str]] = []
        self._unopened = list(assignment["lanes"])
        self._rounds, self._overtime = 0, ""
        self._start = time.monotonic()
        self._told = 0.0

    def run(self) -> None:
        """Train, and tell how it ended. Errors of a network end that network only."""
        self.open()
        while self.goes_on:
            self.round()
        if self._overtime:
            self._end("stop", self._overtime)
        elif self._lanes or self._unopened:
            self._end(self._control.wanted or "pause", "")
        else:
            self._end_alone()

    @property
    def goes_on(self) -> bool:
        """Whether there is something to train, and nobody wants it otherwise."""
        return bool(self._lanes) and self._control.wanted is None and not self._overtime

    def open(self) -> None:
        """Make the networks ready."""
        while self._unopened and self._control.wanted is None:
            lane = self._unopened.pop(0)
            try:
                if lane["resume"] and has_finished(Path(lane["folder"])):
                    self._ended(lane["run"], "finished", "")
                else:
                    self._lanes.append(Lane(lane, self._control))
            except Exception as failure:
                self._ended(lane["run"], "failed", _sentence(failure))

    def round(self) -> None:
        """One step of each network."""
        for lane in list(self._lanes):
            self._turn(lane)
            if self._control.wanted is not None:
                break
        self._rounds += 1
        most = self._assignment["most_seconds"]
        if self._rounds == self._assignment["steps"]:
            self._control.want(self._control.wanted or "pause")
        elif self._seconds() > most:
            self._overtime = (
                f"The time of one job, {most:,.0f} s, is over; the best so far is kept."
            )
        self._tell()

    def _turn(self, lane: Lane) -> None:
        try:
            if lane.turn():
                lane.save_when_due()
            elif lane.finished:
                lane.finish()
                self._leave(lane, "finished", "")
        except Exception as failure:
            self._failed(lane, failure)

    def _failed(self, lane: Lane, failure: Exception) -> None:
        with suppress(Exception):  # one failure is told; another one on top of it is no news
            lane.flush()
        with suppress(Exception):
            lane.save_best()
        self._leave(lane, "failed", _sentence(failure))

    def _leave(self, lane: Lane, state: str, message: str) -> None:
        self._lanes.remove(lane)
        self._tell(lane, at_once=True)
        self._ended(lane.run.id, state, message)

    def _ended(self, run: str, state: str, message: str) -> None:
        self._outcomes.append((state, message))
        self._say({
            "say": "ended", "job": self._control.job, "run": run,
            "state": state, "message": message,
        })  # fmt: skip

    def _end(self, wanted: str, message: str) -> None:
        """Save all networks that are still in training."""
        for lane in list(self._lanes):
            try:
                lane.save()
                if wanted == "stop":
                    lane.keep_something()
            except Exception as failure:
                self._failed(lane, failure)
        self._tell(at_once=True)
        if not self._lanes and not self._unopened:
            self._end_alone()
            return
        self._done("stopped" if wanted == "stop" else "paused", message)

    def _end_alone(self) -> None:
        """All networks have ended by themselves."""
        finished = sum(state == "finished" for state, _ in self._outcomes)
        message = next((words for state, words in self._outcomes if state == "failed"), "")
        if finished and message:
            message = f"{finished} of {len(self._outcomes)} networks finished. {message}"
        self._done("finished" if finished else "failed", message)

    def _done(self, state: str, message: str) -> None:
        self._say({
            "say": "done", "job": self._control.job, "state": state, "message": message,
            "seconds": self._seconds(),
        })  # fmt: skip

    def _tell(self, *more: Lane, at_once: bool = False) -> None:
        """Write the curves and tell the server, a few times a second."""
        now = time.monotonic()
        if now - self._told < NEWS_SECONDS and not at_once:
            return
        self._told = now
        lanes = [*self._lanes, *more]
        for lane in self._lanes:
            try:
                lane.flush()
            except Exception as failure:
                self._failed(lane, failure)
        self._say({
            "say": "progress", "job": self._control.job, "seconds": self._seconds(),
            "factor": self._control.factor,
            "runs": {lane.run.id: lane.news() for lane in lanes},
        })  # fmt: skip

    def _seconds(self) -> float:
        return float(self._assignment["seconds"]) + time.monotonic() - self._start


def _sentence(failure: Exception) -> str:
    if not (failures.is_expected(failure) or isinstance(failure, OSError)):
        traceback.print_exception(failure, file=sys.stderr)
    return failures.sentence(failure)
