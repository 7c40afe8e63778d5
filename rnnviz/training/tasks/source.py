"""What a task gives to a run: examples, held-out examples, and inputs to look at meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import Tensor

from rnnviz.training.engine.batches import Examples, Prepare
from rnnviz.training.engine.objectives import Objective

SHOWN = 4
"""Held-out inputs to choose from while training goes on."""


@dataclass(frozen=True, eq=False)
class Shown:
    """A held-out input to look at while training goes on: what the model reads, and its words.

    `inputs` is `(T, I)` floats or `(T,)` tokens, as the model takes them with a batch of one in
    front. `truth` is the right answer in words. `tokens` are the words of the steps and `image` is
    `(T, I)` uint8, each where the theatre has something to write or to draw. `marks` are steps that
    matter: `(step, short label, sentence)`, steps counted from 0.
    """

    title: str
    inputs: Tensor
    truth: str
    step_word: str
    tokens: tuple[str, ...] | None = None
    image: np.ndarray | None = None
    marks: tuple[tuple[int, str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class Source:
    """The data of a task. `model` are words of `SequenceClassifier` that it decides."""

    training: Examples
    held_out: Examples
    labels: tuple[str, ...]
    objective: Objective
    about: dict[str, Any]
    model: dict[str, Any]
    shown: tuple[Shown, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    prepare: Prepare | None = None


def different(labels: Tensor) -> list[int]:
    """Places of the first examples of as many classes as are shown, then of others."""
    firsts = [int((labels == label).nonzero()[0]) for label in labels.unique()]
    others = [row for row in range(len(labels)) if row not in firsts]
    return (sorted(firsts) + others)[: max(SHOWN, len(firsts))]


def largest_share(labels: Tensor) -> float:
    """The part that is right for whoever always says the most common class."""
    return float(labels.bincount().max()) / len(labels)
