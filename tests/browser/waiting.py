"""Waiting for a page: on a slow machine nothing is there at once, and most things move first."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Frame, Locator, Page

PATIENCE = 60.0
"""Seconds. Only a test that fails waits so long."""

Box = dict[str, float]

# Through two frames: what the last event asked for has been laid out and painted.
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def until(page: Page, ask: Callable[[], Any], wanted: Any = True) -> None:
    """Wait until asking gives ``wanted``; asked from outside, so it needs nothing of the page."""
    deadline = time.monotonic() + PATIENCE
    while (found := ask()) != wanted and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    assert found == wanted


def painted(page: Page | Frame) -> None:
    """Wait until what the last event asked for is on the screen."""
    page.evaluate(PAINTED)


def still_box(locator: Locator) -> Box:
    """Where something is once it stays there: figures that come in move what stands below them."""
    page, before = locator.page, None
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        box = locator.bounding_box()
        if box is not None and box == before:
            return dict(box)
        before = box
        painted(page)
        page.wait_for_timeout(30)
    raise AssertionError(f"it moves on and on: {before}")


def number(locator: Locator) -> float | str:
    """The number that stands there, or the text while there is none."""
    text = locator.inner_text().replace("\u2212", "-").strip()
    try:
        return float(text)
    except ValueError:
        return text


def idle(page: Page) -> None:
    """Wait until no run of the page is under way."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def fits(locator: Locator) -> None:
    """Wait until nothing in it sticks out sideways."""
    until(
        locator.page, lambda: locator.evaluate("node => node.scrollWidth - node.clientWidth") <= 0
    )
