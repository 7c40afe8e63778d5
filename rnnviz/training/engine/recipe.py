"""The recipe of a training run, and what follows from it: the optimiser and the learning rate.

A learning rate is a function of the step alone, so a resumed run needs no schedule's state.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

OPTIMIZERS = ("adamw", "adam", "sgd", "momentum", "rmsprop")
SCHEDULES = ("one-cycle", "constant", "cosine", "steps")

BETAS = (0.9, 0.99)
MOMENTUM = 0.9
FUSED_DEVICES = ("cpu", "cuda")
LOWEST_START, LOWEST_END = 25.0, 1e3
"""One cycle starts at the peak over the first, and ends at that over the second."""
DROPS = (0.5, 0.75)
"""The parts of all steps after which "steps" divides the learning rate by ten."""


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run besides the model and the data.

    Where nothing else is chosen, one-cycle AdamW (Smith and Topin 2018; Loshchilov and Hutter
    2019): the learning rate rises for `warmup` of all steps and falls to zero on a cosine.
    Gradients are clipped to `clip_norm` (Pascanu, Mikolov and Bengio 2013), or not where that is
    None (or infinite, which becomes None). The weights that are scored and kept are a running
    average with decay `average_decay` per step. For the last part `calm` of all steps the examples
    are varied at half strength only, so that training ends nearer to what they really look like.
    With `adversarial` above 0 every batch
    is read a second time, with the features of each sequence moved by a step of that norm to where
    the loss grows fastest (Miyato, Dai and Goodfellow 2017), and both losses are brought down.

    `optimizer` is one of `OPTIMIZERS`; "momentum" is SGD with 0.9 of the last step. Weight decay
    of matrices is apart from the gradient in AdamW, and part of it in all others. `schedule` is one
    of `SCHEDULES`: "constant", "cosine" falls from the start, "steps" divides by ten twice
    (`DROPS`, as He et al. 2016).
    """

    epochs: int = 5
    batch_size: int = 128
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    label_smoothing: float = 0.05
    clip_norm: float | None = 1.0
    average_decay: float = 0.999
    warmup: float = 0.15
    calm: float = 0.0
    adversarial: float = 0.0
    seed: int = 0
    optimizer: str = "adamw"
    schedule: str = "one-cycle"

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 1:
            raise ValueError(
                "recipe: expected at least one epoch and one example per batch, "
                f"got epochs {self.epochs} and batch_size {self.batch_size}"
            )
        if not self.adversarial >= 0:
            raise ValueError(f"adversarial: expected 0 or more, got {self.adversarial!r}")
        if self.clip_norm == math.inf:
            object.__setattr__(self, "clip_norm", None)
        if self.clip_norm is not None and not self.clip_norm > 0:
            raise ValueError(f"clip_norm: expected a number above 0 or None, got {self.clip_norm}")
        for word, known in (("optimizer", OPTIMIZERS), ("schedule", SCHEDULES)):
            if getattr(self, word) not in known:
                raise ValueError(
                    f"{word}: expected one of {', '.join(known)}, got {getattr(self, word)!r}"
                )


def optimiser(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The optimiser of a recipe; it decays matrices and leaves biases alone.

    Where torch can, one call updates all of a parameter (`fused`): on a CPU in a third of the time.
    """
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    fused = all(p.device.type in FUSED_DEVICES and p.is_floating_point() for p in trained)
    groups = [
        {"params": [p for p in trained if p.dim() > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in trained if p.dim() <= 1], "weight_decay": 0.0},
    ]
    make: dict[str, Callable[..., torch.optim.Optimizer]] = {
        "adamw": lambda some, lr: torch.optim.AdamW(some, lr=lr, betas=BETAS, fused=fused),
        "adam": lambda some, lr: torch.optim.Adam(some, lr=lr, betas=BETAS, fused=fused),
        "sgd": lambda some, lr: torch.optim.SGD(some, lr=lr, fused=fused),
        "momentum": lambda some, lr: torch.optim.SGD(some, lr=lr, momentum=MOMENTUM, fused=fused),
        "rmsprop": lambda some, lr: torch.optim.RMSprop(some, lr=lr),
    }
    return make[recipe.optimizer](
        [group for group in groups if group["params"]], recipe.learning_rate
    )


def learning_rate(recipe: Recipe, done: int, steps: int) -> float:
    """The learning rate of the next step, when `done` of `steps` are done.

    One cycle is that of `torch.optim.lr_scheduler.OneCycleLR` over `steps + 1`.
    """
    peak = recipe.learning_rate
    if recipe.schedule == "constant":
        return peak
    if recipe.schedule == "cosine":
        return peak * (1 + math.cos(math.pi * done / steps)) / 2
    if recipe.schedule == "steps":
        return peak / 10 ** sum(done >= part * steps for part in DROPS)
    lowest = peak / LOWEST_START
    top, last = float(recipe.warmup * (max(steps, 2) + 1)) - 1, max(steps, 2)
    if done <= top:
        return _between(lowest, peak, done / top if top else 1.0)
    return _between(peak, lowest / LOWEST_END, (done - top) / (last - top))


def _between(start: float, end: float, part: float) -> float:
    """A half cosine from `start` to `end`."""
    return end + (start - end) / 2.0 * (math.cos(math.pi * part) + 1)


def optimiser_state(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """What an optimiser remembers, as tensors with names such as "3.exp_avg"."""
    remembered: dict[int, dict[str, Any]] = optimizer.state_dict()["state"]
    return {
        f"{place}.{name}": value
        for place, words in remembered.items()
        for name, value in words.items()
        if isinstance(value, Tensor)
    }


def restore_optimiser(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Let an optimiser remember what `optimiser_state` returned."""
    remembered: dict[int, dict[str, Any]] = {}
    for name, value in tensors.items():
        place, _, word = name.partition(".")
        remembered.setdefault(int(place), {})[word] = value
    optimizer.load_state_dict(
        {"state": remembered, "param_groups": optimizer.state_dict()["param_groups"]}
    )
