"""The figures below the theatre, one at a time, for what is chosen in the theatre."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from rnnviz.explorer.digits import exhibit
from rnnviz.explorer.digits.address import FIGURES, WORDS
from rnnviz.explorer.digits.choices import PLACE, DigitsChoices
from rnnviz.explorer.digits.plots import DRAW, Drawn, Subject
from rnnviz.explorer.digits.readings import atlas_of, explanation, shown
from rnnviz.explorer.digits.takeaway import code, downloads
from rnnviz.explorer.parts import warmup
from rnnviz.explorer.parts.address import VERSION
from rnnviz.explorer.parts.components import asked, place
from rnnviz.explorer.parts.kept import kept
from rnnviz.explorer.parts.notices import plain, sentence
from rnnviz.explorer.parts.offers import wired
from rnnviz.explorer.parts.rooms import FigurePlaces, FigureRoom
from rnnviz.notation.palette import Theme
from rnnviz.theatre.reading import Reading
from rnnviz.theatre.view import View

if TYPE_CHECKING:
    import plotly.graph_objects as go

NAMES = dict(zip(FIGURES, ("Gates", "Path", "Explanations", "Early answers"), strict=True))
FORMATS = ("SVG", "PNG")
PAUSE = 0.6
"""Seconds that a figure waits, so that the theatre has the browser for itself."""

LATER = "The figure appears when the animation has loaded."
NO_TORCH = (
    "Explanations ask the network itself, which is still being made ready. They appear here in a "
    "moment; the other figures are there already."
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
    with places.controls:
        kind = _controls(choices)
        _address(choices, tasks)
    with places.figure.head:
        if not choices.figured:
            st.caption(LATER)
        elif choices.address.figure == "why" and not warmup.torch_is_here():
            st.info(NO_TORCH)
        else:
            _draw(places.figure, choices, kind)
    with places.takeaway:
        st.subheader("Take it with you", anchor=False)
        downloads(choices, tasks, payloads, title=title, about=about)
        code(choices)


def _controls(choices: DigitsChoices) -> str:
    """Which figure is chosen; returns the format of the pictures that are saved."""
    st.subheader("What the reading shows", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        figure = choices.address.figure
        st.segmented_control(
            "Figure",
            FIGURES,
            default=figure,
            required=True,
            wrap=True,
            format_func=NAMES.__getitem__,
            **wired(
                choices.offers,
                "digits_figure",
                figure,
                lambda chosen: choices.choose("figure", figure=chosen),
            ),
            help="Each figure is about what is chosen in the theatre: its layer, pinned units and "
            "rows, and, of several readings, the one in focus.",
        )
        kind = st.segmented_control(
            "Picture format",
            FORMATS,
            default=FORMATS[0],
            required=True,
            key="digits_format",
            help="What the camera above a figure saves: SVG stays sharp at any size, PNG opens "
            "everywhere.",
        )
    return kind or FORMATS[0]


def _address(choices: DigitsChoices, tasks: tuple[exhibit.Task, ...]) -> None:
    """Put the page's words into the address, and let the figures follow the theatre at a distance.

    The browser makes the stage run again half a second after a new reading was shown, and while
    torch is on its way and somebody waits for it. Until then the figures stay as they were, so
    that the theatre is painted first.
    """
    count = asked(PLACE)
    if count > choices.asked:
        choices.figured = tasks
    choices.asked = count
    waits = choices.address.figure == "why" and not warmup.torch_is_here()
    place(
        choices.words(),
        key=PLACE,
        owned=WORDS,
        version=VERSION,
        choice=choices.choice,
        heard=choices.heard_trip,
        again=PAUSE if waits or tasks != choices.figured else None,
    )


def _draw(room: FigureRoom, choices: DigitsChoices, kind: str) -> None:
    tasks = choices.figured
    focus = min(choices.view.focus, len(tasks) - 1)
    other = tasks[1 - focus] if len(tasks) == 2 else None
    try:
        drawn = made(choices.address.figure, tasks[focus], other, _where(choices.view), _theme())
    except ValueError as error:  # no atlas, a model that does not fit it, or one that is missing
        st.info(plain(sentence(error)))
        return
    except Exception:  # a fault of ours: the page stays whole, and the log says where
        logging.getLogger(__name__).exception("%s was not drawn", choices.address.figure)
        name = NAMES[choices.address.figure]
        st.info(f"The figure {name} could not be drawn. The others may.")
        return
    if len(tasks) > 1:
        st.caption(f"About the {shown(tasks[focus])['title']}, the reading in focus.")
    for half, figure in zip((room.left, room.right), drawn.figures, strict=False):
        with half:
            _show(figure, choices.address.figure, kind)
    room.foot.caption(drawn.caption)


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
    return DRAW[name](subject)


def _show(figure: go.Figure, name: str, kind: str) -> None:
    from rnnviz.figures import alt_text

    st.plotly_chart(
        figure,
        theme=None,
        alt=alt_text(figure),
        config={
            "displaylogo": False,
            "toImageButtonOptions": {"format": kind.lower(), "filename": f"rnnviz-{name}"},
        },
    )


def _theme() -> Theme:
    return "dark" if st.context.theme.type == "dark" else "light"
