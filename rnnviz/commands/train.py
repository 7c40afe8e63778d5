"""`train`: the words of the command, and which of them concern images, texts and memory tasks."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from rnnviz.commands import (
    INTERRUPTED,
    Cell,
    Engine,
    Readout,
    Yes,
    command_line,
    default_name,
    name_or_path,
    one_sentence,
    tell,
)
from rnnviz.safe.files import check_overwriting
from rnnviz.training.plan import FIELDS, Plan, PlanError
from rnnviz.training.tasks.table import TASKS, defaults

if TYPE_CHECKING:
    from rnnviz.training.engine.recipe import Recipe

IMAGES = ("mnist", "fashion-mnist", "kmnist", "digits")
TEXTS = ("imdb", "sentences")
PLANNED = tuple(name for name, task in TASKS.items() if task.reads == "numbers")
"""Tasks that are trained from a `Plan`, as on the Train page: all that read numbers."""

ANY_TASK = ("device", "mixed_precision", "threads", "resume", "output", "yes", "half", "download")
"""Options that say where and how a training runs, not what is trained."""

OF_TEXTS = {
    "input_size": "--embedding-size",
    "embedding_dropout": "--embedding-dropout",
    "word_dropout": "--word-dropout",
}


def train(
    context: typer.Context,
    data: Annotated[
        str,
        typer.Argument(
            help=f"What to learn: {', '.join((*IMAGES, *TEXTS, *PLANNED))}, or a CSV, JSONL or "
            "Parquet file of labelled texts. Only mnist, fashion-mnist, kmnist and imdb need a "
            "download."
        ),
    ],
    cell: Annotated[Cell, typer.Option(help="The recurrent cell.")] = "lstm",
    readout: Annotated[
        Readout | None, typer.Option(help="How the outputs of all steps become one vector.")
    ] = None,
    hidden_size: Annotated[
        int | None, typer.Option(help="Units of a layer.", min=1, max=4096)
    ] = None,
    num_layers: Annotated[int | None, typer.Option(help="Layers.", min=1, max=16)] = None,
    bidirectional: Annotated[
        bool | None,
        typer.Option("--bidirectional/--one-direction", help="Default: both for texts."),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Passes over the data. Default: what suits the task.", min=1)
    ] = None,
    batch_size: Annotated[int | None, typer.Option(help="Examples in an update.", min=1)] = None,
    learning_rate: Annotated[float | None, typer.Option(help="The peak.", min=0.0)] = None,
    optimizer: Annotated[
        Literal["adamw", "adam", "sgd", "momentum", "rmsprop"] | None,
        typer.Option(help="Default: adamw."),
    ] = None,
    schedule: Annotated[
        Literal["one-cycle", "constant", "cosine", "steps"] | None,
        typer.Option(help="Of the learning rate. Default: one-cycle."),
    ] = None,
    clip_norm: Annotated[
        float | None, typer.Option(help="Gradients are no longer than this; 0: any.", min=0.0)
    ] = None,
    weight_decay: Annotated[float | None, typer.Option(min=0.0)] = None,
    label_smoothing: Annotated[float | None, typer.Option(min=0.0, max=0.9)] = None,
    average_decay: Annotated[
        float | None, typer.Option(help="Of the running average of weights.", min=0.0, max=1.0)
    ] = None,
    calm: Annotated[
        float | None,
        typer.Option(
            help="The last part of training, with images varied half as much.", min=0.0, max=1.0
        ),
    ] = None,
    dropout: Annotated[
        float | None,
        typer.Option(help="Between layers and before the head.", min=0.0, max=0.9),
    ] = None,
    seed: Annotated[
        int, typer.Option(help="The same seed gives the same model on the same machine.", min=0)
    ] = 0,
    start: Annotated[
        str | None,
        typer.Option(help="Images: a saved model to start from, if its recurrent weights fit."),
    ] = None,
    held_out: Annotated[
        int | None, typer.Option(help="Examples kept for choosing the best epoch.", min=1)
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="Learn from so many examples only: a quick try.", min=1)
    ] = None,
    delay: Annotated[
        int | None, typer.Option(help="recall, copy: steps before the answer.", min=1)
    ] = None,
    length: Annotated[
        int | None, typer.Option(help="adding: steps; copy: symbols to repeat.", min=1)
    ] = None,
    augment: Annotated[
        bool, typer.Option(help="Images: vary place, size, slant, pen, noise.")
    ] = True,
    text_column: Annotated[str, typer.Option(help="Of a file of texts.")] = "text",
    label_column: Annotated[str, typer.Option(help="Of a file of texts.")] = "label",
    pieces: Annotated[
        Literal["bpe", "word"] | None, typer.Option(help="Texts: tokens are parts, or words.")
    ] = None,
    vocabulary: Annotated[
        int | None, typer.Option(help="Texts: so many tokens at most.", min=10, max=1_000_000)
    ] = None,
    most_tokens: Annotated[
        int | None,
        typer.Option(help="Texts: so many are read, half at each end.", min=1, max=100_000),
    ] = None,
    train_tokens: Annotated[
        int | None,
        typer.Option(help="Texts: fewer than these while training.", min=1, max=100_000),
    ] = None,
    word_vectors: Annotated[
        bool | None,
        typer.Option(help="Texts: start from vectors of words in the same company."),
    ] = None,
    embedding_size: Annotated[
        int | None, typer.Option(help="Texts: numbers of a token.", min=1, max=4096)
    ] = None,
    embedding_dropout: Annotated[
        float | None, typer.Option(help="Texts: part of the features.", min=0.0, max=0.9)
    ] = None,
    word_dropout: Annotated[
        float | None, typer.Option(help="Texts: part of the tokens.", min=0.0, max=0.9)
    ] = None,
    adversarial: Annotated[
        float | None, typer.Option(help="Texts: norm of the step to the worst side.", min=0.0)
    ] = None,
    half: Annotated[bool | None, typer.Option(help="Store float16. Default: for texts.")] = None,
    download: Annotated[
        bool, typer.Option("--download", help="Fetch the data if it is not on disk.")
    ] = False,
    engine: Annotated[
        Engine, typer.Option(help="bptt and steps are ours; torch is torch's own kernel.")
    ] = "bptt",
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"],
        typer.Option(help="auto: a CUDA GPU where there is one, else the CPU."),
    ] = "auto",
    mixed_precision: Annotated[
        Literal["no", "bf16", "fp16"] | None, typer.Option(help="Needs accelerate. Default: no.")
    ] = None,
    threads: Annotated[int, typer.Option(help="Processor threads.", min=1, max=256)] = 1,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the same command was stopped.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option(help="Folder to write. Default: models/DATA-CELL[-READOUT].")
    ] = None,
    yes: Yes = False,
) -> None:
    """Train on images, row by row, on texts or on a memory task; save the best epoch and its card.

    Ctrl-C stops early and keeps the best epoch so far; --resume goes on. `torchrun
    --nproc_per_node 2 -m rnnviz train ...` or `accelerate launch -m rnnviz train ...` shares each
    batch between processes.
    """
    recipe_words = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "optimizer": optimizer,
        "schedule": schedule,
        "clip_norm": math.inf if clip_norm == 0 else clip_norm,
        "weight_decay": weight_decay,
        "label_smoothing": label_smoothing,
        "average_decay": average_decay,
        "calm": calm,
        "adversarial": adversarial,
        "seed": seed,
    }
    model_words = {
        "readout": readout,
        "hidden_size": hidden_size,
        "num_layers": num_layers,
        "bidirectional": bidirectional,
        "dropout": dropout,
        "input_size": embedding_size,
        "embedding_dropout": embedding_dropout,
        "word_dropout": word_dropout,
    }
    with one_sentence():
        import torch

        from rnnviz.commands import foreground
        from rnnviz.data import DataError
        from rnnviz.models import storage
        from rnnviz.training.engine.devices import DeviceError, place
        from rnnviz.training.engine.loop import DivergenceError

        task = _checked_task(data)
        plan = _plan(context, data) if data in PLANNED else None
        if plan is None and (delay or length):
            raise DataError(
                f"expected no --delay or --length for {data}, got one: only memory tasks have them"
            )
        suffix = readout or "attention"
        folder = output or Path("models") / default_name(task, cell, suffix)
        storage.check_replaceable(folder)
        if folder.resolve().is_relative_to(storage.PRETRAINED):  # what comes with the package
            check_overwriting(folder, consent=yes or resume)
        try:
            here = place(device, mixed_precision)
        except DeviceError as failure:
            typer.echo(f"rnnviz: {failure}", err=True)
            raise typer.Exit(2) from None
        torch.set_num_threads(threads)
        torch.manual_seed(seed)
        words: dict[str, Any] = {"place": here, "resume": resume}
        options: dict[str, Any] = {
            "held_out": held_out,
            "seed": seed,
            "limit": limit,
            "download": download,
        }
        chosen: dict[str, Any] = {
            word: value for word, value in model_words.items() if value is not None
        }
        chosen |= {"cell": cell, "engine": engine}
        finished: bool | None = None
        try:
            if plan is not None:
                finished = foreground.run_plan(
                    plan, folder, command=command_line(), half=bool(half), **words
                )
            elif data in IMAGES:
                finished = _train_images(
                    data, options, recipe_words, chosen, start, augment, bool(half), folder, words
                )
            else:
                options |= {"text_column": text_column, "label_column": label_column}
                options["train_tokens"] = train_tokens
                tokens = {"kind": pieces, "size": vocabulary, "most_tokens": most_tokens}
                finished = _train_texts(
                    data,
                    options,
                    tokens,
                    recipe_words,
                    chosen,
                    start,
                    word_vectors,
                    half,
                    folder,
                    words,
                )
        except DivergenceError as failure:
            typer.echo(f"rnnviz: {failure}", err=True)
            raise typer.Exit(1) from None
        finally:
            here.close(together=finished is not None)
    if not finished:
        raise typer.Exit(INTERRUPTED)


def _checked_task(data: str) -> str:
    """The name of the task, for its folder; `DataError` for what is neither name nor file."""
    from rnnviz.data import DataError
    from rnnviz.data.texts import ENDINGS

    if data in (*IMAGES, *TEXTS, *PLANNED):
        return data
    if Path(data).suffix.lower() not in ENDINGS:
        raise DataError(
            f"expected {', '.join((*IMAGES, *TEXTS, *PLANNED))} or a file that ends in "
            f"{', '.join(ENDINGS)}, got {data[:80]!r}: choose one of these"
        )
    return Path(data).stem


def _plan(context: typer.Context, task: str) -> Plan:
    """The plan of the task with the options that were typed; `DataError` for one it has no use for.

    What was not typed is what suits the task and the cell, as on the Train page.
    """
    from rnnviz.data import DataError

    names = {"limit": "examples"}
    of_tasks = {word for info in TASKS.values() for word in info.words}
    words = {}
    for option, value in context.params.items():
        source = context.get_parameter_source(option)
        if source is None or source.name != "COMMANDLINE" or option in ("data", *ANY_TASK):
            continue
        word = names.get(option, option)
        if word not in FIELDS or word in of_tasks - set(TASKS[task].words):
            raise DataError(
                f"expected no --{option.replace('_', '-')} for {task}, got one: leave it out"
            )
        words[word] = value
    if words.get("clip_norm") == 0:
        words["clip_norm"] = None
    try:
        return defaults(task, context.params["cell"]).changed(**words)
    except PlanError as failure:
        raise DataError(str(failure)) from failure


def _train_images(
    data: str,
    options: dict[str, Any],
    recipe_words: dict[str, Any],
    model_words: dict[str, Any],
    start: str | None,
    augment: bool,
    half: bool,
    folder: Path,
    run_words: dict[str, Any],
) -> bool:
    from rnnviz.commands import foreground
    from rnnviz.data import DataError
    from rnnviz.models import storage
    from rnnviz.models.classifier import SequenceClassifier
    from rnnviz.training.tasks import images

    for word, option in OF_TEXTS.items():
        if word in model_words:
            raise DataError(
                f"expected no {option} for {data}, got {model_words[word]}: images have no tokens"
            )
    held_out = options.pop("held_out")
    with run_words["place"].main_first():
        task = images.load(data, held_out=5000 if held_out is None else held_out, **options)
    recipe: Recipe = images.recipe(model_words["cell"], **recipe_words)
    words = {"dropout": 0.1, **model_words}
    model = SequenceClassifier(num_classes=len(task.labels), labels=task.labels, **words)
    begun = foreground.begin(model, storage.folder_of(name_or_path(start)) if start else None)
    return foreground.run(
        model,
        task,
        recipe,
        folder,
        card={"augmented": augment, **begun, "command": command_line()},
        prepare=images.varied(task.name) if augment else images.plain,
        prepare_held_out=images.plain,
        half=half,
        **run_words,
    )


def _train_texts(
    data: str,
    options: dict[str, Any],
    token_words: dict[str, Any],
    recipe_words: dict[str, Any],
    model_words: dict[str, Any],
    start: str | None,
    word_vectors: bool | None,
    half: bool | None,
    folder: Path,
    run_words: dict[str, Any],
) -> bool:
    from rnnviz.commands import foreground
    from rnnviz.data import DataError
    from rnnviz.models.classifier import SequenceClassifier
    from rnnviz.training.tasks import texts

    if start:
        raise DataError(
            f"expected no --start for texts, got {start!r}: its tokens would be other words here"
        )
    given = {word: value for word, value in token_words.items() if value is not None}
    preset = texts.defaults(data)
    main = run_words["place"].is_main
    with run_words["place"].main_first():
        task = texts.load(
            data, chosen_tokens=given, track=foreground.track if main else None, **options
        )
    if main:
        tell(task.held_out_texts.notices)
    model = SequenceClassifier(
        num_classes=len(task.labels),
        labels=task.labels,
        vocabulary_size=task.tokenizer.vocabulary_size,
        **{**preset.model, **model_words},
    )
    begun = foreground.begin(model, None)
    if preset.word_vectors if word_vectors is None else word_vectors:
        foreground.start_from_vectors(model, task.training.inputs)
        begun["started_from"] = "vectors of words in the same company, from the training texts"
    return foreground.run(
        model,
        task,
        texts.recipe(data, model_words["cell"], **recipe_words),
        folder,
        card={**begun, "command": command_line()},
        files=task.tokenizer.files(),
        half=half is not False,
        **run_words,
    )
