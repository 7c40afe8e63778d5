"""`trace` on an image and on a text: what is read, and what each step is called."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from rnnviz.commands import tell
from rnnviz.data import DataError, images
from rnnviz.models import evaluation, tokens
from rnnviz.models.classifier import ClassifierTrace, SequenceClassifier


@dataclass(frozen=True, eq=False)
class Read:
    """A reading, what every step is called, and what is to be said besides."""

    trace: ClassifierTrace
    steps: tuple[str, ...]
    note: str = ""


def read(
    network: SequenceClassifier, name: str | Path, image: Path | None, text: str | None
) -> Read:
    """Let the network read the image, or the text, whichever is its kind."""
    if network.embedding is None:
        if image is None or text is not None:
            raise DataError(f"expected --image for {name}, which reads images: name a picture")
        return _read_image(network, image)
    if text is None or image is not None:
        raise DataError(f"expected --text for {name}, which reads texts: write one in quotes")
    found = tokens.load(name).encode(text)
    read = network.trace(torch.from_numpy(found.ids)[None])
    marks = ("?" if unknown else "" for unknown in found.unknown)
    steps = tuple(f"{piece.strip()}{mark}" for piece, mark in zip(found.pieces, marks, strict=True))
    left_out = found.left_out
    note = (
        f"{left_out.tokens:,} tokens after token {left_out.after:,} are left out"
        if left_out
        else ""
    )
    return Read(read, steps, note)


def _read_image(network: SequenceClassifier, image: Path) -> Read:
    try:
        contents = image.read_bytes()
    except OSError as failure:
        raise DataError(
            f"expected a readable picture at {image}, got none ({failure.strerror}): check the path"
        ) from failure
    found = images.look(contents)
    tell(found.notices)
    normalised = torch.as_tensor(found.pixels)
    read = network.trace(evaluation.rows(normalised)[None])
    return Read(read, tuple(f"row {row:2}" for row in range(1, len(normalised) + 1)))
