"""Shares and distributions. Oracles: counting one value at a time, and what a trace holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.analysis import saturation
from rnnviz.analysis.saturation import BINS, GATE, SIGNED, distribution, drawn, layer_shares, shares
from rnnviz.models import checkpoint
from rnnviz.notation.cells import DRAWN

VALUES = st.lists(st.floats(0, 1, width=32), min_size=1, max_size=60)


@given(VALUES)
def test_shares_are_what_counting_gives(values: list[float]) -> None:
    low = high = 0
    for value in values:
        low += value < 0.1
        high += value > 0.9
    found = shares(np.array(values))
    assert (found.low, found.high, found.n) == (low / len(values), high / len(values), len(values))
    assert found.between == pytest.approx(1 - (low + high) / len(values))


@given(VALUES)
def test_a_distribution_is_what_counting_gives(values: list[float]) -> None:
    found = distribution(np.array(values)) * len(values)
    for k, count in enumerate(found):
        first, last = k / BINS, (k + 1) / BINS
        closed = k == BINS - 1
        inside = [v for v in values if first <= v and (v <= last if closed else v < last)]
        # A value within rounding of an edge may fall on either side of it.
        on_edge = sum(abs(v - first) < 1e-9 or abs(v - last) < 1e-9 for v in values)
        assert abs(count - len(inside)) <= on_edge + 1e-9
    assert found.sum() == pytest.approx(len(values))


def test_the_bounds_themselves_count_in_neither_end() -> None:
    found = shares(np.array([0.1, 0.9, 0.05, 0.95]))
    assert (found.low, found.high) == (0.25, 0.25)
    assert shares(np.array([0.2, 0.4, 0.6]), low=0.3, high=0.5).low == pytest.approx(1 / 3)


def test_padding_is_not_counted() -> None:
    padded = np.array([[0.05, 0.5], [np.nan, np.nan]])
    assert shares(padded) == saturation.Shares(0.5, 0.0, 2)
    assert distribution(padded)[1] == distribution(padded)[10] == 0.5


def test_what_lies_beyond_the_range_counts_in_the_outermost_bin() -> None:
    found = distribution(np.array([-7.0, 0.0, 1.0, 3.0]), SIGNED)
    assert found[0] == 0.25 and found[-1] == 0.5 and found.sum() == 1


def test_errors_say_what_was_expected() -> None:
    with pytest.raises(ValueError, match="expected low below high, got"):
        shares(np.zeros(3), low=0.5, high=0.5)
    for function in (shares, distribution):
        with pytest.raises(ValueError, match="everything is padding"):
            function(np.full(4, np.nan))


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_layers_of_a_model(cell: str) -> None:
    import torch

    model = checkpoint.load(f"mnist-{cell}")
    step = model.trace(torch.rand(2, 28, 28)).recurrent.layers[1].forward
    names = [name for name in DRAWN[cell] if name.endswith("gate")] or ["hidden"]
    assert set(drawn(step)) == set(names) == set(layer_shares(step))
    for name, found in layer_shares(step._asdict()).items():
        values = [float(v) for v in getattr(step, name).flatten()]
        bound = 0.9 if name == "hidden" else 0.1
        low = -0.9 if name == "hidden" else bound
        assert found.low == sum(v < low for v in values) / len(values)
        assert found.high == sum(v > 0.9 for v in values) / len(values)
    assert saturation.scale_of("hidden") == SIGNED and saturation.scale_of("update_gate") == GATE
