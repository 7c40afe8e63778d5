"""Reading one digit, or one text. Oracle: the model's own trace of the same rows or tokens."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rnnviz import checkpoint, decision, reader, tokens
from rnnviz.classifier import SequenceClassifier
from rnnviz.data import samples
from rnnviz.reader import read_digit

IMAGES, LABELS = samples.load()


@pytest.mark.parametrize("name", ["mnist-lstm", "mnist-gru-last", "mnist-rnn"])
def test_a_reading_is_the_trace_of_the_rows(name: str) -> None:
    model, image = checkpoint.load(name), IMAGES[5]
    reading = read_digit(model, image, name=name, truth="2")
    trace = model.trace(torch.from_numpy(image.astype(np.float32) / 255)[None])
    for layer, wanted in zip(reading.layers, trace.recurrent.layers, strict=True):
        for signal, values in layer.forward.items():
            assert np.array_equal(values, getattr(wanted.forward, signal)[0].numpy())
    assert reading.probabilities is not None
    assert np.array_equal(reading.probabilities, trace.prefix_probabilities[0].numpy())
    assert (reading.attention is None) == name.endswith("last")
    assert reading.readout == ("last" if name.endswith("last") else "attention")
    assert np.array_equal(reading.image, image) and (reading.name, reading.truth) == (name, "2")
    assert reading.marks is not None
    (settled,) = [mark for mark in reading.marks if mark.kind == "decision"]
    assert settled.step == decision.decision_step(reading.probabilities)


def test_the_readout_is_what_the_model_has_and_not_what_its_name_says() -> None:
    model = SequenceClassifier("gru", 28, 4, 1, readout="mean").eval()
    assert read_digit(model, IMAGES[0], name="mnist-gru-last").readout == "mean"


def test_errors_say_what_was_expected() -> None:
    model = SequenceClassifier("rnn", 28, 4, 1).eval()
    for wrong in (IMAGES[0].astype(float), IMAGES[0][:14]):
        with pytest.raises(ValueError, match=r"expected a \(28, 28\) uint8 image, got"):
            read_digit(model, wrong, name="x")
    with pytest.raises(ValueError, match="x: expected a model that reads 28 pixels a step"):
        read_digit(SequenceClassifier("rnn", 9, 4, 1).eval(), IMAGES[0], name="x")


@pytest.mark.parametrize("words", [1, 5, 450])
def test_a_text_becomes_a_reading(words: int) -> None:
    """Oracle: the trace of the whole text, and the model on what was read so far."""
    text = " ".join(["The film was not good,", "but the cast 👍 was."] * words)[: 9 * words]
    tokenizer = tokens.train([text, "The film was not good, but the cast was."] * 2, size=80)
    torch.manual_seed(0)
    model = SequenceClassifier(
        "lstm", 6, 4, 1, True, "attention-max", 2, tokenizer.vocabulary_size, labels=("no", "yes")
    ).eval()
    encoded = tokenizer.encode(text, 1000)
    reading = reader.read_text(model, encoded, name="mine")
    ids = torch.from_numpy(encoded.ids)[None]
    trace = model.trace(ids, prefix_ends=[len(encoded)])
    assert reading.tokens == encoded.pieces and reading.step_word == "token"
    layer = trace.recurrent.layers[0]
    np.testing.assert_allclose(
        reading.layers[0].forward["forget_gate"], layer.forward.forget_gate[0]
    )
    np.testing.assert_allclose(reading.layers[0].backward["hidden"], layer.backward.hidden[0])
    np.testing.assert_allclose(reading.attention, trace.attention[0])
    ends = reader.prefix_ends(len(encoded))
    assert ends[0] == 1 and ends[-1] == len(encoded) and len(ends) == min(len(encoded), 200)
    for step in {0, len(encoded) // 3, len(encoded) - 1}:
        end = max(end for end in ends if end <= step + 1)
        expected = model(ids[:, :end]).softmax(-1)[0].detach()
        np.testing.assert_allclose(reading.probabilities[step], expected, atol=1e-5)


def test_a_text_is_not_for_a_model_of_images() -> None:
    encoded = tokens.train(["good"] * 3, size=20).encode("good")
    with pytest.raises(ValueError, match="mine: expected a model that reads tokens"):
        reader.read_text(SequenceClassifier(hidden_size=4), encoded, name="mine")
