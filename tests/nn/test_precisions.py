"""Classifiers under autocast and in other float types. Oracle: the same numbers in float32."""

from __future__ import annotations

import itertools
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from rnnviz.analysis.attribution import explain_text
from rnnviz.analysis.gradient_flow import gradient_flow
from rnnviz.analysis.shuffling import shuffled_attention
from rnnviz.models import checkpoint, tokens
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.models.reader import read_digit, read_text
from rnnviz.models.readouts import READOUTS
from tests.oracle import CELLS

MODES = ("autocast bfloat16", "autocast float16", "bfloat16", "float16", "float64")


def available(mode: str) -> bool:
    """Whether this processor multiplies in that type; torch is asked."""
    kind = getattr(torch, mode.split()[-1])
    try:
        torch.ones(2, 2, dtype=kind) @ torch.ones(2, 2, dtype=kind)
    except RuntimeError:
        return False
    return True


def under(mode: str) -> Any:
    kind = getattr(torch, mode.split()[-1])
    return torch.autocast("cpu", kind) if mode.startswith("autocast") else nullcontext()


def as_in(mode: str, model: Any) -> Any:
    return model if mode.startswith("autocast") else model.to(getattr(torch, mode))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("cell", CELLS)
def test_traces(cell: str, readout: str, mode: str) -> None:
    """One type for the table of answers, of each readout, direction and number of layers."""
    if not available(mode):
        pytest.skip(f"this processor has no {mode}")
    wide = torch.float64 if mode == "float64" else torch.float32
    rows = torch.rand(3, 7, 5, generator=torch.Generator().manual_seed(1))
    lengths = [7, 4, 1]
    for both, layers in itertools.product((False, True), (1, 2)):
        torch.manual_seed(0)
        model = SequenceClassifier(cell, 5, 6, layers, both, readout).eval()
        wanted = model.trace(rows, lengths)
        model = as_in(mode, model)
        with under(mode):
            found, logits = model.trace(rows, lengths), model(rows, lengths)
            asked = model.trace(rows, lengths, prefix_ends=[4])
        assert found.prefix_probabilities.dtype == asked.prefix_probabilities.dtype == wide
        assert found.probabilities.dtype == wide
        assert found.logits.dtype == logits.dtype
        near = {"rtol": 0, "atol": 0.02}
        torch.testing.assert_close(
            found.prefix_probabilities.float(),
            wanted.prefix_probabilities,
            equal_nan=True,
            **near,
        )
        torch.testing.assert_close(logits.float(), found.logits.float(), **near)
        if wanted.attention is not None:
            assert found.attention is not None and found.attention.dtype == wide
            torch.testing.assert_close(found.attention.float(), wanted.attention, **near)


@pytest.mark.parametrize("mode", MODES)
def test_readers_and_analyses(mode: str) -> None:
    """They speak NumPy, which has no bfloat16."""
    if not available(mode):
        pytest.skip(f"this processor has no {mode}")
    network, digits = checkpoint.load("imdb-gru"), checkpoint.load("mnist-gru-last")
    encoded = tokens.load("imdb-gru").encode("not bad at all")
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 12:16] = 255

    def results(model: Any, reader: Any) -> list[np.ndarray]:
        explained = explain_text(model, encoded, 1, steps=4)
        shuffled = shuffled_attention(model, encoded, 1)
        rows = torch.from_numpy(image / np.float32(255))

        def loss(outputs: Tensor) -> Tensor:
            return outputs[0, 1]

        found = [
            read_text(model, encoded, name="text").probabilities,
            read_digit(reader, image, name="digit").probabilities,
            explained.attention,
            explained.probability_without,
            shuffled.attention,
            gradient_flow(reader, rows, loss).outputs,
        ]
        return [np.asarray(one, float) for one in found]

    wanted = results(network, digits)
    network, digits = as_in(mode, network), as_in(mode, digits)
    with under(mode):
        found = results(network, digits)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=0.05 * max(1, np.abs(other).max()))
