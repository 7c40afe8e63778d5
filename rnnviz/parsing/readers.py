"""What only the process that reads files calls: readers whose answers are smaller than the file."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from rnnviz.data import DataError, labelled, texts
from rnnviz.data.labelled import Labelled
from rnnviz.data.texts import LabelledTexts


def columns_and_labels(
    data: bytes, name: str, text_column: str | None = None, label_column: str | None = None
) -> Labelled:
    """`labelled.look` without the texts, which a page does not show."""
    return replace(labelled.look(data, name, text_column, label_column), texts=())


def labelled_texts(
    data: bytes, name: str, text_column: str, label_column: str, most_classes: int
) -> LabelledTexts:
    """`texts.read` of contents; sentences call the file `name`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"texts{Path(name).suffix}"
        path.write_bytes(data)
        try:
            found = texts.read(
                path,
                text_column=text_column,
                label_column=label_column,
                most_classes=most_classes,
            )
        except DataError as failure:
            raise DataError(str(failure).replace(str(path), name)) from failure
    return replace(found, source=name)
