"""Fit a sentiment line (`rnnviz.analysis.sentiment`) on the states of many texts.

Shapes: `n` texts, `M` steps drawn from them, `H` units, `K` components.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnviz.analysis.sentiment import ANSWERS, COMPONENTS, TRUTH, LineError, SentimentLine
from rnnviz.analysis.states import batches, change, read
from rnnviz.tracking import Track, silently

if TYPE_CHECKING:
    from rnnviz.models.classifier import SequenceClassifier
    from rnnviz.models.tokens import Encoded, TextTokenizer

FEWEST = 20
PER_TEXT = 6
"""Steps of each text whose answer is worked out: every one of them reads the text anew."""

RESAMPLED = 1000
PERCENTILES = (50, 95, 99, 99.9)


def fit(
    model: SequenceClassifier,
    encoded: Sequence[Encoded],
    labels: np.ndarray | None = None,
    *,
    name: str,
    sha256: str,
    source: str,
    seed: int = 0,
    track: Track = silently,
) -> tuple[SentimentLine, ...]:
    """The line of each direction of a network of two classes over texts with `labels (n,)` in 0..1.

    All states of the top layer are fitted, every token counting the same. Without labels the
    network's own answers stand for them. Needs torch and scikit-learn. Raises ValueError for fewer
    than twenty texts, labels of one kind, a network of other than two classes, or one whose states
    are all the same.
    """
    if len(model.labels) != 2:
        raise ValueError(f"expected a network of two classes, got {len(model.labels)}")
    if len(encoded) < FEWEST:
        raise ValueError(f"expected {FEWEST} texts or more, got {len(encoded)}")
    found, ids = read(model, encoded, track=track), [one.ids for one in encoded]
    labelled = ANSWERS if labels is None else TRUTH
    if labels is None:
        every, ends = np.arange(len(ids)), np.array([len(one) - 1 for one in ids])
        labels = log_odds_after(model, ids, every, ends) > 0
    labels = np.asarray(labels).astype(np.uint8)
    if len(labels) != len(encoded) or set(labels.tolist()) != {0, 1}:
        raise ValueError(f"expected labels 0 and 1 for {len(encoded)} texts, got others")
    texts, steps = drawn_steps([len(one) for one in ids], seed)
    lines = []
    for way, direction in enumerate(found.directions):
        odds = log_odds_after(model, ids, texts, steps, direction, track)
        states = in_reading_order(found.values[:, way], found.bounds, direction)
        one = _of_direction(states, found.bounds, texts, steps, odds, labels, seed)
        lines.append(
            SentimentLine(
                **one,
                name=name,
                sha256=sha256,
                source=source,
                direction=direction,
                texts=len(ids),
                states=len(found.values),
                seed=seed,
                classes=model.labels,
                labelled=labelled,
            )
        )
    return tuple(lines)


def _of_direction(
    flat: np.ndarray,
    bounds: np.ndarray,
    texts: np.ndarray,
    steps: np.ndarray,
    odds: np.ndarray,
    labels: np.ndarray,
    seed: int,
) -> dict[str, Any]:
    """What is measured of the states `flat (N, H)` of one direction, in the order it reads.

    `steps (M,)` count from the beginning of what that direction reads.
    """
    from sklearn.decomposition import PCA

    if not flat.var(axis=0).sum() > 1e-12:
        raise ValueError("expected states that differ, got the same one everywhere")
    fitted = PCA(min(COMPONENTS, flat.shape[1]), svd_solver="covariance_eigh").fit(flat)
    coordinates = (flat - fitted.mean_) @ fitted.components_.T
    sampled = coordinates[bounds[texts] + steps]
    raw = np.array([pearson(column, odds) for column in sampled.T])
    signs = np.where(raw < 0, -1.0, 1.0)
    along = coordinates[:, 0] * signs[0]
    start = float(-fitted.mean_ @ fitted.components_[0] * signs[0])
    courses = [along[first:last] for first, last in itertools.pairwise(bounds)]
    pushes = np.concatenate([change(one - start) for one in courses])
    crossings = np.concatenate([one[1:] * one[:-1] < 0 for one in courses])
    half, much, most, rare = np.percentile(np.abs(pushes), PERCENTILES).tolist()
    return {
        "mean": fitted.mean_.astype(np.float32),
        "components": (fitted.components_ * signs[:, None]).astype(np.float32),
        "explained": fitted.explained_variance_ratio_.astype(np.float32),
        "points": (sampled * signs).astype(np.float32),
        "labels": labels[texts],
        "log_odds": odds,
        "correlations": (raw * signs).astype(np.float32),
        "interval": interval(sampled[:, 0] * signs[0], odds, texts, seed),
        "pairs": pairs_in_order(along[bounds[1:] - 1], labels),
        "crossings": float(crossings.mean()) if len(crossings) else 0.0,
        "push_sizes": (half, much, most, rare),
    }


def bundled(
    model: SequenceClassifier,
    tokenizer: TextTokenizer,
    *,
    name: str,
    direction: str = "forward",
    sha256: str = "",
) -> SentimentLine:
    """The line of a network that has none stored, over the corpus of our own sentences.

    That takes about a second. Of a network of sentiment the sentences with a label are read; for
    other classes all of them, with the network's answers for labels. Raises LineError where there
    is nothing to fit.
    """
    from rnnviz.data import corpus
    from rnnviz.data.texts import SENTIMENT

    found, source = corpus.load(), "rnnviz's own sentences"
    labels = None
    if tuple(model.labels) == SENTIMENT:
        found = tuple(one for one in found if one.label in SENTIMENT)
        labels = np.array([SENTIMENT.index(one.label) for one in found])
    encoded = [tokenizer.encode(one.text) for one in found]
    try:
        every = fit(model, encoded, labels, name=name, sha256=sha256, source=source)
    except ValueError as failure:
        raise LineError(f"{name} has no sentiment line: {failure}") from failure
    by_direction = {one.direction: one for one in every}
    if direction not in by_direction:
        raise LineError(f"expected a direction of {', '.join(by_direction)}, got {direction!r}")
    return by_direction[direction]


def in_reading_order(values: np.ndarray, bounds: np.ndarray, direction: str) -> np.ndarray:
    """The states `(N, H)` with every text turned around where the direction reads from the end."""
    if direction != "backward":
        return values
    return np.concatenate([values[first:last][::-1] for first, last in itertools.pairwise(bounds)])


def drawn_steps(lengths: Sequence[int], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Up to `PER_TEXT` different steps of every text: the texts `(M,)` and the steps `(M,)`."""
    draw = np.random.default_rng(seed)
    steps = [draw.permutation(length)[:PER_TEXT] for length in lengths]
    texts = np.repeat(np.arange(len(steps)), [len(some) for some in steps])
    return texts, np.concatenate(steps)


def log_odds_after(
    model: SequenceClassifier,
    ids: Sequence[np.ndarray],
    texts: np.ndarray,
    steps: np.ndarray,
    direction: str = "forward",
    track: Track = silently,
) -> np.ndarray:
    """`log(p_1 / p_0)` after each of those steps `(M,)`, counted from 0, had the text ended there.

    Both directions read what there is up to that step and nothing of the rest. For the backward
    direction steps count from the end, and what there is is the rest of the text from there on.
    """
    import torch

    found = np.empty(len(texts), np.float32)
    places = zip(texts.tolist(), steps.tolist(), strict=True)
    if direction == "backward":
        cut = [ids[text][len(ids[text]) - step - 1 :] for text, step in places]
    else:
        cut = [ids[text][: step + 1] for text, step in places]
    for rows, inputs, lengths in track(batches(cut), None):
        with torch.no_grad():
            logits = model(inputs, lengths)
        found[rows] = (logits[:, 1] - logits[:, 0]).float().numpy()
    return found


def pearson(x: np.ndarray, y: np.ndarray) -> float:
    """The correlation of two rows of numbers; 0 where one does not vary."""
    x, y = x - x.mean(), y - y.mean()
    size = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / size if size else 0.0


def interval(x: np.ndarray, y: np.ndarray, texts: np.ndarray, seed: int) -> tuple[float, float]:
    """The correlation's 2.5th and 97.5th percentile when whole texts are drawn again.

    Steps of one text belong together, so drawing single ones would promise too much.
    """
    names, places = np.unique(texts, return_inverse=True)
    parts = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y]).astype(np.float64)
    sums = np.stack([np.bincount(places, weights=part, minlength=len(names)) for part in parts])
    draw = np.random.default_rng(seed).integers(0, len(names), (RESAMPLED, len(names)))
    n, sx, sy, sxx, syy, sxy = (sums[row][draw].sum(axis=1) for row in range(6))
    varied = np.sqrt(np.maximum((sxx - sx * sx / n) * (syy - sy * sy / n), 0))
    found = np.divide(sxy - sx * sy / n, varied, out=np.zeros_like(varied), where=varied > 0)
    low, high = np.percentile(found, (2.5, 97.5)).tolist()
    return low, high


def pairs_in_order(ends: np.ndarray, labels: np.ndarray) -> float:
    """The share of pairs of a positive and a negative text of which the positive one is ahead.

    Equal ones count half: the area under the ROC curve (Mann and Whitney 1947).
    """
    from scipy.stats import rankdata

    positive = labels == 1
    count, others = int(positive.sum()), int((~positive).sum())
    ahead = rankdata(ends)[positive].sum() - count * (count + 1) / 2
    return float(ahead / (count * others))
