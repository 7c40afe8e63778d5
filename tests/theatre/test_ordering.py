"""Orders of units. Oracles: a literal sum for activity, planted groups for likeness."""

from __future__ import annotations

import numpy as np
import pytest

from rnnviz.theatre.ordering import MOST_STEPS, by_activity, by_likeness, unit_orders


def test_the_busiest_unit_comes_first() -> None:
    hidden = np.random.default_rng(0).uniform(-1, 1, (20, 12))
    travelled = []
    for unit in range(12):
        before, total = 0.0, 0.0
        for step in range(20):
            total += abs(hidden[step, unit] - before)
            before = hidden[step, unit]
        travelled.append(total)
    assert list(by_activity(hidden)) == sorted(range(12), key=lambda unit: -travelled[unit])


def test_of_equally_busy_units_the_lower_index_comes_first() -> None:
    assert by_activity(np.ones((4, 5))) == (0, 1, 2, 3, 4)


def test_units_of_a_planted_group_lie_together() -> None:
    dice = np.random.default_rng(1)
    courses = dice.uniform(-1, 1, (28, 4))
    groups = dice.permutation(np.repeat(np.arange(4), 8))
    hidden = courses[:, groups] + 0.01 * dice.standard_normal((28, 32))
    drawn = groups[list(by_likeness(hidden))]
    assert np.count_nonzero(np.diff(drawn)) == 3


@pytest.mark.parametrize("units", [1, 2, 3, 40])
def test_both_orders_hold_every_unit_once(units: int) -> None:
    hidden = np.random.default_rng(2).uniform(-1, 1, (9, units))
    for order in unit_orders(hidden).values():
        assert sorted(order) == list(range(units))


@pytest.mark.parametrize("hidden", [np.zeros(3), np.zeros((0, 4)), np.full((3, 4), np.nan)])
def test_anything_else_is_refused(hidden) -> None:
    with pytest.raises(ValueError, match="expected"):
        unit_orders(hidden)


def test_of_a_long_sequence_a_few_hundred_steps_are_compared() -> None:
    """Oracle: the order of these steps alone; groups that are planted still lie together."""
    dice = np.random.default_rng(3)
    groups = dice.permutation(np.repeat(np.arange(4), 8))
    hidden = np.cumsum(dice.uniform(-0.1, 0.1, (3000, 4)), axis=0)[:, groups]
    hidden = hidden + 0.01 * dice.standard_normal(hidden.shape)
    drawn = by_likeness(hidden)
    assert np.count_nonzero(np.diff(groups[list(drawn)])) == 3
    assert drawn == by_likeness(hidden[np.linspace(0, 2999, MOST_STEPS).astype(int)])
