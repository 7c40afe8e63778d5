"""A digit, read: image and model in, the theatre's Reading out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rnnviz.theatre.reading import Reading, reading_from_trace

if TYPE_CHECKING:
    from rnnviz.classifier import SequenceClassifier


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
