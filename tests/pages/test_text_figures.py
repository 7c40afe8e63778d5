"""The figures of the Text page: made when asked for, kept in the address, out of a writer's way."""

from __future__ import annotations

import pytest

from rnnviz.explorer.text.figures import room
from tests.pages.conftest import Open
from tests.pages.texts import heard, place, travel, words, write


@pytest.mark.parametrize("figure", ["why", "line", "gates", "padding"])
def test_a_figure_is_made_when_asked_for_and_not_before(text_page: Open, figure: str) -> None:
    app = text_page()
    assert not app.get("plotly_chart")
    app.button_group(key="text_figure").set_value(figure).run()
    assert words(app) == {"figure": figure}
    assert not app.get("plotly_chart"), "the theatre is painted first"
    assert place(app)["ask"] is not None
    app.session_state["text_place"] = {"asked": place(app)["ask"]}
    app.run()
    assert not app.exception
    assert not app.info
    assert app.get("plotly_chart")


def test_the_pads_go_into_the_address_at_once_and_stay_when_the_text_changes(
    text_page: Open,
) -> None:
    app = text_page(figure="padding", pads="200")
    heard(app)
    write(app, "It was not bad.")
    heard(app)
    choice = place(app)["choice"]
    for text in ("It was not bad at", "It was not bad at all"):
        write(app, text)
        heard(app)
        assert words(app)["pads"] == "200"
        assert place(app)["choice"] == choice, "one edit is one entry of the history"
    app.slider(key="text_pads").set_value(77).run()
    assert words(app)["pads"] == "77"
    assert place(app)["choice"] == choice + 1
    app.slider(key="text_pads").set_value(78).run()
    assert words(app)["pads"] == "78"
    assert place(app)["choice"] == choice + 1, "a slider that moves on is one entry"
    travel(app, figure="padding")
    heard(app)
    assert words(app) == {"figure": "padding"}
    assert [one.value for one in app.slider] == [50]


def test_a_long_text_is_explained_only_after_a_rest(
    text_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MANY_TOKENS", 5)
    monkeypatch.setattr(room, "LONG_PAUSE", 3600.0)
    app = text_page(figure="why")
    ask = place(app)["ask"]
    heard(app)
    assert not app.get("plotly_chart")
    assert place(app)["ask"] == ask + 1, "it asks again when the rest is over"
    assert place(app)["after"] > 3000_000
    monkeypatch.setattr(room, "LONG_PAUSE", 0.0)
    heard(app)
    assert app.get("plotly_chart")
    app.button_group(key="text_figure").set_value("gates").run()
    assert app.get("plotly_chart"), "other figures of a text that was looked at do not wait"
