"""Figures of padding. Oracle: what a figure draws is the arrays that went in."""

from __future__ import annotations

import numpy as np
import pytest

from rnnviz import figures
from rnnviz.analysis.padding import Fading, ReadoutAnswer, Small
from rnnviz.figures import padding
from rnnviz.notation.palette import THEMES, Theme

PADS = (0, 1, 10, 100)
FADING = Fading(
    PADS,
    forward=np.array([2.0, 1.0, 0.1, 0.01]),
    backward=np.array([0.5, 0.0, 0.0, 0.0]),
    empty=np.array([2.0, 1.5, 0.2, 0.0]),
    at_start=np.array([0.0, 0.1, 0.5, 0.6]),
)
ANSWERS = (
    ReadoutAnswer(
        "attention", "attention, as trained", True, np.array([0.2, 0.8]), np.array([0.6, 0.4])
    ),
    ReadoutAnswer("mean", "mean of all steps", False, np.array([0.3, 0.7]), np.array([0.3, 0.7])),
)
GROUPS = {"plain": {"accuracy": 1.0, "n": 10}, "negated": {"accuracy": 0.25, "n": 12}}
SMALL = tuple(
    Small(cell, way, accuracy, 2000, GROUPS)
    for cell in ("gru", "lstm")
    for way, accuracy in (("last-step", 0.5), ("last", 0.99))
)


def drawn(theme: Theme = "light") -> list[object]:
    return [
        figures.fading_states(FADING, theme=theme),
        figures.readout_answers(ANSWERS, ("negative", "positive"), pads=50, theme=theme),
        figures.small_accuracies(SMALL, theme=theme),
    ]


def test_curves_are_the_distances_and_an_exact_zero_lies_on_the_floor() -> None:
    figure = figures.fading_states(FADING, other="B")
    for curve, values in zip(
        figure.data, (FADING.forward, FADING.empty, FADING.backward, FADING.at_start), strict=True
    ):
        assert curve.x == pytest.approx(np.log10(1 + np.array(PADS)), abs=1e-6)
        assert list(curve.y) == [value or padding.FLOOR for value in values]
        assert [words for _, words in curve.customdata] == [
            f"{value:.3g}" if value else "exactly 0" for value in values
        ]
    assert figure.data[0].name == "forward, from B"
    assert figure.layout.yaxis.ticktext[0] == "exactly 0"


def test_the_finding_is_worked_out_from_the_numbers() -> None:
    said = padding.fading_finding(FADING)
    assert "the same for both texts from one pad on" in said
    assert "under 1 % of their difference is left after 100 pads" in said
    slow = Fading((0, 50), np.array([2.0, 1.5]), np.zeros(2), np.ones(2), np.zeros(2))
    assert "75 % of their difference is left after 50 pads" in padding.fading_finding(slow)


def test_marks_are_the_answers_without_and_with_padding() -> None:
    figure = figures.readout_answers(ANSWERS, ("negative", "positive"), pads=50)
    _, masked, padded = figure.data
    assert list(masked.x) == [0.8, 0.7] and list(padded.x) == [0.4, 0.7]
    assert padded.name == "50 pads read as text"
    names = [note.text for note in figure.layout.annotations]
    assert names == ["<b>attention, as trained</b>", "mean of all steps, not trained for it"]
    said = padding.answer_finding(ANSWERS, ("negative", "positive"), pads=50)
    assert said == (
        "Reading 50 pads moves positive from 80.0 to 40.0 % (−40.0 points) and turns the answer "
        "into negative."
    )


def test_bars_are_the_accuracies_and_the_hover_names_the_hardest_construction() -> None:
    figure = figures.small_accuracies(SMALL)
    assert [bars.name for bars in figure.data] == ["GRU", "LSTM"]
    for bars in figure.data:
        assert bars.x == pytest.approx([0.5, 0.99]) and list(bars.y) == [0, 1]
        assert list(bars.text) == ["50.0 %", "99.0 %"]
        assert "least on negated: 25.0 % of 12" in bars.customdata[0]
    assert "GRU 50.0 % at the last step after padding, 99.0 %" in padding.small_finding(SMALL)
    assert "2,000 test sentences" in figure.layout.xaxis.title.text
    with pytest.raises(ValueError, match="got none"):
        figures.small_accuracies(())


@pytest.mark.parametrize("theme", THEMES)
def test_each_figure_says_in_words_what_it_shows(theme: Theme) -> None:
    for figure in drawn(theme):
        assert len(figures.alt_text(figure)) > 40
