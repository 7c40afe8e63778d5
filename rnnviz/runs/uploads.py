"""A network that was trained elsewhere, brought as files, becomes a run of its own.

What comes is a stranger's and is read in a process of its own (`parsing`): names are only compared,
weights are safetensors and pass `checkpoint.load`, and a tokenizer is built anew by `tokens.load`.
What its card claims is not repeated. Every refusal is one sentence.
"""

from __future__ import annotations

import io
import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from rnnviz import parsing
from rnnviz.models import checkpoint
from rnnviz.models.places import MODEL, RunError
from rnnviz.models.storage import (
    CARD,
    CONFIG,
    TOKENIZER,
    TOKENIZER_CONFIG,
    WEIGHTS,
    CheckpointError,
)
from rnnviz.notation.cells import CELLS
from rnnviz.parsing.pool import POOLS
from rnnviz.runs.downloads import PLAN, SUMMARY
from rnnviz.runs.record import Run, clean_name
from rnnviz.runs.store import RunStore
from rnnviz.safe import strict

if TYPE_CHECKING:
    from rnnviz.models.classifier import SequenceClassifier

MOST_FILES = 40
MOST_ENTRIES = 200
"""Entries of a zip, folders and what nobody needs included: reading their list takes time too."""

MOST_BYTES = {
    WEIGHTS: 64_000_000,
    TOKENIZER: 20_000_000,
    TOKENIZER_CONFIG: 100_000,
    CONFIG: 100_000,
    CARD: 200_000,
    PLAN: 100_000,
    SUMMARY: 100_000,
}
"""How large each file may be, unpacked; files of other names are not looked at."""

BROKEN = (
    zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, ValueError,
    RuntimeError, IndexError, OverflowError, struct.error,
)  # fmt: skip
"""What reading a zip that is none may raise."""

TASK = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
UNKNOWN_TASK = "own"

File = tuple[str, bytes]


@dataclass(frozen=True)
class Checked:
    """A stranger's network after all checks, written anew: its files, and what a run says of it.

    `plan` is JSON; `name` is the one that the files had, or empty.
    """

    files: dict[str, bytes]
    plan: str
    name: str
    parameters: int


def add(
    store: RunStore,
    visitor: str,
    files: Sequence[File],
    name: str = "",
    *,
    origin: str = "",
    alive: Callable[[], object] | None = None,
) -> Run:
    """Check the files of a network, names and contents, and keep it as a run of `visitor`.

    Either one zip as `run_files.run_zip` writes it, or `config.json`, one `.safetensors`, and for a
    network that reads tokens `tokenizer.json`. They are read in a process of their own, while
    `alive` does not raise. Raises `RunError`.
    """
    store.admit(visitor, origin, sum(len(data) for _, data in files))
    found = bounded(files[:MOST_FILES], alive=alive)
    plan = strict.load_object(found.plan)

    def fill(folder: Path) -> None:
        (folder / MODEL).mkdir()
        for one, data in found.files.items():
            (folder / MODEL / one).write_bytes(data)

    return store.create(
        plan,
        visitor,
        clean_name(name) or found.name or _title(plan),
        origin=origin,
        state="uploaded",
        parameters=found.parameters,
        fill=fill,
    )


def bounded(files: Sequence[tuple[str, bytes]], *, alive: parsing.Alive | None = None) -> Checked:
    """`checked`, of names and contents, in a process with bounds that imports torch first."""
    contents, words = [data for _, data in files], {"names": [name for name, _ in files]}
    found: Checked = POOLS["networks"].ask("network", contents, words, name="this one", alive=alive)
    return found


def checked(*contents: bytes, names: Sequence[str]) -> Checked:
    """The network in files of these contents and names; raises `RunError`.

    Nothing of a stranger's is passed on but numbers and words that were checked.
    """
    found = unpacked(list(zip(names, contents, strict=True)))
    with tempfile.TemporaryDirectory() as place:
        folder, made = Path(place) / "theirs", Path(place) / "ours"
        try:
            folder.mkdir()
            for one in (CONFIG, WEIGHTS, CARD, TOKENIZER, TOKENIZER_CONFIG):
                if one in found:
                    (folder / one).write_bytes(found[one])
            model = checkpoint.load(folder)
            _check_cell(model.cell)
            texts = _tokenizer_files(folder, model)
            plan = _plan_of(model, _object(found, PLAN), _object(found, CARD))
            today = datetime.now(UTC).date().isoformat()
            card = {"task": plan["task"], "dataset": plan["task"], "uploaded": today}
            checkpoint.save(model, made, card, files=texts)
            files = {path.name: path.read_bytes() for path in made.iterdir()}
        except CheckpointError as error:
            raise RunError(_without(str(error), folder)) from error
        except OSError as failure:
            raise RunError(
                f"expected room to unpack a network, got {failure.strerror}: try again later"
            ) from failure
    told = _object(found, SUMMARY).get("name")
    count = sum(one.numel() for one in model.parameters())
    return Checked(
        files, strict.dumps(plan), clean_name(told) if isinstance(told, str) else "", count
    )


def _check_cell(cell: str) -> None:
    """Raise `RunError` for a cell that the pages do not offer."""
    if not CELLS[cell].in_pages:
        known = ", ".join(one.title for one in CELLS.values() if one.in_pages)
        raise RunError(
            "read this network in a notebook, with `rnnviz.trace`: it is made of "
            f"{CELLS[cell].title} cells, and the pages show {known}"
        )


def newest(names: Sequence[str]) -> list[int]:
    """Of files that were added one after the other the places of those that count: that of the
    last zip where it came last, else for each name the last, and no zip.
    """
    if names and _is_zip(names[-1]):
        return [len(names) - 1]
    return sorted({_known(name): at for at, name in enumerate(names) if not _is_zip(name)}.values())


def lacking(names: Sequence[str], config: bytes = b"") -> tuple[str, ...]:
    """The files that a network still needs beside those of these names; none beside a zip.

    ``config`` is the contents of its `config.json`: it says whether the network reads tokens.
    """
    if any(map(_is_zip, names)):
        return ()
    needed = [CONFIG, WEIGHTS]
    with suppress(RunError):
        if len(config) <= MOST_BYTES[CONFIG] and _json(config, CONFIG).get("vocabulary_size"):
            needed.append(TOKENIZER)
    found = set(map(_known, names))
    return tuple(name for name in needed if name not in found)


def _is_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


def unpacked(files: Sequence[File]) -> dict[str, bytes]:
    """The files that matter by their names here, whole and within bounds; `RunError` else."""
    if len(files) == 1 and _is_zip(files[0][0]):
        found = _from_zip(files[0][1])
    else:
        found = {}
        for name, data in files[:MOST_FILES]:
            _put(found, name, data, len(data))
    for wanted, what in ((CONFIG, "the words the network is built with"), (WEIGHTS, "its weights")):
        if wanted not in found:
            got = ", ".join(PurePosixPath(name).name[:40] for name, _ in files[:4]) or "nothing"
            raise RunError(
                f"expected {wanted} ({what}) among the files, got {got}: "
                f"bring {CONFIG} and {WEIGHTS} together, or one zip of both"
            )
    return found


def _put(found: dict[str, bytes], name: str, data: bytes, size: int) -> None:
    known = _known(name)
    if known is None:
        return
    if known in found:
        raise RunError(f"expected one {known}, got several: bring the files of one network")
    if size > MOST_BYTES[known]:
        raise RunError(
            f"expected at most {MOST_BYTES[known]:,} bytes in {known}, got {size:,} or more: "
            "this is too large for this page"
        )
    found[known] = data


def _known(name: str) -> str | None:
    """What a file is called here; None for one that nobody needs. A folder's name says nothing."""
    last = re.split(r"[/\\]", name)[-1].lower()
    return WEIGHTS if last.endswith(".safetensors") else last if last in MOST_BYTES else None


def _from_zip(data: bytes) -> dict[str, bytes]:
    """The known files of a zip, each read no further than its bound, whatever the zip says."""
    if len(data) > sum(MOST_BYTES.values()):
        raise RunError(
            f"expected a zip of at most {sum(MOST_BYTES.values()):,} bytes, got {len(data):,}: "
            "this is too large for this page"
        )
    # Each entry of the list begins with these bytes. Its length, as the zip tells it, may be a lie.
    _check_count(data.count(b"PK\x01\x02"), MOST_ENTRIES)
    found: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _check_count(len(entries), MOST_FILES)
            for entry in entries:
                known = _known(entry.filename)
                if known is not None:
                    contents = _contents(archive, entry, MOST_BYTES[known])
                    _put(found, entry.filename, contents, len(contents))
    except RunError:
        raise
    except BROKEN as failure:
        raise RunError(
            f"expected a whole zip, got a damaged or foreign one ({str(failure)[:80]}): make it "
            "again"
        ) from failure
    return found


def _check_count(count: int, most: int) -> None:
    if count > most:
        raise RunError(
            f"expected at most {MOST_FILES} files in a zip of a run, got {count:,}: "
            "bring a zip that this page made, or the two files"
        )


def _contents(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    """The bytes of an entry, one more than `most` at the most."""
    if entry.flag_bits & 1:
        raise RunError("expected a zip without a password, got one with: unpack it")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise RunError("expected a usual zip, got another way of packing: zip it anew")
    with archive.open(entry) as file:
        return file.read(most + 1)


def _tokenizer_files(folder: Path, model: SequenceClassifier) -> dict[str, str]:
    """The tokenizer of a network that reads tokens, checked; empty for another network."""
    from rnnviz.models import tokens

    if model.embedding is None:
        return {}
    path = folder / TOKENIZER
    if not path.is_file():
        raise RunError(
            f"expected {TOKENIZER} beside a network that reads tokens, got none: bring it too"
        )
    return tokens.load(folder).files()


def _plan_of(
    model: SequenceClassifier, plan: Mapping[str, Any], card: Mapping[str, Any]
) -> dict[str, Any]:
    """What is known of how the network came about: its sizes for sure, its task as it says."""
    told = (plan.get("task"), card.get("task"), card.get("dataset"))
    words_of = [one for one in told if isinstance(one, str) and TASK.fullmatch(one)]
    words = ("cell", "hidden_size", "num_layers", "bidirectional", "readout", "num_classes")
    return {"task": words_of[0] if words_of else UNKNOWN_TASK} | {
        word: model.config[word] for word in words
    }


def _title(plan: Mapping[str, Any]) -> str:
    return f"{str(plan['cell']).upper()} {plan['hidden_size']}, uploaded"


def _object(found: Mapping[str, bytes], name: str) -> dict[str, Any]:
    """The JSON of a file that may be missing."""
    return _json(found[name], name) if name in found else {}


def _json(data: bytes, name: str) -> dict[str, Any]:
    try:
        return strict.load_object(data.decode("utf-8"))
    except ValueError as failure:
        raise RunError(
            f"expected a JSON object with usual numbers in {name}, got something else: "
            "bring it again"
        ) from failure


def _without(text: str, folder: Path) -> str:
    """The sentence without the place where the files were unpacked, and what to do here."""
    said = text.replace(f"{folder}/", "").replace(str(folder), "the upload")
    return re.sub(r": get the folder again$", ": bring the files again", said)
