"""The minimal gated unit: its step. It has no fast path; the step loop reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import linear

from rnnviz.nn.cells.weights import State, Weights


class MGUStep(NamedTuple):
    """What a minimal gated unit computed in one step, each `(B, H)`."""

    update_gate: Tensor
    candidate: Tensor
    hidden: Tensor

    @property
    def state(self) -> State:
        return (self.hidden,)

    def with_state(self, state: State) -> MGUStep:
        """Return this record with another state, as a held step needs it."""
        return self._replace(hidden=state[0])


@dataclass(frozen=True, eq=False)
class MGUCell(Weights):
    """The minimal gated unit, with its one gate written as the share that is kept.

        z  = sigmoid(W_z x + b_z + U_z h + c_z)
        n  = tanh(W_n x + b_n + U_n ((1 - z) * h) + c_n)
        h' = z * h + (1 - z) * n

    Zhou et al. call f = 1 - z the forget gate. Rows of the weights: gate, candidate.
    `weight_ih (2H, I)`, `weight_hh (2H, H)`, biases `(2H,)`.

    Source: G.-B. Zhou et al., "Minimal gated unit for recurrent neural networks", 2016.
    """

    gates: ClassVar[int] = 2
    kind: ClassVar[str] = "mgu"

    def __call__(self, inputs: Tensor, state: State) -> MGUStep:
        """Read `inputs (B, I)` in state `(h,)`, `h (B, H)`."""
        (h,) = state
        x_z, x_n = linear(inputs, self.weight_ih, self.bias_ih).chunk(2, dim=-1)
        u_z, u_n = self.weight_hh.chunk(2)
        c_z, c_n = (None, None) if self.bias_hh is None else self.bias_hh.chunk(2)
        z = torch.sigmoid(x_z + linear(h, u_z, c_z))
        n = torch.tanh(x_n + linear((1 - z) * h, u_n, c_n))
        return MGUStep(update_gate=z, candidate=n, hidden=z * h + (1 - z) * n)
