"""How large the pages of a Parquet file become, as the header of each page says.

A reader makes room for what the headers say. The sizes at the end of the file are a copy which
nobody compares with them, so a stranger's file may have any there. Headers are written in Thrift's
compact protocol: https://github.com/apache/parquet-format, "PageHeader".
"""

from __future__ import annotations

from typing import Any, BinaryIO

UNPACKED, PACKED = 2, 3
"""Fields of a header: bytes of the page, and bytes of it in the file."""

BOOLS, BYTE, WHOLE, I32, DOUBLE, BINARY, STRUCT = (1, 2), 3, (4, 5, 6), 5, 7, 8, 12
"""Kinds of fields. Lists and maps are in no header of a page."""

DEEPEST = 8


def unpacked_size(file: BinaryIO, column: Any) -> int:
    """Bytes of the pages of a column (a `ColumnChunkMetaData`), encoded but not compressed.

    Raises ValueError for headers that are none.
    """
    first = column.dictionary_page_offset or 0
    file.seek(first if 0 < first < column.data_page_offset else column.data_page_offset)
    chunk = file.read(column.total_compressed_size)
    at = total = 0
    try:
        while at < len(chunk):
            header, at = _struct(chunk, at)
            if min(header[UNPACKED], header[PACKED]) < 0:
                raise ValueError(f"expected sizes of a page, got {header}")
            total += header[UNPACKED]
            at += header[PACKED]
    except (IndexError, KeyError) as failure:
        raise ValueError("expected the header of a page, got none") from failure
    return total


def _struct(data: bytes, at: int, depth: int = 0) -> tuple[dict[int, int], int]:
    """The numbers of 32 bits in a struct, by their field, and where it ends."""
    found: dict[int, int] = {}
    field = 0
    while kind := data[at] & 15:
        step = data[at] >> 4
        at += 1
        if step:
            field += step
        else:
            field, at = _number(data, at)
        field &= 0xFFFF
        if kind == I32:
            found[field], at = _number(data, at)
        else:
            at = _behind(data, at, kind, depth)
    return found, at + 1


def _behind(data: bytes, at: int, kind: int, depth: int) -> int:
    """Where the value of a field ends."""
    if kind in BOOLS:
        return at
    if kind in WHOLE:
        return _varint(data, at)[1]
    if kind == BINARY:
        length, at = _varint(data, at)
        return at + length
    if kind == STRUCT and depth < DEEPEST:
        return _struct(data, at, depth + 1)[1]
    if kind not in (BYTE, DOUBLE):
        raise ValueError(f"expected a field of a page's header, got one of kind {kind}")
    return at + (1 if kind == BYTE else 8)


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A whole number, ``0, -1, 1, -2, ...`` as 0, 1, 2, 3, ..., and where it ends."""
    number, at = _varint(data, at)
    number &= 0xFFFFFFFF
    return (number >> 1) ^ -(number & 1), at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Seven bits a byte, the lowest first; the eighth says that more follow."""
    number = shift = 0
    while data[at] & 128:
        number |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
    return number | data[at] << shift, at + 1
