"""Streamlit's own controls, whose choices count once (`rnnviz.theatre.turns.Offers`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from rnnviz.theatre.turns import Offers


def on_choice(
    offers: Offers, key: str, value: Any, act: Callable[[Any], None]
) -> Callable[[], None]:
    """The ``on_change`` of the control of that key, which shows ``value`` now.

    ``act`` gets what a person chose, and nothing that the browser only repeats.
    """
    offers.show(key, value)

    def changed() -> None:
        chosen = st.session_state[key]
        if offers.hears(key, chosen):
            act(chosen)

    return changed
