"""Arrays of images in the convention of whoever saved them, as the networks here read them.

Zeros and ones, floats in 0..1 or -1..1, normalised by mean and deviation, 16 bits; dark on light;
with an axis of channels, or none at all for the image.
"""

from __future__ import annotations

import numpy as np

from rnnviz.data import DataError

SIDE = 28

LIGHT = 0.6
"""An image whose border is lighter than this, of 1, has its ink dark on a light ground."""

FULL_RANGES = (255, 1023, 4095, 16383, 65535)
"""The largest numbers of cameras, scanners and files."""

SLIVER = 64
"""Whole numbers up to this are no part of 0..255, but 0..16 or the like."""

KEYS = (
    ("images", "labels"), ("x_test", "y_test"), ("test_images", "test_labels"), ("x", "y"),
    ("X", "y"), ("images", "targets"), ("data", "targets"), ("data", "target"), ("data", "labels"),
)  # fmt: skip
"""What the two arrays are called, ours first; Keras' mnist.npz has training images besides."""


def pixels(images: np.ndarray, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """`(N, 28, 28)` uint8, ink 255 on 0, and whole sentences on what was changed for that.

    Also takes (N, 784), (N, 1, 28, 28) and (N, 28, 28, 1 or 3). The smallest number becomes 0 where
    there are negative ones; the largest, or the full range of its kind, becomes 255. Images with a
    light border are turned over, unless nearly all others are dark. Raises `DataError` for other
    shapes, objects, and numbers that are not finite.
    """
    grey = _of_one_channel(images, name)
    if grey.dtype.kind not in "biuf" or len(grey) == 0:
        raise DataError(
            f"expected images of numbers, at least one, in {name}, got {images.shape} of "
            f"{images.dtype}: convert them first"
        )
    if grey.dtype.kind == "f" and not np.isfinite(grey).all():
        raise DataError(
            f"expected finite numbers as pixels in {name}, got NaN or infinity: put others there"
        )
    values, said = _in_range(grey, name)
    border = np.concatenate(
        [values[:, 0], values[:, -1], values[:, 1:-1, 0], values[:, 1:-1, -1]], 1
    )
    light = np.median(border, axis=1) > 255 * LIGHT
    count = int(light.sum())
    if count > 0.2 * len(light):
        values[light] = 255 - values[light]
        which = (
            "The images are" if count == len(light) else f"{count:,} of {len(light):,} images are"
        )
        said.append(f"{which} dark on light: turned over, ink is light on dark here.")
    elif count:
        said.append(f"{count:,} of {len(light):,} images have a light border: read as they are.")
    return values, tuple(said)


def labels(values: np.ndarray, count: int, name: str) -> np.ndarray:
    """`(N,)` int64 of whole numbers, `(N, 1)`, or one 1 among zeros in each row of `(N, C)`."""
    found = np.asarray(values)
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    numbers = found.dtype.kind in "iufb" and found.size > 0
    if numbers and found.ndim == 2 and ((found != 0).sum(1) == 1).all():
        found = found.argmax(1)
    whole = numbers and found.dtype.kind != "b" and bool((found == np.floor(found)).all())
    if not whole or found.shape != (count,) or abs(found.astype(float)).max() > 2**31:
        raise DataError(
            f"expected {count} integer labels, at least one, in {name}, "
            f"got {values.shape} of {values.dtype}: give every image one label"
        )
    return found.astype(np.int64)


def _of_one_channel(images: np.ndarray, name: str) -> np.ndarray:
    """`(N, 28, 28)`, colours as the brightness that they have."""
    shape = images.shape
    if images.ndim == 2 and shape[1] == SIDE * SIDE:
        return images.reshape(-1, SIDE, SIDE)
    if images.ndim == 3 and shape[1:] == (SIDE, SIDE):
        return images
    if images.ndim == 4:
        for axis, channels in ((1, shape[1]), (3, shape[3])):
            rest = [size for place, size in enumerate(shape[1:], 1) if place != axis]
            if rest == [SIDE, SIDE] and channels in (1, 3) and images.dtype.kind in "biuf":
                each = np.moveaxis(images, axis, 3)
                weights = np.array([0.299, 0.587, 0.114]) if channels == 3 else np.ones(1)
                return each[..., 0] if channels == 1 else each @ weights
    raise DataError(
        f"expected images (N, {SIDE}, {SIDE}) in {name}, got {shape} of {images.dtype}: convert "
        "them first, for one with rnnviz.data.images.normalise"
    )


def _in_range(grey: np.ndarray, name: str) -> tuple[np.ndarray, list[str]]:
    """The numbers as uint8 in 0..255, and what was made of them."""
    if grey.dtype == np.uint8 and (grey.max() > SLIVER or grey.max() == grey.min()):
        return grey.copy(), []
    numbers = grey.astype(np.float32)
    low, high = float(numbers.min()), float(numbers.max())
    if low == high:
        raise DataError(
            f"expected images with something on them in {name}, got {low:g} for every pixel: "
            "write them again"
        )
    if low < 0:
        lowest = numbers.min((1, 2), keepdims=True)
        if np.ptp(lowest) < 1e-3 * (high - low):
            lowest, highest = np.float32(low), np.float32(high)
        else:  # each image was normalised by itself
            highest = numbers.max((1, 2), keepdims=True)
        scaled = (numbers - lowest) / np.maximum(highest - lowest, 1e-12)
        said = [
            f"Pixels from {low:.3g} to {high:.3g}: the smallest is read as 0, the largest as 255."
        ]
    else:
        full = 1.0 if high <= 1 else next((one for one in FULL_RANGES if high <= one), high)
        full = high if 1 < high <= SLIVER else full
        scaled = numbers / np.float32(full)
        said = (
            []
            if full == 255
            else [f"Pixels from {low:.3g} to {high:.3g}: {full:g} is read as 255."]
        )
    return np.rint(255 * scaled.clip(0, 1)).astype(np.uint8), said
