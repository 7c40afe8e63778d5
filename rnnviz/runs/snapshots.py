"""The snapshots of a training run: small copies of its weights, to be read again later.

    <run>/snapshots/<step:07d>.safetensors    float16, written by the worker (`worker/lane.py`)

Listing them reads a few hundred bytes of each and needs no torch. A damaged file is left out, and a
sentence says so. Files are only read; links are not followed.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rnnviz.safe import strict

if TYPE_CHECKING:
    from torch import Tensor

    from rnnviz.models.classifier import SequenceClassifier

NAME = re.compile(r"(\d{7,15})\.safetensors")
MOST_FILES = 200
"""Of one folder; a run writes 24 at most."""

MOST_HEADER_BYTES = 1_000_000
MOST_BYTES = 1_000_000_000


class SnapshotError(ValueError):
    """A snapshot cannot be used; one sentence: what was expected and what came."""


@dataclass(frozen=True)
class Snapshot:
    """One file: the weights after `step` updates. `stamp` changes when it is written anew."""

    step: int
    path: Path
    bytes: int
    stamp: int


@dataclass(frozen=True)
class Found:
    """The snapshots of a run in the order of their steps, and a sentence for each damaged one."""

    snapshots: tuple[Snapshot, ...] = ()
    sentences: tuple[str, ...] = ()

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps of which there is a snapshot, rising."""
        return tuple(one.step for one in self.snapshots)

    @property
    def bytes(self) -> int:
        """How much room they take on the disk."""
        return sum(one.bytes for one in self.snapshots)

    def at(self, step: int) -> Snapshot:
        """The snapshot of that step, or else the last one before it, or else the first.

        Raises `SnapshotError` where there is none at all.
        """
        if not self.snapshots:
            raise SnapshotError("expected a snapshot, got a run without any")
        before = [one for one in self.snapshots if one.step <= step]
        return before[-1] if before else self.snapshots[0]


def found(folder: str | os.PathLike[str]) -> Found:
    """The whole snapshots of a run's folder; none where there is no such folder."""
    snapshots, sentences = list[Snapshot](), list[str]()
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return Found()
    for name in names:
        matched = NAME.fullmatch(name)
        if matched is None or len(snapshots) >= MOST_FILES:
            continue
        path, step = Path(folder) / name, int(matched[1])
        try:
            snapshots.append(_checked(path, step))
        except FileNotFoundError:  # taken away meanwhile
            continue
        except (OSError, ValueError):
            sentences.append(
                f"Expected a whole snapshot of step {step:,}, got a damaged file: it is left out."
            )
    return Found(tuple(sorted(snapshots, key=lambda one: one.step)), tuple(sentences))


def _checked(path: Path, step: int) -> Snapshot:
    """The snapshot of a file whose header fits its size; ValueError for what is none."""
    about = path.lstat()
    if path.is_symlink() or not 8 < about.st_size <= MOST_BYTES:
        raise ValueError("not a file of weights")
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(MOST_HEADER_BYTES, about.st_size - 8):
            raise ValueError("no header")
        header = strict.load_object(file.read(length))
    ends = []
    for name, tensor in header.items():
        if name == "__metadata__":
            continue
        place = tensor.get("data_offsets") if isinstance(tensor, dict) else None
        if not isinstance(place, list) or len(place) != 2 or not all(map(strict.is_count, place)):
            raise ValueError("no place of a tensor")
        ends.append(place[1])
    if not ends or 8 + length + max(ends) != about.st_size:
        raise ValueError("torn")
    return Snapshot(step, path, about.st_size, about.st_mtime_ns)


def weights(snapshot: Snapshot) -> dict[str, Tensor]:
    """Its weights in float32, on the CPU.

    Raises `SnapshotError` for a file that cannot be read, and for numbers that are none: float16
    ends at 65,504, which weights of a training that runs away may pass.
    """
    import torch
    from safetensors.torch import load

    try:
        # As bytes and not by name: a file that is mapped into memory could be cut short under us.
        stored = load(snapshot.path.read_bytes())
    except Exception as failure:  # the library's own error is no ValueError
        raise SnapshotError(
            f"expected a whole snapshot of step {snapshot.step:,}, got a file that cannot be read"
        ) from failure
    found = {name: value.to(torch.float32) for name, value in stored.items()}
    bad = [name for name, value in found.items() if not value.isfinite().all()]
    if bad:
        raise SnapshotError(
            f"expected numbers in the snapshot of step {snapshot.step:,}, got NaN or infinity in "
            f"{bad[0]}: the training had run away"
        )
    return found


def load_into(model: SequenceClassifier, snapshot: Snapshot) -> SequenceClassifier:
    """The model with the weights of a snapshot, in evaluation mode.

    Raises `SnapshotError` as `weights` does, and where they are those of another model.
    """
    found = weights(snapshot)
    expected = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    got = {name: tuple(value.shape) for name, value in found.items()}
    if expected != got:
        name = min(set(expected.items()) ^ set(got.items()))[0]
        raise SnapshotError(
            f"expected weights of the run's own network in the snapshot of step "
            f"{snapshot.step:,}, got another {name}"
        )
    model.load_state_dict(found)
    return model.eval()
