"""The one loop over time. It never sees a gate's name.

It has a module of its own, and not a place in `recurrent.py`, because backward through time
(`bptt.py`) needs it too: second derivatives are taken through this loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from rnnviz.nn.cells.kinds import Cell, Step
from rnnviz.nn.cells.weights import State


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


def each_direction(one: Callable[..., tuple[Any, State]]) -> Callable[..., list[Any]]:
    """Make of a function for one direction of a layer one for all its directions, in turn.

    `one(cell, inputs, state, alive=..., reverse=...)` becomes
    `all_of_them(cells, inputs, states, alive=...)`, with a list of results.
    """

    def all_of_them(
        cells: Sequence[Cell], inputs: Tensor, states: Sequence[State], *, alive: Tensor | None
    ) -> list[Any]:
        return [
            one(cell, inputs, state, alive=alive, reverse=reverse)
            for cell, state, reverse in zip(cells, states, (False, True), strict=False)
        ]

    return all_of_them


def stack_hidden(records: list[Step], alive: Tensor | None) -> Tensor:
    """Return the hidden states of all records `(T, B, R)`, zero on padding."""
    hidden = torch.stack([step.hidden for step in records])
    return hidden if alive is None else hidden.masked_fill(~alive, 0)
