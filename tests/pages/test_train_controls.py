"""The controls of the Train page: what they refuse, what they say, and what becomes of notices."""

from __future__ import annotations

import re
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from rnnviz.explorer.parts import visitor
from rnnviz.explorer.train.choices import TrainChoices
from rnnviz.training.presets import PRESETS
from tests.pages.conftest import Open
from tests.pages.test_train import PAGE, TABLE, said, unfolded
from tests.pages.trainings import FakeManager, words


@pytest.fixture
def manager() -> FakeManager:
    found = visitor.desk().manager
    assert isinstance(found, FakeManager)
    return found


def choices_of(app: AppTest) -> TrainChoices:
    found: TrainChoices = app.session_state["train"]
    return found


def labelled(app: AppTest, kind: str, label: str) -> Any:
    (found,) = [one for one in app.get(kind) if one.label == label]
    return found


def estimated(app: AppTest) -> str:
    found = [one.value for one in app.caption if "parameters ·" in one.value]
    assert len(found) == 1
    return found[0].replace("\\", "")


LONG = "c" * 150
LONG_TABLE = f"text,{LONG},answer\n" + "".join(f"a film {n},{n % 2},{n % 3}\n" for n in range(30))


def test_the_name_of_a_column_may_be_too_long(open_page: Open) -> None:
    app = open_page(PAGE, task="own")
    app.file_uploader[0].upload("my.csv", LONG_TABLE.encode()).run()
    assert not app.exception and not app.warning
    labelled(app, "selectbox", "Column of labels").set_value(LONG).run()
    assert not app.exception and "at most 100 letters" in said(app)
    assert labelled(app, "selectbox", "Column of labels").value == "answer", "what is read"
    assert choices_of(app).plan.label_column == "answer"
    assert not app.button(key="train_start").disabled


def test_a_file_of_which_only_such_a_column_can_be_meant(open_page: Open) -> None:
    app = open_page(PAGE, task="own")
    app.file_uploader[0].upload("my.csv", f"text,{LONG}\n".encode() + b"a,1\nb,0\n" * 20).run()
    assert not app.exception and "at most 100 letters" in said(app)
    assert app.button(key="train_start").disabled
    choices_of(app).adopt({"task": "own"})  # back and forward
    app.run()
    assert not app.exception


def test_a_file_that_cannot_be_used_takes_the_place_of_the_last(open_page: Open) -> None:
    app = open_page(PAGE, task="own")
    app.file_uploader[0].upload("a.csv", TABLE.encode()).run()
    app.file_uploader[0].upload("b.csv", b"text\nhello\n").run()
    assert "xpected two columns in b.csv" in said(app)
    assert choices_of(app).plan.data is None and app.button(key="train_start").disabled
    app.selectbox(key="train_task").set_value("digits").run()
    assert not app.warning, "the notice was about that task"
    app.selectbox(key="train_task").set_value("own").run()
    assert not app.warning, "the file is there no more"


def test_columns_that_change_places_are_shown_so(open_page: Open) -> None:
    app = open_page(PAGE, task="own")
    header, *rows = TABLE.splitlines()
    # Each review is there twice: labels that never come again are refused.
    app.file_uploader[0].upload("my.csv", "\n".join([header, *rows, *rows]).encode()).run()
    labelled(app, "selectbox", "Column of texts").set_value("stars").run()
    assert not app.exception and not app.warning
    shown = [labelled(app, "selectbox", f"Column of {what}").value for what in ("texts", "labels")]
    assert shown == ["stars", "review"]
    assert (choices_of(app).plan.text_column, choices_of(app).plan.label_column) == tuple(shown)


LABELS = ("negative", "positive")
AIRLINES = "author,airline_sentiment_gold,airline_sentiment,text\n" + "".join(
    f"someone {n},{LABELS[n % 2] if n == 3 else ''},{LABELS[n % 2]},Seat {n} was fine again\n"
    for n in range(24)
)
GAPS = "author,verdict,remarks\n" + "".join(
    f"someone {n},{('bad', 'good', '')[n % 8 // 3]},{'' if n % 5 == 4 else f'Seat {n} was cold'}\n"
    for n in range(40)
)


def test_columns_that_can_be_used_are_guessed(open_page: Open) -> None:
    app = open_page(PAGE, task="own")
    app.file_uploader[0].upload("tweets.csv", AIRLINES.encode()).run()
    assert not app.exception and not app.warning
    assert labelled(app, "selectbox", "Column of labels").value == "airline_sentiment"
    assert labelled(app, "selectbox", "Column of texts").value == "text"


GUESSED_WRONGLY = AIRLINES.replace("airline_sentiment,text", "mood,words").replace(
    "airline_sentiment_gold", "label"
)
GUESSED_WRONGLY = GUESSED_WRONGLY.replace(",,", ",so,", 12)  # the guess is half full


def test_a_wrong_guess_is_no_dead_end(open_page: Open) -> None:
    """The boxes stand beside the refusal, keep what is chosen, and lead to what can be trained."""
    app = open_page(PAGE, task="own")
    app.file_uploader[0].upload("tweets.csv", GUESSED_WRONGLY.encode()).run()
    assert not app.exception and "label" in said(app) and "xpected" in said(app)
    assert app.button(key="train_start").disabled
    boxes = [labelled(app, "selectbox", f"Column of {what}") for what in ("texts", "labels")]
    assert [box.value for box in boxes] == ["words", "label"]
    assert boxes[0].options == ["author", "label", "mood", "words"] and not boxes[0].disabled
    boxes[0].set_value("author").run()
    assert "xpected" in said(app), "the labels are the same"
    assert labelled(app, "selectbox", "Column of texts").value == "author"
    labelled(app, "selectbox", "Column of labels").set_value("mood").run()
    assert not app.exception and not app.warning
    plan = choices_of(app).plan
    assert (plan.text_column, plan.label_column) == ("author", "mood")
    assert not app.button(key="train_start").disabled
    labelled(app, "selectbox", "Column of labels").set_value("label").run()
    assert "xpected" in said(app), "a column that cannot be used changes nothing"
    assert choices_of(app).plan == plan and not app.button(key="train_start").disabled


@pytest.mark.parametrize(
    "table", [GAPS, "text\nhello\n", "text,label\n", "a,b\nx,1\ny,2\n", '[{"text": "x"}]']
)
def test_the_boxes_are_there_whenever_a_table_was_read(open_page: Open, table: str) -> None:
    app = open_page(PAGE, task="own")
    name = "a.json" if table.startswith("[") else "a.csv"
    app.file_uploader[0].upload(name, table.encode()).run()
    assert not app.exception and "xpected" in said(app)
    for what in ("texts", "labels"):
        box = labelled(app, "selectbox", f"Column of {what}")
        assert box.value in box.options and set(box.options) <= set(
            table.partition("\n")[0].split(",")
        ) | {"text"}
        box.set_value(box.options[-1]).run()
        assert not app.exception and "xpected" in said(app)


@pytest.mark.parametrize("left", [["gru"], []])
def test_fewer_than_two_do_not_race(open_page: Open, manager: FakeManager, left: list[str]) -> None:
    app = open_page(PAGE, cell="race")
    labelled(app, "button_group", "Who races").set_value(left).run()
    assert not app.exception and "two or three networks to race" in said(app)
    assert labelled(app, "button_group", "Who races").value == ["lstm", "gru", "rnn"]
    labelled(app, "button_group", "Who races").set_value(["lstm", "gru"]).run()
    assert not app.warning and words(app) == {"cell": "race", "racers": "lstm.gru"}


def test_notices_go_when_they_are_over(open_page: Open, manager: FakeManager) -> None:
    manager.refusal = "expected at most 1 training of yours, got one more: stop it first"
    app = open_page(PAGE, run="a" * 16)
    app.button(key="train_start").click().run()
    assert "Expected the id of a run" in said(app) and "at most 1 training" in said(app)
    app.select_slider(key="train_hidden_size").set_value(16).run()
    assert "at most 1 training" not in said(app)
    manager.refusal = ""
    app.button(key="train_start").click().run()
    assert not app.warning


def test_the_estimate_knows_the_file(open_page: Open) -> None:
    """16 texts, 3 of them held out: one batch in each of six epochs."""
    app = open_page(PAGE, task="own")
    captions = [one.value.replace("\\", "") for one in app.caption]
    assert "Needs a file of yours: upload one." in captions, "why the button is grey"
    assert not any("parameters" in one for one in captions)
    app.file_uploader[0].upload("my.csv", TABLE.encode()).run()
    assert re.match(r"At most [\d,]+ parameters · 6 steps · about 1 s ·", estimated(app))
    app.selectbox(key="train_task").set_value("digits").run()
    assert re.match(r"[\d,]+ parameters ·", estimated(app)), "here it is exact"


def test_the_estimate_of_a_race_is_that_of_all(open_page: Open) -> None:
    app = open_page(PAGE, cell="race", racers="gru.rnn", seeds="3")
    assert re.match(r"6 networks together: [\d,]+ parameters · 6 × [\d,]+ steps ·", estimated(app))


def test_a_preset_that_was_chosen_elsewhere_stands_in_its_box(open_page: Open) -> None:
    app = open_page(PAGE)
    assert app.selectbox(key="train_preset").value == "good"
    assert f"{len(PRESETS)} trainings" in app.selectbox(key="train_preset").help
    choices_of(app).take_preset("tiny")
    app.run()
    (box,) = [one for one in app.selectbox if one.label == "Start from"]
    assert box.value == "tiny" and box.key != "train_preset"
    assert choices_of(app).plan.hidden_size == 3


@pytest.mark.parametrize(
    ("word", "sent", "label", "shown"),
    [
        ("dropout", "0.104", "Dropout", ["0%", "10%", "20%", "30%", "50%"]),
        ("decay", "0.0010000001", "Weight decay", ["0", "0.0001", "0.001", "0.01", "0.1"]),
    ],
)
def test_no_two_places_of_a_slider_look_alike(
    open_page: Open, word: str, sent: str, label: str, shown: list[str]
) -> None:
    app = unfolded(open_page(PAGE, **{word: sent}))
    slider = labelled(app, "select_slider", label)
    assert slider.options == shown
    assert slider.value == float(sent), "what the link says"


def test_none_stands_where_it_belongs(open_page: Open) -> None:
    app = unfolded(open_page(PAGE))
    clip = labelled(app, "select_slider", "Clip gradients to").options
    examples = labelled(app, "select_slider", "Training examples, at most").options
    assert clip[0] == "no clipping" and examples[-1] == "all"
    assert "no clipping" not in clip[1:] and "all" not in examples[:-1]
