"""The address of the Text page: every choice as short query words, and back, whatever is in it.

``/text?v=2&cell=gru&text=irony&pin=plain&figure=why&tint=attention``. The words here are the
page's; those of the theatre stand in `rnnviz.theatre.view`. What somebody typed or uploaded is in
no address: ``text=my.3f9a2c`` is the number under which this session remembers it. Only who puts
the text into the link on purpose gets ``own=...``, the text itself, compressed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from rnnviz.data.passages import PASSAGES
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
from rnnviz.explorer.text.figures.table import TABLE
from rnnviz.models.places import PREFIX
from rnnviz.theatre.view import notice

FIGURES = keys(TABLE)
FIRST_PASSAGE = PASSAGES[0].key
LONGEST_WORD = 2000
"""Characters of an address that a text may take: browsers and chat programs cut longer links."""

LONGEST_TEXT = 40_000
"""Characters that a word of that length may unpack to: one letter 40,000 times is no more."""

MOST_PADS = 512
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
        shown = _without_twins(self)
        if self.own is not None:
            shown = replace(shown, text=FIRST_PASSAGE)
        return write_words(_WORDS, vars(shown))


def is_own(key: str | None) -> bool:
    """Whether that is the number of a text of one's own, and no key of a passage."""
    return key is not None and _OWN.fullmatch(key) is not None


def pack_text(text: str) -> str:
    """A text as a word of an address.

    Raises ValueError for a text that needs more than `LONGEST_WORD` characters.
    """
    packed = pack(text.encode())
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
    content = unpack(word, "text", longest=LONGEST_WORD, most=4 * LONGEST_TEXT)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError("expected a packed text, got something else") from error
    if not 0 < len(text) <= LONGEST_TEXT:
        raise ValueError(f"expected a text of 1 to {LONGEST_TEXT:,} characters")
    return text


def _key(sent: str) -> str:
    if sent not in {one.key for one in PASSAGES} and not is_own(sent):
        raise ValueError(sent)
    return sent


_PASSAGE = (_key, "the key of a passage as " + ", ".join(one.key for one in PASSAGES[:3]))
_PACKED = (unpack_text, "a packed text")
_WORDS = (
    Word("run", *RUN),
    Word("cell", *either((*CELLS, ALL)), CELLS[0]),
    Word("text", *_PASSAGE, FIRST_PASSAGE),
    Word("own", *_PACKED, write=pack_text),
    Word("pin", *_PASSAGE),
    Word("pinned", *_PACKED, write=pack_text),
    Word("ghost", *flag("0"), True),
    Word("beside", *flag("1"), False),
    Word("figure", *either(FIGURES)),
    Word("pads", *number(1, MOST_PADS)),
)
WORDS = tuple(word.name for word in _WORDS)
"""The page's words, in the order in which they are written."""


def read_query(query: Mapping[str, str]) -> tuple[TextAddress, tuple[str, ...]]:
    """The page that an address asks for, and one sentence for each word that made no sense.

    Whether a text of one's own is remembered is not looked at here: that knows the session.
    """
    chosen, notices = read_words(_WORDS, query)
    address = _without_twins(TextAddress(**chosen))
    if address.run is not None and address.cell == ALL:
        address = replace(address, cell=CELLS[0])  # one network reads
    if address.beside != chosen["beside"]:
        notices.append(notice("beside", "a pinned text too (pin or pinned)", query["beside"]))
    return address, tuple(notices)


def _without_twins(address: TextAddress) -> TextAddress:
    """The same where a text goes before its number, and nothing is compared without a pin."""
    if address.pinned is not None:
        address = replace(address, pin=None)
    return address if address.has_pin else address.without_pin()
