"""Write files so that a reader never meets half of one."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


def check_overwriting(path: Path, consent: bool) -> None:
    """Ask on the terminal before a file or folder that is there is written over.

    Raises FileExistsError, whose words say what to do, where the answer is no, or where nobody is
    there to be asked.
    """
    if consent or not path.exists():
        return
    if sys.stdin.isatty():
        print(f"{path} exists already. Write over it? [y/N] ", end="", file=sys.stderr, flush=True)  # noqa: T201
        if sys.stdin.readline().strip().casefold() in ("y", "yes"):
            return
    words = "exists already, and is kept: --yes writes over it, --output writes elsewhere"
    raise FileExistsError(errno.EEXIST, words, str(path))


def written_by(about: str, default: Path, write: Callable[[Path], object]) -> None:
    """What a module does that makes one file of the package: `--output` and `--yes`, and say so."""
    import argparse

    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--output", type=Path, help=f"where to write it, default: {default}")
    parser.add_argument("--yes", action="store_true", help="write over what is there unasked")
    chosen = parser.parse_args()
    path = chosen.output or default
    try:
        check_overwriting(path, consent=chosen.yes or chosen.output is not None)
        write(path)
        size = path.stat().st_size
    except OSError as failure:
        parser.exit(2, f"{failure.filename or path}: {failure.strerror}\n")
    print(f"{path}: {size:,} bytes")  # noqa: T201


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
    """Put the folder `beside` in the place of `goal`; on an error the earlier one is put back.

    Two renames: between them there is no folder at `goal`, for some microseconds.
    """
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


@contextmanager
def locked(path: str | os.PathLike[str]) -> Iterator[None]:
    """Hold the lock of that file, alone among all threads and processes of this machine.

    Where the system has no such locks, or the file cannot be made, it is not waited for.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        yield
        return
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
