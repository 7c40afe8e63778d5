"""The saved theatre as text. Oracles: an HTML parser, SHA-256, the payload that went in."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.theatre.modules import file
from rnnviz.theatre.standalone import page
from rnnviz.theatre.tints import Tint
from rnnviz.theatre.view import View
from tests.theatre.test_theatre import made_up

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!--<script>",
    "]]>&amp;\u2028\u2029\u202eevil\u0000\ud800",
    '" onload="alert(1)',
    "{title}{0}%s",
)


class Outline(HTMLParser):
    """What a browser would make of a page: the tags in order, and the text inside each."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.inside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside.append(tag)
        self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.texts[self.inside[-1]][-1] += data


def test_the_page_holds_what_went_in() -> None:
    readings = (made_up("lstm"), made_up("gru"))
    view = View(layer=1, units=(3, 1), order="cluster")
    outline = Outline(page(readings, title="Two cells", view=view, about="Said about them."))
    data = json.loads(outline.texts["script"][0])
    assert data["readings"] == json.loads(json.dumps([one.to_payload() for one in readings]))
    assert View.from_json(data["view"]) == view
    assert data["options"]["about"] == "Said about them."
    assert outline.texts["title"] == outline.texts["h1"] == ["Two cells"]
    assert outline.tags[0] == ("html", {"lang": "en", "data-theme": "auto"})
    assert page([one.to_payload() for one in readings], title="Two cells", view=view) == page(
        readings, title="Two cells", view=view
    )


def test_the_policy_allows_this_script_and_this_style_and_nothing_else() -> None:
    outline = Outline(page(made_up(), title="x"))
    policy = next(words["content"] for tag, words in outline.tags if "http-equiv" in words)
    style, script = outline.texts["style"][0], outline.texts["script"][1]

    def source(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    assert policy is not None
    assert policy.split("; ") == [
        "default-src 'none'",
        f"script-src {source(script)}",
        f"style-src {source(style)}",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    names = [name for _, words in outline.tags for name in words]
    assert not [name for name in names if name.startswith("on") or name in ("src", "href", "style")]
    assert not re.findall(r"https?://|\burl\(|@import|\bfetch\(|\bimport\(", style + script)


@given(
    st.text(max_size=30) | st.sampled_from(HOSTILE), st.text(max_size=30) | st.sampled_from(HOSTILE)
)
def test_no_text_becomes_markup(title: str, label: str) -> None:
    plain = Outline(page(made_up(), title="x", about="y"))
    reading = made_up(classes=(label, "b", "c"), tokens=(label,) * 5, truth=label, name=label)
    html = page(reading, title=title, about=label)
    outline = Outline(html)
    assert [tag for tag, _ in outline.tags] == [tag for tag, _ in plain.tags]
    data = json.loads(outline.texts["script"][0])
    assert data["readings"][0]["classes"][0] == label
    assert not re.search(r"[<>&\u2028\u2029]", outline.texts["script"][0])
    assert html.encode("utf-8")


def test_tints_come_along_for_each_reading() -> None:
    steps = made_up().steps
    tint = Tint("ig", "Gradients", "</script>", np.zeros(steps), -1, 1, "against", "for")
    html = page([made_up(), made_up()], title="x", tints=[[tint], []])
    sent = json.loads(html.split('id="readings">')[1].split("</script>")[0])
    assert [[one["name"] for one in several] for several in sent["tints"]] == [["ig"], []]
    assert sent["tints"][0][0]["meaning"] == "</script>"
    with pytest.raises(ValueError, match="expected a list for each of 2, got 1"):
        page([made_up(), made_up()], title="x", tints=[[tint]])


def test_three_readings_at_most_and_all_of_one_length() -> None:
    with pytest.raises(ValueError, match="1 to 3 readings, got 0"):
        page((), title="x")
    with pytest.raises(ValueError, match="1 to 3 readings, got 4"):
        page((made_up(),) * 4, title="x")
    with pytest.raises(ValueError, match=r"same number of steps, got \[5, 6\]"):
        page((made_up(), made_up(steps=6)), title="x")
    with pytest.raises(ValueError, match="theme: expected one of auto, light, dark, got 'blue'"):
        page(made_up(), title="x", theme="blue")  # type: ignore[arg-type]


def test_the_colours_are_those_of_the_app(root: Path) -> None:
    theme = tomllib.loads((root / ".streamlit/config.toml").read_text(encoding="utf-8"))["theme"]
    sheet = file("standalone.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root(\S*) \{(.*?)\}", sheet, re.DOTALL)
    assert [selector for selector, _ in blocks] == [
        "",
        '[data-theme="dark"]',
        '[data-theme="auto"]',
    ]
    for (_, block), mode in zip(blocks, ("light", "dark", "dark"), strict=True):
        properties = dict(re.findall(r"--st-([\w-]+): (#\w+);", block))
        names = {"primary", "background", "secondary-background", "text", "border"}
        assert set(properties) == {f"{name}-color" for name in names}
        for name, colour in properties.items():
            first, *others = name.split("-")
            assert theme[mode][first + "".join(map(str.title, others))] == colour


def write(folder: Path, **modules: str) -> Path:
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    return folder / f"{next(iter(modules))}.js"


def test_a_page_is_made_without_torch_and_without_streamlit(root: Path) -> None:
    code = (
        "import sys; import rnnviz.models.showing; "
        "print([name for name in ('torch', 'streamlit', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
