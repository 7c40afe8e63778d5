"""Many texts read at once: one signal of every token, unit and direction, without padding.

Shapes: `n` texts, `N` tokens of all texts one after another, `D` directions, `H` units.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rnnviz.tracking import Track, silently

if TYPE_CHECKING:
    from torch import Tensor

    from rnnviz.models.classifier import SequenceClassifier
    from rnnviz.models.tokens import Encoded

TOKENS_AT_ONCE = 8000
"""Padding counted: with every signal of both directions in memory, about 50 MB."""


@dataclass(frozen=True, eq=False)
class States:
    """One signal of one layer while a network read `n` texts.

    `values (N, D, H)` float32 holds the texts one after another, each in the order of its tokens
    in both directions; text `i` has the rows `bounds[i]` to `bounds[i + 1]`.
    """

    signal: str
    directions: tuple[str, ...]
    values: np.ndarray
    bounds: np.ndarray
    encoded: tuple[Encoded, ...]

    def __len__(self) -> int:
        return len(self.encoded)

    def of(self, text: int) -> np.ndarray:
        """The values `(T, D, H)` of one text."""
        return self.values[self.bounds[text] : self.bounds[text + 1]]

    def changes(self) -> np.ndarray:
        """What every token changed, `(N, D, H)`: `h_t - h_(t-1)`, from zero before the first one.

        The backward direction reads from the end, so its change is `h_t - h_(t+1)`.
        """
        found = np.empty_like(self.values)
        for first, last in itertools.pairwise(self.bounds):
            for place, direction in enumerate(self.directions):
                found[first:last, place] = change(self.values[first:last, place], direction)
        return found


def change(values: np.ndarray, direction: str = "forward") -> np.ndarray:
    """`values (T, ...)` minus those before, as the direction reads; zero before the first one."""
    if direction == "backward":
        return change(values[::-1])[::-1]
    return np.diff(values, axis=0, prepend=np.zeros_like(values[:1]))


def read(
    model: SequenceClassifier,
    encoded: Sequence[Encoded],
    *,
    signal: str = "hidden",
    layer: int = -1,
    track: Track = silently,
) -> States:
    """Read texts in dense batches of similar length and keep one signal of one layer.

    The model must be in evaluation mode, as `checkpoint.load` returns it. Raises KeyError for a
    signal or layer that there is not, ValueError without texts.
    """
    import torch

    from rnnviz.nn.observe import trace
    from rnnviz.nn.trace import DIRECTIONS

    if not encoded:
        raise ValueError("expected at least one text, got none")
    bounds = np.concatenate(([0], np.cumsum([len(one) for one in encoded])))
    directions = DIRECTIONS[: 2 if model.recurrent.bidirectional else 1]
    values = np.empty((0, 0, 0), np.float32)
    for places, inputs, lengths in track(batches([one.ids for one in encoded]), None):
        with torch.no_grad():
            found = trace(model.recurrent, model.features(inputs), lengths)
        parts = [
            found.signal(signal, layer=layer, direction=name).float().numpy() for name in directions
        ]
        if not values.size:
            values = np.empty((bounds[-1], len(parts), parts[0].shape[2]), np.float32)
        for row, place in enumerate(places):
            length = len(encoded[place])
            for number, part in enumerate(parts):
                values[bounds[place] : bounds[place + 1], number] = part[row, :length]
    return States(signal, directions, values, bounds, tuple(encoded))


def batches(ids: Sequence[np.ndarray]) -> Iterator[tuple[list[int], Tensor, Tensor]]:
    """Which texts, their tokens `(B, T)` padded with zeros, their lengths: short ones first.

    A batch holds at most `TOKENS_AT_ONCE` tokens with its padding, or a single text.
    """
    import torch

    waiting: list[int] = []
    order = sorted(range(len(ids)), key=lambda place: len(ids[place]))
    for place, after in zip(order, [*order[1:], None], strict=True):
        waiting.append(place)
        if after is None or (len(waiting) + 1) * len(ids[after]) > TOKENS_AT_ONCE:
            inputs = np.zeros((len(waiting), len(ids[place])), dtype=np.int64)
            for row, one in zip(inputs, waiting, strict=True):
                row[: len(ids[one])] = ids[one]
            lengths = torch.tensor([len(ids[one]) for one in waiting])
            yield waiting, torch.from_numpy(inputs), lengths
            waiting = []
