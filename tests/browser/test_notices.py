"""What somebody else wrote stays text on the page. The oracle is the browser."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Browser

from rnnviz.explorer.parts.notices import JOINER
from tests.browser.server import serve

TEXTS = (
    "see http://evil.example/a?b=c or https://evil.example.",
    "see www.evil.example or WWW.EVIL.EXAMPLE and x.www.evil.example",
    "write to me@evil.example or mailto:me@evil.example or xmpp:a@b.example/c",
    "ftp://evil.example and //evil.example and evil.example",
    "<http://evil.example> and [here](http://evil.example) and [here]: http://evil.example",
    "![x](http://evil.example/a.png) <img src=x onerror=alert(1)>",
    ":smile: :+1: :-1: :heart:",
    ":material/home: :streamlit: :red[red] :red-background[red] :small[small] :badge[b]",
    "$x^2$ and $$y$$ and `code` and **bold** and _it_ and ~~gone~~",
    "a -> b <- c <-> d -- e >= f <= g ~= h",
    "# head",
    "- item",
    "1. item",
    "> quote",
    "| a | b |",
    "&amp; &lt;b&gt;",
    "12:30:45 at 1:1",
)
SCRIPT = """
import json, os, sys
sys.path.insert(0, {root!r})
import streamlit as st
from rnnviz.explorer.parts.notices import plain
for text in json.loads({texts!r}):
    st.warning(plain(text))
"""


def test_nothing_is_made_of_what_somebody_wrote(
    browser: Browser, tmp_path: Path, root: Path
) -> None:
    script = tmp_path / "shown.py"
    words = SCRIPT.format(root=str(root), texts=json.dumps(TEXTS))
    script.write_text(words, encoding="utf-8")
    with serve(script=str(script)) as shown:
        page = browser.new_context().new_page()
        page.goto(shown.address)
        boxes = page.get_by_test_id("stAlert").get_by_test_id("stMarkdownContainer")
        boxes.nth(len(TEXTS) - 1).wait_for()
        said = [text.replace(JOINER, "").strip() for text in boxes.all_inner_texts()]
        made = boxes.locator("a, img, em, strong, code, del, h1, li, table, blockquote, .katex")
        assert said == list(TEXTS)
        assert made.count() == 0
        assert boxes.locator("[data-testid=stIconMaterial], span[style]").count() == 0
        page.context.close()
