"""One update of the weights: read a batch, find the gradient, clip it, step."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from rnnviz.training.engine.batches import Examples
from rnnviz.training.engine.devices import Place
from rnnviz.training.engine.objectives import Objective
from rnnviz.training.engine.recipe import Recipe

CLIP_EPSILON = 1e-6
"""What `clip_grad_norm_` adds to the norm that it divides by."""


@dataclass(frozen=True)
class Update:
    """What an update says: of the whole batch, over all processes.

    `stopped` is whether any process was asked to stop.
    """

    loss: float
    accuracy: float
    norm: float
    clipped_norm: float
    stopped: bool


def update(
    model: nn.Module,
    batch: Examples,
    optimizer: torch.optim.Optimizer,
    recipe: Recipe,
    objective: Objective,
    place: Place,
    *,
    stop: bool = False,
) -> Update:
    """One step of `optimizer` on a batch, of which this process reads its part.

    The four numbers come to the processor together, once, after the step has been queued.
    """
    model.train()
    batch, share = place.part(batch)
    batch = batch.to(place.device)
    optimizer.zero_grad(set_to_none=True)
    backward = _adversarial_backward if recipe.adversarial else _backward
    loss, outputs = backward(model, batch, recipe, objective, place)
    loss = loss.detach()
    right = objective.correct(outputs.detach(), batch.labels).mean().to(loss.dtype)
    asked = loss.new_full((), float(stop))
    scores = place.averaged(model, share, torch.stack([loss, right, asked]))
    if place.scaler is not None:
        place.scaler.unscale_(optimizer)
    parameters = list(model.parameters())
    if recipe.clip_norm is None:
        norm = nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
    else:
        norm = nn.utils.clip_grad_norm_(parameters, recipe.clip_norm)
    if place.scaler is None:
        optimizer.step()
    else:
        place.scaler.step(optimizer)
        place.scaler.update()
    mean, accuracy, stopped, length = torch.cat([scores, norm.to(scores.dtype)[None]]).tolist()
    kept = 1.0
    if recipe.clip_norm is not None:
        kept = min(1.0, recipe.clip_norm / (length + CLIP_EPSILON))
    return Update(mean, accuracy, length, length * kept, bool(stopped))


def _backward(
    model: nn.Module, batch: Examples, recipe: Recipe, objective: Objective, place: Place
) -> tuple[Tensor, Tensor]:
    """The loss and the outputs, with the gradient left in the parameters."""
    with place.autocast():
        outputs = whole(model(batch.inputs, batch.lengths))
        loss = objective.loss(outputs, batch.labels, recipe.label_smoothing)
    place.backward(loss)
    return loss, outputs


def whole(outputs: Tensor) -> Tensor:
    """Outputs of mixed precision in float32, so that losses and counts are exact."""
    return outputs.float() if outputs.dtype in (torch.float16, torch.bfloat16) else outputs


def _adversarial_backward(
    model: Any, batch: Examples, recipe: Recipe, objective: Objective, place: Place
) -> tuple[Tensor, Tensor]:
    """Gradients of the loss at the features and at their worst neighbours; the first loss.

    With `g = dL/dx` of a sequence's features `x (T, I)`: `x' = x + adversarial * g / |g|`.
    """
    with place.autocast():
        features = model.features(batch.inputs)

    def slope_at(where: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        read = where.detach().requires_grad_()
        with place.autocast():
            outputs = whole(model.answer(read, batch.lengths))
            loss = objective.loss(outputs, batch.labels, recipe.label_smoothing)
        place.backward(loss)
        assert read.grad is not None
        return loss, outputs, read.grad

    loss, outputs, slope = slope_at(features)
    norms = slope.flatten(1).norm(dim=1).clamp(min=torch.finfo(slope.dtype).tiny)
    _, _, worst_slope = slope_at(features + recipe.adversarial * slope / norms[:, None, None])
    if features.requires_grad:
        features.backward(slope + worst_slope)
    return loss, outputs


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
