"""Labelled texts of two classes from a CSV, JSONL or Parquet file with two chosen columns."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rnnviz.data import DataError
from rnnviz.data.classes import SENTIMENT, alike, matched, ordered, written
from rnnviz.data.documents import tables
from rnnviz.data.documents.decoding import check_size, decode
from rnnviz.data.documents.json_rows import HALVES, damaged
from rnnviz.data.documents.tables import MOST_LETTERS
from rnnviz.tracking import Track

__all__ = ["SENTIMENT", "LabelledTexts", "Track", "columns", "fitted", "read"]

KINDS = ("csv", "jsonl", "parquet")

ENDINGS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
}

MOST_BYTES = 150_000_000
MOST_TEXTS = 1_000_000
ROWS_AT_ONCE = 200


@dataclass(frozen=True)
class LabelledTexts:
    """`texts (N,)`, `labels (N,)` int64 in 0..C-1, what the classes are called, and the source.

    `names` are the values as they stood in the file, the negative one first where that is known.
    `notices` are whole sentences for whoever brought the file.
    """

    texts: tuple[str, ...]
    labels: np.ndarray
    names: tuple[str, ...]
    source: str
    notices: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.texts)


def clean(text: str) -> str:
    """The text with HTML's line breaks, the only tags in IMDb's reviews, as line ends.

    Half a character, which JSON can write and nothing else, becomes U+FFFD.
    """
    return re.sub(r"[ \t]*<br\s*/?>", "\n", HALVES.sub("\ufffd", text), flags=re.IGNORECASE)


def read(
    path: str | Path,
    *,
    text_column: str = "text",
    label_column: str = "label",
    track: Track | None = None,
    fewest_classes: int = 2,
    most_classes: int = 2,
    opened: Opened | None = None,
) -> LabelledTexts:
    """The texts of a file and their labels, of two kinds, or of as many as is said.

    CSV (comma, semicolon, tab or bar), JSON or Parquet, told by the name's ending. `track` may show
    progress; `opened` are the rows of the file, where it is open. Raises `DataError`, in one
    sentence, for a missing, huge, damaged, binary or empty file, a missing column, a label that is
    missing, or labels of one kind or of too many.
    """
    path = Path(path)
    rows, columns, count, notices = opened or open_table(path, (text_column, label_column))
    for column in (text_column, label_column):
        if column not in columns:
            shown = ", ".join(columns)[:200] or "none"
            bare = f" ({tables.NO_HEADER[:-1]})" if tables.NO_HEADER in notices else ""
            raise DataError(
                f"expected a column {column!r} in {path}, got the columns {shown}{bare}: "
                "name two of these"
            )
    texts: list[str] = []
    values: list[str] = []
    for number, row in enumerate(track(rows, count) if track else rows, start=1):
        text, value = row.get(text_column), _alone(row.get(label_column))
        _check_row(text, value, number, path, text_column, label_column)
        if number > MOST_TEXTS:
            raise DataError(f"expected at most {MOST_TEXTS:,} texts in {path}, got more: split it")
        texts.append(clean(text))
        values.append(written(value))
    if not texts:
        raise DataError(f"expected texts in {path}, got a file without any: add rows to it")
    names = classes(values, path, label_column, fewest_classes, most_classes)
    places = {name: place for place, name in enumerate(names)}
    labels = np.array([places[value] for value in values], dtype=np.int64)
    return LabelledTexts(tuple(texts), labels, names, str(path), notices + alike(names))


def columns(path: str | Path) -> tuple[str, ...]:
    """The columns to choose from; raises `DataError` like `read`."""
    return open_table(Path(path)).columns


def first_rows(path: Path, opened: Opened, most: int) -> list[dict[str, Any]]:
    """Some rows to guess from; of a Parquet file, with its columns of texts and numbers alone."""
    if ENDINGS[path.suffix.lower()] != "parquet":
        return list(itertools.islice(opened.rows, most))
    from pyarrow import parquet, types

    schema = parquet.read_schema(path)
    simple = [
        schema.names[place]
        for place, kind in enumerate(schema.types)
        if types.is_string(kind) or types.is_large_string(kind) or types.is_primitive(kind)
    ]
    try:
        return list(itertools.islice(open_table(path, tuple(simple)).rows, most))
    except DataError:  # one of them is too large or damaged, the others may do
        return []


def classes(
    values: Iterable[str], path: Path, label_column: str, fewest: int, most: int
) -> tuple[str, ...]:
    """The kinds of labels in order; raises `DataError` where they are too few or too many."""
    found = ordered(values)
    if not fewest <= len(found) <= most:
        shown = ", ".join(repr(value[:20]) for value in found[:4])
        more = f" and {len(found) - 4:,} more" if len(found) > 4 else ""
        kinds = "two" if most == 2 else f"two to {most}"
        raise DataError(
            f"expected labels of {kinds} kinds in column {label_column!r} of {path}, "
            f"got {len(found):,} ({shown}{more}): keep {kinds} classes"
        )
    return found


def read_for(
    path: str | Path, names: Sequence[str], text_column: str, label_column: str
) -> LabelledTexts:
    """The texts of a file with labels among a network's classes `names`, of which some may do.

    Raises `DataError` like `read` and `fitted`.
    """
    found = read(
        path,
        text_column=text_column,
        label_column=label_column,
        fewest_classes=1,
        most_classes=MOST_TEXTS,
    )
    return fitted(found, names)


def fitted(found: LabelledTexts, names: Sequence[str]) -> LabelledTexts:
    """The same with the classes of a model, `names`, in its order.

    A file may have some of them only, and write them as the model does, in other capitals, or in
    another of the usual ways (0 and 1, neg and pos) where the model's are negative and positive.
    Raises `DataError` that names other labels.
    """
    places, notices = matched(found.names, names)
    unknown = [name for name, place in zip(found.names, places, strict=True) if place is None]
    if unknown:
        shown = ", ".join(repr(name[:40]) for name in unknown[:5])
        more = f" and {len(unknown) - 5:,} more" if len(unknown) > 5 else ""
        raise DataError(
            f"expected the labels {_listed(names)} in {found.source}, got others ({shown}{more}): "
            "choose a model for these classes, or rename them"
        )
    order = np.array(places, dtype=np.int64)
    # How the file writes them matters to nobody who knows what they are read as.
    kept = tuple(one for one in found.notices if one not in alike(found.names))
    return replace(found, labels=order[found.labels], names=tuple(names), notices=(*kept, *notices))


def _listed(names: Sequence[str]) -> str:
    if len(names) > 20:
        return f"{', '.join(names[:20])} and {len(names) - 20:,} more"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


class Opened(NamedTuple):
    """Rows to come, the columns, how many rows there are, and what to say of the file."""

    rows: Iterable[dict[str, Any]]
    columns: tuple[str, ...]
    size: int
    notices: tuple[str, ...] = ()


def open_table(path: Path, wanted: tuple[str, ...] = ()) -> Opened:
    """What is in a file; the rows have the columns `wanted`, and may have others.

    Raises `DataError` like `read`. Of a Parquet file, rows come once and may raise it, too.
    """
    kind = ENDINGS.get(path.suffix.lower())
    if kind is None:
        raise DataError(
            f"expected a file of labelled texts that ends in {', '.join(ENDINGS)}, got "
            f"{str(path)!r}: save it as one of these"
        )
    if not path.is_file():
        raise DataError(f"expected a file at {str(path)!r}, got none: check the path")
    try:
        check_size(path.stat().st_size, str(path), most_bytes=MOST_BYTES)
        if path.stat().st_size == 0:
            raise DataError(f"expected texts in {path}, got an empty file: add rows to it")
        if kind == "parquet":
            return _parquet(path, wanted)
        return _table(path, tables.of_csv if kind == "csv" else tables.of_json)
    except OSError as failure:
        raise DataError(
            f"expected a readable file at {path}, got none ({failure.strerror or failure}): "
            "check its permissions"
        ) from failure


def _table(path: Path, of_text: Callable[[str, str], tables.Table]) -> Opened:
    found = decode(path.read_bytes(), str(path), most_bytes=MOST_BYTES)
    table = of_text(found.text, str(path))
    if not table.rows and not table.columns:
        raise DataError(f"expected texts in {path}, got a file without any: add rows to it")
    notices = (*found.notices, *table.notices)
    return Opened(table.rows, table.columns, len(table.rows), notices)


def _parquet(path: Path, wanted: tuple[str, ...]) -> Opened:
    import pyarrow as arrow
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path)
        names, count = tuple(file.schema_arrow.names), file.metadata.num_rows
    except (arrow.ArrowException, OSError, UnicodeDecodeError) as failure:
        raise damaged(str(path), "PARQUET", "no Parquet file", "kind") from failure

    def rows() -> Iterator[dict[str, Any]]:
        try:
            batches = file.iter_batches(ROWS_AT_ONCE, columns=list(wanted), use_threads=False)
            for batch in batches:
                yield from batch.to_pylist()
        except (arrow.ArrowException, OSError, ValueError, OverflowError) as failure:
            raise damaged(str(path), "PARQUET", "a damaged Parquet file", "bytes") from failure

    return Opened(rows(), names, count)


def _alone(label: Any) -> Any:
    """The label in a list of one, as programs write it in which a text may have several."""
    return label[0] if isinstance(label, list) and len(label) == 1 else label


def _check_row(
    text: Any, value: Any, number: int, path: Path, text_column: str, label_column: str
) -> None:
    if not isinstance(text, str) or not text.strip():
        came = "none" if text is None or isinstance(text, str) else type(text).__name__
        nested = isinstance(text, list | dict)
        advice = "write one object a row" if nested else "fill it in, or leave the row out"
        raise DataError(
            f"expected a text in column {text_column!r} of {path}, got {came} in row "
            f"{number:,}: {advice}"
        )
    if len(text) > MOST_LETTERS:
        raise DataError(
            f"expected texts of at most {MOST_LETTERS:,} characters in {path}, got {len(text):,} "
            f"in row {number:,}: shorten it"
        )
    if not isinstance(value, str | int | float | bool) or value != value or not str(value).strip():
        inside = type(value).__name__ if isinstance(value, list | dict) else "none"
        advice = "fill it in, or leave the row out" if inside == "none" else "write one label a row"
        raise DataError(
            f"expected a label in column {label_column!r} of {path}, got {inside} in row "
            f"{number:,}: {advice}"
        )
