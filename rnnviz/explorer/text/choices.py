"""What a person has chosen on the Text page: one value a session, kept in step with the address.

As on the Digits page (`rnnviz.explorer.digits.choices`), with one difference: what somebody typed
or uploaded stays here and is in no address, unless they put it into the link themselves.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rnnviz.data import DataError
from rnnviz.data.documents.reading import Document
from rnnviz.data.passages import PASSAGES
from rnnviz.explorer.parts.address import VERSION
from rnnviz.explorer.parts.choices import PageChoices, of_session
from rnnviz.explorer.parts.components import (
    Pick,
    Trip,
    Withheld,
    last_pick,
    last_trip,
    last_written,
)
from rnnviz.explorer.parts.notices import sentence
from rnnviz.explorer.text import exhibit
from rnnviz.explorer.text.address import WORDS, TextAddress, fits, is_own, read_query
from rnnviz.explorer.text.exhibit import PINNED_SOURCE, Text, alike
from rnnviz.theatre.tints import Tint
from rnnviz.theatre.turns import Turns
from rnnviz.theatre.view import View
from rnnviz.theatre.writing import Written

MOST_TEXTS = 20
"""Texts of one's own that a session remembers for its Back button."""

LONGEST_GHOST = 8_000
"""Characters of a text whose old reading stays by itself while somebody edits it."""

PLACE = "text_place"
TRAVEL = "text_travel"
BOX = "text_box"
PICKER = "text_passage"
FILES = "text_files"
UPLOAD = "text_upload"
FORGOTTEN = (
    "The sender's text is not included in this link, so the example text is shown. The sender can "
    "make a link that includes the text."
)
WORDLESS = "A text in this link cannot be read, so it is left out."
TYPED_SINCE = "Choose the file again to read it: you have written something since, and that stays."
TOO_LONG = (
    "Your text is too long for a link and was left out of it: 2,000 characters of an address hold "
    "about 600 words."
)


@dataclass
class TextChoices(PageChoices):
    """Everything a person has chosen on the Text page; lives as long as the session.

    ``text`` is what is read, ``box`` what stands in the box (it may be blank), ``filled`` what was
    put into it last, ``turns`` who did that, ``before`` the text as it was when the present edit,
    ``edit``, began. ``own`` are one's own texts by their number in the address, ``share`` says
    whether they go into it. ``after`` is that of what was `Written` last, ``typed_last`` says that
    it grew since files were looked at. ``tints`` are colours that figures have worked out for
    readings that are shown; ``latest`` are the readings that a figure waits for, ``since`` when
    they came. ``refused`` counts columns and rows of a table that could not be read.
    """

    page = "text"

    address: TextAddress
    text: Text
    box: str
    filled: str
    before: Text | None = None
    pinned: Text | None = None
    share: bool = False
    turns: Turns = field(default_factory=Turns)
    edit: int | None = None
    after: int = 0
    typed_last: bool = False
    refused: int = 0
    document: Document | None = None
    own: dict[str, Text] = field(default_factory=dict)
    tints: dict[exhibit.Task, list[Tint]] = field(default_factory=dict)
    latest: tuple[exhibit.Task, ...] = ()
    since: float = 0

    def said(self) -> tuple[Any, ...]:
        """What was done last in the box, in the list and with the history."""
        return (last_written(BOX), last_pick(PICKER), last_trip(TRAVEL))

    def take(self, act: Any) -> None:
        """Take over one act."""
        if isinstance(act, Written):
            self.write(act)
        elif isinstance(act, Pick):
            self.pick(act)
        else:
            self.follow(act)

    def pick(self, pick: Pick) -> None:
        """Read the bundled passage, or one's own text, that was chosen."""
        key = pick.value
        if not self.turns.hears(pick.turn) or not isinstance(key, str):
            return
        found = self.own.get(key) if is_own(key) else exhibit.passage(key)
        if found is None:
            return
        self.before, self.edit = None, None
        self._read(found, key)
        self.fill(found.words)

    def bring(self, text: Text) -> None:
        """Read a text that came as a file, unless something was typed since it was chosen."""
        with self.lock:
            if self.typed_last:
                self.notices["upload"] = TYPED_SINCE
                return
            self.before, self.edit = None, None
            self._read(text, self._number())
            self.fill(text.words)

    def write(self, written: Written) -> None:
        """Read what was typed; what cannot be read leaves the last reading in place."""
        if not self.turns.hears(written.turn):
            return
        self.typed_last = self.typed_last or written.after > self.after
        self.after = max(self.after, written.after)
        if written.text != self.box:
            self.box = written.text
            self._read_box(written.edit)

    def _read_box(self, edit: int | None) -> None:
        self.notices.pop("box", None)
        try:
            exhibit.checked(self.box)
        except DataError as error:
            self.notices["box"] = f"{sentence(error)} The last reading stays until then."
            return
        if self.box == self.text.words:
            return
        continued = edit == self.edit
        if not continued:
            self.before, self.edit = self.text, edit
        known = [one.key for one in PASSAGES if one.text == self.box]
        if known:
            self._read(exhibit.passage(known[0]), known[0], continued=continued)
        else:
            was_own = is_own(self.address.text)
            key = self.address.text if continued and was_own else self._number()
            self._read(Text(self.box), key, continued=continued)

    def follow(self, trip: Trip) -> None:
        """Go where the browser went; what was typed or picked after that stays."""
        if trip.turn <= self.heard_trip:
            return
        self.heard_trip = trip.turn
        self.adopt(trip.query)
        self.viewed.hears(trip.turn)
        if self.turns.hears(trip.turn):
            self.fill(self.text.words)
        else:
            self._read_box(None)

    def pin(self) -> None:
        """Keep the text that is read for comparison."""
        key = self.address.text
        if is_own(key):
            key = self._number()
            self.own[key] = replace(self.text, source=PINNED_SOURCE)
        self.pinned = self.own.get(key, self.text)
        self.choose("pin", pin=key, pinned=self._shared(self.pinned, key))

    def unpin(self) -> None:
        """Compare no more with the pinned text."""
        self.pinned = None
        bare = self.address.without_pin()
        self.choose("pin", pin=bare.pin, pinned=bare.pinned, beside=bare.beside)

    def put_into_link(self, share: bool) -> None:
        """Whether texts of one's own go into the address."""
        if share == self.share:
            return
        self.share = share
        self._share()

    def tint(self, task: exhibit.Task, tints: list[Tint]) -> None:
        """Offer these colours for the text of a reading, as long as that is shown."""
        bare = replace(task, ghost=None, title="")
        known = {one.name: one for one in self.tints.get(bare, [])}
        self.tints = {bare: list((known | {one.name: one for one in tints}).values())}

    def tints_of(self, task: exhibit.Task) -> list[Tint]:
        """The colours that figures have worked out for that reading."""
        return self.tints.get(replace(task, ghost=None, title=""), [])

    def turn_to(self, view: View) -> None:
        """Let the theatre, as it stands, show this view."""
        self.view = self.start = view
        self.viewed.fills()

    @property
    def has_own(self) -> bool:
        """Whether the page shows a text that only this session knows."""
        return is_own(self.address.text) or is_own(self.address.pin)

    @property
    def other(self) -> Text | None:
        """The text to compare with: the pinned one, else that before the edit; None for neither."""
        both = (self.pinned, self.before)
        return next((one for one in both if one and one.words != self.text.words), None)

    @property
    def is_near(self) -> bool:
        """Whether the other text has enough in common with this one to lie under it.

        The ghost of a long text takes as long as the text: there it comes only with a pin.
        """
        other = self.other
        if other is None or (other is self.before and len(other.words) > LONGEST_GHOST):
            return False
        return alike(other.words, self.text.words)

    def ghost(self) -> Text | None:
        """The text whose reading lies under this one, word by word."""
        return self.other if self.address.ghost and self.is_near else None

    def wanted(self) -> tuple[exhibit.Task, ...]:
        """The readings that are asked for."""
        text, ghost, pinned = self.text, self.ghost(), self.pinned
        if self.run is None:
            return exhibit.tasks(self.address, text, ghost, pinned)
        if not self.run.knows:
            text, pinned = replace(text, truth=None), pinned and replace(pinned, truth=None)
            ghost = ghost and replace(ghost, truth=None)
        return self.run.reads(exhibit.tasks(self.address, text, ghost, pinned))

    def adopt(self, query: Mapping[str, str]) -> None:
        """Take over what an address says, everything else staying as it is."""
        self.address, said = read_query(query)
        self.begin_anew(query, said)
        self.share = self.address.own is not None or self.address.pinned is not None
        self._adopt_texts()
        self.before, self.edit = None, None

    def arrive(self, query: Mapping[str, str]) -> None:
        """The page is reached by an address: the box shows its text."""
        self.adopt(query)
        self.fill(self.text.words)

    def come_back(self) -> None:
        """The page is reached again: the box shows what it showed."""
        super().come_back()
        self.fill(self.box)

    def _adopt_texts(self) -> None:
        """Find the texts that the address speaks of, and number those that it carries."""
        if self.address.own is not None:
            self.address = replace(self.address, text=self._numbered(Text(self.address.own)))
        if self.address.pinned is not None:
            pinned = Text(self.address.pinned, PINNED_SOURCE)
            self.address = replace(self.address, pin=self._numbered(pinned))
        text = self._readable("text", self.address.text)
        if text is None:
            self.address = replace(self.address, text=TextAddress().text, own=None)
            text = exhibit.passage(self.address.text)
        self.text = text
        pin = self.address.pin
        self.pinned = None if pin is None else self._readable("pin", pin)
        if self.pinned is None:
            self.address = self.address.without_pin()

    def _readable(self, word: str, key: str) -> Text | None:
        """The text of that key; None, with a notice, where nobody knows it or it has no words."""
        found = self.own.get(key) if is_own(key) else exhibit.passage(key)
        if found is None:
            self.notices[f"address {word}"] = FORGOTTEN
            return None
        try:
            exhibit.checked(found.words)
        except DataError as error:
            self.notices[f"address {word}"] = f"{WORDLESS} {sentence(error)}"
            self.own.pop(key, None)
            return None
        return found

    def _read(self, text: Text, key: str, *, continued: bool = False) -> None:
        self.notices.clear()
        self.text = text
        if is_own(key):
            self.own.pop(key, None)
            self.own[key] = text
            self._forget()
        own = self._shared(text, key)
        self.choose("text", continued=continued, text=key, own=own)

    def _share(self) -> None:
        self.notices.pop("share", None)
        own = self._shared(self.text, self.address.text)
        pinned = None if self.pinned is None else self._shared(self.pinned, self.address.pin)
        self.choose("share", continued=True, own=own, pinned=pinned)

    def _shared(self, text: Text, key: str | None) -> str | None:
        """The text as it goes into the link, when it may and fits."""
        if not self.share or not is_own(key):
            return None
        if not fits(text.words):
            self.notices["share"] = TOO_LONG
            return None
        return text.words

    def fill(self, words: str) -> None:
        """Put a text into the box, whatever stands in it."""
        self.box = self.filled = words
        self.turns.fills()

    def _number(self) -> str:
        return f"my.{secrets.token_hex(3)}"

    def _numbered(self, text: Text) -> str:
        """The number of a text that came with a link: the one that it has, or a new one."""
        for key, known in self.own.items():
            if known.words == text.words:
                return key
        key = self._number()
        self.own[key] = text
        self._forget()
        return key

    def _forget(self) -> None:
        kept = (self.address.text, self.address.pin)
        for key in [one for one in self.own if one not in kept][: -MOST_TEXTS or None]:
            if len(self.own) > MOST_TEXTS:
                self.own.pop(key)

    def has_news(self) -> bool:
        """Whether something has happened that only a run of the whole page looks at."""
        trip, said = last_trip(TRAVEL), (last_written(BOX), last_pick(PICKER))
        if trip is not None and trip.turn > self.heard_trip:
            return True
        if any(one is not None and one.turn > self.turns.heard for one in said):
            return True
        return self.drawn != self.of_controls

    @property
    def of_controls(self) -> tuple[Any, ...]:
        """What the controls beside the theatre show."""
        address = replace(self.address, figure=None, pads=None)
        return address, self.share, self.pinned, self.text

    @property
    def withheld(self) -> Withheld | None:
        """One's own texts, which the address leaves out until somebody puts them there."""
        own = self.text.words if is_own(self.address.text) else None
        pinned = self.pinned.words if self.pinned and is_own(self.address.pin) else None
        texts = [text for text in (own, pinned) if text is not None]
        if not texts:
            return None
        whole = replace(self.address, own=own, pinned=pinned)
        words = whole.to_query() if all(map(fits, texts)) else None
        what = "your text" if len(texts) == 1 else "your two texts"
        return Withheld(what, words, WORDS, VERSION, is_in=self.share and words is not None)


def text_choices() -> TextChoices:
    """The choices of this session on the Text page."""
    first = exhibit.passage(TextAddress().text)
    return of_session("text", lambda: TextChoices(TextAddress(), first, first.words, first.words))
