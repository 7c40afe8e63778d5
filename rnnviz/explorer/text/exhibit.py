"""What the Text page shows for an address: which texts, read by which networks, over which ghost.

The page and the "Show code" lines both go through here, so that a notebook shows what the page
shows. Numpy only until something is read: torch comes with the first `read`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from rnnviz.data import DataError
from rnnviz.data.passages import passage as bundled
from rnnviz.explorer.text.address import TextAddress, is_own, unpack_text
from rnnviz.models.reader import MOST_READ, read_text
from rnnviz.notation.cells import CELL_NAMES

if TYPE_CHECKING:
    from rnnviz.models.classifier import SequenceClassifier
    from rnnviz.models.tokens import Encoded, TextTokenizer
    from rnnviz.theatre.reading import Reading

OWN_SOURCE = "your text"
PINNED_SOURCE = "the text you pinned"
LEAST_SHARED = 0.5
"""Texts that share less of their words than this are too different for a ghost."""

MOST_COMPARED = 800
"""Words of a text up to which their order counts, too, in whether it is like another."""


@dataclass(frozen=True)
class Text:
    """A text to read: the words, where they come from, and the right answer if there is one."""

    words: str
    source: str = OWN_SOURCE
    truth: str | None = None


@dataclass(frozen=True)
class Task:
    """One reading of an exhibit: the network of that name reads a text.

    ``ghost`` is the text whose reading lies under it for comparison, ``title`` what the reading is
    called where several stand together; empty for the name of the cell.
    """

    model: str
    text: Text
    ghost: Text | None = None
    title: str = ""


@cache
def passage(key: str) -> Text:
    """The bundled passage of that key; raises ValueError when there is none."""
    found = bundled(key)
    return Text(found.text, f"“{found.title}”", found.label)


def own(word: str, source: str = OWN_SOURCE) -> Text:
    """A text of one's own from its word in an address; raises ValueError for anything else."""
    return Text(unpack_text(word), source)


def text_of(address: TextAddress, known: Mapping[str, Text] | None = None) -> Text | None:
    """The text that an address asks for; None for one's own that nobody here remembers."""
    if address.own is not None:
        return Text(address.own)
    return _remembered(address.text, known)


def pinned_of(address: TextAddress, known: Mapping[str, Text] | None = None) -> Text | None:
    """The text pinned for comparison, if there is one and somebody remembers it."""
    if address.pinned is not None:
        return Text(address.pinned, PINNED_SOURCE)
    return None if address.pin is None else _remembered(address.pin, known)


def _remembered(key: str, known: Mapping[str, Text] | None) -> Text | None:
    return (known or {}).get(key) if is_own(key) else passage(key)


def tasks(
    address: TextAddress, text: Text, ghost: Text | None = None, pinned: Text | None = None
) -> tuple[Task, ...]:
    """The readings that are shown: one or three cells, over ``ghost`` where there is one.

    Side by side the second reading is of the pinned text, and neither has a ghost.
    """
    if pinned is not None and address.beside and len(address.cells) == 1:
        title = f"{CELL_NAMES[address.cell]}, pinned text"
        return (Task(address.model, text), Task(address.model, pinned, title=title))
    return tuple(Task(name, text, ghost=ghost) for name in address.models)


@lru_cache(maxsize=16)
def alike(before: str, after: str) -> bool:
    """Whether two texts share enough words, in their order, to lie over each other."""
    first, second = before.lower().split(), after.lower().split()
    if max(len(first), len(second)) > MOST_COMPARED:
        # Comparing is quadratic at worst: of long texts the bags of words decide.
        shared = len(set(first) & set(second))
        return shared >= LEAST_SHARED * min(len(set(first)), len(set(second)))
    blocks = SequenceMatcher(None, first, second, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) >= LEAST_SHARED * max(
        1, min(len(first), len(second))
    )


def checked(words: str) -> str:
    """The text, when there is anything in it for a network that knows words.

    Raises `DataError`, a sentence for the person who wrote, for a text that is empty, blank, or
    has neither letters nor numbers in it.
    """
    if not words.strip():
        raise DataError("the text is empty: write or paste a sentence, or pick one of the texts")
    if not any(one.isalnum() for one in words):
        raise DataError(
            "there are no letters in this text, and the network knows words only: write a sentence"
        )
    return words


def encode(tokenizer: TextTokenizer, words: str) -> Encoded:
    """The tokens of a text that the page reads."""
    return tokenizer.encode(checked(words), MOST_READ)


def read(model: SequenceClassifier, tokenizer: TextTokenizer, task: Task) -> Reading:
    """Carry out a task with the network that it names."""
    encoded = encode(tokenizer, task.text.words)
    reading = read_text(model, encoded, name=task.model, truth=task.text.truth)
    if task.title:
        reading = replace(reading, title=task.title)
    if task.ghost is None:
        return reading
    old = encode(tokenizer, task.ghost.words)
    under = read_text(model, old, name=task.model, truth=task.ghost.truth)
    return over(reading, under, source=task.ghost.source)


def over(reading: Reading, ghost: Reading, *, source: str) -> Reading:
    """A reading over that of another text, each word over the one that it came from."""
    from rnnviz.theatre.alignment import aligned

    return aligned(reading, replace(ghost, name=f"the old text: {source}"))


def readings(address: TextAddress) -> tuple[Reading, ...]:
    """Everything that the page shows for an address with bundled or packed texts."""
    from rnnviz.models import checkpoint, tokens

    text, pinned = text_of(address), pinned_of(address)
    if text is None:
        raise ValueError(f"text: expected a text that a link can carry, got {address.text!r}")
    near = pinned is not None and pinned.words != text.words and alike(pinned.words, text.words)
    wanted = tasks(address, text, pinned if near and address.ghost else None, pinned)
    return tuple(
        read(checkpoint.load(task.model), tokens.load(task.model), task) for task in wanted
    )
