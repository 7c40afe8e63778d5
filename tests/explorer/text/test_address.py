"""The address of the Text page, there and back, and against nonsense."""

from __future__ import annotations

import base64
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.data.passages import PASSAGES
from rnnviz.explorer.parts.address import CELLS
from rnnviz.explorer.text.address import (
    FIGURES,
    LONGEST_TEXT,
    LONGEST_WORD,
    MOST_PADS,
    WORDS,
    TextAddress,
    fits,
    is_own,
    pack_text,
    read_query,
    unpack_text,
)
from rnnviz.theatre.view import WORDS as VIEW_WORDS

KEYS = [one.key for one in PASSAGES]
written = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)
numbers = st.from_regex(r"my\.[0-9a-f]{6}", fullmatch=True)
keys = st.sampled_from(KEYS) | numbers
pins = st.builds(dict, pin=keys) | st.builds(dict, pinned=written)
addresses = st.builds(
    lambda text, chosen, pin, beside: TextAddress(
        **text, **chosen, **pin, beside=beside and bool(pin)
    ),
    st.builds(dict, text=keys) | st.builds(dict, own=written),
    st.fixed_dictionaries(
        {
            "cell": st.sampled_from([*CELLS, "all"]),
            "ghost": st.booleans(),
            "figure": st.none() | st.sampled_from(FIGURES),
            "pads": st.none() | st.integers(1, MOST_PADS),
        }
    ),
    st.just({}) | pins,
    st.booleans(),
)


@given(addresses)
def test_an_address_there_and_back(address: TextAddress) -> None:
    assert read_query(address.to_query()) == (address, ())
    assert set(address.to_query()) <= set(WORDS)


@given(
    st.dictionaries(
        st.sampled_from(["v", *WORDS]) | st.text(max_size=8),
        st.text(max_size=40)
        | st.sampled_from(["1", "0", "gru", "all", "why", "my.00ff00", "irony"]),
    )
)
def test_nonsense_is_said_and_never_raised(query: dict[str, str]) -> None:
    address, said = read_query(query)
    assert all(len(one) < 300 and one.startswith("The address asks for") for one in said)
    again, nothing = read_query(address.to_query())
    assert (again, nothing) == (address, ())


def test_the_words_are_none_of_the_theatres() -> None:
    assert not set(WORDS) & set(VIEW_WORDS)


def test_the_opening_says_nothing() -> None:
    assert TextAddress().to_query() == {}
    assert TextAddress().text == KEYS[0]


def test_a_text_goes_before_its_number() -> None:
    query = TextAddress(text="my.123abc", own="A film.").to_query()
    assert set(query) == {"own"}
    query = TextAddress(pin="my.123abc", pinned="A film.").to_query()
    assert set(query) == {"pinned"}


def test_six_hundred_words_fit_into_a_link_and_noise_does_not() -> None:
    review = next(one.text for one in PASSAGES if one.key == "mixed-review")
    assert len(review.split()) > 300
    assert fits(review)
    assert len(pack_text(review)) <= LONGEST_WORD
    letters = random.Random(0)
    noise = "".join(letters.choices("abcdefghijklmnopqrstuvwxyz", k=4000))
    assert not fits(noise)
    with pytest.raises(ValueError, match="2,000 characters"):
        pack_text(noise)


@pytest.mark.parametrize(
    "word",
    [
        "",
        "not base64!",
        "AAAA",
        "a" * (LONGEST_WORD + 1),
        pack_text("A film.") + "A",
        "é",
        base64.urlsafe_b64encode(zlib.compress(b"\xff\xfe\xfa")).decode().rstrip("="),
        base64.urlsafe_b64encode(zlib.compress(b"a" * (LONGEST_TEXT + 1))).decode().rstrip("="),
        base64.urlsafe_b64encode(zlib.compress(b"a" * 10**6)).decode().rstrip("="),
        base64.urlsafe_b64encode(zlib.compress(b"")).decode().rstrip("="),
    ],
)
def test_what_is_no_packed_text_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        unpack_text(word)


@pytest.mark.parametrize(
    ("key", "own"), [("my.12ab34", True), ("my.12AB34", False), ("my.1", False), ("irony", False)]
)
def test_numbers_of_ones_own_texts(key: str, own: bool) -> None:
    assert is_own(key) is own


def test_side_by_side_needs_a_second_text() -> None:
    address, said = read_query({"beside": "1"})
    assert not address.beside
    assert "pinned text too" in said[0]
