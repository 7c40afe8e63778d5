"""Decision row and flips. Oracle: a literal reading of the definitions, row by row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from rnnviz.notation.decision import decision_step, decision_words, flip_words, flips

TABLES = npst.arrays(
    np.float64,
    st.tuples(st.integers(1, 12), st.integers(1, 4)),
    elements=st.floats(0, 1, width=16),
)


def running(*leaders: int, classes: int = 10) -> np.ndarray:
    """Probabilities whose leading class after each step is the one named."""
    table = np.full((len(leaders), classes), 0.01)
    table[np.arange(len(leaders)), leaders] = 0.9
    return table


@given(TABLES)
def test_the_decision_is_the_first_step_after_which_the_answer_never_changes(table) -> None:
    leaders = [list(row).index(max(row)) for row in table]
    stable = [t for t in range(len(leaders)) if len(set(leaders[t:])) == 1]
    assert decision_step(table) == stable[0]


@given(TABLES)
def test_flips_are_exactly_the_changes_of_the_leader(table) -> None:
    leaders = [list(row).index(max(row)) for row in table]
    changes = [
        (t, leaders[t - 1], leaders[t])
        for t in range(1, len(leaders))
        if leaders[t] != leaders[t - 1]
    ]
    assert [(flip.step, flip.before, flip.after) for flip in flips(table)] == changes


@pytest.mark.parametrize(
    ("leaders", "sentence"),
    [
        ((3, 3, 3), "The answer is 3 from row 1 on and never changes."),
        (
            (7, 3, 3),
            (
                "The answer changes once. From row 2 on it is 3; "
                "the last row changes nothing any more."
            ),
        ),
        (
            (7, 2, 3, 3, 3),
            (
                "The answer changes 2 times. From row 3 on it is 3; "
                "the last 2 rows change nothing any more."
            ),
        ),
        ((7, 7, 3), "The answer changes once and becomes 3 only at the last row."),
        ((5,), "The answer is 5 from row 1 on and never changes."),
    ],
)
def test_the_sentence_says_when_the_mind_was_made_up(leaders, sentence) -> None:
    assert decision_words(running(*leaders), "0123456789") == sentence


def test_a_flip_in_words() -> None:
    (flip,) = flips(running(7, 7, 3))
    assert flip_words(flip, "0123456789") == "At row 3 the answer changes from 7 to 3."
    assert flip_words(flip, "0123456789", "token").startswith("At token 3 ")


@pytest.mark.parametrize("table", [np.zeros(3), np.zeros((0, 2)), np.full((2, 2), np.nan)])
def test_anything_else_is_refused(table) -> None:
    with pytest.raises(ValueError, match="expected"):
        decision_step(table)
