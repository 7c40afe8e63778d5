"""One step of each recurrent cell, and the record of everything that the step computed.

Shapes: `B` batch, `I` input size, `H` hidden size, `R` size of the hidden state that is fed back
(`R = H`, or the projection size of an LSTM with `proj_size`).

A cell is a frozen view of one layer's weights in one direction. It has no idea of time: it takes
the inputs of one step and the state before it, and returns a `Step`. The fields of a `Step` are
the signals that the whole program can show. The layout of the fused weights is that of
`torch.nn`: the gates lie below each other in the order of the class docstring.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple, Self, TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import linear

State: TypeAlias = tuple[Tensor, ...]
"""What a cell carries from step to step: `(hidden,)`, or `(hidden, cell)` for an LSTM."""


class RNNStep(NamedTuple):
    """What an RNN computed in one step: `hidden (B, H)`."""

    hidden: Tensor

    @property
    def state(self) -> State:
        return (self.hidden,)

    def with_state(self, state: State) -> RNNStep:
        """Return this record with another state, as a held step needs it."""
        return self._replace(hidden=state[0])


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


Step: TypeAlias = RNNStep | GRUStep | LSTMStep


@dataclass(frozen=True, eq=False)
class _Weights:
    """The weights of one cell; biases are both there or both `None`."""

    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor | None = None
    bias_hh: Tensor | None = None

    gates: ClassVar[int]
    kind: ClassVar[str]

    def __post_init__(self) -> None:
        """Raise TypeError where sizes came, as torch.nn's cells take them, and no weights."""
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            value = getattr(self, name)
            if not isinstance(value, Tensor) and not (value is None and name.startswith("bias")):
                own, layer = type(self).__name__, self.kind.upper()
                raise TypeError(
                    f"{own} takes the weights of one layer as tensors, got {value!r} as {name}: "
                    f"make a layer, rnnviz.{layer}(input_size, hidden_size), and take its cell(0)"
                )

    @property
    def hidden_size(self) -> int:
        return self.weight_hh.shape[0] // self.gates

    @property
    def weights(self) -> tuple[Tensor | None, ...]:
        """The tensors in the order of the constructor."""
        return (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)

    def with_weights(self, *weights: Tensor | None) -> Self:
        """Return the same kind of cell on other tensors, given in the order of `weights`."""
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
        named: dict[str, Any] = dict(zip(names, weights, strict=False))
        return replace(self, **named)

    def initial_state(self, batch_size: int) -> State:
        """Return the zero state for `batch_size` sequences: `(B, H)`."""
        return (self.weight_hh.new_zeros(batch_size, self.hidden_size),)


@dataclass(frozen=True, eq=False)
class RNNCell(_Weights):
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


@dataclass(frozen=True, eq=False)
class GRUCell(_Weights):
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


@dataclass(frozen=True, eq=False)
class LSTMCell(_Weights):
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


Cell: TypeAlias = RNNCell | GRUCell | LSTMCell
