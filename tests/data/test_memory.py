"""The memory tasks. Oracles: the answer worked out anew from the inputs, the mean, the papers."""

from __future__ import annotations

import numpy as np
import pytest

from rnnviz.data import memory


def test_recall_asks_for_what_was_shown_first() -> None:
    found = memory.recall(500, delay=7, seed=3)
    assert found.inputs.shape == (500, 9, 9) and found.inputs.dtype == np.float32
    assert (found.inputs.sum(axis=-1) == 1).all()
    shown = found.inputs.argmax(axis=-1)
    np.testing.assert_array_equal(shown[:, 0], found.targets)
    assert (shown[:, 1:-1] >= 4).all() and (shown[:, 1:-1] < 8).all() and (shown[:, -1] == 8).all()
    counts = np.bincount(found.targets)
    assert len(counts) == 4 == len(found.labels) and counts.min() > 90
    # What comes later says nothing of the answer: each distractor is as usual after each symbol.
    table = np.array([np.bincount(shown[found.targets == k, 1:-1].ravel() - 4) for k in range(4)])
    assert np.abs(table / table.sum(axis=1, keepdims=True) - 0.25).max() < 0.05


def test_adding_asks_for_half_of_the_sum_of_two_marked_numbers() -> None:
    found = memory.adding(3000, length=21, seed=0)
    numbers, marked = found.inputs[..., 0], found.inputs[..., 1]
    assert found.inputs.shape == (3000, 21, 2) and found.targets.dtype == np.float32
    assert set(np.unique(marked)) == {0.0, 1.0}
    assert (marked[:, :10].sum(axis=1) == 1).all() and (marked[:, 10:].sum(axis=1) == 1).all()
    np.testing.assert_allclose((numbers * marked).sum(axis=1) / 2, found.targets, rtol=1e-6)
    assert 0 <= numbers.min() and numbers.max() < 1
    # The mean: a squared error of 1/24 (Arjovsky et al. have 1/6 for the whole sum).
    assert found.targets.var() == pytest.approx(1 / 24, rel=0.05)


def test_copy_asks_for_the_symbols_after_the_question() -> None:
    found = memory.copy(200, delay=6, length=4, seed=1)
    assert found.inputs.shape == (200, 14, 10) and found.targets.shape == (200, 4)
    shown = found.inputs.argmax(axis=-1)
    np.testing.assert_array_equal(shown[:, :4], found.targets)
    np.testing.assert_array_equal(shown[0, 4:], [8, 8, 8, 8, 8, 9, 8, 8, 8, 8])
    assert set(np.unique(found.targets)) == set(range(8))


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: memory.recall(20, delay=1, seed=seed),
        lambda seed: memory.adding(20, length=2, seed=seed),
        lambda seed: memory.copy(20, delay=1, length=1, seed=seed),
    ],
)
def test_the_seed_decides_and_the_shortest_ones_work(make) -> None:  # type: ignore[no-untyped-def]
    first, again, other = make(5), make(5), make(6)
    assert np.array_equal(first.inputs, again.inputs)
    assert np.array_equal(first.targets, again.targets)
    assert not np.array_equal(first.inputs, other.inputs)
    assert len(first) == 20 and first.inputs.shape[2] == len(first.channels)


def test_words_say_what_each_step_shows() -> None:
    assert memory.words("recall", np.eye(9)[[2, 5, 8]]) == ("C", "x", "?")
    assert memory.words("copy", np.eye(10)[[0, 8, 9]]) == ("a", "·", "?")
    assert memory.words("adding", np.array([[0.25, 0], [0.5, 1]])) == ("0.25", "+0.50")
