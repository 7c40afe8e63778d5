"""The figures below the theatre and what can be taken away, in a real browser."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.waiting import until


def figure(page: Page, name: str) -> None:
    page.locator(".st-key-digits_figure button").filter(has_text=name).first.click()


def test_each_figure_is_drawn_and_described(open_page: Open) -> None:
    page = open_page("/digits?pin=3&layer=2&units=5.9&steps=12")
    drawn = page.locator(".js-plotly-plot")
    expect(drawn).to_have_count(2)
    for name, word in (
        ("Path", "component 1"),
        ("Explanations", "occlusion"),
        ("Early", "rows read"),
    ):
        figure(page, name)
        # For a moment the figure before it is still there, without a size.
        expect(drawn.filter(has_text=word)).to_be_visible()
        expect(drawn).to_have_count(1)
        described = page.locator("[data-testid=stPlotlyChart] [role=figure], [role=figure]").first
        expect(described).to_have_attribute("aria-label", re.compile(".{41,}", re.DOTALL))
    page.wait_for_url(re.compile("figure=early"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_figures_follow_the_theme(open_page: Open, scheme: str) -> None:
    page = open_page("/digits?figure=early", color_scheme=scheme)
    text = page.locator(".js-plotly-plot text").first
    text.wait_for()

    def is_light() -> bool:
        colour = text.evaluate("node => getComputedStyle(node).fill")
        shades = [int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
        return sum(shades) / 3 > 128

    until(page, is_light, scheme == "dark")


def test_a_pin_in_the_theatre_is_drawn_in_the_figure(open_page: Open) -> None:
    page = open_page("/digits")
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    canvas = page.locator(".panel[data-panel=forget_gate] canvas")
    canvas.scroll_into_view_if_needed()
    canvas.click(position={"x": 300, "y": 40})
    expect(page.locator(".theatre .pins .pin")).to_have_count(2)
    unit = page.locator(".theatre").get_attribute("data-unit")
    expect(page.locator(".js-plotly-plot").first).to_contain_text(f"unit {unit}")


def test_files_are_written_when_they_are_asked_for(open_page: Open) -> None:
    page = open_page("/digits?cell=gru&sample=3")
    files = {}
    for kind in ("npz", "html"):
        with page.expect_download() as download:
            page.locator(f".st-key-digits_{kind} button").first.click()
        assert download.value.suggested_filename == f"mnist-gru-sample-3.{kind}"
        files[kind] = download.value.path().read_bytes()
    with np.load(io.BytesIO(files["npz"])) as arrays:
        assert arrays["layer1.forward.update_gate"].shape == (1, 28, 128)
    assert files["html"].startswith(b"<!doctype html>")
    page.get_by_text("Show code").click()
    expect(page.get_by_test_id("stCode")).to_contain_text("rnnviz.show(")
