"""Reading one digit. Oracle: the model's own trace of the same rows."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rnnviz import checkpoint, decision
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
