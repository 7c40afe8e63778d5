"""What the Digits and the Text page say of the network of a training run that reads there."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from rnnviz.explorer.parts.notices import plain
from rnnviz.explorer.parts.run_network import RunNetwork


def run_controls(run: RunNetwork | None, page: str, leave: Callable[[], None]) -> None:
    """The run whose network reads, and the way back to those that come with the page."""
    with st.container():
        if run is None:
            return
        st.markdown(f"**{plain(run.name)}**, a training run")
        right = f" {run.right[:1].upper()}{run.right[1:]}." if run.right else ""
        st.caption(plain(f"{run.answers}{right}"))
        st.button(
            "Back to the page's networks",
            key=f"{page}_leave_run",
            icon=":material/undo:",
            on_click=leave,
            help="The network of the same cell that comes with the page reads again.",
        )
