"""Thirty visitors press Train at once: ``python -m benchmarks.visitors [--server]``.

Without `--server` they are threads before a `JobManager`, and each looks at its curves once a
second, as a page does. With it they are sessions of the running app (`make app`) over websockets:
each opens `/train`, presses the button and is drawn again as often as the page asks for it, while
one more visitor moves about on another page. Printed: whether all were served, in which time; how
long a look, or a run of a page, took; how much memory server and workers had at most.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rnnviz.runs.queue.crew import resident_megabytes
from rnnviz.runs.queue.job import Job
from rnnviz.runs.queue.limits import cores
from rnnviz.runs.queue.manager import JobManager
from rnnviz.runs.record import Run
from rnnviz.runs.store import RunStore
from rnnviz.training.plan import Plan
from rnnviz.training.tasks.table import defaults


class Memory:
    """The most megabytes that a process and those it started had, looked at all the time."""

    def __init__(self) -> None:
        self.server = self.worker = self.all = 0.0
        self.processes = 0

    @contextmanager
    def watching(self, pid: int) -> Iterator[None]:
        """Look at `pid` and its children while the block runs."""
        done = threading.Event()

        def look() -> None:
            while not done.wait(0.25):
                server, children = resident_megabytes(pid), children_of(pid)
                workers = [resident_megabytes(child) for child in children]
                self.server = max(self.server, server)
                self.worker = max([self.worker, *workers])
                self.all = max(self.all, server + sum(workers))
                self.processes = max(self.processes, len(workers))

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def __str__(self) -> str:
        return (
            f"memory at most: server {self.server:,.0f} MB, one of {self.processes} workers "
            f"{self.worker:,.0f} MB, all together {self.all:,.0f} MB"
        )


def children_of(pid: int) -> list[int]:
    """The processes that a process has started and that still live."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, task.read_text(encoding="ascii").split())
        except OSError:
            continue
    return found


def spread(name: str, seconds: Iterable[float]) -> str:
    """Median, 95th percentile and largest, in milliseconds."""
    values = sorted(1000 * one for one in seconds)
    if not values:
        return f"{name}: none"
    high = values[min(len(values) - 1, int(0.95 * len(values)))]
    return (
        f"{name}: median {statistics.median(values):,.0f} ms, 95 % within {high:,.0f} ms, "
        f"longest {values[-1]:,.0f} ms ({len(values):,})"
    )


def at_the_manager(visitors: int, workers: int, plan: Plan) -> bool:
    """The visitors as threads before a manager; whether nobody's job was lost."""
    looks: list[float] = []
    firsts: list[float] = []
    jobs: list[Job] = []
    memory = Memory()

    def visit(name: str, manager: JobManager, barrier: threading.Barrier) -> None:
        barrier.wait()
        pressed = time.perf_counter()
        job = manager.submit(name, [plan])
        jobs.append(job)
        first = None
        while job.live:
            start = time.perf_counter()
            manager.adopt(name)
            known = manager.get(job.id)
            assert known is job
            points = len(job.run_curves(job.id))
            looks.append(time.perf_counter() - start)
            if points and first is None:
                first = time.perf_counter() - pressed
                firsts.append(first)
            time.sleep(1.0)

    with (
        tempfile.TemporaryDirectory() as folder,
        JobManager(RunStore(folder), workers) as manager,
        memory.watching(os.getpid()),
    ):
        while not manager.status().ready:
            time.sleep(0.01)
        barrier = threading.Barrier(visitors + 1)
        threads = [
            threading.Thread(target=visit, args=(f"visitor {n}", manager, barrier))
            for n in range(visitors)
        ]
        for thread in threads:
            thread.start()
        start = time.perf_counter()
        barrier.wait()
        for thread in threads:
            thread.join()
        took = time.perf_counter() - start
        served = sum(job.state == "finished" for job in jobs)
    print(f"{served} of {visitors} finished in {took:,.0f} s on {workers} workers")
    print(f"first point: after {min(firsts):.1f} to {max(firsts):.1f} s")
    print(spread("a look at one's job", looks))
    print(memory)
    return served == visitors


def at_the_server(visitors: int, workers: int) -> bool:
    """The visitors as sessions of the app; whether nobody's run was lost."""
    from benchmarks.sessions import Session
    from tests.browser.server import serve

    memory = Memory()
    runs: list[Run] = []

    async def visit(address: str, store: RunStore) -> tuple[list[Session], Session, float]:
        others = [Session(address, "train") for _ in range(visitors)]
        walker = Session(address, "digits")
        for session in (*others, walker):
            await session.open()
        await walker.run()
        await asyncio.gather(*(session.run() for session in others))
        for session in (*others, walker):
            session.seconds.clear()
        start = time.perf_counter()
        await asyncio.gather(*(session.press("Train") for session in others))
        polls = [asyncio.create_task(session.follow()) for session in others]
        while True:
            await walker.run()
            await asyncio.sleep(1.0)
            runs[:] = store.runs()
            live = sum(run.state in ("queued", "running") for run in runs)
            if len(runs) >= visitors and not live:
                break
        for poll in polls:
            poll.cancel()
        return others, walker, time.perf_counter() - start

    with tempfile.TemporaryDirectory() as folder:
        environment = {"RNNVIZ_RUNS": folder, "RNNVIZ_WORKERS": str(workers)}
        with serve(environment) as server:
            (pid,) = children_of(os.getpid())
            with memory.watching(pid):
                others, walker, took = asyncio.run(visit(server.address, RunStore(folder)))
    served = sum(run.state == "finished" for run in runs)
    print(f"{served} of {visitors} finished in {took:,.0f} s on {workers} workers")
    print(spread("a run of the Train page", (one for s in others for one in s.seconds)))
    print(spread("a run of another page", walker.seconds))
    print(memory)
    return served == visitors


def main() -> None:
    """Run the visit and fail where somebody was not served."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--server", action="store_true", help="visit the running app")
    parser.add_argument("--visitors", type=int, default=30)
    parser.add_argument("--workers", type=int, default=min(2, cores()))
    parser.add_argument("--epochs", type=int, help="of each training; without --server only")
    chosen = parser.parse_args()
    if chosen.server:
        fine = at_the_server(chosen.visitors, chosen.workers)
    else:
        plan = defaults("digits", "gru")
        plan = plan.changed(epochs=chosen.epochs) if chosen.epochs else plan
        fine = at_the_manager(chosen.visitors, chosen.workers, plan)
    raise SystemExit(0 if fine else 1)


if __name__ == "__main__":
    main()
