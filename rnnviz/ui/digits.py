"""The controls of the Digits page: what is read, by which network, beside what."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import streamlit as st

from rnnviz import exhibit, parsing
from rnnviz.address import ALL, CELLS, READOUTS
from rnnviz.data import DataError
from rnnviz.exhibit import Picture
from rnnviz.signals import CELL_NAMES
from rnnviz.theatre import draw, gallery, sent_by, travel
from rnnviz.theatre.drawing import DrawingError
from rnnviz.ui.choices import BOARD, DRAWING, READOUT_NAMES, TRAVEL, DigitsChoices
from rnnviz.ui.models import bundled_samples
from rnnviz.ui.notices import plain, sentence
from rnnviz.ui.rooms import STYLE as ROOMS
from rnnviz.ui.rooms import Room
from rnnviz.ui.run_shown import run_controls
from rnnviz.ui.waiting import still_wanted

BOARD_WIDTH, NETWORK_WIDTH, COMPARE_WIDTH = 330, 280, 220
"""Pixels, where the controls stand in a row above three readings."""

STYLE = Path(__file__).with_suffix(".css")
WIDE = STYLE.with_stem("digits_wide")

EMPTY_BOARD = "The board is empty: draw one large digit. The last reading stays until then."


def rooms(choices: DigitsChoices) -> tuple[Room, Room, Room, Room]:
    """Places for the picture, the network, the comparison and the theatre.

    One reading stands beside its controls; three need the whole width, and stand below them. The
    places are the same ones in both cases, so that the theatre need not be taken down and set up.
    """
    is_wide = needs_width(choices)
    st.html(ROOMS)
    st.html(WIDE if is_wide else STYLE)
    beside, stage = st.columns([1, 3.1], gap="medium")
    controls = beside.container(key="digits_controls", horizontal=is_wide)
    with beside:
        travel(key=TRAVEL, heard=choices.heard_trip)
    picture, network, comparison = (
        controls.container(width=width if is_wide else "stretch")
        for width in (BOARD_WIDTH, NETWORK_WIDTH, COMPARE_WIDTH)
    )
    return picture, network, comparison, stage


def needs_width(choices: DigitsChoices) -> bool:
    """Whether three readings are asked for: the control says so before the choices do."""
    return bool(st.session_state[choices.widget("cell")] == ALL)


def picture_controls(choices: DigitsChoices) -> None:
    """Draw, pick or upload the digit that is read."""
    board, samples, upload = st.tabs(["Draw", "Samples", "Upload"])
    with board:
        _board(choices)
    with samples:
        _gallery(choices)
    with upload:
        file = st.file_uploader(
            "An image of one digit",
            type=["png", "jpg", "jpeg", "webp"],
            key="digits_upload",
            help="PNG, JPG or WebP of any size, dark on light or light on dark. It is brought to "
            "28 x 28 pixels as MNIST's digits were, and leaves this machine for nowhere.",
        )
        _upload(choices, file)


def network_controls(choices: DigitsChoices) -> None:
    """Which cell reads, or all three, and what the answer is made of."""
    names = CELL_NAMES | {ALL: "All three"}
    run_controls(choices.run, "digits", choices.leave_run)
    cell = st.segmented_control(
        "Cell",
        (*CELLS, ALL),
        required=True,
        wrap=True,
        format_func=names.__getitem__,
        key=choices.widget("cell"),
        disabled=choices.run is not None,
        help="Three ways to carry a memory from row to row, all trained here on the same images. "
        "All three read the same digit side by side.",
    )
    readout = st.segmented_control(
        "Readout",
        READOUTS,
        required=True,
        wrap=True,
        format_func=READOUT_NAMES.__getitem__,
        key=choices.widget("readout"),
        disabled=choices.run is not None,
        help="What the answer is made of: the states after all rows, weighted by attention, or "
        "the state after the last row alone.",
    )
    choices.choose("cell", cell=cell or choices.address.cell)
    choices.choose("readout", readout=readout or choices.address.readout)


def compare_controls(choices: DigitsChoices) -> None:
    """Keep the digit that is read, to compare the next one with it."""
    help_text = "Two digits, one network: pin the first, then choose the second."
    st.markdown(":small[Compare]", help=help_text)
    if choices.pinned is None:
        st.button(
            "Pin this digit",
            key="digits_pin",
            icon=":material/keep:",
            on_click=choices.pin,
            help="Keeps this digit. Then draw, pick or upload another: the pinned one stays "
            "under it as a thin ghost, and a slider leads from one to the other.",
        )
        return
    st.button(
        "Unpin",
        key="digits_unpin",
        icon=":material/keep_off:",
        on_click=choices.unpin,
        help=f"Stops comparing with the pinned digit ({plain(choices.pinned.source)}).",
    )
    if len(choices.address.cells) == 1:
        beside = st.toggle(
            "Side by side",
            key=choices.widget("beside"),
            help="Shows the reading of the pinned digit beside this one, on the same scales, "
            "instead of as a ghost under it.",
        )
        choices.choose("beside", beside=beside)
    if choices.picture.pixels == choices.pinned.pixels:
        st.caption("Pinned. Now draw, pick or upload another digit to compare.")


def _board(choices: DigitsChoices) -> None:
    """A new drawing becomes the picture, an unusable one leaves the last in place."""
    from rnnviz.data import images

    choices.heard = repr(sent_by(BOARD, "drawing"))
    try:
        drawing = draw(
            key=BOARD,
            strokes=choices.strokes,
            nonce=choices.board,
            small=needs_width(choices),
        )
        if drawing is None or drawing.strokes == choices.strokes:
            return
        before, choices.strokes = choices.strokes, drawing.strokes
        choices.notices.pop("board", None)
        if drawing.image is None:
            choices.notices["board"] = EMPTY_BOARD
            return
        trips = choices.trips
        pixels = images.normalise(drawing.image).tobytes()
        choices.remember(pixels, drawing.strokes)
        if choices.trips != trips:  # somebody went back meanwhile: another run follows them
            return
        shared = min(len(before), len(drawing.strokes))
        grows = shared > 0 and before[:shared] == drawing.strokes[:shared]
        was_drawn = choices.picture.source == DRAWING
        choices.show(Picture(pixels, DRAWING), continued=grows and was_drawn)
    except (DrawingError, DataError) as error:
        choices.notices["board"] = sentence(error)


def _gallery(choices: DigitsChoices) -> None:
    pictures, labels = bundled_samples()
    picked = choices.address.sample
    gallery(
        pictures,
        labels,
        key="digits_gallery",
        picked=None if picked is None else picked - 1,
        on_pick=lambda index: choices.show(exhibit.sample(index + 1), sample=index + 1),
    )


def _upload(choices: DigitsChoices, uploaded: Any) -> None:
    """An uploaded file becomes the picture; an unusable one leaves the last in place."""
    if uploaded is None:
        choices.upload = None
        choices.notices.pop("upload", None)
        return
    data = uploaded.getvalue()
    fingerprint = hashlib.blake2b(data, digest_size=16).hexdigest()
    if fingerprint == choices.upload:
        return
    choices.notices.pop("upload", None)
    try:
        trips = choices.trips
        digit = parsing.picture(data, alive=still_wanted)
        if choices.trips == trips:  # else somebody went back meanwhile
            choices.show(Picture(digit.tobytes(), "your image"))
    except DataError as error:
        choices.notices["upload"] = sentence(error)
    choices.upload = fingerprint  # a run that was called off leaves the file to the next one
