"""The theatre, the drawing board and the sample gallery, as Streamlit components.

With `rnnviz.ui` this is the only place that knows Streamlit. What the components show and send is
defined and checked in modules without it: `reading`, `arrays`, `drawing`. The browser side is the
``.js`` and ``.css`` beside.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import streamlit as st

from rnnviz.theatre import drawing
from rnnviz.theatre.arrays import encode
from rnnviz.theatre.modules import SHEETS, join
from rnnviz.theatre.reading import LayerReading, Mark, Reading, reading_from_trace

__all__ = [
    "LayerReading",
    "Mark",
    "Reading",
    "View",
    "draw",
    "gallery",
    "reading_from_trace",
    "theatre",
]

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class View:
    """What a person has committed in a theatre; all count from 0, None means nothing chosen."""

    layer: int = 0
    step: int | None = None
    unit: int | None = None


@cache
def _component(name: str, *more_sheets: str) -> Any:
    """The component whose entry module is ``name.js`` and whose style sheets, in the order in which
    they apply, are ``name.css`` and the others named.
    """
    sheets = (FOLDER / f"{sheet}.css" for sheet in (name, *more_sheets))
    return st.components.v2.component(
        f"rnnviz_{name}",
        js=join(FOLDER / f"{name}.js"),
        css="".join(sheet.read_text(encoding="utf-8") for sheet in sheets),
    )


def _packed(data: Mapping[str, Any]) -> bytes:
    """JSON as bytes: given a mapping, Streamlit would look for dataframes in it and import pandas
    for that, half a second before the first picture.
    """
    return json.dumps(data).encode()


def theatre(
    reading: Reading | Mapping[str, Any],
    *,
    key: str,
    title: str,
    subtitle: str = "",
    about: str = "",
    view: View | None = None,
    size: Literal["full", "small"] = "full",
    panels: Sequence[str] | None = None,
    autoplay: bool = False,
    address: bool = False,
) -> View | None:
    """Show how a network read a sequence; return what was pinned there, None before anything was.

    ``reading`` may be given as its payload, when it is already packed. ``view`` is where a first
    visit starts. ``about`` is a sentence on the network for the legend, ``panels`` names the
    panels to show, all by default; ``address`` lets the browser keep layer, step and unit in the
    page's address and lets the arrow keys work before anything was clicked.
    """
    payload = reading.to_payload() if isinstance(reading, Reading) else dict(reading)
    start = view or View()
    options = {
        "title": title,
        "subtitle": subtitle,
        "about": about,
        "size": size,
        "panels": None if panels is None else list(panels),
        "autoplay": autoplay,
        "address": address,
        "keys": address,
        "silent": size == "small",
    }
    result = _component(*SHEETS)(
        key=key,
        data=_packed(
            {
                "digest": digest([payload, options]),
                "readings": [payload],
                "view": {"layer": start.layer, "step": start.step, "unit": start.unit},
                "options": options,
            }
        ),
        default={"view": None},
        on_view_change=_nothing,
    )
    layers = payload["layers"]
    units = next(iter(layers[0]["forward"].values()))["shape"][1]
    return committed(result.view, layers=len(layers), steps=len_steps(payload), units=units)


def digest(value: Any) -> str:
    """A short fingerprint by which the browser sees whether anything has to be decoded again."""
    return hashlib.blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=8).hexdigest()


def len_steps(payload: Mapping[str, Any]) -> int:
    """``T`` of a packed reading."""
    return int(payload["probabilities"]["shape"][0])


def committed(sent: Any, *, layers: int, steps: int, units: int) -> View | None:
    """What the browser committed, with everything that makes no sense here left out."""
    if not isinstance(sent, Mapping):
        return None

    def index(name: str, count: int) -> int | None:
        value = sent.get(name)
        is_index = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < count
        return value if is_index else None

    return View(index("layer", layers) or 0, index("step", steps), index("unit", units))


def draw(
    *, key: str, strokes: Sequence[drawing.Stroke] = (), nonce: int = 0
) -> drawing.Drawing | None:
    """A drawing board, filled with ``strokes`` when it is shown anew or given another ``nonce``.

    Returns None while nobody has touched it. Raises `drawing.DrawingError` when the browser sent
    anything but a drawing.
    """
    result = _component("canvas")(
        key=key,
        data=_packed({"strokes": list(strokes), "nonce": nonce}),
        default={"drawing": None},
        on_drawing_change=_nothing,
    )
    return None if result.drawing is None else drawing.parse(result.drawing)


def gallery(
    images: np.ndarray,
    labels: Sequence[str],
    *,
    key: str,
    picked: int | None,
    on_pick: Callable[[int], None],
) -> None:
    """Small pictures ``(N, 28, 28)`` uint8 to pick from.

    ``on_pick`` is called with the index that was clicked, before the page runs again; ``picked`` is
    the picture to frame.
    """

    def clicked() -> None:
        sent = st.session_state[key].get("picked")
        if isinstance(sent, int) and not isinstance(sent, bool) and 0 <= sent < len(images):
            on_pick(sent)

    _component("gallery")(
        key=key,
        data=_packed(
            {
                "images": [encode(image, low=0, high=255, bits=8) for image in images],
                "labels": list(labels),
                "picked": picked,
            }
        ),
        on_picked_change=clicked,
    )


def _nothing() -> None:
    """Streamlit wants a callback for every value that a component keeps."""
