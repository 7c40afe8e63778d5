"""`rnnviz.show`. Oracles: the trace, the page's own data, and the sentences of refusals."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import rnnviz
from rnnviz.theatre.arrays import decode
from rnnviz.theatre.tints import Tint
from tests.theatre.test_theatre import made_up

INPUTS = torch.randn(3, 20, 5, generator=torch.Generator().manual_seed(0))
LENGTHS = [20, 7, 12]
CELLS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def data_of(shown: Any) -> Any:
    found = re.search(r'id="readings">(.*?)</script>', shown.html, re.DOTALL)
    assert found
    return json.loads(found[1])


def traced(cell: str = "lstm", **words: Any) -> rnnviz.Trace:
    torch.manual_seed(1)
    return rnnviz.trace(CELLS[cell](5, 8, batch_first=True, **words), INPUTS, LENGTHS)


@pytest.mark.parametrize("cell", CELLS)
def test_a_bare_module_is_shown_without_its_padding(cell: str) -> None:
    trace = traced(cell, num_layers=2, bidirectional=True)
    shown = data_of(rnnviz.show(trace, example=1, layer=1, direction="backward", units=[3, 7]))
    (reading,) = shown["readings"]
    for layer, direction, name, values in trace.named_signals():
        packed = reading["layers"][layer][direction][name]
        np.testing.assert_allclose(decode(packed), values[1, :7], atol=1e-4)
    assert (reading["probabilities"], reading["attention"], reading["classes"]) == (None, None, [])
    assert reading["step_word"] == "step"
    view = shown["view"]
    assert (view["layer"], view["direction"], view["units"]) == (1, "backward", [3, 7])


def test_a_classifier_is_shown_with_its_answers() -> None:
    torch.manual_seed(0)
    model = rnnviz.SequenceClassifier(
        cell="gru", input_size=5, hidden_size=8, num_classes=3, labels=("x", "y", "z")
    )
    trace = model.trace(INPUTS, torch.tensor(LENGTHS))
    (reading,) = data_of(rnnviz.show(trace, example=2, classes=["a", "b", "c"]))["readings"]
    assert reading["classes"] == ["a", "b", "c"]
    expected = trace.prefix_probabilities[2, :12]
    np.testing.assert_allclose(decode(reading["probabilities"]), expected, atol=1e-4)
    (numbered,) = data_of(rnnviz.show(trace))["readings"]
    assert numbered["classes"] == ["0", "1", "2"]
    with pytest.raises(ValueError, match="classes: expected 3 labels, got 2"):
        rnnviz.show(trace, classes=["a", "b"])


def test_several_stand_side_by_side() -> None:
    shown = rnnviz.show(traced("rnn"), traced("gru"), traced("lstm"), focus=2)
    assert [one["cell"] for one in data_of(shown)["readings"]] == ["rnn", "gru", "lstm"]
    assert shown.title == "RNN and GRU and LSTM reading 20 steps"
    assert data_of(rnnviz.show(made_up("gru")))["readings"][0]["cell"] == "gru"


def test_tints_are_shown_or_refused_in_words() -> None:
    reading = made_up(tokens=("a", "b", "c", "d", "e"))
    tint = Tint("ig", "Gradients", "What it adds.", np.zeros(5), -1, 1, "against", "for")
    assert '"label":"Gradients"' in rnnviz.show(reading, tints=[[tint]], tint="ig").html
    with pytest.raises(ValueError, match="expected a list for each of 1, got 2"):
        rnnviz.show(reading, tints=[[tint], []])
    with pytest.raises(ValueError, match="tint: expected one of answer, change, attention, none"):
        rnnviz.show(reading, tint="Gradients")
    with pytest.raises(ValueError, match="tint: expected the name of one of the tints, got 'ig'"):
        rnnviz.show(reading, tint="ig")


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_precisions(dtype: torch.dtype) -> None:
    module = rnnviz.GRU(5, 8, batch_first=True).to(dtype)
    (reading,) = data_of(rnnviz.show(rnnviz.trace(module, INPUTS.to(dtype))))["readings"]
    assert decode(reading["layers"][0]["forward"]["hidden"]).shape == (20, 8)


def test_it_is_saved_whole_or_not_at_all(tmp_path: Path) -> None:
    shown = rnnviz.show(traced())
    path = tmp_path / "theatre.html"
    shown.save(path)
    assert path.read_text(encoding="utf-8") == shown.html
    assert [one.name for one in tmp_path.iterdir()] == ["theatre.html"]
    with pytest.raises(FileNotFoundError):
        shown.save(tmp_path / "nowhere" / "theatre.html")


def test_the_frame_cannot_leave_its_place() -> None:
    title = '"><script>alert(1)</script>'
    shown = rnnviz.show(traced(), title=title, height=500)
    frame = re.fullmatch(
        r'<iframe srcdoc="([^"]*)" title="([^"]*)" ([^<>]*)></iframe>', shown._repr_html_()
    )
    assert frame
    assert unescape(frame[1]) == shown.html
    assert unescape(frame[2]) == title
    assert 'sandbox="allow-scripts"' in frame[3] and 'height="500"' in frame[3]
    assert "allow-same-origin" not in frame[3]
    assert "MB" in repr(shown) and len(repr(shown)) < 200


@pytest.mark.parametrize(
    ("things", "words", "error", "message"),
    [
        ((), {}, TypeError, "one to 3 traces or readings to show, got 0"),
        ("rrrr", {}, TypeError, "one to 3 traces or readings to show, got 4"),
        ([nn.LSTM(2, 3)], {}, TypeError, r"got LSTM: trace it first"),
        ([INPUTS], {}, TypeError, "got Tensor$"),
        ([[1]], {}, TypeError, "got list: give several one by one"),
        ("r", {"unit": 3}, ValueError, "expected one of .*units.*, got 'unit'"),
        ("r", {"units": [8]}, ValueError, r"units: expected numbers in 0\.\.7, got 8"),
        ("r", {"units": 3}, ValueError, "units: expected up to 8 units"),
        ("r", {"classes": ["a"]}, ValueError, "classes: expected None"),
        ("r", {"layer": 1}, ValueError, r"layer: expected 0\.\.0, got 1"),
        ("r", {"step": 20}, ValueError, r"step: expected numbers in 0\.\.19, got 20"),
        ("r", {"steps": [3, 20]}, ValueError, r"steps: expected numbers in 0\.\.19, got 20"),
        ("r", {"span": (3, 20)}, ValueError, r"span: expected numbers in 0\.\.19, got 20"),
        ("r", {"focus": 1}, ValueError, r"focus: expected numbers in 0\.\.0, got 1"),
        ("r", {"order": "size"}, ValueError, "order: expected one of index"),
        ("r", {"direction": "both"}, ValueError, "nothing here reads backward"),
        ("r", {"values": "difference"}, ValueError, "no reading here has a ghost"),
        ("r", {"theme": "blue"}, ValueError, "theme: expected one of auto, light, dark"),
        ("r", {"height": '1" onload="alert(1)'}, ValueError, "height: expected a whole number"),
        ("r", {"height": 0}, ValueError, "height: expected a whole number of pixels, got 0"),
        ("r", {"example": 3}, IndexError, r"example: expected 0\.\.2, got 3"),
        ("rs", {}, ValueError, r"same number of steps, got \[5, 20\]"),
    ],
)
def test_what_makes_no_sense_is_refused(
    things: Any, words: dict[str, Any], error: type[Exception], message: str
) -> None:
    makers = {"r": traced, "s": made_up}
    if isinstance(things, str):
        things = [makers[letter]() for letter in things]
    with pytest.raises(error, match=message):
        rnnviz.show(*things, **words)


def test_a_network_that_diverged_says_where() -> None:
    module = nn.GRU(5, 8, num_layers=2, batch_first=True)
    nn.init.constant_(module.weight_hh_l1, float("nan"))
    inputs = INPUTS.clone()
    with pytest.raises(ValueError, match="reset_gate: .* at step 0: .*diverged"):
        rnnviz.show(rnnviz.trace(module, inputs))
    inputs[1, 4] = float("inf")
    trace = rnnviz.trace(nn.RNN(5, 8, batch_first=True), inputs, LENGTHS)
    assert rnnviz.show(trace, example=0)
    inputs[0, 4] = float("nan")
    trace = rnnviz.trace(nn.RNN(5, 8, batch_first=True), inputs, LENGTHS)
    with pytest.raises(ValueError, match="hidden: .* at step 4: .*its input"):
        rnnviz.show(trace, example=0)


@pytest.mark.parametrize(
    ("scale", "nonlinearity", "sentence"),
    [
        (9.0, "relu", "h = relu("),
        (0.001, "relu", "h = tanh(W x + U h + b), or relu"),
        (9.0, "tanh", "h = tanh(W x + U h + b). "),
    ],
)
def test_the_equation_is_named_as_far_as_it_is_known(
    scale: float, nonlinearity: str, sentence: str
) -> None:
    torch.manual_seed(0)
    module = nn.RNN(5, 8, batch_first=True, nonlinearity=nonlinearity, bias=False)
    shown = data_of(rnnviz.show(rnnviz.trace(module, scale * INPUTS)))
    assert sentence in shown["readings"][0]["convention"]


def test_readings_may_differ_in_their_layers() -> None:
    shown = rnnviz.show(traced("rnn"), traced("gru", num_layers=2), layer=1, units=[7])
    assert [len(one["layers"]) for one in data_of(shown)["readings"]] == [1, 2]


def test_nothing_of_the_app_is_needed(root: Path) -> None:
    code = """
import sys
for name in ("streamlit", "plotly", "sklearn", "torchvision", "PIL", "pandas"):
    sys.modules[name] = None  # an import of it raises ImportError
import torch, rnnviz
from rnnviz.explorer.digits import exhibit
from rnnviz.models import checkpoint
trace = rnnviz.trace(torch.nn.GRU(3, 4, batch_first=True), torch.rand(2, 5, 3))
assert "<iframe" in rnnviz.show(trace, order="cluster")._repr_html_()
task = exhibit.Task("mnist-lstm", exhibit.sample(8), ghost=exhibit.sample(3))
assert rnnviz.show(exhibit.read(checkpoint.load(task.model), task)).html
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
