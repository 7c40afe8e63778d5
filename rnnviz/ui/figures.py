"""The figures below the theatre, one at a time, for what is chosen in the theatre."""

from __future__ import annotations

from typing import Any

import streamlit as st

from rnnviz import exhibit
from rnnviz.address import VERSION, WORDS
from rnnviz.theatre import place
from rnnviz.ui.choices import PLACE, DigitsChoices


@st.fragment
def figure_room(
    choices: DigitsChoices, tasks: tuple[exhibit.Task, ...], payloads: list[dict[str, Any]]
) -> None:
    """The chosen figure, what can be taken away, and the page's words in the address."""
    place(choices.words(), key=PLACE, owned=WORDS, version=VERSION, choice=choices.choice, ask=None)
