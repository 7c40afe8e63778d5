"""What a plan costs before it starts: numbers to learn, memory, steps and seconds.

`I` numbers of a step, `H` units, `D` directions, `G` gates, `L` layers, `F = D H`, `C` classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from rnnviz.notation.cells import CELLS
from rnnviz.training.plan import BOUNDS, Plan
from rnnviz.training.tasks.table import TASKS

PARTS = {"attention-max": 2}
ATTENTION = ("attention", "attention-max")

VOCABULARY = {"sentences": 162, "imdb": 4000, "own": 4000}
"""Tokens of a text task. The grammar has so many; of reviews and own texts it is the most there
can be, which short files do not reach."""

PROCESS_BYTES = 420_000_000
"""A worker with torch and no model, resident."""

# Seconds on one thread of the machine that docs/tasks.md names; others differ, twofold and more.
SECONDS_OF_AN_UPDATE = 1.8e-3
FLOPS_A_SECOND = 7e10
SECONDS_OF_A_PARAMETER = 2e-9
MOST_SCORED = 400
"""Held-out examples, and as many to learn from, that are scored between epochs."""
PART_FOR_SCORES = 0.015
"""Of the time, for scores between epochs, where nobody says how often."""
FORWARD_PART = 1 / 3
"""Of an update's time, that reading alone takes."""


@dataclass(frozen=True)
class Estimate:
    """What to expect of a run.

    `parameters` is exact, but for reviews and own texts, where the data decides (`is_exact`).
    `memory_bytes` is that of a process that does nothing else. `seconds` were measured on one
    machine: on another expect half or twice as many.
    """

    parameters: int
    memory_bytes: int
    seconds: float
    steps: int
    is_exact: bool = True


def parameters(plan: Plan, *, vocabulary_size: int | None = None) -> int:
    """Numbers to learn, counted without building anything.

        embedding V I;  each layer and direction G H (I + H + 2), above the first with I = F
        attention F^2 + 2 F;  head C (parts F) + C

    `vocabulary_size` is that of the tokenizer, once it is known.
    """
    inputs, classes = TASKS[plan.task].input_size, TASKS[plan.task].classes or 2
    vocabulary = VOCABULARY.get(plan.task, 0) if vocabulary_size is None else vocabulary_size
    features = plan.hidden_size * (2 if plan.bidirectional else 1)
    total = vocabulary * inputs
    for layer in range(plan.num_layers):
        below = inputs if layer == 0 else features
        per_direction = CELLS[plan.cell].gates * plan.hidden_size * (below + plan.hidden_size + 2)
        total += per_direction * (2 if plan.bidirectional else 1)
    if plan.readout in ATTENTION:
        total += features * features + 2 * features
    return total + classes * (features * PARTS.get(plan.readout, 1) + 1)


def hidden_size_for(plan: Plan, budget: int) -> int:
    """The hidden size that brings `plan` nearest to `budget` numbers to learn, by bisection."""
    low, high = (int(bound) for bound in BOUNDS["hidden_size"])
    while high - low > 1:
        middle = (low + high) // 2
        if parameters(plan.changed(hidden_size=middle)) <= budget:
            low = middle
        else:
            high = middle
    return min((low, high), key=lambda size: abs(_at(plan, size) - budget))


def same_budget(plan: Plan, cells: Sequence[str]) -> tuple[Plan, ...]:
    """Plans for a race: one for each cell, with the hidden size that gives as many parameters.

    Everything else is the same. The budget is that of `plan` as it is.
    """
    budget = parameters(plan)
    lanes = (plan.changed(cell=cell) for cell in cells)
    return tuple(
        lane if lane == plan else lane.changed(hidden_size=hidden_size_for(lane, budget))
        for lane in lanes
    )


def estimate(plan: Plan, *, texts: int | None = None) -> Estimate:
    """Parameters, memory, steps and seconds of a run.

    All from the plan; `texts` is how many labelled texts a file of one's own has, where known.
    """
    count, length = parameters(plan), TASKS[plan.task].steps(plan)
    examples, held_out = _examples(plan, texts)
    batch = min(plan.batch_size, examples)
    steps = plan.epochs * ceil(examples / plan.batch_size)
    features = plan.hidden_size * (2 if plan.bidirectional else 1)
    kept = CELLS[plan.cell].kept_numbers * plan.num_layers * features * length * batch
    scored = CELLS[plan.cell].kept_numbers * features * min(50_000, 500 * length)
    stored = (examples + held_out) * length * _bytes_of_a_step(plan)
    memory = PROCESS_BYTES + 24 * count + 12 * kept + 8 * scored + 2 * stored
    update = _seconds_of_an_update(plan, count, batch, length)
    return Estimate(
        parameters=count,
        memory_bytes=int(memory),
        seconds=steps * update * _scoring(examples, held_out),
        steps=steps,
        is_exact=plan.task not in ("imdb", "own"),
    )


def together(estimates: Sequence[Estimate]) -> Estimate:
    """What one process takes that trains all of them, one step of each after the other."""
    return Estimate(
        parameters=sum(one.parameters for one in estimates),
        memory_bytes=PROCESS_BYTES + sum(one.memory_bytes - PROCESS_BYTES for one in estimates),
        seconds=sum(one.seconds for one in estimates),
        steps=sum(one.steps for one in estimates),
        is_exact=all(one.is_exact for one in estimates),
    )


def _seconds_of_an_update(plan: Plan, count: int, batch: int, length: int) -> float:
    sweeps = plan.num_layers * (2 if plan.bidirectional else 1) * length
    recurrent = count - VOCABULARY.get(plan.task, 0) * TASKS[plan.task].input_size
    work = 6.0 * recurrent * batch * length  # a product forward and two backward, each 2 flops
    return (
        SECONDS_OF_AN_UPDATE
        + sweeps * CELLS[plan.cell].seconds_of_a_step
        + work / FLOPS_A_SECOND
        + count * SECONDS_OF_A_PARAMETER
    )


def _scoring(examples: int, held_out: int) -> float:
    """How many times longer an epoch takes with its scores: all held-out examples and a sample."""
    scored = held_out + min(MOST_SCORED, examples)
    return 1 + PART_FOR_SCORES + FORWARD_PART * scored / examples


def _at(plan: Plan, size: int) -> int:
    return parameters(plan.changed(hidden_size=size))


def _examples(plan: Plan, texts: int | None) -> tuple[int, int]:
    """Examples to learn from, and those that are held out."""
    task = TASKS[plan.task]
    held_out, there = task.held_out, task.available
    if there is None:
        return plan.examples or task.defaults.examples or 1000, held_out
    if plan.task == "own" and texts is not None:
        held_out = max(1, min(held_out, texts // 5))
        there = max(1, texts - held_out)
    return min(plan.examples or there, there), held_out


def _bytes_of_a_step(plan: Plan) -> int:
    reads = TASKS[plan.task].reads
    return {"rows": 28, "tokens": 4, "numbers": 4 * TASKS[plan.task].input_size}[reads]
