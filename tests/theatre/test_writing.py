"""What the box to write in sends: a browser can send anything."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.theatre.writing import Written, parse, well_formed


@pytest.mark.parametrize(
    "sent",
    [
        None,
        7,
        "text",
        {},
        {"text": "a", "edit": 1},
        {"text": "a", "turn": 0, "edit": 1},
        {"text": 1, "turn": 1, "edit": 1},
        {"text": "a", "turn": 1, "edit": "1"},
        {"text": "a", "turn": 1, "edit": True},
        {"text": "a", "turn": 1},
    ],
)
def test_anything_but_a_text_with_its_turn_is_nothing(sent: Any) -> None:
    assert parse(sent) is None


def test_a_text_is_taken_as_it_is_and_cut_where_it_must_be() -> None:
    assert parse({"text": "a film", "turn": 7, "edit": 3}) == Written("a film", 7, 3)
    cut = parse({"text": "abcdef", "turn": 1, "edit": 0, "after": 2}, most=4)
    assert cut is not None and cut == Written("abcd", 1, 0, 2)


@given(st.text())
def test_every_text_can_be_written_to_a_file(text: str) -> None:
    whole = well_formed(text)
    whole.encode("utf-8")
    assert "\r" not in whole
    if text.isascii() and "\r" not in text:
        assert whole == text


def test_half_a_pair_becomes_the_sign_for_an_unknown_character() -> None:
    assert well_formed("a\ud83db\r\nc\rd") == "a\ufffdb\nc\nd"
    assert well_formed("😀") == "😀"
