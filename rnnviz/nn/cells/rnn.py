"""The simple recurrent cell: its step, and below it the two loops of its fast path.

Shapes: `T` steps, `B` batch, `I` input size, `H` hidden size, `R` fed-back size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import linear

from rnnviz.nn import buffers
from rnnviz.nn.cells.sweep import Gradients, Scan, both_biases, project, transposed
from rnnviz.nn.cells.weights import State, Weights


class RNNStep(NamedTuple):
    """What an RNN computed in one step: `hidden (B, H)`."""

    hidden: Tensor

    @property
    def state(self) -> State:
        return (self.hidden,)

    def with_state(self, state: State) -> RNNStep:
        """Return this record with another state, as a held step needs it."""
        return self._replace(hidden=state[0])


@dataclass(frozen=True, eq=False)
class RNNCell(Weights):
    """The simple recurrent cell (Elman 1990).

        h' = phi(W_ih x + b_ih + W_hh h + b_hh),   phi = tanh or relu

    `weight_ih (H, I)`, `weight_hh (H, H)`, biases `(H,)`.

    Source: J. L. Elman, "Finding structure in time", Cognitive Science 14, 1990.
    """

    activation: Callable[[Tensor], Tensor] = torch.tanh

    gates: ClassVar[int] = 1
    kind: ClassVar[str] = "rnn"

    def __call__(self, inputs: Tensor, state: State) -> RNNStep:
        """Read `inputs (B, I)` in state `(h,)`, `h (B, H)`."""
        (h,) = state
        recurrent = linear(h, self.weight_hh, self.bias_hh)
        h = self.activation(linear(inputs, self.weight_ih, self.bias_ih) + recurrent)
        return RNNStep(hidden=h)


class RNNTape(NamedTuple):
    held: Tensor


class RNNSweep:
    """`h_t = phi(a_t)`; `delta_t = phi'(a_t) * dL/dh_t`, where phi' follows from `h_t` alone."""

    @staticmethod
    def forward(cell: RNNCell, inputs: Tensor, state: State, scan: Scan) -> RNNTape:
        held = project(inputs, cell.weight_ih, both_biases(cell))
        weight = transposed(cell.weight_hh, len(scan.times))
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
