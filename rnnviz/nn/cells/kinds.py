"""Which cells there are: one row each, with all that the rest of `nn` asks of a cell.

A new cell is one file beside this one and a row here; `rnnviz/notation/cells.py` has the same row
for those that know no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from torch import Tensor, nn

from rnnviz.nn.cells.gru import GRUCell, GRUStep, GRUSweep, GRUTape
from rnnviz.nn.cells.lstm import LSTMCell, LSTMStep, LSTMSweep, LSTMTape
from rnnviz.nn.cells.mgu import MGUCell, MGUStep
from rnnviz.nn.cells.rnn import RNNCell, RNNStep, RNNSweep, RNNTape
from rnnviz.nn.cells.sweep import Gradients, Scan
from rnnviz.nn.cells.weights import State

Step: TypeAlias = RNNStep | GRUStep | LSTMStep | MGUStep
Cell: TypeAlias = RNNCell | GRUCell | LSTMCell | MGUCell


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


@dataclass(frozen=True)
class Kind:
    """One cell: its step, and its fast path."""

    step: Any
    cell: type[Cell]
    tape: Any = None
    sweep: Any = None
    """A `Sweep`; without one the step loop reads, and autograd goes back."""
    twin: type[nn.RNNBase] | None = None
    """torch's layer of the same function."""
    variants: Mapping[str, Mapping[str, Any]] | None = None
    """The options under which parity compares the twins, by a name that begins with the cell's."""


KINDS: dict[str, Kind] = {
    "rnn": Kind(
        RNNStep,
        RNNCell,
        RNNTape,
        RNNSweep,
        nn.RNN,
        {"rnn tanh": {"nonlinearity": "tanh"}, "rnn relu": {"nonlinearity": "relu"}},
    ),
    "gru": Kind(GRUStep, GRUCell, GRUTape, GRUSweep, nn.GRU, {"gru": {}}),
    "lstm": Kind(
        LSTMStep,
        LSTMCell,
        LSTMTape,
        LSTMSweep,
        nn.LSTM,
        {"lstm": {}, "lstm projected": {"proj_size": 3}},
    ),
    "mgu": Kind(MGUStep, MGUCell),
}
"""By the name of the cell, its `kind`."""
