"""The time machine as a person meets it: choose an input, scrub, play, compare with the end."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from rnnviz.explorer.parts import visitor
from rnnviz.explorer.train import page
from rnnviz.runs.record import Run
from rnnviz.runs.store import RunStore
from rnnviz.training.plan import Plan
from rnnviz.training.tasks.table import defaults
from tests.pages.conftest import Open
from tests.pages.runs import VISITOR, take
from tests.pages.texts import handed

PAGE = "pages/train.py"
STEPS = (0, 1, 10, 20)
RECALL = defaults("recall", "gru").changed(hidden_size=5, delay=4, examples=40)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> RunStore:
    monkeypatch.setattr(page, "visitor", lambda: VISITOR)
    found = visitor.desk().store
    assert isinstance(found, RunStore)
    return found


def made(store: RunStore, plan: Plan = RECALL, steps: tuple[int, ...] = STEPS, **words: Any) -> Run:
    run = store.create(plan, VISITOR, **{"state": "finished", "step": 20, "steps": 20, **words})
    run.append(
        [
            {"event": "training-started", "steps": 20, "steps_per_epoch": 10},
            *(
                {"event": "held-out-scored", "step": step, "loss": 1.0, "accuracy": step / 40}
                for step in STEPS
            ),
        ]
    )
    take(run, plan, *steps)
    return run


def opened(open_page: Open, run: Run) -> AppTest:
    app = open_page(PAGE, figure="machine", run=run.id)
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    kinds = ("markdown", "caption", "warning", "info")
    found = " ".join(str(one.value) for kind in kinds for one in getattr(app, kind))
    return found.replace("\\", "")


def shown(app: AppTest) -> dict[str, Any]:
    """What the theatre of the panel was given."""
    theatres = [one for one in app.get("bidi_component") if "readings" in _data(one)]
    assert len(theatres) == 1
    return _data(theatres[0])


def _data(element: Any) -> dict[str, Any]:
    proto = element.proto
    found = json.loads(proto.bytes or proto.json or "{}")
    return found if isinstance(found, dict) else {}


def figure(app: AppTest, name: str) -> dict[str, Any]:
    plots = [one for one in app.get("plotly_chart") if f"machine_plot_{name}" in one.proto.id]
    return dict(json.loads(plots[0].proto.spec))


def control(kind: Any, name: str) -> Any:
    """The control of that name, whatever number its key has now."""
    (found,) = (one for one in kind if re.fullmatch(rf"machine_{name}(_\d+)?", one.key or ""))
    return found


def scrubber(app: AppTest) -> dict[str, Any]:
    """What the scrubber was given."""
    (data,) = handed(app, "scrubber")
    return data


def move(app: AppTest, step: Any, *, turn: int | None = None) -> None:
    """What the scrubber says when somebody moves it, or when it plays."""
    given = scrubber(app)
    sent = {"value": step, "turn": given["heard"] + 1 if turn is None else turn}
    app.session_state[given["name"]] = {"picked": sent | {"fill": given["fill"]}}
    app.run()
    assert not app.exception


def taken(app: AppTest, before: dict[str, Any]) -> bool:
    """Whether a scrubber that nobody has touched since then goes to where it is put."""
    return bool(scrubber(app)["fill"] > before["fill"])


def test_a_run_without_snapshots_says_why(open_page: Open, store: RunStore) -> None:
    assert "brought from elsewhere" in said(
        opened(open_page, made(store, steps=(), state="uploaded"))
    )
    assert "needs a run" in said(open_page(PAGE, figure="machine"))


def test_scrubbing_shows_the_same_input_at_another_time(open_page: Open, store: RunStore) -> None:
    run = made(store)
    app = opened(open_page, run)
    assert scrubber(app)["step"] == 20 and scrubber(app)["steps"] == list(STEPS)
    assert scrubber(app)["words"][0] == "before training · 0.0 % held out"
    assert scrubber(app)["ends"] == ["before training", "step 20 · epoch 2"]
    assert "step 20 · epoch 2 · 50.0 % held out" in shown(app)["options"]["title"]
    last = shown(app)["readings"][0]
    move(app, 10)
    assert not app.exception
    reading = shown(app)["readings"][0]
    assert reading["name"] == "after step 10" and reading["truth"] == last["truth"]
    assert reading["tokens"] == last["tokens"] and reading["layers"] != last["layers"]
    assert figure(app, "answer")["layout"]["shapes"][0]["x0"] == 2
    assert len(figure(app, "answer")["data"][0]["customdata"]) == 4
    bars = figure(app, "gradient")
    assert "4 snapshots" in said(app) and "at most 24 and 30 MB" in said(app)
    move(app, 1)
    assert scrubber(app)["step"] == 1
    # The axis is that of all moments.
    ranges = [one["layout"]["yaxis"]["range"] for one in (bars, figure(app, "gradient"))]
    assert ranges[0] == ranges[1]
    move(app, 0)
    assert "before training" in shown(app)["options"]["title"]


def test_another_input_keeps_the_time(open_page: Open, store: RunStore) -> None:
    app = opened(open_page, made(store))
    move(app, 1)
    before = shown(app)["readings"][0]["tokens"]
    control(app.selectbox, "input").set_value(2).run()
    assert not app.exception
    assert scrubber(app)["step"] == 1 and shown(app)["readings"][0]["tokens"] != before
    assert shown(app)["readings"][0]["name"] == "after step 1"


def test_the_end_as_a_ghost(open_page: Open, store: RunStore) -> None:
    app = opened(open_page, made(store))
    last = shown(app)["readings"][0]
    control(app.toggle, "ghost").set_value(True).run()
    assert shown(app)["readings"][0]["ghost"] is None  # it is the end
    move(app, 0)
    ghost = shown(app)["readings"][0]["ghost"]
    assert ghost["probabilities"] == last["probabilities"] and "after step 20" in ghost["name"]


def test_each_move_counts_once_and_the_newest_wins(open_page: Open, store: RunStore) -> None:
    """Oracle: what was moved last, by the numbers of the moves."""
    app = opened(open_page, made(store))
    before = scrubber(app)
    move(app, 10, turn=7)
    assert scrubber(app)["step"] == 10 and scrubber(app)["heard"] == 7
    assert not taken(app, before), "it stands there already"
    move(app, 0, turn=6)
    assert scrubber(app)["step"] == 10, "an older one that comes late"
    move(app, 0, turn=7)
    assert scrubber(app)["step"] == 10, "the same one again"
    move(app, 1, turn=8)
    assert scrubber(app)["step"] == 1 and not taken(app, before)


@pytest.mark.parametrize("step", [None, "10", -1, 1.5, float("nan"), True, [10]])
def test_what_makes_no_sense_is_not_heard(open_page: Open, store: RunStore, step: Any) -> None:
    app = opened(open_page, made(store))
    move(app, step)
    assert scrubber(app)["step"] == 20 and scrubber(app)["heard"] == 0
    move(app, 2**40)
    assert scrubber(app)["step"] == 20 and shown(app)["readings"][0]["name"] == "after step 20"


def test_a_step_that_is_not_there_moves_the_scrubber(open_page: Open, store: RunStore) -> None:
    """Oracle: the last snapshot before it is shown; the scrubber has to say so, too."""
    app = opened(open_page, made(store))
    before = scrubber(app)
    move(app, 15)
    assert scrubber(app)["step"] == 10 and taken(app, before)


def test_another_run_has_its_own_scrubber_at_the_end(open_page: Open, store: RunStore) -> None:
    runs = made(store), made(store)
    app = opened(open_page, runs[0])
    move(app, 1, turn=5)
    first, heard = scrubber(app), app.session_state[scrubber(app)["name"]]
    app.session_state["train"].show(runs[1].id)
    app.run()
    assert scrubber(app)["name"] != first["name"] and scrubber(app)["step"] == 20
    app.session_state["train"].show(runs[0].id)
    app.session_state[first["name"]] = heard  # the browser repeats what it has said
    app.run()
    assert scrubber(app)["name"] == first["name"] and scrubber(app)["step"] == 20
    assert taken(app, first) and scrubber(app)["base"] == 5


@pytest.mark.parametrize("id", ["__a__bc-d__efgh_", "----------------", "_______________-"])
def test_the_scrubber_of_every_id_is_shown(open_page: Open, store: RunStore, id: str) -> None:
    """Oracle: Streamlit, which refuses a component whose key has two underscores in a row."""
    run = made(store)
    Path(run.folder).rename(Path(run.folder).with_name(id))
    record = Path(run.folder).with_name(id) / "run.json"
    record.write_text(record.read_text(encoding="utf-8").replace(run.id, id), encoding="utf-8")
    app = open_page(PAGE, figure="machine", run=id)
    assert not app.exception and scrubber(app)["step"] == 20


def test_places_that_are_called_otherwise_move_nothing(open_page: Open, store: RunStore) -> None:
    run = made(store)
    app = opened(open_page, run)
    move(app, 10)
    before = scrubber(app)
    run.append([{"event": "held-out-scored", "step": 10, "loss": 1.0, "accuracy": 0.99}])
    app.run()
    assert scrubber(app)["words"] != before["words"] and "99.0 %" in scrubber(app)["words"][2]
    assert scrubber(app)["step"] == 10 and not taken(app, before)


def test_new_snapshots_come_and_the_place_stays(open_page: Open, store: RunStore) -> None:
    run = made(store, steps=(0,), state="running")
    app = opened(open_page, run)
    assert "One snapshot so far" in said(app)
    take(run, RECALL, 1)
    app.run()
    assert scrubber(app)["step"] == 1  # nobody has touched it: it follows
    move(app, 0)
    take(run, RECALL, 10)
    app.run()
    assert not app.exception
    assert scrubber(app)["step"] == 0 and len(scrubber(app)["steps"]) == 3


def test_damage_is_said_and_the_rest_works(open_page: Open, store: RunStore) -> None:
    run = made(store)
    damaged = Path(run.snapshots_folder) / "0000010.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    app = opened(open_page, run)
    assert "snapshot of step 10, got a damaged file" in said(app)
    assert len(scrubber(app)["steps"]) == 3
    odd = made(store, RECALL, (0,))
    take(odd, RECALL.changed(hidden_size=6), 20)
    app = opened(open_page, odd)
    assert "own network" in said(app)
    move(app, 0)
    assert shown(app)["readings"][0]["name"] == "after step 0"


def test_the_networks_of_a_race_at_the_same_step(open_page: Open, store: RunStore) -> None:
    plans = [RECALL, RECALL.changed(cell="lstm")]
    runs = [made(store, plan, group="race") for plan in plans]
    app = opened(open_page, runs[0])
    move(app, 10)
    assert shown(app)["readings"][0]["cell"] == "gru"
    control(app.segmented_control, "run").set_value(runs[1].id).run()
    assert not app.exception
    assert shown(app)["readings"][0]["cell"] == "lstm" and scrubber(app)["step"] == 10


def test_seeds_of_a_race_have_names(open_page: Open, store: RunStore) -> None:
    runs = [made(store, RECALL.changed(seed=seed), group="seeds") for seed in (0, 1)]
    app = opened(open_page, runs[0])
    names = control(app.segmented_control, "run").options
    assert list(names) == ["GRU 5, seed 0", "GRU 5, seed 1"]
    cells = [made(store, RECALL.changed(cell=cell, seed=3), group="c") for cell in ("gru", "rnn")]
    app = opened(open_page, cells[0])
    assert list(control(app.segmented_control, "run").options) == ["GRU 5", "RNN 5"]


def test_data_that_is_gone_is_said(open_page: Open, store: RunStore) -> None:
    run = made(store)
    own = defaults("own", "gru").changed(data="0123456789abcdef.csv")
    store.update(run.id, plan=own.to_json())
    assert "upload it again" in said(opened(open_page, run))
    store.update(run.id, plan={"task": "elsewhere"})
    assert "expected one of" in said(opened(open_page, run)).lower()
    assert store.get(run.id).state == "finished"
