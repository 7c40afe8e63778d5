"""Labelled texts of one's own: a file, which of its columns are meant, and what is in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import streamlit as st

from rnnviz import parsing
from rnnviz.data import DataError, labelled, texts
from rnnviz.data.documents.reading import shortened
from rnnviz.explorer.parts.notices import notices, plain, sentence
from rnnviz.explorer.parts.offers import wired
from rnnviz.explorer.parts.uploads import let_go, uploaded_file
from rnnviz.explorer.parts.visitor import Desk, origin
from rnnviz.explorer.parts.waiting import still_wanted
from rnnviz.explorer.train.choices import COLUMNS, Brought, TrainChoices
from rnnviz.models.places import RunError
from rnnviz.training.plan import PlanError

MOST_MEGABYTES = 10
UPLOAD = "train_upload"
GONE = "Upload the file again: no run was made of it, so the server has cleared it."
MOST_LABELS = 6
"""Labels that are counted out; of more the rest is summed up."""


def upload_controls(choices: TrainChoices, desk: Desk, visitor: str) -> None:
    """Bring a file, and choose the columns of texts and of labels."""
    st.file_uploader(
        "A file of labelled texts",
        type=[ending.removeprefix(".") for ending in texts.ENDINGS],
        key=UPLOAD,
        max_upload_size=MOST_MEGABYTES,
        help="A table with a column of texts and a column of labels, 2 to 20 kinds of them. It is "
        "read on this machine and goes nowhere.",
    )
    file = uploaded_file(UPLOAD)
    if file is not None:
        last = choices.brought
        if last is None or file.file_id != last.id:
            _take(choices, desk, visitor, file.file_id, file.name, file.getvalue())
        elif not _is_kept(last, desk):
            choices.refusal = GONE
            choices.bring(Brought(file.file_id, file.name))
        if _is_done(choices.brought):
            let_go(file)
        if choices.refusal:
            notices([choices.refusal])
    brought = choices.brought
    if brought is None or not brought.columns:
        return
    for name, label, said in (
        ("text_column", "Column of texts", "What the network reads."),
        ("label_column", "Column of labels", "What it has to say: 2 to 20 different answers."),
    ):
        index = brought.columns.index(getattr(brought, name))
        st.selectbox(
            label,
            brought.columns,
            index=index,
            **wired(
                choices.offers,
                f"train_{name}",
                brought.columns[index],
                partial(_column, choices, desk, visitor, name),
                (brought.id,),
            ),
            disabled=file is None,
            help=said,
        )
    if brought.count:
        st.caption(f"{plain(shortened(brought.name, 40))}: {plain(_counted(brought))}")
    for one in brought.notices:
        st.caption(plain(one))


def _is_done(brought: Brought | None) -> bool:
    """Whether nothing on the page will read the upload again: the store has it, or nobody wants it.

    Refused for want of room (then it has no id) it is asked again; and where no two of its columns
    can be used, others can be chosen.
    """
    return brought is not None and bool(brought.id) and bool(brought.key or not brought.columns)


def _is_kept(brought: Brought | None, desk: Desk) -> bool:
    """Whether the server still has a file that it had taken: of those without a run it clears."""
    if brought is None or brought.key is None:
        return True
    try:
        desk.store.data_path(brought.key)
    except RunError:
        return False
    return True


def _column(choices: TrainChoices, desk: Desk, visitor: str, name: str, chosen: str) -> None:
    """Read the file again with another column."""
    file, brought = uploaded_file(UPLOAD), choices.brought
    if file is None or brought is None or file.file_id != brought.id:
        return
    columns = {one: getattr(brought, one) for one in COLUMNS}
    other = next(one for one in columns if one != name)
    if columns[other] == chosen:  # they change places
        columns[other] = columns[name]
    # Nothing calls this off: a control tells what was chosen in it once.
    words = columns | {name: chosen}
    try:
        data = desk.store.data_path(brought.key).read_bytes() if brought.key else file.getvalue()
    except (RunError, OSError):
        return  # the page says that the file is gone
    _take(choices, desk, visitor, file.file_id, file.name, data, **words, alive=None)


def _take(
    choices: TrainChoices,
    desk: Desk,
    visitor: str,
    id: str,
    name: str,
    data: bytes,
    text_column: str | None = None,
    label_column: str | None = None,
    *,
    alive: Callable[[], None] | None = still_wanted,
) -> None:
    """Read and keep a file. One that cannot be used takes the place of the last, with a notice.

    While no two of its columns can be used, each choice of one is kept; afterwards a column that
    cannot be used changes nothing.
    """
    choices.refusal = ""
    if choices.brought is None or choices.brought.id != id:
        try:
            desk.store.admit(visitor, origin(), len(data))  # another column is no other file
        except RunError as error:
            choices.refusal = sentence(error)
            choices.bring(Brought("", name))  # asked again as soon as there is room
            return
    brought = Brought(id, name)
    try:
        found = parsing.labelled(data, name, text_column, label_column, alive=alive)
        brought = replace(
            brought,
            text_column=found.text_column,
            label_column=found.label_column,
            columns=found.columns,
            notices=found.notices,
        )
        if found.refusal:
            raise DataError(found.refusal)
        key = desk.store.add_data(data, labelled.extension_of(name), visitor, origin())
        choices.bring(replace(brought, key=key, labels=tuple(found.labels.items())))
    except (DataError, PlanError, RunError) as error:
        choices.refusal = sentence(error)
        last = choices.brought
        if last is None or last.id != id or last.key is None:
            choices.bring(brought)


def _counted(brought: Brought) -> str:
    """``1,200 texts, 640 positive and 560 negative``."""
    most = sorted(brought.labels, key=lambda one: -one[1])
    said = ", ".join(f"{count:,} {shortened(name, 24)}" for name, count in most[:MOST_LABELS])
    rest = f" and {len(most) - MOST_LABELS} more kinds" if len(most) > MOST_LABELS else ""
    return f"{brought.count:,} texts, {said}{rest}"
