"""The thread that gives jobs to workers, hears what becomes of them, and keeps the limits.

Everything here happens under one lock, which `JobManager` takes, too, for what visitors ask.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from rnnviz.models.places import MODEL, RunError
from rnnviz.runs.queue import job as words
from rnnviz.runs.queue.crew import Crew, Worker
from rnnviz.runs.queue.fair import FairQueue
from rnnviz.runs.queue.job import Job, Member

if TYPE_CHECKING:
    from rnnviz.runs.queue.limits import Limits
    from rnnviz.runs.store import RunStore

TICK_SECONDS = 0.25
RECORD_SECONDS = 2.0
"""Between two entries of a running job's numbers in its record."""

SWEEP_SECONDS = 60.0

PATIENCE_SECONDS = 5.0
PREPARING_PATIENCE_SECONDS = 0.4
"""How long a worker may take to obey; one that prepares has nothing to save, so it is ended."""

UNSAVED = "Paused by force: the training process did not answer. Resume goes on from the last save."

CLOSING_SECONDS = 3.0
OVERTIME_SECONDS = 30.0

_log = logging.getLogger(__name__)


class Dispatcher:
    """Owns the queue and the crew. Methods without an underscore want the lock to be held."""

    def __init__(self, store: RunStore, limits: Limits, worker_module: str, warm_up: str) -> None:
        self.store, self.limits = store, limits
        self.lock = threading.RLock()
        self.queue = FairQueue()
        self.left: dict[str, float] = {}
        """Visitors whose page is gone, and since when (`time.monotonic()`)."""
        self._crew = Crew(limits.workers, module=worker_module, warm_up=warm_up)
        self._running: dict[str, Job] = {}
        self._unrecorded: set[Job] = set()
        self._recorded_at = self._swept_at = 0.0
        self._closing = False
        self._crew.staff(0)
        self._thread = threading.Thread(target=self._work, name="rnnviz-jobs", daemon=True)
        self._thread.start()

    # What visitors ask for.

    def enqueue(self, job: Job) -> None:
        """Let a job wait for a worker; what has failed in it is tried again."""
        job.ended = None
        for member in job.members:
            member.done = member.state == words.FINISHED
        self._set(job, words.QUEUED, "")
        self.queue.push(job)
        self._crew.wake()

    def pause(self, job: Job, why: str) -> None:
        """Take a job out of the queue, or ask its worker to save it."""
        if self.queue.remove(job):
            self._set(job, words.PAUSED, why)
        elif job.asked is None and job.state == words.RUNNING:
            self._ask(job, "pause", why)

    def stop(self, job: Job) -> None:
        """End a job for good."""
        if job.state == words.RUNNING:
            if job.asked != "stop":
                self._ask(job, "stop", "")
            return
        self.queue.remove(job)
        self._end(job, words.STOPPED, self._kept(job, "Stopped"))

    def set_factor(self, job: Job, factor: float) -> None:
        """Change the learning rate of a job from now on."""
        job.learning_rate_factor, job.factor_chosen = factor, True
        if worker := self._worker_of(job):
            worker.send({"do": "factor", "job": job.id, "factor": factor})

    def counts(self) -> tuple[int, int, int, int]:
        """Workers, those that are ready for a job, running jobs, waiting jobs."""
        ready = sum(one.ready and one.job is None for one in self._crew.workers)
        return len(self._crew.workers), ready, len(self._running), len(self.queue)

    def close(self) -> None:
        """Pause what runs, end the workers and the thread; call it without the lock."""
        self._closing = True
        self._crew.wake()
        if self._thread is not threading.current_thread():
            self._thread.join(CLOSING_SECONDS + 5)

    # The thread.

    def _work(self) -> None:
        while not self._closing:
            speaking = self._crew.wait(TICK_SECONDS)
            try:
                with self.lock:
                    self._hear(speaking)
                    self._look_after()
                self._sweep()
            except Exception:  # whatever it is, other people's jobs go on
                _log.exception("The manager of training jobs met an error and goes on.")
                time.sleep(TICK_SECONDS)
        with self.lock:
            self._close()

    def _sweep(self) -> None:
        """What was deleted goes, also where nobody makes anything new; not under the lock."""
        if time.monotonic() - self._swept_at > SWEEP_SECONDS:
            self._swept_at = time.monotonic()
            self.store.sweep()

    def _close(self) -> None:
        said = "The server was closed while this run was on its way; Resume goes on from there."
        for job in list(self.queue):
            self.queue.remove(job)
            self._set(job, words.PAUSED, said)
        for job in list(self._running.values()):
            self._ask(job, "pause", said)
        end = time.monotonic() + CLOSING_SECONDS
        while self._running and time.monotonic() < end:
            self._hear(self._crew.wait(0.1))
        for job in list(self._running.values()):
            self._end(job, words.INTERRUPTED, said)
        self._crew.close()

    def _hear(self, speaking: list[Worker]) -> None:
        for worker in speaking:
            try:
                for message in worker.heard():
                    self._take(worker, message)
            except (EOFError, OSError, ValueError):
                self._lost(worker)

    def _look_after(self) -> None:
        now = time.monotonic()
        for visitor, since in list(self.left.items()):
            if now - since > self.limits.grace_seconds:
                self._left_for_good(visitor)
        for worker in self._crew.workers:
            if worker.job is not None:
                self._watch(worker, self._running[worker.job], now)
        self._assign()
        self._crew.staff(len(self.queue))
        if self._crew.broken:
            self._give_up()
        if now - self._recorded_at > RECORD_SECONDS:
            self._recorded_at = now
            for job in {*self._running.values(), *self._unrecorded}:
                self._record(job)

    def _assign(self) -> None:
        while len(self.queue) and (worker := self._crew.idle()):
            job = self.queue.pop()
            assert job is not None  # the queue is not empty
            worker.take(job.id)
            self._running[job.id] = job
            job.preparing, job.yielding = True, False
            job.started = job.started or time.time()
            worker.send(self._assignment(job))
            job.begun = True
            self._set(job, words.RUNNING, "")

    def _assignment(self, job: Job) -> dict[str, Any]:
        return {
            "do": "job",
            "job": job.id,
            "lanes": [
                {
                    "run": member.run,
                    "plan": member.plan.to_json(),
                    "folder": str(self.store.folder / member.run),
                    "resume": job.begun,
                }
                for member in job.members
                if not member.done
            ],
            "factor": job.learning_rate_factor if job.factor_chosen else None,
            "seconds": job.seconds,
            "most_seconds": self.limits.most_seconds,
            "steps": job.steps_asked,
        }

    def _take(self, worker: Worker, message: dict[str, Any]) -> None:
        said = message["say"]
        if said == "ready":
            self._crew.is_ready(worker)
            return
        job = self._running.get(str(message.get("job")))
        if job is None or worker.job != job.id:
            return
        if said == "progress":
            job.preparing = False
            job.seconds = float(message["seconds"])
            if not job.factor_chosen and message["factor"] is not None:
                job.learning_rate_factor = float(message["factor"])
            for run, news in message["runs"].items():
                member = job.member(run)
                member.latest = news.get("latest") or member.latest
                member.record.update(news["record"])
        elif said == "ended":  # one network of a race, before the others
            member = job.member(message["run"])
            member.state, member.message = message["state"], message["message"]
            member.done = True
            self._unrecorded.add(job)
        elif said == "done":
            job.seconds = float(message["seconds"])
            self._done(worker, job, message["state"], message["message"])

    def _done(self, worker: Worker, job: Job, state: str, message: str) -> None:
        worker.take(None)
        if worker.megabytes() > 0.7 * self.limits.most_megabytes:
            worker.let_go()  # what it keeps in memory would count for the next job
        self._settle(job, state, message)

    def _settle(self, job: Job, state: str, message: str) -> None:
        """A worker has let go of a job."""
        if state == words.PAUSED and job.asked == "stop":
            state = words.STOPPED
        if state == words.PAUSED and job.yielding and job.asked is None:
            del self._running[job.id]
            job.yielding = job.preparing = False
            self._set(job, words.QUEUED, "Others that waited go first; then it goes on.")
            self.queue.push(job)
        elif state == words.PAUSED:
            why = job.why or ("One step was taken." if job.steps_asked else "Paused.")
            self._end(job, state, message or why)
        elif state == words.STOPPED:
            self._end(job, state, message or self._kept(job, "Stopped"))
        else:
            self._end(job, state, message)

    def _lost(self, worker: Worker) -> None:
        """A worker's line has ended: say so of its job."""
        if worker not in self._crew.workers:
            return
        how = self._crew.dismiss(worker)
        job = self._running.get(worker.job or "")
        if job is None:
            if not worker.ready:
                _log.warning("A training process ended while it started: %s.", how)
            return
        if worker.verdict is not None:
            self._settle(job, *worker.verdict)
            return
        self._end(
            job,
            words.FAILED,
            f"The training process ended unexpectedly ({how}). What was saved is kept: "
            "Resume goes on from the last saved step.",
        )

    def _watch(self, worker: Worker, job: Job, now: float) -> None:
        """Keep one running job within its limits."""
        most = self.limits.most_megabytes
        if worker.megabytes() > most:
            said = (
                f"The training needed more than the {most:,} MB that one job may take. What was "
                "saved is kept: choose fewer units, examples or a smaller batch."
            )
            worker.kill((words.FAILED, said))
        elif now - worker.since > self.limits.most_seconds + OVERTIME_SECONDS:
            worker.kill((words.STOPPED, self._kept(job, "The time of one job is over")))
        elif job.asked or job.yielding:
            patience = PREPARING_PATIENCE_SECONDS if job.preparing else PATIENCE_SECONDS
            if now - job.asked_at > patience:
                said = "" if job.preparing or job.asked == "stop" else UNSAVED
                worker.kill((words.STOPPED if job.asked == "stop" else words.PAUSED, said))
        elif (
            len(self.queue)
            and now - worker.since > self.limits.turn_seconds
            and len(self._running) >= self.limits.workers
        ):
            job.yielding, job.asked_at = True, now
            worker.send({"do": "pause", "job": job.id})

    def _left_for_good(self, visitor: str) -> None:
        if self.left.pop(visitor, None) is None:
            return  # back in the last moment
        for job in [*self.queue, *self._running.values()]:
            if job.visitor == visitor:
                self.pause(job, "Paused because its page was closed; Resume goes on from there.")

    def _give_up(self) -> None:
        for job in list(self.queue):
            self.queue.remove(job)
            self._end(
                job,
                words.FAILED,
                "No training process could be started on this server; its log says why. "
                "Try again in a minute.",
            )

    # What jobs and records say.

    def _ask(self, job: Job, what: str, why: str) -> None:
        job.asked, job.why, job.asked_at = what, why, time.monotonic()
        if worker := self._worker_of(job):
            worker.send({"do": what, "job": job.id})

    def _worker_of(self, job: Job) -> Worker | None:
        return next((one for one in self._crew.workers if one.job == job.id), None)

    def _kept(self, job: Job, said: str) -> str:
        """What is said of a job that ends early: whether it leaves a network."""
        if any((self.store.folder / run / MODEL).is_dir() for run in job.runs):
            return f"{said}; the best so far is kept."
        return f"{said}."

    def _end(self, job: Job, state: str, message: str) -> None:
        """The job is off the worker and out of the queue."""
        self._running.pop(job.id, None)
        job.asked, job.why, job.steps_asked = None, "", None
        job.preparing = job.yielding = False
        job.ended = None if state == words.PAUSED else time.time()
        self._set(job, state, message)

    def _set(self, job: Job, state: str, message: str) -> None:
        for member in job.members:
            if not member.done:
                member.state, member.message = state, message
        self._record(job)
        job.message, job.state = message, state  # last: who sees the state finds it on the disk

    def _record(self, job: Job) -> None:
        """Write to the runs' records; on a full disk it is tried again later."""
        self._unrecorded.discard(job)
        for member in job.members:
            try:
                self._record_member(member)
            except (RunError, OSError) as failure:
                if self.store.exists(member.run):
                    self._unrecorded.add(job)
                    _log.warning("A run's record could not be written: %s", failure)

    def _record_member(self, member: Member) -> None:
        fields = {"state": member.state, "message": member.message, **member.record}
        if fields != member.recorded:
            self.store.update(member.run, **fields)
            member.recorded = dict(fields)
