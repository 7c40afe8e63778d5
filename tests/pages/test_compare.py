"""Three cells at once, a pinned digit, a mix of two, and what the address keeps of it."""

from __future__ import annotations

import base64
import itertools
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from rnnviz.data import images
from rnnviz.explorer.digits import exhibit
from rnnviz.explorer.digits.address import WORDS, pack_image
from rnnviz.explorer.parts.components import Trip
from tests.pages.conftest import Open
from tests.pages.test_digits import (
    PAGE,
    choice,
    drawing,
    handed,
    image_of,
    shown,
    tell,
    theatre_data,
    words,
)

SENSE = ["all", "gru", "last", "1", "8", "0", "40", "why", "2-5"]
OWN = bytes(range(256)) * 3 + bytes(16)


def readings(app: AppTest) -> list[dict[str, Any]]:
    return theatre_data(app)["readings"]


def pick(app: AppTest, number: int) -> None:
    """Click a bundled sample, counted from 1, as the browser says it."""
    tell(app, "gallery", "picked", {"value": number - 1})


DOWN = {"pen": "normal", "points": [[0.5, 0.2], [0.5, 0.8]]}
ACROSS = {"pen": "normal", "points": [[0.2, 0.2], [0.5, 0.2]]}
PLACES = {"down": np.s_[20:92, 52:60], "across": np.s_[20:28, 20:60]}


def draw(app: AppTest, *strokes: dict[str, Any]) -> None:
    """The board says what it holds, DOWN and ACROSS or one of them."""
    pixels = np.zeros((112, 112), np.uint8)
    for stroke, place in ((DOWN, PLACES["down"]), (ACROSS, PLACES["across"])):
        pixels[place] = 255 if stroke in strokes else pixels[place]
    image = base64.b64encode(pixels.tobytes()).decode()
    tell(app, "board", "drawing", {"image": image, "strokes": list(strokes)})


def go_back(app: AppTest, **query: str) -> None:
    """A run as it comes after the browser's back button."""
    tell(app, "travel", "went", {"search": "?" + urlencode(query)})


def test_all_three_cells_read_the_same_digit(open_page: Open, models: Path) -> None:
    app = open_page(PAGE, cell="all", sample="4")
    assert [payload["cell"] for payload in readings(app)] == ["lstm", "gru", "rnn"]
    assert {image_of(payload) for payload in readings(app)} == {exhibit.sample(4).pixels}
    assert theatre_data(app)["options"]["title"] == "LSTM, GRU and RNN, attention readout"
    assert app.button_group(key="digits_cell").value == "all"


def test_a_pinned_digit_stays_as_a_ghost(open_page: Open, models: Path) -> None:
    app = open_page(PAGE, cell="all")
    app.button(key="digits_pin").click().run()
    assert words(app) == {"cell": "all", "pin": "8"}
    pick(app, 3)
    assert words(app) == {"cell": "all", "sample": "3", "pin": "8"}
    for payload in readings(app):
        assert image_of(payload) == exhibit.sample(3).pixels
        assert image_of(payload["ghost"]) == exhibit.sample(8).pixels
        assert payload["ghost"]["cell"] == payload["cell"]
        assert payload["ghost"]["ghost"] is None
        assert payload["ghost"]["layers"][0]["orders"]["forward"] is None
    app.button(key="digits_unpin").click().run()
    assert words(app) == {"cell": "all", "sample": "3"}
    assert all(payload["ghost"] is None for payload in readings(app))
    assert not handed(app, "morph")


def test_a_pinned_digit_beside_this_one(open_page: Open, models: Path) -> None:
    app = open_page(PAGE, cell="gru", sample="3", pinned=pack_image(OWN))
    app.toggle(key="digits_beside").set_value(True).run()
    assert words(app)["beside"] == "1"
    assert [image_of(payload) for payload in readings(app)] == [exhibit.sample(3).pixels, OWN]
    assert [payload["ghost"] for payload in readings(app)] == [None, None]


def test_the_slider_mixes_pixels_and_rests_in_the_address(open_page: Open, models: Path) -> None:
    app = open_page(PAGE, sample="3", pin="8")
    before = choice(app)

    def move(percent: Any, settled: bool, turn: int) -> None:
        message = {"percent": percent, "settled": settled, "turn": turn}
        tell(app, "morph", "mix", message)

    move(40, False, 1)
    mixed = np.rint(0.4 * exhibit.sample(3).image + 0.6 * exhibit.sample(8).image)
    assert image_of(shown(app)) == mixed.astype(np.uint8).tobytes()
    assert image_of(shown(app)["ghost"]) == exhibit.sample(8).pixels
    assert shown(app)["truth"] is None
    assert "morph" not in words(app)
    assert [(one["percent"], one["heard"]) for one in handed(app, "morph")] == [(40, 1)]
    move(40, True, 2)
    assert words(app)["morph"] == "40"
    assert choice(app) == before + 1
    move(55, True, 3)
    assert choice(app) == before + 1, "the same slider moved on is the same choice"
    pick(app, 5)
    assert "morph" not in words(app)
    assert image_of(shown(app)) == exhibit.sample(5).pixels


def test_going_back_restores_everything(open_page: Open, models: Path) -> None:
    app = open_page(PAGE)
    app.button(key="digits_pin").click().run()
    pick(app, 3)
    app.button_group(key="digits_cell").set_value("rnn").run()
    go_back(app, v="2", cell="all", sample="5", pin="6", morph="20", layer="2")
    assert words(app) == {"cell": "all", "sample": "5", "pin": "6", "morph": "20"}
    assert [payload["cell"] for payload in readings(app)] == ["lstm", "gru", "rnn"]
    assert app.button_group(key="digits_cell_1").value == "all"
    with pytest.raises(KeyError):
        app.button_group(key="digits_cell")  # what a late message says of it counts no more
    assert app.session_state["digits"].view.layer == 1
    assert handed(app, "morph")[0]["percent"] == 20
    go_back(app)
    assert words(app) == {}
    assert shown(app)["cell"] == "lstm"
    app.run()
    assert words(app) == {}, "an ordinary run afterwards adopts nothing"


def test_an_ordinary_run_trusts_the_session_not_the_address(open_page: Open, models: Path) -> None:
    """Streamlit sends an address that may be old: the browser has changed it since."""
    app = open_page(PAGE, cell="gru")
    app.button_group(key="digits_cell").set_value("rnn").run()
    app.query_params["cell"] = "gru"
    app.run()
    assert shown(app)["cell"] == "rnn"


def test_strokes_of_one_drawing_are_one_choice_and_going_back_fills_the_board(
    open_page: Open, models: Path
) -> None:
    app = open_page(PAGE)
    start = choice(app)
    draw(app, DOWN)
    assert choice(app) == start + 1
    draw(app, DOWN, ACROSS)
    both = words(app)
    assert choice(app) == start + 1
    draw(app, ACROSS)
    assert choice(app) == start + 2
    (board,) = handed(app, "canvas")
    go_back(app, **both)
    (filled,) = handed(app, "canvas")
    assert filled["fill"] == board["fill"] + 1
    assert filled["strokes"] == [DOWN, ACROSS]
    assert theatre_data(app)["options"]["subtitle"] == "reading your drawing"
    draw(app, DOWN, ACROSS)  # the board says what it was filled with
    assert words(app) == both


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    query=st.dictionaries(
        st.sampled_from(["v", "layer", "units", "span", "hide", "focus", "step", *WORDS]),
        st.text(st.characters(codec="utf-8"), max_size=30)
        | st.sampled_from(
            ["all", "gru", "last", "1", "8", "0", "40", "why", "2-5", pack_image(OWN)]
        ),
        max_size=6,
    )
)
def test_any_address_gives_a_usable_page(
    open_page: Open, models: Path, query: dict[str, str]
) -> None:
    app = open_page(PAGE, **query)
    assert not app.exception
    assert readings(app)
    said = app.warning[0].value.count("asks for") if app.warning else 0
    assert said <= len(query) + 1


def test_a_drawing_that_is_still_made_tidy_does_not_undo_going_back(
    open_page: Open, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(PAGE)
    choices, normalise = app.session_state["digits"], images.normalise

    def slow(image: np.ndarray) -> np.ndarray:
        # What the run does that follows the browser, while Streamlit has not stopped this one yet.
        choices.follow(Trip(99, {"sample": "4"}))
        return normalise(image)

    monkeypatch.setattr(images, "normalise", slow)
    draw(app, DOWN)
    assert image_of(shown(app)) == exhibit.sample(4).pixels
    assert words(app) == {"sample": "4"}


ORDERS = list(itertools.permutations(("drawing", "picked", "went")))


@pytest.mark.parametrize("order", ORDERS)
def test_what_comes_in_one_message_is_taken_in_the_order_in_which_it_was_done(
    open_page: Open, models: Path, order: tuple[str, ...]
) -> None:
    """Streamlit makes one message of several: the turns say what was last, and that stays."""
    app = open_page(PAGE, pin="8")
    sent = {
        "drawing": ("board", drawing()),
        "picked": ("gallery", {"value": 4}),
        "went": ("travel", {"search": "?sample=6&cell=gru&pin=8"}),
    }
    for place, what in enumerate(order):
        component, message = sent[what]
        app.session_state[f"digits_{component}"] = {what: {"turn": 1 + place, **message}}
    app.run()
    last = order[-1]
    if last == "drawing":
        assert theatre_data(app)["options"]["subtitle"].startswith("reading your drawing")
    else:
        wanted = exhibit.sample(5 if last == "picked" else 6).pixels
        assert image_of(shown(app)) == wanted
    assert shown(app)["cell"] == "gru"
    before = words(app), handed(app, "canvas"), handed(app, "morph")
    app.run()
    assert (words(app), handed(app, "canvas"), handed(app, "morph")) == before
    assert handed(app, "canvas")[0]["strokes"] == drawing()["strokes"]


def test_a_slider_that_was_moved_before_the_pick_moves_nothing(
    open_page: Open, models: Path
) -> None:
    app = open_page(PAGE, sample="3", pin="8")
    mix = {"percent": 40, "settled": True}
    app.session_state["digits_morph"] = {"mix": {"turn": 4, **mix}}
    app.session_state["digits_gallery"] = {"picked": {"turn": 5, "value": 4}}
    app.run()
    assert "morph" not in words(app) and handed(app, "morph")[0]["percent"] == 100
    app.session_state["digits_morph"] = {"mix": {"turn": 6, **mix}}
    app.run()
    assert words(app)["morph"] == "40"
