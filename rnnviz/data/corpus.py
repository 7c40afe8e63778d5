"""Four hundred sentences of our own, to look for what a unit reacts to.

`corpus.txt` holds them below headings such as `# films negative negated`: what they are about,
whether they praise or blame, and how they are built. Topic and label are our reading, one sentence
at a time; no network was asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rnnviz.data import DataError

FILE = Path(__file__).with_name("corpus.txt")

TOPICS = ("films", "books", "food", "travel", "work", "weather", "facts")
LABELS = ("positive", "negative", "neutral")
TAGS = ("negated", "contrast")


@dataclass(frozen=True)
class Snippet:
    """A sentence, what it is about (one of `TOPICS`), its label (one of `LABELS`) and its tags.

    `negated`: a negation decides what the sentence says. `contrast`: it weighs two opinions.
    A sentence without that tag may still have a "not" that decides nothing.
    """

    text: str
    topic: str
    label: str = "neutral"
    tags: tuple[str, ...] = ()


@cache
def load() -> tuple[Snippet, ...]:
    """Every sentence, in the order of the file.

    Raises `DataError` when the package's own file is missing or damaged.
    """
    try:
        return tuple(_snippets(FILE.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, ValueError) as failure:
        raise DataError(
            f"expected the bundled sentences in {FILE}, got {type(failure).__name__}: install "
            "rnnviz again"
        ) from failure


def _snippets(text: str) -> list[Snippet]:
    found: list[Snippet] = []
    topic, label, tags = "", "", []
    for line in filter(None, text.splitlines()):
        if line.startswith("# "):
            topic, label, *tags = line[2:].split()
            if topic not in TOPICS or label not in LABELS or not set(tags) <= set(TAGS):
                raise ValueError(line)
        else:
            found.append(Snippet(line, topic, label, tuple(tags)))
    return found
