"""Events of training on a terminal: a bar that moves, and a line for what stays."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from rnnviz.training.engine.events import (
    EpochFinished,
    Event,
    HeldOutScored,
    StepFinished,
    TrainingStarted,
    TrainingWarned,
)

CONSOLE = Console(stderr=True, highlight=False, soft_wrap=True)
QUIET = Console(stderr=True, quiet=True)


def track(rows: Iterable[Any], count: int | None, description: str = "reading") -> Iterator[Any]:
    """The rows, with a line on the terminal that says how many have been read."""
    with _progress(CONSOLE, TimeRemainingColumn()) as progress:
        yield from progress.track(rows, total=count, description=description)


class Terminal:
    """Shows events while it is entered; one that is `quiet` shows nothing."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.console = QUIET if quiet else CONSOLE
        self._progress = _progress(self.console, TextColumn("{task.fields[numbers]}"))
        self._bar: TaskID = self._progress.add_task("training", total=None, numbers="")
        self._scored = ""

    def __enter__(self) -> Terminal:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        """One line that stays."""
        self.console.print(text)

    def show(self, event: Event) -> None:
        """What an event changes on the terminal; snapshots and the end change nothing."""
        if isinstance(event, TrainingStarted):
            self._progress.update(self._bar, total=event.steps, completed=event.resumed_at)
            for line in _about(event):
                self.say(line)
        elif isinstance(event, StepFinished):
            self._progress.update(
                self._bar,
                completed=event.step,
                description=f"epoch {event.epoch}",
                numbers=_numbers(event) + self._scored,
            )
        elif isinstance(event, HeldOutScored):
            self._scored = f"  held out {100 * event.accuracy:.1f} %"
        elif isinstance(event, EpochFinished):
            self.say(_line(event))
        elif isinstance(event, TrainingWarned) and event.kind != "not-finite":
            self.say(event.text)


def _about(event: TrainingStarted) -> Iterator[str]:
    """What is not said by the bar: where a run goes on, and where it runs."""
    if event.resumed_at:
        yield f"Going on after step {event.resumed_at:,} of {event.steps:,}."
    if event.processes > 1 or event.device != "cpu":
        word = "process" if event.processes == 1 else "processes"
        yield f"On {event.device}, {event.processes} {word}."


def _numbers(event: StepFinished) -> str:
    found = f"loss {event.loss:.3f}  right {100 * event.accuracy:.1f} %"
    if math.isfinite(event.examples_per_second):
        found += f"  {event.examples_per_second:,.0f}/s"
    if math.isfinite(event.seconds_left):
        found += f"  {duration(event.seconds_left)} left"
    return found


def _line(event: EpochFinished) -> str:
    return (
        f"epoch {event.epoch:3}  loss {event.loss:.4f}  "
        f"training {100 * event.training_accuracy:.2f} %  "
        f"held out {100 * event.held_out_accuracy:.2f} %  {event.seconds:.1f} s"
        f"{'  best' if event.is_best else ''}"
    )


def duration(seconds: float) -> str:
    """Seconds as 0:42, 12:05 or 3:07:00."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _progress(console: Console, last: TextColumn | TimeRemainingColumn) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        last,
        console=console,
        disable=not console.is_terminal or console.quiet,
        redirect_stdout=sys.stdout.isatty(),  # else what is piped would go to the terminal
        transient=True,
    )
