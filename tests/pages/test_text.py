"""The Text page as a person meets it: what it shows, what it keeps, what it says."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from rnnviz.data.passages import PASSAGES, passage
from rnnviz.explorer.text import readings
from rnnviz.explorer.text.address import TextAddress, pack_text
from tests.pages.conftest import Open
from tests.pages.texts import (
    box,
    pick,
    place,
    said,
    shown,
    text_of,
    theatres,
    travel,
    words,
    write,
)

PAGE = "pages/text.py"
FIRST, SECOND = PASSAGES[0], PASSAGES[1]
OWN = "It was not bad at all."


def test_it_opens_on_a_passage(text_page: Open) -> None:
    app = text_page()
    assert not app.exception
    assert not app.warning
    assert text_of(shown(app)[0]) == FIRST.text == box(app)["text"]
    assert shown(app)[0]["name"] == "imdb-lstm"
    assert words(app) == {}
    assert app.header[0].value.startswith("The LSTM says ")
    assert any(FIRST.look_for[:13] in one.value for one in app.caption)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_address_restores_cell_and_passage(text_page: Open, cell: str) -> None:
    app = text_page(cell=cell, text="irony", units="3", step="5", tint="change")
    (payload,) = shown(app)
    assert payload["cell"] == cell
    assert text_of(payload) == next(one.text for one in PASSAGES if one.key == "irony")
    assert theatres(app)[0]["view"]["units"] == [3]
    assert theatres(app)[0]["view"]["step"] == 4
    assert theatres(app)[0]["view"]["tint"] == "change"


def test_all_three_cells_read_the_same_text(text_page: Open) -> None:
    app = text_page(cell="all")
    assert [one["cell"] for one in shown(app)] == ["lstm", "gru", "rnn"]
    assert {text_of(one) for one in shown(app)} == {FIRST.text}
    assert len([one for one in app.markdown if " says " in one.value]) == 3


def test_a_passage_is_picked(text_page: Open) -> None:
    app = text_page()
    before = box(app)["fill"]
    pick(app, SECOND.key)
    assert text_of(shown(app)[0]) == SECOND.text == box(app)["text"]
    assert box(app)["fill"] > before
    assert words(app) == {"text": SECOND.key}
    assert shown(app)[0]["ghost"] is None, "another text is no edit"


def test_what_is_typed_is_read_and_stays_out_of_the_address(text_page: Open) -> None:
    app = text_page()
    fill = box(app)["fill"]
    write(app, OWN)
    assert text_of(shown(app)[0]) == OWN
    assert box(app)["fill"] == fill, "nothing disturbs the one who types"
    (key,) = words(app).values()
    assert key.startswith("my.") and OWN not in json.dumps(words(app))
    choice = place(app)["choice"]
    write(app, OWN + " Really.")
    assert words(app) == {"text": key}, "one edit is one entry of the history"
    assert place(app)["choice"] == choice


@pytest.mark.parametrize("text", ["", "   \n\t ", "😀🎬", "... !!! ???"])
def test_a_text_without_words_is_a_sentence_and_the_reading_stays(
    text_page: Open, text: str
) -> None:
    app = text_page()
    write(app, text)
    assert not app.exception
    assert text_of(shown(app)[0]) == FIRST.text
    assert "The last reading stays" in said(app)
    write(app, OWN)
    assert not app.warning
    assert text_of(shown(app)[0]) == OWN


HOSTILE = {
    "script": "<script>alert(1)</script> a film",
    "image": '<img src=x onerror="alert(1)"> a film',
    "markdown": "# **film** [a](javascript:alert(1)) $x_1$ :red[y]",
    "one long word": "a" * 10_000,
    "right to left": "\u202eמלה\u202c film \u200f\u200b\u2066x\u2069",
    "nothing but zero width and a letter": "\u200b\u200da\ufeff",
    "combining": "e" + "\u0301" * 500,
    "null": "a\x00b film",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_any_text_is_shown_as_it_was_typed(text_page: Open, kind: str) -> None:
    app = text_page()
    write(app, HOSTILE[kind])
    assert not app.exception
    payload, text = shown(app)[0], HOSTILE[kind]
    left_out = payload["left_out"]
    if left_out is not None:
        head = len("".join(payload["tokens"][: left_out["after"]]))
        text = text[:head] + text[head + left_out["characters"] :]
    assert text_of(payload) == text
    assert (left_out is not None) == (kind == "one long word")
    for one in (*app.markdown, *app.caption, *app.warning):
        assert "alert(1)" not in one.value


@pytest.mark.parametrize(
    "sent",
    [
        7,
        {"typed": 7},
        {"typed": {"text": 7, "turn": 1, "edit": 1}},
        {"typed": {"text": "x", "turn": "1", "edit": 1}},
        {"typed": {"text": "x", "turn": 0, "edit": 1}},
        {"typed": {"text": "x", "turn": float("nan"), "edit": 1}},
        {"typed": {"text": "x", "turn": 2**60, "edit": 1}},
        {"typed": {"text": "x", "turn": 1, "edit": True}},
    ],
)
def test_a_forged_message_changes_nothing(text_page: Open, sent: Any) -> None:
    app = text_page()
    app.session_state["text_box"] = sent
    app.run()
    assert not app.exception
    assert text_of(shown(app)[0]) == FIRST.text


def test_half_a_character_becomes_the_sign_for_an_unknown_one(text_page: Open) -> None:
    app = text_page()
    write(app, "a \ud83d film")
    assert text_of(shown(app)[0]) == "a \ufffd film"


def test_a_late_message_of_the_old_text_is_not_heard(text_page: Open) -> None:
    app = text_page()
    pick(app, SECOND.key, at=5)
    write(app, "an old letter", at=4)
    assert text_of(shown(app)[0]) == SECOND.text == box(app)["text"]
    write(app, OWN, at=6)
    pick(app, SECOND.key, at=5)
    assert text_of(shown(app)[0]) == OWN, "a choice is told with every message, and counts once"


@pytest.mark.parametrize("order", list(itertools.permutations(("typed", "picked", "went"))))
def test_what_comes_in_one_message_is_taken_in_the_order_in_which_it_was_done(
    text_page: Open, order: tuple[str, ...]
) -> None:
    """Streamlit makes one message of several: the turns say what was last, and that stays."""
    app = text_page()
    turns = {what: 1 + place for place, what in enumerate(order)}
    sent = {"text": OWN, "turn": turns["typed"], "edit": 1}
    app.session_state["text_box"] = {"typed": sent}
    app.session_state["text_passage"] = {"picked": {"value": SECOND.key, "turn": turns["picked"]}}
    went = {"turn": turns["went"], "search": "?text=irony&cell=gru"}
    app.session_state["text_travel"] = {"went": went}
    app.run()
    wanted = {"typed": OWN, "picked": SECOND.text, "went": passage("irony").text}[order[-1]]
    assert text_of(shown(app)[0]) == wanted
    if order[-1] != "typed":
        assert box(app)["text"] == wanted
    assert box(app)["heard"] == 3 and shown(app)[0]["cell"] == "gru"
    before = words(app), box(app)
    app.run()
    assert (words(app), box(app)) == before, "nothing of it counts again"


def test_a_trip_that_is_heard_late_leaves_what_was_typed_after_it(text_page: Open) -> None:
    app = text_page()
    write(app, OWN, at=9)
    app.session_state["text_travel"] = {"went": {"turn": 8, "search": "?text=irony&cell=gru"}}
    app.run()
    assert text_of(shown(app)[0]) == OWN and shown(app)[0]["cell"] == "gru"
    assert words(app)["text"].startswith("my.")


def test_an_edit_leaves_the_old_reading_as_a_ghost(text_page: Open) -> None:
    app = text_page()
    write(app, FIRST.text.replace("lovely", "dreadful"))
    payload = shown(app)[0]
    assert payload["ghost"] is not None
    assert "lovely" in "".join(payload["replaced"].values())
    write(app, FIRST.text.replace("lovely", "dreadfully slow"))
    assert "lovely" in "".join(shown(app)[0]["replaced"].values()), "the same edit goes on"
    write(app, FIRST.text.replace("lovely", "dreadfully long"), edit=2)
    assert "slow" in "".join(shown(app)[0]["replaced"].values()), "a rest begins another edit"
    app.toggle(key="text_ghost").set_value(False).run()
    assert shown(app)[0]["ghost"] is None
    assert words(app)["ghost"] == "0"


def test_a_new_text_has_no_ghost_of_an_unlike_one(text_page: Open) -> None:
    app = text_page()
    write(app, "Something else altogether, about ships.")
    assert shown(app)[0]["ghost"] is None


def test_typing_a_passage_back_is_that_passage(text_page: Open) -> None:
    app = text_page()
    write(app, FIRST.text + "!")
    assert words(app)["text"].startswith("my.")
    write(app, FIRST.text)
    assert words(app) == {}
    assert shown(app)[0]["truth"] == FIRST.label


def test_a_pinned_text_lies_under_the_next_or_beside_it(text_page: Open) -> None:
    app = text_page(cell="gru")
    app.button(key="text_pin").click().run()
    assert words(app) == {"cell": "gru", "pin": FIRST.key}
    write(app, FIRST.text.replace("lovely", "dreadful"))
    assert shown(app)[0]["ghost"]["name"] == f"the old text: “{FIRST.title}”"
    pick(app, SECOND.key)
    assert shown(app)[0]["ghost"] is None
    assert any("too little in common" in one.value for one in app.caption)
    app.toggle(key="text_beside").set_value(True).run()
    first, second = theatres(app)
    assert [text_of(one["readings"][0]) for one in (first, second)] == [SECOND.text, FIRST.text]
    assert first["readings"][0]["ghost"] is None
    assert (first["options"]["address"], second["options"]["address"]) == (True, False)
    assert words(app)["beside"] == "1"
    app.button(key="text_unpin").click().run()
    assert words(app) == {"cell": "gru", "text": SECOND.key}


def test_ones_own_text_goes_into_the_link_when_asked(text_page: Open) -> None:
    app = text_page()
    write(app, OWN)
    app.toggle(key="text_share").set_value(True).run()
    assert words(app) == {"own": pack_text(OWN)}
    other = text_page(**words(app))
    assert text_of(shown(other)[0]) == OWN
    assert not other.warning


def test_a_text_too_long_for_a_link_says_so(text_page: Open) -> None:
    app = text_page()
    write(app, " ".join(f"word{i * 7919 % 10007}" for i in range(1500)))
    app.toggle(key="text_share").set_value(True).run()
    assert "own" not in words(app)
    assert "too long for a link" in said(app)


def test_a_link_to_a_text_that_was_not_shared_says_so(text_page: Open) -> None:
    app = text_page(text="my.00ff00", pin="my.00ff01")
    assert not app.exception
    assert "not included in this link" in said(app)
    assert text_of(shown(app)[0]) == FIRST.text
    assert words(app) == {}


def test_wild_words_in_the_address_are_named_once(text_page: Open) -> None:
    app = text_page(
        cell="<script>", text="../../etc", own="!!", pads="9" * 50, figure="x", beside="1"
    )
    assert not app.exception
    (warning,) = app.warning
    for word in ("cell", "text", "own", "pads", "figure", "beside"):
        assert f"asks for {word}" in warning.value
    pick(app, SECOND.key)
    assert not app.warning


def test_back_and_forward_bring_texts_of_ones_own_back(text_page: Open) -> None:
    app = text_page()
    write(app, OWN)
    own = words(app)
    travel(app)
    assert text_of(shown(app)[0]) == FIRST.text == box(app)["text"]
    travel(app, **own)
    assert text_of(shown(app)[0]) == OWN == box(app)["text"]
    travel(app, cell="gru", text="irony")
    assert shown(app)[0]["cell"] == "gru"
    assert [one.value for one in app.button_group if one.label == "Network"] == ["gru"]


def test_texts_are_kept_while_another_page_is_open(text_page: Open) -> None:
    app = text_page()
    write(app, OWN)
    app.switch_page("pages/home.py").run()
    app.switch_page(PAGE).run()
    assert text_of(shown(app)[0]) == OWN == box(app)["text"]


def test_missing_networks_are_explained(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fresh_caches: None
) -> None:
    from rnnviz.models import storage

    readings.forget()
    monkeypatch.setattr(storage, "PRETRAINED", tmp_path / "nothing")
    monkeypatch.delenv("RNNVIZ_MODELS", raising=False)
    app = open_page(PAGE)
    assert not app.exception
    assert any("python -m rnnviz train imdb" in one.value for one in app.markdown)


def test_a_first_address_is_the_default_one() -> None:
    assert TextAddress().text == FIRST.key


def test_a_long_text_has_no_ghost_by_itself(text_page: Open) -> None:
    app = text_page()
    long = "a good film, " * 700
    write(app, long)
    write(app, long + "and more", edit=2)
    assert shown(app)[0]["ghost"] is None


def upload(app: AppTest, name: str, data: bytes) -> None:
    app.file_uploader(key="text_upload").upload(name, data).run()


def test_an_uploaded_text_is_read_and_stands_in_the_box(text_page: Open) -> None:
    app = text_page()
    upload(app, "mine.txt", OWN.encode("utf-16"))
    assert text_of(shown(app)[0]) == OWN == box(app)["text"]
    assert "mine.txt" in theatres(app)[0]["options"]["subtitle"]
    assert words(app)["text"].startswith("my.")
    assert shown(app)[0]["ghost"] is None


@pytest.mark.parametrize(("after", "wanted"), [(0, "A dull film"), (2, OWN)])
def test_a_file_and_letters_in_one_message(text_page: Open, after: int, wanted: str) -> None:
    """An upload tells no turn: what was typed after the file was chosen says so itself."""
    app = text_page()
    sent = {"text": OWN, "turn": 3, "edit": 1, "after": after}
    app.session_state["text_box"] = {"typed": sent}
    upload(app, "mine.txt", b"A dull film")
    assert text_of(shown(app)[0]) == wanted
    assert ("since, and that stays" in said(app)) == (wanted == OWN)


def test_a_row_of_a_table_is_chosen(text_page: Open) -> None:
    app = text_page()
    upload(app, "mine.csv", b"id,review,title\n1,A dull film,Dull\n2,A lovely film,Lovely\n")
    assert text_of(shown(app)[0]) == "A dull film"
    app.number_input[0].set_value(2).run()
    assert text_of(shown(app)[0]) == "A lovely film" == box(app)["text"]
    (column,) = [one for one in app.selectbox if one.label == "Column"]
    column.set_value("title").run()
    assert text_of(shown(app)[0]) == "Dull" == box(app)["text"]


@pytest.mark.parametrize(
    ("name", "data"),
    [("mine.txt", b"\x00\x01\xff\xfe" * 300), ("mine.csv", b""), ("mine.txt", b"  \n ")],
)
def test_a_bad_upload_is_one_sentence_and_nothing_is_lost(
    text_page: Open, name: str, data: bytes
) -> None:
    app = text_page(text="irony")
    before = text_of(shown(app)[0])
    upload(app, name, data)
    assert not app.exception
    assert text_of(shown(app)[0]) == before == box(app)["text"]
    assert "The last reading stays" in said(app)


def test_a_link_with_a_text_without_words_says_so(text_page: Open) -> None:
    app = text_page(own=pack_text("😀😀"), pinned=pack_text("..."))
    assert not app.exception
    assert "cannot be read" in said(app) and "no letters" in said(app)
    assert "not included in this link" not in said(app)
    assert text_of(shown(app)[0]) == FIRST.text
    assert words(app) == {}


def test_struck_out_words_are_spoken_of_only_where_there_are_any(text_page: Open) -> None:
    def speaks() -> bool:
        return any("Struck out" in one.value for one in app.caption)

    app = text_page(cell="gru")
    write(app, FIRST.text.replace("lovely", "dreadful"))
    assert speaks()
    app.toggle(key="text_ghost").set_value(False).run()
    assert not speaks()
    app.toggle(key="text_ghost").set_value(True).run()
    assert speaks()
    write(app, "Something else altogether, about ships.")
    assert not speaks()


def test_keys_of_controls_that_are_gone_are_not_kept(text_page: Open) -> None:
    app = text_page()
    for cell in ("gru", "rnn", "lstm", "gru"):
        travel(app, cell=cell)
    (now,) = [one.key for one in app.button_group if one.label == "Network"]
    keys = [now.rpartition("_")[0] + f"_{number}" for number in range(1, 10)]
    assert [key for key in keys if key in app.session_state] == [now]
