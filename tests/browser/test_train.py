"""The Train page in a real browser, with a real worker: from the click to the curves and back.

Few tests, each a journey: starting a worker takes seconds. Every wait is for what a person sees.
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from xml.etree import ElementTree

from playwright.sync_api import Page, expect

from rnnviz.models import storage
from rnnviz.runs.store import RunStore
from rnnviz.training.tasks.table import defaults
from tests.browser.conftest import PATIENCE, Open
from tests.browser.test_accessibility import OPPOSITE, lasting_violations
from tests.browser.waiting import fits, idle, still_box, until
from tests.pages.runs import VISITOR, take

READY = ".st-key-train_start button"
CURVES = ".curves[data-ready]"
MARK = "node => { node.wasHere = true; }"
MARKED = "node => node.wasHere === true"
LONG = "/train?task=recall&epochs=200&delay=5&size=8"
SHORT = "/train?cell=race&task=recall&epochs=2&delay=3&size=8&examples=500"


def press(page: Page, name: str) -> None:
    # Not Streamlit's own Stop at the top, which is there while a run takes long.
    main = page.get_by_test_id("stMainBlockContainer")
    main.get_by_role("button", name=name, exact=True).click()


def state(page: Page, words: str) -> None:
    """Wait until the line of the state begins so."""
    expect(page.get_by_test_id("stProgress")).to_contain_text(re.compile(f"^{words}"))


def step(page: Page) -> int:
    said = page.get_by_test_id("stProgress").inner_text()
    found = re.search(r"step ([\d,]+) of", said)
    return int(found[1].replace(",", "")) if found else 0


def drawn(page: Page, name: str = "training") -> None:
    """Wait until a line of that name has points."""
    expect(page.locator(f'{CURVES} [data-line$="{name}"][d^="M"]').first).to_be_attached()


def points(page: Page) -> int:
    line = page.locator(f'{CURVES} [data-measure="loss"] [data-line="training"]')
    return int(line.get_attribute("data-points") or 0)


def test_a_training_is_started_paused_found_again_and_stopped(open_page: Open) -> None:
    page = open_page(LONG, ready=READY)
    begun = time.perf_counter()
    press(page, "Train")
    drawn(page)
    print(f"first point of the training after {time.perf_counter() - begun:.2f} s")
    state(page, "Training")
    page.wait_for_url(re.compile(r"[?&]run=[\w-]{16}"))

    begun = time.perf_counter()
    press(page, "Pause")
    state(page, "Paused")
    print(f"paused after {time.perf_counter() - begun:.2f} s")
    at = step(page)
    assert at > 0

    page.reload()
    state(page, "Paused")
    assert step(page) == at, "the browser was loaded again, the training was not"
    press(page, "One step")
    expect(page.get_by_test_id("stProgress")).to_contain_text(f"step {at + 1:,} of")

    tab = page.context.new_page()
    tab.goto(page.url.split("?")[0])
    state(tab, "Paused")
    # A second tab finds it by the cookie.
    tab.wait_for_url(re.compile(f"run={page.url.split('run=')[1][:16]}"))
    press(tab, "Resume")
    state(tab, "Training")
    tab.close()
    state(page, "Training")  # the first tab looks again by itself

    page.get_by_role("link", name="Home").click()
    page.wait_for_selector(".theatre[data-ready]")
    page.get_by_role("link", name="Train", exact=True).first.click()
    state(page, "Training")
    press(page, "Stop")
    state(page, "Stopped")
    drawn(page)
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_disabled()


def test_curves_stay_where_they_are_while_they_grow(open_page: Open) -> None:
    page = open_page(LONG, ready=READY)
    press(page, "Train")
    drawn(page)
    state(page, "Training")
    nodes = [
        page.locator(f'{CURVES} [data-measure="{measure}"] {part}').first
        for measure in ("loss", "accuracy", "gradient", "rate")
        for part in ("> svg", "[data-line]")
    ]
    for node in nodes:
        node.evaluate(MARK)
    seen = {points(page)}
    deadline = time.monotonic() + PATIENCE
    while len(seen) < 5 and time.monotonic() < deadline:
        page.wait_for_timeout(100)
        seen.add(points(page))
    assert len(seen) >= 5, "they grow"
    assert all(node.evaluate(MARKED) for node in nodes), "nothing was taken down"

    curves = page.locator(CURVES)
    page.locator(".curves-grid").focus()
    page.keyboard.press("ArrowRight")
    expect(curves).to_have_attribute("data-step", "0")
    page.keyboard.press("ArrowRight")
    expect(curves).to_have_attribute("data-step", "1")
    expect(page.locator(".curve-said:visible")).to_have_count(4)
    expect(page.locator(f"{CURVES} [role=status]")).to_contain_text("Step 1. Loss: training")
    page.keyboard.press("PageUp")
    expect(curves).to_have_attribute("data-step", re.compile(r"\d\d"))  # up is on
    for key in ("PageDown", "PageDown"):
        page.keyboard.press(key)
    expect(curves).to_have_attribute("data-step", "0")
    # Where the axis of steps has no place for step 0 the first step is the first that it has.
    page.locator("[class*=st-key-train_log]").get_by_text("Steps").click()
    page.wait_for_url(re.compile("log=s"))
    page.locator(".curves-grid").focus()
    page.keyboard.press("Home")
    expect(curves).to_have_attribute("data-step", "1")
    page.keyboard.press("Escape")
    expect(page.locator(".curve-said:visible")).to_have_count(0)
    with page.expect_download() as downloading:
        press(page, "Save as picture")
    picture = ElementTree.parse(downloading.value.path()).getroot()
    assert picture.tag.endswith("svg")
    assert {"Loss", "Learning rate", "step"} <= {text.text for text in picture.iter()}
    press(page, "Stop")
    state(page, "Stopped")


def test_a_race_is_read_by_everybody(open_page: Open) -> None:
    page = open_page(SHORT, ready=READY)
    page.get_by_text("More choices").click()
    expect(page.get_by_text("Optimiser")).to_be_visible()
    idle(page)
    assert lasting_violations(page) == []
    page.get_by_text("More choices").click()
    press(page, "Train")
    state(page, "Finished")
    for cell in ("LSTM", "GRU", "RNN"):
        drawn(page, "held out")
        line = page.locator(f'{CURVES} [data-measure="accuracy"] [data-line^="{cell}"]')
        expect(line).to_have_count(2)
    expect(page.get_by_text("Is this race fair?")).to_be_visible()
    page.get_by_text("The epochs in numbers").click()
    expect(page.get_by_role("table").first).to_be_visible()
    for theme, width in OPPOSITE:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        idle(page)
        page.wait_for_timeout(300)
        assert lasting_violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


BRIEF = "/train?task=recall&epochs=4&delay=3&size=8&examples=500"


SCRUBBER = ".scrubber input"


def moment(page: Page) -> str:
    """The moment at which the scrubber stands, in its words."""
    return page.locator(SCRUBBER).get_attribute("aria-valuetext") or ""


def machine_shows(page: Page) -> str:
    """Wait until the theatre reads what the scrubber says, and nothing is under way."""
    title = page.locator(".theatre .title")
    expect(page.locator(".theatre[data-ready]")).to_be_attached()
    until(page, lambda: title.inner_text().endswith(f", {moment(page)}"))
    idle(page)
    return moment(page)


def test_the_time_machine_plays_pauses_and_stays(open_page: Open) -> None:
    page = open_page(f"{BRIEF}&figure=machine", ready=READY)
    press(page, "Train")
    state(page, "Finished")
    done = page.get_by_test_id("stProgress").inner_text()
    steps = re.search(r"of ([\d,]+)", done)
    assert steps is not None
    slider = page.locator(SCRUBBER)
    # The panel looks for snapshots every few seconds; then all of them are there.
    expect(page.locator(".scrubber .ends")).to_contain_text(f"step {steps[1]} ")
    page.clock.install()
    until(page, lambda: slider.get_attribute("max") == slider.input_value())
    for _ in range(2):
        begun = machine_shows(page)
        press(page, "Play the training")
        until(page, lambda before=begun: moment(page) != before)
        press(page, "Pause the training")
        stays = machine_shows(page)
        page.clock.fast_forward(10_000)
        assert machine_shows(page) == stays, "a pause is a pause"
        expect(page.get_by_role("button", name="Play the training")).to_be_visible()
    slider.press("End")
    slider.press("ArrowLeft")
    until(page, lambda: int(slider.input_value()) + 1 == int(slider.get_attribute("max") or 0))
    slider.press(" ")  # it plays to the end, and stops there
    until(page, lambda: slider.input_value() == slider.get_attribute("max"))
    expect(page.locator(".scrubber")).to_have_attribute("data-playing", "false")
    press(page, "First")
    assert machine_shows(page).startswith("before training")
    title = page.locator(".js-plotly-plot .gtitle").first

    def ink() -> str:
        return str(title.evaluate("node => getComputedStyle(node).fill"))

    before = ink()
    page.emulate_media(color_scheme="dark")
    until(page, lambda: ink() != before)  # the figures are drawn anew for the other theme


def test_new_snapshots_do_not_move_what_a_hand_holds(open_page: Open, runs_folder: Path) -> None:
    """Oracle: the place where the hand is, and the list of snapshots on the disk."""
    plan = defaults("recall", "gru").changed(hidden_size=5, delay=4, examples=40)
    run = RunStore(runs_folder).create(plan, VISITOR, state="running", step=8, steps=20)
    take(run, plan, 0, 1, 2, 4, 8)
    page = open_page(f"/train?figure=machine&run={run.id}", ready=SCRUBBER)
    slider = page.locator(SCRUBBER)
    expect(slider).to_have_value("4")
    slider.scroll_into_view_if_needed()
    box = still_box(slider)
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    expect(slider).to_have_value("2")
    take(run, plan, 16)
    expect(page.get_by_text("6 snapshots of the weights")).to_be_visible()
    idle(page)
    expect(slider).to_have_value("2")
    expect(slider).to_have_attribute("max", "4")
    page.mouse.up()
    expect(slider).to_have_attribute("max", "5")
    expect(slider).to_have_value("2")
    assert machine_shows(page).startswith("step 2")
    for theme, width in OPPOSITE:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        idle(page)
        assert lasting_violations(page) == []
        fits(page.locator(".scrubber"))


def test_a_run_of_the_table_is_shown_above_and_leaves_when_it_is_deleted(open_page: Open) -> None:
    page = open_page(f"{BRIEF}&figure=runs", ready=READY)
    heading = page.get_by_test_id("stHeading").nth(1)
    for cell in ("GRU", "LSTM"):
        page.locator("[class*=st-key-train_cell]").get_by_text(cell, exact=True).click()
        press(page, "Train")
        expect(heading).to_contain_text(cell)
        state(page, "Finished")
    # A canvas: the first column of the second row, the older run, which is the GRU.
    table = page.get_by_test_id("stDataFrameResizable")
    table.scroll_into_view_if_needed()
    box = still_box(table)
    page.mouse.click(box["x"] + 12, box["y"] + 35 * 2 + 17)
    press(page, "Show above")
    expect(heading).to_contain_text("GRU")
    page.locator(".st-key-train_runs_delete button:visible").click()
    expect(page.get_by_text("Ready to train")).to_be_visible()
    expect(page.get_by_text("Deleted: GRU")).to_be_visible()


def test_a_network_is_brought_file_by_file(open_page: Open) -> None:
    page = open_page("/train?figure=runs", ready=READY)
    box = page.locator("details").filter(has_text="Bring a network")
    box.locator("summary").click()
    files = page.locator("[class*=st-key-train_runs_upload] input[type=file]")
    folder = storage.PRETRAINED / "mnist-gru"
    bring = page.locator(".st-key-train_runs_bring button")
    files.set_input_files(folder / "model.safetensors")
    expect(box).to_contain_text("Add config.json")
    expect(bring).to_be_disabled()
    files.set_input_files(folder / "config.json")
    expect(bring).to_be_enabled()
    expect(box).to_contain_text("model.safetensors")
    bring.click()
    expect(page.locator("[class*=st-key-train_runs_name_] input")).to_be_visible()
