"""One step of each cell against NumPy, gate by gate, and the one loop against packing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnnviz.nn.cells.gru import GRUCell, GRUStep
from rnnviz.nn.cells.lstm import LSTMCell, LSTMStep
from rnnviz.nn.cells.rnn import RNNCell, RNNStep
from rnnviz.nn.unrolling import alive_mask, unroll
from tests.oracle import assert_near

Array = NDArray[np.float64]
BATCH, INPUTS, HIDDEN, PROJECTED = 3, 4, 5, 2


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def draw(*shape: int) -> Array:
    return np.random.default_rng(sum(shape)).normal(size=shape)


def tensors(*arrays: Array | None) -> tuple[Any, ...]:
    return tuple(None if array is None else torch.from_numpy(array) for array in arrays)


def assert_equal(step: Any, wanted: dict[str, Array]) -> None:
    assert set(step._fields) == set(wanted)
    for name, value in wanted.items():
        assert_near(getattr(step, name).numpy(), value, 1e-13)


def weights(gates: int, *, bias: bool, fed_back: int = HIDDEN) -> tuple[Array | None, ...]:
    rows = gates * HIDDEN
    biases = (draw(rows), draw(rows, 1)[:, 0] * 2) if bias else (None, None)
    return draw(rows, INPUTS), draw(rows, fed_back), *biases


def affine(x: Array, weight: Any, bias: Any, gate: int) -> Array:
    """The rows of one gate: `x W^T + b`."""
    rows = slice(gate * HIDDEN, (gate + 1) * HIDDEN)
    return np.asarray(x @ weight[rows].T + (0 if bias is None else bias[rows]))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", ["tanh", "relu"])
def test_rnn(name: str, bias: bool) -> None:
    parts = weights(1, bias=bias)
    x, h = draw(BATCH, INPUTS), draw(BATCH, HIDDEN)
    a = affine(x, parts[0], parts[2], 0) + affine(h, parts[1], parts[3], 0)
    cell = RNNCell(*tensors(*parts), activation=getattr(torch, name))
    step = cell(*tensors(x), tensors(h))
    assert isinstance(step, RNNStep)
    assert_equal(step, {"hidden": np.tanh(a) if name == "tanh" else np.maximum(a, 0)})


@pytest.mark.parametrize("bias", [True, False])
def test_gru(bias: bool) -> None:
    parts = weights(3, bias=bias)
    x, h = draw(BATCH, INPUTS), draw(BATCH, HIDDEN)
    below = [affine(x, parts[0], parts[2], gate) for gate in range(3)]
    back = [affine(h, parts[1], parts[3], gate) for gate in range(3)]
    r = sigmoid(below[0] + back[0])
    z = sigmoid(below[1] + back[1])
    n = np.tanh(below[2] + r * back[2])
    step = GRUCell(*tensors(*parts))(*tensors(x), tensors(h))
    assert isinstance(step, GRUStep)
    hidden = (1 - z) * n + z * h
    assert_equal(step, {"reset_gate": r, "update_gate": z, "candidate": n, "hidden": hidden})


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("projected", [False, True])
def test_lstm(bias: bool, projected: bool) -> None:
    fed_back = PROJECTED if projected else HIDDEN
    parts = weights(4, bias=bias, fed_back=fed_back)
    projection = draw(PROJECTED, HIDDEN) if projected else None
    x, h, c = draw(BATCH, INPUTS), draw(BATCH, fed_back), draw(BATCH, HIDDEN, 1)[..., 0]
    a = [affine(x, parts[0], parts[2], k) + affine(h, parts[1], parts[3], k) for k in range(4)]
    i, f, g, o = sigmoid(a[0]), sigmoid(a[1]), np.tanh(a[2]), sigmoid(a[3])
    c_new = f * c + i * g
    hidden = o * np.tanh(c_new)
    if projection is not None:
        hidden = hidden @ projection.T
    step = LSTMCell(*tensors(*parts, projection))(*tensors(x), tensors(h, c))
    assert isinstance(step, LSTMStep)
    gates = {"input_gate": i, "forget_gate": f, "candidate": g, "output_gate": o}
    assert_equal(step, {**gates, "cell": c_new, "hidden": hidden})


def test_the_update_gate_keeps() -> None:
    """torch's convention, which the screen states: z = 1 leaves the state as it was."""
    rows = torch.zeros(3 * HIDDEN, INPUTS), torch.zeros(3 * HIDDEN, HIDDEN)
    bias = torch.zeros(3 * HIDDEN)
    bias[HIDDEN : 2 * HIDDEN] = 100
    h = torch.randn(BATCH, HIDDEN)
    step = GRUCell(*rows, bias, torch.zeros(3 * HIDDEN))(torch.randn(BATCH, INPUTS), (h,))
    assert torch.equal(step.hidden, h)


@pytest.mark.parametrize(
    ("cell", "shapes"),
    [
        (RNNCell, [(BATCH, HIDDEN)]),
        (GRUCell, [(BATCH, HIDDEN)]),
        (LSTMCell, [(BATCH, HIDDEN), (BATCH, HIDDEN)]),
    ],
)
def test_the_initial_state_is_zero(cell: Any, shapes: list[tuple[int, int]]) -> None:
    parts = tensors(*weights(cell.gates, bias=True))
    state = cell(*parts).initial_state(BATCH)
    assert [tuple(part.shape) for part in state] == shapes
    assert all(part.dtype == torch.float64 and not part.any() for part in state)


def test_the_initial_state_of_a_projected_lstm_has_two_sizes() -> None:
    parts = tensors(*weights(4, bias=False, fed_back=PROJECTED), draw(PROJECTED, HIDDEN))
    hidden, cell = LSTMCell(*parts).initial_state(BATCH)
    assert hidden.shape == (BATCH, PROJECTED)
    assert cell.shape == (BATCH, HIDDEN)


def test_alive_mask() -> None:
    mask = alive_mask(torch.tensor([1, 3]), 3)
    assert mask[..., 0].tolist() == [[True, True], [False, True], [False, True]]


@pytest.mark.parametrize("reverse", [False, True])
def test_unroll_holds_the_state_as_packing_does(reverse: bool) -> None:
    """torch's bidirectional LSTM, packed, is the oracle of both directions."""
    steps, lengths = 6, torch.tensor([6, 1, 4])
    theirs = nn.LSTM(INPUTS, HIDDEN, bidirectional=True, dtype=torch.float64)
    inputs = torch.randn(steps, BATCH, INPUTS, dtype=torch.float64)
    packed = pack_padded_sequence(inputs, lengths, enforce_sorted=False)
    output, (hidden, cell_state) = theirs(packed)
    padded, _ = pad_packed_sequence(output, total_length=steps)
    suffix = "_reverse" if reverse else ""
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    cell = LSTMCell(*(theirs.get_parameter(name + suffix) for name in names))
    alive = alive_mask(lengths, steps)
    state = cell.initial_state(BATCH)
    records, final = unroll(cell, inputs, state, alive=alive, reverse=reverse)
    half = slice(HIDDEN, None) if reverse else slice(HIDDEN)
    ours = torch.stack([step.hidden for step in records]) * alive
    assert_near(ours, padded[..., half], 1e-13)
    assert_near(final[0], hidden[int(reverse)], 1e-13)
    assert_near(final[1], cell_state[int(reverse)], 1e-13)


def test_every_record_of_unroll_is_live() -> None:
    """A gradient reaches every gate of every step, not a stacked copy."""
    cell = LSTMCell(*tensors(*weights(4, bias=True)))
    inputs = torch.randn(4, BATCH, INPUTS, dtype=torch.float64, requires_grad=True)
    records, final = unroll(cell, inputs, tensors(draw(BATCH, HIDDEN), draw(BATCH, HIDDEN)))
    gates: list[Tensor] = [getattr(step, name) for step in records for name in step._fields]
    for slope in torch.autograd.grad(final[0].sum(), gates):
        assert (slope != 0).any()
