"""Snapshots of a run: what the worker wrote is found and read, what is damaged is left out.

Oracles: the weights that were written, `SequenceClassifier` itself for readings and answers.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from rnnviz.explorer.train import moments, replay
from rnnviz.explorer.train.replay import Course, Subject
from rnnviz.runs import snapshots
from rnnviz.runs.snapshots import SnapshotError
from rnnviz.runs.store import RunStore
from rnnviz.training import preparation
from rnnviz.training.curves import Curves
from rnnviz.training.plan import Plan
from rnnviz.training.tasks.table import defaults
from tests.oracle import assert_near

PLANS = {
    "digits": defaults("digits", "gru").changed(hidden_size=6),
    "sentences": defaults("sentences", "lstm").changed(hidden_size=4, examples=60),
    "recall": defaults("recall", "rnn").changed(hidden_size=5, delay=4, examples=40),
    "adding": defaults("adding", "gru").changed(hidden_size=5, length=6, examples=40),
    "copy": defaults("copy", "lstm").changed(hidden_size=5, delay=3, length=2, examples=40),
}


def written(folder: Path, plan: Plan, steps: tuple[int, ...] = (0, 1, 8)) -> Subject:
    """Snapshots as the worker writes them, of networks that were drawn from other seeds."""
    found = replay.subject(plan)
    folder.mkdir(exist_ok=True)
    for step in steps:
        model = preparation.build(plan.changed(seed=step), found.words)
        half = {name: value.half() for name, value in model.state_dict().items()}
        (folder / f"{step:07d}.safetensors").write_bytes(save(half, metadata={"format": "pt"}))
    return found


def test_a_snapshot_is_the_network_that_was_written(tmp_path: Path) -> None:
    subject = written(tmp_path, PLANS["digits"])
    found = snapshots.found(tmp_path)
    assert found.steps == (0, 1, 8) and found.sentences == ()
    assert found.bytes == sum(path.stat().st_size for path in tmp_path.iterdir())
    ours = subject.model(found.at(8))
    theirs = preparation.build(PLANS["digits"].changed(seed=8), subject.words)
    assert not ours.training
    for name, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value.half().float(), rtol=0, atol=0)
    assert [found.at(step).step for step in (5, 100, 8)] == [1, 8, 8]
    assert replace(found, snapshots=found.snapshots[1:]).at(0).step == 1


def test_nothing_is_nothing(tmp_path: Path) -> None:
    assert snapshots.found(tmp_path / "none").snapshots == ()
    with pytest.raises(SnapshotError, match="any"):
        snapshots.found(tmp_path).at(3)


def test_damaged_files_are_left_out_with_a_sentence(tmp_path: Path) -> None:
    written(tmp_path, PLANS["digits"], (0, 1, 2, 3, 4))
    whole = (tmp_path / "0000000.safetensors").read_bytes()
    (tmp_path / "0000001.safetensors").write_bytes(whole[:-3])
    (tmp_path / "0000002.safetensors").write_bytes(b"")
    (tmp_path / "0000003.safetensors").write_bytes(b"\xff" * 200)
    (tmp_path / "0000004.safetensors").unlink()
    (tmp_path / "0000004.safetensors").symlink_to(tmp_path / "0000000.safetensors")
    (tmp_path / "0000005.safetensors").write_bytes((8).to_bytes(8, "little") + b'{"a": 1}')
    for other in (".0000006.safetensors", "notes.txt", "6.safetensors"):
        (tmp_path / other).write_bytes(whole)
    found = snapshots.found(tmp_path)
    assert found.steps == (0,)
    assert len(found.sentences) == 5 and all(one.endswith(".") for one in found.sentences)


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    subject = written(tmp_path, PLANS["digits"], (0, 1))
    other = written(tmp_path, PLANS["digits"].changed(hidden_size=7), (2,))
    found = snapshots.found(tmp_path)
    with pytest.raises(SnapshotError, match="own network"):
        subject.model(found.at(2))
    assert other.model(found.at(2)).config["hidden_size"] == 7
    stored = snapshots.weights(found.at(1))
    stored["head.bias"][0] = 1e6  # beyond float16
    (tmp_path / "0000001.safetensors").write_bytes(
        save({name: value.half() for name, value in stored.items()})
    )
    with pytest.raises(SnapshotError, match=r"head\.bias"):
        subject.model(snapshots.found(tmp_path).at(1))
    (tmp_path / "0000000.safetensors").unlink()
    with pytest.raises(SnapshotError, match="cannot be read"):
        subject.model(found.snapshots[0])


@pytest.mark.parametrize("task", PLANS)
def test_every_task_is_read_as_its_network_reads_it(task: str, tmp_path: Path) -> None:
    plan = PLANS[task]
    subject = written(tmp_path, plan)
    prepared = preparation.prepare(plan)
    assert subject.labels == prepared.labels
    for shown in subject.inputs:
        snapshot = snapshots.found(tmp_path).at(8)
        reading = replay.read(subject, snapshot, shown)
        model = subject.model(snapshot)
        with torch.no_grad():
            outputs = model(shown.inputs[None])
        target = subject.target(shown)
        measured = replay.measure(subject, snapshot, shown)
        wanted = float(subject.objective.correct(outputs, target)[0]) == 1
        assert measured.right == wanted and measured.step == 8
        loss = float(subject.objective.loss(outputs, target, 0.0))
        assert measured.flow.loss == pytest.approx(loss, rel=1e-4)
        assert reading.steps == len(shown.inputs) == len(measured.flow.layers[0].forward)
        rows = outputs[0].softmax(-1).reshape(-1, outputs.shape[-1])
        if task == "adding":  # a number is no class: the theatre has nothing to be sure of
            assert reading.probabilities is None and reading.classes == ()
        else:
            assert reading.probabilities is not None
            assert_near(reading.probabilities[-1], rows[-1], 1e-5)
        assert {mark.step for mark in reading.marks or ()} >= {one[0] for one in shown.marks}
        if task == "adding":
            assert measured.share == pytest.approx(float(rows[0, 1]), abs=1e-5)
            assert replay.truth_of(subject, shown) == pytest.approx(float(target[0]))
            assert reading.truth is None
        elif task == "copy":
            own = rows[range(len(rows)), target[0]]
            assert measured.share == pytest.approx(float(own.mean()), abs=1e-5)
            assert len(measured.answer) == len(shown.truth) == 2 and reading.truth is None
        else:
            assert measured.answer == reading.answer and reading.truth == shown.truth
            assert measured.share == pytest.approx(float(rows[0, int(target[0])]), abs=1e-5)
    # Targets are those of the held-out examples themselves, where these are given in order.
    if plan.task in ("recall", "copy"):
        firsts = [subject.target(shown)[0] for shown in subject.inputs]
        torch.testing.assert_close(torch.stack(firsts), prepared.held_out.labels[: len(firsts)])


def test_inputs_do_not_hold_the_data_they_came_from() -> None:
    for shown in replay.subject(PLANS["digits"]).inputs:
        assert shown.inputs.untyped_storage().nbytes() == 28 * 28 * 4
        assert shown.image is not None and shown.image.base is None


def test_long_texts_in_two_directions_have_answers_at_some_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = written(tmp_path, PLANS["sentences"])
    snapshot, shown = snapshots.found(tmp_path).at(1), subject.inputs[0]
    count = len(shown.inputs)
    whole = replay.read(subject, snapshot, shown).probabilities
    assert whole is not None and count > 4
    monkeypatch.setattr(replay, "prefix_ends", lambda count: (1, 4, count))
    rare = replay.read(subject, snapshot, shown)
    assert rare.answered == (0, 3, count - 1) and rare.probabilities is not None
    expected = whole[[0, 0, 0, *[3] * (count - 4), count - 1]]
    assert_near(rare.probabilities, expected, 1e-5)


def test_a_course_is_worked_out_bit_by_bit(tmp_path: Path) -> None:
    subject = written(tmp_path, PLANS["recall"], (0, 1, 2, 4))
    (tmp_path / "0000002.safetensors").write_bytes(
        save({name: value * torch.inf for name, value in subject_weights(tmp_path, 2).items()})
    )
    found = snapshots.found(tmp_path)
    course = Course(subject, subject.inputs[0])
    assert not course.extend(found.snapshots, first=4, seconds=0)
    assert [one.step for one in course.measured] == [4]
    assert course.extend(found.snapshots, seconds=60)
    assert [one.step for one in course.measured] == [0, 1, 4]
    assert len(course.sentences) == 1 and "NaN or infinity" in course.sentences[0]
    kept = course.measured[0]
    assert course.extend(found.snapshots, seconds=0) and course.measured[0] is kept
    os.utime(found.at(1).path, ns=(1, 1))  # written anew
    assert not course.extend(snapshots.found(tmp_path).snapshots, seconds=-1)
    assert [one.step for one in course.measured] == [0, 4]


def subject_weights(folder: Path, step: int) -> dict[str, torch.Tensor]:
    return snapshots.weights(snapshots.found(folder).at(step))


def test_moments_are_named_by_epoch_and_score(tmp_path: Path) -> None:
    run = RunStore(tmp_path).create(PLANS["recall"], "visitor", state="finished")
    run.append(
        [
            {"event": "training-started", "steps": 20, "steps_per_epoch": 10},
            {"event": "held-out-scored", "step": 0, "loss": 1.0, "accuracy": 0.1},
            *({"event": "step-finished", "step": step, "loss": 1.0} for step in range(1, 21)),
            {"event": "held-out-scored", "step": 10, "loss": 1.0, "accuracy": 0.5},
        ]
    )
    curves = moments.scores(run.curves_path)
    assert len(curves.steps) == 0 and curves.score_steps.tolist() == [0, 10]
    said = moments.moments((0, 4, 10, 11), curves)
    assert [one.words for one in said.values()] == [
        "before training · 10.0 % held out",
        "step 4 · epoch 1",
        "step 10 · epoch 1 · 50.0 % held out",
        "step 11 · epoch 2",
    ]
    assert moments.moments((3,), Curves())[3].words == "step 3"
    assert moments.scores(tmp_path / "none").score_steps.size == 0
    assert "waits for its turn" in moments.empty_words(replace(run, state="queued"))
    assert "elsewhere" in moments.empty_words(replace(run, state="uploaded"))


def test_storage_is_stated(tmp_path: Path) -> None:
    written(tmp_path, PLANS["digits"], (0, 1))
    said = moments.storage_words(snapshots.found(tmp_path), 24, 30_000_000)
    assert said.startswith("2 snapshots") and "at most 24 and 30 MB" in said
