"""Rows of a CSV or of JSON Lines, and which of their columns holds the texts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rnnviz.data import DataError

DELIMITERS = ",;\t"

# Stands in no text that `decode` lets pass: a header without a delimiter is one column, however
# many commas the texts below it have.
NO_DELIMITER = "\x1f"

MOST_LETTERS = 10_000_000
MOST_COLUMNS = 500

# What people call a column of texts; where none is called so, the longest texts win.
TEXT_COLUMNS = (
    "text", "review", "review_text", "reviewtext", "comment", "body", "content", "message",
    "sentence", "description", "summary",
)  # fmt: skip

LONGEST_NAME = 60


def csv_rows(text: str, name: str) -> Iterator[list[str]]:
    """The rows of a CSV, the header first; all are as wide as that one.

    The header tells comma, semicolon or tab. Raises `DataError` for quotes that do not close and
    for a row of another width, with its line; `name` is what to call the file.
    """
    header = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=header.count)
    delimiter = delimiter if delimiter in header else NO_DELIMITER
    csv.field_size_limit(MOST_LETTERS)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    width = None
    try:
        for row in reader:
            if not row:
                continue
            width = len(row) if width is None else width
            if len(row) != width:
                raise DataError(
                    f"expected {width} fields in every row of {name}, got {len(row)} in line "
                    f"{reader.line_num:,}: put texts with commas or line ends in quotes"
                )
            yield row
    except csv.Error as failure:
        line = max(reader.line_num, 1)
        raise damaged(name, "CSV", f"{failure} in line {line:,}", "quotes") from failure


def json_rows(text: str, name: str) -> Iterator[dict[str, Any]]:
    """The objects of JSON Lines, one a line; raises `DataError` with the line that holds none."""
    # Not splitlines: JSON may hold U+2028 and the like inside a string.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as failure:
            raise damaged(name, "JSONL", f"no JSON in line {number:,}", "line ends") from failure
        if not isinstance(found, dict):
            raise damaged(name, "JSONL", f"no object in line {number:,}", "line ends")
        yield found


def damaged(name: str, expected: str, came: str, check: str) -> DataError:
    """What to raise for a file that is not what its ending says."""
    return DataError(
        f"expected {expected} in {name}, got {came}: check its {check}, or write it again"
    )


def named(rows: Iterable[list[str]]) -> tuple[tuple[str, ...], list[dict[str, str]], bool]:
    """The columns, the rows by column, and whether a header names the columns.

    A first row with a number, an empty field or a whole sentence in it is taken for a row; columns
    without a name are numbered, and of two with the same name the second is told apart.
    """
    every = list(rows)
    if not every:
        return (), [], False
    first = [field.strip() for field in every[0]]
    header = any(first) and not any(len(one) > LONGEST_NAME or _is_number(one) for one in first)
    columns: list[str] = []
    for number, field in enumerate(first, 1):
        name = field if header and field else f"column {number}"
        columns.append(f"{name} ({number})" if name in columns else name)
    below = every[1:] if header else every
    return tuple(columns), [dict(zip(columns, row, strict=True)) for row in below], header


def text_column(columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> str | None:
    """The column that most likely holds the texts, None where no field has a letter in it."""
    texts = {column: [_text(row.get(column)) for row in rows[:1000]] for column in columns}
    worded = [column for column in columns if any(map(_has_letters, texts[column]))]
    for known in TEXT_COLUMNS:
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


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
