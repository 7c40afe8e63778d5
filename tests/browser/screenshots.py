"""The README's pictures: ``python -m tests.browser.screenshots``, or ``make screenshots``.

Each is taken from the running app in a real browser and written small, to docs/screenshots/.
"""

from __future__ import annotations

import io
import sys
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
    """One picture: where, how large, and in which theme.

    ``at`` is the text of a heading to start at, instead of the top of the page; ``tour`` shows the
    page as on a first visit. The Train page is shown when a training has ended.
    """

    name: str
    address: str
    width: int
    height: int
    theme: Literal["light", "dark"] = "light"
    at: str | None = None
    tour: bool = False


WHY = "/text?v=2&text=but&cell=gru&figure=why"
THREE = "/digits?v=2&cell=all&sample=8&pin=3&layer=2&step=19&units=37"
SHOTS = (
    Shot("home", "/", 1440, 900),
    Shot("digits-lstm", "/digits?v=2&step=19&layer=2&units=37", 1440, 1300),
    Shot("digits-cells", THREE, 1440, 1500),
    Shot("digits-brush", "/digits?v=2&layer=2&order=cluster&span=8-10", 1440, 1300, "dark"),
    Shot("digits-first-visit", "/digits", 1024, 900, tour=True),
    Shot("digits-phone", "/digits?v=2&sample=3", 390, 844, at="LSTM, attention"),
    Shot("digits-phone-dark", "/digits?v=2&cell=all", 390, 844, "dark", at="LSTM, GRU"),
    Shot("digits-projector", "/digits?v=2&cell=gru&sample=15&step=16&big=1", 1920, 1080),
    Shot("digits-wide-dark", THREE, 1920, 1080, "dark", at="LSTM, GRU and RNN"),
    Shot("figure-path", f"{THREE}&figure=path", 1440, 900, at="What the reading shows"),
    Shot("text-lstm", "/text?v=2&text=but", 1440, 1300),
    Shot("text-cells-dark", "/text?v=2&cell=all&text=not-bad", 1440, 1300, "dark"),
    Shot("text-phone", "/text?v=2&text=but&cell=gru", 390, 844, at="GRU"),
    Shot("text-why", WHY, 1440, 900, at="Look closer"),
    Shot("train-race", "/train?cell=race", 1440, 1300),
    Shot("figure-why", "/digits?v=2&figure=why", 1024, 900, "dark", at="What the reading shows"),
)
NO_TOUR = "localStorage.setItem('rnnviz.tour', 'over')"


def take(browser: Browser, server: Server, shot: Shot) -> bytes:
    """The picture as PNG bytes."""
    size: ViewportSize = {"width": shot.width, "height": shot.height}
    page = browser.new_page(viewport=size, color_scheme=shot.theme, reduced_motion="reduce")
    if not shot.tour:
        page.add_init_script(NO_TOUR)
    page.goto(server.address + shot.address)
    if "/train" in shot.address:
        page.get_by_role("button", name="Train", exact=True).click()
        page.get_by_text("Finished").first.wait_for(timeout=180_000)
    else:
        page.wait_for_selector(".theatre[data-ready]")
    if "/digits" in shot.address:
        page.locator(".js-plotly-plot .main-svg").first.wait_for()
    page.wait_for_timeout(4000 if "/text" in shot.address else 1500)
    if shot.at is not None:
        heading = page.get_by_role("heading", name=shot.at).last
        heading.evaluate("node => node.scrollIntoView({ block: 'start' })")
        page.get_by_test_id("stMain").evaluate("node => node.scrollBy(0, -70)")
        page.wait_for_timeout(800)
    picture = page.screenshot()
    page.close()
    return picture


def shrink(picture: bytes, path: Path) -> int:
    """Write in true colours, for a palette tints the greys; return the bytes written."""
    Image.open(io.BytesIO(picture)).convert("RGB").save(path, optimize=True)
    return path.stat().st_size


def main() -> None:
    """Take every picture, or those that are named, and say how large each became."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = [shot for shot in SHOTS if shot.name in sys.argv[1:] or len(sys.argv) == 1]
    with sync_playwright() as playwright, serve() as server:
        browser = playwright.chromium.launch(
            executable_path=chromium.executable(), args=list(FLAGS)
        )
        for shot in wanted:
            path = FOLDER / f"{shot.name}.png"
            size = shrink(take(browser, server, shot), path)
            print(f"{path.relative_to(ROOT)}: {size / 1000:.0f} kB")
        browser.close()


if __name__ == "__main__":
    main()
