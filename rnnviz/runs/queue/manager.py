"""The manager of all training jobs of one server: what visitors ask for."""

from __future__ import annotations

import atexit
import math
import secrets
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rnnviz.models.places import RunError
from rnnviz.runs.queue import job as words
from rnnviz.runs.queue.dispatcher import Dispatcher
from rnnviz.runs.queue.job import Job, JobError, Lines, Member
from rnnviz.runs.queue.limits import Limits, limits
from rnnviz.runs.record import Run
from rnnviz.runs.store import ELSEWHERE
from rnnviz.training.budget import PROCESS_BYTES, estimate, parameters
from rnnviz.training.plan import Plan, PlanError

if TYPE_CHECKING:
    from rnnviz.runs.store import RunStore

MOST_JOBS_KNOWN = 400
"""Ended jobs beyond these are forgotten here; their runs stay on the disk."""

MOST_FACTOR = 100.0

SNAPSHOT_BYTES, CURVE_BYTES = 30_000_000, 1_000_000
"""Of a run: its snapshots at most, and its curves as they usually are."""

Owner = tuple[str, str]
"""A visitor, and what stands for their address."""

GONE = "expected a training that is still here, got one that is not"


@dataclass(frozen=True)
class Status:
    """How busy the server is: worker processes, those ready for a job, jobs that run and wait."""

    workers: int
    ready: int
    running: int
    queued: int


class JobManager:
    """Take jobs, queue them fairly, and run them on a bounded number of worker processes.

    All methods may be called from any thread and wait for no training: what they ask for happens a
    moment later and is seen in the job. A job is named by itself, its id or the id of one of its
    runs. Every refusal is a `JobError` with one sentence for the visitor. To ask for what is so
    already is no error.

    `warm_up` is the task that workers read before their first job, so that it starts at once.
    """

    def __init__(
        self,
        store: RunStore,
        workers: int | None = None,
        *,
        bounds: Limits | None = None,
        worker_module: str = "rnnviz.runs.worker",
        warm_up: str = "digits",
    ) -> None:
        self.store = store
        self.limits = bounds or limits()
        if workers is not None:
            self.limits = replace(self.limits, workers=workers)
        store.interrupted()
        self._dispatcher = Dispatcher(store, self.limits, worker_module, warm_up)
        self._lock = self._dispatcher.lock
        self._jobs: dict[str, Job] = {}
        self._of_run: dict[str, Job] = {}
        atexit.register(self.close)

    def submit(
        self,
        visitor: str,
        plans: Sequence[Plan],
        names: Sequence[str] | None = None,
        *,
        origin: str = "",
    ) -> Job:
        """Queue one network, or several as a race on the same batches.

        `origin` stands for the visitor's address, as of `RunStore.origin`.
        """
        with self._lock:
            job = self._made((visitor, origin), plans, names, None)
            self._dispatcher.enqueue(job)
            return job

    def pause(self, job: Job | str) -> None:
        """Save the state to the run's folder and free the worker; a queued job leaves the queue."""
        with self._lock:
            job = self._found(job)
            if job.live:
                self._dispatcher.pause(job, "Paused.")

    def resume(self, job: Job | str) -> Job:
        """Queue a job that was paused, stopped, failed or interrupted, to go on where it was."""
        return self._again(job, None)

    def step(self, job: Job | str) -> Job:
        """Queue a paused job for one step of each of its networks."""
        return self._again(job, 1)

    def stop(self, job: Job | str) -> None:
        """End a job and keep its best epoch."""
        with self._lock:
            job = self._found(job)
            if job.state in (words.PAUSED, words.INTERRUPTED):
                self._check_records(job)
            elif not job.live:
                return
            self._dispatcher.stop(job)

    def set_learning_rate_factor(self, job: Job | str, factor: float) -> None:
        """Multiply the schedule of a job by a number from 0 to 100, from the next step on."""
        if not (math.isfinite(factor) and 0 <= factor <= MOST_FACTOR):
            raise JobError(
                f"expected a factor of the learning rate from 0 to {MOST_FACTOR:g}, got {factor!r}"
            )
        with self._lock:
            self._dispatcher.set_factor(self._found(job), float(factor))

    def restart(self, job: Job | str) -> Job:
        """A new job with the same plans, hence the same seed; the old one is stopped if it runs."""
        with self._lock:
            old = self._found(job)
            names = [self.store.get(run).name for run in old.runs if self.store.exists(run)]
            plans = old.plans
            owner = (old.visitor, old.origin)
            job = self._made(owner, plans, names if len(names) == len(plans) else None, old)
            with suppress(JobError):  # deleted, or another server's
                self.stop(old)
            self._dispatcher.enqueue(job)
            return job

    def of(self, visitor: str) -> list[Job]:
        """The visitor's jobs that this server knows, newest first."""
        with self._lock:
            own = [job for job in self._jobs.values() if job.visitor == visitor]
        return sorted(own, key=lambda job: job.created, reverse=True)

    def get(self, job: str) -> Job | None:
        """The job with this id, or with a run of this id; None if there is none.

        A run that an earlier server left is found on the disk; one that another server trains is
        none of ours.
        """
        with self._lock:
            try:
                return self._found(job)
            except JobError:
                return None

    def status(self) -> Status:
        """How busy the server is."""
        with self._lock:
            return Status(*self._dispatcher.counts())

    def adopt(self, visitor: str) -> None:
        """The visitor is here: their jobs run on."""
        self._dispatcher.left.pop(visitor, None)

    def leave(self, visitor: str) -> None:
        """The visitor's page is gone: their job is paused unless they come back in time.

        Waits for no lock: the server's event loop calls it.
        """
        self._dispatcher.left.setdefault(visitor, time.monotonic())

    def close(self) -> None:
        """Pause what runs, end all workers and the manager's thread."""
        atexit.unregister(self.close)
        self._dispatcher.close()

    def __enter__(self) -> JobManager:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _again(self, job: Job | str, steps: int | None) -> Job:
        with self._lock:
            job = self._found(job)
            if job.asked:
                raise JobError("expected a job that has paused, got one that is about to: wait")
            if job.live:
                return job
            if not job.resumable:
                raise JobError("expected a job that can go on, got one that has ended: restart it")
            if job.seconds >= self.limits.most_seconds:
                raise JobError(
                    f"expected a job with time left, got one that has had its "
                    f"{self.limits.most_seconds:,.0f} s: restart it with fewer epochs"
                )
            self._check_records(job)
            self._check_turn((job.visitor, job.origin))
            self._claim(job)
            job.steps_asked = steps
            self._known(job)
            self._dispatcher.enqueue(job)
            return job

    def _made(
        self,
        owner: Owner,
        plans: Sequence[Plan],
        names: Sequence[str] | None,
        instead: Job | None,
    ) -> Job:
        """A new job that is not queued yet, checked as if `instead` had been stopped."""
        self._check(owner, plans, instead)
        names = list(names or [""] * len(plans))
        if len(names) != len(plans):
            raise JobError(f"expected a name for each of {len(plans)} networks, got {len(names)}")
        group = secrets.token_urlsafe(12) if len(plans) > 1 else None
        runs: list[Run] = []
        try:
            for plan, name in zip(plans, names, strict=True):
                visitor, origin = owner
                size = remaining_bytes(plan)
                made = self.store.create(plan, visitor, name, group, origin=origin, expected=size)
                runs.append(made)
        except RunError as failure:
            for run in runs:  # a record that says so may not be written on a full disk
                shutil.rmtree(run.folder, ignore_errors=True)
            raise JobError(str(failure)) from failure
        return self._known(_job_of(runs, plans))

    def _check(self, owner: Owner, plans: Sequence[Plan], instead: Job | None) -> None:
        if not 1 <= len(plans) <= self.limits.most_lanes:
            raise JobError(
                f"expected 1 to {self.limits.most_lanes} networks to train together, "
                f"got {len(plans)}: choose fewer"
            )
        self._check_turn(owner, instead)
        needed = needed_megabytes(plans)
        if needed > self.limits.most_megabytes:
            raise JobError(
                f"expected a job of at most {self.limits.most_megabytes:,} MB, got one that "
                f"needs about {needed:,.0f} MB: choose fewer units, examples or a smaller batch"
            )

    def _check_turn(self, owner: Owner, instead: Job | None = None) -> None:
        visitor, origin = owner
        others = [job for job in self._jobs.values() if job is not instead]
        live = [job for job in others if job.live and job.asked != "stop"]
        own = [job for job in live if job.visitor == visitor]
        if len(own) >= (most := self.limits.jobs_each):
            had = "a training that is" if most == 1 else f"{most} trainings; the last is"
            raise JobError(f"You already have {had} {own[-1].state}. Pause or stop it first")
        if sum(job.origin == origin for job in live) >= self.limits.jobs_of_address:
            raise JobError(
                "Try again in a few minutes, or load a trained network meanwhile. People who share "
                f"your address already have {self.limits.jobs_of_address} trainings that wait or "
                "run, which is the limit"
            )
        if sum(job is not instead for job in self._dispatcher.queue) >= self.limits.most_queued:
            raise JobError(
                "Try again in a few minutes, or load a trained network meanwhile. "
                f"{self.limits.most_queued} trainings are waiting, which is the limit"
            )

    def _found(self, job: Job | str) -> Job:
        if isinstance(job, Job):
            return job
        known = self._jobs.get(job) or self._of_run.get(job)
        if known is None:
            with suppress(RunError, PlanError):
                known = self._from_store(job)
        if known is None:
            raise JobError(GONE)
        return known

    def _check_records(self, job: Job) -> None:
        """JobError where the runs of a job that is not live here are gone, or another server's."""
        runs = [self.store.get(run) for run in job.runs if self.store.exists(run)]
        if not runs:
            raise JobError(GONE)
        if any(run.is_elsewhere for run in runs):
            raise JobError(ELSEWHERE)

    def _claim(self, job: Job) -> None:
        """Write that a job waits here, where nobody else has written it meanwhile; or JobError."""
        left = (one.run for one in job.members if one.state != words.FINISHED)
        run = next(filter(self.store.exists, left), None)
        try:
            if run is not None:
                self.store.update(run, state=words.QUEUED)
        except RunError as failure:
            raise JobError(str(failure)) from failure

    def _known(self, job: Job) -> Job:
        """Know a job from now on; what nobody asks for any more gives its memory back."""
        self._jobs[job.id] = job
        self._of_run.update(dict.fromkeys(job.runs, job))
        ended = [one for one in self._jobs.values() if not one.live]
        ended.sort(key=lambda one: (one.state == words.PAUSED, one.ended or one.created))
        for member in (member for one in ended for member in one.members):
            member.lines.let_go()
        for one in ended[: max(0, len(self._jobs) - MOST_JOBS_KNOWN)]:
            if one is not job:
                del self._jobs[one.id]
                for run in one.runs:
                    self._of_run.pop(run, None)
        return job

    def _from_store(self, id: str) -> Job | None:
        """The job of a run that another server, or an earlier one, had."""
        run = self.store.get(id)
        runs = [run]
        if run.group is not None:
            runs = [one for one in self.store.of(run.visitor) if one.group == run.group]
            runs.sort(key=lambda one: one.created)
        if any(one.is_elsewhere for one in runs):
            raise JobError(ELSEWHERE)
        if not all(one.state in words.STATES for one in runs):
            return None  # brought here by a visitor: there is no training to go on with
        job = _job_of(runs, [Plan.from_json(one.plan) for one in runs])
        states = {one.state for one in runs}
        order = (words.INTERRUPTED, words.PAUSED, words.STOPPED, words.FAILED, words.FINISHED)
        job.state = next((state for state in order if state in states), words.INTERRUPTED)
        job.message = next((one.message for one in runs if one.state == job.state), "")
        job.begun, job.created = True, runs[0].created
        job.seconds = max(one.seconds for one in runs)
        return self._known(job)


def _job_of(runs: Sequence[Run], plans: Sequence[Plan]) -> Job:
    members = tuple(
        Member(run.id, plan, Lines(run.curves_path, dict(run.plan)), run.state, run.message)
        for run, plan in zip(runs, plans, strict=True)
    )
    return Job(runs[0].group or runs[0].id, runs[0].visitor, members, runs[0].origin)


def remaining_bytes(plan: Plan) -> int:
    """About how much of the disk a run takes when it has ended: a network, snapshots, curves."""
    weights = 4 * parameters(plan)
    return weights + min(SNAPSHOT_BYTES, 12 * weights) + CURVE_BYTES


def needed_megabytes(plans: Sequence[Plan]) -> float:
    """About how much memory a worker has when it trains them all."""
    own = sum(estimate(plan).memory_bytes - PROCESS_BYTES for plan in plans)
    return (PROCESS_BYTES + own) / 1e6
