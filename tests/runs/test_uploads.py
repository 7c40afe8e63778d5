"""Zips that somebody brings, damaged on purpose. Oracle: a `RunError` in one sentence."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from rnnviz.models import checkpoint
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.models.places import RunError
from rnnviz.runs.uploads import MOST_BYTES, checked, unpacked


def packed(names: list[str], contents: bytes = b"{}" * 40) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, contents)
    return written.getvalue()


def refused(data: bytes, said: str) -> None:
    with pytest.raises(RunError, match=said) as caught:
        unpacked([("x.zip", data)])
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def list_of(data: bytes) -> int:
    """Where the list of a zip's entries begins, which stands behind their contents."""
    return data.index(b"PK\x01\x02")


def test_an_entry_without_a_name_is_a_damaged_zip() -> None:
    data = bytearray(packed(["config.json"]))
    # Its name is as long as before, and begins with the byte at which Python ends names.
    data[list_of(data) + 46] = 0
    refused(bytes(data), "damaged or foreign")


def test_an_entry_that_stands_nowhere_is_a_damaged_zip() -> None:
    data = packed(["config.json", "m.safetensors"])
    extra = struct.pack("<HHQ", 1, 8, 2**63 + 7)  # zip64: where the contents begin
    at = list_of(data)
    entry = bytearray(data[at : at + 46])
    entry[42:46] = b"\xff" * 4
    entry[30:32] = struct.pack("<H", len(extra))
    end = data.index(b"PK\x05\x06")
    listed = bytes(entry) + data[at + 46 : at + 57] + extra + data[at + 57 : end]
    last = bytearray(data[end:])
    last[12:16] = struct.pack("<I", len(listed))
    refused(data[:at] + listed + bytes(last), "damaged or foreign")


def test_no_damage_to_a_zip_raises_anything_else() -> None:
    whole, chance = packed(["config.json", "m.safetensors"]), random.Random(1)
    for _ in range(4000):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 3)):
            data[chance.randrange(list_of(whole), len(data))] = chance.randrange(256)
        with suppress(RunError):
            unpacked([("x.zip", bytes(data))])


def test_a_zip_of_many_entries_is_refused_before_they_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """400,000 take `zipfile` seconds, and it does not look at how many there are said to be."""
    listed = (b"PK\x01\x02" + bytes(42)) * 1000
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 2, 2, len(listed), 0, 0)
    with zipfile.ZipFile(io.BytesIO(listed + end)) as archive:
        assert len(archive.infolist()) == 1000, "of two"
    monkeypatch.setattr(zipfile, "ZipFile", None)
    refused(listed + end, "at most 40 files in a zip of a run, got 1,000")


def test_folders_and_other_files_may_lie_beside_a_network() -> None:
    names = [f"folder {n}/" for n in range(60)] + [f"{n}.txt" for n in range(30)]
    found = unpacked([("x.zip", packed([*names, "config.json", "m.safetensors"]))])
    assert set(found) == {"config.json", "model.safetensors"}


def test_a_cell_that_the_pages_do_not_show_is_refused(tmp_path: Path) -> None:
    folder = checkpoint.save(SequenceClassifier("mgu", hidden_size=4), tmp_path / "net", {})
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(RunError, match=r"in a notebook.*MGU cells.*RNN, GRU, LSTM"):
        checked(*files.values(), names=list(files))


def test_a_zip_larger_than_all_that_is_needed_is_refused_unread() -> None:
    refused(bytes(sum(MOST_BYTES.values()) + 1), "expected a zip of at most")
