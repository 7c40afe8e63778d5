"""The text of a file of somebody's own: plain text, a table, a web page, a PDF or a Word document.

What the file begins with counts, not its name: a PDF named `.txt` is read as a PDF, and a notice
says so. Nothing is fetched, run or stored.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from rnnviz.data import DataError
from rnnviz.data.documents import extraction, tables
from rnnviz.data.documents.decoding import CONTROLS, Decoded, decode

KINDS = {
    ".txt": "text",
    ".text": "text",
    ".md": "text",
    ".markdown": "text",
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "jsonl",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
    ".docx": "docx",
}
ENDINGS = tuple(KINDS)

WORDS = {
    "text": "plain text",
    "csv": "a CSV",
    "jsonl": "JSON",
    "html": "a web page",
    "pdf": "a PDF",
    "docx": "a Word document",
}

MOST_BYTES = 10 * 1024**2
MOST_LETTERS = 400_000
MOST_SNIPPETS = 2_000

DECLARABLE = frozenset(
    {
        *("cp866", "cp874", "koi8-r", "koi8-u", "mac-roman", "mac-cyrillic", "tis-620"),
        *(f"cp{number}" for number in range(1250, 1259)),
        *(f"iso8859-{number}" for number in (*range(1, 12), 13, 14, 15, 16)),
        *("gbk", "gb2312", "gb18030", "big5", "big5hkscs"),
        *("euc_jp", "iso2022_jp", "shift_jis", "cp932", "euc_kr", "cp949"),
    }
)
"""Encodings that browsers know, by their names in Python, but for Unicode, which is tried before.

Python has others that are none: `unicode_escape` would write direction marks into a text.
"""

# What people rename or upload by mistake, by how it begins, and what to do with it.
OTHERS = {
    b"{\\rtf": "an RTF document: save it as .docx or .txt",
    b"\xd0\xcf\x11\xe0": (
        "an old Office document, or one with a password: save it as .docx without one"
    ),
}

WEB_PAGE = re.compile(r"\s*(?:<\?xml[^>]{0,200}>\s*)?<(?:!doctype\s+html|html)\b", re.IGNORECASE)
DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
SURROGATES = re.compile(r"[\ud800-\udfff]")
ILLEGIBLE = re.compile(f"{SURROGATES.pattern}|{CONTROLS.pattern}")


@dataclass(frozen=True)
class Document:
    """A text, where it is from ("a.csv, text 3 of 120, column 'review'"), and what to know of it.

    `notices` are whole sentences. A table has `columns` to choose from, the one that was taken in
    `column`, and as many `rows` as that has texts; `row`, from 0, is the one taken.
    """

    text: str
    source: str
    notices: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: int = 0
    column: str | None = None
    row: int = 0


def read(data: bytes, name: str, *, column: str | None = None, row: int = 0) -> Document:
    """The text of the file `name` with the contents `data`; of a table, that of one field.

    `column` is by default one that is called text, review or the like, else the one with the most
    letters; `row` counts its texts from 0. Raises `DataError`, in one sentence, for a file that is
    too large, empty, blank, damaged, encrypted, scanned, binary or of an unknown kind, and for a
    column or row that is not there. At most `MOST_LETTERS` are taken, and a notice says so.
    """
    shown, kind, notices = _opened(data, name)
    if kind in ("csv", "jsonl"):
        table = _table(data, shown, kind, column)
        if not 0 <= row < len(table.texts):
            raise DataError(
                f"expected a text from 1 to {len(table.texts):,} in {shown}, got {row + 1:,}: "
                "choose another"
            )
        part = f"text {row + 1:,} of {len(table.texts):,}, column {shortened(table.column, 40)!r}"
        text, more = legible(table.texts[row], shown)
        return Document(
            text, f"{shown}, {part}", (*notices, *table.notices, *more), table.columns,
            len(table.texts), table.column, row,
        )  # fmt: skip
    found = EXTRACTORS[kind](data, shown)
    text, more = legible(found.text, shown)
    source = f"{shown}, {found.part}" if found.part else shown
    return Document(text, source, (*notices, *found.notices, *more))


def snippets(data: bytes, name: str, *, column: str | None = None) -> tuple[str, ...]:
    """The texts of a table's column, else the paragraphs: at most `MOST_SNIPPETS`.

    Raises `DataError` like `read`.
    """
    shown, kind, _ = _opened(data, name)
    if kind in ("csv", "jsonl"):
        found = list(_table(data, shown, kind, column).texts[:MOST_SNIPPETS])
    else:
        text, _ = legible(EXTRACTORS[kind](data, shown).text, shown)
        # An empty line parts paragraphs; where there is none, each line is one.
        found = re.split(r"\n\s*\n" if re.search(r"\n\s*\n", text) else r"\n", text)
    trimmed = (legible(one, shown)[0].strip() for one in found[:MOST_SNIPPETS] if one.strip())
    return tuple(trimmed)


def check_size(size: int, name: str) -> None:
    """Raise `DataError` for a file that is too large, before it is read."""
    if size > MOST_BYTES:
        raise DataError(
            f"expected a file of at most {MOST_BYTES / 1024**2:.0f} MB, got "
            f"{size / 1024**2:,.1f} MB in {shortened(name)}: split it, or take a part of it"
        )


def shortened(name: str, most: int = 80) -> str:
    """A name fit for a sentence: one line, no control or direction marks, not too long."""
    plain = "".join(
        letter for letter in name if unicodedata.category(letter) not in ("Cc", "Cf", "Cs")
    )
    plain = " ".join(plain.split())
    return plain if len(plain) <= most else f"{plain[: most // 2]}…{plain[-(most // 2) :]}"


def legible(text: str, name: str) -> tuple[str, tuple[str, ...]]:
    """The text with line ends as \\n and without what no text holds, cut at `MOST_LETTERS`.

    Also what there is to say about it. Raises `DataError` for a blank text.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    if not text.strip():
        raise DataError(f"expected text in {name}, got only white space: choose another file")
    notices = []
    text, illegible = ILLEGIBLE.subn("\ufffd", text)
    if illegible:
        characters = "character that no text holds is" if illegible == 1 else (
            "characters that no text holds are"
        )  # fmt: skip
        notices.append(f"{illegible:,} {characters} shown as \ufffd.")
    if len(text) > MOST_LETTERS:
        kept = text[:MOST_LETTERS]
        # Not in the middle of a word, where there is a better place nearby.
        space = max(kept.rfind(" ", -200), kept.rfind("\n", -200))
        kept = kept[: space + 1] if space > 0 else kept
        notices.append(f"The first {len(kept):,} of {len(text):,} characters are taken.")
        text = kept
    return text, tuple(notices)


def _opened(data: bytes, name: str) -> tuple[str, str, tuple[str, ...]]:
    """What to call the file, what kind it is, and a notice where its name says something else."""
    check_size(len(data), name)
    shown = shortened(re.split(r"[/\\]", name)[-1]) or "the file"
    ending = re.search(r"\.\w+$", shown)
    said = KINDS.get(ending[0].lower()) if ending else None
    if said is None:
        raise DataError(
            f"expected a file that ends in {', '.join(ENDINGS)}, got {shown!r}: save it as one "
            "of these"
        )
    if not data:
        raise DataError(f"expected text in {shown}, got an empty file: choose another")
    for beginning, kind in OTHERS.items():
        if data.startswith(beginning):
            raise DataError(f"expected {WORDS[said]} in {shown}, got {kind}")
    found = _kind(data, said)
    if found == said:
        return shown, said, ()
    return shown, found, (f"{shown} is read as {WORDS[found]}, as its contents say.",)


def _kind(data: bytes, said: str) -> str:
    """What a file is by how it begins."""
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n\f\x00")
    if start.startswith(b"%PDF-") or (said == "pdf" and b"%PDF-" in data[:1024]):
        return "pdf"
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "docx"
    if said != "html" and WEB_PAGE.match(start.decode("latin-1")):
        return "html"
    return "text" if said in ("pdf", "docx") else said


@dataclass(frozen=True)
class _Table:
    columns: tuple[str, ...]
    column: str
    texts: tuple[str, ...]
    notices: tuple[str, ...]


def _table(data: bytes, name: str, kind: str, column: str | None) -> _Table:
    found, notices = _decoded(data, name)
    table = (tables.of_csv if kind == "csv" else tables.of_json)(found.text, name)
    rows, columns, notices = table.rows, table.columns, (*notices, *table.notices)
    columns = columns[: tables.MOST_COLUMNS]
    if not rows:
        raise DataError(f"expected rows of texts in {name}, got none: add rows to it")
    chosen = tables.text_column(columns, rows) if column is None else column
    listed = ", ".join(shortened(one, 40) for one in columns[:8]) or "none"
    listed += f" and {len(columns) - 8:,} more" if len(columns) > 8 else ""
    if chosen is None:
        raise DataError(
            f"expected a column of texts in {name}, got the columns {listed} without a word in "
            "them: add one"
        )
    if chosen not in columns:
        raise DataError(
            f"expected a column {shortened(chosen, 40)!r} in {name}, got the columns {listed}: "
            "choose one of these"
        )
    texts = tables.column_texts(rows, chosen)
    if not texts:
        raise DataError(
            f"expected texts in column {shortened(chosen, 40)!r} of {name}, got none: choose "
            f"another of the columns {listed}"
        )
    left_out = len(rows) - len(texts)
    if left_out:
        left = (
            f"{left_out:,} of {len(rows):,} rows without text in column {shortened(chosen, 40)!r}"
        )
        notices += (f"{left} {'is' if left_out == 1 else 'are'} left out.",)
    return _Table(columns, chosen, texts, notices)


def _plain(data: bytes, name: str) -> extraction.Extract:
    found, notices = _decoded(data, name)
    return extraction.Extract(found.text, notices)


def _html(data: bytes, name: str) -> extraction.Extract:
    found, notices = _decoded(data, name, declared=DECLARED.search(data[:4096]))
    page = extraction.html(found.text, name)
    return extraction.Extract(page.text, (*notices, *page.notices))


def _pdf(data: bytes, name: str) -> extraction.Extract:
    return extraction.pdf(data, name, most_letters=MOST_LETTERS)


EXTRACTORS: dict[str, Callable[[bytes, str], extraction.Extract]] = {
    "text": _plain,
    "html": _html,
    "pdf": _pdf,
    "docx": extraction.docx,
}


def _decoded(
    data: bytes, name: str, declared: re.Match[bytes] | None = None
) -> tuple[Decoded, tuple[str, ...]]:
    """The text, and a notice on its encoding unless that is UTF-8.

    What a web page declares is believed where its bytes fit, and are not UTF-8.
    """
    found = _as_declared(data, declared) or decode(data, name, most_bytes=MOST_BYTES)
    return found, found.notices


def _as_declared(data: bytes, declared: re.Match[bytes] | None) -> Decoded | None:
    if declared is None:
        return None
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        encoding = declared[1].decode("ascii").lower()
        # As browsers do: who says Latin-1 means what Windows calls so.
        encoding = "cp1252" if encoding in ("iso-8859-1", "latin1", "windows-1252") else encoding
        try:
            if codecs.lookup(encoding).name not in DECLARABLE:
                return None
            return Decoded(data.decode(encoding), encoding)
        except (LookupError, ValueError):
            return None
    return None
