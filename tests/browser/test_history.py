"""Going back and forward, comparing and morphing, in a real browser with its real history."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from benchmarks.page import draw
from tests.browser.conftest import Open
from tests.browser.waiting import still_box, until

SEVEN = ((0.25, 0.25), (0.75, 0.25), (0.45, 0.8))
BAR = ((0.35, 0.5), (0.7, 0.5))


def choose(page: Page, key: str, text: str) -> None:
    # After a trip through the history the key of a widget ends in a number.
    buttons = page.locator(f"[class*=st-key-digits_{key}] button:visible")
    buttons.filter(has_text=text).first.click()


def subtitle(page: Page, text: str) -> None:
    expect(page.locator(".theatre .subtitle")).to_have_text(text)


def title(page: Page, text: str) -> None:
    expect(page.locator(".theatre .title")).to_have_text(f"{text}, attention readout")


def words(page: Page, **wanted: str) -> None:
    """The address has exactly these words, in any order."""
    page.wait_for_function(
        """(wanted) => {
          const words = new URLSearchParams(location.search);
          words.delete("v");
          return JSON.stringify([...words].sort()) === wanted;
        }""",
        arg=_json(wanted),
    )


def _json(wanted: dict[str, str]) -> str:

    return json.dumps(
        sorted([name, value] for name, value in wanted.items()), separators=(",", ":")
    )


def entries(page: Page) -> int:
    return int(page.evaluate("history.length"))


def test_back_and_forward_through_every_kind_of_choice(open_page: Open) -> None:
    page = open_page("/digits")
    start = entries(page)
    choose(page, "cell", "GRU")
    title(page, "GRU")
    words(page, cell="gru")
    page.get_by_role("tab", name="Samples").click()
    page.locator(".gallery button").nth(4).click()
    words(page, cell="gru", sample="5")
    canvas = page.locator(".panel[data-panel=update_gate] canvas")
    canvas.scroll_into_view_if_needed()
    canvas.click(position={"x": 300, "y": 37})
    page.wait_for_url(re.compile("units="))
    pinned = page.url
    choose(page, "pin", "Pin")
    page.wait_for_url(re.compile("pin=5"))
    assert "units=" in page.url
    choose(page, "cell", "All three")
    title(page, "LSTM, GRU and RNN")
    page.wait_for_url(re.compile(r"(?=.*cell=all)(?=.*units=)"))
    page.wait_for_timeout(800)
    until(page, lambda: entries(page), start + 5)

    page.go_back()
    title(page, "GRU")
    page.go_back()
    expect(page.locator(".st-key-digits_pin")).to_be_visible()
    page.wait_for_url(pinned)
    page.go_back()
    words(page, cell="gru", sample="5")
    expect(page.locator(".theatre .unit-name")).not_to_contain_text("pinned")
    page.go_back()
    words(page, cell="gru")
    subtitle(page, "reading sample 8, labelled 3")
    page.go_back()
    words(page)
    title(page, "LSTM")
    chosen = page.locator("[class*=st-key-digits_cell] [aria-checked=true]:visible")
    expect(chosen).to_have_text(["LSTM"])
    page.go_forward()
    title(page, "GRU")
    page.go_forward()
    subtitle(page, "reading sample 5, labelled 2")
    page.go_forward()
    page.wait_for_url(pinned)
    page.wait_for_timeout(1200)
    assert page.url == pinned
    assert entries(page) == start + 5


def test_a_drawing_is_one_entry_and_comes_back_on_the_board(open_page: Open) -> None:
    page = open_page("/digits")
    start = entries(page)
    draw(page, SEVEN)
    subtitle(page, "reading your drawing")
    page.wait_for_url(re.compile("image="))
    first = page.url
    draw(page, BAR)
    page.wait_for_function("(before) => location.href !== before", arg=first)
    drawn = page.url
    assert len(drawn) < 1300
    until(page, lambda: entries(page), start + 1)
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_test_id("stAlert")).to_contain_text("board is empty")
    page.go_back()
    subtitle(page, "reading sample 8, labelled 3")
    page.go_forward()
    subtitle(page, "reading your drawing")
    board = page.locator(".board canvas")
    expect(board).to_have_attribute("aria-label", "Drawing board, 2 strokes")
    page.wait_for_timeout(800)
    assert page.url == drawn
    page.reload()
    subtitle(page, "reading the digit of this link")
    page.wait_for_url(drawn)


def test_another_page_and_back_again(open_page: Open) -> None:
    page = open_page("/digits?cell=rnn&layer=2")
    page.get_by_test_id("stTopNavLink").filter(has_text="Home").click()
    expect(page.locator(".theatre .title")).to_have_text("An LSTM reads a digit")
    until(page, lambda: "cell" not in page.url)
    page.go_back()
    title(page, "RNN")
    expect(page.locator(".theatre")).to_have_attribute("data-layer", "1")


def test_two_tabs_keep_their_own_choices(open_page: Open) -> None:
    one = open_page("/digits?cell=gru")
    other = one.context.new_page()
    other.goto(one.url)
    other.wait_for_selector(".theatre[data-ready]")
    choose(other, "cell", "RNN")
    title(other, "RNN")
    choose(one, "readout", "Last state")
    expect(one.locator(".theatre .title")).to_have_text("GRU, last state readout")
    words(one, cell="gru", readout="last")
    words(other, cell="rnn")


RECORD = """(node) => {
  window.shown = new Set();
  new MutationObserver(() => window.shown.add(node.dataset.ready))
    .observe(node, { attributes: true, attributeFilter: ["data-ready"] });
}"""


@pytest.mark.parametrize("cell", ["lstm", "all"])
def test_a_slider_leads_from_one_digit_to_the_other(open_page: Open, cell: str) -> None:
    page = open_page(f"/digits?cell={cell}&sample=3&pin=8&step=12")
    page.locator(".theatre").evaluate(RECORD)
    slider = page.get_by_role("slider", name="Morph")
    start = entries(page)
    box = still_box(slider)
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 8, middle)
    page.mouse.down()
    for share in (0.9, 0.8, 0.7, 0.6, 0.5):
        page.mouse.move(box["x"] + share * box["width"], middle)
        page.wait_for_timeout(120)
    # The gates follow while the hand moves: what comes next is sent when this has been shown.
    page.wait_for_function("window.shown.size >= 1")
    page.mouse.move(box["x"] + 0.45 * box["width"], middle)
    page.wait_for_function("window.shown.size >= 2")
    page.mouse.move(box["x"] + 0.5 * box["width"], middle)
    assert "morph" not in page.url, "a slider on its way is no choice yet"
    page.mouse.up()
    page.wait_for_url(re.compile("morph=5"))
    percent = slider.input_value()
    page.wait_for_url(re.compile(f"morph={percent}"))
    expect(page.locator(".morph .said")).to_contain_text(f"{percent} % this digit")
    expect(page.locator(".theatre")).to_have_attribute("data-step", "11")
    slider.press("Home")
    page.wait_for_url(re.compile("morph=0"))
    slider.press("ArrowRight")
    page.wait_for_url(re.compile("morph=1$|morph=1&"))
    until(page, lambda: entries(page), start + 1)
    page.go_back()
    expect(slider).to_have_value("100")
    subtitle(page, "reading sample 3, labelled 1, over the ghost of sample 8, labelled 3")


def test_a_pinned_digit_stays_when_another_is_drawn(open_page: Open) -> None:
    page = open_page("/digits")
    choose(page, "pin", "Pin")
    words(page, pin="8")
    draw(page, SEVEN)
    subtitle(page, "reading your drawing, over the ghost of sample 8, labelled 3")
    page.locator(".st-key-digits_beside label").first.click()
    expect(page.locator(".theatre")).to_have_attribute("data-readings", "2")
    choose(page, "unpin", "Unpin")
    expect(page.locator(".theatre")).to_have_attribute("data-readings", "1")
    expect(page.locator(".morph")).to_have_count(0)


def test_a_link_of_all_words_shows_them_again(open_page: Open) -> None:
    link = "cell=all&readout=last&sample=3&pin=8&morph=40&layer=2&units=5.9&step=7"
    page = open_page(f"/digits?{link}")
    expect(page.locator(".theatre .title")).to_have_text("LSTM, GRU and RNN, last state readout")
    page.wait_for_timeout(1500)
    words(page, **dict(word.split("=") for word in link.split("&")))
    page.reload()
    page.wait_for_selector(".theatre[data-ready]")
    expect(page.locator(".theatre")).to_have_attribute("data-step", "6")
    expect(page.get_by_role("slider", name="Morph")).to_have_value("40")
