"""What training says while it goes on: typed events, and each as one line of JSON.

The engine yields them, and whoever iterates prints, draws, saves or stops.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

NAN = math.nan


@dataclass(frozen=True)
class TrainingStarted:
    """The run is set up: `steps` in all, `steps_per_epoch` each epoch.

    `resumed_at` is the step that a resumed run goes on from, 0 for a fresh one.
    """

    steps: int
    steps_per_epoch: int
    parameters: int
    device: str = "cpu"
    processes: int = 1
    resumed_at: int = 0


@dataclass(frozen=True)
class StepFinished:
    """One update; `step` counts from 1.

    `loss` and `accuracy` (a share, 0 to 1) are those of this batch before the update, with dropout
    and varied inputs; `gradient_norm` is the norm before clipping, `clipped_norm` after it.
    `examples_per_second` is a running rate of updates alone; `seconds` is the time spent in
    training so far, without pauses; `seconds_left` counts the scores to come, too.
    """

    step: int
    epoch: int
    loss: float
    gradient_norm: float
    learning_rate: float
    accuracy: float = NAN
    clipped_norm: float = NAN
    examples_per_second: float = NAN
    seconds: float = 0.0
    seconds_left: float = NAN


@dataclass(frozen=True)
class HeldOutScored:
    """The averaged weights, scored on `count` held-out and as many training examples.

    Both are fixed samples, read without dropout and without variation, so the two pairs of numbers
    differ by what was learnt by heart only. The loss is the one that is brought down.
    """

    step: int
    epoch: int
    loss: float
    accuracy: float
    count: int
    training_loss: float
    training_accuracy: float


@dataclass(frozen=True)
class EpochFinished:
    """One pass over the data, scored on all held-out examples with the averaged weights.

    `loss` is the mean of the batches' losses. `weights` is a copy on the CPU that later steps do
    not touch. `is_best` says that no earlier epoch scored as high (of equal scores the later one
    counts: its learning rate was lower). `training_accuracy` is that of `HeldOutScored`.
    """

    epoch: int
    loss: float
    held_out_accuracy: float
    held_out_count: int
    seconds: float
    is_best: bool
    weights: dict[str, Tensor] = field(default_factory=dict, repr=False)
    held_out_loss: float = NAN
    training_accuracy: float = NAN
    step: int = 0


@dataclass(frozen=True)
class SnapshotTaken:
    """The averaged weights after `step` updates, as they are scored; a copy on the CPU."""

    step: int
    epoch: int
    weights: dict[str, Tensor] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class TrainingWarned:
    """Something to know: `text` is a sentence.

    Kinds: "first-clip" (a gradient was clipped), "above-chance" (the first score that chance hardly
    gives), "learning-rate" (somebody changed it), "not-finite" (training ends here).
    """

    step: int
    kind: str
    text: str


@dataclass(frozen=True)
class TrainingFinished:
    """All epochs are done; `best` is the epoch to keep."""

    best: EpochFinished
    seconds: float


Event = (
    TrainingStarted
    | StepFinished
    | HeldOutScored
    | EpochFinished
    | SnapshotTaken
    | TrainingWarned
    | TrainingFinished
)

KINDS: dict[str, type[Any]] = {
    "training-started": TrainingStarted,
    "step-finished": StepFinished,
    "held-out-scored": HeldOutScored,
    "epoch-finished": EpochFinished,
    "snapshot-taken": SnapshotTaken,
    "training-warned": TrainingWarned,
    "training-finished": TrainingFinished,
}
_NAMES = {cls: name for name, cls in KINDS.items()}


def to_json(event: Event) -> dict[str, Any]:
    """The event as JSON can hold it, without weights: its kind under "event", then its fields.

    Strict JSON has no such numbers, so NaN is null, and infinity is "inf" or "-inf".
    """
    found: dict[str, Any] = {"event": _NAMES[type(event)]}
    for one in fields(event):
        value = getattr(event, one.name)
        if one.name == "weights":
            continue
        if isinstance(value, EpochFinished):
            value = to_json(value)
        elif isinstance(value, float) and not math.isfinite(value):
            value = None if math.isnan(value) else str(value)
        found[one.name] = value
    return found


def from_json(found: dict[str, Any]) -> Event:
    """The event that `to_json` wrote, with no weights. Raises ValueError for anything else."""
    kind = found.get("event")
    cls = KINDS.get(kind) if isinstance(kind, str) else None
    if cls is None:
        raise ValueError(f"event: expected one of {', '.join(KINDS)}, got {str(kind)[:40]!r}")
    words: dict[str, Any] = {}
    for one in fields(cls):
        if one.name == "weights" or one.name not in found:
            continue
        value = found[one.name]
        if one.type == "float":
            value = NAN if value is None else float(value)
        elif one.type == "EpochFinished":
            value = from_json(value)
        words[one.name] = value
    try:
        return cls(**words)
    except TypeError as failure:
        raise ValueError(f"event: expected all fields of {kind}, got {sorted(found)}") from failure
