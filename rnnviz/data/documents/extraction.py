"""The text of a web page, a PDF or a Word document; nothing they point to is fetched.

Each function takes the contents and what to call the file, and returns an `Extract`, or raises
`DataError` with one sentence. How much memory and time a file may take is not decided here: a
stranger's is read in a process with bounds (`rnnviz.parsing`). The libraries are imported where
they are used: together they cost a third of a second.
"""

from __future__ import annotations

import io
import logging
import re
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnnviz.data import DataError

if TYPE_CHECKING:
    import bs4
    import pypdf

MOST_PAGES = 300
MOST_SECONDS = 10.0
"""Of computing, for the pages of a PDF; those that were read until then are taken."""

UNSEEN = (
    "audio", "canvas", "embed", "head", "iframe", "math", "noscript", "object", "script", "select",
    "style", "svg", "template", "video",
)  # fmt: skip
HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
BLOCKS = (
    "address", "article", "aside", "blockquote", "body", "caption", "dd", "details", "div", "dl",
    "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
    "header", "hr", "legend", "main", "nav", "ol", "p", "pre", "section", "summary", "table",
    "textarea", "ul",
)  # fmt: skip
LINES = ("br", "li", "tr", "option")
CELLS = ("td", "th")

# What other archives call their parts: the kind of file, and what to do with it.
ARCHIVES = {
    "xl/": "a spreadsheet: save it as CSV",
    "ppt/": "a presentation: save its text as .txt",
    "mimetype": "an OpenDocument or e-book file: save it as .docx or .txt",
    "": "a ZIP archive: unpack it and take one file of it",
}


@dataclass(frozen=True)
class Extract:
    """Text, sentences about how it was had, and what of the file it is, such as "12 pages"."""

    text: str
    notices: tuple[str, ...] = ()
    part: str = ""


def html(source: str, name: str) -> Extract:
    """What a browser would show of the page, with an empty line between paragraphs."""
    import bs4

    try:
        soup = bs4.BeautifulSoup(source, "html.parser")
    except (bs4.exceptions.ParserRejectedMarkup, AssertionError, ValueError) as failure:
        raise _broken("a web page", name) from failure
    # Every run here is collapsed before the next pattern looks at it, which keeps them all linear.
    text = re.sub(r"(?: ?\t)+ ?", "\t", re.sub(r" {2,}", " ", "".join(_seen(soup))))
    text = re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]?\n[ \t]?", "\n", text))
    text = text.replace("\r", "\n").strip()
    if not text.strip():
        raise DataError(
            f"expected a web page with visible text, got none in {name}: if a script writes it, "
            "copy the text from the browser and paste it"
        )
    return Extract(text)


def _seen(soup: bs4.BeautifulSoup) -> Iterator[str]:
    """Pieces of visible text, breaks among them. A stack, as pages nest deeper than Python may."""
    from bs4 import Tag
    from bs4.element import CData, NavigableString

    waiting: list[Any] = [soup]
    kept = 0  # how many `pre` we are in, where line ends count
    while waiting:
        node = waiting.pop()
        if isinstance(node, str) and not isinstance(node, NavigableString):
            kept -= node == "\npre"
            yield "\n\n" if node == "\npre" else node
        elif isinstance(node, Tag):
            if _is_hidden(node):
                continue
            first, last = _breaks(node.name)
            if node.name in ("pre", "textarea"):
                kept += 1
                last = "\npre"
            yield first
            waiting.append(last)
            waiting.extend(reversed(node.contents))
        elif type(node) in (NavigableString, CData):
            # A kept line end is written as \r until the others have been counted.
            raw = str(node).replace("\r\n", "\n").replace("\r", "\n")
            yield raw.replace("\n", "\r") if kept else re.sub(r"[ \t\n\f]+", " ", raw)


def _breaks(tag: str) -> tuple[str, str]:
    if tag in BLOCKS:
        return "\n\n", "\n\n"
    if tag in LINES:
        return ("", "\n") if tag == "br" else ("\n", "\n")
    return ("\t", "\t") if tag in CELLS else ("", "")


def _is_hidden(tag: bs4.Tag) -> bool:
    if tag.name in UNSEEN or tag.has_attr("hidden"):
        return True
    style = tag.get("style")
    return isinstance(style, str) and HIDING.search(style) is not None


def pdf(contents: bytes, name: str, *, most_letters: int) -> Extract:
    """The pages' text, in order, until `most_letters`, `MOST_PAGES` or `MOST_SECONDS` are reached.

    Lines are joined to paragraphs, and words that a line end hyphenates are made whole.
    """
    import pypdf

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # a page of warnings for a broken file
    limits = pypdf.Configuration(jbig2dec_binary=None)  # no program is run for a picture
    with pypdf.apply_configuration(limits):
        try:
            reader = pypdf.PdfReader(io.BytesIO(contents))
            locked = reader.is_encrypted and not reader.decrypt("")
            count = 0 if locked else len(reader.pages)
        except pypdf.errors.DependencyError as failure:
            raise DataError(
                f"expected a PDF without encryption, got one encrypted with AES in {name}: print "
                "it to a new PDF, or copy its text and paste it"
            ) from failure
        except Exception as failure:  # a broken file breaks pypdf in any way
            raise _broken("a PDF", name) from failure
        if locked:
            raise DataError(
                f"expected a PDF that opens without a password, got an encrypted one in {name}: "
                "save it without one, or copy its text and paste it"
            )
        if not count:
            raise DataError(f"expected a PDF with pages, got none in {name}: save it again")
        pages, broken = _pages(reader, min(count, MOST_PAGES), most_letters)
    blank = sum(not page.strip() for page in pages) - len(broken)
    if len(broken) == len(pages):
        raise _broken("a PDF", name)
    if blank + len(broken) == len(pages):
        raise DataError(
            f"expected a PDF with text in it, got {_pages_of(len(pages))} without any in {name} "
            "(scanned?): run text recognition (OCR) on it, or type the text"
        )
    notices = []
    if broken:
        shown = ", ".join(broken[:5])
        shown += f" and {len(broken) - 5:,} more" if len(broken) > 5 else ""
        notices.append(f"{'Page' if len(broken) == 1 else 'Pages'} {shown} could not be read.")
    if blank:
        notices.append(
            f"{_pages_of(blank)} of {len(pages):,} {'has' if blank == 1 else 'have'} no text: "
            "pictures, perhaps."
        )
    if len(pages) < count:
        notices.append(f"The first {len(pages):,} of {count:,} pages are read.")
    text, joined = unhyphenated("\n\n".join(filter(None, map(paragraphs, pages))))
    if joined:
        notices.append(f"{joined:,} {'words' if joined > 1 else 'word'} hyphenated at a line end "
                       f"{'are' if joined > 1 else 'is'} made whole.")  # fmt: skip
    return Extract(text, tuple(notices), _pages_of(count))


def _pages(reader: pypdf.PdfReader, most: int, most_letters: int) -> tuple[list[str], list[str]]:
    """The text of each page, and the numbers of those that could not be read."""
    start, pages, broken, letters = time.process_time(), [], [], 0
    for number in range(most):
        try:
            page = reader.pages[number].extract_text()
        except Exception:  # as above: a broken page is told, and the others are read
            broken.append(str(number + 1))
            page = ""
        pages.append(page)
        letters += len(page)
        if letters > most_letters or time.process_time() - start > MOST_SECONDS:
            break
    return pages, broken


def _pages_of(count: int) -> str:
    return f"{count:,} page" if count == 1 else f"{count:,} pages"


def paragraphs(page: str) -> str:
    """The page with its lines joined: a line that is clearly shorter than others ends a paragraph.

    A PDF knows lines and no paragraphs. Where most lines are short, as in a poem, all stay.
    """
    lines = [line.strip() for line in page.splitlines()]
    lengths = sorted(len(line) for line in lines if line)
    if not lengths:
        return ""
    usual = lengths[int(0.75 * (len(lengths) - 1))]
    if usual < 40:
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    text = ""
    for line in filter(None, lines):
        text += line + (" " if len(line) > 0.75 * usual else "\n")
    return text.strip()


def unhyphenated(text: str) -> tuple[str, int]:
    """Words that a line end parts ("won- derful") made whole, and how many there were.

    Where the same text has the word with its hyphen ("well-known"), that stays.
    """
    known = set(re.findall(r"\b\w+-\w+", text))
    count = 0

    def whole(found: re.Match[str]) -> str:
        nonlocal count
        if f"{found[1]}-{found[2]}" in known:
            return f"{found[1]}-{found[2]}"
        count += 1
        return found[1] + found[2]

    return re.sub(r"\b(\w*[^\W\d_])[-\u00ad\u2010][ \n]([^\W\d_]\w*)", whole, text), count


def docx(contents: bytes, name: str) -> Extract:
    """The paragraphs and tables of a Word document, as it reads with all changes accepted.

    Left out is what no reader sees on the page (deletions, hidden text) and what stands around it
    (headers, footers, footnotes, comments). Entities in the XML are not resolved.
    """
    _check_archive(contents, name)
    import docx as word

    try:
        body = word.Document(io.BytesIO(contents)).element.body
        text = "".join(_written(body))
    except Exception as failure:  # a broken archive or part breaks python-docx in any way
        raise _broken("a Word document", name) from failure
    text = "\n".join(line.strip(" \t") for line in text.replace(" \t", "\t").split("\n"))
    text = re.sub(r"\n{3,}", "\n\n", text).strip()
    if not text:
        raise DataError(
            f"expected a Word document with text in it, got none in {name}: if it holds pictures "
            "of text, type the text"
        )
    return Extract(text)


def _check_archive(contents: bytes, name: str) -> None:
    """Raise `DataError` for an archive that is no Word document, or has a password."""
    try:
        with zipfile.ZipFile(io.BytesIO(contents)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as failure:
        raise _broken("a Word document", name) from failure
    names = [one.filename for one in members]
    if "[Content_Types].xml" not in names or not any(one.startswith("word/") for one in names):
        parts = ((part, any(one.startswith(part) for one in names)) for part in ARCHIVES)
        kind = ARCHIVES[next((part for part, found in parts if found), "")]
        raise DataError(f"expected a Word document in {name}, got {kind}")
    if any(one.flag_bits & 1 for one in members):
        raise DataError(
            f"expected a Word document without a password, got an encrypted one in {name}: "
            "save it without one"
        )


def _written(body: Any) -> Iterator[str]:
    """Pieces of text and breaks, straight from the XML: python-docx leaves out what was inserted
    with changes tracked, content controls and text boxes."""
    from docx.oxml.ns import qn
    from lxml import etree

    skipped = {qn(f"w:{tag}") for tag in ("del", "moveFrom", "pPr", "tblPr", "sdtPr")}
    skipped.add("{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback")
    marks = {"w:tab": "\t", "w:br": "\n", "w:cr": "\n", "w:noBreakHyphen": "\u2011"}
    breaks = {qn(tag): mark for tag, mark in marks.items()}
    text, run, paragraph = qn("w:t"), qn("w:r"), qn("w:p")
    cell, row, table = qn("w:tc"), qn("w:tr"), qn("w:tbl")
    hidden = f"{qn('w:rPr')}/{qn('w:vanish')}"
    depth = 0
    walk = etree.iterwalk(body, events=("start", "end"))
    for event, node in walk:
        tag = node.tag
        if event == "start":
            if tag in skipped or (tag == run and node.find(hidden) is not None):
                walk.skip_subtree()
            elif tag == text:
                yield node.text or ""
            elif tag in breaks:
                yield breaks[tag]
            depth += tag == table
        elif tag == paragraph:
            yield " " if depth else "\n\n"
        elif tag == cell:
            yield "\t"
        elif tag == row:
            yield "\n"
        elif tag == table:
            depth -= 1
            yield "\n"


def _broken(kind: str, name: str) -> DataError:
    return DataError(
        f"expected {kind} in {name}, got a damaged one or something else: open it where it was "
        "made and save it again"
    )
