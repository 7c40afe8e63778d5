"""Which pages there are, and the guard that keeps every one of them behind app.py.

Until some session has executed ``st.navigation``, Streamlit runs a file of ``pages/`` without
``app.py`` when a deep link is the first request of a fresh server. So app.py marks its run as
active, and every page asks first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import streamlit as st

PAGES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("pages/home.py", {"title": "Home", "icon": ":material/home:", "default": True}),
    (
        "pages/digits.py",
        {
            "title": "Digits",
            "icon": ":material/draw:",
            "url_path": "digits",
            "help": "Draw a digit and watch a recurrent network read it row by row",
        },
    ),
    (
        "pages/text.py",
        {
            "title": "Text",
            "icon": ":material/notes:",
            "url_path": "text",
            "help": "Write or upload a text and watch a recurrent network read it word by word",
        },
    ),
    (
        "pages/train.py",
        {
            "title": "Train",
            "icon": ":material/school:",
            "url_path": "train",
            "help": "Choose a task and a network, train it, and watch it learn",
        },
    ),
)

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
