"""The time machine as a person meets it: choose an input, scrub, play, compare with the end."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import save
from streamlit.testing.v1 import AppTest

from rnnviz import replay
from rnnviz.runs import Run, RunStore
from rnnviz.training import preparation
from rnnviz.training.plan import Plan, defaults
from rnnviz.ui import train, train_jobs
from tests.pages.conftest import Open
from tests.pages.runs import VISITOR

PAGE = "pages/train.py"
STEPS = (0, 1, 10, 20)
RECALL = defaults("recall", "gru").changed(hidden_size=5, delay=4, examples=40)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> RunStore:
    monkeypatch.setattr(train, "visitor", lambda: VISITOR)
    found = train_jobs.desk().store
    assert isinstance(found, RunStore)
    return found


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the panel takes for the time: it passes only where a test moves it."""
    now = [1000.0]
    monkeypatch.setattr("rnnviz.ui.train_machine.monotonic", lambda: now[0])
    return now


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


def take(run: Run, plan: Plan, *steps: int) -> None:
    """Snapshots, each of a network drawn from another seed."""
    words = replay.subject(plan).words
    for step in steps:
        run.snapshots_folder.mkdir(exist_ok=True)
        model = preparation.build(plan.changed(seed=step), words)
        half = {name: value.half() for name, value in model.state_dict().items()}
        (run.snapshots_folder / f"{step:07d}.safetensors").write_bytes(save(half))


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


def scrubber(app: AppTest) -> Any:
    return control(app.select_slider, "step")


def test_a_run_without_snapshots_says_why(open_page: Open, store: RunStore) -> None:
    assert "brought from elsewhere" in said(
        opened(open_page, made(store, steps=(), state="uploaded"))
    )
    assert "needs a run" in said(open_page(PAGE, figure="machine"))


def test_scrubbing_shows_the_same_input_at_another_time(open_page: Open, store: RunStore) -> None:
    run = made(store)
    app = opened(open_page, run)
    assert scrubber(app).value == 20 and len(scrubber(app).options) == 4
    assert "step 20 · epoch 2 · 50.0 % held out" in shown(app)["options"]["title"]
    last = shown(app)["readings"][0]
    scrubber(app).set_value(10).run()
    assert not app.exception
    reading = shown(app)["readings"][0]
    assert reading["name"] == "after step 10" and reading["truth"] == last["truth"]
    assert reading["tokens"] == last["tokens"] and reading["layers"] != last["layers"]
    assert figure(app, "answer")["layout"]["shapes"][0]["x0"] == 2
    assert len(figure(app, "answer")["data"][0]["customdata"]) == 4
    bars = figure(app, "gradient")
    assert "4 snapshots" in said(app) and "at most 24 and 30 MB" in said(app)
    app.button(key="machine_previous").click().run()
    assert scrubber(app).value == 1
    # The axis is that of all moments.
    ranges = [one["layout"]["yaxis"]["range"] for one in (bars, figure(app, "gradient"))]
    assert ranges[0] == ranges[1]
    app.button(key="machine_first").click().run()
    assert scrubber(app).value == 0 and app.button(key="machine_previous").disabled
    assert "before training" in shown(app)["options"]["title"]


def test_another_input_keeps_the_time(open_page: Open, store: RunStore) -> None:
    app = opened(open_page, made(store))
    scrubber(app).set_value(1).run()
    before = shown(app)["readings"][0]["tokens"]
    control(app.selectbox, "input").set_value(2).run()
    assert not app.exception
    assert scrubber(app).value == 1 and shown(app)["readings"][0]["tokens"] != before
    assert shown(app)["readings"][0]["name"] == "after step 1"


def test_the_end_as_a_ghost(open_page: Open, store: RunStore) -> None:
    app = opened(open_page, made(store))
    last = shown(app)["readings"][0]
    control(app.toggle, "ghost").set_value(True).run()
    assert shown(app)["readings"][0]["ghost"] is None  # it is the end
    scrubber(app).set_value(0).run()
    ghost = shown(app)["readings"][0]["ghost"]
    assert ghost["probabilities"] == last["probabilities"] and "after step 20" in ghost["name"]


def test_playing_goes_on_by_itself_and_stops_at_the_end(
    open_page: Open, store: RunStore, clock: list[float]
) -> None:
    app = opened(open_page, made(store))
    app.button(key="machine_play").click().run()
    assert scrubber(app).value == 0 and app.button(key="machine_pause").label == "Pause"
    app.run()
    assert scrubber(app).value == 0  # somebody else's news: its time has not come
    app.button(key="machine_pause").click().run()
    clock[0] += 1
    app.run()
    assert scrubber(app).value == 0 and app.button(key="machine_play").label == "Play"
    app.button(key="machine_play").click().run()
    for step in STEPS[1:]:
        clock[0] += 1
        app.run()
        assert not app.exception and scrubber(app).value == step
    assert app.button(key="machine_play").label == "Play"
    clock[0] += 1
    app.run()
    assert scrubber(app).value == 20


def test_a_pause_that_comes_too_late_does_not_begin_anew(
    open_page: Open, store: RunStore, clock: list[float]
) -> None:
    app = opened(open_page, made(store))
    app.button(key="machine_play").click().run()
    for _ in STEPS[2:]:
        clock[0] += 1
        app.run()
    pause = app.button(key="machine_pause").id
    clock[0] += 1
    app.run()
    late = app.button(key="machine_play")
    assert scrubber(app).value == 20 and late.label == "Play"
    late.id = pause  # on what was on the screen until just now
    late.click().run()
    assert scrubber(app).value == 20 and app.button(key="machine_play").label == "Play"


def test_a_control_gets_another_key_only_when_it_was_changed_from_elsewhere(
    open_page: Open, store: RunStore
) -> None:
    app = opened(open_page, made(store))
    key = scrubber(app).key
    scrubber(app).set_value(10).run()
    assert (scrubber(app).key, scrubber(app).value) == (key, 10), "dragged: it stays as it is"
    app.button(key="machine_first").click().run()
    assert scrubber(app).key != key and scrubber(app).value == 0
    scrubber(app).set_value(1).run()
    assert scrubber(app).value == 1


def test_the_scrubber_is_another_one_when_its_places_are_called_otherwise(
    open_page: Open, store: RunStore, clock: list[float]
) -> None:
    run = made(store)
    app = opened(open_page, run)
    app.button(key="machine_play").click().run()
    key, words = scrubber(app).key, scrubber(app).options
    app.run()
    assert scrubber(app).key == key and scrubber(app).value == 0, "its time has not come"
    run.append([{"event": "held-out-scored", "step": 10, "loss": 1.0, "accuracy": 0.99}])
    app.run()
    assert scrubber(app).options != words and scrubber(app).key != key
    assert app.button(key="machine_pause").label == "Pause", "it goes on playing"


def test_new_snapshots_come_and_the_place_stays(open_page: Open, store: RunStore) -> None:
    run = made(store, steps=(0,), state="running")
    app = opened(open_page, run)
    assert "One snapshot so far" in said(app)
    take(run, RECALL, 1)
    app.run()
    assert scrubber(app).value == 1  # nobody has touched it: it follows
    app.button(key="machine_first").click().run()
    take(run, RECALL, 10)
    app.run()
    assert not app.exception
    assert scrubber(app).value == 0 and len(scrubber(app).options) == 3


def test_damage_is_said_and_the_rest_works(open_page: Open, store: RunStore) -> None:
    run = made(store)
    damaged = Path(run.snapshots_folder) / "0000010.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    app = opened(open_page, run)
    assert "snapshot of step 10, got a damaged file" in said(app)
    assert len(scrubber(app).options) == 3
    odd = made(store, RECALL, (0,))
    take(odd, RECALL.changed(hidden_size=6), 20)
    app = opened(open_page, odd)
    assert "own network" in said(app)
    app.button(key="machine_first").click().run()
    assert shown(app)["readings"][0]["name"] == "after step 0"


def test_the_networks_of_a_race_at_the_same_step(open_page: Open, store: RunStore) -> None:
    plans = [RECALL, RECALL.changed(cell="lstm")]
    runs = [made(store, plan, group="race") for plan in plans]
    app = opened(open_page, runs[0])
    scrubber(app).set_value(10).run()
    assert shown(app)["readings"][0]["cell"] == "gru"
    control(app.segmented_control, "run").set_value(runs[1].id).run()
    assert not app.exception
    assert shown(app)["readings"][0]["cell"] == "lstm" and scrubber(app).value == 10


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
