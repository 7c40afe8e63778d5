"""Saved classifiers: a folder in the Hugging Face layout, written whole and read strictly.

    <name>/config.json         the words that SequenceClassifier was built with
    <name>/model.safetensors   its weights: numbers only, so a stranger's file cannot run code
    <name>/card.json           where it comes from: task, data, seed, command, accuracy, sha256
    <name>/tokenizer.json      for a model that reads text: how it becomes tokens (`tokens.py`)

A name such as `mnist-lstm` is looked for in the folder that `RNNVIZ_MODELS` names, then in
`pretrained/`; `run.<id>` is the network of a training run (`runs.py`). Importing this module does
not import torch; loading a model does.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnviz.runs.store import PREFIX, RunError
from rnnviz.runs.store import folder_of as run_folder
from rnnviz.safe import strict
from rnnviz.safe.files import swap_folder

if TYPE_CHECKING:
    from rnnviz.models.classifier import SequenceClassifier

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


def load(name_or_folder: str | os.PathLike[str]) -> SequenceClassifier:
    """The saved model on the CPU in evaluation mode, or `CheckpointError`.

    The config is checked against fixed bounds, then every name and shape in the header of the
    weights against the config, and only then is memory taken and the file read. Floats of every
    kind are read, also of several kinds in one file, and are float32 then.
    """
    folder = folder_of(name_or_folder)
    config = _checked_config(read_json(folder / CONFIG), folder / CONFIG)
    try:
        model = _plain(config)
    except (ValueError, TypeError) as failure:
        raise CheckpointError(
            f"{folder / CONFIG} does not describe a model ({failure}): get the folder again"
        ) from failure
    weights = _read_weights(folder, model.state_dict())
    # Assigned, not copied: `to_empty` on a meta model imports sympy, which takes half a second.
    model.load_state_dict(weights, strict=True, assign=True)
    return model.eval()


def card(name_or_folder: str | os.PathLike[str]) -> dict[str, Any]:
    """What is written beside the weights: task, data, seed, command, accuracy, sizes, sha256."""
    return read_json(folder_of(name_or_folder) / CARD)


def dataset_of(name_or_folder: str | os.PathLike[str]) -> str:
    """What a model was trained on, as `train` calls it; "mnist" where no card says otherwise."""
    folder = folder_of(name_or_folder)
    stated = read_json(folder / CARD).get("dataset") if (folder / CARD).is_file() else None
    return str(stated or "mnist")


def save(
    model: SequenceClassifier,
    folder: str | os.PathLike[str],
    card: Mapping[str, Any],
    *,
    files: Mapping[str, str] | None = None,
    half: bool = False,
) -> Path:
    """Write the three files beside `folder`, then put them in its place by renaming.

    The model may be compiled or data-parallel, and have any kind of floating-point weights. They
    are stored as they are, or as float16 with `half`, and are float32 when they are loaded; of a
    parametrized weight, what it computes is stored. `card` is completed with sizes, versions, date
    and the sha256 of the weights. `files` are those of a tokenizer, by name. An earlier checkpoint
    at `folder` is replaced; a folder with anything else in it is refused, and so is, with
    ValueError, a model that `load` could not read again.
    """
    from safetensors.torch import save as serialised

    goal = Path(folder).expanduser()
    check_replaceable(goal)
    model = _unwrapped(model)
    weights = _stored(model, half)
    beside = Path(tempfile.mkdtemp(prefix=f".{goal.name}-", dir=goal.parent))
    try:
        (beside / WEIGHTS).write_bytes(serialised(weights, metadata={"format": "pt"}))
        for name, text in (files or {}).items():
            (beside / name).write_text(text, encoding="utf-8")
        _write_json(beside / CONFIG, model.config)
        _write_json(beside / CARD, {**card, **_measured(beside, weights)})
        _check_readable(beside, goal, model)
        beside.chmod(0o755)
        swap_folder(beside, goal)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return goal


def _unwrapped(model: Any) -> SequenceClassifier:
    """The classifier that was compiled or made data-parallel; `CheckpointError` for others."""
    from rnnviz.models.classifier import SequenceClassifier

    inside = model
    while not isinstance(inside, SequenceClassifier):
        names = [name for name in WRAPPERS if name in getattr(inside, "_modules", {})]
        if not names:
            raise CheckpointError(
                f"expected a SequenceClassifier to save, got {type(model).__name__}: save others "
                "with safetensors"
            )
        inside = getattr(inside, names[0])
    return inside


def _stored(model: SequenceClassifier, half: bool) -> dict[str, Any]:
    """What the model computes with, by the names that a plain one has."""
    import torch

    weights: dict[str, Any] = {}
    names = _plain(model.config).state_dict()
    more = [name for name in model.state_dict() if _without_wrappers(name) not in names]
    for name in names:
        value = _effective(model, name).detach().cpu()
        # A copy: safetensors refuses two names of the same memory, as tied weights have.
        weights[name] = (value.half() if half else value).contiguous().clone()
        if not bool(torch.isfinite(weights[name].float()).all()):
            kind = "float16" if half else "float32"
            raise ValueError(
                f"{name}: expected numbers that {kind} can hold, got NaN or larger ones: train the "
                "model again"
            )
    if foreign := [name for name in more if "parametrizations" not in name.split(".")]:
        raise CheckpointError(
            f"expected the weights that the words of the model describe, got others besides "
            f"({_some('with', foreign)}): save this model with safetensors"
        )
    return weights


def _effective(model: SequenceClassifier, name: str) -> Any:
    from torch.nn.utils.parametrize import is_parametrized

    from rnnviz.nn.parameters import AS_PARAMETERS

    path, _, last = name.rpartition(".")
    part: Any = model
    for word in path.split("."):
        part = getattr(part, word)
    while (inside := [word for word in WRAPPERS if word in part._modules]) and part is not model:
        part = getattr(part, inside[0])
    if last not in part._parameters and not is_parametrized(part, last):
        raise CheckpointError(
            f"expected {name} to be a parameter, got what a hook computes at each call, or what "
            f"was quantized: {AS_PARAMETERS}"
        )
    return getattr(part, last)


def _plain(config: Mapping[str, Any]) -> SequenceClassifier:
    """The model that these words describe, without memory for its weights."""
    import torch

    from rnnviz.models.classifier import SequenceClassifier

    with torch.device("meta"):
        return SequenceClassifier(**config)


def _check_readable(beside: Path, goal: Path, model: SequenceClassifier) -> None:
    """Raise `CheckpointError` where `load` would refuse what was written, or answer otherwise.

    Weights are saved, code is not: where hooks run or a forward was overridden, both answer an
    example.
    """
    from rnnviz.nn.calling import is_hooked

    try:
        read = load(beside)
    except CheckpointError as failure:
        told = str(failure).replace(str(beside), str(goal))
        raise CheckpointError(f"not saved, for it could not be read again: {told}") from None
    parts = [part for part in model.modules() if type(part).__name__ != "OptimizedModule"]
    changes = type(model).forward is not type(read).forward or any(map(is_hooked, parts))
    if changes and not _answer_alike(model, read):
        raise CheckpointError(
            "not saved, for a hook or a forward of its own changes its answers, and only weights "
            "are saved: remove the hook, or save the weights with safetensors"
        )


def _answer_alike(model: SequenceClassifier, read: SequenceClassifier) -> bool:
    """Whether two classifiers give the same answers to one example, but for rounding."""
    import torch

    weight, reads_tokens = next(model.parameters()), model.embedding is not None
    width = 1 if reads_tokens else model.config["input_size"]
    example = torch.linspace(0, 1, 10 * width).reshape(2, 5, width)
    if reads_tokens:
        example = (example[..., 0] * (model.config["vocabulary_size"] - 1)).long()
    modes = [(part, part.training) for part in model.modules()]
    try:
        with torch.no_grad():
            own = example.to(weight.device)
            given = model.eval()(own if reads_tokens else own.to(weight.dtype))
            wanted = read.eval()(example)
    finally:
        for part, training in modes:
            part.training = training
    if not isinstance(given, torch.Tensor) or given.shape != wanted.shape:
        return False
    loose = torch.finfo(weight.dtype).eps > 1e-4
    largest = max(1.0, float(wanted.abs().max()))
    return float((given.cpu().float() - wanted).abs().max()) <= (0.05 if loose else 1e-2) * largest


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


def _checked_config(config: dict[str, Any], path: Path) -> dict[str, Any]:
    """Known words only, and sizes within bounds; the constructor checks the rest."""
    from inspect import signature

    from rnnviz.models.classifier import SequenceClassifier

    known = set(signature(SequenceClassifier).parameters)
    if set(config) - known or "cell" not in config:
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


def _read_weights(folder: Path, expected: Mapping[str, Any]) -> dict[str, Any]:
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
    stored = _names_without_wrappers(list(file.keys()), next(iter(expected)))
    missing, foreign = sorted(set(expected) - set(stored)), sorted(set(stored) - set(expected))
    if missing or foreign:
        raise CheckpointError(
            f"expected the weights that config.json describes in {path}, got "
            f"{_some('without', missing)}{' and ' if missing and foreign else ''}"
            f"{_some('with unknown', foreign)}: take both files from the folder of one model"
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


def _names_without_wrappers(names: list[str], one: str) -> dict[str, str]:
    """The names in a file by what they are without wrappers, and without what all begin with.

    `one` is a name that the file should have.
    """
    stored = {_without_wrappers(name): name for name in names}
    if len(stored) < len(names):  # two names differ in wrappers alone
        return {name: name for name in names}
    begun = [name[: -len(one)] for name in stored if name.endswith(f".{one}")]
    if one not in stored and len(begun) == 1 and all(name.startswith(begun[0]) for name in stored):
        return {name.removeprefix(begun[0]): full for name, full in stored.items()}
    return stored


def _without_wrappers(name: str) -> str:
    return ".".join(word for word in name.split(".") if word not in WRAPPERS)


def _some(word: str, found: list[str]) -> str:
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return f"{word} {', '.join(found[:3])}{more}" if found else ""


def check_sum(folder: Path, name: str = WEIGHTS, word: str = "sha256") -> None:
    """Where a card states a sum under `word`, the file must have it: a flipped bit is no error."""
    if not (folder / CARD).is_file():
        return
    stated = read_json(folder / CARD).get(word)
    actual = _sha256(folder / name)
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
        return _sha256(folder / WEIGHTS)
    except OSError as failure:
        raise CheckpointError(
            f"expected weights in {folder}, got none: get the folder again"
        ) from failure


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _measured(folder: Path, weights: Mapping[str, Any]) -> dict[str, Any]:
    import torch

    tokenizer = folder / TOKENIZER
    kinds = {str(value.dtype).removeprefix("torch."): None for value in weights.values()}
    return {
        "parameters": sum(value.numel() for value in weights.values()),
        "bytes": (folder / WEIGHTS).stat().st_size,
        "storage": ", ".join(kinds),
        "sha256": _sha256(folder / WEIGHTS),
        **({"tokenizer_sha256": _sha256(tokenizer)} if tokenizer.is_file() else {}),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "date": datetime.now(UTC).date().isoformat(),
    }


def _write_json(path: Path, contents: Mapping[str, Any]) -> None:
    text = strict.dumps(contents, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


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
