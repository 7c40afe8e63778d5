"""Saved models as folders: their names, where they lie, and how they are read strictly.

    <name>/config.json         the words that SequenceClassifier was built with
    <name>/model.safetensors   its weights: numbers only, so a stranger's file cannot run code
    <name>/card.json           where it comes from: task, data, seed, command, accuracy, sha256
    <name>/tokenizer.json      for a model that reads text: how it becomes tokens (`tokens.py`)

A name such as `mnist-lstm` is looked for in the folder that `RNNVIZ_MODELS` names, then in
`pretrained/`; `run.<id>` is the network of a training run (`places.py`). What a folder becomes is
in `classifier.py`; importing this module does not import torch.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from rnnviz.models.places import PREFIX, RunError
from rnnviz.models.places import folder_of as run_folder
from rnnviz.safe import strict

CONFIG, WEIGHTS, CARD = "config.json", "model.safetensors", "card.json"
TOKENIZER, TOKENIZER_CONFIG = "tokenizer.json", "tokenizer_config.json"

FLOATS = ("F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2")
"""The kinds of numbers that weights may be stored as, in safetensors' words."""

WRAPPERS = ("module", "_orig_mod")
"""What data-parallel and compiled modules put into the names of the weights inside."""

PRETRAINED = Path(__file__).resolve().parents[2] / "pretrained"

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

MOST_JSON_BYTES = 1_000_000
MOST_WEIGHT_BYTES = 256_000_000

# Sizes far above anything this project draws, far below what would fill a laptop's memory.
LARGEST = {
    "input_size": 4096,
    "hidden_size": 4096,
    "num_layers": 16,
    "num_classes": 1000,
    "vocabulary_size": 1_000_000,
    "answers": 1000,
}


NUMBERS = ("dropout", "embedding_dropout", "word_dropout", "input_mean", "input_std")


class CheckpointError(ValueError):
    """A checkpoint cannot be used; one sentence says what was expected, what came, what to do."""


def names(reading: str | None = None) -> list[str]:
    """The names that `load` knows right now, sorted; those reading "images" or "texts" only."""
    found = {
        folder.name
        for place in places()
        if place.is_dir()
        for folder in place.iterdir()
        if NAME.fullmatch(folder.name) and (folder / CONFIG).is_file()
    }
    if reading is None:
        return sorted(found)
    return [name for name in sorted(found) if reads_texts(name) == (reading == "texts")]


def reads_texts(name_or_folder: str | os.PathLike[str]) -> bool:
    """Whether a model reads tokens, as its config says; no weights are loaded for that."""
    config = read_json(folder_of(name_or_folder) / CONFIG)
    return config.get("vocabulary_size") is not None


def places() -> list[Path]:
    """Folders in which names are looked up, first match wins."""
    chosen = os.environ.get("RNNVIZ_MODELS")
    return [Path(chosen).expanduser(), PRETRAINED] if chosen else [PRETRAINED]


def folder_of(name_or_folder: str | os.PathLike[str]) -> Path:
    """The folder of a name, or the folder itself.

    Text without a separator is a name. Text with one, or a `pathlib.Path`, is a folder; text that
    climbs with `..` is refused, because names also come from URLs. Raises `CheckpointError`.
    """
    if not isinstance(name_or_folder, str):
        return _existing(Path(name_or_folder))
    parts = re.split(r"[/\\]", name_or_folder)
    if ".." in parts or "\0" in name_or_folder:
        raise CheckpointError(
            f"expected a model name such as mnist-lstm, got {name_or_folder[:80]!r}: "
            "give a folder as a pathlib.Path if that is what you mean"
        )
    if len(parts) > 1:
        return _existing(Path(name_or_folder).expanduser())
    if name_or_folder.startswith(PREFIX):
        try:
            return run_folder(name_or_folder.removeprefix(PREFIX))
        except RunError as failure:
            raise CheckpointError(str(failure)) from failure
    if NAME.fullmatch(name_or_folder):
        for place in places():
            if (place / name_or_folder).is_dir():
                return place / name_or_folder
    raise CheckpointError(
        f"expected one of {', '.join(names()) or 'the models in ' + str(PRETRAINED)}, "
        f"got {name_or_folder[:80]!r}: {_way_out()}"
    )


def card(name_or_folder: str | os.PathLike[str]) -> dict[str, Any]:
    """What is written beside the weights: task, data, seed, command, accuracy, sizes, sha256."""
    return read_json(folder_of(name_or_folder) / CARD)


def dataset_of(name_or_folder: str | os.PathLike[str]) -> str:
    """What a model was trained on, as `train` calls it; "mnist" where no card says otherwise."""
    folder = folder_of(name_or_folder)
    stated = read_json(folder / CARD).get("dataset") if (folder / CARD).is_file() else None
    return str(stated or "mnist")


def fetch(repository: str, options: Mapping[str, Any]) -> Path:
    """Download a Hub repository's files and return their folder; pickles are never asked for."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    known = ("revision", "cache_dir", "force_download", "local_files_only", "token")
    chosen = {key: options[key] for key in known if key in options}
    for name in (CONFIG, WEIGHTS):
        path = hf_hub_download(repository, name, **chosen)
    with suppress(EntryNotFoundError):  # a card is good to have and not needed to load
        hf_hub_download(repository, CARD, **chosen)
    return Path(path).parent


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise CheckpointError(
            f"expected a folder with {CONFIG} and {WEIGHTS}, got {str(folder)!r}, "
            f"which is not a folder: {_way_out()}"
        )
    return folder


def _way_out() -> str:
    return (
        "name one of these or a folder that `python -m rnnviz train` wrote"
        if names()
        else "get pretrained/ back with `git checkout pretrained`, or run `python -m rnnviz train`"
    )


def read_text(path: Path, most_bytes: int) -> str:
    """A file of ours that is not too large, or `CheckpointError`."""
    try:
        size = path.stat().st_size
        if size > most_bytes:
            raise CheckpointError(
                f"expected at most {most_bytes:,} bytes in {path}, got {size:,}: "
                "this is not a file that rnnviz wrote"
            )
        return path.read_text(encoding="utf-8")
    except OSError as failure:
        raise CheckpointError(
            f"expected a readable {path} ({failure.strerror}): get the folder again"
        ) from failure
    except UnicodeDecodeError as failure:
        raise CheckpointError(
            f"expected JSON in {path}, got something else: get the folder again"
        ) from failure


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file, or `CheckpointError`."""
    try:
        contents = strict.loads(read_text(path, MOST_JSON_BYTES))
    except CheckpointError:
        raise
    except ValueError as failure:
        raise CheckpointError(
            f"expected JSON in {path}, got something else: get the folder again"
        ) from failure
    if not isinstance(contents, dict):
        raise CheckpointError(
            f"expected a JSON object in {path}, got {type(contents).__name__}: get the folder again"
        )
    return contents


def read_config(folder: Path, known: Collection[str]) -> dict[str, Any]:
    """The `known` words of a model, and sizes within bounds; its constructor checks the rest."""
    path = folder / CONFIG
    config = read_json(path)
    if set(config) - set(known) or "cell" not in config:
        raise CheckpointError(
            f"expected the config of a SequenceClassifier in {path}, got the words "
            f"{', '.join(sorted(map(str, config)))[:200] or 'none'}: this is another kind of model"
        )
    for word, largest in LARGEST.items():
        value = config.get(word, 1)
        if word == "vocabulary_size" and value is None:
            continue
        if type(value) is not int or not 1 <= value <= largest:
            raise CheckpointError(
                f"expected {word} from 1 to {largest:,} in {path}, got {value!r:.80}: "
                "this is not a file that rnnviz wrote"
            )
    _check_kinds(config, path)
    return config


def _check_kinds(config: dict[str, Any], path: Path) -> None:
    labels = config.get("labels", [])
    kinds_fit = (
        all(isinstance(config.get(word, ""), str) for word in ("cell", "readout", "engine"))
        and all(
            type(config.get(word, 0.0)) in (int, float) and abs(config.get(word, 0.0)) < 1e9
            for word in NUMBERS
        )
        and isinstance(config.get("bidirectional", False), bool)
        and isinstance(labels, list)
        and all(isinstance(label, str) and len(label) <= 100 for label in labels)
    )
    if not kinds_fit:
        raise CheckpointError(
            f"expected text for cell, readout and engine, numbers for {', '.join(NUMBERS)}, "
            "true or false for bidirectional, and a list of short texts for labels in "
            f"{path}, got another kind of value: get the folder again"
        )


def read_weights(folder: Path, expected: Mapping[str, Any]) -> dict[str, Any]:
    import torch
    from safetensors import SafetensorError, safe_open

    path = folder / WEIGHTS
    try:
        size = path.stat().st_size
        if size > MOST_WEIGHT_BYTES:
            raise CheckpointError(
                f"expected at most {MOST_WEIGHT_BYTES:,} bytes in {path}, got {size:,}: "
                "this is not a file that rnnviz wrote"
            )
        with safe_open(str(path), framework="pt", device="cpu") as file:
            stored = _check_header(file, expected, path)
            check_sum(folder)
            weights = {name: file.get_tensor(stored[name]).clone().float() for name in expected}
    except OSError as failure:
        raise CheckpointError(
            f"expected readable weights in {path} ({failure.strerror or 'damaged'}): "
            "get the folder again"
        ) from failure
    except SafetensorError as failure:
        raise CheckpointError(
            f"expected a whole safetensors file in {path}, got a damaged or foreign one "
            f"({str(failure)[:120]}): get the folder again"
        ) from failure
    for name, value in weights.items():
        if not bool(torch.isfinite(value).all()):
            raise CheckpointError(
                f"expected finite numbers in {name} of {path}, got NaN or infinity: "
                "train the model again"
            )
    return weights


def _check_header(file: Any, expected: Mapping[str, Any], path: Path) -> dict[str, str]:
    """Names, shapes and number types as the config says, before anything is read.

    Returns for each weight its name in the file. All names may begin with the same words, as those
    of a compiled or data-parallel module do, or of a model that was part of another.
    """
    stored = _nameswithout_wrappers(list(file.keys()), next(iter(expected)))
    missing, foreign = sorted(set(expected) - set(stored)), sorted(set(stored) - set(expected))
    if missing or foreign:
        raise CheckpointError(
            f"expected the weights that config.json describes in {path}, got "
            f"{some('without', missing)}{' and ' if missing and foreign else ''}"
            f"{some('with unknown', foreign)}: take both files from the folder of one model"
        )
    for name, value in expected.items():
        found = file.get_slice(stored[name])
        shape, kind = tuple(found.get_shape()), found.get_dtype()
        if shape != tuple(value.shape) or kind not in FLOATS:
            raise CheckpointError(
                f"expected {name} as floats of shape {tuple(value.shape)} in {path}, got {kind} "
                f"of shape {shape}: take both files from the folder of one model"
            )
    return stored


def _nameswithout_wrappers(names: list[str], one: str) -> dict[str, str]:
    """The names in a file by what they are without wrappers, and without what all begin with.

    `one` is a name that the file should have.
    """
    stored = {without_wrappers(name): name for name in names}
    if len(stored) < len(names):  # two names differ in wrappers alone
        return {name: name for name in names}
    begun = [name[: -len(one)] for name in stored if name.endswith(f".{one}")]
    if one not in stored and len(begun) == 1 and all(name.startswith(begun[0]) for name in stored):
        return {name.removeprefix(begun[0]): full for name, full in stored.items()}
    return stored


def without_wrappers(name: str) -> str:
    return ".".join(word for word in name.split(".") if word not in WRAPPERS)


def some(word: str, found: list[str]) -> str:
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return f"{word} {', '.join(found[:3])}{more}" if found else ""


def check_sum(folder: Path, name: str = WEIGHTS, word: str = "sha256") -> None:
    """Where a card states a sum under `word`, the file must have it: a flipped bit is no error."""
    if not (folder / CARD).is_file():
        return
    stated = read_json(folder / CARD).get(word)
    actual = sha256(folder / name)
    if stated is not None and stated != actual:
        raise CheckpointError(
            f"expected sha256 {str(stated)[:64]} for {folder / name}, got {actual}: "
            "the file is damaged, get the folder again"
        )


def weights_sum(folder: Path) -> str:
    """The sha256 of the weights in a model's folder, as its card states it.

    Raises `CheckpointError` where there are none.
    """
    try:
        return sha256(folder / WEIGHTS)
    except OSError as failure:
        raise CheckpointError(
            f"expected weights in {folder}, got none: get the folder again"
        ) from failure


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_replaceable(goal: Path) -> None:
    """Raise `CheckpointError` where `save` would fail or overwrite something that is not its own.

    Training asks before it starts, so that hours of it do not end at a wrong path.
    """
    if goal.exists() and not goal.is_dir():
        raise CheckpointError(f"expected a folder to write to, got the file {goal}: name another")
    ours = {CONFIG, WEIGHTS, CARD, TOKENIZER, TOKENIZER_CONFIG}
    ours |= {"README.md", "atlas.npz", "line.npz"}
    present = goal.iterdir() if goal.is_dir() else ()
    foreign = sorted(path.name for path in present if path.name not in ours)
    if foreign:
        raise CheckpointError(
            f"expected an empty folder or an earlier checkpoint at {goal}, got one that holds "
            f"{foreign[0][:80]!r}: name another folder"
        )
    try:
        goal.parent.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        raise CheckpointError(
            f"expected a place to write {goal} to, got {failure.filename} ({failure.strerror}): "
            "name another folder"
        ) from failure
    if not os.access(goal.parent, os.W_OK):
        raise CheckpointError(
            f"expected a folder that can be written, got {goal.parent}: name another"
        )
