"""Who did something last, with late, doubled, lost and merged messages between browser and server.

Oracle: what the person did last, which the tests know and neither side is told.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from rnnviz.data.passages import PASSAGES
from rnnviz.explorer.parts.components import Pick, Trip
from rnnviz.explorer.text import choices, exhibit
from rnnviz.explorer.text.address import TextAddress
from rnnviz.explorer.text.choices import TextChoices
from rnnviz.explorer.text.exhibit import Text
from rnnviz.theatre.turns import MOST_KEYS, Offers, Turns, fill_of, turn_of
from rnnviz.theatre.writing import Written

CASES = json.loads((Path(__file__).parents[1] / "js" / "turns.json").read_text(encoding="utf-8"))


def asked(turns: Turns, case: dict[str, Any]) -> bool:
    if "hears" in case:
        return turns.hears(case["hears"])
    if "fills" in case:
        return turns.fills(case["fills"])
    return turns.knows(*case["knows"])


@pytest.mark.parametrize("case", CASES["server"], ids=lambda case: case["of"])
def test_the_server_knows_what_is_news(case: dict[str, Any]) -> None:
    turns = Turns(case["heard"], case["fill"])
    assert asked(turns, case) is case["is"]
    assert turns.stamp == case["stamp"]


@pytest.mark.parametrize("story", CASES["stories"], ids=lambda story: story["of"])
def test_the_server_plays_its_part(story: dict[str, Any]) -> None:
    turns = Turns(fill=story["starts"]["fill"])
    assert turns.stamp == story["starts"]
    for step in story["steps"]:
        if "hands" in step:
            assert asked(turns, step) is step["is"]
            assert turns.stamp == step["hands"]


def test_of_views_only_the_newest_of_a_browser_that_knows_the_last_fill_is_taken() -> None:
    turns = Turns(heard=4, fill=9)
    assert turns.takes({"turn": 5, "fill": 9}) and turns.takes({"turn": 5, "fill": 9})
    assert not turns.takes({"turn": 4, "fill": 9}) and not turns.takes({"turn": 6, "fill": 8})
    assert not turns.takes(None) and turns.heard == 5


@pytest.mark.parametrize("sent", [None, 3, {}, {"turn": 0}, {"turn": 1.0}, {"turn": 2**53}])
def test_a_turn_is_a_whole_number_of_a_browser(sent: Any) -> None:
    assert turn_of(sent) is None
    assert fill_of(sent) == 0


def test_a_later_session_fills_what_an_earlier_one_had_filled() -> None:
    first = Turns()
    first.fills()
    assert Turns().fill + 1000 > first.fill > 10**12


def test_a_choice_in_a_control_counts_once() -> None:
    offers = Offers()
    first = offers.key("share", False)
    assert not offers.hears(first, False), "what was shown is told with every message"
    assert offers.hears(first, True)
    assert not offers.hears(first, True)
    assert offers.key("share", True) == first, "it shows what was chosen in it"
    second = offers.key("share", False)
    assert second != first, "and is another one when it was changed elsewhere"
    assert not offers.hears(first, True) and not offers.hears(second, False)
    assert offers.hears(first, False), "chosen before the other control was there"
    assert offers.key("share", True) not in (first, second)


def test_a_control_about_something_else_is_another_one() -> None:
    offers = Offers()
    first = offers.key("row", 1, ("a.csv",))
    assert offers.key("row", 1, ("a.csv",)) == first
    assert offers.key("row", 1, ("b.csv",)) != first
    assert not offers.hears("never shown", 1)


def test_old_keys_are_forgotten() -> None:
    offers = Offers()
    keys = [offers.key("step", number) for number in range(MOST_KEYS + 1)]
    assert not offers.hears(keys[0], 7) and offers.hears(keys[1], 7)


@dataclass
class Browser:
    """What turns.js and scribe.js do, and what Streamlit tells: all values, with every message."""

    clock: int = 0
    own: int = 0
    fill: int = 0
    text: str = ""
    said: dict[str, Any] = field(default_factory=dict)

    def act(self, what: str, value: str) -> None:
        self.clock += 1
        if what == "typed":
            self.own, self.text = self.clock, value
            self.said |= {"typed": Written(value, self.own)}
        elif what == "picked":
            self.said |= {"picked": Pick(value, self.clock)}
        else:
            self.said |= {"went": Trip(self.clock, {"text": value})}

    def meet(self, handed: dict[str, Any]) -> None:
        if handed["fill"] <= self.fill:
            return
        self.fill = handed["fill"]
        if handed["base"] >= self.own:
            self.text = handed["text"]


@pytest.mark.parametrize("case", CASES["browser"], ids=lambda case: case["of"])
def test_the_browser_of_these_tests_is_the_one_of_turns_js(case: dict[str, Any]) -> None:
    browser = Browser(own=case["own"], fill=case["fill"], text="mine")
    browser.meet(case["stamp"] | {"text": "theirs"})
    assert browser.text == ("theirs" if case["met"] == "take" else "mine")
    assert browser.fill == max(case["fill"], case["stamp"]["fill"])


class Server:
    """The choices of the Text page, run with a message as Streamlit does."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        first = exhibit.passage(TextAddress().text)
        self.choices = TextChoices(TextAddress(), first, first.words, first.words)
        self.choices.fill(first.words)
        self.patch = patch

    def run(self, said: dict[str, Any], file: str | None = None) -> dict[str, Any]:
        names = {"last_written": "typed", "last_pick": "picked", "last_trip": "went"}
        for reader, name in names.items():
            self.patch.setattr(choices, reader, lambda _, name=name: said.get(name))
        self.choices.hear()
        if file is not None:
            self.choices.bring(Text(file, "a file"))
        return {"text": self.choices.filled, **self.choices.turns.stamp}


KEYS = [one.key for one in PASSAGES[:3]]
ACTS = some.one_of(
    some.tuples(some.just("typed"), some.sampled_from(["a film", "a bad film", "good film", ""])),
    some.tuples(some.just("picked"), some.sampled_from(KEYS)),
    some.tuples(some.just("went"), some.sampled_from(KEYS)),
)
# Of a queue of messages: how many are left out, and whether the one before comes again, late.
FATES = some.tuples(some.integers(0, 2), some.booleans())
STEPS = some.lists(
    some.one_of(
        some.tuples(some.just("act"), ACTS),
        some.tuples(some.just("up"), FATES),
        some.tuples(some.just("down"), FATES),
    ),
    max_size=30,
)


def taken(queue: list[Any], fate: tuple[int, bool]) -> list[Any]:
    """The messages that arrive now: some are merged into the next, an older one may come again."""
    skipped, again = fate
    if not queue:
        return []
    place = min(skipped, len(queue) - 1)
    arrived = [queue[place], *(queue[:1] if again else [])]
    del queue[: place + 1]
    return arrived


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_the_last_thing_that_the_person_did_is_what_both_sides_show(
    steps: list[tuple[str, Any]],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        server, browser = Server(patch), Browser()
        browser.meet(server.run({}))
        up: list[dict[str, Any]] = []
        down: list[dict[str, Any]] = []
        last = ("picked", TextAddress().text)
        for what, value in steps:
            if what == "act":
                typed_before = browser.text
                browser.act(*value)
                last = value
                up.append(dict(browser.said))
                assert browser.text == (value[1] if value[0] == "typed" else typed_before)
            elif what == "up":
                down += [server.run(said) for said in taken(up, value)]
            else:
                before = browser.text, browser.own
                for handed in taken(down, value):
                    browser.meet(handed)
                if last[0] == "typed":
                    assert browser.text == before[0], "nothing is typed over"
        browser.meet(server.run(browser.said))
        settled = server.choices.address, server.choices.turns.stamp
        browser.meet(server.run(browser.said))
        assert (server.choices.address, server.choices.turns.stamp) == settled
    wanted = last[1] if last[0] == "typed" else exhibit.passage(last[1]).words
    assert browser.text == server.choices.box == wanted
    if wanted:
        assert server.choices.text.words == wanted


@settings(max_examples=150, deadline=None)
@given(STEPS, some.lists(some.integers(0, 30), max_size=3))
def test_with_files_in_between_both_sides_agree_and_letters_stay(
    steps: list[tuple[str, Any]], files: list[int]
) -> None:
    """A file counts as chosen when the server hears of it: what is typed after that stays."""
    with pytest.MonkeyPatch.context() as patch:
        server, browser = Server(patch), Browser()
        browser.meet(server.run({}))
        last = ""
        for place, (what, value) in enumerate(steps):
            if what == "act":
                browser.act(*value)
                last = value[1] if value[0] == "typed" else ""
            handed = server.run(browser.said, file="from a file") if place in files else None
            last = "" if handed else last
            browser.meet(handed or server.run(dict(browser.said)))
            if last:
                assert browser.text == last
        browser.meet(server.run(browser.said))
        assert browser.text == server.choices.box
