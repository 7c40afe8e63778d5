"""What somebody sees, and may do, who has the link to another one's run.

Oracle: words that stand in the owner's texts alone, looked for in all that a browser is sent.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from rnnviz.explorer.parts import visitor as train_jobs
from rnnviz.explorer.train import desk
from rnnviz.explorer.train import page as train
from rnnviz.explorer.train.address import first_address
from rnnviz.explorer.train.choices import TrainChoices
from rnnviz.models.places import RunError
from rnnviz.runs import downloads
from rnnviz.runs.budgets import LOCAL
from rnnviz.runs.record import Run
from rnnviz.runs.store import RunStore
from rnnviz.training.tasks.table import defaults
from tests.pages.conftest import Open
from tests.pages.runs import VISITOR, made, reads_tokens, take
from tests.pages.trainings import FakeManager

PAGE = "pages/train.py"
STRANGER = "another-visitor-of-the-tests"
SECRET = "marzipan"
SWITCH = "Show my texts to people with this link"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> RunStore:
    found = train_jobs.desk().store
    assert isinstance(found, RunStore)
    monkeypatch.setenv("RNNVIZ_RUNS", str(found.folder))  # where data of plans are looked for
    return found


@pytest.fixture
def manager() -> FakeManager:
    found = train_jobs.desk().manager
    assert isinstance(found, FakeManager)
    return found


@pytest.fixture
def run(store: RunStore) -> Run:
    """A run on somebody's texts, with snapshots to look at."""
    rows = [f"the {SECRET} of day {n} was fine,good" for n in range(30)]
    rows += [f"the {SECRET} of night {n} was awful,bad" for n in range(30)]
    key = store.add_data(("text,label\n" + "\n".join(rows)).encode(), "csv")
    plan = defaults("own", "gru").changed(hidden_size=5, data=key)
    run = store.create(plan, VISITOR, "sweets", state="finished", step=20, steps=20)
    run.append([{"event": "training-started", "steps": 20, "steps_per_epoch": 10}])
    take(run, plan, 0, 10, 20)
    return run


def opened_by(
    visitor: str, open_page: Open, monkeypatch: pytest.MonkeyPatch, page: str = PAGE, **query: str
) -> AppTest:
    monkeypatch.setattr(train, "visitor", lambda: visitor)
    app = open_page(page, **query)
    assert not app.exception
    return app


def sent(app: AppTest) -> str:
    """All that the browser was sent, as far as it can be written."""
    return " ".join(str(getattr(one, "proto", "")) for one in app.main)


def sentences(app: AppTest) -> str:
    kinds = ("markdown", "caption", "warning", "info")
    found = " ".join(str(one.value) for kind in kinds for one in getattr(app, kind))
    return found.replace("\\", "")


def test_the_owner_sees_the_texts_and_the_stranger_why_not(
    run: Run, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = {"figure": "machine", "run": run.id}
    own = opened_by(VISITOR, open_page, monkeypatch, **query)
    assert SECRET in sent(own)
    assert [one.label for one in own.toggle if one.label == SWITCH] == [SWITCH]
    assert not next(one for one in own.toggle if one.label == SWITCH).value  # off, until moved
    other = opened_by(STRANGER, open_page, monkeypatch, **query)
    assert SECRET not in sent(other)
    assert "Whoever trained it can share them" in sentences(other)
    assert all(one.label != SWITCH for one in other.toggle)


def test_shared_texts_are_seen_until_they_are_not(
    run: Run, store: RunStore, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = {"figure": "machine", "run": run.id}
    own = opened_by(VISITOR, open_page, monkeypatch, **query)
    next(one for one in own.toggle if one.label == SWITCH).set_value(True).run()
    assert store.get(run.id).shared
    other = opened_by(STRANGER, open_page, monkeypatch, **query)
    assert SECRET in sent(other)
    monkeypatch.setattr(train, "visitor", lambda: VISITOR)
    own.run()
    next(one for one in own.toggle if one.label == SWITCH).set_value(False).run()
    assert not store.get(run.id).shared
    monkeypatch.setattr(train, "visitor", lambda: STRANGER)
    assert SECRET not in sent(other.run())


def test_only_the_owner_shares(run: Run, store: RunStore) -> None:
    with pytest.raises(RunError, match="got another's"):
        store.share(run.id, STRANGER, True)
    assert not store.get(run.id).shared


def test_a_race_is_shared_as_a_whole(store: RunStore) -> None:
    plan = defaults("own", "gru").changed(data="0" * 16 + ".csv")
    lanes = [store.create(plan, VISITOR, group="race", state="finished") for _ in range(2)]
    alone = store.create(plan, VISITOR, state="finished")
    store.share(lanes[0].id, VISITOR, True)
    assert [store.get(one.id).shared for one in (*lanes, alone)] == [True, True, False]


def test_texts_that_come_with_the_page_are_nobodys(
    store: RunStore, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = defaults("recall", "gru").changed(hidden_size=5, delay=4, examples=40)
    run = store.create(plan, VISITOR, state="finished", step=20, steps=20)
    take(run, plan, 0, 20)
    other = opened_by(STRANGER, open_page, monkeypatch, figure="machine", run=run.id)
    assert any(one.label == "Held-out input" for one in other.selectbox)
    assert all(one.label != SWITCH for one in other.toggle)


@pytest.mark.parametrize("live", [False, True])
def test_what_went_wrong_may_quote_texts(
    store: RunStore, manager: FakeManager, open_page: Open, monkeypatch: pytest.MonkeyPatch,
    live: bool,
) -> None:  # fmt: skip
    plan = defaults("own", "gru").changed(data="0" * 16 + ".csv")
    said = f"expected 2 to 20 kinds of labels, got 30 ('the {SECRET} of day 1', ...)"
    if live:
        job = manager.submit(VISITOR, [plan])
        job.message, job.state, run = said, "failed", store.get(job.runs[0])
    else:
        run = store.create(plan, VISITOR, state="failed", message=said)
    own = opened_by(VISITOR, open_page, monkeypatch, run=run.id)
    assert SECRET in sent(own)
    other = opened_by(STRANGER, open_page, monkeypatch, run=run.id)
    assert SECRET not in sent(other) and "What went wrong is told" in sentences(other)
    store.share(run.id, VISITOR, True)
    assert SECRET in sent(opened_by(STRANGER, open_page, monkeypatch, run=run.id))


def test_a_zip_has_the_network_and_none_of_the_texts(run: Run) -> None:
    data = downloads.run_zip(run)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            contents = archive.read(name)
            assert str(run.plan["data"]).encode() not in contents
            assert SECRET.encode() not in contents


def test_the_runs_table_is_that_of_the_visitor(
    run: Run, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = opened_by(STRANGER, open_page, monkeypatch, figure="runs", run=run.id)
    assert not other.dataframe and not other.get("download_button")
    assert SECRET not in sent(other)


def test_the_text_page_has_none_of_them(store: RunStore, text_page: Open) -> None:
    run = reads_tokens(store, plan={"data": "0" * 16 + ".csv"}, name="sweets")
    app = text_page(run=run.id)
    assert not app.exception
    assert "0" * 16 not in sent(app)


DESK = ("pause", "resume", "step", "stop", "restart", "turn")


def asked(run: str, visitor: str, what: str) -> TrainChoices:
    """What becomes of the page when a callback runs, whatever its button looks like.

    Streamlit 1.67 ignores a click on a button that is greyed out; we do not rely on that.
    """
    choices = TrainChoices(replace(first_address(), run=run), looked=True)
    looked = desk.look(train_jobs.desk(), choices, visitor)
    assert looked is not None and looked.mine == (visitor == VISITOR)
    if what == "turn":
        desk.turn(train_jobs.desk(), choices, looked, 10.0)
    else:
        desk.ask(train_jobs.desk(), choices, looked, what)
    return choices


@pytest.mark.parametrize("what", DESK)
@pytest.mark.parametrize("state", ["running", "paused", "queued"])
def test_a_stranger_moves_nothing(manager: FakeManager, state: str, what: str) -> None:
    job = manager.submit(VISITOR, [defaults("digits", "gru")])
    manager.advance(job, 12, state=state)
    heard = list(manager.heard)
    choices = asked(job.runs[0], STRANGER, what)
    assert choices.notices["job"] == desk.NOT_YOURS
    assert manager.heard == heard and job.state == state and len(manager.jobs) == 1


@pytest.mark.parametrize(
    ("state", "what"),
    [
        ("finished", "pause"), ("finished", "resume"), ("finished", "step"), ("finished", "stop"),
        ("finished", "turn"), ("stopped", "step"), ("uploaded", "restart"), ("running", "resume"),
        ("queued", "step"),
    ],
)  # fmt: skip
def test_the_owner_is_told_what_cannot_be_asked_now(
    store: RunStore, manager: FakeManager, state: str, what: str
) -> None:
    choices = asked(made(store, state=state).id, VISITOR, what)
    assert choices.notices["job"] == desk.NOT_NOW.format(state=state)
    assert not manager.heard


@pytest.mark.parametrize(
    ("state", "what"),
    [("running", "pause"), ("paused", "resume"), ("paused", "step"), ("running", "stop"),
     ("running", "restart"), ("running", "turn")],
)  # fmt: skip
def test_the_owner_asks_for_what_can_be(manager: FakeManager, state: str, what: str) -> None:
    job = manager.submit(VISITOR, [defaults("digits", "gru")])
    manager.advance(job, 12, state=state)
    assert not asked(job.runs[0], VISITOR, what).notices
    assert [one for one, _ in manager.heard] == ["factor" if what == "turn" else what]


def test_a_training_of_own_texts_without_texts_is_refused_on_the_server(
    manager: FakeManager,
) -> None:
    choices = TrainChoices(replace(first_address(), plan=defaults("own", "gru")))
    desk.start(train_jobs.desk(), choices, VISITOR)
    assert choices.notices["job"] == desk.NO_TEXTS and not manager.jobs


def test_a_training_counts_for_the_address_that_it_is_begun_from(
    manager: FakeManager, store: RunStore, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened_by(VISITOR, open_page, monkeypatch)
    app.button(key="train_start").click().run()
    assert not app.exception
    [job] = manager.jobs.values()
    assert store.get(job.runs[0]).origin == store.origin(LOCAL)
    # Behind a proxy that is named, the header counts; AppTest sends none, so it is this computer.
    monkeypatch.setenv("RNNVIZ_ADDRESS_HEADER", "X-Forwarded-For")
    app.button(key="train_start").click().run()
    assert {run.origin for run in store.of(VISITOR)} == {store.origin(LOCAL)}


def test_the_page_says_how_much_there_is_room_for(
    store: RunStore, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        run = made(store, name=f"run {number}")
        if number:
            (run.folder / "run.json").write_text('{"created": NaN}')
    app = opened_by(VISITOR, open_page, monkeypatch, figure="runs")
    told, usual = sentences(app), store.budgets
    assert f"1 of {usual.visitor.runs} runs" in told
    assert f"{usual.address.runs:,} runs" in told and f"{usual.run_days} days" in told
    assert told.count("got a damaged one") == 3 and "And 1 more." in told
    assert app.dataframe  # the good one is there
