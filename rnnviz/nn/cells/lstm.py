"""The long short-term memory: its step, and below it the two loops of its fast path.

Shapes: `T` steps, `B` batch, `I` input size, `H` hidden size, `R` fed-back size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import linear

from rnnviz.nn import buffers
from rnnviz.nn.cells.sweep import (
    Gradients,
    Scan,
    accumulators,
    both_biases,
    project,
    propagate,
    transposed,
)
from rnnviz.nn.cells.weights import State, Weights

_aten = torch.ops.aten


class LSTMStep(NamedTuple):
    """What an LSTM computed in one step, each `(B, H)`; `hidden` is `(B, R)`."""

    input_gate: Tensor
    forget_gate: Tensor
    candidate: Tensor
    output_gate: Tensor
    cell: Tensor
    hidden: Tensor

    @property
    def state(self) -> State:
        return (self.hidden, self.cell)

    def with_state(self, state: State) -> LSTMStep:
        """Return this record with another state, as a held step needs it."""
        return self._replace(hidden=state[0], cell=state[1])


@dataclass(frozen=True, eq=False)
class LSTMCell(Weights):
    """The long short-term memory cell with a forget gate, and optionally a projected output.

        i  = sigmoid(W_ii x + b_ii + W_hi h + b_hi)
        f  = sigmoid(W_if x + b_if + W_hf h + b_hf)
        g  = tanh(W_ig x + b_ig + W_hg h + b_hg)
        o  = sigmoid(W_io x + b_io + W_ho h + b_ho)
        c' = f * c + i * g
        h' = o * tanh(c'),   or   W_hr (o * tanh(c'))   with a projection

    Rows of the weights: input, forget, candidate, output. There are two biases, so a bias of 1
    set on both is a forget bias of 2. `weight_ih (4H, I)`, `weight_hh (4H, R)`, biases `(4H,)`,
    `weight_hr (R, H)`.

    Source: S. Hochreiter and J. Schmidhuber, Neural Computation 9, 1997; F. Gers et al., Neural
    Computation 12, 2000 (forget gate); H. Sak et al., arXiv:1402.1128 (projection).
    """

    weight_hr: Tensor | None = None

    gates: ClassVar[int] = 4
    kind: ClassVar[str] = "lstm"

    @property
    def weights(self) -> tuple[Tensor | None, ...]:
        return (*super().weights, self.weight_hr)

    def initial_state(self, batch_size: int) -> State:
        """Return zeros `(B, R)` for the hidden state and `(B, H)` for the cell state."""
        hidden = self.weight_hh.new_zeros(batch_size, self.weight_hh.shape[1])
        return (hidden, self.weight_hh.new_zeros(batch_size, self.hidden_size))

    def __call__(self, inputs: Tensor, state: State) -> LSTMStep:
        """Read `inputs (B, I)` in state `(h, c)`, `h (B, R)` and `c (B, H)`."""
        h, c = state
        recurrent = linear(h, self.weight_hh, self.bias_hh)
        fused = linear(inputs, self.weight_ih, self.bias_ih) + recurrent
        i, f, g, o = fused.chunk(4, dim=-1)
        i = torch.sigmoid(i)
        f = torch.sigmoid(f)
        g = torch.tanh(g)
        o = torch.sigmoid(o)
        c = f * c + i * g
        h = o * torch.tanh(c)
        if self.weight_hr is not None:
            h = linear(h, self.weight_hr)
        return LSTMStep(input_gate=i, forget_gate=f, candidate=g, output_gate=o, cell=c, hidden=h)


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
        weight = transposed(cell.weight_hh, len(scan.times))
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
        above_at, sums = above.unbind(0), accumulators(above, all_steps=projected)
        last = scan.times[-1]
        hidden, c = torch.add(above_at[last], final[0], out=sums[last]), final[1].clone()
        parts = (deltas, by_cell, d_output, through, keep)
        for t, before, delta, by_cell_t, d_output_t, through_t, keep_t in scan.backwards(*parts):
            emitted = hidden
            if cell.weight_hr is not None:
                emitted = hidden @ cell.weight_hr
            c.addcmul_(emitted, through_t)
            by_cell_t.mul_(c.unsqueeze(1))
            d_output_t.mul_(emitted)
            c.mul_(keep_t)
            earlier = propagate(above_at, before, delta, cell.weight_hh, sums)
            scan.carry(t, earlier, hidden)
            hidden = earlier
        weight_hr = None
        if cell.weight_hr is not None:
            gradients = torch.stack(sums)
            scan.mute(gradients)
            weight_hr = gradients.flatten(0, 1).t() @ tape.emitted.flatten(0, 1)
        return Gradients(deltas, deltas, (hidden, c), weight_hr)
