"""Curves of a training: they show the numbers they are given, and nothing jumps as they grow."""

from __future__ import annotations

import itertools

import numpy as np
import plotly.graph_objects as go
import pytest

from rnnviz.figures import alt_text
from rnnviz.figures.curves import CEILING, FLOOR, Line, reach, training_curves
from rnnviz.notation.cells import HUES
from rnnviz.notation.palette import THEMES

STEPS = np.arange(1, 101)
LOSS = 2.3 * np.exp(-STEPS / 30)


def line(values: np.ndarray = LOSS, cell: str = "gru", **words: object) -> Line:
    return Line(cell, np.arange(1, len(values) + 1), np.asarray(values, float), **words)


def drawn(figure: go.Figure) -> dict[str, go.Scatter]:
    return {trace.name: trace for trace in figure.data if trace.name}


def test_the_strong_line_is_the_smoothed_one_and_the_pale_one_is_what_was_measured() -> None:
    smooth = LOSS + 0.1
    figure = training_curves([line(smooth=smooth)], "loss", steps=200)
    pale, strong = figure.data
    np.testing.assert_allclose(pale.y, LOSS, rtol=1e-6)
    np.testing.assert_allclose(strong.y, smooth, rtol=1e-6)
    assert "rgba" in pale.line.color and pale.line.width < strong.line.width
    assert strong.line.color == HUES["light"]["gru"]


@pytest.mark.parametrize("theme", THEMES)
def test_a_cell_has_its_colour_and_its_sign(theme: str) -> None:
    lines = [line(cell=cell, name=cell, held_out=True) for cell in HUES["light"]]
    traces = drawn(training_curves(lines, "accuracy", steps=100, theme=theme))
    assert {name: one.line.color for name, one in traces.items()} == HUES[theme]
    assert len({one.marker.symbol for one in traces.values()}) == len(lines)
    assert len(set(HUES[theme].values())) == len(lines)


def test_the_axes_are_the_same_from_the_first_point_to_the_last() -> None:
    ends, seen = None, set()
    for count in range(2, 101):
        now = [line(LOSS[:count])]
        ends = reach(now, "loss", before=ends)
        figure = training_curves(now, "loss", steps=100, ends=ends)
        seen.add((figure.layout.xaxis.range, figure.layout.yaxis.range, figure.layout.height))
        seen.add(figure.layout.margin.t)
    assert len(seen) == 2


@pytest.mark.parametrize("measure", ["loss", "accuracy", "gradient", "rate"])
@pytest.mark.parametrize("log", [False, True])
def test_an_axis_only_grows(measure: str, log: bool) -> None:
    random = np.random.default_rng(0)
    ends = None
    for scale in (1.0, 0.01, 30.0, 1e-3, 500.0):
        values = scale * random.random(50)
        before, ends = ends, reach([line(values)], measure, log=log, before=ends)
        assert ends[0] < ends[1]
        if before is not None:
            assert ends[0] <= before[0] and ends[1] >= before[1]
        if measure == "gradient" or (log and measure == "loss"):
            assert all(np.log10(end) == round(np.log10(end)) for end in ends), "whole decades"


def test_one_wild_batch_does_not_flatten_the_curve() -> None:
    wild = LOSS.copy()
    wild[50] = 1e5
    assert reach([line(wild, smooth=LOSS)], "loss")[1] <= 3
    assert reach([line(wild)], "loss")[1] >= 1e4, "without a smoothing it is the line"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_a_gap_and_no_end_of_an_axis(bad: float) -> None:
    values = LOSS.copy()
    values[40:] = bad
    for log, measure in itertools.product((False, True), ("loss", "gradient")):
        low, high = reach([line(values)], measure, log=log)
        assert np.isfinite([low, high]).all()
        figure = training_curves([line(values)], measure, steps=100, log=log)
        assert np.isnan(figure.data[-1].y[40:]).all()
        assert np.isfinite(figure.data[-1].y[:40]).all()


def test_huge_and_tiny_numbers_stay_within_what_an_axis_shows() -> None:
    low, high = reach([line(np.array([1e-30, 1e30]))], "gradient")
    assert (low, high) == (FLOOR, CEILING)


def test_nothing_measured_yet_is_a_figure_too() -> None:
    for measure in ("loss", "accuracy", "gradient", "rate"):
        figure = training_curves([], measure, steps=10)
        assert "nothing yet" in alt_text(figure)
        assert figure.layout.yaxis.range[0] < figure.layout.yaxis.range[1]


def test_a_logarithmic_axis_of_steps_has_no_step_zero() -> None:
    scored = Line("gru", np.array([0, 10, 20]), np.array([2.3, 1.0, 0.5]), held_out=True)
    figure = training_curves([scored], "loss", steps=20, log_steps=True)
    assert list(figure.data[0].x) == [10, 20] and figure.layout.xaxis.type == "log"


def test_seeds_are_a_band_from_the_least_to_the_greatest() -> None:
    band = line(low=LOSS - 0.1, high=LOSS + 0.2)
    low, high, middle = training_curves([band], "loss", steps=100).data
    np.testing.assert_allclose(low.y, LOSS - 0.1, rtol=1e-6)
    np.testing.assert_allclose(high.y, LOSS + 0.2, rtol=1e-6)
    np.testing.assert_allclose(middle.y, LOSS, rtol=1e-6)
    assert high.fill == "tonexty"
    assert reach([band], "loss")[1] >= float((LOSS + 0.2).max())


def test_a_hostile_name_is_shown_as_it_is() -> None:
    name = '<b onclick="x">$x$</b>'
    lines = [line(name=name), line(cell="rnn", name="other")]
    figure = training_curves(lines, "loss", steps=100)
    for trace in figure.data:
        assert "<b onclick" not in f"{trace.name} {trace.hovertemplate}"


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a measure"):
        training_curves([], "speed", steps=1)
    with pytest.raises(ValueError, match="at least one step"):
        training_curves([], "loss", steps=0)
    with pytest.raises(ValueError, match="expected values at 100 steps"):
        training_curves([line(smooth=LOSS[:3])], "loss", steps=1)


def test_a_figure_is_small_enough_to_be_sent_each_second() -> None:
    values = np.linspace(2, 0, 400)
    figure = training_curves([line(values, smooth=values)], "loss", steps=400)
    assert len(figure.to_json()) < 16_000
