"""The README's pictures: ``python -m tests.browser.screenshots``, or ``make screenshots``.

Each is taken from the running app in a real browser and written small, to docs/screenshots/.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from tests.browser import chromium
from tests.browser.server import FLAGS, ROOT, Server, serve

FOLDER = ROOT / "docs" / "screenshots"


@dataclass(frozen=True)
class Shot:
    """One picture: where, how large, and in which theme; a height of None takes the whole page."""

    name: str
    address: str
    width: int
    height: int | None
    theme: Literal["light", "dark"]


SHOTS = (
    Shot("home", "/", 1440, 900, "light"),
    Shot("digits-lstm", "/digits?step=19&layer=2", 1440, 1300, "light"),
    Shot("digits-gru-dark", "/digits?cell=gru&sample=15&step=16&layer=2", 1440, 1000, "dark"),
    Shot("digits-rnn", "/digits?cell=rnn&sample=6", 1024, 900, "light"),
    Shot("digits-phone", "/digits?sample=3", 390, 844, "light"),
)


def take(browser: Browser, server: Server, shot: Shot) -> bytes:
    """The picture as PNG bytes."""
    size: ViewportSize = {"width": shot.width, "height": shot.height or 900}
    page = browser.new_page(viewport=size, color_scheme=shot.theme, reduced_motion="reduce")
    page.goto(server.address + shot.address)
    page.wait_for_selector(".theatre[data-ready]")
    page.wait_for_timeout(1200)
    if shot.height is None:
        whole = page.get_by_test_id("stMain").evaluate("node => node.scrollHeight")
        page.set_viewport_size({"width": shot.width, "height": int(whole)})
        page.wait_for_timeout(600)
    picture = page.screenshot()
    page.close()
    return picture


def shrink(picture: bytes, path: Path) -> int:
    """Write in true colours, for a palette tints the greys; return the bytes written."""
    Image.open(io.BytesIO(picture)).convert("RGB").save(path, optimize=True)
    return path.stat().st_size


def main() -> None:
    """Take every picture and say how large it became."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, serve() as server:
        browser = playwright.chromium.launch(
            executable_path=chromium.executable(), args=list(FLAGS)
        )
        for shot in SHOTS:
            path = FOLDER / f"{shot.name}.png"
            size = shrink(take(browser, server, shot), path)
            print(f"{path.relative_to(ROOT)}: {size / 1000:.0f} kB")
        browser.close()


if __name__ == "__main__":
    main()
