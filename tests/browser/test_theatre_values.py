"""What the theatre paints and says equals the readings: hover and pixels of all three cells."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from rnnviz.explorer.digits import exhibit
from rnnviz.explorer.digits.address import DigitsAddress
from rnnviz.notation.cells import DRAWN
from rnnviz.notation.signals import SIGNALS
from rnnviz.theatre.ordering import unit_orders
from rnnviz.theatre.reading import Reading
from tests.browser.conftest import Open
from tests.browser.waiting import number, painted, until
from tests.oracle import described

LIMITS = {"hidden": 2.0, "candidate": 2.0, "cell": 4.0}
PIXEL = """(canvas, [x, y]) => {
  const scale = canvas.width / canvas.getBoundingClientRect().width;
  return [...canvas.getContext('2d').getImageData(x * scale, y * scale, 1, 1).data].slice(0, 3);
}"""
GUTTER = (
    "c => [c.clientWidth, c.clientHeight, parseFloat(c.nextElementSibling.style.left), "
    "c.scrollIntoView({block: 'center'})]"
)


def readings_of(sample: int, ghost: int | None = None) -> list[Reading]:
    """The page's three readings of a bundled sample, as the library makes them."""
    address = DigitsAddress("all", sample=sample, pin=ghost)
    return list(exhibit.readings(address))


def shown(reading: Reading, name: str, values: str, layer: int = 1) -> np.ndarray:
    """``(T, H)``: a signal as it is, its change (NaN before a gate's first), or its difference."""
    array = np.asarray(reading.layers[layer].forward[name], np.float64)
    if values == "raw":
        return array
    if values == "difference":
        assert reading.ghost is not None
        return array - reading.ghost.layers[layer].forward[name]
    start = 0.0 if name in ("hidden", "cell") else np.nan
    return np.diff(array, axis=0, prepend=np.full((1, array.shape[1]), start))


def colour_of(name: str, value: float, values: str) -> np.ndarray:
    """The colour that the light ramp gives a value, by straight lines between its stops."""
    signal = SIGNALS[name]
    ramp = signal.ramp("light") if values == "raw" else SIGNALS["hidden"].ramp("light")
    high = signal.high if values == "raw" else LIMITS.get(name, 1.0)
    low = signal.low if values == "raw" else -high
    if np.isnan(value):
        value = 0.0
    if value < low or value > high:
        ends = SIGNALS["hidden"].to_payload()["beyond"]["light"]
        return rgb(ends[0 if value < low else 1])
    stops = np.array([rgb(stop) for stop in ramp])
    share = (value - low) / (high - low) * (len(stops) - 1)
    return np.array([np.interp(share, range(len(stops)), stops[:, i]) for i in range(3)])


def rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])


def place(canvas: Locator, step: int, row: int, units: int = 128) -> tuple[float, float]:
    """Where a step and a row of a heatmap are, in pixels from its canvas' corner."""
    width, height, gutter, _ = canvas.evaluate(GUTTER)
    return gutter + (step + 0.5) * (width - gutter) / 28, (row + 0.5) * height / units


def point_at(page: Page, canvas: Locator, step: int, row: int) -> tuple[float, float]:
    """Move the pointer there; again when the page below moved everything in the meantime."""
    for _ in range(100):
        x, y = place(canvas, step, row)
        box = canvas.bounding_box()
        if box is None:  # the heatmap is being made anew
            painted(page)
            continue
        page.mouse.move(box["x"] + x, box["y"] + y)
        painted(page)
        if canvas.bounding_box() == box and page.locator(".theatre .tip").is_visible():
            break
    return x, y


def said_number(page: Page, sentence: str) -> float:
    """The number in the tip, after its place has been checked against the library's words."""
    tip = page.locator(".theatre .tip")
    expect(tip).to_be_visible()

    def said() -> str:
        return tip.inner_text().replace("−", "-")

    until(page, lambda: said().split(":")[0], sentence.split(":")[0])
    return float(said().split(": ")[1].split(",")[0])


def check_cell(
    page: Page, reading: Reading, index: int, name: str, where: tuple[int, int], mode: str, row: int
) -> None:
    step, unit = where
    value = float(shown(reading, name, mode)[step, unit])
    raw = float(reading.layers[1].forward[name][step, unit])
    panel = page.locator(f".panel[data-panel={name}][data-reading='{index}']")
    canvas = panel.locator("canvas")
    x, y = point_at(page, canvas, step, row)
    assert said_number(page, described(name, raw, unit=unit, step=step + 1)) == pytest.approx(
        raw, abs=0.0051
    )
    said = "–" if np.isnan(value) else pytest.approx(value, abs=0.0007)
    until(page, lambda: number(panel.locator(".value")), said)
    wanted = pytest.approx(colour_of(name, value, mode).tolist(), abs=4)
    until(page, lambda: canvas.evaluate(PIXEL, [x, y]), wanted)


def check_some(page: Page, readings: Sequence[Reading], order: str, mode: str, seed: int) -> None:
    dice = random.Random(seed)
    for index, reading in enumerate(readings):
        rows = list(range(128))
        if order != "index":
            rows = list(unit_orders(np.asarray(reading.layers[1].forward["hidden"]))[order])
        for name in dice.sample(DRAWN[reading.cell], min(2, len(DRAWN[reading.cell]))):
            step, row = dice.randrange(28), dice.randrange(128)
            check_cell(page, reading, index, name, (step, rows[row]), mode, row)


def test_three_cells_in_every_order_raw_and_changed(open_page: Open) -> None:
    """Random cells of random signals, by hover and by pixel, against the Python readings."""
    page = open_page("/digits?cell=all&sample=6&layer=2", width=1600)
    theatre = page.locator(".st-key-digits_theatre .theatre")
    expect(theatre).to_have_attribute("data-arrangement", "beside")
    readings = readings_of(6)
    for mode in ("raw", "change"):
        theatre.locator("select.values").select_option(mode)
        expect(theatre).to_have_attribute("data-values", mode)
        for seed, order in enumerate(("index", "activity", "cluster")):
            theatre.locator("select.order").select_option(order)
            expect(theatre).to_have_attribute("data-order", order)
            check_some(page, readings, order, mode, seed)
    # Before the first change of a gate there is nothing; a state comes from zero.
    theatre.locator("select.order").select_option("index")
    expect(theatre).to_have_attribute("data-order", "index")
    check_cell(page, readings[0], 0, "forget_gate", (0, 5), "change", 5)
    check_cell(page, readings[0], 0, "hidden", (0, 5), "change", 5)


def test_the_difference_to_the_ghost(open_page: Open) -> None:
    page = open_page("/digits?cell=all&sample=6&pin=3&layer=2&as=difference", width=1600)
    theatre = page.locator(".st-key-digits_theatre .theatre")
    expect(theatre).to_have_attribute("data-values", "difference")
    readings = readings_of(6, ghost=3)
    check_some(page, readings, "index", "difference", 11)
    expect(theatre.locator(".ghost-answer")).to_contain_text("sample 3")
    expect(theatre.locator(".legend")).to_contain_text("ghost")
    picture = theatre.locator(".ghost-picture")
    expect(picture).to_be_visible()


def test_answers_and_marks_of_three_cells(open_page: Open) -> None:
    page = open_page("/digits?cell=all&sample=2&step=12", width=1600)
    heads = page.locator(".theatre .reading-head")
    expect(heads).to_have_count(3)
    for index, reading in enumerate(readings_of(2)):
        assert reading.probabilities is not None
        leader = int(reading.probabilities[11].argmax())
        expect(heads.nth(index)).to_contain_text(f"reads {reading.classes[leader]}, ")
        expect(heads.nth(index)).to_contain_text(reading.title)
        text = heads.nth(index).inner_text()
        share = float(text.split(", ")[1].split(" %")[0])
        assert share == pytest.approx(100 * reading.probabilities[11, leader], abs=0.51)
        decision = next(mark for mark in reading.marks or () if mark.kind == "decision")
        assert f"decided at row {decision.step + 1}" in text
        page.locator(".theatre .choice").nth(index).click()
        expect(page.locator(".theatre .mark").first).to_have_text(
            f"Decision row {decision.step + 1}"
        )
        expect(page.locator(".theatre .answer")).to_contain_text(reading.classes[leader])
    page.locator(".theatre .mark").first.click()
    expect(page.locator(".theatre")).to_have_attribute("data-step", str(decision.step))
