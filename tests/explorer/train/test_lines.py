"""From curves of runs to lines: what is drawn is what was measured, thinned, smoothed, banded."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rnnviz.explorer.train.lines import (
    MOST_POINTS,
    Shown,
    kinds,
    level_of,
    lines_of,
    marks_of,
    name_of,
    steps_of,
)
from rnnviz.explorer.train.panels import payload
from rnnviz.training.curves import Curves, Recorder, smoothed
from rnnviz.training.plan import Plan
from rnnviz.training.tasks.table import defaults


def curves(loss: Callable[[int], float], count: int = 50, every: int = 10) -> Curves:
    recorder = Recorder()
    recorder.add({"event": "TrainingStarted", "steps": 200, "steps_per_epoch": every})
    for step in range(1, count + 1):
        numbers = {"loss": loss(step), "accuracy": 0.5, "gradient_norm": 2.0, "learning_rate": 0.1}
        recorder.add({"event": "StepFinished", "step": step, "epoch": 1, **numbers})
        if step % every == 0:
            score = {"loss": 2 * loss(step), "accuracy": step / 100, "count": 10}
            recorder.add({"event": "HeldOutScored", "step": step, "epoch": 1, **score})
    recorder.add({"event": "TrainingWarned", "step": 7, "kind": "first-clip", "text": "t"})
    recorder.add({"event": "TrainingWarned", "step": 9, "kind": "not-finite", "text": "t"})
    return recorder.curves()


def shown(plan: Plan, found: Curves | None = None) -> Shown:
    found = curves(lambda step: 1 / step) if found is None else found
    return Shown("x" * 16, "a name", plan.to_json(), found)


GRU = defaults("digits", "gru")


def test_one_network_is_two_lines_with_the_smoothing_of_the_whole_curve() -> None:
    run = shown(GRU)
    trained, scored = lines_of([run], "loss", 10)
    np.testing.assert_array_equal(trained.values, run.curves.loss)
    expected = smoothed(run.curves.loss, half_life=10, steps=run.curves.steps)
    np.testing.assert_allclose(trained.smooth, expected)
    assert scored.held_out and list(scored.steps) == [10, 20, 30, 40, 50]
    assert lines_of([run], "loss", 0)[0].smooth is None
    assert lines_of([run], "rate", 10)[0].smooth is None, "a schedule is no noise"
    assert len(lines_of([run], "gradient", 10)) == 1


def test_long_curves_are_thinned_and_keep_their_ends_and_peaks() -> None:
    spiked = curves(lambda step: 99.0 if step == 1234 else 1 / step, count=3000)
    (line, _) = lines_of([shown(GRU, spiked)], "loss", 10)
    assert len(line.steps) <= MOST_POINTS
    assert line.steps[0] == 1 and line.steps[-1] == 3000
    assert line.values.max() == 99.0


def test_seeds_of_one_network_are_a_band_and_other_networks_other_lines() -> None:
    seeds = [
        shown(GRU.changed(seed=seed), curves(lambda step, seed=seed: step + seed, count))
        for seed, count in ((0, 50), (1, 47), (5, 50))
    ]
    rnn = shown(GRU.changed(cell="rnn", hidden_size=99))
    assert [len(group) for group in kinds([*seeds, rnn])] == [3, 1]
    lines = lines_of([*seeds, rnn], "loss", 0)
    assert [(line.name, line.held_out) for line in lines] == [
        ("GRU 64", False), ("RNN 99", False), ("GRU 64", True), ("RNN 99", True),
    ]  # fmt: skip
    band = lines[0]
    assert band.steps[-1] == 47, "where all seeds have been"
    np.testing.assert_allclose(band.values - band.steps, 1)
    np.testing.assert_allclose(band.low - band.steps, 0)
    np.testing.assert_allclose(band.high - band.steps, 5)


def test_nothing_measured_is_no_line() -> None:
    assert lines_of([shown(GRU, Curves())], "loss", 10) == []
    both = [shown(GRU.changed(seed=seed), Curves()) for seed in (0, 1)]
    assert lines_of(both, "accuracy", 10) == []
    assert steps_of(both) == 1


def test_marks_stand_in_the_figure_that_they_belong_to() -> None:
    run = shown(GRU)
    assert [mark.step for mark in marks_of([run], "gradient")] == [7]
    assert [mark.text for mark in marks_of([run], "loss")] == ["not a number"]
    assert marks_of([run], "rate") == []
    race = [run, shown(GRU.changed(cell="rnn"))]
    assert marks_of(race, "gradient") == []
    assert [mark.cell for mark in marks_of(race, "loss")] == ["gru", "rnn"]


@pytest.mark.parametrize(
    ("plan", "measure", "level"),
    [
        (GRU, "accuracy", 0.1),
        (GRU, "gradient", 1.0),
        (GRU.changed(clip_norm=None), "gradient", None),
        (defaults("recall"), "accuracy", 0.25),
        (defaults("adding"), "accuracy", None),
        (defaults("own"), "accuracy", None),
        (GRU, "loss", None),
    ],
)
def test_the_level_of_a_figure(plan: Plan, measure: str, level: float | None) -> None:
    found = level_of([shown(plan)], measure)
    assert (found and found[0]) == level


def test_a_network_from_elsewhere_has_no_plan_and_is_drawn_all_the_same() -> None:
    plan: dict[str, Any] = {"cell": "lstm"}
    run = Shown("x" * 16, "n", plan, curves(lambda step: 1.0))
    assert name_of(plan) == "LSTM"
    assert level_of([run], "accuracy") is None
    assert len(lines_of([run], "loss", 3)) == 2


def unpacked(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4")


MEASURES = ("loss", "accuracy", "gradient", "rate")


def test_the_panels_hold_what_was_measured() -> None:
    run = shown(GRU)
    data, ends = payload([run], MEASURES, smoothing=10)
    json.dumps(data, allow_nan=False)
    loss, right, gradient, rate = data["panels"]
    trained, scored = loss["lines"]
    np.testing.assert_allclose(unpacked(trained["values"]), run.curves.loss, rtol=1e-6)
    expected = smoothed(run.curves.loss, half_life=10, steps=run.curves.steps)
    np.testing.assert_allclose(unpacked(trained["smooth"]), expected, rtol=1e-6)
    assert list(unpacked(scored["steps"])) == [10, 20, 30, 40, 50] and scored["held"]
    assert (right["level"]["value"], right["ends"]) == (0.1, [0.0, 1.03])
    assert gradient["log"] and [mark["step"] for mark in gradient["marks"]] == [7]
    assert rate["lines"][0]["smooth"] is None
    assert data["steps"]["count"] == 200 and ends["loss"][1] >= 1
    assert "held out: 0.0400 at step 50" in loss["alt"]


def test_the_axes_of_the_panels_only_grow() -> None:
    high = payload([shown(GRU, curves(lambda step: 9.0))], MEASURES, smoothing=0)[1]
    low = payload([shown(GRU)], MEASURES, smoothing=0, before=high.get)[1]
    assert low["loss"] == high["loss"]
    logs = payload([shown(GRU)], MEASURES, smoothing=0, log_loss=True, log_steps=True)[0]
    assert logs["panels"][0]["ends"][0] > 0 and logs["steps"]["ends"][0] == 1


def test_what_is_not_a_number_travels_as_such() -> None:
    broken = curves(lambda step: math.inf if step > 20 else 1.0)
    data, _ = payload([shown(GRU, broken)], MEASURES, smoothing=0)
    json.dumps(data, allow_nan=False)
    values = unpacked(data["panels"][0]["lines"][0]["values"])
    np.testing.assert_array_equal(np.isfinite(values), np.arange(1, 51) <= 20)


def test_a_race_is_told_apart_by_names_and_colours_in_both_themes() -> None:
    race = [shown(GRU), shown(GRU.changed(cell="rnn", hidden_size=99))]
    data, _ = payload(race, MEASURES, smoothing=5)
    assert [entry["text"] for entry in data["legend"]] == ["GRU 64", "RNN 99"]
    for panel in data["panels"]:
        for theme in ("light", "dark"):
            hues = {line["who"]: line["hue"][theme] for line in panel["lines"]}
            assert len(hues) == len(set(hues.values())) == 2
    empty, _ = payload([shown(GRU, Curves())], MEASURES[:2], smoothing=5)
    assert [panel["lines"] for panel in empty["panels"]] == [[], []]
    assert all("nothing yet" in panel["alt"] for panel in empty["panels"])
