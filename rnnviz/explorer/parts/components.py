"""The theatre and its small companions, as Streamlit components.

Streamlit is imported when a component is shown and not before. What the components show and send
is defined and checked in `rnnviz.theatre`, which knows no Streamlit; the browser side is beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Literal
from urllib.parse import parse_qs

import numpy as np

from rnnviz.safe.checked import fields, sound, whole
from rnnviz.theatre import drawing, writing
from rnnviz.theatre.arrays import encode
from rnnviz.theatre.modules import SHEETS, file, join
from rnnviz.theatre.payload import Payload, digest, payloads, shape_of
from rnnviz.theatre.reading import LeftOutText, Reading
from rnnviz.theatre.tints import Tint, tint_payloads
from rnnviz.theatre.turns import Turns, turn_of
from rnnviz.theatre.view import View

LONGEST_SEARCH = 8000
"""Characters of an address that are looked at."""


@dataclass(frozen=True)
class Withheld:
    """What the page's address leaves out on purpose: "Copy link" asks whether to include it.

    ``what`` is its name in a sentence ("your text"). ``words`` are the page's words of the address
    with it, out of all ``owned`` ones; None where it is too long for a link. ``is_in`` says that
    the address has it already.
    """

    what: str
    words: Mapping[str, str] | None
    owned: Sequence[str]
    version: str
    is_in: bool = False


@cache
def component(name: str, *more_sheets: str) -> Any:
    """The component whose entry module is ``name.js`` and whose style sheets, in the order in which
    they apply, are ``name.css``, where there is one, and the others named.
    """
    import streamlit as st

    script = file(f"{name}.js")
    own = [sheet for sheet in [script.with_suffix(".css")] if sheet.exists()]
    sheets = own + [file(f"{sheet}.css") for sheet in more_sheets]
    css = "".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
    js = join(script)
    return st.components.v2.component(f"rnnviz_{name}", js=js, css=css or None)


def _packed(data: Mapping[str, Any]) -> bytes:
    """JSON as bytes: given a mapping, Streamlit would look for dataframes in it and import pandas
    for that, half a second before the first picture.
    """
    return json.dumps(data).encode()


def theatre(
    readings: Reading | Payload | Sequence[Reading | Payload],
    *,
    key: str,
    title: str,
    subtitle: str = "",
    about: str = "",
    view: View | None = None,
    turns: Turns | None = None,
    size: Literal["full", "small"] = "full",
    panels: Sequence[str] | None = None,
    autoplay: bool = False,
    address: bool = False,
    tour: bool = False,
    tints: Sequence[Sequence[Tint]] | None = None,
    withheld: Withheld | None = None,
) -> View | None:
    """Show how networks read a sequence; return what was committed there, None before anything was.

    ``readings`` are one to three readings of the same steps, or their payloads when they are
    packed already. ``view`` is where a first visit starts; a theatre that stands adopts it when
    ``turns`` has another fill, unless something was chosen there since; what was committed before
    that fill, or before the last turn that was heard, is None then. ``about`` is a sentence on the
    networks for the legend, ``panels`` names the panels to show, all by default; ``address`` lets
    the browser keep the view in the page's address and lets the keys work before a first click;
    ``tour`` offers the tour to a first visitor. ``tints`` are, for each reading, what its tokens
    can be coloured by besides what it holds itself; others may come later without the readings
    being decoded anew. ``withheld`` is what the page's address leaves out. Raises ValueError for
    readings that cannot be shown together.
    """
    packed = payloads(readings)
    tinted = json.dumps(tint_payloads(tints, [shape_of(one)[0] for one in packed]))
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
        "tour": tour,
        "standalone": False,
    }
    shown, chosen = json.dumps(packed), json.dumps(options)
    start = json.dumps((view or View()).to_json())
    stamp = json.dumps(None if turns is None else turns.stamp)
    # Put together from texts, for the readings are long and would be written twice otherwise.
    data = (
        f'{{"digest": "{digest(shown, chosen)}", "readings": {shown}, '
        f'"view": {start}, "name": {json.dumps(key)}, "stamp": {stamp}, "options": {chosen}, '
        f'"tintDigest": "{digest(tinted)}", "tints": {tinted}, '
        f'"withheld": {json.dumps(None if withheld is None else asdict(withheld))}}}'
    )
    component(*SHEETS)(key=key, data=data.encode(), default={"view": None}, on_view_change=_nothing)
    sent = sent_by(key, "view")
    if turns is not None and not turns.takes(sent):
        return None
    return committed(sent, packed)


def measures(
    tokens: Sequence[str],
    columns: Sequence[Tint],
    *,
    key: str,
    title: str = "",
    left_out: LeftOutText | None = None,
) -> int | None:
    """The same tokens side by side, once for each of ``columns`` and coloured by it.

    Pointing at a token marks it everywhere and says its numbers; returns the index of the token
    that was clicked last, None before. Raises ValueError when a column has another length.
    """
    packed = tint_payloads([columns], [len(tokens)])[0]
    shown = json.dumps({"tokens": list(tokens), "columns": packed})
    data = {
        "digest": digest(shown),
        "tokens": list(tokens),
        "columns": packed,
        "title": title,
        "left_out": None if left_out is None else asdict(left_out),
    }
    component("measures", "prose")(
        key=key, data=_packed(data), default={"picked": None}, on_picked_change=_nothing
    )
    return whole(sent_by(key, "picked"), 0, len(tokens) - 1)


def committed(sent: Any, readings: Sequence[Payload]) -> View | None:
    """What the browser committed, with everything that makes no sense for ``readings`` left out."""
    if not isinstance(sent, Mapping):
        return None
    shapes = [shape_of(payload) for payload in readings]
    steps, layers, units = (max(sizes) for sizes in zip(*shapes, strict=True))
    return View.from_json(sent).clamped(
        steps=steps, layers=layers, units=units, readings=len(readings)
    )


def draw(
    *, key: str, turns: Turns, strokes: Sequence[drawing.Stroke] = (), small: bool = False
) -> None:
    """A drawing board, filled with ``strokes`` when it is shown first or ``turns`` has a new fill.

    A ``small`` one leaves height for what stands below it. `last_drawn` is what was drawn.
    """
    component("canvas")(
        key=key,
        data=_packed({"name": key, "strokes": list(strokes), "small": small, **turns.stamp}),
        default={"drawing": None},
        on_drawing_change=_nothing,
    )


@dataclass(frozen=True)
class Drawn:
    """What a board sent, for `drawing.parse`, and at which turn."""

    sent: Any
    turn: int


def last_drawn(key: str) -> Drawn | None:
    """What was drawn last on the board of that key."""
    sent = sent_by(key, "drawing")
    turn = turn_of(sent)
    return None if turn is None else Drawn(sent, turn)


def gallery(images: np.ndarray, labels: Sequence[str], *, key: str, picked: int | None) -> None:
    """Small pictures ``(N, 28, 28)`` uint8 to pick from; the one that is ``picked`` has a frame.

    `last_pick` is the index of the one that was clicked.
    """
    data = {
        "images": [encode(image, low=0, high=255, bits=8) for image in images],
        "labels": list(labels),
        "picked": picked,
    }
    component("gallery")(
        key=key, data=_packed(data), default={"picked": None}, on_picked_change=_nothing
    )


def morph(
    first: np.ndarray,
    second: np.ndarray,
    *,
    key: str,
    names: tuple[str, str],
    percent: int,
    turns: Turns,
) -> None:
    """A slider from one picture ``(28, 28)`` uint8 to another, standing at ``percent``.

    `last_mix` is where it was moved to. Show it after the mix: the slider sends its next value
    when it sees that the last was heard.
    """
    pictures = [encode(image, low=0, high=255, bits=8) for image in (first, second)]
    data = {"name": key, "pictures": pictures, "names": list(names), "percent": percent}
    component("morph")(
        key=key,
        data=_packed(data | turns.stamp),
        default={"mix": None},
        on_mix_change=_nothing,
    )


@dataclass(frozen=True)
class Mix:
    """Where a slider stands, in percent, whether it has come to rest there, and at which turn."""

    percent: int
    is_settled: bool
    turn: int


def last_mix(key: str) -> Mix | None:
    """Where the `morph` of that key was moved to last."""
    sent = fields(sent_by(key, "mix"))
    percent, turn = whole(sent.get("percent"), 0, 100), turn_of(sent)
    if percent is None or turn is None:
        return None
    return Mix(percent, sent.get("settled") is True, turn)


def scribe(
    text: str,
    *,
    key: str,
    turns: Turns,
    label: str,
    placeholder: str = "",
    explained: str = "",
    most_characters: int = writing.MOST_CHARACTERS,
    rows: int = 5,
    beside: str = "",
) -> None:
    """A box to write in that tells what is typed after a short pause: `last_written`.

    The box holds ``text`` when it is shown for the first time or ``turns`` has another fill. At
    every other time it is the reader's own: no run of the page touches what is being typed.
    ``beside`` is the key of a container with controls that may fill the box, see `Written.after`.
    """
    data = {
        "name": key,
        "text": text,
        **turns.stamp,
        "label": label,
        "placeholder": placeholder,
        "help": explained,
        "most": most_characters,
        "rows": rows,
        "beside": beside,
    }
    component("scribe")(
        key=key, data=_packed(data), default={"typed": None}, on_typed_change=_nothing
    )


def last_written(key: str) -> writing.Written | None:
    """What was typed last in the `scribe` of that key."""
    return writing.parse(sent_by(key, "typed"))


def picker(
    names: Mapping[str, str],
    *,
    key: str,
    picked: str,
    turns: Turns,
    label: str,
    explained: str = "",
) -> None:
    """A list to choose from, by the names of its entries: `last_pick` is what was chosen."""
    data = {
        "name": key,
        "entries": list(names.items()),
        "picked": picked,
        "label": label,
        "help": explained,
        **turns.stamp,
    }
    component("picker")(
        key=key, data=_packed(data), default={"picked": None}, on_picked_change=_nothing
    )


def scrubber(
    words: Mapping[int, str],
    *,
    key: str,
    ends: tuple[str, str],
    step: int,
    turns: Turns,
    label: str,
    explained: str = "",
) -> None:
    """A slider over the steps of which there are ``words``, rising, standing at ``step``; it plays.

    ``ends`` are short words for the first and the last step. `last_pick` is the step that it was
    moved to. Show it after what it moves: the slider sends its next step when it sees that the last
    was heard.
    """
    data = {
        "name": key,
        "steps": list(words),
        "words": list(words.values()),
        "ends": list(ends),
        "step": step,
        "label": label,
        "help": explained,
        **turns.stamp,
    }
    component("scrubber")(
        key=key, data=_packed(data), default={"picked": None}, on_picked_change=_nothing
    )


@dataclass(frozen=True)
class Pick:
    """What was chosen, and at which turn."""

    value: Any
    turn: int


def last_pick(key: str) -> Pick | None:
    """What was chosen last in the `picker`, `gallery` or `scrubber` of that key."""
    sent = sent_by(key, "picked")
    turn = turn_of(sent)
    return None if turn is None else Pick(fields(sent).get("value"), turn)


def place(
    words: Mapping[str, str],
    *,
    key: str,
    owned: Sequence[str],
    version: str,
    choice: int,
    heard: int = 0,
    again: float | None = None,
) -> None:
    """Put the page's ``words`` into the browser's address and leave all that are not ``owned``.

    A changed word makes an entry in the browser's history, unless ``choice`` is the number that
    it was before: words of one choice replace each other. ``heard`` is the turn of the `Trip` that
    the words know of: those that know of no later one than the browser has made are not put. With
    ``again`` the browser makes the fragment around this run again after so many seconds, and
    `asked` counts that.
    """
    data = {
        "words": dict(words),
        "owned": list(owned),
        "version": version,
        "choice": choice,
        "heard": heard,
        "ask": None if again is None else asked(key) + 1,
        "after": 0 if again is None else round(1000 * again),
    }
    component("place")(key=key, data=_packed(data), default={"asked": 0}, on_asked_change=_nothing)


@dataclass(frozen=True)
class Trip:
    """The browser went back or forward within the page: at which turn, and to what words."""

    turn: int
    query: Mapping[str, str]


def travel(*, key: str, heard: int) -> None:
    """Listen to the browser's back and forward buttons; `last_trip` is what they did.

    ``heard`` is the turn of the last `Trip` that the page has followed: the browser tells a later
    one again until it is heard. Mount it outside of fragments: what it says makes the whole page
    run.
    """
    data = _packed({"heard": heard})
    component("travel")(key=key, data=data, default={"went": None}, on_went_change=_nothing)


def last_trip(key: str) -> Trip | None:
    """What the `travel` of that key has said last, when it makes sense."""
    sent = sent_by(key, "went")
    turn, search = turn_of(sent), fields(sent).get("search")
    if turn is None or not isinstance(search, str):
        return None
    try:
        search = search[:LONGEST_SEARCH].removeprefix("?")
        words = parse_qs(search, keep_blank_values=True, max_num_fields=100)
    except ValueError:  # more words than anybody means
        return None
    return Trip(turn, {word: values[0] for word, values in words.items()})


def menu(*, key: str) -> None:
    """Close the menu of pages, where it lies over the page, once a page was chosen in it."""
    component("menu")(key=key, data=_packed({}))


def asked(key: str) -> int:
    """How often the browser has run a fragment again for the `place` of that key."""
    return whole(sent_by(key, "asked")) or 0


def sent_by(key: str, name: str) -> Any:
    """What the component of that key has sent last, see `checked.sound`; None where it is not."""
    import streamlit as st

    return sound(fields(st.session_state.get(key)).get(name))


def _nothing() -> None:
    """Streamlit wants a callback for every value that a component keeps."""
