"""The address of the Digits page: every choice as short query words, and back, whatever is in it.

``/digits?v=2&cell=gru&readout=last&sample=7&pin=15&morph=40&layer=2&units=37.90``. The words here
are the page's: which networks read which picture. Those of the theatre (layer, units, order, ...)
stand in `rnnviz.theatre.view`. What equals the default stays out of the address. Links of version
1, which had no ``v`` and one ``unit``, are understood.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rnnviz.models.places import ID, PREFIX
from rnnviz.theatre.view import notice

VERSION = "2"
CELLS = ("lstm", "gru", "rnn")
ALL = "all"
"""The word for all three cells side by side."""

READOUTS = ("attention", "last")
FIGURES = ("gates", "path", "why", "early")
FIRST_SAMPLE = 8
"""A 3: on the way down the networks take it for a 7 and some for a 2 before they know better."""

SAMPLES = (1, 20)
"""There are 20 bundled samples, counted from 1."""

PIXELS = 28 * 28
LONGEST_IMAGE = 1100
"""Characters of a picture in an address: 784 bytes that cannot be compressed need 1,060."""

WORDS = ("run", "cell", "readout", "sample", "image", "pin", "pinned", "beside", "morph", "figure")
"""The page's words, in the order in which they are written."""


@dataclass(frozen=True)
class DigitsAddress:
    """Everything about the Digits page that a link carries, apart from the theatre's view.

    ``image`` and ``pinned`` are 784 grey bytes of a digit that is no bundled sample; they go before
    ``sample`` and ``pin``. ``run`` is the id of a training run (`rnnviz.runs.store`) whose network
    reads instead of a bundled one, which ``cell`` and ``readout`` choose. ``morph`` is the share,
    in percent, of the present digit in a mix with the pinned one; None is the present digit alone.
    """

    cell: str = CELLS[0]
    readout: str = READOUTS[0]
    sample: int | None = FIRST_SAMPLE
    image: bytes | None = None
    pin: int | None = None
    pinned: bytes | None = None
    beside: bool = False
    morph: int | None = None
    figure: str = FIGURES[0]
    run: str | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells that read, one or all three."""
        return CELLS if self.cell == ALL else (self.cell,)

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the checkpoints that this view asks for, in the order of `cells`."""
        if self.run is not None:
            return (PREFIX + self.run,)
        ending = "" if self.readout == READOUTS[0] else f"-{self.readout}"
        return tuple(f"mnist-{cell}{ending}" for cell in self.cells)

    @property
    def model(self) -> str:
        """The first, and for one cell the only, of `models`."""
        return self.models[0]

    @property
    def has_pin(self) -> bool:
        """Whether a digit is pinned for comparison."""
        return self.pin is not None or self.pinned is not None

    def without_pin(self) -> DigitsAddress:
        """The same with nothing to compare with."""
        return replace(self, pin=None, pinned=None, beside=False, morph=None)

    def to_query(self) -> dict[str, str]:
        """The words of the address, without those that say the default."""
        default = DigitsAddress()
        written = {
            "run": self.run,
            "cell": self.cell if self.cell != default.cell else None,
            "readout": self.readout if self.readout != default.readout else None,
            "sample": None if self.image or self.sample == default.sample else self.sample,
            "image": pack_image(self.image) if self.image else None,
            "pin": None if self.pinned else self.pin,
            "pinned": pack_image(self.pinned) if self.pinned else None,
            "beside": "1" if self.beside and self.has_pin else None,
            "morph": self.morph if self.has_pin else None,
            "figure": self.figure if self.figure != default.figure else None,
        }
        return {word: str(value) for word, value in written.items() if value is not None}


def pack_image(pixels: bytes) -> str:
    """784 grey bytes as a word of an address: zlib, then URL-safe base64 without its padding."""
    if len(pixels) != PIXELS:
        raise ValueError(f"expected {PIXELS} bytes, got {len(pixels)}")
    return base64.urlsafe_b64encode(zlib.compress(pixels, 9)).decode("ascii").rstrip("=")


def unpack_image(word: str) -> bytes:
    """Undo `pack_image`; raises ValueError for anything else, without unpacking more than that."""
    if not word.isascii() or not 0 < len(word) <= LONGEST_IMAGE:
        raise ValueError(f"expected 1 to {LONGEST_IMAGE} plain characters, got {len(word)}")
    try:
        # Not urlsafe_b64decode: it skips characters that do not belong.
        standard = word.replace("-", "+").replace("_", "/") + "=" * (-len(word) % 4)
        unpacking = zlib.decompressobj()
        pixels = unpacking.decompress(base64.b64decode(standard, validate=True), PIXELS + 1)
    except (binascii.Error, zlib.error) as error:
        raise ValueError("expected a packed picture, got something else") from error
    if len(pixels) != PIXELS or not unpacking.eof or unpacking.unused_data:
        raise ValueError(f"expected {PIXELS} bytes, got {len(pixels)} or more")
    return pixels


def read_query(query: Mapping[str, str]) -> tuple[DigitsAddress, tuple[str, ...]]:
    """The page that an address asks for, and one sentence for each word that made no sense.

    Words that are not the page's are left alone.
    """
    chosen: dict[str, Any] = {}
    notices = []
    if query.get("v", VERSION) not in ("1", VERSION):
        notices.append(notice("v", VERSION, query["v"]))
    for word, (read, expected) in _READERS.items():
        sent = query.get(word)
        if sent is None:
            continue
        try:
            chosen[word] = read(sent)
        except ValueError:
            notices.append(notice(word, expected, sent))
    address = _consistent(DigitsAddress(**chosen))
    lost = [word for word in ("beside", "morph") if word in chosen and not address.has_pin]
    notices += [notice(word, "a pinned digit too (pin or pinned)", query[word]) for word in lost]
    return address, tuple(notices)


def _consistent(address: DigitsAddress) -> DigitsAddress:
    if address.image is not None:
        address = replace(address, sample=None)
    if address.pinned is not None:
        address = replace(address, pin=None)
    if address.run is not None and address.cell == ALL:
        address = replace(address, cell=CELLS[0])  # one network reads
    return address if address.has_pin else address.without_pin()


def _either(allowed: tuple[str, ...]) -> Any:
    def read(sent: str) -> str:
        if sent.lower() not in allowed:
            raise ValueError(sent)
        return sent.lower()

    return read, f"one of {', '.join(allowed)}"


def _number(low: int, high: int) -> Any:
    """A short run of plain digits; anything else, however creative, is refused."""

    def read(sent: str) -> int:
        if not (sent.isascii() and sent.isdigit() and len(sent) <= 4 and low <= int(sent) <= high):
            raise ValueError(sent)
        return int(sent)

    return read, f"a whole number from {low} to {high}"


def _yes(sent: str) -> bool:
    if sent != "1":
        raise ValueError(sent)
    return True


def run_id(sent: str) -> str:
    """The id of a training run; ValueError for what cannot be one."""
    if ID.fullmatch(sent) is None:
        raise ValueError(sent)
    return sent


RUN = (run_id, "the id of a training run")
_PICTURE = (unpack_image, "a packed picture of 28 x 28 pixels")
_READERS: dict[str, tuple[Any, str]] = {
    "run": RUN,
    "cell": _either((*CELLS, ALL)),
    "readout": _either(READOUTS),
    "sample": _number(*SAMPLES),
    "image": _PICTURE,
    "pin": _number(*SAMPLES),
    "pinned": _PICTURE,
    "beside": (_yes, "1"),
    "morph": _number(0, 99),
    "figure": _either(FIGURES),
}
