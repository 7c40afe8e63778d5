"""scikit-learn's digits and the samples. Oracles: the 8 x 8 counts, and a fresh Python process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from rnnviz.data import DataError, digits, samples


@pytest.fixture(scope="module")
def redrawn() -> tuple[np.ndarray, np.ndarray]:
    return digits.load()


def test_all_of_them_in_order(redrawn: tuple[np.ndarray, np.ndarray]) -> None:
    images, labels = redrawn
    assert images.shape == (1797, 28, 28) and images.dtype == np.uint8
    assert labels.dtype == np.int64 and np.array_equal(labels, load_digits().target)


def test_what_is_stored_is_what_is_drawn(redrawn: tuple[np.ndarray, np.ndarray]) -> None:
    """Oracle: every 25th drawn anew from the 8 x 8 counts."""
    images, labels = digits.redrawn(every=25)
    # Another Pillow or processor may round a pixel otherwise.
    assert np.abs(images.astype(int) - redrawn[0][::25]).max() <= 1
    assert np.array_equal(labels, redrawn[1][::25])


def test_every_one_is_placed_as_in_mnist(redrawn: tuple[np.ndarray, np.ndarray]) -> None:
    images, _ = redrawn
    mass = images.astype(float).sum((1, 2))
    places = np.arange(28)
    rows = images.sum(2) @ places / mass
    columns = images.sum(1) @ places / mass
    assert np.abs(rows - 14).max() <= 0.6 and np.abs(columns - 14).max() <= 0.6
    tall = (images > 0).any(2).sum(1)
    wide = (images > 0).any(1).sum(1)
    assert np.maximum(tall, wide).max() == 20 and np.maximum(tall, wide).min() >= 19
    assert (images.max((1, 2)) == 255).all()


def test_strokes_weigh_as_much_as_in_mnist(redrawn: tuple[np.ndarray, np.ndarray]) -> None:
    """MNIST's test images hold 101 full pixels of ink in the middle, nine in ten from 52 to 160."""
    ink = redrawn[0].astype(float).sum((1, 2)) / 255
    assert 90 < np.median(ink) < 125
    assert 52 < np.percentile(ink, 5) and np.percentile(ink, 95) < 160


def test_the_ink_is_where_the_counts_are(redrawn: tuple[np.ndarray, np.ndarray]) -> None:
    """Averaged back to its own size, cropped alike, a redrawn digit follows its counts."""
    images, _ = redrawn
    related = []
    for image, counts in zip(images[::20], load_digits().images[::20], strict=True):
        rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
        crop = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        inked = counts > 3
        rows, columns = np.flatnonzero(inked.any(1)), np.flatnonzero(inked.any(0))
        wanted = counts[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        small = Image.fromarray(crop).resize(wanted.shape[::-1], Image.Resampling.BOX)
        related.append(np.corrcoef(np.asarray(small).ravel(), wanted.ravel())[0, 1])
    assert np.median(related) > 0.9


def test_samples_are_two_of_each(redrawn: tuple[np.ndarray, np.ndarray]) -> None:
    images, labels = samples.load()
    assert images.shape == (20, 28, 28) and images.dtype == np.uint8
    assert labels.dtype == np.int64 and labels.tolist() == [digit // 2 for digit in range(20)]


def test_the_committed_samples_are_what_the_command_makes(tmp_path: Path) -> None:
    made = tmp_path / "samples.npz"
    samples.make(made)
    with np.load(made, allow_pickle=False) as fresh, np.load(samples.FILE) as committed:
        assert set(fresh) == set(committed) == {"images", "labels"}
        away = fresh["images"].astype(int) - committed["images"]
        assert np.abs(away).max() <= 1  # a shade between two may be rounded to either
        assert np.array_equal(fresh["labels"], committed["labels"])
    assert samples.FILE.stat().st_size < 20_000


def test_samples_need_numpy_alone(root: Path) -> None:
    script = (
        "import sys\nfrom rnnviz.data import samples\nsamples.load()\n"
        "heavy = {'torch', 'torchvision', 'sklearn', 'scipy', 'PIL', 'streamlit'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("contents", [None, b"", b"no archive", "half"])
def test_broken_samples_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contents: bytes | str | None
) -> None:
    path = tmp_path / "samples.npz"
    if contents is not None:
        whole = samples.FILE.read_bytes()
        path.write_bytes(contents if isinstance(contents, bytes) else whole[: len(whole) // 2])
    monkeypatch.setattr(samples, "FILE", path)
    with pytest.raises(DataError, match="install rnnviz again"):
        samples.load()
