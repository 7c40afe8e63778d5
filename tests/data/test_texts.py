"""Labelled texts. Oracles: the rows that were written, by csv, json and pyarrow themselves."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as arrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from rnnviz.data import DataError, MissingDataError, imdb, texts
from rnnviz.data.documents.decoding import decode

ROWS = [
    {"text": "Good, really good.", "label": 1, "stars": 8},
    {"text": 'He said "no" to it\nand left.', "label": 0, "stars": 2},
    {"text": "Über café ☕ طيب", "label": 1, "stars": 7},
]


def write(path: Path, rows: list[dict[str, Any]], encoding: str = "utf-8") -> Path:
    if path.suffix == ".parquet":
        parquet.write_table(arrow.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding=encoding)
    else:
        with path.open("w", encoding=encoding, newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter=",;\t"[len(rows) % 3])
            writer.writeheader()
            writer.writerows(rows)
    return path


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
def test_every_kind_of_file_gives_the_rows_that_were_written(ending: str, tmp_path: Path) -> None:
    found = texts.read(write(tmp_path / f"mine.{ending}", ROWS))
    assert found.texts == tuple(row["text"] for row in ROWS)
    assert found.labels.tolist() == [1, 0, 1] and found.names == ("0", "1")


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_two_columns_are_chosen(ending: str, tmp_path: Path) -> None:
    rows = [
        {"review": "fine", "id": 1, "verdict": "POS"},
        {"review": "poor", "id": 2, "verdict": "NEG"},
        {"review": "dull", "id": 3, "verdict": "NEG"},
        {"review": "fun", "id": 4, "verdict": "POS"},
    ]
    path = write(tmp_path / f"mine.{ending}", rows)
    found = texts.read(path, text_column="review", label_column="verdict")
    assert found.texts == ("fine", "poor", "dull", "fun")
    assert found.names == ("NEG", "POS") and found.labels.tolist() == [1, 0, 0, 1]
    assert texts.columns(path) == ("review", "id", "verdict")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_encodings_are_told(encoding: str, tmp_path: Path) -> None:
    rows = [
        {"text": f"Le café était très agréable, déjà vu numéro {number}.", "label": number % 2}
        for number in range(40)
    ]
    found = texts.read(write(tmp_path / "mine.csv", rows, encoding))
    assert found.texts == tuple(row["text"] for row in rows)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_whatever_is_utf_8_comes_back(text: str) -> None:
    assert decode(text.encode("utf-8-sig"), "it").text == text
    assert decode(text.encode("utf-16"), "it").text == text


def test_a_text_in_another_alphabet_is_not_taken_for_a_mixture() -> None:
    text = "这部电影非常好看，我很喜欢，演员的表演也很精彩。" * 20
    assert decode(text.encode("gb18030"), "it").text == text
    text = "Этот фильм мне очень понравился, актёры играли прекрасно. " * 20
    assert decode(text.encode("cp1251"), "it").text == text


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"%PDF-1.7 text", "got a PDF"),
        (b"PK\x03\x04....", "Office document"),
        (bytes(range(256)) * 4, "binary"),
        (b"text\x00\x01\x02, label\n", "binary"),
        ("é è à\nü ö\n".encode() + "é".encode("cp1252"), "mixed with another in it.*line 3"),
        (b"\xff\xfe\x00", "expected UTF-16-LE"),
        (b"a" * 1001, "at most 0 MB"),
    ],
)
def test_what_is_no_text_is_told(contents: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        decode(contents, "it", most_bytes=1024 if len(contents) != 1001 else 1000)


def refused(path: Path, message: str, **columns: str) -> None:
    with pytest.raises(DataError, match=message) as failure:
        texts.read(path, **columns)
    told = str(failure.value)
    assert told.startswith("expected ") and "\n" not in told and ": " in told


def test_bad_files_are_told_in_one_sentence(tmp_path: Path) -> None:
    def file(name: str, contents: bytes | str) -> Path:
        path = tmp_path / name
        path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
        return path

    refused(tmp_path / "gone.csv", "got none: check the path")
    refused(tmp_path, "ends in .csv")
    refused(file("a.docx", "text,label\n"), r"ends in \.csv.*a\.docx")
    for ending in ("csv", "jsonl", "parquet"):
        refused(file(f"a.{ending}", ""), "got an empty file")
        refused(file(f"a.{ending}", b"%PDF-1.4\n" + bytes(range(256))), f"a.{ending}")
    refused(file("a.csv", "text,label\n"), "without any")
    refused(file("a.jsonl", "\n \n"), "without any")
    refused(file("a.csv", "review,label\nx,1\n"), "column 'text' in .* columns review, label")
    refused(file("a.csv", "text,label\nx,1\n"), "column 'verdict'", label_column="verdict")
    refused(file("a.csv", "text,label\nx, y,1\n"), "got 3 in line 2: put texts")
    refused(file("a.csv", 'text,label\n"x,1\n'), "line 2: check its quotes")
    refused(file("a.csv", "text,label\nx,1\ny,1\n"), r"of two kinds .* got 1 \('1'\)")
    refused(file("a.csv", "text,label\n" + "".join(f"x,{n}\n" for n in range(9))), "5 more")
    refused(file("a.csv", "text,label\n ,1\nx,0\n"), "got none in row 1")
    refused(file("a.csv", "text,label\nx,1\ny,\n"), "a label in column 'label' .* row 2")
    refused(file("a.jsonl", '{"text": "x", "label": 1}\n[1]\n'), "no object in line 2")
    refused(file("a.jsonl", '{"text": "x", "label": 1}\n{"text"\n'), "no JSON in line 2")
    refused(file("a.jsonl", '{"text": 3, "label": 1}\n'), "got int in row 1")
    refused(file("a.jsonl", '{"text": "x", "label": {}}\n'), "a label in column 'label'")
    refused(file("a.jsonl", '{"text": "x", "label": NaN}\n'), "a label in column 'label'")
    parquet.write_table(arrow.table({"text": [], "label": []}), tmp_path / "a.parquet")
    refused(tmp_path / "a.parquet", "without any")
    refused(file("a.parquet", "PAR1 this is none PAR1"), "no Parquet file")


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    path.touch()
    with path.open("r+b") as file:
        file.truncate(200_000_000)  # sparse: takes no disk
    refused(path, "at most 150 MB, got 200 MB")


@pytest.mark.parametrize("encoding", ["DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"])
def test_texts_that_repeat_each_other_are_read(encoding: str, tmp_path: Path) -> None:
    """A row may say "as before, but for the end"."""
    path = tmp_path / "a.parquet"
    parquet.write_table(
        arrow.Table.from_pylist(ROWS), path, use_dictionary=False,
        column_encoding={"text": encoding, "label": "PLAIN", "stars": "PLAIN"},
    )  # fmt: skip
    assert texts.read(path).texts == tuple(row["text"] for row in ROWS)


def test_groups_without_rows_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = arrow.Table.from_pylist(ROWS)
    with parquet.ParquetWriter(path, table.schema) as writer:
        for part in (table.slice(0, 0), table, table.slice(0, 0)):
            writer.write_table(part)
    assert parquet.ParquetFile(path).num_row_groups == 3
    assert texts.read(path).texts == tuple(row["text"] for row in ROWS)


@pytest.mark.parametrize("value", [["a", "b"], b"abc", {"x": 1}])
def test_columns_of_anything_but_texts_and_numbers_are_refused(
    value: object, tmp_path: Path
) -> None:
    path = tmp_path / "a.parquet"
    rows = [{"text": value, "review": "fine", "label": n} for n in (0, 1)]
    parquet.write_table(arrow.Table.from_pylist(rows), path)
    refused(path, f"expected a text in column 'text' of .*, got {type(value).__name__} in row 1")
    assert texts.read(path, text_column="review").texts == ("fine", "fine")


def test_line_breaks_of_html_become_line_ends() -> None:
    assert texts.clean("one <br /><br/>two<BR>three < 4 <b>") == "one\n\ntwo\nthree < 4 <b>"


def test_classes_are_fitted_to_those_of_a_model() -> None:
    def names(*own: str) -> texts.LabelledTexts:
        return texts.LabelledTexts(("a", "b", "c"), np.array([0, 1, 1]), own, "it")

    for own in (("0", "1"), ("neg", "pos"), ("Negative", "Positive")):
        assert texts.fitted(names(*own), texts.SENTIMENT).labels.tolist() == [0, 1, 1]
    assert texts.fitted(names("ham", "spam"), ("spam", "ham")).labels.tolist() == [1, 0, 0]
    assert texts.fitted(names("0", "1"), ("spam", "ham")).labels.tolist() == [0, 1, 1]
    with pytest.raises(DataError, match="labels negative and positive in it, got others.*'ham'"):
        texts.fitted(names("ham", "spam"), texts.SENTIMENT)


def named(*own: str) -> texts.LabelledTexts:
    return texts.LabelledTexts(own, np.arange(len(own)), own, "it")


@pytest.mark.parametrize(
    ("own", "places"),
    [
        (("bad", "fair", "good"), [0, 1, 2]),
        (("good", "bad"), [2, 0]),
        (("fair",), [1]),
        (("Good", "FAIR"), [2, 1]),
        (("good", "Good", "bad"), [2, 2, 0]),
    ],
)
def test_a_file_has_some_of_the_classes_of_a_model(own: tuple[str, ...], places: list[int]) -> None:
    found = texts.fitted(named(*own), ("bad", "fair", "good"))
    assert found.labels.tolist() == places and found.names == ("bad", "fair", "good")
    said = ("'good' and 'Good' are read as good.",) if len(own) > len(set(places)) else ()
    assert found.notices == said


@pytest.mark.parametrize(
    ("own", "wanted", "places"),
    [
        (("1.0", "2", "03"), ("1", "2", "3"), [0, 1, 2]),
        (("1e1", "9.5"), ("9.5", "10"), [1, 0]),
        (("-1", "+1"), ("1", "-1"), [1, 0]),
        (("pos",), texts.SENTIMENT, [1]),
        (("1",), ("Positive", "Negative"), [0]),
        (("yes", "no"), ("pos", "neg"), [0, 1]),
        (("Pos", "pos"), ("pos", "Pos"), [1, 0]),
        (("1.1", "1.10"), ("1.1", "1.10"), [0, 1]),
    ],
)
def test_labels_are_matched_as_numbers_and_pairs(
    own: tuple[str, ...], wanted: tuple[str, ...], places: list[int]
) -> None:
    assert texts.fitted(named(*own), wanted).labels.tolist() == places


@pytest.mark.parametrize(
    ("own", "wanted", "unknown"),
    [
        (("bad", "mixed", "good"), ("bad", "fair", "good"), r"others \('mixed'\)"),
        (("0", "1", "2"), ("bad", "fair", "good"), "'0', '1', '2'"),
        (("0", "1"), ("bad", "fair", "good"), "'0', '1'"),
        (("4",), ("1", "2", "3"), "'4'"),
        (("neg", "yes"), texts.SENTIMENT, "'neg', 'yes'"),
        (("POS",), ("Pos", "pos"), "'POS'"),
        (tuple("abcdefgh"), ("x", "y"), "and 3 more"),
    ],
)
def test_labels_that_a_model_does_not_know_are_named(
    own: tuple[str, ...], wanted: tuple[str, ...], unknown: str
) -> None:
    with pytest.raises(DataError, match=f"expected the labels {wanted[0]}.*{unknown}.*rename"):
        texts.fitted(named(*own), wanted)


@pytest.mark.parametrize(
    ("values", "names", "notices"),
    [
        (["10", "9", "1"], ("1", "9", "10"), 0),
        (["10.0", "9.0", "10", "1.50"], ("1.50", "9", "10"), 0),
        (["-2", "1e1", ".5"], ("-2", ".5", "1e1"), 0),
        (["b10", "b9"], ("b10", "b9"), 0),
        (["pos", "Neg"], ("Neg", "pos"), 0),
        (["pos", "Pos", "neg"], ("neg", "Pos", "pos"), 1),
        (["01", "1", "2"], ("01", "1", "2"), 1),
        (
            ["\u00e9", "e\u0301", "x"],
            ("e\u0301", "x", "\u00e9"),
            1,
        ),  # the same letter, in two forms
        (["nan", "inf", "1_0"], ("1_0", "inf", "nan"), 0),
    ],
)
def test_the_order_of_labels(
    values: list[str], names: tuple[str, ...], notices: int, tmp_path: Path
) -> None:
    path = write(tmp_path / "mine.csv", [{"text": "so so", "label": one} for one in values])
    found = texts.read(path, most_classes=9)
    assert found.names == names and len(found.notices) == notices
    assert [found.names[place] for place in found.labels] == [
        one.removesuffix(".0") for one in values
    ]
    for notice in found.notices:
        assert "write them alike if they are one" in notice


def test_progress_is_told() -> None:
    seen = []

    def track(rows: Any, count: int | None) -> Any:
        seen.append(count)
        return rows

    path = Path(__file__).parent / "gone.csv"
    assert not path.exists()
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        texts.read(write(Path(folder) / "a.parquet", ROWS), track=track)
        texts.read(write(Path(folder) / "a.csv", ROWS), track=track)
    assert seen == [3, 3]


@pytest.mark.parametrize("inside", ["imdb", "."])
@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_reviews_are_found_in_the_folder(
    ending: str, inside: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RNNVIZ_DATA", str(tmp_path))
    (tmp_path / inside).mkdir(exist_ok=True)
    write(tmp_path / inside / f"test.{ending}", ROWS)
    found = imdb.load("test")
    assert found.names == ("negative", "positive") and found.labels.tolist() == [1, 0, 1]
    with pytest.raises(MissingDataError, match=r"train\.parquet.*RNNVIZ_DATA.*sentences"):
        imdb.load("train")
    with pytest.raises(DataError, match="'validation'"):
        imdb.load("validation")


def test_no_network_is_told_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("datasets")
    monkeypatch.setenv("RNNVIZ_DATA", str(tmp_path))
    code = "from rnnviz.data import imdb, DataError\ntry: imdb.load(download=True)\n"
    code += "except DataError as failure: print(failure)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**__import__("os").environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.startswith("IMDb could not be downloaded (")
    assert len(done.stdout.splitlines()) == 1 and not (tmp_path / "imdb").exists()


def test_a_download_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Hub's rows, without a Hub."""
    datasets = pytest.importorskip("datasets")
    asked = []

    def load_dataset(*words: str, **options: object) -> list[dict[str, object]]:
        asked.append((words, options))
        return ROWS

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    monkeypatch.setenv("RNNVIZ_DATA", str(tmp_path))
    first, again = imdb.load(download=True), imdb.load()
    assert asked == [(("stanfordnlp/imdb",), {"split": "train", "streaming": True})]
    assert first.texts == again.texts == tuple(row["text"] for row in ROWS)


def test_the_reviews_here_are_those_of_2011(
    imdb_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RNNVIZ_DATA", str(imdb_folder))
    found = imdb.load("test")
    assert len(found) == 25_000 and found.labels.sum() == 12_500
    assert not any("<br" in text for text in found.texts)


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys, rnnviz.data.imdb, rnnviz.data.sentences\n"
        "print([m for m in ('torch', 'pyarrow', 'datasets', 'tokenizers', 'pandas', "
        "'charset_normalizer') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
