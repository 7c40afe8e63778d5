"""Room on the disk: whose what is, whether more fits, and what goes for it.

Whoever makes something new may lose what is their own, the deleted first; nobody else loses
anything for it. Where that does not make room, the new thing is refused with a sentence. No torch
and no Streamlit here.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rnnviz.models.places import RunError
from rnnviz.runs.budgets import WHOSE, Budget, Budgets
from rnnviz.runs.record import BUSY, Run

Owner = tuple[str, str]
"""A visitor, and the origin that stands for an address."""

WHAT_TO_DO = {
    "visitor": "delete some of yours, or keep fewer",
    "address": "delete some of yours, or try again another day",
    "everybody": "delete some of yours, or try again another day",
}


@dataclass(frozen=True)
class Item:
    """Something on the disk: a run, a deleted one, a file of texts, or what is left of something.

    `since` is when it was changed last, `owners` whose budgets it counts for.
    """

    path: Path
    size: int
    since: float
    owners: frozenset[Owner] = frozenset()
    run: Run | None = None
    is_deleted: bool = False
    is_used: bool = False
    """Of texts: whether a run speaks of them."""

    @property
    def counts(self) -> bool:
        """Whether it is one of the runs that a budget counts; texts count by their size alone."""
        return self.path.parent.name != "data"

    def is_of(self, whose: str, owner: Owner) -> bool:
        """Whether it counts for that budget of an owner."""
        if whose == "everybody":
            return True
        place = 0 if whose == "visitor" else 1
        return any(one[place] == owner[place] for one in self.owners)

    def may_go_for(self, visitor: str) -> bool:
        """Whether it makes room for that visitor: it is theirs alone, not kept and not busy."""
        if not self.owners or any(one[0] != visitor for one in self.owners):
            return False
        if self.run is None:
            return not self.is_used
        return self.is_deleted or (self.run.state not in BUSY and not self.run.kept)


def going(
    items: Iterable[Item], budgets: Budgets, owner: Owner, size: int, *, runs: int = 1
) -> list[Item]:
    """What has to go so that something of `owner` fits: `runs` more runs, `size` more bytes.

    Deleted runs go first, then texts that no run speaks of, then runs, the oldest first. Raises
    `RunError` where it does not fit even so; then nothing goes.
    """
    left = list(items)
    candidates = [item for item in left if item.may_go_for(owner[0])]
    candidates.sort(key=lambda item: (not item.is_deleted, item.run is not None, _age(item)))
    gone: list[Item] = []
    while said := _full(left, budgets, owner, size, runs):
        if not candidates:
            raise RunError(said)
        gone.append(candidates.pop(0))
        left.remove(gone[-1])
    return gone


def _age(item: Item) -> float:
    return item.since if item.run is None else item.run.created


def _full(items: Collection[Item], budgets: Budgets, owner: Owner, size: int, runs: int) -> str:
    """Which budget is full, in a sentence; empty where all of them have room."""
    for whose, called in WHOSE.items():
        budget: Budget = getattr(budgets, whose)
        own = [item for item in items if item.is_of(whose, owner)]
        count, total = sum(item.counts for item in own), sum(item.size for item in own)
        if count + runs > budget.runs or total + size > budget.bytes:
            more = f" and {size / 1e6:,.1f} MB more" if size >= 100_000 else ""
            return (
                f"expected room for {'one more run' if runs else 'a file'}{more}, got {count:,} "
                f"runs and {total / 1e6:,.1f} MB of {called} already, where {budget.runs:,} runs "
                f"and {budget.megabytes:,} MB fit: {WHAT_TO_DO[whose]}"
            )
    return ""


def size_of(path: Path) -> int:
    """How many bytes a file or a folder with all that is in it takes."""
    total = 0
    with suppress(OSError):
        if not path.is_dir() or path.is_symlink():
            return path.lstat().st_size
    for inner, _, names in os.walk(path):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(inner, name)).st_size
    return total
