"""Names of torch.nn's recurrent modules that code written for them reaches for.

What a drop-in needs and what it does not, with the reasons: docs/drop-in.md.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn.utils.rnn import PackedSequence

from rnnviz.nn import arguments


class TorchNames(nn.Module):
    """What subclasses, and tools around a module, call on a module of torch.nn."""

    num_layers: int
    batch_first: bool

    def _suffixes(self, layer: int) -> list[str]:
        """Return the ends of the names of a layer's parameters, one for each direction."""
        raise NotImplementedError

    @property
    def all_weights(self) -> list[list[nn.Parameter]]:
        """The parameters of each layer and direction, as torch.nn lists them."""
        kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
        return [
            [getattr(self, kind + suffix) for kind in kinds if hasattr(self, kind + suffix)]
            for layer in range(self.num_layers)
            for suffix in self._suffixes(layer)
        ]

    @property
    def _flat_weights(self) -> list[nn.Parameter]:
        """The same in one list, made anew at each call: it cannot be out of date."""
        return [weight for layer in self.all_weights for weight in layer]

    def flatten_parameters(self) -> None:
        """Do nothing; torch.nn has it, and callers written for torch.nn call it."""

    def check_input(self, input: Tensor, batch_sizes: Tensor | None) -> None:
        """Raise as `forward` does for a wrong input; `batch_sizes` are those of a packed one."""
        packed = batch_sizes is not None
        arguments.check_input(self, PackedSequence(input, batch_sizes) if packed else input)

    def check_hidden_size(
        self,
        hx: Tensor,
        expected_hidden_size: tuple[int, int, int],
        msg: str = "Expected hidden size {}, got {}",
    ) -> None:
        """Raise RuntimeError with `msg` where a state has another shape."""
        if hx.shape != expected_hidden_size:
            raise RuntimeError(msg.format(expected_hidden_size, list(hx.shape)))

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Raise as `forward` does for a wrong batched or packed input, or a wrong state."""
        self.check_input(input, batch_sizes)
        batch = input.shape[0 if self.batch_first else 1]
        if batch_sizes is not None:
            batch = int(batch_sizes[0])
        arguments.checked_state(self, hidden, batch, batched=True)

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """Return a state, or the pair of an LSTM, with its sequences in another order."""
        if permutation is None:
            return hx
        if isinstance(hx, tuple):
            return tuple(self.permute_hidden(part, permutation) for part in hx)
        return hx.index_select(1, permutation)


def symbolic(module: nn.Module, *values: Any, **named: Any) -> fx.Proxy | None:
    """Return the call of a module as one step of a program that `torch.fx` writes; else None.

    torch.fx takes the modules of torch.nn for such steps by their name, and no other module.
    Raises TypeError where the module is the whole program, as torch.nn's fail there, too.
    """
    proxies = [value for value in (*values, *named.values()) if isinstance(value, fx.Proxy)]
    if not proxies or torch.compiler.is_compiling():
        return None
    tracer: Any = proxies[0].tracer
    path = tracer.path_of_module(module)
    if not path:
        raise TypeError("torch.fx needs a model that holds the layer: nn.Sequential(layer), say")
    return tracer.create_proxy("call_module", path, values, named)
