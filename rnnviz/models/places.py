"""Where training runs are kept, and where they go when that place cannot be written."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

from rnnviz.safe import strict

ID = re.compile(r"[A-Za-z0-9_-]{16}")
MODEL = "model"
"""The folder of a run's network, inside the run's own."""

PREFIX = "run."
"""`checkpoint.load("run.<id>")` is the network of that run."""


class RunError(ValueError):
    """A run cannot be had or changed; one sentence: what was expected, what came, what to do."""


def checked_id(id: object) -> str:
    """The id, if it is one; `RunError` for anything else, a path above all."""
    if not isinstance(id, str) or ID.fullmatch(id) is None:
        raise RunError(f"expected the id of a run, 16 letters and digits, got {str(id)[:40]!r}")
    return id


def runs_folder() -> tuple[Path, str]:
    """Where runs are: `RNNVIZ_RUNS`, else `runs/` of the project, else a temporary folder.

    The second value is a sentence where that is not where it should be, and empty elsewhere.
    """
    chosen = os.environ.get("RNNVIZ_RUNS")
    root = Path(__file__).resolve().parents[2]
    if chosen:
        return _found(str(Path(chosen).expanduser()))
    if (root / "app.py").is_file():
        return _found(str(root / "runs"))
    return _temporary(), ""


def folder_of(name: str) -> Path:
    """The folder of a run's network, for `checkpoint.folder_of("run." + name)`; or `RunError`.

    `name` is an id, or an id, a point and the beginning of the sha256 of its weights: then it is
    the network with these weights or none.
    """
    id, _, version = (name if isinstance(name, str) else checked_id(name)).partition(".")
    folder = runs_folder()[0] / checked_id(id) / MODEL
    if folder.parent.is_symlink() or not folder.is_dir():
        raise RunError(
            "expected a training run with a network, got one that is not here: it may be deleted, "
            "or not have finished an epoch"
        )
    if version and not _sum_of(folder).startswith(version):
        raise RunError(
            "expected a network as it was a moment ago, got a later one of the same training run: "
            "open it again"
        )
    return folder


def _sum_of(folder: Path) -> str:
    """The checksum that the card of a network states; empty where there is none."""
    try:
        card = strict.load_object((folder / "card.json").read_bytes())
    except (OSError, ValueError):
        return ""
    return str(card.get("sha256", ""))


@cache
def _found(folder: str) -> tuple[Path, str]:
    return writable(Path(folder))


def writable(folder: Path) -> tuple[Path, str]:
    """The folder, made if need be; where it cannot be written, a temporary one and a sentence."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder, ""
    except OSError as failure:
        return _temporary(), (
            f"Runs cannot be written to {folder} ({failure.strerror}), so they are kept in a "
            "temporary folder and may be gone tomorrow: name another folder in RNNVIZ_RUNS."
        )


def _temporary() -> Path:
    """A temporary folder of this user's that other processes of the same user find, too."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"rnnviz-runs-{user}"
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        about = folder.lstat()
        if not folder.is_symlink() and getattr(about, "st_uid", user) == user:
            return folder
    return Path(tempfile.mkdtemp(prefix="rnnviz-runs-"))
