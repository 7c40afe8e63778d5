"""Bytes of a file to text, in whatever encoding somebody saved it, or a sentence why not."""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass

from rnnviz.data import DataError
from rnnviz.data.alphabets import fit

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

JAPANESE_BY_MAIL = re.compile(rb"\x1b\$[@B]")
"""How ISO-2022-JP, which is of seven bits as ASCII is, begins to write Japanese."""


USUAL = (
    *("cp1252", "cp1250", "cp1255", "cp1251", "koi8_r", "cp932", "euc_jp", "gb18030", "big5"),
    *("cp949", "mac_roman", "cp1253", "cp1254", "cp1256", "cp1257", "cp874", "cp866"),
    *("mac_cyrillic", "iso8859_2", "iso8859_5", "iso8859_15"),
)
"""What files of text are saved in, besides Unicode: of two that fit alike, the first is taken."""

NAMES = {
    "cp932": "Shift JIS",
    "cp949": "EUC-KR",
    "euc-jp": "EUC-JP",
    "gb18030": "GBK",
    "iso2022-jp": "ISO-2022-JP",
    "koi8-r": "KOI8-R",
    "mac-cyrillic": "Mac Cyrillic",
    "mac-roman": "Mac Roman",
}


@dataclass(frozen=True)
class Decoded:
    """Text, and the encoding that it was in."""

    text: str
    encoding: str

    @property
    def notices(self) -> tuple[str, ...]:
        """What to tell whoever brought the file: nothing where it was UTF-8."""
        if self.encoding in ("utf-8", "ascii"):
            return ()
        name = NAMES.get(self.encoding) or re.sub("^cp125", "Windows-125", self.encoding)
        name = name if name[0].isupper() else name.upper()
        return (f"Read as {name}; if letters look wrong, save the file as UTF-8.",)


def decode(contents: bytes, name: str, *, most_bytes: int = MOST_TEXT_BYTES) -> Decoded:
    """The text of a file's `contents`; `name` is what to call it in a sentence.

    A byte order mark decides; then UTF-16 where zero bytes stand as in it, strict UTF-8, and what
    charset-normalizer finds likely among the usual encodings and fits an alphabet best.
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
    if b"\0" in contents:
        wide = _utf_16(contents)
        if wide is None:
            raise DataError(
                f"expected a text file, got a binary one in {name} (zero bytes): "
                "save it as text (UTF-8)"
            )
        return wide
    if JAPANESE_BY_MAIL.search(contents[:BYTES_TO_GUESS_FROM]):
        try:
            return Decoded(contents.decode("iso2022_jp"), "iso2022-jp")
        except UnicodeDecodeError:
            pass  # escapes of something else
    try:
        return Decoded(contents.decode("utf-8"), "utf-8")
    except UnicodeDecodeError as failure:
        wide = _utf_16(contents)
        if wide is not None:
            return wide
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
    """The encoding whose letters make up an alphabet, among those that charset-normalizer allows.

    It tells text from noise well, and languages of few accents from each other badly.
    """
    from charset_normalizer import from_bytes

    allowed = from_bytes(contents, cp_isolation=list(USUAL))
    places = {encoding: place for place, encoding in enumerate(USUAL)}
    found = {
        encoding: fit(str(match)) - match.chaos
        for match in allowed
        for encoding in (match.encoding, *match.could_be_from_charset)
        if encoding in places
    }
    return max(found, key=lambda one: (round(found[one], 2), -places[one]), default=None)


def _utf_16(contents: bytes) -> Decoded | None:
    """UTF-16 without a byte order mark: the order of bytes that makes letters of one language."""
    found = []
    for encoding in ("utf-16-le", "utf-16-be"):
        try:
            text = contents.decode(encoding)
        except UnicodeDecodeError:
            continue
        start = text[:BYTES_TO_GUESS_FROM]
        plain = sum(letter < "\x80" for letter in start) / len(start)
        likely = plain + (1 - plain) * fit(start)
        if likely > 0.5 and not CONTROLS.search(start) and all(map(_assigned, start)):
            found.append((likely, Decoded(text, encoding)))
    return max(found, key=lambda one: one[0])[1] if found else None


def _assigned(letter: str) -> bool:
    return unicodedata.category(letter) not in ("Cn", "Co", "Cs")


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
