"""Two groups of words compared: Cohen's d, its interval over texts, what chance makes of it.

Shapes: `W` words, `F` features (units of all directions), `K` different words.
"""

from __future__ import annotations

import numpy as np

DRAWN = 300
ALIKE = 20
LEVEL = 95


def cohens_d(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The difference of two means over rows in pooled standard deviations; 0 without any spread."""
    return _d(*_moments(first), *_moments(second))


def _moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How many rows, their sums, and the sums of their squares."""
    sums, squares = (part.sum(axis=0, dtype=np.float64) for part in (values, values**2))
    return np.array(len(values)), sums, squares


def _d(
    n: np.ndarray,
    sum_n: np.ndarray,
    square_n: np.ndarray,
    m: np.ndarray,
    sum_m: np.ndarray,
    square_m: np.ndarray,
) -> np.ndarray:
    """Cohen's d from counts, sums and sums of squares of two groups."""
    within = square_n - sum_n**2 / n + square_m - sum_m**2 / m
    spread = np.sqrt(np.maximum(within, 0) / (n + m - 2))
    apart = sum_n / n - sum_m / m
    return np.divide(apart, spread, out=np.zeros_like(apart), where=spread > 1e-9)


def interval_of_d(
    changes: np.ndarray, member: np.ndarray, texts: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Percentiles `(F,)` of d of `changes (W, F)`, member against not, with texts drawn anew."""
    weights = _weights(texts, seed)

    def drawn(own: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        parts = (np.ones((int(own.sum()), 1)), changes[own], changes[own] ** 2)
        count, sums, squares = (
            weights @ _summed(part, texts[own], weights.shape[1]) for part in parts
        )
        return np.maximum(count, 2), sums, squares

    found = _d(*drawn(member), *drawn(~member))
    low, high = np.percentile(found, (50 - LEVEL / 2, 50 + LEVEL / 2), axis=0)
    return low, high


def threshold_of_d(changes: np.ndarray, member: np.ndarray, names: np.ndarray, seed: int) -> float:
    """What the largest |d| of all units stays below for 95 of 100 lists of neutral words.

    Every word of the list is replaced by another of the `ALIKE` neutral ones that come about as
    often and have not been taken yet. At least `ALIKE` neutral ones must remain.
    """
    kinds, places = np.unique(names, return_inverse=True)
    order = np.argsort(places, kind="stable")
    counts = np.bincount(places).astype(np.float64)
    starts = np.concatenate(([0], np.cumsum(counts[:-1]))).astype(int)
    sums, squares = (
        np.add.reduceat(part, starts, axis=0, dtype=np.float64)
        for part in (changes[order], changes[order] ** 2)
    )
    is_listed = np.zeros(len(kinds), dtype=bool)
    is_listed[places[member]] = True
    neutral = np.flatnonzero(~is_listed)
    drawn = drawn_words(counts, np.flatnonzero(is_listed), neutral, np.random.default_rng(seed))
    rest = 1 - drawn
    rest[:, is_listed] = 0
    groups = [
        (np.maximum(part @ counts, 2)[:, None], part @ sums, part @ squares)
        for part in (drawn, rest)
    ]
    found = _d(*groups[0], *groups[1])
    return float(np.percentile(np.abs(found).max(axis=1), LEVEL))


def drawn_words(
    counts: np.ndarray, listed: np.ndarray, neutral: np.ndarray, draw: np.random.Generator
) -> np.ndarray:
    """Which neutral words stand in for the list in each draw, `(DRAWN, kinds)`: as many, 0 or 1."""
    drawn, rows = np.zeros((DRAWN, len(counts))), np.arange(DRAWN)
    for number, one in enumerate(listed):
        # Of equally near ones another is first for every word of the list.
        near = np.lexsort((draw.random(len(neutral)), np.abs(counts[neutral] - counts[one])))
        # As many have been taken before; without these at least ALIKE are left.
        nearest = neutral[near[: ALIKE + number]]
        free = drawn[:, nearest] == 0
        wanted = draw.integers(1, ALIKE + 1, DRAWN)
        places = (free.cumsum(axis=1) >= wanted[:, None]).argmax(axis=1)
        drawn[rows, nearest[places]] = 1
    return drawn


def _weights(texts: np.ndarray, seed: int) -> np.ndarray:
    """How often each text is drawn, `(DRAWN, n)`, when as many are drawn with replacement."""
    names = np.unique(texts)
    weights = np.zeros((DRAWN, int(texts.max()) + 1))
    draw = np.random.default_rng(seed)
    weights[:, names] = draw.multinomial(len(names), np.full(len(names), 1 / len(names)), DRAWN)
    return weights


def _summed(values: np.ndarray, texts: np.ndarray, count: int) -> np.ndarray:
    """Rows `(W, F)` added up by text, `(count, F)`; rows of a text stand together."""
    found = np.zeros((count, values.shape[1]))
    starts = np.flatnonzero(np.diff(texts, prepend=-1))
    if len(starts):
        found[texts[starts]] = np.add.reduceat(values, starts, axis=0, dtype=np.float64)
    return found
