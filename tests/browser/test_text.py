"""The Text page in a real browser: written in, uploaded to, compared, linked to, at every width.

What the theatre itself does has its own tests beside.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from rnnviz.data.passages import PASSAGES, passage
from rnnviz.models import storage
from tests.browser.conftest import Open
from tests.browser.waiting import fits, until

pytestmark = pytest.mark.skipif(
    not {"imdb-lstm", "imdb-gru", "imdb-rnn"} <= set(storage.names()),
    reason="needs pretrained/imdb-lstm, imdb-gru and imdb-rnn",
)

FIRST, SECOND = PASSAGES[0], PASSAGES[1]
OWN = "It was not bad at all, and I laughed."
ALARM = "window.alarmed = true"


def write(page: Page, text: str) -> None:
    """Put a text into the box in one go, as a paste does."""
    page.locator(".scribe .box").fill(text)


def prose(page: Page, number: int = 0) -> str:
    """The text as the theatre shows it, without what stood there before."""
    return (
        page.locator(".theatre .prose-text")
        .nth(number)
        .evaluate(
            """node => {
          const copy = node.cloneNode(true);
          copy.querySelectorAll(":not(.token, .token *)").forEach((one) => one.remove());
          return copy.textContent;
        }"""
        )
    )


def reads(page: Page, text: str, number: int = 0) -> None:
    """Wait until the theatre shows that text, word for word."""
    until(page, lambda: " ".join(prose(page, number).split()), " ".join(text.split()))


def words(page: Page, **wanted: str) -> None:
    """The address has exactly these words of the page, in any order."""
    page.wait_for_function(
        """(wanted) => {
          const words = new URLSearchParams(location.search);
          for (const word of ["v", "step"]) words.delete(word);
          return JSON.stringify([...words].sort()) === wanted;
        }""",
        arg=json.dumps(sorted([*one] for one in wanted.items()), separators=(",", ":")),
    )


def switch(page: Page, name: str) -> None:
    page.locator(f"[class*=st-key-text_{name}] label").first.click()


def choose_cell(page: Page, name: str) -> None:
    page.locator("[class*=st-key-text_cell] button:visible").filter(has_text=name).first.click()


def pick(page: Page, title: str) -> None:
    page.get_by_label("Choose a text").select_option(label=title)


def test_what_is_typed_is_read_while_it_is_typed(open_page: Open) -> None:
    page = open_page("/text")
    reads(page, FIRST.text)
    area = page.locator(".scribe .box")
    area.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" And then I fell asleep.", delay=40)
    expect(area).to_have_value(FIRST.text + " And then I fell asleep.")
    reads(page, FIRST.text + " And then I fell asleep.")
    expect(page.locator(".theatre .subtitle")).to_contain_text("reading your text")
    assert area.evaluate("node => node.getRootNode().activeElement === node")
    page.keyboard.type(" Twice.", delay=40)
    reads(page, FIRST.text + " And then I fell asleep. Twice.")
    expect(page.locator(".scribe .count")).to_have_text(re.compile(r"^44 words, \d+ characters$"))
    assert "asleep" not in page.url


def test_who_has_marked_all_replaces_the_text_that_comes_late(open_page: Open) -> None:
    page = open_page("/text")
    reads(page, FIRST.text)
    pick(page, SECOND.title)
    reads(page, SECOND.text)
    page.locator(".scribe .box").click()
    page.keyboard.press("Control+a")
    page.go_back()
    expect(page.locator(".scribe .box")).to_have_value(FIRST.text)
    page.keyboard.type("Dull.")
    expect(page.locator(".scribe .box")).to_have_value("Dull.")


def test_nothing_disturbs_the_caret_or_a_composition(open_page: Open) -> None:
    page = open_page("/text")
    area = page.locator(".scribe .box")
    area.click()
    area.evaluate("node => node.setSelectionRange(4, 4)")
    page.keyboard.type("X")
    page.wait_for_timeout(1500)
    assert area.evaluate("node => node.selectionStart") == 5
    session = page.context.new_cdp_session(page)
    session.send("Input.imeSetComposition", {"text": "に", "selectionStart": 1, "selectionEnd": 1})
    page.wait_for_timeout(800)
    assert "に" not in prose(page), "what is being composed is not read yet"
    session.send("Input.insertText", {"text": "日本"})
    expect(area).to_have_value(re.compile("日本"))


def test_the_keys_of_the_theatre_are_letters_in_the_box(open_page: Open) -> None:
    page = open_page("/text?step=9")
    theatre = page.locator(".theatre")
    expect(theatre).to_have_attribute("data-step", "8")
    page.locator(".scribe .box").click()
    page.keyboard.press("Control+End")
    for key in ("ArrowLeft", "ArrowUp", "Home", "Escape", "p", "l", "o", "c", "Space"):
        page.keyboard.press(key)
    expect(page.locator(".scribe .box")).not_to_have_value(FIRST.text)
    reads(page, page.locator(".scribe .box").input_value())
    expect(theatre).to_have_attribute("data-playing", "false")
    theatre.locator(".stage").focus()
    step = int(theatre.get_attribute("data-step") or 0)
    page.keyboard.press("ArrowLeft")
    expect(theatre).to_have_attribute("data-step", str(step - 1))
    page.keyboard.press("Home")
    expect(theatre).to_have_attribute("data-step", "0")


def test_clearing_leaves_the_reading_and_can_be_undone(open_page: Open) -> None:
    page = open_page("/text")
    page.locator(".scribe .clear").click()
    expect(page.get_by_test_id("stAlert")).to_contain_text("The text is empty")
    reads(page, FIRST.text)
    page.keyboard.press("Control+z")
    expect(page.locator(".scribe .box")).to_have_value(FIRST.text)
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


HOSTILE = {
    "script": f"A film <script>{ALARM}</script> indeed",
    "image": f'A film <img src=x onerror="{ALARM}"> indeed',
    "frame": f'A film <svg onload="{ALARM}"><iframe src="javascript:parent.{ALARM}"> indeed',
    "markdown": f"# A **film** [a](javascript:{ALARM}) $x_1$ :red[y] `z` ![i](http://example.com)",
    "one long word": "a" * 3_000,
    "right to left": "A film \u202eabc\u202c and מילה עברית too",
    "zero width": "A fi\u200blm\ufeff with\u2060out wid\u200dth",
}


def letters(text: str) -> str:
    return re.sub(r"[^a-zA-Zא-ת]", "", text)


def test_hostile_texts_are_texts(open_page: Open) -> None:
    page = open_page("/text")
    for kind, hostile in HOSTILE.items():
        write(page, hostile)
        if kind in ("right to left", "zero width"):
            until(page, lambda: letters(prose(page)), letters(hostile))
        else:
            reads(page, hostile)
        expect(page.locator(".theatre .subtitle")).to_contain_text("reading your text")
        assert page.evaluate("window.alarmed") is None
        assert page.locator(".theatre :is(script, img, iframe, svg[onload])").count() == 0
        fits(page.get_by_test_id("stMain"))


def test_ten_thousand_letters_without_a_space(open_page: Open) -> None:
    page = open_page("/text")
    write(page, "na" * 5_000)
    expect(page.locator(".theatre .subtitle")).to_have_text("reading your text")
    fits(page.get_by_test_id("stMain"))


def test_a_megabyte_is_cut_and_the_page_lives(open_page: Open) -> None:
    page = open_page("/text")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("navigator.clipboard.writeText('a good film, '.repeat(80000))")
    page.locator(".scribe .box").click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+v")
    expect(page.locator(".scribe .said")).to_contain_text("what you pasted was cut there")
    expect(page.locator(".theatre .subtitle")).to_have_text("reading your text")
    expect(page.locator(".stMainBlockContainer")).to_contain_text("Of this long text it reads")
    page.keyboard.press("Control+a")
    page.keyboard.type("A short film.")
    reads(page, "A short film.")


def _docx(text: str) -> bytes:
    from docx import Document

    document, file = Document(), io.BytesIO()
    document.add_paragraph(text)
    document.save(file)
    return file.getvalue()


def _pdf(text: str) -> bytes:
    """A PDF of one page with one line of Helvetica."""
    line = f"BT /F1 12 Tf 40 700 Td ({text}) Tj ET".encode()
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
            b"/Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(line), line),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    file, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 6\n0000000000 65535 f \n%strailer\n<< /Size 6 /Root 1 0 R >>\n" % table
    return file + end + b"startxref\n%d\n%%%%EOF\n" % len(file)


FILED = "What a dreadful film this is"
FILES: dict[str, Callable[[], bytes]] = {
    "mine.txt": lambda: FILED.encode("utf-16"),
    "mine.md": FILED.encode,
    "mine.html": f"<html><body><p>{FILED}</p><script>{ALARM}</script></body></html>".encode,
    "mine.csv": f"id,review,stars\n1,{FILED},2\n2,A lovely film,5\n".encode,
    "mine.pdf": lambda: _pdf(FILED),
    "mine.docx": lambda: _docx(FILED),
}


def upload(page: Page, name: str, data: bytes) -> None:
    fold = page.locator("[data-testid=stExpander]").filter(has_text="Upload a file")
    if not fold.locator("input[type=file]").count():
        fold.locator("summary").click()
    page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": data}
    )


@pytest.mark.parametrize("name", FILES)
def test_files_of_every_kind_are_read(open_page: Open, name: str) -> None:
    page = open_page("/text")
    upload(page, name, FILES[name]())
    reads(page, FILED)
    expect(page.locator(".scribe .box")).to_have_value(re.compile(FILED))
    expect(page.locator(".theatre .subtitle")).to_contain_text(name)
    assert page.evaluate("window.alarmed") is None
    if name.endswith(".csv"):
        page.get_by_test_id("stNumberInputField").fill("2")
        page.keyboard.press("Enter")
        reads(page, "A lovely film")


@pytest.mark.parametrize(
    ("name", "data"),
    [("mine.txt", b"\x00\x01\x02\xff" * 400), ("mine.pdf", b"no pdf"), ("mine.csv", b"\n\n")],
)
def test_a_file_without_text_leaves_the_reading(open_page: Open, name: str, data: bytes) -> None:
    page = open_page("/text?text=irony")
    upload(page, name, data)
    expect(page.get_by_test_id("stAlert").first).to_be_visible()
    if name != "mine.pdf":
        expect(page.get_by_test_id("stAlert").first).to_contain_text("The last reading stays")
        reads(page, passage("irony").text)


def held(page: Page) -> int:
    """The bytes of files that the server holds, as Streamlit itself counts them."""
    metrics = page.request.get(f"{page.url.split('/text')[0]}/_stcore/metrics").text()
    found = re.search(r'cache_type="UploadedFileManager".*} (\d+)', metrics)
    return int(found[1]) if found else 0


def test_the_server_lets_go_of_a_file_that_was_read(open_page: Open) -> None:
    page = open_page("/text")
    megabytes = 5
    upload(page, "mine.html", b"<p>A lovely film</p><!--" + b"x" * megabytes * 10**6 + b"-->")
    reads(page, "A lovely film")
    until(page, lambda: held(page) < (megabytes - 1) * 10**6)
    choose_cell(page, "RNN")
    expect(page.locator(".theatre .title")).to_contain_text("RNN")
    reads(page, "A lovely film")
    fold = page.locator("[data-testid=stExpander]").filter(has_text="Upload a file")
    if not fold.locator("input[type=file]").count():
        fold.locator("summary").click()
    expect(fold).to_contain_text("mine.html")
    upload(page, "other.txt", b"A dull film")
    reads(page, "A dull film")


def test_an_edit_keeps_a_ghost_and_a_pin_stands_beside(open_page: Open) -> None:
    page = open_page("/text?cell=gru")
    write(page, FIRST.text.replace("lovely", "dreadful"))
    expect(page.locator(".theatre .subtitle")).to_contain_text("over the ghost of")
    expect(page.locator(".theatre .prose-text")).to_contain_text("lovely")
    switch(page, "ghost")
    expect(page.locator(".theatre .subtitle")).to_have_text("reading your text")
    pick(page, FIRST.title)
    reads(page, FIRST.text)
    page.get_by_role("button", name="Pin this text").click()
    page.wait_for_url(re.compile(f"pin={FIRST.key}"))
    pick(page, SECOND.title)
    reads(page, SECOND.text)
    switch(page, "beside")
    expect(page.locator(".theatre")).to_have_count(2)
    reads(page, FIRST.text, 1)
    page.get_by_role("button", name="Unpin").click()
    expect(page.locator(".theatre")).to_have_count(1)


def test_all_three_cells_read_one_text(open_page: Open) -> None:
    page = open_page("/text")
    choose_cell(page, "All three")
    expect(page.locator(".theatre .title")).to_have_text("LSTM, GRU and RNN")
    expect(page.locator(".theatre .prose-text")).to_have_count(3)
    write(page, OWN)
    for number in range(3):
        reads(page, OWN, number)


def test_back_and_forward_bring_texts_back(open_page: Open) -> None:
    page = open_page("/text")
    reads(page, FIRST.text)
    pick(page, SECOND.title)
    words(page, text=SECOND.key)
    reads(page, SECOND.text)
    write(page, OWN)
    reads(page, OWN)
    page.wait_for_url(re.compile(r"text=my\."))
    choose_cell(page, "GRU")
    page.wait_for_url(re.compile("cell=gru"))
    page.go_back()
    expect(page.locator(".theatre .title")).to_have_text("LSTM")
    reads(page, OWN)
    page.go_back()
    reads(page, SECOND.text)
    expect(page.locator(".scribe .box")).to_have_value(SECOND.text)
    page.go_back()
    reads(page, FIRST.text)
    page.go_forward()
    page.go_forward()
    reads(page, OWN)
    expect(page.locator(".scribe .box")).to_have_value(OWN)


def test_a_link_carries_ones_own_text_only_when_asked(open_page: Open) -> None:
    page = open_page("/text")
    write(page, OWN)
    page.wait_for_url(re.compile(r"text=my\."))
    bare = page.url
    switch(page, "share")
    page.wait_for_url(re.compile("own="))
    link = page.url
    assert "bad" not in link
    stranger = open_page(bare.partition("/text")[1] + bare.partition("/text")[2])
    expect(stranger.get_by_test_id("stAlert")).to_contain_text("not included in this link")
    reads(stranger, FIRST.text)
    friend = open_page(link.partition("/text")[1] + link.partition("/text")[2])
    reads(friend, OWN)
    expect(friend.locator(".scribe .box")).to_have_value(OWN)
    switch(friend, "share")
    friend.wait_for_function("() => !location.search.includes('own=')")


@pytest.mark.parametrize(
    "address",
    ["/text", "/text?cell=all&text=greek", "/text?cell=gru&text=emoji&pin=irony&beside=1"],
)
def test_nothing_sticks_out_sideways(open_page: Open, address: str) -> None:
    page = open_page(address, width=390)
    for width in (390, 768, 1024, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(300)
        fits(page.get_by_test_id("stMain"))
        until(page, lambda: page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0)


PLOTS = {"why": 2, "line": 3, "units": 1, "padding": 3, "gates": 2}
"""How many plots a figure has: one that breaks on its way has fewer."""


@pytest.mark.parametrize("figure", PLOTS)
def test_a_figure_is_drawn_when_asked_for(open_page: Open, figure: str) -> None:
    page = open_page(f"/text?cell=gru&figure={figure}")
    drawn = page.locator(".js-plotly-plot:has(.main-svg)")
    expect(drawn).to_have_count(PLOTS[figure])
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


def test_a_unit_colours_the_text(open_page: Open) -> None:
    page = open_page("/text?cell=gru&text=not-good&figure=units")
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    page.locator("[data-testid=stButtonGroup] button").filter(
        has_text=re.compile(r"^(for|back)ward \d+$")
    ).first.click()
    page.wait_for_url(re.compile(r"tint=unit"))
    page.wait_for_url(re.compile(r"units=\d+"))
    expect(page.locator(".measures")).to_have_count(1)
    page.go_back()
    page.wait_for_function("() => !location.search.includes('tint=')")


def test_copying_a_link_asks_about_ones_own_text(open_page: Open) -> None:
    page = open_page("/text", permissions=["clipboard-read", "clipboard-write"])
    copy, said = page.locator(".theatre .copy"), page.locator(".link-said")
    copied = "() => navigator.clipboard.readText()"
    copy.click()
    expect(said).to_have_text("Link copied.")
    write(page, OWN)
    reads(page, OWN)
    copy.click()
    expect(page.locator(".link-asked")).to_have_text(
        "This link does not contain your text. Include it?"
    )
    page.keyboard.press("Escape")
    expect(page.locator(".link-question")).to_be_hidden()
    copy.click()
    page.get_by_role("button", name="Copy without it").click()
    expect(said).to_contain_text("Link copied, without your text.")
    assert "own=" not in page.evaluate(copied)
    copy.click()
    page.get_by_role("button", name="Copy with your text").click()
    expect(said).to_contain_text("Link copied, with your text.")
    link = page.evaluate(copied)
    assert "own=" not in page.url, "the address of the page itself says nothing of it"
    friend = open_page("/text" + link.partition("/text")[2])
    reads(friend, OWN)
    write(page, " ".join(f"w{n}x{n * n}" for n in range(900)))
    expect(page.locator(".scribe .count")).to_contain_text("900 words")
    until(page, lambda: "w899x" in prose(page))
    copy.click()
    expect(page.locator(".link-asked")).to_contain_text("is too long for a link")
    expect(page.get_by_role("button", name="Copy with your text")).to_be_hidden()
