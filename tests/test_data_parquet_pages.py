"""Headers of Parquet's pages. Oracles: headers written by hand, pyarrow's count of bytes."""

from __future__ import annotations

from contextlib import suppress
from itertools import product
from pathlib import Path

import pyarrow as arrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from rnnviz.data.parquet_pages import sizes, unpacked_size

# type 0, 150 bytes that are packed in 3; a struct with two numbers, a flag and two letters; stop.
PAGE = b"\x15\x00\x15\xac\x02\x15\x06\x2c\x15\x02\x15\x04\x11\x18\x02ab\x00\x00"


def test_sizes_are_those_of_the_headers() -> None:
    assert unpacked_size(b"") == 0
    assert unpacked_size(PAGE + b"xyz") == 150
    assert unpacked_size((PAGE + b"xyz") * 3) == 450
    assert unpacked_size(PAGE) == 150, "the contents may be cut off"
    # Fields whose number is written out: type, then the size (2) twice, of which the last counts.
    assert unpacked_size(b"\x15\x00\x05\x04\x02\x05\x04\x10\x15\x00\x00") == 8


@pytest.mark.parametrize(
    "pages",
    [
        b"\x00",  # no sizes
        PAGE[:9],  # cut off
        b"\x15\x00\x15\x02\x15\x01\x00",  # packed in -1 bytes: it would never end
        b"\x15\x00\x15\x01\x15\x02\x00x",
        b"\x1c" * 50,  # structs in structs
        b"\x15" + b"\xff" * 50,
    ],
)
def test_what_is_no_header_is_refused(pages: bytes) -> None:
    with pytest.raises(ValueError, match="expected"):
        unpacked_size(pages)


@given(st.binary(max_size=60))
def test_whatever_stands_there_it_ends(pages: bytes) -> None:
    with suppress(ValueError):
        assert unpacked_size(pages) >= 0


@pytest.mark.parametrize(
    ("version", "codec", "dictionary"),
    list(product(("1.0", "2.0"), ("none", "snappy", "zstd"), (True, False))),
)
def test_files_as_they_are_written(
    version: str, codec: str, dictionary: bool, tmp_path: Path
) -> None:
    """pyarrow counts the headers too, with the least and the largest text of a page."""
    path = tmp_path / "a.parquet"
    rows = [f"text {n} " + "wörd " * (n % 70) for n in range(2000)]
    parquet.write_table(
        arrow.table({"text": rows, "label": list(range(2000))}), path, compression=codec,
        data_page_version=version, use_dictionary=dictionary, row_group_size=900,
    )  # fmt: skip
    metadata = parquet.ParquetFile(path).metadata
    assert metadata.num_row_groups == 3
    with path.open("rb") as file:
        found = list(sizes(file, range(3), range(2)))
    assert [(place, repeats) for place, _, repeats in found] == [(0, False), (1, False)] * 3
    for (place, size, _), group in zip(found, (0, 0, 1, 1, 2, 2), strict=True):
        told = metadata.row_group(group).column(place).total_uncompressed_size
        assert 15 * (1 + dictionary) < told - size < 700
