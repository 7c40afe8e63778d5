"""The loop of a trace against the live step loop, in float64."""

from typing import Any

import pytest
import torch
from torch import Tensor

from rnnviz.nn import bptt
from rnnviz.nn.cells.kinds import Cell
from rnnviz.nn.cells.weights import State
from rnnviz.nn.unrolling import alive_mask, each_direction, unroll
from tests.oracle import CELLS, assert_near, twins

record_layer = each_direction(bptt.record)
KINDS = [
    *((cell, {}) for cell in CELLS),
    *((cell, {"bias": False}) for cell in CELLS),
    ("rnn", {"nonlinearity": "relu"}),
    ("lstm", {"proj_size": 3}),
]


def layer(cell: str, batch: int, **options: Any) -> tuple[list[Cell], list[State]]:
    """Both directions of one layer, and a state for each."""
    torch.manual_seed(0)
    module, _ = twins(cell, 4, 5, bidirectional=True, **options)
    cells = [module.cell(0), module.cell(0, reverse=True)]
    states = [tuple(torch.rand_like(p) for p in one.initial_state(batch)) for one in cells]
    return cells, states


def assert_is_the_step_loop(
    cells: list[Cell], inputs: Tensor, states: list[State], lengths: Tensor | None = None
) -> None:
    alive = None if lengths is None else alive_mask(lengths, len(inputs))
    recorded = record_layer(cells, inputs, states, alive=alive)
    assert len(recorded) == len(cells)
    for reverse, (step, final) in enumerate(recorded):
        records, last = unroll(
            cells[reverse], inputs, states[reverse], alive=alive, reverse=bool(reverse)
        )
        for name in step._fields:
            wanted = torch.stack([getattr(record, name) for record in records])
            assert_near(getattr(step, name), wanted, 1e-12)
        for mine, loops in zip(final, last, strict=True):
            assert_near(mine, loops, 1e-12)


@pytest.mark.parametrize("steps", [1, 7, 32, 33, 70])
@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize(("cell", "options"), KINDS)
def test_is_the_step_loop(cell: str, options: dict[str, Any], directions: int, steps: int) -> None:
    """Sequences of one block of views, and of several; from a state that is not zero."""
    cells, states = layer(cell, 3, **options)
    inputs = torch.randn(steps, 3, 4, dtype=torch.float64)
    assert_is_the_step_loop(cells[:directions], inputs, states[:directions])


@pytest.mark.parametrize("batch", [1, 8, 9])
@pytest.mark.parametrize("cell", CELLS)
def test_few_and_many_sequences(cell: str, batch: int) -> None:
    inputs = torch.randn(40, batch, 4, dtype=torch.float64)
    cells, states = layer(cell, batch)
    assert_is_the_step_loop(cells, inputs, states)


@pytest.mark.parametrize("cell", CELLS)
def test_sequences_that_differ_in_length(cell: str) -> None:
    inputs = torch.randn(40, 3, 4, dtype=torch.float64)
    cells, states = layer(cell, 3)
    assert_is_the_step_loop(cells, inputs, states, torch.tensor([40, 1, 33]))


@pytest.mark.parametrize("cell", CELLS)
def test_what_is_recorded_may_be_used_in_a_graph(cell: str) -> None:
    """Autograd refuses tensors of inference mode: none may be left in a record."""
    cells, states = layer(cell, 1)
    inputs = torch.randn(40, 1, 4, dtype=torch.float64)
    weight = torch.randn(5, dtype=torch.float64, requires_grad=True)
    for step, final in record_layer(cells, inputs, states, alive=None):
        for signal in (*step, *final):
            assert not signal.is_inference() and not signal.requires_grad
            (gradient,) = torch.autograd.grad((signal * weight).sum(), weight)
            assert_near(gradient, signal.flatten(0, -2).sum(0), 1e-5)
            signal.zero_()


@pytest.mark.parametrize("cell", CELLS)
def test_two_records_share_no_memory(cell: str) -> None:
    """The second run in the same buffers leaves the first as it was."""
    cells, states = layer(cell, 1)
    inputs = torch.randn(70, 1, 4, dtype=torch.float64)
    first = record_layer(cells, inputs, states, alive=None)
    kept = [signal.clone() for step, final in first for signal in (*step, *final)]
    record_layer(cells, -inputs, states, alive=None)
    now = [signal for step, final in first for signal in (*step, *final)]
    assert all(torch.equal(a, b) for a, b in zip(kept, now, strict=True))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("cell", CELLS)
def test_precisions(cell: str, dtype: torch.dtype) -> None:
    cells, states = layer(cell, 2, dtype=dtype)
    inputs = torch.randn(40, 2, 4, dtype=dtype)
    recorded = record_layer(cells, inputs, states, alive=None)
    for reverse, (step, _) in enumerate(recorded):
        assert all(signal.dtype == dtype for signal in step)
        records, _ = unroll(cells[reverse], inputs, states[reverse], reverse=bool(reverse))
        wanted = torch.stack([record.hidden for record in records])
        rounding = 40 * torch.finfo(dtype).eps
        assert_near(step.hidden, wanted, rounding)
