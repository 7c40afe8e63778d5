"""The words of a plan and their bounds; `rnnviz.training.plan` is the place to import them from.

Plans come from browsers, so every value is checked: `PlanError` says in one sentence what was
expected, what came and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from rnnviz.notation import cells
from rnnviz.safe import strict

TASK_NAMES = (
    "digits", "mnist", "fashion-mnist", "kmnist", "sentences", "imdb", "own",
    "recall", "adding", "copy",
)  # fmt: skip
CELLS = tuple(cells.CELLS)
READOUTS = ("last", "last-step", "mean", "max", "attention", "attention-max")
INITIALISATIONS = ("kept", "torch", "orthogonal", "identity")
OPTIMIZERS = ("adamw", "adam", "sgd", "momentum", "rmsprop")
SCHEDULES = ("one-cycle", "constant", "cosine", "steps")
ENGINES = ("bptt", "steps", "torch")

CHOICES = {
    "task": TASK_NAMES,
    "cell": CELLS,
    "readout": READOUTS,
    "initialisation": INITIALISATIONS,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "engine": ENGINES,
}
"""The words that a field may hold."""

BOUNDS: dict[str, tuple[float, float]] = {
    "hidden_size": (1, 1024),
    "num_layers": (1, 4),
    "gain": (0.01, 10.0),
    "gate_bias": (-10.0, 10.0),
    "learning_rate": (1e-7, 100.0),
    "weight_decay": (0.0, 10.0),
    "clip_norm": (1e-6, 1e6),
    "batch_size": (1, 2048),
    "epochs": (1, 200),
    "dropout": (0.0, 0.9),
    "seed": (0, 2**31 - 1),
    "delay": (1, 1000),
    "length": (1, 1000),
    "examples": (10, 1_000_000),
}
"""Least and most of each number, both allowed; a page can give them to its widgets."""

NONE_ALLOWED = ("gate_bias", "clip_norm", "examples", "data")

DATA_KEY = re.compile(r"[0-9a-f]{16}\.(csv|tsv|jsonl|ndjson|json|parquet)")
"""An uploaded labelled text in the runs' folder, `data/<key>`."""

MOST_COLUMN_LETTERS = 100
MOST_LAST_COPY = 100
"""Symbols that `copy` may ask to be repeated; longer ones are beyond every network here."""


class PlanError(ValueError):
    """A plan makes no sense; one sentence says what was expected, what came and what to do."""


@dataclass(frozen=True)
class Plan:
    """Everything that decides one run, apart from the machine.

    `gate_bias` is the bias, at the start, of the gate that keeps the state (forget gate of an LSTM,
    update gate of a GRU); None leaves what `initialisation` says, and an RNN, which has no gate,
    always has None. `gain` multiplies the recurrent weights that "orthogonal" or "identity" (or
    "torch") start from. `clip_norm` None does not clip. `examples` bounds the training examples.
    `delay` and `length` count steps of the memory tasks (`rnnviz.data.memory`); `data`,
    `text_column` and `label_column` belong to the task "own".

    Raises `PlanError` for anything out of bounds.
    """

    task: str = "digits"
    cell: str = "gru"
    hidden_size: int = 64
    num_layers: int = 1
    bidirectional: bool = False
    readout: str = "last"
    initialisation: str = "kept"
    gain: float = 1.0
    gate_bias: float | None = None
    optimizer: str = "adamw"
    learning_rate: float = 5e-3
    schedule: str = "one-cycle"
    weight_decay: float = 1e-2
    clip_norm: float | None = 1.0
    batch_size: int = 64
    epochs: int = 10
    dropout: float = 0.0
    seed: int = 0
    delay: int = 20
    length: int = 20
    examples: int | None = None
    data: str | None = None
    text_column: str = "text"
    label_column: str = "label"
    engine: str = "bptt"

    def __post_init__(self) -> None:
        for name, words in CHOICES.items():
            if (value := getattr(self, name)) not in words or not isinstance(value, str):
                raise PlanError(f"{name}: expected one of {', '.join(words)}, got {_shown(value)}")
        for name in BOUNDS:
            object.__setattr__(self, name, self._number(name))
        if not isinstance(self.bidirectional, bool):
            raise PlanError(f"bidirectional: expected yes or no, got {_shown(self.bidirectional)}")
        if cells.CELLS[self.cell].keep_word is None:
            object.__setattr__(self, "gate_bias", None)
        if self.engine == "torch" and not cells.CELLS[self.cell].in_torch:
            name = cells.CELLS[self.cell].title
            raise PlanError(f"engine: torch.nn has no {name}: choose bptt or steps")
        self._check_own_data()
        self._check_copy()

    def _number(self, name: str) -> int | float | None:
        value, (least, most) = getattr(self, name), BOUNDS[name]
        if value is None and name in NONE_ALLOWED:
            return None
        whole = name in WHOLE
        kind = "a whole number" if whole else "a number"
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
            raise PlanError(f"{name}: expected {kind}, got {_shown(value)}")
        if not strict.is_number(value, least, most):
            raise PlanError(
                f"{name}: expected {kind} from {least:,g} to {most:,g}, got {_shown(value)}: "
                "choose one in between"
            )
        return value if whole else float(value)

    def _check_own_data(self) -> None:
        if self.data is not None and not (
            isinstance(self.data, str) and DATA_KEY.fullmatch(self.data)
        ):
            raise PlanError(
                f"data: expected the key of an uploaded file, got {_shown(self.data)}: "
                "upload the file again"
            )
        for name in ("text_column", "label_column"):
            value = getattr(self, name)
            if not strict.is_text(value, MOST_COLUMN_LETTERS) or not value:
                raise PlanError(
                    f"{name}: expected the name of a column, at most {MOST_COLUMN_LETTERS} "
                    f"letters, got {_shown(value)}"
                )

    def _check_copy(self) -> None:
        if self.task == "adding" and self.length < 2:
            raise PlanError(f"length: expected 2 steps or more to add two of, got {self.length}")
        if self.task != "copy":
            return
        if self.bidirectional or self.readout != "last":
            came = "two directions" if self.bidirectional else f"the readout {self.readout}"
            raise PlanError(
                "copy: expected one direction and the readout last, because the network answers "
                f"at each of the last steps, got {came}: change that"
            )
        if self.length > MOST_LAST_COPY:
            raise PlanError(
                f"length: expected at most {MOST_LAST_COPY} symbols to copy, got {self.length}: "
                "choose fewer"
            )

    def to_json(self) -> dict[str, Any]:
        """The plan as plain values; `from_json` gives the same plan."""
        return asdict(self)

    @classmethod
    def from_json(cls, words: Mapping[str, Any]) -> Plan:
        """The plan of plain values; words that are missing have their defaults.

        Raises `PlanError` for unknown words, other kinds of values and numbers out of bounds.
        """
        if not isinstance(words, Mapping):
            raise PlanError(f"expected the words of a plan, got {_shown(words)}")
        if unknown := sorted(str(word) for word in set(words) - set(FIELDS)):
            raise PlanError(f"expected words of a plan, got {_shown(unknown[0])}: leave it out")
        return cls(**words)

    def changed(self, **words: Any) -> Plan:
        """The same plan with some words changed; raises `PlanError`."""
        if unknown := sorted(set(words) - set(FIELDS)):
            raise PlanError(f"expected words of a plan, got {_shown(unknown[0])}: leave it out")
        return replace(self, **words)


FIELDS = tuple(field.name for field in fields(Plan))
WHOLE = (
    "hidden_size", "num_layers", "batch_size", "epochs", "seed", "delay", "length", "examples",
)  # fmt: skip


def _shown(value: Any) -> str:
    """A stranger's value, cut to what fits in a sentence; some have no text of their own."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of 5,000 digits, lists in lists
        return f"a very large {type(value).__name__}"
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= 60 else text[:57] + "..."
