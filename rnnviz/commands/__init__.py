"""What the commands of `python -m rnnviz` share: words, names, and how an error is told."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

from rnnviz.safe.files import check_overwriting
from rnnviz.tracking import Track

Cell = Literal["rnn", "gru", "lstm"]
Readout = Literal["last", "last-step", "mean", "max", "attention", "attention-max"]
Engine = Literal["bptt", "steps", "torch"]

Yes = Annotated[bool, typer.Option("--yes", help="Write over what is there without asking.")]

Beside = Annotated[
    Path | None,
    typer.Option(
        "--output", help="Write into a folder for each model here, not beside the weights."
    ),
]

INTERRUPTED = 130
"""The exit code of a program that Ctrl-C stopped, as shells count it."""


def command_line() -> str:
    """What was typed, to be typed again."""
    return shlex.join(["python", "-m", "rnnviz", *sys.argv[1:]])


def default_name(data: str, cell: str, readout: str) -> str:
    """`mnist-lstm` for the attention readout, `mnist-lstm-last` for another."""
    return f"{data}-{cell}" if readout == "attention" else f"{data}-{cell}-{readout}"


def name_or_path(text: str) -> str | Path:
    """On a command line, what has a separator or is a folder here is a path; the rest is a name."""
    path = Path(text).expanduser()
    return path if len(path.parts) > 1 or path.is_dir() else text


def progress(description: str) -> Track:
    """Something that shows on the terminal how far a loop is, and nothing where there is none."""
    from rnnviz.commands.terminal import track

    return lambda rows, count: track(rows, count, description)


def places(beside: list[Path], output: Path | None, yes: bool) -> list[Path]:
    """Where to write what usually lies beside the weights: there, or in folders of `output`.

    What is there is not written over before somebody said so; raises FileExistsError.
    """
    if output is None:
        for path in beside:
            check_overwriting(path, consent=yes)
        return beside
    found = [output / path.parent.name / path.name for path in beside]
    for path in found:
        path.parent.mkdir(parents=True, exist_ok=True)
    return found


def tell(notices: Iterable[str]) -> None:
    """Sentences on what was read, on standard error: what is printed stays what was asked for."""
    for one in notices:
        typer.echo(f"rnnviz: {one}", err=True)


@contextmanager
def one_sentence() -> Iterator[None]:
    """Tell an error of ours in one sentence, without a traceback, and leave with exit code 2."""
    from rnnviz.data import DataError
    from rnnviz.models.storage import CheckpointError

    try:
        yield
    except (CheckpointError, DataError) as failure:
        typer.echo(f"rnnviz: {failure}", err=True)
        raise typer.Exit(2) from None
    except OSError as failure:
        typer.echo(f"rnnviz: {failure.filename or 'a file'}: {failure.strerror}", err=True)
        raise typer.Exit(2) from None
