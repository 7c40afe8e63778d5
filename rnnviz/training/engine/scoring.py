"""Scores between updates: which examples, in which order, how well they are answered.

Nothing here draws a number that training would miss, and nothing changes the model.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rnnviz.training.budget import FORWARD_PART, MOST_SCORED, PART_FOR_SCORES
from rnnviz.training.engine.batches import Examples, Prepare
from rnnviz.training.engine.devices import Place
from rnnviz.training.engine.objectives import Objective
from rnnviz.training.engine.updates import whole

EXAMPLES_AT_ONCE = 500
STEPS_AT_ONCE = 50_000
"""Of examples read together, so that scoring can be left within a part of a second."""

SIGNIFICANT = 3.0
"""Standard deviations above chance; by chance alone one score in 700 gets there."""


class Stopped(Exception):  # noqa: N818 - no error: somebody asked for it
    """Somebody asked training to stop while it was scoring."""


@dataclass(frozen=True)
class Scorer:
    """Scores a model on places of examples: sums over them of losses and of right answers."""

    objective: Objective
    label_smoothing: float
    prepare: Prepare | None
    place: Place
    between: Callable[[], None]

    @torch.no_grad()
    def sums(self, model: nn.Module, examples: Examples, places: Tensor) -> list[float]:
        """The sum of losses and of right answers; `between` is called before every part."""
        model.eval()
        generator = torch.Generator().manual_seed(0)
        lost = right = 0.0
        parts = chunks(examples, places)[self.place.rank :: self.place.processes]
        for index in parts:
            self.between()
            batch = examples.at(index).prepared(self.prepare, generator, 0.0)
            batch = batch.to(self.place.device)
            with self.place.autocast():
                outputs = whole(model(batch.inputs, batch.lengths))
                loss = self.objective.loss(outputs, batch.labels, self.label_smoothing)
            lost += float(loss) * len(batch)
            right += float(self.objective.correct(outputs, batch.labels).sum())
        return self.place.summed([lost, right])


def chunks(examples: Examples, places: Tensor) -> list[Tensor]:
    """The places in parts to read at once: of similar length, and never very many steps."""
    if examples.lengths is None:
        steps = examples.inputs.shape[1]
        return list(places.split(min(EXAMPLES_AT_ONCE, max(1, STEPS_AT_ONCE // steps))))
    places = places[examples.lengths[places].argsort()]
    found, start = [], 0
    lengths = examples.lengths[places].tolist()
    for end in range(1, len(places) + 1):
        # A part is read as long as its longest, which is its last.
        if end == len(places) or (
            end - start == EXAMPLES_AT_ONCE or (end + 1 - start) * lengths[end] > STEPS_AT_ONCE
        ):
            found.append(places[start:end])
            start = end
    return found


def sample(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Places of at most `MOST_SCORED` of `count` examples, drawn once, and those of the rest."""
    if count <= MOST_SCORED:
        return torch.arange(count), torch.arange(0)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    return order[:MOST_SCORED].sort().values, order[MOST_SCORED:].sort().values


def steps_between_scores(scored: int, batch_size: int) -> int:
    """So many that scoring `scored` examples takes about `PART_FOR_SCORES` of the time."""
    return math.ceil(scored * FORWARD_PART / (PART_FOR_SCORES * batch_size))


def chance_of(objective: Objective, labels: Tensor) -> float:
    """The part that is right without reading: what the objective says, or the largest class."""
    if math.isfinite(objective.chance) or labels.is_floating_point() or labels.dim() != 1:
        return objective.chance
    return float(torch.bincount(labels).max()) / len(labels)


def above_chance(accuracy: float, chance: float, count: int) -> bool:
    """Whether so many right answers of `count` are hardly chance.

        z = (a - c) / sqrt(c (1 - c) / n) > SIGNIFICANT

    False where chance is not known.
    """
    if not 0 < chance < 1:
        return chance == 0 and accuracy > 0
    return (accuracy - chance) / math.sqrt(chance * (1 - chance) / count) > SIGNIFICANT


def snapshot_steps(steps: int, count: int) -> list[int]:
    """About `count` steps from 0 to `steps`: 0, 1, 2, 4, 8, ..., then evenly.

    They double for as long as that is closer than sharing the rest evenly.
    """
    if count < 1:
        return []
    found = [0, 1]
    while len(found) < count and found[-1] < (steps - found[-1]) / (count - len(found)):
        found.append(2 * found[-1])
    left = max(0, count - len(found))
    start = found[-1]
    found += [start + round((steps - start) * place / left) for place in range(1, left + 1)]
    return sorted({step for step in found if step <= steps} | {steps} if count > 1 else {0})
