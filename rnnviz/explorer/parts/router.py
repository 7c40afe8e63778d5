"""The guard that keeps every page behind app.py.

Until some session has executed ``st.navigation``, Streamlit runs a file of ``pages/`` without
``app.py`` when a deep link is the first request of a fresh server. So app.py marks its run as
active, and every page asks first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import streamlit as st

_ACTIVE: ContextVar[bool] = ContextVar("rnnviz_router_active", default=False)
_ARRIVED: ContextVar[bool] = ContextVar("rnnviz_router_arrived", default=True)
PAGE = "page"
"""Where a session keeps the page that it ran last."""

REROUTED = "rerouted"
"""Where a session keeps that it has been sent through app.py."""


@contextmanager
def active(page: str = "") -> Iterator[None]:
    """Marks the time during which app.py runs a page, and whether another one ran before it."""
    tokens = _ACTIVE.set(True), _ARRIVED.set(st.session_state.get(PAGE) != page)
    st.session_state[PAGE] = page
    try:
        yield
    finally:
        _ACTIVE.reset(tokens[0])
        _ARRIVED.reset(tokens[1])


def arrived() -> bool:
    """Whether this run is the first of a visit to the page."""
    return _ARRIVED.get()


def require_router() -> None:
    """First line of every page: starts over through app.py when the page was run without it.

    Sets what ``st.navigation`` itself sets, which is private to Streamlit; should that ever move,
    the fallback goes to app.py in public ways and loses only the deep link.
    """
    if _ACTIVE.get():
        st.session_state.pop(REROUTED, None)
        return
    try:
        from streamlit.runtime.pages_manager import PagesManager

        # Asked of this session: another one, that came at the same moment, may have set the flag.
        if PagesManager.uses_pages_directory is False and REROUTED in st.session_state:
            raise AttributeError("the flag is set already and did not help")
        PagesManager.uses_pages_directory = False
        st.session_state[REROUTED] = True
    except (ImportError, AttributeError):
        st.switch_page("app.py")
    st.rerun()
