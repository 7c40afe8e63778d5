"""Readings: marks, ghosts, orders and bare traces. Oracles: `torch.nn`'s own outputs, the decision
and ordering modules, and a payload that comes back as it was."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import rnnviz
from rnnviz.theatre.ordering import unit_orders
from rnnviz.theatre.reading import (
    LayerReading,
    LeftOutText,
    Mark,
    Reading,
    reading_from_trace,
)
from tests.oracle import assert_near
from tests.theatre.test_theatre import made_up

SURE = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.2, 0.7], [0, 0, 1], [0, 0, 1]])


def there_and_back(reading: Reading) -> Reading:
    return Reading.from_payload(json.loads(json.dumps(reading.to_payload())))


def test_a_reading_marks_its_own_decision_and_flips() -> None:
    reading = made_up(probabilities=SURE, marks=None)
    assert reading.marks is not None
    assert [(one.kind, one.step, one.label) for one in reading.marks] == [
        ("decision", 2, "decision row"),
        ("flip", 1, "a to b"),
        ("flip", 2, "b to c"),
    ]
    assert reading.marks[0].words.startswith("The answer changes 2 times. From row 3 on it is c;")
    assert there_and_back(reading).marks == reading.marks


def test_what_is_special_about_a_text_travels_too() -> None:
    plain = there_and_back(made_up())
    assert (plain.unknown, plain.left_out, plain.replaced, plain.pads) == ((), None, {}, 0)
    assert plain.answered is None
    tokens = ("not ", "\u202ebad", "\r\n", "", "at all")
    reading = made_up(
        tokens=tokens,
        unknown=(1, 3),
        left_out=LeftOutText(after=2, tokens=1234, characters=5678),
        replaced={0: "very", 4: ""},
        pads=2,
        answered=(0, 2, 4),
    )
    back = there_and_back(reading)
    assert back.tokens == tokens
    assert back.unknown == (1, 3) and back.left_out == LeftOutText(2, 1234, 5678)
    assert back.replaced == {0: "very", 4: ""} and back.pads == 2
    assert back.answered == (0, 2, 4)
    worked_out, held = reading.worked_out(), reading.probabilities
    assert worked_out is not None and held is not None and np.isnan(worked_out[[1, 3]]).all()
    np.testing.assert_array_equal(worked_out[::2], held[::2])


def test_orders_travel_with_each_direction() -> None:
    reading = made_up(units=7)
    layers = reading.to_payload()["layers"]
    hidden = reading.layers[0].forward["hidden"]
    assert layers[0]["orders"]["forward"] == {k: list(v) for k, v in unit_orders(hidden).items()}
    assert layers[0]["orders"]["backward"] is None
    backward = reading.layers[1].directions["backward"]["hidden"]
    read = [backward[4 - step] for step in range(5)]
    way = np.abs(np.diff(read, axis=0, prepend=np.zeros((1, 7)))).sum(axis=0)
    assert layers[1]["orders"]["backward"]["activity"] == list(np.argsort(-way))
    assert sorted(layers[1]["orders"]["backward"]["cluster"]) == list(range(7))


def test_a_ghost_comes_along_and_has_none_of_its_own() -> None:
    ghost = made_up(steps=9, name="pinned digit")
    reading = made_up().with_ghost(ghost.with_ghost(made_up()))
    back = there_and_back(reading)
    assert back.ghost is not None and back.ghost.ghost is None
    assert (back.ghost.name, back.ghost.steps, back.steps) == ("pinned digit", 9, 5)
    assert reading.with_ghost(None).to_payload()["ghost"] is None


@pytest.mark.parametrize("other", [made_up("gru"), made_up(units=6)])
def test_a_ghost_of_another_kind_is_refused(other: Reading) -> None:
    with pytest.raises(ValueError, match="ghost: expected a lstm with layers"):
        made_up().with_ghost(other)


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_a_bare_layer_is_a_reading_without_an_answer(kind: Any) -> None:
    torch.manual_seed(0)
    model = kind(5, 6, num_layers=2, batch_first=True, bidirectional=True).double()
    inputs = torch.rand(3, 8, 5, dtype=torch.float64)
    trace = rnnviz.trace(model, inputs, torch.tensor([8, 4, 6]))
    reading = reading_from_trace(trace, name="mine", example=1, step_word="step")
    packed = nn.utils.rnn.pack_padded_sequence(
        inputs, torch.tensor([8, 4, 6]), batch_first=True, enforce_sorted=False
    )
    output, _ = nn.utils.rnn.pad_packed_sequence(model(packed)[0], batch_first=True)
    top = reading.layers[1]
    assert top.backward is not None
    both = np.concatenate([top.forward["hidden"], top.backward["hidden"]], axis=1)
    assert_near(both, output[1, :4].detach().numpy(), 1e-12)
    assert (reading.steps, reading.answer, reading.marks) == (4, None, ())
    assert there_and_back(reading).probabilities is None


def test_half_precision_is_read_too() -> None:
    model = nn.GRU(2, 3, batch_first=True).bfloat16()
    trace = rnnviz.trace(model, torch.rand(1, 4, 2).bfloat16())
    reading = reading_from_trace(trace, name="mine")
    wanted = trace.layers[0].forward.hidden[0].float().numpy()
    assert (reading.layers[0].forward["hidden"] == wanted).all()


def test_an_example_that_is_not_there_is_named() -> None:
    trace = rnnviz.trace(nn.GRU(2, 3, batch_first=True), torch.rand(2, 4, 2))
    with pytest.raises(IndexError, match=r"expected 0..1, got 2: the trace holds 2 sequences"):
        reading_from_trace(trace, name="mine", example=2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layers": ()}, "at least one layer"),
        ({"probabilities": None}, r"expected probabilities \(5, 3\)"),
        ({"classes": ()}, r"expected \(5, 0\)"),
        ({"tokens": ("a", "b")}, "tokens: expected 5 steps, got 2"),
        ({"marks": (Mark(5, "late"),)}, "marks: expected a step of 0..4"),
        ({"unknown": (0, 5)}, "unknown: expected steps of 0..4, got 5"),
        ({"replaced": {-1: "x"}}, "replaced: expected steps of 0..4, got -1"),
        ({"left_out": LeftOutText(6, 1, 1)}, "left_out: expected 0..5 tokens, got 6"),
        ({"pads": 6}, "pads: expected 0..5, got 6"),
        ({"answered": (0, 5)}, "answered: expected steps of 0..4, got 5"),
        ({"answered": (2, 0)}, r"answered: expected rising steps, got \[2, 0\]"),
    ],
)
def test_what_does_not_fit_together_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        made_up(**change)


def test_a_diverged_network_is_named_as_such() -> None:
    model = nn.GRU(2, 3, batch_first=True)
    nn.init.constant_(model.weight_hh_l0, float("nan"))
    with pytest.raises(ValueError, match="reset_gate: expected finite values, .* has diverged"):
        reading_from_trace(rnnviz.trace(model, torch.rand(1, 4, 2)), name="mine")


def test_layers_of_projections_are_refused_in_words() -> None:
    signals = dict(made_up().layers[0].forward)
    signals["hidden"] = signals["hidden"][:, :2]
    with pytest.raises(ValueError, match="proj_size"):
        made_up(layers=(LayerReading(signals),))
