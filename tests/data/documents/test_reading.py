"""Files of one's own. Oracles: the text that was written into them, else one sentence."""

from __future__ import annotations

import codecs
import io
import json
import logging
import re
import socket
import subprocess
import sys
import textwrap
import zipfile

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnviz.data import DataError, corpus
from rnnviz.data.documents import extraction, reading
from tests.documents import body, locked, pdf, repacked, word

PLAIN = "The film was good.\n\nIt was not long, and I’d see it again: ☕ 10/10."
TABLE = 'id,stars,review\n1,4,A warm and funny film.\n2,1,\n3,2,"Dull, dull,\nand dull."\n'
LINES = (
    '{"n": 1, "body": "A warm and funny film."}\n\n{"n": 2}\n{"n": 3, "body": "Dull\\u2028dull."}\n'
)
PAGE = """<!doctype html><html><head><title>Title</title><style>p { color: red }</style></head>
<body><h1>A &quot;film&quot;</h1><p>It was <b>ver</b>y
   good.<br>Really &lt;good&gt;.</p><script>alert("no")</script><!-- no --><p hidden>no</p>
<div style="Display : none">no<p>no</p></div><template>no</template><ul><li>one<li>two</ul>
<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table><pre>x\n  y</pre>
<img src="http://example.invalid/x.png" onerror="alert(1)" alt="no"><p>End</body></html>"""


def refused(data: bytes | str, name: str, message: str, **chosen: object) -> None:
    contents = data if isinstance(data, bytes) else data.encode()
    with pytest.raises(DataError, match=message) as failure:
        reading.read(contents, name, **chosen)  # type: ignore[arg-type]
    check_sentence(str(failure.value))


def check_sentence(told: str) -> None:
    assert re.match(r"expected .+, got .+", told) and "\n" not in told
    assert ": " in told and len(told) < 700


@pytest.mark.parametrize("ending", ["txt", "md", "TXT", "markdown"])
def test_plain_text_comes_back(ending: str) -> None:
    found = reading.read(PLAIN.replace("\n", "\r\n").encode("utf-8-sig"), f"mine.{ending}")
    assert (found.text, found.source, found.notices) == (PLAIN, f"mine.{ending}", ())
    assert (found.columns, found.rows, found.column) == ((), 0, None)


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-16", "UTF-16-LE"), ("cp1252", "Windows-1252"), ("utf-32", "UTF-32-LE")],
)
def test_another_encoding_is_told(encoding: str, told: str) -> None:
    text = "Le café était très agréable, l’été déjà loin."
    for name, data in (("a.txt", text), ("a.csv", f"text\n{text}\n".replace(", ", " "))):
        found = reading.read(data.encode(encoding), name)
        assert found.text.replace(", ", " ") == text.replace(", ", " ")
        assert found.notices[0].startswith(f"Read as {told};")


def test_a_table_has_columns_and_rows_to_choose_from() -> None:
    found = reading.read(TABLE.encode(), "my.csv")
    assert found.text == "A warm and funny film." and found.columns == ("id", "stars", "review")
    assert (found.column, found.row, found.rows) == ("review", 0, 2)
    assert found.source == "my.csv, text 1 of 2, column 'review'"
    assert found.notices == ("1 of 3 rows without text in column 'review' is left out.",)
    assert reading.read(TABLE.encode(), "my.csv", row=1).text == "Dull, dull,\nand dull."
    assert reading.read(TABLE.encode(), "my.csv", column="stars", row=1).text == "1"
    refused(TABLE, "my.csv", "a column 'text' in my.csv, got the columns id, stars", column="text")
    for row in (-1, 2):
        refused(TABLE, "my.csv", f"from 1 to 2 in my.csv, got {row + 1}", row=row)


def test_json_lines_are_a_table() -> None:
    found = reading.read(LINES.encode(), "my.jsonl", row=1)
    assert (found.text, found.columns, found.rows) == ("Dull\u2028dull.", ("n", "body"), 2)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("a;text;b\nlonger than the text;short;1\n", "text"),
        ("name\tReview Text\tnote\nx\tshort\tmuch longer than it\n", "Review Text"),
        ("title,words\nshort,rather longer words\n", "words"),
        ("text,words\n1,a\n2,b\n", "words"),
        ("It was good, really, and long\nNot so good, then\n", "It was good"),
        ("One line of words that is longer than any name of a column would be\nb\n", "column 1"),
        ("a fine film,1\na dull one,0\n", "column 1"),
        ("x,x\n1,words\n", "x (2)"),
    ],
)  # fmt: skip
def test_the_likeliest_column_is_taken(table: str, column: str) -> None:
    if column == "It was good":
        refused(table, "a.csv", "expected 3 fields in every row .* got 2 in line 2")
        return
    found = reading.read(table.encode(), "a.csv")
    assert found.column == column
    numbered = any("columns are numbered" in one for one in found.notices)
    assert numbered == column.startswith("column ")


def test_commas_below_a_header_without_one_are_text() -> None:
    found = reading.read(b"review\nGood, really good, I think\nBad\n", "a.csv")
    assert found.text == "Good, really good, I think" and found.rows == 2


def test_a_web_page_is_what_a_browser_shows() -> None:
    found = reading.read(PAGE.encode(), "page.html")
    assert found.text == (
        'A "film"\n\nIt was very good.\nReally <good>.\n\none\ntwo\n\na\tb\n\nc\n\nx\n y\n\nEnd'
    )
    assert not found.notices


def test_what_a_page_declares_is_believed_unless_it_is_utf_8() -> None:
    page = '<meta charset="koi8-r"><p>Этот фильм мне понравился.</p>'
    assert reading.read(page.encode("koi8-r"), "a.html").text == "Этот фильм мне понравился."
    assert reading.read(page.encode(), "a.html").text == "Этот фильм мне понравился."
    for wrong in ("nonsense", "zlib", "utf-16", "idna"):
        page = f'<meta charset="{wrong}"><p>Très agréable, déjà vu, l’été.</p>'
        assert reading.read(page.encode("cp1252"), "a.html").text.startswith("Très agréable")


@pytest.mark.parametrize(
    "wrong", ["unicode_escape", "raw_unicode_escape", "utf-7", "punycode", "rot13", "charmap"]
)
def test_what_no_browser_knows_is_no_encoding(wrong: str) -> None:
    page = f'<meta charset="{wrong}"><p>Fin: \\u202ed\\x41 +AD4- l’été.</p>'.encode("cp1252")
    found = reading.read(page, "a.html")
    assert found.text == "Fin: \\u202ed\\x41 +AD4- l’été." and "\u202e" not in found.text
    assert wrong.upper() not in "".join(found.notices)


def test_every_declarable_encoding_is_one_that_python_knows_by_that_name() -> None:
    for name in reading.DECLARABLE:
        assert codecs.lookup(name).name == name
        page = f'<meta charset="{name}"><p>plain</p>'.encode() + b"<!--\xe0\xe1-->"
        assert reading.read(page, "a.html").text == "plain"


def test_a_pdf_gives_its_lines_as_paragraphs() -> None:
    first = [
        "It was a won-",
        "derful film (really), with the well-known actor in the main",
        "part.",
    ]
    first += [
        "Nobody could have been more surprised than I was at the well-",
        "known ending. Good.",
    ]
    found = reading.read(pdf(first, ["The café, page two."], []), "a.pdf")
    assert found.text == (
        "It was a won-\nderful film (really), with the well-known actor in the main part.\n"
        "Nobody could have been more surprised than I was at the well-known ending. Good.\n\n"
        "The café, page two."
    ).replace("won-\nderful", "wonderful")
    assert found.source == "a.pdf, 3 pages"
    assert found.notices == (
        "1 page of 3 has no text: pictures, perhaps.",
        "1 word hyphenated at a line end is made whole.",
    )


def test_short_lines_stay_lines() -> None:
    poem = ["The rain came down", "on the empty stage", "and nobody clapped", "but the roof."]
    assert reading.read(pdf(poem), "a.pdf").text == "\n".join(poem)


def test_of_a_long_pdf_the_first_pages_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extraction, "MOST_PAGES", 2)
    found = reading.read(pdf(["one"], ["two"], ["three"]), "a.pdf")
    assert found.text == "one\n\ntwo"
    assert found.notices == ("The first 2 of 3 pages are read.",)
    monkeypatch.setattr(extraction, "MOST_SECONDS", 0.0)
    assert reading.read(pdf(["one"], ["two"]), "a.pdf").text == "one"


def test_a_page_that_cannot_be_read_is_told_and_the_others_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = pypdf.PageObject.extract_text

    def extract(page: pypdf.PageObject) -> str:
        if (text := read(page)).startswith("one"):
            raise pypdf.errors.LimitReachedError("too much")
        return text

    monkeypatch.setattr(pypdf.PageObject, "extract_text", extract)
    found = reading.read(pdf(["one"], ["two"]), "a.pdf")
    assert found.text == "two" and found.notices == ("Page 1 could not be read.",)
    refused(pdf(["one"]), "a.pdf", "got a damaged one")


def test_pdfs_without_text_to_read_are_told() -> None:
    whole = pdf(["one", "two"])
    refused(locked(whole, "secret"), "a.pdf", "without a password, got an encrypted one")
    assert reading.read(locked(whole, ""), "a.pdf").text == "one\ntwo"
    refused(pdf([], []), "a.pdf", r"got 2 pages without any in a.pdf \(scanned\?\)")
    refused(whole[:200], "a.pdf", "a PDF in a.pdf, got a damaged one")
    refused(b"%PDF-1.7\n", "a.pdf", "got a damaged one")
    refused(pdf(), "a.pdf", "with pages, got none")


def test_an_encryption_that_pypdf_cannot_undo_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def decrypt(*words: object) -> None:
        raise pypdf.errors.DependencyError("cryptography>=3.1 is required for AES algorithm")

    monkeypatch.setattr(pypdf.PdfReader, "decrypt", decrypt)
    refused(locked(pdf(["one"]), ""), "a.pdf", "without encryption, got one encrypted with AES")


def test_a_word_document_gives_paragraphs_and_tables() -> None:
    made = word("One.", "Two\tand\nthree.", table=[["a", "b"], ["c", "d"]])
    found = reading.read(made, "a.docx")
    assert found.text == "One.\n\nTwo\tand\nthree.\n\na\tb\nc\td"
    assert found.source == "a.docx" and not found.notices


def test_a_word_document_reads_with_all_changes_accepted() -> None:
    xml = (
        "<w:p><w:r><w:t>It </w:t></w:r><w:del><w:r><w:delText>never</w:delText><w:t>no</w:t></w:r>"
        "</w:del><w:ins><w:r><w:t>always</w:t></w:r></w:ins><w:sdt><w:sdtContent><w:r><w:t> was"
        "</w:t></w:r></w:sdtContent></w:sdt><w:r><w:rPr><w:vanish/></w:rPr><w:t>no</w:t></w:r>"
        "<w:hyperlink><w:r><w:t> good.</w:t></w:r></w:hyperlink></w:p>"
    )
    assert reading.read(body(word("End."), xml), "a.docx").text == "It always was good.\n\nEnd."


def test_entities_of_a_word_document_are_not_resolved(tmp_path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    document = (
        '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY f SYSTEM "{}"><!ENTITY a "laugh">'
        '<!ENTITY b "&a;&a;&a;">]><w:document xmlns:w="http://schemas.openxmlformats.org/'
        'wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>x&f;y&b;z</w:t></w:r></w:p></w:body>'
        "</w:document>"
    )
    for place in (secret.as_uri(), "http://127.0.0.1:9/x"):
        made = repacked(word("x"), word_document_xml=document.format(place).encode())
        try:
            text = reading.read(made, "a.docx").text
        except DataError as failure:
            check_sentence(str(failure))
        else:
            assert "secret" not in text and "laugh" not in text


def test_archives_that_are_no_word_document_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def archive(*names: str) -> bytes:
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w") as made:
            for name in names:
                made.writestr(name, "<x/>")
        return written.getvalue()

    refused(archive("[Content_Types].xml", "xl/workbook.xml"), "a.docx", "got a spreadsheet: save")
    refused(archive("[Content_Types].xml", "ppt/a.xml"), "a.docx", "got a presentation: save")
    refused(archive("mimetype", "content.xml"), "a.docx", "got an OpenDocument")
    refused(archive("a.txt"), "a.docx", "got a ZIP archive: unpack it")
    refused(archive(), "a.docx", "got a ZIP archive")
    refused(archive("[Content_Types].xml", "word/document.xml"), "a.docx", "a damaged one")
    whole = word("One.")
    refused(whole[:1000], "a.docx", "a Word document in a.docx, got a damaged one")
    refused(repacked(whole, word_document_xml=None), "a.docx", "got a damaged one")
    refused(repacked(whole, word_document_xml=b"<x"), "a.docx", "got a damaged one")
    refused(word(), "a.docx", "with text in it, got none")
    refused(
        b"\xd0\xcf\x11\xe0" + bytes(600), "a.docx", "an old Office document, or one with a pass"
    )
    refused(b"{\\rtf1 text}", "a.docx", "an RTF document: save it as")


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.html", "a.docx", "a.pdf"])
def test_contents_count_and_not_the_name(name: str) -> None:
    for data, text, kind in (
        (pdf(["A good film."]), "A good film.", "a PDF"),
        (word("A good film."), "A good film.", "a Word document"),
        (PAGE.encode(), reading.read(PAGE.encode(), "a.html").text, "a web page"),
    ):
        found = reading.read(data, name)
        assert found.text == text
        said = reading.WORDS[reading.KINDS[name[1:]]] == kind
        told = f"{name} is read as {kind}, as its contents say."
        assert found.notices == (() if said else (told,))
    if name in ("a.pdf", "a.docx"):
        found = reading.read(PLAIN.encode(), name)
        assert found.text == PLAIN and "is read as plain text" in found.notices[0]


def test_what_cannot_be_read_is_told() -> None:
    for ending in reading.ENDINGS:
        refused(b"", f"a{ending}", f"text in a{ending}, got an empty file")
        refused(b"\x89PNG\r\n\x1a\n\0\0", f"a{ending}", "got a PNG picture")
        refused(b"MZ\x90\0\3", f"a{ending}", "got a program")
        refused(b"text\0\1\2\xff" * 20, f"a{ending}", "got a binary one")
    refused(b" \n\t\n", "a.txt", "got only white space")
    refused("\ufeff ", "a.txt", "got only white space")
    refused("x", "a.doc", r"that ends in \.txt, .*\.docx, got 'a.doc': save it")
    refused("x", "README", "got 'README'")
    refused("é è à\nü ö\n".encode() + "é".encode("cp1252"), "a.txt", "UTF-8 mixed with another")
    refused('text,n\nx,1\n"y,2\n', "a.csv", "line 3: check its quotes")
    refused("text,n\nx,1,2\n", "a.csv", "got 3 in line 2: put texts")
    refused("\n\n", "a.csv", "expected rows of texts")
    refused("text\n", "a.csv", "expected rows of texts")
    refused("a,b\n1,2\n", "a.csv", "got the columns a, b without a word in them")
    refused("a,b\nx,\n", "a.csv", "expected texts in column 'b' of a.csv, got none", column="b")
    refused('{"a": "x"}\n{"a"', "a.jsonl", "no JSON in line 2")
    refused('{"a": "x"}\n["x"]', "a.jsonl", "no object in line 2")
    refused("7", "a.jsonl", "no object in line 1")
    refused('{"a": 1}', "a.jsonl", "got the columns a without a word")
    refused("<script>document.write('x')</script>", "a.html", "visible text, got none")


def test_a_large_file_is_refused_before_it_is_read() -> None:
    refused(bytes(reading.MOST_BYTES + 100_000), "a.txt", "at most 10 MB, got 10.1 MB in a.txt")
    with pytest.raises(DataError, match=r"at most 10 MB, got 190\.7 MB in huge\.txt: split it"):
        reading.check_size(200_000_000, "huge.txt")


def test_a_long_text_is_cut_at_a_word_and_says_so() -> None:
    found = reading.read(b"seven7 " * 100_000, "a.txt")
    assert found.text == "seven7 " * (400_000 // 7)
    assert found.notices == ("The first 399,994 of 700,000 characters are taken.",)
    assert len(reading.read(b"a" * 500_000, "a.txt").text) == 400_000


def test_what_no_text_holds_is_shown_and_counted() -> None:
    found = reading.read(b'{"text": "a\\ud83d b\\u0000 \\ud83d\\ude00"}', "a.jsonl")
    assert found.text == "a\ufffd b\ufffd \U0001f600"
    assert found.notices == ("2 characters that no text holds are shown as \ufffd.",)
    assert found.text.encode("utf-8")


def test_a_name_is_fit_for_a_sentence() -> None:
    found = reading.read(b"x", "../a/b\\c\u202e\n d.txt")
    assert found.source == "c d.txt"
    found = reading.read(b"x", "x" * 300 + ".txt")
    assert len(found.source) == 81 and found.source.endswith(".txt")


def test_snippets_are_rows_or_paragraphs() -> None:
    assert reading.snippets(TABLE.encode(), "a.csv") == (
        "A warm and funny film.",
        "Dull, dull,\nand dull.",
    )
    assert reading.snippets(b"one\ntwo\n\n \nthree\n", "a.txt") == ("one\ntwo", "three")
    assert reading.snippets(b"one\ntwo\n", "a.md") == ("one", "two")
    assert reading.snippets(word("one", "two"), "a.docx") == ("one", "two")
    many = "".join(json.dumps({"text": f"text {n}"}) + "\n" for n in range(3000))
    assert len(reading.snippets(many.encode(), "a.jsonl")) == reading.MOST_SNIPPETS
    with pytest.raises(DataError, match="only white space"):
        reading.snippets(b" ", "a.txt")


NAMES = st.sampled_from([f"a{ending}" for ending in reading.ENDINGS])
WHOLE = {
    "a.pdf": pdf(["It was a good film."], ["Page two."]),
    "b.pdf": locked(pdf(["It was a good film."]), ""),
    "a.docx": word("It was a good film.", table=[["a", "b"]]),
    "a.html": PAGE.encode(),
    "a.csv": TABLE.encode(),
    "a.jsonl": LINES.encode(),
    "a.txt": PLAIN.encode("utf-16"),
}


def reads_or_tells(data: bytes, name: str) -> None:
    """Oracle: text that can be written as UTF-8, or one sentence."""
    try:
        found = reading.read(data, name)
    except DataError as failure:
        check_sentence(str(failure))
    else:
        assert found.text.strip() and len(found.text) <= reading.MOST_LETTERS
        assert not reading.ILLEGIBLE.search(found.text) and found.text.encode("utf-8")
        assert all(one.endswith(".") for one in found.notices)


@settings(max_examples=300)
@given(data=st.binary(max_size=300) | st.text(max_size=100).map(str.encode), name=NAMES)
def test_any_bytes_are_read_or_told(data: bytes, name: str) -> None:
    reads_or_tells(data, name)


@settings(max_examples=200)
@given(
    beginning=st.sampled_from([b"%PDF-1.7\n", b"PK\x03\x04", b"<html>", b"\xff\xfe", b"a,b\n"]),
    data=st.binary(max_size=200),
    name=NAMES,
)  # fmt: skip
def test_any_bytes_after_a_known_beginning_are_read_or_told(
    beginning: bytes, data: bytes, name: str
) -> None:
    reads_or_tells(beginning + data, name)


@pytest.mark.parametrize("name", WHOLE)
@settings(max_examples=100)
@given(data=st.data())
def test_damaged_files_are_read_or_told(name: str, data: st.DataObject) -> None:
    contents = bytearray(WHOLE[name])
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(contents) - 1))
        length = data.draw(st.sampled_from([0, 1, 4, 40]))
        contents[place : place + length] = data.draw(st.binary(max_size=6))
        if not contents:
            break
    reads_or_tells(bytes(contents), name)


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*words: object, **options: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    link = (
        '<link rel=stylesheet href="http://example.invalid/a.css"><iframe src="http://a/"></iframe>'
    )
    for name, data in {**WHOLE, "b.html": (link + PAGE).encode()}.items():
        assert reading.read(data, name).text


def test_twenty_thousand_words_come_back_whole_from_every_kind_of_file() -> None:
    """Oracle: the words that were written. The bound only tells seconds from minutes."""
    every = [one.text for one in corpus.load() if one.text.isascii() and '"' not in one.text]
    paragraphs = [" ".join(every[start : start + 12]) for start in range(0, len(every), 12)] * 8
    words = " ".join(paragraphs).split()
    assert len(words) > 20_000
    lines = [
        line for one in paragraphs for line in [*textwrap.wrap(one, 90, break_on_hyphens=False), ""]
    ]
    files = {
        "a.txt": "\n\n".join(paragraphs).encode(),
        "a.html": "".join(f"<p>{one}</p>" for one in paragraphs).encode(),
        "a.docx": word(*paragraphs),
        "a.pdf": pdf(*[lines[start : start + 50] for start in range(0, len(lines), 50)]),
    }
    for name, data in files.items():
        found = reading.read(data, name).text
        assert found.split() == words, name


def test_libraries_are_imported_when_they_are_needed() -> None:
    code = (
        "import sys; from rnnviz.data.documents import reading as documents\n"
        "documents.read(b'good', 'a.txt'); documents.read(b'text\\ngood', 'a.csv')\n"
        "print([m for m in ('pypdf', 'docx', 'bs4', 'lxml', 'numpy', 'charset_normalizer') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_pypdf_keeps_its_warnings_to_itself(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        reading.read(b"junk " + pdf(["one"]), "a.pdf")
    assert not caplog.records
