"""Whether the person for whom something is worked out still waits for it."""

from __future__ import annotations

import streamlit as st


def still_wanted() -> None:
    """End this run where Streamlit wants it to end, as each command of Streamlit would.

    A look into the session's state is the one that shows nothing. Meant for long work in another
    process, which is called off so when its visitor leaves or chooses something else.
    """
    st.session_state.get("still_wanted")
