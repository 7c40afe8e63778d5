"""What is said of a run. Oracles: curves made to have one fault each, and real runs with it."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from rnnviz.training.curves import Curves, Mark
from rnnviz.training.diagnosis.findings import Finding, diagnose
from rnnviz.training.diagnosis.measures import percent, short
from rnnviz.training.engine.events import Event, to_json
from rnnviz.training.engine.loop import DivergenceError, Training
from rnnviz.training.plan import Plan
from rnnviz.training.preparation import prepare
from rnnviz.training.presets import PRESETS
from rnnviz.training.tasks.table import defaults

PLANS = {preset.key: preset.plan for preset in PRESETS}
STEPS = 300


def curves(**changed: Any) -> Curves:
    """A run on the digits that went well: loss, accuracy and norm as smooth functions of time."""
    steps = np.arange(1, STEPS + 1)
    time, wave = steps / STEPS, 0.03 * np.sin(steps)
    scored = np.arange(0, STEPS + 1, 25)
    learnt = 1 - np.exp(-8 * scored / STEPS)
    words: dict[str, Any] = {
        "steps": steps,
        "loss": 2.3 * np.exp(-6 * time) + 0.05 + wave,
        "gradient_norm": 0.5 + wave,
        "clipped_norm": np.minimum(1.0, 0.5 + wave),
        "learning_rate": np.full(STEPS, 0.005),
        "accuracy": 1 - np.exp(-8 * time),
        "score_steps": scored,
        "held_out_loss": 2.3 * (1 - 0.95 * learnt),
        "held_out_accuracy": 0.1 + 0.87 * learnt,
        "held_out_count": np.full(len(scored), 359),
        "training_loss": 2.3 * (1 - 0.98 * learnt),
        "training_accuracy": 0.1 + 0.9 * learnt,
        "total_steps": STEPS,
    }
    return Curves(**{**words, **changed})


def guessing(**changed: Any) -> Curves:
    """A run that stays at chance, with noise."""
    noise = 0.004 * np.cos(np.arange(13))
    steps = np.arange(1, STEPS + 1)
    words: dict[str, Any] = {
        "loss": math.log(10) + 0.05 * np.sin(steps),
        "held_out_loss": math.log(10) + noise,
        "training_loss": math.log(10) + noise,
        "held_out_accuracy": 0.1 + noise,
        "training_accuracy": 0.1 + noise,
    }
    return curves(**{**words, **changed})


def kinds(found: tuple[Finding, ...]) -> list[str]:
    return [one.kind for one in found]


def only(found: tuple[Finding, ...], kind: str) -> str:
    assert kinds(found) == [kind]
    assert "nan" not in found[0].text and found[0].text.endswith((".", "%"))
    return found[0].text


GOOD = defaults("digits", "gru")


def test_a_good_run_is_called_good_at_its_end_and_nothing_before() -> None:
    said = only(diagnose(curves(), GOOD), "well")
    assert "97.0 % of the held-out images are right; guessing gives 10.0 %." in said
    assert diagnose(curves(total_steps=1000), GOOD) == ()
    assert diagnose(Curves(), GOOD) == ()
    assert diagnose(curves(), GOOD)[0].level == "good"


def test_nan_is_told_with_its_step_norm_and_rate() -> None:
    loss, norms = curves().loss.copy(), curves().gradient_norm.copy()
    norms[120], loss[121] = 4321.0, math.nan
    found = diagnose(curves(loss=loss, gradient_norm=norms), GOOD.changed(clip_norm=None))
    said = only(found, "diverged")
    assert found[0].step == 122 and found[0].level == "bad"
    assert "At step 122" in said and "gradient norm 4,321" in said and "rate 0.005" in said
    assert said.endswith("Lower the learning rate (to 0.0005, say) or clip the gradient.")


def test_nan_that_only_a_mark_tells_of() -> None:
    marked = Curves(marks=(Mark(1, "not-finite", "x"),), total_steps=10)
    assert "At step 1 the loss" in only(diagnose(marked, GOOD), "diverged")


def test_a_loss_far_above_guessing_diverged() -> None:
    noise = 6.0 + np.sin(np.arange(STEPS))
    found = diagnose(curves(loss=noise), GOOD.changed(learning_rate=1.0))
    assert "guessing would have 2.3" in only(found, "diverged")


@pytest.mark.parametrize(
    ("words", "changed", "sentence"),
    [
        ({"learning_rate": 1e-5}, {"learning_rate": np.full(STEPS, 1e-5)}, "too low a rate"),
        ({"learning_rate": 0.5}, {"learning_rate": np.full(STEPS, 0.5)}, "probably too high"),
        ({}, {"gradient_norm": np.full(STEPS, 1e-6)}, "Hardly any gradient arrives"),
        ({}, {"gradient_norm": np.full(STEPS, 50.0)}, "cut from about 50 to 1"),
        ({}, {}, "The numbers name no cause"),
        (
            {"optimizer": "sgd", "learning_rate": 1e-4},
            {"learning_rate": np.full(STEPS, 1e-4)},
            "moved the weights by 0.015 at most",
        ),
    ],
)
def test_not_learning_names_the_cause_that_the_numbers_show(
    words: dict[str, Any], changed: dict[str, Any], sentence: str
) -> None:
    found = diagnose(guessing(**changed), GOOD.changed(**words))
    assert found[0].kind == "not-learning" and sentence in found[0].text
    assert "guessing gives 10.0 %" in found[0].text
    early = guessing(**changed, total_steps=1000)
    assert "not-learning" not in kinds(diagnose(early, GOOD.changed(**words)))


def test_a_gate_that_forgets_is_told_with_what_is_left() -> None:
    """Oracle: sigmoid(0)^41."""
    found = diagnose(
        guessing(
            loss=math.log(4) + 0.01 * np.sin(np.arange(STEPS)),
            held_out_loss=np.full(13, math.log(4)),
            held_out_accuracy=0.25 + 0.004 * np.cos(np.arange(13)),
        ),
        PLANS["vanishing"],
    )
    assert "41 steps back" in found[0].text and short(0.5**41) in found[0].text


def test_one_answer_for_all_is_a_collapse() -> None:
    still = np.full(13, 37 / 359)
    found = diagnose(guessing(held_out_accuracy=still), GOOD)
    assert "all exactly 10.3 %" in only(found, "collapsed")
    assert kinds(diagnose(guessing(held_out_accuracy=still, total_steps=1000), GOOD)) == []


def test_over_fitting_is_told_from_where_it_begins() -> None:
    scored = np.arange(13)
    held = np.where(scored < 5, 2.3 - 0.4 * scored, 0.7 + 0.08 * (scored - 5))
    training = 2.3 * np.exp(-0.8 * scored)
    accuracy = np.minimum(0.7, 0.1 + 0.15 * scored)
    found = diagnose(
        curves(held_out_loss=held, training_loss=training, held_out_accuracy=accuracy), GOOD
    )
    said = only(found, "over-fitting")
    assert found[0].step == 100 and "Since step 100" in said
    # The same rise while the training loss rises, too, is no over-fitting.
    both = curves(held_out_loss=held, training_loss=held, held_out_accuracy=accuracy)
    assert "over-fitting" not in kinds(diagnose(both, GOOD))


def test_clipped_always_and_hardly_ever() -> None:
    always = diagnose(curves(gradient_norm=np.full(STEPS, 3.0)), GOOD)
    assert kinds(always) == ["clipped", "well"] and "100.0 % of the gradients" in always[0].text
    assert "Raise the limit of the gradient's norm (to 6, say)." in always[0].text
    assert kinds(
        diagnose(curves(gradient_norm=np.full(STEPS, 3.0)), GOOD.changed(clip_norm=None))
    ) == ["well"]


def test_a_gradient_that_explodes_is_told_where() -> None:
    loss, norms = curves().loss.copy(), curves().gradient_norm.copy()
    norms[150], loss[151:170] = 900.0, loss[151:170] + 2.0
    found = diagnose(curves(loss=loss, gradient_norm=norms), GOOD.changed(clip_norm=None))
    assert kinds(found) == ["spikes", "well"] and found[0].step == 151
    assert "leapt to 900 (usual 0.5" in found[0].text and "Clip the gradient" in found[0].text
    # A large gradient that does no harm is nobody's concern.
    assert kinds(diagnose(curves(gradient_norm=norms), GOOD)) == ["well"]


def test_half_way_because_of_size_or_of_time() -> None:
    short_of = 0.4 * curves().held_out_accuracy
    flat = np.full(STEPS, 1.7) + 0.03 * np.sin(np.arange(STEPS))
    small = curves(held_out_accuracy=short_of, training_accuracy=short_of + 0.01, loss=flat)
    assert "not over-fitting" in only(diagnose(small, GOOD), "too-small")
    falling = curves(
        held_out_accuracy=short_of,
        training_accuracy=short_of,
        loss=2.3 - 1.5 * np.arange(STEPS) / STEPS,
    )
    assert "still falling" in only(diagnose(falling, GOOD), "unfinished")
    slowly = curves(
        held_out_accuracy=short_of,
        training_accuracy=short_of,
        loss=2.3 * np.exp(-0.27 * np.arange(STEPS) / STEPS),  # 4.4 % a sixth
    )
    assert kinds(diagnose(slowly, GOOD)) == ["unfinished"]
    copying = diagnose(falling, defaults("copy", "gru"))
    assert "of the held-out symbols are right" in copying[0].text
    apart = curves(held_out_accuracy=short_of, training_accuracy=short_of + 0.3, loss=flat)
    assert "68.8 % of the training ones" in only(diagnose(apart, GOOD), "over-fitting")
    by_heart = replace(falling, training_accuracy=short_of + 0.3)
    rising = np.r_[np.linspace(2.3, 1.5, 7), np.linspace(1.49, 1.6, 6)]  # too little to be told
    rising_too = replace(by_heart, held_out_loss=rising)
    few = GOOD.changed(examples=100)
    assert "More examples or dropout" in only(diagnose(rising_too, few), "over-fitting")
    # Where all examples are taken there are no more.
    assert "Dropout may help" in only(diagnose(rising_too, GOOD), "over-fitting")
    # As long as the held-out loss falls as well, more epochs are worth it.
    assert kinds(diagnose(by_heart, GOOD)) == ["unfinished"]


def test_numbers_are_written_for_people() -> None:
    assert [short(value) for value in (0.0, 0.01234, 12.34, 12345.6, 1e-6, math.inf)] == [
        "0", "0.0123", "12.3", "12,346", "1.0e-06", "infinite",
    ]  # fmt: skip
    assert short(math.nan) == "not a number" and percent(0.4567) == "45.7 %"


# Real runs.


@cache
def events_of(plan: Plan) -> tuple[dict[str, Any], ...]:
    run = prepare(plan)
    torch.manual_seed(plan.seed)
    training = Training(
        run.model, run.examples, run.held_out, run.recipe, objective=run.objective,
        prepare=run.prepare, prepare_held_out=run.prepare_held_out,
    )  # fmt: skip
    events: list[Event] = []
    with suppress(DivergenceError):
        events.extend(training)
    return tuple(to_json(event) for event in events)


def said_of(plan: Plan) -> tuple[Finding, ...]:
    return diagnose(Curves.from_events(events_of(plan)), plan)


def test_no_false_alarm_at_any_time_of_a_good_run() -> None:
    for plan in (
        defaults("recall", "gru").changed(epochs=5),
        defaults("digits", "gru").changed(epochs=3, hidden_size=32),
    ):
        events = events_of(plan)
        for end in range(1, len(events), 20):
            assert kinds(diagnose(Curves.from_events(events[:end]), plan)) == [], end
        assert {one.level for one in said_of(plan)} <= {"good", "note"}
    assert kinds(said_of(defaults("recall", "gru").changed(epochs=5))) == ["well"]


def test_a_vanishing_gradient_and_its_cure() -> None:
    few = {"examples": 1000, "epochs": 8}
    assert said_of(PLANS["vanishing"].changed(**few))[0].kind == "not-learning"
    assert kinds(said_of(PLANS["forget-bias"].changed(**few))) == ["well"]


def test_without_clipping_the_gradient_explodes() -> None:
    plan = PLANS["no-clipping"].changed(epochs=3)
    (said,) = said_of(plan)
    assert said.title == "The gradient exploded" and said.level == "bad"
    assert said.step < 60 and "Clip the gradient" in said.text

    def highest(plan: Plan) -> float:
        return float(Curves.from_events(events_of(plan)).loss.max())

    assert highest(plan.changed(clip_norm=1.0)) < highest(plan) / 2


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_what_is_learnt_by_heart_is_no_call_for_more_epochs(seed: int) -> None:
    assert kinds(said_of(PLANS["over-fitting"].changed(seed=seed))) == ["over-fitting"]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_too_high_a_rate_diverges(seed: int) -> None:
    plan = PLANS["high-rate"].changed(seed=seed)
    for words in ({"epochs": 4}, {"epochs": 3, "hidden_size": 32}):
        assert kinds(said_of(plan.changed(**words))) == ["diverged"], words
