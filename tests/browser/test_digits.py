"""The Digits page in a real browser: drawn in, picked from, reached by a link, at every width.

What the theatre itself does has its own tests beside; going back and comparing are in test_history.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from benchmarks.page import draw
from tests.browser.conftest import Open
from tests.browser.server import serve
from tests.browser.waiting import fits, idle, still_box, until


def draw_seven(page: Page) -> None:
    draw(page, ((0.25, 0.25), (0.75, 0.25), (0.45, 0.8)))


def test_a_cold_deep_link_as_the_first_request(
    open_page: Open, model_environment: dict[str, str]
) -> None:
    with serve(model_environment) as fresh:
        page = open_page("/digits?cell=gru&sample=4&layer=2&step=15&unit=40", base=fresh)
        expect(page.locator(".theatre .title")).to_have_text("GRU, attention readout")
        expect(page.locator(".theatre .subtitle")).to_contain_text("sample 4")
        for name, value in (("layer", "1"), ("step", "14"), ("unit", "40")):
            expect(page.locator(".theatre")).to_have_attribute(f"data-{name}", value)
        expect(page.get_by_test_id("stTopNavLink").first).to_be_visible()
        until(page, page.title, "Digits · rnnviz")
        assert "Traceback" not in fresh.log
        page.context.close()


def test_the_opening_is_painted_before_torch_is_imported(
    open_page: Open, model_environment: dict[str, str]
) -> None:
    with serve(model_environment) as fresh:
        page = open_page("/digits", base=fresh)
        expect(page.locator(".theatre .title")).to_have_text("LSTM, attention readout")
        until(page, lambda: page.locator(".theatre .panel canvas").count() >= 9)
        page.context.close()


def test_a_digit_drawn_with_the_mouse_is_read(open_page: Open) -> None:
    page = open_page("/digits")
    draw_seven(page)
    expect(page.locator(".theatre .subtitle")).to_have_text("reading your drawing")
    expect(page.locator(".theatre .where")).to_contain_text("Row 28 of 28")
    page.locator(".board canvas").press("z")
    expect(page.get_by_test_id("stAlert")).to_contain_text("board is empty")
    expect(page.locator(".theatre .subtitle")).to_have_text("reading your drawing")


def test_a_digit_drawn_with_a_finger_and_a_thick_pen_is_read(open_page: Open) -> None:
    page = open_page("/digits", width=390, has_touch=True)
    page.get_by_role("button", name="thick pen").tap()
    box = still_box(page.locator(".board canvas"))
    finger = page.context.new_cdp_session(page)

    def touch(kind: str, x: float, y: float) -> None:
        point = {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})

    touch("touchStart", 0.5, 0.15)
    for y in (0.3, 0.5, 0.7, 0.85):
        touch("touchMove", 0.5, y)
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.locator(".theatre .subtitle")).to_have_text("reading your drawing")
    expect(page.locator(".board canvas")).to_have_attribute("aria-label", "Drawing board, 1 stroke")


def test_strokes_are_kept_while_another_page_is_open(open_page: Open) -> None:
    page = open_page("/digits")
    draw_seven(page)
    expect(page.locator(".theatre .subtitle")).to_have_text("reading your drawing")
    page.get_by_test_id("stTopNavLink").filter(has_text="Home").click()
    expect(page.locator(".theatre .title")).to_have_text("An LSTM reads a digit")
    page.keyboard.press("Home")
    page.wait_for_timeout(500)
    assert "step" not in page.url, "the theatre that was left still listens"
    page.get_by_test_id("stTopNavLink").filter(has_text="Digits").click()
    expect(page.locator(".theatre .subtitle")).to_have_text("reading your drawing")
    expect(page.locator(".board canvas")).to_have_attribute("aria-label", "Drawing board, 1 stroke")
    is_inked = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(v => v > 0)"
    until(page, lambda: page.locator(".board canvas").evaluate(is_inked))


def test_a_sample_is_picked_from_the_gallery(open_page: Open) -> None:
    page = open_page("/digits")
    page.get_by_role("tab", name="Samples").click()
    page.locator(".gallery button").nth(4).click()
    expect(page.locator(".theatre .subtitle")).to_contain_text("sample 5")
    page.wait_for_url(re.compile("sample=5"))
    expect(page.locator(".gallery button").nth(4)).to_have_attribute("aria-pressed", "true")


def test_a_file_that_is_no_image_leaves_the_reading_in_place(open_page: Open) -> None:
    page = open_page("/digits?sample=3")
    page.get_by_role("tab", name="Upload").click()
    page.locator("input[type=file]").set_input_files(
        {"name": "digit.png", "mimeType": "image/png", "buffer": b"no image at all"}
    )
    expect(page.get_by_test_id("stAlert")).to_be_visible()
    expect(page.locator(".theatre .subtitle")).to_contain_text("sample 3")


def test_the_address_keeps_the_step_when_the_cell_changes(open_page: Open) -> None:
    page = open_page("/digits")
    page.keyboard.press("Home")
    page.wait_for_url(re.compile("step=1"))
    page.locator(".st-key-digits_cell button").filter(has_text="RNN").click()
    expect(page.locator(".theatre .title")).to_contain_text("RNN")
    page.wait_for_url(re.compile(r"(?=.*cell=rnn)(?=.*step=1)"))
    expect(page.locator(".theatre")).to_have_attribute("data-step", "0")
    page.locator(".st-key-digits_cell button").filter(has_text="LSTM").click()
    expect(page.locator(".theatre .panel[data-panel$=_gate]")).to_have_count(3)
    expect(page.locator(".theatre")).to_have_attribute("data-step", "0")


def test_a_cursor_step_asks_the_server_nothing(open_page: Open) -> None:
    sent: list[Any] = []
    page = open_page("/digits")
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.reload()
    page.wait_for_selector(".theatre[data-ready]")
    # What the page has to say of itself: the figures come when the theatre stands.
    expect(page.locator(".js-plotly-plot:has(.main-svg)")).to_have_count(2)
    idle(page)
    page.wait_for_timeout(1000)
    sent.clear()
    for _ in range(27):
        page.keyboard.press("ArrowLeft")
    page.wait_for_selector(".theatre[data-step='0']")
    page.mouse.move(700, 600)
    page.mouse.move(900, 700, steps=5)
    page.wait_for_timeout(1200)
    assert sent == []


@pytest.mark.parametrize("address", ["/", "/digits", "/digits?cell=all&sample=3&pin=8&morph=40"])
def test_nothing_sticks_out_sideways(open_page: Open, address: str) -> None:
    page = open_page(address, width=390)
    for width in (390, 768, 1024, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(300)
        fits(page.get_by_test_id("stMain"))
        until(page, lambda: page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0)
        fits(page.locator(".theatre"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theatre_follows_the_theme(open_page: Open, scheme: str) -> None:
    page = open_page("/digits", color_scheme=scheme)
    expect(page.locator(".theatre")).to_have_attribute("data-theme", scheme)


@pytest.mark.parametrize("ratio", [1, 2])
def test_canvases_have_a_pixel_for_every_pixel_of_the_screen(open_page: Open, ratio: int) -> None:
    page = open_page("/digits", device_scale_factor=ratio)
    off = (
        "(all, ratio) => all.map(c => Math.abs(c.width - c.getBoundingClientRect().width * ratio))"
        ".filter(pixels => pixels > 1)"
    )
    until(page, lambda: page.locator(".panel canvas").evaluate_all(off, ratio), [])


def test_home_plays_by_itself_unless_stillness_is_asked_for(open_page: Open) -> None:
    page = open_page("/")
    page.wait_for_selector(".theatre[data-playing=true]")
    still = open_page("/", reduced_motion="reduce")
    still.wait_for_timeout(800)
    expect(still.locator(".theatre")).to_have_attribute("data-playing", "false")
    expect(still.locator(".theatre")).to_have_attribute("data-step", "27")
