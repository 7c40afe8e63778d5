"""How large the columns of a Parquet file become, as the header of each page says.

A reader makes room for what these headers say. The sizes at the end of the file are a copy which
nobody compares with them, so a stranger's file may have any there. All is read here, in Thrift's
compact protocol (https://github.com/apache/parquet-format, parquet.thrift), because pyarrow ends
the whole process where it is asked for the details of a column that is damaged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, BinaryIO

MOST_FOOTER_BYTES = 2_000_000
DEEPEST = 8

# Fields of the structs of parquet.thrift.
GROUPS, COLUMNS, ABOUT = 4, 1, 3
ENCODINGS, PACKED_BYTES, DATA_PAGE, DICTIONARY_PAGE = 2, 7, 9, 11
UNPACKED, PACKED = 2, 3

# Kinds of values.
YES, NO, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, STRUCT = *range(1, 11), 12
BITS = {I16: 16, I32: 32, I64: 64}

REPEATING = (6, 7)
"""Encodings in which a text may be told by the one before it: the DELTA ones of BYTE_ARRAY."""


def sizes(
    file: BinaryIO, groups: Sequence[int], places: Sequence[int]
) -> Iterator[tuple[int, int, bool]]:
    """Of these columns in these groups of rows: place, bytes of the pages, and repetition.

    The bytes are encoded but not compressed. Repetition: a text may be told by the one before it.
    Raises ValueError for a file that is damaged.
    """
    try:
        file.seek(-8, 2)
        length = int.from_bytes(file.read(4), "little")
        if length > MOST_FOOTER_BYTES:
            raise ValueError(f"expected at most {MOST_FOOTER_BYTES:,} bytes about columns")
        file.seek(-8 - length, 2)
        footer, _ = _struct(file.read(length), 0)
        for group, place in product(groups, places):
            about = footer[GROUPS][group][COLUMNS][place][ABOUT]
            repeats = any(one in REPEATING for one in about[ENCODINGS])
            yield place, unpacked_size(_pages(file, about)), repeats
    except (IndexError, KeyError, TypeError, AttributeError, OSError, OverflowError) as failure:
        raise ValueError("expected columns of a Parquet file, got damaged ones") from failure


def _pages(file: BinaryIO, about: dict[int, Any]) -> bytes:
    first, data = about.get(DICTIONARY_PAGE, 0), about[DATA_PAGE]
    file.seek(first if 0 < first < data else data)
    return file.read(about[PACKED_BYTES])


def unpacked_size(pages: bytes) -> int:
    """Bytes of these pages, one behind the other, as their headers have it; else ValueError."""
    at = total = 0
    try:
        while at < len(pages):
            header, at = _struct(pages, at)
            if min(header[UNPACKED], header[PACKED]) < 0:
                raise ValueError("expected sizes of a page, got less than none")
            total += header[UNPACKED]
            at += header[PACKED]
    except (IndexError, KeyError, TypeError) as failure:
        raise ValueError("expected the header of a page, got none") from failure
    return total


def _struct(data: bytes, at: int, depth: int = 0) -> tuple[dict[int, Any], int]:
    """The values of a struct by their field, and where it ends."""
    found: dict[int, Any] = {}
    field = 0
    while kind := data[at] & 15:
        step = data[at] >> 4
        at += 1
        if step:
            field += step
        else:
            field, at = _number(data, at, 16)
        field &= 0xFFFF
        if kind in (YES, NO):
            found[field] = kind == YES
        else:
            found[field], at = _value(data, at, kind, depth)
    return found, at + 1


def _value(data: bytes, at: int, kind: int, depth: int) -> tuple[Any, int]:
    """A value outside of a struct, and where it ends."""
    if kind in BITS:
        return _number(data, at, BITS[kind])
    if kind in (YES, NO, BYTE):
        return data[at], at + 1
    if kind == DOUBLE:
        return data[at + 7], at + 8
    if kind == BINARY:
        length, at = _varint(data, at)
        return data[at : at + length], at + length
    if depth >= DEEPEST:
        raise ValueError("expected a struct, got one that is too deep")
    if kind == STRUCT:
        return _struct(data, at, depth + 1)
    if kind not in (LIST, SET):
        raise ValueError(f"expected a value, got one of kind {kind}")
    kind, count, at = data[at] & 15, data[at] >> 4, at + 1
    if count == 15:
        count, at = _varint(data, at)
    found = []
    for _ in range(count):
        value, at = _value(data, at, kind, depth + 1)
        found.append(value)
    return found, at


def _number(data: bytes, at: int, bits: int) -> tuple[int, int]:
    """A whole number, ``0, -1, 1, -2, ...`` as 0, 1, 2, 3, ..., and where it ends."""
    number, at = _varint(data, at)
    number &= (1 << bits) - 1
    return (number >> 1) ^ -(number & 1), at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Seven bits a byte, the lowest first; the eighth says that more follow."""
    number = shift = 0
    while data[at] & 128 and shift < 70:
        number |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
    return number | data[at] << shift, at + 1
