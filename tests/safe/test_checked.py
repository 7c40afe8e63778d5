"""Values from outside: what `json.loads` makes of anything that a client may write.

The oracle is JavaScript: a message that was taken can be written as strict JSON and in UTF-8, and
every number in it is one that a browser can hold.
"""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
import streamlit
from hypothesis import given, settings
from hypothesis import strategies as some

from rnnviz.explorer.parts import components
from rnnviz.safe.checked import MOST_DEPTH, MOST_VALUES, MOST_WHOLE, number, sound, text, whole
from rnnviz.theatre import drawing
from rnnviz.theatre.view import View

CHARACTERS = some.text(some.characters(), max_size=12)  # halves of characters, too
NUMBERS = some.one_of(
    some.integers(),
    some.floats(),
    some.sampled_from([10**400, -(10**400), 2**53, 1e308, -0.0, math.nan, math.inf, True, False]),
)
JSON = some.recursive(
    some.one_of(some.none(), some.booleans(), NUMBERS, CHARACTERS),
    lambda inner: some.one_of(
        some.lists(inner, max_size=4), some.dictionaries(CHARACTERS, inner, max_size=4)
    ),
    max_leaves=12,
)
VIEW = View().to_json() | {"steps": [1], "units": [2, 3], "span": [1, 2], "step": 3}
STROKE = {"pen": "thin", "points": [[0.5, 0.25], [0, 1]]}
MESSAGES: dict[str, Any] = {
    "view": VIEW,
    "picked": {"value": 3, "turn": 5},
    "drawing": {"image": None, "strokes": [STROKE], "turn": 6, "fill": 9},
    "mix": {"percent": 30, "settled": True, "turn": 4},
    "typed": {"text": "a film", "edit": 2, "after": 0, "turn": 3, "fill": 1796000000000},
    "asked": 5,
    "went": {"turn": 12, "search": "?layer=2", "tries": 1},
    "known": "a" * 20,
    "page": "dark",
}
"""Of each component a message as its own JavaScript sends it."""


def changed(message: Any, pick: list[int], value: Any) -> Any:
    """The message with one value somewhere in it replaced by another."""
    if not pick or not isinstance(message, dict | list) or not message:
        return value
    names = list(message) if isinstance(message, dict) else list(range(len(message)))
    name = names[pick[0] % len(names)]
    copy: Any = dict(message) if isinstance(message, dict) else list(message)
    copy[name] = changed(message[name], pick[1:], value)
    return copy


def decoded(name: str, message: Any) -> list[Any]:
    """What the decoders of every component make of the message, under its name and key."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streamlit, "session_state", {"key": {name: message}})
        sent = components.sent_by("key", name)
        found: list[Any] = [
            components.last_trip("key"),
            components.asked("key"),
            components.last_pick("key"),
        ]
        found.append(components.committed(components.sent_by("key", "view"), [PAYLOAD]))
        found.append(components.last_written("key"))
        patch.setattr(components, "component", lambda *_: lambda **given: None)
        found += [components.last_mix("key"), components.last_drawn("key")]
        found.append(components.measures(["a", "b"], [], key="key"))
        try:
            found.append(drawing.parse(sent))
        except drawing.DrawingError as error:
            found.append(str(error))
    return found


PAYLOAD: Any = {"layers": [{"forward": {"hidden": {"shape": [5, 6]}}}]}


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_what_is_taken_is_json_of_a_browser(message: Any) -> None:
    taken = sound(message)
    written = json.dumps(taken, allow_nan=False, ensure_ascii=False).encode("utf-8")
    assert json.loads(written) == taken
    assert sound(taken) == taken, "what is sound stays as it is"
    if taken is None:
        return
    for one in leaves(taken):
        if isinstance(one, int | float):
            assert abs(one) <= MOST_WHOLE or isinstance(one, float)


def leaves(message: Any) -> list[Any]:
    if isinstance(message, dict | list):
        inner = message.values() if isinstance(message, dict) else message
        return [leaf for one in inner for leaf in leaves(one)]
    return [message]


@settings(max_examples=300, deadline=None)
@given(some.sampled_from(sorted(MESSAGES)), some.lists(some.integers(0, 20), max_size=4), JSON)
def test_no_message_raises_and_each_is_read_alike_twice(
    name: str, pick: list[int], value: Any
) -> None:
    message = changed(MESSAGES[name], pick, value)
    first, second = decoded(name, message), decoded(name, message)
    # A page that compares what it has heard with what is there sees no news in the same message.
    assert repr(first) == repr(second)


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_the_messages_of_our_own_pages_are_taken_as_they_are(name: str) -> None:
    assert sound(MESSAGES[name]) == MESSAGES[name]


@pytest.mark.parametrize("turn", [math.nan, math.inf, 10**400, 1e300, 3.0, -1, 0, True, "1", None])
def test_a_trip_at_no_turn_is_none(monkeypatch: pytest.MonkeyPatch, turn: Any) -> None:
    sent = {"key": {"went": {"turn": turn, "search": "?layer=2"}}}
    monkeypatch.setattr(streamlit, "session_state", sent)
    assert components.last_trip("key") is None
    sent["key"]["went"]["turn"] = 3
    assert components.last_trip("key") == components.Trip(3, {"layer": "2"})


@pytest.mark.parametrize(
    "message",
    [
        math.nan,
        [math.inf],
        {"a": {"b": [-math.inf]}},
        2**53,
        -(2**53),
        {1: 2},
        b"bytes",
        {"a": {2}},
    ],
    ids=str,
)
def test_a_message_with_one_such_value_is_none_at_all(message: Any) -> None:
    assert sound({"good": 1, "bad": message}) is None


def test_a_message_is_bounded_in_depth_and_in_values() -> None:
    deep: Any = 1
    for _ in range(MOST_DEPTH):
        deep = [deep]
    assert sound(deep) == deep
    assert sound([deep]) is None
    assert sound([0] * (MOST_VALUES - 1)) is not None
    assert sound([0] * MOST_VALUES) is None


def test_numbers_and_texts_within_their_bounds() -> None:
    assert (whole(3, 0, 3), whole(4, 0, 3), whole(True), whole(2.0), whole("2")) == (3, *[None] * 4)
    assert (number(3, 0, 3), number(0.5, 0, 1), number(1.5, 0, 1)) == (3.0, 0.5, None)
    assert [number(bad) for bad in (math.nan, math.inf, 10**400, True, "1", None)] == [None] * 6
    unbounded = [number(bad, -math.inf, math.inf) for bad in (10**400, -(10**400), math.inf)]
    assert unbounded == [None] * 3
    assert (text("abc", 3), text("abcd", 3), text(3, 3), text("\ud83d", 3)) == (
        "abc",
        None,
        None,
        "\ufffd",
    )
