"""The theatre on its pages: what it shows, the morph slider above it, and what comes back."""

from __future__ import annotations

import time
from typing import Any

import streamlit as st

from rnnviz.explorer.digits import exhibit, opening
from rnnviz.explorer.digits.choices import MORPH, READOUT_NAMES, DigitsChoices
from rnnviz.explorer.digits.readings import about, shown, stored_reading
from rnnviz.explorer.digits.room import figure_room
from rnnviz.explorer.parts.components import morph, theatre
from rnnviz.explorer.parts.notices import notices, sentence
from rnnviz.explorer.parts.rooms import FigurePlaces
from rnnviz.explorer.parts.run_network import heading
from rnnviz.notation.cells import CELL_NAMES

BREATH = 0.15
"""Seconds in which the browser paints a new reading before it gets anything else to do."""

Shown = tuple[tuple[exhibit.Task, ...], list[dict[str, Any]]]


@st.fragment
def digits_stage(choices: DigitsChoices) -> None:
    """The theatre of the Digits page and all that hangs on it.

    A fragment: what is pinned in the theatre, and where the slider stands, reruns nothing else.
    """
    if choices.has_news():
        st.rerun()
    choices.hear()  # where the slider stands
    # All of them before anything else, see `rooms`.
    above, said, middle, below = (st.container() for _ in range(4))
    with below:
        figures = FigurePlaces.made()
    found = read_tasks(choices)
    with said:
        notices(choices.notices.values())
        if found is None:
            st.info("No reading to show yet: train a model, or restore the folder pretrained/.")
            return
    tasks, payloads = found
    run = choices.run if choices.run and choices.run.model == tasks[0].model else None
    title = heading(run) if run else _title(payloads)
    names = dict.fromkeys(task.model for task in tasks)
    models = run.about if run else " ".join(filter(None, map(about, names)))
    with middle:
        view = theatre(
            payloads,
            key="digits_theatre",
            title=title,
            subtitle=_subtitle(choices, tasks),
            about=models,
            view=choices.start,
            turns=choices.viewed,
            address=True,
            tour=True,
        )
    if view is not None:
        choices.view = view
    # After the theatre, so that the slider sends its next value when this one is on the screen.
    with above:
        _morph_slider(choices)
    # While the slider is on its way the figures wait: drawing them would hold up the theatre.
    resting = choices.settled()
    if choices.figured and (resting is not None or tasks != choices.figured):
        # What follows is drawn anew by the browser, even where it stays as it was, and takes longer
        # than the theatre: the theatre is on the screen first.
        time.sleep(BREATH)
    if resting is not None:
        tasks, payloads = resting, [shown(task) for task in resting]
    figure_room(figures, choices, tasks, payloads, title, models)


def read_tasks(choices: DigitsChoices) -> Shown | None:
    """What the theatre should show: what is asked for, or the last that worked beside a notice."""
    choices.notices.pop("model", None)
    wanted = choices.wanted()
    for tasks in (wanted, choices.good or wanted):
        try:
            payloads = [shown(task) for task in tasks]
        except ValueError as error:  # a CheckpointError, or a model that does not read digits
            said = f"{sentence(error)} The reading below is the last one that worked."
            choices.notices.setdefault("model", said)
        else:
            if tasks != choices.tasks:
                choices.tasks, choices.start = tasks, choices.view
            choices.good = tasks
            return tasks, payloads
    stored = stored_reading()
    return None if stored is None else (exhibit.tasks(opening.ADDRESS), [stored])


def _title(payloads: list[dict[str, Any]]) -> str:
    names = [CELL_NAMES[cell] for cell in dict.fromkeys(one["cell"] for one in payloads)]
    several = ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else names[0]
    readout = str(payloads[0]["readout"])
    return f"{several}, {READOUT_NAMES.get(readout, readout).lower()} readout"


def _subtitle(choices: DigitsChoices, tasks: tuple[exhibit.Task, ...]) -> str:
    source = f"reading {tasks[0].picture.source}"
    if choices.pinned is None or choices.mix < 100:
        return source
    if choices.pinned.pixels == tasks[0].picture.pixels:
        return f"{source}, which is pinned"
    place = "beside" if tasks[0].ghost is None else "over the ghost of"
    return f"{source}, {place} {choices.pinned.source}"


def _morph_slider(choices: DigitsChoices) -> None:
    pinned, picture = choices.pinned, choices.picture
    if pinned is None or pinned.pixels == picture.pixels:
        return
    morph(
        pinned.image,
        picture.image,
        key=MORPH,
        names=(pinned.source, picture.source),
        percent=choices.mix,
        turns=choices.mixing,
    )


def opening_stage() -> None:
    """The theatre running small on the stored reading, for the home page."""
    payload = stored_reading()
    if payload is None:
        return
    theatre(
        payload,
        key="home_theatre",
        title="An LSTM reads a digit",
        subtitle="row by row, 128 units at a time",
        size="small",
        panels=("input", "prediction", "forget_gate", "hidden"),
        autoplay=True,
    )
