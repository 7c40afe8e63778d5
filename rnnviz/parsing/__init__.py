"""Strangers' files, each read by a process of its own with bounds on memory and on time.

Each function here calls the reader of the same kind in such a process and gives its answer, or
raises its own error. That error comes too, in one sentence, where a file takes more than it may or
ends the process. `alive` is called while one waits; where it raises, the process is ended.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnviz.parsing.pool import POOLS

if TYPE_CHECKING:
    from rnnviz.data.documents.reading import Document
    from rnnviz.data.images import Look
    from rnnviz.data.labelled import Labelled
    from rnnviz.data.texts import LabelledTexts, Track

FILES = POOLS["files"]

Alive = Callable[[], object]


def document(
    data: bytes,
    name: str,
    *,
    column: str | None = None,
    row: int = 0,
    alive: Alive | None = None,
) -> Document:
    """`documents.read`."""
    found: Document = _ask("document", data, alive, name=name, column=column, row=row)
    return found


def snippets(
    data: bytes, name: str, *, column: str | None = None, alive: Alive | None = None
) -> tuple[str, ...]:
    """`documents.snippets`."""
    found: tuple[str, ...] = _ask("snippets", data, alive, name=name, column=column)
    return found


def labelled(
    data: bytes,
    name: str,
    text_column: str | None = None,
    label_column: str | None = None,
    *,
    alive: Alive | None = None,
) -> Labelled:
    """`labelled.look`, without the texts."""
    columns = {"text_column": text_column, "label_column": label_column}
    found: Labelled = _ask("labelled", data, alive, name=name, **columns)
    return found


def labelled_texts(
    path: str | Path,
    *,
    text_column: str = "text",
    label_column: str = "label",
    track: Track | None = None,
    most_classes: int = 2,
) -> LabelledTexts:
    """`texts.read` of a file that somebody brought, for a training. Nobody sees the progress."""
    name, data = Path(path).name, Path(path).read_bytes()
    words = {"text_column": text_column, "label_column": label_column}
    found: LabelledTexts = POOLS["training"].ask(
        "texts", [data], {"name": name, "most_classes": most_classes, **words}, name=name
    )
    return found


def picture(data: bytes, *, alive: Alive | None = None) -> Look:
    """`images.look`."""
    found: Look = FILES.ask("picture", [data], {}, name="this one", alive=alive)
    return found


def warm(crew: str = "files") -> None:
    """Let a process of that crew wait for the first file."""
    POOLS[crew].warm()


def _ask(kind: str, data: bytes, alive: Alive | None, *, name: str, **words: Any) -> Any:
    """The answer of a reader of tables and documents, which is given the name and the words."""
    words["name"] = name
    return FILES.ask(kind, [data], words, name=_shown(name), alive=alive)


def _shown(name: str) -> str:
    from rnnviz.data.documents.reading import shortened

    return shortened(name.replace("\\", "/").rsplit("/", 1)[-1]) or "the file"
