"""The theatre under the hand: pins, spans, keys, history, loop, touch, windows, presenting."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from rnnviz.explorer.digits import exhibit
from rnnviz.explorer.digits.address import DigitsAddress
from rnnviz.notation.cells import DRAWN
from rnnviz.notation.signals import SIGNALS
from rnnviz.theatre.reading import LayerReading, Reading
from rnnviz.theatre.standalone import page as standalone
from tests.browser.conftest import Open
from tests.browser.test_theatre_values import place
from tests.browser.waiting import fits, number, painted, still_box, until

STAGE = ".theatre .stage"


def data(page: Page, *names: str) -> dict[str, str]:
    """What the theatre says of itself."""
    everything: dict[str, str] = page.locator(".theatre").evaluate("node => ({...node.dataset})")
    return {name: everything[name] for name in names}


def has(page: Page, **wanted: str) -> None:
    """Wait until the theatre says so."""
    for name, value in wanted.items():
        expect(page.locator(".theatre")).to_have_attribute(f"data-{name}", value)


def canvas_of(page: Page, panel: str, reading: int = 0) -> Locator:
    return page.locator(f".panel[data-panel={panel}][data-reading='{reading}'] canvas").first


def click_cell(page: Page, panel: str, step: int, unit: int, reading: int = 0) -> None:
    canvas = canvas_of(page, panel, reading)
    x, y = place(canvas, step, unit)
    # In the middle, where neither the bar at the top nor a label that stays in view lies over it.
    canvas.evaluate("node => node.scrollIntoView({ block: 'center' })")
    canvas.click(position={"x": x, "y": y})


def drag_steps(page: Page, panel: str, first: int, last: int, reading: int = 0) -> None:
    canvas = canvas_of(page, panel, reading)
    start, end = place(canvas, first, 40), place(canvas, last, 40)
    box = still_box(canvas)
    page.mouse.move(box["x"] + start[0], box["y"] + start[1])
    page.mouse.down()
    page.mouse.move(box["x"] + end[0], box["y"] + end[1], steps=6)
    page.mouse.up()


def test_pins_are_chips_and_the_history_keeps_them(open_page: Open) -> None:
    page = open_page("/digits?sample=6")
    chips = page.locator(".theatre .pins .pin-name")
    click_cell(page, "input_gate", 11, 37)
    click_cell(page, "forget_gate", 4, 90)
    expect(chips).to_have_text(["row 5", "row 12", "unit 37", "unit 90"])
    expect(page.locator(".theatre .unit-name")).to_have_text("Unit 90 of layer 1, pinned")
    expect(page.locator(".panel[data-panel=forget_gate] .row.pinned")).to_have_count(2)
    page.wait_for_url(re.compile(r"(?=.*steps=12\.5)(?=.*units=37\.90)"))
    page.wait_for_timeout(600)
    click_cell(page, "forget_gate", 4, 90)  # a second click takes it away
    expect(chips).to_have_text(["row 12", "unit 37"])
    page.wait_for_url(re.compile(r"units=37(&|$)"))
    page.wait_for_timeout(600)
    page.go_back()
    expect(chips).to_have_text(["row 5", "row 12", "unit 37", "unit 90"])
    page.wait_for_url(re.compile(r"units=37\.90"))
    page.wait_for_timeout(600)
    assert "units=37.90" in page.url, "the page must not write the later view over the earlier one"
    page.go_forward()
    expect(chips).to_have_text(["row 12", "unit 37"])
    page.get_by_role("button", name="Unpin unit 37").click()
    expect(chips).to_have_text(["row 12"])
    page.locator(".theatre .pin-name").first.click()
    has(page, step="11")


def _units_on(
    values: np.ndarray, span: tuple[int, int], threshold: float, sign: int | None
) -> list[tuple[int, int]]:
    """Unit and side of those beyond `threshold` in all of the span and nowhere else, best first."""
    inside = np.zeros(len(values), dtype=bool)
    inside[span[0] : span[1] + 1] = True
    found = []
    for side in (1, -1) if sign is None else (sign,):
        least, most = (side * values[inside]).min(0), (side * values[~inside]).max(0)
        on = np.flatnonzero((least >= threshold) & (most < threshold))
        found += [(float(most[unit] - least[unit]), int(unit), -side) for unit in on]
    return [(unit, -other) for _, unit, other in sorted(found)]


def test_a_span_finds_the_units_that_the_library_finds(open_page: Open) -> None:
    page = open_page("/digits?sample=6&layer=2", width=1600)
    drag_steps(page, "cell", 9, 13)
    has(page, span="10-14")
    dock = page.locator(".theatre .dock")
    expect(dock).to_be_visible()
    layer = exhibit.readings(DigitsAddress("lstm", sample=6))[0].layers[1].forward
    for signal, threshold in (
        ("hidden", 0.3),
        ("cell", 0.3),
        ("forget_gate", 0.5),
        ("hidden", 0.15),
    ):
        dock.locator("select").select_option(signal)
        dock.locator("input[type=range]").evaluate(
            "(node, value) => { node.value = value; node.dispatchEvent(new Event('input')); }",
            str(threshold),
        )
        expect(dock.locator("output")).to_have_text(f"{threshold:.2f}")
        sign = 1 if SIGNALS[signal].kind == "gate" else None
        found = _units_on(np.asarray(layer[signal]), (9, 13), threshold, sign)
        wanted = [f"{unit} {'+' if side > 0 else '−'}" for unit, side in found[:18]]
        expect(dock.locator(".dock-unit")).to_have_text(wanted)
        if signal in ("hidden", "cell"):
            pegs = page.locator(f".panel[data-panel={signal}] .peg")
            expect(pegs).to_have_count(len(found))
    page.wait_for_url(re.compile(r"(?=.*span=10-14)(?=.*on=0\.15)"))
    if dock.locator(".dock-unit").count() > 0:
        dock.locator(".dock-unit").first.click()
        expect(page.locator(".theatre .pins .pin")).to_have_count(1)
    page.locator(STAGE).focus()
    page.keyboard.press("Escape")
    expect(dock).to_be_hidden()


def test_everything_by_keyboard(open_page: Open) -> None:
    page = open_page("/digits?sample=6")
    keys = page.keyboard
    page.locator(STAGE).focus()
    for key, wanted in (
        ("o", {"order": "activity"}),
        ("o", {"order": "cluster"}),
        ("c", {"values": "change"}),
        ("c", {"values": "raw"}),
        ("]", {"layer": "1"}),
        ("Home", {"step": "0"}),
        ("PageDown", {"step": "5"}),
        ("Shift+ArrowRight", {"span": "6-7"}),
        ("Shift+ArrowRight", {"span": "6-8"}),
        ("Escape", {"span": ""}),
        ("p", {"presenter": "true"}),
        ("Escape", {"presenter": "false"}),
        ("[", {"layer": "0"}),
    ):
        keys.press(key)
        has(page, **wanted)
    # Up and down walk in the order in which the units stand.
    layer = exhibit.readings(DigitsAddress("lstm", sample=6))[0].to_payload()["layers"][0]
    order = layer["orders"]["forward"]["cluster"]
    row = order.index(int(data(page, "unit")["unit"]))
    step = -1 if row > 60 else 1
    keys.press("ArrowUp" if step < 0 else "ArrowDown")
    has(page, unit=str(order[row + step]))
    keys.press("Enter")
    expect(page.locator(".theatre .pins .pin")).to_have_count(2)
    keys.press("Escape")
    expect(page.locator(".theatre .pins .pin")).to_have_count(0)
    page.locator(STAGE).focus()
    keys.press("l")
    expect(page.get_by_role("button", name="Loop")).to_have_attribute("aria-pressed", "true")
    view = page.get_by_role("button", name="View", exact=True)
    view.focus()
    keys.press("Enter")
    expect(page.locator(".theatre .menu")).to_be_visible()
    info = page.locator(".band[data-band=forget_gate] .info")
    info.focus()
    keys.press("Enter")
    expect(info).to_have_attribute("aria-expanded", "true")
    expect(page.locator("#note-forget_gate")).to_have_text(SIGNALS["forget_gate"].look_for)


def test_every_control_says_what_it_does(open_page: Open) -> None:
    page = open_page("/digits?cell=all&pin=3", width=1600)
    page.get_by_role("button", name="View", exact=True).click()
    page.locator(STAGE).press("Shift+ArrowLeft")
    silent = page.locator(".theatre").evaluate(
        "root => [...root.querySelectorAll('button, select, input')]"
        ".filter(node => node.checkVisibility() && !node.title && !node.closest('.tour-place'))"
        ".map(node => node.outerHTML)"
    )
    assert silent == []
    names = page.locator(".theatre").evaluate(
        "root => [...root.querySelectorAll('button')].filter(node => !node.textContent.trim()"
        " && !node.ariaLabel).map(node => node.outerHTML)"
    )
    assert names == []


def test_it_loops_at_four_times_the_speed(open_page: Open) -> None:
    page = open_page("/digits?sample=6")
    page.locator(".theatre .speed").select_option("4")
    page.get_by_role("button", name="Loop").click()
    page.locator(STAGE).press("End")
    page.locator(".theatre").evaluate(
        """(theatre) => {
          window.turns = 0;
          let before = 0;
          new MutationObserver(() => {
            const step = Number(theatre.dataset.step);
            if (step < before && theatre.dataset.playing === "true") window.turns += 1;
            before = step;
          }).observe(theatre, { attributeFilter: ["data-step"] });
        }"""
    )
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("() => window.turns >= 2")
    canvas_of(page, "hidden").hover()
    has(page, playing="false")


def test_presenting_fills_the_window_with_big_type(open_page: Open) -> None:
    page = open_page("/digits?cell=all", width=1920)
    size = "node => parseFloat(getComputedStyle(node).fontSize)"
    before = page.locator(".theatre .title").evaluate(size)
    page.get_by_role("button", name="Present").click()
    has(page, presenter="true", arrangement="beside")
    theatre = page.locator(".theatre")
    until(page, theatre.bounding_box, {"x": 0, "y": 0, "width": 1920, "height": 900})
    until(page, lambda: page.locator(".theatre .title").evaluate(size) >= 1.3 * before)
    # Nothing lies above the presentation.
    page.wait_for_function(
        "() => { let node = document.elementFromPoint(960, 20);"
        " while (node?.shadowRoot?.elementFromPoint(960, 20) "
        " && node.shadowRoot.elementFromPoint(960, 20) !== node)"
        " node = node.shadowRoot.elementFromPoint(960, 20);"
        " return node?.closest('.theatre') !== null; }"
    )
    page.keyboard.press("ArrowLeft")
    has(page, step="26")
    page.keyboard.press("Escape")
    has(page, presenter="false")


def boxes_of(page: Page, panel: str) -> list[dict[str, float]]:
    """Where the canvases of a panel are, one of each reading."""
    canvases = page.locator(f".panel[data-panel={panel}] canvas")
    found: list[dict[str, float]] = canvases.evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().toJSON())"
    )
    return found


@pytest.mark.parametrize(
    ("width", "wanted", "tops"), [(1600, "beside", "000"), (700, "stacked", "012")]
)
def test_three_readings_stand_where_there_is_room(
    open_page: Open, width: int, wanted: str, tops: str
) -> None:
    page = open_page("/digits?cell=all", width=width)
    has(page, arrangement=wanted, readings="3")
    missing = page.locator(".panel[data-panel=update_gate][data-reading='2'] .absent")
    expect(missing).to_have_text("An RNN has no update gate.")
    expect(page.locator(".panel[data-panel=hidden] canvas")).to_have_count(3)
    # All at once: what is below may move meanwhile.
    until(page, lambda: len({round(box["y"]) for box in boxes_of(page, "hidden")}), len(set(tops)))
    assert len({box["height"] for box in boxes_of(page, "hidden")}) == 1, "same scale"
    click_cell(page, "hidden", 9, 64, reading=1)
    cursors = page.locator(".theatre .cursor")
    expect(cursors).to_have_count(3 if wanted == "beside" else 1)
    transforms = "all => new Set(all.map(n => n.style.transform)).size"
    until(page, lambda: cursors.evaluate_all(transforms), 1)
    page.keyboard.press("3")
    has(page, focus="2", unit="64", step="9")
    fits(page.locator(".theatre"))


def test_panels_prediction_and_arrangement_are_chosen(open_page: Open) -> None:
    page = open_page("/digits?cell=all", width=1600)
    page.get_by_role("button", name="View", exact=True).click()
    menu = page.locator(".theatre .menu")
    menu.get_by_role("button", name="Attention", exact=True).click()
    expect(page.locator(".panel[data-panel=attention]")).to_have_count(0)
    menu.get_by_role("button", name="Area").click()
    has(page, prediction="area")
    menu.get_by_role("button", name="Stacked").click()
    has(page, arrangement="stacked")
    page.wait_for_url(re.compile(r"(?=.*hide=attention)(?=.*prob=area)(?=.*lay=stacked)"))
    page.wait_for_timeout(700)
    page.reload()
    page.wait_for_selector(".theatre[data-ready]")
    has(page, prediction="area", arrangement="stacked")
    expect(page.locator(".panel[data-panel=attention]")).to_have_count(0)


def test_a_finger_scrubs_and_selects_only_when_asked(open_page: Open) -> None:
    page = open_page("/digits?sample=6", width=390, has_touch=True, is_mobile=True)
    canvas = canvas_of(page, "forget_gate")
    finger = page.context.new_cdp_session(page)

    def swipe(first: int, last: int) -> None:
        ends = [place(canvas, step, 40) for step in (first, last)]
        box = still_box(canvas)
        xs = np.linspace(ends[0][0], ends[1][0], 6) + box["x"]
        y = box["y"] + 40

        def touch(kind: str, points: list[dict[str, float]]) -> None:
            finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        touch("touchStart", [{"x": float(xs[0]), "y": y}])
        for x in xs[1:]:
            touch("touchMove", [{"x": float(x), "y": y}])
        touch("touchEnd", [])

    swipe(4, 16)
    has(page, step="16", span="")
    page.wait_for_timeout(500)  # a tap that follows a swipe at once is taken for its end
    select = page.get_by_role("button", name="Select a span")
    select.tap()
    expect(select).to_have_attribute("aria-pressed", "true")
    swipe(4, 16)
    has(page, step="16", span="5-17")


Show = Callable[..., Page]


@pytest.fixture
def show(browser: Browser) -> Iterator[Show]:
    """Puts readings on a page of their own, without any server."""
    pages = []

    def shown(reading: Reading, width: int = 1000) -> Page:
        page = browser.new_page(viewport={"width": width, "height": 800}, reduced_motion="reduce")
        pages.append(page)
        page.set_content(standalone([reading], title="A reading"))
        page.wait_for_selector(".theatre[data-ready]")
        return page

    yield shown
    for page in pages:
        page.close()


def made_up(cell: str, steps: int, units: int, *, both: bool = False) -> Reading:
    """A bare trace: smooth random signals, no answer."""
    dice = np.random.default_rng(0)

    def signals() -> dict[str, np.ndarray]:
        walks = {name: dice.normal(size=(steps, units)).cumsum(0) / 8 for name in DRAWN[cell]}
        return {
            name: (np.tanh(walk) + 1) / 2 if SIGNALS[name].kind == "gate" else np.tanh(walk)
            for name, walk in walks.items()
        }

    layer = LayerReading(signals(), signals() if both else None)
    return Reading(name="made up", cell=cell, classes=(), layers=(layer,), step_word="step")


def test_a_long_sequence_is_seen_through_a_window(show: Show) -> None:
    page = show(made_up("gru", 1500, 64))
    keys = page.keyboard
    told = data(page, "first", "count", "step")
    count = int(told["count"])
    assert told["step"] == "1499" and int(told["first"]) + count == 1500
    width = canvas_of(page, "hidden").evaluate("c => c.clientWidth")
    assert (width - 40) / count >= 3, "no column is thinner than three pixels"
    page.locator(STAGE).focus()
    keys.press("Home")
    has(page, step="0", first="0")
    keys.press("+")
    has(page, count=str(round(count / 2)))
    overview = page.locator(".theatre .overview")
    expect(overview).to_be_visible()
    box = still_box(overview)
    page.mouse.move(box["x"] + 5, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 10, steps=8)
    page.mouse.up()
    painted(page)
    until(page, lambda: 500 < int(data(page, "first")["first"]) < 1000)  # dragged to the middle
    first = int(data(page, "first")["first"])
    reading = made_up("gru", 1500, 64)
    canvas = canvas_of(page, "update_gate")
    count = int(data(page, "count")["count"])
    width, height, gutter = canvas.evaluate(
        "c => [c.clientWidth, c.clientHeight, parseFloat(c.nextElementSibling.style.left)]"
    )
    x, y = gutter + 20.5 * (width - gutter) / count, 10.5 * height / 64
    canvas.hover(position={"x": x, "y": y})
    value = reading.layers[0].forward["update_gate"][first + 20, 10]
    tip = page.locator(".theatre .tip")
    expect(tip).to_contain_text(f"update gate of unit 10 at step {first + 21}: {value:.2f}")
    page.mouse.move(2, 2)
    keys.press("ArrowRight")  # the cursor pulls the window back to itself
    has(page, step="1", first="0")


def test_both_directions_are_shown_and_told_apart(show: Show) -> None:
    reading = made_up("gru", 20, 16, both=True)
    page = show(reading)
    expect(page.locator(".panel[data-panel=prediction]")).to_have_count(0)
    page.locator(".theatre select.direction").select_option("both")
    has(page, direction="both")
    backward = page.locator(".panel[data-panel=hidden][data-direction=backward]")
    canvas = backward.locator("canvas")
    canvas.scroll_into_view_if_needed()
    width, height, gutter = canvas.evaluate(
        "c => [c.clientWidth, c.clientHeight, parseFloat(c.nextElementSibling.style.left)]"
    )
    canvas.hover(position={"x": gutter + 7.5 * (width - gutter) / 20, "y": 3.5 * height / 16})
    assert reading.layers[0].backward is not None
    value = reading.layers[0].backward["hidden"][7, 3]
    expect(page.locator(".theatre .tip")).to_contain_text(
        "backward hidden state of unit 3 at step 8"
    )
    until(page, lambda: number(backward.locator(".value")), pytest.approx(value, abs=0.0006))
    expect(page.locator(".theatre .unit-name")).to_have_text("Unit 3 of layer 1, backward")


def test_the_tour_notices_what_was_done_and_comes_once(open_page: Open) -> None:
    page = open_page("/digits?sample=6")
    card = page.locator(".theatre .tour")
    expect(card).to_contain_text("1 of 6")
    stage, box = still_box(page.locator(STAGE)), still_box(card)
    assert box["y"] + box["height"] <= stage["y"], "the card covers nothing"
    page.keyboard.press("ArrowLeft")
    expect(card).to_contain_text("2 of 6")
    card.get_by_role("button", name="Skip").click()
    expect(card).to_be_hidden()
    page.reload()
    page.wait_for_selector(".theatre[data-ready]")
    expect(card).to_be_hidden()
    page.get_by_role("button", name="Tour").click()
    expect(card).to_contain_text("1 of 6")
