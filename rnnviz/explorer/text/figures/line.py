"""The sentiment line: the text as a path through the states of many reviews, and its pushes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from rnnviz.explorer.parts.kept import kept
from rnnviz.explorer.parts.models import model
from rnnviz.explorer.parts.notices import plain
from rnnviz.explorer.text.figures.subject import Subject
from rnnviz.explorer.text.readings import reading, tokenizer
from rnnviz.theatre.reading import Reading

if TYPE_CHECKING:
    from rnnviz.analysis.sentiment import LinePath, SentimentLine


@kept
def line_of(name: str, direction: str) -> SentimentLine:
    """The stored line of that model; where there is none, one fitted to the bundled sentences."""
    from rnnviz.analysis import line_fit, sentiment

    if sentiment.path_of(name).exists():
        return sentiment.load(name, direction)
    return line_fit.bundled(model(name), tokenizer(name), name=name, direction=direction)


def path_of(found: SentimentLine, read: Reading, direction: str) -> LinePath:
    """A reading on the line; only forward states belong to the answers so far."""
    from rnnviz.analysis import sentiment

    assert read.tokens is not None
    hidden = read.layers[-1].directions[direction]["hidden"]
    is_forward = direction == "forward"
    return sentiment.line(found, hidden, read.tokens, read.worked_out() if is_forward else None)


def line(subject: Subject) -> None:
    """The path over the cloud of states, and position and answer token by token."""
    from rnnviz import figures

    key = "text_line_direction"
    is_backward = subject.view.direction == "backward"
    direction = st.segmented_control(
        "Direction of the states",
        ("forward", "backward"),
        default="backward" if is_backward else "forward",
        required=True,
        key=key,
        help="Forward, a state knows the text up to its token; backward, what comes after it.",
    )
    name, way = subject.task.model, direction or "forward"
    found = line_of(name, way)
    path = path_of(found, subject.reading, way)
    other = subject.task.ghost or subject.beside
    second = None if other is None else path_of(found, reading(name, other), way)
    subject.choices.tint(subject.task, [path.tint()])
    theme = subject.theme
    is_pinned = other is not None and other == subject.choices.pinned
    names = {
        "name": "this text",
        "second_name": "the pinned text" if is_pinned else "the old text",
    }
    with subject.room.wide:
        subject.plot(
            figures.sentiment_course(found, path, second=second, theme=theme, **names), "course"
        )
    with subject.room.left:
        subject.plot(
            figures.sentiment_line(found, path, second=second, theme=theme, **names), "line"
        )
    with subject.room.right:
        subject.plot(figures.sentiment_pushes(path, theme=theme), "pushes")
    subject.room.foot.markdown(f"{plain(found.finding())} {plain(path.finding())}")
    subject.room.foot.caption(
        f"**What to look for.** Each dot is the {way} state after one token. Words of praise push "
        "it one way and words of blame the other, most others hardly at all. Where a negation "
        f"stands, look whether the push turns around. {plain(found.about())}"
    )
