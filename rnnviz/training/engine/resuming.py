"""From a run to its state and back, so that a resumed run yields what an unbroken one would.

The order of an epoch is not stored: it follows from the generator as it stood when the epoch began.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Protocol

import torch
from torch import Tensor, nn

from rnnviz.models.storage import CheckpointError
from rnnviz.training.engine.batches import Examples, batches
from rnnviz.training.engine.devices import Place
from rnnviz.training.engine.events import EpochFinished, Event, from_json, to_json
from rnnviz.training.engine.progress import Progress
from rnnviz.training.engine.recipe import Recipe, optimiser_state, restore_optimiser
from rnnviz.training.engine.state import TrainingState
from rnnviz.training.engine.updates import RunningAverage


class Resumable(Protocol):
    """What a training (`loop.Training`) must have to be left and gone on with."""

    model: nn.Module
    average: RunningAverage
    optimizer: torch.optim.Optimizer
    recipe: Recipe
    place: Place
    examples: Examples
    held_out: Examples
    generator: torch.Generator
    epoch_random: Tensor
    random: list[Tensor]
    order: list[Tensor]
    progress: Progress
    pending: list[Event]
    best: EpochFinished | None
    learning_rate_factor: float

    @property
    def steps_per_epoch(self) -> int:
        """Steps in one epoch."""


MOST_HASHED = 1000
"""Examples by which a resumed run knows its data again, besides all labels."""


def state_of(training: Resumable) -> TrainingState:
    """All that a resumed run needs, copied to the CPU."""
    tensors = {
        **_named("weights", training.model.state_dict()),
        **_named("average", training.average.module.state_dict()),
        **_named("optimizer", optimiser_state(training.optimizer)),
        **_named("random", {str(n): value for n, value in enumerate(training.random)}),
        "order": training.generator.get_state(),
        "epoch": training.epoch_random,
    }
    if training.best is not None:
        tensors |= _named("best", training.best.weights)
    about = {
        "step": training.progress.step,
        "seconds": training.progress.seconds,
        "progress": training.progress.to_json(),
        "pending": [to_json(event) for event in training.pending],
        "best": None if training.best is None else to_json(training.best),
        "averaged": training.average.updates,
        "learning_rate_factor": training.learning_rate_factor,
        "recipe": asdict(training.recipe),
        "data": _fingerprints(training),
        "scaler": None if training.place.scaler is None else training.place.scaler.state_dict(),
    }
    return TrainingState(copied(tensors), about)


def restore(training: Resumable, state: TrainingState) -> None:
    """Set `training` to where `state` was. Raises `CheckpointError` where they do not fit."""
    _check(training, state)
    about = state.about
    training.model.load_state_dict(state.part("weights"))
    training.average.module.load_state_dict(state.part("average"))
    training.average.updates = about["averaged"]
    restore_optimiser(training.optimizer, state.part("optimizer"))
    training.progress = Progress.from_json(about["progress"])
    training.pending = [from_json(event) for event in about["pending"]]
    training.learning_rate_factor = about["learning_rate_factor"]
    if about["best"] is not None:
        best = from_json(about["best"])
        assert isinstance(best, EpochFinished)
        training.best = replace(best, weights=state.part("best"))
    if about["scaler"] is not None and training.place.scaler is not None:
        training.place.scaler.load_state_dict(about["scaler"])
    training.random = list(state.part("random").values())
    training.epoch_random = state.tensors["epoch"]
    if training.progress.step % training.steps_per_epoch:
        training.generator.set_state(training.epoch_random)
        training.order = batches(training.examples, training.recipe.batch_size, training.generator)
    training.generator.set_state(state.tensors["order"])


def copied(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies on the CPU that later steps do not touch."""
    return {name: value.detach().to("cpu", copy=True) for name, value in tensors.items()}


def _named(part: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{part}.{name}": value for name, value in tensors.items()}


def _check(training: Resumable, state: TrainingState) -> None:
    own = {name: tuple(value.shape) for name, value in training.model.state_dict().items()}
    theirs = {name: tuple(value.shape) for name, value in state.part("weights").items()}
    if own != theirs:
        name = next(name for name in sorted({*own, *theirs}) if own.get(name) != theirs.get(name))
        raise CheckpointError(
            f"expected the state of this model, with {name} of shape {own.get(name)}, "
            f"got another's, with {theirs.get(name)}: "
            "choose the same model, or train from the start"
        )
    for word, value in asdict(training.recipe).items():
        earlier = state.about["recipe"].get(word)
        if earlier != value:
            raise CheckpointError(
                f"expected the state of a run with {word} {value}, got one with {earlier}: "
                "choose the same, or train from the start"
            )
    if state.about["data"] != _fingerprints(training):
        raise CheckpointError(
            "expected the state of a run on these examples, got one on others: "
            "choose the same data, or train from the start"
        )


def _fingerprints(training: Resumable) -> list[str]:
    return [_fingerprint(training.examples), _fingerprint(training.held_out)]


def _fingerprint(examples: Examples) -> str:
    """A hash of all labels and of up to `MOST_HASHED` inputs, evenly spread."""
    spread = slice(None, None, -(-len(examples) // MOST_HASHED))
    found = hashlib.sha256(str(tuple(examples.inputs.shape)).encode())
    for part in (examples.labels, examples.lengths, examples.inputs[spread]):
        if part is not None:
            found.update(part.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return found.hexdigest()
