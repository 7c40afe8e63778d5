"""The address of the Digits page, there and back, and against nonsense."""

from __future__ import annotations

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.explorer.digits.address import (
    FIGURES,
    LONGEST_IMAGE,
    PIXELS,
    READOUTS,
    SAMPLES,
    WORDS,
    DigitsAddress,
    pack_image,
    read_query,
    unpack_image,
)
from rnnviz.explorer.parts.address import CELLS

pictures = st.binary(min_size=PIXELS, max_size=PIXELS)
choices = {
    "cell": st.sampled_from([*CELLS, "all"]),
    "readout": st.sampled_from(READOUTS),
    "figure": st.sampled_from(FIGURES),
}
digits = st.builds(dict, sample=st.integers(*SAMPLES)) | st.builds(
    dict, sample=st.none(), image=pictures
)
pins = st.builds(dict, pin=st.integers(*SAMPLES)) | st.builds(dict, pinned=pictures)
compared = st.just({}) | st.builds(
    lambda pin, beside, morph: {**pin, "beside": beside, "morph": morph},
    pins,
    st.booleans(),
    st.none() | st.integers(0, 99),
)
addresses = st.builds(
    lambda chosen, digit, pin: DigitsAddress(**chosen, **digit, **pin),
    st.fixed_dictionaries(choices),
    digits,
    compared,
)


@given(addresses)
def test_an_address_there_and_back(address: DigitsAddress) -> None:
    assert read_query(address.to_query()) == (address, ())
    assert set(address.to_query()) <= set(WORDS)


@given(
    st.dictionaries(
        st.sampled_from(["v", *WORDS]) | st.text(max_size=8),
        st.text(max_size=40) | st.sampled_from(["1", "2", "0", "gru", "all", "last", "why"]),
    )
)
def test_any_word_is_understood_or_named(query: dict[str, str]) -> None:
    address, notices = read_query(query)
    assert read_query(address.to_query()) == (address, ())
    bad = [word for word in ("v", *WORDS) if word in query]
    assert len(notices) <= len(bad)
    for notice in notices:
        assert "expected" in notice
        assert len(notice) < 240


@given(pictures)
def test_a_picture_there_and_back_in_a_short_word(pixels: bytes) -> None:
    word = pack_image(pixels)
    assert len(word) <= LONGEST_IMAGE
    assert set(word) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert unpack_image(word) == pixels


def _word(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@pytest.mark.parametrize(
    "word",
    [
        "",
        "!",
        "é" * 20,
        "A" * (LONGEST_IMAGE + 1),
        "QUJD",
        _word(zlib.compress(bytes(PIXELS - 1))),
        _word(zlib.compress(bytes(PIXELS + 1))),
        _word(zlib.compress(bytes(10**7))),  # ten megabytes in a thousand characters or fewer
        _word(zlib.compress(bytes(PIXELS))[:-2]),
        _word(zlib.compress(bytes(PIXELS)) + b"more"),
        pack_image(bytes(PIXELS)) + "\n",
        pack_image(bytes(PIXELS)).replace("-", "+").replace("_", "/") + " ",
    ],
)
def test_a_word_that_is_no_picture_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        unpack_image(word)
    _, notices = read_query({"image": word})
    assert len(notices) == 1


def test_what_is_usual_stays_out() -> None:
    assert DigitsAddress().to_query() == {}
    assert DigitsAddress(cell="gru", morph=0).to_query() == {"cell": "gru"}
    assert DigitsAddress(pin=3, morph=0).to_query() == {"pin": "3", "morph": "0"}
    assert DigitsAddress(cell="gru", readout="last").model == "mnist-gru-last"
    assert DigitsAddress(cell="all").models == ("mnist-lstm", "mnist-gru", "mnist-rnn")
    assert read_query({"cell": "GRU", "other": "word"}) == (DigitsAddress(cell="gru"), ())


def test_links_of_version_1_still_work() -> None:
    old = {
        "cell": "gru",
        "readout": "last",
        "sample": "7",
        "layer": "2",
        "step": "12",
        "unit": "37",
    }
    assert read_query(old) == (DigitsAddress(cell="gru", readout="last", sample=7), ())


def test_a_picture_goes_before_a_sample_and_a_mix_needs_two() -> None:
    pixels = bytes(range(256)) * 3 + bytes(16)
    query = {"sample": "3", "image": pack_image(pixels), "pin": "4", "pinned": pack_image(pixels)}
    assert read_query(query) == (DigitsAddress(sample=None, image=pixels, pinned=pixels), ())
    address, notices = read_query({"morph": "40", "beside": "1"})
    assert address == DigitsAddress()
    assert len(notices) == 2
