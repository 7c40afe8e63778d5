"""Streamlit's own controls, whose choices count once (`rnnviz.theatre.turns.Offers`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypedDict

import streamlit as st

from rnnviz.theatre.turns import Offers


class Wired(TypedDict):
    """What makes a control of Streamlit's tell each choice once."""

    key: str
    on_change: Callable[[], None]


def wired(
    offers: Offers,
    name: str,
    value: Any,
    act: Callable[[Any], object],
    about: tuple[Any, ...] = (),
) -> Wired:
    """The ``key`` and ``on_change`` of the control of that name, which shows ``value`` now.

    ``act`` gets what a person chose, and nothing that the browser only repeats; it is called before
    the page runs. What the control is ``about`` see `Offers.key`.
    """
    key = offers.key(name, value, about)

    def changed() -> None:
        chosen = st.session_state[key]
        if offers.hears(key, chosen):
            act(chosen)

    return {"key": key, "on_change": changed}
