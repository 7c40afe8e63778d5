"""Labelled texts of one's own: a file, which of its columns are meant, and what is in them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import streamlit as st

from rnnviz.data import DataError, labelled, texts
from rnnviz.data.documents import shortened
from rnnviz.runs import RunError
from rnnviz.ui.notices import plain, sentence
from rnnviz.ui.train_choices import TrainChoices
from rnnviz.ui.train_jobs import Desk

MOST_MEGABYTES = 10
MOST_LABELS = 6
"""Labels that are counted out; of more the rest is summed up."""


@dataclass(frozen=True)
class Brought:
    """What is known of the file that was brought last."""

    fingerprint: str
    name: str
    key: str | None = None
    text_column: str = "text"
    label_column: str = "label"
    columns: tuple[str, ...] = ()
    labels: tuple[tuple[str, int], ...] = ()
    notices: tuple[str, ...] = ()

    def words(self) -> dict[str, Any]:
        """What a plan says of it."""
        return {
            "data": self.key,
            "text_column": self.text_column,
            "label_column": self.label_column,
        }


def upload_controls(choices: TrainChoices, desk: Desk) -> None:
    """Bring a file, and choose the columns of texts and of labels."""
    file = st.file_uploader(
        "A file of labelled texts",
        type=[ending.removeprefix(".") for ending in texts.ENDINGS],
        key="train_upload",
        max_upload_size=MOST_MEGABYTES,
        help="A table with a column of texts and a column of labels, 2 to 20 kinds of them. It is "
        "read on this machine and goes nowhere.",
    )
    if file is not None:
        data = file.getvalue()
        fingerprint = hashlib.blake2b(data, digest_size=8).hexdigest()
        known = None if choices.brought is None else choices.brought.fingerprint
        if fingerprint != known:
            _take(choices, desk, data, file.name)
    brought = choices.brought
    if brought is None or not brought.columns:
        return
    for name, label, said in (
        ("text_column", "Column of texts", "What the network reads."),
        ("label_column", "Column of labels", "What it has to say: 2 to 20 different answers."),
    ):
        key = f"train_{name}_{brought.fingerprint}_{getattr(choices.plan, name)}"
        st.session_state[key] = getattr(choices.plan, name)
        st.selectbox(
            label,
            brought.columns,
            key=key,
            on_change=_column,
            args=(choices, desk, name, key),
            disabled=file is None,
            help=said,
        )
    st.caption(f"{plain(shortened(brought.name, 40))}: {plain(_counted(brought))}")
    for one in brought.notices:
        st.caption(plain(one))


def _column(choices: TrainChoices, desk: Desk, name: str, key: str) -> None:
    """Read the file again with another column."""
    file, chosen = st.session_state.get("train_upload"), st.session_state[key]
    if file is None:
        return
    columns = {one: getattr(choices.plan, one) for one in ("text_column", "label_column")}
    other = next(one for one in columns if one != name)
    if columns[other] == chosen:  # they change places
        columns[other] = columns[name]
    _take(choices, desk, file.getvalue(), file.name, **(columns | {name: chosen}))


def _take(
    choices: TrainChoices,
    desk: Desk,
    data: bytes,
    name: str,
    text_column: str | None = None,
    label_column: str | None = None,
) -> None:
    """Read and keep a file; one that cannot be used leaves the last in place, with a notice."""
    choices.notices.pop("upload", None)
    fingerprint = hashlib.blake2b(data, digest_size=8).hexdigest()
    try:
        found = labelled.read(data, name, text_column, label_column)
        key = desk.store.add_data(data, labelled.extension_of(name))
    except (DataError, RunError) as error:
        choices.notices["upload"] = sentence(error)
        if choices.brought is None or choices.brought.fingerprint != fingerprint:
            choices.bring(Brought(fingerprint, name))
        return
    choices.bring(
        Brought(
            fingerprint,
            name,
            key,
            found.text_column,
            found.label_column,
            found.columns,
            tuple(found.labels.items()),
            found.notices,
        )
    )


def _counted(brought: Brought) -> str:
    """``1,200 texts, 640 positive and 560 negative``."""
    total = sum(count for _, count in brought.labels)
    most = sorted(brought.labels, key=lambda one: -one[1])
    said = ", ".join(f"{count:,} {shortened(name, 24)}" for name, count in most[:MOST_LABELS])
    rest = f" and {len(most) - MOST_LABELS} more kinds" if len(most) > MOST_LABELS else ""
    return f"{total:,} texts, {said}{rest}"
