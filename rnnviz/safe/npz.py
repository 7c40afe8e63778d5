"""Arrays in an NPZ file that may be damaged, huge or somebody else's; nothing in it is run."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np


def sizes(path: str | os.PathLike[str]) -> dict[str, int]:
    """How many bytes each part (`name.npy`) has, as the file says; raises as `read` does."""
    with Path(path).open("rb") as file, _told(), zipfile.ZipFile(file) as archive:
        return {member.filename: member.file_size for member in archive.infolist()}


def read(path: str | os.PathLike[str], names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
    """The arrays of a file, or those called `names`, all plain: objects would need pickle.

    Raises ValueError for a file that is none, is damaged or lacks one of the names, and OSError
    where it cannot be opened.
    """
    with Path(path).open("rb") as file, _told(), np.load(file, allow_pickle=False) as stored:
        found = {name: stored[name] for name in names or stored.files}
    # A part that is no array comes out of NumPy as bytes.
    if others := [name for name, value in found.items() if not isinstance(value, np.ndarray)]:
        raise ValueError(f"expected arrays, got something else in {others[0][:40]!r}")
    return found


@contextmanager
def _told() -> Iterator[None]:
    """A damaged archive breaks NumPy and zipfile in any way."""
    try:
        yield
    except ValueError:
        raise
    except Exception as failure:
        raise ValueError(f"expected arrays, got damage ({type(failure).__name__})") from failure
