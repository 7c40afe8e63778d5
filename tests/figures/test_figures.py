"""The Plotly figures.

Oracles: what a figure draws is the arrays that went in, its ranges are the same whatever went in,
its colours are those of `rnnviz.notation.signals` and of the app's configuration.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from rnnviz import figures
from rnnviz.analysis.saturation import Shares, distribution, shares
from rnnviz.figures.paths import apart
from rnnviz.notation.palette import THEMES, Theme, class_hues
from rnnviz.notation.signals import SIGNALS

CONFIG = tomllib.loads(
    (Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text(encoding="utf-8")
)
GATES = ("forget_gate", "input_gate", "output_gate")
DIGITS = tuple("0123456789")


def signals(seed: int = 0, sharp: float = 2.0) -> dict[str, np.ndarray]:
    """The signals of an LSTM layer, 28 rows of 16 units; a larger `sharp` saturates more."""
    draw = np.random.default_rng(seed).normal(0, sharp, (6, 28, 16)).astype(np.float32)
    gates = {name: 1 / (1 + np.exp(-draw[k])) for k, name in enumerate(GATES)}
    return gates | {"candidate": np.tanh(draw[3]), "cell": draw[4], "hidden": np.tanh(draw[5])}


def path_arrays(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A path (28, 3), a cloud (200, 3) and its labels."""
    draw = np.random.default_rng(seed)
    steps = draw.normal(0, 0.3, (28, 3)).cumsum(axis=0).astype(np.float32)
    return steps, draw.normal(0, 1, (200, 3)).astype(np.float32), np.arange(200) % 10


def explained(seed: int = 0, scale: float = 1.0, attention: bool = True) -> go.Figure:
    draw = np.random.default_rng(seed)
    weights = draw.dirichlet(np.ones(28)) if attention else None
    image = draw.integers(0, 256, (28, 28)).astype(np.uint8)
    gradient, occlusion = draw.normal(0, scale, (2, 28))
    return figures.explanations(image, gradient, occlusion, weights, label="7")


def all_figures(theme: Theme = "light") -> dict[str, go.Figure]:
    path, cloud, labels = path_arrays()
    curve = np.linspace(0.1, 1, 28)
    return {
        "distribution": figures.gate_distribution(signals(), units=[3], steps=[4, 5], theme=theme),
        "saturation": figures.gate_saturation([signals(), signals(1)], theme=theme),
        "path": figures.state_path(path, cloud, labels, classes=DIGITS, limit=4, theme=theme),
        "explanations": figures.explanations(
            np.eye(28, dtype=np.uint8), curve, -curve, curve / curve.sum(), label="7", theme=theme
        ),
        "early": figures.early_accuracy(curve, curve, n=50, source="the samples", theme=theme),
    }


def traces(figure: go.Figure, kind: type) -> list[Any]:
    return [trace for trace in figure.data if isinstance(trace, kind)]


def test_bars_are_the_distribution_of_the_values_and_outlines_that_of_the_chosen() -> None:
    given = signals()
    reference = {name: distribution(given[name] ** 2) for name in GATES}
    figure = figures.gate_distribution(
        given, units=[3, 8], steps=[4, 5, 6], reference=reference, reference_name="99 digits"
    )
    assert [trace.legendgroup for trace in traces(figure, go.Bar)] == ["this"] * 3
    for name, bars in zip(GATES, traces(figure, go.Bar), strict=True):
        counts, edges = np.histogram(given[name], 20, (0, 1))
        assert bars.y == pytest.approx(counts / counts.sum(), abs=1e-6)
        assert bars.x == pytest.approx((edges[1:] + edges[:-1]) / 2)
        assert bars.marker.color == SIGNALS[name].hue["light"]
    for label, wanted in (
        ("99 digits", [reference[name] for name in GATES]),
        ("rows 5 to 7 only", [distribution(given[name][4:7]) for name in GATES]),
    ):
        lines = [trace for trace in traces(figure, go.Scatter) if trace.name == label]
        assert len(lines) == 3
        for line, values in zip(lines, wanted, strict=True):
            assert line.y[::2] == pytest.approx(values, abs=1e-6)
            assert np.array_equal(line.y[::2], line.y[1::2])
    for unit in (3, 8):
        rugs = [trace for trace in traces(figure, go.Scatter) if trace.name == f"unit {unit}"]
        assert [list(rug.x) for rug in rugs] == [given[name][:, unit].tolist() for name in GATES]
        value = given["forget_gate"][11, unit]
        assert (
            rugs[0].customdata[11] == f"row 12: {value:.2f}, keeps {100 * value:.0f} % of the cell"
        )


def test_headings_say_the_two_shares() -> None:
    given = signals()
    words = " ".join(note.text for note in figures.gate_distribution(given).layout.annotations)
    for name in GATES:
        found = shares(given[name])
        assert (
            f"<b>{SIGNALS[name].label}</b>  {100 * found.low:.0f} % shut · "
            f"{100 * found.high:.0f} % open" in words
        )


def test_an_rnn_has_no_gate_and_shows_its_hidden_state() -> None:
    hidden = {"hidden": signals()["hidden"]}
    figure = figures.gate_distribution(hidden)
    assert figure.layout.xaxis.range == (-1, 1)
    assert traces(figure, go.Bar)[0].y == pytest.approx(
        np.histogram(hidden["hidden"], 20, (-1, 1))[0] / hidden["hidden"].size, abs=1e-6
    )
    assert "below −0.9" in figures.alt_text(figure)
    stack = figures.gate_saturation([hidden])
    assert [trace.name for trace in traces(stack, go.Bar)] == ["below −0.9", "between", "above 0.9"]


def test_a_bar_that_is_cut_says_its_height() -> None:
    shut = {name: np.zeros((4, 2)) for name in GATES}
    words = [note.text for note in figures.gate_distribution(shut).layout.annotations]
    assert all("100 % shut · 0 % open · top 100 %" in text for text in words)


def test_saturation_bars_are_the_shares_of_each_layer_and_gate() -> None:
    layers = [signals(0), signals(1, sharp=6)]
    reference = [None, {name: Shares(0.25, 0.125, 800) for name in GATES}]
    figure = figures.gate_saturation(
        layers, reference=reference, reference_name="99 digits", selected=1
    )
    low, between, high = traces(figure, go.Bar)
    wanted = [shares(layer[name]) for layer in layers for name in GATES]
    assert low.x == pytest.approx([one.low for one in wanted], abs=1e-6)
    assert high.x == pytest.approx([one.high for one in wanted], abs=1e-6)
    assert np.add(np.add(low.x, between.x), high.x) == pytest.approx(1)
    (ticks,) = traces(figure, go.Scatter)
    assert [round(y) for y in ticks.y] == [3, 4, 5, 3, 4, 5]
    assert list(ticks.x) == [0.25] * 3 + [0.875] * 3
    bold = [note.text for note in figure.layout.annotations if "<b>" in note.text]
    assert bold == [f"<b>Layer 2, {SIGNALS[name].label.lower()}</b>" for name in GATES]


def test_a_step_of_one_sequence_will_do_and_a_batch_will_not() -> None:
    import torch

    import rnnviz

    run = rnnviz.trace(torch.nn.GRU(3, 5, batch_first=True), torch.rand(1, 6, 3))
    step = run.layers[0].forward
    bars = traces(figures.gate_distribution(step), go.Bar)
    assert [
        trace.y == pytest.approx(distribution(gate.numpy()), abs=1e-6)
        for trace, gate in zip(bars, (step.reset_gate, step.update_gate), strict=True)
    ] == [True, True]
    several = rnnviz.trace(torch.nn.GRU(3, 5, batch_first=True), torch.rand(2, 6, 3))
    with pytest.raises(ValueError, match=r"expected values \(T, H\) of one sequence"):
        figures.gate_distribution(several.layers[0].forward)


def test_a_path_is_drawn_where_it_is() -> None:
    path, cloud, labels = path_arrays()
    weights = np.random.default_rng(2).dirichlet(np.ones(28))
    figure = figures.state_path(
        path,
        cloud,
        labels,
        classes=DIGITS,
        limit=4,
        steps=[11, 99],
        attention=weights,
        second=path[:9] * 0.5,
        second_name="pinned digit",
        cloud_name="200 digits",
        explained=np.array([0.31, 0.2, 0.1]),
        components=(0, 2),
    )
    by_name = {trace.name: trace for trace in figure.data}
    assert list(by_name["200 digits"].x) == cloud[:, 0].tolist()
    assert list(by_name["200 digits"].y) == cloud[:, 2].tolist()
    assert list(by_name["200 digits"].marker.color) == labels.tolist()
    assert list(by_name["this digit"].x) == path[:, 0].tolist()
    assert list(by_name["this digit"].y) == path[:, 2].tolist()
    assert len(by_name["pinned digit"].x) == 9
    assert list(by_name["chosen rows"].x) == [path[11, 0]]
    assert list(by_name["this digit, last state"].y) == [path[-1, 2]]
    star = by_name["its answer: states weighted by attention"]
    assert (star.x[0], star.y[0]) == pytest.approx(tuple(weights @ path[:, [0, 2]]), abs=1e-5)
    assert figure.layout.xaxis.title.text == "component 1 (31 % of variance)"
    assert figure.layout.yaxis.title.text == "component 3 (10 % of variance)"
    numbers = [re.sub("</?b>", "", note.text) for note in figure.layout.annotations]
    assert {"12", "28"} <= set(numbers) and len(numbers) < 28
    assert [note.text for note in figure.layout.annotations if "<b>" in note.text] == ["<b>12</b>"]


def test_each_class_has_its_own_hue_and_its_name_near_its_middle() -> None:
    path, cloud, labels = path_arrays()
    cloud[:, :2] = cloud[:, :2] * 0.05 + np.stack([np.cos(labels), np.sin(labels)], axis=1) * 3
    for theme in THEMES:
        figure = figures.state_path(path, cloud, labels, classes=DIGITS, limit=4, theme=theme)
        badges = next(trace for trace in figure.data if trace.name == "classes")
        assert [re.sub("</?b>", "", text) for text in badges.text] == list(DIGITS)
        assert list(badges.marker.color) == class_hues(10)[theme]
        for k in range(10):
            middle = np.median(cloud[labels == k, :2], axis=0)
            assert np.hypot(badges.x[k] - middle[0], badges.y[k] - middle[1]) < 0.5
        points = next(trace for trace in figure.data if trace.name == "many digits")
        for k, hue in enumerate(class_hues(10)[theme]):
            share = (k - points.marker.cmin) / (points.marker.cmax - points.marker.cmin)
            below = [colour for bound, colour in points.marker.colorscale if bound <= share]
            assert below[-1] == hue


def test_labels_that_would_cover_each_other_are_pushed_apart() -> None:
    places = np.array([[0.0, 0.0], [0.0, 0.0], [0.1, 0.0], [5.0, 5.0]])
    moved = apart(places, 1.0)
    gaps = [np.hypot(*(moved[i] - moved[k])) for i in range(4) for k in range(i)]
    assert min(gaps) > 0.9 and moved[3] == pytest.approx([5, 5])
    assert np.array_equal(apart(places[[0, 3]], 1.0), places[[0, 3]])


def test_explanations_are_aligned_with_the_rows_of_the_image() -> None:
    draw = np.random.default_rng(1)
    image = draw.integers(0, 256, (28, 28)).astype(np.uint8)
    gradient, occlusion, without = draw.normal(0, 1, (3, 28))
    attention = draw.dirichlet(np.ones(28))
    gradient[3], occlusion[4] = 25.0, 0.0
    figure = figures.explanations(
        image,
        gradient,
        occlusion,
        attention,
        label="7",
        probability=0.9,
        without=without,
        correlations={
            ("gradient_input", "occlusion"): SimpleNamespace(all_rows=-0.5, inked_rows=None)
        },
        steps=[11, 12, 13, 20],
    )
    (paper,) = traces(figure, go.Heatmap)
    assert np.array_equal(np.array(paper.z), image) and (paper.zmin, paper.zmax) == (0, 255)
    bars = {trace.name: trace for trace in traces(figure, go.Bar)}
    rows = list(range(1, 29))
    assert all(list(trace.y) == rows == list(paper.y) for trace in bars.values())
    assert figure.layout.yaxis.range == (28.5, 0.5)  # the first row at the top, shared by all
    assert bars["attention"].x == pytest.approx(attention, abs=1e-6)
    drawn = bars["gradient × input"].x
    assert np.delete(drawn, 3) == pytest.approx(np.delete(gradient, 3), abs=1e-6)
    assert drawn[3] == 10  # cut at the end of the longest axis, and in a colour of its own
    assert bars["occlusion"].x == pytest.approx(occlusion, abs=1e-6)
    assert (
        bars["gradient × input"].marker.color.count(bars["gradient × input"].marker.color[3]) == 1
    )
    assert "+25.00 in log-odds, speaks for 7" in bars["gradient × input"].customdata[3]
    assert "says nothing" in bars["occlusion"].customdata[4]
    assert f"7 at {100 * without[4]:.1f} % with this row blank" in bars["occlusion"].customdata[4]
    words = " ".join(note.text for note in figure.layout.annotations)
    assert "gradient × input and occlusion: <b>−0.50</b> (not defined)" in words
    frames = [(frame.y0, frame.y1) for frame in figure.layout.shapes]
    assert frames == [(11.5, 14.5), (20.5, 21.5)]


@pytest.mark.parametrize(
    ("strongest", "end"), [(0.1, 0.25), (0.25, 0.25), (0.26, 0.5), (1.5, 2), (4, 5), (50, 10)]
)
def test_evidence_has_few_axes_to_choose_from_and_the_one_taken_is_printed(
    strongest: float, end: float
) -> None:
    weak, strong = np.full(28, 0.05), np.linspace(-strongest, strongest, 28)
    figure = figures.explanations(np.zeros((28, 28), np.uint8), weak, strong, weak, label="7")
    axis = figure.layout.xaxis4
    assert axis.title.text == f"± {end:g}<br>log-odds"
    assert axis.tickvals == (-end, 0, end) and axis.range[1] == -axis.range[0] > end
    assert figure.layout.xaxis3.title.text.startswith("± 0.25")
    assert figure.layout.xaxis2.title.text.startswith("0 to 25 %")


def test_without_attention_there_is_no_column_for_it() -> None:
    assert [trace.name for trace in traces(explained(attention=False), go.Bar)] == [
        "gradient × input",
        "occlusion",
    ]


def test_early_answers_are_the_curves_that_went_in() -> None:
    draw = np.random.default_rng(4)
    accuracy, confidence, own = draw.uniform(0, 1, (3, 28))
    figure = figures.early_accuracy(
        accuracy, confidence, n=1797, source="the samples", own=own, answer="3", decision=19
    )
    lines = {trace.name: trace for trace in figure.data}
    assert lines["right answers"].y == pytest.approx(accuracy, abs=1e-6)
    assert lines["mean confidence"].y == pytest.approx(confidence, abs=1e-6)
    assert lines["this digit: how sure of 3"].y == pytest.approx(own, abs=1e-6)
    assert all(list(line.x) == list(range(1, 29)) for line in lines.values())
    assert "1,797 of the samples" in figure.layout.xaxis.title.text
    assert any(note.text == "decided at row 20" for note in figure.layout.annotations)
    upright = [shape for shape in figure.layout.shapes if shape.x0 == shape.x1]
    assert [shape.x0 for shape in upright] == [20]
    level = [shape for shape in figure.layout.shapes if shape.y0 == shape.y1]
    assert [shape.y0 for shape in level] == [0.1]
    assert "Half of them" in figures.alt_text(
        figures.early_accuracy(np.linspace(0, 1, 28), confidence, n=5, source="x")
    )


@pytest.mark.parametrize(
    "draw",
    [
        lambda seed: figures.gate_distribution(signals(seed, 1.0 + 5 * seed)),
        lambda seed: figures.gate_saturation([signals(seed, 1.0 + 5 * seed)]),
        lambda seed: figures.state_path(
            path_arrays(seed)[0] * (1 + seed), *path_arrays()[1:], classes=DIGITS, limit=4
        ),
        lambda seed: explained(seed, scale=0.2 + 0.01 * seed),
        lambda seed: figures.early_accuracy(
            np.full(28, seed / 2), np.full(28, seed / 3), n=9, source="x"
        ),
    ],
    ids=["distribution", "saturation", "path", "explanations", "early"],
)
def test_ranges_do_not_follow_the_example(draw: Callable[[int], go.Figure]) -> None:
    def ranges(figure: go.Figure) -> dict[str, Any]:
        layout = figure.layout.to_plotly_json()
        return {
            name: part["range"]
            for name, part in layout.items()
            if "axis" in name and "range" in part
        }

    axes = [name for name in draw(0).layout.to_plotly_json() if "axis" in name]
    first, second = ranges(draw(0)), ranges(draw(1))
    assert first == second
    # Every axis that carries values has one; the picture of a digit fills its place.
    assert set(axes) - set(first) <= {"xaxis"}


@pytest.mark.parametrize("theme", THEMES)
def test_every_figure_suits_its_theme_and_any_width(theme: Theme) -> None:
    text = CONFIG["theme"][theme]["textColor"]
    for name, figure in all_figures(theme).items():
        layout = figure.layout
        assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)", name
        assert layout.font.color == text and layout.width is None and layout.height >= 150
        assert layout.title.text is None  # the page has headings, which wrap; these would be cut
        assert layout.dragmode is False and "colorway" not in json.dumps(layout.to_plotly_json())
        assert len(figures.alt_text(figure)) > 30 and figures.alt_text(figure).endswith(".")
        sizes = [note.font.size for note in layout.annotations if note.font.size]
        assert min(sizes, default=12) >= 12


def test_arrays_travel_packed_and_small() -> None:
    for name, figure in all_figures().items():
        for trace in figure.data:
            for part in (trace.x, trace.y):
                if isinstance(part, np.ndarray):
                    assert part.dtype.itemsize <= 4, (name, trace.name, part.dtype)
        assert len(figure.to_json()) < 60_000


def test_errors_say_what_was_expected() -> None:
    path, cloud, labels = path_arrays()
    with pytest.raises(ValueError, match="expected a theme of light, dark, got 'sepia'"):
        figures.gate_saturation([signals()], theme="sepia")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expected a label for each point, got 3 for 200"):
        figures.state_path(path, cloud, labels[:3], classes=DIGITS, limit=4)
    with pytest.raises(ValueError, match="occlusion: expected 28 rows"):
        figures.explanations(np.zeros((28, 28)), np.zeros(28), np.zeros(27), label="7")
    with pytest.raises(ValueError, match="confidence: expected 28"):
        figures.early_accuracy(np.zeros(28), np.zeros(27), n=5, source="x")


HOSTILE = ['<a href="https://evil.example">win</a>', "<b>7</b>", "%{fullData.x}", "$x^2$"]


@pytest.mark.parametrize("label", HOSTILE)
def test_labels_of_a_network_that_was_brought_are_text(label: str) -> None:
    """Plotly makes links of tags, formulas of dollars, and numbers of what stands in braces."""
    path, cloud, labels = path_arrays()
    curve = np.linspace(0.1, 1, 28)
    classes, image = [f"{label} {n}" for n in range(10)], np.eye(28, dtype=np.uint8)
    for figure in (
        figures.state_path(path, cloud, labels, classes=classes, limit=4),
        figures.explanations(image, curve, -curve, label=label, without=curve, probability=0.5),
        figures.early_accuracy(curve, curve, n=50, source="the samples", own=curve, answer=label),
    ):
        assert label[:12] not in str(figure.data) + str(figure.layout.annotations)
