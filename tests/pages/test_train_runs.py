"""The table of runs as a person meets it: select, compare, name, keep, delete, bring."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from rnnviz.explorer.parts import visitor
from rnnviz.explorer.train import page
from rnnviz.explorer.train import table as run_table
from rnnviz.explorer.train.runs import table_key
from rnnviz.runs import downloads, uploads
from rnnviz.runs.record import Run
from rnnviz.runs.store import RunStore
from tests.pages.conftest import Open
from tests.pages.runs import VISITOR, made, reads_rows, reads_tokens

PAGE = "pages/train.py"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> RunStore:
    monkeypatch.setattr(page, "visitor", lambda: VISITOR)
    found = visitor.desk().store
    assert isinstance(found, RunStore)
    return found


@pytest.fixture
def panel(store: RunStore, open_page: Open) -> Open:
    def opened(**query: str) -> AppTest:
        app = open_page(PAGE, figure="runs", **query)
        assert not app.exception
        return app

    return opened


def select(app: AppTest, store: RunStore, *chosen: Run) -> AppTest:
    """What the browser says when these rows are selected."""
    runs = store.of(VISITOR)
    rows = [place for place, run in enumerate(runs) if run.id in {one.id for one in chosen}]
    app.session_state[table_key(runs)] = {"selection": {"rows": rows, "columns": [], "cells": []}}
    app.run()
    assert not app.exception
    return app


def column(app: AppTest, name: str) -> list[Any]:
    [table] = app.dataframe
    return table.value[name].tolist()


def said(app: AppTest) -> str:
    kinds = ("markdown", "caption", "warning", "info")
    return " ".join(str(one.value) for kind in kinds for one in getattr(app, kind)).replace(
        "\\", ""
    )


def lines(app: AppTest) -> list[dict[str, Any]]:
    """The lines with a name of the last figure."""
    figure = json.loads(app.get("plotly_chart")[-1].proto.spec)
    return [one for one in figure["data"] if one.get("name")]


def test_with_no_runs_it_says_what_will_be_here(panel: Open) -> None:
    app = panel()
    assert "No runs yet" in said(app) and "0 of 40 runs" in said(app)
    assert len(app.dataframe) == 0


def test_the_table_says_what_is_known(panel: Open, store: RunStore) -> None:
    made(store, name="first")
    made(store, "adding", name="second", plan={"cell": "lstm"}, state="interrupted", step=10)
    store.create({"task": "digits"}, "somebody-else", "not mine")
    app = panel()
    assert column(app, "name") == ["second", "first"]
    assert column(app, "cell") == ["LSTM", "GRU"]
    assert column(app, "accuracy") == [75.0, 75.0] and column(app, "n") == [200, 200]
    assert column(app, "epochs") == [1, 2]
    assert column(app, "state") == ["interrupted", "finished"]
    assert column(app, "parameters") == [4321, 4321]
    assert "not mine" not in said(app)
    assert "Select a run" in said(app)


def test_the_curves_of_several_runs_lie_over_each_other(panel: Open, store: RunStore) -> None:
    runs = [made(store, name="same") for _ in range(3)]
    app = select(panel(), store, *runs)
    named = lines(app)
    assert [one["name"] for one in named] == ["same", "same (2)", "same (3)"] * 2
    assert len({one["line"]["color"] for one in named}) == 3  # one cell, and yet three colours
    assert [one["line"]["dash"] for one in named] == ["dot"] * 3 + ["solid"] * 3
    app.segmented_control(key="train_runs_measure").set_value("rate").run()
    assert not app.exception
    assert len(lines(app)) == 3
    assert "different tasks" not in said(app)
    select(app, store, *runs, made(store, "sentences"))
    assert "different tasks" in said(app)
    assert app.button(key="train_runs_delete").label == "Delete 4 runs"


def test_curves_are_read_once_and_again_when_they_have_grown(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    whole = run_table.Curves.from_lines

    def from_lines(lines: Any) -> Any:
        read.append(1)
        return whole(lines)

    monkeypatch.setattr(run_table.Curves, "from_lines", from_lines)
    run = made(store)
    for _ in range(3):
        assert run_table.curves_of(run).last_step == 20
    assert len(read) == 1
    run.append([{"event": "step-finished", "step": 21, "epoch": 2, "loss": 1.0}])
    assert run_table.curves_of(run).last_step == 21 and len(read) == 2
    run.curves_path.unlink()
    assert len(run_table.curves_of(run)) == 0


def test_the_axis_of_steps_is_that_of_the_stage(panel: Open, store: RunStore) -> None:
    run = made(store)
    for log, kind in (("s", "log"), ("l", None)):
        app = select(panel(log=log), store, run)
        figure = json.loads(app.get("plotly_chart")[-1].proto.spec)
        assert figure["layout"]["xaxis"].get("type") == kind


def test_a_run_without_curves_is_no_error(panel: Open, store: RunStore) -> None:
    run = store.create({"task": "digits", "cell": "gru"}, VISITOR, state="failed")
    app = select(panel(), store, run)
    assert "No curves here" in said(app)


def test_naming_and_keeping(panel: Open, store: RunStore) -> None:
    run, _ = made(store, name="old"), made(store)
    app = select(panel(), store, run)
    app.text_input(key=f"train_runs_name_{run.id}").set_value("**new** <b>").run()
    assert not app.exception
    assert store.get(run.id).name == "**new** <b>"
    [keep] = [one for one in app.toggle if one.label == "Keep"]
    keep.set_value(True).run()
    assert store.get(run.id).kept
    assert column(app, "state") == ["finished", "finished, kept"]
    [keep] = [one for one in app.toggle if one.label == "Keep"]
    assert keep.value
    keep.set_value(False).run()
    assert not store.get(run.id).kept
    app.text_input(key=f"train_runs_name_{run.id}").set_value(" \t ").run()
    assert store.get(run.id).name == "**new** <b>"
    assert "A run needs a name" in said(app)
    [name] = [one for one in app.text_input if one.label == "Name of the run"]
    assert name.value == "**new** <b>", "the field says what it is called"


def test_what_is_deleted_can_be_brought_back(panel: Open, store: RunStore) -> None:
    run, other = made(store, name="gone"), made(store, name="stays")
    app = select(panel(), store, run)
    app.button(key="train_runs_delete").click().run()
    assert not app.exception
    assert [one.id for one in store.of(VISITOR)] == [other.id]
    assert column(app, "name") == ["stays"] and "Deleted: gone" in said(app)
    assert not [one for one in app.button if one.key == "train_runs_delete"]  # nothing is selected
    app.button(key="train_runs_restore").click().run()
    assert not app.exception
    assert column(app, "name") == ["stays", "gone"] and "Deleted" not in said(app)
    assert app.text_input(key=f"train_runs_name_{run.id}").value == "gone"  # selected again


def test_there_is_no_way_back_when_it_is_too_late(
    panel: Open, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = select(panel(), store, made(store))
    app.button(key="train_runs_delete").click().run()
    assert "Deleted" in said(app)
    later = time.time() + 15 * 60 + 1
    monkeypatch.setattr("rnnviz.explorer.train.actions.time.time", lambda: later)
    app.run()
    assert "Deleted" not in said(app)
    assert not [one for one in app.button if one.key == "train_runs_restore"]


def test_what_is_deleted_leaves_the_stage(panel: Open, store: RunStore) -> None:
    run, other = made(store, name="gone"), made(store, name="stays")
    app = select(panel(run=run.id), store, run)
    assert app.header[0].value != "Nothing is trained yet"
    app.button(key="train_runs_delete").click().run()
    assert not app.exception and not app.warning
    assert app.header[0].value == "Ready to train", "there is another run below"
    assert app.session_state["train"].address.run is None
    app = select(panel(run=other.id), store, made(store))
    app.button(key="train_runs_delete").click().run()
    assert app.session_state["train"].address.run == other.id


def test_a_live_run_is_not_deleted(panel: Open, store: RunStore) -> None:
    run = made(store, state="running")
    app = select(panel(), store, run)
    assert app.button(key="train_runs_delete").disabled


def test_show_puts_a_run_on_the_stage(panel: Open, store: RunStore) -> None:
    run = made(store, name="the one")
    app = select(panel(), store, run)
    app.button(key="train_runs_show").click().run()
    assert not app.exception
    assert app.session_state["train"].address.run == run.id


def test_a_run_that_can_go_on_does(panel: Open, store: RunStore) -> None:
    from rnnviz.training.plan import Plan

    run = made(store, state="interrupted")
    store.update(run.id, plan=Plan())
    run.state_path.write_bytes(b"state")
    manager: Any = visitor.desk().manager
    heard: list[str] = []
    manager.resume = lambda id: heard.append(id)
    app = select(panel(), store, run)
    app.button(key="train_runs_resume").click().run()
    assert not app.exception
    assert heard == [run.id] and app.session_state["train"].address.run == run.id
    run.state_path.unlink()
    app.run()
    assert not [one for one in app.button if one.key == "train_runs_resume"]


def test_networks_lead_to_the_page_that_reads_with_them(panel: Open, store: RunStore) -> None:
    rows, texts, numbers = reads_rows(store), reads_tokens(store), made(store, "adding")
    app = panel()
    links = []
    for run in (rows, texts, numbers):
        select(app, store, run)
        links.append([(one.proto.label, one.proto.query_string) for one in app.get("page_link")])
    assert links == [
        [("Read digits with it", f"run={rows.id}")],
        [("Read texts with it", f"run={texts.id}")],
        [],
    ]


def test_downloads_are_made_when_they_are_asked_for(
    panel: Open, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = reads_rows(store, name="mine")
    monkeypatch.setattr(downloads, "run_zip", lambda _: pytest.fail("too early"))
    monkeypatch.setattr(downloads, "has_tensorboard", lambda: False)
    app = select(panel(), store, run)
    assert {one.proto.label for one in app.get("download_button")} == {
        "Everything, ZIP",
        "Curves, CSV",
    }
    assert "pip install tensorboard" in said(app)


def test_a_network_can_be_brought(panel: Open, store: RunStore) -> None:
    source = reads_rows(store, name="from elsewhere")
    data = downloads.run_zip(source)
    app = panel()
    app.file_uploader[0].upload("run.zip", data).run()
    app.button(key="train_runs_bring").click().run()
    assert not app.exception
    assert column(app, "state") == ["uploaded", "finished"]
    assert app.text_input[-1].value == "from elsewhere"  # it is selected
    assert "No curves here" in said(app)
    app.button(key="train_runs_show").click().run()
    assert not app.exception  # the stage can show it, too
    assert not app.get("progress") and app.button(key="train_restart").disabled
    assert "Brought from elsewhere" in said(app)


def test_what_cannot_be_brought_is_one_sentence(panel: Open, store: RunStore) -> None:
    app = panel()
    app.file_uploader[0].upload("run.zip", b"no zip").run()
    app.button(key="train_runs_bring").click().run()
    assert not app.exception
    assert "Expected a whole zip" in said(app)
    assert store.of(VISITOR) == []
    # The file stays, and a better one takes its place.
    whole = downloads.run_zip(reads_rows(store, name="from elsewhere"))
    app.file_uploader[0].upload("run.zip", whole).run()
    app.button(key="train_runs_bring").click().run()
    assert "uploaded" in column(app, "state")
    assert app.button(key="train_runs_bring").disabled, "the next file comes into an empty place"


def test_files_of_a_network_may_come_in_any_order(panel: Open, store: RunStore) -> None:
    folder = reads_rows(store, name="from elsewhere").model_folder
    app = panel()
    weights = (folder / "model.safetensors").read_bytes()
    app.file_uploader[0].upload("model.safetensors", weights).run()
    assert app.button(key="train_runs_bring").disabled
    assert "Add `config.json` (how the network is built)." in said(app)
    assert "tokenizer" not in said(app).partition("Add ")[2].partition("**")[0]
    both = app.file_uploader[0].upload("model.safetensors", weights)  # a browser keeps the first
    both.upload("config.json", (folder / "config.json").read_bytes()).run()
    assert not app.exception
    app.button(key="train_runs_bring").click().run()
    assert "uploaded" in column(app, "state")


@pytest.mark.parametrize(
    ("names", "counted", "needed"),
    [
        (["model.safetensors"], [0], ("config.json",)),
        (["a.safetensors", "b.safetensors", "Config.JSON"], [1, 2], ()),
        (["config.json", "run.zip"], [1], ()),
        (["run.zip", "config.json"], [1], ("model.safetensors",)),
        (["one.zip", "two.zip"], [1], ()),
    ],
)
def test_the_newest_file_of_a_name_counts(
    names: list[str], counted: list[int], needed: tuple[str, ...]
) -> None:
    assert uploads.newest(names) == counted
    assert uploads.lacking([names[at] for at in counted]) == needed


def test_a_network_that_reads_tokens_needs_its_tokenizer() -> None:
    reads = b'{"vocabulary_size": 300}'
    assert uploads.lacking(["config.json", "m.safetensors"], reads) == ("tokenizer.json",)
    assert uploads.lacking(["config.json", "m.safetensors"], b"{") == ()


def test_damage_and_a_folder_that_is_elsewhere_are_said(panel: Open, store: RunStore) -> None:
    run, _ = made(store), made(store, name="good")
    (run.folder / "run.json").write_text("{")
    store.notice = "Runs are kept elsewhere."
    app = panel()
    assert "damaged" in said(app) and "kept elsewhere" in said(app)
    assert column(app, "name") == ["good"]


def test_the_words_of_the_table_are_complete() -> None:
    from rnnviz.runs.record import STATES

    assert set(run_table.STATE_WORDS) == set(STATES)
    assert run_table.distinct(["a", "b", "a"]) == ["a", "b", "a (2)"]


def test_no_model_is_loaded_for_the_table(panel: Open, store: RunStore, tmp_path: Path) -> None:
    run = reads_rows(store)
    (run.model_folder / "model.safetensors").write_bytes(b"damaged")
    app = select(panel(), store, run)
    assert app.get("page_link")
