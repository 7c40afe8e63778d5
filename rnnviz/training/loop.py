"""The training loop: a generator of typed events.

One side trains, the other prints, draws, saves or stops; to stop is to stop iterating. The loop
knows any module that maps `(inputs, lengths)` to logits. It prints nothing and writes nothing.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim.swa_utils import AveragedModel

BATCHES_IN_A_WINDOW = 50
EXAMPLES_AT_ONCE = 500

Prepare = Callable[[Tensor, torch.Generator, float], Tensor]
"""Stored inputs, a generator, and how strongly to vary them (1 in full, 0 not), to model inputs."""


class DivergenceError(ArithmeticError):
    """Training left the numbers; the message is one sentence that says what to do."""


@dataclass(frozen=True)
class Examples:
    """Stored examples: `inputs (N, T, ...)`, `labels (N,)`, `lengths (N,)` where they differ."""

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


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run besides the model and the data.

    One-cycle AdamW (Smith and Topin 2018; Loshchilov and Hutter 2019): the learning rate rises
    for `warmup` of all steps and falls to zero on a cosine. Gradients are clipped to `clip_norm`
    (Pascanu, Mikolov and Bengio 2013). The weights that are scored and kept are a running average
    with decay `average_decay` per step. For the last part `calm` of all steps the examples are
    varied at half strength only, so that training ends nearer to what they really look like.
    With `adversarial` above 0 every batch is read a second time, with the features of each
    sequence moved by a step of that norm to where the loss grows fastest (Miyato, Dai and
    Goodfellow 2017), and both losses are brought down.
    """

    epochs: int = 5
    batch_size: int = 128
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    label_smoothing: float = 0.05
    clip_norm: float = 1.0
    average_decay: float = 0.999
    warmup: float = 0.15
    calm: float = 0.0
    adversarial: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 1:
            raise ValueError(
                "recipe: expected at least one epoch and one example per batch, "
                f"got epochs {self.epochs} and batch_size {self.batch_size}"
            )
        if not self.adversarial >= 0:
            raise ValueError(f"adversarial: expected 0 or more, got {self.adversarial!r}")


@dataclass(frozen=True)
class TrainingStarted:
    """The run is set up; `steps` in all, `steps_per_epoch` each epoch."""

    steps: int
    steps_per_epoch: int
    parameters: int


@dataclass(frozen=True)
class StepFinished:
    """One update; `step` counts from 1, `gradient_norm` is the norm before clipping."""

    step: int
    epoch: int
    loss: float
    gradient_norm: float
    learning_rate: float


@dataclass(frozen=True)
class EpochFinished:
    """One pass over the data, scored on held-out examples with the averaged weights.

    `weights` is a copy that later steps do not touch. `is_best` says that no earlier epoch
    scored as high (of equal scores the later one counts: its learning rate was lower).
    """

    epoch: int
    loss: float
    held_out_accuracy: float
    held_out_count: int
    seconds: float
    is_best: bool
    weights: dict[str, Tensor]


@dataclass(frozen=True)
class TrainingFinished:
    """All epochs are done; `best` is the epoch to keep."""

    best: EpochFinished
    seconds: float


Event = TrainingStarted | StepFinished | EpochFinished | TrainingFinished


def train(
    model: nn.Module,
    examples: Examples,
    held_out: Examples,
    recipe: Recipe,
    *,
    prepare: Prepare | None = None,
    prepare_held_out: Prepare | None = None,
) -> Iterator[Event]:
    """Train `model` in place and yield an event after every step and every epoch.

    `prepare(inputs, generator, strength)` turns stored inputs into what the model reads, and is
    the place to vary them; `prepare_held_out` does the same for scoring, at strength 0. Batches and
    augmentation follow `recipe.seed` alone; dropout follows torch's global generator, so seed
    that too for a run that repeats to the bit. Where examples have lengths, a batch holds such of
    similar length, and batches come in random order. An adversarial recipe needs a model with
    `features(inputs)` and `answer(features, lengths)`, as `SequenceClassifier` has. Raises
    `DivergenceError` when the loss is no longer a number. The model ends with its last raw
    weights; load `event.weights` of the epoch you want to keep.
    """
    generator = torch.Generator().manual_seed(recipe.seed)
    steps_per_epoch = -(-len(examples) // recipe.batch_size)
    total = steps_per_epoch * recipe.epochs
    optimizer, schedule = _optimizer(model, recipe, total)
    average = AveragedModel(model, multi_avg_fn=_running_average(recipe))
    parameters = sum(parameter.numel() for parameter in model.parameters())
    yield TrainingStarted(total, steps_per_epoch, parameters)

    best: EpochFinished | None = None
    step, run_start = 0, time.perf_counter()
    for epoch in range(1, recipe.epochs + 1):
        model.train()
        epoch_start, epoch_loss = time.perf_counter(), 0.0
        for index in _batches(examples, recipe.batch_size, generator):
            strength = 1.0 if step < total * (1 - recipe.calm) else 0.5
            batch = _prepared(examples.at(index), prepare, generator, strength)
            loss, norm = _update(model, batch, optimizer, recipe)
            if not math.isfinite(loss):
                raise DivergenceError(
                    f"expected a finite loss, got {loss} at step {step + 1} of epoch {epoch}: "
                    "lower the learning rate"
                )
            learning_rate = float(schedule.get_last_lr()[0])
            schedule.step()
            average.update_parameters(model)
            step += 1
            epoch_loss += loss * len(batch)
            yield StepFinished(step, epoch, loss, norm, learning_rate)
        seconds = time.perf_counter() - epoch_start
        averaged = average.module
        accuracy = _accuracy(averaged, held_out, prepare_held_out)
        event = EpochFinished(
            epoch=epoch,
            loss=epoch_loss / len(examples),
            held_out_accuracy=accuracy,
            held_out_count=len(held_out),
            seconds=seconds,
            is_best=best is None or accuracy >= best.held_out_accuracy,
            weights={key: value.detach().clone() for key, value in averaged.state_dict().items()},
        )
        best = event if event.is_best else best
        yield event
    assert best is not None  # recipe.epochs is at least one
    yield TrainingFinished(best, time.perf_counter() - run_start)


def _batches(examples: Examples, size: int, generator: torch.Generator) -> list[Tensor]:
    """Places of the examples in random order; of similar length together where they have lengths.

    Lengths are sorted within windows of `BATCHES_IN_A_WINDOW`, so a batch is still a random one
    among those of its length.
    """
    order = torch.randperm(len(examples), generator=generator)
    if examples.lengths is None:
        return list(order.split(size))
    batches: list[Tensor] = []
    for window in order.split(size * BATCHES_IN_A_WINDOW):
        batches += window[examples.lengths[window].argsort(stable=True)].split(size)
    return [batches[place] for place in torch.randperm(len(batches), generator=generator).tolist()]


def _optimizer(
    model: nn.Module, recipe: Recipe, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """AdamW that decays matrices and leaves biases alone, on a one-cycle schedule."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trained if p.dim() > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in trained if p.dim() <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(
        [group for group in groups if group["params"]], lr=recipe.learning_rate, betas=(0.9, 0.99)
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=recipe.learning_rate,
        total_steps=max(steps, 2) + 1,
        pct_start=recipe.warmup,
        cycle_momentum=False,
        final_div_factor=1e3,
    )
    return optimizer, schedule


def _running_average(recipe: Recipe) -> Callable[..., None]:
    """An exponential average whose decay grows to `average_decay`, so that it soon forgets the
    random weights it starts from: a <- d a + (1 - d) w with d = min(decay, (1 + n) / (10 + n))."""

    def average(averages: list[Tensor], weights: list[Tensor], updates: Tensor | int) -> None:
        count = int(updates)
        decay = min(recipe.average_decay, (1 + count) / (10 + count))
        torch._foreach_lerp_(averages, weights, 1 - decay)

    return average


def _update(
    model: nn.Module, batch: Examples, optimizer: torch.optim.Optimizer, recipe: Recipe
) -> tuple[float, float]:
    optimizer.zero_grad(set_to_none=True)
    if recipe.adversarial:
        loss = _adversarial_backward(model, batch, recipe)
    else:
        logits = model(batch.inputs, batch.lengths)
        loss = cross_entropy(logits, batch.labels, label_smoothing=recipe.label_smoothing)
        loss.backward()
    norm = nn.utils.clip_grad_norm_(model.parameters(), recipe.clip_norm)
    optimizer.step()
    return float(loss.detach()), float(norm)


def _adversarial_backward(model: Any, batch: Examples, recipe: Recipe) -> Tensor:
    """Gradients of the loss at the features and at their worst neighbours; the loss at the first.

    With `g = dL/dx` of a sequence's features `x (T, I)`: `x' = x + adversarial * g / |g|`.
    """
    lengths = batch.lengths
    if lengths is None:
        lengths = torch.full((len(batch),), batch.inputs.shape[1], device=batch.inputs.device)
    features = model.features(batch.inputs)

    def slope_at(where: Tensor) -> tuple[Tensor, Tensor]:
        read = where.detach().requires_grad_()
        logits = model.answer(read, lengths)
        loss = cross_entropy(logits, batch.labels, label_smoothing=recipe.label_smoothing)
        loss.backward()
        assert read.grad is not None
        return loss, read.grad

    loss, slope = slope_at(features)
    norms = slope.flatten(1).norm(dim=1).clamp(min=torch.finfo(slope.dtype).tiny)
    _, worst_slope = slope_at(features + recipe.adversarial * slope / norms[:, None, None])
    if features.requires_grad:
        features.backward(slope + worst_slope)
    return loss


def _prepared(
    batch: Examples, prepare: Prepare | None, generator: torch.Generator, strength: float
) -> Examples:
    if prepare is None:
        return batch
    return Examples(prepare(batch.inputs, generator, strength), batch.labels, batch.lengths)


@torch.no_grad()
def _accuracy(model: nn.Module, examples: Examples, prepare: Prepare | None) -> float:
    model.eval()
    generator = torch.Generator().manual_seed(0)
    correct = 0
    places = torch.arange(len(examples))
    if examples.lengths is not None:
        places = examples.lengths.argsort()
    for index in places.split(EXAMPLES_AT_ONCE):
        batch = _prepared(examples.at(index), prepare, generator, 0.0)
        correct += int((model(batch.inputs, batch.lengths).argmax(dim=-1) == batch.labels).sum())
    return correct / len(examples)
