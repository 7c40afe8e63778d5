"""Bytes of a file to text, in whatever encoding somebody saved it, or a sentence why not."""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass

from rnnviz.data import DataError
from rnnviz.data.documents.alphabets import fit

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

SEVEN_BITS = (
    (re.compile(rb"\x1b\$\)C"), ("iso2022_kr",)),
    (re.compile(rb"\x1b\$"), ("iso2022_jp", "iso2022_jp_2")),
    (re.compile(rb"~\{(?:[\x21-\x77][\x21-\x7e])+~\}"), ("hz",)),
    (re.compile(rb"\+[A-Za-z0-9+/]{3,}"), ("utf_7",)),
)
"""How encodings that stay within ASCII begin to write other letters."""

USUAL = (
    *("cp1252", "cp1250", "cp1255", "cp1251", "koi8_r", "cp932", "euc_jp", "gb18030", "big5"),
    *("cp949", "mac_roman", "cp1253", "cp1254", "cp1256", "cp1257", "cp874", "cp866"),
    *("mac_cyrillic", "iso8859_2", "iso8859_5", "iso8859_15"),
)
"""What files of text are saved in, besides Unicode: of two that fit alike, the first is taken."""

RARE = (
    *("koi8_u", "cp850", "cp852", "cp437", "cp865", "cp860", "cp857", "cp737", "cp869", "cp1125"),
    *("mac_latin2", "mac_greek", "mac_turkish"),
)
"""What DOS and old Macs wrote."""

RARER = 0.04
NOISE = 0.2
FEWEST_KNOWN = 0.5

NAMES = {
    "cp932": "Shift JIS",
    "cp949": "EUC-KR",
    "euc-jp": "EUC-JP",
    "gb18030": "GBK",
    "iso2022-jp": "ISO-2022-JP",
    "iso2022-jp-2": "ISO-2022-JP-2",
    "iso2022-kr": "ISO-2022-KR",
    "koi8-r": "KOI8-R",
    "koi8-u": "KOI8-U",
    "mac-cyrillic": "Mac Cyrillic",
    "mac-greek": "Mac Greek",
    "mac-latin2": "Mac Central European",
    "mac-roman": "Mac Roman",
    "mac-turkish": "Mac Turkish",
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

    A byte order mark decides; then UTF-16 where zero bytes stand as in it, escapes of an encoding
    of seven bits, strict UTF-8, and what fits an alphabet best among the usual encodings.
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
    narrow = _seven_bits(contents) if contents.isascii() else None
    if narrow is not None:
        return narrow
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


def _seven_bits(contents: bytes) -> Decoded | None:
    """Letters of one language that ASCII stands for; None where it stands for itself."""
    for sign, encodings in SEVEN_BITS:
        if sign.search(contents[:BYTES_TO_GUESS_FROM]):
            for encoding in encodings:
                text = _text(contents, encoding)
                if text is None or text.isascii() or not all(map(_assigned, text)):
                    continue
                # A number after a plus is UTF-7 now and then, and no text.
                if encoding != "utf_7" or fit(text) > 0.8:
                    return Decoded(text, encoding.replace("_", "-"))
    return None


def _likely(contents: bytes) -> str | None:
    """The encoding that makes letters of one alphabet; None where there is none.

    charset-normalizer tells text from noise, and languages of few accents badly from each other.
    """
    from charset_normalizer import from_bytes

    chaos = {
        encoding: match.chaos
        for match in from_bytes(contents, cp_isolation=[*USUAL, *RARE])
        for encoding in (match.encoding, *match.could_be_from_charset)
    }
    readings: dict[str, list[str]] = {}
    for encoding in (*USUAL, *RARE):
        text = _text(contents, encoding)
        if text is not None:
            readings.setdefault(text, []).append(encoding)
    found = {
        encodings[0]: fit(text)
        - min(chaos.get(one, NOISE) for one in encodings)
        - RARER * (encodings[0] in RARE)
        for text, encodings in readings.items()
    }
    best = max(found, key=lambda one: round(found[one], 2), default=None)
    return best if best is not None and found[best] > FEWEST_KNOWN else None


def _text(contents: bytes, encoding: str) -> str | None:
    try:
        text = contents.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if CONTROLS.search(text) else text


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
