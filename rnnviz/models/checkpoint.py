"""Saved classifiers: `load` one from its folder, and `save` one as a folder, written whole.

What the folder holds, where it lies and how it is read is in `storage.py`. Importing this module
does not import torch; loading a model does.
"""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnviz.models import storage
from rnnviz.models.storage import (
    CARD,
    CONFIG,
    TOKENIZER,
    WEIGHTS,
    WRAPPERS,
    CheckpointError,
    check_replaceable,
    sha256,
    some,
    without_wrappers,
)
from rnnviz.safe import strict
from rnnviz.safe.files import swap_folder

if TYPE_CHECKING:
    from rnnviz.models.classifier import SequenceClassifier


def load(name_or_folder: str | os.PathLike[str]) -> SequenceClassifier:
    """The saved model on the CPU in evaluation mode, or `CheckpointError`.

    The config is checked against fixed bounds, then every name and shape in the header of the
    weights against the config, and only then is memory taken and the file read. Floats of every
    kind are read, also of several kinds in one file, and are float32 then.
    """
    from rnnviz.models.classifier import SequenceClassifier

    return SequenceClassifier.stored_in(storage.folder_of(name_or_folder))


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

    from rnnviz.models.classifier import SequenceClassifier

    weights: dict[str, Any] = {}
    names = SequenceClassifier.described_by(model.config).state_dict()
    more = [name for name in model.state_dict() if without_wrappers(name) not in names]
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
            f"({some('with', foreign)}): save this model with safetensors"
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


def _measured(folder: Path, weights: Mapping[str, Any]) -> dict[str, Any]:
    import torch

    tokenizer = folder / TOKENIZER
    kinds = {str(value.dtype).removeprefix("torch."): None for value in weights.values()}
    return {
        "parameters": sum(value.numel() for value in weights.values()),
        "bytes": (folder / WEIGHTS).stat().st_size,
        "storage": ", ".join(kinds),
        "sha256": sha256(folder / WEIGHTS),
        **({"tokenizer_sha256": sha256(tokenizer)} if tokenizer.is_file() else {}),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "date": datetime.now(UTC).date().isoformat(),
    }


def _write_json(path: Path, contents: Mapping[str, Any]) -> None:
    text = strict.dumps(contents, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
