"""Controls that stand on every page with a theatre: which cell reads, and beside what."""

from __future__ import annotations

from typing import Any

import streamlit as st

from rnnviz.explorer.parts.address import ALL, CELLS
from rnnviz.explorer.parts.choices import PageChoices
from rnnviz.explorer.parts.notices import plain
from rnnviz.explorer.parts.offers import wired
from rnnviz.explorer.parts.run_shown import run_controls
from rnnviz.notation.cells import CELL_NAMES


def cell_controls(choices: PageChoices, label: str, help_text: str) -> None:
    """Which cell reads, or all three; or the training run whose network does."""
    run_controls(choices.run, choices.page, choices.leave_run)
    names = CELL_NAMES | {ALL: "All three"}
    segments(choices, label, "cell", {cell: names[cell] for cell in (*CELLS, ALL)}, help_text)


def segments(
    choices: PageChoices, label: str, field: str, names: dict[str, Any], help_text: str
) -> None:
    """One of several values of a field of the address, under their names; fixed by a run."""
    now = getattr(choices.address, field)
    st.segmented_control(
        label,
        tuple(names),
        default=now,
        required=True,
        wrap=True,
        format_func=names.__getitem__,
        **wired(
            choices.offers,
            f"{choices.page}_{field}",
            now,
            lambda chosen: choices.choose(field, **{field: chosen}),
        ),
        disabled=choices.run is not None,
        help=help_text,
    )


def switch(choices: PageChoices, label: str, field: str, help_text: str) -> None:
    """Yes or no for a field of the address."""
    now = getattr(choices.address, field)
    st.toggle(
        label,
        value=now,
        **wired(
            choices.offers,
            f"{choices.page}_{field}",
            now,
            lambda chosen: choices.choose(field, **{field: chosen}),
        ),
        help=help_text,
    )


def pin_controls(choices: Any, what: str, *, about: str, pin_help: str) -> None:
    """Pin what is read, or unpin what is pinned; `what` is a digit or a text."""
    st.markdown(":small[Compare]", help=about)
    if choices.pinned is None:
        st.button(
            f"Pin this {what}",
            key=f"{choices.page}_pin",
            icon=":material/keep:",
            on_click=choices.pin,
            help=pin_help,
        )
        return
    st.button(
        "Unpin",
        key=f"{choices.page}_unpin",
        icon=":material/keep_off:",
        on_click=choices.unpin,
        help=f"Stops comparing with the pinned {what} ({plain(choices.pinned.source)}).",
    )
