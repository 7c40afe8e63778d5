"""The controls of the Digits page: what is read, by which network, beside what."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

from rnnviz import parsing
from rnnviz.data import DataError
from rnnviz.explorer.digits.choices import BOARD, GALLERY, READOUT_NAMES, TRAVEL, DigitsChoices
from rnnviz.explorer.digits.exhibit import Picture
from rnnviz.explorer.digits.readings import bundled_samples
from rnnviz.explorer.parts.address import ALL
from rnnviz.explorer.parts.components import draw, gallery, travel
from rnnviz.explorer.parts.controls import cell_controls, pin_controls, segments, switch
from rnnviz.explorer.parts.notices import sentence
from rnnviz.explorer.parts.rooms import STYLE as ROOMS
from rnnviz.explorer.parts.rooms import Room
from rnnviz.explorer.parts.uploads import let_go, uploaded_file
from rnnviz.explorer.parts.waiting import still_wanted

BOARD_WIDTH, NETWORK_WIDTH, COMPARE_WIDTH = 330, 280, 220
"""Pixels, where the controls stand in a row above three readings."""

UPLOAD = "digits_upload"
STYLE = Path(__file__).with_suffix(".css")
WIDE = STYLE.with_stem("controls_wide")


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
    """Whether three readings are asked for."""
    return choices.address.cell == ALL


def picture_controls(choices: DigitsChoices) -> None:
    """Draw, pick or upload the digit that is read."""
    board, samples, upload = st.tabs(["Draw", "Samples", "Upload"])
    with board:
        _board(choices)
    with samples:
        _gallery(choices)
    with upload:
        st.file_uploader(
            "An image of one digit",
            type=["png", "jpg", "jpeg", "webp"],
            key=UPLOAD,
            help="PNG, JPG or WebP of any size, dark on light or light on dark. The image is "
            "scaled to 28 × 28 pixels like MNIST's digits. It is not sent to any other server.",
        )
        _upload(choices)


def network_controls(choices: DigitsChoices) -> None:
    """Which cell reads, or all three, and what the answer is made of."""
    cell_controls(
        choices,
        "Cell",
        "Three ways to carry a memory from row to row, all trained here on the same images. "
        "All three read the same digit side by side.",
    )
    segments(
        choices,
        "Readout",
        "readout",
        READOUT_NAMES,
        "What the answer is made of: the states after all rows, weighted by attention, or "
        "the state after the last row alone.",
    )


def compare_controls(choices: DigitsChoices) -> None:
    """Keep the digit that is read, to compare the next one with it."""
    pin_controls(
        choices,
        "digit",
        about="Two digits, one network: pin the first, then choose the second.",
        pin_help="Keeps this digit. Then draw, pick or upload another: the pinned one stays "
        "under it as a thin ghost, and a slider leads from one to the other.",
    )
    if choices.pinned is None:
        return
    if len(choices.address.cells) == 1:
        switch(
            choices,
            "Side by side",
            "beside",
            "Shows the reading of the pinned digit beside this one, on the same scales, "
            "instead of as a ghost under it.",
        )
    if choices.picture.pixels == choices.pinned.pixels:
        st.caption("Pinned. Now draw, pick or upload another digit to compare.")


def _board(choices: DigitsChoices) -> None:
    draw(
        key=BOARD,
        turns=choices.boarded,
        strokes=choices.strokes,
        small=needs_width(choices),
    )


def _gallery(choices: DigitsChoices) -> None:
    pictures, labels = bundled_samples()
    picked = choices.address.sample
    gallery(pictures, labels, key=GALLERY, picked=None if picked is None else picked - 1)


def _upload(choices: DigitsChoices) -> None:
    """An uploaded file becomes the picture; an unusable one leaves the last in place."""
    file = uploaded_file(UPLOAD)
    if file is None:
        choices.upload, choices.made = None, None
        choices.notices.pop("upload", None)
        return
    if file.file_id != choices.upload:
        _take(choices, file.getvalue(), file.file_id)
    let_go(file)
    if choices.made is not None:
        enlarged = np.frombuffer(choices.made, np.uint8).reshape(28, 28).repeat(4, 0).repeat(4, 1)
        st.image(enlarged, caption="What was made of it: 28 x 28", width=112)


def _take(choices: DigitsChoices, data: bytes, id: str) -> None:
    choices.made = None
    choices.notices.pop("upload", None)
    try:
        known = choices.pictured.heard
        found = parsing.picture(data, alive=still_wanted)
        choices.made = found.pixels.tobytes()
        if choices.pictured.heard == known:  # else another one was drawn or picked meanwhile
            choices.show(Picture(choices.made, "your image"))
        if found.notices:
            choices.notices["upload"] = " ".join(found.notices)
    except DataError as error:
        choices.notices["upload"] = sentence(error)
    choices.upload = id  # a run that was called off leaves the file to the next one
