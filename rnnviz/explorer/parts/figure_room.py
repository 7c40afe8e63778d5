"""The room below a theatre: a figure is chosen and drawn, and what is shown can be kept."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import streamlit as st

from rnnviz.explorer.parts import warmup
from rnnviz.explorer.parts.address import VERSION
from rnnviz.explorer.parts.components import asked, place
from rnnviz.explorer.parts.figure import TORCH, Figure, find, keys
from rnnviz.explorer.parts.notices import plain, sentence
from rnnviz.explorer.parts.offers import wired
from rnnviz.explorer.parts.rooms import FigurePlaces
from rnnviz.notation.palette import Theme

if TYPE_CHECKING:
    import plotly.graph_objects as go

FORMATS = ("SVG", "PNG")
PAUSE = 0.6
"""Seconds that a figure waits, so that the theatre has the browser for itself."""

LATER = "The figure appears when the animation has loaded."
NO_TORCH = (
    "Explanations ask the network itself, which is still being made ready. They appear here in a "
    "moment; the other figures are there already."
)


class Choices(Protocol):
    """What the room asks of the choices of a page."""

    address: Any
    offers: Any
    choice: Any
    figured: tuple[Any, ...]
    asked: int
    heard_trip: Any

    def choose(self, kind: str, *, continued: bool = False, **changes: Any) -> None: ...

    def words(self) -> dict[str, str]: ...


@dataclass(frozen=True)
class Offer:
    """How a page offers its figures; `required`: one is always chosen.

    `place` is the key under which the page holds its address, `owned` are its words there.
    """

    page: str
    table: tuple[Figure, ...]
    heading: str
    help: str
    place: str
    owned: tuple[str, ...]
    required: bool = False

    def chosen(self, choices: Choices) -> Figure | None:
        """The figure that is chosen, if any."""
        return find(self.table, choices.address.figure)


def show_figures(
    places: FigurePlaces,
    choices: Choices,
    offer: Offer,
    *,
    follow: Callable[[], None],
    draw: Callable[[Figure, str], None],
    keep: Callable[[], None],
) -> None:
    """Offer the figures and draw the chosen one; `follow` looks at the theatre before that.

    `draw` gets the figure and the format of saved pictures; its ValueError is a sentence about
    something that is missing. `keep` offers what is shown as files and as code.
    """
    figure = offer.chosen(choices)
    with places.controls:
        kind = _controls(offer, choices)
        follow()
    with places.figure.head:
        if figure is None:
            st.markdown("\n".join(f"- **{one.title}**: {one.teaser}" for one in offer.table))
        elif not choices.figured:
            st.caption(LATER)
        elif not _is_ready(figure):
            st.info(NO_TORCH)
        else:
            _draw(figure, draw, kind)
    with places.takeaway:
        st.subheader("Take it with you", anchor=False)
        keep()


def follow_theatre(
    offer: Offer, choices: Choices, tasks: tuple[Any, ...], *, due: bool = True, wait: float = PAUSE
) -> None:
    """Put the page's words into the address, and let the figures follow the theatre at a distance.

    The browser makes the stage run again `wait` seconds after a new reading was shown, and while
    torch is on its way and somebody waits for it. Until then, and until it is `due`, the figures
    stay as they were, so that the theatre is painted first.
    """
    count = asked(offer.place)
    if count > choices.asked and due:
        choices.figured = tasks
    choices.asked = count
    figure = offer.chosen(choices)
    waits = figure is not None and (tasks != choices.figured or not _is_ready(figure))
    place(
        choices.words(),
        key=offer.place,
        owned=offer.owned,
        version=VERSION,
        choice=choices.choice,
        heard=choices.heard_trip,
        again=wait if waits else None,
    )


def plot(figure: go.Figure, name: str, kind: str) -> None:
    """Put a figure on the page, with words for who cannot see it."""
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


def theme() -> Theme:
    """The theme that the page has."""
    return "dark" if st.context.theme.type == "dark" else "light"


def _controls(offer: Offer, choices: Choices) -> str:
    """Offer the figures; returns the format of the pictures that are saved."""
    figure = choices.address.figure
    titles = {one.key: one.title for one in offer.table}
    required: dict[str, Any] = {"required": True} if offer.required else {}
    st.subheader(offer.heading, anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            "Figure",
            keys(offer.table),
            default=figure,
            wrap=True,
            format_func=titles.__getitem__,
            **required,
            **wired(
                choices.offers,
                f"{offer.page}_figure",
                figure,
                lambda chosen: choices.choose("figure", figure=chosen),
            ),
            help=offer.help,
        )
        if figure is None:
            return FORMATS[0]
        kind = st.segmented_control(
            "Picture format",
            FORMATS,
            default=FORMATS[0],
            required=True,
            key=f"{offer.page}_format",
            help="What the camera above a figure saves: SVG stays sharp at any size, PNG opens "
            "everywhere.",
        )
    return kind or FORMATS[0]


def _is_ready(figure: Figure) -> bool:
    return not TORCH <= figure.needs or warmup.torch_is_here()


def _draw(figure: Figure, draw: Callable[[Figure, str], None], kind: str) -> None:
    try:
        draw(figure, kind)
    except ValueError as error:  # a part of the model that is not there, or does not fit it
        st.info(plain(sentence(error)))
    except Exception:  # a fault of ours: the page stays whole, and the log says where
        logging.getLogger(__name__).exception("%s was not drawn", figure.key)
        st.info(f"The figure {figure.title} could not be drawn. The others may.")
