"""Tables as programs and people write them. Oracles: the rows that Python's csv and json wrote."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rnnviz.data import DataError, labelled
from rnnviz.data.documents import delimited, reading, tables

PAIRS = [(f"film {n} was fine", "pn"[n % 2]) for n in range(12)]
BOTH = (reading.read, labelled.read)
FEW = "12 texts are few: expect the network to learn them by heart."


def lines(text: str, header: str = "text,label\n") -> str:
    """A table with a row for each pair, `T` and `L` of the pattern being its text and label."""
    return header + "".join(text.replace("T", t).replace("L", label) for t, label in PAIRS)


def is_read(text: str, name: str, *said: str, written: str = "T") -> None:
    """Both pages read every row as it was meant, and say the same about the file."""
    brought = labelled.read(text.encode(), name)
    assert brought.texts == tuple(written.replace("T", one) for one, _ in PAIRS)
    assert brought.labels == {"n": 6, "p": 6}
    assert brought.notices == (*said, FEW)
    found = reading.read(text.encode(), name)
    assert (found.text, found.rows, found.notices) == (brought.texts[0], 12, said)


BARE = "The first line looks like a row, not like names: columns are numbered."


@pytest.mark.parametrize(
    ("text", "said", "written"),
    [
        (lines("T;L\r\n", "sep=;\r\ntext;label\r\n"), (), "T"),
        (lines("T\tL\n", "sep=\t\ntext\tlabel\n"), (), "T"),
        (lines("T|L\n", '"sep=|"\ntext|label\n'), (), "T"),
        (lines("T,L\n", "SEP=,;;\ntext,label\n"), (), "T"),
        (lines("T|L\n", "text|label\n"), (), "T"),
        (lines("L, T, really, x|L\n", "text|label\n"), (), "L, T, really, x".replace("L", "L")),
        (lines('L, "T, really"\n', "label, text\n"), (), "T, really"),
        (lines('L; "T; really" \n', "label; text\n"), (), "T; really"),
        (lines("T,L,\n"), (), "T"),
        (lines("T,L,,\n", "text,label,,\n"), (), "T"),
        (lines("T,L\r"), (), "T"),
        (lines("\nT,L\n\n", "\n\n text , label\n"), (), "T"),
        (lines("T,L\n") + ",\n , \n", (), "T"),
        (lines("T,L\n", ""), (BARE,), "T"),
        (lines("L;T\n", ""), (BARE,), "T"),
        (
            lines("T,L\n", "# from a database, on Monday\n#\ntext,label\n"),
            ("2 lines at the start with # in front: left out, as a comment.",),
            "T",
        ),
        (
            lines("T,L\n", "// from a database, on Monday\ntext,label\n"),
            ("One line at the start with // in front: left out, as a comment.",),
            "T",
        ),
        (
            lines("T;L\n", "% made by hand\n\nanswer;mark\n"),
            ("One line at the start with % in front: left out, as a comment.",),
            "T",
        ),
        (lines("3,T,L\n", "#,text,label\n"), (), "T"),
        (lines('"he said \\"T\\", and left",L\n'), (), 'he said "T", and left'),
        (lines('"he said ""T"", and left",L\n'), (), 'he said "T", and left'),
        (lines('"he said "T" to me, and left",L\n'), (), 'he said "T" to me, and left'),
        (lines('"Titanic" or T,L\n'), (), '"Titanic" or T'),
        (lines("T, of 5\" or 6',L\n").replace(", of", " of"), (), "T of 5\" or 6'"),
        (lines("T\\, really,L\n"), (), "T, really"),
        (lines('"T\nand more, much\n\nmore",L\n'), (), "T\nand more, much\n\nmore"),
    ],
)
def test_what_programs_and_people_write(text: str, said: tuple[str, ...], written: str) -> None:
    if "L, T" in written:  # the label is a part of the text
        found = labelled.read(text.encode(), "a.csv")
        assert found.texts == tuple(f"{label}, {one}, really, x" for one, label in PAIRS)
        return
    is_read(text, "a.csv", *said, written=written)


TITLE = "above the header: left out, as a title (Results of the survey"


@pytest.mark.parametrize(
    ("above", "said"),
    [
        ("Results of the survey 2024\n", f"One line {TITLE} 2024)."),
        ("Results of the survey 2024D\n", f"One line {TITLE} 2024)."),
        ('"Results of the survey 2024"DD\n\n', f'One line {TITLE} 2024").'),
        ("Results of the survey 2024\nBy Anna: May 2024D\n\n", f"2 lines {TITLE} 2024)."),
        ("DD\nResults of the survey 2024D\nD\n", f"One line {TITLE} 2024)."),
        ("Results of the survey 2024\n# in May\n", f"One line {TITLE} 2024)."),
    ],
)
@pytest.mark.parametrize("delimiter", "\t,;|")
@pytest.mark.parametrize("header", ["textDlabel\n", "AntwortDNote\n", "idDtextDlabel\n"])
def test_titles_above_a_header_are_left_out_and_said(
    above: str, said: str, delimiter: str, header: str
) -> None:
    row = "{}DTDL\n" if header.startswith("id") else "TDL\n"
    text = lines(row, above + header)
    for n in range(12):
        text = text.replace("{}", str(n), 1)
    said = said.replace("(Results", '("Results') if '2024")' in said else said
    is_read(text.replace("D", delimiter), "a.csv", said)


def test_a_title_with_commas_is_none_of_the_table() -> None:
    title = "Results of the survey, 2024\n"
    said = f"One line {TITLE}, 2024)."
    is_read(lines("T\tL\n", f"{title}text\tlabel\n"), "a.tsv", said)
    is_read(lines("T,L,7\n", f"{title}\ntext,label,age\n"), "a.csv", said)
    found = reading.read(f"{title}text\ngood\nbad\n".encode(), "a.csv")
    assert (found.text, found.rows, found.notices) == ("good", 2, (said,))


def test_files_that_were_joined_have_one_header() -> None:
    once = lines("T,L\n")
    text = once.replace("film 6", "text,label\nfilm 6")
    is_read(text, "a.csv", "One line with the header again: left out.")


def test_a_line_below_a_table_is_named() -> None:
    for read in BOTH:
        with pytest.raises(DataError, match="got 1 in line 14: .* delete the line if it is no row"):
            read((lines("T,L\n") + "From a survey\n").encode(), "a.csv")


def test_a_column_of_words_has_no_title() -> None:
    """Every row has a comma, or is what columns are called: neither makes the first line one."""
    found = reading.read(b"Antwort\nGut, aber lang\nSchlecht, und lang\nNa ja, so so\n", "a.csv")
    assert (found.columns, found.rows) == (("Antwort",), 3)
    found = reading.read(b"good\nbad\ntext\nscore\n", "a.csv")
    assert (found.columns, found.rows) == (("column 1",), 4)


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("film 0 was bad\nfilm 1 was fine\n", "column 1", (BARE,)),
        ("good\nbad\nfine\n", "column 1", (BARE,)),
        ("text\ngood\nbad\n", "text", ()),
        ("Reviews\ngood\nbad\n", "Reviews", ()),
        ("Antwort\nganz gut\nnicht so gut\n", "Antwort", (tables.ONE_HEADER.format("Antwort"),)),
    ],
)
def test_one_column_with_and_without_a_header(
    text: str, column: str, said: tuple[str, ...]
) -> None:
    """No row is lost without a word: oracle, the lines of the file."""
    found = reading.read(text.encode(), "a.csv")
    assert found.columns == (column,) and found.notices == said
    assert found.rows == text.count("\n") - (column != "column 1")


@pytest.mark.parametrize("delimiter", "\t,;| ")
@pytest.mark.parametrize("quoted", [True, False])
@pytest.mark.parametrize("names", ["{}", "doc{}", "x{}y"])
def test_what_r_writes(delimiter: str, quoted: bool, names: str) -> None:
    """R leaves the names of rows without one of their own: oracle, the format of its manual."""
    if delimiter == " " and not quoted:
        return  # no program can tell it
    rows = [["text", "label"]]
    rows += [[names.format(n + 1), text, label] for n, (text, label) in enumerate(PAIRS)]
    write = '"{}"'.format if quoted else str
    text = "\n".join(delimiter.join(map(write, row)) for row in rows)
    is_read(text, "a.csv", delimited.ROW_NAMES)


def test_a_comma_too_many_in_each_row_is_no_name_of_a_row() -> None:
    for text in ("T, really,L\n", "good films,T,L\n", "good, T,L\n"):
        with pytest.raises(DataError, match="expected 2 fields in every row of a.csv, got 3"):
            labelled.read(lines(text).encode(), "a.csv")


@pytest.mark.parametrize(
    "text",
    [
        lines("| T | L |\n", "| text | label |\n|---|---|\n"),
        lines("T | L\n", "text | label\n:--- | ---:\n"),
        lines("|T|L|\n", "|text|label|\n|-|:-:|\n"),
        lines(" T | L\n", " text | label\n------+------\n") + "(12 rows)\n",
        lines("| T | L |\n", "+---+---+\n| text | label |\n+---+---+\n") + "+---+---+\n",
        lines("| T | L |\n+---+---+\n", "+---+---+\n| text | label |\n+===+===+\n"),
        lines("T,L\n", "text,label\n----,-----\n"),
        lines("T\tL\n", "text\tlabel\n----\t-----\n"),
    ],
)
def test_rulers_are_no_rows(text: str) -> None:
    """Tables of Markdown, of psql, mysql and sqlcmd, and of reStructuredText."""
    is_read(text, "a.csv")


def test_tabs_part_fields_whatever_the_quotes() -> None:
    is_read(lines('"T"\tL\n', "text\tlabel\n"), "a.tsv")
    is_read(lines('"T" he said\tL\n', "text\tlabel\n"), "a.tsv", written='"T" he said')
    is_read(lines('"T\tL\n', "text\tlabel\n"), "a.tsv", written='"T')
    is_read(lines('"T\nand more"\tL\n', "text\tlabel\n"), "a.tsv", written="T\nand more")
    is_read(lines('"T ""so"""\tL\n', "text\tlabel\n"), "a.tsv", written='T "so"')


@pytest.mark.parametrize("delimiter", "\t,;|")
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("places", [[(7, 12)], [(7, 8)], [(0, 3), (9, 15)], [(1, 2), (3, 4)]])
def test_no_row_goes_into_a_quote(
    delimiter: str, turned: bool, places: list[tuple[int, int]]
) -> None:
    rows = [[f"film {n}", "pos" if n % 3 else "neg"] for n in range(20)]
    for opens, closes in places:
        rows[opens][0], rows[closes][0] = '"unclosed', f'film {closes}"'
    every = [["text", "label"], *rows]
    text = "\n".join(delimiter.join(row[::-1] if turned else row) for row in every)
    found = labelled.read(text.encode(), "a.tsv")
    assert list(found.texts) == [row[0] for row in rows]
    first = f"line {places[0][0] + 2}"
    count = f"{len(places)} lines, first {first}," if len(places) > 1 else first
    said = f"In {count} a quote opens a field and does not close: it is read as a letter, and each "
    assert found.notices[0] == said + "line as a row."
    assert reading.read(text.encode(), "a.tsv").rows == 20


@pytest.mark.parametrize("delimiter", "\t,;|")
def test_no_row_goes_into_the_quote_of_a_label(delimiter: str) -> None:
    rows = [[f"film {n}", "pos" if n % 3 else "neg"] for n in range(20)]
    rows[2][1], rows[7][1] = '"pos', 'pos"'
    text = "\n".join(delimiter.join(row) for row in [["text", "label"], *rows])
    found = labelled.read(text.encode(), "a.tsv")
    assert list(found.texts) == [row[0] for row in rows]
    assert "In line 4 a quote opens a field and does not close" in found.notices[0]


def test_a_text_in_quotes_that_looks_like_rows_is_said() -> None:
    """Without a column of few kinds nobody knows: it stays one text, and its lines are named."""
    rows = [f"film {n},{n}" for n in range(20)]
    rows[7], rows[12] = '"unclosed,7', 'film twelve",12'
    found = reading.read(("text,id\n" + "\n".join(rows)).encode(), "a.csv")
    assert found.rows == 15
    (said,) = found.notices
    assert said == (
        "Lines 9 to 14 are read as one row, because a quote opens in the first and closes in the "
        "last: if they are rows, delete the two quotes."
    )
    found = reading.read(
        ("text\n" + "\n".join(row.split(",")[0] for row in rows)).encode(), "a.csv"
    )
    assert "Lines 9 to 14 are read as one row" in found.notices[0]


LETTERS = st.text(
    st.sampled_from("ab é\"'\\,;|\t\n#=") | st.characters(exclude_categories=["Cs", "Cc"])
)
WRITTEN = LETTERS.filter(lambda text: bool(text.strip()))


@settings(max_examples=300)
@given(
    rows=st.lists(st.tuples(WRITTEN, st.sampled_from(["pos", "neg"])), min_size=1, max_size=8),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    ends=st.sampled_from(["\n", "\r\n"]),
    sep=st.booleans(),
)
@example([('a,pos\n"b', "pos"), ("c", "neg")], ",", csv.QUOTE_ALL, "\n", False)
def test_what_pythons_csv_writes_comes_back(
    rows: list[tuple[str, str]], delimiter: str, quoting: Any, ends: str, sep: bool
) -> None:
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, quoting=quoting, lineterminator=ends)
    writer.writerows([("text", "label"), *rows])
    text = (f"sep={delimiter}{ends}" if sep else "") + written.getvalue()
    found, said = delimited.read(text, "it")
    if not any("quote" in one for one in said):
        assert found == [["text", "label"], *map(list, rows)]


@settings(max_examples=300)
@given(
    rows=st.lists(st.lists(LETTERS, min_size=2, max_size=4), max_size=8),
    text=LETTERS,
    name=st.sampled_from(["a.csv", "a.tsv", "a.json", "a.jsonl"]),
    delimiter=st.sampled_from(",;\t|"),
)
def test_any_table_is_read_or_refused_in_a_sentence(
    rows: list[list[str]], text: str, name: str, delimiter: str
) -> None:
    whole = "\n".join(delimiter.join(row) for row in rows) + text
    for read in BOTH:
        try:
            read(whole.encode(), name)
        except DataError as failure:
            assert str(failure).startswith("expected ") and "\n" not in str(failure)


OBJECTS = [{"text": text, "label": label} for text, label in PAIRS]
ARRAYS = [list(pair) for pair in PAIRS]
LAYOUTS: dict[str, Any] = {
    "an array": OBJECTS,
    "an array of an object": {"name": "mine", "version": 2, "data": OBJECTS},
    "deeper": {"result": {"items": OBJECTS}},
    "arrays with names": [["text", "label"], *ARRAYS],
    "columns": {"text": [text for text, _ in PAIRS], "label": [label for _, label in PAIRS]},
    "pandas' columns": {
        key: {str(n): row[key] for n, row in enumerate(OBJECTS)} for key in ("text", "label")
    },
    "pandas' index": {str(n): row for n, row in enumerate(OBJECTS)},
    "pandas' split": {"columns": ["text", "label"], "index": list(range(12)), "data": ARRAYS},
    "pandas' table": {"schema": {"fields": [{"name": "text"}]}, "data": OBJECTS},
    "pandas' index with gaps": {
        f"row {n}": row | ({"note": "x"} if n % 2 else {}) for n, row in enumerate(OBJECTS)
    },
    "a number for each row": {str(n): row for n, row in enumerate(ARRAYS)},
    "the Hub's viewer": {
        "features": [{"name": "text"}],
        "rows": [{"row_idx": n, "row": row} for n, row in enumerate(OBJECTS)],
    },
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_every_layout_of_json(layout: str, indent: int | None, name: str) -> None:
    said = [BARE] if layout == "a number for each row" else []
    is_read(json.dumps(LAYOUTS[layout], indent=indent), name, *said)


COLUMNS = LAYOUTS["columns"]
SEVERAL: list[tuple[Any, str]] = [
    ({"test": OBJECTS * 2, "train": OBJECTS}, "train (12 rows) is read, left out: test (24 rows)"),
    ({"train": COLUMNS, "test": COLUMNS}, "train (12 rows) is read, left out: test (12 rows)"),
    (
        {"classes": ["n", "p"], "data": {"dev": OBJECTS[:1], "train": OBJECTS}},
        "train (12 rows) is read, left out: dev (1 row)",
    ),
    ({"meta": [{"n": 1}] * 20, "reviews": OBJECTS}, "reviews (12 rows) is read, left out: meta"),
    (
        {"train": [["text", "label"], *ARRAYS], "test": ARRAYS},
        "train (13 rows) is read, left out: test (12 rows)",
    ),
    (COLUMNS | {"names": ["n", "p"]}, "Arrays of one length are read (text, label), left out: na"),
    (
        {"pos": [t for t, label in PAIRS if label == "p"], "neg": ["a"]},
        "Each array is read as the texts of one label: pos (6 rows), neg (1 row).",
    ),
    (
        {str(n): ["a b", "c"] * 3 for n in range(3)},
        "texts of one label: 0 (6 rows), 1 (6 rows), 2 (6 rows).",
    ),
    (
        {"joy": ["a b"] * 4, "fear": ["c"] * 5, "awe": ["d"] * 6},
        "texts of one label: joy (4 rows), fear (5 rows), awe (6 rows).",
    ),
]


@pytest.mark.parametrize(("value", "said"), SEVERAL)
def test_of_several_arrays_the_one_that_is_read_is_said(value: Any, said: str) -> None:
    found = reading.read(json.dumps(value).encode(), "a.json")
    assert {"text", "label"} == set(found.columns)
    assert any(said in one for one in found.notices)
    read = re.search(r"(\d+) rows?\) is read", said)
    each = "of one label" in said
    rows = sum(map(len, value.values())) if each else int(read[1]) if read else 12
    assert found.rows == rows - ("13 rows" in said)
    if rows > 10:
        brought = labelled.read(json.dumps(value).encode(), "a.json")
        assert len(brought) == found.rows
        assert set(brought.labels) == (set(value) if each else {"n", "p"})


def test_columns_of_other_lengths_are_refused() -> None:
    wrong = json.dumps({"text": ["a", "b"], "label": ["p"]}).encode()
    for read in BOTH:
        with pytest.raises(DataError, match="got 2 values in 'text' and 1 in 'label': give both"):
            read(wrong, "a.json")


def test_json_of_arrays_of_texts_and_of_several_values() -> None:
    is_read(json.dumps(ARRAYS), "a.json", BARE)
    is_read("\n".join(map(json.dumps, ARRAYS)), "a.jsonl", BARE)
    is_read("\n".join(json.dumps(one, indent=1) for one in OBJECTS), "a.jsonl")
    is_read(",\n".join(map(json.dumps, OBJECTS)), "a.json")
    found = reading.read(json.dumps([text for text, _ in PAIRS]).encode(), "a.json", row=3)
    assert (found.text, found.rows) == (PAIRS[3][0], 12)
    # One row alone, with an array of its own.
    found = reading.read(b'{"text": "a film", "tags": ["good", "long"]}', "a.json")
    assert (found.text, found.rows) == ("a film", 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, 2]", "no object in row 1"),
        ('[{"text": "x"}, "y"]', "no object in row 2"),
        ('["x", {"text": "x"}]', "no text in row 2"),
        ('[["x", "y"], ["z"]]', "expected 2 values in every row of a.json, got 1 in row 2"),
        ('{"text": "x"', "no JSON in line 1"),
        ('{"text": "x"}\n\n{"text"\n', "no JSON in line 3"),
        ("[" * 100_000, "no JSON in line 1"),
        ("1" * 5000, "no JSON in line 1"),
        ("null", "no object in line 1"),
    ],
)
def test_json_that_is_no_table_is_refused(text: str, message: str) -> None:
    for read in BOTH:
        with pytest.raises(DataError, match=message):
            read(text.encode(), "a.json")


def test_half_a_character_is_nowhere() -> None:
    table = tables.of_json(json.dumps([{"\ud800a": "x\udc00"}]), "it")
    assert table.columns == ("\ufffda",)
    rows = [{"text": f"{text} \ud83d", "label": label} for text, label in PAIRS]
    assert labelled.read(json.dumps(rows).encode(), "a.json").texts[0] == f"{PAIRS[0][0]} \ufffd"


@pytest.mark.parametrize(
    "text",
    [
        "x,y\n" + '"' * 200_000,
        "x,y\n" + '"a\n' * 100_000,
        "x,y\n" + ('"""a\n' + '""""b\n' * 50) * 1000,
        "x\ty\n" + ('"a\tp\n' + "b\tp\n" * 50 + 'c"\tp\n') * 1000,
        "," * 300_000,
        "x" + "," * 300_000 + "\n" + "y" + "," * 300_000,
        "x,y\n" + "\\" * 200_000,
        "#\n" * 100_000,
        "[" + '{"a":' * 100 + "1" + "}" * 100 + "]",
    ],
)
def test_work_grows_with_the_length_alone(text: str) -> None:
    """A quadratic loop would not come back within the patience of whoever runs this."""
    for read in (tables.of_csv, tables.of_json):
        try:
            read(text, "it")
        except DataError as failure:
            assert "\n" not in str(failure)


def test_every_row_is_there_or_named() -> None:
    for wrong in ("a film\n", "a, film, p\n", "a\n,b\n"):
        with pytest.raises(DataError, match="fields in every row of a.csv, got . in line 14"):
            labelled.read((lines("T,L\n") + wrong).encode(), "a.csv")
