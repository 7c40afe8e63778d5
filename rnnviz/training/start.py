"""Where training starts: initial weights that carry a state and a gradient over many steps."""

from __future__ import annotations

import torch
from torch import nn


@torch.no_grad()
def initialise(recurrent: nn.Module, *, keep_bias: float = 1.0) -> None:
    """Orthogonal recurrent weights, Glorot input weights, zero biases, gates that start by keeping.

    Each gate's block `(H, H)` of `weight_hh` is orthogonal on its own (Saxe, McClelland and
    Ganguli 2014). The second gate of an LSTM (forget) and of a GRU (update) keeps the old state;
    its bias starts at `keep_bias` (Jozefowicz, Zaremba and Sutskever 2015). An RNN has none.
    """
    for name, parameter in recurrent.named_parameters():
        gates = parameter.view(-1, _rows_of_a_gate(recurrent), *parameter.shape[1:])
        if name.startswith("weight_hh"):
            for gate in gates:
                nn.init.orthogonal_(gate)
        elif name.startswith("weight_ih"):
            for gate in gates:
                nn.init.xavier_uniform_(gate)
        else:
            parameter.zero_()
            if name.startswith("bias_ih") and len(gates) > 1:
                gates[1].fill_(keep_bias)


def _rows_of_a_gate(recurrent: nn.Module) -> int:
    return int(recurrent.hidden_size)  # type: ignore[arg-type]
