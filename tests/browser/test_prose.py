"""Texts in the saved theatre, and measures side by side, in a real browser without a network.

Oracles: the text as it was typed, a tint's value through its table of colours, axe-core, and a
browser that says nothing and asks nobody.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from rnnviz.notation.cells import DRAWN
from rnnviz.theatre.modules import file, join
from rnnviz.theatre.reading import LayerReading, LeftOutText, Reading
from rnnviz.theatre.standalone import page as standalone
from rnnviz.theatre.tints import Tint, tint_payloads
from tests.browser.waiting import number, painted, still_box, until

OpenFile = Callable[..., Page]

HOSTILE = [
    "Hello ", "<script>", "document.title='caught'", "</script> ", "<img src=x onerror=alert(1)> ",
    "**bold** ", "[a](javascript:alert(2)) ", "&lt;b&gt; ", "\u202e", "evil", "\u202c ", "zero",
    "\u200b", "width ", "\ufeff", "nul\u0000 ", "line\r\n\r\n", "", "tab\tstop\n",
    "\u05e9\u05dc\u05d5\u05dd ", "\u05e2\u05d5\u05dc\u05dd\n",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 ", "e\u0301 ", "w" * 10_000 + " ", "end",
]  # fmt: skip
WORDS = ("It is not bad at all , it is one of the best films of the year . " * 30).split(" ")[:-1]
SOFT = 0.6
"""How much of each half of a ramp the prose uses (swatches.js)."""


def text_reading(tokens: list[str], cell: str = "gru", seed: int = 0, **changes: Any) -> Reading:
    """A bidirectional network's made-up reading of these tokens: the numbers are random."""
    random = np.random.default_rng(seed)
    steps, units = len(tokens), 6

    def signals() -> dict[str, np.ndarray]:
        return {name: random.random((steps, units)) for name in DRAWN[cell]}

    sure = random.random(steps)
    weights = random.random(steps)
    fields: dict[str, Any] = {
        "name": f"imdb-{cell}",
        "cell": cell,
        "classes": ("negative", "positive"),
        "layers": (LayerReading(signals(), signals()),),
        "probabilities": np.stack([1 - sure, sure], axis=1),
        "attention": weights / weights.sum(),
        "tokens": tuple(tokens),
        "step_word": "token",
    }
    return Reading(**(fields | changes))


def gradients(steps: int) -> Tint:
    values = np.random.default_rng(3).normal(0, 0.5, steps)
    return Tint(
        "gradients", "Gradients", "What each token adds.", values, -1, 1, "against", "for",
        note="Completeness error 0.1 %.",
    )  # fmt: skip


def spaced(words: list[str]) -> list[str]:
    return [f"{word} " for word in words]


def expected_colour(tint: Tint, step: int, theme: Literal["light", "dark"] = "light") -> str:
    """The background of a token by the numbers alone: the oracle for the colours."""
    stops = [
        [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        for colour in tint.to_payload()["ramp"][theme]
    ]
    value = tint.values[step]
    if not tint.low <= value <= tint.high:
        share = 0.0 if value < tint.low else 1.0
    else:
        code = np.floor((value - tint.low) / (tint.high - tint.low) * 255 + 0.5)
        share = 0.5 + (code / 255 - 0.5) * SOFT
    place = share * (len(stops) - 1)
    left = min(int(place), len(stops) - 2)
    mixed = [
        int(np.floor(a + (b - a) * (place - left) + 0.5))
        for a, b in zip(stops[left], stops[left + 1], strict=True)
    ]
    return f"rgb({mixed[0]}, {mixed[1]}, {mixed[2]})"


@pytest.fixture
def open_file(browser: Browser, tmp_path: Path) -> Iterator[OpenFile]:
    """Opens HTML from a file without any network; checks at the end that nothing was said."""
    contexts = []
    said: list[str] = []

    def opened(html: str, *, fragment: str = "", width: int = 1440, **options: Any) -> Page:
        path = tmp_path / f"page{len(contexts)}.html"
        path.write_text(html, encoding="utf-8")
        size: Any = {"width": width, "height": 900}
        context = browser.new_context(viewport=size, offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"page error: {error}"))
        page.on("dialog", lambda dialog: said.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: said.append(request.url))
        page.goto(path.as_uri() + fragment)
        page.wait_for_selector(":is(.theatre, .measures)[data-ready]")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [one for one in said if not one.startswith(("file:", "data:"))] == []


def token(page: Page, step: int, reading: int = 0) -> Locator:
    return page.locator(".prose-text").nth(reading).locator(".token").nth(step)


def step_marked(page: Page, name: str) -> list[int]:
    return list(
        page.locator(".prose-text").first.evaluate(
            """(box, name) => [...box.querySelectorAll(".token")]
                .flatMap((node, i) => node.classList.contains(name) ? [i] : [])""",
            name,
        )
    )


def marks(page: Page, name: str, steps: list[int]) -> None:
    """Wait until exactly these tokens have that class."""
    until(page, lambda: step_marked(page, name), steps)


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_hostile_text_is_shown_as_text_and_runs_nothing(open_file: OpenFile, width: int) -> None:
    page = open_file(standalone(text_reading(HOSTILE), title="Hostile"), width=width)
    box = page.locator(".prose-text")
    shown = box.evaluate("node => node.textContent")
    assert shown == "".join(HOSTILE).replace("\r\n", "\n")
    assert box.locator(".token").count() == len(HOSTILE)
    assert page.locator(".prose-text :is(script, img, a, b, strong, em)").count() == 0
    assert page.title() == "Hostile"
    signs = box.locator(".sign").evaluate_all("nodes => nodes.map(node => node.dataset.sign)")
    assert signs == ["U+202E", "U+202C", "U+200B", "U+FEFF", "U+0000"]
    assert box.locator(".sign").first.get_attribute("title") == "U+202E, right-to-left override"
    # A word of 10,000 letters is broken; nothing sticks out, in the box or on the page.
    assert box.evaluate("node => node.scrollWidth <= node.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # The Hebrew line runs from the right, and "evil" is not turned around.
    first, second = (token(page, HOSTILE.index(HOSTILE[i])).bounding_box() for i in (19, 20))
    assert first and second and first["x"] > second["x"]
    before = token(page, 8).bounding_box()
    after = token(page, 9).bounding_box()
    assert before and after and before["x"] < after["x"]


def test_tokens_have_the_colour_of_their_value(open_file: OpenFile) -> None:
    reading = text_reading(spaced(WORDS))
    tint = gradients(reading.steps)
    html = standalone(reading, title="Colours", tints=[[tint]])
    for theme in ("light", "dark"):
        page = open_file(html, fragment="#v=2&tint=gradients", color_scheme=theme)
        expect(page.locator(".theatre")).to_have_attribute("data-tint", "gradients")
        for step in np.random.default_rng(1).choice(reading.steps, 40, replace=False):
            expect(token(page, int(step))).to_have_css(
                "background-color", expected_colour(tint, int(step), theme)
            )


def test_the_answer_so_far_colours_by_the_second_class(open_file: OpenFile) -> None:
    sure = np.linspace(0, 1, len(WORDS))
    reading = text_reading(spaced(WORDS), probabilities=np.stack([1 - sure, sure], axis=1))
    page = open_file(standalone(reading, title="Answer"))
    probability = Tint("p", "p", "", sure, 0, 1, "", "")
    for step in (0, 100, 299, len(WORDS) - 1):
        expect(token(page, step)).to_have_css(
            "background-color", expected_colour(probability, step)
        )
    scale = page.locator(".prose .tint-scale")
    until(page, lambda: scale.inner_text().split(), ["0", "negative", "1", "positive"])


def test_another_colouring_is_chosen_kept_and_opened_again(open_file: OpenFile) -> None:
    reading = text_reading(spaced(WORDS))
    tint = gradients(reading.steps)
    page = open_file(standalone(reading, title="Choice", tints=[[tint]]))
    choice = page.get_by_label("Colour by")
    labels = ["Answer so far", "Change of the answer", "Attention", "Gradients"]
    until(page, lambda: choice.locator("option").all_inner_texts()[:4], labels)
    choice.select_option("gradients")
    expect(token(page, 7)).to_have_css("background-color", expected_colour(tint, 7))
    expect(page.locator(".tint-said")).to_contain_text("Completeness error 0.1 %.")
    page.wait_for_url("**tint=gradients**")
    page.reload()
    page.wait_for_selector(".theatre[data-tint=gradients]")
    expect(choice).to_have_value("gradients")
    choice.select_option("none")
    expect(token(page, 7)).to_have_css("background-color", "rgba(0, 0, 0, 0)")


def test_an_unknown_colouring_is_the_answer(open_file: OpenFile) -> None:
    page = open_file(standalone(text_reading(spaced(WORDS)), title="x"), fragment="#v=2&tint=else")
    expect(page.locator(".theatre")).to_have_attribute("data-tint", "answer")


def test_pointing_and_clicking_in_the_text(open_file: OpenFile) -> None:
    page = open_file(standalone(text_reading(spaced(WORDS[:60])), title="Pointing"))
    token(page, 3).hover()
    marks(page, "previewed", [3])
    expect(page.locator(".stage .preview").first).to_be_visible()
    expect(page.locator(".where")).to_contain_text("bad")
    expect(page.locator(".word-tip")).to_contain_text(
        "\u201cbad\u201d, token 4 of 60. Answer so far:"
    )
    token(page, 5).click()
    expect(page.locator(".theatre")).to_have_attribute("data-step", "5")
    marks(page, "at", [5])
    marks(page, "pinned", [5])
    page.mouse.move(2, 2)
    expect(page.locator(".word-tip")).to_be_hidden()
    marks(page, "previewed", [])
    token(page, 5).click()
    marks(page, "pinned", [])


def test_the_keys_move_the_token(open_file: OpenFile) -> None:
    page = open_file(standalone(text_reading(spaced(WORDS[:60])), title="Keys"))
    page.locator(".prose-text").focus()
    for key, step in (("Home", 0), ("ArrowRight", 1), ("PageDown", 6), ("ArrowLeft", 5)):
        page.keyboard.press(key)
        expect(page.locator(".theatre")).to_have_attribute("data-step", str(step))
        marks(page, "at", [step])
    page.keyboard.press("Enter")
    marks(page, "pinned", [5])
    page.keyboard.press("Shift+ArrowRight")
    marks(page, "in-span", [5, 6])


def test_what_is_pointed_at_in_a_heatmap_comes_in_sight_in_the_text(open_file: OpenFile) -> None:
    page = open_file(standalone(text_reading(spaced(WORDS)), title="In sight"))
    box = page.locator(".prose-text")
    assert box.evaluate("node => node.scrollTop") == 0
    heatmap = page.locator(".band[data-band=prediction] canvas")
    heatmap.scroll_into_view_if_needed()
    size = still_box(heatmap)
    scrolled = page.evaluate("scrollY")
    page.mouse.move(size["x"] + 0.9 * size["width"], size["y"] + 20)
    expect(page.locator(".previewed")).to_be_in_viewport()
    until(page, lambda: box.evaluate("node => node.scrollTop") > 0)
    (step,) = step_marked(page, "previewed")
    is_seen = """(node, step) => {
          const [box, one] = [node, node.querySelectorAll(".token")[step]]
            .map((part) => part.getBoundingClientRect());
          return one.top >= box.top && one.bottom <= box.bottom;
        }"""
    until(page, lambda: box.evaluate(is_seen, step))
    assert page.evaluate("scrollY") == scrolled
    # Leaving brings nothing else in sight.
    kept = box.evaluate("node => node.scrollTop")
    page.mouse.move(2, 2)
    expect(page.locator(".stage .preview").first).to_be_hidden()
    painted(page)
    assert box.evaluate("node => node.scrollTop") == kept


def test_while_it_plays_the_text_is_coloured_as_it_is_read(open_file: OpenFile) -> None:
    page = open_file(standalone(text_reading(spaced(WORDS)), title="Playing"))
    page.locator(".prose-text").focus()
    page.keyboard.press("Home")
    page.keyboard.press(" ")
    expect(token(page, len(WORDS) - 1)).to_have_css("background-color", "rgba(0, 0, 0, 0)")
    expect(token(page, 1)).not_to_have_css("background-color", "rgba(0, 0, 0, 0)")
    page.keyboard.press(" ")
    expect(token(page, len(WORDS) - 1)).not_to_have_css("background-color", "rgba(0, 0, 0, 0)")


def marked_reading() -> Reading:
    reading = text_reading(spaced(WORDS[:80]))
    return replace(
        reading,
        unknown=(2, 9),
        left_out=LeftOutText(after=10, tokens=1234, characters=5678),
        replaced={3: "good ", 6: ""},
        pads=4,
    )


def test_unknown_left_out_replaced_and_padded(open_file: OpenFile) -> None:
    page = open_file(standalone(marked_reading(), title="Marks"))
    marks(page, "unknown", [2, 9])
    marks(page, "pad", [76, 77, 78, 79])
    gap = page.locator(".left-out")
    expect(gap).to_have_text("1,234 tokens not read")
    assert gap.evaluate("node => node.previousElementSibling.textContent") == WORDS[9]
    expect(page.locator("del")).to_have_text("good")
    assert page.locator("del").evaluate("node => node.nextElementSibling.textContent") == WORDS[3]
    expect(page.locator(".inserted")).to_have_count(1)
    expect(page.locator(".prose-notes")).to_have_text(
        "2 tokens with a dotted line are not known to the network; 1,234 tokens in the middle not "
        "read; the last 4 tokens are padding."
    )
    token(page, 2).hover()
    expect(page.locator(".word-tip")).to_contain_text("not known to the network")


def test_several_readings_stand_beside_each_other_or_stacked(open_file: OpenFile) -> None:
    readings = [
        text_reading(spaced(WORDS), cell, seed) for seed, cell in enumerate(("rnn", "gru", "lstm"))
    ]
    html = standalone(readings, title="Three")
    page = open_file(html, fragment="#v=2&tint=mean:forget_gate")
    expect(page.locator(".prose-text")).to_have_count(3)
    until(page, lambda: len(tops(page)), 1)
    absent = ["An RNN has no forget gate.", "A GRU has no forget gate."]
    until(page, lambda: page.locator(".prose-absent").all_inner_texts()[:2], absent)
    token(page, 4, reading=2).hover()
    expect(page.locator(".previewed")).to_have_count(3)
    page = open_file(html, fragment="#v=2&lay=stacked")
    until(page, lambda: len(tops(page)), 3)


def tops(page: Page) -> set[int]:
    """At which heights the texts begin, all seen in one moment."""
    found = page.locator(".prose-text").evaluate_all(
        "all => all.map(one => Math.round(one.getBoundingClientRect().top))"
    )
    return set(found)


def test_backward_says_that_it_reads_from_right_to_left(open_file: OpenFile) -> None:
    html = standalone(text_reading(spaced(WORDS[:60])), title="Backward")
    page = open_file(html, fragment="#v=2&dir=backward&step=9")
    way = page.locator(".band[data-band=hidden] .way")
    expect(way).to_have_text("\u2190 read from right to left")
    axis = page.locator(".axis-title")
    until(page, lambda: axis.inner_text().split(), ["\u2190", "token"])
    expect(page.locator(".veil").first).to_be_hidden()
    page.get_by_label("Direction").select_option("both")
    tags = page.locator(".band[data-band=hidden] .who")
    expect(tags).to_have_text(["read from left to right \u2192", "\u2190 read from right to left"])
    until(page, lambda: axis.inner_text().split(), ["\u21c4", "token"])


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(
    open_file: OpenFile, theme: Literal["light", "dark"], width: int
) -> None:
    reading = marked_reading()
    tint = gradients(reading.steps)
    html = standalone(reading, title="A text", tints=[[tint]])
    for name in ("gradients", "attention", "unit%3Ahidden"):
        page = open_file(
            html,
            fragment=f"#v=2&tint={name}&steps=3.9&step=7",
            width=width,
            color_scheme=theme,
            reduced_motion="reduce",
        )
        assert complaints(page) == []


def complaints(page: Page) -> list[str]:
    found = Axe().run(page, options=None).response["violations"]
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


def measures_page(tokens: list[str], columns: list[Tint], left_out: LeftOutText | None) -> str:
    """The component without Streamlit: its module, mounted once; what it tells lands in `told`."""
    data = {
        "digest": "one",
        "tokens": tokens,
        "columns": tint_payloads([columns], [len(tokens)])[0],
        "title": "Four measures",
        "left_out": None if left_out is None else asdict(left_out),
    }
    style = "".join(file(f"{name}.css").read_text("utf-8") for name in ("measures", "prose"))
    given = json.dumps(data).replace("<", "\\u003c")
    script = join(file("measures.js")).replace("export default function", "function")
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Measures</title>
      <style>{style}</style><main><h1>Measures</h1><h2>Side by side</h2></main>
      <script id="data" type="application/json">{given}</script>
      <script type="module">{script}
        window.told = [];
        mountMeasures({{
          data: JSON.parse(document.getElementById("data").textContent),
          parentElement: document.querySelector("main"),
          setStateValue: (...said) => window.told.push(said),
        }});
        document.querySelector(".measures").dataset.ready = "yes";
      </script></html>"""


def four(steps: int) -> list[Tint]:
    several = [replace(gradients(steps), name=f"m{i}", label=f"Measure {i}") for i in range(4)]
    return [replace(tint, values=tint.values * (i + 1) / 2) for i, tint in enumerate(several)]


def test_measures_say_the_same_token_everywhere(open_file: OpenFile) -> None:
    columns = four(60)
    left_out = LeftOutText(10, 99, 500)
    page = open_file(measures_page(spaced(WORDS[:60]), columns, left_out))
    expect(page.locator(".measure-name")).to_have_text([one.label for one in columns])
    for index, tint in enumerate(columns):
        expect(token(page, 12, index)).to_have_css("background-color", expected_colour(tint, 12))
    expect(page.locator(".left-out")).to_have_count(4)
    token(page, 3, reading=1).hover()
    expect(page.locator(".previewed")).to_have_count(4)
    for index, tint in enumerate(columns):
        value = page.locator(".measure-value").nth(index)
        until(page, lambda: number(value), pytest.approx(tint.values[3], abs=0.005))  # noqa: B023
    expect(page.locator(".measures-where")).to_have_text("Token 4 of 60: \u201cbad\u201d")
    token(page, 3, reading=1).click()
    until(page, lambda: page.evaluate("told"), [["picked", 3]])
    page.mouse.move(2, 2)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".measures")).to_have_attribute("data-step", "4")
    expect(page.locator(".token.at")).to_have_count(4)
    page.keyboard.press("Enter")
    until(page, lambda: page.evaluate("told"), [["picked", 3], ["picked", 4]])
    expect(page.locator(".measures .live")).to_contain_text("Token 5 of 60")


@pytest.mark.parametrize("width", [1440, 390])
def test_measures_of_hostile_text(open_file: OpenFile, width: int) -> None:
    page = open_file(measures_page(HOSTILE, four(len(HOSTILE)), None), width=width)
    for box in page.locator(".prose-text").all():
        assert box.evaluate("n => n.textContent") == "".join(HOSTILE).replace("\r\n", "\n")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints(page) == []
