"""A training run's network on the Digits page: shown for what it is, or one sentence instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnnviz.explorer.digits import readings as kept_models
from rnnviz.models import places
from rnnviz.runs.store import RunStore
from tests.pages.conftest import Open
from tests.pages.runs import CLOTHES, made, reads_rows, reads_tokens
from tests.pages.test_figures import drawn
from tests.pages.texts import place, shown, theatres

PAGE = "pages/digits.py"


@pytest.fixture
def store(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    monkeypatch.setenv("RNNVIZ_RUNS", str(tmp_path / "runs"))
    return RunStore()


def words(app: object) -> str:
    kinds = ("markdown", "caption", "warning", "info", "header")
    return " ".join(str(one.value) for kind in kinds for one in getattr(app, kind))


def test_the_network_of_a_run_reads_the_digit(store: RunStore, open_page: Open) -> None:
    run = reads_rows(store, name="my *own* run")
    app = open_page(PAGE, run=run.id, sample="8")
    assert not app.exception
    said = words(app)
    assert "my \\*own\\* run" in said and "75\\.0\u00a0% right" in said
    [read] = shown(app)
    assert read["cell"] == "gru" and read["truth"] == "3"
    assert read["name"].startswith(run.model_name)
    assert theatres(app)[0]["options"]["title"] == "“my *own* run”: GRU, mean readout"
    assert place(app)["words"]["run"] == run.id
    assert app.segmented_control(key="digits_cell").disabled
    app.button(key="digits_leave_run").click().run()
    assert not app.exception
    assert "run" not in place(app)["words"]
    assert shown(app)[0]["name"] == "mnist-gru"


def test_what_is_grey_is_not_taken_from_a_browser(store: RunStore, open_page: Open) -> None:
    """A browser can send the value of a control that cannot be used."""
    run = reads_rows(store)
    app = open_page(PAGE, run=run.id)
    before = shown(app)
    for key, value in (("digits_cell", "lstm"), ("digits_readout", "last")):
        assert app.segmented_control(key=key).disabled
        app.session_state[key] = value
        app.run()
        assert not app.exception
        assert shown(app) == before
        assert place(app)["words"]["run"] == run.id
        assert "cell" not in place(app)["words"] or place(app)["words"]["cell"] == "gru"


def test_classes_are_those_it_was_trained_with(store: RunStore, open_page: Open) -> None:
    run = reads_rows(store, "fashion-mnist")
    app = open_page(PAGE, run=run.id, sample="8", pin="2")
    assert not app.exception
    [read] = shown(app)
    assert read["classes"] == list(CLOTHES)
    assert read["truth"] is None  # that a digit is a 3 says nothing about clothes
    assert "T\\-shirt, Trouser" in words(app)
    assert "Fashion" in words(app) and "digits" not in shown(app)[0]["name"]


@pytest.mark.parametrize("figure", ["gates", "path", "why", "early"])
def test_every_figure_speaks_of_it_or_says_why_not(
    store: RunStore, open_page: Open, figure: str
) -> None:
    run = reads_rows(store)
    app = open_page(PAGE, run=run.id, figure=figure)
    app.run()
    assert not app.exception
    assert "could not be drawn" not in words(app)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (reads_tokens, "open it on the Text page"),
        (made, "has no network yet"),
        (None, "may have been deleted"),
    ],
)
def test_what_does_not_fit_is_a_sentence_and_the_bundled_network_reads(
    store: RunStore, open_page: Open, make: object, said: str
) -> None:
    id = make(store).id if make else "0123456789abcdef"
    app = open_page(PAGE, run=id)
    assert not app.exception
    [warning] = app.warning
    assert said in warning.value and "comes with the page" in warning.value
    assert shown(app)[0]["name"] == "mnist-lstm"
    assert "run" not in place(app)["words"]


def test_nonsense_in_the_address_is_one_sentence(store: RunStore, open_page: Open) -> None:
    app = open_page(PAGE, run="../../etc/passwd")
    assert not app.exception
    assert "training run" in app.warning[0].value


def test_a_run_that_is_deleted_or_changed_is_not_kept(store: RunStore, open_page: Open) -> None:
    run = reads_rows(store)
    app = open_page(PAGE, run=run.id)
    first = shown(app)[0]["name"]
    import shutil

    shutil.rmtree(run.model_folder)
    other = reads_rows(store)
    other.model_folder.rename(run.model_folder)
    app.run()
    assert not app.exception
    second = shown(app)[0]["name"]
    assert second.startswith(run.model_name) and second != first  # another network, another name
    with pytest.raises(ValueError, match="a later one of the same training run"):
        kept_models.model.__wrapped__(first)
    store.delete(run.id)
    app.run()
    assert not app.exception
    assert "may have been deleted" in app.warning[0].value
    assert shown(app)[0]["name"] == "mnist-gru"
    app.run()
    assert not app.warning  # said once


def test_three_cells_and_a_run_do_not_go_together(store: RunStore, open_page: Open) -> None:
    run = reads_rows(store)
    app = open_page(PAGE, run=run.id, cell="all", pin="2", beside="1")
    assert not app.exception
    assert len(shown(app)) == 2
    assert all(one["name"].startswith("run.") for one in shown(app))


def test_a_folder_elsewhere_is_found_by_name(store: RunStore) -> None:
    assert places.runs_folder()[0] == store.folder


def test_labels_of_a_network_that_was_brought_are_text(store: RunStore, open_page: Open) -> None:
    """A link shows them to others: no picture is fetched from elsewhere, nothing is a link."""
    label = "![x](https://evil.example/x.png) :red[no] <b>"
    run = reads_rows(store, labels=tuple(f"{label} {n}" for n in range(10)))
    app = drawn(open_page(PAGE, run=run.id, sample="8", figure="why"))
    assert not app.exception and app.get("plotly_chart")
    said = [one.value for kind in ("markdown", "caption") for one in getattr(app, kind)]
    assert any("evil" in one and "What to look for" in one for one in said), "they are shown"
    assert not [one for one in said if "![x]" in one or ":red[" in one or "<b>" in one]
    assert "https://" not in "".join(said).replace("\\", "")
