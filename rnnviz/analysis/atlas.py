"""The atlas of a classifier: where the digits of a test set lie in its state space, and how early
it knows them.

`python -m rnnviz atlas NAME...` builds it once (`rnnviz.analysis.survey`) and writes
`pretrained/<name>/atlas.npz`; a page then loads it with numpy alone and lays one digit's path over
it. The principal components are FITTED on hidden states of test images. They describe a finished
model and choose nothing about it: no weight, setting or number on a card depends on them.

Shapes: `N` digits, `T` rows, `H` hidden units, `K = 3` components, `C` classes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rnnviz.analysis import archives
from rnnviz.analysis.saturation import BINS, Shares
from rnnviz.models import storage
from rnnviz.notation.signals import SIGNALS
from rnnviz.safe.files import replacing

FILE = "atlas.npz"
VERSION = 1
COMPONENTS = 3
MOST_BYTES = 20_000_000
IMAGES_AT_ONCE = 250


class AtlasError(ValueError):
    """There is no atlas to show; one sentence says what was expected, what came, what to do."""


@dataclass(frozen=True, eq=False)
class LayerAtlas:
    """One layer: principal axes of its hidden states, and where many digits lie on them.

    `mean (H,)` and `components (K, H)` project; `explained (K,)` is the share of variance on each
    axis. `final (N, K)` are the states after the last row. `answered (N, K)` are the vectors that
    the answer is made of, such as the mean of all states weighted by attention; None below the top
    layer, and where the answer is made of the last state. `rows (M, T, K)` follows the first `M`
    digits through all rows. `distributions` and `shares` hold every gate, or the hidden state of an
    RNN, over all rows, units and images (`rnnviz.analysis.saturation`).
    """

    mean: np.ndarray
    components: np.ndarray
    explained: np.ndarray
    final: np.ndarray
    answered: np.ndarray | None
    rows: np.ndarray
    distributions: dict[str, np.ndarray]
    shares: dict[str, Shares]

    def project(self, hidden: np.ndarray) -> np.ndarray:
        """States `(..., H)` of this layer to points `(..., K)`: `(h - mean) components^T`."""
        hidden = np.asarray(hidden)
        if hidden.shape[-1:] != self.mean.shape:
            raise ValueError(f"expected states of {len(self.mean)} units, got {hidden.shape}")
        return ((hidden - self.mean) @ self.components.T).astype(np.float32)

    @property
    def limit(self) -> float:
        """Half the width of a square around zero that holds every stored point."""
        parts = (self.final, self.rows) + (() if self.answered is None else (self.answered,))
        return max(float(np.abs(part).max()) for part in parts)


@dataclass(frozen=True, eq=False)
class Atlas:
    """What one classifier does with `n` images of `source`.

    `layers` holds the first and the last layer by index. `labels (N,)` belong to the digits of the
    clouds, whose states are the first of `n_fitted` that the components were fitted on.
    `early_accuracy (T,)` is the share of all `n` images that are right when the model answers after
    each row, `early_confidence (T,)` the mean probability of the answer it gives then.
    """

    name: str
    sha256: str
    source: str
    n: int
    n_fitted: int
    seed: int
    classes: tuple[str, ...]
    labels: np.ndarray
    layers: dict[int, LayerAtlas]
    early_accuracy: np.ndarray
    early_confidence: np.ndarray

    def layer(self, index: int) -> LayerAtlas:
        """The atlas of one layer; raises AtlasError where that layer was not stored."""
        if index not in self.layers:
            stored = ", ".join(str(number + 1) for number in sorted(self.layers))
            raise AtlasError(f"expected one of the stored layers {stored}, got layer {index + 1}")
        return self.layers[index]

    def cloud(self, layer: int, step: int | None = None) -> tuple[np.ndarray, np.ndarray, str]:
        """Points `(M, K)`, their labels `(M,)`, and words for them.

        Without `step` these are what the answers are made of: on the top layer the readout's
        vectors, else the states after the last row. With one, they are the states of fewer digits
        after that row, counted from 0.
        """
        found = self.layer(layer)
        if step is not None:
            points = found.rows[:, step]
            words = f"the states of {len(points):,} digits after row {step + 1}"
        elif found.answered is not None:
            points = found.answered
            words = f"what the answers to {len(points):,} digits are made of"
        else:
            points = found.final
            words = f"the states of {len(points):,} digits after the last row"
        return points, self.labels[: len(points)], words


def path_of(name_or_folder: str | os.PathLike[str]) -> Path:
    """Where the atlas of a model lies or would lie; raises CheckpointError for an unknown model."""
    return storage.folder_of(name_or_folder) / FILE


def load(name_or_folder: str | os.PathLike[str]) -> Atlas:
    """The stored atlas of a model; numpy only.

    Raises AtlasError when there is none, when it cannot be read, or when it was made with other
    weights than those beside it; CheckpointError when there is no such model.
    """
    path = path_of(name_or_folder)
    name = path.parent.name
    remedy = f"run `python -m rnnviz atlas {name}`"
    if not path.is_file():
        raise AtlasError(f"expected an atlas at {path}, got none: {remedy}")
    try:
        stored = archives.read(path, MOST_BYTES)
        atlas = _unpacked(stored)
    except archives.DAMAGED as e:
        raise AtlasError(
            f"expected an atlas of version {VERSION} in {path}, got another or a damaged file: "
            f"{remedy}"
        ) from e
    if atlas.sha256 != storage.weights_sum(path.parent):
        raise AtlasError(
            f"expected an atlas of the weights in {path.parent}, got one of other weights: {remedy}"
        )
    return atlas


def save(atlas: Atlas, path: str | os.PathLike[str]) -> Path:
    """Write the atlas beside `path` and rename it: points as float16, nothing that needs pickle."""
    arrays: dict[str, np.ndarray] = {
        "about": np.array(json.dumps(_about(atlas))),
        "labels": atlas.labels.astype(np.uint8),
        "early_accuracy": atlas.early_accuracy.astype(np.float32),
        "early_confidence": atlas.early_confidence.astype(np.float32),
    }
    for index, layer in atlas.layers.items():
        for part in ("mean", "components", "explained"):
            arrays[f"layer{index}.{part}"] = getattr(layer, part).astype(np.float32)
        for part in ("final", "answered", "rows"):
            if (points := getattr(layer, part)) is not None:
                arrays[f"layer{index}.{part}"] = points.astype(np.float16)
        for name, values in layer.distributions.items():
            arrays[f"layer{index}.distribution.{name}"] = values.astype(np.float32)
    with replacing(path) as beside, beside.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    return Path(path)


def _about(atlas: Atlas) -> dict[str, Any]:
    """Everything that is not an array, in words and numbers."""
    return {
        "version": VERSION,
        "note": (
            f"The components were fitted on the hidden states of {atlas.n_fitted:,} images of "
            f"{atlas.source}, drawn with seed {atlas.seed}. They describe a finished model; "
            "nothing about it was chosen by them."
        ),
        "name": atlas.name,
        "sha256": atlas.sha256,
        "source": atlas.source,
        "n": atlas.n,
        "n_fitted": atlas.n_fitted,
        "seed": atlas.seed,
        "classes": list(atlas.classes),
        "shares": {
            str(index): {
                name: [shares.low, shares.high, shares.n] for name, shares in layer.shares.items()
            }
            for index, layer in atlas.layers.items()
        },
    }


def _unpacked(stored: Mapping[str, np.ndarray]) -> Atlas:
    """The atlas of checked arrays; raises ValueError, TypeError or KeyError for anything else."""
    about = json.loads(str(stored["about"]))
    if about["version"] != VERSION:
        raise ValueError(f"expected version {VERSION}, got {about['version']!r}")
    classes = tuple(map(str, about["classes"]))
    labels = archives.checked(stored["labels"], (None,), "u")
    if labels.max() >= len(classes):
        raise ValueError("expected labels of the classes that are named")
    accuracy = archives.checked(stored["early_accuracy"], (None,), "f")
    return Atlas(
        name=str(about["name"]),
        sha256=str(about["sha256"]),
        source=str(about["source"]),
        n=int(about["n"]),
        n_fitted=int(about["n_fitted"]),
        seed=int(about["seed"]),
        classes=classes,
        labels=labels,
        layers={
            int(index): _unpacked_layer(stored, int(index), shares, len(labels), len(accuracy))
            for index, shares in about["shares"].items()
        },
        early_accuracy=accuracy,
        early_confidence=archives.checked(stored["early_confidence"], accuracy.shape, "f"),
    )


def _unpacked_layer(
    stored: Mapping[str, np.ndarray], index: int, shares: Mapping[str, Any], digits: int, steps: int
) -> LayerAtlas:
    here = f"layer{index}."
    components = archives.checked(stored[f"{here}components"], (None, None), "f")
    kept, units = components.shape
    points = {
        part: archives.checked(stored[here + part], shape, "f").astype(np.float32)
        for part, shape in (
            ("final", (digits, kept)),
            ("answered", (digits, kept)),
            ("rows", (None, steps, kept)),
        )
        if part != "answered" or here + part in stored
    }
    if len(points["rows"]) > digits:
        raise ValueError(f"expected at most {digits} followed digits, got {len(points['rows'])}")
    return LayerAtlas(
        mean=archives.checked(stored[f"{here}mean"], (units,), "f"),
        components=components,
        explained=archives.checked(stored[f"{here}explained"], (kept,), "f"),
        final=points["final"],
        answered=points.get("answered"),
        rows=points["rows"],
        distributions={
            name: archives.checked(stored[f"{here}distribution.{SIGNALS[name].name}"], (BINS,), "f")
            for name in shares
        },
        shares={
            name: Shares(float(low), float(high), int(n)) for name, (low, high, n) in shares.items()
        },
    )
