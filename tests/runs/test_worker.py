"""What a worker does with a job, in this process: files, controls and faults.

Oracle of pauses and resumes: the same run without any, event for event. Oracle of faults: the
files that were whole before are whole afterwards.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from rnnviz.models import checkpoint, storage
from rnnviz.runs import snapshots
from rnnviz.runs.record import Run
from rnnviz.runs.worker import failures, lane
from rnnviz.runs.worker.control import Control
from rnnviz.runs.worker.throttle import Throttle
from rnnviz.runs.worker.work import Work
from rnnviz.training.curves import Curves
from rnnviz.training.engine.state import TrainingState
from rnnviz.training.plan import Plan
from rnnviz.training.tasks.table import defaults

PLAN = defaults("recall", "gru").changed(
    hidden_size=8, delay=5, examples=200, epochs=3, dropout=0.2, num_layers=2
)
STEPS = 12
EXPLODING = Plan(
    task="recall", cell="rnn", delay=100, hidden_size=64, gain=10.0, initialisation="orthogonal",
    optimizer="sgd", schedule="constant", examples=100, epochs=3, batch_size=100,
)  # fmt: skip
"""The loss of its first step is a number, the gradient is none."""


class Told:
    """What a job told the server."""

    def __init__(self) -> None:
        self.ended: dict[str, tuple[str, str]] = {}
        self.state = self.message = ""
        self.progress: list[dict[str, Any]] = []

    def __call__(self, message: dict[str, Any]) -> None:
        json.dumps(message, allow_nan=True)
        if message["say"] == "ended":
            self.ended[message["run"]] = (message["state"], message["message"])
        elif message["say"] == "done":
            self.state, self.message = message["state"], message["message"]
        else:
            self.progress.append(message)


def work(
    folders: dict[Path, Plan],
    *,
    resume: bool = False,
    steps: int | None = None,
    most_seconds: float = 1e9,
    factor: float | None = None,
    during: Callable[[Control, int], None] | None = None,
) -> Told:
    """Let a worker's `Work` train; `during(control, step)` is called after every step."""
    for folder in folders:
        folder.mkdir(exist_ok=True, parents=True)
    lanes = [
        {"run": folder.name, "plan": plan.to_json(), "folder": str(folder), "resume": resume}
        for folder, plan in folders.items()
    ]
    assignment = {
        "job": "job", "lanes": lanes, "seconds": 0.0, "most_seconds": most_seconds,
        "steps": steps, "factor": factor,
    }  # fmt: skip
    control = Control(assignment)
    told = Told()
    if during is None:
        Work(assignment, control, told).run()
        return told
    take = lane.Lane._take

    def watched(self: lane.Lane, event: Any) -> None:
        take(self, event)
        if type(event).__name__ == "StepFinished":
            during(control, event.step)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lane.Lane, "_take", watched)
        Work(assignment, control, told).run()
    return told


def curves(folder: Path) -> Curves:
    return Curves.from_lines((folder / "curves.jsonl").read_bytes().splitlines())


def assert_same(one: Path, other: Path) -> None:
    """Two runs learnt the same: curves, scores and kept weights, to the bit."""
    left, right = curves(one), curves(other)
    for name in (
        "steps", "loss", "accuracy", "gradient_norm", "clipped_norm", "learning_rate",
        "score_steps", "held_out_loss", "held_out_accuracy", "training_loss", "epoch_steps",
    ):  # fmt: skip
        assert getattr(left, name).tolist() == getattr(right, name).tolist(), name
    kept, expected = (checkpoint.load(folder / "model").state_dict() for folder in (one, other))
    assert all(torch.equal(kept[name], expected[name]) for name in expected)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of `PLAN` that nobody interrupts."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    told = work({folder: PLAN})
    assert (told.state, told.message) == ("finished", "")
    return folder


def test_a_run_leaves_its_files(whole: Path) -> None:
    found = curves(whole)
    assert found.steps.tolist() == list(range(1, STEPS + 1))
    assert found.score_steps[0] == 0
    assert found.epoch_steps.tolist() == [4, 8, 12]
    model = checkpoint.load(whole / "model")
    card = storage.card(whole / "model")
    assert model.cell == "gru"
    assert card["plan"] == PLAN.to_json()
    assert card["held_out"]["n"] == 1000
    assert card["kept_epoch"] == {4: 1, 8: 2, 12: 3}[found.marks[-1].step]
    assert found.marks[-1].kind == "best"
    assert not (whole / "state.safetensors").exists()  # there is nothing to go on with
    assert not list(whole.glob(".*"))
    names = sorted(path.name for path in (whole / "snapshots").iterdir())
    assert (names[0], names[-1]) == ("0000000.safetensors", "0000012.safetensors")
    assert len(names) <= lane.SNAPSHOTS


def test_a_run_that_is_paused_often_learns_the_same(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "paused"
    told = work({folder: PLAN}, during=lambda control, step: control.want("pause"))
    pauses = 0
    while told.state == "paused":
        pauses += 1
        assert TrainingState.load(folder / "state.safetensors").step == pauses
        torch.rand(pauses)  # what others draw in between changes nothing
        told = work({folder: PLAN}, resume=True, during=lambda control, step: control.want("pause"))
    assert (told.state, pauses) == ("finished", STEPS)
    assert_same(folder, whole)


def test_one_step_at_a_time(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "stepped"
    for step in range(1, 4):
        told = work({folder: PLAN}, resume=True, steps=1)
        assert told.state == "paused"
        assert told.progress[-1]["runs"]["stepped"]["latest"]["step"] == step
    assert work({folder: PLAN}, resume=True).state == "finished"
    assert_same(folder, whole)


def test_a_pause_ends_a_long_scoring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wish comes while held-out examples are scored; the rest of them is not read."""
    read: list[int] = []
    monkeypatch.setattr("rnnviz.training.engine.scoring.EXAMPLES_AT_ONCE", 100)
    prepare = lane.prepare
    control: list[Control] = []

    def watched(plan: Plan) -> Any:
        def note(inputs: torch.Tensor, generator: Any, strength: float) -> torch.Tensor:
            read.append(len(inputs))
            if len(read) == 3 and control:
                control[0].want("pause")
            return inputs

        return replace(prepare(plan), prepare_held_out=note)

    monkeypatch.setattr(lane, "prepare", watched)
    whole = tmp_path / "whole"
    work({whole: PLAN})

    def during(wishes: Control, step: int) -> None:
        if step == 4:  # an epoch's end: scores come next
            control.append(wishes)
            read.clear()

    folder = tmp_path / "scoring"
    told = work({folder: PLAN}, during=during)
    assert told.state == "paused"
    assert len(read) == 3
    control.clear()
    assert work({folder: PLAN}, resume=True).state == "finished"
    assert_same(folder, whole)


def test_a_stop_keeps_the_best_or_what_there_is(tmp_path: Path) -> None:
    early, late = tmp_path / "early", tmp_path / "late"
    told = work({early: PLAN}, during=lambda c, step: c.want("stop") if step == 2 else None)
    assert told.state == "stopped"
    assert storage.card(early / "model")["interrupted"] == "after step 2"
    checkpoint.load(early / "model")
    told = work({late: PLAN}, during=lambda c, step: c.want("stop") if step == 6 else None)
    assert storage.card(late / "model")["kept_epoch"] == 1
    assert TrainingState.load(late / "state.safetensors").step == 6


def test_the_time_of_a_job_is_bounded(tmp_path: Path) -> None:
    told = work({tmp_path / "slow": PLAN}, most_seconds=0.0)
    assert told.state == "stopped"
    assert told.message == "The time of one job, 0 s, is over; the best so far is kept."


def test_a_race_takes_steps_in_turn_and_each_learns_as_alone(whole: Path, tmp_path: Path) -> None:
    plans = {tmp_path / "gru": PLAN, tmp_path / "rnn": PLAN.changed(cell="rnn")}
    order: list[int] = []
    told = work(plans, during=lambda control, step: order.append(step))
    assert told.ended == {"gru": ("finished", ""), "rnn": ("finished", "")}
    assert order == [step for step in range(1, STEPS + 1) for _ in range(2)]
    assert_same(tmp_path / "gru", whole)


def test_the_learning_rate_changes_while_it_runs(whole: Path, tmp_path: Path) -> None:
    def slower(control: Control, step: int) -> None:
        if step == 6:
            control.take({"do": "factor", "factor": 0.5})

    folder = tmp_path / "slower"
    work({folder: PLAN}, during=slower)
    rates, expected = curves(folder).learning_rate, curves(whole).learning_rate
    factors = (rates / expected).round(12).tolist()
    assert factors == [1.0] * 6 + [0.5] * 6


def test_nan_ends_a_network_and_keeps_its_best(tmp_path: Path) -> None:
    def broken(control: Control, step: int) -> None:
        if step == 6:
            control.take({"do": "factor", "factor": float("nan")})

    folder = tmp_path / "lost"
    told = work({folder: PLAN}, during=broken)
    assert told.state == "failed"
    assert "expected a finite loss, got nan at step 8" in told.message
    assert "lower the learning rate" in told.message
    assert storage.card(folder / "model")["kept_epoch"] == 1
    assert [mark.kind for mark in curves(folder).marks][-1] == "not-finite"


def test_nan_ends_one_network_of_a_race_and_the_other_goes_on(whole: Path, tmp_path: Path) -> None:
    lost, other = tmp_path / "lost", tmp_path / "other"
    told = work({lost: EXPLODING, other: PLAN})
    said = "expected a finite gradient, got inf at step 1 of epoch 1: lower the learning rate"
    assert told.ended == {"lost": ("failed", said), "other": ("finished", "")}
    assert (told.state, told.message) == ("finished", f"1 of 2 networks finished. {said}")
    assert_same(other, whole)
    # Nothing of it was a network: none is kept, and none is called the best.
    assert sorted(path.name for path in lost.iterdir()) == ["curves.jsonl", "snapshots"]
    assert not any(
        "best" in one["runs"].get("lost", {"record": {}})["record"] for one in told.progress
    )


def test_weights_that_are_no_numbers_replace_nothing(tmp_path: Path) -> None:
    def broken(control: Control, step: int) -> None:
        if step == 6:
            control.take({"do": "factor", "factor": float("nan")})
        if step == 7:  # its loss and its gradient were numbers
            control.want("pause")

    folder = tmp_path / "lost"
    told = work({folder: PLAN}, during=broken)
    assert told.state == "failed"
    assert "expected finite weights, got some that are no numbers at step 7" in told.message
    weights = TrainingState.load(folder / "state.safetensors").part("weights")
    assert all(value.isfinite().all() for value in weights.values())
    assert storage.card(folder / "model")["kept_epoch"] == 1


def test_what_is_half_written_goes_but_for_records(tmp_path: Path) -> None:
    """The server may be writing the record just now; everything else is the worker's own."""
    folder = tmp_path / "run"
    for name in (".state.safetensors.x", "snapshots/.0000001.safetensors.x", ".run.json.x"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"half")
    work({folder: PLAN}, steps=1)
    assert [path.name for path in folder.rglob(".*")] == [".run.json.x"]


def test_a_resume_without_a_state_takes_nothing_away(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    work({folder: PLAN}, during=lambda c, step: c.want("pause") if step == 6 else None)
    (folder / "state.safetensors").unlink()
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    told = work({folder: PLAN}, resume=True)
    assert told.state == "failed"
    assert "expected the saved state of this run, got none" in told.message
    assert "press Restart" in told.message
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_network_whose_end_nobody_heard_of_is_finished(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    work({folder: PLAN})
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    told = work({folder: PLAN}, resume=True)  # its server was gone before the record said so
    assert told.ended == {"run": ("finished", "")}
    assert (told.state, told.message) == ("finished", "")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_the_first_step_can_be_resumed(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    killed_at({folder: PLAN}, 2)
    assert TrainingState.load(folder / "state.safetensors").step == 1


def test_a_state_knows_no_better_epoch_than_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """States are saved all the time, models for their own sake only once."""
    own = Throttle.due.fget  # type: ignore[attr-defined]
    monkeypatch.setattr(lane, "STATE_SECONDS", 0.0)
    monkeypatch.setattr(lane, "MODEL_SECONDS", 1e9)
    monkeypatch.setattr(Throttle, "due", property(lambda one: not one._seconds or own(one)))
    folder = tmp_path / "killed"
    plan = PLAN.changed(epochs=10, learning_rate=0.03, dropout=0.0)
    killed_at({folder: plan}, 38)
    state = TrainingState.load(folder / "state.safetensors")
    assert state.step == 37
    assert storage.card(folder / "model")["kept_epoch"] == state.about["best"]["epoch"] > 1


def killed_at(folders: dict[Path, Plan], step: int) -> None:
    """Train, and lose the process in that step: nothing is saved on the way out."""

    def kill(control: Control, reached: int) -> None:
        if reached == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work(folders, during=kill)


def test_a_damaged_state_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    work({folder: PLAN}, during=lambda c, step: c.want("pause") if step == 6 else None)
    state = folder / "state.safetensors"
    whole = state.read_bytes()
    for broken in (
        whole[:1000],
        whole[:-8] + bytes(255 - byte for byte in whole[-8:]),
        b"",
        b"{}" * 100,
    ):
        state.write_bytes(broken)
        lines = (folder / "curves.jsonl").read_bytes()
        told = work({folder: PLAN}, resume=True)
        assert told.state == "failed"
        assert "saved state of this run is damaged" in told.message
        assert "press Restart" in told.message
        assert (folder / "curves.jsonl").read_bytes() == lines
        checkpoint.load(folder / "model")
    state.write_bytes(whole)
    assert work({folder: PLAN}, resume=True).state == "finished"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 300 kB, where this user may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only an administrator may mount a disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_ends_the_job_and_keeps_the_last_good_files(small_disk: Path) -> None:
    folder = small_disk / "run"
    plan = PLAN.changed(epochs=100)

    def fill(control: Control, step: int) -> None:
        if step == 6:
            with pytest.raises(OSError, match="No space left"):
                (small_disk / "filler").write_bytes(bytes(400_000))

    work({folder: plan}, during=lambda c, step: c.want("pause") if step == 5 else None)
    saved = (folder / "state.safetensors").read_bytes()
    told = work({folder: plan}, resume=True, during=fill)
    assert told.state == "failed"
    assert "disk of the server is full" in told.message
    assert (folder / "state.safetensors").read_bytes() == saved
    checkpoint.load(folder / "model")
    (small_disk / "filler").unlink()
    again = work({folder: plan}, resume=True, during=lambda c, n: c.want("stop"))
    assert again.state == "stopped"
    assert curves(folder).steps.tolist() == [1, 2, 3, 4, 5, 6]


def test_a_write_that_fails_ends_the_job_and_keeps_the_last_good_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for those who may not mount a disk."""
    folder = tmp_path / "run"
    work({folder: PLAN}, during=lambda c, step: c.want("pause") if step == 5 else None)
    saved = (folder / "state.safetensors").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        told = work({folder: PLAN}, resume=True)
    assert told.state == "failed"
    assert "disk of the server is full" in told.message
    assert (folder / "state.safetensors").read_bytes() == saved
    checkpoint.load(folder / "model")
    again = work({folder: PLAN}, resume=True, during=lambda c, n: c.want("stop"))
    assert again.state == "stopped"
    assert curves(folder).steps.tolist() == [1, 2, 3, 4, 5, 6]


def test_killed_at_any_moment_it_leaves_good_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that saves all the time is killed again and again, and goes on from its files."""
    monkeypatch.setattr(lane, "STATE_SECONDS", 0.0)
    monkeypatch.setattr(lane, "MODEL_SECONDS", 0.0)
    monkeypatch.setattr(Throttle, "due", True)
    folder, plan = tmp_path / "killed", PLAN.changed(epochs=200, examples=10, batch_size=1)
    generator, steps = random.Random(0), []
    state = folder / "state.safetensors"

    def written() -> int:
        return state.stat().st_mtime_ns if state.exists() else 0

    for attempt in range(12):
        child = os.fork()
        if child == 0:
            try:
                work({folder: plan}, resume=True)
            finally:
                os._exit(1)
        before, end = written(), time.monotonic() + 20
        while attempt and written() == before and time.monotonic() < end:
            time.sleep(0.001)
        time.sleep(generator.uniform(0.0, 0.04))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        if state.exists():
            steps.append(TrainingState.load(state).step)
        if (folder / "model").exists():
            checkpoint.load(folder / "model")
        for path in folder.glob("snapshots/0*"):
            assert path.stat().st_size > 100, attempt
        assert snapshots.found(folder / "snapshots").sentences == ()
    assert steps == sorted(steps)
    assert steps[-1] > steps[0]
    told = work({folder: plan}, resume=True, during=lambda c, step: c.want("pause"))
    assert told.state == "paused"
    found = curves(folder)
    assert found.steps.tolist() == list(range(1, len(found.steps) + 1))
    assert not list(folder.glob(".*"))


def test_what_is_wrong_is_said_in_a_sentence() -> None:
    assert "disk of the server is full" in failures.sentence(OSError(28, "No space left"))
    assert "disk of the server is full" in failures.sentence(
        RuntimeError("I/O error: No space left on device (os error 28)")
    )
    for failure in (
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
    ):
        assert "more memory than there is" in failures.sentence(failure)
    assert "Permission denied" in failures.sentence(PermissionError(13, "Permission denied"))
    assert "(KeyError: 'x')" in failures.sentence(KeyError("x"))


def test_a_run_that_was_deleted_or_has_no_data_is_told(tmp_path: Path) -> None:
    told = work({tmp_path / "own": Plan(task="own", data="0" * 16 + ".csv")})
    assert told.state == "failed"
    assert told.message.startswith("expected the file that was uploaded, got none")
    deleted = tmp_path / "deleted"
    assignment = {
        "job": "job", "seconds": 0.0, "most_seconds": 1e9, "steps": None,
        "lanes": [{"run": "x", "plan": PLAN.to_json(), "folder": str(deleted), "resume": True}],
    }  # fmt: skip
    told = Told()
    Work(assignment, Control(assignment), told).run()
    assert told.state == "failed"
    assert told.message == "expected a run that is still here, got one that was deleted"
    assert not deleted.exists()


def test_memory_that_runs_out_ends_the_job(tmp_path: Path, capfd: Any) -> None:
    def greedy(control: Control, step: int) -> None:
        torch.empty(10**15)

    told = work({tmp_path / "greedy": PLAN}, during=greedy)
    assert told.state == "failed"
    assert "more memory than there is" in told.message


def test_a_throttle_spends_a_share_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    worked = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "process_time", lambda: worked[0])
    throttle = Throttle(1.0, share=0.1, at_once=True)
    assert throttle.due
    for cost, wait in ((0.05, 1.0), (0.5, 5.0)):  # by hand: the longer of 1 s and ten times 0.5 s
        with throttle.spending():
            now[0] += cost
        now[0] += 0.99 * wait
        assert not throttle.due
        now[0] += 0.02 * wait
        assert throttle.due
    with throttle.spending():
        worked[0] += 0.2
    now[0] += 1.1
    assert not throttle.due  # the clock went on, but this process hardly worked
    worked[0] += 2.0
    assert throttle.due
    assert not Throttle(1.0).due


def test_the_folder_of_a_run_is_a_run_of_the_store(whole: Path) -> None:
    run = Run(whole, "x" * 16, "", "", PLAN.to_json())
    assert run.has_model
    assert run.curves().steps.tolist() == curves(whole).steps.tolist()
