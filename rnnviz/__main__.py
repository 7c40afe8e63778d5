"""`python -m rnnviz`: train, evaluate, robustness, atlas, trace, parity.

Everything heavy is imported inside the command that needs it, so that `--help` answers at once.
What a person got wrong is told in one sentence on standard error, with exit code 2.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(
    name="rnnviz",
    no_args_is_help=True,
    add_completion=False,
    help="Recurrent networks written from scratch: train them, score them, look inside.",
)

Data = Literal["mnist", "fashion-mnist", "kmnist", "digits"]
Cell = Literal["rnn", "gru", "lstm"]
Readout = Literal["last", "mean", "max", "attention"]
Engine = Literal["bptt", "steps", "torch"]

INTERRUPTED = 130
"""The exit code of a program that Ctrl-C stopped, as shells count it."""


@app.command()
def train(
    data: Annotated[
        Data, typer.Argument(help="What to learn. digits needs no download: scikit-learn has it.")
    ],
    cell: Annotated[Cell, typer.Option(help="The recurrent cell.")] = "lstm",
    readout: Annotated[
        Readout, typer.Option(help="How the outputs of all steps become one vector.")
    ] = "attention",
    hidden_size: Annotated[int, typer.Option(help="Units of a layer.", min=1, max=4096)] = 128,
    num_layers: Annotated[int, typer.Option(help="Layers.", min=1, max=16)] = 2,
    bidirectional: Annotated[
        bool, typer.Option("--bidirectional", help="Read in both directions.")
    ] = False,
    epochs: Annotated[
        int | None, typer.Option(help="Passes over the data. Default: what suits the cell.", min=1)
    ] = None,
    batch_size: Annotated[int | None, typer.Option(help="Images in an update.", min=1)] = None,
    learning_rate: Annotated[float | None, typer.Option(help="The peak.", min=0.0)] = None,
    weight_decay: Annotated[float | None, typer.Option(min=0.0)] = None,
    label_smoothing: Annotated[float | None, typer.Option(min=0.0, max=0.9)] = None,
    calm: Annotated[
        float | None,
        typer.Option(
            help="The last part of training, with images varied half as much.", min=0.0, max=1.0
        ),
    ] = None,
    dropout: Annotated[
        float, typer.Option(help="Between layers and before the head.", min=0.0, max=0.9)
    ] = 0.1,
    seed: Annotated[
        int, typer.Option(help="The same seed gives the same model on the same machine.", min=0)
    ] = 0,
    start: Annotated[
        str | None,
        typer.Option(help="A saved model to start from: its recurrent weights must fit."),
    ] = None,
    held_out: Annotated[
        int, typer.Option(help="Training images kept for choosing the best epoch.", min=1)
    ] = 5000,
    limit: Annotated[
        int | None, typer.Option(help="Learn from so many images only: a quick try.", min=1)
    ] = None,
    augment: Annotated[
        bool, typer.Option(help="Vary the images: place, size, slant, pen, noise.")
    ] = True,
    download: Annotated[
        bool, typer.Option("--download", help="Fetch the data if it is not on disk.")
    ] = False,
    engine: Annotated[
        Engine, typer.Option(help="bptt and steps are ours; torch is torch's own kernel.")
    ] = "bptt",
    threads: Annotated[int, typer.Option(help="Processor threads.", min=1, max=256)] = 1,
    output: Annotated[
        Path | None, typer.Option(help="Folder to write. Default: models/DATA-CELL[-READOUT].")
    ] = None,
) -> None:
    """Train a classifier of images, row by row, and save the best epoch with its card.

    Ctrl-C stops early and keeps the best epoch so far.
    """
    with one_sentence():
        import torch

        from rnnviz import checkpoint
        from rnnviz.classifier import SequenceClassifier
        from rnnviz.training import DivergenceError, images, run

        folder = output or Path("models") / default_name(data, cell, readout)
        checkpoint.check_replaceable(folder)
        torch.set_num_threads(threads)
        torch.manual_seed(seed)
        task = images.load(data, held_out=held_out, seed=seed, limit=limit, download=download)
        recipe = images.recipe(
            cell,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            label_smoothing=label_smoothing,
            calm=calm,
            seed=seed,
        )
        model = SequenceClassifier(
            cell=cell,
            hidden_size=hidden_size,
            num_layers=num_layers,
            bidirectional=bidirectional,
            readout=readout,
            num_classes=len(task.labels),
            dropout=dropout,
            labels=task.labels,
            engine=engine,
        )
        begun = run.begin(model, checkpoint.folder_of(name_or_path(start)) if start else None)
        begun["command"] = command_line()
        try:
            finished = run.run(model, task, recipe, folder, card=begun, augment=augment)
        except DivergenceError as failure:
            typer.echo(f"rnnviz: {failure}", err=True)
            raise typer.Exit(1) from None
    if not finished:
        raise typer.Exit(INTERRUPTED)


@app.command()
def evaluate(
    model: Annotated[str, typer.Argument(help="A name such as mnist-lstm, or a folder.")],
    data: Annotated[
        Path | None,
        typer.Option(
            help="An .npz with images (N, 28, 28) uint8 and labels (N,). "
            "Default: the MNIST test images if they are on disk, else scikit-learn's digits."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object and nothing else.")
    ] = False,
) -> None:
    """Score a saved classifier: the part of the images that it names rightly."""
    with one_sentence():
        from rnnviz import checkpoint, evaluation

        network = checkpoint.load(name_or_path(model))
        if data:
            labelled = evaluation.read_npz(data)
        else:
            labelled = evaluation.default_images(checkpoint.dataset_of(name_or_path(model)))
        score = evaluation.score(network, labelled.images, labelled.labels)
    if as_json:
        found = {"model": model, "data": labelled.source, "accuracy": score.accuracy}
        typer.echo(json.dumps({**found, "correct": score.correct, "n": score.n}))
        return
    typer.echo(
        f"{model}: {100 * score.accuracy:.2f} % of {labelled.source} "
        f"({score.correct:,} of {score.n:,})"
    )
    for label, row in zip(network.labels, score.confusion.tolist(), strict=True):
        if sum(row):
            i = network.labels.index(label)
            typer.echo(f"  {label:>12}  {100 * row[i] / sum(row):6.2f} %  of {sum(row):,}")


@app.command()
def robustness(
    models: Annotated[
        list[str] | None, typer.Argument(help="Names or folders. Default: all in pretrained/.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Write the table here (Markdown) as well.")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="So many images only.", min=1)] = None,
) -> None:
    """Score classifiers on images moved, resized, turned, drawn thicker or made noisy."""
    with one_sentence():
        from rnnviz import checkpoint, robustness
        from rnnviz.data import DataError

        if output and not output.parent.is_dir():
            raise DataError(f"expected a folder for the table, got {output.parent}: make it first")
        chosen = models or checkpoint.names()
        networks = {name: checkpoint.load(name_or_path(name)) for name in chosen}
        if not networks:
            raise checkpoint.CheckpointError(
                "expected models in pretrained/, got none: name a folder, or train one first"
            )
        text = robustness.report(networks, limit=limit)
        if output:
            output.write_text(text, encoding="utf-8")
    typer.echo(text)


@app.command()
def atlas(
    models: Annotated[
        list[str] | None, typer.Argument(help="Names or folders. Default: all in pretrained/.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="An .npz with images (N, 28, 28) uint8 and labels (N,). "
            "Default: the MNIST test images if they are on disk, else scikit-learn's digits."
        ),
    ] = None,
) -> None:
    """Write where a test set lies in a network's states, and how early it is known.

    The file atlas.npz beside the weights is what the pictures of states and of early answers are
    drawn from. Its components are fitted on test images, to describe the model after the fact.
    """
    with one_sentence():
        from rnnviz import checkpoint, evaluation
        from rnnviz.analysis import atlas, survey
        from rnnviz.data import DataError

        for name in models or checkpoint.names():
            model = name_or_path(name)
            network, path = checkpoint.load(model), atlas.path_of(model)
            labelled = (
                evaluation.read_npz(data)
                if data
                else evaluation.default_images(checkpoint.dataset_of(model))
            )
            try:
                made = survey.build(
                    network,
                    labelled.images.numpy(),
                    labelled.labels.numpy(),
                    name=path.parent.name,
                    sha256=atlas.weights_sum(path.parent),
                    source=labelled.source,
                )
            except ValueError as failure:
                raise DataError(f"{name} and its data do not fit: {failure}") from failure
            atlas.save(made, path)
            typer.echo(
                f"{path}: {path.stat().st_size:,} bytes, {made.n:,} of {made.source}, "
                f"{100 * made.early_accuracy[-1]:.2f} % after the last row"
            )


@app.command()
def trace(
    model: Annotated[str, typer.Argument(help="A name such as mnist-lstm, or a folder.")],
    image: Annotated[Path, typer.Option(help="A picture of one digit: PNG, JPG or WebP.")],
    npz: Annotated[Path | None, typer.Option(help="Write every signal here.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write every signal here.")] = None,
) -> None:
    """Read one image and say what the network thinks of it after every row."""
    with one_sentence():
        import torch

        from rnnviz import checkpoint, evaluation
        from rnnviz.data import DataError, images

        network = checkpoint.load(name_or_path(model))
        try:
            contents = image.read_bytes()
        except OSError as failure:
            raise DataError(
                f"expected a readable picture at {image}, got none ({failure.strerror}): "
                "check the path"
            ) from failure
        normalised = torch.as_tensor(images.read(contents))
        reading = network.trace(evaluation.rows(normalised)[None])
        if npz:
            reading.recurrent.save_npz(npz)
        if csv:
            reading.recurrent.save_csv(csv)
    for row, probabilities in enumerate(reading.prefix_probabilities[0], start=1):
        best = int(probabilities.argmax())
        attention = (
            "" if reading.attention is None else f"  attention {reading.attention[0, row - 1]:.3f}"
        )
        typer.echo(
            f"after row {row:2}: {network.labels[best]} {float(probabilities[best]):.3f}{attention}"
        )
    typer.echo(f"{model} reads {network.labels[int(reading.logits[0].argmax())]}")


@app.command()
def parity(
    cell: Annotated[Cell | None, typer.Option(help="One cell only. Default: all three.")] = None,
) -> None:
    """Compare our layers with torch.nn's: values, states and every gradient, over a grid."""
    from rnnviz.parity import report

    if not report(cell):
        raise typer.Exit(1)


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


@contextmanager
def one_sentence() -> Iterator[None]:
    """Tell an error of ours in one sentence, without a traceback, and leave with exit code 2."""
    from rnnviz.checkpoint import CheckpointError
    from rnnviz.data import DataError

    try:
        yield
    except (CheckpointError, DataError) as failure:
        typer.echo(f"rnnviz: {failure}", err=True)
        raise typer.Exit(2) from None
    except OSError as failure:
        typer.echo(f"rnnviz: {failure.filename or 'a file'}: {failure.strerror}", err=True)
        raise typer.Exit(2) from None


def main() -> None:
    app()


if __name__ == "__main__":
    main()
