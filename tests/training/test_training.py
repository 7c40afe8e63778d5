"""The training loop and image tasks. Oracles: plain AdamW by hand, counting, a repeated run."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from rnnviz.data import DataError
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.training.engine.batches import Examples
from rnnviz.training.engine.events import (
    EpochFinished,
    Event,
    HeldOutScored,
    StepFinished,
    TrainingFinished,
    TrainingStarted,
    TrainingWarned,
)
from rnnviz.training.engine.loop import DivergenceError, train
from rnnviz.training.engine.recipe import Recipe
from rnnviz.training.preparation import first_weights
from rnnviz.training.tasks import images
from tests.oracle import assert_near


def stripes(count: int = 60, seed: int = 0) -> Examples:
    """Two classes that differ in the row that is lit: learnt in a few steps."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 2, (count,), generator=generator)
    inputs = 0.3 * torch.rand(count, 4, 3, generator=generator)
    inputs[torch.arange(count), 1 + labels] += 0.7
    return Examples(inputs, labels)


def small_model(seed: int = 0, **chosen: object) -> SequenceClassifier:
    torch.manual_seed(seed)
    return SequenceClassifier(
        "gru", 3, 8, num_layers=1, num_classes=2, labels=("up", "down"), **chosen
    )


def run(recipe: Recipe, **chosen: object) -> list[Event]:
    return list(train(small_model(**chosen), stripes(), stripes(40, seed=1), recipe))


def first_step(events: Iterator[Event]) -> StepFinished:
    return next(event for event in list(events) if isinstance(event, StepFinished))


def test_events_come_in_order_and_add_up() -> None:
    recipe = Recipe(epochs=3, batch_size=25)
    events = run(recipe)
    kinds = [type(event) for event in events if not isinstance(event, TrainingWarned)]
    assert kinds == [
        TrainingStarted,
        HeldOutScored,
        *[StepFinished, StepFinished, StepFinished, HeldOutScored, EpochFinished] * 3,
        TrainingFinished,
    ]
    started, finished = events[0], events[-1]
    assert isinstance(started, TrainingStarted) and isinstance(finished, TrainingFinished)
    assert (started.steps, started.steps_per_epoch) == (9, 3)
    assert started.parameters == sum(p.numel() for p in small_model().parameters())
    steps = [event for event in events if isinstance(event, StepFinished)]
    assert [event.step for event in steps] == list(range(1, 10))
    epochs = [event for event in events if isinstance(event, EpochFinished)]
    for number, epoch in enumerate(epochs):
        batches = steps[3 * number : 3 * number + 3]
        mean = (
            sum(event.loss * size for event, size in zip(batches, (25, 25, 10), strict=True)) / 60
        )
        assert epoch.loss == pytest.approx(mean, rel=1e-5)
        assert epoch.held_out_count == 40


def test_it_learns() -> None:
    finished = run(Recipe(epochs=12, batch_size=10, learning_rate=0.02, label_smoothing=0.0))[-1]
    assert isinstance(finished, TrainingFinished)
    assert finished.best.held_out_accuracy == 1.0


def test_events_are_frozen() -> None:
    for event in run(Recipe(epochs=1, batch_size=60)):
        with pytest.raises(dataclasses.FrozenInstanceError):
            event.step = 3  # type: ignore[misc, union-attr]


def test_the_same_seeds_give_the_same_weights_and_others_do_not() -> None:
    def last(seed: int) -> dict[str, torch.Tensor]:
        finished = run(Recipe(epochs=2, batch_size=16, seed=seed), dropout=0.3)[-1]
        assert isinstance(finished, TrainingFinished)
        return finished.best.weights

    first, again, other = last(0), last(0), last(1)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_one_step_is_adamw_by_hand() -> None:
    """One step of AdamW moves every weight by the learning rate, against the gradient's sign."""
    recipe = Recipe(epochs=1, batch_size=60, label_smoothing=0.0, weight_decay=0.1)
    model = small_model()
    before = {name: value.clone() for name, value in model.named_parameters()}
    data = stripes()
    gradients = torch.autograd.grad(
        nn.functional.cross_entropy(model(data.inputs), data.labels), model.parameters()
    )
    norm = torch.cat([gradient.flatten() for gradient in gradients]).norm()
    scale = min(1.0, recipe.clip_norm / float(norm))
    step = first_step(train(model, data, data, recipe))
    assert step.gradient_norm == pytest.approx(float(norm), rel=1e-4)
    rate = step.learning_rate
    for (name, value), gradient in zip(model.named_parameters(), gradients, strict=True):
        g = gradient * scale
        decayed = before[name] * (1 - rate * 0.1) if value.dim() > 1 else before[name]
        expected = decayed - rate * g / (g.abs() + 1e-8)
        assert_near(value, expected, 1e-5)


def test_the_learning_rate_rises_once_and_falls_to_nearly_zero() -> None:
    events = run(Recipe(epochs=10, batch_size=10, learning_rate=0.01, warmup=0.2))
    rates = [event.learning_rate for event in events if isinstance(event, StepFinished)]
    peak = rates.index(max(rates))
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert max(rates) == pytest.approx(0.01, rel=1e-2)
    assert 8 <= peak <= 16
    assert rates[-1] < 0.01 / 100


def test_kept_weights_are_the_running_average() -> None:
    """Oracle: the average formed by hand from the raw weights after every step."""
    model, average, count = small_model(), None, 0
    for event in train(model, stripes(), stripes(), Recipe(epochs=3, batch_size=20)):
        if isinstance(event, StepFinished):
            raw = {name: value.detach().clone() for name, value in model.state_dict().items()}
            decay = min(0.999, (1 + count) / (10 + count))
            average = (
                raw
                if average is None
                else {name: decay * average[name] + (1 - decay) * raw[name] for name in raw}
            )
            count += 1
        if isinstance(event, EpochFinished):
            assert average is not None
            for name, value in event.weights.items():
                assert_near(value, average[name], 1e-5)


def test_kept_weights_do_not_move_when_training_goes_on() -> None:
    events = train(small_model(), stripes(), stripes(), Recipe(epochs=2, batch_size=20))
    first = next(event for event in events if isinstance(event, EpochFinished))
    copy = {name: value.clone() for name, value in first.weights.items()}
    list(events)
    assert all(torch.equal(first.weights[name], copy[name]) for name in copy)


def test_held_out_accuracy_is_that_of_the_kept_weights() -> None:
    held_out = stripes(40, seed=1)
    for event in run(Recipe(epochs=3, batch_size=10, learning_rate=0.01)):
        if isinstance(event, EpochFinished):
            model = small_model().eval()
            model.load_state_dict(event.weights)
            right = (model(held_out.inputs).argmax(-1) == held_out.labels).float().mean()
            assert event.held_out_accuracy == pytest.approx(float(right))


def test_every_example_is_seen_once_an_epoch_and_strength_follows_the_recipe() -> None:
    seen: list[tuple[float, list[float]]] = []

    def prepare(inputs: torch.Tensor, generator: torch.Generator, strength: float) -> torch.Tensor:
        seen.append((strength, inputs[:, 0, 0].tolist()))
        return inputs

    data = stripes()
    recipe = Recipe(epochs=4, batch_size=25, calm=0.25)
    list(train(small_model(), data, data, recipe, prepare=prepare))
    expected = sorted(data.inputs[:, 0, 0].tolist())
    orders = []
    for epoch in range(4):
        batches = seen[3 * epoch : 3 * epoch + 3]
        orders.append([value for _, batch in batches for value in batch])
        assert sorted(orders[-1]) == expected
        assert [strength for strength, _ in batches] == [0.5 if epoch == 3 else 1.0] * 3
    assert orders[0] != orders[1]


def test_lengths_reach_the_model() -> None:
    data = stripes()
    lengths = torch.full((60,), 3)
    junk = data.inputs.clone()
    junk[:, 3:] = 1e3
    recipe = Recipe(epochs=1, batch_size=20)
    clean = list(train(small_model(), Examples(data.inputs, data.labels, lengths), data, recipe))
    dirty = list(train(small_model(), Examples(junk, data.labels, lengths), data, recipe))
    for one, other in zip(clean, dirty, strict=True):
        if isinstance(one, StepFinished) and isinstance(other, StepFinished):
            assert one.loss == pytest.approx(other.loss, rel=1e-5)


def test_a_loss_that_is_no_number_ends_training() -> None:
    data = stripes()
    broken = Examples(torch.full_like(data.inputs, float("nan")), data.labels)
    with pytest.raises(DivergenceError, match="got nan at step 1 of epoch 1: lower"):
        list(train(small_model(), broken, data, Recipe(epochs=1)))


def test_bad_recipes_and_examples_are_named() -> None:
    with pytest.raises(ValueError, match="got epochs 0"):
        Recipe(epochs=0)
    with pytest.raises(ValueError, match="got 2 inputs and 3 labels"):
        Examples(torch.zeros(2, 4, 3), torch.zeros(3))


@pytest.mark.parametrize(("cell", "gates"), [("rnn", 1), ("gru", 3), ("lstm", 4)])
def test_initial_weights(cell: str, gates: int) -> None:
    recurrent = SequenceClassifier(cell, hidden_size=16).recurrent
    first_weights(recurrent)
    for layer in (0, 1):
        blocks = getattr(recurrent, f"weight_hh_l{layer}").detach().reshape(gates, 16, 16)
        for block in blocks:
            assert_near(block @ block.T, torch.eye(16), 1e-5)
        biases = getattr(recurrent, f"bias_ih_l{layer}") + getattr(recurrent, f"bias_hh_l{layer}")
        kept = [float(gate.mean()) for gate in biases.detach().reshape(gates, 16)]
        assert kept == [1.0 if gates > 1 and gate == 1 else 0.0 for gate in range(gates)]


@settings(max_examples=50, deadline=None)
@given(
    counts=st.lists(st.integers(1, 40), min_size=2, max_size=5),
    part=st.floats(0.05, 0.95),
    seed=st.integers(0, 5),
)
def test_a_split_loses_nothing_and_is_fair_to_every_class(
    counts: list[int], part: float, seed: int
) -> None:
    labels = torch.cat([torch.full((count,), label) for label, count in enumerate(counts)])
    held_out = min(max(int(part * len(labels)), 1), len(labels) - 1)
    learn, keep = images.split(labels, held_out, seed)
    assert sorted([*learn.tolist(), *keep.tolist()]) == list(range(len(labels)))
    assert len(keep) == held_out
    for label, count in enumerate(counts):
        assert abs(int((labels[keep] == label).sum()) - count * held_out / len(labels)) < 1.5


def test_a_split_shuffles_within_classes() -> None:
    labels = torch.zeros(1000, dtype=torch.int64)
    learn, keep = images.split(labels, 200, 0)
    assert 350 < float(keep.float().mean()) < 650
    assert learn.tolist() != sorted(learn.tolist())
    assert torch.equal(images.split(labels, 200, 0)[1], keep)
    assert not torch.equal(images.split(labels, 200, 1)[1], keep)


def test_digits_need_no_file() -> None:
    task = images.load("digits", held_out=5000, seed=0, limit=100, download=False)
    assert len(task.training) == 100 and len(task.held_out) == 359 and task.test is None
    assert task.labels == tuple("0123456789")


def test_something_must_be_left_to_learn_from(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RNNVIZ_DATA", str(data_folder))
    with pytest.raises(DataError, match="got 60,000: hold out fewer"):
        images.load("mnist", held_out=60_000, seed=0, limit=9, download=False)


def test_missing_data_is_a_data_error(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNNVIZ_DATA", str(tmp_path))
    with pytest.raises(DataError):
        images.load("kmnist", held_out=10, seed=0, limit=None, download=False)


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_variation_follows_the_generator_and_strength_nought_changes_nothing(name: str) -> None:
    stored = torch.randint(0, 256, (6, 28, 28), dtype=torch.uint8)
    prepare = images.varied(name)
    seeded = lambda: torch.Generator().manual_seed(5)  # noqa: E731
    first = prepare(stored, seeded(), 1.0)
    assert first.shape == stored.shape and first.dtype == torch.float32
    assert float(first.min()) >= 0 and float(first.max()) <= 1
    assert torch.equal(first, prepare(stored, seeded(), 1.0))
    assert_near(prepare(stored, seeded(), 0.0), stored.float() / 255, 1e-5)
    weaker = prepare(stored, seeded(), 0.1) - stored.float() / 255
    assert weaker.abs().mean() < (first - stored.float() / 255).abs().mean()


def words(count: int = 300, seed: int = 0) -> Examples:
    """Token 3 or 4 somewhere among others decides; lengths differ; padding is 0."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, 30, (count,), generator=generator)
    labels = torch.randint(0, 2, (count,), generator=generator)
    inputs = torch.randint(5, 9, (count, 30), generator=generator)
    inputs[torch.arange(count), (lengths * torch.rand(count, generator=generator)).long()] = (
        3 + labels
    )
    inputs[torch.arange(30) >= lengths[:, None]] = 0
    return Examples(inputs, labels, lengths)


def reader(seed: int = 0, **chosen: object) -> SequenceClassifier:
    torch.manual_seed(seed)
    return SequenceClassifier(
        "gru", 6, 8, 1, True, "max", 2, vocabulary_size=9, labels=("no", "yes"), **chosen
    )


def test_batches_are_of_similar_length_and_in_random_order() -> None:
    seen: list[torch.Tensor] = []

    def prepare(inputs: torch.Tensor, generator: torch.Generator, strength: float) -> torch.Tensor:
        seen.append(inputs)
        return inputs

    data = words()
    list(train(reader(), data, data, Recipe(epochs=2, batch_size=20), prepare=prepare))
    assert len(seen) == 30
    for epoch in (seen[:15], seen[15:]):
        rows = [row[row != 0].tolist() for batch in epoch for row in batch]
        expected = [row[row != 0].tolist() for row in data.inputs]
        assert sorted(rows) == sorted(expected)
        read = sum(batch.numel() for batch in epoch)
        assert read < 1.15 * int(data.lengths.sum())  # type: ignore[union-attr]
        longest = [batch.shape[1] for batch in epoch]
        assert longest != sorted(longest)


@pytest.mark.parametrize("adversarial", [0.0, 0.5])
def test_a_network_of_words_learns(adversarial: float) -> None:
    recipe = Recipe(
        epochs=15, batch_size=20, learning_rate=0.02, adversarial=adversarial, average_decay=0.9
    )
    finished = list(train(reader(), words(), words(100, seed=1), recipe))[-1]
    assert isinstance(finished, TrainingFinished)
    assert finished.best.held_out_accuracy > 0.97


def test_an_adversarial_step_by_hand() -> None:
    """Oracle: autograd through the whole model at the embeddings and at their worst neighbours."""
    model, data = reader().double(), words(12)
    recipe = Recipe(epochs=1, batch_size=12, adversarial=0.7, label_smoothing=0.1, clip_norm=1e9)

    def loss_at(features: torch.Tensor) -> torch.Tensor:
        output, _ = model.recurrent(features, lengths=data.lengths)
        logits = model.head(model.readout(output, data.lengths))
        return nn.functional.cross_entropy(logits, data.labels, label_smoothing=0.1)

    assert model.embedding is not None
    features = model.embedding(data.inputs)
    first = loss_at(features)
    (slope,) = torch.autograd.grad(first, features, retain_graph=True)
    moved = torch.stack([0.7 * one / one.norm() for one in slope])
    second = loss_at(features + moved)
    assert float(second.detach()) > float(first.detach())
    gradients = torch.autograd.grad(first + second, model.parameters())
    norm = torch.cat([gradient.flatten() for gradient in gradients]).norm()
    step = first_step(train(model, data, data, recipe))
    assert step.loss == pytest.approx(float(first.detach()))
    assert step.gradient_norm == pytest.approx(float(norm))


def test_an_adversarial_step_on_rows_without_lengths() -> None:
    recipe = Recipe(epochs=12, batch_size=10, learning_rate=0.02, adversarial=0.1)
    finished = list(train(small_model(), stripes(), stripes(40, seed=1), recipe))[-1]
    assert isinstance(finished, TrainingFinished) and finished.best.held_out_accuracy == 1.0
    with pytest.raises(ValueError, match="adversarial: expected 0 or more, got -1"):
        Recipe(adversarial=-1)
