"""The Train page as a person meets it, over a manager whose jobs go on when the test says so."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from rnnviz.explorer.parts import visitor
from rnnviz.explorer.train import desk as train_desk
from rnnviz.explorer.train import page as train
from rnnviz.training.plan import Plan
from rnnviz.training.presets import PRESETS
from rnnviz.training.tasks.table import TASKS, defaults
from tests.pages.conftest import Open
from tests.pages.trainings import (
    STEPS_PER_EPOCH,
    FakeJob,
    FakeManager,
    alts,
    drawn,
    panels,
    words,
)

PAGE = "pages/train.py"
GRU = defaults("digits", "gru")
BUTTONS = ("pause", "resume", "step", "stop", "restart")


@pytest.fixture
def manager() -> FakeManager:
    found = visitor.desk().manager
    assert isinstance(found, FakeManager)
    return found


def only_job(manager: FakeManager) -> FakeJob:
    (job,) = manager.jobs.values()
    return job


def started(open_page: Open, manager: FakeManager, **query: str) -> tuple[AppTest, FakeJob]:
    app = open_page(PAGE, **query)
    app.button(key="train_start").click().run()
    assert not app.exception
    return app, list(manager.jobs.values())[-1]


def enabled(app: AppTest) -> set[str]:
    return {name for name in BUTTONS if not app.button(key=f"train_{name}").disabled}


def said(app: AppTest) -> str:
    return " ".join(one.value for one in app.warning).replace("\\", "")


def unfolded(app: AppTest, name: str = "train_more") -> AppTest:
    """The page with what is behind "More choices"."""
    app.session_state[name] = True
    return app.run()


def shown_title(app: AppTest) -> str:
    return app.header[0].value.replace("\\", "").replace("\u00a0", " ")


def state_line(app: AppTest) -> str:
    (bar,) = app.get("progress")
    return bar.proto.text.replace("\\", "")


def test_it_opens_with_a_plan_and_says_what_will_be_seen(open_page: Open) -> None:
    app = open_page(PAGE)
    assert not app.exception and not app.warning
    assert shown_title(app) == "Nothing is trained yet"
    assert words(app) == {}
    assert all("nothing yet" in alt for alt in alts(app)) and len(alts(app)) == 2
    captions = " ".join(one.value for one in app.caption).replace("\\", "")
    assert "parameters" in captions and " MB" in captions and "about" in captions
    for preset in PRESETS:
        assert preset.look_for in captions
        app.button(key=f"train_preset_{preset.key}")


def test_every_control_is_explained(open_page: Open) -> None:
    app = unfolded(open_page(PAGE, cell="race", task="recall", start="orthogonal"))
    controls = [
        *app.selectbox, *app.select_slider, *app.number_input, *app.toggle,
        *app.get("button_group"),
    ]  # fmt: skip
    assert len(controls) > 20
    for one in controls:
        assert len(one.proto.help) > 15, one.proto.label


def test_train_shows_the_curves_as_they_come(open_page: Open, manager: FakeManager) -> None:
    app, job = started(open_page, manager)
    assert job.plans == (GRU,)
    assert words(app) == {"run": job.runs[0]}
    assert "You are next" in state_line(app)
    manager.advance(job, 25)
    app.run()
    assert shown_title(app) == "The GRU has 60.0 % of the held-out images right"
    assert state_line(app).startswith("Training · step 25 of 120 · epoch 3 of 12 · 1,234 examples")
    assert [alt.split(" over")[0] for alt in alts(app)] == [
        "Loss", "Accuracy", "Gradient norm", "Learning rate",
    ]  # fmt: skip
    before = drawn(app)["steps"]
    manager.advance(job, 50)
    app.run()
    assert drawn(app)["steps"] == before
    assert "at step 75" in alts(app)[0]


def test_it_can_be_paused_stepped_resumed_stopped_and_repeated(
    open_page: Open, manager: FakeManager
) -> None:
    app, job = started(open_page, manager)
    assert enabled(app) == {"pause", "stop", "restart"}
    manager.advance(job, 12)
    app.button(key="train_pause").click().run()
    assert job.state == "paused" and enabled(app) == {"resume", "step", "stop", "restart"}
    assert state_line(app).startswith("Paused · step 12 of 120")
    app.button(key="train_step").click().run()
    assert state_line(app).startswith("Paused · step 13 of 120")
    app.button(key="train_resume").click().run()
    assert job.state == "running"
    app.button(key="train_stop").click().run()
    assert enabled(app) == {"resume", "restart"}
    app.button(key="train_restart").click().run()
    again = list(manager.jobs.values())[-1]
    assert again is not job and again.plans == job.plans
    assert words(app) == {"run": again.runs[0]}
    assert not app.exception


def test_the_learning_rate_is_turned_while_it_trains(open_page: Open, manager: FakeManager) -> None:
    app, job = started(open_page, manager)
    manager.advance(job, 5)
    app.run()
    app.select_slider(key=f"train_factor_{job.runs[0]}").set_value(0.1).run()
    assert job.learning_rate_factor == 0.1
    manager.advance(job, 500, state="finished")
    app.run()
    assert not [one for one in app.select_slider if "factor" in one.key]


def test_a_pause_is_looked_at_again_and_an_end_is_not(
    open_page: Open, manager: FakeManager
) -> None:
    app, job = started(open_page, manager)
    manager.advance(job, 5, state="paused")
    look = partial(train_desk.look, visitor.desk(), app.session_state["train"], job.visitor)
    assert (paused := look()) is not None and paused.every == 5
    job.state = "stopped"
    assert (stopped := look()) is not None and stopped.every is None


def test_a_run_that_was_deleted_leaves_the_stage(open_page: Open, manager: FakeManager) -> None:
    app, job = started(open_page, manager)
    manager.advance(job, 500, state="finished")
    assert "Finished" in state_line(app.run())
    manager.store.update(job.runs[0], state="finished")
    manager.store.delete(job.runs[0])  # in another tab: the manager still knows of the job
    app.run()
    assert shown_title(app) == "Nothing is trained yet" and words(app) == {}
    assert "it may be deleted" in said(app)
    watcher = open_page(PAGE, run=job.runs[0])
    assert shown_title(watcher) == "Nothing is trained yet"
    job.state = "paused"
    app.session_state["train"].looked = False
    app.run()
    assert shown_title(app) == "Nothing is trained yet", "it is not found again either"


def test_a_deleted_network_of_a_race_is_drawn_no_more(
    open_page: Open, manager: FakeManager
) -> None:
    app, job = started(open_page, manager, cell="race", racers="gru.rnn")
    manager.advance(job, 500, state="finished")
    manager.store.update(job.runs[1], state="finished")
    manager.store.delete(job.runs[1])
    app.run()
    assert words(app)["run"] == job.runs[0]
    assert [entry["text"] for entry in drawn(app)["legend"]] == ["training", "held out"]


def test_again_says_that_what_is_on_its_way_is_stopped(
    open_page: Open, manager: FakeManager
) -> None:
    app, job = started(open_page, manager)
    manager.advance(job, 5)
    app.run()
    assert "in progress is stopped" in app.button(key="train_restart").proto.help


def test_who_waits_is_told_how_many_are_ahead(open_page: Open, manager: FakeManager) -> None:
    app, job = started(open_page, manager)
    job.position = 3
    app.run()
    assert state_line(app) == "Waiting: 3 trainings are ahead of you."
    job.state, job.asked = "running", "pause"
    app.run()
    assert state_line(app) == "Pausing …" and enabled(app) == set()


def test_a_refusal_is_said_and_nothing_else_changes(open_page: Open, manager: FakeManager) -> None:
    manager.refusal = "expected at most 1 training of yours, got one more: stop it first"
    app = open_page(PAGE)
    app.button(key="train_start").click().run()
    assert "Expected at most 1 training of yours" in said(app)
    assert shown_title(app) == "Nothing is trained yet" and words(app) == {}


def test_a_watcher_is_not_told_to_be_next(open_page: Open, manager: FakeManager) -> None:
    _, job = started(open_page, manager)
    watcher = open_page(PAGE, run=job.runs[0])
    assert state_line(watcher) == "Waiting for a worker. It is next."


def test_what_broke_off_says_why(open_page: Open, manager: FakeManager) -> None:
    app, job = started(open_page, manager)
    manager.advance(job, 5, state="failed")
    job.message = "The worker was killed <b>here</b>."
    app.run()
    assert any("worker was killed \\<b\\>" in one.value for one in app.caption)
    assert state_line(app).startswith("Broken off")


def test_another_session_of_the_visitor_finds_the_run(
    open_page: Open, manager: FakeManager
) -> None:
    app, job = started(open_page, manager)
    manager.advance(job, 5)
    other = AppTest.from_file(str(Path(__file__).parents[2] / "app.py"), default_timeout=30)
    other.switch_page(PAGE)
    other.session_state[visitor.VISITOR] = app.session_state[visitor.VISITOR]
    other.run()
    assert words(other) == {"run": job.runs[0]}
    assert enabled(other) == {"pause", "stop", "restart"}


@pytest.mark.parametrize(
    "query",
    [
        {"task": "recall", "cell": "lstm", "size": "8", "seed": "3"},
        {"task": "recall", "cell": "race", "racers": "gru.rnn", "seeds": "3", "seed": "5"},
    ],
)
def test_controls_take_over_the_plan_of_a_run_that_was_found(
    open_page: Open, manager: FakeManager, query: dict[str, str]
) -> None:
    _, job = started(open_page, manager, **query)
    other = open_page(PAGE, run=job.runs[0])
    assert not other.exception
    assert words(other) == {**query, "run": job.runs[0]}
    assert "recall" in {one.value for one in other.selectbox}
    for run in job.runs[1:]:  # of a race with holes no address speaks
        job.state = "finished"
        manager.store.update(run, state="finished")
        manager.store.delete(run)
        rest = open_page(PAGE, run=job.runs[0])
        assert not rest.exception and words(rest)["run"] == job.runs[0]
    chosen = open_page(PAGE, run=job.runs[0], task="copy")
    assert words(chosen) == {"task": "copy", "run": job.runs[0]}, "what an address says stays"


def test_texts_of_others_are_not_taken_over(open_page: Open, manager: FakeManager) -> None:
    app = open_page(PAGE, task="own")
    app.file_uploader[0].upload("my.csv", TABLE.encode()).run()
    app.button(key="train_start").click().run()
    other = open_page(PAGE, run=only_job(manager).runs[0])
    assert words(other) == {"run": only_job(manager).runs[0]}
    assert other.session_state["train"].plan == GRU


def test_a_refusal_goes_when_its_reason_does(open_page: Open, manager: FakeManager) -> None:
    app, job = started(open_page, manager)
    manager.advance(job, 5)
    manager.refusal = "expected one training at a time, got another one"
    app.run()
    app.button(key="train_start").click().run()
    assert "one training at a time" in said(app)
    manager.advance(job, 500, state="finished")

    def stage_looks_again() -> None:
        import streamlit as st

        from rnnviz.explorer.train import live

        choices = st.session_state["train"]
        if "job" in choices.notices:  # the last look was one second ago, at a training
            live._live(choices, "somebody", 1.0, choices.address.run)

    looking = AppTest.from_function(stage_looks_again)
    looking.session_state["train"] = app.session_state["train"]
    looking.run()
    assert not looking.exception
    app.run()
    assert "one training at a time" not in said(app)


def test_others_can_watch_a_run_by_its_link_but_not_touch_it(
    open_page: Open, manager: FakeManager
) -> None:
    _, job = started(open_page, manager)
    manager.advance(job, 15)
    watcher = open_page(PAGE, run=job.runs[0])
    assert "step 15" in state_line(watcher) and enabled(watcher) == set()
    assert any("another browser" in one.value for one in watcher.caption)
    assert len(panels(watcher)) == 4


def test_a_run_of_an_earlier_server_is_read_from_its_folder(
    open_page: Open, manager: FakeManager
) -> None:
    _, job = started(open_page, manager)
    manager.advance(job, 12)
    run = manager.store.get(job.runs[0])
    run.append([{"event": "training-started", "steps": 120, "steps_per_epoch": STEPS_PER_EPOCH}])
    run.append([{"event": "step-finished", "step": 1, "epoch": 1, "loss": 2.0}])
    manager.store.update(run.id, state="interrupted", message="The server ended.")
    manager.jobs.clear()
    app = open_page(PAGE, run=run.id)
    assert state_line(app).startswith("Interrupted · step 1 of 120")
    assert "2.0000 at step 1" in alts(app)[0]


def test_a_link_to_a_run_that_is_gone_says_so(open_page: Open) -> None:
    app = open_page(PAGE, run="a" * 16, rate="fast")
    assert shown_title(app) == "Nothing is trained yet"
    assert "Expected the id of a run" in said(app) and "rate='fast'" in said(app)
    assert words(app) == {}
    app.run()
    assert not app.exception


@pytest.mark.parametrize("preset", PRESETS, ids=lambda one: one.key)
def test_a_preset_is_one_click_away(open_page: Open, manager: FakeManager, preset) -> None:
    app = open_page(PAGE)
    app.button(key=f"train_preset_{preset.key}").click().run()
    assert only_job(manager).plans == (preset.plan,)
    select = next(one for one in app.selectbox if one.label == "Start from")
    assert select.value == preset.key
    captions = " ".join(one.value for one in app.caption).replace("\\", "")
    assert f"What to look for.** {preset.look_for}" in captions


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_its_own_defaults(open_page: Open, manager: FakeManager, task: str) -> None:
    app = open_page(PAGE)
    app.selectbox(key="train_task").set_value(task).run()
    assert not app.exception and not app.warning
    assert words(app) == ({} if task == "digits" else {"task": task})
    start = app.button(key="train_start")
    assert start.disabled == (task == "own")
    if not start.disabled:
        start.click().run()
        assert only_job(manager).plans == (defaults(task, "gru"),)


def test_what_suited_one_cell_gives_way_and_what_was_chosen_stays(open_page: Open) -> None:
    app = open_page(PAGE, size="16", task="recall")
    app.get("button_group")
    app.segmented_control(key="train_cell").set_value("lstm").run()
    assert words(app) == {"task": "recall", "cell": "lstm", "size": "16"}


def test_controls_that_are_changed_are_what_is_trained(
    open_page: Open, manager: FakeManager
) -> None:
    app = unfolded(open_page(PAGE))
    app.select_slider(key="train_hidden_size").set_value(16).run()
    app.select_slider(key="train_learning_rate").set_value(0.02).run()
    app.select_slider(key="train_clip_norm").set_value(5.0).run()
    app.selectbox(key="train_optimizer").set_value("sgd").run()
    app.number_input(key="train_seed").set_value(7).run()
    app.button(key="train_start").click().run()
    expected = GRU.changed(
        hidden_size=16, learning_rate=0.02, clip_norm=5.0, optimizer="sgd", seed=7
    )
    assert only_job(manager).plans == (expected,)
    query = words(app)
    assert query.pop("run")
    assert query == {
        "size": "16", "optimizer": "sgd", "rate": "0.02", "clip": "5", "seed": "7",
    }  # fmt: skip


def test_numbers_of_a_link_that_no_slider_has_are_kept(open_page: Open) -> None:
    app = unfolded(open_page(PAGE, size="37", rate="0.0042", epochs="5", examples="1234"))
    assert app.select_slider(key="train_hidden_size").value == 37
    assert app.select_slider(key="train_learning_rate").value == 0.0042
    assert words(app) == {"size": "37", "rate": "0.0042", "epochs": "5", "examples": "1234"}


def test_a_race_is_one_job_of_equals(open_page: Open, manager: FakeManager) -> None:
    app = open_page(PAGE)
    app.segmented_control(key="train_cell").set_value("race").run()
    app.button(key="train_start").click().run()
    job = only_job(manager)
    assert [plan.cell for plan in job.plans] == ["lstm", "gru", "rnn"]
    assert len({(plan.seed, plan.learning_rate, plan.batch_size) for plan in job.plans}) == 1
    assert len({plan.hidden_size for plan in job.plans}) == 3
    manager.advance(job, 33)
    app.run()
    sizes = [plan.hidden_size for plan in job.plans]
    assert shown_title(app) == (
        f"LSTM {sizes[0]} leads: LSTM {sizes[0]} 65.0 %, GRU {sizes[1]} 55.0 %, "
        f"RNN {sizes[2]} 45.0 %"
    )
    card = next(one.value for one in app.markdown if "Held equal" in one.value)
    assert "Not equal" in card and "One seed" in card
    assert f"GRU {GRU.hidden_size}" in [entry["text"] for entry in drawn(app)["legend"]]
    labels = {line["label"] for line in panels(app)[1]["lines"]}
    assert {f"GRU {GRU.hidden_size}, training", f"GRU {GRU.hidden_size}, held out"} < labels


def test_seeds_of_a_race_become_bands(open_page: Open, manager: FakeManager) -> None:
    app, job = started(open_page, manager, cell="race", racers="gru.rnn", seeds="3", seed="5")
    assert [(plan.cell, plan.seed) for plan in job.plans] == [
        (cell, seed) for seed in (5, 6, 7) for cell in ("gru", "rnn")
    ]
    manager.advance(job, 22)
    app.run()
    assert sum(line["low"] is not None for line in panels(app)[0]["lines"]) == 4
    assert any("median of 3 seeds" in one.value for one in app.markdown)
    (legend,) = [one.value for one in app.caption if "held-out examples (not used" in one.value]
    assert "bands" in legend and "each batch" not in legend.lower()


def test_the_view_of_the_curves_is_chosen(open_page: Open, manager: FakeManager) -> None:
    app, job = started(open_page, manager)
    manager.advance(job, 22)
    app.run()
    app.select_slider(key="train_smoothing").set_value(0).run()
    assert [line["smooth"] for line in panels(app)[0]["lines"]] == [None, None]
    app.segmented_control(key="train_log").set_value(["loss", "steps"]).run()
    assert [panel["log"] for panel in panels(app)] == [True, False, True, False]
    assert drawn(app)["steps"]["log"]
    assert words(app) == {"run": job.runs[0], "smooth": "0", "log": "ls"}


def test_the_last_epochs_stand_there_in_words(open_page: Open, manager: FakeManager) -> None:
    app, job = started(open_page, manager)
    manager.advance(job, 45)
    unfolded(app, "train_table")
    table = next(one.value for one in app.markdown if one.value.startswith("| epoch"))
    first = table.splitlines()[2]
    assert first.startswith("| 4 | 40 |") and "70.0\u00a0%" in first


@pytest.mark.parametrize("sent", [None, 7, "x", "<script>", "a" * 65, {"known": "x"}])
def test_a_forged_visitor_is_somebody_new(open_page: Open, sent: object) -> None:
    app = open_page(PAGE)
    before = app.session_state[visitor.VISITOR]
    app.session_state[f"{visitor.VISITOR}_cookie"] = {"known": sent}
    app.run()
    assert app.session_state[visitor.VISITOR] == before


def test_a_browser_that_has_a_word_keeps_it(open_page: Open) -> None:
    app = open_page(PAGE)
    app.session_state[f"{visitor.VISITOR}_cookie"] = {"known": "k" * 22}
    app.run()
    assert app.session_state[visitor.VISITOR] == "k" * 22


def test_a_visitor_has_left_when_no_session_is_open(manager: FakeManager) -> None:
    desk = visitor.desk()
    for _ in range(2):
        desk.come("someone")
    desk.go("someone")
    assert ("leave", "someone") not in manager.heard
    desk.go("someone")
    assert manager.heard[-1] == ("leave", "someone")


def test_a_plan_out_of_bounds_stays_as_it_was(open_page: Open, manager: FakeManager) -> None:
    app = open_page(PAGE, task="copy")
    choices = app.session_state["train"]
    choices.set("readout", "attention")
    app.run()
    assert "It stays as it was" in said(app)
    assert choices.plan == Plan.from_json(defaults("copy", "gru").to_json())


TABLE = "review,stars\n" + "".join(
    f'"It was {word} number {i}",{label}\n'
    for i in range(8)
    for word, label in (("good", "<b>yes</b>"), ("bad", "no"))
)


def test_own_texts_are_brought_and_trained_on(open_page: Open, manager: FakeManager) -> None:
    app = open_page(PAGE, task="own")
    app.file_uploader[0].upload("my.csv", TABLE.encode()).run()
    assert not app.exception and not app.warning
    plan = app.session_state["train"].plan
    assert (plan.text_column, plan.label_column) == ("review", "stars")
    captions = " ".join(one.value for one in app.caption)
    assert "16 texts" in captions and "8 \\<b\\>yes" in captions
    app.button(key="train_start").click().run()
    assert only_job(manager).plans == (plan,)
    assert manager.store.data_path(plan.data).read_bytes() == TABLE.encode()
    assert set(words(app)) == {"task", "text", "label", "run"}, "the data is in no address"
    app.selectbox(key="train_task").set_value("digits").run()
    assert app.session_state["train"].plan == GRU
    app.selectbox(key="train_task").set_value("own").run()
    assert app.session_state["train"].plan == plan, "it is remembered"


def test_columns_change_places(open_page: Open) -> None:
    app = open_page(PAGE, task="own")
    app.file_uploader[0].upload("my.csv", TABLE.encode()).run()
    box = next(one for one in app.selectbox if one.label == "Column of texts")
    box.set_value("stars").run()
    assert not app.exception
    assert "Expected" in said(app) or app.session_state["train"].plan.text_column == "stars"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty.csv", b""),
        ("one.csv", b"text\nhello\n"),
        ("few.csv", b"text,label\na,1\nb,2\n"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256))),
        ("torn.jsonl", b'{"text": "a", "label": 1}\n{"text": '),
        ("one-label.csv", b"text,label\n" + b"hello,1\n" * 30),
        ("no-parquet.parquet", b"PAR1 and nothing else"),
    ],
)
def test_odd_files_are_a_sentence(open_page: Open, name: str, data: bytes) -> None:
    app = open_page(PAGE, task="own")
    app.file_uploader[0].upload(name, data).run()
    assert not app.exception
    assert "xpected" in said(app) or "could not" in said(app).lower()
    assert app.button(key="train_start").disabled


def test_who_reads_another_page_has_not_left(
    manager: FakeManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    def page() -> None:
        from rnnviz.explorer.parts.visitor import stay

        stay()

    context = SimpleNamespace(cookies={visitor.COOKIE: "s" * 22})
    monkeypatch.setattr(visitor.st, "context", context)
    app = AppTest.from_function(page).run()
    assert not app.exception
    assert manager.heard == [], "nobody has trained on this server yet"
    monkeypatch.setattr(visitor, "_opened", threading.Event())
    visitor._opened.set()
    app.run()
    assert manager.heard == [("adopt", "s" * 22)]
    context.cookies[visitor.COOKIE] = "<script>"
    app.run()
    assert len(manager.heard) == 1


def test_on_a_phone_the_button_says_where_to_look(open_page: Open, manager: FakeManager) -> None:
    def captions() -> str:
        return " ".join(one.value for one in app.caption).replace("\\", "")

    app = open_page(PAGE)
    assert "Runs to begin with are below." in captions()
    app.button(key="train_start").click().run()
    assert train.BELOW in captions()
    manager.refusal = "You already have a training that is running"
    app.button(key="train_start").click().run()
    assert "You already have a training" in captions() and train.BELOW not in captions()
