"""Read a whole test set and write down what an atlas holds (`rnnviz.analysis.atlas`).

Shapes: `n` images, `F` of them fitted, `T` rows, `H` hidden units, `C` classes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rnnviz.analysis.atlas import COMPONENTS, Atlas, LayerAtlas
from rnnviz.analysis.saturation import BINS, Shares, distribution, drawn, layer_shares, scale_of
from rnnviz.tracking import Track, silently

if TYPE_CHECKING:
    from rnnviz.models.classifier import ClassifierTrace, SequenceClassifier

FITTED, SHOWN, FOLLOWED = 2000, 1500, 300
"""Digits whose states are fitted; of those, whose last state is kept; whose every state is kept."""

FEWEST = 10
IMAGES_AT_ONCE = 250


def build(
    model: SequenceClassifier,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    name: str,
    sha256: str,
    source: str,
    seed: int = 0,
    track: Track = silently,
) -> Atlas:
    """Read `images (n, T, I)` uint8 with labels `(n,)` and describe what the states do.

    Which images are fitted is drawn with `seed`, since test files may be sorted; the clouds show
    the first of those. Needs torch and scikit-learn. Raises ValueError for fewer than ten images or
    for labels that do not fit.
    """
    images, labels = np.asarray(images), np.asarray(labels)
    if len(images) < FEWEST or len(images) != len(labels):
        raise ValueError(
            f"expected {FEWEST} images or more and as many labels, got {len(images)} images and "
            f"{len(labels)} labels"
        )
    if labels.min() < 0 or labels.max() >= len(model.labels):
        raise ValueError(f"expected labels from 0 to {len(model.labels) - 1}")
    chosen = np.random.default_rng(seed).permutation(len(images))[:FITTED]
    survey = Survey(model, len(images), images.shape[1], chosen)
    batches = range(0, len(images), IMAGES_AT_ONCE)
    for first in track(batches, len(batches)):
        part = slice(first, first + IMAGES_AT_ONCE)
        survey.read(images[part], labels[part], first)
    return Atlas(
        name=name,
        sha256=sha256,
        source=source,
        n=len(images),
        n_fitted=len(chosen),
        seed=seed,
        classes=model.labels,
        labels=labels[chosen[:SHOWN]].astype(np.uint8),
        layers={index: survey.layer(index) for index in survey.states},
        early_accuracy=(survey.right / len(images)).astype(np.float32),
        early_confidence=(survey.confidence / len(images)).astype(np.float32),
    )


class Survey:
    """What is gathered while batches are read: states of some images, sums over all of them."""

    def __init__(
        self, model: SequenceClassifier, count: int, steps: int, chosen: np.ndarray
    ) -> None:
        layers, units = model.recurrent.num_layers, model.recurrent.hidden_size
        self.model = model
        self.place = np.full(count, -1)
        self.place[chosen] = np.arange(len(chosen))
        self.states = {
            index: np.empty((len(chosen), steps, units), np.float32)
            for index in sorted({0, layers - 1})
        }
        # A readout of both directions does not lie in the state space of one of them.
        self.answered = (
            None if model.recurrent.bidirectional else np.empty((len(chosen), units), np.float32)
        )
        self.right, self.confidence = np.zeros(steps), np.zeros(steps)
        self.distributions: dict[int, dict[str, np.ndarray]] = {i: {} for i in self.states}
        self.ends: dict[int, dict[str, np.ndarray]] = {i: {} for i in self.states}

    def read(self, images: np.ndarray, labels: np.ndarray, first: int) -> None:
        """Take in one batch, whose first image is number `first` of all."""
        import torch

        trace = self.model.trace(torch.from_numpy(images.astype(np.float32) / 255))
        probabilities = trace.prefix_probabilities.numpy()
        self.right += (probabilities.argmax(axis=2) == labels[:, None]).sum(axis=0)
        self.confidence += probabilities.max(axis=2).sum(axis=0, dtype=np.float64)
        places = self.place[first : first + len(images)]
        kept = places >= 0
        for index, states in self.states.items():
            step = trace.recurrent.layers[index].forward
            states[places[kept]] = step.hidden.numpy()[kept]
            self._count(index, step)
        if self.answered is not None:
            self.answered[places[kept]] = _answer_vectors(self.model, trace)[kept]

    def _count(self, index: int, step: object) -> None:
        counts, ends = self.distributions[index], self.ends[index]
        for name, values in drawn(step).items():
            bins = distribution(values, scale_of(name)) * values.size
            counts[name] = counts.get(name, np.zeros(BINS)) + bins
        for name, shares in layer_shares(step).items():
            counted = np.rint(np.array([shares.low, shares.high, 1.0]) * shares.n)
            ends[name] = ends.get(name, np.zeros(3)) + counted

    def layer(self, index: int) -> LayerAtlas:
        """Fit the components on all rows of the chosen images, every state counting the same."""
        from sklearn.decomposition import PCA

        states = self.states[index]
        flat = states.reshape(-1, states.shape[2])
        fitted = PCA(min(COMPONENTS, flat.shape[1]), svd_solver="covariance_eigh").fit(flat)
        layer = LayerAtlas(
            mean=fitted.mean_.astype(np.float32),
            components=fitted.components_.astype(np.float32),
            explained=fitted.explained_variance_ratio_.astype(np.float32),
            final=np.empty(0),
            answered=None,
            rows=np.empty(0),
            distributions={
                name: counts / counts.sum() for name, counts in self.distributions[index].items()
            },
            shares={
                name: Shares(float(low / n), float(high / n), int(n))
                for name, (low, high, n) in self.ends[index].items()
            },
        )
        answered = self.answered if index == max(self.states) else None
        if answered is not None and np.array_equal(answered, states[:, -1]):
            answered = None
        return replace(
            layer,
            final=layer.project(states[:SHOWN, -1]),
            answered=None if answered is None else layer.project(answered[:SHOWN]),
            rows=layer.project(states[:FOLLOWED]),
        )


def _answer_vectors(model: SequenceClassifier, trace: ClassifierTrace) -> np.ndarray:
    """What the head reads, `(B, H)`: the last state, or what the readout makes of all states."""
    import torch

    with torch.no_grad():
        return model.readout(trace.recurrent.output, trace.recurrent.lengths).numpy()
