"""What the tasks of a plan are made of: examples, held-out examples, and what is shown of them.

`load` remembers the last few, because the lanes of a race ask for the same ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnviz import parsing
from rnnviz.data import DataError, digits, memory, mnist
from rnnviz.models.classifier import DIGIT_LABELS
from rnnviz.models.places import runs_folder
from rnnviz.training.engine.batches import Examples, Prepare
from rnnviz.training.engine.objectives import Classification, Number, Objective, Symbols
from rnnviz.training.plan import Plan
from rnnviz.training.tasks import images, texts
from rnnviz.training.tasks.table import TASKS

HELD_OUT_SEED = 1_000_003
"""Held-out sequences of the memory tasks come from the seed plus this: other ones, same kind."""

SHOWN = 4
"""Held-out inputs to choose from while training goes on."""

TOKENS: dict[str, dict[str, Any]] = {
    "sentences": {},
    "imdb": {"size": 4000, "most_tokens": 160, "least_count": 2},
    "own": {"size": 4000, "most_tokens": 160, "least_count": 2},
}
"""How texts become tokens; short, so that a run ends in a minute."""


@dataclass(frozen=True, eq=False)
class Shown:
    """A held-out input to look at while training goes on: what the model reads, and its words.

    `inputs` is `(T, I)` floats or `(T,)` tokens, as the model takes them with a batch of one in
    front. `truth` is the right answer in words. `tokens` are the words of the steps and `image` is
    `(T, I)` uint8, each where the theatre has something to write or to draw. `marks` are steps that
    matter: `(step, short label, sentence)`, steps counted from 0.
    """

    title: str
    inputs: Tensor
    truth: str
    step_word: str
    tokens: tuple[str, ...] | None = None
    image: np.ndarray | None = None
    marks: tuple[tuple[int, str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class Source:
    """The data of a task. `model` are words of `SequenceClassifier` that it decides."""

    training: Examples
    held_out: Examples
    labels: tuple[str, ...]
    objective: Objective
    about: dict[str, Any]
    model: dict[str, Any]
    shown: tuple[Shown, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    prepare: Prepare | None = None


def load(plan: Plan) -> Source:
    """The data of a plan; plans that differ in other words share it. Raises `DataError`."""
    names = (name for name in TASKS[plan.task].words if name != "examples")
    words = {name: getattr(plan, name) for name in names}
    where = f"{os.environ.get('RNNVIZ_DATA')} {runs_folder()[0]}"
    return _load(plan.task, plan.seed, plan.examples, tuple(sorted(words.items())), where)


def forget() -> None:
    """Let go of all data: half a gigabyte of texts stays otherwise for as long as the process."""
    _load.cache_clear()
    _everything.cache_clear()


@lru_cache(maxsize=2)
def _load(
    task: str,
    seed: int,
    examples: int | None,
    words: tuple[tuple[str, Any], ...],
    where: str,
) -> Source:
    chosen = dict(words)
    reads = TASKS[task].reads
    if reads == "rows":
        return _images(task, seed, examples, where)
    if reads == "tokens":
        return _texts(task, seed, examples, chosen)
    return _sequences(task, seed, examples or TASKS[task].defaults.examples or 1000, chosen)


@lru_cache(maxsize=2)
def _everything(name: str, where: str) -> Examples:
    """All training images of a name, before they are split: another seed reads no file again."""
    # Not `images.load`, which reads test images too.
    pixels, marks = digits.load() if name == "digits" else mnist.load("train", name=name)
    return Examples(torch.as_tensor(pixels), torch.as_tensor(marks))


def _images(name: str, seed: int, limit: int | None, where: str) -> Source:
    everything = _everything(name, where)
    learn, keep = images.split(everything.labels, TASKS[name].held_out, seed)
    held_out = everything.at(keep)
    labels = images.LABELS.get(name, DIGIT_LABELS)
    shown = tuple(
        Shown(
            title=f"image {place}: {labels[int(held_out.labels[row])]}",
            inputs=held_out.inputs[row].float() / 255,
            truth=labels[int(held_out.labels[row])],
            step_word="row",
            image=held_out.inputs[row].numpy(),
        )
        for place, row in enumerate(_different(held_out.labels), 1)
    )
    return Source(
        training=everything.at(learn[:limit]),
        held_out=held_out,
        labels=labels,
        objective=Classification(_largest_share(held_out.labels)),
        about={
            "task": f"classify {name}: 28 rows of 28 pixels, read from the top",
            "dataset": name,
            "data": images.DATA[name],
            "licence": images.LICENCES[name],
        },
        model={"input_size": 28, "num_classes": len(labels), "labels": labels},
        shown=shown,
        prepare=images.plain,
    )


def _texts(name: str, seed: int, limit: int | None, chosen: dict[str, Any]) -> Source:
    path = ""
    if name == "own":
        path = _own_file(chosen.pop("data"))
    try:
        task = texts.load(
            path or name,
            held_out=TASKS[name].held_out,
            seed=seed,
            limit=limit or 10**9,  # a limit, whatever it is, spares the test texts
            chosen_tokens=TOKENS[name],
            read=parsing.labelled_texts,
            **chosen,
        )
    except DataError as failure:
        # Where the server keeps an uploaded file is nobody's concern.
        key = Path(path).name
        raise DataError(str(failure).replace(key, "your file")) if path else failure from failure
    labels, tokenizer = task.held_out.labels, task.tokenizer
    shown = []
    for row in _different(labels):
        encoded = tokenizer.encode(task.held_out_texts.texts[row])
        truth = task.labels[int(labels[row])]
        title = " ".join(encoded.text.split())
        shown.append(
            Shown(
                title=f"{title[:57]}..." if len(title) > 60 else title,
                inputs=torch.from_numpy(encoded.ids.astype(np.int64)),
                truth=truth,
                step_word="token",
                tokens=encoded.pieces,
            )
        )
    about = task.about()
    if name == "own":
        about |= {"dataset": "own texts", "data": f"{len(task.training):,} texts and their labels"}
        about["task"] = f"classify texts as {' or '.join(task.labels)}"
    return Source(
        training=task.training,
        held_out=task.held_out,
        labels=task.labels,
        objective=Classification(_largest_share(labels)),
        about=about,
        model={
            "num_classes": len(task.labels),
            "labels": task.labels,
            "vocabulary_size": tokenizer.vocabulary_size,
        },
        shown=tuple(shown),
        files=tokenizer.files(),
    )


def _own_file(key: str | None) -> str:
    if key is None:
        raise DataError("expected a file of labelled texts, got none: upload one first")
    path = Path(runs_folder()[0]) / "data" / key
    if not path.is_file():
        raise DataError("expected the file that was uploaded, got none: upload it again")
    return str(path)


def _sequences(name: str, seed: int, count: int, chosen: dict[str, Any]) -> Source:
    makers: dict[str, Callable[..., memory.Sequences]] = {
        "recall": memory.recall,
        "adding": memory.adding,
        "copy": memory.copy,
    }
    make = makers[name]
    found = make(count, seed=seed, **chosen)
    kept = make(TASKS[name].held_out, seed=seed + HELD_OUT_SEED, **chosen)
    held_out = Examples(torch.from_numpy(kept.inputs), torch.from_numpy(kept.targets))
    amounts = " and ".join(f"{word} {value}" for word, value in chosen.items())
    model = {
        "input_size": len(kept.channels),
        "num_classes": len(kept.labels),
        "labels": kept.labels,
        "input_mean": 0.0,
        "input_std": 1.0,
        "answers": chosen["length"] if name == "copy" else 1,
    }
    return Source(
        training=Examples(torch.from_numpy(found.inputs), torch.from_numpy(found.targets)),
        held_out=held_out,
        labels=kept.labels,
        objective=_objective(name, kept),
        about={
            "task": f"{TASKS[name].title.lower()}, {amounts}: {TASKS[name].what}",
            "dataset": name,
            "data": "drawn from the seed",
            "licence": "MIT",
        },
        model=model,
        shown=tuple(_shown_sequence(name, kept, row) for row in range(SHOWN)),
    )


def _objective(name: str, kept: memory.Sequences) -> Objective:
    if name == "adding":
        middle = Number().correct(torch.zeros(len(kept), 2), torch.from_numpy(kept.targets))
        return Number(chance=float(middle.mean()))
    if name == "copy":
        return Symbols(chance=1 / len(kept.labels))
    return Classification(_largest_share(torch.from_numpy(kept.targets)))


def _shown_sequence(name: str, kept: memory.Sequences, row: int) -> Shown:
    inputs, target = kept.inputs[row], kept.targets[row]
    tokens = memory.words(name, inputs)
    if name == "adding":
        truth = f"{float(target):.3f}"
        marks = tuple(
            (step, "marked", f"{inputs[step, 0]:.2f} is one of the two numbers to add.")
            for step in np.flatnonzero(inputs[:, 1]).tolist()
        )
    elif name == "copy":
        truth = "".join(kept.labels[symbol] for symbol in target)
        first = len(inputs) - len(target)
        marks = ((first, "answer", f"From here on the symbols are to be repeated: {truth}."),)
    else:
        truth = kept.labels[int(target)]
        marks = ((0, "shown", f"{truth} is the symbol to remember."),)
    return Shown(
        title=f"sequence {row + 1}: {truth}",
        inputs=torch.from_numpy(inputs),
        truth=truth,
        step_word="step",
        # The theatre writes tokens next to each other, so each brings its own space.
        tokens=tuple(f"{token} " for token in tokens),
        marks=marks,
    )


def _different(labels: Tensor) -> list[int]:
    """Places of the first examples of as many classes as are shown, then of others."""
    firsts = [int((labels == label).nonzero()[0]) for label in labels.unique()]
    others = [row for row in range(len(labels)) if row not in firsts]
    return (sorted(firsts) + others)[: max(SHOWN, len(firsts))]


def _largest_share(labels: Tensor) -> float:
    """The part that is right for whoever always says the most common class."""
    return float(labels.bincount().max()) / len(labels)
