"""What one job may take, in constants that the page shows and the environment may change."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from rnnviz.runs.budgets import Budgets, budgets, whole

MOST_SECONDS = 600.0
MOST_MEGABYTES = 1500
MOST_LANES = 12
TURN_SECONDS = 60.0
GRACE_SECONDS = 90.0
NICE = 10


@dataclass(frozen=True)
class Limits:
    """The bounds of one server; seconds are those of a clock, megabytes 10^6 bytes.

    `workers`: trainings at the same time. `most_seconds`: training time of one job, pauses left
    out. `most_megabytes`: resident memory of the worker that runs it. `most_queued`: jobs that
    wait. `jobs_of_address` and `jobs_each`: jobs that wait or run of one address and one visitor.
    `most_lanes`: networks in one race. `turn_seconds`: after so long a job lets others that wait go
    first, and goes on after them. `grace_seconds`: how long a job runs on when its visitor has
    left.
    """

    workers: int = 1
    most_seconds: float = MOST_SECONDS
    most_megabytes: int = MOST_MEGABYTES
    most_queued: int = Budgets.everybody.jobs
    most_lanes: int = MOST_LANES
    jobs_of_address: int = Budgets.address.jobs
    jobs_each: int = Budgets.visitor.jobs
    turn_seconds: float = TURN_SECONDS
    grace_seconds: float = GRACE_SECONDS


def limits(environment: Mapping[str, str] | None = None) -> Limits:
    """The limits that RNNVIZ_WORKERS, RNNVIZ_MOST_SECONDS and RNNVIZ_MOST_MEGABYTES state.

    How many jobs whoever may have is in the table of `rnnviz.runs.budgets`. Raises ValueError with
    one sentence where one of them is no number above 0.
    """
    words = os.environ if environment is None else environment
    found = budgets(words)
    return Limits(
        workers=whole(words, "RNNVIZ_WORKERS", cores()),
        most_seconds=_number(words, "RNNVIZ_MOST_SECONDS", MOST_SECONDS),
        most_megabytes=whole(words, "RNNVIZ_MOST_MEGABYTES", MOST_MEGABYTES),
        most_queued=found.everybody.jobs,
        jobs_of_address=found.address.jobs,
        jobs_each=found.visitor.jobs,
    )


def niceness(environment: Mapping[str, str] | None = None) -> int:
    """How far workers step back behind the pages, or ValueError."""
    words = os.environ if environment is None else environment
    return whole(words, "RNNVIZ_NICE", NICE, least=0)


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _number(words: Mapping[str, str], name: str, default: float) -> float:
    said = words.get(name, "").strip()
    if not said:
        return default
    try:
        number = float(said)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e9:
        raise ValueError(
            f"{name}: expected a number above 0, got {said[:40]!r}: set it to such a number or "
            "remove it"
        )
    return number
