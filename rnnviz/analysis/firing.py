"""Where in many texts a unit fires most.

Shapes: `T` tokens of a text, `D` directions, `H` units.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from rnnviz.analysis.states import States

AROUND = 6
"""Tokens that are shown before and after the one where the unit fires."""


@dataclass(frozen=True, eq=False)
class Firing:
    """A place where a unit has a large value, with its neighbourhood.

    `step` is the token within text number `text`; `tokens` and `values` are those of the window
    that begins with token `first`.
    """

    text: int
    step: int
    value: float
    first: int
    tokens: tuple[str, ...]
    values: np.ndarray


def firings(
    states: States, unit: int, direction: str = "forward", *, most: int = 8, sign: int = 1
) -> tuple[Firing, ...]:
    """The places with the largest `sign * value`, the largest first, without overlap.

    Raises ValueError for a unit, direction or sign that there is not.
    """
    if direction not in states.directions or not 0 <= unit < states.values.shape[2]:
        raise ValueError(
            f"expected a direction of {', '.join(states.directions)} and a unit of "
            f"0..{states.values.shape[2] - 1}, got {direction!r} and {unit!r}"
        )
    if sign not in (1, -1):
        raise ValueError(f"sign: expected 1 or -1, got {sign!r}")
    values = states.values[:, states.directions.index(direction), unit]
    texts = np.searchsorted(states.bounds, np.arange(len(values)), side="right") - 1
    found: list[Firing] = []
    taken = np.zeros(len(values), dtype=bool)
    for place in np.argsort(-sign * values, kind="stable").tolist():
        if len(found) == most:
            break
        text = int(texts[place])
        begin, end = int(states.bounds[text]), int(states.bounds[text + 1])
        first, last = max(begin, place - AROUND), min(end, place + AROUND + 1)
        if taken[first:last].any():
            continue
        taken[first:last] = True
        found.append(
            Firing(
                text=text,
                step=place - begin,
                value=float(values[place]),
                first=first - begin,
                tokens=states.encoded[text].pieces[first - begin : last - begin],
                values=values[first:last].copy(),
            )
        )
    return tuple(found)


def paragraphs(text: str) -> tuple[str, ...]:
    """The parts of somebody's text between blank lines, without those that say nothing."""
    return tuple(part for part in re.split(r"\n\s*\n", text) if part.strip())
