"""Who is ahead. Oracles: scipy's test of a two by two table, and random races of equals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from rnnviz.training.diagnosis.comparing import CHANCE, Scored, ahead, differ, is_guessed


@given(st.integers(1, 2000), st.data())
@settings(max_examples=200, deadline=None)
def test_two_shares_differ_where_scipy_says_so(n: int, data: st.DataObject) -> None:
    one, other = (data.draw(st.integers(0, n)) for _ in range(2))
    told = differ(one / n, other / n, n)
    assert told == differ(other / n, one / n, n)
    if one + other in (0, 2 * n):
        assert not told  # all alike, of which scipy has no test
        return
    found = chi2_contingency([[one, n - one], [other, n - other]], correction=False).pvalue
    if abs(found - CHANCE) > 1e-9:
        assert told == (found < CHANCE)


@pytest.mark.parametrize("n", [math.nan, 0.0, math.inf])
def test_what_is_not_known_differs_by_nothing(n: float) -> None:
    assert not differ(0.1, 0.9, n)
    assert not differ(math.nan, 0.9, 100)


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("share", [0.3, 0.9, 0.97])
def test_equal_networks_seldom_win(count: int, share: float) -> None:
    """As many winners among equals as the bound allows, and a few for its being approximate."""
    random, races = np.random.default_rng(0), 2000
    won = 0
    for scores in random.binomial(359, share, (races, count)) / 359:
        won += len(ahead({str(at): Scored((one,), 359) for at, one in enumerate(scores)})) == 1
    assert won / races < 1.5 * CHANCE


def test_a_real_lead_is_found() -> None:
    """Half as many mistakes, 40 against 80 of 1,000, are found nine times of ten."""
    random, won = np.random.default_rng(0), 0
    for better, worse in zip(random.binomial(1000, 0.96, 500), random.binomial(1000, 0.92, 500),
                             strict=True):  # fmt: skip
        found = ahead({"a": Scored((better / 1000,), 1000), "b": Scored((worse / 1000,), 1000)})
        won += found == ["a"]
    assert won > 450


def test_the_best_first_and_who_may_be_as_good() -> None:
    scores = {"c": Scored((0.30,), 359), "a": Scored((0.93,), 359), "b": Scored((0.928,), 359)}
    assert ahead(scores) == ["a", "b"]


def test_guessing_has_some_luck() -> None:
    assert is_guessed([0.10, 0.14], 0.1, 359)
    assert not is_guessed([0.10, 0.16], 0.1, 359)
    assert is_guessed([0.16], 0.1, 10)
    assert is_guessed([0.16], 0.1, math.nan) and not is_guessed([0.5], 0.1, math.nan)
