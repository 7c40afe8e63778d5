"""The training engine. Oracles: the loop written plainly, torch's schedules, sums by hand."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from rnnviz.training import budget
from rnnviz.training.engine import events, loop, scoring
from rnnviz.training.engine.batches import Examples
from rnnviz.training.engine.devices import DeviceError, Place, place
from rnnviz.training.engine.events import (
    EpochFinished,
    Event,
    HeldOutScored,
    SnapshotTaken,
    StepFinished,
    TrainingFinished,
    TrainingStarted,
    TrainingWarned,
)
from rnnviz.training.engine.loop import DivergenceError, Training, train
from rnnviz.training.engine.objectives import CLASSIFICATION, Number
from rnnviz.training.engine.recipe import OPTIMIZERS, Recipe, learning_rate, optimiser
from rnnviz.training.engine.updates import RunningAverage, update
from tests.oracle import assert_near
from tests.training.test_training import reader, small_model, stripes, words


def of(kind: type, found: Iterator[Event] | list[Event]) -> list:
    return [event for event in found if isinstance(event, kind)]


def noisy(inputs: torch.Tensor, generator: torch.Generator, strength: float) -> torch.Tensor:
    return inputs + 0.1 * strength * torch.randn(inputs.shape, generator=generator)


def reference(model: nn.Module, data: Examples, recipe: Recipe) -> list[tuple[float, ...]]:
    """The loop as it was before it had events: loss, norm and learning rate of every step."""
    generator = torch.Generator().manual_seed(recipe.seed)
    total = -(-len(data) // recipe.batch_size) * recipe.epochs
    groups = [
        {"params": [p for p in model.parameters() if p.dim() > 1]},
        {"params": [p for p in model.parameters() if p.dim() <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(
        groups, lr=recipe.learning_rate, betas=(0.9, 0.99), weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=recipe.learning_rate,
        total_steps=total + 1,
        pct_start=recipe.warmup,
        cycle_momentum=False,
        final_div_factor=1e3,
    )
    found = []
    for _ in range(recipe.epochs):
        model.train()
        for index in torch.randperm(len(data), generator=generator).split(recipe.batch_size):
            inputs = noisy(data.inputs[index], generator, 1.0)
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(
                model(inputs, None), data.labels[index], label_smoothing=recipe.label_smoothing
            )
            loss.backward()
            assert recipe.clip_norm is not None
            norm = nn.utils.clip_grad_norm_(model.parameters(), recipe.clip_norm)
            optimizer.step()
            found.append((float(loss.detach()), float(norm), schedule.get_last_lr()[0]))
            schedule.step()
    return found


def test_a_run_is_that_of_the_plain_loop() -> None:
    """Two ways of computing in float32, so near each other: Adam may carry rounding on."""
    recipe = Recipe(epochs=3, batch_size=25, clip_norm=0.2)
    expected_model = small_model(dropout=0.3)  # which seeds torch, and dropout draws from it
    expected = reference(expected_model, stripes(), recipe)
    model = small_model(dropout=0.3)
    steps = of(StepFinished, train(model, stripes(), stripes(40, 1), recipe, prepare=noisy))
    found = [(e.loss, e.gradient_norm, e.learning_rate) for e in steps]
    for mine, plain in zip(zip(*found, strict=True), zip(*expected, strict=True), strict=True):
        assert_near(mine, plain, 1e-4)
    for name, value in expected_model.state_dict().items():
        assert_near(model.state_dict()[name], value, 1e-4, what=name)


def test_scores_and_snapshots_change_no_bit_of_a_run() -> None:
    """One way of computing with itself: watched and left alone."""
    recipe = Recipe(epochs=3, batch_size=25, clip_norm=0.2)
    runs = []
    for watched in ({}, {"score_every": 2, "snapshots": 5}):
        model = small_model(dropout=0.3)
        training = Training(model, stripes(), stripes(40, 1), recipe, prepare=noisy, **watched)
        steps = of(StepFinished, list(training))
        runs.append([(e.loss, e.gradient_norm, e.learning_rate) for e in steps])
        runs[-1] += [value.tolist() for value in model.state_dict().values()]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("warmup", [0.0, 0.15, 0.5, 1.0])
@pytest.mark.parametrize("steps", [1, 2, 7, 400])
def test_one_cycle_is_torchs(warmup: float, steps: int) -> None:
    recipe = Recipe(learning_rate=0.013, warmup=warmup)
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    if warmup * (max(steps, 2) + 1) == 1:
        pytest.skip("torch divides by zero here")
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=0.013,
        total_steps=max(steps, 2) + 1,
        pct_start=warmup,
        cycle_momentum=False,
        final_div_factor=1e3,
    )
    for step in range(steps):
        wanted = schedule.get_last_lr()[0]
        assert learning_rate(recipe, step, steps) == pytest.approx(wanted, rel=1e-12, abs=1e-18)
        optimizer.step()
        schedule.step()


def test_the_other_schedules() -> None:
    rates = {
        name: [learning_rate(Recipe(learning_rate=1.0, schedule=name), n, 8) for n in range(9)]
        for name in ("constant", "cosine", "steps")
    }
    assert rates["constant"] == [1.0] * 9
    assert rates["steps"] == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01, 0.01])
    expected = [math.cos(math.pi * n / 16) ** 2 for n in range(9)]
    assert rates["cosine"] == pytest.approx(expected)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_two_steps_of_every_optimiser_by_hand(name: str) -> None:
    """Oracle: the equations of the papers, on one matrix with the same gradient twice."""
    g, rate, decay = torch.tensor([[0.5, -2.0]]), 0.1, 0.01
    module = nn.Linear(2, 1, bias=False)
    start = module.weight.detach().clone()
    found = optimiser(module, Recipe(optimizer=name, learning_rate=rate, weight_decay=decay))
    for _ in range(2):
        module.weight.grad = g.clone()
        found.step()
    w, m, v = start.clone(), torch.zeros_like(g), torch.zeros_like(g)
    for n in (1, 2):
        slope = g + decay * w
        if name == "sgd":
            w = w - rate * slope
        elif name == "momentum":
            m = 0.9 * m + slope
            w = w - rate * m
        elif name == "rmsprop":
            v = 0.99 * v + 0.01 * slope**2
            w = w - rate * slope / (v.sqrt() + 1e-8)
        else:
            own = g if name == "adamw" else slope
            w = w * (1 - rate * decay) if name == "adamw" else w
            m, v = 0.9 * m + 0.1 * own, 0.99 * v + 0.01 * own**2
            w = w - rate * (m / (1 - 0.9**n)) / ((v / (1 - 0.99**n)).sqrt() + 1e-8)
    assert_near(module.weight.detach(), w, 1e-5)


def test_the_running_average_is_torchs() -> None:
    """Oracle: torch's own average with the same growing decay, and a buffer beside the weights."""

    def follow(averages: list[Tensor], weights: list[Tensor], count: Tensor | int) -> None:
        decay = min(0.9, (1 + int(count)) / (10 + int(count)))
        torch._foreach_lerp_(averages, weights, 1 - decay)

    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    ours, torchs = RunningAverage(model, 0.9), AveragedModel(model, multi_avg_fn=follow)
    for _ in range(20):
        model(torch.randn(5, 3))
        with torch.no_grad():
            for weight in model.parameters():
                weight.add_(torch.randn_like(weight))
        ours.update()
        torchs.update_parameters(model)
    theirs = torchs.module.state_dict()
    for name, value in ours.module.state_dict().items():
        assert_near(value, theirs[name], 1e-6, what=name)


def test_recipes_are_checked_and_no_clipping_can_be_asked_for() -> None:
    assert Recipe(clip_norm=math.inf).clip_norm is None
    for word, bad in (("optimizer", "lion"), ("schedule", "zigzag"), ("clip_norm", 0.0)):
        with pytest.raises(ValueError, match=f"{word}: expected .*, got"):
            Recipe(**{word: bad})


def test_a_step_says_its_accuracy_and_both_norms() -> None:
    model, data = small_model(), stripes(20)
    logits = model(data.inputs)
    loss = nn.functional.cross_entropy(logits, data.labels, label_smoothing=0.05)
    gradients = torch.autograd.grad(loss, model.parameters())
    norm = float(torch.cat([one.flatten() for one in gradients]).norm())
    for clip, kept in ((norm / 4, norm / 4), (norm * 4, norm), (None, norm)):
        recipe = Recipe(epochs=1, batch_size=20, clip_norm=clip)
        step = of(StepFinished, train(small_model(), data, data, recipe))[0]
        assert step.gradient_norm == pytest.approx(norm, rel=1e-4)
        assert step.clipped_norm == pytest.approx(kept, rel=1e-4)
        assert step.accuracy == pytest.approx(
            float((logits.argmax(-1) == data.labels).float().mean())
        )


def test_scores_come_before_the_first_update_and_are_those_of_the_average() -> None:
    data, held_out = stripes(60), stripes(40, 1)
    fresh = small_model().eval()
    recipe = Recipe(epochs=2, batch_size=20)
    found = list(Training(small_model(), data, held_out, recipe, score_every=2))
    assert isinstance(found[0], TrainingStarted) and isinstance(found[1], HeldOutScored)
    scores = of(HeldOutScored, found)
    assert [(one.step, one.epoch) for one in scores] == [(0, 1), (2, 1), (3, 1), (4, 2), (6, 2)]
    logits, labels = fresh(held_out.inputs), held_out.labels
    loss = nn.functional.cross_entropy(logits, labels, label_smoothing=0.05)
    assert scores[0].loss == pytest.approx(float(loss.detach()), rel=1e-5)
    assert scores[0].accuracy == pytest.approx(float((logits.argmax(-1) == labels).float().mean()))
    # Of 60 training examples as many are scored as are held out; which, is drawn.
    assert scores[0].count == 40
    shares = [one.training_accuracy * 40 for one in scores]
    assert shares == pytest.approx([round(one) for one in shares])
    epoch = of(EpochFinished, found)[-1]
    assert (epoch.held_out_accuracy, epoch.held_out_loss, epoch.step) == (
        scores[-1].accuracy,
        scores[-1].loss,
        6,
    )


def test_samples_are_fixed_and_an_epoch_counts_all_held_out() -> None:
    held_out = words(700, seed=3)
    found = list(train(reader(), words(300), held_out, Recipe(epochs=1, batch_size=50)))
    score, epoch = of(HeldOutScored, found)[-1], of(EpochFinished, found)[-1]
    assert score.count == budget.MOST_SCORED == 400 and epoch.held_out_count == 700
    model = reader().eval()
    model.load_state_dict(epoch.weights)
    right = model(held_out.inputs, held_out.lengths).argmax(-1) == held_out.labels
    assert epoch.held_out_accuracy == pytest.approx(float(right.float().mean()))
    sampled, rest = scoring.sample(700, 0)
    assert sorted([*sampled.tolist(), *rest.tolist()]) == list(range(700))
    assert score.accuracy == pytest.approx(float(right[sampled].float().mean()))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 60_000), min_size=1, max_size=700))
def test_parts_of_scoring_lose_nothing_and_are_short(lengths: list[int]) -> None:
    count = len(lengths)
    held = torch.tensor(lengths)
    data = Examples(torch.zeros(count, 1), torch.zeros(count, dtype=torch.int64), held)
    parts = scoring.chunks(data, torch.arange(count))
    assert sorted(torch.cat(parts).tolist()) == list(range(count))
    for part in parts:
        assert len(part) <= scoring.EXAMPLES_AT_ONCE
        assert len(part) == 1 or len(part) * int(held[part].max()) <= scoring.STEPS_AT_ONCE


def test_snapshots_are_denser_at_first_and_are_the_average() -> None:
    for steps, count in ((1, 5), (9, 24), (1000, 24), (5000, 1), (37, 3)):
        marks = scoring.snapshot_steps(steps, count)
        assert len(marks) <= count + 1 and marks == sorted(set(marks))
        assert marks[0] == 0 and marks[-1] <= steps
    assert scoring.snapshot_steps(1000, 0) == []
    found = list(
        Training(small_model(), stripes(), stripes(), Recipe(epochs=2, batch_size=20), snapshots=9)
    )
    taken = of(SnapshotTaken, found)
    assert [one.step for one in taken] == [0, 1, 2, 3, 4, 5, 6]
    last = of(EpochFinished, found)[-1]
    assert all(torch.equal(taken[-1].weights[name], last.weights[name]) for name in last.weights)
    raw = small_model().state_dict()
    assert all(torch.equal(taken[0].weights[name], raw[name]) for name in raw)


def test_warnings_come_once_and_say_what_happened() -> None:
    recipe = Recipe(epochs=12, batch_size=10, learning_rate=0.02, clip_norm=0.05)
    warned = of(TrainingWarned, train(small_model(), stripes(), stripes(40, 1), recipe))
    assert sorted(one.kind for one in warned) == ["above-chance", "first-clip"]
    clip, above = sorted(warned, key=lambda one: one.kind, reverse=True)
    assert clip.step == 1 and "clipped to 0.05" in clip.text
    labels = stripes(40, 1).labels
    share = 100 * float(torch.bincount(labels).max()) / 40
    assert f"chance gives {share:.1f} %" in above.text


def test_above_chance_is_three_deviations() -> None:
    """Oracle: 500 answers, chance 0.1: deviation sqrt(0.1 * 0.9 / 500) = 0.0134."""
    assert not scoring.above_chance(0.1 + 3 * 0.0134, 0.1, 500)
    assert scoring.above_chance(0.1 + 3 * 0.0135, 0.1, 500)
    assert not scoring.above_chance(0.9, math.nan, 500)
    assert math.isnan(scoring.chance_of(Number(), torch.rand(5)))
    assert scoring.chance_of(CLASSIFICATION, torch.tensor([0, 1, 1, 1])) == 0.75


def test_a_loss_that_is_no_number_is_told_and_then_raised() -> None:
    data = stripes()
    broken = Examples(torch.full_like(data.inputs, float("nan")), data.labels)
    training = Training(small_model(), broken, data, Recipe(epochs=1))
    found = iter(training)
    kinds = [type(next(found)) for _ in range(2)]
    warned = next(found)
    assert kinds == [TrainingStarted, HeldOutScored] and isinstance(warned, TrainingWarned)
    assert (warned.step, warned.kind) == (1, "not-finite")
    with pytest.raises(DivergenceError, match="got nan at step 1"):
        next(found)


def test_a_scaler_steps_over_gradients_that_are_no_numbers() -> None:
    """Losses in float16 are scaled until a gradient is infinite: half the scale, and no step."""
    scaler, factors = torch.amp.GradScaler("cpu", init_scale=4.0), [math.inf]
    here = Place(torch.device("cpu"), 0, 1, SimpleNamespace(scaler=scaler, autocast=nullcontext))
    model, recipe = small_model(), Recipe(epochs=3, batch_size=20)
    weight = next(model.parameters())
    weight.register_hook(lambda slope: slope * (factors.pop() if factors else 1.0))
    found = list(Training(model, stripes(), stripes(40, 1), recipe, device=here))
    norms = [event.gradient_norm for event in found if isinstance(event, StepFinished)]
    assert [math.isfinite(norm) for norm in norms[:3]] == [False, True, True]
    assert scaler.get_scale() == 2.0
    assert isinstance(found[-1], TrainingFinished)
    assert all(value.isfinite().all() for value in model.parameters())


def test_the_learning_rate_can_be_changed_between_steps() -> None:
    recipe = Recipe(epochs=2, batch_size=20, learning_rate=0.5, schedule="constant")
    training = Training(small_model(), stripes(), stripes(), recipe)
    found = []
    for event in training:
        found.append(event)
        if isinstance(event, StepFinished) and event.step == 3:
            training.learning_rate_factor = 0.1
    rates = [one.learning_rate for one in of(StepFinished, found)]
    assert rates == pytest.approx([0.5] * 3 + [0.05] * 3)
    (told,) = [one for one in of(TrainingWarned, found) if one.kind == "learning-rate"]
    assert told.step == 4 and "0.1" in told.text


def test_a_run_has_random_numbers_of_its_own() -> None:
    """Two runs in turn with dropout, and somebody who draws in between, change nothing."""

    def fresh() -> Training:
        model = small_model(dropout=0.5)
        torch.manual_seed(7)
        return Training(model, stripes(), stripes(), Recipe(epochs=2, batch_size=20))

    alone = [event.loss for event in of(StepFinished, list(fresh()))]
    first, second = fresh(), fresh()
    both = []
    for one, other in zip(first, second, strict=True):
        torch.rand(3)
        both += [event.loss for event in (one, other) if isinstance(event, StepFinished)]
    assert both[::2] == both[1::2] == alone


def test_stop_ends_the_iteration_even_while_scoring() -> None:
    calls = []

    def slow(inputs: torch.Tensor, generator: torch.Generator, strength: float) -> torch.Tensor:
        calls.append(len(inputs))
        if len(calls) == 1:
            training.stop()
        return inputs

    data = stripes(1200)
    training = Training(
        small_model(), data, data, Recipe(epochs=1, batch_size=100), prepare_held_out=slow
    )
    found = list(training)
    assert [type(event) for event in found] == [TrainingStarted]
    assert calls == [400]  # half of what is scored at the start
    with pytest.raises(RuntimeError, match="once"):
        iter(training)


def test_time_left_is_what_it_takes_and_pauses_do_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Oracle: a clock on which a step takes 20 ms, a score 40, and nothing else any time."""
    now = [1000.0]
    monkeypatch.setattr(loop, "time", SimpleNamespace(perf_counter=lambda: now[0]))

    def slow(inputs: torch.Tensor, generator: torch.Generator, strength: float) -> torch.Tensor:
        now[0] += 0.02 if len(inputs) == 10 else 0.04
        return inputs

    training = Training(
        small_model(),
        stripes(100),
        stripes(40, 1),
        Recipe(epochs=2, batch_size=10),
        prepare=slow,
        prepare_held_out=slow,
        score_every=10,
    )
    steps = []
    for event in training:
        if isinstance(event, StepFinished):
            steps.append(event)
            if event.step == 5:
                now[0] += 0.5
        last = event
    assert isinstance(last, TrainingFinished)
    for step in steps[8:]:  # those before a score, after one, and the last of all
        actual = last.seconds - step.seconds
        assert actual > 0.05 and step.seconds_left == pytest.approx(actual, rel=0.01)
    assert steps[5].seconds - steps[4].seconds == pytest.approx(0.02)
    assert steps[-1].examples_per_second == pytest.approx(500)


def test_events_are_json_and_back() -> None:
    recipe = Recipe(epochs=1, batch_size=30)
    for event in Training(small_model(), stripes(), stripes(), recipe, snapshots=2):
        line = json.dumps(events.to_json(event), allow_nan=False)
        again = events.from_json(json.loads(line))
        assert type(again) is type(event)
        assert json.dumps(events.to_json(again)) == line
    odd = StepFinished(1, 1, math.inf, math.nan, 0.1)
    found = json.loads(json.dumps(events.to_json(odd), allow_nan=False))
    assert (found["loss"], found["gradient_norm"]) == ("inf", None)
    again = events.from_json(found)
    assert isinstance(again, StepFinished)
    assert again.loss == math.inf and math.isnan(again.gradient_norm)
    for bad in ({}, {"event": "party"}, {"event": ["x"]}, {"event": "step-finished", "step": 1}):
        with pytest.raises(ValueError, match="event: expected"):
            events.from_json(bad)


class Summing:
    """Stands in for accelerate: what every process would add up, one after the other."""

    scaler = None

    def __init__(self) -> None:
        self.told: list[torch.Tensor] = []

    def autocast(self) -> torch.autocast:
        return torch.autocast("cpu", enabled=False)

    def reduce(self, here: torch.Tensor, how: str) -> torch.Tensor:
        assert how == "sum"
        self.told.append(here.clone())
        return here


@pytest.mark.parametrize("count", [7, 2, 1])
@pytest.mark.parametrize("adversarial", [0.0, 0.3])
def test_parts_of_a_batch_add_up_to_its_gradient(count: int, adversarial: float) -> None:
    """Oracle: the whole batch in one process. Seven among three, and fewer than there are."""
    batch = words(count)
    recipe = Recipe(clip_norm=None, adversarial=adversarial)

    def gradient(where: Place) -> tuple[torch.Tensor, object]:
        model = reader()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
        done = update(model, batch, optimizer, recipe, CLASSIFICATION, where)
        found = [p.grad.flatten() for p in model.parameters() if p.grad is not None]
        return torch.cat(found), done

    whole, alone = gradient(Place(torch.device("cpu")))
    together = Summing()
    for rank in range(3):
        gradient(Place(torch.device("cpu"), rank, 3, together))
    summed = sum(together.told)
    assert isinstance(summed, torch.Tensor)
    assert_near(summed[:-3], whole, 1e-5)
    assert summed[-3:].tolist() == pytest.approx([alone.loss, alone.accuracy, 0.0], rel=1e-5)  # type: ignore[attr-defined]


def test_devices_that_are_not_here_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert place("auto") == place("cpu") == Place(torch.device("cpu"))
    for words_, told in (
        (("cuda",), "that is here"),
        (("tpu",), "got 'tpu'"),
        (("cpu", "fp16"), "got fp16"),
        (("cpu", "fp8"), "got 'fp8'"),
    ):
        with pytest.raises(DeviceError, match=told):
            place(*words_)
