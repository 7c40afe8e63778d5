"""Twenty digits that come with the package: something to read without a network or a second's wait.

`python -m rnnviz.data.samples` makes `samples.npz` from scikit-learn's bundled digits. Loading it
needs numpy alone, so a page can show one before torch and scikit-learn have been imported.
"""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from rnnviz.data import DataError
from rnnviz.safe.files import written_by

FILE = Path(__file__).with_name("samples.npz")

# Two a class, looked at and chosen by hand among those near the mean of their class: well shaped,
# unlike each other, with open loops.
CHOSEN = (
    (877, 434),
    (1634, 349),
    (258, 372),
    (799, 1460),
    (1011, 100),
    (411, 419),
    (858, 65),
    (222, 1458),
    (945, 913),
    (1686, 220),
)


def load() -> tuple[np.ndarray, np.ndarray]:
    """Images (20, 28, 28) uint8, ink 255 on 0, and labels (20,) int64: 0, 0, 1, 1, ... 9, 9.

    Raises `DataError` when the package's own file is missing or damaged.
    """
    try:
        with np.load(FILE, allow_pickle=False) as stored:
            return stored["images"], stored["labels"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(
            f"expected the bundled samples in {FILE}, got {type(error).__name__}: install rnnviz "
            f"again, or run python -m rnnviz.data.samples"
        ) from error


def make(path: Path = FILE) -> None:
    """Write the samples, chosen from scikit-learn's digits, to `path`."""
    from rnnviz.data import digits

    images, labels = digits.load()
    indices = np.array(CHOSEN).ravel()
    np.savez_compressed(path, images=images[indices], labels=labels[indices])


if __name__ == "__main__":
    written_by("Write the bundled digits.", FILE, make)
