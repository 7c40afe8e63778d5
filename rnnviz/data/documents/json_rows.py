"""Rows of a table in JSON: one a line, or in the layouts that programs write them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from rnnviz.data import DataError
from rnnviz.data.classes import PAIRS
from rnnviz.data.documents.headers import LABEL_NAMES, TEXT_NAMES, has_usual_name

Placed = list[tuple[int, Any]]
"""Values, and the line (or, in an array, the place in it) of each."""

DEEPEST = 5
"""So far in, a table is looked for in objects of objects."""

TRAINING = ("train", "training")
SPLITS = (*TRAINING, "dev", "val", "valid", "validation", "test", "testing", "eval")
"""What people call the parts of a data set, which are no labels."""

HALVES = re.compile("[\ud800-\udfff]")
"""Half a character of those that are written as two: JSON can write it alone, nothing else can."""

GAP = re.compile(r"[\s,]*+")


Found = tuple[list[Any], tuple[str, ...]]
"""Rows, and sentences on how they were found."""


def read(text: str, name: str) -> Found:
    """The rows, and what to say of them: all objects, all arrays of one length or all texts.

    One a line; in one array; in an array of an object, that of training where it has several; one
    value after the other over several lines; an object with an array for each column, or with one
    of texts for each label; and what pandas' `to_json` writes. `name` is what to call the file. In
    keys half a character becomes U+FFFD. Raises `DataError` for others.
    """
    found, where = _values(text, name)
    said: tuple[str, ...] = ()
    if len(found) == 1:
        table = _rows(found[0][1], DEEPEST)
        if table is None:
            raise damaged(name, "JSON", f"no object in {where} {found[0][0]:,}", "line ends")
        rows, said = table
        if not isinstance(found[0][1], dict) or rows != [found[0][1]]:
            found, where = list(enumerate(rows, 1)), "row"
    _check(found, where, name)
    return [_with_whole_keys(row) for _, row in found], said


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


def _rows(value: Any, depth: int) -> Found | None:
    """The rows that one value holds, None where it holds none."""
    if depth == 0:
        return None
    if isinstance(value, list):
        return [_unwrapped(one) for one in value], ()
    if not isinstance(value, dict):
        return None
    names, data = value.get("columns"), value.get("data")
    if isinstance(names, list) and isinstance(data, list) and _are(data, list):  # pandas' split
        return [dict(zip(map(str, names), row, strict=False)) for row in data], ()
    if isinstance(value.get("schema"), dict) and isinstance(data, list):  # pandas' table
        return data, ()
    if isinstance(value.get("rows"), list) and value["rows"]:
        rows = [_unwrapped(one) for one in value["rows"]]
        if rows != value["rows"]:  # the Hub's viewer
            return rows, ()
    holders = {key: one for key, one in value.items() if isinstance(one, dict | list)}
    if not holders or any(isinstance(value.get(name), str) for name in TEXT_NAMES):
        return [value], ()
    arrays = {
        key: one for key, one in holders.items() if isinstance(one, list) and not _nested([one])
    }
    return (
        _of_columns(value, arrays)
        or _of_labels(value, arrays)
        or _of_records(value, depth)
        or _of_tables(holders, arrays, depth)
        or ([value], ())
    )


def _of_columns(value: dict[str, Any], arrays: dict[str, list[Any]]) -> Found | None:
    """Rows of arrays of one length; where one has a usual name, of those that are as long."""
    texts = [key for key in arrays if has_usual_name([key], TEXT_NAMES)]
    same = len({len(one) for one in arrays.values()}) == 1
    if not texts:
        if not same or len(arrays) < len(value):
            return None
        numbered = len(arrays) > 1 and all(key.isdigit() for key in arrays)
        if numbered and len(arrays) > len(next(iter(arrays.values()))):  # one for each row
            return list(arrays.values()), ()
        if numbered or _are_labels(arrays):
            return None
        columns = arrays
    else:
        length = len(arrays[texts[0]])
        for key, one in arrays.items():
            if len(one) != length and has_usual_name([key], LABEL_NAMES):
                raise DataError(
                    f"expected arrays of one length, got {length:,} values in {texts[0]!r} and "
                    f"{len(one):,} in {key!r}: give both one for each row"
                )
        columns = {key: one for key, one in arrays.items() if len(one) == length}
    said = _left_out(columns, [key for key in arrays if key not in columns])
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return rows, said


def _are_labels(arrays: dict[str, list[Any]]) -> bool:
    """Whether the names of arrays of texts are a usual pair of labels, and maybe others."""
    keys = {key.casefold() for key in arrays}
    return all(_are(one, str) for one in arrays.values()) and any(
        keys.issuperset(pair) for pair in PAIRS
    )


def _of_labels(value: dict[str, Any], arrays: dict[str, list[Any]]) -> Found | None:
    """Rows of an object that has an array of texts for each label."""
    if not 1 < len(arrays) == len(value) or not all(_are(one, str) for one in arrays.values()):
        return None
    if any(key.casefold() in SPLITS for key in arrays):
        return None
    rows = [{"text": text, "label": key} for key, texts in arrays.items() for text in texts]
    return rows, (f"Each array is read as the texts of one label: {_counted(arrays)}.",)


def _of_records(value: dict[str, Any], depth: int) -> Found | None:
    """Rows of an object that has an object for each row, or for each column, as pandas writes."""
    inner = list(value.values())
    if not _are(inner, dict) or _nested([list(one.values()) for one in inner]):
        return None
    shared = set(inner[0]).intersection(*inner)
    if not shared or (len({tuple(one) for one in inner}) > 1 and all(map(str.isdigit, shared))):
        return None
    if not all(key.isdigit() for key in inner[0]):
        return (inner, ()) if len(inner) > 1 else _rows(inner[0], depth - 1)  # pandas' index
    columns = (one.values() for one in inner)
    return [dict(zip(value, row, strict=True)) for row in zip(*columns, strict=True)], ()


def _of_tables(holders: dict[str, Any], arrays: dict[str, list[Any]], depth: int) -> Found | None:
    """Rows of the one table among what an object holds: that of texts, of training, the longest."""
    tables: dict[str, Found] = {}
    for key, one in holders.items():
        found = None if key in arrays else _rows(one, depth - 1)
        if found is not None and found[0] and found[0] != [one]:
            tables[key] = found
    if not tables:
        tables = {
            key: (one, ())
            for key, one in arrays.items()
            if len(holders) == 1 or (key.casefold() in SPLITS and _are(one, str))
        }

    def rank(key: str) -> tuple[bool, bool, int]:
        rows = tables[key][0]
        named = isinstance(rows[0], dict) and has_usual_name(list(rows[0]), TEXT_NAMES)
        return named, key.casefold() in TRAINING, len(rows)

    if not tables:
        return None
    key = max(tables, key=rank)
    rows, said = tables[key]
    others = {other: found[0] for other, found in tables.items() if other != key}
    if not others:
        return rows, said
    chosen = f"Of several tables {_counted({key: rows})} is read, left out: {_counted(others)}."
    return rows, (chosen, *said)


def _left_out(taken: Iterable[str], others: Sequence[str]) -> tuple[str, ...]:
    if not others:
        return ()
    columns = ", ".join(one[:40] for one in taken)
    left = ", ".join(other[:40] for other in others[:5])
    return (f"Arrays of one length are read ({columns}), left out: {left}.",)


def _counted(tables: dict[str, list[Any]]) -> str:
    """Names of tables, each with its number of rows."""
    shown = [
        f"{key[:40]} ({len(rows):,} row{'s' * (len(rows) != 1)})"
        for key, rows in list(tables.items())[:5]
    ]
    more = [f"{len(tables) - 5:,} more"] if len(tables) > 5 else []
    return ", ".join(shown + more)


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
