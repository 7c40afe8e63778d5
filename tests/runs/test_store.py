"""Runs on the disk: round trips, bounds, odd names, damage, and several processes at once."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rnnviz.models import places, storage
from rnnviz.models.places import ID, RunError
from rnnviz.runs import store as runs
from rnnviz.runs.budgets import Budgets
from rnnviz.runs.store import RunStore

ROOT = Path(__file__).resolve().parents[2]
ME, OTHER = "visitor-1", "visitor-2"
PLAN = {"task": "digits", "cell": "gru", "hidden_size": 64, "seed": 3}


def of(**changed: dict[str, int]) -> Budgets:
    """The usual budgets with some numbers changed."""
    usual = Budgets()
    new = {whose: replace(getattr(usual, whose), **words) for whose, words in changed.items()}
    return replace(usual, **new)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs")


def test_a_run_comes_back_as_it_was_made(store: RunStore) -> None:
    before = time.time()
    made = store.create(PLAN, ME, "  my\nrun ", group="race")
    assert made == store.get(made.id) == RunStore(store.folder).get(made.id)
    assert (made.name, made.plan, made.visitor, made.group) == ("my run", PLAN, ME, "race")
    assert made.state == "queued" and made.is_live and not made.kept and not made.has_model
    assert before <= made.created <= time.time()
    assert store.of(ME) == [made] and store.of(OTHER) == []
    changed = store.update(
        made.id, state="finished", best={"accuracy": 0.5, "n": 10, "loss": math.nan}, step=7
    )
    assert changed == store.get(made.id) and made.state == "queued"
    assert changed.best == {"accuracy": 0.5, "n": 10, "loss": None}
    assert list(store.folder.glob("*/.run*")) == []  # nothing half written stays


def test_a_plan_of_the_trainer_is_kept_as_json(store: RunStore) -> None:
    from rnnviz.training.plan import Plan

    plan = Plan()
    run = store.create(plan, ME)
    assert Plan.from_json(run.plan) == plan
    assert run.name


def test_only_known_fields_and_states_are_written(store: RunStore) -> None:
    run = store.create(PLAN, ME)
    for words in ({"visitor": OTHER}, {"id": "x"}, {"folder": "/"}, {"colour": 1}):
        with pytest.raises(TypeError, match="expected fields of a run|multiple values"):
            store.update(run.id, **words)
    with pytest.raises(ValueError, match="state: expected one of"):
        store.update(run.id, state="dreaming")
    assert store.get(run.id) == run


@example(odd=-100_000_000_000_000)  # as many signs as an id has
@given(
    st.text(max_size=40).filter(lambda text: ID.fullmatch(text) is None)
    | st.binary(max_size=16)
    | st.none()
    | st.integers()
)
@settings(max_examples=150, deadline=None)
def test_odd_ids_are_refused_everywhere(odd: object) -> None:
    store = RunStore(_shared())
    before = sorted(os.listdir(store.folder.parent))
    refused = "expected (the id of a run|a training run with a network), "
    for ask in (store.get, store.delete, store.restore, store.size, store.keep, places.folder_of):
        with pytest.raises(RunError, match=refused):
            ask(odd)
    with pytest.raises(RunError, match=refused):
        store.update(odd, name="x")
    with pytest.raises(RunError, match="expected the key of labelled texts"):
        store.data_path(odd)
    assert not store.exists(odd)
    assert sorted(os.listdir(store.folder.parent)) == before


@pytest.mark.parametrize(
    "odd", ["../" * 5 + "x", "..", "a" * 16 + "\n", "/etc/passwd-0000", "a" * 15 + "/"]
)
def test_no_id_leaves_the_folder(store: RunStore, odd: str) -> None:
    with pytest.raises(RunError, match="16 letters"):
        store.get(odd)
    with pytest.raises(storage.CheckpointError, match="expected"):
        storage.folder_of("run." + odd)


def test_a_link_in_the_folder_is_no_run(store: RunStore, tmp_path: Path) -> None:
    elsewhere = RunStore(tmp_path / "else").create(PLAN, ME)
    (store.folder / elsewhere.id).symlink_to(elsewhere.folder)
    with pytest.raises(RunError, match="not here"):
        store.get(elsewhere.id)
    assert store.runs() == []


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "[]",
        "null",
        '{"id": 3}',
        "\udcff",
        "[" * 5000,
        "x" * 300_000,
        '{"state": "queued"}',
    ],
)
def test_a_damaged_record_is_a_sentence_and_the_others_stay(store: RunStore, damage: str) -> None:
    good, bad = store.create(PLAN, ME), store.create(PLAN, ME)
    (bad.folder / "run.json").write_bytes(damage.encode("utf-8", "surrogateescape"))
    assert store.of(ME) == [good]
    [said] = store.damaged()
    assert said.startswith("expected the record of a run, got a damaged one")
    assert bad.id not in said  # it opens the run
    with pytest.raises(RunError, match="damaged"):
        store.get(bad.id)
    with pytest.raises(RunError, match="damaged"):
        store.update(bad.id, name="x")


@given(
    st.dictionaries(
        st.sampled_from(["name", "plan", "created", "best", "step", "seconds", "process", "state"]),
        st.none() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=3),
    )
)
@settings(max_examples=80, deadline=None)
def test_no_record_crashes_the_table(words: dict[str, object]) -> None:
    store = RunStore(_shared())
    run = store.create(PLAN, ME, state="finished")
    record = json.loads((run.folder / "run.json").read_text()) | words
    (run.folder / "run.json").write_text(json.dumps(record))
    found, said = store.runs(), store.damaged()
    assert len(said) + len([one for one in found if one.id == run.id]) == 1
    (run.folder / "run.json").unlink()


def test_events_are_appended_and_a_torn_line_is_left_out(store: RunStore) -> None:
    run = store.create(PLAN, ME)
    assert len(run.curves()) == 0
    steps = [{"event": "step-finished", "step": n, "epoch": 1, "loss": math.nan} for n in (1, 2, 3)]
    run.append(steps[:1])
    with run.curves_path.open("a") as file:
        file.write('{"event": "step-finis')  # killed in the middle of a line
    run.append(steps[1:])
    found = run.curves()
    assert found.steps.tolist() == [1, 2, 3]
    assert found.lost == 1 and found.plan == PLAN


def test_a_curve_file_ends_somewhere(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    run = store.create(PLAN, ME)
    monkeypatch.setattr("rnnviz.runs.record.MOST_CURVE_BYTES", 1000)
    for number in range(100):
        run.append([{"event": "step-finished", "step": number, "loss": 1.0}])
    assert run.curves_path.stat().st_size <= 1000
    assert len(run.curves()) > 5


def test_names_are_one_clean_line(store: RunStore) -> None:
    run = store.create(PLAN, ME)
    assert run.name == "GRU 64, digits"
    assert store.rename(run.id, "a\x00\u202eb  c\t" + "d" * 100).name == ("ab c " + "d" * 100)[:60]
    assert store.rename(run.id, " \n ").name == store.get(run.id).name
    assert store.rename(run.id, "<b>\ud800").name == "<b>?"


def test_deleted_runs_can_come_back_for_a_while(store: RunStore) -> None:
    run = store.create(PLAN, ME, state="finished")
    store.delete(run.id)
    assert store.of(ME) == [] and not store.exists(run.id)
    assert store.restore(run.id) == run == store.get(run.id)
    store.delete(run.id)
    old = time.time() - runs.SECONDS_TO_RESTORE - 1
    os.utime(store.folder / runs.DELETED / run.id, (old, old))
    store.sweep()
    with pytest.raises(RunError, match="gone for good"):
        store.restore(run.id)


def test_what_is_damaged_goes_after_a_week(store: RunStore) -> None:
    bad, young = (store.create(PLAN, ME) for _ in range(2))
    for run in (bad, young):
        (run.folder / "run.json").write_text("{")
    empty, fresh = store.folder / ("e" * 16), store.folder / ("f" * 16)  # half deleted
    for folder in (empty, fresh):
        (folder / "model").mkdir(parents=True)
    old = time.time() - runs.SECONDS_OF_DAMAGE - 1
    for folder in (bad.folder, empty):
        os.utime(folder, (old, old))
    for _ in range(2):
        store.create(PLAN, ME)
    assert not bad.folder.exists() and young.folder.exists()
    assert not empty.exists() and fresh.exists()
    assert len(store.damaged()) == 1  # what has no record is no run, and nothing is said of it


def test_a_live_run_is_not_deleted(store: RunStore) -> None:
    run = store.create(PLAN, ME)
    for state in runs.LIVE:
        store.update(run.id, state=state)
        with pytest.raises(RunError, match="stop it first"):
            store.delete(run.id)


def test_a_run_that_is_queued_in_another_tab_is_not_deleted(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Resume is pressed there after Delete was here, and before the lock is taken."""
    run, lock = store.create(PLAN, ME, state="stopped"), store._lock
    other = RunStore(store.folder)

    def resumed_first() -> Any:
        monkeypatch.undo()
        other.update(run.id, state="queued")
        return lock()

    monkeypatch.setattr(store, "_lock", resumed_first)
    with pytest.raises(RunError, match="got 'GRU 64, digits': stop it first"):
        store.delete(run.id)
    assert store.get(run.id).state == "queued"


def test_two_tabs_keep_no_more_than_one_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RunStore(tmp_path, bounds=of(visitor={"kept": 1}))
    first, second = (store.create(PLAN, ME, state="finished") for _ in range(2))
    lock, other = store._lock, RunStore(store.folder, bounds=store.budgets)

    def kept_first() -> Any:
        monkeypatch.setattr(store, "_lock", lock)
        other.keep(first.id)
        return lock()

    monkeypatch.setattr(store, "_lock", kept_first)
    with pytest.raises(RunError, match="at most 1 kept runs of yours, got one more"):
        store.keep(second.id)


def test_sizes_are_measured_while_others_make_room(store: RunStore) -> None:
    """Another thread measures a run for the first time while the sizes are looked through."""
    runs_ = [store.create(PLAN, ME, state="finished") for _ in range(3)]

    class Growing(dict[str, bool]):
        def __contains__(self, id: object) -> bool:
            store._sizes[f"new {len(store._sizes)}"] = store._sizes[str(id)]
            return super().__contains__(id)

    store.usage(ME)
    store._sizes = Growing(store._sizes)
    store.usage(ME)
    assert set(store._sizes) == {run.id for run in runs_}


def test_the_oldest_unkept_runs_make_room(tmp_path: Path) -> None:
    store = RunStore(tmp_path, bounds=of(visitor={"runs": 5}))
    live, kept = store.create(PLAN, ME), store.create(PLAN, ME, state="finished")
    store.keep(kept.id)
    others = [store.create(PLAN, ME, state="finished") for _ in range(6)]
    stranger = store.create(PLAN, OTHER, state="finished")
    left = {run.id for run in store.of(ME)}
    assert left == {live.id, kept.id, *(run.id for run in others[-3:])}
    assert store.exists(stranger.id)


def test_a_paused_run_of_ones_own_makes_room(tmp_path: Path) -> None:
    store = RunStore(tmp_path, bounds=of(visitor={"runs": 2}))
    paused, waiting = (store.create(PLAN, ME, state=state) for state in ("paused", "queued"))
    new = store.create(PLAN, ME, state="running")
    assert {run.id for run in store.of(ME)} == {waiting.id, new.id}
    with pytest.raises(RunError, match="room for one more run, got 2 runs .* of yours already"):
        store.create(PLAN, ME)
    assert not paused.folder.exists()


def test_bytes_are_bounded_too(tmp_path: Path) -> None:
    store = RunStore(tmp_path, bounds=of(visitor={"megabytes": 1}))
    first, second = (store.create(PLAN, ME, state="finished") for _ in range(2))
    (first.folder / "state.safetensors").write_bytes(b"0" * 600_000)
    store.update(first.id, message="bigger")
    (second.folder / "snapshots").mkdir()
    (second.folder / "snapshots" / "0000001.safetensors").write_bytes(b"0" * 600_000)
    store.update(second.id, message="bigger")
    assert store.size(second.id) > 600_000
    third = store.create(PLAN, ME, state="finished")
    assert [run.id for run in store.of(ME)] == [third.id, second.id]


def test_where_all_is_live_or_kept_nothing_goes_and_a_sentence_says_so(tmp_path: Path) -> None:
    store = RunStore(tmp_path, bounds=of(visitor={"runs": 3}))
    store.create(PLAN, ME)
    store.keep(store.create(PLAN, ME, state="finished").id)
    loose = store.create(PLAN, ME, state="finished", expected=10)
    store.update(loose.id, state="running")
    with pytest.raises(RunError, match="room for one more run"):
        store.create(PLAN, ME)
    assert len(store.of(ME)) == 3


def test_only_so_many_are_kept(tmp_path: Path) -> None:
    store = RunStore(tmp_path, bounds=of(visitor={"kept": 1}, address={"kept": 2}))
    first, second = (store.create(PLAN, ME, state="finished") for _ in range(2))
    store.keep(first.id)
    store.keep(first.id)
    with pytest.raises(RunError, match="at most 1 kept"):
        store.keep(second.id)
    store.keep(first.id, False)
    assert store.keep(second.id).kept
    store.keep(store.create(PLAN, OTHER, state="finished").id)
    with pytest.raises(RunError, match="at most 2 kept runs of all who share your address"):
        store.keep(store.create(PLAN, "visitor-3", state="finished").id)


def test_a_dead_servers_runs_are_interrupted(store: RunStore) -> None:
    code = (
        "import sys; from rnnviz.runs.store import RunStore; s = RunStore(sys.argv[1])\n"
        "for state in ('queued', 'running', 'paused', 'finished'):\n"
        "    print(s.create({}, 'v', state=state).id)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, store.folder], cwd=ROOT, capture_output=True, check=True
    )
    *live, finished = done.stdout.decode().split()
    own = store.create(PLAN, ME, state="running")
    assert {run.id for run in store.interrupted(living=[own.id])} == set(live)
    assert {store.get(one).state for one in live} == {"interrupted"}
    assert store.get(finished).state == "finished" and store.get(own.id).state == "running"
    assert not store.get(live[0]).is_resumable
    store.get(live[0]).state_path.write_bytes(b"x")
    assert store.get(live[0]).is_resumable
    assert [run.id for run in store.interrupted()] == [own.id]  # no job of this process has it


def test_the_runs_of_a_living_process_are_left_alone(store: RunStore) -> None:
    code = (
        "import sys; from rnnviz.runs.store import RunStore\n"
        "print(RunStore(sys.argv[1]).create({}, 'v', state='running').id, flush=True)\n"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, store.folder], cwd=ROOT, stdin=-1, stdout=-1, text=True
    ) as other:
        id = other.stdout.readline().strip()
        assert store.interrupted() == []
        for state in runs.BUSY:
            with pytest.raises(RunError, match="another server trains"):
                store.update(id, state=state)
        assert store.update(id, name="a name").process[0] == other.pid
        other.kill()
        other.wait()
    assert [run.id for run in store.interrupted()] == [id]


def test_processes_and_threads_do_not_lose_each_others_changes(store: RunStore) -> None:
    run = store.create(PLAN, ME)
    code = (
        "import sys; from rnnviz.runs.store import RunStore; s = RunStore(sys.argv[1])\n"
        "for n in range(60): s.update(sys.argv[2], step=n)"
    )
    command = [sys.executable, "-c", code, store.folder, run.id]
    with subprocess.Popen(command, cwd=ROOT) as other:

        def rename() -> None:
            for n in range(60):
                store.update(run.id, name=f"name {n}")
                assert store.get(run.id).name

        def message() -> None:
            for n in range(60):
                store.update(run.id, message=str(n))

        threads = [threading.Thread(target=one) for one in (rename, message)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert other.wait() == 0
    last = store.get(run.id)
    assert (last.name, last.message, last.step) == ("name 59", "59", 59)


def test_a_folder_that_cannot_be_written_gives_a_sentence_and_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("RNNVIZ_RUNS", str(tmp_path / "file" / "runs"))
    places._found.cache_clear()
    store = RunStore()
    assert "cannot be written" in store.notice and "RNNVIZ_RUNS" in store.notice
    assert store.folder.parent == tmp_path
    run = store.create(PLAN, ME)
    (run.folder / "model").mkdir()
    assert storage.folder_of(run.model_name) == run.model_folder
    assert RunStore().get(run.id) == run  # the next one finds the same temporary folder
    monkeypatch.setenv("RNNVIZ_RUNS", str(tmp_path / "fine"))
    assert (RunStore().folder, RunStore().notice) == (tmp_path / "fine", "")


def test_a_full_disk_is_a_sentence(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    run = store.create(PLAN, ME)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(RunError, match="No space left"):
        store.create(PLAN, ME)
    with pytest.raises(RunError, match="No space left"):
        store.update(run.id, name="x")
    monkeypatch.undo()
    assert store.get(run.id) == run
    assert [path.name for path in store.folder.glob(".new-*")] == []


def test_labelled_texts_are_kept_by_their_contents(store: RunStore) -> None:
    key = store.add_data(b"text,label\na,b\n", ".CSV")
    assert store.add_data(b"text,label\na,b\n", "csv") == key
    assert store.data_path(key).read_bytes() == b"text,label\na,b\n"
    with pytest.raises(RunError, match="extension"):
        store.add_data(b"x", "../../x")


def test_the_store_is_light(tmp_path: Path) -> None:
    code = "import sys, rnnviz.runs.store, rnnviz.training.curves; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.strip() == b"False"


def _shared() -> Path:
    """A folder that the examples of one test share: hypothesis makes many."""
    import tempfile

    global _FOLDER
    if _FOLDER is None:
        _FOLDER = tempfile.TemporaryDirectory()
    return Path(_FOLDER.name) / "runs"


_FOLDER = None
