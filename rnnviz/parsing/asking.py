"""What may be asked of the process that reads files, and how much each may take.

`READERS` is the whole table. A reader is a function of this package whose first arguments are bytes
and whose other arguments are plain words; it returns what `values` knows, or raises its own error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

MEGABYTE = 1_000_000

ROOM_TO_IMPORT = 2000
"""Megabytes of addresses that libraries reserve while they are imported; most are never used."""


@dataclass(frozen=True)
class Limits:
    """How much one file may take: of a processor, of memory beyond what is imported, of the clock.

    `answer` bounds what comes back, in megabytes.
    """

    seconds: int = 20
    megabytes: int = 600
    wall_seconds: float = 60.0
    answer: int = 40


@dataclass(frozen=True)
class Reader:
    """A function `module:name`, the kind of its answer, its own error, and what it may take.

    `needs` are modules that are imported before memory is counted. `noun` is what it reads.
    """

    function: str
    answer: str
    error: str = "rnnviz.data:DataError"
    noun: str = "a file"
    limits: Limits = field(default_factory=Limits)
    needs: tuple[str, ...] = ()

    def call(self) -> Callable[..., Any]:
        """The function."""
        found: Callable[..., Any] = named(self.function)
        return found

    def kind(self) -> Any:
        """The class of the answer."""
        return named(self.answer)

    def own_error(self) -> type[Exception]:
        """The class of errors whose words are for the person who brought the file."""
        found: type[Exception] = named(self.error)
        return found


READERS: dict[str, Reader] = {
    "document": Reader("rnnviz.data.documents:read", "rnnviz.data.documents:Document"),
    "snippets": Reader("rnnviz.data.documents:snippets", "rnnviz.parsing.asking:TEXTS"),
    "labelled": Reader(
        "rnnviz.parsing.readers:columns_and_labels", "rnnviz.data.labelled:Labelled"
    ),
    "picture": Reader(
        "rnnviz.data.images:read",
        "numpy:ndarray",
        noun="a picture",
        limits=Limits(seconds=10, megabytes=500, answer=1),
    ),
}

TEXTS = tuple[str, ...]

READY = (
    "numpy", "scipy.ndimage", "PIL.Image", "pyarrow.parquet", "bs4", "pypdf", "docx",
    "charset_normalizer", "rnnviz.data.documents", "rnnviz.data.images", "rnnviz.data.labelled",
)  # fmt: skip
"""What the process imports before the first file comes. Torch is not among it: 3 seconds."""


def named(place: str) -> Any:
    """What `module:name` names."""
    module, name = place.split(":")
    return getattr(import_module(module), name)
