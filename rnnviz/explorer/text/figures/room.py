"""The figures below the theatre of the Text page, one at a time, when somebody asks for one."""

from __future__ import annotations

import time

import streamlit as st

from rnnviz.explorer.parts.figure import Figure
from rnnviz.explorer.parts.figure_room import PAUSE, Offer, follow_theatre, show_figures, theme
from rnnviz.explorer.parts.rooms import FigurePlaces, FigureRoom
from rnnviz.explorer.text import readings
from rnnviz.explorer.text.address import WORDS
from rnnviz.explorer.text.choices import PLACE, TextChoices
from rnnviz.explorer.text.exhibit import Task
from rnnviz.explorer.text.figures.subject import Subject
from rnnviz.explorer.text.figures.table import TABLE
from rnnviz.explorer.text.takeaway import code, downloads
from rnnviz.notation.cells import CELL_NAMES

LONG_PAUSE = 2.0
"""Seconds for which nobody may have written before a long text is explained: what is typed in the
meantime would have to wait for that."""

MANY_TOKENS = 500

OFFER = Offer(
    "text",
    TABLE,
    heading="Look closer",
    help="Each is made for the text and the network above when you ask for it; of several "
    "networks, for the one in focus; of two texts, for the first.",
    place=PLACE,
    owned=WORDS,
)


def figure_places(choices: TextChoices) -> FigurePlaces:
    """Places for the figure that is chosen."""
    figure = OFFER.chosen(choices)
    if figure is None:
        return FigurePlaces.made()
    return FigurePlaces.made(figure.widths, gap=figure.gap)


def figure_room(places: FigurePlaces, choices: TextChoices, tasks: tuple[Task, ...]) -> None:
    """The chosen figure, what can be taken away, and the page's words in the address."""

    def keep() -> None:
        downloads(choices, tasks)
        code(choices, tasks)

    show_figures(
        places,
        choices,
        OFFER,
        follow=lambda: _follow(choices, tasks),
        draw=lambda figure, kind: _draw(places.figure, choices, figure, kind),
        keep=keep,
    )


def _follow(choices: TextChoices, tasks: tuple[Task, ...]) -> None:
    if tasks != choices.latest:
        choices.latest, choices.since = tasks, time.monotonic()
    pause = _pause(choices, tasks)
    rest = choices.since + pause - time.monotonic()
    due = pause == PAUSE or rest <= 0
    follow_theatre(OFFER, choices, tasks, due=due, wait=max(rest, PAUSE))


def _pause(choices: TextChoices, tasks: tuple[Task, ...]) -> float:
    """How long a figure of these readings waits: working out why takes seconds for long texts."""
    is_long = any(
        len(readings.encoded(task.model, task.text.words)) > MANY_TOKENS for task in tasks
    )
    return LONG_PAUSE if is_long and choices.address.figure == "why" else PAUSE


def _draw(places: FigureRoom, choices: TextChoices, figure: Figure, kind: str) -> None:
    tasks = choices.figured
    task = tasks[min(choices.view.focus, len(tasks) - 1)]
    if len({one.model for one in tasks}) > 1:
        cell = CELL_NAMES[task.model.removeprefix("imdb-")]
        st.caption(f"About the {cell}, the reading in focus.")
    elif len(tasks) > 1:
        st.caption("About this text, the first of the two; unpin it to see another alone.")
    figure.draw(Subject(task=task, choices=choices, theme=theme(), kind=kind, room=places))
