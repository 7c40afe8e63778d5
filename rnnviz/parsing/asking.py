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

    `noun` is what it reads, `crew` the word in `READY` for the processes that have it.
    """

    function: str
    answer: str
    error: str = "rnnviz.data:DataError"
    noun: str = "a file"
    limits: Limits = field(default_factory=Limits)
    crew: str = "files"

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
    "document": Reader(
        "rnnviz.data.documents.reading:read", "rnnviz.data.documents.reading:Document"
    ),
    "snippets": Reader("rnnviz.data.documents.reading:snippets", "rnnviz.parsing.asking:TEXTS"),
    "labelled": Reader(
        "rnnviz.parsing.readers:columns_and_labels", "rnnviz.data.labelled:Labelled"
    ),
    "texts": Reader(
        "rnnviz.parsing.readers:labelled_texts",
        "rnnviz.data.texts:LabelledTexts",
        limits=Limits(seconds=60, megabytes=1500, wall_seconds=300.0, answer=250),
    ),
    "picture": Reader(
        "rnnviz.data.images:look",
        "rnnviz.data.images:Look",
        noun="a picture",
        limits=Limits(seconds=10, megabytes=500, answer=1),
    ),
    "network": Reader(
        "rnnviz.runs.uploads:checked",
        "rnnviz.runs.uploads:Checked",
        error="rnnviz.runs.record:RunError",
        noun="a network",
        limits=Limits(seconds=20, megabytes=1200, answer=100),
        crew="networks",
    ),
}

TEXTS = tuple[str, ...]

READY = {
    "files": (
        "numpy", "scipy.ndimage", "scipy.spatial", "PIL.Image", "pyarrow.parquet", "bs4", "pypdf",
        "docx", "charset_normalizer", "rnnviz.data.documents.reading", "rnnviz.data.images",
        "rnnviz.parsing.readers",
    ),
    "networks": (
        "torch", "torch.nn.utils.parametrize", "safetensors.torch", "tokenizers",
        "rnnviz.models.classifier", "rnnviz.runs.uploads", "rnnviz.models.tokens",
    ),
}  # fmt: skip
"""What the processes of a crew import before the first file comes. Torch is for networks only: it
takes seconds, and memory for as long as the process waits."""


def named(place: str) -> Any:
    """What `module:name` names."""
    module, name = place.split(":")
    return getattr(import_module(module), name)
