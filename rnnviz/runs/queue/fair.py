"""Who is next: in turn by address, there by visitor, and for each of them first come, first served.

A visitor is whoever says so, an address is not: with many visitors nobody gets more turns.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator

from rnnviz.runs.queue.job import Job

Visitors = OrderedDict[str, deque[Job]]


class FairQueue:
    """Jobs that wait. An address with many jobs never delays another one by more than one job, and
    within an address no visitor delays another by more than one.
    """

    def __init__(self) -> None:
        self._origins: OrderedDict[str, Visitors] = OrderedDict()

    def push(self, job: Job) -> None:
        """Put a job behind the others of its visitor; who is new goes behind all others."""
        visitors = self._origins.setdefault(job.origin, OrderedDict())
        visitors.setdefault(job.visitor, deque()).append(job)
        self._number()

    def pop(self) -> Job | None:
        """Take the next job; others of its address then wait behind everybody else's."""
        if not self._origins:
            return None
        job = _next(self._origins)
        job.position = 0
        self._number()
        return job

    def remove(self, job: Job) -> bool:
        """Take a job out, wherever it stands; False if it was not there."""
        visitors = self._origins.get(job.origin, OrderedDict())
        jobs = visitors.get(job.visitor, deque())
        if job not in jobs:
            return False
        jobs.remove(job)
        if not jobs:
            del visitors[job.visitor]
        if not visitors:
            del self._origins[job.origin]
        job.position = 0
        self._number()
        return True

    def __iter__(self) -> Iterator[Job]:
        """The jobs in the order in which `pop` would give them."""
        left = OrderedDict(
            (origin, OrderedDict((one, deque(jobs)) for one, jobs in visitors.items()))
            for origin, visitors in self._origins.items()
        )
        while left:
            yield _next(left)

    def __len__(self) -> int:
        return sum(len(jobs) for one in self._origins.values() for jobs in one.values())

    def _number(self) -> None:
        for place, job in enumerate(self):
            job.position = place


def _next(origins: OrderedDict[str, Visitors]) -> Job:
    """Take the first job of the first visitor of the first address, and send both to the end."""
    origin, visitors = origins.popitem(last=False)
    visitor, jobs = visitors.popitem(last=False)
    job = jobs.popleft()
    if jobs:
        visitors[visitor] = jobs
    if visitors:
        origins[origin] = visitors
    return job
