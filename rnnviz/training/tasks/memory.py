"""The memory tasks: a maker, an objective, and the words of one sequence, together for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from rnnviz.data import memory
from rnnviz.data.memory import Sequences
from rnnviz.training.engine.batches import Examples
from rnnviz.training.engine.objectives import Classification, Number, Objective, Symbols
from rnnviz.training.tasks.source import SHOWN, Shown, Source, largest_share
from rnnviz.training.tasks.table import TaskInfo

HELD_OUT_SEED = 1_000_003
"""Held-out sequences of the memory tasks come from the seed plus this: other ones, same kind."""

Marks = tuple[tuple[int, str, str], ...]


@dataclass(frozen=True)
class Memory:
    """One memory task: `told` gives the right answer of a row and the steps that matter."""

    make: Callable[..., Sequences]
    objective: Callable[[Sequences], Objective]
    told: Callable[[Sequences, int], tuple[str, Marks]]


def source(task: TaskInfo, seed: int, count: int, chosen: dict[str, Any]) -> Source:
    """`count` sequences of a task and those held out; `chosen` are the maker's other words."""
    kind = KINDS[task.name]
    found = kind.make(count, seed=seed, **chosen)
    kept = kind.make(task.held_out, seed=seed + HELD_OUT_SEED, **chosen)
    held_out = Examples(torch.from_numpy(kept.inputs), torch.from_numpy(kept.targets))
    amounts = " and ".join(f"{word} {value}" for word, value in chosen.items())
    model = {
        "input_size": len(kept.channels),
        "num_classes": len(kept.labels),
        "labels": kept.labels,
        "input_mean": 0.0,
        "input_std": 1.0,
        "answers": chosen["length"] if task.answers == "symbols" else 1,
    }
    return Source(
        training=Examples(torch.from_numpy(found.inputs), torch.from_numpy(found.targets)),
        held_out=held_out,
        labels=kept.labels,
        objective=kind.objective(kept),
        about={
            "task": f"{task.title.lower()}, {amounts}: {task.what}",
            "dataset": task.name,
            "data": "drawn from the seed",
            "licence": "MIT",
        },
        model=model,
        shown=tuple(_shown(task.name, kind, kept, row) for row in range(SHOWN)),
    )


def _shown(name: str, kind: Memory, kept: Sequences, row: int) -> Shown:
    truth, marks = kind.told(kept, row)
    return Shown(
        title=f"sequence {row + 1}: {truth}",
        inputs=torch.from_numpy(kept.inputs[row]),
        truth=truth,
        step_word="step",
        # The theatre writes tokens next to each other, so each brings its own space.
        tokens=tuple(f"{token} " for token in memory.words(name, kept.inputs[row])),
        marks=marks,
    )


def _one_of_labels(kept: Sequences) -> Objective:
    return Classification(largest_share(torch.from_numpy(kept.targets)))


def _number(kept: Sequences) -> Objective:
    middle = Number().correct(torch.zeros(len(kept), 2), torch.from_numpy(kept.targets))
    return Number(chance=float(middle.mean()))


def _symbols(kept: Sequences) -> Objective:
    return Symbols(chance=1 / len(kept.labels))


def _recall_told(kept: Sequences, row: int) -> tuple[str, Marks]:
    truth = kept.labels[int(kept.targets[row])]
    return truth, ((0, "shown", f"{truth} is the symbol to remember."),)


def _adding_told(kept: Sequences, row: int) -> tuple[str, Marks]:
    inputs = kept.inputs[row]
    marks = tuple(
        (step, "marked", f"{inputs[step, 0]:.2f} is one of the two numbers to add.")
        for step in np.flatnonzero(inputs[:, 1]).tolist()
    )
    return f"{float(kept.targets[row]):.3f}", marks


def _copy_told(kept: Sequences, row: int) -> tuple[str, Marks]:
    target = kept.targets[row]
    truth = "".join(kept.labels[symbol] for symbol in target)
    first = len(kept.inputs[row]) - len(target)
    return truth, ((first, "answer", f"From here on the symbols are to be repeated: {truth}."),)


KINDS = {
    "recall": Memory(memory.recall, _one_of_labels, _recall_told),
    "adding": Memory(memory.adding, _number, _adding_told),
    "copy": Memory(memory.copy, _symbols, _copy_told),
}
