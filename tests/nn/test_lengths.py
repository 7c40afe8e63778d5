"""One check of lengths, wherever they are given. Oracle: the same lengths as an int64 tensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

import rnnviz
from rnnviz.models.classifier import SequenceClassifier

INPUTS = torch.rand(3, 7, 4, generator=torch.Generator().manual_seed(0))
WANTED = [7, 3, 1]
FORMS: list[Any] = [
    WANTED,
    tuple(WANTED),
    np.array(WANTED),
    [np.int32(length) for length in WANTED],
    [torch.tensor(length) for length in WANTED],
    *(np.array(WANTED, kind) for kind in ("u1", "i2", ">i8", "u8")),
    np.array([7, 0, 3, 0, 1])[::2],
    *(torch.tensor(WANTED, dtype=kind) for kind in (torch.uint8, torch.int16, torch.int32)),
]
BAD: list[tuple[Any, str]] = [
    ([7.0, 3.0, 1.0], "integers, got float64"),
    (torch.tensor([7.0, 3.0, 1.0]), "integers, got torch.float32"),
    (np.array([7, 3, 1], "f4"), "integers, got float32"),
    ([True, True, True], "integers, got bool"),
    (["7", "3", "1"], "integers, got <U1"),
    ([7, None, 1], "integers, got object"),
    ([[7], [3, 1]], "integers"),
    ("abc", "integers, got <U3"),
    ([7, 3], r"shape \(3,\).*\(2,\)"),
    ([], r"shape \(3,\).*\(0,\)"),
    (7, r"shape \(3,\).*\(\)"),
    ([[7, 3, 1]], r"shape \(3,\).*\(1, 3\)"),
    ([7, 0, 1], r"1\.\.7, got 0\.\.7"),
    ([7, -2, 1], r"1\.\.7, got -2\.\.7"),
    ([8, 3, 1], r"1\.\.7, got 1\.\.8"),
    (np.array([2**64 - 1, 3, 1], "u8"), r"1\.\.7, got -1\.\.3"),
]


def _layer(kind: Any) -> Any:
    torch.manual_seed(0)
    return kind(4, 5, batch_first=True, bidirectional=True)


def _classifier() -> SequenceClassifier:
    torch.manual_seed(0)
    return SequenceClassifier("gru", 4, 5, num_classes=2, labels=("a", "b")).eval()


WAYS: dict[str, Callable[[Any], Tensor]] = {
    "layer": lambda lengths: _layer(rnnviz.GRU)(INPUTS, lengths=lengths)[0],
    "run": lambda lengths: rnnviz.run(_layer(nn.GRU), INPUTS, lengths=lengths).output,
    "run of a layer": lambda lengths: _layer(rnnviz.LSTM).run(INPUTS, lengths=lengths).output,
    "trace": lambda lengths: rnnviz.trace(_layer(nn.LSTM), INPUTS, lengths).output,
    "trace of a layer": lambda lengths: _layer(rnnviz.RNN).trace(INPUTS, lengths).output,
    "classifier": lambda lengths: _classifier()(INPUTS, lengths),
    "trace of a classifier": lambda lengths: _classifier().trace(INPUTS, lengths).logits,
}


@pytest.mark.parametrize("way", WAYS)
def test_every_form_of_integers(way: str) -> None:
    wanted = WAYS[way](torch.tensor(WANTED))
    for lengths in FORMS:
        torch.testing.assert_close(WAYS[way](lengths), wanted)
    whole = WAYS[way](None)
    for every in ([7, 7, 7], np.full(3, 7)):
        torch.testing.assert_close(WAYS[way](every), whole)


@pytest.mark.parametrize(("lengths", "message"), BAD)
@pytest.mark.parametrize("way", WAYS)
def test_one_sentence_for_what_is_wrong(way: str, lengths: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^lengths must .*{message}"):
        WAYS[way](lengths)


@pytest.mark.parametrize("sort", [False, True])
def test_a_packed_sequence_brings_its_own(sort: bool) -> None:
    packed = pack_padded_sequence(INPUTS, WANTED, batch_first=True, enforce_sorted=sort)
    ways: list[Callable[..., Any]] = [
        lambda given, lengths: _layer(rnnviz.GRU)(given, lengths=lengths),
        lambda given, lengths: rnnviz.run(_layer(nn.GRU), given, lengths=lengths),
        lambda given, lengths: rnnviz.trace(_layer(nn.GRU), given, lengths),
        lambda given, lengths: rnnviz.trace(_layer(rnnviz.GRU), given, lengths),
        lambda given, lengths: _layer(rnnviz.GRU).trace(given, lengths),
    ]
    for way in ways:
        way(packed, None)
        for lengths in ([1, 1, 1], torch.tensor(WANTED), np.array(WANTED)):
            with pytest.raises(ValueError, match="^lengths: expected None beside a PackedSequence"):
                way(packed, lengths)
    with pytest.raises(TypeError, match="inputs: expected a tensor, got PackedSequence"):
        _classifier()(packed)


def test_read_only_arrays_make_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    lengths = np.array(WANTED)
    lengths.flags.writeable = False
    WAYS["classifier"](lengths)
    assert not recwarn.list


def test_a_batch_of_none() -> None:
    layer = _layer(rnnviz.GRU)
    for lengths in ([], np.array([], "i8"), torch.tensor([], dtype=torch.int32)):
        assert layer(INPUTS[:0], lengths=lengths)[0].shape == (0, 7, 10)
