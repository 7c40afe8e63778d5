"""What a network makes of a text, in words. Oracle: the numbers that were handed over."""

from __future__ import annotations

import numpy as np
import pytest

from rnnviz.explorer.text.verdict import answer_words, percent, reach_words

CLASSES = ("negative", "positive")


@pytest.mark.parametrize(
    ("positive", "said"),
    [
        (0.51, "The LSTM says positive: 51 %, undecided."),
        (0.7, "The LSTM says positive: 70 %, leaning that way."),
        (0.8, "The LSTM says positive: 80 %, fairly sure."),
        (0.97, "The LSTM says positive: 97 %, very sure."),
        (0.03, "The LSTM says negative: 97 %, very sure."),
    ],
)
def test_how_sure_it_is(positive: float, said: str) -> None:
    words = answer_words("The LSTM", np.array([1 - positive, positive]), CLASSES)
    assert words.replace("\N{NO-BREAK SPACE}", " ") == said


def test_a_person_agrees_or_does_not() -> None:
    sure = np.array([0.1, 0.9])
    assert answer_words("It", sure, CLASSES, "positive").endswith("A person agrees.")
    assert answer_words("It", sure, CLASSES, "negative").endswith("A person would say negative.")


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.5, "50 %"),
        (0.984, "98 %"),
        (0.991, "99.1 %"),
        (0.9999, "over 99.9 %"),
        (1, "over 99.9 %"),
    ],
)
def test_no_network_is_certain(share: float, said: str) -> None:
    assert percent(share) == said.replace(" %", "\N{NO-BREAK SPACE}%")


def test_how_much_is_read() -> None:
    assert reach_words(1) == "It reads 1 token: words, parts of words, and signs."
    said = reach_words(4000, unknown=2, left_out=(2000, 1234, 5678), answered=31)
    assert "first 2,000 and the last 2,000 tokens; 1,234 between them (5,678 characters)" in said
    assert "does not know 2 of them" in said
    assert said.endswith("worked out after 31 of 4,000 tokens.")
    assert "One of them it does not know (dotted)" in reach_words(5, unknown=1, answered=5)
