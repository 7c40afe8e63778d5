"""Padding made visible: both directions run over empty steps, and what the readouts make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from rnnviz.data import DataError
from rnnviz.data.passages import PASSAGES
from rnnviz.explorer.parts.components import theatre
from rnnviz.explorer.parts.kept import kept
from rnnviz.explorer.parts.models import model
from rnnviz.explorer.parts.notices import plain, sentence
from rnnviz.explorer.parts.offers import wired
from rnnviz.explorer.text import exhibit
from rnnviz.explorer.text.address import MOST_PADS
from rnnviz.explorer.text.choices import TextChoices
from rnnviz.explorer.text.figures.subject import Subject
from rnnviz.explorer.text.readings import encoded
from rnnviz.models.reader import read_padded
from rnnviz.theatre.view import View

if TYPE_CHECKING:
    from rnnviz.analysis.padding import Fading, ReadoutAnswer, Small

FIRST_PADS = 50
PANELS = ("input", "prediction", "hidden")
MOST_TOKENS = 1000
"""Tokens of a text whose padded reading is shown whole; the figures take any text."""


@kept
def padded(name: str, words: str, pads: int) -> dict[str, Any]:
    """The reading of a text and of ``pads`` empty steps after it, packed for the theatre."""
    return read_padded(model(name), encoded(name, words), pads, name=name).to_payload()


@kept
def fading_of(name: str, words: str, other: str) -> Fading:
    """What is left of the difference of two texts after more and more padding."""
    from rnnviz.analysis import padding

    return padding.fading(model(name), encoded(name, words), encoded(name, other))


@kept
def answers_of(name: str, words: str, pads: int) -> tuple[ReadoutAnswer, ...]:
    """What the same weights answer under other readouts, with and without the padding."""
    from rnnviz.analysis import padding

    return padding.answers(model(name), encoded(name, words), pads)


@kept
def small_networks() -> tuple[Small, ...]:
    """The networks that were trained to deal with padding in one way each."""
    from rnnviz.analysis import padding

    return padding.small_networks()


def padding(subject: Subject) -> None:
    """The padded reading, the fading states, the readouts, and the small networks."""
    from rnnviz.figures.padding import fading_states, readout_answers

    name, words = subject.task.model, subject.task.text.words
    room = subject.room
    pads = _slider(subject)
    other = next(one for one in PASSAGES if one.text != words)
    if len(subject.encoded) <= MOST_TOKENS:
        with room.wide:
            theatre(
                padded(name, words, pads),
                key="text_padding_theatre",
                title=f"{subject.cell}, {pads} empty steps after the text",
                subtitle="both directions run over the padding, which is hatched",
                view=View(direction="both"),
                panels=PANELS,
            )
    else:
        room.wide.caption(f"The padded reading is shown for texts of up to {MOST_TOKENS:,} tokens.")
    fading = fading_of(name, words, other.text)
    answers = answers_of(name, words, pads)
    with room.left:
        subject.plot(fading_states(fading, other=f"“{other.title}”", theme=subject.theme), "fading")
    with room.right:
        subject.plot(
            readout_answers(answers, subject.reading.classes, pads=pads, theme=subject.theme),
            "readouts",
        )
    room.middle.caption(
        "**What to look for.** Backward, reading begins in the padding: its last step is the same "
        "for every text there is. Forward, how much of the text is left behind the padding depends "
        "on the cell: the headline has the figure for this one, and the other networks may differ "
        "by far. On the right the same weights hand their states to readouts that they were not "
        "trained with, which says how much such a vector changes and nothing about how good it is."
    )
    _small(subject)


def _slider(subject: Subject) -> int:
    choices = subject.choices
    now = choices.address.pads or FIRST_PADS
    pads = st.slider(
        "Empty steps after the text",
        1,
        MOST_PADS,
        value=now,
        **wired(choices.offers, "text_pads", now, lambda pads: _choose(choices, int(pads))),
        help="Texts of a batch are filled up to one length. A network that is told the lengths "
        "never sees the filling; this one is made to read it.",
    )
    return int(pads)


def _choose(choices: TextChoices, pads: int) -> None:
    """Only who moves the slider changes the address; one move after the other is one choice."""
    choices.choose("pads", continued=True, pads=None if pads == FIRST_PADS else pads)


def _small(subject: Subject) -> None:
    """The networks that were trained for it: how often they are right, and on this text."""
    from rnnviz.analysis.padding import small_answer
    from rnnviz.figures.padding import small_accuracies

    networks = small_networks()
    if not networks:
        return
    subject.room.middle.markdown("**Trained with the mistake, and without**")
    with subject.room.left_again:
        subject.plot(small_accuracies(networks, theme=subject.theme), "small-networks")
    with subject.room.right_again:
        rows = ["| network | way with padding | this text |", "|---|---|---|"]
        try:
            for network in networks:
                said = small_answer(network, exhibit.checked(subject.task.text.words))
                best = int(said.probabilities.argmax())
                share = f"{said.probabilities[best]:.0%}"
                rows.append(
                    f"| {network.cell.upper()} | {network.words} | {said.labels[best]}, {share} |"
                )
        except DataError as error:
            st.caption(plain(sentence(error)))
            return
        st.markdown("\n".join(rows))
        st.caption(
            f"They know the words of a small grammar only: of this text {said.unknown:,} of "
            f"{said.tokens:,} tokens are unknown to them."
            + (f" {said.left_out:,} in its middle they did not read." if said.left_out else "")
        )
