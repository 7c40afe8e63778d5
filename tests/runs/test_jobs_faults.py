"""Jobs with real workers, and what happens to them when processes are killed.

Oracle: the same run, trained in this process without any fault, to the bit.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rnnviz.models import checkpoint
from rnnviz.runs.queue.crew import resident_megabytes
from rnnviz.runs.queue.job import Job, JobError
from rnnviz.runs.queue.limits import Limits
from rnnviz.runs.queue.manager import JobManager
from rnnviz.runs.store import RunStore
from rnnviz.training.engine.state import TrainingState
from tests.runs.test_jobs import until
from tests.runs.test_worker import PLAN, assert_same, work

ROOT = Path(__file__).resolve().parents[2]
LONG = PLAN.changed(epochs=60)
START_SECONDS = 240.0  # a worker imports torch, on a machine that may be busy

SERVER = """
import sys, time
from rnnviz.runs.queue.limits import Limits
from rnnviz.runs.queue.manager import JobManager
from rnnviz.runs.store import RunStore
from rnnviz.training.plan import Plan

plan = Plan.from_json({plan!r})
bounds = Limits(workers=1)
manager = JobManager(RunStore({folder!r}), bounds=bounds, warm_up="recall")
job = manager.submit("ada", [plan])

def wait(true):
    while not true():
        assert job.live or job.state == "paused", job.message
        time.sleep(0.01)

wait(lambda: job.latest(job.id).get("step", 0) >= 20)
manager.pause(job)
wait(lambda: job.state == "paused")
manager.resume(job)
wait(lambda: job.latest(job.id)["step"] >= 60)
print(job.id, *(worker.pid for worker in manager._dispatcher._crew.workers), flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module", autouse=True)
def as_important_as_others() -> Iterator[None]:
    """Workers that stand back take minutes here when other tests run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RNNVIZ_NICE", "0")
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that nothing happens to."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert work({folder: LONG}).state == "finished"
    return folder


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    return RunStore(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def left_behind(store: RunStore) -> str:
    """A run whose server was killed, once its worker is gone as well."""
    code = SERVER.format(plan=LONG.to_json(), folder=str(store.folder))
    server = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    run, *workers = server.stdout.readline().split()
    server.kill()
    server.wait()
    server.stdout.close()
    assert workers
    until(lambda: not any(resident_megabytes(int(pid)) for pid in workers), START_SECONDS)
    return run


@pytest.fixture(scope="module")
def manager(store: RunStore, left_behind: str) -> Iterator[JobManager]:
    with JobManager(store, bounds=Limits(workers=1), warm_up="recall") as opened:
        yield opened


def test_a_new_server_goes_on_where_the_killed_one_was(
    left_behind: str, store: RunStore, manager: JobManager, whole: Path
) -> None:
    run = left_behind
    assert store.get(run).state == "interrupted"
    assert TrainingState.load(store.get(run).state_path).step >= 20
    job = manager.resume(run)
    until(lambda: not job.live, START_SECONDS)
    assert (job.state, job.message) == ("finished", "")
    assert_same(store.get(run).folder, whole)
    # The same seed would have brought a run that began anew to the same end: it did not.
    assert resumed_at(store.get(run).folder)[-1] >= 20


def test_a_worker_that_is_killed_costs_nothing_that_was_saved(
    store: RunStore, manager: JobManager, whole: Path
) -> None:
    job = manager.submit("bob", [LONG])
    reach(job, 20)
    manager.pause(job)
    until(lambda: job.state == "paused")
    manager.resume(job)
    reach(job, 40)
    (worker,) = manager._dispatcher._crew.workers
    os.kill(worker.pid, signal.SIGKILL)
    until(lambda: job.state == "failed", 3)
    assert "ended unexpectedly (SIGKILL, signal 9)" in job.message
    assert "Resume goes on from the last saved step" in job.message
    checkpoint.load(store.get(job.id).model_folder)
    manager.resume(job)  # on a fresh worker
    until(lambda: not job.live, START_SECONDS)
    assert job.state == "finished"
    assert_same(store.get(job.id).folder, whole)
    assert resumed_at(store.get(job.id).folder)[-1] >= 20


def test_two_tabs_of_one_visitor_see_one_job(manager: JobManager) -> None:
    first_tab = manager.submit("cleo", [LONG])
    until(lambda: first_tab.latest(first_tab.id), START_SECONDS)
    second_tab = manager.get(first_tab.id)
    assert second_tab is first_tab
    assert manager.of("cleo") == [first_tab]
    with pytest.raises(JobError, match="You already have a training"):
        manager.submit("cleo", [PLAN])
    manager.pause(second_tab)
    until(lambda: first_tab.state == "paused")
    manager.stop(first_tab)
    assert second_tab.state == "stopped"


def test_a_browser_that_is_closed_in_mid_run_frees_the_worker(
    store: RunStore, manager: JobManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manager._dispatcher, "limits", replace(manager.limits, grace_seconds=0.1))
    job = manager.submit("dora", [LONG])
    until(lambda: job.latest(job.id), START_SECONDS)
    manager.leave("dora")
    until(lambda: job.state == "paused")
    assert "its page was closed" in job.message
    assert manager.status().running == 0
    assert TrainingState.load(store.get(job.id).state_path).step > 0


def resumed_at(folder: Path) -> list[int]:
    """The steps from which a run has gone on, in order; the first start is none of them."""
    events = map(json.loads, (folder / "curves.jsonl").read_text().splitlines())
    starts = [event["resumed_at"] for event in events if event["event"] == "training-started"]
    assert starts.pop(0) == 0
    return starts


def reach(job: Job, step: int) -> None:
    until(lambda: job.latest(job.id).get("step", 0) >= step, START_SECONDS)
