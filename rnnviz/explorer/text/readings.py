"""Networks that read texts, and their readings, made once and kept for everybody.

Kept by the name of the model and the text, never written to. A reading of 4,000 tokens takes tens
of megabytes.
"""

from __future__ import annotations

from typing import Any

from rnnviz.explorer.parts.address import ALL
from rnnviz.explorer.parts.kept import kept, kept_with
from rnnviz.explorer.parts.models import model
from rnnviz.explorer.text import exhibit
from rnnviz.explorer.text.address import TextAddress
from rnnviz.explorer.text.exhibit import Task, Text
from rnnviz.models import storage
from rnnviz.models.reader import PrefixMemory, read_text
from rnnviz.models.tokens import Encoded, TextTokenizer, load
from rnnviz.theatre.reading import Reading


@kept
def tokenizer(name: str) -> TextTokenizer:
    """The tokenizer beside that model; raises CheckpointError."""
    return load(name)


@kept
def encoded(name: str, words: str) -> Encoded:
    """The tokens of a text as that model reads them; raises DataError for a text without any."""
    return exhibit.encode(tokenizer(name), words)


def reading(name: str, text: Text) -> Reading:
    """How the model of that name reads a text; raises CheckpointError or DataError."""
    return _reading(name, text.words, text.truth)


@kept
def _reading(name: str, words: str, truth: str | None) -> Reading:
    return read_text(
        model(name), encoded(name, words), name=name, truth=truth, memory=_memory(name)
    )


@kept_with(grows=True)
def _memory(name: str) -> PrefixMemory:
    """What spares that model most of the work while somebody writes on."""
    return PrefixMemory()


@kept
def shown(task: Task) -> dict[str, Any]:
    """What the theatre needs for a task, with its ghost; raises CheckpointError or DataError."""
    found = reading(task.model, task.text)
    if task.ghost is not None:
        old = reading(task.model, task.ghost)
        found = exhibit.over(found, old, source=task.ghost.source)
    packed = found.to_payload()
    return packed | {"title": task.title} if task.title else packed


@kept
def about(name: str) -> str:
    """What the card of that model says about its test, or nothing where there is no such card.

    Tests read fewer tokens of a text than this page does, which belongs beside their result.
    """
    try:
        test = storage.card(name)["test"]
        share, count = test["accuracy"], test["n"]
        most = tokenizer(name).most_tokens
        return (
            f"{name} was trained by this project. Test accuracy: {100 * share:.2f} % of {count:,} "
            f"reviews, of which it read at most {most:,} tokens each."
        )
    except (ValueError, TypeError, KeyError):
        return ""


def first_reading() -> None:
    """Make ready what the Text page opens with, and the other networks; raises where one is not."""
    address = TextAddress(cell=ALL)
    text = exhibit.passage(address.text)
    for name in address.models:
        model(name)
    shown(Task(TextAddress().model, text))


def forget() -> None:
    """Empty every cache of this module, for tests."""
    for one in (tokenizer, encoded, _reading, _memory, shown):
        one.clear()
