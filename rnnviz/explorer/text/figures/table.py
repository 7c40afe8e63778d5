"""The figures below the theatre of the Text page, one at a time, when somebody asks for one."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from rnnviz.explorer.parts.address import VERSION
from rnnviz.explorer.parts.components import asked, place
from rnnviz.explorer.parts.notices import plain, sentence
from rnnviz.explorer.parts.offers import wired
from rnnviz.explorer.parts.rooms import FigurePlaces, FigureRoom, Gap
from rnnviz.explorer.text import readings
from rnnviz.explorer.text.address import FIGURES, WORDS
from rnnviz.explorer.text.choices import PLACE, TextChoices
from rnnviz.explorer.text.exhibit import Task
from rnnviz.explorer.text.figures.gates import gates
from rnnviz.explorer.text.figures.line import line
from rnnviz.explorer.text.figures.padding import padding
from rnnviz.explorer.text.figures.units import units
from rnnviz.explorer.text.figures.why import why
from rnnviz.explorer.text.takeaway import code, downloads
from rnnviz.notation.cells import CELL_NAMES
from rnnviz.notation.palette import Theme

if TYPE_CHECKING:
    from rnnviz.explorer.text.figures.subject import Subject

NAMES = dict(
    zip(FIGURES, ("Why this answer", "Sentiment line", "Units", "Padding", "Gates"), strict=True)
)
TEASERS = {
    "why": "which words the answer rests on, by four measures that do not always agree",
    "line": "the path of the state through the states of many reviews, and how each word pushes it",
    "units": "which units react to negation, to praise, to blame, to position",
    "padding": "what is left of the text behind many empty steps, and what readouts make of it",
    "gates": "how open the gates stand, and how many of them are stuck at an end",
}
FORMATS = ("SVG", "PNG")
WIDTHS = {"line": (3, 2), "units": (2, 3)}
"""Shares of the two halves of a figure, where they are not alike."""

PAUSE = 0.6
"""Seconds that a figure waits, so that the theatre has the browser for itself."""

LONG_PAUSE = 2.0
"""Seconds for which nobody may have written before a long text is explained: what is typed in the
meantime would have to wait for that."""

MANY_TOKENS = 500

LATER = "The figure appears when the animation has loaded."
Draw = Callable[["Subject"], None]
DRAW: dict[str, Draw] = {
    "why": why,
    "line": line,
    "units": units,
    "padding": padding,
    "gates": gates,
}


def figure_places(choices: TextChoices) -> FigurePlaces:
    """Places for the figure that is chosen."""
    chosen = str(choices.address.figure)
    gap: Gap = "large" if chosen in ("why", "units") else "small"
    return FigurePlaces.made(WIDTHS.get(chosen, (1, 1)), gap=gap)


def figure_room(places: FigurePlaces, choices: TextChoices, tasks: tuple[Task, ...]) -> None:
    """The chosen figure, what can be taken away, and the page's words in the address."""
    with places.controls:
        figure, kind = _controls(choices)
        _address(choices, tasks)
    with places.figure.head:
        if figure is None:
            lines = [f"- **{NAMES[name]}**: {words}" for name, words in TEASERS.items()]
            st.markdown("\n".join(lines))
        elif not choices.figured:
            st.caption(LATER)
        else:
            _draw(places.figure, choices, figure, kind)
    with places.takeaway:
        st.subheader("Take it with you", anchor=False)
        downloads(choices, tasks)
        code(choices, tasks)


def _controls(choices: TextChoices) -> tuple[str | None, str]:
    """Which figure is chosen, if any, and the format of the pictures that are saved."""
    st.subheader("Look closer", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        figure = choices.address.figure
        st.segmented_control(
            "Figure",
            FIGURES,
            default=figure,
            wrap=True,
            format_func=NAMES.__getitem__,
            **wired(
                choices.offers,
                "text_figure",
                figure,
                lambda chosen: choices.choose("figure", figure=chosen),
            ),
            help="Each is made for the text and the network above when you ask for it; of several "
            "networks, for the one in focus; of two texts, for the first.",
        )
        kind = None
        if figure is not None:
            kind = st.segmented_control(
                "Picture format",
                FORMATS,
                default=FORMATS[0],
                required=True,
                key="text_format",
                help="What the camera above a figure saves: SVG stays sharp at any size, PNG opens "
                "everywhere.",
            )
    return figure, kind or FORMATS[0]


def _address(choices: TextChoices, tasks: tuple[Task, ...]) -> None:
    """Put the page's words into the address, and let figures follow the theatre at a distance.

    The browser makes the stage run again half a second after a new reading was shown. Until then
    a figure stays as it was, so that the theatre is painted first.
    """
    if tasks != choices.latest:
        choices.latest, choices.since = tasks, time.monotonic()
    pause = _pause(choices, tasks)
    rest = choices.since + pause - time.monotonic()
    count = asked(PLACE)
    if count > choices.asked and (pause == PAUSE or rest <= 0):
        choices.figured = tasks
    choices.asked = count
    waits = choices.address.figure is not None and tasks != choices.figured
    place(
        choices.words(),
        key=PLACE,
        owned=WORDS,
        version=VERSION,
        choice=choices.choice,
        heard=choices.heard_trip,
        again=max(rest, PAUSE) if waits else None,
    )


def _pause(choices: TextChoices, tasks: tuple[Task, ...]) -> float:
    """How long a figure of these readings waits: working out why takes seconds for long texts."""
    is_long = any(
        len(readings.encoded(task.model, task.text.words)) > MANY_TOKENS for task in tasks
    )
    return LONG_PAUSE if is_long and choices.address.figure == "why" else PAUSE


def _draw(room: FigureRoom, choices: TextChoices, name: str, kind: str) -> None:
    from rnnviz.explorer.text.figures.subject import Subject

    tasks = choices.figured
    task = tasks[min(choices.view.focus, len(tasks) - 1)]
    if len({one.model for one in tasks}) > 1:
        cell = CELL_NAMES[task.model.removeprefix("imdb-")]
        st.caption(f"About the {cell}, the reading in focus.")
    elif len(tasks) > 1:
        st.caption("About this text, the first of the two; unpin it to see another alone.")
    try:
        DRAW[name](Subject(task=task, choices=choices, theme=_theme(), kind=kind, room=room))
    except ValueError as error:  # a part of the model that is not there, or does not fit it
        st.info(plain(sentence(error)))
    except Exception:  # a fault of ours: the page stays whole, and the log says where
        logging.getLogger(__name__).exception("%s was not drawn", name)
        st.info(f"The figure {NAMES[name]} could not be drawn. The others may.")


def _theme() -> Theme:
    return "dark" if st.context.theme.type == "dark" else "light"
