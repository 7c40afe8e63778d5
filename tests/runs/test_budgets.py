"""Who may have how much.

Oracles: what is on the disk, counted file by file; what others have, which no act of somebody else
may change; orders of a queue, and addresses, written down by hand.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rnnviz.models.places import RunError
from rnnviz.runs import budgets as module
from rnnviz.runs import store as runs
from rnnviz.runs import uploads as run_uploads
from rnnviz.runs.budgets import LOCAL, Budget, Budgets, Uploads, address_of, budgets
from rnnviz.runs.queue.fair import FairQueue
from rnnviz.runs.queue.job import Job
from rnnviz.runs.store import RunStore

PLAN = {"task": "digits", "cell": "gru", "hidden_size": 64}
ME, OTHER = "visitor-1", "visitor-2"
HERE, THERE = "here", "there"


def of(**changed: dict[str, int]) -> Budgets:
    """The usual budgets with some numbers changed."""
    usual = Budgets()
    new = {whose: replace(getattr(usual, whose), **words) for whose, words in changed.items()}
    return replace(usual, **new)


def filled(size: int) -> Callable[[Path], object]:
    return lambda folder: (folder / "x").write_bytes(b"0" * size)


def on_disk(folder: Path) -> int:
    return sum(one.lstat().st_size for one in folder.rglob("*") if one.is_file())


def finished(store: RunStore, visitor: str, origin: str = HERE, size: int = 0) -> runs.Run:
    return store.create(PLAN, visitor, origin=origin, state="finished", fill=filled(size))


# Nobody loses anything for another one.


def test_a_thousand_new_cookies_delete_nothing_of_others(tmp_path: Path) -> None:
    """The attack that was found: uploads under ever new cookies, from one address."""
    store = RunStore(tmp_path, bounds=of(address={"runs": 30}, everybody={"runs": 60}))
    class_ = [finished(store, f"student-{n}", THERE) for n in range(20)]
    got, said = 0, ""
    for number in range(60):
        try:
            finished(store, f"cookie-{number}", HERE, size=1000)
            got += 1
        except RunError as error:
            said = str(error)
    assert all(store.exists(run.id) for run in class_)
    assert got == 30 and "30 runs" in said and "all who share your address" in said
    # The class works on, each of them: one more of their own takes the place of none of others.
    new = [finished(store, f"student-{n}", THERE) for n in range(10)]
    assert all(store.exists(run.id) for run in (*class_, *new))


def test_where_everybody_is_full_the_newcomer_is_refused(tmp_path: Path) -> None:
    store = RunStore(tmp_path, bounds=of(everybody={"runs": 4}))
    others = [finished(store, OTHER, THERE) for _ in range(4)]
    with pytest.raises(RunError, match="of everybody here already, where 4 runs"):
        finished(store, ME)
    assert [store.exists(run.id) for run in others] == [True] * 4
    # Who has something there may replace it.
    new = finished(store, OTHER, THERE)
    assert [run.id for run in store.of(OTHER)] == [new.id, *(run.id for run in others[:0:-1])]


def test_a_refusal_takes_nothing_away(tmp_path: Path) -> None:
    store = RunStore(tmp_path, bounds=of(visitor={"megabytes": 1}))
    mine = finished(store, ME)
    gone = finished(store, ME)
    store.delete(gone.id)
    with pytest.raises(RunError, match=r"room for one more run and 2\.0 MB more"):
        finished(store, ME, size=2_000_000)
    assert store.exists(mine.id)
    assert store.restore(gone.id).id == gone.id
    assert not list(tmp_path.glob(".new-*"))


# What counts is what is on the disk.


def test_deleted_runs_count_until_they_are_gone_and_go_first(tmp_path: Path) -> None:
    store = RunStore(tmp_path, bounds=of(visitor={"megabytes": 1}))
    stays = finished(store, ME, size=300_000)
    for _ in range(6):  # 700 MB in the attack that was found, counted as nothing
        store.delete(finished(store, ME, size=600_000).id)
        assert on_disk(tmp_path) <= 1_000_000
        count, size = store.usage(ME)
        assert abs(size - on_disk(tmp_path)) < 100 and count <= 3
    assert store.exists(stays.id)


def test_deleted_runs_count_for_the_address_and_for_everybody(tmp_path: Path) -> None:
    for whose in ("address", "everybody"):
        store = RunStore(tmp_path / whose, bounds=of(**{whose: {"megabytes": 1}}))
        gone = finished(store, OTHER, size=800_000)
        store.delete(gone.id)
        with pytest.raises(RunError, match="room for one more run"):
            finished(store, ME, size=300_000)
        old = time.time() - runs.SECONDS_TO_RESTORE - 1
        os.utime(store.folder / runs.DELETED / gone.id, (old, old))
        assert finished(store, ME, size=300_000)
        assert not (store.folder / runs.DELETED / gone.id).exists()


def test_what_is_left_of_runs_counts_for_everybody(tmp_path: Path) -> None:
    """Damaged, half made, half written: each is on the disk, whoever it was."""
    store = RunStore(tmp_path, bounds=of(everybody={"megabytes": 2}))
    damaged, half = finished(store, OTHER, size=700_000), tmp_path / ".new-half"
    (damaged.folder / "run.json").write_text("{")
    half.mkdir()
    (half / "x").write_bytes(b"0" * 700_000)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / ".aaaa.csv.tmp").write_bytes(b"0" * 500_000)
    with pytest.raises(RunError, match="everybody here"):
        finished(store, ME, size=300_000)
    old = time.time() - runs.SECONDS_OF_DAMAGE - 1
    for path in (damaged.folder, half, tmp_path / "data" / ".aaaa.csv.tmp"):
        os.utime(path, (old, old))
    assert finished(store, ME, size=300_000)
    assert on_disk(tmp_path) < 400_000


def test_texts_count_for_who_brought_them_once(tmp_path: Path) -> None:
    store = RunStore(tmp_path, bounds=of(visitor={"megabytes": 1}, address={"megabytes": 2}))
    first = store.add_data(b"0" * 600_000, "csv", ME, HERE)
    assert store.add_data(b"0" * 600_000, "csv", ME, HERE) == first
    assert abs(store.usage(ME)[1] - 600_000) < 100
    store.create({**PLAN, "data": first}, ME, origin=HERE, state="running")
    with pytest.raises(RunError, match=r"room for a file and 0\.5 MB more.* of yours"):
        store.add_data(b"1" * 500_000, "csv", ME, HERE)
    store.add_data(b"2" * 900_000, "csv", OTHER, HERE)
    with pytest.raises(RunError, match="share your address"):
        store.add_data(b"3" * 700_000, "csv", "visitor-3", HERE)
    assert store.add_data(b"4" * 700_000, "csv", "visitor-3", THERE)
    assert store.data_path(first).is_file()


def test_texts_that_no_run_speaks_of_go_by_their_age_alone(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    used, old, young = (store.add_data(bytes([n]) * 50, "csv", ME, HERE) for n in range(3))
    store.create({**PLAN, "data": used}, ME, state="finished")
    then = time.time() - runs.SECONDS_OF_UNUSED_DATA - 1
    for key in (used, old):
        os.utime(tmp_path / "data" / key, (then, then))
    store.sweep()
    assert store.data_path(used) and store.data_path(young)
    with pytest.raises(RunError, match="bring the file again"):
        store.data_path(old)


def test_what_a_training_will_write_is_reserved(tmp_path: Path) -> None:
    store = RunStore(tmp_path, bounds=of(address={"megabytes": 3}))
    live = store.create(PLAN, ME, origin=HERE, expected=2_000_000)
    with pytest.raises(RunError, match="share your address"):
        store.create(PLAN, OTHER, origin=HERE, expected=2_000_000)
    store.update(live.id, state="finished")  # it wrote less
    assert store.create(PLAN, OTHER, origin=HERE, expected=2_000_000)


def test_runs_go_when_they_are_old_and_kept_ones_later(tmp_path: Path) -> None:
    store = RunStore(tmp_path, bounds=replace(Budgets(), run_days=10))
    loose, kept, busy = (finished(store, ME) for _ in range(3))
    store.keep(kept.id)
    store.update(busy.id, state="running")

    def aged(days: float) -> None:
        then = time.time() - days * 24 * 3600
        for run in (loose, kept, busy):
            if not (run.folder / "run.json").exists():
                continue
            text = (run.folder / "run.json").read_text()
            before, _, after = text.partition('"created": ')
            text = f'{before}"created": {then},{after.partition(",")[2]}'
            (run.folder / "run.json").write_text(text)
            os.utime(run.folder / "run.json", (then, then))

    aged(9)
    store.sweep()
    assert len(store.runs()) == 3
    aged(11)
    store.sweep()
    assert {run.id for run in store.runs()} == {kept.id, busy.id}
    aged(21)
    store.sweep()
    assert {run.id for run in store.runs()} == {busy.id}


def test_two_who_come_at_once_do_not_both_get_the_last_place(tmp_path: Path) -> None:
    bounds = of(everybody={"runs": 1})
    store, other = RunStore(tmp_path, bounds=bounds), RunStore(tmp_path, bounds=bounds)
    finished(other, OTHER)
    with pytest.raises(RunError):
        finished(store, ME)
    assert len(store.runs()) == 1


# Uploads.


def test_uploads_of_an_hour_are_counted_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RunStore(tmp_path, bounds=of(visitor={"uploads": 2}, address={"uploads": 3}))
    clock = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])

    def bring(visitor: str, origin: str = HERE) -> str:
        with pytest.raises(RunError) as refused:
            run_uploads.add(store, visitor, [("x.zip", b"no zip")], origin=origin)
        return str(refused.value)

    assert "zip" in bring(ME) and "zip" in bring(ME)
    assert "at most 2 uploads an hour of yours" in bring(ME)
    assert "zip" in bring(OTHER)
    assert "at most 3 uploads an hour of all who share your address" in bring("visitor-3")
    assert "zip" in bring("visitor-4", THERE)
    clock[0] = module.UPLOAD_SECONDS + 1
    assert "zip" in bring(ME)


def test_megabytes_of_uploads_are_counted_too() -> None:
    uploads = Uploads(of(visitor={"upload_megabytes": 10}, everybody={"upload_megabytes": 15}))
    assert not uploads.refused(ME, HERE, 6_000_000)
    assert "at most 10 MB of uploads an hour of yours" in uploads.refused(ME, HERE, 6_000_000)
    assert not uploads.refused(OTHER, THERE, 6_000_000)
    assert "of everybody here" in uploads.refused("visitor-3", "elsewhere", 6_000_000)


# Numbers, and addresses.


def test_a_class_of_thirty_behind_one_address_can_work() -> None:
    usual = Budgets()
    for word in ("runs", "jobs", "uploads"):
        needed = {"runs": 20, "jobs": 1, "uploads": 10}[word]
        assert getattr(usual.address, word) >= 30 * needed
        assert getattr(usual.everybody, word) >= 2 * getattr(usual.address, word)
    assert usual.address.megabytes >= 30 * 60
    assert usual.everybody.megabytes >= 2 * usual.address.megabytes


def test_the_environment_changes_every_number() -> None:
    assert budgets({}) == Budgets()
    for whose in ("visitor", "address", "everybody"):
        for word in Budget.__dataclass_fields__:
            name = f"RNNVIZ_{whose}_{word}".upper()
            changed = budgets({name: "7"})
            assert getattr(getattr(changed, whose), word) == 7
            for bad in ("0", "-1", "x", "1.5", "9" * 12, "٣"):
                with pytest.raises(ValueError, match=f"{name}: expected a whole number above 0"):
                    budgets({name: bad})
    assert budgets({"RNNVIZ_RUN_DAYS": "3"}).run_days == 3


def test_the_documentation_has_the_numbers_of_the_table(root: Path) -> None:
    text = (root / "docs" / "runs.md").read_text(encoding="utf-8")
    usual = Budgets()
    for word in Budget.__dataclass_fields__:
        [row] = [line for line in text.splitlines() if f"| `{word.upper()}` |" in line]
        numbers = [cell.strip().replace(",", "") for cell in row.split("|")[3:6]]
        of_whom = (usual.visitor, usual.address, usual.everybody)
        assert numbers == [str(getattr(one, word)) for one in of_whom]
    assert f"for {usual.run_days} days" in text


FORWARDED = "X-Forwarded-For"
BEHIND = {"RNNVIZ_ADDRESS_HEADER": FORWARDED}


@pytest.mark.parametrize(
    ("peer", "headers", "environment", "expected"),
    [
        (None, {}, {}, LOCAL),  # localhost, as Streamlit says it; a page under test
        ("127.0.0.1", {}, {}, LOCAL),
        ("::1", {}, {}, LOCAL),
        ("::ffff:127.0.0.1", {}, {}, LOCAL),
        ("no address", {}, {}, LOCAL),
        ("192.0.2.7", {}, {}, "192.0.2.7"),
        ("::ffff:192.0.2.7", {}, {}, "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", {}, {}, "2001:db8:1:2::/64"),
        ("fe80::1%eth0", {}, {}, "fe80::/64"),
        # No header is believed that nobody has named.
        ("192.0.2.7", {FORWARDED: "198.51.100.1"}, {}, "192.0.2.7"),
        ("192.0.2.7", {"X-Real-IP": "198.51.100.1"}, {}, "192.0.2.7"),
        # The web server takes it for the peer where somebody on this computer sends it.
        ("198.51.100.1", {FORWARDED: "198.51.100.1"}, {}, LOCAL),
        ("198.51.100.1", {FORWARDED: "198.51.100.1, 127.0.0.1"}, {}, LOCAL),
        # Behind a proxy the last address is the one that it has written.
        ("127.0.0.1", {FORWARDED: "198.51.100.1"}, BEHIND, "198.51.100.1"),
        ("127.0.0.1", {"x-forwarded-for": "203.0.113.9, 198.51.100.1"}, BEHIND, "198.51.100.1"),
        ("127.0.0.1", {FORWARDED: "[2001:db8::5]:4711"}, BEHIND, "2001:db8::/64"),
        ("127.0.0.1", {FORWARDED: "198.51.100.1:4711"}, BEHIND, "198.51.100.1"),
        ("192.0.2.7", {}, BEHIND, "192.0.2.7"),
        ("127.0.0.1", {FORWARDED: "<script>"}, BEHIND, LOCAL),
    ],
)
def test_whose_budget_counts(
    peer: str | None, headers: dict[str, str], environment: dict[str, str], expected: str
) -> None:
    assert address_of(peer, headers, environment) == expected


def test_an_address_stands_in_no_record(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    origin = store.origin("192.0.2.7")
    assert origin == RunStore(tmp_path).origin("192.0.2.7") != store.origin("192.0.2.8")
    assert origin != RunStore(tmp_path / "other").origin("192.0.2.7")
    run = store.create(PLAN, ME, origin=origin)
    assert store.get(run.id).origin == origin
    assert "192.0.2.7" not in (run.folder / "run.json").read_text()


def job(origin: str, visitor: str) -> Job:
    return Job(f"{origin}-{visitor}", visitor, (), origin)


def test_the_queue_takes_addresses_in_turn() -> None:
    """By hand: however many cookies somebody has, another address waits for one of them only."""
    queue = FairQueue()
    many = [job(HERE, f"cookie-{n}") for n in range(5)]
    for one in many:
        queue.push(one)
    alone, pair = job(THERE, ME), [job("class", f"student-{n}") for n in range(2)]
    for one in (alone, *pair):
        queue.push(one)
    expected = [many[0], alone, pair[0], many[1], pair[1], many[2], many[3], many[4]]
    assert list(queue) == expected and len(queue) == 8
    assert [one.position for one in expected] == list(range(8))
    assert queue.remove(many[1]) and not queue.remove(many[1])
    assert [queue.pop() for _ in range(8)] == [*expected[:3], many[2], pair[1], *many[3:], None]
