"""The gated recurrent unit: its step, and below it the two loops of its fast path.

Shapes: `T` steps, `B` batch, `I` input size, `H` hidden size, `R` fed-back size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import linear

from rnnviz.nn import buffers
from rnnviz.nn.cells.sweep import Gradients, Scan, accumulators, project, propagate, transposed
from rnnviz.nn.cells.weights import State, Weights

_aten = torch.ops.aten


class GRUStep(NamedTuple):
    """What a GRU computed in one step, each `(B, H)`."""

    reset_gate: Tensor
    update_gate: Tensor
    candidate: Tensor
    hidden: Tensor

    @property
    def state(self) -> State:
        return (self.hidden,)

    def with_state(self, state: State) -> GRUStep:
        """Return this record with another state, as a held step needs it."""
        return self._replace(hidden=state[0])


@dataclass(frozen=True, eq=False)
class GRUCell(Weights):
    """The gated recurrent unit, in the convention of `torch.nn.GRU`.

        r  = sigmoid(W_ir x + b_ir + W_hr h + b_hr)
        z  = sigmoid(W_iz x + b_iz + W_hz h + b_hz)
        n  = tanh(W_in x + b_in + r * (W_hn h + b_hn))
        h' = (1 - z) * n + z * h

    z = 1 KEEPS the old state; Chung et al. 2014 write the opposite. The reset gate acts after
    the recurrent product, not before. Rows of the weights: reset, update, candidate.
    `weight_ih (3H, I)`, `weight_hh (3H, H)`, biases `(3H,)`.

    Source: K. Cho et al., "Learning phrase representations using RNN encoder-decoder",
    EMNLP 2014; J. Chung et al., arXiv:1412.3555.
    """

    gates: ClassVar[int] = 3
    kind: ClassVar[str] = "gru"

    def __call__(self, inputs: Tensor, state: State) -> GRUStep:
        """Read `inputs (B, I)` in state `(h,)`, `h (B, H)`."""
        (h,) = state
        x_r, x_z, x_n = linear(inputs, self.weight_ih, self.bias_ih).chunk(3, dim=-1)
        h_r, h_z, h_n = linear(h, self.weight_hh, self.bias_hh).chunk(3, dim=-1)
        r = torch.sigmoid(x_r + h_r)
        z = torch.sigmoid(x_z + h_z)
        n = torch.tanh(x_n + r * h_n)
        h = (1 - z) * n + z * h
        return GRUStep(reset_gate=r, update_gate=z, candidate=n, hidden=h)


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
        weight_rz = transposed(weight[: 2 * size], len(scan.times))
        weight_n = transposed(weight[2 * size :], len(scan.times))
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
        above_at, sums = above.unbind(0), accumulators(above)
        hidden = above_at[scan.times[-1]] + final[0]
        parts = (deltas, deltas[:, :, :3].flatten(2), keep)
        for _, before, all_deltas, delta, keep_t in scan.backwards(*parts):
            all_deltas.mul_(hidden.unsqueeze(1))
            earlier = propagate(above_at, before, delta, weight, sums)
            hidden = earlier.addcmul_(hidden, keep_t)
        flat = deltas.flatten(2)
        return Gradients(flat[..., size:], flat[..., : 3 * size], (hidden,), shift=size)
