"""The theatre of the Text page, the answer in words above it, and what comes back from it."""

from __future__ import annotations

import time
from contextlib import suppress

import streamlit as st
from streamlit.errors import StreamlitAPIException

from rnnviz.explorer.digits.stage import BREATH
from rnnviz.explorer.parts import warmup
from rnnviz.explorer.parts.components import theatre
from rnnviz.explorer.parts.notices import notices, plain, sentence
from rnnviz.explorer.parts.rooms import Room, pair
from rnnviz.explorer.parts.run_network import RunNetwork, heading
from rnnviz.explorer.text import readings
from rnnviz.explorer.text.choices import TextChoices
from rnnviz.explorer.text.exhibit import Task, Text
from rnnviz.explorer.text.figures.room import figure_places, figure_room
from rnnviz.explorer.text.verdict import answer_words, reach_words
from rnnviz.models.reader import prefix_ends
from rnnviz.notation.cells import CELL_NAMES
from rnnviz.theatre.tints import Tint

NO_MODELS = """
#### The networks for texts are not here

This page reads with **imdb\\-lstm**, **imdb\\-gru** and **imdb\\-rnn**, three folders of
`pretrained/`. Get the project anew to have them, or train one, which takes about half an hour on
two cores:

    python -m rnnviz train imdb --cell lstm --download

"""


@st.fragment
def text_stage(choices: TextChoices) -> None:
    """The theatre of the Text page and all that hangs on it.

    A fragment: what is pinned in the theatre, and which figure is looked at, reruns nothing else.
    """
    if choices.has_news():
        st.rerun()
    # All of them before anything else, see `rooms`.
    said, answered, waiting, middle, below = (st.container() for _ in range(5))
    with middle:
        theatres = pair(gap="medium")
    with below:
        figures = figure_places(choices)
    if not warmup.torch_is_here():
        with waiting, st.spinner("Getting the networks ready …"):
            warmup.import_torch()
    tasks = read_tasks(choices)
    with said:
        notices(choices.notices.values())
        if not tasks:
            st.markdown(NO_MODELS)
            return
    with answered:
        answers(tasks, choices.run)
    _theatres(theatres, choices, tasks)
    if choices.figured and tasks != choices.figured:
        # The theatre is on the screen before the browser gets anything else to draw.
        time.sleep(BREATH)
    before = dict(choices.tints)
    figure_room(figures, choices, tasks)
    if _names(choices.tints) != _names(before):
        # A figure has worked out colours for the text, which stands above it.
        with suppress(StreamlitAPIException):  # in a run of the whole page: the next one is soon
            st.rerun(scope="fragment")


def _names(tints: dict[Task, list[Tint]]) -> dict[Task, list[str]]:
    return {task: [one.name for one in every] for task, every in tints.items()}


def read_tasks(choices: TextChoices) -> tuple[Task, ...]:
    """What the theatre should show: what is asked for, or the last that worked beside a notice."""
    choices.notices.pop("model", None)
    wanted = choices.wanted()
    for tasks in (wanted, choices.good):
        try:
            for task in tasks:
                readings.shown(task)
        except ValueError as error:  # a CheckpointError, a DataError, a model that reads images
            stays = " The reading below is the last one that worked." if choices.good else ""
            choices.notices.setdefault("model", sentence(error) + stays)
        else:
            if tasks and tasks != choices.tasks:
                choices.tasks, choices.start = tasks, choices.view
            choices.good = tasks
            return tasks
    return ()


def answers(tasks: tuple[Task, ...], run: RunNetwork | None = None) -> None:
    """What the networks say, how sure they are, and how much of the text they read."""
    rooms = st.columns(len(tasks))
    for room, task in zip(rooms, tasks, strict=True):
        reading = readings.reading(task.model, task.text)
        assert reading.probabilities is not None
        who = f"The {CELL_NAMES[reading.cell]}{', of the pinned text,' if task.title else ''}"
        said = answer_words(who, reading.probabilities[-1], reading.classes, reading.truth)
        if len(tasks) == 1:
            room.header(plain(said), anchor=False)
        else:
            room.markdown(f"**{plain(said)}**")
    known = "It learnt from English film reviews and knows two answers only."
    if run is not None and run.model == tasks[0].model:
        known = plain(run.answers)
    if len({task.text for task in tasks}) == 1:
        st.caption(f"{_reach(tasks[0].model, tasks[0].text)} {known}")
        return
    for room, task in zip(rooms, tasks, strict=True):
        room.caption(f"{_reach(task.model, task.text)} {known}")


def _reach(name: str, text: Text) -> str:
    found = readings.encoded(name, text.words)
    left = found.left_out
    return reach_words(
        len(found),
        unknown=int(found.unknown.sum()),
        left_out=None if left is None else (left.after, left.tokens, left.end - left.start),
        answered=len(prefix_ends(len(found))),
    )


def _theatres(rooms: tuple[Room, Room], choices: TextChoices, tasks: tuple[Task, ...]) -> None:
    names = dict.fromkeys(task.model for task in tasks)
    run = choices.run if choices.run and choices.run.model == tasks[0].model else None
    models = run.about if run else " ".join(filter(None, map(readings.about, names)))
    groups = [[task] for task in tasks] if len(tasks) == 2 else [list(tasks)]
    for index, (room, group) in enumerate(zip(rooms, groups, strict=False)):
        payloads = [readings.shown(task) for task in group]
        cells = [CELL_NAMES[one["cell"]] for one in payloads]
        several = ", ".join(cells[:-1]) + " and " + cells[-1] if len(cells) > 1 else cells[0]
        with room:
            view = theatre(
                payloads,
                key="text_theatre" if index == 0 else "text_theatre_pinned",
                title=group[0].title or (heading(run) if run else several),
                subtitle=_subtitle(group[0]),
                about=models,
                view=choices.start,
                turns=choices.viewed if index == 0 else None,
                tints=[choices.tints_of(task) for task in group],
                address=index == 0,
                tour=index == 0,
                withheld=choices.withheld if index == 0 else None,
            )
        if view is not None and index == 0:
            choices.view = view


def _subtitle(task: Task) -> str:
    read = f"reading {task.text.source}"
    return read if task.ghost is None else f"{read}, over the ghost of {task.ghost.source}"
