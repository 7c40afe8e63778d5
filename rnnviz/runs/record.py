"""The record of one training run: what `run.json` says, read strictly and written whole.

A record comes from a disk that others may write to, and names and ids come from browsers: all of
them are checked here. No torch here.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnviz.models.places import MODEL, PREFIX, RunError
from rnnviz.safe import strict
from rnnviz.safe.files import replacing

if TYPE_CHECKING:
    from rnnviz.training.curves import Curves

RECORD, CURVES, STATE = "run.json", "curves.jsonl", "state.safetensors"
SNAPSHOTS = "snapshots"

OWN = "own"
"""The task of a plan that learns from texts which somebody brought."""

STATES = (
    "queued", "running", "paused", "finished", "stopped", "failed", "interrupted", "uploaded",
)  # fmt: skip
RESUMABLE = ("interrupted", "paused", "stopped", "failed")
BUSY = ("queued", "running")
"""A job trains the run or is about to: nothing makes room with it."""
LIVE = (*BUSY, "paused")
"""A job has the run in its hands: nobody deletes it."""

MOST_RECORD_BYTES = 200_000
MOST_CURVE_BYTES = 64_000_000
LONGEST_NAME = 60
LONGEST_MESSAGE = 1000
LONGEST_WORD = 200
MOST_WORDS = 60
"""Of a plan or a score in a record: each is a word, a number, yes or no, or nothing."""

LATEST = 1e11
"""Seconds since 1970, some thousand years from now."""


@dataclass(frozen=True)
class Run:
    """One training run as its record has it; a value, which later changes do not touch.

    `created` is in seconds since 1970, `seconds` are those of training, `best` the best score so
    far ({"accuracy", "n", "epoch", "step"}, or empty), `group` what the runs of one race share.
    `shared` says whether whoever has the run's link may see texts that its visitor brought.
    `origin` stands for the address that it was made from (`RunStore.origin`).
    """

    folder: Path
    id: str
    name: str
    visitor: str
    plan: Mapping[str, Any]
    group: str | None = None
    created: float = 0.0
    state: str = "queued"
    message: str = ""
    kept: bool = False
    shared: bool = False
    parameters: int = 0
    best: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    step: int = 0
    steps: int = 0
    process: tuple[int, str] = (0, "")
    origin: str = ""

    @property
    def has_own_texts(self) -> bool:
        """Whether it learns from texts that its visitor brought."""
        return self.plan.get("task") == OWN and self.state != "uploaded"

    def shows_texts_to(self, visitor: str) -> bool:
        """Whether that visitor may see what the run learns from, or words that quote it."""
        return not self.has_own_texts or self.shared or self.visitor == visitor

    @property
    def is_live(self) -> bool:
        """Whether a job has this run in its hands."""
        return self.state in LIVE

    @property
    def is_elsewhere(self) -> bool:
        """Whether another process that lives trains this run, or is about to."""
        return self.state in BUSY and self.process != this_process() and lives(self.process)

    @property
    def model_name(self) -> str:
        """The name under which `checkpoint.load` finds the run's network."""
        return PREFIX + self.id

    @property
    def model_folder(self) -> Path:
        """Where its network is, once there is one."""
        return self.folder / MODEL

    @property
    def state_path(self) -> Path:
        """The file of the last state that training can go on from."""
        return self.folder / STATE

    @property
    def curves_path(self) -> Path:
        """The file of its events, one a line."""
        return self.folder / CURVES

    @property
    def snapshots_folder(self) -> Path:
        """Where the copies of its weights over training time are."""
        return self.folder / SNAPSHOTS

    @property
    def has_model(self) -> bool:
        """Whether there is a network to load: the best epoch so far."""
        return (self.model_folder / "config.json").is_file()

    @property
    def is_resumable(self) -> bool:
        """Whether training can go on from the run's last state."""
        return self.state in RESUMABLE and self.state_path.is_file()

    def append(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Write events behind those of the run's file; a torn line before them stays one line."""
        lines = "".join(strict.dumps(event) + "\n" for event in events)
        if not lines:
            return
        with self.curves_path.open("ab+") as file:
            end = file.seek(0, os.SEEK_END)
            if end + len(lines) > MOST_CURVE_BYTES:
                return
            if end:
                file.seek(end - 1)
                lines = lines if file.read(1) == b"\n" else "\n" + lines
            file.write(lines.encode())

    def curves(self) -> Curves:
        """The curves of the run's file; empty where there is none."""
        from rnnviz.training.curves import Curves

        try:
            with self.curves_path.open("rb") as file:
                return Curves.from_lines(file, self.plan)
        except OSError:
            return Curves(plan=self.plan)


FIELDS = frozenset(Run.__dataclass_fields__) - {
    "folder", "id", "visitor", "created", "process", "origin",
}  # fmt: skip
"""What `RunStore.update` may change."""


def clean_name(name: str) -> str:
    """What somebody typed as a name: one line, no control characters, not too long."""
    words = " ".join(_writable(str(name)).split())
    return "".join(filter(str.isprintable, words))[:LONGEST_NAME].strip()


def default_name(plan: Mapping[str, Any]) -> str:
    """A name for a run after a plan: its cell, units and task."""
    cell = str(plan.get("cell", "")).upper()
    units = plan.get("hidden_size")
    size = f" {units}" if isinstance(units, int) else ""
    return clean_name(f"{cell}{size}, {plan.get('task') or 'own'}") or "a run"


def checked_visitor(visitor: object) -> str:
    """A visitor's token, if it is one, or `RunError`."""
    if not _is_visitor(visitor):
        raise RunError("expected a visitor's token of 1 to 128 characters, got something else")
    return str(visitor)


def checked_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Changes of a record as JSON; TypeError for unknown fields, ValueError for other values."""
    unknown = set(fields) - FIELDS
    if unknown:
        raise TypeError(f"expected fields of a run, got {', '.join(sorted(unknown))}")
    changes = {name: strict.plain(value) for name, value in fields.items()}
    if changes.get("state", STATES[0]) not in STATES:
        raise ValueError(f"state: expected one of {', '.join(STATES)}, got {changes['state']!r}")
    if "plan" in fields:
        changes["plan"] = as_json(fields["plan"])
    if "name" in changes:
        changes["name"] = clean_name(changes["name"])
    if "message" in changes:
        changes["message"] = _writable(str(changes["message"]))[:LONGEST_MESSAGE]
    for name in changes:
        _check(name, changes[name])
    return changes


def as_json(plan: Any) -> dict[str, Any]:
    """A plan (one with `to_json`, a dataclass or a mapping) as a record has it."""
    if hasattr(plan, "to_json"):
        plan = plan.to_json()
    elif is_dataclass(plan) and not isinstance(plan, type):
        plan = asdict(plan)
    return dict(strict.plain(plan or {}))


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record whole or, with an OSError, not at all."""
    text = strict.dumps(record, indent=1, ensure_ascii=False)
    with replacing(path) as beside:
        beside.write_text(text + "\n", encoding="utf-8")


def read_record(folder: Path) -> dict[str, Any]:
    """The record of a run, or `RunError` for one that is damaged."""
    path = folder / RECORD
    try:
        with path.open("rb") as file:
            text = file.read(MOST_RECORD_BYTES + 1)
        if len(text) > MOST_RECORD_BYTES:
            raise ValueError("expected a record of usual size, got more")
        record = strict.load_object(text)
        run_of(folder, record)
    except (OSError, ValueError) as failure:
        raise RunError(
            f"expected the record of a run, got a damaged one, last written "
            f"{_written(path)}: it was left out"
        ) from failure
    return record


def _written(path: Path) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.gmtime(path.stat().st_mtime))
    except OSError:
        return "a moment ago"


def run_of(folder: Path, record: Mapping[str, Any]) -> Run:
    """The run that a record speaks of; ValueError for what is none.

    Every value has its kind and its bounds (`CHECKS`), so whoever shows a run need not ask again.
    """
    if record.get("id") != folder.name:
        raise ValueError("expected the record of this folder, got another one")
    if missing := NEEDED - set(record):
        raise ValueError(f"expected {', '.join(sorted(missing))} in a record, got none")
    known = {name: record[name] for name in CHECKS if name in record}
    for name, value in known.items():
        _check(name, value)
    pid, start = known.pop("process", None) or (0, "")
    return Run(
        folder=folder,
        id=record["id"],
        **known
        | {
            "name": clean_name(record["name"]),
            "plan": dict(record["plan"]),
            "best": dict(record.get("best") or {}),
            "created": float(record["created"]),
            "seconds": float(record.get("seconds") or 0.0),
            "process": (pid, start),
        },
    )


def _is_visitor(value: Any) -> bool:
    return strict.is_text(value, 128) and 0 < len(value) and value.isprintable()


def _is_plan(value: Any) -> bool:
    """Whether those can be words of a plan; a network from elsewhere has others besides."""
    if not isinstance(value, Mapping) or len(value) > MOST_WORDS:
        return False
    if not all(strict.is_text(name, LONGEST_WORD) for name in value):
        return False
    return all(_is_plain(one) for one in value.values()) and all(
        value.get(name) is None or fits(value[name])
        for fits, names in PLAN_CHECKS
        for name in names
    )


def _is_best(value: Any) -> bool:
    if value is None:
        return True
    return (
        isinstance(value, Mapping)
        and len(value) <= MOST_WORDS
        and all(strict.is_text(name, LONGEST_WORD) and _is_plain(value[name]) for name in value)
        and (value.get("accuracy") is None or strict.is_number(value["accuracy"], 0, 1))
        and all(value.get(one) is None or strict.is_count(value[one]) for one in COUNTED)
    )


def _is_plain(value: Any) -> bool:
    """Whether that is a short word, a number, yes or no, or nothing."""
    if isinstance(value, str):
        return strict.is_text(value, LONGEST_WORD)
    return value is None or isinstance(value, bool) or strict.is_number(value)


def _is_process(value: Any) -> bool:
    if value is None:
        return True
    return (
        isinstance(value, list | tuple)
        and len(value) == 2
        and strict.is_count(value[0], 2**31)
        and strict.is_text(value[1], 40)
    )


COUNTED = ("n", "epoch", "step")
PLAN_CHECKS: tuple[tuple[Callable[[Any], bool], tuple[str, ...]], ...] = (
    (lambda value: strict.is_text(value, LONGEST_WORD),
     ("task", "cell", "readout", "initialisation", "optimizer", "schedule", "engine", "data",
      "text_column", "label_column")),
    (lambda value: strict.is_count(value, 10**9),
     ("hidden_size", "num_layers", "num_classes", "batch_size", "epochs", "delay", "length",
      "examples")),
    (strict.is_count, ("seed",)),
    (strict.is_number, ("gain", "gate_bias", "learning_rate", "weight_decay", "clip_norm",
                        "dropout")),
    (lambda value: isinstance(value, bool), ("bidirectional",)),
)  # fmt: skip
"""The kinds of the words that pages read in a plan, whatever else it says; their bounds are those
of `training.words`, which a network from elsewhere may exceed."""

CHECKS: dict[str, Callable[[Any], bool]] = {
    "name": lambda value: strict.is_text(value, LONGEST_WORD),
    "visitor": _is_visitor,
    "plan": _is_plan,
    "group": lambda value: value is None or strict.is_text(value, 64),
    "created": lambda value: strict.is_number(value, 0, LATEST),
    "state": lambda value: isinstance(value, str) and value in STATES,
    "message": lambda value: strict.is_text(value, LONGEST_MESSAGE),
    "kept": lambda value: isinstance(value, bool),
    "shared": lambda value: isinstance(value, bool),
    "parameters": strict.is_count,
    "best": _is_best,
    "seconds": lambda value: value is None or strict.is_number(value, 0, LATEST),
    "step": strict.is_count,
    "steps": strict.is_count,
    "process": _is_process,
    "origin": lambda value: strict.is_text(value, 64),
}
"""What each field of a record has to be."""

NEEDED = {"name", "visitor", "plan", "created", "state"}


def _check(name: str, value: Any) -> None:
    if not CHECKS[name](value):
        raise ValueError(f"{name}: expected another kind of value in a record, got {value!r:.60}")


def _writable(text: str) -> str:
    """The text with a question mark for each half of a character: no file can hold one."""
    return text.encode("utf-8", "replace").decode()


def this_process() -> tuple[int, str]:
    """This process's number and start time: numbers are given again, both together are not."""
    return os.getpid(), _started(os.getpid())


def _started(pid: int) -> str:
    """When a process began, as the kernel counts it; empty where that cannot be known."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return stat.rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def lives(process: tuple[int, str]) -> bool:
    """Whether a process of this machine, as `this_process` named it, has not ended."""
    pid, start = process
    if pid <= 0:
        return False
    if start:
        return _started(pid) == start
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
