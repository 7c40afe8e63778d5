"""The one loop over time. It never sees a gate's name.

It has a module of its own, and not a place in `recurrent.py`, because backward through time
(`bptt.py`) needs it too: second derivatives are taken through this loop.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rnnviz.cells import Cell, State, Step


def unroll(
    cell: Cell,
    inputs: Tensor,
    state: State,
    *,
    alive: Tensor | None = None,
    reverse: bool = False,
) -> tuple[list[Step], State]:
    """Apply a cell to every step of a sequence and keep every record.

    While a sequence is over (`alive` is False) its state is held: `state_t = state_(t-1)`.
    That alone makes lengths and the backward direction right: read in reverse, a padded
    sequence keeps its initial state until its own last step.

    Args:
        cell: one layer in one direction.
        inputs: `(T, B, I)`, time first.
        state: the state before the first step read, each `(B, H)`.
        alive: `(T, B, 1)` bool, True where a step belongs to its sequence; None for all.
        reverse: read from the last step to the first.

    Returns:
        The records in the order of time (not of reading), and the state after the last step read.
    """
    times = range(inputs.shape[0])
    records: list[Step] = []
    for t in reversed(times) if reverse else times:
        step = cell(inputs[t], state)
        if alive is not None:
            pairs = zip(step.state, state, strict=True)
            step = step.with_state(tuple(torch.where(alive[t], new, old) for new, old in pairs))
        state = step.state
        records.append(step)
    return (records[::-1] if reverse else records), state


def unroll_prefixes(cell: Cell, inputs: Tensor, ends: Tensor) -> Tensor:
    """The hidden states of a backward direction on many prefixes of one sequence, `(P, T, R)`.

    Prefix `p` is read from step `ends[p] - 1` down to 0, beginning with no state. All prefixes
    take the same inputs, so those `(T, I)` are projected once for each step, and a prefix joins
    the batch where it begins; what lies beyond its end is zero.

    Args:
        cell: one layer in the backward direction.
        inputs: `(T, I)`, one sequence.
        ends: `(P,)` lengths of the prefixes in 1..T, in falling order.
    """
    steps = int(ends[0])
    state = cell.initial_state(0)
    hidden = inputs.new_zeros(len(ends), steps, state[0].shape[1])
    begins = ends.tolist()
    for t in reversed(range(steps)):
        joining = 0
        while len(state[0]) + joining < len(begins) and begins[len(state[0]) + joining] == t + 1:
            joining += 1
        if joining:
            new = cell.initial_state(joining)
            state = tuple(torch.cat(parts) for parts in zip(state, new, strict=True))
        state = cell(inputs[t : t + 1], state).state
        hidden[: len(state[0]), t] = state[0]
    return hidden


def alive_mask(lengths: Tensor, steps: int) -> Tensor:
    """Return `(T, B, 1)` bool: True where step `t` of sequence `b` has `t < lengths[b]`."""
    times = torch.arange(steps, device=lengths.device)
    return (times[:, None] < lengths[None, :]).unsqueeze(-1)


def through_loop(
    cell: Cell,
    inputs: Tensor,
    state: State,
    *,
    alive: Tensor | None = None,
    reverse: bool = False,
) -> tuple[Tensor, State]:
    """Return the hidden states `(T, B, R)`, zero on padding, and the final state, by the loop.

    Arguments as in `unroll`.
    """
    records, final = unroll(cell, inputs, state, alive=alive, reverse=reverse)
    return stack_hidden(records, alive), final


def stack_hidden(records: list[Step], alive: Tensor | None) -> Tensor:
    """Return the hidden states of all records `(T, B, R)`, zero on padding."""
    hidden = torch.stack([step.hidden for step in records])
    return hidden if alive is None else hidden.masked_fill(~alive, 0)
