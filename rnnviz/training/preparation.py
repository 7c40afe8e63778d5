"""From a plan to everything that a run needs: model, examples, recipe, objective, words of a card.

The same plan gives the same weights, the same examples and the same batches, whatever the cell:
batches follow `recipe.seed` and the number of examples alone, so races are run on equal terms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import Tensor

from rnnviz.classifier import SequenceClassifier
from rnnviz.training.loop import Examples, Prepare, Recipe
from rnnviz.training.objectives import Objective
from rnnviz.training.plan import Plan


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
class Prepared:
    """A run that is ready to start; the arguments of `loop.Training`, and what a card says.

    `chance` is the part that is right without reading anything, on the held-out examples.
    `files` are texts to write beside the weights (the tokenizer), by name.
    """

    plan: Plan
    model: SequenceClassifier
    examples: Examples
    held_out: Examples
    recipe: Recipe
    objective: Objective
    chance: float
    labels: tuple[str, ...]
    about: dict[str, Any]
    prepare: Prepare | None = None
    prepare_held_out: Prepare | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    inputs_to_show: tuple[Shown, ...] = ()


def prepare(plan: Plan) -> Prepared:
    """Everything that `plan` asks for; deterministic in `plan.seed`, torch's generator untouched.

    Raises `DataError` in one sentence where the data is not on disk or cannot be used.
    """
    raise NotImplementedError(plan)
