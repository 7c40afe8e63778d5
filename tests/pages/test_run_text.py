"""A training run's network on the Text page: its own answers, tokens and figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnnviz.runs import RunStore
from tests.pages.conftest import Open
from tests.pages.runs import MOODS, made, reads_rows, reads_tokens
from tests.pages.texts import heard, place, shown, write


@pytest.fixture
def store(tmp_path: Path, text_page: Open, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    monkeypatch.setenv("RNNVIZ_RUNS", str(tmp_path / "runs"))
    return RunStore()


def words(app: object) -> str:
    kinds = ("markdown", "caption", "warning", "info", "header")
    return " ".join(str(one.value) for kind in kinds for one in getattr(app, kind))


def test_the_network_of_a_run_reads_the_text(store: RunStore, text_page: Open) -> None:
    run = reads_tokens(store, name="moods")
    app = text_page(run=run.id)
    assert not app.exception
    [read] = shown(app)
    assert read["classes"] == list(MOODS) and read["cell"] == "gru"
    assert read["truth"] is None  # positive and negative mean nothing to it
    assert read["name"].startswith(run.model_name)
    assert any(f"The GRU says {mood}" in app.header[0].value for mood in MOODS)
    assert "angry, calm, glad" in words(app) and "film reviews" not in words(app)
    assert place(app)["words"]["run"] == run.id
    write(app, "a good film")
    assert not app.exception
    assert "".join(shown(app)[0]["tokens"]) == "a good film"
    app.button(key="text_leave_run").click().run()
    assert shown(app)[0]["name"] == "imdb-gru" and "run" not in place(app)["words"]


@pytest.mark.parametrize("figure", ["why", "line", "units", "padding", "gates"])
def test_every_figure_speaks_of_it_or_says_why_not(
    store: RunStore, text_page: Open, figure: str
) -> None:
    run = reads_tokens(store)
    app = text_page(run=run.id, figure=figure)
    heard(app)
    assert not app.exception
    assert "Text could not" not in words(app) and "could not be" not in words(app)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (reads_rows, "open it on the Digits page"),
        (made, "has no network yet"),
        (None, "may have been deleted"),
    ],
)
def test_what_does_not_fit_is_a_sentence_and_the_bundled_network_reads(
    store: RunStore, text_page: Open, make: object, said: str
) -> None:
    id = make(store).id if make else "0123456789abcdef"
    app = text_page(run=id)
    assert not app.exception
    assert said in app.warning[0].value and "comes with the page" in app.warning[0].value
    assert shown(app)[0]["name"] == "imdb-lstm"
