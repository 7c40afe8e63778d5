"""Networks that read texts, and their readings, made once and kept for everybody.

Cached by the name of the model and the text, never written to. A reading of 4,000 tokens takes
tens of megabytes, so few are kept.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from rnnviz import checkpoint, text_exhibit
from rnnviz.address import ALL
from rnnviz.reader import PrefixMemory, read_text
from rnnviz.text_address import TextAddress
from rnnviz.text_exhibit import Task, Text
from rnnviz.theatre import Reading
from rnnviz.tokens import Encoded, TextTokenizer, load
from rnnviz.ui.models import HOURS, model

SHORT = 500
"""Tokens of a text whose readings are kept in numbers; of longer ones only the last few."""


@st.cache_resource(max_entries=16, ttl=HOURS, show_spinner=False)
def tokenizer(name: str) -> TextTokenizer:
    """The tokenizer beside that model; raises CheckpointError."""
    return load(name)


@st.cache_resource(max_entries=32, ttl=HOURS, show_spinner=False)
def encoded(name: str, words: str) -> Encoded:
    """The tokens of a text as that model reads them; raises DataError for a text without any."""
    return text_exhibit.encode(tokenizer(name), words)


def reading(name: str, text: Text) -> Reading:
    """How the model of that name reads a text; raises CheckpointError or DataError."""
    kept = _reading if is_short(name, text) else _long_reading
    return kept(name, text.words, text.truth)


def is_short(name: str, text: Text) -> bool:
    """Whether many readings of that length may be kept."""
    return len(encoded(name, text.words)) <= SHORT


def _read(name: str, words: str, truth: str | None) -> Reading:
    return read_text(
        model(name), encoded(name, words), name=name, truth=truth, memory=_memory(name)
    )


@st.cache_resource(max_entries=16, ttl=HOURS, show_spinner=False)
def _memory(name: str) -> PrefixMemory:
    """What spares that model most of the work while somebody writes on."""
    return PrefixMemory()


_reading = st.cache_resource(max_entries=24, ttl=HOURS, show_spinner=False)(_read)


# Three networks and the ghost of each take six; the rest is for who changes between two texts.
@st.cache_resource(max_entries=8, ttl=HOURS, show_spinner=False)
def _long_reading(name: str, words: str, truth: str | None) -> Reading:
    return _read(name, words, truth)


def shown(task: Task) -> dict[str, Any]:
    """What the theatre needs for a task, with its ghost; raises CheckpointError or DataError."""
    return (_shown if is_short(task.model, task.text) else _long_shown)(task)


def _pack(task: Task) -> dict[str, Any]:
    found = reading(task.model, task.text)
    if task.ghost is not None:
        old = reading(task.model, task.ghost)
        found = text_exhibit.over(found, old, source=task.ghost.source)
    packed = found.to_payload()
    return packed | {"title": task.title} if task.title else packed


_shown = st.cache_resource(max_entries=16, ttl=HOURS, show_spinner=False)(_pack)


@st.cache_resource(max_entries=4, ttl=HOURS, show_spinner=False)
def _long_shown(task: Task) -> dict[str, Any]:
    return _pack(task)


@st.cache_data(max_entries=16, show_spinner=False)
def about(name: str) -> str:
    """What the card of that model says about its test, or nothing where there is no such card.

    Tests read fewer tokens of a text than this page does, which belongs beside their result.
    """
    try:
        test = checkpoint.card(name)["test"]
        share, count = test["accuracy"], test["n"]
        most = tokenizer(name).most_tokens
        return (
            f"{name} was trained here; of {count:,} test reviews it judges {share:.2%} rightly, "
            f"reading at most {most:,} tokens of each."
        )
    except (ValueError, TypeError, KeyError):
        return ""


def first_reading() -> None:
    """Make ready what the Text page opens with, and the other networks; raises where one is not."""
    address = TextAddress(cell=ALL)
    text = text_exhibit.passage(address.text)
    for name in address.models:
        model(name)
    shown(Task(TextAddress().model, text))


def forget() -> None:
    """Empty every cache of this module, for tests."""
    for kept in (tokenizer, encoded, _reading, _long_reading, _memory, _shown, _long_shown):
        kept.clear()
