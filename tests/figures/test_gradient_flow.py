"""The figures of the time machine: bars of the gradient flow, and the answers over a training.

Oracles: the arrays that went in, ranges that are the same for all moments.
"""

from __future__ import annotations

import numpy as np
import pytest

from rnnviz.figures import alt_text
from rnnviz.figures.course import answer_course
from rnnviz.figures.gradient_flow import flow_range, gradient_flow
from rnnviz.notation.palette import NEGATIVE, POSITIVE, THEMES, Theme

NORMS = np.array([1e-6, 0.0, 1e-3, 0.25])
STEPS = (0, 1, 2, 40)


def test_bars_are_the_norms_on_a_log_axis() -> None:
    drawn = gradient_flow([{"forward": NORMS}], decades=(-7, 1))
    [bars] = drawn.data
    assert list(bars.x) == [1, 2, 3, 4]
    tops = np.asarray(bars.y) + bars.base
    np.testing.assert_allclose(tops, [-6, -7, -3, np.log10(0.25)], atol=1e-6)
    assert list(drawn.layout.yaxis.range) == [-7, 1]
    assert [row[0] for row in bars.customdata] == ["1.0e-06", "0.0e+00", "1.0e-03", "2.5e-01"]
    assert "Most gradient arrives at row 4" in drawn.layout.title.text
    assert "row 1 gets one part in 250,000" in drawn.layout.title.text.replace("<br>", " ")


def test_the_range_holds_all_moments_in_whole_decades() -> None:
    assert flow_range([NORMS, NORMS * 100]) == (-6, 2)
    assert flow_range([np.array([0.5, 0.6])]) == (-3, 0)
    assert flow_range([np.zeros(3)]) == (-3, 0) == flow_range([])
    assert flow_range([np.array([1e-30, 1.0])]) == (-12, 0)


@pytest.mark.parametrize("theme", THEMES)
def test_layers_stand_as_in_the_network_and_directions_have_their_hue(theme: Theme) -> None:
    both = {"forward": NORMS, "backward": NORMS[::-1]}
    drawn = gradient_flow([both, both], tokens=["<b>", "is", "$x$", "it"], theme=theme)
    assert [bars.yaxis for bars in drawn.data] == ["y", "y", "y2", "y2"]
    assert drawn.layout.yaxis.domain[1] < drawn.layout.yaxis2.domain[0]
    assert drawn.layout.yaxis.range == drawn.layout.yaxis2.range
    hues = {bars.name: bars.marker.color for bars in drawn.data}
    assert hues == {"forward": NEGATIVE[theme], "backward": POSITIVE[theme]}
    assert [bars.showlegend for bars in drawn.data] == [True, True, False, False]
    assert drawn.data[0].customdata[0][1] == " &lt;b&gt;"
    assert "layer 2 backward" in alt_text(drawn)
    assert drawn.layout.height > gradient_flow([both]).layout.height


def test_marked_steps_are_pointed_at() -> None:
    drawn = gradient_flow([{"forward": NORMS}], marks={2: "marked", 9: "beyond"}, when="at step 3")
    [line] = drawn.layout.shapes
    assert line.x0 == line.x1 == 3
    assert [one.text for one in drawn.layout.annotations] == ["marked"]
    assert "at step 3 of the training" in alt_text(drawn)


def test_a_tiny_part_is_said_in_two_figures() -> None:
    drawn = gradient_flow([{"forward": np.array([3.3e-7, 1.0])}])
    assert "one part in 3,000,000" in drawn.layout.title.text.replace("<br>", " ")


def test_no_gradient_is_said() -> None:
    drawn = gradient_flow([{"forward": np.zeros(4)}])
    assert "No gradient" in drawn.layout.title.text


@pytest.mark.parametrize(
    "layers", [[], [{"forward": NORMS, "backward": NORMS[:2]}], [{"forward": -NORMS}]]
)
def test_what_cannot_be_drawn_is_refused(layers: list[dict[str, np.ndarray]]) -> None:
    with pytest.raises(ValueError, match="expected"):
        gradient_flow(layers)
    with pytest.raises(ValueError, match="tokens"):
        gradient_flow([{"forward": NORMS}], tokens=["a"])


def test_the_course_shows_every_moment_and_where_one_stands() -> None:
    drawn = answer_course(
        STEPS,
        np.array([0.1, np.nan, 0.4, 0.9]),
        ["7", "", "7", "3"],
        [False, False, False, True],
        chosen=2,
        truth="3",
        chance=0.1,
    )
    [line] = drawn.data
    np.testing.assert_allclose(line.y, [0.1, np.nan, 0.4, 0.9], rtol=1e-6)
    assert list(line.marker.symbol) == ["x", "x", "x", "circle"]
    assert drawn.layout.shapes[0].x0 == 2  # the third moment, wherever its step is
    assert [one.text for one in drawn.layout.annotations] == ["7", "3", "chance"]
    assert list(drawn.layout.xaxis.ticktext) == ["0", "1", "2", "40"]
    assert "It says 7, not right: 40.0\u00a0% for 3." in drawn.layout.title.text
    said = alt_text(drawn)
    assert "step 0: 7, not right, 10.0 %" in said and "step 40: 3, right, 90.0 %" in said


def test_a_number_that_is_wanted_is_a_line() -> None:
    drawn = answer_course(
        STEPS, np.full(4, 0.4), ["0.400"] * 4, [True] * 4, chosen=40, truth="0.379", wanted=0.379
    )
    assert drawn.layout.shapes[1].y0 == 0.379
    assert [one.text for one in drawn.layout.annotations] == ["right"]
    assert "0.379 is wanted" in drawn.layout.title.text
    with pytest.raises(ValueError, match="chosen"):
        answer_course(STEPS, np.zeros(4), [""] * 4, [True] * 4, chosen=3, truth="0")
    with pytest.raises(ValueError, match="as many"):
        answer_course(STEPS, np.zeros(3), [""] * 4, [True] * 4, chosen=1, truth="0")
