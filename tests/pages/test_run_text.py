"""A training run's network on the Text page: its own answers, tokens and figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from rnnviz.explorer.parts.address import ALL
from rnnviz.runs.store import RunStore
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


def network(app: AppTest) -> Any:
    """The control that chooses the network, whatever number its key has now."""
    (found,) = (one for one in app.segmented_control if one.label == "Network")
    return found


@pytest.mark.parametrize("state", ["running", "paused", "finished", "failed"])
def test_what_is_grey_is_not_taken_from_a_browser(
    store: RunStore, text_page: Open, state: str
) -> None:
    """While a run's network reads, going on or ended, no other network can be chosen beside it.

    Oracle: the page before. A browser can send the value of a control that cannot be used.
    """
    run = reads_tokens(store, state=state)
    app = text_page(run=run.id, cell="lstm")
    before = shown(app)
    assert before[0]["cell"] == "gru", "the run's own, whatever the address says"
    for cell in ("lstm", ALL):
        grey = network(app)
        assert grey.disabled and grey.value == "gru"
        grey.proto.disabled = False  # AppTest's own browser is an honest one
        grey.set_value(cell).run()
        assert not app.exception
        assert shown(app) == before
        assert place(app)["words"]["run"] == run.id
        assert place(app)["words"].get("cell", "gru") == "gru"
    app.button(key="text_leave_run").click().run()
    assert not network(app).disabled and network(app).value == "gru"


def test_a_run_that_is_deleted_gives_the_choice_back(store: RunStore, text_page: Open) -> None:
    run = reads_tokens(store)
    app = text_page(run=run.id)
    assert network(app).disabled
    store.delete(run.id)
    app.run()
    assert not app.exception and "may have been deleted" in app.warning[0].value
    assert not network(app).disabled and shown(app)[0]["name"] == "imdb-gru"
    network(app).set_value("rnn").run()
    assert shown(app)[0]["name"] == "imdb-rnn"


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
