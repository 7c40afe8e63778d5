"""Nothing that a person does is lost on a machine whose processors are all busy.

Two processes spin beside the server and the browser. What was done last has to be what is there
once the page has settled, however long that takes; nothing here depends on how long it took.
``RNNVIZ_BUSY_TRIES=10`` repeats every scene so often.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from benchmarks.page import draw
from rnnviz.data.passages import PASSAGES
from rnnviz.models import storage
from rnnviz.runs.store import RunStore
from rnnviz.training.tasks.table import defaults
from tests.browser.conftest import Open
from tests.browser.test_text import choose_cell, pick, reads, upload
from tests.browser.waiting import idle, still_box, until
from tests.pages.runs import VISITOR, take

TRIES = int(os.environ.get("RNNVIZ_BUSY_TRIES", "1"))
FIRST, SECOND = PASSAGES[0], PASSAGES[1]
LINE = "not bad at all, in fact it was rather good"
SHORT = "a dull film, really"
QUICK = 100
"""Milliseconds between two letters where the pace is not the point; each is still told alone."""

BOX = ".scribe .box"
COLD = 240_000
"""Milliseconds for the first reading of a server that has two processors' work beside its own."""

needs_texts = pytest.mark.skipif(
    not {"imdb-lstm", "imdb-gru", "imdb-rnn"} <= set(storage.names()),
    reason="needs pretrained/imdb-lstm, imdb-gru and imdb-rnn",
)


@pytest.fixture(autouse=True)
def busy() -> Iterator[None]:
    """Both processors have something else to do."""
    spin = [sys.executable, "-c", "while True: pass"]
    others = [subprocess.Popen(spin) for _ in range(2)]
    yield
    for other in others:
        other.kill()
        other.wait()


def type_over(page: Page, text: str, pace: int = QUICK) -> None:
    page.locator(BOX).click()
    page.keyboard.press("Control+a")
    page.keyboard.type(text, delay=pace)


def after_another_cell(page: Page) -> None:
    half = len(SHORT) // 2
    type_over(page, SHORT[:half])
    choose_cell(page, "GRU")
    page.locator(BOX).click()
    page.keyboard.press("Control+End")
    page.keyboard.type(SHORT[half:], delay=QUICK)


def after_a_file(page: Page) -> None:
    upload(page, "mine.txt", b"What a dreadful film this is")
    reads(page, "What a dreadful film this is")
    type_over(page, SHORT)


def after_going_back(page: Page) -> None:
    pick(page, SECOND.title)
    page.wait_for_url(re.compile(f"text={SECOND.key}"))
    page.go_back()
    type_over(page, SHORT)


def while_others_are_picked(page: Page) -> None:
    """Letters, other texts, letters again, faster than any of it is answered."""
    type_over(page, "one two three")
    pick(page, FIRST.title)
    pick(page, SECOND.title)
    type_over(page, SHORT)


def stays(page: Page, text: str, address: str = r"my\.") -> None:
    """Box, reading and address say what was done last, now and once nothing is under way."""
    page.wait_for_selector(".theatre[data-ready]", timeout=COLD)
    for _ in range(2):
        expect(page.locator(BOX)).to_have_value(text)
        reads(page, text)
        page.wait_for_url(re.compile(f"text={address}"))
        idle(page)


@needs_texts
@pytest.mark.parametrize("paces", [(130, 300)] if TRIES == 1 else [(130, 300), (300, 130)])
def test_no_letter_is_lost(open_page: Open, paces: tuple[int, int]) -> None:
    """Forty letters at either pace, the first before the page has settled, as a new user does."""
    for _ in range(TRIES):
        page = open_page("/text", ready=BOX)
        type_over(page, LINE, paces[0])
        stays(page, LINE)
        pick(page, SECOND.title)
        type_over(page, LINE, paces[1])
        stays(page, LINE)
        for scene in (while_others_are_picked, after_another_cell, after_a_file, after_going_back):
            scene(page)
            stays(page, SHORT)
            pick(page, FIRST.title)  # so that the next letters are not there already
        type_over(page, SHORT)
        pick(page, SECOND.title)
        stays(page, SECOND.text, SECOND.key)
        page.close()


STROKES = (
    ((0.25, 0.25), (0.75, 0.25)),
    ((0.75, 0.25), (0.45, 0.8)),
    ((0.35, 0.5), (0.7, 0.5)),
    ((0.2, 0.8), (0.3, 0.9)),
)


SUBTITLE = ".theatre .subtitle"
DRAWING = re.compile("^reading your drawing")
SCRUBBER = ".scrubber input"
MOST = 15
"""The last step of a training of which every step was kept."""


def strokes(page: Page, count: int) -> None:
    label = f"Drawing board, {count} stroke" + ("" if count == 1 else "s")
    expect(page.locator(".board canvas")).to_have_attribute("aria-label", label)


def image_word(page: Page) -> str | None:
    word = page.evaluate("new URLSearchParams(location.search).get('image')")
    return None if word is None else str(word)


OWN = "globalThis[Symbol.for('rnnviz.turns')].things.get('digits_board').own"


def is_heard(page: Page) -> bool:
    """Whether the server has heard of everything that was done with the board."""
    heard = page.locator(".board").get_attribute("data-turn") or "0"
    return bool(int(heard) >= page.evaluate(OWN))


def strokes_and_an_undo(page: Page) -> None:
    """Each before the one before it was answered."""
    for stroke in STROKES:
        draw(page, stroke)
    page.get_by_role("button", name="Undo").click()
    page.wait_for_selector(".theatre[data-ready]", timeout=COLD)
    for _ in range(2):
        strokes(page, len(STROKES) - 1)
        expect(page.locator(SUBTITLE)).to_have_text(DRAWING)
        until(page, lambda: is_heard(page))
        idle(page)
    page.wait_for_url(re.compile("image="))


def a_sample_after_a_stroke(page: Page) -> None:
    drawing = image_word(page)
    draw(page, STROKES[-1])
    page.get_by_role("tab", name="Samples").click()
    page.locator(".gallery button").nth(4).click()
    for _ in range(2):
        expect(page.locator(SUBTITLE)).to_have_text(re.compile("^reading sample 5, labelled 2"))
        page.wait_for_url(re.compile("sample=5"))
        idle(page)
    page.get_by_role("tab", name="Draw").click()
    strokes(page, len(STROKES))
    page.get_by_role("button", name="Undo").click()
    until(page, lambda: image_word(page), drawing)
    expect(page.locator(SUBTITLE)).to_have_text(DRAWING)


def a_slider_between_two(page: Page) -> None:
    """From the sample of the address to the drawing."""
    slider = page.get_by_role("slider", name="Morph")
    slider.press("Home")
    for _ in range(12):
        slider.press("ArrowRight")
    for _ in range(2):
        expect(slider).to_have_value("12")
        page.wait_for_url(re.compile(r"morph=12\b"))
        idle(page)


def test_no_stroke_is_lost_and_a_slider_stays_where_it_was_left(open_page: Open) -> None:
    page = open_page("/digits?pin=8", ready=".board canvas")
    for _ in range(TRIES):
        strokes_and_an_undo(page)
        a_sample_after_a_stroke(page)
        a_slider_between_two(page)
        page.get_by_role("button", name="Clear").click()
        page.locator(".board .hint").wait_for()
        idle(page)


def keys_of_a_training(page: Page) -> None:
    """Faster than the page runs."""
    slider = page.locator("[class*=st-key-train_epochs] input:visible")
    slider.press("Home")
    for _ in range(5):
        slider.press("ArrowRight")
    page.wait_for_url(re.compile(r"epochs=8\b"))
    for _ in range(2):
        idle(page)
        expect(slider).to_have_attribute("aria-valuetext", "8")
        page.wait_for_url(re.compile(r"epochs=8\b"))


def stands(page: Page, place: int) -> None:
    """Scrubber and theatre are at that place of the training, now and once nothing is under way."""
    for _ in range(2):
        expect(page.locator(SCRUBBER)).to_have_value(str(place))
        expect(page.locator(".theatre .title")).to_have_text(re.compile(rf", step {place}$"))
        expect(page.locator(".scrubber")).to_have_attribute("data-playing", "false")
        idle(page)


def plays(page: Page) -> Locator:
    """The scrubber, once it plays by itself."""
    slider = page.locator(SCRUBBER)
    slider.press("Home")
    page.get_by_role("button", name="Play the training").click()
    until(page, lambda: slider.input_value() != "0")
    return slider


def a_drag_while_it_plays(page: Page) -> None:
    box = still_box(plays(page))
    # The middle of its thumb goes from half a thumb to half a thumb before the end.
    left, width = box["x"] + 8, box["width"] - 16
    middle = box["y"] + box["height"] / 2
    page.mouse.move(left + 0.4 * width, middle)
    page.mouse.down()
    page.mouse.move(left + 12 / MOST * width, middle, steps=12)
    page.mouse.up()
    stands(page, 12)


def keys_while_it_plays(page: Page) -> None:
    slider = plays(page)
    slider.press("Home")
    for _ in range(5):
        slider.press("ArrowRight")
    stands(page, 5)


def test_controls_of_a_training_and_the_time_machine_stay_where_they_were_left(
    open_page: Open, runs_folder: Path
) -> None:
    plan = defaults("recall", "gru").changed(hidden_size=5, delay=4, examples=40)
    run = RunStore(runs_folder).create(plan, VISITOR, state="finished", step=MOST, steps=MOST)
    take(run, plan, *range(MOST + 1))
    address = f"/train?figure=machine&run={run.id}"
    page = open_page(address, ready="[class*=st-key-train_epochs]")
    page.wait_for_selector(".theatre[data-ready]", timeout=COLD)
    page.wait_for_selector(SCRUBBER)
    for _ in range(TRIES):
        keys_of_a_training(page)
        a_drag_while_it_plays(page)
        keys_while_it_plays(page)
