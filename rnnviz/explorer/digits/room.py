"""The figures below the theatre, one at a time, for what is chosen in the theatre."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from rnnviz.explorer.digits import exhibit
from rnnviz.explorer.digits.address import WORDS
from rnnviz.explorer.digits.choices import PLACE, DigitsChoices
from rnnviz.explorer.digits.figures import TABLE
from rnnviz.explorer.digits.plots import Drawn, Subject
from rnnviz.explorer.digits.readings import atlas_of, explanation, shown
from rnnviz.explorer.digits.takeaway import code, downloads
from rnnviz.explorer.parts.figure import Figure, find
from rnnviz.explorer.parts.figure_room import Offer, follow_theatre, plot, show_figures, theme
from rnnviz.explorer.parts.kept import kept
from rnnviz.explorer.parts.rooms import FigurePlaces, FigureRoom
from rnnviz.notation.palette import Theme
from rnnviz.theatre.reading import Reading
from rnnviz.theatre.view import View

OFFER = Offer(
    "digits",
    TABLE,
    heading="What the reading shows",
    help="Each figure is about what is chosen in the theatre: its layer, pinned units and "
    "rows, and, of several readings, the one in focus.",
    place=PLACE,
    owned=WORDS,
    required=True,
)


def figure_room(
    places: FigurePlaces,
    choices: DigitsChoices,
    tasks: tuple[exhibit.Task, ...],
    payloads: list[dict[str, Any]],
    title: str,
    about: str,
) -> None:
    """The chosen figure, what can be taken away, and the page's words in the address."""

    def keep() -> None:
        downloads(choices, tasks, payloads, title=title, about=about)
        code(choices)

    show_figures(
        places,
        choices,
        OFFER,
        follow=lambda: follow_theatre(OFFER, choices, tasks),
        draw=lambda figure, kind: _draw(places.figure, choices, figure, kind),
        keep=keep,
    )


def _draw(places: FigureRoom, choices: DigitsChoices, figure: Figure, kind: str) -> None:
    tasks = choices.figured
    focus = min(choices.view.focus, len(tasks) - 1)
    other = tasks[1 - focus] if len(tasks) == 2 else None
    drawn = made(figure.key, tasks[focus], other, _where(choices.view), theme())
    if len(tasks) > 1:
        st.caption(f"About the {shown(tasks[focus])['title']}, the reading in focus.")
    for half, one in zip((places.left, places.right), drawn.figures, strict=False):
        with half:
            plot(one, figure.key, kind)
    places.foot.caption(drawn.caption)


def _where(view: View) -> View:
    """What of a view the figures speak about."""
    return View(
        layer=view.layer,
        direction=view.direction,
        units=view.units,
        steps=view.steps,
        span=view.span,
    )


@kept
def made(
    name: str, task: exhibit.Task, beside: exhibit.Task | None, view: View, theme: Theme
) -> Drawn:
    """The figure of that name, made once: a commit that is none of its business draws nothing."""
    reading = Reading.from_payload(shown(task))
    subject = Subject(
        task=task,
        reading=reading,
        view=view,
        theme=theme,
        atlas=partial(atlas_of, task.model),
        explain=partial(explanation, task.model, task.picture.pixels),
        other=reading.ghost if beside is None else Reading.from_payload(shown(beside)),
    )
    figure = find(TABLE, name)
    assert figure is not None
    drawn: Drawn = figure.draw(subject)
    return drawn
