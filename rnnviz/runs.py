"""Training runs on the disk: a folder each, written whole, bounded, and safe against odd names.

    <runs>/<id>/run.json             what the run is and how it stands (`Run`)
    <runs>/<id>/curves.jsonl         one event a line (`training.events.to_json`)
    <runs>/<id>/state.safetensors    the last state that training can go on from
    <runs>/<id>/snapshots/           small copies of the weights over training time
    <runs>/<id>/model/               the best epoch, as `checkpoint.save` writes it
    <runs>/data/<sha16>.<ext>        labelled texts that somebody brought
    <runs>/.deleted/<id>             deleted a moment ago; `restore` brings it back

An id is 96 random bits and the key to its run. Several processes may use one folder: whatever is
read before it is written happens under a lock. No torch and no Streamlit here.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

from rnnviz.files import locked, replacing
from rnnviz.run_place import folder_of, place, writable
from rnnviz.run_record import (
    BUSY,
    CURVES,
    ID,
    LIVE,
    MODEL,
    PREFIX,
    RECORD,
    SNAPSHOTS,
    STATE,
    STATES,
    Run,
    RunError,
    as_json,
    checked_fields,
    checked_id,
    checked_visitor,
    clean_name,
    default_name,
    lives,
    read_record,
    run_of,
    this_process,
    write_record,
)

__all__ = [
    "CURVES", "ID", "LIVE", "MODEL", "PREFIX", "RECORD", "SNAPSHOTS", "STATE", "STATES",
    "Run", "RunError", "RunStore", "clean_name", "default_name", "folder_of", "place",
]  # fmt: skip

DATA, DELETED = "data", ".deleted"
DATA_KEY = re.compile(r"[0-9a-f]{16}\.[a-z0-9]{1,8}")

ELSEWHERE = "expected a run of this server, got one that another server trains: stop it there first"

NOT_YOURS = "expected a run of this browser, got another's: only who trained it can change it"

MOST_RUNS = 40
MOST_BYTES = 200_000_000
"""Of one visitor."""

MOST_KEPT = 20
"""Runs that one visitor may keep from making room."""

MOST_RUNS_IN_ALL = 1_000
MOST_BYTES_IN_ALL = 4_000_000_000
MOST_DATA_BYTES = 500_000_000

SECONDS_TO_RESTORE = 15 * 60
SECONDS_OF_DAMAGE = 7 * 24 * 3600
SECONDS_OF_UNUSED_DATA = 24 * 3600


class RunStore:
    """The runs of one folder; every method may be called by several threads and processes.

    `folder` defaults to `place()`. `notice` is a sentence for people where runs cannot be written
    to where they belong, and empty elsewhere.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] | None = None,
        *,
        most_runs: int = MOST_RUNS,
        most_bytes: int = MOST_BYTES,
        most_runs_in_all: int = MOST_RUNS_IN_ALL,
        most_bytes_in_all: int = MOST_BYTES_IN_ALL,
    ) -> None:
        self.folder, self.notice = place() if folder is None else writable(Path(folder))
        self.most_runs, self.most_bytes = most_runs, most_bytes
        self.most_runs_in_all, self.most_bytes_in_all = most_runs_in_all, most_bytes_in_all
        self._known: dict[str, tuple[tuple[int, int], Run]] = {}
        self._broken: list[str] = []
        self._sizes: dict[str, tuple[Run, int]] = {}

    def create(
        self,
        plan: Any,
        visitor: str,
        name: str = "",
        group: str | None = None,
        *,
        state: str = "queued",
        **fields: Any,
    ) -> Run:
        """A new run of `visitor` after `plan` (a `Plan` or what its JSON says), making room for it.

        Raises `RunError` where the folder cannot be written, or is full of what may not go.
        """
        record = {
            "id": secrets.token_urlsafe(12),
            "visitor": checked_visitor(visitor),
            "plan": as_json(plan),
            "group": group,
            "created": time.time(),
            "process": this_process(),
            **checked_fields({**fields, "state": state, "name": name}),
        }
        record["name"] = record["name"] or default_name(record["plan"])
        try:
            self.make_room(visitor)
            beside = Path(tempfile.mkdtemp(prefix=".new-", dir=self.folder))
            try:
                write_record(beside / RECORD, record)
                return run_of(beside.rename(self.folder / record["id"]), record)
            except BaseException:
                shutil.rmtree(beside, ignore_errors=True)
                raise
        except OSError as failure:
            raise RunError(
                f"expected room for a run in {self.folder}, got {failure.strerror or failure}: "
                "free some space there, or name another folder in RNNVIZ_RUNS"
            ) from failure

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
            others = sum(one.kept for one in self.of(run.visitor) if one.id != id)
            if kept and others >= MOST_KEPT:
                raise RunError(f"expected at most {MOST_KEPT} kept runs, got one more: let one go")
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
        return _size(self._folder(id))

    def usage(self, visitor: str) -> int:
        """How many bytes the runs of a visitor take."""
        return sum(self._size_of(run) for run in self.of(visitor))

    def make_room(self, visitor: str) -> None:
        """Delete the oldest unkept runs until one more fits for this visitor and in all.

        Where all runs together are too many, kept ones go after the others. One that waits or runs
        never goes; a paused one does, because whoever left it there may never come back.
        """
        self.sweep()
        runs = self.runs()
        own = [run for run in runs if run.visitor == visitor]
        self._shrink([*own], self.most_runs, self.most_bytes, kept_too=False)
        left = [run for run in runs if run.folder.exists()]
        self._shrink(left, self.most_runs_in_all, self.most_bytes_in_all, kept_too=True)

    def sweep(self) -> None:
        """Remove for good what was deleted a while ago, never finished being made, or damaged."""
        now = time.time()
        old = [*(self.folder / DELETED).glob("*"), *self.folder.glob(".new-*")]
        for path, most in (
            *((path, SECONDS_TO_RESTORE) for path in old),
            *((self.folder / name, SECONDS_OF_DAMAGE) for name in self._broken),
        ):
            with suppress(OSError):
                if now - path.stat().st_mtime > most:
                    shutil.rmtree(path, ignore_errors=True)

    def add_data(self, data: bytes, extension: str) -> str:
        """Keep labelled texts that somebody brought; the key that `data_path` knows."""
        key = f"{hashlib.sha256(data).hexdigest()[:16]}.{extension.lower().lstrip('.')}"
        if DATA_KEY.fullmatch(key) is None:
            raise RunError(f"expected an extension such as csv, got {extension[:20]!r}")
        folder = self.folder / DATA
        try:
            folder.mkdir(exist_ok=True)
            with self._lock():
                self._forget_data(folder, len(data))
            with replacing(folder / key) as beside:
                beside.write_bytes(data)
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

    def _forget_data(self, folder: Path, more: int) -> None:
        """Remove the oldest files that no run speaks of, until `more` bytes fit."""
        used = {str(run.plan.get("data")) for run in self.runs()}
        files = sorted((path for path in folder.iterdir()), key=lambda path: path.stat().st_mtime)
        total = sum(path.stat().st_size for path in files) + more
        for path in files:
            age = time.time() - path.stat().st_mtime
            unused = path.name not in used
            if unused and (age > SECONDS_OF_UNUSED_DATA or total > MOST_DATA_BYTES):
                total -= path.stat().st_size
                path.unlink(missing_ok=True)
        if total > MOST_DATA_BYTES:
            raise RunError(
                f"expected room for labelled texts, got {MOST_DATA_BYTES:,} bytes of them that "
                "runs speak of: delete runs of your own texts"
            )

    def _shrink(self, runs: list[Run], most: int, most_bytes: int, *, kept_too: bool) -> None:
        sizes = {run.id: self._size_of(run) for run in runs}
        measured = list(self._sizes.items())  # at once: other threads measure, too
        self._sizes = {id: one for id, one in measured if id in self._known}
        count, total = len(runs), sum(sizes.values())
        goes = [run for run in runs if run.state not in BUSY and (kept_too or not run.kept)]
        for run in sorted(goes, key=lambda run: (run.kept, run.created)):
            if count < most and total < most_bytes:
                return
            self._remove(run)
            count, total = count - 1, total - sizes[run.id]
        if count >= most or total >= most_bytes:
            raise RunError(
                f"expected room for one more run, got {count} runs of {total / 1e6:,.0f} MB that "
                "are kept or on their way: let some of them go"
            )

    def _remove(self, run: Run) -> None:
        """Take a run away at once, then its files; never one that has become busy meanwhile."""
        with self._lock():
            with suppress(RunError):
                if self.get(run.id).state in BUSY:
                    return
            aside = Path(tempfile.mkdtemp(prefix=".new-", dir=self.folder))
            with suppress(FileNotFoundError):
                run.folder.rename(aside / run.id)
        shutil.rmtree(aside, ignore_errors=True)

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
        """As `size`; that of a run which has ended is measured once for each of its records."""
        earlier = self._sizes.get(run.id)
        if earlier is not None and earlier[0] is run and not run.is_live:
            return earlier[1]
        size = _size(run.folder)
        self._sizes[run.id] = (run, size)
        return size

    def _lock(self) -> Any:
        return locked(self.folder / ".lock")


def _size(folder: Path) -> int:
    total = 0
    for inner, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(inner, name)).st_size
    return total
