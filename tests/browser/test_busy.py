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
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from benchmarks.page import draw
from rnnviz import checkpoint
from rnnviz.data.passages import PASSAGES
from tests.browser.conftest import Open
from tests.browser.test_text import choose_cell, pick, reads, upload
from tests.browser.waiting import idle, until

TRIES = int(os.environ.get("RNNVIZ_BUSY_TRIES", "1"))
FIRST, SECOND = PASSAGES[0], PASSAGES[1]
LINE = "not bad at all, in fact it was rather good"
HALF = len(LINE) // 2
BOX = ".scribe .box"
COLD = 240_000
"""Milliseconds for the first reading of a server that has two processors' work beside its own."""

needs_texts = pytest.mark.skipif(
    not {"imdb-lstm", "imdb-gru", "imdb-rnn"} <= set(checkpoint.names()),
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


def type_over(page: Page, text: str, pace: int) -> None:
    page.locator(BOX).click()
    page.keyboard.press("Control+a")
    page.keyboard.type(text, delay=pace)


def at_once(page: Page, pace: int) -> None:
    """Before the page has settled, as a new user does."""
    type_over(page, LINE, pace)


def after_a_pick(page: Page, pace: int) -> None:
    pick(page, SECOND.title)
    type_over(page, LINE, pace)


def after_another_cell(page: Page, pace: int) -> None:
    type_over(page, LINE[:HALF], pace)
    choose_cell(page, "GRU")
    page.locator(BOX).click()
    page.keyboard.press("Control+End")
    page.keyboard.type(LINE[HALF:], delay=pace)


def after_a_file(page: Page, pace: int) -> None:
    upload(page, "mine.txt", b"What a dreadful film this is")
    reads(page, "What a dreadful film this is")
    type_over(page, LINE, pace)


def after_going_back(page: Page, pace: int) -> None:
    pick(page, SECOND.title)
    page.wait_for_url(re.compile(f"text={SECOND.key}"))
    page.go_back()
    type_over(page, LINE, pace)


def while_one_is_picked(page: Page, pace: int) -> None:
    """Letters, another text, letters again, faster than any of it is answered."""
    type_over(page, "one two three", pace)
    pick(page, FIRST.title)
    pick(page, SECOND.title)
    type_over(page, LINE, pace)


Scene = Callable[[Page, int], None]


def stays(page: Page) -> None:
    """Box, reading and address say what was typed, now and once nothing is under way."""
    page.wait_for_selector(".theatre[data-ready]", timeout=COLD)
    for _ in range(2):
        expect(page.locator(BOX)).to_have_value(LINE)
        reads(page, LINE)
        page.wait_for_url(re.compile(r"text=my\."))
        idle(page)


@needs_texts
@pytest.mark.parametrize(
    ("pace", "scenes"),
    [
        (130, (at_once, while_one_is_picked, after_another_cell, after_a_file, after_going_back)),
        (300, (at_once,) if TRIES == 1 else (at_once, after_a_pick)),
    ],
)
def test_no_letter_is_lost(open_page: Open, pace: int, scenes: tuple[Scene, ...]) -> None:
    for _ in range(TRIES):
        page = open_page("/text", ready=BOX)
        for scene in scenes:
            scene(page, pace)
            stays(page)
        page.close()


@needs_texts
def test_what_is_picked_last_stays(open_page: Open) -> None:
    page = open_page("/text", ready=BOX)
    for _ in range(TRIES):
        type_over(page, LINE, 30)
        pick(page, FIRST.title)
        type_over(page, LINE, 30)
        pick(page, SECOND.title)
        for _ in range(2):
            expect(page.locator(BOX)).to_have_value(SECOND.text)
            reads(page, SECOND.text)
            page.wait_for_url(re.compile(f"text={SECOND.key}"))
            idle(page)


STROKES = (
    ((0.25, 0.25), (0.75, 0.25)),
    ((0.75, 0.25), (0.45, 0.8)),
    ((0.35, 0.5), (0.7, 0.5)),
    ((0.2, 0.8), (0.3, 0.9)),
)


def strokes(page: Page, count: int) -> None:
    label = f"Drawing board, {count} stroke" + ("" if count == 1 else "s")
    expect(page.locator(".board canvas")).to_have_attribute("aria-label", label)


def image_word(page: Page) -> str | None:
    word = page.evaluate("new URLSearchParams(location.search).get('image')")
    return None if word is None else str(word)


def test_no_stroke_is_lost_and_what_is_picked_last_is_read(open_page: Open) -> None:
    """Strokes, an undo and a sample, each before the one before it was answered."""
    page = open_page("/digits", ready=".board canvas")
    subtitle = page.locator(".theatre .subtitle")
    for _ in range(TRIES):
        for stroke in STROKES:
            draw(page, stroke)
        page.get_by_role("button", name="Undo").click()
        page.wait_for_selector(".theatre[data-ready]", timeout=COLD)
        for _ in range(2):
            strokes(page, len(STROKES) - 1)
            expect(subtitle).to_have_text("reading your drawing")
            idle(page)
        page.wait_for_url(re.compile("image="))
        three = image_word(page)
        draw(page, STROKES[-1])
        page.get_by_role("tab", name="Samples").click()
        page.locator(".gallery button").nth(4).click()
        for _ in range(2):
            expect(subtitle).to_have_text("reading sample 5, labelled 2")
            page.wait_for_url(re.compile("sample=5"))
            idle(page)
        page.get_by_role("tab", name="Draw").click()
        strokes(page, len(STROKES))
        page.get_by_role("button", name="Undo").click()
        until(page, lambda: image_word(page), three)
        expect(subtitle).to_have_text("reading your drawing")
        page.get_by_role("button", name="Clear").click()
        page.locator(".board .hint").wait_for()
        idle(page)


def test_a_slider_stays_where_it_was_left(open_page: Open) -> None:
    page = open_page("/digits?sample=3&pin=8", ready=".board canvas")
    page.wait_for_selector(".theatre[data-ready]", timeout=COLD)
    slider = page.get_by_role("slider", name="Morph")
    for _ in range(TRIES):
        slider.press("Home")
        for _ in range(12):
            slider.press("ArrowRight")
        for _ in range(2):
            expect(slider).to_have_value("12")
            page.wait_for_url(re.compile(r"morph=12\b"))
            idle(page)


def test_controls_of_a_training_stay_where_they_were_left(open_page: Open) -> None:
    """Keys faster than the page runs; a task that brings other values of its own in between."""
    page = open_page("/train", ready="[class*=st-key-train_epochs]")
    slider = page.locator("[class*=st-key-train_epochs] input:visible")
    for _ in range(TRIES):
        slider.press("Home")
        for _ in range(5):
            slider.press("ArrowRight")
        page.wait_for_url(re.compile(r"epochs=8\b"))
        for _ in range(2):
            idle(page)
            expect(slider).to_have_attribute("aria-valuetext", "8")
            page.wait_for_url(re.compile(r"epochs=8\b"))
