"""axe-core's whole list of rules on every page and state: light and dark, wide and 390 px.

Its verdict is the oracle; the first test shows that it sees into the theatre. Nothing is left out,
neither of our own nor of Streamlit's shell.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from rnnviz.explorer.digits import exhibit
from rnnviz.explorer.digits.address import DigitsAddress
from rnnviz.theatre.standalone import page as standalone
from rnnviz.theatre.view import View
from tests.browser.conftest import Open
from tests.browser.waiting import idle

Room = tuple[Literal["light", "dark"], int]
ROOMS: tuple[Room, ...] = (("light", 1440), ("light", 390), ("dark", 390), ("dark", 1440))
OPPOSITE: tuple[Room, ...] = (("light", 1440), ("dark", 390))
"""Each theme and each width once, for states of pages that are seen in all four rooms."""

READY = ":is(.theatre, .curves)[data-ready]"
BUSY = "layer=2&units=3.37&steps=5.12&span=6-12&step=9"
PAGES = {
    "home": "/",
    "digits": "/digits",
    "three cells with pins, a brush and a ghost": f"/digits?v=2&cell=all&pin=3&{BUSY}",
    "text": "/text",
    "train": "/train",
}
STATES = {
    "two digits side by side": "/digits?v=2&cell=gru&pin=3&beside=1&order=cluster&prob=area",
    "a morph": "/digits?v=2&cell=rnn&pin=3&morph=40&as=difference",
    "path": "/digits?v=2&figure=path",
    "why": "/digits?v=2&figure=why",
    "early": "/digits?v=2&figure=early",
    "presenter": "/digits?v=2&big=1&units=37",
    "three cells on a text": "/text?v=2&cell=all&text=greek&units=3&tint=unit:hidden",
    "two texts side by side": "/text?v=2&cell=gru&text=irony&pin=praise&beside=1",
    "why an answer": "/text?v=2&cell=gru&figure=why",
    "the sentiment line": "/text?v=2&cell=gru&figure=line",
    "units of a text network": "/text?v=2&cell=gru&figure=units",
    "padding": "/text?v=2&cell=gru&figure=padding&pads=20",
}


def violations(page: Page) -> list[str]:
    """What axe-core objects to: rule, place and reason, one line each."""
    found = Axe().run(page, options=None).response["violations"]
    return [
        f"{one['id']} ({one['impact']}): {node['target']} {node['html'][:160]} "
        f"{' '.join(node.get('failureSummary', '').split())}"
        for one in found
        for node in one["nodes"]
    ]


def settle(page: Page) -> None:
    """Wait until the theatre, and the figure below it, stand still."""
    page.wait_for_selector(READY)
    if "/digits" in page.url or "figure=" in page.url:
        page.locator(".js-plotly-plot .main-svg").first.wait_for()
    if page.get_by_test_id("stApp").count():
        idle(page)
    page.wait_for_timeout(300)


def unfolded(page: Page) -> None:
    """The same, with everything open that can be opened, so that what is behind is looked at."""
    settle(page)
    closed = page.locator(".theatre [aria-expanded=false]")
    for button in closed.all()[::-1]:
        if button.is_visible():
            button.click()
    code = page.get_by_text("Show code", exact=True)
    if not page.get_by_test_id("stCode").is_visible():
        code.click()
    page.get_by_test_id("stCode").wait_for()


def looked_at(
    page: Page, rooms: tuple[Room, ...] = ROOMS, prepare: Callable[[Page], None] = settle
) -> dict[Room, list[str]]:
    """The violations of a page in each theme and width, where there are any."""
    found = {}
    for theme, width in rooms:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_selector(f"[data-ready][data-theme={theme}]")
        prepare(page)
        found[theme, width] = lasting_violations(page)
    return {room: lines for room, lines in found.items() if lines}


def lasting_violations(page: Page) -> list[str]:
    """The violations, without those of colours that were on their way to another theme."""
    lines = violations(page)
    for _ in range(3):
        if not lines:
            break
        page.wait_for_timeout(800)
        lines = violations(page)
    return lines


def test_axe_sees_into_the_theatre(open_page: Open) -> None:
    page = open_page("/")
    settle(page)
    page.locator(".theatre .title").evaluate(
        "node => { node.style.color = '#ddd'; node.append(document.createElement('img')); }"
    )
    rules = {line.split()[0] for line in violations(page)}
    assert rules == {"color-contrast", "image-alt"}


@pytest.mark.parametrize("place", PAGES)
def test_pages(place: str, open_page: Open) -> None:
    assert looked_at(open_page(PAGES[place], ready=READY)) == {}


@pytest.mark.parametrize("place", STATES)
def test_states_of_a_page(place: str, open_page: Open) -> None:
    assert looked_at(open_page(STATES[place]), OPPOSITE) == {}


def test_everything_unfolded(open_page: Open) -> None:
    assert looked_at(open_page(f"/digits?v=2&{BUSY}"), OPPOSITE, unfolded) == {}


def test_the_saved_page(browser: Browser, tmp_path: Path) -> None:
    readings = exhibit.readings(DigitsAddress(cell="all", pin=3))
    view = View(layer=1, units=(3, 37), steps=(4, 11), span=(5, 11))
    path = tmp_path / "saved.html"
    path.write_text(standalone(readings, title="Three cells", view=view), encoding="utf-8")
    options: dict[str, Any] = {"offline": True}
    context = browser.new_context(**options)
    page = context.new_page()
    page.goto(path.as_uri())
    assert looked_at(page) == {}
    context.close()
