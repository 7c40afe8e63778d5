"""How fast a job obeys: ``python -m benchmarks.jobs [--jobs 5]``. What it trains at: `training`.

    worker ready    from the start of the server until a worker waits
    first metric    from submit to the first point, with a worker that waits     aim <= 2 s
    pause           from asking to a free worker                                 aim <= 0.5 s
    resume          from asking to the next step

The digits of scikit-learn and a GRU, as the page starts with. Median and longest of all jobs.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable

from rnnviz.runs.queue.job import Job
from rnnviz.runs.queue.manager import JobManager
from rnnviz.runs.store import RunStore
from rnnviz.training.tasks.table import defaults


def waited(true: Callable[[], object]) -> float:
    """Seconds until something is true."""
    start = time.perf_counter()
    while not true():
        time.sleep(0.002)
    return time.perf_counter() - start


def latencies(count: int) -> dict[str, list[float]]:
    """Seconds to the first metric, to a pause and to the first step after a resume."""
    with tempfile.TemporaryDirectory() as folder, JobManager(RunStore(folder), 1) as manager:
        print(f"worker ready after {waited(lambda: manager.status().ready):.1f} s")
        rows = [_times(manager, seed) for seed in range(count)]
    return {name: [row[name] for row in rows] for name in rows[0]}


def _times(manager: JobManager, seed: int) -> dict[str, float]:
    job = manager.submit("bench", [defaults("digits", "gru").changed(seed=seed)])
    first = waited(lambda: len(job.run_curves(job.id)))
    time.sleep(0.5)
    manager.pause(job)
    pause = waited(lambda: job.state == "paused")
    step = _step(job)
    manager.resume(job)
    resume = waited(lambda: _step(job) > step)
    manager.stop(job)
    waited(lambda: not job.live)
    return {"first metric": first, "pause": pause, "resume": resume}


def _step(job: Job) -> int:
    return int(job.latest(job.id)["step"])


def main() -> None:
    """Print each time."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=5)
    for name, times in latencies(parser.parse_args().jobs).items():
        print(f"{name}: median {statistics.median(times):.2f} s, longest {max(times):.2f} s")


if __name__ == "__main__":
    main()
