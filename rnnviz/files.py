"""Write files so that a reader never meets half of one."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a path beside `path` to write to, and rename it to `path` when all went well.

    On an error the new file is removed and whatever was at `path` stays.
    """
    target = Path(path)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        umask = os.umask(0)
        os.umask(umask)
        beside.chmod(0o666 & ~umask)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def swap_folder(beside: Path, goal: Path) -> None:
    """Put the folder `beside` in the place of `goal`; on an error the earlier one is put back."""
    if not goal.exists():
        beside.rename(goal)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{goal.name}-", dir=goal.parent))
    try:
        goal.rename(aside / "earlier")
        try:
            beside.rename(goal)
        except BaseException:  # Ctrl-C too: the earlier one is all there is at this moment
            (aside / "earlier").rename(goal)
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
