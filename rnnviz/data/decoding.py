"""Bytes of a file to text, in whatever encoding somebody saved it, or a sentence why not."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from rnnviz.data import DataError

MOST_TEXT_BYTES = 100_000_000

# Kinds of files that people take for text, by how they begin.
SIGNATURES = {
    b"%PDF-": "a PDF",
    b"PK\x03\x04": "a ZIP archive or an Office document",
    b"\xd0\xcf\x11\xe0": "an old Office document",
    b"PAR1": "a Parquet file",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"\x1f\x8b": "a gzip archive",
    b"\x7fELF": "a program",
    b"MZ\x90": "a program",
}

# The longer marks first: UTF-32's little-endian one begins with UTF-16's.
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}

CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
"""What no text holds: tab, line ends, form feed and escape are not among them."""

BYTES_TO_GUESS_FROM = 200_000


@dataclass(frozen=True)
class Decoded:
    """Text, and the encoding that it was in."""

    text: str
    encoding: str


def decode(contents: bytes, name: str, *, most_bytes: int = MOST_TEXT_BYTES) -> Decoded:
    """The text of a file's `contents`; `name` is what to call it in a sentence.

    A byte order mark decides, then strict UTF-8, then what charset-normalizer finds most likely.
    Raises `DataError` for more than `most_bytes`, for a binary file, for an encoding that cannot
    be told, and for a file that mixes UTF-8 with another encoding, whose text would be guesswork.
    """
    check_size(len(contents), name, most_bytes=most_bytes)
    for signature, kind in SIGNATURES.items():
        if contents.startswith(signature):
            raise DataError(f"expected a text file, got {kind} in {name}: save it as text (UTF-8)")
    found = _marked(contents, name) or _unmarked(contents, name)
    controls = CONTROLS.search(found.text)
    if controls:
        raise DataError(
            f"expected a text file, got a binary one in {name} (character "
            f"{ord(controls[0]):#04x} at position {controls.start():,}): save it as text (UTF-8)"
        )
    return found


def check_size(size: int, name: str, *, most_bytes: int = MOST_TEXT_BYTES) -> None:
    """Raise `DataError` for a file too large to read whole, before it is read."""
    if size > most_bytes:
        raise DataError(
            f"expected at most {most_bytes / 1e6:,.0f} MB, got {size / 1e6:,.0f} MB in {name}: "
            "split it, or take a part of it"
        )


def _marked(contents: bytes, name: str) -> Decoded | None:
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if contents.startswith(mark):
            try:
                return Decoded(contents[len(mark) :].decode(encoding), encoding)
            except UnicodeDecodeError as failure:
                raise DataError(
                    f"expected {encoding.upper()} in {name}, as its first bytes say, got other "
                    f"bytes at position {failure.start:,}: save it as UTF-8"
                ) from failure
    return None


def _unmarked(contents: bytes, name: str) -> Decoded:
    try:
        return Decoded(contents.decode("utf-8"), "utf-8")
    except UnicodeDecodeError as failure:
        if b"\0" in contents and not _looks_like_utf_16(contents):
            raise DataError(
                f"expected a text file, got a binary one in {name} (zero bytes): "
                "save it as text (UTF-8)"
            ) from failure
        _check_mixture(contents, failure.start, name)
    encoding = _likely(contents[:BYTES_TO_GUESS_FROM])
    if encoding is not None:
        try:
            return Decoded(contents.decode(encoding), encoding.replace("_", "-"))
        except UnicodeDecodeError:
            pass  # the rest of a long file is not what its beginning promised
    raise DataError(
        f"expected text in UTF-8 or another one encoding, got bytes in {name} that fit none: "
        "save it as UTF-8"
    )


def _likely(contents: bytes) -> str | None:
    """What charset-normalizer finds most likely; Windows-1252 wherever that is plausible.

    A few accents in a text do not tell the encodings of Europe apart, and this is the usual one.
    """
    from charset_normalizer import from_bytes

    matches = from_bytes(contents)
    if any("cp1252" in match.could_be_from_charset for match in matches):
        return "cp1252"
    best = matches.best()
    return None if best is None else best.encoding


def _looks_like_utf_16(contents: bytes) -> bool:
    """Whether zeros stand nearly always at odd, or nearly always at even, places."""
    zeros = [contents[start : 2 * (len(contents) // 2) : 2].count(0) for start in (0, 1)]
    return max(zeros) > len(contents) / 5 and min(zeros) < max(zeros) / 20


def _check_mixture(contents: bytes, first: int, name: str) -> None:
    """Refuse a file in which most of what is beyond ASCII is UTF-8 and some of it is not.

    In a text of another encoding, bytes that happen to be a letter of UTF-8 are the exception.
    """
    lenient = contents.decode("utf-8", errors="surrogateescape")
    wrong = re.subn("[\udc80-\udcff]", "", lenient)[1]
    right = re.subn("[^\0-\x7f]", "", lenient)[1] - wrong
    if right >= wrong:
        line = contents.count(b"\n", 0, first) + 1
        raise DataError(
            f"expected one encoding, got UTF-8 mixed with another in {name} (first in line "
            f"{line:,}): save it again as UTF-8"
        )
