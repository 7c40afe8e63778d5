"""Curves from events, their smoothing against a loop and pandas, and which points are drawn."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rnnviz.training import curves as module
from rnnviz.training.curves import Curves, Mark, Recorder, smoothed, thinned
from tests.growth import assert_in_proportion

FINITE = st.floats(-1e6, 1e6)


def started(**words: int) -> dict[str, object]:
    return {
        "event": "training-started",
        "steps": 20,
        "steps_per_epoch": 10,
        "parameters": 7,
        **words,
    }


def step(number: int, loss: float | None = 1.0) -> dict[str, object]:
    return {
        "event": "step-finished", "step": number, "epoch": 1, "loss": loss, "accuracy": 0.5,
        "gradient_norm": 2.0, "clipped_norm": 1.0, "learning_rate": 0.1, "seconds": 0.1 * number,
        "examples_per_second": None,
    }  # fmt: skip


def score(number: int, accuracy: float) -> dict[str, object]:
    return {
        "event": "held-out-scored", "step": number, "epoch": 1, "loss": 1.5, "accuracy": accuracy,
        "count": 100, "training_loss": 1.2, "training_accuracy": 0.6,
    }  # fmt: skip


def loop(values: np.ndarray, weight: float) -> list[float]:
    """The equations as they stand in the docstring, with nothing missing."""
    mean, shown = 0.0, []
    for t, x in enumerate(values, start=1):
        mean = weight * mean + (1 - weight) * x
        shown.append(mean / (1 - weight**t))
    return shown


@given(arrays(float, st.integers(1, 40), elements=FINITE), st.floats(0, 0.99))
@settings(max_examples=60, deadline=None)
def test_smoothing_is_the_equation_and_the_adjusted_mean_of_pandas(
    values: np.ndarray, weight: float
) -> None:
    found = smoothed(values, weight)
    np.testing.assert_allclose(found, loop(values, weight), rtol=1e-9, atol=1e-9)
    adjusted = pd.Series(values).ewm(alpha=1 - weight, adjust=True).mean()
    np.testing.assert_allclose(found, adjusted, rtol=1e-7, atol=1e-6)
    assert found[0] == pytest.approx(values[0])  # corrected at the start: no pull towards zero


def test_missing_values_and_missing_steps_are_as_in_pandas() -> None:
    values = np.random.default_rng(0).normal(size=50)
    values[[0, 3, 4, 20]] = np.nan
    expected = pd.Series(values).ewm(halflife=5, adjust=True, ignore_na=False).mean()
    np.testing.assert_allclose(smoothed(values, half_life=5), expected, rtol=1e-9)
    # The same curve with its gaps left out, and its steps said, is the same line.
    there = np.flatnonzero(np.isfinite(values))
    found = smoothed(values[there], half_life=5, steps=there + 1)
    np.testing.assert_allclose(found, expected.to_numpy()[there], rtol=1e-9)
    values[7] = np.inf
    assert np.isfinite(smoothed(values, 0.5)[1:]).all()


def test_half_life_is_the_steps_after_which_a_value_counts_half() -> None:
    impulse = np.zeros(400)
    impulse[200] = 1.0
    found = smoothed(impulse, half_life=10)
    assert found[210] / found[200] == pytest.approx(0.5, rel=1e-5)


@pytest.mark.parametrize(
    "words", [{}, {"weight": 0.5, "half_life": 2}, {"weight": 1.0}, {"weight": -0.1},
              {"half_life": 0}, {"weight": 0.5, "steps": [1, 1]}, {"weight": 0.5, "steps": [1]}],
)  # fmt: skip
def test_smoothing_refuses_what_makes_no_sense(words: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected"):
        smoothed(np.ones(2), **words)


@given(st.integers(1, 3000), st.integers(8, 200), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_thinning_keeps_both_ends_and_the_extremes(count: int, most: int, random: object) -> None:
    values = np.random.default_rng(random.randrange(2**32)).normal(size=count)
    kept = thinned(values, most)
    assert len(kept) <= most
    assert (np.diff(kept) > 0).all()
    assert {0, count - 1, int(values.argmin()), int(values.argmax())} <= set(kept.tolist())


def test_a_line_that_grows_keeps_the_points_that_it_had() -> None:
    values = np.random.default_rng(1).normal(size=3000)
    before, after = thinned(values[:2600], 400), thinned(values, 400)
    shared = before[before < 2560]  # the last stretch was not full
    assert set(shared.tolist()) <= set(after.tolist())


def test_thinning_survives_what_is_not_finite() -> None:
    values = np.full(5000, np.nan)
    assert thinned(values, 100)[[0, -1]].tolist() == [0, 4999]
    values[17], values[4000] = -3.0, np.inf
    assert {17, 4000} <= set(thinned(values, 100).tolist())
    with pytest.raises(ValueError, match="at least 8"):
        thinned(values, 2)


def test_events_become_curves() -> None:
    events = [started(), score(0, 0.1), step(1), step(2, None), score(2, 0.4)]
    events += [{"event": "training-warned", "step": 2, "kind": "first-clip", "text": "cut"}]
    epoch = {"epoch": 1, "loss": 1, "held_out_accuracy": 0.4, "held_out_count": 100, "seconds": 1}
    events += [{"event": "epoch-finished", "is_best": True, **epoch}]
    found = Curves.from_events(events, {"task": "digits"})
    assert found.steps.tolist() == [1, 2] and len(found) == 2 and found.last_step == 2
    assert found.loss[0] == 1.0 and math.isnan(found.loss[1])
    assert np.isnan(found.examples_per_second).all()
    assert found.score_steps.tolist() == [0, 2]
    assert found.held_out_accuracy.tolist() == [0.1, 0.4]
    assert found.held_out_count.tolist() == [100, 100]
    assert found.epoch_steps.tolist() == [2]
    assert [mark.kind for mark in found.marks] == ["first-clip", "best"]
    assert (found.total_steps, found.steps_per_epoch, found.parameters) == (20, 10, 7)
    assert found.plan == {"task": "digits"}


def test_the_engines_events_are_understood() -> None:
    from rnnviz.training.engine import events

    best = events.EpochFinished(1, 0.5, 0.9, 50, 1.0, True, {})
    every = [
        events.TrainingStarted(2, 2, 5),
        events.HeldOutScored(0, 0, 2.3, 0.1, 50, 2.2, 0.2),
        events.StepFinished(1, 1, 2.0, math.inf, 0.1),
        events.StepFinished(2, 1, math.nan, 1.0, 0.1, accuracy=0.3),
        events.TrainingWarned(2, "not-finite", "The loss is no number."),
        best,
        events.TrainingFinished(best, 1.0),
    ]
    lines = [json.dumps(events.to_json(event), allow_nan=False) for event in every]
    found = Curves.from_lines(lines)
    assert found.lost == 0
    assert found.gradient_norm[0] == math.inf and math.isnan(found.loss[1])
    assert found.held_out_accuracy.tolist() == [0.1, 0.9]
    assert Mark(2, "not-finite", "The loss is no number.") in found.marks


def test_a_resumed_run_forgets_what_it_does_again() -> None:
    recorder = Recorder()
    for event in [started(), score(0, 0.1), *map(step, range(1, 9)), score(8, 0.3)]:
        recorder.add(event)
    for event in [started(resumed_at=5), step(6, 9.0)]:
        recorder.add(event)
    found = recorder.curves()
    assert found.steps.tolist() == [1, 2, 3, 4, 5, 6]
    assert found.loss[-1] == 9.0
    assert found.score_steps.tolist() == [0]


def test_torn_and_foreign_lines_are_counted_and_left_out() -> None:
    good = json.dumps(step(1))
    lines = [good, "", good[: len(good) // 2], "[]", "3", '{"event": "rumour"}', "[" * 10_000]
    lines += ['{"event": "step-finished", "step": -4}', '{"event": "step-finished", "step": 1e400}']
    lines += ['{"event": "step-finished"}', b"\xff\xfe", "x" * (module.LONGEST_LINE + 1)]
    lines += ['{"event": "step-finished", "step": 2, "loss": "high"}', '{"event": ["a"]}']
    found = Curves.from_lines(lines)
    assert found.steps.tolist() == [1]
    assert found.lost == 10


@given(st.dictionaries(st.text(max_size=9), st.none() | st.floats() | st.text(max_size=5)))
@settings(max_examples=50, deadline=None)
def test_no_event_breaks_the_recorder(event: dict[str, object]) -> None:
    recorder = Recorder()
    for kind in ("training-started", "step-finished", "held-out-scored", "epoch-finished",
                 "training-warned", "recorder", "curves", "__class__"):  # fmt: skip
        recorder.add({"step": 1, "epoch": 1, "kind": "x", **event, "event": kind})
    recorder.curves()


def test_the_time_to_read_and_smooth_a_run_grows_with_its_length_only() -> None:
    """A page asks for it each second."""

    def recorded(count: int) -> Recorder:
        recorder = Recorder()
        for number in range(1, count + 1):
            recorder.add(step(number))
        return recorder

    def read(recorder: Recorder) -> None:
        found = recorder.curves()
        smoothed(found.loss, half_life=20, steps=found.steps)
        thinned(found.loss)

    assert_in_proportion(read, recorded(20_000), recorded(1250))
