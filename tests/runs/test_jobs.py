"""The manager of training jobs, with workers that only speak as such (`fake_worker`).

Oracles: round robin worked out by hand, limits as stated, and sentences that name what happened.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rnnviz.models.places import RunError
from rnnviz.runs.queue import manager as managers
from rnnviz.runs.queue.crew import Crew, Worker, resident_megabytes
from rnnviz.runs.queue.fair import FairQueue
from rnnviz.runs.queue.job import UNSEEN_SECONDS, Job, JobError, Lines
from rnnviz.runs.queue.limits import Limits, limits
from rnnviz.runs.queue.manager import JobManager
from rnnviz.runs.store import RunStore
from rnnviz.training.plan import Plan
from tests.fake_worker import DIES, DIVERGES, EATS, FIRST_EPOCH, GOOD, HANGS, IS_SLOW

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0


def plan(steps: int = 3, kind: int = GOOD) -> Plan:
    """For the fake worker: `steps` steps of 50 ms, and what goes wrong."""
    return Plan(epochs=steps, seed=kind)


LONG = plan(200)


def until(true: Callable[[], object], patience: float = PATIENCE) -> None:
    """Wait for something to become true; fail where it does not."""
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.005)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs")


Open = Callable[..., JobManager]


@pytest.fixture
def opened(store: RunStore) -> Iterator[Open]:
    """Make managers with fake workers; all are closed in the end."""
    managers: list[JobManager] = []

    def make(**bounds: Any) -> JobManager:
        words = {"workers": 1, **bounds}
        managers.append(
            JobManager(store, bounds=Limits(**words), worker_module="tests.fake_worker")
        )
        return managers[-1]

    yield make
    for manager in managers:
        manager.close()


def job(visitor: str, name: str = "") -> Job:
    return Job(name or visitor, visitor, ())


def test_the_queue_takes_visitors_in_turn() -> None:
    queue = FairQueue()
    a1, a2, a3, b1, c1, c2 = (job(name[0], name) for name in ("a1", "a2", "a3", "b1", "c1", "c2"))
    for one in (a1, a2, a3, b1, c1, c2):
        queue.push(one)
    # By hand: everybody's first in order of arrival, then everybody's second, then the third.
    expected = [a1, b1, c1, a2, c2, a3]
    assert list(queue) == expected
    assert [one.position for one in expected] == [0, 1, 2, 3, 4, 5]
    assert [queue.pop() for _ in range(2)] == [a1, b1]
    late = job("d")
    queue.push(late)
    assert list(queue) == [c1, a2, late, c2, a3]
    assert queue.remove(a2)
    assert not queue.remove(a2)
    assert list(queue) == [c1, a3, late, c2]
    assert (len(queue), late.position) == (4, 2)
    assert [queue.pop() for _ in range(5)] == [c1, a3, late, c2, None]


def test_the_environment_sets_the_limits() -> None:
    words = {"RNNVIZ_WORKERS": "3", "RNNVIZ_MOST_SECONDS": "12.5", "RNNVIZ_MOST_MEGABYTES": "900"}
    assert limits(words) == Limits(workers=3, most_seconds=12.5, most_megabytes=900)
    assert limits({}).workers == len(os.sched_getaffinity(0))
    for name, value in (("WORKERS", "two"), ("WORKERS", "0"), ("MOST_SECONDS", "nan")):
        with pytest.raises(ValueError, match=f"RNNVIZ_{name}: expected .* above 0, got"):
            limits({f"RNNVIZ_{name}": value})


def test_a_job_runs_to_its_end_and_its_record_says_so(opened: Open, store: RunStore) -> None:
    manager = opened()
    done = manager.submit("ada", [plan(3)], ["mine"])
    until(lambda: done.state == "finished")
    run = store.get(done.id)
    assert (run.state, run.name, run.visitor, run.step, run.steps) == (
        "finished", "mine", "ada", 3, 3,
    )  # fmt: skip
    assert done.latest(done.id)["loss"] == pytest.approx(1 / 3)
    assert manager.get(done.id) is done
    assert manager.of("ada") == [done]
    assert manager.of("bob") == []
    with pytest.raises(JobError, match="got one that has ended: restart it"):
        manager.resume(done)
    again = manager.restart(done)
    assert (again.plans, again.id != done.id) == (done.plans, True)
    assert store.get(again.id).name == "mine"
    until(lambda: again.state == "finished")


def test_thirty_visitors_are_all_served_in_turn(opened: Open) -> None:
    manager = opened(workers=2)
    jobs = [manager.submit(f"visitor {n}", [plan(2)]) for n in range(30)]
    waiting = [one for one in jobs if one.state == "queued"]
    assert [one.position for one in waiting] == list(range(len(waiting)))
    until(lambda: all(one.state == "finished" for one in jobs))
    started = [one.started or 0.0 for one in jobs]
    assert started == sorted(started)
    assert manager.status().workers <= 2


def test_a_visitor_has_one_job_at_a_time_and_the_queue_an_end(opened: Open) -> None:
    manager = opened(most_queued=2)
    first = manager.submit("ada", [LONG])
    until(lambda: first.state == "running")
    with pytest.raises(JobError, match="You already have a training"):
        manager.submit("ada", [plan()])
    manager.submit("bob", [plan()])
    manager.submit("cleo", [plan()])
    with pytest.raises(JobError, match="2 trainings are waiting"):
        manager.submit("dora", [plan()])
    with pytest.raises(JobError, match="expected 1 to 12 networks"):
        manager.submit("dora", [])
    with pytest.raises(JobError, match="expected 1 to 12 networks"):
        manager.submit("dora", [plan()] * 13)


def test_an_address_has_so_many_jobs_however_many_visitors(opened: Open) -> None:
    manager = opened(jobs_of_address=3)
    jobs = [manager.submit(f"cookie {n}", [LONG], origin="here") for n in range(3)]
    with pytest.raises(JobError, match="People who share your address already have 3 trainings"):
        manager.submit("cookie 3", [LONG], origin="here")
    other = manager.submit("ada", [plan()], origin="there")
    assert other.position <= 1  # behind one of that address, not behind all
    manager.stop(jobs[2])
    until(lambda: jobs[2].state == "stopped")
    again = manager.submit("cookie 3", [LONG], origin="here")
    assert (again.origin, manager.store.get(again.id).origin) == ("here", "here")
    manager.pause(again)
    until(lambda: again.state == "paused")
    manager.submit("cookie 4", [LONG], origin="here")
    with pytest.raises(JobError, match="share your address"):
        manager.resume(again)


def test_pause_frees_the_worker_and_resume_goes_on(opened: Open, store: RunStore) -> None:
    manager = opened()
    first = manager.submit("ada", [LONG])
    second = manager.submit("bob", [plan(3)])
    until(lambda: first.latest(first.id))
    assert (second.state, second.position) == ("queued", 0)
    manager.pause(first)
    until(lambda: first.state == "paused")
    until(lambda: second.state == "finished")
    assert store.get(first.id).state == "paused"
    before = first.latest(first.id)["step"]
    assert manager.step(first.id) is first
    until(lambda: first.state == "paused")
    assert first.latest(first.id)["step"] == before + 1
    assert first.message == "One step was taken."
    manager.resume(first)
    step = first.latest(first.id)["step"]
    until(lambda: first.latest(first.id)["step"] > step + 3)
    manager.pause(first)
    until(lambda: first.state == "paused")
    assert first.latest(first.id)["step"] < LONG.epochs  # long before its end
    manager.resume(first)
    until(lambda: first.latest(first.id)["step"] > FIRST_EPOCH)
    manager.stop(first)
    until(lambda: first.state == "stopped")
    assert "best so far is kept" in first.message
    assert store.get(first.id).state == "stopped"


def test_what_waits_can_be_paused_and_stopped(opened: Open) -> None:
    manager = opened()
    first = manager.submit("ada", [LONG])
    until(lambda: first.state == "running")
    second, third = (manager.submit(name, [plan(2)]) for name in ("bob", "cleo"))
    manager.pause(second)
    assert (second.state, third.position) == ("paused", 0)
    manager.stop(third)
    assert third.state == "stopped"
    manager.stop(first)
    until(lambda: first.state == "stopped")
    manager.resume(second)
    until(lambda: second.state == "finished")
    manager.pause(second)
    manager.stop(second)
    assert second.state == "finished"  # what is so already is no error


def test_a_stop_says_that_something_is_kept_only_where_it_is(opened: Open) -> None:
    manager = opened()
    early = manager.submit("ada", [LONG])
    until(lambda: early.latest(early.id))
    manager.pause(early)
    until(lambda: early.state == "paused")
    assert early.latest(early.id)["step"] < FIRST_EPOCH
    manager.stop(early)
    assert (early.state, early.message) == ("stopped", "Stopped.")
    manager.resume(early)
    until(lambda: early.latest(early.id)["step"] > FIRST_EPOCH)
    manager.pause(early)
    until(lambda: early.state == "paused")
    manager.stop(early)
    assert early.message == "Stopped; the best so far is kept."


def test_a_restart_that_is_refused_stops_nothing(opened: Open, store: RunStore) -> None:
    manager = opened(most_queued=1)
    first = manager.submit("ada", [LONG])
    until(lambda: first.latest(first.id))
    waiting = manager.submit("bob", [LONG])
    with pytest.raises(JobError, match="trainings are waiting"):
        manager.restart(first)
    assert (first.asked, first.state) == (None, "running")
    assert manager.restart(waiting).state == "queued"  # in the place of what waited
    assert waiting.state == "stopped"
    assert len(store.runs()) == 3


def test_a_race_that_is_refused_leaves_nothing(
    opened: Open, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = store.create

    def full(*words: Any, **more: Any) -> Any:
        if store.runs():
            raise RunError("expected room for a run, got No space left on device")
        return create(*words, **more)

    def unwritable(*words: Any, **more: Any) -> None:
        raise RunError("expected to write the record, got No space left on device")

    manager = opened()
    monkeypatch.setattr(store, "create", full)
    monkeypatch.setattr(store, "update", unwritable)
    with pytest.raises(JobError, match="expected room for a run, got No space"):
        manager.submit("ada", [plan(), plan()])
    assert (store.runs(), store.damaged()) == ([], [])
    with pytest.raises(JobError, match="a name for each of 2 networks, got 1"):
        manager.submit("ada", [plan(), plan()], ["one"])
    assert (store.runs(), manager.of("ada")) == ([], [])


def test_a_job_that_has_had_its_time_is_not_resumed(opened: Open) -> None:
    manager = opened(most_seconds=0.2)
    done = manager.submit("ada", [LONG])
    until(lambda: done.seconds > 0.2)
    manager.pause(done)
    until(lambda: done.state == "paused")
    for again in (manager.resume, manager.step):
        with pytest.raises(JobError, match=r"got one that has had its 0 s: restart it"):
            again(done)
    assert done.state == "paused"


SERVER = """
import sys
from rnnviz.runs.store import RunStore
run, store = sys.argv[2], RunStore(sys.argv[1])
print(store.update(run, state="running").id, flush=True)
sys.stdin.read()
"""


def test_two_servers_do_not_train_one_run(
    opened: Open, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = opened()
    paused = manager.submit("ada", [LONG])
    until(lambda: paused.latest(paused.id))
    manager.pause(paused)
    until(lambda: paused.state == "paused")
    command = [sys.executable, "-c", SERVER, str(store.folder), paused.id]
    with subprocess.Popen(command, cwd=ROOT, stdin=-1, stdout=-1, text=True) as other:
        assert other.stdout.readline().strip() == paused.id  # it was resumed there
        third = opened()
        assert third.get(paused.id) is None
        for ask in (manager.resume, manager.step, manager.stop, third.resume, third.stop):
            with pytest.raises(JobError, match="another server trains"):
                ask(paused.id)
        with monkeypatch.context() as patch:  # looked a moment before the other one took it
            patch.setattr(manager, "_check_records", lambda job: None)
            with pytest.raises(JobError, match="another server trains"):
                manager.resume(paused)
        assert paused.state == "paused"
        assert store.get(paused.id).process[0] == other.pid
        other.kill()
        other.wait()
        assert manager.resume(paused) is paused  # nobody has it any more
    until(lambda: paused.state == "running")
    assert store.get(paused.id).process[0] == os.getpid()


def test_a_job_whose_runs_are_gone_is_not_resumed(opened: Open, store: RunStore) -> None:
    manager = opened()
    gone = manager.submit("ada", [LONG])
    until(lambda: gone.latest(gone.id))
    manager.stop(gone)
    until(lambda: gone.state == "stopped")
    store.delete(gone.id)
    with pytest.raises(JobError, match="still here, got one that is not"):
        manager.resume(gone)


def test_an_interrupted_job_can_be_stopped_and_deleted(opened: Open, store: RunStore) -> None:
    manager = opened()
    run = store.create(LONG, "ada", state="running")  # by a server that is gone by now
    found = manager.get(run.id)
    assert found is not None and found.state == "interrupted"
    manager.stop(found)
    assert store.get(run.id).state == "stopped"
    store.delete(run.id)


def test_a_restart_stops_what_runs(opened: Open) -> None:
    manager = opened()
    first = manager.submit("ada", [LONG])
    until(lambda: first.latest(first.id))
    second = manager.restart(first)
    until(lambda: first.state == "stopped")
    until(lambda: second.state == "running")
    assert second.plans == first.plans


def test_long_jobs_let_others_go_first(opened: Open) -> None:
    manager = opened(turn_seconds=0.1)
    long, short = (manager.submit(*one) for one in (("ada", [plan(60)]), ("bob", [plan(2)])))
    until(lambda: short.state == "finished")
    assert long.state in ("queued", "running")
    assert long.latest(long.id)["step"] < 60
    until(lambda: long.state == "finished")


def test_a_race_is_one_job_and_survives_one_that_diverges(opened: Open, store: RunStore) -> None:
    manager = opened()
    race = manager.submit("ada", [plan(3), plan(3, DIVERGES)])
    until(lambda: race.state == "finished")
    good, bad = (store.get(run) for run in race.runs)
    assert race.id == good.group == bad.group
    assert (good.state, bad.state) == ("finished", "failed")
    assert bad.message == "expected a finite loss, got nan"
    assert race.member(bad.id).message == bad.message
    assert manager.get(bad.id) is race


def test_a_worker_that_dies_fails_its_job_and_is_replaced(opened: Open, store: RunStore) -> None:
    manager = opened()
    lost = manager.submit("ada", [plan(1, DIES)])
    until(lambda: lost.state == "failed")
    assert "ended unexpectedly (exit code 3)" in lost.message
    assert store.get(lost.id).state == "failed"
    following = manager.submit("ada", [plan(2)])
    until(lambda: following.state == "finished")


def test_a_job_that_needs_too_much_memory_is_ended(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(managers, "needed_megabytes", lambda plans: 0.0)  # as if nobody knew
    manager = opened(most_megabytes=200)
    greedy = manager.submit("ada", [plan(1, EATS)])
    until(lambda: greedy.state == "failed")
    assert "more than the 200 MB that one job may take" in greedy.message


def test_what_is_known_to_be_too_large_is_not_taken(opened: Open, store: RunStore) -> None:
    large = Plan(task="mnist", cell="lstm", hidden_size=1024, num_layers=4, batch_size=2048)
    with pytest.raises(JobError, match=r"at most 1,500 MB, got one that needs about 18,\d\d\d MB"):
        opened().submit("ada", [large])
    assert store.runs() == []


def test_a_worker_that_does_not_obey_is_ended(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    patience = "rnnviz.runs.queue.dispatcher.PATIENCE_SECONDS"
    monkeypatch.setattr(patience, 0.3)
    manager = opened()
    deaf = manager.submit("ada", [plan(9, HANGS)])
    until(lambda: deaf.latest(deaf.id))
    manager.pause(deaf)
    until(lambda: deaf.state == "paused")
    assert "Paused by force" in deaf.message
    monkeypatch.setattr(patience, 600.0)
    slow = manager.submit("ada", [plan(9, IS_SLOW)])
    until(lambda: slow.state == "running")
    assert slow.preparing
    manager.stop(slow)
    until(lambda: slow.state == "stopped", 5)  # it has nothing to save, so nobody waits for it


def test_a_job_that_overstays_is_ended(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnnviz.runs.queue.dispatcher.OVERTIME_SECONDS", 0.0)
    late = opened(most_seconds=0.2).submit("ada", [plan(9, HANGS)])
    until(lambda: late.state == "stopped")
    assert "time of one job is over" in late.message


def test_who_leaves_starves_nobody_and_finds_the_job_paused(opened: Open) -> None:
    manager = opened(grace_seconds=1.0)
    jobs = [manager.submit(name, [LONG]) for name in ("ada", "bob", "cleo")]
    until(lambda: jobs[0].state == "running")
    for name in ("ada", "bob", "cleo"):
        manager.leave(name)
    manager.adopt("cleo")  # a network blip: the page is back
    assert [one.state for one in jobs] == ["running", "queued", "queued"]
    until(lambda: jobs[0].state == "paused")
    until(lambda: jobs[1].state == "paused")
    assert "its page was closed" in jobs[0].message
    until(lambda: jobs[2].state == "running")
    manager.leave("cleo")
    manager.adopt("cleo")
    manager._dispatcher.left["dora"] = 0.0
    until(lambda: not manager._dispatcher.left)  # it has looked after everybody who has left
    assert jobs[2].state == "running"


def test_the_learning_rate_has_bounds(opened: Open) -> None:
    manager = opened()
    one = manager.submit("ada", [LONG])
    manager.set_learning_rate_factor(one, 0.5)
    assert one.learning_rate_factor == 0.5
    for factor in (-1.0, 101.0, float("nan")):
        with pytest.raises(JobError, match="factor of the learning rate from 0 to 100"):
            manager.set_learning_rate_factor(one, factor)
    assert manager.get("nobody's") is None
    with pytest.raises(JobError, match="got one that is not"):
        manager.pause("nobody's")


def test_a_new_server_finds_what_an_earlier_one_left(opened: Open, store: RunStore) -> None:
    run = store.create(LONG, "ada", "left behind", state="running")
    race = [store.create(plan(3), "ada", group="g" * 16, state="paused") for _ in range(2)]
    manager = opened()
    found = manager.get(run.id)
    assert found is not None
    assert (found.state, found.resumable) == ("interrupted", True)
    other = manager.get(race[1].id)
    assert other is not None
    assert other.runs == tuple(one.id for one in race)
    manager.resume(other)
    until(lambda: other.state == "finished")
    until(lambda: store.get(race[0].id).state == "finished")


def test_closing_pauses_and_leaves_no_process(opened: Open, store: RunStore) -> None:
    manager = opened()
    running, waiting = manager.submit("ada", [LONG]), manager.submit("bob", [LONG])
    until(lambda: running.latest(running.id))
    (worker,) = manager._dispatcher._crew.workers
    manager.close()
    assert (running.state, waiting.state) == ("paused", "paused")
    assert store.get(running.id).state == "paused"
    assert resident_megabytes(worker.pid) == 0
    assert worker.process.returncode is not None
    manager.close()


def test_a_full_disk_does_not_stop_the_manager(
    opened: Open, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = opened()
    first = manager.submit("ada", [LONG])
    until(lambda: first.latest(first.id))
    update = store.update

    def full(id: str, **fields: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "update", full)
    manager.pause(first)
    until(lambda: first.state == "paused")
    assert store.get(first.id).state == "running"
    monkeypatch.setattr(store, "update", update)
    until(lambda: store.get(first.id).state == "paused")  # it is tried again


def test_workers_that_cannot_start_are_no_endless_loop(
    store: RunStore, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("rnnviz.runs.queue.crew.REST_SECONDS", 60.0)
    bounds = Limits(workers=1)
    with JobManager(store, bounds=bounds, worker_module="tests.no_such_module") as manager:
        lost = manager.submit("ada", [plan()])
        until(lambda: lost.state == "failed")
        assert "No training process could be started" in lost.message
    assert capfd.readouterr().err.count("No module named tests.no_such_module") == 3


def test_while_a_worker_lives_jobs_wait_for_it(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No other can be started for the moment: memory is short, say."""
    manager = opened(workers=2)
    first = manager.submit("ada", [plan(30)])
    until(lambda: first.state == "running")

    def fails(*_: Any) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    with manager._lock:
        monkeypatch.setattr("rnnviz.runs.queue.crew.Worker", fails)
        for worker in manager._dispatcher._crew.workers:
            if worker.job is None:
                worker.kill()
    until(lambda: len(manager._dispatcher._crew.workers) == 1)
    second = manager.submit("bob", [plan(2)])
    until(lambda: manager._dispatcher._crew._rest_until > 0)
    until(lambda: second.state != "queued")
    assert first.state == "finished"  # its worker was the only one
    until(lambda: second.state == "finished")


def test_who_comes_back_in_the_last_moment_trains_on(
    opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    manager = opened(grace_seconds=0.0)

    class Left(dict[str, float]):
        def items(self) -> Any:
            found = list(super().items())
            threading.Thread(target=manager.adopt, args=("ada",)).start()
            time.sleep(0.1)
            return found

    job = manager.submit("ada", [LONG])
    until(lambda: job.latest(job.id))
    manager._dispatcher.left = Left(ada=0.0)
    until(lambda: not manager._dispatcher.left)
    step = job.latest(job.id)["step"]
    until(lambda: job.latest(job.id)["step"] > step + 20)
    assert job.state == "running" and job.asked is None
    assert not caplog.records


def test_the_portable_line_works_as_the_inherited_one_does() -> None:
    worker = Worker("tests.fake_worker", listening=True)
    until(lambda: worker.connection.poll())
    assert list(worker.heard()) == [{"say": "ready"}]
    worker.let_go()
    until(lambda: worker.process.poll() == 0)
    worker.bury()


def test_a_worker_that_dies_before_it_calls_back_stops_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is not waited for to the end of the patience, which is an hour here."""
    monkeypatch.setattr("rnnviz.runs.queue.crew.CALL_SECONDS", 3600.0)
    worker = Worker("tests.no_such_module", listening=True)
    with pytest.raises(EOFError):
        list(worker.heard())
    assert worker.bury() == "exit code 1"


def test_idle_workers_are_let_go_but_one(monkeypatch: pytest.MonkeyPatch) -> None:
    crew = Crew(3, module="tests.fake_worker")
    crew.staff(2)
    assert len(crew.workers) == 3

    def hear() -> None:
        for worker in crew.wait(0.05):
            try:
                for message in worker.heard():
                    assert message == {"say": "ready"}
                    crew.is_ready(worker)
            except (EOFError, OSError):
                crew.dismiss(worker)

    until(lambda: hear() or all(worker.ready for worker in crew.workers))
    assert crew.workers[0].megabytes() > 5
    monkeypatch.setattr("rnnviz.runs.queue.crew.IDLE_SECONDS", 0.0)
    until(lambda: hear() or crew.staff(0) or len(crew.workers) == 1)
    os.kill(crew.workers[0].pid, signal.SIGKILL)
    (worker,) = crew.workers
    until(lambda: hear() or not crew.workers)
    assert worker.process.returncode == -9
    crew.close()


def test_lines_are_read_as_they_come(tmp_path: Path) -> None:
    path = tmp_path / "curves.jsonl"
    lines = Lines(path, {})
    assert len(lines.curves()) == 0
    step = '{"event": "step-finished", "step": %d, "loss": %s}\n'
    path.write_text(step % (1, 0.5) + step % (2, 0.25) + '{"event": "step-fin')
    first = lines.curves()
    assert first.loss.tolist() == [0.5, 0.25]
    assert lines.curves() is first  # nothing new, nothing done
    path.write_text(path.read_text() + 'ished", "step": 3, "loss": 0.125}\n')
    assert lines.curves().loss.tolist() == [0.5, 0.25, 0.125]
    path.write_text(step % (1, 7.0))
    assert lines.curves().loss.tolist() == [7.0]
    # Another file that is longer already: nothing of the first one stays, nothing is left out.
    path.write_text("".join(step % (number, 3.0) for number in (1, 2, 3)))
    again = lines.curves()
    assert (again.loss.tolist(), again.lost) == ([3.0, 3.0, 3.0], 0)


def test_curves_that_nobody_looks_at_give_their_memory_back(
    opened: Open, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = opened()
    seen, unseen = (manager.submit(name, [plan(1)]) for name in ("ada", "bob"))
    until(lambda: seen.state == unseen.state == "finished")
    line = '{"event": "step-finished", "step": 1, "loss": 0.5}\n'
    for job in (seen, unseen):
        store.get(job.id).curves_path.write_text(line)
        assert job.run_curves(job.id).loss.tolist() == [0.5]
    read = seen.run_curves(seen.id)
    unseen.member(unseen.id).lines._looked -= UNSEEN_SECONDS + 1
    manager.submit("cleo", [plan(1)])
    assert seen.run_curves(seen.id) is read
    assert unseen.member(unseen.id).lines._curves is None
    assert len(unseen.member(unseen.id).lines._recorder.curves()) == 0
    assert unseen.run_curves(unseen.id).loss.tolist() == [0.5]


def test_what_ended_first_is_forgotten_first_and_what_is_paused_last(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(managers, "MOST_JOBS_KNOWN", 3)
    manager = opened(workers=2)
    paused = manager.submit("ada", [LONG])
    manager.pause(paused)
    until(lambda: paused.state == "paused")
    long, short = manager.submit("bob", [plan(30)]), manager.submit("cleo", [plan(1)])
    until(lambda: long.state == short.state == "finished")
    manager.submit("dora", [plan(1)])
    assert [len(manager.of(name)) for name in ("ada", "bob", "cleo")] == [1, 1, 0]
