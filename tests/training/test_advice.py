"""What is advised, over a grid of plans and of measured curves.

Oracle: the plan itself. A number that is advised is one that the plan may have, in the direction
that the words say, and nothing is advised twice in opposite directions or where it stands already.
"""

from __future__ import annotations

import math
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest

from rnnviz.training.curves import Curves
from rnnviz.training.diagnosis.advice import Adviser, Step, any_of, sentence, written
from rnnviz.training.diagnosis.causes import kept_bias
from rnnviz.training.diagnosis.findings import Finding, diagnose
from rnnviz.training.plan import BOUNDS, Plan
from rnnviz.training.presets import PRESETS
from rnnviz.training.tasks.table import defaults
from tests.training.test_diagnosis import STEPS, curves, guessing

SCALES = (1e-7, 0.3, 7.77, 50.0, 1e4)


def measured() -> dict[str, Curves]:
    """Runs that went well, nowhere, off, and through a burst, with gradients of all sizes."""
    found: dict[str, Curves] = {}
    for make, scale in product((curves, guessing), SCALES):
        found[f"{make.__name__} {scale:g}"] = make(gradient_norm=np.full(STEPS, scale))
        burst, loss = np.full(STEPS, scale), make().loss.copy()
        burst[150], loss[151:170] = 100 * max(scale, 1.0), loss[151:170] + 2.5
        found[f"{make.__name__} {scale:g}, burst"] = make(gradient_norm=burst, loss=loss)
    found["off"] = curves(loss=6 + np.sin(np.arange(STEPS)))
    broken = curves().loss.copy()
    broken[120:] = math.nan
    found["nan"] = curves(loss=broken)
    part = 0.4 * curves().held_out_accuracy
    flat = np.full(STEPS, 1.7) + 0.03 * np.sin(np.arange(STEPS))
    found["half"] = curves(held_out_accuracy=part, training_accuracy=part + 0.01, loss=flat)
    found["by heart"] = curves(held_out_accuracy=part, training_accuracy=part + 0.3, loss=flat)
    falling = 2.3 - 1.5 * np.arange(STEPS) / STEPS
    found["falling"] = curves(held_out_accuracy=part, training_accuracy=part, loss=falling)
    scored = np.arange(13)
    held = np.where(scored < 5, 2.3 - 0.4 * scored, 0.7 + 0.08 * (scored - 5))
    found["over"] = curves(
        held_out_loss=held, training_loss=2.3 * np.exp(-0.8 * scored),
        held_out_accuracy=np.minimum(0.7, 0.1 + 0.15 * scored),
    )  # fmt: skip
    found["collapsed"] = guessing(held_out_accuracy=np.full(13, 37 / 359))
    return found


CURVES = measured()


def plans() -> list[Plan]:
    """The presets, and a usual plan with each word at its ends and in between."""
    good = defaults("digits", "gru")
    found = [one.plan for one in PRESETS] + [defaults("recall", cell) for cell in ("rnn", "lstm")]
    changes: list[dict[str, Any]] = [{}]
    for word in ("learning_rate", "clip_norm", "hidden_size", "epochs", "dropout", "examples"):
        changes += [{word: BOUNDS[word][0]}, {word: BOUNDS[word][1]}]
    changes += [{"clip_norm": one} for one in (None, 0.1, 1.0, 5.0, 7.77, 100.0)]
    changes += [{"learning_rate": one} for one in (1e-5, 1e-3, 0.2, 3.0)]
    changes += [{"optimizer": one} for one in ("sgd", "momentum", "rmsprop")]
    changes += [{"optimizer": "sgd", "learning_rate": 10.0}]
    changes += [{"initialisation": one, "gain": gain} for one in ("torch", "orthogonal", "identity")
                for gain in (0.5, 1.0)]  # fmt: skip
    changes += [{"gate_bias": one} for one in (-10.0, 0.0, 3.0, 10.0)]
    changes += [{"schedule": "constant"}]
    found += [good.changed(**one) for one in changes]
    for cell, words in product(("rnn", "lstm"), changes):
        found.append(defaults("recall", cell).changed(delay=40, **words))
    return found


def lasting(plan: Plan, run: Curves) -> Curves:
    """The run, as if it had been made with the rate of the plan."""
    words = {name: getattr(run, name) for name in Curves.__dataclass_fields__}
    return Curves(**words | {"learning_rate": np.full(len(run.steps), plan.learning_rate)})


@pytest.mark.parametrize("name", CURVES)
def test_all_advice_goes_the_way_it_says(name: str) -> None:
    for plan in plans():
        found = diagnose(lasting(plan, CURVES[name]), plan)
        steps = [step for one in found for step in one.advice]
        for one in found:
            check_words(one)
        for step in steps:
            check(step, plan)
        for first, second in combinations(steps, 2):
            if first.word == second.word:
                assert first.direction == second.direction, (plan, steps)


def check_words(finding: Finding) -> None:
    """What is advised stands in the text, and the text is a text."""
    for step in finding.advice:
        assert step.text.lower() in finding.text.lower()
        if step.value is not None and "say)" in step.text:
            assert written(step.value) in finding.text
    assert "  " not in finding.text and finding.text.endswith((".", "%", "saved"))
    assert not finding.text.endswith(": .") and ": ." not in finding.text
    assert "Clip it lower" not in finding.text


def check(step: Step, plan: Plan) -> None:
    now = getattr(plan, step.word)
    if step.direction == "to":
        assert now != step.value
        plan.changed(**{step.word: step.value})
        return
    if now is None:
        now = {"gate_bias": kept_bias(plan), "examples": BOUNDS["examples"][1]}[step.word]
    assert now is not None
    least, most = BOUNDS[step.word]
    if step.value is None:
        assert now > least if step.direction == "lower" else now < most
        return
    changed = getattr(plan.changed(**{step.word: step.value}), step.word)
    assert changed < now if step.direction == "lower" else changed > now


def test_a_burst_of_a_run_that_is_cut_does_not_raise_its_limit() -> None:
    """The case that was found: "clip it lower" beside "clip at 7.77", where the clip is 1."""
    found = diagnose(CURVES["curves 7.77, burst"], defaults("digits", "gru"))
    kinds = {one.kind: one for one in found}
    assert "cut to 1 already" in kinds["spikes"].text
    assert "Lower the learning rate (to 0.0017, say)." in kinds["spikes"].text
    assert [step.word for step in kinds["clipped"].advice] == []
    calm = diagnose(CURVES["curves 7.77"], defaults("digits", "gru"))
    assert "(to 16, say)" in next(one.text for one in calm if one.kind == "clipped")


def test_an_adviser_does_not_contradict_itself() -> None:
    adviser = Adviser(Plan(learning_rate=0.01, epochs=200, clip_norm=1.0))
    assert adviser.lower("learning_rate", 0.00123456) == "lower the learning rate (to 0.0012, say)"
    assert adviser.higher("learning_rate") == adviser.higher("epochs") == ""
    assert adviser.lower("clip_norm", 1.0) == adviser.lower("clip_norm", 2.0) == ""
    assert adviser.clip(1.0) == "" and adviser.choose("cell", "gru", "take a GRU") == ""
    assert [step.word for step in adviser.steps] == ["learning_rate"]
    assert any_of(["a", "", "b", "c"]) == "a, b or c" and sentence([], "None.") == "None."
