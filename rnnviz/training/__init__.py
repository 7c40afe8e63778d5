"""Training: a loop that yields events, and the image tasks that the command line trains on."""

from rnnviz.training.loop import (
    DivergenceError,
    EpochFinished,
    Event,
    Examples,
    Recipe,
    StepFinished,
    TrainingFinished,
    TrainingStarted,
    train,
)

__all__ = [
    "DivergenceError",
    "EpochFinished",
    "Event",
    "Examples",
    "Recipe",
    "StepFinished",
    "TrainingFinished",
    "TrainingStarted",
    "train",
]
