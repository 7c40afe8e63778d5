"""Who is next: round robin over visitors, and for each of them first come, first served."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator

from rnnviz.jobs.job import Job


class FairQueue:
    """Jobs that wait. A visitor with many jobs never delays another one by more than one job."""

    def __init__(self) -> None:
        self._visitors: OrderedDict[str, deque[Job]] = OrderedDict()

    def push(self, job: Job) -> None:
        """Put a job behind the others of its visitor; a new visitor goes behind all others."""
        self._visitors.setdefault(job.visitor, deque()).append(job)
        self._number()

    def pop(self) -> Job | None:
        """Take the next job; its visitor's other jobs then wait behind everybody else's."""
        if not self._visitors:
            return None
        visitor, jobs = self._visitors.popitem(last=False)
        job = jobs.popleft()
        if jobs:
            self._visitors[visitor] = jobs
        job.position = 0
        self._number()
        return job

    def remove(self, job: Job) -> bool:
        """Take a job out, wherever it stands; False if it was not there."""
        jobs = self._visitors.get(job.visitor, deque())
        if job not in jobs:
            return False
        jobs.remove(job)
        if not jobs:
            del self._visitors[job.visitor]
        job.position = 0
        self._number()
        return True

    def __iter__(self) -> Iterator[Job]:
        """The jobs in the order in which `pop` would give them."""
        rows = [list(jobs) for jobs in self._visitors.values()]
        for turn in range(max(map(len, rows), default=0)):
            yield from (row[turn] for row in rows if turn < len(row))

    def __len__(self) -> int:
        return sum(map(len, self._visitors.values()))

    def _number(self) -> None:
        for place, job in enumerate(self):
            job.position = place
