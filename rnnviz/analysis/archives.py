"""Arrays of ours in a file: how one is read that may be damaged, huge or somebody else's."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rnnviz.safe import npz

DAMAGED = (ValueError, TypeError, KeyError, OSError)
"""What reading and checking such a file may raise."""


def read(path: Path, most_bytes: int) -> dict[str, np.ndarray]:
    """All arrays of the archive, after its own word that they are of a sensible size."""
    if sum(npz.sizes(path).values()) > most_bytes:
        raise ValueError(f"expected at most {most_bytes:,} bytes")
    return npz.read(path)


def checked(array: np.ndarray, shape: tuple[int | None, ...], kind: str) -> np.ndarray:
    """The array, of that number of axes, those lengths (None: any but 0) and finite numbers."""
    fits = array.ndim == len(shape) and all(
        have > 0 and want in (None, have) for have, want in zip(array.shape, shape, strict=True)
    )
    if not fits or array.dtype.kind != kind or not np.isfinite(array).all():
        raise ValueError(f"expected finite numbers {shape}, got {array.shape} of {array.dtype}")
    return array
