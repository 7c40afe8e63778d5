"""`python -m rnnviz`: train, evaluate, robustness, atlas, line, trace, parity.

Everything heavy is imported inside the command that needs it, so that `--help` answers at once.
What a person got wrong is told in one sentence on standard error, with exit code 2.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from rnnviz.commands import (
    Beside,
    Cell,
    Yes,
    command_line,
    name_or_path,
    one_sentence,
    places,
    progress,
    tell,
)
from rnnviz.commands.padding import padding
from rnnviz.commands.train import train

app = typer.Typer(
    name="rnnviz",
    no_args_is_help=True,
    add_completion=False,
    help="Recurrent networks written from scratch: train them, score them, look inside.",
)

app.command()(train)
app.command()(padding)


@app.command()
def evaluate(
    model: Annotated[str, typer.Argument(help="A name such as mnist-lstm, or a folder.")],
    data: Annotated[
        Path | None,
        typer.Option(
            help="Images: an .npz with images (N, 28, 28), ink light on dark in 0..255, and labels "
            "(N,); other conventions are told. Texts: a CSV, JSON or Parquet file. Default: the "
            "test set that suits the model, if it is on disk."
        ),
    ] = None,
    text_column: Annotated[str, typer.Option(help="Of a file of texts.")] = "text",
    label_column: Annotated[str, typer.Option(help="Of a file of texts.")] = "label",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object and nothing else.")
    ] = False,
    recorded: Annotated[
        bool, typer.Option("--record", help="Write the score into the model's card as its test.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Write over a test that was recorded before.")
    ] = False,
) -> None:
    """Score a saved classifier: the part of the images or texts that it names rightly."""
    with one_sentence():
        from rnnviz.commands.evaluate import check_recordable, record
        from rnnviz.models import checkpoint

        name = name_or_path(model)
        if recorded:
            check_recordable(name, again)
        network = checkpoint.load(name)
        if network.embedding is None:
            from rnnviz.commands.evaluate import score_images

            found = score_images(network, name, data)
        else:
            from rnnviz.commands.evaluate import score_texts

            found = score_texts(network, name, data, text_column, label_column)
        if recorded:
            written = record(name, found, command_line())
            typer.echo(f"{written}: the test is recorded", err=True)
        tell(found.notices)
    if as_json:
        told = {"model": model, "data": found.source, "accuracy": found.score.accuracy}
        told |= {"correct": found.score.correct, "n": found.score.n}
        more = {"groups": found.groups, "notices": found.notices}
        typer.echo(json.dumps(told | {word: value for word, value in more.items() if value}))
        return
    typer.echo(
        f"{model}: {100 * found.score.accuracy:.2f} % of {found.source} "
        f"({found.score.correct:,} of {found.score.n:,})"
    )
    for label, row in zip(network.labels, found.score.confusion.tolist(), strict=True):
        if sum(row):
            i = network.labels.index(label)
            typer.echo(f"  {label:>16}  {100 * row[i] / sum(row):6.2f} %  of {sum(row):,}")
    for group, one in found.groups.items():
        typer.echo(f"  {group:>16}  {100 * one['accuracy']:6.2f} %  of {one['n']:,}")


@app.command()
def robustness(
    models: Annotated[
        list[str] | None, typer.Argument(help="Names or folders. Default: all that read images.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Write the table here (Markdown) as well.")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="So many images only.", min=1)] = None,
) -> None:
    """Score classifiers on images moved, resized, turned, drawn thicker or made noisy."""
    with one_sentence():
        from rnnviz.analysis import robustness
        from rnnviz.data import DataError
        from rnnviz.models import checkpoint, storage
        from rnnviz.models.evaluation import default_images

        if output and not output.parent.is_dir():
            raise DataError(f"expected a folder for the table, got {output.parent}: make it first")
        chosen = models or storage.names(reading="images")
        networks = {name: checkpoint.load(name_or_path(name)) for name in chosen}
        if not networks:
            raise storage.CheckpointError(
                "expected models in pretrained/, got none: name a folder, or train one first"
            )
        images = default_images()
        tell(images.notices)
        text = robustness.report(networks, images, limit=limit, track=progress("changing images"))
        if output:
            output.write_text(text, encoding="utf-8")
    typer.echo(text)


@app.command()
def atlas(
    models: Annotated[
        list[str] | None, typer.Argument(help="Names or folders. Default: all that read images.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="An .npz with images (N, 28, 28) uint8 and labels (N,). "
            "Default: the MNIST test images if they are on disk, else scikit-learn's digits."
        ),
    ] = None,
    output: Beside = None,
    yes: Yes = False,
) -> None:
    """Write where a test set lies in a network's states, and how early it is known.

    The file atlas.npz beside the weights is what the pictures of states and of early answers are
    drawn from. Its components are fitted on test images, to describe the model after the fact.
    """
    with one_sentence():
        from rnnviz.analysis import atlas, survey
        from rnnviz.data import DataError
        from rnnviz.models import checkpoint, evaluation, storage

        chosen = models or storage.names(reading="images")
        paths = places([atlas.path_of(name_or_path(name)) for name in chosen], output, yes)
        for name, path in zip(chosen, paths, strict=True):
            model = name_or_path(name)
            network, folder = checkpoint.load(model), storage.folder_of(model)
            labelled = (
                evaluation.read_npz(data)
                if data
                else evaluation.default_images(storage.dataset_of(model))
            )
            tell(labelled.notices)
            try:
                made = survey.build(
                    network,
                    labelled.images.numpy(),
                    labelled.labels.numpy(),
                    name=folder.name,
                    sha256=storage.weights_sum(folder),
                    source=labelled.source,
                    track=progress(f"reading with {folder.name}"),
                )
            except ValueError as failure:
                raise DataError(f"{name} and its data do not fit: {failure}") from failure
            atlas.save(made, path)
            typer.echo(
                f"{path}: {path.stat().st_size:,} bytes, {made.n:,} of {made.source}, "
                f"{100 * made.early_accuracy[-1]:.2f} % after the last row"
            )


@app.command()
def line(
    models: Annotated[
        list[str] | None, typer.Argument(help="Names or folders. Default: all that read texts.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Texts with labels: a CSV, JSONL or Parquet file. Default: those that were held "
            "out when the model was trained on imdb or sentences."
        ),
    ] = None,
    count: Annotated[int, typer.Option(help="So many texts.", min=20)] = 400,
    seed: Annotated[int, typer.Option(help="Which of them, and which of their steps.")] = 0,
    output: Beside = None,
    yes: Yes = False,
) -> None:
    """Write along which direction of a network's states texts become positive or negative.

    The file line.npz beside the weights is what the sentiment line is drawn from: numbers only,
    no text. It describes the model after the fact.
    """
    with one_sentence():
        from rnnviz.analysis import sentiment
        from rnnviz.commands.line import fit
        from rnnviz.models import storage

        chosen = models or storage.names(reading="texts")
        paths = places([sentiment.path_of(name_or_path(name)) for name in chosen], output, yes)
        for name, path in zip(chosen, paths, strict=True):
            made = fit(name_or_path(name), data, count, seed)
            sentiment.save(made, path)
            typer.echo(f"{path}: {path.stat().st_size:,} bytes, {made[0].states:,} states")
            for one in made:
                typer.echo(f"  {one.direction}: {one.finding()}")


@app.command()
def trace(
    model: Annotated[str, typer.Argument(help="A name such as mnist-lstm, or a folder.")],
    image: Annotated[
        Path | None, typer.Option(help="A picture of one digit: PNG, JPG or WebP.")
    ] = None,
    text: Annotated[str | None, typer.Option(help="A text, for a model that reads texts.")] = None,
    npz: Annotated[Path | None, typer.Option(help="Write every signal here.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write every signal here.")] = None,
) -> None:
    """Read one image or text and say what the network thinks of it after every row or token."""
    with one_sentence():
        from rnnviz.commands.trace import read
        from rnnviz.models import checkpoint

        name = name_or_path(model)
        network = checkpoint.load(name)
        found = read(network, name, image, text)
        reading = found.trace
        if npz:
            reading.recurrent.save_npz(npz)
        if csv:
            reading.recurrent.save_csv(csv)
    for step, probabilities in enumerate(reading.prefix_probabilities[0]):
        best = int(probabilities.argmax())
        attention = (
            "" if reading.attention is None else f"  attention {reading.attention[0, step]:.3f}"
        )
        typer.echo(
            f"after {found.steps[step]}: {network.labels[best]} "
            f"{float(probabilities[best]):.3f}{attention}"
        )
    if found.note:
        typer.echo(found.note)
    typer.echo(f"{model} reads {network.labels[int(reading.logits[0].argmax())]}")


@app.command()
def parity(
    cell: Annotated[Cell | None, typer.Option(help="One cell only. Default: all three.")] = None,
) -> None:
    """Compare our layers with torch.nn's: values, states and every gradient, over a grid."""
    from rnnviz.nn.parity import report

    if not report(cell, progress("comparing")):
        raise typer.Exit(1)


def main() -> None:
    app()


if __name__ == "__main__":
    main()
