"""How much a visitor, an address and everybody together may have on one server, in one table.

A visitor is a word in a cookie, which anybody may choose anew for each visit; an address is what
the server sees. So the bound that holds is that of an address. It is wide enough for a class of
thirty behind one address, and narrow enough that a second one fits beside it. No torch and no
Streamlit here.
"""

from __future__ import annotations

import ipaddress
import os
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, fields

UPLOAD_SECONDS = 3600.0
"""Uploads are counted over so long."""

LOCAL = "local"
"""The address of whoever sits at this computer, and of a page under test."""

MOST_MEGABYTES = 1000
MEGABYTES = "RNNVIZ_CACHE_MB"
"""Megabytes of readings and figures that are kept for everybody, and the environment variable that
says another number."""

HEADER = "RNNVIZ_ADDRESS_HEADER"
FORWARDED = "x-forwarded-for"


@dataclass(frozen=True)
class Budget:
    """What one visitor, one address or everybody may have; megabytes are 10^6 bytes.

    `runs` and `megabytes` count what is on the disk, deleted runs and uploaded texts included;
    `kept` are runs that make no room for others, `jobs` are trainings that wait or run. `uploads`
    and `upload_megabytes` are those of an hour.
    """

    runs: int
    megabytes: int
    kept: int
    jobs: int
    uploads: int
    upload_megabytes: int

    @property
    def bytes(self) -> int:
        """`megabytes` in bytes."""
        return self.megabytes * 1_000_000


@dataclass(frozen=True)
class Budgets:
    """The three budgets of a server, and after how many days an unkept run goes by itself."""

    visitor: Budget = Budget(40, 200, 20, 1, 40, 100)
    address: Budget = Budget(600, 2_000, 300, 40, 400, 400)
    everybody: Budget = Budget(1_500, 6_000, 750, 120, 1_200, 1_200)
    run_days: int = 90
    """Kept ones go after twice as long: a cookie is forgotten after 180 days."""


WHOSE = {"visitor": "yours", "address": "all who share your address", "everybody": "everybody here"}
"""How a sentence calls who has used up a budget."""


def budgets(environment: Mapping[str, str] | None = None) -> Budgets:
    """The budgets, changed by `RNNVIZ_<VISITOR|ADDRESS|EVERYBODY>_<a word of Budget>`.

    For example RNNVIZ_ADDRESS_JOBS=60, and RNNVIZ_RUN_DAYS. Raises ValueError with one sentence for
    what is no whole number above 0.
    """
    words = os.environ if environment is None else environment
    usual = Budgets()
    found = {}
    for whose in WHOSE:
        budget = getattr(usual, whose)
        numbers = {
            one.name: whole(words, variable(whose, one.name), getattr(budget, one.name))
            for one in fields(Budget)
        }
        found[whose] = Budget(**numbers)
    return Budgets(**found, run_days=whole(words, "RNNVIZ_RUN_DAYS", usual.run_days))


def variable(whose: str, word: str) -> str:
    """The variable of the environment that changes a number of the table."""
    return f"RNNVIZ_{whose}_{word}".upper()


def whole(words: Mapping[str, str], name: str, default: int, *, least: int = 1) -> int:
    """A whole number of the environment, not below ``least``; else ValueError in one sentence."""
    said = words.get(name, "").strip()
    if not said:
        return default
    if not (said.isascii() and said.isdigit() and len(said) < 10 and int(said) >= least):
        raise ValueError(
            f"{name}: expected a whole number above {least - 1}, got {said[:40]!r}: set it to such "
            "a number or remove it"
        )
    return int(said)


def address_of(
    peer: str | None,
    headers: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Whose budget counts: the address of a visitor, `LOCAL` for this computer.

    `peer` is who is connected to the server. Where that is a proxy of one's own, the environment
    names in RNNVIZ_ADDRESS_HEADER the header in which it writes the visitor's address, such as
    X-Forwarded-For; of several addresses there the last counts, for a visitor can write the ones
    before it. Without that variable no header is believed, nor a `peer` that only stands there:
    the web server takes it from X-Forwarded-For where somebody on this computer sends that. Of an
    IPv6 address the first 64 bits count: one person has all the others.
    """
    words = os.environ if environment is None else environment
    known = {str(name).lower(): str(value) for name, value in (headers or {}).items()}
    if header := words.get(HEADER, "").strip().lower():
        return _network(known[header].rpartition(",")[2]) if known.get(header) else _network(peer)
    forwarded = known.get(FORWARDED, "").split(",")
    found = _network(peer)
    return LOCAL if found in map(_network, filter(str.strip, forwarded)) else found


def _network(said: str | None) -> str:
    """The address as it counts; `LOCAL` for a loopback, and for what is none."""
    try:
        found = ipaddress.ip_address(_bare((said or "").strip()))
    except ValueError:
        return LOCAL
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None and not found.is_loopback:
            return str(ipaddress.ip_network((int(found), 64), strict=False))
        found = found.ipv4_mapped or found
    return LOCAL if found.is_loopback else str(found)


def _bare(said: str) -> str:
    """An address without brackets, port or zone, which proxies may write."""
    if said.startswith("["):
        return said[1:].partition("]")[0]
    if said.count(":") == 1:  # an IPv4 address with a port
        said = said.partition(":")[0]
    return said.partition("%")[0]


class Uploads:
    """How much was uploaded within the last hour, by whom; kept in memory, for all threads."""

    def __init__(self, budgets: Budgets) -> None:
        self._budgets = budgets
        self._known: deque[tuple[float, str, str, int]] = deque()
        self._lock = threading.Lock()

    def refused(self, visitor: str, origin: str, size: int) -> str:
        """Count an upload of `size` bytes, or, where it is too much, say so and count nothing."""
        now = time.monotonic()
        with self._lock:
            while self._known and now - self._known[0][0] > UPLOAD_SECONDS:
                self._known.popleft()
            for whose, of in (
                ("visitor", lambda one: one[1] == visitor),
                ("address", lambda one: one[2] == origin),
                ("everybody", lambda one: True),
            ):
                budget: Budget = getattr(self._budgets, whose)
                sizes = [one[3] for one in self._known if of(one)]
                if len(sizes) >= budget.uploads:
                    return (
                        f"expected at most {budget.uploads:,} uploads an hour of {WHOSE[whose]}, "
                        "got one more: try again later"
                    )
                if sum(sizes) + size > budget.upload_megabytes * 1_000_000:
                    return (
                        f"expected at most {budget.upload_megabytes:,} MB of uploads an hour of "
                        f"{WHOSE[whose]}, got more: bring a smaller file, or try again later"
                    )
            self._known.append((now, visitor, origin, size))
        return ""
