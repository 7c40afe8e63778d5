"""Vectors of words. Oracles: counting in loops, dense NumPy, and texts made for the purpose."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import scipy.sparse.linalg
import torch

from rnnviz.training import vectors
from tests.oracle import assert_near

TEXTS = torch.tensor(
    [[2, 3, 4, 5, 0, 0], [2, 6, 4, 5, 3, 1], [7, 8, 9, 7, 8, 9], [3, 4, 0, 0, 0, 0]]
)


def counted(window: int) -> np.ndarray:
    counts = np.zeros((10, 10))
    for row in TEXTS.tolist():
        for (i, word), (j, other) in itertools.permutations(enumerate(row), 2):
            if abs(i - j) <= window and word > 1 and other > 1:
                counts[word, other] += 1 / abs(i - j)
    return counts


def information(counts: np.ndarray) -> np.ndarray:
    words, found = counts.sum(1), np.zeros_like(counts)
    chance = words**0.75 / (words**0.75).sum()
    for word, other in itertools.product(range(10), repeat=2):
        if counts[word, other]:
            found[word, other] = max(0.0, np.log(counts[word, other] / words[word] / chance[other]))
    return found


def test_counts_and_information_are_those_of_loops() -> None:
    for window in (1, 2, 5):
        counts = vectors.cooccurrences(TEXTS.numpy(), 10, window)
        np.testing.assert_allclose(counts.toarray(), counted(window))
        found = vectors.mutual_information(counts).toarray()
        np.testing.assert_allclose(found, information(counted(window)), atol=1e-12)


def test_vectors_are_those_of_a_dense_decomposition() -> None:
    """Oracle: the products of vectors, which no sign or rotation changes, from NumPy's SVD."""
    found = vectors.word_vectors(TEXTS, 10, 4, window=2).double().numpy()
    left, strengths, _ = np.linalg.svd(information(counted(2)))
    expected = left[:, :4] * np.sqrt(strengths[:4])
    seen = counted(2).sum(1) > 0
    scale = 0.1 / np.sqrt((expected[seen] ** 2).mean())
    products = scale**2 * expected[seen] @ expected[seen].T
    assert_near(found[seen] @ found[seen].T, products, 1e-5)
    assert np.abs(found[~seen]).max() > 0


def test_words_of_the_same_company_are_alike() -> None:
    generator = torch.Generator().manual_seed(0)
    rows = []
    for _ in range(300):
        first = bool(torch.rand((), generator=generator) < 0.5)
        around = [2, 3, 4] if first else [5, 6, 7]
        middle = int(torch.randint(0, 2, (), generator=generator)) + (8 if first else 10)
        order = torch.randperm(3, generator=generator).tolist()
        rows.append([around[order[0]], around[order[1]], middle, around[order[2]]])
    found = vectors.word_vectors(torch.tensor(rows), 12, 6)
    alike = torch.nn.functional.cosine_similarity(found[8], found[9], dim=0)
    unlike = torch.nn.functional.cosine_similarity(found[8], found[10], dim=0)
    assert alike > 0.9 and unlike < 0.3


def test_the_same_texts_give_the_same_vectors() -> None:
    torch.manual_seed(3)
    first = vectors.word_vectors(TEXTS, 10, 20)
    torch.manual_seed(3)
    again = vectors.word_vectors(TEXTS, 10, 20)
    assert first.shape == (10, 20)
    assert_near(first, again, 1e-5)  # to rounding: a BLAS adds in an order of its own


def test_no_sign_is_left_to_the_decomposition(monkeypatch: pytest.MonkeyPatch) -> None:
    """Oracle: `U S V^T` with any columns of U and V negated is the same product."""
    torch.manual_seed(3)
    wanted = vectors.word_vectors(TEXTS, 10, 20)
    svds = scipy.sparse.linalg.svds

    def otherwise(*given: Any, **named: Any) -> tuple[np.ndarray, ...]:
        left, strengths, right = svds(*given, **named)
        signs = np.where(np.arange(len(strengths)) % 2, 1, -1)
        return left * signs, strengths, right * signs[:, None]

    monkeypatch.setattr(scipy.sparse.linalg, "svds", otherwise)
    torch.manual_seed(3)
    assert_near(vectors.word_vectors(TEXTS, 10, 20), wanted, 1e-5)
