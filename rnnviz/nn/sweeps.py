"""The two loops of each cell on the fast path: forward in place, and backward written by hand.

Shapes: `T` steps, `B` batch, `I` input size, `H` hidden size, `R` fed-back size, `G` gates.
The equations that all sweeps share stand in `bptt.py`; what is a cell's own stands here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from rnnviz.nn import buffers
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

_aten = torch.ops.aten
_BLOCK = 16  # steps for which views are made at once
_LONG = 16  # steps from which a transposed copy of the recurrent weights pays for itself


class Gradients(NamedTuple):
    """What a backward sweep leaves: the deltas, and the gradient at the initial state."""

    input_deltas: Tensor
    """`(T, B, G H)`, gradient at what the input projection produced."""
    recurrent_deltas: Tensor
    """`(T, B, G H)`, gradient at what the recurrent product produced."""
    state: State
    weight_hr: Tensor | None = None
    shift: int = 0
    """By how many rows `recurrent_deltas` are shifted against `weight_hh`."""


class Sweep(Protocol):
    """One cell's forward and backward loop. A tape's last entry is the held hidden state.

    `above (T, B, R)` is `dL/dh_t` as the layer above left it; it belongs to autograd and is read
    only.
    """

    @staticmethod
    def forward(cell: Any, inputs: Tensor, state: State, scan: Scan) -> tuple[Tensor, ...]: ...

    @staticmethod
    def final(tape: tuple[Tensor, ...], last: int) -> State: ...

    @staticmethod
    def step(tape: tuple[Tensor, ...]) -> Step: ...

    @staticmethod
    def backward(
        cell: Any, state: State, tape: Any, scan: Scan, above: Tensor, final: State
    ) -> Gradients: ...


class Scan:
    """The order in which steps are read, and where sequences are over.

    `dead (T, B, 1)` is True on padding, None when there is none.
    """

    def __init__(self, steps: int, alive: Tensor | None, reverse: bool) -> None:
        self.times = list(reversed(range(steps))) if reverse else list(range(steps))
        self.befores = [*reversed(self.times[:-1]), None]  # what was read before each, last first
        self.reverse = reverse
        self.alive = alive
        self.dead = None if alive is None else ~alive

    def reading(self, *tensors: Tensor) -> Iterator[Any]:
        """Yield each step, in the order of reading, with its part `(B, ...)` of each tensor."""
        yield from _by_step(self.times, tensors)

    def backwards(self, *tensors: Tensor) -> Iterator[Any]:
        """Yield each step, last first, with the step read before it and its part of each tensor."""
        steps = _by_step(self.times[::-1], tensors)
        for before, (t, *parts) in zip(self.befores, steps, strict=True):
            yield t, before, *parts

    def with_previous(self, held: Tensor, initial: Tensor) -> list[tuple[slice, Tensor]]:
        """Return slices of time, each with the states `held (T, B, H)` before those steps."""
        if self.reverse:
            return [(slice(None, -1), held[1:]), (slice(-1, None), initial[None])]
        return [(slice(1, None), held[:-1]), (slice(None, 1), initial[None])]

    def hold(self, t: int, new: Tensor, old: Tensor) -> None:
        """Put the old state back where the sequence is over, in place."""
        if self.alive is not None:
            torch.where(self.alive[t], new, old, out=new)

    def mute(self, *tensors: Tensor) -> None:
        """Zero `(T, B, ...)` tensors on padding, in place."""
        if self.dead is not None:
            for tensor in tensors:
                tensor.masked_fill_(self.dead, 0)

    def carry(self, t: int, gradient: Tensor, above: Tensor) -> None:
        """Let the gradient at a held state pass to the state before it, in place."""
        if self.dead is not None:
            gradient.addcmul_(above, self.dead[t].to(above.dtype))


def _by_step(times: list[int], tensors: tuple[Tensor, ...]) -> Iterator[Any]:
    """Yield `(t, tensor[t], ...)`; views are made a block at a time, so few are alive at once."""
    for start in range(0, len(times), _BLOCK):
        block = times[start : start + _BLOCK]
        first, last = min(block), max(block)
        step = 1 if block[-1] == last else -1
        parts = (tensor[first : last + 1].unbind(0)[::step] for tensor in tensors)
        yield from zip(block, *parts, strict=True)


def project(inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Return `inputs W^T + b` for all steps at once: `(T, B, G H)`."""
    steps, batch, size = inputs.shape
    rows = inputs.reshape(steps * batch, size)
    # No view of a product: an RNN's tape is its output, and nobody may write into a view of one.
    projected = buffers.empty(steps, batch, weight.shape[0], like=inputs)
    flat = projected.view(steps * batch, weight.shape[0])
    if bias is None:
        torch.mm(rows, weight.t(), out=flat)
    else:
        torch.addmm(bias, rows, weight.t(), out=flat)
    return projected


def _transposed(weight: Tensor, steps: int) -> Tensor:
    """Return `W^T`; for long sequences as a copy, so that a row times it reads memory in order."""
    return weight.t().contiguous() if steps >= _LONG else weight.t()


def both_biases(cell: Cell) -> Tensor | None:
    """Return the sum of the two biases."""
    return None if cell.bias_ih is None or cell.bias_hh is None else cell.bias_ih + cell.bias_hh


def _rooms(above: Tensor, *, all_steps: bool = False) -> tuple[Tensor, ...]:
    """Return where `dL/dh_t (B, R)` is formed at each step: two rooms in turn, unless all stay."""
    if all_steps:
        return buffers.empty(*above.shape, like=above).unbind(0)
    pair = torch.empty_like(above[:2], memory_format=torch.contiguous_format).unbind(0)
    return tuple(pair[t % len(pair)] for t in range(len(above)))


def _propagate(
    above_at: tuple[Tensor, ...],
    before: int | None,
    delta: Tensor,
    weight: Tensor,
    rooms: tuple[Tensor, ...],
) -> Tensor:
    """Return `dL/dh` one step earlier: `delta W_hh` and what comes from above there."""
    if before is None:
        return delta @ weight
    return torch.addmm(above_at[before], delta, weight, out=rooms[before])


class RNNTape(NamedTuple):
    held: Tensor


class RNNSweep:
    """`h_t = phi(a_t)`; `delta_t = phi'(a_t) * dL/dh_t`, where phi' follows from `h_t` alone."""

    @staticmethod
    def forward(cell: RNNCell, inputs: Tensor, state: State, scan: Scan) -> RNNTape:
        held = project(inputs, cell.weight_ih, both_biases(cell))
        weight = _transposed(cell.weight_hh, len(scan.times))
        squash = Tensor.relu_ if cell.activation is torch.relu else Tensor.tanh_
        hidden_at = held.unbind(0)
        (hidden,) = state
        for t in scan.times:
            new = squash(hidden_at[t].addmm_(hidden, weight))
            scan.hold(t, new, hidden)
            hidden = new
        return RNNTape(held)

    @staticmethod
    def final(tape: RNNTape, last: int) -> State:
        return (tape.held[last].clone(),)

    @staticmethod
    def step(tape: RNNTape) -> RNNStep:
        return RNNStep(hidden=tape.held)

    @staticmethod
    def backward(
        cell: RNNCell, state: State, tape: RNNTape, scan: Scan, above: Tensor, final: State
    ) -> Gradients:
        deltas = buffers.empty(*tape.held.shape, like=tape.held)
        if cell.activation is torch.relu:
            torch.sign(tape.held, out=deltas)
        else:
            torch.addcmul(deltas.new_ones(()), tape.held, tape.held, value=-1, out=deltas)
        scan.mute(deltas)
        # So little happens in a step that a copy of all of `above`, to add to in place, is quicker.
        total = buffers.empty(*above.shape, like=above).copy_(above)
        delta_at, total_at = deltas.unbind(0), total.unbind(0)
        hidden = total_at[scan.times[-1]].add_(final[0])
        for t, before in zip(scan.times[::-1], scan.befores, strict=True):
            delta = delta_at[t].mul_(hidden)
            if before is None:
                earlier = delta @ cell.weight_hh
            else:
                earlier = total_at[before].addmm_(delta, cell.weight_hh)
            scan.carry(t, earlier, hidden)
            hidden = earlier
        return Gradients(deltas, deltas, (hidden,))


class GRUTape(NamedTuple):
    gates: Tensor
    """`(T, B, 3H)`: reset, update, candidate, after their non-linearities."""
    recurrent: Tensor
    """`(T, B, H)`: `W_hn h + b_hn`, what the reset gate is applied to."""
    held: Tensor


class GRUSweep:
    """With `h_t = (1-z) n + z h_(t-1)`, all deltas are factors times the same `dL/dh_t`:

    candidate `(1-z) n'`, update `(h_(t-1) - n) z'`, reset `(1-z) n' (W_hn h + b_hn) r'`,
    and `(1-z) n' r` at the recurrent half of the candidate.
    """

    @staticmethod
    def forward(cell: GRUCell, inputs: Tensor, state: State, scan: Scan) -> GRUTape:
        size = cell.hidden_size
        bias, bias_n = cell.bias_ih, None
        if cell.bias_ih is not None and cell.bias_hh is not None:
            bias = cell.bias_ih.clone()
            bias[: 2 * size] += cell.bias_hh[: 2 * size]
            bias_n = cell.bias_hh[2 * size :]
        gates = project(inputs, cell.weight_ih, bias)
        recurrent, held = (buffers.empty(*gates.shape[:2], size, like=gates) for _ in range(2))
        if bias_n is not None:
            recurrent.copy_(bias_n.expand_as(recurrent))
        else:
            recurrent.zero_()
        weight = cell.weight_hh
        weight_rz = _transposed(weight[: 2 * size], len(scan.times))
        weight_n = _transposed(weight[2 * size :], len(scan.times))
        parts = (gates[..., : 2 * size], *gates.chunk(3, dim=-1), recurrent, held)
        (hidden,) = state
        for t, reset_update, r, z, n, recurrent_t, held_t in scan.reading(*parts):
            reset_update.addmm_(hidden, weight_rz).sigmoid_()
            n.addcmul_(r, recurrent_t.addmm_(hidden, weight_n)).tanh_()
            new = torch.lerp(n, hidden, z, out=held_t)
            scan.hold(t, new, hidden)
            hidden = new
        return GRUTape(gates, recurrent, held)

    @staticmethod
    def final(tape: GRUTape, last: int) -> State:
        return (tape.held[last].clone(),)

    @staticmethod
    def step(tape: GRUTape) -> GRUStep:
        r, z, n = tape.gates.chunk(3, dim=-1)
        return GRUStep(r, z, n, tape.held)

    @staticmethod
    def backward(
        cell: GRUCell, state: State, tape: GRUTape, scan: Scan, above: Tensor, final: State
    ) -> Gradients:
        size = cell.hidden_size
        r, z, n = tape.gates.chunk(3, dim=-1)
        # Slots: candidate at the recurrent half, reset, update, candidate. The first three are the
        # deltas of the recurrent product, the last three those of the input projection.
        deltas = buffers.empty(*tape.gates.shape[:2], 4, size, like=tape.gates)
        d_recurrent, d_reset, d_update, d_candidate = deltas.unbind(2)
        for now, previous in scan.with_previous(tape.held, state[0]):
            torch.sub(previous, n[now], out=d_update[now])
        _aten.sigmoid_backward.grad_input(d_update, z, grad_input=d_update)
        torch.neg(z, out=d_candidate).add_(1)
        _aten.tanh_backward.grad_input(d_candidate, n, grad_input=d_candidate)
        torch.mul(d_candidate, r, out=d_recurrent)
        torch.mul(d_candidate, tape.recurrent, out=d_reset)
        _aten.sigmoid_backward.grad_input(d_reset, r, grad_input=d_reset)
        scan.mute(deltas.flatten(2))
        keep = z if scan.dead is None else z.masked_fill(scan.dead, 1)

        weight = cell.weight_hh.roll(size, 0)  # rows: candidate, reset, update
        above_at, rooms = above.unbind(0), _rooms(above)
        hidden = above_at[scan.times[-1]] + final[0]
        parts = (deltas, deltas[:, :, :3].flatten(2), keep)
        for _, before, all_deltas, delta, keep_t in scan.backwards(*parts):
            all_deltas.mul_(hidden.unsqueeze(1))
            earlier = _propagate(above_at, before, delta, weight, rooms)
            hidden = earlier.addcmul_(hidden, keep_t)
        flat = deltas.flatten(2)
        return Gradients(flat[..., size:], flat[..., : 3 * size], (hidden,), shift=size)


class LSTMTape(NamedTuple):
    gates: Tensor
    """`(T, B, 4H)`: input, forget, candidate, output, after their non-linearities."""
    cells: Tensor
    """`(T, B, H)`: the cell state."""
    emitted: Tensor
    """`(T, B, H)`: `o * tanh(c)`; the hidden state itself unless it is projected."""
    held: Tensor


class LSTMSweep:
    """`dL/dc_t` runs along the cell state; the deltas of i, f, g are factors times it."""

    @staticmethod
    def forward(cell: LSTMCell, inputs: Tensor, state: State, scan: Scan) -> LSTMTape:
        size = cell.hidden_size
        gates = project(inputs, cell.weight_ih, both_biases(cell))
        weight = _transposed(cell.weight_hh, len(scan.times))
        cells, emitted = (buffers.empty(*gates.shape[:2], size, like=gates) for _ in range(2))
        held = emitted
        if cell.weight_hr is not None:
            held = buffers.empty(*gates.shape[:2], cell.weight_hr.shape[0], like=gates)
        parts = (gates, gates[..., : 2 * size], *gates.chunk(4, dim=-1), cells, emitted, held)
        hidden, c = state
        for t, fused, input_forget, i, f, g, o, cell_t, emitted_t, held_t in scan.reading(*parts):
            fused.addmm_(hidden, weight)
            input_forget.sigmoid_()
            g.tanh_()
            o.sigmoid_()
            new_c = torch.mul(f, c, out=cell_t).addcmul_(i, g)
            new = torch.tanh(new_c, out=emitted_t).mul_(o)
            if cell.weight_hr is not None:
                new = torch.mm(new, cell.weight_hr.t(), out=held_t)
            scan.hold(t, new_c, c)
            scan.hold(t, new, hidden)
            hidden, c = new, new_c
        return LSTMTape(gates, cells, emitted, held)

    @staticmethod
    def final(tape: LSTMTape, last: int) -> State:
        return (tape.held[last].clone(), tape.cells[last].clone())

    @staticmethod
    def step(tape: LSTMTape) -> LSTMStep:
        i, f, g, o = tape.gates.chunk(4, dim=-1)
        return LSTMStep(i, f, g, o, tape.cells, tape.held)

    @staticmethod
    def backward(
        cell: LSTMCell, state: State, tape: LSTMTape, scan: Scan, above: Tensor, final: State
    ) -> Gradients:
        i, f, g, o = tape.gates.chunk(4, dim=-1)
        deltas = buffers.empty(*tape.gates.shape, like=tape.gates)
        d_input, d_forget, d_candidate, d_output = deltas.chunk(4, dim=-1)
        squashed = torch.tanh(tape.cells, out=buffers.empty(*tape.cells.shape, like=tape.cells))
        _aten.sigmoid_backward.grad_input(g, i, grad_input=d_input)
        _aten.tanh_backward.grad_input(i, g, grad_input=d_candidate)
        _aten.sigmoid_backward.grad_input(squashed, o, grad_input=d_output)
        for now, previous in scan.with_previous(tape.cells, state[1]):
            _aten.sigmoid_backward.grad_input(previous, f[now], grad_input=d_forget[now])
        through = _aten.tanh_backward.grad_input(o, squashed, grad_input=squashed)
        scan.mute(deltas, through)
        keep = f if scan.dead is None else f.masked_fill(scan.dead, 1)

        by_cell = deltas[..., : 3 * cell.hidden_size].unflatten(2, (3, -1))
        projected = cell.weight_hr is not None
        above_at, rooms = above.unbind(0), _rooms(above, all_steps=projected)
        last = scan.times[-1]
        hidden, c = torch.add(above_at[last], final[0], out=rooms[last]), final[1].clone()
        parts = (deltas, by_cell, d_output, through, keep)
        for t, before, delta, by_cell_t, d_output_t, through_t, keep_t in scan.backwards(*parts):
            emitted = hidden
            if cell.weight_hr is not None:
                emitted = hidden @ cell.weight_hr
            c.addcmul_(emitted, through_t)
            by_cell_t.mul_(c.unsqueeze(1))
            d_output_t.mul_(emitted)
            c.mul_(keep_t)
            earlier = _propagate(above_at, before, delta, cell.weight_hh, rooms)
            scan.carry(t, earlier, hidden)
            hidden = earlier
        weight_hr = None
        if cell.weight_hr is not None:
            gradients = torch.stack(rooms)
            scan.mute(gradients)
            weight_hr = gradients.flatten(0, 1).t() @ tape.emitted.flatten(0, 1)
        return Gradients(deltas, deltas, (hidden, c), weight_hr)


SWEEPS: dict[type, Any] = {RNNCell: RNNSweep, GRUCell: GRUSweep, LSTMCell: LSTMSweep}
TAPES: dict[type, Any] = {RNNCell: RNNTape, GRUCell: GRUTape, LSTMCell: LSTMTape}
