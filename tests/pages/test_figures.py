"""The figures below the theatre, what can be taken away, and the code that shows the same."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from rnnviz.analysis import atlas
from rnnviz.explorer.digits import code, exhibit, takeaway
from rnnviz.explorer.digits import readings as kept
from rnnviz.explorer.digits.address import FIGURES, DigitsAddress
from rnnviz.explorer.parts import warmup
from rnnviz.theatre.arrays import decode
from rnnviz.theatre.view import View
from tests.pages.conftest import Open
from tests.pages.test_digits import PAGE, handed, now, shown, tell, words


def drawn(app: AppTest) -> AppTest:
    """The page after the half second in which the theatre has the browser for itself."""
    (place,) = handed(app, "place")
    app.session_state["digits_place"] = {"asked": place["ask"]}
    return app.run()


def plots(app: AppTest) -> list[dict[str, Any]]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def values(array: Any) -> np.ndarray:
    """Numbers as Plotly ships them."""
    if isinstance(array, dict):
        return np.frombuffer(base64.b64decode(array["bdata"]), array["dtype"])
    return np.asarray(array)


def test_the_first_picture_waits_for_no_figure(open_page: Open) -> None:
    app = open_page(PAGE)
    assert not plots(app)
    (place,) = handed(app, "place")
    assert place["ask"] == 1
    assert len(plots(drawn(app))) == 2
    (place,) = handed(app, "place")
    assert place["ask"] is None


@pytest.mark.parametrize("name", FIGURES)
def test_each_figure_is_drawn_with_a_caption_and_words_for_those_who_cannot_see(
    open_page: Open, name: str
) -> None:
    warmup.import_torch()
    app = drawn(open_page(PAGE, figure=name))
    assert not app.exception
    assert not app.info
    charts = app.get("plotly_chart")
    assert len(charts) == (2 if name == "gates" else 1)
    assert all(chart.proto.alt for chart in charts)
    assert any("What to look for" in caption.value for caption in app.caption)


def test_a_figure_follows_what_is_chosen_in_the_theatre(open_page: Open) -> None:
    app = drawn(open_page(PAGE))
    before = plots(app)
    app.session_state["digits_theatre"] = {
        "view": {**now(app), "layer": 1, "units": [5], "steps": [3]}
    }
    app.run()
    after = plots(app)
    assert before != after
    rug = [trace for trace in after[0]["data"] if trace.get("name") == "unit 5"]
    wanted = decode(shown(app)["layers"][1]["forward"]["forget_gate"])
    assert values(rug[0]["x"]) == pytest.approx(wanted[:, 5], abs=1e-3)


def test_the_choice_of_a_figure_goes_into_the_address(open_page: Open) -> None:
    app = drawn(open_page(PAGE))
    app.button_group(key="digits_figure").set_value("early").run()
    assert words(app) == {"figure": "early"}
    assert "right answers" in str(plots(app)[0])


def test_the_picture_format_is_a_choice(open_page: Open) -> None:
    app = drawn(open_page(PAGE))
    app.button_group(key="digits_format").set_value("PNG").run()
    config = json.loads(app.get("plotly_chart")[0].proto.config)
    assert config["toImageButtonOptions"]["format"] == "png"


def test_explanations_say_that_they_wait_for_torch(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warmup, "torch_is_here", lambda: False)
    app = drawn(open_page(PAGE, figure="why"))
    assert "made ready" in app.info[0].value
    (place,) = handed(app, "place")
    assert (place["ask"], place["after"]) == (2, 600)


def test_a_missing_atlas_is_a_sentence_and_gates_are_drawn_without(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, fresh_caches: None
) -> None:
    def missing(name: str) -> None:
        raise atlas.AtlasError("expected an atlas, got none: run the command")

    monkeypatch.setattr(kept.atlas, "load", missing)
    app = drawn(open_page(PAGE, figure="path"))
    assert "expected an atlas" in app.info[0].value.lower()
    app.button_group(key="digits_figure").set_value("gates").run()
    assert len(plots(app)) == 2


def test_while_the_slider_moves_the_figures_stand_still(open_page: Open, models: Path) -> None:
    app = drawn(open_page(PAGE, sample="3", pin="8"))
    before = plots(app)
    tell(app, "morph", "mix", {"percent": 40, "settled": False})
    assert plots(app) == before
    tell(app, "morph", "mix", {"percent": 40, "settled": True})
    assert plots(app) == before, "the theatre is painted first"
    assert plots(drawn(app)) != before


@pytest.mark.parametrize("kind", ["npz", "csv"])
def test_a_downloaded_trace_is_the_reading(models: Path, kind: str) -> None:
    task = exhibit.tasks(DigitsAddress(cell="gru", sample=3))[0]
    data = takeaway.trace_file(task, kind)
    gate = kept.reading(task.model, task.picture.pixels, "1").layers[1].forward["update_gate"]
    if kind == "npz":
        with np.load(io.BytesIO(data)) as arrays:
            assert arrays["layer1.forward.update_gate"][0] == pytest.approx(gate)
    else:
        lines = data.decode().splitlines()
        wanted = f"1,forward,update_gate,0,4,9,{float(gate[4, 9])}"
        assert wanted in lines


def test_the_page_offers_files_and_shows_its_code(open_page: Open, models: Path) -> None:
    app = open_page(PAGE, cell="all", sample="3", pin="8", layer="2")
    labels = [button.proto.label for button in app.get("download_button")]
    assert labels == ["Trace, NPZ", "Trace, CSV", "Theatre, HTML"]
    address = DigitsAddress(cell="all", sample=3, pin=8)
    assert app.code[0].value == code.digits_code(address, View(layer=1)).rstrip("\n")
