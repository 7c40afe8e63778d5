"""Readings on their way to the browser, the joining of modules, and what comes back."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from rnnviz.explorer.parts.components import committed
from rnnviz.notation.cells import DRAWN
from rnnviz.theatre import drawing
from rnnviz.theatre.arrays import decode, encode
from rnnviz.theatre.modules import WEB, ModuleError, file, join
from rnnviz.theatre.payload import payloads
from rnnviz.theatre.reading import SHORT, LayerReading, Mark, Reading, reading_from_trace
from rnnviz.theatre.view import View


def made_up(cell: str = "lstm", steps: int = 5, units: int = 4, **changes: Any) -> Reading:
    """A reading of random numbers in the right ranges."""
    random = np.random.default_rng(0)
    signals = {
        name: random.random((steps, units)) * (1 if name.endswith("_gate") else 1.8)
        for name in DRAWN.get(cell, ())
    }
    probabilities = random.random((steps, 3))
    fields: dict[str, Any] = {
        "name": "made-up",
        "cell": cell,
        "readout": "attention",
        "classes": ("a", "b", "c"),
        "layers": (LayerReading(signals), LayerReading(signals, signals)),
        "probabilities": probabilities / probabilities.sum(1, keepdims=True),
        "attention": np.full(steps, 1 / steps),
        "image": random.integers(0, 256, (steps, 6)).astype(np.uint8),
        "truth": "b",
        "marks": (Mark(2, "it flips here"),),
    }
    return Reading(**(fields | changes))


@given(
    arrays(np.float64, array_shapes(max_dims=2), elements=st.floats(-3, 3)),
    st.sampled_from([8, 16]),
)
def test_arrays_come_back_within_half_a_step(values: np.ndarray, bits: int) -> None:
    packed = json.loads(json.dumps(encode(values, low=-3, high=3, bits=bits)))
    back = decode(packed)
    assert back.shape == values.shape
    assert np.abs(back - values).max(initial=0) <= 3 / (2**bits - 1) + 1e-12


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [([np.nan], 0, 1), ([np.inf], 0, 1), ([1.5], 0, 1), ([-0.5], 0, 1), ([0.5], 1, 1)],
)
def test_what_cannot_be_packed_is_refused(values: list[float], low: float, high: float) -> None:
    with pytest.raises(ValueError, match="expected"):
        encode(np.array(values), low=low, high=high)


@pytest.mark.parametrize(
    "change",
    [
        {"data": "%%%"},
        {"data": ""},
        {"bits": 7},
        {"shape": [10**9, 10**9]},
        {"shape": [-1, -2]},
        {"shape": "x"},
        {"low": None},
    ],
)
def test_a_broken_array_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected"):
        decode(encode(np.zeros((2, 3)), low=0, high=1) | change)


@pytest.mark.parametrize("cell", DRAWN)
def test_a_reading_there_and_back(cell: str) -> None:
    reading = made_up(cell)
    back = Reading.from_payload(json.loads(json.dumps(reading.to_payload())))
    for layer, other in zip(reading.layers, back.layers, strict=True):
        for name, values in layer.forward.items():
            np.testing.assert_allclose(other.forward[name], values, atol=7e-5)
        assert (layer.backward is None) == (other.backward is None)
    np.testing.assert_allclose(back.probabilities, reading.probabilities, atol=1e-5)
    assert back.image is not None and reading.image is not None
    assert (back.image == reading.image).all()
    assert (back.classes, back.truth, back.answer) == (
        reading.classes,
        reading.truth,
        reading.answer,
    )
    assert back.marks[0].label == "it flips here"


def test_a_long_reading_travels_with_a_byte_per_value() -> None:
    steps = 100
    units = SHORT // (3 * 6 * steps) + 1
    payload = made_up(steps=steps, units=units, image=None).to_payload()
    assert payload["layers"][0]["forward"]["hidden"]["bits"] == 8


def test_values_beyond_the_drawn_range_are_packed_whole() -> None:
    values = {name: np.zeros((5, 4)) for name in DRAWN["lstm"]} | {"cell": np.full((5, 4), -7.0)}
    reading = made_up(layers=(LayerReading(values),))
    packed = reading.to_payload()["layers"][0]["forward"]["cell"]
    assert (packed["low"], packed["high"]) == (-7, 7)
    assert decode(packed)[0, 0] == -7


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cell": "mamba", "layers": ()}, "expected one of rnn, gru, lstm"),
        ({"layers": (LayerReading({"hidden": np.ones((5, 4))}),)}, "expected signals"),
        ({"probabilities": np.ones((5, 4))}, "probabilities: expected"),
        ({"attention": np.ones(3)}, "attention: expected 5 steps, got 3"),
        ({"image": np.ones((3, 3))}, "image: expected 5 steps"),
        ({"layers": (LayerReading({n: np.ones(5) for n in DRAWN["lstm"]}),)}, "expected"),
    ],
)
def test_a_reading_that_does_not_fit_together_is_refused(
    change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        made_up(**change)


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(ValueError, match="expected version 3, got 1"):
        Reading.from_payload(made_up().to_payload() | {"version": 1})


@pytest.mark.parametrize("cell", DRAWN)
@pytest.mark.parametrize("readout", ["attention", "last"])
def test_a_reading_equals_the_trace_it_came_from(cell: str, readout: str) -> None:
    import torch

    from rnnviz.models.classifier import SequenceClassifier

    torch.manual_seed(0)
    model = SequenceClassifier(cell=cell, readout=readout, hidden_size=8).eval()
    trace = model.trace(torch.rand(2, 28, 28), torch.tensor([28, 20]))
    reading = reading_from_trace(trace, name="x", readout=readout, classes=model.labels, example=1)
    assert reading.steps == 20
    assert (reading.attention is None) == (readout == "last")
    for layer, traced in zip(reading.layers, trace.recurrent.layers, strict=True):
        for name in DRAWN[cell]:
            expected = getattr(traced.forward, name)[1, :20].numpy()
            np.testing.assert_array_equal(layer.forward[name], expected)
    np.testing.assert_allclose(reading.probabilities[-1], trace.probabilities[1].numpy(), atol=1e-5)


def test_the_stored_reading_equals_the_live_one() -> None:
    from rnnviz.explorer.digits import opening
    from rnnviz.models import storage

    stored = opening.load()
    if stored is None:
        pytest.skip("no stored reading yet: python -m rnnviz.explorer.digits.opening")
    if opening.ADDRESS.model not in storage.names():
        pytest.skip("no trained model yet")
    live = opening.build()
    kept, fresh = Reading.from_payload(stored), Reading.from_payload(live)
    assert {**stored, "layers": 0, "probabilities": 0, "attention": 0} == {
        **live,
        "layers": 0,
        "probabilities": 0,
        "attention": 0,
    }
    np.testing.assert_allclose(kept.probabilities, fresh.probabilities, atol=1e-4)
    for old, new in zip(kept.layers, fresh.layers, strict=True):
        for name, values in old.forward.items():
            np.testing.assert_allclose(new.forward[name], values, atol=1e-3)


# Joining modules.


def write(folder: Path, **modules: str) -> Path:
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    return folder / "entry.js"


def test_modules_are_joined_dependencies_first_and_once(tmp_path: Path) -> None:
    entry = write(
        tmp_path,
        a="export const one = 1;\n",
        b='import { one } from "./a.js";\nexport function two() {\n  return one + 1;\n}\n',
        entry='import { one } from "./a.js";\nimport {\n  two,\n} from "./b.js";\n'
        "export default function main() {\n  return one + two();\n}\n",
    )
    text = join(entry)
    assert text.count("const one = 1;") == 1
    assert text.index("const one") < text.index("function two") < text.index("export default")
    assert "import" not in text
    assert text.count("export") == 1


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        ({"entry": 'import { x } from "./gone.js";\n'}, "gone.js: expected this module"),
        (
            {"a": "const x = 1;\n", "entry": 'import { y } from "./a.js";\nconst x = 2;\n'},
            "expected names that are unique, got x",
        ),
        (
            {
                "a": 'import { y } from "./entry.js";\n',
                "entry": 'import { z } from "./a.js";\nexport const y = 1;\n',
            },
            "no import cycle",
        ),
        (
            {"a": "export const y = 1;\n", "entry": 'import { y as z } from "./a.js";\n'},
            "expected plain names",
        ),
        ({"entry": 'import x from "https://cdn.example/x.js";\n'}, "expected only named imports"),
        ({"entry": "const a = 1;\nexport { a };\n"}, "expected only named imports"),
        (
            {"a": "export default 1;\n", "entry": 'import { y } from "./a.js";\n'},
            "default export in the entry module only",
        ),
    ],
)
def test_what_cannot_be_joined_is_refused(
    tmp_path: Path, modules: dict[str, str], message: str
) -> None:
    with pytest.raises(ModuleError, match=message):
        join(write(tmp_path, **modules))


@pytest.mark.parametrize(
    "name",
    [
        "theatre",
        "measures",
        "menu",
        "canvas",
        "gallery",
        "morph",
        "picker",
        "place",
        "scribe",
        "scrubber",
        "travel",
    ],
)
def test_each_component_is_one_module_that_reaches_nowhere_else(name: str) -> None:
    text = join(file(f"{name}.js"))
    assert text.count("export default function") == 1
    for word in ("http:", "https:", "innerHTML", "outerHTML", "eval(", "insertAdjacentHTML"):
        assert word not in text
    assert len(text) < 260_000


def test_no_module_is_left_out() -> None:
    entries = [
        path
        for path in WEB.glob("*/*.js")
        if path.stem == "standalone" or "\nexport default" in path.read_text(encoding="utf-8")
    ]
    joined = "".join(map(join, entries))
    for path in WEB.glob("*/*.js"):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first.startswith("//"), f"{path.name}: expected a first line that says what it is"
        assert first in joined, path.name


# What comes back.


@pytest.mark.parametrize(
    ("sent", "view"),
    [
        (None, None),
        ("x", None),
        ({"layer": 0, "step": 4, "units": [3], "focus": 1}, View(step=4, units=(3,), focus=1)),
        (
            {"layer": 1, "step": 5, "steps": [4, 5], "units": [3, 4], "span": [2, 5]},
            View(layer=1, steps=(4,), units=(3,)),
        ),
        ({"layer": -1, "steps": [-1], "units": -1, "focus": 2}, View(focus=1)),
        ({"layer": True, "step": 1.0, "units": "3", "hidden": ["<b>"]}, View()),
    ],
)
def test_only_commits_that_make_sense_are_taken(sent: Any, view: View | None) -> None:
    assert committed(sent, [made_up().to_payload()] * 2) == view


def test_readings_that_cannot_stand_together_are_refused() -> None:
    with pytest.raises(ValueError, match="1 to 3 readings, got 0"):
        payloads([])
    with pytest.raises(ValueError, match=r"same number of steps, got \[4, 5\]"):
        payloads([made_up(), made_up(steps=4)])
    assert len(payloads(made_up())) == 1


def test_a_drawing_is_taken_as_it_was_drawn() -> None:
    pixels = np.arange(112 * 112, dtype=np.uint32).astype(np.uint8).reshape(112, 112)
    data = encode(pixels, low=0, high=255, bits=8)["data"]
    strokes = [{"pen": "thin", "points": [[0, 1], [0.5, 0.25]]}]
    parsed = drawing.parse({"image": data, "strokes": strokes})
    assert parsed.image is not None
    assert (parsed.image == pixels).all()
    assert list(parsed.strokes) == strokes
    assert drawing.parse({"image": None, "strokes": []}).image is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["image", "strokes", "pen", "points"]), inner)
        ),
        max_leaves=12,
    )
)
def test_anything_else_is_refused_with_a_sentence(sent: Any) -> None:
    try:
        parsed = drawing.parse(sent)
    except drawing.DrawingError as error:
        assert str(error).startswith("Expected")
    else:
        assert parsed.image is None


def test_a_reading_needs_neither_torch_nor_streamlit(root: Path) -> None:
    code = (
        "import sys; import rnnviz.theatre.reading; "
        "print([name for name in ('torch',) if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
