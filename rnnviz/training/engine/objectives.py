"""Objectives: what is brought down, and what counts as right.

Shapes: `B` batch, `C` classes, `S` steps that are answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

LARGEST_ERROR = 0.04
"""An answer to the adding problem is right within this, where answers lie in 0..1."""


class Objective(Protocol):
    """A loss and a count of what is right, for outputs of a model and targets of a batch.

    `chance` is the part that is right without reading anything.
    """

    @property
    def name(self) -> str: ...
    @property
    def chance(self) -> float: ...
    def loss(self, outputs: Tensor, targets: Tensor, label_smoothing: float) -> Tensor:
        """The mean loss, a single number."""
        ...

    def correct(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """How right each example is, `(B,)` floats in 0..1."""
        ...


@dataclass(frozen=True)
class Classification:
    """One class for a sequence: outputs `(B, C)` logits, targets `(B,)` classes.

        loss = mean over b of -log softmax(outputs)_(target)

    in nats, with label smoothing (Szegedy et al. 2016) where asked for. Without a chance that is
    known beforehand it is NaN.
    """

    chance: float = float("nan")
    name: str = "classification"

    def loss(self, outputs: Tensor, targets: Tensor, label_smoothing: float) -> Tensor:
        return cross_entropy(outputs, targets, label_smoothing=label_smoothing)

    def correct(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs.argmax(dim=-1) == targets).float()


@dataclass(frozen=True)
class Number:
    """One number in 0..1 for a sequence: outputs `(B, 2)` logits, targets `(B,)` floats.

        y = softmax(outputs)_1 = sigmoid(outputs_1 - outputs_0)
        loss = mean over b of (y - target)^2

    A logistic output, as in the source, written as the share of two classes so that it can be
    saved and shown like every classifier. An answer is right when |y - target| < 0.04.
    Label smoothing has no meaning here and is not applied.

    Source: S. Hochreiter and J. Schmidhuber, "Long short-term memory", 1997, experiment 4.
    """

    chance: float = float("nan")
    name: str = "number"

    def answers(self, outputs: Tensor) -> Tensor:
        """The numbers that the outputs stand for, `(B,)`."""
        return torch.sigmoid(outputs[:, 1] - outputs[:, 0])

    def loss(self, outputs: Tensor, targets: Tensor, label_smoothing: float) -> Tensor:
        return (self.answers(outputs) - targets).square().mean()

    def correct(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return ((self.answers(outputs) - targets).abs() < LARGEST_ERROR).float()


@dataclass(frozen=True)
class Symbols:
    """A class at each of the last `S` steps: outputs `(B, S, C)` logits, targets `(B, S)`.

    The loss is the mean cross entropy of a symbol in nats; how right an example is, is the part
    of its symbols that are.
    """

    chance: float = float("nan")
    name: str = "symbols"

    def loss(self, outputs: Tensor, targets: Tensor, label_smoothing: float) -> Tensor:
        return cross_entropy(
            outputs.flatten(0, 1), targets.flatten(), label_smoothing=label_smoothing
        )

    def correct(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs.argmax(dim=-1) == targets).float().mean(dim=-1)


CLASSIFICATION = Classification()
