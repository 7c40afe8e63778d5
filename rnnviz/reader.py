"""A digit or a text, read: model and image or text in, the theatre's Reading out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rnnviz.theatre.reading import Reading, reading_from_trace

if TYPE_CHECKING:
    from rnnviz.classifier import SequenceClassifier
    from rnnviz.tokens import Encoded

MOST_PREFIXES = 200
"""Of a longer text, the answer so far is worked out after so many tokens only, evenly spaced."""


def read_digit(
    model: SequenceClassifier, image: np.ndarray, *, name: str, truth: str | None = None
) -> Reading:
    """Everything that ``model`` computed while it read ``image`` ``(28, 28)`` uint8 row by row."""
    if image.shape != (28, 28) or image.dtype != np.uint8:
        raise ValueError(f"expected a (28, 28) uint8 image, got {image.shape} {image.dtype}")
    if model.recurrent.input_size != 28 or model.embedding is not None:
        raise ValueError(f"{name}: expected a model that reads 28 pixels a step, got another kind")
    import torch

    rows = torch.from_numpy(image.astype(np.float32) / 255)[None]
    return reading_from_trace(
        model.trace(rows),
        name=name,
        readout=str(model.config["readout"]),
        classes=model.labels,
        image=image,
        truth=truth,
    )


def read_text(
    model: SequenceClassifier, encoded: Encoded, *, name: str, truth: str | None = None
) -> Reading:
    """Everything that ``model`` computed while it read a text token by token, in both directions.

    Where the text has more tokens than `MOST_PREFIXES`, the answer of a token is that after the
    last one before it for which an answer was worked out.
    """
    if model.embedding is None:
        raise ValueError(f"{name}: expected a model that reads tokens, got one that reads images")
    import torch

    ends = prefix_ends(len(encoded))
    trace = model.trace(torch.from_numpy(encoded.ids)[None], prefix_ends=ends)
    answered = np.repeat(np.array(ends) - 1, np.diff([*ends, len(encoded) + 1]))
    probabilities = trace.prefix_probabilities[:, torch.from_numpy(answered)]
    return reading_from_trace(
        replace(trace, prefix_probabilities=probabilities),
        name=name,
        readout=str(model.config["readout"]),
        classes=model.labels,
        tokens=encoded.pieces,
        truth=truth,
        step_word="token",
    )


def prefix_ends(count: int) -> tuple[int, ...]:
    """After how many tokens of ``count`` the answer so far is worked out: first, last, between."""
    return tuple(np.unique(np.linspace(1, count, min(count, MOST_PREFIXES)).astype(int)).tolist())
