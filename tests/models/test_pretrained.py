"""The committed models. Oracles: their cards, the aims, and images never trained on."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch

from rnnviz.data import digits, mnist, samples
from rnnviz.models import checkpoint, evaluation, storage, tokens

NAMES = [f"mnist-{cell}{readout}" for cell in ("rnn", "gru", "lstm") for readout in ("", "-last")]


# The aims; a plain RNN that has to carry 28 rows in its last state misses them (docs/training.md).
ON_MNIST = {"rnn": 0.99, "gru": 0.995, "lstm": 0.995}
ON_DIGITS = 0.95
SHORT_OF_THE_AIM = {"mnist-rnn-last": (0.985, 0.93)}

OF_TEXTS = [f"imdb-{cell}" for cell in ("rnn", "gru", "lstm")]
THERE = [name for name in OF_TEXTS if name in storage.names()]


@pytest.fixture(scope="module")
def redrawn() -> tuple[torch.Tensor, torch.Tensor]:
    images, labels = digits.load()
    return torch.as_tensor(images), torch.as_tensor(labels)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_name_promises(name: str) -> None:
    _, cell, *last = name.split("-")
    config = checkpoint.load(name).config
    assert config["cell"] == cell
    assert config["readout"] == (last[0] if last else "attention")
    assert (config["num_layers"], config["hidden_size"], config["bidirectional"]) == (2, 128, False)
    assert config["engine"] == "bptt"
    assert config["labels"] == list("0123456789")


@pytest.mark.parametrize("name", NAMES)
def test_the_card_tells_how_it_came_about(name: str, root: Path) -> None:
    card, path = storage.card(name), root / "pretrained" / name / "model.safetensors"
    assert card["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert path.stat().st_size == card["bytes"] < 2_000_000
    assert f"train mnist --cell {name.split('-')[1]} " in card["command"]
    assert f"--seed {card['seed']}" in card["command"]
    assert card["training_images"] == 55_000 and card["held_out"]["n"] == 5_000
    aim, _ = SHORT_OF_THE_AIM.get(name, (ON_MNIST[name.split("-")[1]], ON_DIGITS))
    assert card["test"]["n"] == 10_000 and card["test"]["accuracy"] >= aim
    assert card["data"] and card["licence"] and card["date"] and card["versions"]["torch"]
    assert "interrupted" not in card


@pytest.mark.parametrize("name", NAMES)
def test_digits_from_another_source_are_read(
    name: str, redrawn: tuple[torch.Tensor, torch.Tensor]
) -> None:
    _, aim = SHORT_OF_THE_AIM.get(name, (None, ON_DIGITS))
    assert evaluation.score(checkpoint.load(name), *redrawn).accuracy >= aim


@pytest.mark.parametrize("name", NAMES)
def test_the_bundled_samples_are_read(name: str) -> None:
    images, labels = samples.load()
    score = evaluation.score(
        checkpoint.load(name), torch.as_tensor(images), torch.as_tensor(labels)
    )
    assert score.accuracy >= 0.9


@pytest.mark.parametrize("name", NAMES)
def test_the_card_states_the_accuracy_on_the_test_images(
    name: str, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RNNVIZ_DATA", str(data_folder))
    images, labels = mnist.load("test")
    score = evaluation.score(
        checkpoint.load(name), torch.as_tensor(images), torch.as_tensor(labels)
    )
    # Another processor may round a near tie the other way.
    assert score.accuracy == pytest.approx(storage.card(name)["test"]["accuracy"], abs=0.0005)


@pytest.mark.parametrize("name", THERE or ["none"])
def test_the_models_of_texts_are_what_they_say(name: str, root: Path) -> None:
    if name not in THERE:
        pytest.skip("no models of texts in pretrained/")
    card, folder = storage.card(name), root / "pretrained" / name
    model, tokenizer = checkpoint.load(name), tokens.load(name)
    assert model.cell == name.removeprefix("imdb-") and model.recurrent.bidirectional
    assert model.labels == ("negative", "positive") and "attention" in model.config["readout"]
    assert tokenizer.vocabulary_size == model.config["vocabulary_size"]
    assert sum(path.stat().st_size for path in folder.iterdir()) < 12_000_000
    assert card["sha256"] == hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert card["dataset"] == "imdb" and " train imdb " in card["command"]
    assert f" --cell {model.cell} " in card["command"]
    assert card["training_texts"] == 22_500 and card["held_out"]["n"] == 2_500
    assert card["data"] and card["licence"] and card["date"] and "interrupted" not in card
    assert "test" not in card or card["test"]["n"] == 25_000


@pytest.mark.parametrize("name", THERE or ["none"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A wonderful film, moving and beautifully acted. I loved every minute of it.", "positive"),
        ("A terrible film, boring and badly acted. A waste of time, avoid it.", "negative"),
    ],
)
def test_the_models_of_texts_read_plain_words(name: str, text: str, expected: str) -> None:
    if name not in THERE:
        pytest.skip("no models of texts in pretrained/")
    model, ids = checkpoint.load(name), tokens.load(name).encode(text).ids
    with torch.no_grad():
        answer = int(model(torch.from_numpy(ids)[None]).argmax())
    assert model.labels[answer] == expected
