"""Readings of digits and samples, made once and kept for everybody.

Kept by name and never written to, see `kept`. Torch is imported inside functions only, so a page
that shows the stored reading is painted before torch is there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from rnnviz.analysis import atlas
from rnnviz.analysis.atlas import Atlas
from rnnviz.analysis.explanations import Explanation
from rnnviz.explorer.digits import exhibit, opening
from rnnviz.explorer.digits.address import READOUTS, DigitsAddress
from rnnviz.explorer.parts.address import ALL
from rnnviz.explorer.parts.kept import kept
from rnnviz.explorer.parts.models import model
from rnnviz.models import storage
from rnnviz.theatre.reading import Reading

# Each would take its time in front of a person: scipy's tools tidy the first drawing, and put like
# units beside each other in the first reading.
TOOLS = ("scipy.ndimage", "scipy.cluster.hierarchy", "scipy.spatial.distance")


def ready() -> list[Callable[[], object]]:
    """What the background makes ready for the page: tools of the first drawing, and its models."""
    names = [name for readout in READOUTS for name in DigitsAddress(ALL, readout).models]
    tools: list[Callable[[], object]] = [partial(import_module, name) for name in TOOLS]
    return tools + [partial(model, name) for name in names]


@kept
def about(name: str) -> str:
    """What the card of that model says about its test, or nothing where there is no such card."""
    try:
        test = storage.card(name)["test"]
        share, count = test["accuracy"], test["n"]
        return (
            f"{name} was trained by this project. Test accuracy: {100 * share:.2f} % of {count:,} "
            f"images of {test['data']}."
        )
    except (ValueError, TypeError, KeyError):
        return ""


@kept
def reading(name: str, pixels: bytes, truth: str | None) -> Reading:
    """How the model of that name reads 784 grey pixels; raises CheckpointError.

    Shared between visitors and never written to, as is everything cached here.
    """
    picture = exhibit.Picture(pixels, "", truth)
    return exhibit.read(model(name), exhibit.Task(name, picture))


@kept
def payload(name: str, pixels: bytes, truth: str | None) -> dict[str, Any]:
    """The same reading, packed for the theatre; of the app's opening the one that is stored."""
    start = exhibit.sample(opening.ADDRESS.sample or 1)
    if (name, pixels) == (opening.ADDRESS.model, start.pixels) and opening.speaks_for_the_model():
        stored = stored_reading()
        if stored is not None:
            return stored
    return reading(name, pixels, truth).to_payload()


def shown(task: exhibit.Task) -> dict[str, Any]:
    """What the theatre needs for a task, with its ghost; raises CheckpointError."""
    packed = payload(task.model, task.picture.pixels, task.picture.truth)
    words: dict[str, Any] = {"title": task.title} if task.title else {}
    if task.ghost is not None:
        words["ghost"] = _as_ghost(task.model, task.ghost)
    return packed | words


def _as_ghost(name: str, picture: exhibit.Picture) -> dict[str, Any]:
    packed = payload(name, picture.pixels, picture.truth)
    unordered = {"forward": None, "backward": None}
    layers = [{**layer, "orders": unordered} for layer in packed["layers"]]
    return packed | {"layers": layers, "name": f"pinned digit: {picture.source}"}


@kept
def atlas_of(name: str) -> Atlas:
    """What that model does with many digits; raises AtlasError where nobody has looked."""
    return atlas.load(name)


@kept
def explanation(name: str, pixels: bytes) -> Explanation:
    """Which rows of 784 grey pixels the answer of that model rests on; needs torch."""
    from rnnviz.analysis.explanations import explain_digit

    return explain_digit(model(name), np.frombuffer(pixels, np.uint8).reshape(28, 28))


@kept
def stored_reading() -> dict[str, Any] | None:
    """The reading that the app opens with, or None when there is none."""
    return opening.load()


@kept
def bundled_samples() -> tuple[np.ndarray, tuple[str, ...]]:
    """The sample digits ``(20, 28, 28)`` uint8 that come with the package, and their labels."""
    from rnnviz.data import samples

    images, labels = samples.load()
    return images, tuple(str(label) for label in labels)
