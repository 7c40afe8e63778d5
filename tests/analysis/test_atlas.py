"""The atlas of a model.

Oracles: scikit-learn and a singular value decomposition by numpy for the components, literally cut
images for early answers, brute-force counting for gates, the model's card for its accuracy.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from rnnviz.__main__ import app
from rnnviz.analysis import atlas, survey
from rnnviz.analysis.atlas import Atlas, AtlasError
from rnnviz.data import samples
from rnnviz.models import checkpoint, storage
from rnnviz.models.classifier import SequenceClassifier
from tests.oracle import assert_near

NAMES = [f"mnist-{cell}{readout}" for cell in ("rnn", "gru", "lstm") for readout in ("", "-last")]
IMAGES, LABELS = samples.load()


def built(cell: str = "lstm", readout: str = "attention", **words: object) -> Atlas:
    """The atlas of a small untrained model over the bundled samples."""
    model = small(cell, readout, **words)
    return survey.build(model, IMAGES, LABELS, name="x", sha256="0" * 64, source="the samples")


def small(cell: str = "lstm", readout: str = "attention", **words: object) -> SequenceClassifier:
    torch.manual_seed(1)
    return SequenceClassifier(cell, 28, 12, 3, readout=readout, **words).eval()  # type: ignore[arg-type]


def states(model: SequenceClassifier, layer: int) -> np.ndarray:
    """Hidden states (20, 28, H) of the samples in the order in which the atlas drew them."""
    order = np.random.default_rng(0).permutation(len(IMAGES))
    rows = torch.from_numpy(IMAGES[order].astype(np.float32) / 255)
    return model.trace(rows).recurrent.layers[layer].forward.hidden.numpy()


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_components_are_those_of_numpy_and_scikit_learn(cell: str) -> None:
    from sklearn.decomposition import PCA

    found = built(cell)
    assert sorted(found.layers) == [0, 2]
    for index, layer in found.layers.items():
        flat = states(small(cell), index).reshape(-1, 12).astype(np.float64)
        _, singular, axes = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)
        variance = singular**2 / (singular**2).sum()
        assert layer.explained == pytest.approx(variance[:3], rel=1e-3)
        for mine, theirs in zip(layer.components, axes, strict=False):
            assert abs(mine @ theirs) == pytest.approx(1, abs=1e-4)
        sklearn = PCA(3, svd_solver="full").fit(flat)
        path = states(small(cell), index)[0]
        wanted = sklearn.transform(path) * np.sign((layer.components * sklearn.components_).sum(1))
        assert_near(layer.project(path), wanted, 1e-4)


def test_a_stored_path_is_what_projecting_the_states_gives() -> None:
    found = built()
    for index in (0, 2):
        layer, hidden = found.layers[index], states(small(), index)
        assert_near(layer.rows, layer.project(hidden), 1e-5)
        assert_near(layer.final, layer.rows[:, -1], 1e-5)
    order = np.random.default_rng(0).permutation(len(IMAGES))
    assert np.array_equal(found.labels, LABELS[order])


def test_what_answers_are_made_of_is_the_mean_of_the_states_weighted_by_attention() -> None:
    found, model = built(), small()
    order = np.random.default_rng(0).permutation(len(IMAGES))
    trace = model.trace(torch.from_numpy(IMAGES[order].astype(np.float32) / 255))
    assert trace.attention is not None and found.layers[2].answered is not None
    # The projection is affine and the weights sum to one, so means and projection change places.
    weighted = (trace.attention.numpy()[:, :, None] * found.layers[2].rows).sum(axis=1)
    assert_near(found.layers[2].answered, weighted, 1e-4)
    assert found.layers[0].answered is None
    assert built(readout="last").layers[2].answered is None
    assert built(bidirectional=True).layers[2].answered is None


@pytest.mark.parametrize("readout", ["attention", "last"])
def test_early_answers_are_those_of_images_that_are_cut_off(readout: str) -> None:
    found, model = built("gru", readout), small("gru", readout)
    rows = torch.from_numpy(IMAGES.astype(np.float32) / 255)
    for row in (1, 7, 15, 28):
        with torch.no_grad():
            probabilities = model(rows[:, :row]).softmax(dim=1).numpy()
        right = np.mean(
            [p.argmax() == label for p, label in zip(probabilities, LABELS, strict=True)]
        )
        assert found.early_accuracy[row - 1] == pytest.approx(right)
        assert found.early_confidence[row - 1] == pytest.approx(
            probabilities.max(1).mean(), abs=1e-5
        )


def test_gates_are_counted_over_all_images_rows_and_units() -> None:
    found, model = built("lstm"), small("lstm")
    trace = model.trace(torch.from_numpy(IMAGES.astype(np.float32) / 255))
    for index in (0, 2):
        step, layer = trace.recurrent.layers[index].forward, found.layers[index]
        assert set(layer.shares) == {"input_gate", "forget_gate", "output_gate"}
        values = step.forget_gate.numpy().ravel()
        shares = layer.shares["forget_gate"]
        assert shares.n == values.size == 20 * 28 * 12
        one = 1 / values.size  # a value on a bound may fall on either side of it
        assert shares.low == pytest.approx((values < 0.1).mean(), abs=1.01 * one)
        assert shares.high == pytest.approx((values > 0.9).mean(), abs=1.01 * one)
        counted = np.histogram(values, 20, (0, 1))[0] / values.size
        assert layer.distributions["forget_gate"] == pytest.approx(counted, abs=1.01 * one)


def test_batches_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = built()
    monkeypatch.setattr(survey, "IMAGES_AT_ONCE", 7)
    pieces = built()
    assert pieces.early_accuracy == pytest.approx(whole.early_accuracy)
    assert pieces.early_confidence == pytest.approx(whole.early_confidence, abs=1e-5)
    for index in (0, 2):
        assert_near(pieces.layers[index].final, whole.layers[index].final, 1e-4)
        for gate, shares in whole.layers[index].shares.items():
            own = pieces.layers[index].shares[gate]
            assert own.n == shares.n
            assert [own.low, own.high] == pytest.approx(
                [shares.low, shares.high], abs=1.01 / shares.n
            )


def test_saved_and_loaded_it_is_the_same_within_half_precision(tmp_path: Path) -> None:
    folder = checkpoint.save(small(), tmp_path / "model", {"task": "none"})
    made = survey.build(
        small(),
        IMAGES,
        LABELS,
        name="model",
        sha256=storage.weights_sum(folder),
        source="samples",
    )
    atlas.save(made, atlas.path_of(folder))
    read = atlas.load(folder)
    for word in ("name", "sha256", "source", "n", "n_fitted", "seed", "classes"):
        assert getattr(read, word) == getattr(made, word)
    assert np.array_equal(read.labels, made.labels)
    assert np.array_equal(read.early_accuracy, made.early_accuracy)
    for index, layer in made.layers.items():
        for part in ("mean", "components", "explained"):
            assert np.array_equal(getattr(read.layers[index], part), getattr(layer, part))
        assert read.layers[index].final == pytest.approx(layer.final, rel=1e-3, abs=1e-3)
        assert read.layers[index].rows == pytest.approx(layer.rows, rel=1e-3, abs=1e-3)
        assert read.layers[index].shares == layer.shares


def test_clouds_and_layers() -> None:
    found = built()
    top, labels, words = found.cloud(2)
    assert np.array_equal(top, found.layers[2].answered) and len(labels) == len(top) == 20
    assert words == "what the answers to 20 digits are made of"
    assert found.cloud(0)[2] == "the states of 20 digits after the last row"
    early, labels, words = found.cloud(2, step=4)
    assert np.array_equal(early, found.layers[2].rows[:, 4]) and "after row 5" in words
    assert max(np.abs(found.cloud(i, s)[0]).max() for i in (0, 2) for s in (None, 3)) <= max(
        found.layers[0].limit, found.layers[2].limit
    )
    with pytest.raises(AtlasError, match="expected one of the stored layers 1, 3, got layer 2"):
        found.cloud(1)
    with pytest.raises(ValueError, match="expected states of 12 units, got"):
        found.layers[0].project(np.zeros((28, 13)))


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_files(name: str) -> None:
    found, card = atlas.load(name), storage.card(name)
    assert atlas.path_of(name).stat().st_size < 200_000
    assert found.sha256 == card["sha256"] and found.name == name
    assert (found.n, found.source) == (10_000, "the MNIST test images")
    assert float(found.early_accuracy[-1]) == pytest.approx(card["test"]["accuracy"], abs=1e-6)
    assert (found.n_fitted, len(found.labels)) == (2000, 1500)
    assert sorted(found.layers) == [0, 1] and len(found.early_accuracy) == 28
    assert np.bincount(found.labels, minlength=10).min() > 100
    for layer in found.layers.values():
        assert layer.components @ layer.components.T == pytest.approx(np.eye(3), abs=1e-5)
        assert (np.diff(layer.explained) <= 0).all() and 0.2 < layer.explained.sum() < 1
        assert layer.final == pytest.approx(layer.final.astype(np.float16), abs=0)
    assert found.cloud(1)[2].startswith("the states" if name.endswith("last") else "what the ans")
    note = json.loads(str(np.load(atlas.path_of(name))["about"]))["note"]
    assert "fitted on the hidden states of 2,000 images of the MNIST test images" in note
    assert "nothing about it was chosen" in note


def test_a_committed_file_is_what_the_command_makes(data_folder: Path, tmp_path: Path) -> None:
    from rnnviz.data import mnist

    name = "mnist-rnn-last"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RNNVIZ_DATA", str(data_folder))
        images, labels = mnist.load("test")
    stored, model = atlas.load(name), checkpoint.load(name)
    chosen = np.random.default_rng(stored.seed).permutation(10_000)[:300]
    assert np.array_equal(stored.labels[:300], labels[chosen])
    rows = torch.from_numpy(images[chosen].astype(np.float32) / 255)
    hidden = model.trace(rows).recurrent.layers[1].forward.hidden.numpy()
    assert stored.layers[1].rows == pytest.approx(stored.layers[1].project(hidden), abs=0.01)


def test_loading_imports_neither_torch_nor_scikit_learn(root: Path) -> None:
    code = (
        "import sys; from rnnviz.analysis import atlas; atlas.load('mnist-lstm');"
        "print([m for m in ('torch', 'sklearn', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.fixture
def copied(tmp_path: Path, root: Path) -> Path:
    """A copy of one committed model with its atlas."""
    return Path(shutil.copytree(root / "pretrained" / "mnist-rnn-last", tmp_path / "mine"))


def test_without_a_file_or_with_other_weights_there_is_no_atlas(copied: Path, root: Path) -> None:
    assert atlas.load(copied).n == 10_000
    shutil.copy(root / "pretrained" / "mnist-rnn" / "model.safetensors", copied)
    with pytest.raises(AtlasError, match="got one of other weights: run `python -m rnnviz atlas"):
        atlas.load(copied)
    (copied / "atlas.npz").unlink()
    with pytest.raises(AtlasError, match="got none: run `python -m rnnviz atlas mine`"):
        atlas.load(copied)
    with pytest.raises(storage.CheckpointError):
        atlas.load("no-such-model")


def damaged(copied: Path, **changes: object) -> None:
    """Write the atlas again with some arrays changed, or left out where the change is None."""
    path = copied / "atlas.npz"
    arrays = dict(np.load(path)) | changes
    np.savez(path, **{name: value for name, value in arrays.items() if value is not None})


@pytest.mark.parametrize(
    "changes",
    [
        {"about": None},
        {"about": np.array("{}")},
        {"about": np.array('{"version": 99}')},
        {"about": np.array("not json")},
        {"labels": np.full(1500, 77, np.uint8)},
        {"labels": np.zeros((2, 2), np.uint8)},
        {"early_accuracy": np.full(28, np.nan, np.float32)},
        {"early_confidence": np.zeros(3, np.float32)},
        {"layer1.final": np.zeros((3, 3), np.float16)},
        {"layer1.components": np.zeros((3, 7), np.float32)},
        {"layer0.rows": np.zeros((300, 28, 3), np.int64)},
        {"layer0.rows": np.zeros((2000, 28, 3), np.float16)},
        {"layer0.distribution.hidden": None},
        {"labels": np.array([{"a": 1}], dtype=object)},
    ],
    ids=range(14),
)
def test_a_damaged_file_is_refused_in_one_sentence(
    copied: Path, changes: dict[str, object]
) -> None:
    damaged(copied, **changes)
    with pytest.raises(AtlasError, match="expected an atlas of version 1 in .*: run `python -m"):
        atlas.load(copied)


def test_what_is_no_archive_or_a_huge_one_is_refused(copied: Path) -> None:
    path = copied / "atlas.npz"
    whole = path.read_bytes()
    for contents in (b"", b"hello", whole[:5000], whole[:-40]):
        path.write_bytes(contents)
        with pytest.raises(AtlasError, match="another or a damaged file"):
            atlas.load(copied)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("labels.npy", bytes(atlas.MOST_BYTES + 1))
    with pytest.raises(AtlasError, match="another or a damaged file"):
        atlas.load(copied)


def test_the_command_writes_the_file_and_says_so(tmp_path: Path) -> None:
    folder = checkpoint.save(small(), tmp_path / "mine", {"task": "none"})
    data = tmp_path / "data.npz"
    np.savez(data, images=IMAGES, labels=LABELS)
    said = CliRunner().invoke(app, ["atlas", str(folder), "--data", str(data)])
    assert said.exit_code == 0, said.output
    assert "20 of " in said.output and str(folder / "atlas.npz") in said.output
    assert atlas.load(folder).n == 20
    # Training again into the same folder replaces it, atlas and all.
    storage.check_replaceable(folder)


def test_the_command_tells_what_does_not_fit(tmp_path: Path) -> None:
    torch.manual_seed(0)
    narrow = SequenceClassifier("rnn", 9, 4, 1).eval()
    folder = checkpoint.save(narrow, tmp_path / "narrow", {"task": "none"})
    few, data = tmp_path / "few.npz", tmp_path / "data.npz"
    np.savez(few, images=IMAGES[:3], labels=LABELS[:3])
    np.savez(data, images=IMAGES, labels=LABELS)
    for file, words in ((few, "expected 10 images or more"), (data, "expected rows of shape")):
        said = CliRunner().invoke(app, ["atlas", str(folder), "--data", str(file)])
        assert said.exit_code == 2 and words in said.output
    assert not (folder / "atlas.npz").exists()
