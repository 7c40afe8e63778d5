"""How often a classifier is right, and about what it is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rnnviz.data import DataError, arrays
from rnnviz.data.texts import LabelledTexts
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.models.tokens import TextTokenizer
from rnnviz.safe import npz
from rnnviz.tracking import Track, silently

IMAGES_AT_ONCE = 500
TEXTS_AT_ONCE = 128

MOST_IMAGES = 1_000_000


@dataclass(frozen=True)
class LabelledImages:
    """Images `(N, 28, 28)` uint8 and labels `(N,)`, and what to call them in a report.

    `notices` are whole sentences on how they were read.
    """

    images: Tensor
    labels: Tensor
    source: str
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Score:
    """`confusion[i, j]` counts the examples of class `i` that were taken for `j`, `(C, C)`."""

    confusion: Tensor

    @property
    def n(self) -> int:
        return int(self.confusion.sum())

    @property
    def correct(self) -> int:
        return int(self.confusion.trace())

    @property
    def accuracy(self) -> float:
        """The part that is right, 0..1."""
        return self.correct / self.n


def score(
    model: SequenceClassifier, images: Tensor, labels: Tensor, track: Track = silently
) -> Score:
    """Read images `(N, T, I)`, uint8 or floats in 0..1, and compare with `labels (N,)`.

    The model is scored without dropout and left in the mode that it came in.
    """
    _check_fit(model, images, labels)
    with _scoring(model):
        batches = torch.arange(len(images)).split(IMAGES_AT_ONCE)
        answers = [
            model(rows(images[index])).argmax(dim=-1) for index in track(batches, len(batches))
        ]
    return _compared(model, torch.cat(answers), labels)


def score_texts(
    model: SequenceClassifier,
    tokenizer: TextTokenizer,
    texts: LabelledTexts,
    track: Track = silently,
) -> Score:
    """Read labelled texts and compare with their labels, which are given in the model's classes."""
    answers = answers_to(model, tokenizer, texts.texts, track).argmax(dim=-1)
    return _compared(model, answers, torch.from_numpy(texts.labels))


def answers_to(
    model: SequenceClassifier,
    tokenizer: TextTokenizer,
    texts: Sequence[str],
    track: Track = silently,
) -> Tensor:
    """Class probabilities `(N, C)` for texts, read in dense batches of similar length."""
    ids = tokenizer.encode_many(texts)
    order = torch.tensor([len(one) for one in ids]).argsort(stable=True)
    probabilities = torch.empty(len(ids), int(model.config["num_classes"]))
    with _scoring(model):
        batches = order.split(TEXTS_AT_ONCE)
        for index in track(batches, len(batches)):
            inputs, lengths = padded([ids[place] for place in index.tolist()])
            probabilities[index] = model(inputs, lengths).softmax(dim=-1)
    return probabilities


def padded(ids: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
    """Token numbers of `N` texts as `(N, T)` int32, zero beyond each one's length, and `(N,)`."""
    lengths = torch.tensor([len(one) for one in ids])
    inputs = np.zeros((len(ids), int(lengths.max())), dtype=np.int32)
    for row, one in zip(inputs, ids, strict=True):
        row[: len(one)] = one
    return torch.from_numpy(inputs), lengths


@contextmanager
def _scoring(model: SequenceClassifier) -> Iterator[None]:
    """Without dropout and gradients; afterwards the model is in the mode that it came in."""
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(training)


def _compared(model: SequenceClassifier, answers: Tensor, labels: Tensor) -> Score:
    classes = int(model.config["num_classes"])
    pairs = (labels * classes + answers).bincount(minlength=classes**2)
    return Score(pairs.reshape(classes, classes))


def rows(images: Tensor) -> Tensor:
    """Stored images as a model reads them: floats, ink 1 on 0, each row one step."""
    return images if images.is_floating_point() else images.float() / 255


def read_npz(path: str | Path) -> LabelledImages:
    """Images and labels of an .npz file as `arrays` reads them, with what was done; or `DataError`.

    Nothing in the file is run: arrays that would need pickle are refused.
    """
    path = Path(path)
    wanted = "an .npz file with images (N, 28, 28), ink light on dark, and labels (N,) integers"
    if not path.is_file():
        raise DataError(
            f"expected {wanted}, got {str(path)!r}, which is not a file: check the path"
        )
    try:
        keys = _keys(npz.sizes(path), path, wanted)
    except (OSError, ValueError) as failure:
        if isinstance(failure, DataError):
            raise
        raise DataError(
            f"expected {wanted}, got {path}, which is damaged or another kind of file: "
            "write it with numpy.savez"
        ) from failure
    try:
        found = npz.read(path, keys)
    except (OSError, ValueError) as failure:
        raise DataError(
            f"expected {wanted}, got objects, damaged arrays or other contents under those names "
            f"in {path}: write it with numpy.savez"
        ) from failure
    images, notices = arrays.pixels(found[keys[0]], str(path))
    labels = arrays.labels(found[keys[1]], len(images), str(path))
    return LabelledImages(torch.from_numpy(images), torch.from_numpy(labels), str(path), notices)


def default_images(dataset: str = "mnist") -> LabelledImages:
    """The test images that suit a model of `dataset`, where they are on disk.

    For digits these are MNIST's, else the digits that scikit-learn has; where `RNNVIZ_DATA` names a
    folder without MNIST, a notice says so. Raises `DataError` when
    images are damaged, which others would hide, or when there is nothing to take instead.
    """
    from rnnviz.data import MissingDataError, digits, mnist

    name, title = {
        "fashion-mnist": ("fashion-mnist", "Fashion-MNIST"),
        "kmnist": ("kmnist", "KMNIST"),
    }.get(dataset, ("mnist", "MNIST"))
    try:
        images, labels = mnist.load("test", name=name)
        source = f"the {title} test images"
        notices: tuple[str, ...] = ()
    except MissingDataError as missing:
        if name != "mnist":
            raise
        images, labels = digits.load()
        source = "scikit-learn's digits, rescaled to 28 x 28"
        # Where a folder was named, other images than those in it are a surprise.
        notices = (f"These are {source}: {missing}.",) if mnist.is_named() else ()
    return LabelledImages(torch.as_tensor(images), torch.as_tensor(labels), source, notices)


def _keys(sizes: Mapping[str, int], path: Path, wanted: str) -> tuple[str, str]:
    """What the two arrays are called, by what the archive says of itself before it is unpacked."""
    for keys in arrays.KEYS:
        if all(f"{name}.npy" in sizes for name in keys):
            break
    else:
        missing = [name for name in arrays.KEYS[0] if f"{name}.npy" not in sizes]
        found = ", ".join(sorted(sizes))[:200] or "nothing"
        raise DataError(
            f"expected {wanted}, got {path} without {' and '.join(missing)} (it holds {found}): "
            "write it with numpy.savez(path, images=..., labels=...)"
        )
    most = MOST_IMAGES * 28 * 28 + 1024
    if max(sizes[f"{name}.npy"] for name in keys) > most:
        raise DataError(f"expected at most {MOST_IMAGES:,} images in {path}, got more: split it")
    return keys


def _check_fit(model: SequenceClassifier, images: Tensor, labels: Tensor) -> None:
    if model.embedding is not None or model.input_size != images.shape[-1]:
        reads = "tokens" if model.embedding is not None else f"rows of {model.input_size} numbers"
        raise DataError(
            f"expected a model that reads rows of {images.shape[-1]} numbers, "
            f"got one that reads {reads}: choose another model"
        )
    classes = int(model.config["num_classes"])
    if int(labels.min()) < 0 or int(labels.max()) >= classes:
        raise DataError(
            f"expected labels from 0 to {classes - 1}, got {int(labels.min())} to "
            f"{int(labels.max())}: choose a model with as many classes as the data"
        )
