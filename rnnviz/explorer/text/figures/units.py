"""Units that react to negation, praise, blame or the place; a click colours the text by one."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from rnnviz import parsing
from rnnviz.explorer.parts.components import measures
from rnnviz.explorer.parts.kept import kept, kept_with
from rnnviz.explorer.parts.models import model
from rnnviz.explorer.parts.notices import plain
from rnnviz.explorer.parts.offers import wired
from rnnviz.explorer.parts.uploads import uploaded_file
from rnnviz.explorer.parts.waiting import still_wanted
from rnnviz.explorer.text.choices import UPLOAD
from rnnviz.explorer.text.figures.subject import Subject
from rnnviz.explorer.text.readings import tokenizer
from rnnviz.theatre.tints import Tint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rnnviz.analysis.firing import Firing
    from rnnviz.analysis.reactions import Reaction, Reactions
    from rnnviz.analysis.states import States

KINDS = {
    "negation": "Negation",
    "positive": "Praise",
    "negative": "Blame",
    "position": "Place in the text",
}
BUNDLED, OWN = "Bundled sentences", "Your own text"
FEWEST_PARTS = 5
"""Paragraphs or rows of one's own below which they are no corpus."""

SNIPPETS = 8


def read_by(name: str, source: str, texts: tuple[str, ...] | None) -> tuple[States, Reactions]:
    """What that model does with the bundled sentences, or with texts that ``source`` names."""
    return _bundled(name) if texts is None else _own(name, source, texts)


def _read(name: str, texts: tuple[str, ...] | None) -> tuple[States, Reactions]:
    from rnnviz.analysis import reactions

    states = reactions.read_texts(model(name), tokenizer(name), texts)
    return states, reactions.score(states)


@kept_with(spinner="Reading some hundred sentences …")
def _bundled(name: str) -> tuple[States, Reactions]:
    return _read(name, None)


@kept_with(spinner="Reading your texts …")
def _own(name: str, source: str, _texts: tuple[str, ...]) -> tuple[States, Reactions]:
    return _read(name, _texts)


@kept
def _rows(fingerprint: str, column: str | None, _data: bytes, _name: str) -> tuple[str, ...]:
    """The texts of a table that was uploaded, taken out of it once."""
    return parsing.snippets(_data, _name, column=column, alive=still_wanted)


def forget() -> None:
    """Empty every cache of this module, for tests."""
    for one in (_bundled, _own, _rows):
        one.clear()


def units(subject: Subject) -> None:
    """The strongest units of a kind, one of them in the text above, and where it fires most."""
    from rnnviz import figures

    kind, source, texts = _asked(subject)
    states, found = read_by(subject.task.model, source, texts)
    if texts is not None:
        st.caption(_how_much(states, len(texts)))
    st.markdown(plain(found.finding(kind)))
    top = found.top(kind, SNIPPETS)
    if not top:
        if kind in found.scores:
            st.caption(plain(found.definition(kind)))
        return
    chosen = _chosen(subject, top)
    room = subject.room
    with room.left:
        picked = None if chosen is None else (chosen.direction, chosen.unit)
        subject.plot(
            figures.unit_reactions(
                top, threshold=found.scores[kind].threshold, selected=picked, theme=subject.theme
            ),
            "units",
        )
    with room.right:
        _pills(subject, top, chosen)
    if chosen is not None:
        with room.under:
            _snippets(states, chosen)
    room.foot.caption(
        "**What to look for.** Choose a unit: the text above takes its colour, and here stand the "
        "places where it fires most. Does it do what its name says, or something else as well? "
        + plain(found.definition(kind))
    )


def _how_much(states: States, count: int) -> str:
    """How many of one's own texts were read, and how much of each."""
    from rnnviz.analysis.reactions import MOST_OF_A_TEXT

    read = len(states)
    texts = f"the first {read:,} of {count:,} texts" if read < count else f"all {count:,} texts"
    cut = any(one.left_out is not None for one in states.encoded)
    ends = f", of long ones the beginning and the end, {MOST_OF_A_TEXT} tokens in all"
    return f"Read are {texts}{ends if cut else ''}."


def _asked(subject: Subject) -> tuple[str, str, tuple[str, ...] | None]:
    """The kind of reaction, and the texts that are read instead of the bundled sentences."""
    source_of_own, own = _own_texts(subject)
    with st.container(horizontal=True):
        kind = st.segmented_control(
            "Reacts to",
            list(KINDS),
            format_func=KINDS.__getitem__,
            default="negation",
            required=True,
            wrap=True,
            key="text_units_kind",
            help="Words of three short lists, or how far the text has been read.",
        )
        source = BUNDLED
        if len(own) >= FEWEST_PARTS:
            source = st.segmented_control(
                "Looked for in",
                (BUNDLED, OWN),
                default=BUNDLED,
                required=True,
                key="text_units_source",
                help="Some hundred sentences written for this page, or the rows or paragraphs of "
                "your own text.",
            )
    if source != OWN:
        return kind or "negation", "", None
    return kind or "negation", source_of_own, own


def _own_texts(subject: Subject) -> tuple[str, tuple[str, ...]]:
    """The rows of the table that was uploaded, else the paragraphs of the text that is read.

    Before them a word that is another one for other texts.
    """
    from rnnviz.analysis.firing import paragraphs

    document, file = subject.choices.document, uploaded_file(UPLOAD)
    if document is None or not document.columns or file is None:
        words = subject.task.text.words
        return _fingerprint(words.encode()), paragraphs(words)
    data = file.getvalue()
    fingerprint = _fingerprint(data)
    rows = _rows(fingerprint, document.column, data, file.name)
    return f"{fingerprint} {document.column}", rows


def _fingerprint(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _chosen(subject: Subject, top: Sequence[Reaction]) -> Reaction | None:
    """The unit of the list by which the theatre colours the text, if it is one of them."""
    view = subject.view
    if view.tint != "unit:hidden" or not view.units:
        return None
    direction = "backward" if view.direction == "backward" else "forward"
    wanted = (direction, view.units[-1])
    return next((one for one in top if (one.direction, one.unit) == wanted), None)


def _pills(subject: Subject, top: Sequence[Reaction], chosen: Reaction | None) -> None:
    choices = subject.choices
    # What the theatre says in between is shown here as well.
    names = {f"{one.direction} {one.unit}": one for one in top}
    now = None if chosen is None else f"{chosen.direction} {chosen.unit}"

    def picked(name: str | None) -> None:
        one = names.get(name or "")
        if one is None:
            choices.turn_to(replace(choices.view, tint="answer"))
        else:
            view = replace(choices.view, units=(one.unit,), tint="unit:hidden")
            is_backward = one.direction == "backward"
            choices.turn_to(replace(view, direction="backward" if is_backward else "forward"))

    st.pills(
        "Colour the text by unit",
        list(names),
        default=now,
        wrap=True,
        **wired(choices.offers, f"text_units_{top[0].kind}", now, picked, tuple(names)),
        help="Colours the text above by this unit's hidden state, and pins the unit in the "
        "heatmaps.",
    )


def _snippets(states: States, one: Reaction) -> None:
    """The places where a unit fires most, as coloured text, one to a line."""
    from rnnviz.analysis import firing

    sign = 1 if one.score > 0 else -1
    found = firing.firings(states, one.unit, one.direction, most=SNIPPETS, sign=sign)
    tokens, values = _lines(found)
    tint = Tint(
        name="fires",
        label=f"Unit {one.unit}, {one.direction}",
        meaning=f"hidden state, where it is {'highest' if sign > 0 else 'lowest'}",
        values=values,
        low=-1.0,
        high=1.0,
        low_words="",
        high_words="",
    )
    measures(tokens, [tint], key="text_snippets", title="Where it fires most")


def _lines(found: Sequence[Firing]) -> tuple[list[str], np.ndarray[Any, Any]]:
    """The windows one below the other; between them stands a token that says nothing."""
    tokens: list[str] = []
    values: list[float] = []
    for one in found:
        if tokens:
            tokens[-1] = tokens[-1].rstrip() + " …\n"
        window = [token.replace("\n", " ") for token in one.tokens]
        tokens += window
        values += one.values.tolist()
    return tokens, np.array(values)
