"""Light or dark, as the page is now: a figure is drawn for one of the two."""

from __future__ import annotations

import streamlit as st

from rnnviz.explorer.parts.components import component
from rnnviz.notation.palette import Theme


def watch_scheme(key: str) -> None:
    """Let the fragment in which this stands run again when the page turns light or dark."""
    component("scheme")(key=key, default={"page": None}, on_page_change=_nothing)


def scheme() -> Theme:
    """The theme of the page."""
    return "dark" if st.context.theme.type == "dark" else "light"


def _nothing() -> None:
    """Streamlit wants a callback for every value that a component keeps."""
