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
        {"text": "a", "nonce": 2, "edit": 1},
        {"text": 1, "nonce": 1, "edit": 1},
        {"text": "a", "nonce": 1, "edit": "1"},
        {"text": "a", "nonce": 1, "edit": True},
        {"text": "a", "nonce": 1},
    ],
)
def test_anything_but_a_text_of_this_nonce_is_nothing(sent: Any) -> None:
    assert parse(sent, nonce=1) is None


def test_a_text_is_taken_as_it_is_and_cut_where_it_must_be() -> None:
    assert parse({"text": "a film", "nonce": 1, "edit": 3}, nonce=1) == Written("a film", 3)
    cut = parse({"text": "abcdef", "nonce": 1, "edit": 0}, nonce=1, most=4)
    assert cut is not None and cut.text == "abcd"


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
