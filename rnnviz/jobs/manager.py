"""The manager of all training jobs of one server: who trains when, on which worker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rnnviz.jobs.job import Job
from rnnviz.jobs.limits import Limits, limits

if TYPE_CHECKING:
    from rnnviz.runs import RunStore
    from rnnviz.training.plan import Plan


class JobManager:
    """Take jobs, queue them fairly, and run them on a bounded number of worker processes.

    All methods may be called from any thread and return at once: what they ask for happens a
    moment later and is seen in the job. A job is named by itself, its id or the id of one of its
    runs. Every refusal is a `JobError` with one sentence for the visitor.
    """

    def __init__(
        self, store: RunStore, workers: int | None = None, *, bounds: Limits | None = None
    ) -> None:
        self.store = store
        self.limits = bounds or limits()

    def submit(
        self, visitor: str, plans: Sequence[Plan], names: Sequence[str] | None = None
    ) -> Job:
        """Queue one network, or several as a race on the same batches."""
        raise NotImplementedError

    def pause(self, job: Job | str) -> None:
        """Save the state to the run's folder and free the worker; a queued job leaves the queue."""
        raise NotImplementedError

    def resume(self, job: Job | str) -> Job:
        """Queue a job that was paused, stopped, failed or interrupted, to go on where it was."""
        raise NotImplementedError

    def step(self, job: Job | str) -> Job:
        """Queue a paused job for one step of each of its networks."""
        raise NotImplementedError

    def stop(self, job: Job | str) -> None:
        """End a job and keep its best epoch."""
        raise NotImplementedError

    def set_learning_rate_factor(self, job: Job | str, factor: float) -> None:
        """Multiply the schedule of a job by a number from 0 to 100, from the next step on."""
        raise NotImplementedError

    def restart(self, job: Job | str) -> Job:
        """A new job with the same plans, hence the same seed; the old one is stopped if it runs."""
        raise NotImplementedError

    def of(self, visitor: str) -> list[Job]:
        """The visitor's jobs that this server knows, newest first."""
        raise NotImplementedError

    def get(self, job: str) -> Job | None:
        """The job with this id, or with a run of this id; None if there is none."""
        raise NotImplementedError

    def adopt(self, visitor: str) -> None:
        """The visitor is here: their jobs run on."""
        raise NotImplementedError

    def leave(self, visitor: str) -> None:
        """The visitor's page is gone: their job is paused unless they come back in time."""
        raise NotImplementedError

    def close(self) -> None:
        """Pause what runs, end all workers and the manager's thread."""
        raise NotImplementedError
