"""What the server wants of the job that runs, heard by a thread while another one trains."""

from __future__ import annotations

import threading
from typing import Any, Protocol


class Stoppable(Protocol):
    """A training, as far as this module needs to know it."""

    def stop(self) -> None: ...


class Control:
    """The wishes of one job. One thread hears them, the one that trains looks at them.

    `wanted` is "pause", "stop", "gone" (so is the server), or None: go on. `factor` multiplies the
    learning rate; None leaves it as it is.
    """

    def __init__(self, assignment: dict[str, Any]) -> None:
        self.job = str(assignment["job"])
        self.wanted: str | None = None
        self.factor: float | None = assignment.get("factor")
        self._trainings: list[Stoppable] = []
        self._lock = threading.Lock()

    def take(self, message: dict[str, Any]) -> None:
        """Heed one message of the server."""
        wish = message["do"]
        if wish == "factor":
            self.factor = float(message["factor"])
        elif wish in ("pause", "stop", "gone"):
            self.want(wish)

    def want(self, wish: str) -> None:
        """Ask all trainings to end at the next place where they can."""
        with self._lock:
            if self.wanted != "stop":
                self.wanted = wish
            for training in self._trainings:
                training.stop()

    def watch(self, training: Stoppable) -> None:
        """Let wishes reach a training, also one that came before it."""
        with self._lock:
            self._trainings.append(training)
            if self.wanted is not None:
                training.stop()
