"""Which texts are read by which networks. Oracle: `read_text` and `aligned` on the same text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rnnviz.data import DataError
from rnnviz.data.passages import PASSAGES, passage
from rnnviz.explorer.text.address import TextAddress, pack_text
from rnnviz.explorer.text.exhibit import (
    PINNED_SOURCE,
    Text,
    alike,
    checked,
    encode,
    own,
    pinned_of,
    readings,
    tasks,
    text_of,
)
from rnnviz.explorer.text.exhibit import passage as bundled
from rnnviz.models import checkpoint, tokens
from rnnviz.models.reader import MOST_READ, read_text
from rnnviz.theatre.alignment import aligned
from tests.pages.texts import save_text_models

CHANGED = PASSAGES[0].text.replace("lovely", "dreadful")


@pytest.fixture(autouse=True)
def models(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Untrained networks of the names that the page asks for."""
    folder = tmp_path_factory.mktemp("models")
    save_text_models(folder)
    monkeypatch.setenv("RNNVIZ_MODELS", str(folder))
    return folder


def test_three_cells_read_a_text_over_a_pinned_one() -> None:
    address = TextAddress(cell="all", own=CHANGED, pin=PASSAGES[0].key)
    shown = readings(address)
    assert [one.cell for one in shown] == ["lstm", "gru", "rnn"]
    for one in shown:
        model, tokenizer = checkpoint.load(one.name), tokens.load(one.name)
        new, old = (
            read_text(model, tokenizer.encode(text, MOST_READ), name=one.name)
            for text in (CHANGED, PASSAGES[0].text)
        )
        expected = aligned(new, old)
        assert one.replaced == expected.replaced
        assert one.ghost is not None and expected.ghost is not None
        assert one.ghost.name == f"the old text: “{PASSAGES[0].title}”"
        for name, values in expected.layers[0].forward.items():
            assert np.array_equal(one.layers[0].forward[name], values)
            ghost = one.ghost.layers[0].forward[name]
            assert np.array_equal(ghost, expected.ghost.layers[0].forward[name])


def test_unlike_texts_lie_beside_each_other_and_not_under() -> None:
    address = TextAddress(text="weather", pin="irony")
    (alone,) = readings(address)
    assert alone.ghost is None
    first, second = readings(TextAddress(text="weather", pin="irony", beside=True))
    assert ["".join(one.tokens or ()) for one in (first, second)] == [
        passage("weather").text,
        passage("irony").text,
    ]
    assert (first.ghost, second.title) == (None, "LSTM, pinned text")


@pytest.mark.parametrize(
    ("before", "after", "near"),
    [
        ("a good film", "a bad film", True),
        ("a good film", "a good film and more and more and more of it", True),
        ("a good film", "ships at sea", False),
        ("a good film", "A GOOD FILM", True),
        ("one " * 4000, "one " * 4000 + "two", True),
    ],
)
def test_which_texts_are_alike(before: str, after: str, near: bool) -> None:
    assert alike(before, after) is near


@pytest.mark.parametrize("words", ["", " \n\t", "😀", "?!", "\u200b"])
def test_what_has_no_words_is_refused_in_a_sentence(words: str) -> None:
    with pytest.raises(DataError, match="write"):
        checked(words)


def test_a_text_of_ones_own_is_known_to_its_session_alone() -> None:
    address = TextAddress(text="my.00ff00", pin="my.00ff01")
    known = {"my.00ff00": Text("a film")}
    assert text_of(address) is None and pinned_of(address) is None
    assert text_of(address, known) == Text("a film")
    with pytest.raises(ValueError, match="a link can carry"):
        readings(address)


def test_a_packed_text_and_a_passage() -> None:
    assert own(pack_text("a film")) == Text("a film")
    assert pinned_of(TextAddress(pinned="a film")) == Text("a film", PINNED_SOURCE)
    assert bundled("irony").truth == passage("irony").label
    assert tasks(TextAddress(), Text("x"))[0].ghost is None


def test_a_long_text_is_read_at_its_head_and_its_tail() -> None:
    found = encode(tokens.load("imdb-gru"), "good film " * 5000)
    assert len(found) == MOST_READ
    assert found.left_out is not None
