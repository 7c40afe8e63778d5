"""Sentences of the Train page, of curves that are given as events."""

from __future__ import annotations

import math
from typing import Any

import pytest

from rnnviz.explorer.train import sentences
from rnnviz.explorer.train.lines import Shown
from rnnviz.training.curves import Curves
from rnnviz.training.plan import Plan
from rnnviz.training.tasks.table import TASKS, defaults

STEPS = 10


def shown(
    plan: Plan, *scores: float, resumed_at: int | None = None, count: int | None = 100
) -> Shown:
    """A run with so many epochs of ten steps; the best one is the first with the highest score."""
    total = STEPS * plan.epochs
    events: list[dict[str, Any]] = [
        {"event": "training-started", "steps": total, "steps_per_epoch": STEPS, "parameters": 9}
    ]
    for epoch, score in enumerate(scores, 1):
        events += [
            {"event": "step-finished", "step": step, "loss": 1.0, "seconds": 0.5 * step}
            for step in range(STEPS * (epoch - 1) + 1, STEPS * epoch + 1)
        ]
        events.append({
            "event": "epoch-finished", "epoch": epoch, "step": STEPS * epoch,
            "held_out_accuracy": score, "held_out_loss": 1.5, "training_accuracy": 0.75,
            "held_out_count": count, "is_best": score > max(scores[: epoch - 1], default=-1.0),
        })  # fmt: skip
    if resumed_at is not None:
        events.append({**events[0], "resumed_at": resumed_at})
    return Shown(f"r{plan.seed}{plan.cell}", "", plan.to_json(), Curves.from_events(events))


GRU = defaults("digits", "gru").changed(epochs=4)


@pytest.mark.parametrize(
    ("state", "percent"),
    [("running", "60.0"), ("paused", "60.0"), ("finished", "90.0"), ("stopped", "90.0")],
)
def test_a_run_that_is_over_is_named_by_the_network_that_is_kept(state: str, percent: str) -> None:
    run = shown(GRU, 0.5, 0.9, 0.6)
    told = f"The GRU has {percent}\u00a0% of the held-out images right"
    assert sentences.headline([run], state) == told


def test_a_resumed_run_has_the_best_epoch_before_it() -> None:
    run = shown(GRU, 0.5, 0.7, 0.9, resumed_at=25)
    assert run.curves.best_accuracy == 0.7
    assert [mark.step for mark in run.curves.marks if mark.kind == "best"] == [20]
    assert math.isnan(shown(GRU, 0.5, resumed_at=5).curves.best_accuracy)


RNN = defaults("digits", "rnn").changed(epochs=4)
LSTM = defaults("digits", "lstm").changed(epochs=4)


def test_a_race_is_won_by_the_median_of_the_best_epochs() -> None:
    runs = [shown(GRU.changed(seed=seed), score, 0.5) for seed, score in enumerate((0.8, 0.9, 1))]
    runs += [shown(RNN.changed(seed=seed), score, 0.7) for seed, score in enumerate((0.2, 0.1, 0))]
    assert sentences.headline(runs, "finished").startswith("GRU 64 wins: GRU 64 90.0")
    assert sentences.headline(runs, "running").startswith("RNN 64 leads: RNN 64 70.0")


def test_bands_of_seeds_that_overlap_decide_nothing() -> None:
    """The worst GRU is behind the best RNN, so three seeds tell nobody which is better."""
    runs = [shown(GRU.changed(seed=seed), score) for seed, score in enumerate((0.2, 0.8, 0.9))]
    runs += [shown(RNN.changed(seed=seed), score) for seed, score in enumerate((0.7, 0.7, 1))]
    assert sentences.headline(runs, "finished") == (
        "Too close to call with 3 seeds and 100 held-out examples: "
        "GRU 64 80.0\u00a0%, RNN 64 70.0\u00a0%"
    )


@pytest.mark.parametrize("state", ["running", "finished", "stopped"])
def test_one_example_wins_nothing(state: str) -> None:
    """The case that was found: 93.0 and 92.8 % of 359 images differ by one image."""
    race = [shown(GRU, 334 / 359, count=359), shown(RNN, 333 / 359, count=359)]
    both = "GRU 64 93.0\u00a0%, RNN 64 92.8\u00a0%"
    close = "Too close to call with 359 held-out examples: "
    assert sentences.headline(race, state) == close + both
    third = shown(LSTM, 0.3, count=359)
    told = sentences.headline([third, *race], state)
    assert told.startswith("Too close to call between GRU 64 and RNN 64 with 359 held-out examples")
    assert told.endswith(f"{both}, LSTM 64 30.0\u00a0%")


def test_equals_are_too_close_to_call() -> None:
    level = [shown(GRU, 0.8), shown(RNN, 0.8)]
    assert sentences.headline(level, "finished").startswith("Too close to call with 100 held-out")


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("running", "No better than guessing so far: LSTM 64 12.0\u00a0%, GRU 64 8.0\u00a0%"),
        ("finished", "No better than guessing: LSTM 64 12.0\u00a0%, GRU 64 8.0\u00a0%"),
    ],
)
def test_before_anything_is_learnt_nobody_leads(state: str, told: str) -> None:
    assert sentences.headline([shown(LSTM, 0.12), shown(GRU, 0.08)], state) == told


def test_where_the_number_of_examples_is_unknown_nobody_wins() -> None:
    race = [shown(GRU, 0.99, count=None), shown(RNN, 0.5, count=None)]
    assert sentences.headline(race, "finished").startswith("Too close to call with so few")


@pytest.mark.parametrize("state", ["stopped", "interrupted", "failed"])
def test_a_race_that_was_not_run_to_its_end_has_no_winner(state: str) -> None:
    race = [shown(GRU, 0.7), shown(RNN, 0.4)]
    scored = "GRU 64 70.0\u00a0%, RNN 64 40.0\u00a0%"
    assert sentences.headline(race, state) == f"GRU 64 was ahead: {scored}"
    assert sentences.headline(race, "finished") == f"GRU 64 wins: {scored}"


def test_before_the_first_score_nothing_is_claimed() -> None:
    run = shown(GRU)
    assert sentences.headline([run], "running") == "The GRU is about to learn"
    assert sentences.headline([run], "failed") == "The GRU"
    assert sentences.state_words("running", [run]) == "Getting the data ready …"
    assert sentences.epoch_table(run) == ""


def test_symbols_are_no_examples() -> None:
    run = shown(defaults("copy", "gru").changed(epochs=2), 0.25)
    assert "of the held-out symbols right" in sentences.headline([run], "finished")
    assert TASKS["copy"].answers == "symbols"


def test_the_line_of_the_state() -> None:
    run = shown(GRU, 0.5, 0.9)
    latest = {"examples_per_second": 1234.5, "seconds_left": 61.0}
    assert sentences.state_words("running", [run], latest=latest) == (
        "Training · step 20 of 40 · epoch 3 of 4 · 1,234 examples a second · about 1 min left"
    )
    assert sentences.state_words("finished", [run]).endswith("10 s of training")
    first = Shown("r", "", run.plan, Curves.from_events([
        {"event": "training-started", "steps": 40, "steps_per_epoch": 10},
        {"event": "step-finished", "step": 1, "loss": 1.0},
    ]))  # fmt: skip
    assert sentences.state_words("running", [first], latest=latest).endswith("epoch 1 of 4")
    assert sentences.state_words("running", [run], asked="pause") == "Pausing …"
    assert sentences.state_words("queued", [run], position=2).startswith("Waiting: 2 trainings")
    waiting = ("Waiting: 2 trainings are ahead of it.", "Waiting for a worker. It is next.")
    for position, told in zip((2, 0), waiting, strict=True):
        assert sentences.state_words("queued", [run], position=position, mine=False) == told
    assert sentences.state_words("running", [run], preparing=True) == (
        "Training · step 20 of 40 · epoch 3 of 4 · getting the data ready …"
    )
    race = [run, shown(defaults("digits", "rnn").changed(epochs=4), 0.5)]
    assert "step 10 of 40 of each network · epoch 2 of 4" in sentences.state_words("paused", race)
    odd = {"examples_per_second": math.nan, "seconds_left": True}
    assert "examples a second" not in sentences.state_words("running", [run], latest=odd)


@pytest.mark.parametrize(
    ("seconds", "exact", "about"),
    [
        (0.44, "0.4 s", "about 1 s"),
        (9.96, "10 s", "about 10 s"),
        (43, "43 s", "about 45 s"),
        (119.6, "2 min", "about 2 min"),
        (3725, "1 h 2 min", "about 1 h 2 min"),
        (math.nan, "an unknown time", "an unknown time"),
        (-1, "an unknown time", "an unknown time"),
    ],
)
def test_durations(seconds: float, exact: str, about: str) -> None:
    assert sentences.duration(seconds) == exact
    assert sentences.duration(seconds, about=True) == about


def test_epochs_as_a_table_the_newest_first() -> None:
    rows = sentences.epoch_rows(shown(GRU, 0.5, 0.9))
    assert [row[0] for row in rows] == ["2", "1"]
    assert rows[0] == ("2", "20", "1.0000", "1.5000", "75.0\u00a0%", "90.0\u00a0%")


def test_a_long_table_says_that_there_is_more() -> None:
    scores = [0.5] * 13
    table = sentences.epoch_table(shown(GRU.changed(epochs=13), *scores))
    assert table.endswith("\n\nThe last 12 of 13 epochs.")
    assert table.count("\n|") == 13, "two lines of head, twelve epochs"
    assert "The last" not in sentences.epoch_table(shown(GRU.changed(epochs=12), *scores[:12]))


def test_an_estimate_of_a_race_says_what_each_network_takes() -> None:
    one = sentences.estimate_words(1200, 3_000_000, 8.2, 1600)
    assert one == "1,200 parameters · 1,600 steps · about 8 s · 3 MB"
    race = sentences.estimate_words(10_800, 3_000_000, 8.2, 14_400, networks=9)
    assert race == "10,800 parameters · 9 × 1,600 steps · about 8 s · 3 MB"


def test_the_card_of_a_race_counts_what_was_equal() -> None:
    plans = [plan.to_json() for plan in (GRU, GRU.changed(cell="rnn", hidden_size=100))]
    equal, unequal, seeds = sentences.race_card(plans, [1000, 990])
    assert "(990 to 1,000, 1.0\u00a0% apart)" in equal and "(seed 0)" in equal
    assert "RNN 100 units" in unequal and "One seed" in seeds
    both = [GRU.changed(seed=seed).to_json() for seed in (0, 1)]
    assert "median of 2 seeds" in sentences.race_card(both, [10, 10])[2]
