"""The controls of the Text page: what is read, by which network, beside what."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from rnnviz import parsing
from rnnviz.data import DataError
from rnnviz.data.documents import reading
from rnnviz.data.documents.reading import Document
from rnnviz.data.passages import PASSAGES, passage
from rnnviz.explorer.parts.address import ALL
from rnnviz.explorer.parts.components import picker, scribe, travel
from rnnviz.explorer.parts.controls import cell_controls, pin_controls, switch
from rnnviz.explorer.parts.notices import plain, sentence
from rnnviz.explorer.parts.offers import wired
from rnnviz.explorer.parts.rooms import STYLE as ROOMS
from rnnviz.explorer.parts.rooms import Room
from rnnviz.explorer.parts.uploads import let_go, uploaded_file
from rnnviz.explorer.parts.waiting import still_wanted
from rnnviz.explorer.text import exhibit
from rnnviz.explorer.text.address import is_own
from rnnviz.explorer.text.choices import (
    BOX,
    FILES,
    PICKER,
    TRAVEL,
    TYPED_SINCE,
    UPLOAD,
    TextChoices,
)
from rnnviz.explorer.text.exhibit import Text

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

TEXT_WIDTH, NETWORK_WIDTH, COMPARE_WIDTH = 560, 280, 260
"""Pixels, where the controls stand in a row above several readings."""

STYLE = Path(__file__).parent / "text.css"
WIDE = Path(__file__).parent / "text_wide.css"
TITLES = {one.key: one.title for one in PASSAGES}


def text_rooms(choices: TextChoices) -> tuple[Room, Room, Room, Room]:
    """Places for the text, the network, the comparison and the theatre.

    One reading stands beside its controls; several need the whole width, and stand below them.
    """
    is_wide = needs_width(choices)
    st.html(ROOMS)
    st.html(WIDE if is_wide else STYLE)
    beside, stage = st.columns([1, 2.6], gap="medium")
    controls = beside.container(key="text_controls", horizontal=is_wide)
    with beside:
        travel(key=TRAVEL, heard=choices.heard_trip)
    text, network, comparison = (
        controls.container(width=width if is_wide else "stretch")
        for width in (TEXT_WIDTH, NETWORK_WIDTH, COMPARE_WIDTH)
    )
    return text, network, comparison, stage


def needs_width(choices: TextChoices) -> bool:
    """Whether several readings are asked for."""
    address = choices.address
    return address.cell == ALL or (address.beside and address.has_pin)


def text_controls(choices: TextChoices) -> None:
    """Pick, write or upload the text that is read."""
    _picker(choices)
    _box(choices)
    # Open while there is something to choose in it: a column and a row.
    has_table = choices.document is not None and bool(choices.document.columns)
    files = st.container(key=FILES)
    with files.expander("Upload a file", icon=":material/upload_file:", expanded=has_table):
        _upload(choices)
    choices.typed_last = False
    _look_for(choices)


def network_controls(choices: TextChoices) -> None:
    """Which cell reads, or all three."""
    cell_controls(
        choices,
        "Network",
        "Three ways to carry a memory from word to word, trained here on the same 25,000 film "
        "reviews. Each reads the text twice, from the left and from the right.",
    )


def compare_controls(choices: TextChoices) -> None:
    """Keep the text that is read, to compare the next one with it; what a link carries."""
    pin_controls(
        choices,
        "text",
        about="Change one word, or pin a text and choose another: what becomes of the answer?",
        pin_help="Keeps this text. Then edit it or choose another: the pinned one stays under it "
        "as a ghost, word by word, or beside it.",
    )
    if choices.is_near:
        switch(
            choices,
            "Keep the old reading as a ghost",
            "ghost",
            "The text before your last edit, or the pinned one, stays under this one in grey. "
            "An edit ends when you rest for five seconds; pin a text to keep it for longer, or "
            "where it is long.",
        )
    if choices.pinned is not None and len(choices.address.cells) == 1:
        switch(
            choices,
            "Side by side",
            "beside",
            "Shows the reading of the pinned text beside this one, instead of under it.",
        )
    if choices.pinned is not None:
        _say_pinned(choices)
    if choices.has_own:
        _link(choices)


def _say_pinned(choices: TextChoices) -> None:
    if choices.other is not choices.pinned:
        st.caption("Pinned. Now edit the text or choose another one to compare.")
    elif not choices.is_near and not choices.address.beside:
        way = "see them side by side" if len(choices.address.cells) == 1 else "one network shows "
        way += "" if len(choices.address.cells) == 1 else "them side by side"
        st.caption(f"The pinned text has too little in common with this one for a ghost: {way}.")


def _link(choices: TextChoices) -> None:
    st.toggle(
        "Put my text into the link",
        value=choices.share,
        **wired(choices.offers, "text_share", choices.share, choices.put_into_link),
        help="Off, the address of this page says nothing of what you wrote, and opens elsewhere "
        "with the usual text. On, it carries your text, compressed, for everybody who gets the "
        "link; up to about 600 words.",
    )


def _box(choices: TextChoices) -> None:
    """What is typed becomes the text that is read, letter by letter."""
    scribe(
        choices.filled,
        key=BOX,
        turns=choices.turns,
        label="Text",
        placeholder="Write or paste a text, in English, best of all about a film.",
        explained="What you write is read while you type, here on this machine.",
        rows=5 if needs_width(choices) else 8,
        beside=FILES,
    )


def _picker(choices: TextChoices) -> None:
    """The bundled texts, and one's own where there is one."""
    names = dict(TITLES)
    own = [key for key in choices.own if key != choices.address.pin]
    if is_own(choices.address.text):
        own = [choices.address.text]
    names |= dict.fromkeys(own[-1:], "Your own text")
    picker(
        names,
        key=PICKER,
        picked=choices.address.text,
        turns=choices.turns,
        label="Choose a text",
        explained="Short texts written for this page, each with one thing to look for. Change any "
        "word of them in the box below.",
    )


def _look_for(choices: TextChoices) -> None:
    if is_own(choices.address.text):
        if _has_ghost(choices):
            where = "in the pinned text" if choices.other is choices.pinned else "there before"
            st.caption(
                "**What to look for.** Which words changed their colour besides the one that you "
                f"changed? Struck out is what stood {where}."
            )
        return
    st.caption(f"**What to look for.** {plain(passage(choices.address.text).look_for)}")


def _has_ghost(choices: TextChoices) -> bool:
    """Whether another text lies under this one."""
    address = choices.address
    is_beside = address.beside and address.has_pin and len(address.cells) == 1
    return address.ghost and not is_beside and choices.is_near


def _upload(choices: TextChoices) -> None:
    """A file becomes the text; one that cannot be read leaves the last in place."""
    st.file_uploader(
        "A text of your own",
        type=[ending.removeprefix(".") for ending in reading.ENDINGS],
        key=UPLOAD,
        max_upload_size=reading.MOST_BYTES // 1024**2,
        help="Plain text, Markdown, a web page, a PDF, a Word document, or a table with a column "
        "of texts. It is read on this machine and goes nowhere.",
    )
    file = uploaded_file(UPLOAD)
    if file is None:
        if choices.upload is not None:
            choices.upload, choices.document = None, None
            choices.notices.pop("upload", None)
        return
    if file.file_id != choices.upload:
        # A run that is called off meanwhile leaves the file to the next one.
        choices.document = None
        _take(choices, file, alive=still_wanted)
        choices.upload = file.file_id
        # The box and the list above have been shown already, with the text before.
        st.rerun()
    if choices.document is not None and choices.document.columns:
        _table(choices, choices.document)
    else:
        let_go(file)


def _take(
    choices: TextChoices,
    file: UploadedFile,
    column: str | None = None,
    row: int = 0,
    *,
    alive: Callable[[], None] | None = None,
) -> None:
    choices.hear()  # a control is heard before the page is
    heard = choices.turns.heard
    try:
        data = file.getvalue()
        found = parsing.document(data, file.name, column=column, row=row, alive=alive)
        exhibit.checked(found.text)
    except DataError as error:
        choices.notices["upload"] = f"{sentence(error)} The last reading stays."
        choices.refused += 1
        return
    choices.document = found
    if choices.turns.heard != heard:  # somebody typed or went back meanwhile: another run follows
        choices.notices["upload"] = TYPED_SINCE
        return
    choices.bring(Text(found.text, found.source))
    choices.notices |= {f"upload {i}": said for i, said in enumerate(found.notices)}


def _take_again(choices: TextChoices, column: str | None, row: int = 0) -> None:
    """Another field of the table that was read last."""
    file = uploaded_file(UPLOAD)
    if file is not None and file.file_id == choices.upload:
        _take(choices, file, column, row)


def _table(choices: TextChoices, document: Document) -> None:
    """Which column of a table holds the texts, and which of its rows is read."""
    index = document.columns.index(document.column or "")
    about = (choices.upload, choices.refused)
    st.selectbox(
        "Column",
        document.columns,
        index=index,
        **wired(
            choices.offers,
            "text_column",
            document.column,
            partial(_take_again, choices),
            about,
        ),
        help="The column of the table that holds the texts.",
    )
    st.number_input(
        f"Row, 1 to {document.rows:,}",
        min_value=1,
        max_value=max(1, document.rows),
        value=document.row + 1,
        **wired(
            choices.offers,
            "text_row",
            document.row + 1,
            lambda one: _take_again(choices, document.column, int(one) - 1),
            (*about, index),
        ),
        help="Which text of that column is read; rows without a text are left out of the count.",
    )
