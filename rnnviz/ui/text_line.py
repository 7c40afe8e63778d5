"""The sentiment line: the text as a path through the states of many reviews, and its pushes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from rnnviz.theatre import Reading
from rnnviz.ui.models import model
from rnnviz.ui.notices import plain
from rnnviz.ui.text_models import reading, tokenizer
from rnnviz.ui.text_subject import Subject

if TYPE_CHECKING:
    from rnnviz.analysis.sentiment import LinePath, SentimentLine


@st.cache_resource(max_entries=6, show_spinner=False)
def line_of(name: str) -> SentimentLine:
    """The stored line of that model; where there is none, one fitted to the bundled sentences."""
    from rnnviz.analysis import line_fit, sentiment

    if sentiment.path_of(name).exists():
        return sentiment.load(name)
    return line_fit.bundled(model(name), tokenizer(name), name=name)


def path_of(found: SentimentLine, read: Reading) -> LinePath:
    """A reading on the line."""
    from rnnviz.analysis import sentiment

    assert read.tokens is not None
    hidden = read.layers[-1].forward["hidden"]
    return sentiment.line(found, hidden, read.tokens, read.probabilities)


def line(subject: Subject) -> None:
    """The path over the cloud of states, and position and answer token by token."""
    from rnnviz import figures

    found = line_of(subject.task.model)
    path = path_of(found, subject.reading)
    other = subject.task.ghost or subject.beside
    second = None if other is None else path_of(found, reading(subject.task.model, other))
    names = {"name": "this text", "second_name": "the old text"}
    left, right = st.columns(2)
    with left:
        subject.plot(
            figures.sentiment_line(found, path, second=second, theme=subject.theme, **names), "line"
        )
    with right:
        subject.plot(
            figures.sentiment_course(found, path, second=second, theme=subject.theme, **names),
            "course",
        )
    subject.plot(figures.sentiment_pushes(path, theme=subject.theme), "pushes")
    st.markdown(f"{plain(found.finding())} {plain(path.finding())}")
    st.caption(
        "**What to look for.** Each dot is the forward state after one token. Words of praise push "
        "it one way and words of blame the other, most others hardly at all; where a negation "
        "stands, look whether the push turns around. To see the pushes in the text, choose "
        f"“Push along the sentiment line” as its colour. {plain(found.about())}"
    )
