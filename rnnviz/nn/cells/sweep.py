"""What the fast paths of all cells share: the order of the steps, and the products.

Shapes: `T` steps, `B` batch, `I` input size, `H` hidden size, `R` fed-back size, `G` gates.
The equations that all sweeps share stand in `bptt.py`; what is a cell's own stands in its file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from rnnviz.nn import buffers
from rnnviz.nn.cells.weights import State, Weights

_BLOCK = 16  # steps for which views are made at once
_LONG = 16  # steps from which a transposed copy of the recurrent weights pays for itself


class Gradients(NamedTuple):
    """What a backward sweep leaves: the deltas, and the gradient at the initial state."""

    input_deltas: Tensor
    """`(T, B, G H)`, gradient at what the input projection produced."""
    recurrent_deltas: Tensor
    """`(T, B, G H)`, gradient at what the recurrent product produced."""
    state: State
    weight_hr: Tensor | None = None
    shift: int = 0
    """By how many rows `recurrent_deltas` are shifted against `weight_hh`."""


class Scan:
    """The order in which steps are read, and where sequences are over.

    `dead (T, B, 1)` is True on padding, None when there is none.
    """

    def __init__(self, steps: int, alive: Tensor | None, reverse: bool) -> None:
        self.times = list(reversed(range(steps))) if reverse else list(range(steps))
        self.befores = [*reversed(self.times[:-1]), None]  # what was read before each, last first
        self.reverse = reverse
        self.alive = alive
        self.dead = None if alive is None else ~alive

    def reading(self, *tensors: Tensor) -> Iterator[Any]:
        """Yield each step, in the order of reading, with its part `(B, ...)` of each tensor."""
        yield from _by_step(self.times, tensors)

    def backwards(self, *tensors: Tensor) -> Iterator[Any]:
        """Yield each step, last first, with the step read before it and its part of each tensor."""
        steps = _by_step(self.times[::-1], tensors)
        for before, (t, *parts) in zip(self.befores, steps, strict=True):
            yield t, before, *parts

    def with_previous(self, held: Tensor, initial: Tensor) -> list[tuple[slice, Tensor]]:
        """Return slices of time, each with the states `held (T, B, H)` before those steps."""
        if self.reverse:
            return [(slice(None, -1), held[1:]), (slice(-1, None), initial[None])]
        return [(slice(1, None), held[:-1]), (slice(None, 1), initial[None])]

    def hold(self, t: int, new: Tensor, old: Tensor) -> None:
        """Put the old state back where the sequence is over, in place."""
        if self.alive is not None:
            torch.where(self.alive[t], new, old, out=new)

    def mute(self, *tensors: Tensor) -> None:
        """Zero `(T, B, ...)` tensors on padding, in place."""
        if self.dead is not None:
            for tensor in tensors:
                tensor.masked_fill_(self.dead, 0)

    def carry(self, t: int, gradient: Tensor, above: Tensor) -> None:
        """Let the gradient at a held state pass to the state before it, in place."""
        if self.dead is not None:
            gradient.addcmul_(above, self.dead[t].to(above.dtype))


def _by_step(times: list[int], tensors: tuple[Tensor, ...]) -> Iterator[Any]:
    """Yield `(t, tensor[t], ...)`; views are made a block at a time, so few are alive at once."""
    for start in range(0, len(times), _BLOCK):
        block = times[start : start + _BLOCK]
        first, last = min(block), max(block)
        step = 1 if block[-1] == last else -1
        parts = (tensor[first : last + 1].unbind(0)[::step] for tensor in tensors)
        yield from zip(block, *parts, strict=True)


def project(inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Return `inputs W^T + b` for all steps at once: `(T, B, G H)`."""
    steps, batch, size = inputs.shape
    rows = inputs.reshape(steps * batch, size)
    # No view of a product: an RNN's tape is its output, and nobody may write into a view of one.
    projected = buffers.empty(steps, batch, weight.shape[0], like=inputs)
    flat = projected.view(steps * batch, weight.shape[0])
    if bias is None:
        torch.mm(rows, weight.t(), out=flat)
    else:
        torch.addmm(bias, rows, weight.t(), out=flat)
    return projected


def transposed(weight: Tensor, steps: int) -> Tensor:
    """Return `W^T`; for long sequences as a copy, so that a row times it reads memory in order."""
    return weight.t().contiguous() if steps >= _LONG else weight.t()


def both_biases(cell: Weights) -> Tensor | None:
    """Return the sum of the two biases."""
    return None if cell.bias_ih is None or cell.bias_hh is None else cell.bias_ih + cell.bias_hh


def accumulators(above: Tensor, *, all_steps: bool = False) -> tuple[Tensor, ...]:
    """Return where `dL/dh_t (B, R)` is formed at each step: two in turn, unless all stay."""
    if all_steps:
        return buffers.empty(*above.shape, like=above).unbind(0)
    pair = torch.empty_like(above[:2], memory_format=torch.contiguous_format).unbind(0)
    return tuple(pair[t % len(pair)] for t in range(len(above)))


def propagate(
    above_at: tuple[Tensor, ...],
    before: int | None,
    delta: Tensor,
    weight: Tensor,
    sums: tuple[Tensor, ...],
) -> Tensor:
    """Return `dL/dh` one step earlier: `delta W_hh` and what comes from above there."""
    if before is None:
        return delta @ weight
    return torch.addmm(above_at[before], delta, weight, out=sums[before])
