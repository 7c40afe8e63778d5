"""Training: a loop that yields events, and the image tasks that the command line trains on.

Names are loaded when they are first used: plans and curves (`plan`, `curves`) need no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnviz.training.engine.loop import (
        DivergenceError,
        EpochFinished,
        Event,
        Examples,
        HeldOutScored,
        Recipe,
        SnapshotTaken,
        StepFinished,
        Training,
        TrainingFinished,
        TrainingStarted,
        TrainingState,
        TrainingWarned,
        train,
    )

__all__ = [
    "DivergenceError",
    "EpochFinished",
    "Event",
    "Examples",
    "HeldOutScored",
    "Recipe",
    "SnapshotTaken",
    "StepFinished",
    "Training",
    "TrainingFinished",
    "TrainingStarted",
    "TrainingState",
    "TrainingWarned",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'rnnviz.training' has no attribute {name!r}")
    value = getattr(import_module("rnnviz.training.engine.loop"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
