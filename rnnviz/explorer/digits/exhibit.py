"""What the Digits page shows for an address: which pictures, read by which networks, beside what.

The page and the "Show code" lines both go through here, so that a notebook shows what the page
shows. Numpy only until something is read: torch comes with the first `read`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from rnnviz.data import samples
from rnnviz.explorer.digits.address import (
    FIRST_SAMPLE,
    PIXELS,
    SAMPLES,
    DigitsAddress,
    unpack_image,
)
from rnnviz.notation.cells import CELL_NAMES

if TYPE_CHECKING:
    from rnnviz.models.classifier import SequenceClassifier
    from rnnviz.theatre.reading import Reading

OWN_SOURCE = "your digit"
PINNED_SOURCE = "the digit you pinned"


@dataclass(frozen=True)
class Picture:
    """An image to read: 784 grey bytes, where it comes from, and its label if it has one."""

    pixels: bytes
    source: str
    truth: str | None = None

    @property
    def image(self) -> np.ndarray:
        """The same as ``(28, 28)`` uint8."""
        return np.frombuffer(self.pixels, np.uint8).reshape(28, 28)


@dataclass(frozen=True)
class Task:
    """One reading of an exhibit: the network of that name reads a picture.

    ``ghost`` is the picture whose reading lies under it for comparison, ``title`` what the reading
    is called where several stand together; empty for the name of the cell.
    """

    model: str
    picture: Picture
    ghost: Picture | None = None
    title: str = ""


@cache
def sample(number: int) -> Picture:
    """Bundled sample ``number``, counted from 1; raises ValueError when there is none."""
    low, high = SAMPLES
    if not low <= number <= high:
        raise ValueError(f"sample: expected {low}..{high}, got {number}")
    images, labels = samples.load()
    label = str(labels[number - 1])
    return Picture(images[number - 1].tobytes(), f"sample {number}, labelled {label}", label)


def own(word: str, source: str = OWN_SOURCE) -> Picture:
    """A picture of one's own from its word in an address; raises ValueError for anything else."""
    return Picture(unpack_image(word), source)


def morph(picture: Picture, pinned: Picture, percent: int) -> Picture:
    """A mix of two digits, pixel by pixel: ``percent`` of the picture, the rest of the pinned one.

    ``p * picture + (1 - p) * pinned`` with ``p = percent / 100``, rounded. A mix of two digits has
    a label only where both have the same.
    """
    if not 0 <= percent <= 100:
        raise ValueError(f"percent: expected 0..100, got {percent}")
    share = percent / 100
    mixed = np.rint(share * picture.image + (1 - share) * pinned.image).astype(np.uint8)
    truth = picture.truth if picture.truth == pinned.truth else None
    return Picture(mixed.tobytes(), f"{percent} % of the way from {pinned.source}", truth)


def picture_of(address: DigitsAddress) -> Picture:
    """The picture that an address asks for, before any morphing."""
    if address.image is not None:
        return _checked(address.image, OWN_SOURCE)
    return sample(address.sample or FIRST_SAMPLE)


def pinned_of(address: DigitsAddress) -> Picture | None:
    """The picture pinned for comparison, if there is one."""
    if address.pinned is not None:
        return _checked(address.pinned, PINNED_SOURCE)
    return None if address.pin is None else sample(address.pin)


def _checked(pixels: bytes, source: str) -> Picture:
    if len(pixels) != PIXELS:
        raise ValueError(f"expected {PIXELS} grey bytes, got {len(pixels)}")
    return Picture(pixels, source)


def tasks(
    address: DigitsAddress, picture: Picture | None = None, pinned: Picture | None = None
) -> tuple[Task, ...]:
    """The readings that an address asks for, in the order in which they are shown.

    All three cells read the same picture, with the pinned one as a ghost. One cell reads both side
    by side when the address says so. ``picture`` and ``pinned`` stand in for those of the address,
    when a page knows better where they come from.
    """
    picture = picture or picture_of(address)
    pinned = pinned or pinned_of(address)
    if pinned is None:
        return tuple(Task(name, picture) for name in address.models)
    shown = picture if address.morph is None else morph(picture, pinned, address.morph)
    if address.beside and len(address.cells) == 1:
        title = f"{CELL_NAMES[address.cell]}, pinned digit"
        return (Task(address.model, shown), Task(address.model, pinned, title=title))
    return tuple(Task(name, shown, ghost=pinned) for name in address.models)


def read(model: SequenceClassifier, task: Task) -> Reading:
    """Carry out a task with the network that it names."""
    from rnnviz.models.reader import read_digit

    picture, ghost = task.picture, task.ghost
    reading = read_digit(model, picture.image, name=task.model, truth=picture.truth)
    if task.title:
        reading = replace(reading, title=task.title)
    if ghost is None:
        return reading
    under = read_digit(model, ghost.image, name=task.model, truth=ghost.truth)
    return reading.with_ghost(replace(under, name=f"pinned digit: {ghost.source}"))


def readings(
    address: DigitsAddress, models: Mapping[str, SequenceClassifier] | None = None
) -> tuple[Reading, ...]:
    """Everything that the page shows for an address; models are loaded by name unless given."""
    from rnnviz.models import checkpoint

    wanted = tasks(address)
    loaded = models or {name: checkpoint.load(name) for name in {task.model for task in wanted}}
    return tuple(read(loaded[task.model], task) for task in wanted)
