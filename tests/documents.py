"""Documents made by code: a PDF written by hand, Word documents by python-docx."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

import docx
import pypdf


def pdf(*pages: Sequence[str]) -> bytes:
    """A PDF with these lines on each page; without lines a page is blank, as a scan is to us."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, lines in enumerate(pages):
        shown = b"".join(b"(%s) ' " % _escaped(line) for line in lines)
        stream = b"BT /F1 11 Tf 14 TL 50 780 Td " + shown + b"ET" if lines else b""
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
            b"/Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>" % (5 + 2 * number)
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    written, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    return written + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (len(objects) + 1, rows, len(objects) + 1, len(written))
    )


def _escaped(line: str) -> bytes:
    for letter in "\\()":
        line = line.replace(letter, f"\\{letter}")
    return line.encode("cp1252")


def locked(contents: bytes, password: str) -> bytes:
    """The same PDF, which asks for that password."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(contents))
    writer.encrypt(password, owner_password="owner", algorithm="RC4-128")
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def word(*paragraphs: str, table: Sequence[Sequence[str]] = ()) -> bytes:
    """A Word document with these paragraphs and then the table."""
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    if table:
        made = document.add_table(len(table), len(table[0]))
        for row, fields in zip(made.rows, table, strict=True):
            for cell, field in zip(row.cells, fields, strict=True):
                cell.text = field
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def repacked(contents: bytes, **parts: bytes | None) -> bytes:
    """The archive with parts exchanged, or left out where they are None; `_` stands for `/`."""
    exchanged = {name.replace("_", "/").replace("/xml", ".xml"): to for name, to in parts.items()}
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(contents)) as source,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in dict.fromkeys([*source.namelist(), *exchanged]):
            part = exchanged[name] if name in exchanged else source.read(name)
            if part is not None:
                target.writestr(name, part)
    return written.getvalue()


def body(contents: bytes, xml: str) -> bytes:
    """The Word document with that XML as the first thing in its body."""
    with zipfile.ZipFile(io.BytesIO(contents)) as archive:
        document = archive.read("word/document.xml").decode()
    return repacked(
        contents, word_document_xml=document.replace("<w:body>", f"<w:body>{xml}").encode()
    )
