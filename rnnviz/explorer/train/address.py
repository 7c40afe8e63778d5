"""The address of the Train page: what is to be trained, and which run is shown, as short words.

``/train?v=2&task=recall&cell=lstm&rate=0.01&delay=30&run=q3J9...``. A word says where the plan
differs from what suits its task and cell (`tasks.table.defaults`), so a short link means
the same in years. A run is named by its id, which nobody can guess. What somebody uploaded is in no
address: a link to the task "own" opens with the question for a file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rnnviz.theatre.view import notice
from rnnviz.training.plan import BOUNDS, CHOICES, NONE_ALLOWED, TASK_NAMES, WHOLE, Plan, PlanError
from rnnviz.training.tasks.table import defaults

VERSION = "2"
CELLS = ("lstm", "gru", "rnn")
"""In the order in which the pages offer them."""

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

RUN_ID = re.compile(r"[A-Za-z0-9_-]{16}")

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

WORDS = ("task", "cell", "racers", "seeds", *PLAN_WORDS, "run", "figure", "smooth", "log")
"""The page's words, in the order in which they are written."""


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
        log = "".join(
            letter for letter, chosen in (("l", self.log_loss), ("s", self.log_steps)) if chosen
        )
        written: dict[str, Any] = {
            "task": None if plan.task == FIRST_TASK else plan.task,
            "cell": None if self.cell == FIRST_CELL else self.cell,
            "racers": None if self.racers in ((), CELLS) else ".".join(self.racers),
            "seeds": None if self.seeds == 1 or not self.is_race else self.seeds,
            "run": self.run,
            "figure": self.figure,
            "smooth": None if self.smoothing == FIRST_SMOOTHING else self.smoothing,
            "log": log or None,
        }
        for word, name in PLAN_WORDS.items():
            value = getattr(plan, name)
            if value != getattr(usual, name):
                written[word] = _word(value)
        return {word: str(written[word]) for word in WORDS if written.get(word) is not None}


def first_address() -> TrainAddress:
    """What the page opens with."""
    return TrainAddress(defaults(FIRST_TASK, FIRST_CELL))


def read_query(query: Mapping[str, str]) -> tuple[TrainAddress, tuple[str, ...]]:
    """The page that an address asks for, and one sentence for each word that made no sense.

    Words that are not the page's are left alone. Whether a run of that id is there is not looked at
    here: that knows the store.
    """
    notices: list[str] = []
    if query.get("v", VERSION) not in ("1", VERSION):
        notices.append(notice("v", VERSION, query["v"]))

    def read(word: str, reader: Any, expected: str, usual: Any) -> Any:
        sent = query.get(word)
        if sent is None:
            return usual
        try:
            return reader(sent)
        except ValueError:
            shown = "none" if usual is None else "the usual one"
            notices.append(notice(word, expected, sent, shown=shown))
            return usual

    task = read("task", _one_of(TASK_NAMES), f"one of {', '.join(TASK_NAMES)}", FIRST_TASK)
    cells = (*CELLS, RACE)
    cell = read("cell", _one_of(cells), f"one of {', '.join(cells)}", FIRST_CELL)
    racers: tuple[str, ...] = ()
    seeds = 1
    if cell == RACE:
        cell = REFERENCE
        racers = read("racers", _racers, "two or three of lstm.gru.rnn", CELLS)
        seeds = read("seeds", _one_of_numbers(SEEDS), "1 or 3", 1)
    plan = defaults(task, cell)
    for word, name in PLAN_WORDS.items():
        plan = read(word, _changed(plan, name), _expected(name), plan)
    address = TrainAddress(
        plan,
        racers,
        seeds,
        read("run", _run, "the 16 letters of a run", None),
        read("figure", _one_of(FIGURES), f"one of {', '.join(FIGURES)}", None),
        read("smooth", _one_of_numbers(SMOOTHINGS), _listed(SMOOTHINGS), FIRST_SMOOTHING),
    )
    log = read("log", _one_of(("l", "s", "ls")), "l, s or ls", "")
    return replace(address, log_loss="l" in log, log_steps="s" in log), tuple(notices)


def is_run_id(word: object) -> bool:
    """Whether that can be the id of a run."""
    return isinstance(word, str) and RUN_ID.fullmatch(word) is not None


def _word(value: Any) -> str:
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "1" if value else "0"
    return f"{value:g}" if isinstance(value, float) else str(value)


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
        return {"0": False, "1": True}[_one_of(("0", "1"))(sent)]
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


def _one_of(allowed: tuple[str, ...]) -> Any:
    def read(sent: str) -> str:
        if sent.lower() not in allowed:
            raise ValueError(sent)
        return sent.lower()

    return read


def _one_of_numbers(allowed: tuple[int, ...]) -> Any:
    def read(sent: str) -> int:
        if sent not in {str(number) for number in allowed}:
            raise ValueError(sent)
        return int(sent)

    return read


def _listed(numbers: tuple[int, ...]) -> str:
    return f"one of {', '.join(map(str, numbers))}"


def _racers(sent: str) -> tuple[str, ...]:
    named = sent.lower().split(".")
    if not 2 <= len(named) <= len(CELLS) or len(set(named)) < len(named) or set(named) - set(CELLS):
        raise ValueError(sent)
    return tuple(cell for cell in CELLS if cell in named)


def _run(sent: str) -> str:
    if not is_run_id(sent):
        raise ValueError(sent)
    return sent


__all__ = [
    "CELLS",
    "FIGURES",
    "PLAN_WORDS",
    "RACE",
    "SMOOTHINGS",
    "WORDS",
    "PlanError",
    "TrainAddress",
    "first_address",
    "is_run_id",
    "read_query",
]
