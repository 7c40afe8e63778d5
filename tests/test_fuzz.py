"""Valid files of every kind, changed at random: whatever comes, a reader gives its own error.

Oracles: the class of the error, one sentence, and for what is read in a process of its own that
ours lives and has not grown. `RNNVIZ_FUZZ=2000` tries so many changes of each kind.
"""

from __future__ import annotations

import io
import json
import os
import random
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as arrow
import pytest
import torch
from PIL import Image
from pyarrow import parquet

import rnnviz
from rnnviz.analysis import archives
from rnnviz.data import DataError, samples
from rnnviz.models import checkpoint, evaluation, storage, tokens
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.models.places import RunError
from rnnviz.models.storage import CheckpointError
from rnnviz.nn.trace import Trace
from rnnviz.parsing.asking import Limits
from rnnviz.parsing.pool import POOLS
from rnnviz.runs import uploads
from rnnviz.theatre import drawing, writing
from tests.documents import pdf, word

TRIES = int(os.environ.get("RNNVIZ_FUZZ", "12"))
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="asks /proc, and needs forks")

NUMBERS = [0, 1, 2, 127, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1]
ODD: list[Any] = [
    None, True, -1, 0, 2**31, 2**53, 10**30, 1e308, -0.5, "", "a" * 300, "\ud800", "\0", "‮", [],
    {}, [[[[]]]], {"": {"": []}}, "NaN", "[PAD]", "../../etc/passwd",
]  # fmt: skip


def changed_bytes(data: bytes, chance: random.Random) -> bytes:
    """Some bytes exchanged, left out, put in or repeated, and numbers that are likely sizes."""
    made = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 3, 8])):
        at = chance.randrange(len(made) + 1)
        how = chance.randrange(6)
        if how == 0 and made:
            made[at % len(made)] = chance.randrange(256)
        elif how == 1:
            del made[at : at + chance.choice([1, 2, 16, 300])]
        elif how == 2:
            made[at:at] = chance.randbytes(chance.choice([1, 4, 40]))
        elif how == 3:
            made[at:at] = made[at : at + chance.choice([4, 64, 512])] * chance.choice([1, 3, 40])
        elif how == 4:
            size = chance.choice(["<H", ">H", "<I", ">I", "<Q"])
            number = chance.choice(NUMBERS) % 2 ** (8 * struct.calcsize(size))
            made[at : at + struct.calcsize(size)] = struct.pack(size, number)
        else:
            del made[chance.randrange(len(made) + 1) :]
    return bytes(made)


def changed_zip(data: bytes, chance: random.Random) -> bytes:
    """One part of an archive changed, and packed again so that all sums are right."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice(sorted(parts))
    parts[name] = changed_bytes(parts[name], chance)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for one, contents in parts.items():
            archive.writestr(one, contents)
    return written.getvalue()


def changed_png(data: bytes, chance: random.Random) -> bytes:
    """One chunk of a PNG changed, its sum made right."""
    chunks, at = [], 8
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += size + 12
    place = chance.randrange(len(chunks))
    kind, body = chunks[place]
    chunks[place] = (kind, changed_bytes(body, chance))
    written = data[:8]
    for kind, body in chunks:
        written += struct.pack(">I", len(body)) + kind + body
        written += struct.pack(">I", zlib.crc32(kind + body))
    return written


def changed_json(value: Any, chance: random.Random) -> Any:
    """One value somewhere inside exchanged, left out or doubled."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        key = chance.choice(list(value))
        if chance.random() < 0.15:
            return {one: value[one] for one in value if one != key}
        return {**value, key: changed_json(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.85:
        place = chance.randrange(len(value))
        if chance.random() < 0.2:
            return [*value, value[place]]
        return [*value[:place], changed_json(value[place], chance), *value[place + 1 :]]
    return chance.choice(ODD)


def json_lines(data: bytes, chance: random.Random) -> bytes:
    rows = [json.loads(line) for line in data.splitlines()]
    made = changed_json(rows, chance)
    return "\n".join(map(json.dumps, made if isinstance(made, list) else [made])).encode()


def picture(kind: str, **options: Any) -> bytes:
    made = io.BytesIO()
    digit = np.asarray(samples.load()[0])[5]
    Image.fromarray(digit).resize((60, 60)).convert(options.pop("mode", "L")).save(
        made, kind, **options
    )
    return made.getvalue()


def table(ending: str) -> bytes:
    rows = [{"text": f"film {n}, it was fine", "label": "ab"[n % 2], "n": n} for n in range(24)]
    if ending == "parquet":
        made = io.BytesIO()
        parquet.write_table(arrow.Table.from_pylist(rows), made, row_group_size=10)
        return made.getvalue()
    if ending == "jsonl":
        return "\n".join(map(json.dumps, rows)).encode()
    return b"text;label\n" + "".join(f'"{r["text"]}";{r["label"]}\n' for r in rows).encode()


PAGE = b"<html><meta charset='windows-1252'><p style='a'>A caf\xe9 &amp; <b>more</b><!-- x -->"
Change = Callable[[bytes, random.Random], bytes]
FILES: dict[str, tuple[str, str, bytes, tuple[Change, ...]]] = {
    "text": ("document", "a.txt", "Ein schöner Film, Größe 3".encode("cp1252"), (changed_bytes,)),
    "UTF-16": ("document", "a.txt", "A film ☕".encode("utf-16"), (changed_bytes,)),
    "CSV": ("document", "a.csv", table("csv"), (changed_bytes,)),
    "JSON Lines": ("document", "a.jsonl", table("jsonl"), (changed_bytes, json_lines)),
    "web page": ("document", "a.html", PAGE, (changed_bytes,)),
    "PDF": ("document", "a.pdf", pdf(["one line", "another"], ["two"]), (changed_bytes,)),
    "Word": ("document", "a.docx", word("one", table=[["a", "b"]]), (changed_bytes, changed_zip)),
    "snippets": ("snippets", "a.csv", table("csv"), (changed_bytes,)),
    "labelled CSV": ("labelled", "a.csv", table("csv"), (changed_bytes,)),
    "labelled JSON": ("labelled", "a.jsonl", table("jsonl"), (changed_bytes, json_lines)),
    "Parquet": ("labelled", "a.parquet", table("parquet"), (changed_bytes,)),
    "PNG": ("picture", "", picture("PNG"), (changed_bytes, changed_png)),
    "PNG with a palette": ("picture", "", picture("PNG", mode="P"), (changed_bytes, changed_png)),
    "JPEG": ("picture", "", picture("JPEG"), (changed_bytes,)),
    "progressive JPEG": ("picture", "", picture("JPEG", progressive=True), (changed_bytes,)),
    "WebP": ("picture", "", picture("WEBP", lossless=True, mode="RGB"), (changed_bytes,)),
}


def check(error: Exception) -> None:
    text = str(error)
    assert text.lower().startswith("expected ") and ": " in text and len(text) < 900, text
    assert "\n" not in text and "this program can read" not in text, text


def resident() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@LINUX
@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_read_or_told(name: str) -> None:
    reader, called, whole, changes = FILES[name]
    words = {"name": called} if called else {}
    limits = Limits(seconds=5, megabytes=250, wall_seconds=300.0, answer=5)
    POOLS["files"].ask(reader, [whole], words, name=called, limits=limits)
    chance, before = random.Random(name), resident()
    for _ in range(TRIES):
        data = chance.choice(changes)(whole, chance)
        try:
            POOLS["files"].ask(reader, [data], words, name=called or "this one", limits=limits)
        except DataError as error:
            check(error)
    assert resident() - before < 30_000_000


# What is read in our own process.

CONFIG: dict[str, Any] = {
    "cell": "gru", "input_size": 4, "hidden_size": 3, "num_layers": 1, "bidirectional": True,
    "readout": "attention", "num_classes": 2, "labels": ["a", "b"], "dropout": 0.0,
    "input_mean": 0.0, "input_std": 1.0, "engine": "bptt", "vocabulary_size": 24,
}  # fmt: skip
TEXTS = ["a good film about nothing", "not a good one at all"] * 3
TOKENIZERS = {kind: tokens.train(TEXTS, kind=kind, size=24).files() for kind in tokens.KINDS}


@pytest.fixture
def network(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    files = TOKENIZERS["bpe"]
    size = len(json.loads(files["tokenizer.json"])["model"]["vocab"])
    model = SequenceClassifier(**{**CONFIG, "vocabulary_size": size})
    return checkpoint.save(model, tmp_path / "net", {"task": "own"}, files=files)


def read(folder: Path) -> None:
    """What a page does with a folder."""
    try:
        checkpoint.load(folder)
        storage.card(folder)
        tokens.load(folder).encode("a good film")
    except CheckpointError as error:
        assert "\n" not in str(error) and len(str(error)) < 900


@pytest.mark.parametrize(
    "name",
    ["config.json", "card.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"],
)
def test_a_changed_network_is_read_or_told(network: Path, name: str) -> None:
    path, chance = network / name, random.Random(name)
    whole = path.read_bytes()
    if name != "card.json":
        (network / "card.json").write_text("{}")  # its sums would say so first
    for _ in range(TRIES):
        data = changed_bytes(whole, chance)
        if name.endswith(".json") and chance.random() < 0.8:
            data = json.dumps(changed_json(json.loads(whole), chance)).encode()
        path.write_bytes(data)
        read(network)


def test_changed_weights_are_read_or_told(network: Path) -> None:
    """The header of the weights changed as JSON, its length right."""
    (network / "card.json").unlink()
    path, chance = network / "model.safetensors", random.Random(2)
    whole = path.read_bytes()
    (length,) = struct.unpack("<Q", whole[:8])
    header = json.loads(whole[8 : 8 + length])
    for _ in range(TRIES):
        told = json.dumps(changed_json(header, chance)).encode()
        path.write_bytes(struct.pack("<Q", len(told)) + told + whole[8 + length :])
        read(network)


@pytest.mark.parametrize("kind", tokens.KINDS)
def test_a_changed_tokenizer_is_ours_or_none(network: Path, kind: str) -> None:
    """Oracle: what is loaded writes the vocabulary of the file, and all else as ours."""
    (network / "card.json").unlink()
    path, chance = network / "tokenizer.json", random.Random(kind)
    whole = json.loads(TOKENIZERS[kind]["tokenizer.json"])
    for _ in range(5 * TRIES):
        told = changed_json(whole, chance)
        path.write_text(json.dumps(told))
        try:
            found = tokens.load(network)
        except CheckpointError as error:
            assert "\n" not in str(error)
            continue
        again = json.loads(found.files()["tokenizer.json"])
        assert again["model"]["vocab"] == told["model"]["vocab"]
        ours = {part: value for part, value in whole.items() if part != "model"}
        assert {part: again[part] for part in ours} == ours


def test_a_changed_zip_of_a_network_is_unpacked_or_told(network: Path) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in network.iterdir():
            archive.write(path, path.name)
    chance = random.Random(3)
    for _ in range(5 * TRIES):
        data = chance.choice([changed_bytes, changed_zip])(made.getvalue(), chance)
        try:
            uploads.checked(data, names=["a.zip"])
        except RunError as error:
            check(error)


@pytest.mark.parametrize("cell", [rnnviz.RNN, rnnviz.GRU, rnnviz.LSTM])
def test_a_changed_trace_is_read_or_told(cell: Any, tmp_path: Path) -> None:
    module = cell(3, 2, num_layers=2, batch_first=True, bidirectional=True)
    rnnviz.trace(module, torch.rand(2, 4, 3)).save_npz(tmp_path / "a.npz")
    whole, chance = (tmp_path / "a.npz").read_bytes(), random.Random(4)
    for _ in range(2 * TRIES):
        data = chance.choice([changed_bytes, changed_zip])(whole, chance)
        (tmp_path / "b.npz").write_bytes(data)
        try:
            found = Trace.load_npz(tmp_path / "b.npz")
        except ValueError as error:
            assert "b.npz: expected" in str(error)
            continue
        assert found.sequence(0).inputs.shape[0] == 1


def test_changed_images_are_read_or_told(tmp_path: Path) -> None:
    made = io.BytesIO()
    np.savez_compressed(made, images=np.zeros((3, 28, 28), np.uint8), labels=np.arange(3))
    path, chance = tmp_path / "a.npz", random.Random(5)
    for _ in range(2 * TRIES):
        path.write_bytes(chance.choice([changed_bytes, changed_zip])(made.getvalue(), chance))
        try:
            evaluation.read_npz(path)
        except DataError as error:
            assert "\n" not in str(error)
        with suppress(*archives.DAMAGED):
            archives.read(path, 10**6)


DRAWING: dict[str, Any] = {
    "image": "A" * 16724 + "AA==",
    "strokes": [{"pen": "thin", "points": [[0.1, 0.2], [0.3, 0.4]]}] * 2,
}


def test_a_changed_drawing_is_read_or_told() -> None:
    assert drawing.parse(DRAWING).image is not None
    chance = random.Random(6)
    for _ in range(20 * TRIES):
        sent = changed_json(DRAWING, chance)
        if isinstance(sent, dict) and isinstance(sent.get("image"), str) and chance.random() < 0.5:
            place = chance.randrange(len(sent["image"]) + 1)
            odd = chance.choice(["é", "\ud800", "=", "\n", "☕", "-", "A"])
            sent = {**sent, "image": sent["image"][:place] + odd + sent["image"][place:]}
        try:
            drawing.parse(sent)
        except drawing.DrawingError as error:
            assert "\n" not in str(error)


def test_changed_words_of_the_box_are_a_text_or_nothing() -> None:
    chance = random.Random(7)
    for _ in range(20 * TRIES):
        sent = changed_json({"turn": 1, "text": "a film", "edit": 0}, chance)
        found = writing.parse(sent)
        assert found is None or found.text.encode("utf-8") is not None
