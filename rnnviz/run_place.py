"""Where training runs are kept, and where they go when that place cannot be written."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path


def place() -> tuple[Path, str]:
    """Where runs are: `RNNVIZ_RUNS`, else `runs/` of the project, else a temporary folder.

    The second value is a sentence where that is not where it should be, and empty elsewhere.
    """
    chosen = os.environ.get("RNNVIZ_RUNS")
    root = Path(__file__).resolve().parent.parent
    if chosen:
        return _found(str(Path(chosen).expanduser()))
    if (root / "app.py").is_file():
        return _found(str(root / "runs"))
    return _temporary(), ""


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
