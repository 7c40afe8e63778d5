"""The theatre of the Text page, the answer in words above it, and what comes back from it."""

from __future__ import annotations

import time
from typing import Any

import streamlit as st

from rnnviz import warmup
from rnnviz.data import DataError
from rnnviz.signals import CELL_NAMES
from rnnviz.text_exhibit import MOST_READ, Task
from rnnviz.theatre import Reading, theatre
from rnnviz.ui import text_models
from rnnviz.ui.models import about
from rnnviz.ui.notices import notices, plain, sentence
from rnnviz.ui.stage import BREATH
from rnnviz.ui.text_choices import TextChoices
from rnnviz.ui.text_figures import figure_room

NO_MODELS = """
#### The networks for texts are not here

This page reads with **imdb\\-lstm**, **imdb\\-gru** and **imdb\\-rnn**, three folders of
`pretrained/`. Get the project anew to have them, or train one, which takes about half an hour on
two cores:

    python -m rnnviz train imdb --cell lstm --download

"""
SURE = ((0.95, "very sure"), (0.8, "fairly sure"), (0.65, "leaning that way"), (0.0, "undecided"))
"""From which probability on which words are used."""


@st.fragment
def text_stage(choices: TextChoices) -> None:
    """The theatre of the Text page and all that hangs on it.

    A fragment: what is pinned in the theatre, and which figure is looked at, reruns nothing else.
    """
    if choices.has_news():
        st.rerun()
    above, below = st.container(), st.container()
    if not warmup.torch_is_here():
        with below, st.spinner("Getting the networks ready …"):
            warmup.import_torch()
    tasks = read_tasks(choices)
    with above:
        notices(choices.notices.values())
        if not tasks:
            st.markdown(NO_MODELS)
            return
        answers(tasks)
    _theatres(choices, tasks)
    if choices.figured and tasks != choices.figured:
        # The theatre is on the screen before the browser gets anything else to draw.
        time.sleep(BREATH)
    figure_room(choices, tasks)


def read_tasks(choices: TextChoices) -> tuple[Task, ...]:
    """What the theatre should show: what is asked for, or the last that worked beside a notice."""
    choices.notices.pop("model", None)
    wanted = choices.wanted()
    for tasks in (wanted, choices.good):
        try:
            for task in tasks:
                text_models.shown(task)
        except ValueError as error:  # a CheckpointError, a DataError, a model that reads images
            stays = (
                ""
                if isinstance(error, DataError) and not choices.good
                else (" The reading below is the last one that worked.")
            )
            choices.notices.setdefault("model", f"{sentence(error)}{stays if choices.good else ''}")
        else:
            if tasks and tasks != choices.tasks:
                choices.tasks, choices.start = tasks, choices.view
            choices.good = tasks
            return tasks
    return ()


def answers(tasks: tuple[Task, ...]) -> None:
    """What the networks say, how sure they are, and how much of the text they read."""
    readings = [text_models.reading(task.model, task.text) for task in tasks]
    for task, reading in zip(tasks, readings, strict=True):
        st.markdown(answer_words(task, reading, several=len(tasks) > 1))
    shown = dict.fromkeys(task.text for task in tasks)
    said = [reach(text_models.encoded(tasks[0].model, text.words)) for text in shown]
    st.caption(" ".join(dict.fromkeys(said)))


def answer_words(task: Task, reading: Reading, *, several: bool) -> str:
    """``The LSTM says **positive**: 97 %, very sure.`` and whether that is right."""
    assert reading.probabilities is not None and reading.answer is not None
    probability = float(reading.probabilities[-1].max())
    sure = next(words for least, words in SURE if probability >= least)
    who = f"The {CELL_NAMES[reading.cell]}"
    if task.title:
        who += ", of the pinned text,"
    size = "" if several else "#### "
    right = ""
    if reading.truth is not None:
        agrees = reading.truth == reading.answer
        right = " We agree." if agrees else f" We would say {plain(reading.truth)}."
    return f"{size}{who} says **{plain(reading.answer)}**: {_percent(probability)}, {sure}.{right}"


def _percent(probability: float) -> str:
    """Whole percent, but never 100: the network is never certain."""
    share = 100 * probability
    return (
        f"{share:.1f} %"
        if share >= 99 and share < 99.95
        else f"{min(share, 99.9):.0f} %"
        if (share < 99)
        else "over 99.9 %"
    )


def reach(encoded: Any) -> str:
    """How many tokens are read, what is left out, and what the network does not know."""
    count, unknown = len(encoded), int(encoded.unknown.sum())
    read = f"It reads {count:,} token{'' if count == 1 else 's'}, words and parts of words."
    left = encoded.left_out
    if left is not None:
        characters = left.end - left.start
        read = (
            f"Of this long text it reads the first {left.after:,} and the last "
            f"{count - left.after:,} tokens; {left.tokens:,} between them "
            f"({characters:,} characters) are left out, for the page shows {MOST_READ:,} at most."
        )
    if unknown:
        what = "one of them it does not know" if unknown == 1 else f"{unknown:,} are unknown to it"
        read += f" {what[:1].upper()}{what[1:]} (dotted)."
    return f"{read} It learnt from English film reviews, and knows two answers only."


def _theatres(choices: TextChoices, tasks: tuple[Task, ...]) -> None:
    models = " ".join(filter(None, map(about, dict.fromkeys(task.model for task in tasks))))
    beside = len(tasks) == 2
    rooms = st.columns(2, gap="medium") if beside else [st.container()]
    groups = [[task] for task in tasks] if beside else [list(tasks)]
    for index, (room, group) in enumerate(zip(rooms, groups, strict=True)):
        payloads = [text_models.shown(task) for task in group]
        names = [CELL_NAMES[one["cell"]] for one in payloads]
        several = ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else names[0]
        with room:
            view = theatre(
                payloads,
                key="text_theatre" if index == 0 else "text_theatre_pinned",
                title=several,
                subtitle=_subtitle(group[0]),
                about=models,
                view=choices.start,
                turn=choices.turn if index == 0 else 0,
                address=index == 0,
                tour=index == 0,
            )
        if view is not None and index == 0:
            choices.view = view


def _subtitle(task: Task) -> str:
    read = f"reading {task.text.source}"
    return read if task.ghost is None else f"{read}, over the ghost of {task.ghost.source}"
