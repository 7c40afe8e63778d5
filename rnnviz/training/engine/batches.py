"""Examples, and the batches that an epoch is made of.

Shapes: `N` examples, `T` steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

BATCHES_IN_A_WINDOW = 50

Prepare = Callable[[Tensor, torch.Generator, float], Tensor]
"""Stored inputs, a generator, and how strongly to vary them (1 in full, 0 not), to model inputs."""


@dataclass(frozen=True)
class Examples:
    """Stored examples: `inputs (N, T, ...)`, `labels (N, ...)`, `lengths (N,)` where they differ.

    Labels are classes `(N,)`, numbers `(N,)` or symbols `(N, S)`, as the objective wants them.
    """

    inputs: Tensor
    labels: Tensor
    lengths: Tensor | None = None

    def __post_init__(self) -> None:
        if len(self.inputs) != len(self.labels) or len(self.labels) == 0:
            raise ValueError(
                "examples: expected as many labels as inputs and at least one, "
                f"got {len(self.inputs)} inputs and {len(self.labels)} labels"
            )

    def __len__(self) -> int:
        return len(self.labels)

    def at(self, index: Tensor) -> Examples:
        """The examples at some places, without the steps that are padding in all of them."""
        if self.lengths is None:
            return Examples(self.inputs[index], self.labels[index])
        lengths = self.lengths[index]
        return Examples(self.inputs[index, : int(lengths.max())], self.labels[index], lengths)

    def to(self, device: torch.device) -> Examples:
        """The same on a device."""
        if device.type == "cpu" and self.inputs.device == device:
            return self
        lengths = None if self.lengths is None else self.lengths.to(device)
        return Examples(self.inputs.to(device), self.labels.to(device), lengths)

    def prepared(
        self, prepare: Prepare | None, generator: torch.Generator, strength: float
    ) -> Examples:
        """The same as a model reads them."""
        if prepare is None:
            return self
        return Examples(prepare(self.inputs, generator, strength), self.labels, self.lengths)


def batches(examples: Examples, size: int, generator: torch.Generator) -> list[Tensor]:
    """Places of the examples in random order; of similar length together where they have lengths.

    Lengths are sorted within windows of `BATCHES_IN_A_WINDOW`, so a batch is still a random one
    among those of its length.
    """
    order = torch.randperm(len(examples), generator=generator)
    if examples.lengths is None:
        return list(order.split(size))
    found: list[Tensor] = []
    for window in order.split(size * BATCHES_IN_A_WINDOW):
        found += window[examples.lengths[window].argsort(stable=True)].split(size)
    return [found[place] for place in torch.randperm(len(found), generator=generator).tolist()]
