"""What tests of the Train page share: a manager whose jobs go on when the test says so."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from streamlit.testing.v1 import AppTest

from rnnviz.runs.queue.job import JobError
from rnnviz.runs.queue.limits import Limits
from rnnviz.runs.store import RunStore
from rnnviz.training.curves import Curves, Recorder
from rnnviz.training.plan import Plan
from tests.pages.texts import handed

STEPS_PER_EPOCH = 10


@dataclass(eq=False)
class FakeJob:
    """As `rnnviz.runs.queue.job.Job`; its curves are what the test puts into them."""

    id: str
    visitor: str
    runs: tuple[str, ...]
    plans: tuple[Plan, ...]
    state: str = "queued"
    message: str = ""
    position: int = 0
    asked: str | None = None
    preparing: bool = False
    learning_rate_factor: float = 1.0
    recorders: dict[str, Recorder] = field(default_factory=dict)
    last: dict[str, dict[str, Any]] = field(default_factory=dict)

    def run_curves(self, run: str) -> Curves:
        return self.recorders[run].curves()

    def latest(self, run: str) -> dict[str, Any]:
        return self.last.get(run, {})


class FakeManager:
    """As `queue.manager.JobManager`, without workers: every job waits until `advance`."""

    def __init__(self, store: RunStore) -> None:
        self.store, self.limits = store, Limits()
        self.jobs: dict[str, FakeJob] = {}
        self.heard: list[tuple[str, Any]] = []
        self.refusal = ""

    def submit(
        self,
        visitor: str,
        plans: Sequence[Plan],
        names: Sequence[str] | None = None,
        *,
        origin: str = "",
    ) -> FakeJob:
        if self.refusal:
            raise JobError(self.refusal)
        group = "group" if len(plans) > 1 else None
        names = names or [""] * len(plans)
        runs = [
            self.store.create(plan, visitor, name, group, origin=origin)
            for plan, name in zip(plans, names, strict=True)
        ]
        job = FakeJob(group or runs[0].id, visitor, tuple(run.id for run in runs), tuple(plans))
        for run, plan in zip(runs, plans, strict=True):
            job.recorders[run.id] = Recorder(plan.to_json())
        self.jobs[job.id] = job
        return job

    def advance(self, job: FakeJob, steps: int, *, state: str = "running") -> None:
        """So many steps of every run, with a score at the end of each epoch."""
        job.state = state
        for order, (run, plan) in enumerate(zip(job.runs, job.plans, strict=True)):
            recorder = job.recorders[run]
            done, total = recorder.curves().last_step, plan.epochs * STEPS_PER_EPOCH
            if done == 0:
                start = {"steps": total, "steps_per_epoch": STEPS_PER_EPOCH, "parameters": 100}
                recorder.add({"event": "training-started", **start})
            for step in range(done + 1, min(done + steps, total) + 1):
                event = step_event(step, order)
                recorder.add(event)
                job.last[run] = event
                if step % STEPS_PER_EPOCH == 0:
                    recorder.add(score_event(step, order))
                    recorder.add(epoch_event(step, order))

    def pause(self, job: Any) -> None:
        self._say("pause", job).state = "paused"

    def resume(self, job: Any) -> FakeJob:
        found = self._say("resume", job)
        found.state = "running"
        return found

    def step(self, job: Any) -> FakeJob:
        found = self._say("step", job)
        self.advance(found, 1, state="paused")
        return found

    def stop(self, job: Any) -> None:
        self._say("stop", job).state = "stopped"

    def restart(self, job: Any) -> FakeJob:
        old = self._say("restart", job)
        return self.submit(old.visitor, old.plans)

    def set_learning_rate_factor(self, job: Any, factor: float) -> None:
        self._say("factor", job).learning_rate_factor = factor

    def of(self, visitor: str) -> list[FakeJob]:
        return [job for job in reversed(self.jobs.values()) if job.visitor == visitor]

    def get(self, job: str) -> FakeJob | None:
        return next((one for one in self.jobs.values() if job in (one.id, *one.runs)), None)

    def adopt(self, visitor: str) -> None:
        self.heard.append(("adopt", visitor))

    def leave(self, visitor: str) -> None:
        self.heard.append(("leave", visitor))

    def close(self) -> None:
        self.heard.append(("close", None))

    def _say(self, what: str, job: Any) -> FakeJob:
        self.heard.append((what, getattr(job, "id", job)))
        found = job if isinstance(job, FakeJob) else self.get(job)
        assert found is not None
        return found


def step_event(step: int, order: int = 0) -> dict[str, Any]:
    loss = 2.0 * math.exp(-step / 40) + 0.1 * order
    return {
        "event": "step-finished",
        "step": step,
        "epoch": (step - 1) // STEPS_PER_EPOCH + 1,
        "loss": loss,
        "accuracy": 1 - loss / 3,
        "gradient_norm": 1.5,
        "clipped_norm": 1.0,
        "learning_rate": 1e-3,
        "examples_per_second": 1234.0,
        "seconds": step / 10,
        "seconds_left": 12.0,
    }


def epoch_event(step: int, order: int = 0) -> dict[str, Any]:
    score = score_event(step, order)
    return {
        "event": "epoch-finished",
        "epoch": step // STEPS_PER_EPOCH,
        "loss": 1.0,
        "held_out_accuracy": score["accuracy"],
        "held_out_count": score["count"],
        "is_best": True,
    }


def score_event(step: int, order: int = 0) -> dict[str, Any]:
    return {
        "event": "held-out-scored",
        "step": step,
        "epoch": step // STEPS_PER_EPOCH,
        "loss": 1.0,
        "accuracy": min(0.99, step / 200 + 0.5 - 0.1 * order),
        "count": 359,
        "training_loss": 0.9,
        "training_accuracy": 0.8,
    }


def drawn(app: AppTest) -> dict[str, Any]:
    """What the page handed to the curves."""
    (data,) = handed(app, "curves")
    return data


def panels(app: AppTest) -> list[dict[str, Any]]:
    """The panels of the curves, in their order."""
    return list(drawn(app)["panels"])


def alts(app: AppTest) -> list[str]:
    """What the panels say to those who cannot see them."""
    return [panel["alt"] for panel in panels(app)]


def words(app: AppTest) -> dict[str, str]:
    """The words of the address."""
    (data,) = handed(app, "place")
    return data["words"]
