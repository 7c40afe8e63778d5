"""Sentences for a person: quiet, and never taken for markup."""

from __future__ import annotations

import re
from collections.abc import Iterable

import streamlit as st


def plain(text: str) -> str:
    """The text with everything escaped that Streamlit would take for markup."""
    return re.sub(r"([\\`*_{}\[\]()<>#+.!|~$:^-])", r"\\\1", text)


def notices(sentences: Iterable[str]) -> None:
    """Sentences in one quiet box, as they are."""
    said = [plain(sentence) for sentence in sentences]
    if said:
        st.warning("  \n".join(said))


def sentence(error: Exception) -> str:
    """What an error says, as a sentence."""
    text = str(error)
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
