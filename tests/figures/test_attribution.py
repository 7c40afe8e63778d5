"""Figures of explanations of a text. Oracle: what a figure draws is the arrays that went in."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from rnnviz import figures
from rnnviz.analysis.attribution import MEASURES, ShuffledAttention, TextExplanation
from rnnviz.figures import attribution
from rnnviz.notation.palette import THEMES, Theme
from rnnviz.notation.phrases import signed


def explained(count: int = 20, group: int = 1, **chosen: Any) -> TextExplanation:
    draw = np.random.default_rng(3)
    pairs = list(combinations(MEASURES, 2))
    words: dict[str, Any] = {
        "target": 1,
        "label": "positive",
        "against": "negative",
        "probability": 0.8,
        "evidence": 1.4,
        "baseline_evidence": 0.1,
        "tokens": tuple(f"w{k} " for k in range(count)),
        "attention": draw.dirichlet(np.ones(count)),
        "gradient_input": draw.normal(0, 0.3, count),
        "integrated_gradients": draw.normal(0, 0.3, count),
        "occlusion": np.repeat(draw.normal(0, 0.3, count // group), group),
        "probability_without": np.repeat(draw.uniform(0, 1, count // group), group),
        "group": group,
        "rank_correlations": dict(zip(pairs, np.linspace(-0.5, 1, len(pairs)), strict=True)),
    }
    return TextExplanation(**{**words, **chosen})


def shuffled(probability: float = 0.8, seed: int = 0) -> ShuffledAttention:
    draw = np.random.default_rng(seed)
    return ShuffledAttention(
        target=1,
        label="positive",
        probability=probability,
        attention=draw.dirichlet(np.ones(9)),
        shuffled=draw.uniform(0.4, 0.9, 60),
        uniform=0.7,
        alone=draw.uniform(0.3, 0.95, 9),
        flips=0.05,
        half=True,
        seed=seed,
    )


def words_of(figure: go.Figure) -> str:
    notes = " ".join(note.text for note in figure.layout.annotations)
    return f"{figure.layout.title.text} {notes}".replace("<br>", " ")


def test_every_pair_of_measures_has_its_number_in_its_cell() -> None:
    found = explained()
    grid = figures.rank_agreement(found).data[0]
    plain = [label.replace("<br>", " ") for label in (*grid.x, *grid.y)]
    assert (grid.zmin, grid.zmax) == (-1, 1) and len(plain) == 6
    names = {label: name for name, label in attribution.LABELS.items()}
    drawn = 0
    for row, down in enumerate(plain[3:]):
        for column, across in enumerate(plain[:3]):
            pair = (names[across], names[down])
            if pair in found.rank_correlations:
                assert grid.z[row][column] == pytest.approx(found.rank_correlations[pair])
                assert grid.text[row][column] == signed(found.rank_correlations[pair] or 0)
                drawn += 1
    assert drawn == 6 == int(np.isfinite(grid.z).sum())


def test_the_headline_names_the_most_and_the_least_alike() -> None:
    said = words_of(figures.rank_agreement(explained()))
    assert said.startswith("Integrated gradients and occlusion order the 20 tokens most alike")
    assert "attention and gradient × input least (−0.50)" in said
    none = explained(rank_correlations=dict.fromkeys(combinations(MEASURES, 2)))
    assert "no order to compare" in words_of(figures.rank_agreement(none))
    assert "not defined" in str(figures.rank_agreement(none).data[0].text)
    lone = explained(rank_correlations={("gradient_input", "occlusion"): 0.3})
    assert "agree by +0.30" in words_of(figures.rank_agreement(lone))
    with pytest.raises(ValueError, match="two measures or more"):
        figures.rank_agreement(explained(rank_correlations={}))


def test_the_histogram_counts_every_shuffle_and_marks_the_real_answer() -> None:
    found = shuffled()
    figure = figures.attention_shuffles(found)
    bars, own, even = figure.data
    counts, edges = np.histogram(found.shuffled, 40, (0, 1))
    assert bars.y == pytest.approx(counts / 60, abs=1e-6) and sum(counts) == 60
    assert bars.x == pytest.approx((edges[1:] + edges[:-1]) / 2, abs=1e-6)
    assert list(own.x) == [0.8, 0.8] and list(even.x) == [0.7, 0.7]
    (band,) = figure.layout.shapes
    assert (band.x0, band.x1) == (found.lowest, found.highest)
    assert figure.layout.xaxis.range == (0, 1)
    said = words_of(figure)
    assert f"moves by {100 * found.median_change:.1f} points" in said
    assert "changes in 3 of 60" in said and "The maximum" in said


def test_somebodys_own_words_are_text_and_nothing_else() -> None:
    evil = "<b onclick=x>&amp;"
    found = explained(tokens=(evil,) * 20, label=evil, against=evil)
    drawn = [figures.rank_agreement(found), figures.attention_shuffles(shuffled())]
    for figure in drawn:
        assert "<b onclick" not in figure.to_json().replace("\\u003c", "<")


@pytest.mark.parametrize("theme", THEMES)
def test_each_figure_says_in_words_what_it_shows(theme: Theme) -> None:
    for figure in (
        figures.rank_agreement(explained(), theme=theme),
        figures.attention_shuffles(shuffled(), theme=theme),
    ):
        assert len(figures.alt_text(figure)) > 40 and figure.layout.title.text
        assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"
