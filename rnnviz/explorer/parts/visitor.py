"""Who trains here: the store of runs, the manager of jobs, and by what a browser is known again.

One of each for the server. A visitor is a random word in a cookie; without cookies it is one of
the session, which a reload of the page ends.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import streamlit as st

from rnnviz.explorer.parts.components import component, sent_by
from rnnviz.runs.budgets import address_of

if TYPE_CHECKING:
    from rnnviz.runs.queue.manager import JobManager
    from rnnviz.runs.store import RunStore

COOKIE = "rnnviz_visitor"
TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")
VISITOR = "train_visitor"
"""Where a session keeps its visitor, and the key of the component."""

DAYS = 180

_opened = threading.Event()
"""Whether this server has a desk."""


class Desk:
    """The store and the manager of this server, and how many sessions each visitor has open.

    A session ends when its connection does, which a reload or a bad network do as well: the
    manager is told that a visitor has left when no session is, and waits before it acts.
    """

    def __init__(self, manager: JobManager) -> None:
        self.manager = manager
        self._sessions: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def store(self) -> RunStore:
        """The runs of this server."""
        return self.manager.store

    def come(self, visitor: str) -> None:
        """A session of that visitor is there."""
        with self._lock:
            self._sessions[visitor] += 1
        self.manager.adopt(visitor)

    def go(self, visitor: str) -> None:
        """A session of that visitor is gone; called by the server's event loop, so it is quick."""
        with self._lock:
            self._sessions[visitor] -= 1
            if self._sessions[visitor] > 0:
                return
            del self._sessions[visitor]
        self.manager.leave(visitor)


_desk: Desk | None = None
_making = threading.Lock()


def desk() -> Desk:
    """The desk of this server; its worker processes start with it.

    No cached resource: what Streamlit caches a visitor can have cleared.
    """
    global _desk
    from rnnviz.runs.queue.manager import JobManager
    from rnnviz.runs.store import RunStore

    with _making:
        if _desk is None:
            _desk = Desk(JobManager(RunStore()))
            _opened.set()
        return _desk


def close_desk() -> None:
    """The server ends: trainings are written down and workers end."""
    global _desk
    with _making:
        closing, _desk = _desk, None
        _opened.clear()
    if closing is not None:
        closing.manager.close()


def _released(presence: tuple[Desk, str]) -> None:
    presence[0].go(presence[1])


@st.cache_resource(scope="session", show_spinner=False, on_release=_released)
def _presence(visitor: str) -> tuple[Desk, str]:
    """What is released when the session of a visitor ends."""
    here = desk()
    here.come(visitor)
    return here, visitor


def visitor() -> str:
    """The word of this visitor: that of the cookie, or one that this session has been given."""
    told = sent_by(f"{VISITOR}_cookie", "known")
    for known in (told, st.session_state.get(VISITOR), st.context.cookies.get(COOKIE)):
        if is_token(known):
            break
    else:
        known = secrets.token_urlsafe(16)
    st.session_state[VISITOR] = known
    return str(known)


def origin() -> str:
    """What stands for the address of this visitor where budgets are counted."""
    peer, headers = st.context.ip_address, st.context.headers
    known = {name: ",".join(headers.get_all(name)) for name in headers}
    return desk().store.origin(address_of(peer if isinstance(peer, str) else None, known))


def is_token(word: Any) -> bool:
    """Whether that can be the word of a visitor."""
    return isinstance(word, str) and TOKEN.fullmatch(word) is not None


def present(visitor: str) -> Desk:
    """The desk, which from now on knows that this session of the visitor is there."""
    _presence(visitor)
    return desk()


def stay() -> None:
    """On any page: whoever has trained here has not left. Does nothing before somebody trains."""
    if _opened.is_set() and is_token(known := st.context.cookies.get(COOKIE)):
        present(str(known))


def remember(visitor: str) -> None:
    """Let the browser keep the visitor's word; it tells when it has another one already."""
    data = json.dumps({"name": COOKIE, "token": visitor, "days": DAYS}).encode()
    component("visitor")(
        key=f"{VISITOR}_cookie", data=data, default={"known": None}, on_known_change=_nothing
    )


def _nothing() -> None:
    """Streamlit wants a callback for every value that a component keeps."""
