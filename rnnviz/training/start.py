"""Where training starts: initial weights that carry a state and a gradient over many steps."""

from __future__ import annotations

import torch
from torch import nn

from rnnviz.nn.parameters import Recurrent, assign, effective


@torch.no_grad()
def initialise(recurrent: Recurrent, *, keep_bias: float = 1.0) -> None:
    """Orthogonal recurrent weights, Glorot input weights, zero biases, gates that start by keeping.

    Each gate's block `(H, H)` of `weight_hh` is orthogonal on its own (Saxe, McClelland and
    Ganguli 2014). The second gate of an LSTM (forget) and of a GRU (update) keeps the old state;
    its bias starts at `keep_bias` (Jozefowicz, Zaremba and Sutskever 2015). An RNN has none.

    What a parametrization computes is set through it; raises ValueError where that cannot be.
    """
    weights = {name: value.clone() for name, value in effective(recurrent).items()}
    for name, weight in weights.items():
        gates = weight.view(-1, recurrent.hidden_size, *weight.shape[1:])
        if name.startswith("weight_hh"):
            for gate in gates:
                nn.init.orthogonal_(gate)
        elif name.startswith("weight_ih"):
            for gate in gates:
                nn.init.xavier_uniform_(gate)
        else:
            weight.zero_()
            if name.startswith("bias_ih") and len(gates) > 1:
                gates[1].fill_(keep_bias)
    assign(recurrent, weights)
