"""Training runs on the disk: a folder each, written whole, bounded, and safe against odd names.

    <runs>/<id>/run.json             what the run is and how it stands (`Run`)
    <runs>/<id>/curves.jsonl         one event a line (`training.events.to_json`)
    <runs>/<id>/state.safetensors    the last state that training can go on from
    <runs>/<id>/snapshots/           small copies of the weights over training time
    <runs>/<id>/model/               the best epoch, as `checkpoint.save` writes it
    <runs>/data/<sha16>.<ext>        labelled texts that somebody brought
    <runs>/.deleted/<id>             deleted a moment ago; `restore` brings it back

An id is 96 random bits and the key to its run. Several processes may use one folder: whatever is
read before it is written happens under a lock. How much of it whoever may have says `budgets`. No
torch and no Streamlit here.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from rnnviz.models.places import (
    ID,
    RunError,
    checked_id,
    runs_folder,
    writable,
)
from rnnviz.runs.budgets import WHOSE, Budgets, Uploads, budgets
from rnnviz.runs.record import (
    BUSY,
    LIVE,
    RECORD,
    Run,
    as_json,
    checked_fields,
    checked_visitor,
    clean_name,
    default_name,
    lives,
    read_record,
    run_of,
    this_process,
    write_record,
)
from rnnviz.runs.space import Item, Owner, going, size_of
from rnnviz.safe.files import locked, replacing

DATA, DELETED, KEY = "data", ".deleted", ".key"
DATA_KEY = re.compile(r"[0-9a-f]{16}\.[a-z0-9]{1,8}")

ELSEWHERE = "expected a run of this server, got one that another server trains: stop it there first"

NOT_YOURS = "expected a run of this browser, got another's: only who trained it can change it"

SECONDS_TO_RESTORE = 15 * 60
SECONDS_OF_DAMAGE = 7 * 24 * 3600
SECONDS_OF_UNUSED_DATA = 2 * 3600
"""Who has brought texts may choose columns and press Train for so long."""

SECONDS_OF_A_DAY = 24 * 3600


class RunStore:
    """The runs of one folder; every method may be called by several threads and processes.

    `folder` defaults to `runs_folder()`. `notice` is a sentence for people where runs cannot be
    written to where they belong, and empty elsewhere.
    """

    def __init__(
        self, folder: str | os.PathLike[str] | None = None, *, bounds: Budgets | None = None
    ) -> None:
        self.folder, self.notice = runs_folder() if folder is None else writable(Path(folder))
        self.budgets = bounds or budgets()
        self._uploads = Uploads(self.budgets)
        self._known: dict[str, tuple[tuple[int, int], Run]] = {}
        self._broken: list[str] = []
        self._sizes: dict[str, tuple[Run, int]] = {}
        self._expected: dict[str, int] = {}
        self._brought: dict[str, set[Owner]] = {}
        self._key: bytes | None = None

    def create(
        self,
        plan: Any,
        visitor: str,
        name: str = "",
        group: str | None = None,
        *,
        origin: str = "",
        state: str = "queued",
        expected: int = 0,
        fill: Callable[[Path], object] | None = None,
        **fields: Any,
    ) -> Run:
        """A new run of `visitor` after `plan` (a `Plan` or what its JSON says), making room for it.

        `origin` stands for the visitor's address. `fill` writes what the run begins with into its
        folder, `expected` bytes are to come while it is live. Raises `RunError` where the folder
        cannot be written, or a budget is full.
        """
        record = {
            "id": secrets.token_urlsafe(12),
            "visitor": checked_visitor(visitor),
            "origin": origin,
            "plan": as_json(plan),
            "group": group,
            "created": time.time(),
            "process": this_process(),
            **checked_fields({**fields, "state": state, "name": name}),
        }
        record["name"] = record["name"] or default_name(record["plan"])
        run_of(Path(str(record["id"])), record)  # before anything is written
        try:
            self.sweep()
            beside = Path(tempfile.mkdtemp(prefix=".new-", dir=self.folder))
            try:
                if fill is not None:
                    fill(beside)
                write_record(beside / RECORD, record)
                return self._placed(beside, record, expected)
            except BaseException:
                shutil.rmtree(beside, ignore_errors=True)
                raise
        except OSError as failure:
            raise RunError(
                f"expected room for a run in {self.folder}, got {failure.strerror or failure}: "
                "free some space there, or name another folder in RNNVIZ_RUNS"
            ) from failure

    def _placed(self, beside: Path, record: dict[str, Any], expected: int) -> Run:
        """The run of a folder that has been made beside, where there is room for it."""
        owner = (str(record["visitor"]), str(record["origin"]))
        with self._lock():
            items = [item for item in self._items() if item.path != beside]
            aside = self._aside(going(items, self.budgets, owner, max(expected, size_of(beside))))
            run = run_of(beside.rename(self.folder / str(record["id"])), record)
            self._expected[run.id] = expected
        _remove(aside)
        return run

    def get(self, id: str) -> Run:
        """The run of that id, or `RunError`."""
        folder = self._folder(id)
        return run_of(folder, read_record(folder))

    def exists(self, id: object) -> bool:
        """Whether `get` would find it."""
        try:
            self.get(str(id))
        except RunError:
            return False
        return True

    def of(self, visitor: str) -> list[Run]:
        """The runs of a visitor, the newest first."""
        return [run for run in self.runs() if run.visitor == visitor]

    def runs(self) -> list[Run]:
        """Everybody's runs, the newest first; damaged records are left out, see `damaged`."""
        return sorted(self._scan()[0], key=lambda run: (run.created, run.id), reverse=True)

    def damaged(self) -> list[str]:
        """A sentence for each run whose record cannot be read."""
        return self._scan()[1]

    def update(self, id: str, **fields: Any) -> Run:
        """Change fields of a run's record, all at once or not at all; `RunError` where it is gone.

        A run that becomes live belongs from then on to the process that said so; `RunError` where
        another one trains it.
        """
        changes = checked_fields(fields)
        if changes.get("state") in LIVE:
            changes["process"] = this_process()
        with self._lock():
            if changes.get("state") in BUSY and self.get(id).is_elsewhere:
                raise RunError(ELSEWHERE)
            return self._change(id, changes)

    def rename(self, id: str, name: str) -> Run:
        """Give a run another name; a blank one leaves the old."""
        cleaned = clean_name(name)
        return self.update(id, name=cleaned) if cleaned else self.get(id)

    def keep(self, id: str, kept: bool = True) -> Run:
        """Keep a run from making room for others, or let it; `RunError` for too many."""
        with self._lock():
            run = self.get(id)
            others = [one for one in self.runs() if one.kept and one.id != id]
            of_whom = {
                "visitor": [one for one in others if one.visitor == run.visitor],
                "address": [one for one in others if one.origin == run.origin],
                "everybody": others,
            }
            for whose, called in WHOSE.items():
                most = getattr(self.budgets, whose).kept
                if kept and len(of_whom[whose]) >= most:
                    raise RunError(
                        f"expected at most {most:,} kept runs of {called}, got one more: "
                        "let one of yours go"
                    )
            return self._change(id, {"kept": kept})

    def share(self, id: str, visitor: str, shared: bool) -> None:
        """Show the texts of a run, and of those that it races against, to all who have its link.

        `RunError` where `visitor` is not whose it is.
        """
        with self._lock():
            run = self.get(id)
            if run.visitor != visitor:
                raise RunError(NOT_YOURS)
            for one in self.of(visitor) if run.group else [run]:
                if one.group == run.group:
                    self._change(one.id, {"shared": shared})

    def delete(self, id: str) -> None:
        """Delete a run; for `SECONDS_TO_RESTORE` it can be restored. `RunError` for a live one."""
        bin = self.folder / DELETED
        with self._lock():
            run = self.get(id)
            if run.is_live:
                raise RunError(f"expected a run that has ended, got {run.name!r}: stop it first")
            bin.mkdir(exist_ok=True)
            shutil.rmtree(bin / id, ignore_errors=True)
            run.folder.rename(bin / id)
            os.utime(bin / id)
        self.sweep()

    def restore(self, id: str) -> Run:
        """Bring back a run that was deleted a moment ago, or `RunError`."""
        with self._lock():
            old = self.folder / DELETED / checked_id(id)
            try:
                old.rename(self.folder / id)
            except OSError as failure:
                raise RunError(
                    "expected a run that was deleted a moment ago, got one that is gone for good: "
                    "train it again"
                ) from failure
        return self.get(id)

    def interrupted(self, living: Collection[str] = ()) -> list[Run]:
        """Call what a dead server left live "interrupted"; those runs.

        `living` are the ids that jobs of this process have in their hands. Runs of another process
        that still lives are left alone.
        """
        left = []
        for run in self.runs():
            if not run.is_live or run.id in living:
                continue
            if run.process != this_process() and lives(run.process):
                continue
            said = "The server ended while this run was on its way."
            with suppress(RunError):  # deleted meanwhile
                left.append(self.update(run.id, state="interrupted", message=said))
        return left

    def size(self, id: str) -> int:
        """How many bytes a run takes."""
        return size_of(self._folder(id))

    def usage(self, visitor: str) -> tuple[int, int]:
        """How many runs of a visitor are on the disk, and how many bytes; deleted ones, too."""
        own = [item for item in self._items() if item.is_of("visitor", (visitor, ""))]
        return sum(item.counts for item in own), sum(item.size for item in own)

    def admit(self, visitor: str, origin: str, size: int) -> None:
        """Count an upload of `size` bytes, before any of it is read; `RunError` for too many."""
        if said := self._uploads.refused(visitor, origin, size):
            raise RunError(said)

    def origin(self, address: str) -> str:
        """What stands for an address in records: a hash with a key that only this folder has."""
        if self._key is None:
            self._key = self._read_key()
        return hashlib.blake2b(address.encode(), key=self._key, digest_size=12).hexdigest()

    def _read_key(self) -> bytes:
        path = self.folder / KEY
        try:
            with self._lock():
                if not path.is_file():
                    with replacing(path) as beside:
                        beside.write_bytes(secrets.token_bytes(32))
                return path.read_bytes()[:64] or secrets.token_bytes(32)
        except OSError:
            return secrets.token_bytes(32)  # of this process alone

    def sweep(self) -> None:
        """Remove for good what was deleted a while ago, never finished, damaged, or of no use.

        That is a matter of its age alone, never of the room that somebody else wants.
        """
        now = time.time()
        old = [*(self.folder / DELETED).glob("*"), *self.folder.glob(".new-*")]
        for path, most in (
            *((path, SECONDS_TO_RESTORE) for path in old),
            *((self.folder / name, SECONDS_OF_DAMAGE) for name in self._broken),
            *((path, SECONDS_TO_RESTORE) for path in self._half_written()),
        ):
            with suppress(OSError):
                if now - path.lstat().st_mtime > most:
                    _remove(path)
        with self._lock():
            aside = self._aside(item for item in self._items() if self._has_had_its_time(item, now))
        _remove(aside)

    def _half_written(self) -> list[Path]:
        """Files beside others that a process was writing when it was killed."""
        beside = [*self.folder.glob("*/.*"), *self.folder.glob("*/*/.*")]
        return [path for path in beside if path.parent.name != DELETED and path.is_file()]

    def _has_had_its_time(self, item: Item, now: float) -> bool:
        if item.path.parent.name == DATA:
            return not item.is_used and now - item.since > SECONDS_OF_UNUSED_DATA
        if item.run is None or item.is_deleted or item.run.state in BUSY:
            return False
        days = self.budgets.run_days * (2 if item.run.kept else 1)
        return now - item.since > days * SECONDS_OF_A_DAY

    def add_data(self, data: bytes, extension: str, visitor: str = "", origin: str = "") -> str:
        """Keep labelled texts that a visitor brought; the key that `data_path` knows.

        Raises `RunError` where a budget is full or nothing can be written.
        """
        key = f"{hashlib.sha256(data).hexdigest()[:16]}.{extension.lower().lstrip('.')}"
        if DATA_KEY.fullmatch(key) is None:
            raise RunError(f"expected an extension such as csv, got {extension[:20]!r}")
        folder, owner = self.folder / DATA, (visitor, origin)
        try:
            folder.mkdir(exist_ok=True)
            self.sweep()
            with self._lock():
                items = [item for item in self._items() if item.path != folder / key]
                aside = self._aside(going(items, self.budgets, owner, len(data), runs=0))
                with replacing(folder / key) as beside:
                    beside.write_bytes(data)
                self._brought.setdefault(key, set()).add(owner)
            _remove(aside)
        except OSError as failure:
            raise RunError(
                f"expected room for {len(data):,} bytes in {folder}, got "
                f"{failure.strerror or failure}: free some space there"
            ) from failure
        return key

    def data_path(self, key: str) -> Path:
        """The file of that key, or `RunError`."""
        path = self.folder / DATA / key if DATA_KEY.fullmatch(str(key)) else None
        if path is None or not path.is_file():
            raise RunError(
                f"expected the key of labelled texts, got {str(key)[:40]!r}: bring the file again"
            )
        return path

    def _items(self) -> list[Item]:
        """Everything on the disk that belongs to somebody, or to nobody any more."""
        found = []
        self._scan()
        known = dict(self._known)
        for (_, changed), run in known.values():
            since = max(run.created, changed / 1e9)
            found.append(Item(run.folder, self._size_of(run), since, _owners(run), run))
        self._sizes = {id: one for id, one in list(self._sizes.items()) if id in known}
        self._expected = {id: one for id, one in list(self._expected.items()) if id in known}
        deleted = (self.folder / DELETED).glob("*")
        found += [_item(path, _run_in(path)) for path in deleted]
        left = [*self.folder.glob(".new-*"), *(self.folder / name for name in self._broken)]
        found += [_item(path, None) for path in left]
        return found + self._texts([run for _, run in known.values()])

    def _texts(self, runs: Iterable[Run]) -> list[Item]:
        """The files of labelled texts, for all who have brought them and whose runs use them."""
        used: dict[str, set[Owner]] = {}
        for run in runs:
            used.setdefault(str(run.plan.get("data")), set()).update(_owners(run))
        found, names = [], set()
        for path in (self.folder / DATA).glob("*"):
            names.add(path.name)
            owners = used.get(path.name, set()) | self._brought.get(path.name, set())
            item = _item(path, None)
            found.append(
                Item(path, item.size, item.since, frozenset(owners), is_used=path.name in used)
            )
        self._brought = {key: one for key, one in self._brought.items() if key in names}
        return found

    def _aside(self, items: Iterable[Item]) -> Path | None:
        """Take things away at once, to be removed without the lock; called with it.

        A run that has become busy meanwhile stays.
        """
        aside = None
        for item in items:
            if item.run is not None and not item.is_deleted:
                with suppress(RunError):
                    if self.get(item.run.id).state in BUSY:
                        continue
            aside = aside or Path(tempfile.mkdtemp(prefix=".new-", dir=self.folder))
            with suppress(FileNotFoundError):
                item.path.rename(aside / item.path.name)
        return aside

    def _change(self, id: str, changes: dict[str, Any]) -> Run:
        """As `update`, by one who holds the lock."""
        folder = self._folder(id)
        record = read_record(folder) | changes
        try:
            write_record(folder / RECORD, record)
        except OSError as failure:
            raise RunError(
                f"expected to write the record of the run {record['name']!r}, got "
                f"{failure.strerror or failure}: free some space in {self.folder}"
            ) from failure
        return run_of(folder, record)

    def _folder(self, id: str) -> Path:
        folder = self.folder / checked_id(id)
        if folder.is_symlink() or not (folder / RECORD).is_file():
            raise RunError("expected the id of a run, got one that is not here: it may be deleted")
        return folder

    def _scan(self) -> tuple[list[Run], list[str]]:
        """All runs, and a sentence for each damaged record; what has not changed is not read."""
        sentences, known, broken = [], {}, []
        try:
            names = sorted(entry.name for entry in os.scandir(self.folder))
        except OSError:
            return [], []
        for name in filter(ID.fullmatch, names):
            try:
                about = (self.folder / name / RECORD).stat()
                stamp = (about.st_ino, about.st_mtime_ns)
                earlier = self._known.get(name)
                known[name] = (
                    earlier if earlier and earlier[0] == stamp else (stamp, self.get(name))
                )
            except OSError:  # no record: being deleted, or a process was killed at that
                broken.append(name)
            except RunError as error:
                sentences.append(str(error))
                broken.append(name)
        self._known, self._broken = known, broken
        return [run for _, run in known.values()], sentences

    def _size_of(self, run: Run) -> int:
        """As `size`; that of a run which has ended is measured once for each of its records.

        One that is live counts with what it is expected to write.
        """
        earlier = self._sizes.get(run.id)
        if earlier is not None and earlier[0] is run and not run.is_live:
            return earlier[1]
        size = size_of(run.folder)
        self._sizes[run.id] = (run, size)
        return max(size, self._expected.get(run.id, 0)) if run.is_live else size

    def _lock(self) -> Any:
        return locked(self.folder / ".lock")


def _owners(run: Run) -> frozenset[Owner]:
    return frozenset([(run.visitor, run.origin)])


def _run_in(folder: Path) -> Run | None:
    """The run whose record is in a folder; None for a damaged one."""
    with suppress(RunError):
        return run_of(folder, read_record(folder))
    return None


def _item(path: Path, run: Run | None) -> Item:
    """Something on the disk that is no run any more."""
    since = 0.0
    with suppress(OSError):
        since = path.lstat().st_mtime
    owners = frozenset[Owner]() if run is None else _owners(run)
    return Item(path, size_of(path), since, owners, run, is_deleted=run is not None)


def _remove(path: Path | None) -> None:
    """Remove a file or a folder, if there is one."""
    if path is None:
        return
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
