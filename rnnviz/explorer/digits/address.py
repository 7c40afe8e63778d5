"""The address of the Digits page: every choice as short query words, and back, whatever is in it.

``/digits?v=2&cell=gru&readout=last&sample=7&pin=15&morph=40&layer=2&units=37.90``. The words here
are the page's: which networks read which picture. Those of the theatre (layer, units, order, ...)
stand in `rnnviz.theatre.view`. What equals the default stays out of the address. Links of version
1, which had no ``v`` and one ``unit``, are understood.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rnnviz.explorer.digits.figures import TABLE
from rnnviz.explorer.parts.address import (
    ALL,
    CELLS,
    RUN,
    Word,
    either,
    flag,
    number,
    pack,
    read_words,
    unpack,
    write_words,
)
from rnnviz.explorer.parts.figure import keys
from rnnviz.models.places import PREFIX
from rnnviz.theatre.view import notice

READOUTS = ("attention", "last")
FIGURES = keys(TABLE)
FIRST_SAMPLE = 8
"""A 3: on the way down the networks take it for a 7 and some for a 2 before they know better."""

SAMPLES = (1, 20)
"""There are 20 bundled samples, counted from 1."""

PIXELS = 28 * 28
LONGEST_IMAGE = 1100
"""Characters of a picture in an address: 784 bytes that cannot be compressed need 1,060."""


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
        return write_words(_WORDS, vars(_without_twins(self)))


def pack_image(pixels: bytes) -> str:
    """784 grey bytes as a word of an address."""
    if len(pixels) != PIXELS:
        raise ValueError(f"expected {PIXELS} bytes, got {len(pixels)}")
    return pack(pixels)


def unpack_image(word: str) -> bytes:
    """Undo `pack_image`; raises ValueError for anything else, without unpacking more than that."""
    pixels = unpack(word, "picture", longest=LONGEST_IMAGE, most=PIXELS)
    if len(pixels) != PIXELS:
        raise ValueError(f"expected {PIXELS} bytes, got {len(pixels)}")
    return pixels


_PICTURE = (unpack_image, "a packed picture of 28 x 28 pixels")
_WORDS = (
    Word("run", *RUN),
    Word("cell", *either((*CELLS, ALL)), CELLS[0]),
    Word("readout", *either(READOUTS), READOUTS[0]),
    Word("sample", *number(*SAMPLES), FIRST_SAMPLE),
    Word("image", *_PICTURE, write=pack_image),
    Word("pin", *number(*SAMPLES)),
    Word("pinned", *_PICTURE, write=pack_image),
    Word("beside", *flag("1"), False),
    Word("morph", *number(0, 99)),
    Word("figure", *either(FIGURES), FIGURES[0]),
)
WORDS = tuple(word.name for word in _WORDS)
"""The page's words, in the order in which they are written."""


def read_query(query: Mapping[str, str]) -> tuple[DigitsAddress, tuple[str, ...]]:
    """The page that an address asks for, and one sentence for each word that made no sense."""
    chosen, notices = read_words(_WORDS, query)
    address = _without_twins(DigitsAddress(**chosen))
    if address.run is not None and address.cell == ALL:
        address = replace(address, cell=CELLS[0])  # one network reads
    for word in ("beside", "morph"):
        if getattr(address, word) != chosen[word]:
            notices.append(notice(word, "a pinned digit too (pin or pinned)", query[word]))
    return address, tuple(notices)


def _without_twins(address: DigitsAddress) -> DigitsAddress:
    """The same where a picture goes before a sample, and nothing is compared without a pin."""
    if address.image is not None:
        address = replace(address, sample=None)
    if address.pinned is not None:
        address = replace(address, pin=None)
    return address if address.has_pin else address.without_pin()
