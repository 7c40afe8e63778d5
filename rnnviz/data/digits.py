"""scikit-learn's bundled handwritten digits, 8 x 8, redrawn as 28 x 28 in MNIST's manner.

They come with the package, so they need no network; no model here is trained on them. Each of the
64 values counts the inked pixels in a 4 x 4 block of a 32 x 32 scan, from 0 to 16.

To redraw them takes seconds, so `digits.npz` holds what `redrawn` returns; a test compares them.

Alpaydin, Kaynak 1998, "Optical recognition of handwritten digits", UCI repository, CC BY 4.0.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from rnnviz.data import images

STORED = Path(__file__).with_name("digits.npz")

ENLARGEMENT = 20

# An enlarged block fades where MNIST has an edge, so coverage below the first share becomes ground
# and above the second full ink. Steeper (0.3 and 0.7) has as much white as MNIST, but it closes the
# small loops of 8 and 9: what 64 numbers do not say, no contrast brings back.
GROUND_BELOW, INK_ABOVE = 0.1, 0.9


def load() -> tuple[np.ndarray, np.ndarray]:
    """Images (1797, 28, 28) uint8, ink 255 on 0, and labels (1797,) int64."""
    with np.load(STORED, allow_pickle=False) as stored:
        return stored["images"], stored["labels"].astype(np.int64)


def redrawn(every: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """The same drawn anew from the 8 x 8 counts, or only one of so many; a few seconds for all."""
    from sklearn.datasets import load_digits

    bundled = load_digits()
    drawn = np.stack([_redrawn(blocks) for blocks in bundled.images[::every]])
    return drawn, bundled.target[::every].astype(np.int64)


def _redrawn(blocks: np.ndarray) -> np.ndarray:
    """One digit (28, 28) uint8 from its 8 x 8 counts of ink, 0..16."""
    # A rim of ground lets strokes end smoothly that run into the edge of the 8 x 8.
    coverage = np.pad(blocks / 16, 1).astype(np.float32)
    side = ENLARGEMENT * len(coverage)
    smooth = np.asarray(Image.fromarray(coverage).resize((side, side), Image.Resampling.LANCZOS))
    ink = (smooth - GROUND_BELOW) / (INK_ABOVE - GROUND_BELOW)
    return images.normalise(ink.clip(0, 1))
