"""`python -m rnnviz padding`: the small networks that differ only in how they deal with padding."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rnnviz.commands import Yes, command_line, one_sentence, progress
from rnnviz.safe.files import check_overwriting


def padding(
    output: Annotated[
        Path | None, typer.Option(help="Where to write them. Default: pretrained/padding.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of first weights, batches and sentences.")] = 0,
    limit: Annotated[
        int | None, typer.Option(help="So many sentences only, for a quick try.", min=20)
    ] = None,
    yes: Yes = False,
) -> None:
    """Train the small networks of the padding exhibit: two cells, six ways with padding.

    They read sentences of rnnviz's own grammar and take one to two minutes together.
    """
    with one_sentence():
        from rnnviz.analysis.padding import FOLDER, WAYS
        from rnnviz.training.padding import CELLS, train_all

        folder = output or FOLDER
        check_overwriting(folder, consent=yes or output is not None)
        folder.mkdir(parents=True, exist_ok=True)
        made = train_all(folder, seed=seed, limit=limit, command=command_line())
        for name, card in progress("training")(made, len(CELLS) * len(WAYS)):
            test = card["test"]
            typer.echo(
                f"{name:>16}  {100 * test['accuracy']:6.2f} %  of {test['n']:,}  "
                f"{WAYS[name.partition('-')[2]]}"
            )
