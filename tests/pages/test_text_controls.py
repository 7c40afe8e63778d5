"""What the controls of the Text page show first, and what after a change from elsewhere.

A value that a page sets through the session travels in one message only, which a browser may miss;
what a control is made with stands in every message. Oracle: the message itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from rnnviz.analysis.reactions import Reactions
from rnnviz.data.passages import PASSAGES
from rnnviz.theatre.view import View
from tests.pages.conftest import Open
from tests.pages.test_text import OWN, upload
from tests.pages.texts import handed, heard, said, shown, text_of, write

TABLE = "mood,review,title\n😀,A dull film,Dull\n🎬,A lovely film,Lovely\n".encode()


def control(app: AppTest, label: str) -> Any:
    every = (*app.selectbox, *app.slider, *app.number_input, *app.toggle, *app.get("button_group"))
    (found,) = [one for one in every if one.label.startswith(label)]
    return found


def is_made_with_its_value(app: AppTest, label: str) -> bool:
    return not control(app, label).proto.set_value


def picker(app: AppTest) -> dict[str, Any]:
    (data,) = handed(app, "picker")
    assert data["picked"] in [key for key, _ in data["entries"]]
    return data


def figure(app: AppTest, name: str) -> AppTest:
    """That figure, as the browser asks for it after the theatre was painted."""
    app.button_group(key="text_figure").set_value(name).run()
    heard(app)
    assert not app.exception and not app.info
    return app


def test_the_list_of_texts_and_the_link(text_page: Open) -> None:
    app = text_page(text="irony")
    assert picker(app)["picked"] == "irony"
    write(app, OWN)
    assert picker(app)["picked"] == app.session_state["text"].address.text
    assert is_made_with_its_value(app, "Put my text") and not control(app, "Put my text").value
    write(app, PASSAGES[0].text)
    assert picker(app)["picked"] == PASSAGES[0].key


def test_a_column_that_holds_no_texts_is_not_shown_as_chosen(text_page: Open) -> None:
    app = text_page()
    upload(app, "mine.csv", TABLE)
    for label, value in (("Column", "review"), ("Row", 1)):
        assert is_made_with_its_value(app, label) and control(app, label).value == value
    control(app, "Row").set_value(2).run()
    control(app, "Column").set_value("mood").run()
    assert "The last reading stays" in said(app)
    assert control(app, "Column").value == "review" and control(app, "Row").value == 2
    assert text_of(shown(app)[0]) == "A lovely film"
    control(app, "Column").set_value("title").run()
    assert control(app, "Column").value == "title" and control(app, "Row").value == 1
    assert text_of(shown(app)[0]) == "Dull"


def test_the_direction_of_the_line_is_that_of_the_theatre(text_page: Open) -> None:
    app = text_page(dir="backward")
    figure(app, "line")
    assert is_made_with_its_value(app, "Direction of the states")
    assert control(app, "Direction of the states").value == "backward"


def test_the_empty_steps_are_those_of_the_address(text_page: Open) -> None:
    app = figure(text_page(pads="33"), "padding")
    assert is_made_with_its_value(app, "Empty steps") and control(app, "Empty steps").value == 33


def test_the_unit_of_the_other_direction_is_another_one(
    text_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The theatre changes its direction: the list shows the unit by which it colours the text."""
    unit = 5
    top = [(way, number) for number in (unit, 2) for way in ("forward", "backward")]
    names = [f"{way} {number}" for way, number in top]
    monkeypatch.setattr(
        Reactions, "top", lambda self, kind, _: [self.of(kind, *one) for one in top]
    )
    app = figure(text_page(), "units")
    assert control(app, "Colour the text").options == names
    choices = app.session_state["text"]
    for direction in ("forward", "backward", "forward"):
        choices.view = replace(View(), direction=direction, units=(unit,), tint="unit:hidden")
        heard(app)
        assert is_made_with_its_value(app, "Colour the text")
        assert control(app, "Colour the text").value == f"{direction} {unit}"
    other = next(name for name in names if name != f"forward {unit}")
    control(app, "Colour the text").set_value(other).run()
    direction, number = other.split()
    assert (choices.view.direction, choices.view.units) == (direction, (int(number),))
