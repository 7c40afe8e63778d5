"""What all cells share: the weights of one layer in one direction.

Shapes: `B` batch, `I` input size, `H` hidden size, `R` size of the hidden state that is fed back
(`R = H`, or the projection size of an LSTM with `proj_size`).

A cell is a frozen view of one layer's weights in one direction. It has no idea of time: it takes
the inputs of one step and the state before it, and returns a `Step`. The fields of a `Step` are
the signals that the whole program can show. The layout of the fused weights is that of
`torch.nn`: the gates lie below each other in the order of the class docstring.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self, TypeAlias

from torch import Tensor

State: TypeAlias = tuple[Tensor, ...]
"""What a cell carries from step to step: `(hidden,)`, or `(hidden, cell)` for an LSTM."""


@dataclass(frozen=True, eq=False)
class Weights:
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
