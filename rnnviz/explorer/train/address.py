"""The address of the Train page: what is to be trained, and which run is shown, as short words.

``/train?v=2&task=recall&cell=lstm&rate=0.01&delay=30&run=q3J9...``. A word says where the plan
differs from what suits its task and cell (`tasks.table.defaults`), so a short link means
the same in years. A run is named by its id, which nobody can guess. What somebody uploaded is in no
address: a link to the task "own" opens with the question for a file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rnnviz.explorer.parts.address import (
    CELLS,
    RUN,
    Word,
    either,
    one_of_numbers,
    said,
    version_notices,
    write_words,
)
from rnnviz.training.plan import BOUNDS, CHOICES, NONE_ALLOWED, TASK_NAMES, WHOLE, Plan
from rnnviz.training.tasks.table import defaults

RACE = "race"
"""The word for several cells side by side."""

REFERENCE = "gru"
"""Of a race, the cell whose units are chosen; the others get as many parameters."""

FIRST_TASK, FIRST_CELL = "digits", "gru"
FIGURES = ("machine", "runs")
SEEDS = (1, 3)
SMOOTHINGS = (0, 3, 10, 30, 100)
"""Half-lives, in steps, that the smoothing of the curves may have."""

FIRST_SMOOTHING = 10
NONE = "none"
"""What an address says for a number that a plan leaves out, such as no clipping."""

PLAN_WORDS: dict[str, str] = {
    "size": "hidden_size",
    "layers": "num_layers",
    "both": "bidirectional",
    "readout": "readout",
    "start": "initialisation",
    "gain": "gain",
    "bias": "gate_bias",
    "optimizer": "optimizer",
    "rate": "learning_rate",
    "schedule": "schedule",
    "decay": "weight_decay",
    "clip": "clip_norm",
    "batch": "batch_size",
    "epochs": "epochs",
    "dropout": "dropout",
    "seed": "seed",
    "delay": "delay",
    "length": "length",
    "examples": "examples",
    "text": "text_column",
    "label": "label_column",
    "engine": "engine",
}
"""Word of the address -> field of the plan."""


@dataclass(frozen=True)
class TrainAddress:
    """Everything about the Train page that a link carries.

    ``plan`` is what would be trained next; in a race it is that of the `REFERENCE` cell, and
    ``racers`` are the cells that race (empty: no race), each with ``seeds`` seeds. ``run`` is the
    run that is shown, ``figure`` what is looked at below the curves, ``smoothing`` the half-life
    of the smoothing in steps (0: none); ``log_loss`` and ``log_steps`` choose the axes.
    """

    plan: Plan
    racers: tuple[str, ...] = ()
    seeds: int = 1
    run: str | None = None
    figure: str | None = None
    smoothing: int = FIRST_SMOOTHING
    log_loss: bool = False
    log_steps: bool = False

    @property
    def is_race(self) -> bool:
        """Whether several networks are to be trained together."""
        return bool(self.racers)

    @property
    def cell(self) -> str:
        """The word for the cell, or for the race."""
        return RACE if self.is_race else self.plan.cell

    def to_query(self) -> dict[str, str]:
        """The words of the address, without those that say the default."""
        plan, usual = self.plan, defaults(self.plan.task, self.plan.cell)
        log = "l" * self.log_loss + "s" * self.log_steps
        values = {
            "task": plan.task,
            "cell": self.cell,
            "racers": self.racers or CELLS,
            "seeds": self.seeds if self.is_race else 1,
            "run": self.run,
            "figure": self.figure,
            "smooth": self.smoothing,
            "log": log,
        }
        written = write_words(_WORDS.values(), values)
        for word, name in PLAN_WORDS.items():
            value = getattr(plan, name)
            if value != getattr(usual, name):
                written[word] = NONE if value is None else said(value)
        return {word: written[word] for word in WORDS if word in written}


def first_address() -> TrainAddress:
    """What the page opens with."""
    return TrainAddress(defaults(FIRST_TASK, FIRST_CELL))


def _racers(sent: str) -> tuple[str, ...]:
    named = sent.lower().split(".")
    if not 2 <= len(named) <= len(CELLS) or len(set(named)) < len(named) or set(named) - set(CELLS):
        raise ValueError(sent)
    return tuple(cell for cell in CELLS if cell in named)


_OTHERS = (
    Word("task", *either(TASK_NAMES), FIRST_TASK),
    Word("cell", *either((*CELLS, RACE)), FIRST_CELL),
    Word("racers", _racers, "two or three of lstm.gru.rnn", CELLS, ".".join),
    Word("seeds", one_of_numbers(SEEDS)[0], "1 or 3", 1),
    Word("run", RUN[0], "the 16 letters of a run", instead="none"),
    Word("figure", *either(FIGURES), instead="none"),
    Word("smooth", *one_of_numbers(SMOOTHINGS), FIRST_SMOOTHING),
    Word("log", either(("l", "s", "ls"))[0], "l, s or ls", ""),
)
_WORDS = {word.name: word for word in _OTHERS}
_LAST = ("run", "figure", "smooth", "log")
WORDS = ("task", "cell", "racers", "seeds", *PLAN_WORDS, *_LAST)
"""The page's words, in the order in which they are written."""


def read_query(query: Mapping[str, str]) -> tuple[TrainAddress, tuple[str, ...]]:
    """The page that an address asks for, and one sentence for each word that made no sense.

    Words that are not the page's are left alone. Whether a run of that id is there is not looked at
    here: that knows the store.
    """
    notices = version_notices(query)
    task, cell = (_WORDS[name].of(query, notices) for name in ("task", "cell"))
    racers, seeds = (), 1
    if cell == RACE:
        cell = REFERENCE
        racers, seeds = (_WORDS[name].of(query, notices) for name in ("racers", "seeds"))
    plan = defaults(task, cell)
    for word, name in PLAN_WORDS.items():
        plan = Word(word, _changed(plan, name), _expected(name), plan).of(query, notices)
    run, figure, smoothing, log = (_WORDS[name].of(query, notices) for name in _LAST)
    address = TrainAddress(
        plan, racers, seeds, run, figure, smoothing, log_loss="l" in log, log_steps="s" in log
    )
    return address, tuple(notices)


def _changed(plan: Plan, name: str) -> Any:
    """A reader of one field; what the plan does not take is a ValueError."""

    def read(sent: str) -> Plan:
        return plan.changed(**{name: _value(name, sent)})

    return read


def _value(name: str, sent: str) -> Any:
    if len(sent) > 120:
        raise ValueError(sent)
    if name in NONE_ALLOWED and sent == NONE:
        return None
    if name == "bidirectional":
        return {"0": False, "1": True}[either(("0", "1"))[0](sent)]
    if name in WHOLE:
        if not (sent.isascii() and sent.isdigit()):
            raise ValueError(sent)
        return int(sent)
    if name in BOUNDS:
        if not re.fullmatch(r"[-+]?\d{1,12}(\.\d{1,12})?(e[-+]?\d{1,3})?", sent, re.ASCII):
            raise ValueError(sent)
        return float(sent)
    return sent


def _expected(name: str) -> str:
    if name in CHOICES:
        return f"one of {', '.join(CHOICES[name])}"
    if name == "bidirectional":
        return "0 or 1"
    if name not in BOUNDS:
        return "the name of a column"
    least, most = BOUNDS[name]
    kind = "a whole number" if name in WHOLE else "a number"
    none = f" or {NONE}" if name in NONE_ALLOWED else ""
    return f"{kind} from {least:g} to {most:,g}{none} that suits this task"
