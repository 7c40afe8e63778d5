"""Sentences for a person: quiet, and never taken for markup."""

from __future__ import annotations

import re
from collections.abc import Iterable

import streamlit as st

JOINER = "\u2060"
"""A character without width that joins what stands beside it."""

_DRAWN = re.compile(
    r"(?<=:)(?=//|[\w+/-]+:)"  # http://, :smile:, :material/home:
    r"|(?<=www)(?=\.)|(?=@)"  # www.page.org, me@page.org
    r"|(?<=-)(?=[->])|(?<=<)(?=[-=])|(?<=>)(?==)|(?<=~)(?==)",  # arrows, dashes, signs
    re.IGNORECASE,
)
"""Where a text is cut so that nothing is made of it: Streamlit's browser side looks for addresses,
pictures and arrows in the finished text, where backslashes are gone."""


def plain(text: str) -> str:
    """The text with everything escaped that Streamlit would take for markup, or make a link of."""
    return re.sub(r"([&\\`*_{}\[\]()<>#+.!|~$:^-])", r"\\\1", _DRAWN.sub(JOINER, text))


def notices(sentences: Iterable[str]) -> None:
    """Sentences in one quiet box, as they are."""
    said = [plain(sentence) for sentence in sentences]
    if said:
        st.warning("  \n".join(said))


def sentence(error: Exception) -> str:
    """What an error says, as a sentence."""
    text = str(error)
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
