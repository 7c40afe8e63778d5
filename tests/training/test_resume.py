"""A run that was left goes on as if it had not been. Oracle: the run that never was, to the bit."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch

from rnnviz.models.storage import CheckpointError
from rnnviz.training.engine import events
from rnnviz.training.engine.batches import Examples
from rnnviz.training.engine.events import (
    EpochFinished,
    Event,
    SnapshotTaken,
    StepFinished,
    TrainingStarted,
)
from rnnviz.training.engine.loop import DivergenceError, Training
from rnnviz.training.engine.recipe import OPTIMIZERS, Recipe
from rnnviz.training.engine.state import TrainingState
from tests.training.test_training import reader, small_model, stripes, words

CLOCK = ("seconds", "seconds_left", "examples_per_second", "resumed_at")
Make = Callable[..., Training]


def noisy(inputs: torch.Tensor, generator: torch.Generator, strength: float) -> torch.Tensor:
    return inputs + 0.1 * strength * torch.randn(inputs.shape, generator=generator)


def rows(**chosen: Any) -> Make:
    """Rows of an image, varied and with dropout; the model starts from other weights each time."""
    recipe = Recipe(**{"epochs": 2, "batch_size": 25, "clip_norm": 0.5, **chosen})

    def make(seed: int, **more: Any) -> Training:
        model = small_model(seed, dropout=0.3)
        words_ = {"prepare": noisy, "score_every": 2, "snapshots": 4, **more}
        return Training(model, stripes(), stripes(40, 1), recipe, **words_)

    return make


def tokens(seed: int, **more: Any) -> Training:
    """Texts of several lengths with every kind of dropout, and the adversarial step."""
    model = reader(seed, dropout=0.2, embedding_dropout=0.2, word_dropout=0.2)
    recipe = Recipe(epochs=2, batch_size=30, adversarial=0.2, schedule="cosine", calm=0.5)
    return Training(model, words(100), words(50, seed=1), recipe, **more)


def plain(found: list[Event]) -> list[tuple[Any, ...]]:
    """What an event says, apart from the clock, and its weights as numbers."""
    said = []
    for event in found:
        fields = {k: v for k, v in events.to_json(event).items() if k not in CLOCK}
        if isinstance(fields.get("best"), dict):
            fields["best"] = {k: v for k, v in fields["best"].items() if k not in CLOCK}
        weights = event.weights if isinstance(event, EpochFinished | SnapshotTaken) else {}
        said.append((fields, {name: value.tolist() for name, value in weights.items()}))
    return said


def broken_off(make: Make, events_before: int, path: Path) -> list[Event]:
    """So many events, then another process (other weights, other random numbers) goes on."""
    training = make(0)
    found = list(islice(training, events_before))
    training.state().save(path)
    torch.manual_seed(123)
    resumed = list(make(5, state=TrainingState.load(path)))
    start = resumed.pop(0)
    assert isinstance(start, TrainingStarted)
    assert start.resumed_at == max(
        [event.step for event in found if isinstance(event, StepFinished)], default=0
    )
    return found + resumed


def test_a_run_can_be_left_at_every_event(tmp_path: Path) -> None:
    make = rows()
    whole = list(make(0))
    assert len(whole) > 18
    for count in range(1, len(whole)):
        found = broken_off(make, count, tmp_path / "state")
        assert plain(found) == plain(whole), count


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimiser_goes_on_in_mid_epoch(name: str, tmp_path: Path) -> None:
    make = rows(optimizer=name, learning_rate=0.01, schedule="steps")
    assert plain(broken_off(make, 8, tmp_path / "state")) == plain(list(make(0)))


def test_texts_of_several_lengths_go_on(tmp_path: Path) -> None:
    whole = plain(list(tokens(0)))
    for count in (3, 7, 11):
        assert plain(broken_off(tokens, count, tmp_path / "state")) == whole


def test_a_changed_learning_rate_stays_changed(tmp_path: Path) -> None:
    def make(seed: int, **more: Any) -> Training:
        training = rows()(seed, **more)
        if "state" not in more:
            training.learning_rate_factor = 0.25
        return training

    assert plain(broken_off(make, 6, tmp_path / "state")) == plain(list(make(0)))


def test_a_run_left_while_scoring_scores_again(tmp_path: Path) -> None:
    class PausedError(Exception):
        pass

    def leave(inputs: torch.Tensor, generator: Any, strength: float) -> torch.Tensor:
        if training.progress.step == 2:
            raise PausedError
        return inputs

    training = rows()(0, prepare_held_out=leave)
    iteration = iter(training)
    found = list(islice(iteration, 6))
    assert isinstance(found[-1], StepFinished) and found[-1].step == 2
    with pytest.raises(PausedError):
        next(iteration)
    training.state().save(tmp_path / "state")
    resumed = list(rows()(5, state=TrainingState.load(tmp_path / "state")))[1:]
    assert plain(found + resumed) == plain(list(rows()(0)))


def test_a_state_does_not_move_when_training_goes_on() -> None:
    training = rows()(0)
    iteration = iter(training)
    for _ in range(5):
        next(iteration)
    state = training.state()
    copy = {name: value.clone() for name, value in state.tensors.items()}
    list(iteration)
    assert all(torch.equal(state.tensors[name], copy[name]) for name in copy)
    assert state.step == 1 and state.seconds > 0


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("states") / "run.state.safetensors"
    training = rows()(0)
    for event in training:
        if isinstance(event, StepFinished) and event.step == 4:
            training.state().save(path)
    return path


def sentence(failure: pytest.ExceptionInfo[CheckpointError]) -> str:
    told = str(failure.value)
    assert "expected" in told and "got" in told and "\n" not in told
    return told


def test_damaged_files_are_refused_in_a_sentence(saved: Path, tmp_path: Path) -> None:
    whole, path = saved.read_bytes(), tmp_path / "damaged"
    size = len(whole)
    for length in (0, 5, 8, 100, size // 2, size - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError) as failure:
            TrainingState.load(path)
        assert "damaged" in sentence(failure)
    for place in [*range(8, size, size // 60), 8, 60, size - 1]:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with pytest.raises(CheckpointError) as failure:
            TrainingState.load(path)
        sentence(failure)
    with pytest.raises(CheckpointError, match="no such file"):
        TrainingState.load(tmp_path / "nothing")
    with pytest.raises(CheckpointError, match="expected"):
        TrainingState.load(tmp_path)


def test_the_state_of_something_else_is_refused(saved: Path) -> None:
    state = TrainingState.load(saved)
    recipe = Recipe(epochs=2, batch_size=25, clip_norm=0.5)
    data, held_out = stripes(), stripes(40, 1)
    with pytest.raises(CheckpointError) as failure:
        Training(reader(), words(60), words(40), recipe, state=state)
    assert "of shape" in sentence(failure)
    with pytest.raises(CheckpointError, match="with epochs 3, got one with 2") as failure:
        Training(small_model(), data, held_out, Recipe(epochs=3, batch_size=25), state=state)
    with pytest.raises(CheckpointError, match="on these examples"):
        Training(small_model(), data, stripes(40, 2), recipe, state=state)
    other = Examples(data.inputs + 1, data.labels)
    with pytest.raises(CheckpointError, match="on these examples"):
        Training(small_model(), other, held_out, recipe, state=state)


def test_a_full_disk_leaves_the_state_before(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = saved.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        TrainingState.load(saved).save(saved)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_the_state_of_a_run_that_diverged_is_not_to_be_had() -> None:
    data = stripes()
    broken = Examples(torch.full_like(data.inputs, float("nan")), data.labels)
    training = Training(small_model(), broken, data, Recipe(epochs=1))
    with pytest.raises(DivergenceError):
        list(training)
    with pytest.raises(DivergenceError, match="lower the learning rate"):
        training.state()
