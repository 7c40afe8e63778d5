"""What a network with a backward direction would have answered, had the text ended earlier.

The forward direction is the same for all prefixes of a text, so it is read once. The backward one
begins at the end of what was read, so each prefix needs a sweep of its own: `sum(ends)` steps of
one unit of work. They run as one batch that grows: going back in time, a prefix joins where it
ends, with no state. All of them take the same input at a step.

Shapes: `T` steps, `P` prefixes, `I` input size, `H` hidden size, `R` fed-back size, `G` gates.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from rnnviz.nn.cells.kinds import Cell

AT_ONCE = 8192
"""Steps of all prefixes that a readout gets at once: what it makes of them stays in the cache."""


@torch.no_grad()
def backward_states(cell: Cell, inputs: Tensor, ends: Tensor) -> Tensor:
    """The hidden states of a backward direction on many prefixes of one sequence, `(T, P, R)`.

    Prefix `p` is read from step `ends[p] - 1` down to 0, beginning with no state; what lies beyond
    its end is zero.

    Args:
        cell: one layer in the backward direction.
        inputs: `(T, I)`, one sequence.
        ends: `(P,)` lengths of the prefixes in 1..T, in falling order.
    """
    steps = int(ends[0])
    reading = torch.bincount(ends.cpu() - 1, minlength=steps).flip(0).cumsum(0).flip(0).tolist()
    state = cell.initial_state(len(ends))
    hidden = inputs.new_zeros(steps, *state[0].shape)
    for t in reversed(range(steps)):
        n = reading[t]
        new = cell(inputs[t : t + 1], tuple(part[:n] for part in state)).state
        for part, value in zip((*state, hidden[t]), (*new, new[0]), strict=True):
            part[:n] = value
    return hidden


def groups(ends: Tensor, most: int = AT_ONCE) -> Iterator[slice]:
    """Slices of prefixes in falling order that are read out together: alike in length, not many."""
    start = 0
    while start < len(ends):
        many = max(1, most // int(ends[start]))
        yield slice(start, start + many)
        start += many
