"""The address of the Text page: every choice as short query words, and back, whatever is in it.

``/text?v=2&cell=gru&text=irony&pin=plain&figure=why&tint=attention``. The words here are the
page's; those of the theatre stand in `rnnviz.theatre.view`. What somebody typed or uploaded is in
no address: ``text=my.3f9a2c`` is the number under which this session remembers it. Only who puts
the text into the link on purpose gets ``own=...``, the text itself, compressed.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rnnviz.data.passages import PASSAGES
from rnnviz.explorer.digits.address import ALL, CELLS, RUN
from rnnviz.models.places import PREFIX
from rnnviz.theatre.view import notice

VERSION = "2"
FIGURES = ("why", "line", "units", "padding", "gates")
FIRST_PASSAGE = PASSAGES[0].key
LONGEST_WORD = 2000
"""Characters of an address that a text may take: browsers and chat programs cut longer links."""

LONGEST_TEXT = 40_000
"""Characters that a word of that length may unpack to: one letter 40,000 times is no more."""

MOST_PADS = 512
WORDS = ("run", "cell", "text", "own", "pin", "pinned", "ghost", "beside", "figure", "pads")
"""The page's words, in the order in which they are written."""

_OWN = re.compile(r"my\.[0-9a-f]{6}")


@dataclass(frozen=True)
class TextAddress:
    """Everything about the Text page that a link carries, apart from the theatre's view.

    ``text`` and ``pin`` are keys of bundled passages, or numbers of one's own texts (`is_own`)
    that only the session which made them can read. ``own`` and ``pinned`` are texts themselves and
    go before them. ``run`` is the id of a training run (`rnnviz.runs.store`) whose network reads
    instead of the bundled one of ``cell``. ``ghost`` says whether the text before an edit stays
    visible.
    """

    cell: str = CELLS[0]
    text: str = FIRST_PASSAGE
    own: str | None = None
    pin: str | None = None
    pinned: str | None = None
    ghost: bool = True
    beside: bool = False
    figure: str | None = None
    pads: int | None = None
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
        return tuple(f"imdb-{cell}" for cell in self.cells)

    @property
    def model(self) -> str:
        """The first, and for one cell the only, of `models`."""
        return self.models[0]

    @property
    def has_pin(self) -> bool:
        """Whether a text is pinned for comparison."""
        return self.pin is not None or self.pinned is not None

    def without_pin(self) -> TextAddress:
        """The same with nothing pinned."""
        return replace(self, pin=None, pinned=None, beside=False)

    def to_query(self) -> dict[str, str]:
        """The words of the address, without those that say the default."""
        default = TextAddress()
        is_packed = self.own is not None
        written = {
            "run": self.run,
            "cell": self.cell if self.cell != default.cell else None,
            "text": None if is_packed or self.text == default.text else self.text,
            "own": pack_text(self.own) if self.own is not None else None,
            "pin": None if self.pinned is not None else self.pin,
            "pinned": pack_text(self.pinned) if self.pinned is not None else None,
            "ghost": None if self.ghost else "0",
            "beside": "1" if self.beside and self.has_pin else None,
            "figure": self.figure,
            "pads": self.pads,
        }
        return {word: str(value) for word, value in written.items() if value is not None}


def is_own(key: str | None) -> bool:
    """Whether that is the number of a text of one's own, and no key of a passage."""
    return key is not None and _OWN.fullmatch(key) is not None


def pack_text(text: str) -> str:
    """A text as a word of an address: zlib, then URL-safe base64 without its padding.

    Raises ValueError for a text that needs more than `LONGEST_WORD` characters.
    """
    packed = base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")
    if len(packed) > LONGEST_WORD or len(text) > LONGEST_TEXT:
        raise ValueError(
            f"expected a text that packs into {LONGEST_WORD:,} characters of a link, this one "
            f"takes {len(packed):,}"
        )
    return packed


def fits(text: str) -> bool:
    """Whether `pack_text` takes that text."""
    try:
        pack_text(text)
    except ValueError:
        return False
    return True


def unpack_text(word: str) -> str:
    """Undo `pack_text`; raises ValueError for anything else, without unpacking more than that."""
    if not word.isascii() or not 0 < len(word) <= LONGEST_WORD:
        raise ValueError(f"expected 1 to {LONGEST_WORD} plain characters, got {len(word)}")
    try:
        # Not urlsafe_b64decode: it skips characters that do not belong.
        standard = word.replace("-", "+").replace("_", "/") + "=" * (-len(word) % 4)
        unpacking = zlib.decompressobj()
        whole = unpacking.decompress(base64.b64decode(standard, validate=True), 4 * LONGEST_TEXT)
        text = whole.decode("utf-8")
    except (binascii.Error, zlib.error, UnicodeDecodeError) as error:
        raise ValueError("expected a packed text, got something else") from error
    if not unpacking.eof or unpacking.unused_data or not 0 < len(text) <= LONGEST_TEXT:
        raise ValueError(f"expected a text of at most {LONGEST_TEXT:,} characters")
    return text


def read_query(query: Mapping[str, str]) -> tuple[TextAddress, tuple[str, ...]]:
    """The page that an address asks for, and one sentence for each word that made no sense.

    Words that are not the page's are left alone. Whether a text of one's own is remembered is not
    looked at here: that knows the session.
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
    address = TextAddress(**chosen)
    if address.pinned is not None:
        address = replace(address, pin=None)
    if address.run is not None and address.cell == ALL:
        address = replace(address, cell=CELLS[0])  # one network reads
    if address.beside and not address.has_pin:
        address = replace(address, beside=False)
        notices.append(notice("beside", "a pinned text too (pin or pinned)", query["beside"]))
    return address, tuple(notices)


def _either(allowed: tuple[str, ...]) -> Any:
    def read(sent: str) -> str:
        if sent.lower() not in allowed:
            raise ValueError(sent)
        return sent.lower()

    return read, f"one of {', '.join(allowed)}"


def _key(sent: str) -> str:
    if sent not in {one.key for one in PASSAGES} and not is_own(sent):
        raise ValueError(sent)
    return sent


def _number(low: int, high: int) -> Any:
    """A short run of plain digits; anything else, however creative, is refused."""

    def read(sent: str) -> int:
        if not (sent.isascii() and sent.isdigit() and len(sent) <= 4 and low <= int(sent) <= high):
            raise ValueError(sent)
        return int(sent)

    return read, f"a whole number from {low} to {high}"


def _flag(said: str, meaning: bool) -> Any:
    def read(sent: str) -> bool:
        if sent != said:
            raise ValueError(sent)
        return meaning

    return read, said


_PASSAGE = (_key, "the key of a passage as " + ", ".join(one.key for one in PASSAGES[:3]))
_PACKED = (unpack_text, "a packed text")
_READERS: dict[str, tuple[Any, str]] = {
    "run": RUN,
    "cell": _either((*CELLS, ALL)),
    "text": _PASSAGE,
    "own": _PACKED,
    "pin": _PASSAGE,
    "pinned": _PACKED,
    "ghost": _flag("0", False),
    "beside": _flag("1", True),
    "figure": _either(FIGURES),
    "pads": _number(1, MOST_PADS),
}
