"""Texts to begin with. Oracles: what a button, an address and a tokenizer can hold."""

from __future__ import annotations

import re
import unicodedata

import pytest

from rnnviz.data import sentences
from rnnviz.data.passages import PASSAGES, Passage, passage


@pytest.mark.parametrize("one", PASSAGES, ids=lambda one: one.key)
def test_every_passage_fits_its_places(one: Passage) -> None:
    assert re.fullmatch(r"[a-z][a-z-]{1,24}", one.key)  # never a number: those are one's own texts
    assert 1 <= len(one.title) <= 24 and one.title == one.title.strip()
    assert one.text == one.text.strip() == unicodedata.normalize("NFC", one.text)
    assert 15 <= len(one.text.split()) <= 500 and not re.search(r" {2}|\t|\n\n\n", one.text)
    assert 1 <= len(re.findall(r"[.?!](?= |$)", one.look_for)) <= 3
    assert one.label in (None, "negative", "positive")
    assert passage(one.key) is one


def test_no_two_are_alike() -> None:
    for field in ("key", "title", "text", "look_for"):
        assert len({getattr(one, field) for one in PASSAGES}) == len(PASSAGES)
    assert {one.label for one in PASSAGES} == {None, "negative", "positive"}


def test_they_show_what_the_page_is_about() -> None:
    assert len(PASSAGES) >= 12
    assert " not good" in passage("not-good").text and "not bad at all" in passage("not-bad").text
    assert ", but the" in passage("but").text
    assert len(passage("mixed-review").text.split()) > 300
    assert passage("cut-short").text[-1].isalpha()
    verdict = passage("last-sentence").text.split()
    opinions = set(sentences.NEGATIVE + sentences.POSITIVE)
    said = [n for n, word in enumerate(verdict) if word.strip(".,").lower() in opinions]
    assert said == [len(verdict) - 2]
    names = {unicodedata.name(letter, "?").split()[0] for one in PASSAGES for letter in one.text}
    assert {"LATIN", "GREEK", "DOG"} <= names and "\u200d" in passage("emoji").text


def test_an_unknown_key_is_told() -> None:
    with pytest.raises(ValueError, match="expected one of praise, .*, got 'raise'"):
        passage("raise")
