"""What only the process that reads files calls: readers whose answers are smaller than the file."""

from __future__ import annotations

from dataclasses import replace

from rnnviz.data import labelled
from rnnviz.data.labelled import Labelled


def columns_and_labels(
    data: bytes, name: str, text_column: str | None = None, label_column: str | None = None
) -> Labelled:
    """`labelled.look` without the texts, which a page does not show."""
    return replace(labelled.look(data, name, text_column, label_column), texts=())
