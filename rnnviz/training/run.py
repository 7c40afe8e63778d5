"""One training run from the command line: show its events, keep the best epoch, write the card."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from rnnviz import checkpoint
from rnnviz.classifier import SequenceClassifier
from rnnviz.training.loop import (
    DivergenceError,
    EpochFinished,
    Event,
    Examples,
    Prepare,
    Recipe,
    StepFinished,
    TrainingStarted,
    train,
)
from rnnviz.training.start import initialise
from rnnviz.training.vectors import word_vectors

EMBEDDING_DEVIATION = 0.1
"""Of the numbers that embeddings start from; the norm of an adversarial step is measured by it."""

CONSOLE = Console(stderr=True, highlight=False, soft_wrap=True)


class Task(Protocol):
    """What a run needs to know of its data; `images.ImageTask` and `texts.TextTask` are such."""

    @property
    def name(self) -> str: ...
    @property
    def noun(self) -> str: ...
    @property
    def training(self) -> Examples: ...
    @property
    def held_out(self) -> Examples: ...
    def about(self) -> dict[str, Any]: ...
    def test_score(self, model: SequenceClassifier) -> dict[str, Any] | None: ...


def begin(model: SequenceClassifier, folder: Path | None) -> dict[str, Any]:
    """Set the first weights of `model`; what a card has to say about them.

    Drawn afresh, or, from the saved model in `folder`, of another readout or task, all recurrent
    weights and whatever else has the same name and shape. Raises `CheckpointError` where those of
    the recurrent layers do not fit.
    """
    if folder is None:
        initialise(model.recurrent)
        if model.embedding is not None:
            torch.nn.init.normal_(model.embedding.weight, std=EMBEDDING_DEVIATION)
        return {}
    start = checkpoint.load(folder)
    own, theirs = model.state_dict(), start.state_dict()
    fitting = {
        name: value
        for name, value in theirs.items()
        if name in own and own[name].shape == value.shape
    }
    missing = [name for name in own if name.startswith("recurrent") and name not in fitting]
    if missing or model.cell != start.cell:
        raise checkpoint.CheckpointError(
            f"expected a model to start from with these recurrent layers, {model.recurrent}, "
            f"got {start.recurrent}: choose the same cell, sizes and directions"
        )
    model.load_state_dict(fitting, strict=False)
    earlier = checkpoint.card(folder) if (folder / checkpoint.CARD).is_file() else {}
    return {"started_from": {key: earlier.get(key) for key in ("command", "date", "sha256")}}


@torch.no_grad()
def start_from_vectors(model: SequenceClassifier, inputs: torch.Tensor) -> None:
    """Let the embedding of `model` start from `vectors.word_vectors` of the training tokens."""
    embedding = model.embedding
    assert embedding is not None  # a model of texts has one
    size = embedding.weight.shape
    embedding.weight.copy_(word_vectors(inputs, *size, deviation=EMBEDDING_DEVIATION))


def run(
    model: SequenceClassifier,
    task: Task,
    recipe: Recipe,
    folder: Path,
    *,
    card: Mapping[str, Any],
    prepare: Prepare | None = None,
    prepare_held_out: Prepare | None = None,
    files: Mapping[str, str] | None = None,
    half: bool = False,
) -> bool:
    """Train `model` and save its best epoch at `folder`; False if Ctrl-C ended it early.

    `card` is what the caller knows and the run does not: the command, where the weights began.
    `files` and `half` are those of `checkpoint.save`; with `half`, what is scored for the card are
    the weights as they are stored.
    """
    CONSOLE.print(
        f"Training {model.cell} on {len(task.training):,} {task.noun} of {task.name}, "
        f"{len(task.held_out):,} held out, {recipe.epochs} epochs. Ctrl-C keeps the best so far."
    )
    best: EpochFinished | None = None
    last: EpochFinished | None = None
    finished, diverged = False, None
    try:
        with _progress() as progress:
            bar = progress.add_task("training", total=None)
            for event in train(
                model,
                task.training,
                task.held_out,
                recipe,
                prepare=prepare,
                prepare_held_out=prepare_held_out,
            ):
                _show(event, progress, bar)
                if isinstance(event, EpochFinished):
                    last = event
                    best = event if event.is_best else best
        finished = True
    except KeyboardInterrupt:
        CONSOLE.print("Stopped.")
    except DivergenceError as failure:
        diverged = failure
    if best is None or last is None:
        if diverged:
            raise diverged
        CONSOLE.print("No epoch was finished, so there is nothing to keep and nothing was written.")
        return False
    stored = {name: value.half().float() if half else value for name, value in best.weights.items()}
    model.load_state_dict(stored)
    written = {**_card(task, recipe, best), **card}
    # The test examples are scored here, once, after everything has been chosen.
    if finished and (test := task.test_score(model.eval())):
        CONSOLE.print(f"{100 * test['accuracy']:.2f} % of {test['data']} ({test['n']:,})")
        written["test"] = test
    if not finished:
        written["interrupted"] = f"after epoch {last.epoch} of {recipe.epochs}"
    checkpoint.save(model.eval(), folder, written, files=files, half=half)
    CONSOLE.print(f"Kept epoch {best.epoch} in {folder}")
    if diverged:
        raise diverged
    return finished


def track(rows: Iterable[Any], count: int | None) -> Iterator[Any]:
    """The rows, with a line on the terminal that says how many have been read."""
    with _progress() as progress:
        yield from progress.track(rows, total=count, description="reading")


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=CONSOLE,
        disable=not CONSOLE.is_terminal,
        transient=True,
    )


def _show(event: Event, progress: Progress, bar: Any) -> None:
    if isinstance(event, TrainingStarted):
        progress.update(bar, total=event.steps)
    elif isinstance(event, StepFinished):
        progress.update(
            bar, completed=event.step, description=f"epoch {event.epoch}, loss {event.loss:.3f}"
        )
    elif isinstance(event, EpochFinished):
        CONSOLE.print(
            f"epoch {event.epoch:3}  loss {event.loss:.4f}  "
            f"held out {100 * event.held_out_accuracy:.2f} %  {event.seconds:.1f} s"
            f"{'  best' if event.is_best else ''}"
        )


def _card(task: Task, recipe: Recipe, best: EpochFinished) -> dict[str, Any]:
    return {
        **task.about(),
        "seed": recipe.seed,
        "epochs": recipe.epochs,
        "kept_epoch": best.epoch,
        f"training_{task.noun}": len(task.training),
        "held_out": {"accuracy": best.held_out_accuracy, "n": best.held_out_count},
        "recipe": asdict(recipe),
        "torch_threads": torch.get_num_threads(),
    }
