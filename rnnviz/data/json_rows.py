"""Rows of a table in JSON: one a line, or in the layouts that programs write them."""

from __future__ import annotations

import json
import re
from typing import Any

from rnnviz.data import DataError
from rnnviz.data.headers import TEXT_NAMES

Placed = list[tuple[int, Any]]
"""Values, and the line (or, in an array, the place in it) of each."""

DEEPEST = 5
"""So far in, a table is looked for in objects of objects."""

HALVES = re.compile("[\ud800-\udfff]")
"""Half a character of those that are written as two: JSON can write it alone, nothing else can."""

GAP = re.compile(r"[\s,]*+")


def read(text: str, name: str) -> list[Any]:
    """The rows: all objects, all arrays of one length or all texts; raises `DataError` for others.

    One a line; in one array; in the only array of an object; one value after the other over
    several lines; an object with an array for each column; and what pandas' `to_json` writes.
    `name` is what to call the file. In keys half a character becomes U+FFFD.
    """
    found, where = _values(text, name)
    if len(found) == 1:
        rows = _rows(found[0][1], DEEPEST)
        if rows is None:
            raise damaged(name, "JSON", f"no object in {where} {found[0][0]:,}", "line ends")
        if not isinstance(found[0][1], dict) or rows != [found[0][1]]:
            found, where = list(enumerate(rows, 1)), "row"
    _check(found, where, name)
    return [_with_whole_keys(row) for _, row in found]


def damaged(name: str, expected: str, came: str, check: str) -> DataError:
    """What to raise for a file that is not what its ending says."""
    return DataError(
        f"expected {expected} in {name}, got {came}: check its {check}, or write it again"
    )


def _check(found: Placed, where: str, name: str) -> None:
    kind = type(found[0][1]) if found and isinstance(found[0][1], list | str) else dict
    for place, one in found:
        if not isinstance(one, kind):
            noun = {list: "array", str: "text"}.get(kind, "object")
            raise damaged(name, "JSON", f"no {noun} in {where} {place:,}", "line ends")
        if isinstance(one, list) and len(one) != len(found[0][1]):
            raise DataError(
                f"expected {len(found[0][1])} values in every row of {name}, got {len(one)} in "
                f"{where} {place:,}: give every row as many"
            )


def _values(text: str, name: str) -> tuple[Placed, str]:
    """The JSON values of a text, and what their places count; raises `DataError` for none."""
    if not text.strip():
        return [], "line"
    try:
        return [(1, json.loads(text))], "line"
    except (ValueError, RecursionError):
        pass  # several values
    found: Placed = []
    # Not splitlines: JSON may hold U+2028 and the like inside a string.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                found.append((number, json.loads(line)))
            except (ValueError, RecursionError) as failure:
                several = _over_several_lines(text)
                if several:
                    return list(enumerate(several, 1)), "value"
                wrong = damaged(name, "JSON", f"no JSON in line {number:,}", "line ends")
                raise wrong from failure
    return found, "line"


def _over_several_lines(text: str) -> list[Any]:
    """Values one after the other, with white space or commas between; none where one is damaged."""
    decoder, at = json.JSONDecoder(), 0
    found: list[Any] = []
    try:
        while True:
            gap = GAP.match(text, at)
            at = gap.end() if gap else at
            if at == len(text):
                return found
            value, at = decoder.raw_decode(text, at)
            found.append(value)
    except (ValueError, RecursionError):
        return []


def _rows(value: Any, depth: int) -> list[Any] | None:
    """The rows that one value holds, None where it holds none."""
    if depth == 0:
        return None
    if isinstance(value, list):
        return [_unwrapped(one) for one in value]
    if not isinstance(value, dict):
        return None
    names, data = value.get("columns"), value.get("data")
    if isinstance(names, list) and isinstance(data, list) and _are(data, list):  # pandas' split
        return [dict(zip(map(str, names), row, strict=False)) for row in data]
    if value.get("rows") and _rows(value["rows"], depth - 1) != value["rows"]:  # the Hub's viewer
        return _rows(value["rows"], depth - 1)
    inner = list(value.values())
    holders = [one for one in inner if isinstance(one, dict | list)]
    if not holders or any(isinstance(value.get(name), str) for name in TEXT_NAMES):
        return [value]
    if _are(inner, list) and len({len(one) for one in inner}) == 1 and not _nested(inner):
        return [dict(zip(value, row, strict=True)) for row in zip(*inner, strict=True)]
    if _are(inner, dict) and len({tuple(one) for one in inner}) == 1:
        if not all(key.isdigit() for key in inner[0]):
            return inner if len(inner) > 1 else _rows(inner[0], depth - 1)  # pandas' index
        columns = (one.values() for one in inner)
        return [dict(zip(value, row, strict=True)) for row in zip(*columns, strict=True)]
    arrays = [one for one in holders if isinstance(one, list) and _nested([one])]
    if len(arrays) == 1:
        return _rows(arrays[0], depth - 1)
    return _rows(holders[0], depth - 1) if len(holders) == 1 else [value]


def _unwrapped(row: Any) -> Any:
    """Without what the Hub's viewer of data sets puts around each row."""
    inner = row.get("row") if isinstance(row, dict) else None
    return inner if isinstance(inner, dict) else row


def _are(values: Any, kind: type) -> bool:
    return (
        isinstance(values, list) and bool(values) and all(isinstance(one, kind) for one in values)
    )


def _nested(columns: list[list[Any]]) -> bool:
    return any(isinstance(one, dict | list) for column in columns for one in column)


def _with_whole_keys(row: Any) -> Any:
    if isinstance(row, dict) and any(map(HALVES.search, row)):
        return {HALVES.sub("\ufffd", key): value for key, value in row.items()}
    return row
