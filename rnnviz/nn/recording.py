"""Every signal of a layer with few sequences, both directions at once: the loop that a trace runs.

With few sequences the arithmetic of a step takes less time than the calls of torch that ask for it.
So the loop makes as few calls as it can:

- Both directions are one batch `(D, B, ...)`. Step `s` of reading is time `s` for the forward
  direction and time `T - 1 - s` for the backward one. Of `a_s = x_s W_ih^T + b + h_(s-1) W_hh^T`
  the first part is worked out for all steps before; the second is one product for both.
- The steps are computed in a small room for `K` of them. Its views are made once and serve again
  for each `K` steps, and it stays in the cache. What was computed is copied out, in order of time.
- In an LSTM's room the candidate comes last, so that one call squashes the three gates.

Nothing is differentiated here: the room is in inference mode. What is copied out of it is not.

Shapes: `T` steps, `B` batch, `D` directions, `I` input size, `H` hidden size, `R` fed-back size,
`G` gates, `K` steps of a room.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from rnnviz.nn import bptt, buffers
from rnnviz.nn.cells import (
    Cell,
    GRUCell,
    GRUStep,
    LSTMCell,
    LSTMStep,
    RNNCell,
    RNNStep,
    State,
    Step,
)
from rnnviz.nn.sweeps import both_biases, project
from rnnviz.nn.unrolling import each_direction

FEW = 8
"""Sequences up to which calls, not arithmetic, are what a step costs."""

_STEPS = 32  # in a room


class Room(Protocol):
    """Where `K` steps of one cell in `D` directions are computed."""

    rooms: tuple[Tensor, ...]
    """What is recorded, `(K, D, B, ...)`; the first begins as the projected input."""
    held: tuple[Tensor, ...]
    """The state `(K + 1, D, B, ...)` before each step and, at the end, after the last."""

    def __init__(self, cells: Sequence[Any], steps: int, batch: int) -> None: ...

    @staticmethod
    def projection(cell: Any) -> tuple[Tensor, Tensor | None]:
        """Return weight `(G H, I)` and bias `(G H,)` of the input, rows in the room's order."""

    def read(self, count: int) -> None:
        """Compute the first `count` steps in place."""

    @staticmethod
    def step(records: Sequence[Tensor]) -> Step:
        """Return the signals `(T, B, H)` by name, from what was copied out of `rooms`."""


class RNNRoom:
    """`h_s = phi(a_s)`, in place: the hidden states begin as the projected input."""

    def __init__(self, cells: Sequence[RNNCell], steps: int, batch: int) -> None:
        self.held = (_room(cells, steps + 1, batch, cells[0].hidden_size),)
        self.rooms = (self.held[0][1:],)
        self.weight = _stacked([cell.weight_hh for cell in cells])
        self.squash = Tensor.relu_ if cells[0].activation is torch.relu else Tensor.tanh_
        self.views = self.held[0].unbind(0)

    @staticmethod
    def projection(cell: RNNCell) -> tuple[Tensor, Tensor | None]:
        return cell.weight_ih, both_biases(cell)

    def read(self, count: int) -> None:
        weight, squash, hidden = self.weight, self.squash, self.views[0]
        for new in self.views[1 : count + 1]:
            hidden = squash(new.baddbmm_(hidden, weight))

    @staticmethod
    def step(records: Sequence[Tensor]) -> RNNStep:
        return RNNStep(*records)


class GRURoom:
    """`r, z = sigmoid(a_s)`, `n = tanh(x_n + r (W_hn h + b_hn))`, `h_s = (1 - z) n + z h_(s-1)`."""

    def __init__(self, cells: Sequence[GRUCell], steps: int, batch: int) -> None:
        size = cells[0].hidden_size
        gates = _room(cells, steps, batch, 3 * size)
        self.held = (_room(cells, steps + 1, batch, size),)
        self.rooms = (gates, self.held[0][1:])
        self.weight = _stacked([cell.weight_hh for cell in cells])
        self.bias = self.weight.new_zeros(len(cells), 1, 3 * size)
        for bias, cell in zip(self.bias, cells, strict=True):
            if cell.bias_hh is not None:
                bias[:, 2 * size :] = cell.bias_hh[2 * size :]
        self.recurrent = torch.empty_like(gates[0])
        self.recurrent_parts = self.recurrent.split((2 * size, size), dim=-1)
        parts = (gates[..., : 2 * size], *gates.chunk(3, dim=-1), self.held[0][1:])
        self.views = tuple(zip(*(part.unbind(0) for part in parts), strict=True))

    @staticmethod
    def projection(cell: GRUCell) -> tuple[Tensor, Tensor | None]:
        if cell.bias_ih is None or cell.bias_hh is None:
            return cell.weight_ih, None
        bias = cell.bias_ih.clone()
        bias[: 2 * cell.hidden_size] += cell.bias_hh[: 2 * cell.hidden_size]
        return cell.weight_ih, bias

    def read(self, count: int) -> None:
        weight, bias, recurrent = self.weight, self.bias, self.recurrent
        of_gates, of_candidate = self.recurrent_parts
        hidden = self.held[0][0]
        for reset_update, r, z, n, new in self.views[:count]:
            torch.baddbmm(bias, hidden, weight, out=recurrent)
            reset_update.add_(of_gates).sigmoid_()
            n.addcmul_(r, of_candidate).tanh_()
            hidden = torch.lerp(n, hidden, z, out=new)

    @staticmethod
    def step(records: Sequence[Tensor]) -> GRUStep:
        gates, hidden = records
        r, z, n = gates.chunk(3, dim=-1)
        return GRUStep(r, z, n, hidden)


class LSTMRoom:
    """`c_s = f c_(s-1) + i g`, `h_s = o tanh(c_s)`, and `W_hr h_s` instead where there is one."""

    def __init__(self, cells: Sequence[LSTMCell], steps: int, batch: int) -> None:
        size, fed_back = cells[0].hidden_size, cells[0].weight_hh.shape[1]
        gates = _room(cells, steps, batch, 4 * size)
        hidden = _room(cells, steps + 1, batch, fed_back)
        cell_states = _room(cells, steps + 1, batch, size)
        self.held = (hidden, cell_states)
        self.rooms = (gates, cell_states[1:], hidden[1:])
        self.weight = _stacked([_candidate_last(cell.weight_hh) for cell in cells])
        down = [cell.weight_hr for cell in cells if cell.weight_hr is not None]
        self.down = _stacked(down) if down else None
        self.emitted = torch.empty_like(cell_states[0])
        i, f, o, g = gates.chunk(4, dim=-1)
        parts = (gates, gates[..., : 3 * size], i, f, o, g, cell_states[1:], hidden[1:])
        self.views = tuple(zip(*(part.unbind(0) for part in parts), strict=True))

    @staticmethod
    def projection(cell: LSTMCell) -> tuple[Tensor, Tensor | None]:
        bias = both_biases(cell)
        return _candidate_last(cell.weight_ih), None if bias is None else _candidate_last(bias)

    def read(self, count: int) -> None:
        weight, down = self.weight, self.down
        hidden, c = (held[0] for held in self.held)
        for fused, three, i, f, o, g, new_c, new in self.views[:count]:
            fused.baddbmm_(hidden, weight)
            three.sigmoid_()
            g.tanh_()
            c = torch.mul(f, c, out=new_c).addcmul_(i, g)
            if down is None:
                hidden = torch.tanh(c, out=new).mul_(o)
            else:
                hidden = torch.bmm(torch.tanh(c, out=self.emitted).mul_(o), down, out=new)

    @staticmethod
    def step(records: Sequence[Tensor]) -> LSTMStep:
        gates, cells, hidden = records
        i, f, o, g = gates.chunk(4, dim=-1)
        return LSTMStep(i, f, g, o, cells, hidden)


_ROOMS: dict[type, Any] = {RNNCell: RNNRoom, GRUCell: GRURoom, LSTMCell: LSTMRoom}


@torch.no_grad()
def record_layer(
    cells: Sequence[Cell], inputs: Tensor, states: Sequence[State], *, alive: Tensor | None
) -> list[tuple[Step, State]]:
    """Run one layer in its one or two directions and keep every signal, without a graph.

    Many sequences, and those that differ in length, go through `bptt.record`.

    Args:
        cells: the layer's cell in the forward direction and, if there is one, in the backward one.
        inputs: `(T, B, I)`, time first.
        states: for each direction the state before the first step read, each `(B, H)`.
        alive: `(T, B, 1)` bool, True where a step belongs to its sequence; None for all.

    Returns:
        For each direction a `Step` whose fields are `(T, B, H)` in the order of time, with the held
        state on padding, and the state after the last step read.
    """
    if alive is not None or inputs.shape[1] > FEW:
        return each_direction(bptt.record)(cells, inputs, states, alive=alive)
    steps, batch = inputs.shape[:2]
    at_once = min(steps, _STEPS)
    kind: type[Room] = _ROOMS[type(cells[0])]
    projected = [project(inputs, *kind.projection(cell)) for cell in cells]
    with torch.inference_mode():
        room = kind(cells, at_once, batch)
        for held, *parts in zip(room.held, *states, strict=True):
            torch.stack(parts, out=held[0])
    # The gates take the place of the projected input, as they do in the room.
    records = [
        [given, *(buffers.empty(steps, *part.shape[2:], like=given) for part in room.rooms[1:])]
        for given in projected
    ]
    with torch.inference_mode():
        for start in range(0, steps, at_once):
            count = min(at_once, steps - start)
            if start:
                for held in room.held:
                    held[0].copy_(held[-1])
            now = (slice(start, start + count), slice(steps - start - count, steps - start))
            for reverse, given in enumerate(projected):
                room.rooms[0][:count, reverse].copy_(_turned(given[now[reverse]], reverse))
            room.read(count)
            for reverse, own in enumerate(records):
                for record, part in zip(own, room.rooms, strict=True):
                    record[now[reverse]].copy_(_turned(part[:count, reverse], reverse))
    finals = zip(*(held[count].clone().unbind(0) for held in room.held), strict=True)
    return [(room.step(own), final) for own, final in zip(records, finals, strict=True)]


def _room(cells: Sequence[Cell], steps: int, batch: int, size: int) -> Tensor:
    return cells[0].weight_hh.new_empty(steps, len(cells), batch, size)


def _stacked(weights: Sequence[Tensor]) -> Tensor:
    """Return `W^T` of each direction, `(D, R, G H)`, each row of it together in memory."""
    return torch.stack([weight.t() for weight in weights])


def _candidate_last(rows: Tensor) -> Tensor:
    """Return an LSTM's fused rows `(4 H, ...)` in the order of its room."""
    i, f, g, o = rows.chunk(4)
    return torch.cat((i, f, o, g))


def _turned(part: Tensor, reverse: int) -> Tensor:
    return part.flip(0) if reverse else part
