"""The figure of units on the Text page, over somebody's own texts. Oracle: what was uploaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from streamlit.testing.v1 import AppTest

from rnnviz import parsing
from rnnviz.analysis import reactions
from rnnviz.data import sentences
from rnnviz.explorer.text import readings
from rnnviz.explorer.text.figures import units
from tests.pages.conftest import Open
from tests.pages.test_text import place, upload
from tests.pages.texts import save_text_models

ROWS = [one.text for one in sentences.load("train", count=60)]
TABLE = ("review,number\n" + "".join(f'"{row}",1\n' for row in ROWS)).encode()


@pytest.fixture(autouse=True)
def models(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, fresh_caches: None
) -> Iterator[None]:
    folder: Path = tmp_path_factory.mktemp("text-models")
    save_text_models(folder)
    monkeypatch.setenv("RNNVIZ_MODELS", str(folder))
    yield
    readings.forget()
    units.forget()


def ask(app: AppTest) -> AppTest:
    """The figure of units, as the browser asks for it after the theatre was painted."""
    app.button_group(key="text_figure").set_value("units").run()
    app.session_state["text_place"] = {"asked": place(app)["ask"]}
    return app.run()


def captions(app: AppTest) -> str:
    return "\n".join(one.value for one in app.caption)


def test_a_table_of_ones_own_is_parsed_once_and_read_within_a_budget(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reactions, "MOST_TOKENS", 400)
    app = open_page("pages/text.py")
    upload(app, "mine.csv", TABLE)
    with patch.object(parsing, "snippets", wraps=parsing.snippets) as parsed:
        ask(app)
        assert "Read are" not in captions(app)
        app.button_group(key="text_units_source").set_value(units.OWN).run()
        app.run()
        assert parsed.call_count == 1
    assert not app.exception and not app.info
    encoded = [readings.tokenizer("imdb-lstm").encode(row) for row in ROWS]
    read = next(n for n in range(60) if sum(map(len, encoded[: n + 1])) > 400)
    assert 5 < read < 60
    assert f"Read are the first {read} of 60 texts." in captions(app)


def test_few_paragraphs_are_no_corpus(open_page: Open) -> None:
    app = ask(open_page("pages/text.py"))
    assert not app.exception and not app.info
    assert not any(one.key == "text_units_source" for one in app.button_group)


def test_all_texts_are_said_to_be_read_and_long_ones_to_be_cut() -> None:
    texts = (*ROWS[:6], "A lovely film. " * 100)
    states, _ = units.read_by("imdb-gru", "these", texts)
    assert units._how_much(states, 7) == (
        "Read are all 7 texts, of long ones the beginning and the end, 200 tokens in all."
    )
    states, _ = units.read_by("imdb-gru", "those", texts[:6])
    assert units._how_much(states, 6) == "Read are all 6 texts."
