"""Places on a page that are the same in every state of it.

Streamlit's browser side knows an element by its path: the third thing in the second column. When a
fragment runs again before what it said last was sent, Streamlit throws that away, blocks and all,
but for elements that the browser has kept from before: of those only a reference was to be sent,
which bears no mark of the fragment, and it is sent. If a block stood at a path where the browser
still has an element, or nothing, its front end stops with "'setIn' cannot be called on an
ElementNode", and the page is dead.

So whatever is large enough to be kept, 10 kB, stands first in a place of these, and all of them are
made before anything else, in the same order, used or not. What is empty is not to be seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from rnnviz.explorer.parts.figure import Gap

Room = Any
"""A container of Streamlit's."""

STYLE = Path(__file__).with_suffix(".css")
"""Hides columns and rows that hold nothing: Streamlit does so with containers by itself."""


def pair(widths: Sequence[float] = (1, 1), *, gap: Gap = "small") -> tuple[Room, Room]:
    """Two places beside each other; while one of them is empty the other has the whole width."""
    left, right = st.columns(list(widths), gap=gap)
    return left, right


@dataclass(frozen=True)
class FigureRoom:
    """Places for a figure and its words, from the top down.

    ``under`` is below ``right``; ``left_again`` and ``right_again`` are a second row.
    """

    head: Room
    wide: Room
    left: Room
    right: Room
    under: Room
    middle: Room
    left_again: Room
    right_again: Room
    foot: Room

    @classmethod
    def made(cls, widths: Sequence[float] = (1, 1), *, gap: Gap = "small") -> FigureRoom:
        """Make the places here; ``widths`` are those of the two in the first row."""
        head, wide = st.container(), st.container()
        left, right = pair(widths, gap=gap)
        over, under = right.container(), right.container()
        middle = st.container()
        again = pair()
        return cls(head, wide, left, over, under, middle, *again, st.container())


@dataclass(frozen=True)
class FigurePlaces:
    """What stands below a theatre: the choice of a figure, the figure, and what can be kept."""

    controls: Room
    figure: FigureRoom
    takeaway: Room

    @classmethod
    def made(cls, widths: Sequence[float] = (1, 1), *, gap: Gap = "small") -> FigurePlaces:
        """Make the places here."""
        controls, middle, takeaway = st.container(), st.container(), st.container()
        with middle:
            figure = FigureRoom.made(widths, gap=gap)
        return cls(controls, figure, takeaway)
