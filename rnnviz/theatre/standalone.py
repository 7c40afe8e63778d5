"""A theatre as one HTML file that needs nobody: no server, no network, no Streamlit.

Everything is inside: the joined modules, the style sheets and the readings as JSON. A strict
Content-Security-Policy names the one script and the one style sheet by their hashes and allows
nothing else, so whatever a label or a title says, nothing is fetched and nothing else runs.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from functools import cache
from html import escape
from typing import Any, Literal, get_args

from rnnviz.theatre.modules import file, join, styles
from rnnviz.theatre.payload import Payload, payloads, shape_of
from rnnviz.theatre.reading import Reading
from rnnviz.theatre.tints import Tint, tint_payloads
from rnnviz.theatre.view import View

PageTheme = Literal["auto", "light", "dark"]

# Characters that end a script element, open a comment in it, or end a line in JavaScript.
_UNSAFE = {ord(one): f"\\u{ord(one):04x}" for one in "<>&\u2028\u2029"}

_PAGE = """<!doctype html>
<html lang="en" data-theme="{theme}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="rnnviz">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header class="page-head"><h1>{title}</h1><button type="button" hidden></button></header>
<main><noscript>This figure is drawn by the script in this file; please allow it.</noscript></main>
<script type="application/json" id="readings">{data}</script>
<script type="module">{script}</script>
</body>
</html>
"""


def page(
    readings: Reading | Payload | Sequence[Reading | Payload],
    *,
    title: str,
    view: View | None = None,
    about: str = "",
    theme: PageTheme = "auto",
    tints: Sequence[Sequence[Tint]] | None = None,
) -> str:
    """One to three readings, or their payloads, as the text of one self-contained HTML file.

    ``view`` is what the file shows when it is opened, ``about`` a sentence on the networks for the
    legend, ``theme`` "auto" follows the reader's system, ``tints`` are, for each reading, what its
    tokens can be coloured by besides what it holds itself. Raises ValueError for anything else.
    """
    if theme not in get_args(PageTheme):
        raise ValueError(f"theme: expected one of {', '.join(get_args(PageTheme))}, got {theme!r}")
    shown = payloads(readings)
    tinted = tint_payloads(tints, [shape_of(one)[0] for one in shown])
    style, script = _parts()
    policy = (
        f"default-src 'none'; script-src {_source(script)}; style-src {_source(style)}; "
        "base-uri 'none'; form-action 'none'"
    )
    return _PAGE.format(
        theme=theme,
        policy=policy,
        title=_text(title),
        style=style,
        data=_data(shown, tinted, view or View(), about),
        script=script,
    )


def _data(shown: Sequence[Payload], tints: list[list[Any]], view: View, about: str) -> str:
    steps, word = shape_of(shown[0])[0], shown[0]["step_word"]
    options = {
        # The figure's own heading, below the page's.
        "title": ", ".join(dict.fromkeys(str(payload["title"]) for payload in shown)),
        "subtitle": f"{steps} {word}{'s' if steps > 1 else ''}",
        "about": about,
        "size": "full",
        "panels": None,
        "autoplay": False,
        "address": False,
        "keys": True,
        "silent": False,
        "tour": False,
        "standalone": True,
    }
    sent = {"readings": shown, "view": view.to_json(), "options": options, "tints": tints}
    digest = hashlib.blake2b(_json(sent).encode(), digest_size=8).hexdigest()
    return _json({"digest": digest, "tintDigest": digest, **sent})


def _json(value: Any) -> str:
    """JSON that may stand inside a script element, whatever its strings hold."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).translate(_UNSAFE)


def _text(text: str) -> str:
    """Text for HTML; half a surrogate pair, which no file can hold, becomes a question mark."""
    return escape(text.encode("utf-8", "replace").decode())


@cache
def _parts() -> tuple[str, str]:
    """The style sheet and the script, the same in every file."""
    sheet = file("standalone.css").read_text(encoding="utf-8")
    style, script = sheet + styles(), join(file("standalone.js"))
    for name, text in (("style", style), ("script", script)):
        if f"</{name}" in text.lower() or "<!--" in text or "\r" in text:
            raise ValueError(f"{name}: expected text without </{name}, <!-- and carriage returns")
    return style, script


def _source(text: str) -> str:
    """How a Content-Security-Policy names an inline script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
