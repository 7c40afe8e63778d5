"""All that a resumed run needs, in one file that is written whole and read strictly.

One safetensors file: tensors for weights, their average, the best ones, what the optimiser
remembers and the random generators; JSON in the header for counters, recipe and the rest; and a
checksum over both. Numbers only, so nobody's file can run code.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnviz.models.storage import CheckpointError
from rnnviz.safe import strict
from rnnviz.safe.files import replacing

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = "rnnviz-training-state-1"


@dataclass(frozen=True)
class TrainingState:
    """A run between two events: tensors by name, and everything else as plain JSON."""

    tensors: dict[str, Tensor]
    about: dict[str, Any]

    @property
    def step(self) -> int:
        """How many updates have been made."""
        return int(self.about["step"])

    @property
    def seconds(self) -> float:
        """The time spent in training so far."""
        return float(self.about["seconds"])

    def part(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose names start with `prefix` and a full stop, without it."""
        start = f"{prefix}."
        return {
            name.removeprefix(start): value
            for name, value in self.tensors.items()
            if name.startswith(start)
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the file beside `path` and rename it, so that there is always a whole one."""
        from safetensors.torch import save

        about = strict.dumps(self.about)
        header = {"format": FORMAT, "about": about, "sha256": _checksum(about, self.tensors)}
        with replacing(path) as beside:
            beside.write_bytes(save(self.tensors, metadata=header))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> TrainingState:
        """Read what `save` wrote. Raises `CheckpointError` for any other or damaged file."""
        from safetensors import SafetensorError, safe_open

        path = Path(path)
        try:
            with safe_open(path, framework="pt") as file:
                header = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, ValueError, RuntimeError, OSError) as failure:
            if isinstance(failure, FileNotFoundError):
                raise CheckpointError(
                    f"{path}: expected the saved state of a training run, got no such file: "
                    "train from the start"
                ) from failure
            raise _damaged(path, f"a file that cannot be read ({failure})") from failure
        if header.get("format") != FORMAT:
            raise CheckpointError(
                f"{path}: expected a training state ({FORMAT}), "
                f"got {str(header.get('format'))[:40]!r}: train from the start"
            )
        about = header.get("about", "")
        if header.get("sha256") != _checksum(about, tensors):
            raise _damaged(path, "one whose checksum does not match")
        try:
            return cls(tensors, strict.load_object(about))
        except ValueError as failure:
            raise _damaged(path, f"one that says nothing usual of itself ({failure})") from failure


def _damaged(path: Path, what: str) -> CheckpointError:
    return CheckpointError(
        f"{path}: expected a whole training state, got {what}: "
        "the file is damaged, so train from the start"
    )


def _checksum(about: str, tensors: dict[str, Tensor]) -> str:
    """Of everything in the file: a bit that flips on the disk must not train on unseen."""
    found = hashlib.sha256(about.encode())
    for name in sorted(tensors):
        value = tensors[name]
        found.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        found.update(value.contiguous().flatten().view(_bytes()).numpy().data)
    return found.hexdigest()


def _bytes() -> Any:
    import torch

    return torch.uint8
