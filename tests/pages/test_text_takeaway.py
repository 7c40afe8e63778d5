"""What can be taken away from the Text page. Oracle: what stands in its theatre."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnviz.data.passages import PASSAGES
from rnnviz.explorer.text import exhibit, files, readings, takeaway
from rnnviz.explorer.text.address import TextAddress
from rnnviz.explorer.text.choices import TextChoices
from rnnviz.explorer.text.exhibit import Task, Text
from rnnviz.models import checkpoint, tokens
from rnnviz.models.reader import prefix_ends, read_text
from rnnviz.nn.trace import Trace
from rnnviz.theatre.tints import Tint
from rnnviz.theatre.view import View
from tests.pages.conftest import Open
from tests.pages.texts import save_text_models

FIRST = exhibit.passage(PASSAGES[0].key)
OTHER = Text("It was not bad at all,\n a lovely film.", "the text you pinned")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("text-models")
    save_text_models(found)
    return found


@pytest.fixture(autouse=True)
def models(folder: Path, monkeypatch: pytest.MonkeyPatch, fresh_caches: None) -> Iterator[None]:
    monkeypatch.setenv("RNNVIZ_MODELS", str(folder))
    yield
    readings.forget()


def choices(**view: Any) -> TextChoices:
    address = TextAddress()
    return TextChoices(address, FIRST, FIRST.words, FIRST.words, view=View(**view))


def sent(html: str) -> dict[str, Any]:
    found = re.search('id="readings">(.*?)</script>', html)
    assert found
    return json.loads(found[1])


def tint(count: int) -> Tint:
    return Tint("occlusion", "Occlusion", "", np.arange(count) / 10, -1, 1, "", "")


def test_the_npz_knows_its_tokens(tmp_path: Path) -> None:
    path = tmp_path / "trace.npz"
    path.write_bytes(takeaway.trace_file(Task("imdb-gru", OTHER), "npz"))
    encoded = readings.encoded("imdb-gru", OTHER.words)
    reading = readings.reading("imdb-gru", OTHER)
    with np.load(path, allow_pickle=False) as stored:
        found = {name: stored[name] for name in stored.files}
    assert found["tokens"].tolist() == [piece.strip() for piece in encoded.pieces]
    assert found["ids"].tolist() == encoded.ids.tolist()
    places = [OTHER.words[start:end] for start, end in found["spans"].tolist()]
    assert "".join(places) == OTHER.words
    assert found["unknown"].tolist() == encoded.unknown.tolist()
    assert found["classes"].tolist() == ["negative", "positive"]
    assert np.array_equal(found["probabilities"], reading.probabilities)
    assert np.array_equal(found["attention"], reading.attention)
    assert found["left_out"].shape == (0,)
    hidden = reading.layers[0].backward["hidden"]
    assert found["layer0.backward.hidden"][0] == pytest.approx(hidden, abs=1e-6)
    assert len(Trace.load_npz(path).layers) == 1


def test_the_csv_names_the_token_of_each_value() -> None:
    data = takeaway.trace_file(Task("imdb-lstm", OTHER), "csv").decode()
    rows = list(csv.DictReader(io.StringIO(data)))
    assert tuple(rows[0]) == files.HEADER
    reading = readings.reading("imdb-lstm", OTHER)
    encoded = readings.encoded("imdb-lstm", OTHER.words)
    pieces = [piece.strip() for piece in encoded.pieces]
    assert all(row["token"] == pieces[int(row["step"])] for row in rows)
    gates = [row for row in rows if row["layer"]]
    assert len(gates) == len(pieces) * 2 * 6 * 8
    for row in gates[:: len(gates) // 50]:
        layer = reading.layers[int(row["layer"])].directions[row["direction"]]
        if row["signal"] in layer:
            value = layer[row["signal"]][int(row["step"]), int(row["unit"])]
            assert float(row["value"]) == pytest.approx(value, abs=1e-6)
    attention = [float(row["value"]) for row in rows if row["signal"] == "attention"]
    assert attention == pytest.approx(reading.attention)
    last = [row for row in rows if row["signal"] == "probability"][-1]
    assert last["unit"] == "positive"
    assert float(last["value"]) == pytest.approx(reading.probabilities[-1, 1])
    ends = [(row["signal"], row["value"]) for row in rows if row["step"] == "2"][:3]
    start, end = encoded.spans[2].tolist()
    assert ends == [("id", str(encoded.ids[2])), ("start", str(start)), ("end", str(end))]


def test_what_was_left_out_and_not_worked_out_stands_in_the_file(tmp_path: Path) -> None:
    words = "A lovely film. " * 400 + "x" + " " * 100_000
    encoded = tokens.load("imdb-rnn").encode(words, 500)
    model = checkpoint.load("imdb-rnn")
    reading = read_text(model, encoded, name="imdb-rnn")
    found = files.arrays(encoded, reading)
    left = encoded.left_out
    assert left is not None
    assert found["left_out"].tolist() == [(left.after, left.tokens, left.start, left.end)]
    answered = np.flatnonzero(~np.isnan(found["probabilities"][:, 0])) + 1
    assert tuple(answered.tolist()) == prefix_ends(500) != tuple(range(1, 501))
    assert np.array_equal(found["probabilities"][-1], reading.probabilities[-1])
    # A hundred thousand spaces behind a word make no array of a hundred thousand columns.
    assert found["tokens"].nbytes < 1e5
    import torch

    trace = model.trace(torch.from_numpy(encoded.ids)[None], prefix_ends=[500]).recurrent
    files.save_csv(trace, encoded, reading, tmp_path / "a.csv")
    (gap,) = [
        line for line in (tmp_path / "a.csv").read_text().splitlines() if "tokens_left_out" in line
    ]
    assert gap.startswith(f",,tokens_left_out,{left.after},") and gap.endswith(f",{left.tokens}")


def test_the_saved_page_has_the_colours_and_the_view_of_the_screen() -> None:
    tasks = tuple(Task(f"imdb-{cell}", FIRST) for cell in ("lstm", "gru"))
    chosen = choices(tint="occlusion", step=3)
    count = len(readings.encoded("imdb-gru", FIRST.words))
    chosen.tint(tasks[1], [tint(count)])
    found = sent(takeaway.page_file(tasks, chosen))
    assert [len(one) for one in found["tints"]] == [0, 1]
    assert found["tints"][1][0] == tint(count).to_payload()
    assert found["view"] == View(tint="occlusion", step=3).to_json()
    assert "".join(found["readings"][0]["tokens"]) == FIRST.words


def test_the_saved_page_holds_no_text_that_is_not_named() -> None:
    task = Task("imdb-gru", FIRST, ghost=OTHER)
    found = sent(takeaway.page_file((task,), choices()))
    assert found["readings"][0]["ghost"] and OTHER.source in found["options"]["about"]
    assert OTHER.source in takeaway._held((task,))
    beside = (Task("imdb-gru", FIRST), Task("imdb-gru", OTHER, title="GRU, pinned text"))
    # The focus may still be that of three cells that were shown before.
    (only,) = sent(takeaway.page_file(beside, choices(focus=2)))["readings"]
    assert "".join(only["tokens"]) == FIRST.words and only["ghost"] is None
    assert takeaway._in_focus(choices(focus=2), beside)[0] == beside[0]
    assert "not the pinned one" in takeaway._held(beside)


def test_the_page_offers_files_and_code(open_page: Open) -> None:
    app = open_page("pages/text.py")
    assert not app.exception
    (lines,) = [one.value for one in app.code]
    assert f'exhibit.passage("{PASSAGES[0].key}")' in lines
    assert any("show exactly this view" in one.value for one in app.caption)
