"""Image tasks: which images to learn from, which to hold out, how to vary them, which recipe.

The held-out images choose hyper-parameters and the epoch to keep. Test images are scored once,
for the card, and choose nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from rnnviz.data import DataError, digits, mnist
from rnnviz.data.augmentation import augment, noise
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.models.evaluation import LabelledImages, rows, score
from rnnviz.training.engine.loop import Examples, Prepare, Recipe


@dataclass(frozen=True)
class ImageTask:
    """One set of labelled images, split, and what a card has to say about it.

    `test` is None where there are no images besides those that were split.
    """

    name: str
    training: Examples
    held_out: Examples
    test: LabelledImages | None
    labels: tuple[str, ...]
    data: str
    licence: str

    noun: ClassVar[str] = "images"

    def about(self) -> dict[str, Any]:
        """What a card says of the task."""
        return {
            "task": f"classify {self.name}: 28 rows of 28 pixels, read from the top",
            "dataset": self.name,
            "data": self.data,
            "licence": self.licence,
        }

    def test_score(self, model: SequenceClassifier) -> dict[str, Any] | None:
        """How the model does on the test images, or None without any."""
        if self.test is None:
            return None
        found = score(model, self.test.images, self.test.labels)
        return {"data": self.test.source, "accuracy": found.accuracy, "n": found.n}


TASKS = ("mnist", "fashion-mnist", "kmnist", "digits")

LABELS = {
    "fashion-mnist": (
        "t-shirt", "trouser", "pullover", "dress", "coat",
        "sandal", "shirt", "sneaker", "bag", "ankle boot",
    ),
    "kmnist": ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
}  # fmt: skip

DATA = {
    "mnist": "MNIST, 60,000 training images (LeCun, Cortes and Burges 1998)",
    "fashion-mnist": "Fashion-MNIST, 60,000 training images (Xiao, Rasul and Vollgraf 2017)",
    "kmnist": "KMNIST, 60,000 training images (Clanuwat et al. 2018)",
    "digits": "scikit-learn's digits, 1,797 images (Alpaydin and Kaynak 1998), rescaled to 28 x 28",
}

LICENCES = {
    "mnist": "CC BY-SA 3.0",
    "fashion-mnist": "MIT",
    "kmnist": "CC BY-SA 4.0",
    "digits": "CC BY 4.0",
}

# Chosen on held-out training images of MNIST: docs/training.md has the figures.
RECIPES = {
    "rnn": Recipe(epochs=60, learning_rate=2e-3, calm=0.25),
    "gru": Recipe(epochs=20, calm=0.4),
    "lstm": Recipe(epochs=20, calm=0.4),
}


def load(name: str, *, held_out: int, seed: int, limit: int | None, download: bool) -> ImageTask:
    """The task called `name`, its training images split by class with `seed`.

    `held_out` images are kept from training (for scikit-learn's digits a fifth of them at most);
    `limit` keeps only so many of the rest, for a quick try that is not scored on test images.
    Raises `DataError` without the data.
    """
    if name == "digits":
        images, labels = digits.load()
        held_out, test = min(held_out, len(images) // 5), None
    else:
        images, labels = mnist.load("train", name=name, download=download)
        # A quick try says nothing that is worth a look at the test images.
        test = None if limit else _test_images(name, download)
    if held_out >= len(labels):
        raise DataError(
            f"expected fewer held-out images than the {len(labels):,} of {name}, got {held_out:,}: "
            "hold out fewer"
        )
    everything = Examples(torch.as_tensor(images), torch.as_tensor(labels))
    learn, keep = split(everything.labels, held_out, seed)
    return ImageTask(
        name=name,
        training=everything.at(learn[:limit]),
        held_out=everything.at(keep),
        test=test,
        labels=LABELS.get(name, tuple("0123456789")),
        data=DATA[name],
        licence=LICENCES[name],
    )


def _test_images(name: str, download: bool) -> LabelledImages:
    images, labels = mnist.load("test", name=name, download=download)
    return LabelledImages(
        torch.as_tensor(images), torch.as_tensor(labels), f"the {name} test images"
    )


def split(labels: Tensor, held_out: int, seed: int) -> tuple[Tensor, Tensor]:
    """Shuffled positions to learn from and to hold out, every class with its share in both.

    Within a class, files are often sorted by something; nothing here depends on their order.
    """
    if not 0 < held_out < len(labels):
        raise ValueError(f"held_out: expected 1 to {len(labels) - 1} examples, got {held_out}")
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(labels), generator=generator)
    # Each example's rank within its class, as a part of the class: the smallest parts are held out.
    ranks = torch.empty(len(labels))
    for label in labels.unique():
        members = order[labels[order] == label]
        ranks[members] = (torch.arange(len(members)) + 0.5) / len(members)
    by_rank = order[ranks[order].argsort(stable=True)]
    keep, learn = by_rank[:held_out], by_rank[held_out:]
    return learn[torch.randperm(len(learn), generator=generator)], keep


def recipe(cell: str, **chosen: Any) -> Recipe:
    """The recipe that suits a cell, with what somebody chose otherwise."""
    return replace(
        RECIPES[cell], **{key: value for key, value in chosen.items() if value is not None}
    )


def plain(images: Tensor, generator: torch.Generator, strength: float) -> Tensor:
    """Stored images as a model reads them, unchanged."""
    return rows(images)


# How far a different hand, pen or camera may take an image, at full strength.
WRITTEN = {
    "shift_pixels": 2.5,
    "scale_fraction": 0.15,
    "rotate_degrees": 12.0,
    "shear_degrees": 10.0,
    "elastic_pixels": 0.6,
    "pen_pixels": 0.7,
}
CLOTHES = {
    "shift_pixels": 1.5,
    "scale_fraction": 0.1,
    "rotate_degrees": 4.0,
    "shear_degrees": 3.0,
    "elastic_pixels": 0.0,
    "pen_pixels": 0.0,
}
# Each image draws its own deviation from 0 to this, so clean ones stay common.
LARGEST_NOISE = 0.25


def varied(name: str) -> Prepare:
    """Images as another hand, pen or camera might have made them; clothes vary less than signs."""
    amounts = CLOTHES if name == "fashion-mnist" else WRITTEN

    def prepare(images: Tensor, generator: torch.Generator, strength: float) -> Tensor:
        scaled = {what: strength * amount for what, amount in amounts.items()}
        changed = augment(rows(images), generator=generator, **scaled)
        deviations = strength * LARGEST_NOISE * torch.rand(len(images), generator=generator)
        return noise(changed, deviations, generator=generator)

    return prepare
