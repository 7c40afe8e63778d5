"""The saved theatre and the notebook's frame in a real browser that has no network.

Oracles: the trace that went in, and a browser that says nothing and asks nobody.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Browser, Frame, Locator, Page, expect
from torch import nn

import rnnviz
from rnnviz.explorer.digits import exhibit
from rnnviz.explorer.digits.address import DigitsAddress
from rnnviz.notation.signals import SIGNALS
from rnnviz.theatre.standalone import page as standalone
from rnnviz.theatre.view import View
from tests.browser.waiting import still_box, until
from tests.oracle import described

HOSTILE = "</script><script>document.title='caught'</script><img src=x onerror=alert(1)>\u202e<!--"

OpenFile = Callable[..., Page]


@pytest.fixture
def open_file(browser: Browser, tmp_path: Path) -> Iterator[OpenFile]:
    """Opens HTML from a file without any network; checks at the end that nothing was said."""
    contexts = []
    complaints: list[str] = []
    asked: list[str] = []

    def opened(html: str, *, fragment: str = "", width: int = 1440, **options: object) -> Page:
        path = tmp_path / f"page{len(contexts)}.html"
        path.write_text(html, encoding="utf-8")
        size = {"width": width, "height": 900}
        context = browser.new_context(viewport=size, offline=True, **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri() + fragment)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith(("file:", "about:", "data:"))] == []


def ready(page: Page | Frame) -> dict[str, str]:
    """The theatre's own account of where it is, once it is painted."""
    page.wait_for_selector(".theatre[data-ready]")
    return page.locator(".theatre").evaluate("node => ({...node.dataset})")


def stage(page: Page | Frame) -> Locator:
    """What has the keys when it has the focus."""
    return page.locator(".theatre .stage")


def wait_for_hash(page: Page, is_there: Callable[[str], bool]) -> None:
    """Asked from outside: the page's policy forbids what Playwright would wait with."""
    until(page, lambda: is_there(page.evaluate("location.hash")))


@pytest.fixture(scope="module")
def three_cells() -> str:
    readings = exhibit.readings(DigitsAddress(cell="all", pin=3))
    return standalone(readings, title="Three cells read a 3", view=View(layer=1, units=(37,)))


def test_it_opens_from_a_file_without_a_network(open_file: OpenFile, three_cells: str) -> None:
    page = open_file(three_cells)
    state = ready(page)
    assert (state["layer"], state["unit"], state["readings"]) == ("1", "37", "3")
    expect(page.get_by_role("heading", level=1)).to_have_text("Three cells read a 3")
    until(page, page.title, "Three cells read a 3")
    assert page.locator("html").get_attribute("lang") == "en"


def test_the_keys_work_at_once(open_file: OpenFile, three_cells: str) -> None:
    page = open_file(three_cells)
    assert ready(page)["step"] == "27"
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector(".theatre[data-step='26']")
    stage(page).focus()
    page.keyboard.press("Home")
    page.wait_for_selector(".theatre[data-step='0']")
    page.keyboard.press("o")
    page.wait_for_selector(".theatre[data-order='activity']")
    page.keyboard.press("p")
    page.wait_for_selector(".theatre[data-presenter='true']")


def test_what_was_chosen_stands_behind_the_hash(open_file: OpenFile, three_cells: str) -> None:
    page = open_file(three_cells)
    ready(page)
    stage(page).press("o")
    wait_for_hash(page, lambda hash_: "order=activity" in hash_)
    assert "units=37" in page.evaluate("location.hash")
    page.reload()
    assert ready(page)["order"] == "activity"
    stage(page).press("Escape")
    wait_for_hash(page, lambda hash_: "units" not in hash_)
    page.reload()
    assert ready(page)["unit"] != "37"
    other = open_file(three_cells, fragment="#v=2&units=5&order=cluster")
    state = ready(other)
    assert (state["layer"], state["unit"], state["order"]) == ("0", "5", "cluster")
    other.evaluate("location.hash = '#v=2&units=6'")
    other.wait_for_selector(".theatre[data-unit='6']")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(scheme: str, open_file: OpenFile, three_cells: str) -> None:
    page = open_file(three_cells, color_scheme=scheme)
    other = "dark" if scheme == "light" else "light"
    assert ready(page)["theme"] == scheme
    background = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(background)
    page.get_by_role("button", name=f"{other.title()} colours").click()
    page.wait_for_selector(f".theatre[data-theme='{other}']")
    both = {"rgb(255, 255, 255)", "rgb(18, 21, 27)"}
    until(page, lambda: {before, page.evaluate(background)}, both)
    expect(page.get_by_role("button", name=f"{scheme.title()} colours")).to_be_visible()


def test_it_follows_the_system_until_told_otherwise(open_file: OpenFile, three_cells: str) -> None:
    page = open_file(three_cells, color_scheme="light")
    assert ready(page)["theme"] == "light"
    page.emulate_media(color_scheme="dark")
    page.wait_for_selector(".theatre[data-theme='dark']")
    fixed = open_file(three_cells.replace('data-theme="auto"', 'data-theme="light"', 1))
    assert ready(fixed)["theme"] == "light"
    fixed.emulate_media(color_scheme="dark")
    fixed.wait_for_timeout(200)
    assert ready(fixed)["theme"] == "light"


def test_hostile_text_stays_text(open_file: OpenFile) -> None:
    (reading,) = exhibit.readings(DigitsAddress())
    hostile = replace(
        reading,
        name=HOSTILE,
        title=HOSTILE,
        truth=HOSTILE,
        classes=tuple(f"{HOSTILE}{digit}" for digit in range(10)),
        tokens=(HOSTILE,) * 28,
        marks=tuple(replace(mark, label=HOSTILE, words=HOSTILE) for mark in reading.marks or ()),
    )
    page = open_file(standalone(hostile, title=HOSTILE, about=HOSTILE))
    ready(page)
    stage(page).focus()
    for key in ("ArrowLeft", "Home", "Enter", "End"):
        page.keyboard.press(key)
    page.locator(".panel[data-panel='forget_gate'] canvas").hover()
    page.locator(".panel[data-panel='prediction'] canvas").hover()
    for place in (".answer", ".tip"):  # a number is never turned around
        expect(page.locator(place)).to_contain_text("\ufffd")
        expect(page.locator(place)).not_to_contain_text("\u202e")
    page.wait_for_timeout(800)
    assert page.title() == re.sub(r"\s+", " ", HOSTILE)
    assert page.locator("script").count() == 2
    assert page.locator("img").count() == 0
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)


def test_every_number_is_the_traces(open_file: OpenFile) -> None:
    """A bidirectional torch.nn.LSTM, its second sequence: padding trimmed, both layers."""
    torch.manual_seed(3)
    module = nn.LSTM(5, 16, num_layers=2, batch_first=True, bidirectional=True)
    trace = rnnviz.trace(module, 3 * torch.randn(3, 20, 5), [20, 13, 11])
    chance = random.Random(4)
    for layer, direction in ((0, "forward"), (1, "backward")):
        shown = rnnviz.show(trace, example=1, layer=layer, direction=direction, units=[3, 7])
        page = open_file(shown.html, width=1024)
        state = ready(page)
        assert (state["layer"], state["direction"], state["step"]) == (str(layer), direction, "12")
        assert page.locator(".panel[data-panel='prediction'], .answer:visible").count() == 0
        for name in trace.signals:
            step, unit = chance.randrange(13), chance.randrange(16)
            value = float(trace.signal(name, layer=layer, direction=direction)[1, step, unit])
            canvas = page.locator(f".panel[data-panel='{name}'] canvas")
            canvas.scroll_into_view_if_needed()
            box = still_box(canvas)
            gutter = float(
                canvas.evaluate("n => getComputedStyle(n).getPropertyValue('--gutter')")[:-2]
            )
            column = (box["width"] - gutter) / 13
            x = box["x"] + gutter + (step + 0.5) * column
            page.mouse.move(x, box["y"] + (unit + 0.5) / 16 * box["height"])
            expected = described(name, value, unit=unit, step=step + 1, step_word="step")
            expect(page.locator(".tip")).to_contain_text(_pattern(expected))
            assert SIGNALS[name].low <= value <= SIGNALS[name].high or name == "cell"


def _pattern(sentence: str) -> re.Pattern[str]:
    """The sentence, with either way of writing a minus and either case."""
    return re.compile("[-\u2212]".join(map(re.escape, sentence.split("-"))), re.IGNORECASE)


def test_a_notebooks_frame(open_file: OpenFile) -> None:
    trace = rnnviz.trace(nn.GRU(4, 8, batch_first=True), torch.randn(2, 9, 4))
    shown = rnnviz.show(trace, title=HOSTILE, height=700, units=[3])
    page = open_file(f"<!doctype html><title>Notebook</title>{shown._repr_html_()}")
    element = page.locator("iframe")
    assert element.get_attribute("sandbox") == "allow-scripts"
    assert page.locator("iframe, img, script").count() == 1
    assert still_box(element)["height"] == 700
    frame = page.frames[1]
    assert ready(frame)["unit"] == "3"
    stage(frame).focus()
    page.keyboard.press("ArrowLeft")
    frame.wait_for_selector(".theatre[data-step='7']")
    page.keyboard.press("o")
    frame.wait_for_selector(".theatre[data-order='activity']")
    page.wait_for_timeout(600)
    assert page.title() == "Notebook"


def test_a_long_sequence(open_file: OpenFile) -> None:
    trace = rnnviz.trace(nn.RNN(3, 12, batch_first=True), torch.randn(1, 2500, 3))
    page = open_file(rnnviz.show(trace, step=1200).html)
    assert ready(page)["step"] == "1200"
    stage(page).focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(".theatre[data-step='1201']")
    page.keyboard.press("End")
    page.wait_for_selector(".theatre[data-step='2499']")


def test_readings_of_different_sizes(open_file: OpenFile) -> None:
    small = rnnviz.trace(nn.RNN(3, 8, batch_first=True), torch.randn(1, 6, 3))
    large = rnnviz.trace(nn.GRU(3, 16, num_layers=2, batch_first=True), torch.randn(1, 6, 3))
    page = open_file(rnnviz.show(small, large, layer=1, units=[12]).html)
    assert ready(page)["layer"] == "1"
    expect(page.locator(".theatre")).to_contain_text("RNN has no layer 2")
    stage(page).press("[")
    page.wait_for_selector(".theatre[data-layer='0']")
    hidden = page.locator(".panel[data-panel='hidden'][data-reading='0'] canvas")
    assert hidden.bounding_box() is not None
