"""Where a run stands: counters and running rates, as plain numbers that go into a saved state."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

HALF_LIFE = 50
"""Steps after which a step counts half in a running rate."""


@dataclass
class Rate:
    """A running rate of updates: sums that forget, so that their ratios are means of late steps.

        S_t = d S_(t-1) + s_t,   d = 2^(-1 / HALF_LIFE)

    The first update of a process is a slow one (memory is asked for, kernels are chosen): it counts
    until there is a second.
    """

    steps: float = 0.0
    examples: float = 0.0
    seconds: float = 0.0
    updates: int = 0

    def count(self, examples: int, seconds: float) -> None:
        """One update of so many examples took so long."""
        self.updates += 1
        keep = 0.0 if self.updates == 2 else 2 ** (-1 / HALF_LIFE)
        self.steps = keep * self.steps + 1
        self.examples = keep * self.examples + examples
        self.seconds = keep * self.seconds + seconds

    @property
    def examples_per_second(self) -> float:
        """NaN before the first update."""
        return self.examples / self.seconds if self.seconds else math.nan

    @property
    def seconds_per_step(self) -> float:
        """NaN before the first update."""
        return self.seconds / self.steps if self.steps else math.nan


@dataclass
class Progress:
    """What changes from event to event besides tensors.

    `stage` is what comes next: "score", "snapshot" and "epoch" say what there is to say of the
    last update (or of the start), then "update". `factor` is the learning-rate factor that was
    told, `sums` and `learnt` the last scores of both samples.
    """

    step: int = 0
    stage: str = "score"
    seconds: float = 0.0
    epoch_loss: float = 0.0
    epoch_seconds: float = 0.0
    clipped: bool = False
    above: bool = False
    factor: float = 1.0
    learnt: list[float] = field(default_factory=list)
    sums: list[float] = field(default_factory=list)
    scored_examples: int = 0
    scored_seconds: float = 0.0
    rate: Rate = field(default_factory=Rate)

    def scored(self, examples: int, seconds: float) -> None:
        """So many examples were scored in so long."""
        self.scored_examples += examples
        self.scored_seconds += seconds
        self.seconds += seconds

    @property
    def seconds_per_score(self) -> float:
        """Seconds for one example, 0 before any was scored."""
        return self.scored_seconds / max(1, self.scored_examples)

    def seconds_left(self, steps: int, scores: tuple[int, int], epochs: tuple[int, int]) -> float:
        """Updates up to `steps` and examples to be scored, each at its running rate.

        `scores` and `epochs` say after how many steps how many examples are scored; at the end of
        an epoch both are. What is scored after the last update is still to come.
        """
        (score_every, sample), (per_epoch, rest) = scores, epochs
        own, ends, both = (
            steps // every - (self.step - 1) // every
            for every in (score_every, per_epoch, math.lcm(score_every, per_epoch))
        )
        examples = (own + ends - both) * sample + ends * rest
        updates = (steps - self.step) * self.rate.seconds_per_step
        return updates + examples * self.seconds_per_score

    def to_json(self) -> dict[str, Any]:
        """All of it as plain numbers and words."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Progress:
        """What `to_json` wrote; the rate is measured anew, on what may be another machine."""
        return cls(**{**found, "rate": Rate()})
