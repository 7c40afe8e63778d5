"""What the tasks of a plan are made of: examples, held-out examples, and what is shown of them.

`load` remembers the last few, because the lanes of a race ask for the same ones.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rnnviz import parsing
from rnnviz.data import DataError, digits, mnist
from rnnviz.models.classifier import DIGIT_LABELS
from rnnviz.models.places import runs_folder
from rnnviz.training.engine.batches import Examples
from rnnviz.training.engine.objectives import Classification
from rnnviz.training.plan import Plan
from rnnviz.training.tasks import images, memory, texts
from rnnviz.training.tasks.source import Shown, Source, different, largest_share
from rnnviz.training.tasks.table import TASKS

TOKENS: dict[str, dict[str, Any]] = {
    "sentences": {},
    "imdb": {"size": 4000, "most_tokens": 160, "least_count": 2},
    "own": {"size": 4000, "most_tokens": 160, "least_count": 2},
}
"""How texts become tokens; short, so that a run ends in a minute."""


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
    count = examples or TASKS[task].defaults.examples or 1000
    return memory.source(TASKS[task], seed, count, chosen)


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
        for place, row in enumerate(different(held_out.labels), 1)
    )
    return Source(
        training=everything.at(learn[:limit]),
        held_out=held_out,
        labels=labels,
        objective=Classification(largest_share(held_out.labels)),
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
    for row in different(labels):
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
        objective=Classification(largest_share(labels)),
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
