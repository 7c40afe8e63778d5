"""From a plan to everything that a run needs: model, examples, recipe, objective, words of a card.

The same plan gives the same weights, the same examples and the same batches, whatever the cell:
batches follow `recipe.seed` and the number of examples alone, so races are run on equal terms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from rnnviz.models.classifier import SequenceClassifier
from rnnviz.nn import parameters
from rnnviz.nn.parameters import Recurrent, assign, effective, kind_of
from rnnviz.notation.cells import CELLS
from rnnviz.training.engine.batches import Examples, Prepare
from rnnviz.training.engine.objectives import Objective
from rnnviz.training.engine.recipe import Recipe
from rnnviz.training.plan import Plan
from rnnviz.training.tasks.load import load
from rnnviz.training.tasks.source import Shown
from rnnviz.training.tasks.table import TASKS

__all__ = ["Prepared", "Shown", "build", "prepare", "recipe"]

EMBEDDING_DEVIATION = 0.1
"""As in `run.begin`: of the numbers that embeddings start from."""

KEEP_BIAS = 1.0
"""What "kept" gives to the gate that keeps, where a plan names no `gate_bias`."""


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

    Dropout follows torch's global generator: seed it with `plan.seed` before training starts.
    Raises `DataError` in one sentence where the data is not on disk or cannot be used.
    """
    source = load(plan)
    return Prepared(
        plan=plan,
        model=build(plan, source.model),
        examples=source.training,
        held_out=source.held_out,
        recipe=recipe(plan),
        objective=source.objective,
        chance=source.objective.chance,
        labels=source.labels,
        about={
            **source.about,
            "plan": plan.to_json(),
            f"training_{TASKS[plan.task].noun}": len(source.training),
        },
        prepare=source.prepare,
        prepare_held_out=source.prepare,
        files=source.files,
        inputs_to_show=source.shown,
    )


def recipe(plan: Plan) -> Recipe:
    """The recipe of a plan. Losses are plain ones, and the weights that are scored are those of
    the step, or a short running average: what one sees is what happened."""
    return Recipe(
        epochs=plan.epochs,
        batch_size=plan.batch_size,
        learning_rate=plan.learning_rate,
        weight_decay=plan.weight_decay,
        label_smoothing=0.0,
        clip_norm=plan.clip_norm,
        average_decay=TASKS[plan.task].average_decay,
        seed=plan.seed,
        optimizer=plan.optimizer,
        schedule=plan.schedule,
    )


def build(plan: Plan, words: Mapping[str, Any]) -> SequenceClassifier:
    """The model of a plan with its first weights; `words` are those that the data decides."""
    task = TASKS[plan.task]
    sizes = {"input_size": task.input_size} if task.reads == "tokens" else {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.seed)
        model = SequenceClassifier(
            cell=plan.cell,
            hidden_size=plan.hidden_size,
            num_layers=plan.num_layers,
            bidirectional=plan.bidirectional,
            readout=plan.readout,
            dropout=plan.dropout,
            embedding_dropout=plan.dropout if sizes else 0.0,
            engine=plan.engine,
            **{**sizes, **words},
        )
        begin(model, plan)
    return model


def begin(model: SequenceClassifier, plan: Plan) -> None:
    """Draw the first weights of `model` as the plan's `initialisation` says."""
    bias = plan.gate_bias
    if plan.initialisation == "kept":
        first_weights(model.recurrent, keep_bias=KEEP_BIAS if bias is None else bias)
        matrices, bias = "uniform", None
    else:
        matrices = "uniform" if plan.initialisation == "torch" else plan.initialisation
    word = CELLS[plan.cell].keep_word
    of_gate = {word: bias} if word and bias is not None else {}
    parameters.initialise(model.recurrent, recurrent=matrices, gain=plan.gain, **of_gate)
    if model.embedding is not None:
        torch.nn.init.normal_(model.embedding.weight, std=EMBEDDING_DEVIATION)


@torch.no_grad()
def first_weights(recurrent: Recurrent, *, keep_bias: float = 1.0) -> None:
    """Orthogonal recurrent weights, Glorot input weights, zero biases, gates that start by keeping.

    Each gate's block `(H, H)` of `weight_hh` is orthogonal on its own (Saxe, McClelland and
    Ganguli 2014). The bias of the gate that keeps the old state, forget of an LSTM and update of a
    GRU, starts at `keep_bias` (Jozefowicz, Zaremba and Sutskever 2015). An RNN has none.

    What a parametrization computes is set through it; raises ValueError where that cannot be.
    """
    keeps = CELLS[kind_of(recurrent)].keep_block
    weights = {name: value.clone() for name, value in effective(recurrent).items()}
    for name, weight in weights.items():
        gates = weight.view(-1, recurrent.hidden_size, *weight.shape[1:])
        if name.startswith("weight_hh"):
            for gate in gates:
                nn.init.orthogonal_(gate)
        elif name.startswith("weight_ih"):
            for gate in gates:
                nn.init.xavier_uniform_(gate)
        else:
            weight.zero_()
            if name.startswith("bias_ih") and keeps is not None:
                gates[keeps].fill_(keep_bias)
    assign(recurrent, weights)
