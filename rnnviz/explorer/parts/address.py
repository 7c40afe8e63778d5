"""The words of an address: each is declared once, and so read, checked, written and explained.

A page lists its words. What equals the default stays out of the address; a word without sense
becomes a sentence, and the default is shown.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rnnviz.models.places import checked_id
from rnnviz.notation import cells as notes
from rnnviz.theatre.view import notice

VERSION = "2"
CELLS = tuple(name for name, one in reversed(notes.CELLS.items()) if one.in_pages)
"""In the order in which the pages offer them."""

ALL = "all"
"""The word for all three cells side by side."""

Reader = Callable[[str], Any]
"""The value of a word; ValueError for what makes no sense."""


def said(value: Any) -> str:
    """A value as an address says it."""
    if isinstance(value, bool):
        return "1" if value else "0"
    return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Word:
    """One word: `expected` says in a sentence what `read` takes, `instead` what is shown else."""

    name: str
    read: Reader
    expected: str
    default: Any = None
    write: Callable[[Any], str] = said
    instead: str = "the usual one"

    def of(self, query: Mapping[str, str], notices: list[str]) -> Any:
        """What the address says, else the default; what makes no sense becomes a notice."""
        sent = query.get(self.name)
        if sent is None:
            return self.default
        try:
            return self.read(sent)
        except ValueError:
            notices.append(notice(self.name, self.expected, sent, shown=self.instead))
            return self.default


def read_words(words: Iterable[Word], query: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """The value of every word, and one sentence for each that made no sense.

    Words that are not the page's are left alone.
    """
    notices = version_notices(query)
    return {word.name: word.of(query, notices) for word in words}, notices


def write_words(words: Iterable[Word], values: Mapping[str, Any]) -> dict[str, str]:
    """The words of the address, without those that say the default or nothing."""
    return {
        word.name: word.write(values[word.name])
        for word in words
        if values[word.name] not in (word.default, None)
    }


def version_notices(query: Mapping[str, str]) -> list[str]:
    """A sentence for a version that is not known; links of version 1 are understood."""
    sent = query.get("v", VERSION)
    return [] if sent in ("1", VERSION) else [notice("v", VERSION, sent)]


def either(allowed: tuple[str, ...]) -> tuple[Reader, str]:
    """One of some words, in small letters or capitals."""

    def read(sent: str) -> str:
        if sent.lower() not in allowed:
            raise ValueError(sent)
        return sent.lower()

    return read, f"one of {', '.join(allowed)}"


def number(low: int, high: int) -> tuple[Reader, str]:
    """A short run of plain digits; anything else, however creative, is refused."""

    def read(sent: str) -> int:
        if not (sent.isascii() and sent.isdigit() and len(sent) <= 4 and low <= int(sent) <= high):
            raise ValueError(sent)
        return int(sent)

    return read, f"a whole number from {low} to {high}"


def one_of_numbers(allowed: tuple[int, ...]) -> tuple[Reader, str]:
    """One of some numbers, written as they are here."""
    written = {str(number): number for number in allowed}

    def read(sent: str) -> int:
        if sent not in written:
            raise ValueError(sent)
        return written[sent]

    return read, f"one of {', '.join(written)}"


def flag(word: str) -> tuple[Reader, str]:
    """``1`` for yes, or ``0`` for no: the one that is not the default."""

    def read(sent: str) -> bool:
        if sent != word:
            raise ValueError(sent)
        return word == "1"

    return read, word


RUN: tuple[Reader, str] = (checked_id, "the id of a training run")


def pack(content: bytes) -> str:
    """Bytes as a word of an address: zlib, then URL-safe base64 without its padding."""
    return base64.urlsafe_b64encode(zlib.compress(content, 9)).decode("ascii").rstrip("=")


def unpack(word: str, what: str, *, longest: int, most: int) -> bytes:
    """Undo `pack` for a word of up to `longest` characters, without unpacking more than `most`.

    Raises ValueError for anything else; `what` names in a word what was expected.
    """
    if not word.isascii() or not 0 < len(word) <= longest:
        raise ValueError(f"expected 1 to {longest} plain characters, got {len(word)}")
    try:
        # Not urlsafe_b64decode: it skips characters that do not belong.
        standard = word.replace("-", "+").replace("_", "/") + "=" * (-len(word) % 4)
        unpacking = zlib.decompressobj()
        content = unpacking.decompress(base64.b64decode(standard, validate=True), most + 1)
    except (binascii.Error, zlib.error) as error:
        raise ValueError(f"expected a packed {what}, got something else") from error
    if len(content) > most or not unpacking.eof or unpacking.unused_data:
        raise ValueError(f"expected a packed {what} of at most {most:,} bytes")
    return content
