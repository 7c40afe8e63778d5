"""Where embeddings may start: vectors of words that stand near the same words.

With `n(w, c)` how often token `c` stands within `window` steps of `w`, nearer ones counting more,

    M(w, c) = max(0, log( n(w, c) / (n(w) q(c)) )),   q(c) = n(c)^0.75 / sum over k of n(k)^0.75
    M ~ U S V^T,   vectors = U sqrt(S)

which is what word2vec's objective comes to (Levy and Goldberg 2014), with its smoothed context
counts (Levy, Goldberg and Dagan 2015). It takes the training texts and no label.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnviz.models.tokens import UNKNOWN

SMOOTHING = 0.75


def word_vectors(
    inputs: Tensor, vocabulary_size: int, size: int, *, window: int = 5, deviation: float = 0.1
) -> Tensor:
    """Vectors `(V, size)` of the tokens in `inputs (N, T)`, whose padding is 0.

    They are scaled to numbers of the size `deviation` (root of the mean square). Tokens that stand
    near nothing, and columns beyond the rank of the counts, are drawn at random with it.
    """
    from scipy.sparse.linalg import svds

    information = mutual_information(cooccurrences(inputs.numpy(), vocabulary_size, window))
    rank = min(size, vocabulary_size - 1)
    start = np.random.default_rng(0).normal(size=vocabulary_size)
    left, strengths, _ = svds(information, k=rank, v0=start)
    # A decomposition leaves each sign open, and BLAS decides by where the memory lies. Fixed here,
    # by numbers that no column is perpendicular to.
    left = left * np.sign(start @ left) * np.sqrt(strengths)
    found = torch.from_numpy(left[:, ::-1].copy()).float()
    vectors = torch.randn(vocabulary_size, size) * deviation
    seen = torch.from_numpy(information.getnnz(axis=1) > 0)
    used = found[:, strengths[::-1] > 1e-9 * strengths.max()]
    scale = deviation / float(used[seen].square().mean().sqrt().clamp(min=1e-12))
    vectors[seen, : used.shape[1]] = used[seen] * scale
    return vectors


def cooccurrences(inputs: np.ndarray, vocabulary_size: int, window: int) -> Any:
    """How often tokens stand near each other, `(V, V)` sparse, counted `1 / distance`."""
    from scipy.sparse import coo_matrix, csr_matrix

    counts = csr_matrix((vocabulary_size, vocabulary_size))
    for distance in range(1, window + 1):
        words, contexts = inputs[:, :-distance].ravel(), inputs[:, distance:].ravel()
        known = np.minimum(words, contexts) > UNKNOWN  # and so above PAD
        pairs = (words[known], contexts[known])
        weights = np.full(len(pairs[0]), 1 / distance)
        found = coo_matrix((weights, pairs), shape=counts.shape).tocsr()
        counts = counts + found + found.T
    return counts


def mutual_information(counts: Any) -> Any:
    """Positive pointwise mutual information of symmetric counts `(V, V)`, sparse."""
    found = counts.tocoo()
    words = np.asarray(counts.sum(axis=1)).ravel()
    smoothed = words**SMOOTHING
    expected = words[found.row] * smoothed[found.col] / smoothed.sum()
    information = np.log(found.data / expected)
    kept = information > 0
    places = (found.row[kept], found.col[kept])
    return type(found)((information[kept], places), shape=counts.shape).tocsr()
