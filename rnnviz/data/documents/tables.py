"""Tables of a CSV or of JSON: their columns, their rows, and which column holds the texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rnnviz.data.documents import delimited, json_rows
from rnnviz.data.documents.headers import ROWS_TO_GUESS_FROM, TEXT_NAMES, has_usual_name, is_header

MOST_LETTERS = 10_000_000
MOST_COLUMNS = 500

NO_HEADER = "The first line looks like a row, not like names: columns are numbered."
ONE_HEADER = (
    "The first line ({}) is read as the name of the column: if it is a text, write a line with "
    "the word text above it."
)


@dataclass(frozen=True)
class Table:
    """`columns`, rows by column, and whole sentences for whoever brought the file."""

    columns: tuple[str, ...]
    rows: list[dict[str, Any]]
    notices: tuple[str, ...] = ()


def of_csv(text: str, name: str) -> Table:
    """The table of a CSV or of tab-separated text; raises `DataError` as `delimited.read` does."""
    rows, notices = delimited.read(text, name)
    return _named(rows, notices)


def of_json(text: str, name: str) -> Table:
    """The table of JSON Lines, or of JSON of another usual layout; raises `DataError` for others.

    Rows are objects, arrays of equal length (the first may name the columns) or texts alone.
    """
    rows, notices = json_rows.read(text, name)
    if rows and isinstance(rows[0], list):
        return _named([[_field(one) for one in row] for row in rows], notices)
    if rows and isinstance(rows[0], str):
        rows = [{"text": row} for row in rows]
    columns = dict.fromkeys(key for row in rows for key in row)
    return Table(tuple(columns), rows, notices)


def _field(value: Any) -> str:
    """What stands in a row that is an array, as a CSV would have it."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value)


def _named(rows: list[list[str]], notices: tuple[str, ...]) -> Table:
    """The table of rows, the first of which may name the columns.

    Columns without a name are numbered, and of two with the same name the second is told apart.
    """
    if not rows:
        return Table((), [], notices)
    header = is_header(rows[0], rows[1:])
    if not header:
        notices = (*notices, NO_HEADER)
    elif len(rows[0]) == 1 and not has_usual_name(rows[0]):
        notices = (*notices, ONE_HEADER.format(rows[0][0].strip()))
    columns: dict[str, None] = {}
    for number, field in enumerate(rows[0], 1):
        name = field.strip() if header and field.strip() else f"column {number}"
        columns[f"{name} ({number})" if name in columns else name] = None
    below = rows[1:] if header else rows
    named = [dict(zip(columns, row, strict=True)) for row in below]
    return Table(tuple(columns), named, notices)


def text_column(columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> str | None:
    """The column that most likely holds the texts, None where no field has a letter in it."""
    first = rows[:ROWS_TO_GUESS_FROM]
    texts = {column: [_text(row.get(column)) for row in first] for column in columns}
    worded = [column for column in columns if any(map(_has_letters, texts[column]))]
    for known in TEXT_NAMES:
        for column in worded:
            if column.casefold().replace(" ", "_") == known:
                return column
    return max(worded, key=lambda column: sum(map(len, texts[column])), default=None)


def column_texts(rows: Iterable[dict[str, Any]], column: str) -> tuple[str, ...]:
    """What the column holds, without fields that are empty or no text."""
    found = (_text(row.get(column)) for row in rows)
    return tuple(text for text in found if text.strip())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _has_letters(text: str) -> bool:
    return any(map(str.isalpha, text[:1000]))
