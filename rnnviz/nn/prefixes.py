"""What a network with a backward direction would have answered, had the text ended earlier.

The forward direction is the same for all prefixes of a text, so it is read once. The backward one
begins at the end of what was read, so each prefix needs a sweep of its own: `sum(ends)` steps of
one unit of work. They run as one batch that grows: going back in time, a prefix joins where it
ends, with no state. All of them take the same input at a step, which is projected once.

Shapes: `T` steps, `P` prefixes, `I` input size, `H` hidden size, `R` fed-back size, `G` gates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from rnnviz.nn.cells import Cell, GRUCell, LSTMCell, RNNCell
from rnnviz.nn.sweeps import both_biases, project

AT_ONCE = 8192
"""Steps of all prefixes that a readout gets at once: what it makes of them stays in the cache."""


@torch.no_grad()
def backward_states(cell: Cell, inputs: Tensor, ends: Tensor) -> Tensor:
    """The hidden states of a backward direction on many prefixes of one sequence, `(T, P, R)`.

    Prefix `p` is read from step `ends[p] - 1` down to 0, beginning with no state; what lies beyond
    its end is zero.

    Args:
        cell: one layer in the backward direction.
        inputs: `(T, I)`, one sequence.
        ends: `(P,)` lengths of the prefixes in 1..T, in falling order.
    """
    steps = int(ends[0])
    reading = torch.bincount(ends.cpu() - 1, minlength=steps).flip(0).cumsum(0).flip(0).tolist()
    fed_back = cell.initial_state(0)[0].shape[1]
    # One step more than there are: before its first step, every prefix finds zeros there.
    hidden = inputs.new_zeros(steps + 1, len(ends), fed_back)
    _GROWING[type(cell)](cell, inputs[:steps], hidden, reading)
    return hidden[:steps]


def groups(ends: Tensor, most: int = AT_ONCE) -> Iterator[slice]:
    """Slices of prefixes in falling order that are read out together: alike in length, not many."""
    start = 0
    while start < len(ends):
        many = max(1, most // int(ends[start]))
        yield slice(start, start + many)
        start += many


def _grow_rnn(cell: RNNCell, inputs: Tensor, hidden: Tensor, reading: list[int]) -> None:
    squash = Tensor.relu_ if cell.activation is torch.relu else Tensor.tanh_
    projected = project(inputs[:, None], cell.weight_ih, both_biases(cell))
    weight = cell.weight_hh.t().contiguous()
    for t in reversed(range(len(reading))):
        n = reading[t]
        squash(torch.addmm(projected[t], hidden[t + 1, :n], weight, out=hidden[t, :n]))


def _grow_gru(cell: GRUCell, inputs: Tensor, hidden: Tensor, reading: list[int]) -> None:
    size = cell.hidden_size
    projected = project(inputs[:, None], cell.weight_ih, cell.bias_ih)
    two = projected[..., : 2 * size]
    bias_n = hidden.new_zeros(size)
    if cell.bias_hh is not None:
        two += cell.bias_hh[: 2 * size]
        bias_n = cell.bias_hh[2 * size :]
    weight = cell.weight_hh.t().contiguous()
    weight_rz, weight_n = weight[:, : 2 * size], weight[:, 2 * size :]
    gates = hidden.new_empty(hidden.shape[1], 2 * size)
    candidate = hidden.new_empty(hidden.shape[1], size)
    for t in reversed(range(len(reading))):
        n = reading[t]
        before = hidden[t + 1, :n]
        torch.addmm(two[t], before, weight_rz, out=gates[:n]).sigmoid_()
        r, z = gates[:n].chunk(2, dim=-1)
        new = torch.addmm(bias_n, before, weight_n, out=candidate[:n])
        new.mul_(r).add_(projected[t, :, 2 * size :]).tanh_()
        torch.lerp(new, before, z, out=hidden[t, :n])


def _grow_lstm(cell: LSTMCell, inputs: Tensor, hidden: Tensor, reading: list[int]) -> None:
    size = cell.hidden_size
    projected = project(inputs[:, None], cell.weight_ih, both_biases(cell))
    weight = cell.weight_hh.t().contiguous()
    gates = hidden.new_empty(hidden.shape[1], 4 * size)
    cells = hidden.new_zeros(hidden.shape[1], size)
    for t in reversed(range(len(reading))):
        n = reading[t]
        fused = torch.addmm(projected[t], hidden[t + 1, :n], weight, out=gates[:n])
        fused[:, : 2 * size].sigmoid_()
        i, f, g, o = fused.chunk(4, dim=-1)
        c = cells[:n].mul_(f).addcmul_(i, g.tanh_())
        if cell.weight_hr is None:
            torch.tanh(c, out=hidden[t, :n]).mul_(o.sigmoid_())
        else:
            torch.mm(c.tanh() * o.sigmoid_(), cell.weight_hr.t(), out=hidden[t, :n])


_GROWING: dict[type, Callable[[Any, Tensor, Tensor, list[int]], None]] = {
    RNNCell: _grow_rnn,
    GRUCell: _grow_gru,
    LSTMCell: _grow_lstm,
}
