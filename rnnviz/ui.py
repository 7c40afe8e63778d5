"""What the pages share: cached models and readings, the choices of a visit, honest notices.

With `rnnviz.theatre` and `rnnviz.router` the only module that knows Streamlit. Torch is imported
inside functions only, so a page that shows the stored reading is painted before torch is there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from rnnviz import checkpoint, opening, warmup
from rnnviz.address import CELLS, FIRST_SAMPLE, READOUTS, DigitsAddress, read_query
from rnnviz.data import DataError
from rnnviz.signals import CELL_NAMES
from rnnviz.theatre import View, draw, gallery, theatre
from rnnviz.theatre.drawing import DrawingError, Stroke

ICON = str(Path(__file__).parent / "theatre" / "icon.png")
LIVE = ("layer", "step", "unit")
READOUT_NAMES = {"attention": "Attention", "last": "Last state"}
EMPTY_BOARD = "The board is empty: draw one large digit. The last reading stays until then."


@dataclass(frozen=True)
class Picture:
    """An image to read: 784 grey bytes, where it comes from, and its label if it has one."""

    pixels: bytes
    source: str
    truth: str | None = None


@dataclass
class DigitsChoices:
    """Everything a person has chosen on the Digits page; lives as long as the session."""

    address: DigitsAddress
    picture: Picture
    strokes: tuple[Stroke, ...] = ()
    drawn: bytes | None = None
    upload: str | None = None
    notices: dict[str, str] = field(default_factory=dict)
    committed: View = field(default_factory=View)
    good: tuple[DigitsAddress, Picture] | None = None


def warm_up() -> None:
    """Make torch and the models ready behind the first picture; costs nothing on later runs."""
    names = [DigitsAddress(cell, readout).model for readout in READOUTS for cell in CELLS]
    # The first drawing would wait a third of a second for the import of scipy's image tools.
    tools = partial(import_module, "scipy.ndimage")
    warmup.start([tools, *(partial(model, name) for name in names)])


@st.cache_resource(max_entries=16, show_spinner=False)
def model(name: str) -> Any:
    """The trained model of that name, shared and never written to; raises CheckpointError."""
    warmup.import_torch()
    return checkpoint.load(name)


@st.cache_data(max_entries=16, show_spinner=False)
def about(name: str) -> str:
    """What the card of that model says about its test, or nothing where there is no such card."""
    try:
        test = checkpoint.card(name)["test"]
        share, count = test["accuracy"], test["n"]
        return f"{name} was trained here; of {test['data']} ({count:,}) it reads {share:.2%} right."
    except (ValueError, TypeError, KeyError):
        return ""


@st.cache_data(max_entries=64, show_spinner=False)
def reading(name: str, pixels: bytes, truth: str | None) -> dict[str, Any]:
    """How the model of that name reads an image, packed for the theatre; raises CheckpointError."""
    from rnnviz.reader import read_digit

    image = np.frombuffer(pixels, np.uint8).reshape(28, 28)
    return read_digit(model(name), image, name=name, truth=truth).to_payload()


@st.cache_resource(show_spinner=False)
def stored_reading() -> dict[str, Any] | None:
    """The reading that the app opens with, or None when there is none."""
    return opening.load()


@st.cache_resource(show_spinner=False)
def bundled_samples() -> tuple[np.ndarray, tuple[str, ...]]:
    """The sample digits ``(20, 28, 28)`` uint8 that come with the package, and their labels."""
    from rnnviz.data import samples

    images, labels = samples.load()
    return images, tuple(str(label) for label in labels)


def sample_picture(number: int) -> Picture:
    """Bundled sample ``number``, counted from 1."""
    images, labels = bundled_samples()
    label = labels[number - 1]
    return Picture(images[number - 1].tobytes(), f"sample {number}, labelled {label}", label)


def notices(sentences: Iterable[str]) -> None:
    """Sentences for a person in one quiet box, as they are: nothing in them is taken for markup."""
    plain = [re.sub(r"([\\`*_{}\[\]()<>#+.!|~$:^-])", r"\\\1", sentence) for sentence in sentences]
    if plain:
        st.warning("  \n".join(plain))


def digits_choices() -> DigitsChoices:
    """The choices of this session; on a first visit they come from the address."""
    if "digits" not in st.session_state:
        address, sentences = read_query(st.query_params.to_dict())
        choices = DigitsChoices(address, sample_picture(address.sample or FIRST_SAMPLE))
        choices.notices = {f"address {i}": sentence for i, sentence in enumerate(sentences)}
        st.session_state["digits"] = choices
        return choices
    choices = st.session_state["digits"]
    # What was wrong with the address has been said when the page was opened.
    choices.notices = {
        name: said for name, said in choices.notices.items() if "address" not in name
    }
    return choices


def choose_network(choices: DigitsChoices, *, cell: str | None, readout: str | None) -> None:
    """Take over what the two network controls say; None leaves things as they are."""
    address = choices.address
    choices.address = replace(
        address, cell=cell or address.cell, readout=readout or address.readout
    )


def drawing_board(choices: DigitsChoices) -> None:
    """The board; a new drawing becomes the picture, an unusable one leaves the last in place."""
    from rnnviz.data import images

    try:
        drawing = draw(key="digits_board", strokes=choices.strokes)
        if drawing is None:
            return
        choices.strokes = drawing.strokes
        drawn = b"" if drawing.image is None else drawing.image.tobytes()
        if drawn == choices.drawn:
            return
        choices.drawn = drawn
        choices.notices.pop("board", None)
        if drawing.image is None:
            choices.notices["board"] = EMPTY_BOARD
            return
        _show(choices, Picture(images.normalise(drawing.image).tobytes(), "your drawing"))
    except (DrawingError, DataError) as error:
        choices.notices["board"] = _sentence(error)


def sample_gallery(choices: DigitsChoices) -> None:
    """The bundled samples; a click makes one of them the picture."""
    pictures, labels = bundled_samples()
    picked = choices.address.sample
    gallery(
        pictures,
        labels,
        key="digits_gallery",
        picked=None if picked is None else picked - 1,
        on_pick=lambda index: _show(choices, sample_picture(index + 1), sample=index + 1),
    )


def image_upload(choices: DigitsChoices, uploaded: Any) -> None:
    """An uploaded file becomes the picture; an unusable one leaves the last in place."""
    from rnnviz.data import images

    if uploaded is None:
        choices.upload = None
        choices.notices.pop("upload", None)
        return
    data = uploaded.getvalue()
    fingerprint = hashlib.blake2b(data, digest_size=16).hexdigest()
    if fingerprint == choices.upload:
        return
    choices.upload = fingerprint
    choices.notices.pop("upload", None)
    try:
        _show(choices, Picture(images.read(data).tobytes(), "your image"))
    except DataError as error:
        choices.notices["upload"] = _sentence(error)


def _show(choices: DigitsChoices, picture: Picture, sample: int | None = None) -> None:
    choices.notices.clear()
    choices.picture = picture
    choices.address = replace(choices.address, sample=sample)


def _sentence(error: Exception) -> str:
    text = str(error)
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def read_picture(choices: DigitsChoices) -> tuple[dict[str, Any], DigitsAddress, Picture] | None:
    """What the theatre should show: the reading asked for, or the last good one beside a notice."""
    choices.notices.pop("model", None)
    wanted = (choices.address, choices.picture)
    for address, picture in (wanted, choices.good or wanted):
        try:
            payload = _payload(address, picture)
        except ValueError as error:  # a CheckpointError, or a model that does not read digits
            said = f"{_sentence(error)} The reading below is the last one that worked."
            choices.notices.setdefault("model", said)
        else:
            choices.good = (address, picture)
            return payload, address, picture
    stored = stored_reading()
    return None if stored is None else (stored, opening.ADDRESS, sample_picture(FIRST_SAMPLE))


def _payload(address: DigitsAddress, picture: Picture) -> dict[str, Any]:
    is_opening = (address.model, address.sample) == (opening.ADDRESS.model, opening.ADDRESS.sample)
    if is_opening and opening.speaks_for_the_model():
        stored = stored_reading()
        if stored is not None:
            return stored
    return reading(address.model, picture.pixels, picture.truth)


@st.fragment
def digits_stage(choices: DigitsChoices) -> None:
    """The theatre of the Digits page. A fragment: what is pinned in it reruns nothing else."""
    shown = read_picture(choices)
    notices(choices.notices.values())
    if shown is None:
        st.info("No reading to show yet: train a model, or restore the folder pretrained/.")
        return
    payload, address, picture = shown
    start = choices.address
    view = theatre(
        payload,
        key="digits_theatre",
        title=f"{CELL_NAMES[address.cell]}, {READOUT_NAMES[address.readout].lower()} readout",
        subtitle=f"reading {picture.source}",
        about=about(address.model),
        view=View(
            (start.layer or 1) - 1, None if start.step is None else start.step - 1, start.unit
        ),
        address=True,
    )
    write_address(choices, view)


def write_address(choices: DigitsChoices, view: View | None) -> None:
    """Put the choices into the page's address.

    Layer, step and unit follow the hand in the browser, which keeps them there itself; they are
    written here only when a pin has been committed, and otherwise left as they came.
    """
    if view is not None and view != choices.committed:
        choices.committed = view
        choices.address = replace(
            choices.address,
            layer=view.layer + 1 if view.layer else None,
            step=choices.address.step if view.step is None else view.step + 1,
            unit=view.unit,
        )
        query = choices.address.to_query()
    else:
        chosen = replace(choices.address, layer=None, step=None, unit=None)
        live = {name: st.query_params[name] for name in LIVE if name in st.query_params}
        query = chosen.to_query() | live
    if st.query_params.to_dict() != query:
        st.query_params.from_dict(query)


def opening_stage() -> None:
    """The theatre running small on the stored reading, for the home page."""
    payload = stored_reading()
    if payload is None:
        return
    theatre(
        payload,
        key="home_theatre",
        title="An LSTM reads a digit",
        subtitle="row by row, 128 units at a time",
        size="small",
        panels=("input", "prediction", "forget_gate", "hidden"),
        autoplay=True,
    )
