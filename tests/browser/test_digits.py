"""The Digits page in a real browser: drawn in, stepped through, read back from the screen."""

from __future__ import annotations

import random
import re
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from benchmarks.page import STEP_COST, draw
from rnnviz import checkpoint
from rnnviz.address import DigitsAddress
from rnnviz.data import samples
from rnnviz.reader import read_digit
from rnnviz.signals import DRAWN, SIGNALS, describe
from rnnviz.theatre import Reading
from tests.browser.conftest import Open
from tests.browser.server import serve

THEATRE = ".st-key-digits_theatre .theatre"


def state(page: Page) -> dict[str, str]:
    """The theatre's own account of where it is."""
    return page.locator(".theatre").evaluate("node => ({...node.dataset})")


def wait_for_step(page: Page, step: int) -> None:
    page.wait_for_selector(f".theatre[data-step='{step}']")


def live_reading(cell: str, sample: int) -> Reading:
    images, labels = samples.load()
    name = DigitsAddress(cell).model
    image, truth = images[sample - 1], str(labels[sample - 1])
    return read_digit(checkpoint.load(name), image, name=name, truth=truth)


def draw_seven(page: Page) -> None:
    draw(page, ((0.25, 0.25), (0.75, 0.25), (0.45, 0.8)))


def test_a_cold_deep_link_as_the_first_request(
    open_page: Open, model_environment: dict[str, str]
) -> None:
    with serve(model_environment) as fresh:
        page = open_page("/digits?cell=gru&sample=4&layer=2&step=15&unit=40", base=fresh)
        expect(page.locator(".theatre .title")).to_have_text("GRU, attention readout")
        expect(page.locator(".theatre .subtitle")).to_contain_text("sample 4")
        assert {key: state(page)[key] for key in ("layer", "step", "unit")} == {
            "layer": "1",
            "step": "14",
            "unit": "40",
        }
        expect(page.get_by_test_id("stTopNavLink").first).to_be_visible()
        assert page.title() == "Digits · rnnviz"
        assert "Traceback" not in fresh.log
        page.context.close()


def test_the_opening_is_painted_before_torch_is_imported(
    open_page: Open, model_environment: dict[str, str]
) -> None:
    with serve(model_environment) as fresh:
        page = open_page("/digits", base=fresh)
        expect(page.locator(".theatre .title")).to_have_text("LSTM, attention readout")
        assert page.locator(".theatre .panel canvas").count() >= 9
        page.context.close()


def test_a_digit_drawn_with_the_mouse_is_read(open_page: Open) -> None:
    page = open_page("/digits")
    draw_seven(page)
    expect(page.locator(".theatre .subtitle")).to_have_text("reading your drawing")
    assert "Row 28 of 28" in page.locator(".theatre .where").inner_text()
    page.locator(".board canvas").press("z")
    expect(page.get_by_test_id("stAlert")).to_contain_text("board is empty")
    expect(page.locator(".theatre .subtitle")).to_have_text("reading your drawing")


def test_a_digit_drawn_with_a_finger_and_a_thick_pen_is_read(open_page: Open) -> None:
    page = open_page("/digits", width=390, has_touch=True)
    page.get_by_role("button", name="thick pen").tap()
    box = page.locator(".board canvas").bounding_box()
    assert box is not None
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
    ink = page.locator(".board canvas").evaluate(
        "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(v => v > 0)"
    )
    assert ink


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


def test_stepping_by_keyboard_before_anything_was_clicked(open_page: Open) -> None:
    page = open_page("/digits")
    for key, step in (("ArrowLeft", 26), ("Home", 0), ("ArrowRight", 1), ("End", 27)):
        page.keyboard.press(key)
        wait_for_step(page, step)
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    page.wait_for_selector(".theatre[data-playing=true]")
    page.wait_for_selector(".theatre[data-step='27'][data-playing=false]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".theatre .unit-name")).to_contain_text("pinned")
    page.keyboard.press("Escape")
    expect(page.locator(".theatre .unit-name")).not_to_contain_text("pinned")


def test_the_slider_and_the_live_region_speak(open_page: Open) -> None:
    page = open_page("/digits")
    slider = page.get_by_role("slider", name="row being read")
    slider.focus()
    page.keyboard.press("Home")
    wait_for_step(page, 0)
    assert "Row 1 of 28: reads" in (slider.get_attribute("aria-valuetext") or "")
    expect(page.locator(".theatre .live")).to_contain_text("Row 1 of 28: reads")


PIXEL = """(canvas, [x, y]) => {
  const scale = canvas.width / canvas.getBoundingClientRect().width;
  return [...canvas.getContext('2d').getImageData(x * scale, y * scale, 1, 1).data].slice(0, 3);
}"""


@pytest.mark.parametrize("cell", DRAWN)
def test_what_is_painted_equals_the_trace(open_page: Open, cell: str) -> None:
    """Hover texts and pixels of random cells of every signal against the Python reading."""
    page = open_page(f"/digits?cell={cell}&sample=6&layer=2")
    expect(page.locator(".theatre .title")).to_contain_text(cell.upper())
    reading = live_reading(cell, 6)
    dice = random.Random(7)
    for name in DRAWN[cell]:
        canvas = page.locator(f".panel[data-panel={name}] canvas")
        canvas.scroll_into_view_if_needed()
        width, height, gutter = canvas.evaluate(
            "c => [c.clientWidth, c.clientHeight, "
            "parseFloat(getComputedStyle(c.closest('.theatre')).getPropertyValue('--gutter'))]"
        )
        for _ in range(4):
            step, unit = dice.randrange(28), dice.randrange(128)
            value = float(reading.layers[1].forward[name][step, unit])
            x = gutter + (step + 0.5) * (width - gutter) / 28
            y = (unit + 0.5) * height / 128
            canvas.hover(position={"x": x, "y": y})
            tip = page.locator(".theatre .tip")
            expect(tip).to_be_visible()
            said, expected = (
                tip.inner_text().replace("−", "-"),
                describe(name, value, unit=unit, step=step + 1),
            )
            assert said.split(":")[0] == expected.split(":")[0]
            number = float(said.split(": ")[1].split(",")[0])
            assert number == pytest.approx(value, abs=0.0051)
            head = page.locator(f".panel[data-panel={name}] .value").inner_text()
            assert float(head.replace("−", "-")) == pytest.approx(value, abs=0.0006)
            painted = canvas.evaluate(PIXEL, [x, y])
            assert np.abs(np.array(painted) - colour_of(name, value)).max() <= 4


def colour_of(name: str, value: float) -> np.ndarray:
    """The colour that the light ramp gives a value, by straight lines between its stops."""
    signal = SIGNALS[name]
    stops = np.array(
        [[int(stop[i : i + 2], 16) for i in (1, 3, 5)] for stop in signal.ramp("light")]
    )
    share = np.clip((value - signal.low) / (signal.high - signal.low), 0, 1) * (len(stops) - 1)
    return np.array([np.interp(share, range(len(stops)), stops[:, i]) for i in range(3)])


def test_probabilities_on_screen_equal_the_reading(open_page: Open) -> None:
    page = open_page("/digits?cell=gru&sample=2&step=9")
    expect(page.locator(".theatre .title")).to_contain_text("GRU")
    reading = live_reading("gru", 2)
    shares = page.locator(".theatre .classes .share").all_inner_texts()
    for text, probability in zip(shares, reading.probabilities[8], strict=True):
        assert float(text.removesuffix(" %")) == pytest.approx(100 * probability, abs=0.51)


def test_a_click_pins_and_the_address_follows_and_comes_back(open_page: Open) -> None:
    page = open_page("/digits?cell=gru")
    canvas = page.locator(".panel[data-panel=update_gate] canvas")
    canvas.scroll_into_view_if_needed()
    width = canvas.evaluate("c => c.clientWidth")
    canvas.click(position={"x": 40 + (11 + 0.5) * (width - 40) / 28, "y": 37.5})
    expect(page.locator(".theatre .unit-name")).to_have_text("Unit 37 of layer 1, pinned")
    page.get_by_role("button", name="Layer 2").click()
    page.wait_for_url(re.compile(r"(?=.*cell=gru)(?=.*layer=2)(?=.*step=12)(?=.*unit=37)"))
    page.wait_for_timeout(800)
    page.reload()
    page.wait_for_selector(".theatre[data-ready]")
    assert {key: state(page)[key] for key in ("layer", "step", "unit")} == {
        "layer": "1",
        "step": "11",
        "unit": "37",
    }
    expect(page.locator(".theatre .title")).to_contain_text("GRU")


def test_the_address_keeps_the_step_when_the_cell_changes(open_page: Open) -> None:
    page = open_page("/digits")
    page.keyboard.press("Home")
    page.wait_for_url(re.compile("step=1"))
    page.locator(".st-key-digits_cell button").filter(has_text="RNN").click()
    expect(page.locator(".theatre .title")).to_contain_text("RNN")
    page.wait_for_url(re.compile(r"(?=.*cell=rnn)(?=.*step=1)"))
    assert state(page)["step"] == "0"
    page.locator(".st-key-digits_cell button").filter(has_text="LSTM").click()
    expect(page.locator(".theatre .panel[data-panel$=_gate]")).to_have_count(3)


def test_a_chip_hides_its_signal_and_brings_it_back(open_page: Open) -> None:
    page = open_page("/digits")
    chip = page.locator(".theatre .chips button").filter(has_text="Input gate")
    panel = page.locator(".panel[data-panel=input_gate]")
    chip.click()
    expect(panel).to_have_count(0)
    expect(chip).to_have_attribute("aria-pressed", "false")
    chip.press("Enter")
    expect(panel).to_have_count(1)
    expect(chip).to_be_focused()


def test_a_cursor_step_is_fast_and_asks_the_server_nothing(open_page: Open) -> None:
    sent: list[Any] = []
    page = open_page("/digits")
    page.wait_for_timeout(1500)
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.reload()
    page.wait_for_selector(".theatre[data-ready]")
    page.wait_for_timeout(1500)
    sent.clear()
    costs = page.locator(".theatre .stage").evaluate(STEP_COST)
    assert float(np.median(costs)) <= 16
    for _ in range(27):
        page.keyboard.press("ArrowLeft")
    wait_for_step(page, 0)
    page.mouse.move(700, 600)
    page.mouse.move(900, 700, steps=5)
    page.wait_for_timeout(1200)
    assert sent == []


@pytest.mark.parametrize("address", ["/", "/digits"])
@pytest.mark.parametrize("width", [390, 768, 1024, 1440])
def test_nothing_sticks_out_sideways(open_page: Open, address: str, width: int) -> None:
    page = open_page(address, width=width)
    page.wait_for_timeout(300)
    main = page.get_by_test_id("stMain")
    assert main.evaluate("node => node.scrollWidth - node.clientWidth") <= 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    inner = page.locator(".theatre").evaluate("node => node.scrollWidth - node.clientWidth")
    assert inner <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theatre_follows_the_theme(open_page: Open, scheme: str) -> None:
    page = open_page("/digits", color_scheme=scheme)
    assert state(page)["theme"] == scheme


@pytest.mark.parametrize("ratio", [1, 2])
def test_canvases_have_a_pixel_for_every_pixel_of_the_screen(open_page: Open, ratio: int) -> None:
    page = open_page("/digits", device_scale_factor=ratio)
    widths = page.locator(".panel canvas").evaluate_all(
        "all => all.map(c => [c.width, c.getBoundingClientRect().width])"
    )
    for pixels, width in widths:
        assert pixels == pytest.approx(width * ratio, abs=1)


def test_home_plays_by_itself_unless_stillness_is_asked_for(open_page: Open) -> None:
    page = open_page("/")
    page.wait_for_selector(".theatre[data-playing=true]")
    still = open_page("/", reduced_motion="reduce")
    still.wait_for_timeout(800)
    assert state(still)["playing"] == "false"
    assert state(still)["step"] == "27"
