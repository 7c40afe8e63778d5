"""Scores and the files behind them. Oracles: scikit-learn's metrics, files broken on purpose."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, confusion_matrix

from rnnviz.data import DataError, digits, mnist
from rnnviz.models import evaluation
from rnnviz.models.classifier import SequenceClassifier

MODEL = SequenceClassifier("gru", hidden_size=8)
IMAGES = np.random.default_rng(0).integers(0, 256, (30, 28, 28), dtype=np.uint8)
LABELS = np.random.default_rng(1).integers(0, 10, 30)


def npz(path: Path, **arrays: object) -> Path:
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


def test_a_score_is_scikit_learns() -> None:
    images, labels = torch.from_numpy(IMAGES), torch.from_numpy(LABELS)
    found = evaluation.score(MODEL, images, labels)
    answers = MODEL.eval()(images.float() / 255).argmax(-1)
    np.testing.assert_array_equal(
        found.confusion.numpy(), confusion_matrix(LABELS, answers, labels=range(10))
    )
    assert found.accuracy == pytest.approx(accuracy_score(LABELS, answers))
    assert found.n == 30


def test_scoring_is_without_dropout_and_leaves_the_mode() -> None:
    model = SequenceClassifier("gru", hidden_size=8, dropout=0.9)
    images, labels = torch.from_numpy(IMAGES), torch.from_numpy(LABELS)
    model.train()
    scores = [evaluation.score(model, images, labels).confusion for _ in range(3)]
    assert model.training
    assert all(torch.equal(score, scores[0]) for score in scores)


def test_more_images_than_fit_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = torch.from_numpy(IMAGES), torch.from_numpy(LABELS)
    whole = evaluation.score(MODEL, images, labels).confusion
    monkeypatch.setattr(evaluation, "IMAGES_AT_ONCE", 7)
    assert torch.equal(evaluation.score(MODEL, images, labels).confusion, whole)


def test_an_npz_is_read(tmp_path: Path) -> None:
    for kind in (np.uint8, np.int32, np.int64):
        path = npz(tmp_path / "x.npz", images=IMAGES, labels=LABELS.astype(kind), names=["a"])
        found = evaluation.read_npz(path)
        np.testing.assert_array_equal(found.images.numpy(), IMAGES)
        np.testing.assert_array_equal(found.labels.numpy(), LABELS)
        assert found.labels.dtype == torch.int64


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": IMAGES}, "without labels"),
        ({"pixels": IMAGES}, r"without images and labels \(it holds pixels\.npy\)"),
        ({"images": IMAGES.astype(complex), "labels": LABELS}, "got .* of complex128"),
        ({"images": IMAGES[:, :27], "labels": LABELS}, r"got \(30, 27, 28\)"),
        ({"images": IMAGES[0], "labels": LABELS}, r"got \(28, 28\)"),
        ({"images": IMAGES, "labels": LABELS[:29]}, r"expected 30 integer labels.*got \(29,\)"),
        ({"images": IMAGES, "labels": LABELS / 2}, "of float64"),
        ({"images": IMAGES[:0], "labels": LABELS[:0]}, "at least one"),
        ({"images": IMAGES, "labels": np.array([object()] * 30)}, "got objects"),
    ],
)
def test_arrays_that_do_not_fit_are_named(
    arrays: dict[str, np.ndarray], message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message):
        evaluation.read_npz(npz(tmp_path / "x.npz", **arrays))


@pytest.mark.parametrize("keep", [0, 10, 1000, -30])
def test_truncated_files(keep: int, tmp_path: Path) -> None:
    path = npz(tmp_path / "x.npz", images=IMAGES, labels=LABELS)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match="damaged or another kind of file"):
        evaluation.read_npz(path)


def test_damaged_and_foreign_files(tmp_path: Path) -> None:
    path = npz(tmp_path / "x.npz", images=IMAGES, labels=LABELS)
    contents = bytearray(path.read_bytes())
    contents[5000] ^= 0xFF
    path.write_bytes(contents)
    with pytest.raises(DataError, match="damaged"):
        evaluation.read_npz(path)
    np.save(tmp_path / "x.npy", IMAGES)
    with pytest.raises(DataError, match="another kind of file"):
        evaluation.read_npz(tmp_path / "x.npy")
    with pytest.raises(DataError, match="is not a file"):
        evaluation.read_npz(tmp_path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", b"not an array")
        archive.writestr("labels.npy", b"")
    with pytest.raises(DataError, match="other contents under those names"):
        evaluation.read_npz(path)


def test_an_archive_that_would_unpack_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "MOST_IMAGES", 25)
    with pytest.raises(DataError, match="at most 25 images"):
        evaluation.read_npz(npz(tmp_path / "x.npz", images=IMAGES, labels=LABELS))


@pytest.mark.parametrize("count", [10**7, 10**12, 10**30])
def test_a_header_that_promises_more_than_there_is(count: int, tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": (count, 28, 28)}
    )
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("images.npy", header.getvalue())
        archive.writestr("labels.npy", header.getvalue())
    with pytest.raises(DataError, match="damaged"):
        evaluation.read_npz(tmp_path / "x.npz")


@pytest.mark.parametrize("label", [-1, 10])
def test_labels_beyond_the_classes_are_named(label: int) -> None:
    with pytest.raises(DataError, match="expected labels from 0 to 9"):
        evaluation.score(MODEL, torch.from_numpy(IMAGES[:1]), torch.tensor([label]))


def test_a_model_that_reads_something_else_is_named() -> None:
    images, labels = torch.from_numpy(IMAGES), torch.from_numpy(LABELS)
    with pytest.raises(DataError, match="got one that reads tokens"):
        evaluation.score(SequenceClassifier(vocabulary_size=5, hidden_size=4), images, labels)
    with pytest.raises(DataError, match="got one that reads rows of 14 numbers"):
        evaluation.score(SequenceClassifier(input_size=14, hidden_size=4), images, labels)


def test_without_mnist_the_digits_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNNVIZ_DATA", str(tmp_path))
    found = evaluation.default_images()
    assert "scikit-learn" in found.source
    np.testing.assert_array_equal(found.images.numpy(), digits.load()[0])
    (said,) = found.notices
    assert str(tmp_path) in said and "t10k-images-idx3-ubyte" in said and "RNNVIZ_DATA" in said
    monkeypatch.delenv("RNNVIZ_DATA")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert evaluation.default_images().notices == (), "nobody named a folder"


def test_damaged_mnist_is_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNNVIZ_DATA", str(tmp_path))
    (tmp_path / "MNIST" / "raw").mkdir(parents=True)
    for name in mnist.FILES["test"]:
        (tmp_path / "MNIST" / "raw" / name).write_bytes(b"cut off")
    with pytest.raises(DataError, match="t10k-images-idx3-ubyte"):
        evaluation.default_images()


def test_with_mnist_its_test_images_are_used(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RNNVIZ_DATA", str(data_folder))
    found = evaluation.default_images()
    assert "MNIST test" in found.source and len(found.labels) == 10_000
