"""The figures of the sentiment line and of units that react.

Oracles: what a figure draws is the arrays that went in; somebody's words are shown as they were
typed and never read as HTML.
"""

from __future__ import annotations

import html
import json

import numpy as np
import plotly.graph_objects as go
import pytest

from rnnviz import figures
from rnnviz.analysis import sentiment
from rnnviz.analysis.reactions import Reaction
from rnnviz.analysis.sentiment import LinePath, SentimentLine
from rnnviz.notation.palette import NEGATIVE, POSITIVE, THEMES, Theme, class_hues
from rnnviz.notation.phrases import plain, quoted, signed

TOKENS = ("<b>It ", "was ", "not ", "bad", ".<img src=x onerror=alert(1)>", " $x^2$ ", "\u202eend")


def line(direction: str = "forward") -> SentimentLine:
    draw = np.random.default_rng(0)
    points = draw.normal(0, (2, 0.5, 0.2), (300, 3)).astype(np.float32)
    return SentimentLine(
        name="x",
        sha256="",
        source="reviews",
        direction=direction,
        texts=50,
        states=5000,
        seed=0,
        classes=("negative", "positive"),
        labelled="truth",
        mean=np.zeros(8, np.float32),
        components=np.eye(3, 8, dtype=np.float32),
        explained=np.array([0.8, 0.1, 0.05], np.float32),
        points=points,
        labels=(points[:, 0] > 0).astype(np.uint8),
        log_odds=points[:, 0],
        correlations=np.array([0.9, 0.1, 0.1], np.float32),
        interval=(0.88, 0.92),
        pairs=0.9,
        crossings=0.1,
        push_sizes=(0.1, 0.3, 0.6, 1.0),
    )


def path(direction: str = "forward", steps: int = 7, seed: int = 0) -> LinePath:
    draw = np.random.default_rng(seed)
    hidden = draw.normal(0, 0.6, (steps, 8)).cumsum(axis=0).astype(np.float32)
    tokens = (TOKENS * steps)[:steps]
    share = np.linspace(0.5, 0.1, steps)
    return sentiment.line(line(direction), hidden, tokens, np.stack([1 - share, share], axis=1))


def reactions(kind: str = "negation") -> tuple[Reaction, ...]:
    words = (("not", 0.4, 30), ("never", 0.2, 2)) if kind == "negation" else ()
    return (
        Reaction(kind, "forward", 5, 2.5, 2.0, 2.9, True, words),
        Reaction(kind, "backward", 11, -1.5, -2.0, -0.9, True, words),
    )


def every(theme: Theme = "light") -> dict[str, go.Figure]:
    second = path(seed=1)
    return {
        "line": figures.sentiment_line(line(), path(), second=second, theme=theme),
        "alone": figures.sentiment_line(line(), theme=theme),
        "course": figures.sentiment_course(line(), path(), second=second, theme=theme),
        "pushes": figures.sentiment_pushes(path(), theme=theme),
        "long": figures.sentiment_line(line(), path(steps=900), theme=theme),
        "backward": figures.sentiment_course(line("backward"), path("backward"), theme=theme),
        "reactions": figures.unit_reactions(reactions(), threshold=0.4, theme=theme),
        "nothing": figures.unit_reactions((), threshold=0.4, theme=theme),
    }


def named(figure: go.Figure, name: str) -> go.Scatter:
    return next(trace for trace in figure.data if trace.name == name)


def test_clouds_and_paths_are_the_arrays_that_went_in() -> None:
    found, own = line(), path()
    figure = figures.sentiment_line(found, own, name="my text")
    for label, word in enumerate(found.classes):
        cloud = named(figure, f"states within {word} texts")
        assert np.array_equal(cloud.x, found.points[found.labels == label, 0])
        assert cloud.marker.color == class_hues(2)["light"][label]
    drawn = named(figure, "my text")
    assert drawn.x == pytest.approx([own.start[0], *own.points[:, 0]])
    assert drawn.y == pytest.approx([own.start[1], *own.points[:, 1]])
    assert figure.layout.yaxis.scaleanchor == "x"  # a line has to look long and thin
    assert "80 % of variance" in figure.layout.xaxis.title.text


def test_a_backward_reading_begins_behind_the_last_token() -> None:
    own = path("backward")
    course = figures.sentiment_course(line("backward"), own).data[0]
    assert course.x.tolist() == [8, 7, 6, 5, 4, 3, 2, 1]
    assert course.y == pytest.approx([own.start[0], *own.points[::-1, 0]])
    forward = figures.sentiment_course(line(), path()).data[0]
    assert forward.x.tolist() == list(range(8))


def test_bars_are_the_largest_pushes_each_way() -> None:
    own = path(steps=40)
    bars = figures.sentiment_pushes(own, most=3).data[0]
    order = np.argsort(own.pushes)
    assert list(bars.x) == pytest.approx(
        [*own.pushes[order[::-1][:3]], *own.pushes[order[:3]][::-1]]
    )
    for value, (step, _), hue in zip(bars.x, bars.customdata, bars.marker.color, strict=True):
        assert own.pushes[int(step)] == pytest.approx(value)
        assert hue == class_hues(2)["light"][int(value > 0)]


def test_the_axes_are_those_of_the_network_unless_a_text_leaves_them() -> None:
    short = path(steps=2)
    alone = figures.sentiment_line(line()).layout
    assert figures.sentiment_line(line(), short).layout.xaxis.range == alone.xaxis.range
    far = path(steps=2)
    far.points[1, 0] = 99
    low, high = figures.sentiment_line(line(), far).layout.xaxis.range
    assert high > 99 and low < line().points[:, 0].min()


def test_reactions_are_bars_with_intervals_and_carry_their_unit() -> None:
    bars = figures.unit_reactions(reactions(), threshold=0.4, selected=("forward", 5)).data[0]
    assert list(bars.x) == [2.5, -1.5]
    assert [tuple(one[:2]) for one in bars.customdata] == [("forward", 5), ("backward", 11)]
    assert list(bars.error_x.array) == pytest.approx([0.4, 0.6])
    assert list(bars.error_x.arrayminus) == pytest.approx([0.5, 0.5])
    assert list(bars.marker.color) == [POSITIVE["light"], NEGATIVE["light"]]
    assert "not +0.40 (30 times)" in bars.customdata[0][2]
    drawn = figures.unit_reactions(reactions(), threshold=0.4, selected=("forward", 5))
    assert [one.text for one in drawn.layout.annotations] == [
        "<b>forward unit 5</b>",
        "backward unit 11",
    ]
    (band,) = drawn.layout.shapes
    assert (band.x0, band.x1) == (-0.4, 0.4)
    place = figures.unit_reactions(reactions("position"), threshold=0.1)
    assert list(place.layout.xaxis.range) == [-1.05, 1.05]


@pytest.mark.parametrize("theme", THEMES)
def test_nothing_somebody_typed_is_read_as_html(theme: Theme) -> None:
    for name, figure in every(theme).items():
        drawn = json.loads(figure.to_json())
        assert "\u202e" not in drawn["layout"].pop("meta")["alt"]  # plain text, never HTML
        text = json.dumps(drawn, ensure_ascii=False)
        assert "<img" not in text and "<b>It" not in text and "\u202e" not in text, name
        assert "$x" not in text, name
        assert figures.alt_text(figure), name


def test_words_for_a_place_that_takes_html() -> None:
    assert html.unescape(plain("<b>a & $b$</b>")) == "<b>a & $b$</b>"
    assert plain("one\ntwo\u2028three") == "one two three"
    assert plain("x" * 50) == "x" * 28 + "…" and plain("ab" * 50, 4, tail=True) == "…abab"
    assert quoted(" \n") == "white space" and quoted("no ") == "“no”"
    assert (signed(1.256), signed(-2)) == ("+1.26", "−2.00")
