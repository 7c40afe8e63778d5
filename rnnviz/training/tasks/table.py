"""The tasks on offer, and the plan that suits each with each cell.

Every default ends in under a minute on one core; docs/tasks.md has the measured times and scores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from rnnviz.data.memory import CHANNELS
from rnnviz.training.plan import CELLS, Plan, PlanError

Reads = Literal["rows", "tokens", "numbers"]


@dataclass(frozen=True)
class TaskInfo:
    """What a page has to know of a task before anything is loaded.

    `reads`: "rows" of an image of 28 x 28, "tokens" of a text, or "numbers" at each step (the
    memory tasks, which neither the Digits nor the Text page can read). `classes` is None where the
    file decides. `needs_data` says in a sentence how to get the files that are not bundled. `words`
    are the words of a plan that only some tasks have a use for. `answers`: one "class", one
    "number", or "symbols" at several steps. `held_out` examples are kept from training (of own
    texts a fifth at most); the weights that are scored are a running average with `average_decay`,
    0 for the weights themselves. `input_size` numbers are read at each of `steps` steps; tokens
    are embedded in as many, and `steps` are then those of a usual text in a batch, padding
    included. `steps_back` is how many steps lie between what matters and the answer.
    `available` examples are there to learn from; None where they are drawn, as many as wanted.
    `guessing_loss` and `chance` are None where the number of classes decides them.
    `defaults` suits the first cell to try; the function `defaults` has one for each cell.
    """

    name: str
    title: str
    what: str
    noun: str
    reads: Reads
    classes: int | None
    defaults: Plan
    answers: Literal["class", "number", "symbols"] = "class"
    words: tuple[str, ...] = ()
    needs_data: str = ""
    held_out: int = 1000
    average_decay: float = 0.0
    input_size: int = 28
    steps: Callable[[Plan], int] = lambda plan: 28
    steps_back: Callable[[Plan], int] = lambda plan: 0
    available: int | None = None
    guessing_loss: float | None = None
    chance: float | None = None


MNIST_HELP = (
    "Needs the files of {0}: put them where RNNVIZ_DATA says, or fetch them once with "
    "`python -m rnnviz train {1} --limit 100 --epochs 1 --download`."
)
IMDB_HELP = (
    "Needs the reviews of IMDb: put them where RNNVIZ_DATA says, or fetch them once with "
    "`python -m rnnviz train imdb --limit 100 --epochs 1 --download`."
)

_IMAGES = Plan(hidden_size=64, readout="attention", batch_size=100, learning_rate=5e-3)
_TEXTS = Plan(hidden_size=64, bidirectional=True, readout="attention-max", learning_rate=3e-3,
              dropout=0.3, examples=3000)  # fmt: skip
_MEMORY = Plan(
    hidden_size=32,
    readout="last",
    weight_decay=0.0,
    learning_rate=1e-2,
    batch_size=50,
    examples=2000,
)


def _images(name: str, title: str, what: str) -> TaskInfo:
    return TaskInfo(
        name=name,
        title=title,
        what=what,
        noun="images",
        reads="rows",
        classes=10,
        defaults=_IMAGES.changed(task=name, examples=10_000, epochs=3),
        words=("examples",),
        available=59_000,
        needs_data=MNIST_HELP.format(title, name),
    )


_ALL = (
    TaskInfo(
        name="digits",
        title="Handwritten digits (bundled)",
        what="1,797 digits that come with scikit-learn, read row by row: which of ten is it?",
        noun="images",
        reads="rows",
        classes=10,
        defaults=_IMAGES.changed(task="digits", batch_size=50, epochs=12),
        words=("examples",),
        held_out=359,
        available=1438,
    ),
    _images("mnist", "MNIST", "Handwritten digits of many people, read row by row."),
    _images("fashion-mnist", "Fashion-MNIST", "Pictures of clothes, read row by row."),
    _images("kmnist", "KMNIST", "Cursive Japanese signs, read row by row."),
    TaskInfo(
        name="sentences",
        title="Opinions of a small grammar",
        what="Sentences such as 'the film was not at all dull': did the speaker like it?",
        noun="sentences",
        reads="tokens",
        classes=2,
        defaults=Plan(
            task="sentences",
            hidden_size=32,
            bidirectional=True,
            readout="attention",
            learning_rate=1e-2,
            epochs=8,
            dropout=0.1,
        ),
        words=("examples",),
        input_size=32,
        steps=lambda plan: 14,
        available=6000,
    ),
    TaskInfo(
        name="imdb",
        title="Reviews of films (IMDb)",
        what="Reviews that people wrote about films: did they like it?",
        noun="reviews",
        reads="tokens",
        classes=2,
        defaults=_TEXTS.changed(task="imdb", epochs=3),
        words=("examples",),
        needs_data=IMDB_HELP,
        input_size=64,
        steps=lambda plan: 160,
        available=22_500,
    ),
    TaskInfo(
        name="own",
        title="Your own labelled texts",
        what="A CSV, JSON Lines or Parquet file with a column of texts and a column of labels.",
        noun="texts",
        reads="tokens",
        classes=None,
        defaults=_TEXTS.changed(task="own", epochs=6),
        words=("examples", "data", "text_column", "label_column"),
        needs_data="Needs a file of yours: upload one.",
        input_size=64,
        steps=lambda plan: 100,
        available=3000,
    ),
    TaskInfo(
        name="recall",
        title="Delayed recall",
        what="A symbol is shown first, distractors follow; at the end, which symbol was it?",
        noun="sequences",
        reads="numbers",
        classes=4,
        defaults=_MEMORY.changed(task="recall", delay=20),
        words=("delay", "examples"),
        input_size=len(CHANNELS["recall"]),
        steps=lambda plan: plan.delay + 2,
        steps_back=lambda plan: plan.delay + 1,
    ),
    TaskInfo(
        name="adding",
        title="Adding two numbers",
        what="Two of many numbers are marked; at the end, what is half of their sum?",
        noun="sequences",
        reads="numbers",
        classes=2,
        answers="number",
        defaults=_MEMORY.changed(task="adding", length=50, examples=4000, epochs=15),
        words=("length", "examples"),
        input_size=len(CHANNELS["adding"]),
        steps=lambda plan: plan.length,
        steps_back=lambda plan: plan.length // 2,
        guessing_loss=1 / 24,  # the variance of half a sum of two numbers in 0..1
        chance=1 - 0.92**2,
    ),
    TaskInfo(
        name="copy",
        title="Copying",
        what="Some symbols are shown; after a delay, repeat them in order.",
        noun="sequences",
        reads="numbers",
        classes=8,
        answers="symbols",
        defaults=_MEMORY.changed(
            task="copy",
            hidden_size=64,
            delay=10,
            length=5,
            learning_rate=2e-2,
            examples=5000,
            epochs=15,
        ),
        words=("delay", "length", "examples"),
        input_size=len(CHANNELS["copy"]),
        steps=lambda plan: 2 * plan.length + plan.delay,
        steps_back=lambda plan: plan.delay + plan.length,
    ),
)

TASKS: dict[str, TaskInfo] = {info.name: info for info in _ALL}

# What a cell wants otherwise than the task's defaults.
_OF_CELLS: dict[tuple[str, str], dict[str, Any]] = {
    ("copy", "rnn"): {"learning_rate": 1e-2},
}


def defaults(task: str, cell: str = "gru") -> Plan:
    """The plan that suits a task and a cell; raises `PlanError` for a name that is none."""
    if task not in TASKS:
        raise PlanError(f"task: expected one of {', '.join(TASKS)}, got {task!r:.60}")
    if cell not in CELLS:
        raise PlanError(f"cell: expected one of {', '.join(CELLS)}, got {cell!r:.60}")
    return TASKS[task].defaults.changed(cell=cell, **_OF_CELLS.get((task, cell), {}))
