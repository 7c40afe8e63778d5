"""Labelled texts that somebody brings. Oracle: what was written into the files."""

from __future__ import annotations

import json

import pytest

from rnnviz.data import DataError, labelled

ROWS = [(f"film number {n}", "abc"[n % 3]) for n in range(30)]


def csv(header: str, rows: list[tuple[str, str]] = ROWS) -> bytes:
    return "\n".join([header, *(f"{text},{label}" for text, label in rows)]).encode()


def several(label: object, text: object = "t") -> bytes:
    """JSON of twelve rows that are the same."""
    return json.dumps([{"text": text, "label": label}] * 12).encode()


def test_columns_are_guessed_by_name_whatever_their_order() -> None:
    found = labelled.read(csv("Review text,Sentiment"), "mine.CSV")
    assert (found.text_column, found.label_column) == ("Review text", "Sentiment")
    assert found.texts[4] == "film number 4" and len(found) == 30
    assert found.labels == {"a": 10, "b": 10, "c": 10}
    turned = "\n".join(
        json.dumps({"id": 1, "class": label, "comment": text}) for text, label in ROWS
    )
    found = labelled.read(turned.encode(), "mine.jsonl")
    assert found.columns == ("id", "class", "comment")
    assert (found.text_column, found.label_column) == ("comment", "class")


def test_columns_can_be_chosen() -> None:
    lines = "\n".join(["x,y,z", *(f"t{n},u{n},{n % 2}" for n in range(20))]).encode()
    found = labelled.read(lines, "a.csv")
    assert (found.text_column, found.label_column) == ("x", "z")
    found = labelled.read(lines, "a.csv", text_column="y", label_column="z")
    assert found.texts[0] == "u0" and found.labels == {"0": 10, "1": 10}


def test_what_to_know_is_said() -> None:
    rows = [(f"t{n}", "good" if n else "bad") for n in range(12)]
    said = " ".join(labelled.read(csv("text,label", rows), "a.csv").notices)
    assert "92 % of the texts are “good”" in said and "fewer than 5 texts of bad" in said
    assert "12 texts are few" in said
    plenty = [(f"t{n}", str(n % 2)) for n in range(300)]
    assert labelled.read(csv("text,label", plenty), "a.csv").notices == ()


@pytest.mark.parametrize(
    ("data", "name", "sentence"),
    [
        (b"text,label\nx,1\ny,0\n", "few.csv", "at least 10 texts to learn from in few.csv, got 2"),
        (csv("text,label", [(f"t{n}", str(n)) for n in range(30)]), "a.csv", "two to 20 kinds"),
        (csv("text,label", [("t", "x" * 200), ("t", "y")] * 10), "a.csv", "at most 100 letters"),
        (b"text\n" + b"x\n" * 20, "a.csv", "expected two columns in a.csv"),
        (b"", "a.parquet", "got an empty file"),
        (b"\x00\x01\x02", "a.csv", "a.csv"),
        (b"text,label\n", "../../etc/a.csv", "without any"),
        (b"x", "a.xlsx", "ends in .csv"),
        (b"x", "", "ends in .csv"),
        (csv("text,label", [(f"t{n}", f"L{n}") for n in range(12)]), "a.csv", "labels that come a"),
        (b"text^label\n" + b"x^y\n" * 12, "a.csv", "or part them by commas, semicolons, tabs or"),
        (b"text,label\n'a, b',y\n", "a.csv", r'in double quotes \("\)'),
        (csv("text,label", [("t", " ")] * 12), "a.csv", "got none in row 1: fill it in"),
        (several(["x", "y"]), "a.json", "got list in row 1: write one label a row"),
        (several({"x": 1}), "a.json", "got dict in row 1: write one label a row"),
        (several("x", text=["a"]), "a.json", "got list in row 1: write one object a row"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(
    data: bytes, name: str, sentence: str
) -> None:
    with pytest.raises(DataError, match=sentence) as caught:
        labelled.read(data, name)
    said = str(caught.value)
    assert "\n" not in said and "/tmp" not in said and "etc" not in said


def test_a_list_of_one_label_is_that_label() -> None:
    """As programs for labelling write it; the oracle is the same file without the lists."""
    rows = [{"text": f"t{n}", "label": "pn"[n % 2]} for n in range(12)]
    lists = [row | {"label": [row["label"]]} for row in rows]
    found, wanted = (labelled.read(json.dumps(one).encode(), "a.json") for one in (lists, rows))
    assert found == wanted


def test_the_same_column_twice_is_refused() -> None:
    with pytest.raises(DataError, match="two different columns of a.csv"):
        labelled.read(csv("text,label"), "a.csv", text_column="text", label_column="text")
    with pytest.raises(DataError, match="column 'said' in a.csv"):
        labelled.read(csv("text,label"), "a.csv", text_column="said")
