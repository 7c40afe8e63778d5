"""What a person has chosen on the Digits page: one value a session, kept in step with the address.

Python owns the page's words of the address (`rnnviz.address`), the theatre in the browser owns
those of its view (`rnnviz.theatre.view`). Python reads all of them when somebody arrives and when
the browser goes back or forward; at every other time its own choices are the truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

from rnnviz import exhibit, router
from rnnviz.address import READOUTS, WORDS, DigitsAddress, read_query
from rnnviz.exhibit import Picture
from rnnviz.run_network import RunNetwork, network
from rnnviz.runs import RunError
from rnnviz.theatre import View, last_trip, sent_by
from rnnviz.theatre.drawing import Stroke
from rnnviz.ui.notices import sentence

DRAWING = "your drawing"
MOST_DRAWINGS = 8
PLACE = "digits_place"
TRAVEL = "digits_travel"
BOARD = "digits_board"
WIDGETS = ("cell", "readout", "beside", "figure")
"""The fields of the address that have a widget."""


@dataclass
class DigitsChoices:
    """Everything a person has chosen on the Digits page; lives as long as the session.

    ``mix`` is where the morph slider stands, in percent of the present digit, ``choice`` counts
    the choices that deserve an entry in the browser's history, ``turn`` the slider's messages,
    ``start`` is where a theatre that is shown anew begins. ``tasks`` are the readings shown last,
    ``good`` the last that worked, ``figured`` those that the figures are about; ``asked`` counts
    how often the browser has asked for newer figures, ``heard`` is what the board sent last,
    ``heard_trip`` the turn of the last trip through the browser's history that was followed,
    ``trips`` how many there were. ``run`` is the network of a training run that reads.
    """

    address: DigitsAddress
    picture: Picture
    pinned: Picture | None = None
    view: View = field(default_factory=View)
    start: View = field(default_factory=View)
    mix: int = 100
    turn: int = 0
    strokes: tuple[Stroke, ...] = ()
    board: int = 0
    upload: str | None = None
    notices: dict[str, str] = field(default_factory=dict)
    choice: int = 0
    kind: str = ""
    drawings: dict[bytes, tuple[Stroke, ...]] = field(default_factory=dict)
    tasks: tuple[exhibit.Task, ...] = ()
    good: tuple[exhibit.Task, ...] = ()
    figured: tuple[exhibit.Task, ...] = ()
    asked: int = 0
    heard: str = repr(None)
    heard_trip: int = 0
    trips: int = 0
    run: RunNetwork | None = None

    def widget(self, name: str) -> str:
        """The key of the widget that shows a field of the address: another one after each trip.

        A message that the browser sent before it heard of the new value would set a widget of the
        same key back to the old one, as if a person had chosen it.
        """
        return f"digits_{name}" + (f"_{self.trips}" if self.trips else "")

    def choose(self, kind: str, *, continued: bool = False, **changes: Any) -> None:
        """Change fields of the address; ``continued`` when it is the choice that came before."""
        changed = replace(self.address, **changes)
        if changed == self.address:
            return
        self.address = changed
        if not (continued and kind == self.kind):
            self.choice += 1
        self.kind = kind

    def show(self, picture: Picture, *, sample: int | None = None, continued: bool = False) -> None:
        """Make ``picture`` the digit that is read; a bundled sample says its number."""
        self.notices.clear()
        self.picture = picture
        self.mix = 100
        image = picture.pixels if sample is None else None
        self.choose("picture", continued=continued, sample=sample, image=image, morph=None)

    def pin(self) -> None:
        """Keep the digit that is read for comparison."""
        self.pinned, self.mix = self.picture, 100
        number, image = self.address.sample, self.address.image
        self.choose("pin", pin=number, pinned=image, morph=None)

    def unpin(self) -> None:
        """Compare no more."""
        self.pinned, self.mix = None, 100
        self.choose("pin", **_unpinned(self.address))

    def mixed(self, percent: int, settled: bool, turn: int) -> None:
        """The slider moved; where it comes to rest goes into the address."""
        self.mix, self.turn = percent, turn
        if settled:
            self.choose("morph", continued=True, morph=None if percent == 100 else percent)

    def wanted(self) -> tuple[exhibit.Task, ...]:
        """The readings that are asked for, at the present place of the slider."""
        return self._tasks(None if self.mix == 100 else self.mix)

    def settled(self) -> tuple[exhibit.Task, ...] | None:
        """The readings where the slider last came to rest, or None while it rests."""
        if self.mix == (100 if self.address.morph is None else self.address.morph):
            return None
        return self._tasks(self.address.morph)

    def _tasks(self, morph: int | None) -> tuple[exhibit.Task, ...]:
        address, picture, pinned = replace(self.address, morph=morph), self.picture, self.pinned
        if self.run is None:
            return exhibit.tasks(address, picture, pinned)
        if not self.run.knows:
            # What a digit is has no meaning for a network that tells clothes from each other.
            picture = replace(picture, truth=None)
            pinned = pinned and replace(pinned, truth=None)
        return self.run.reads(exhibit.tasks(address, picture, pinned))

    def leave_run(self) -> None:
        """Let the bundled network of the same cell read again."""
        self.choose("run", run=None)

    def find_run(self) -> None:
        """The network that the address asks for, as it is now; with a notice where there is none.

        Called at every run of the page: a training goes on, and a run may be deleted.
        """
        if self.address.run is None:
            self.run = None
            return
        try:
            self.run = network(self.address.run, "digits")
        except RunError as error:
            said = f"{sentence(error)} A network that comes with the page reads instead."
            self.notices["address run"] = said
            self.run, self.address = None, replace(self.address, run=None)
        else:
            self.address = replace(self.address, cell=self.run.cell)

    def adopt(self, query: Mapping[str, str]) -> None:
        """Take over what an address says, everything else staying as it is."""
        self.address, said = read_query(query)
        self.view, more = View.from_query(query)
        self.start = self.view
        self.notices = {f"address {i}": text for i, text in enumerate((*said, *more))}
        self.mix = 100 if self.address.morph is None else self.address.morph
        self.picture = self._known(self.address.image) or exhibit.picture_of(self.address)
        self.pinned = self._known(self.address.pinned) or exhibit.pinned_of(self.address)
        self.choice += 1
        self.kind = ""
        strokes = self.drawings.get(self.picture.pixels)
        if strokes is not None and strokes != self.strokes:
            self.strokes = strokes
            self.board += 1

    def _known(self, pixels: bytes | None) -> Picture | None:
        """The picture of one's own with those pixels, under the name that it had before."""
        if pixels is None:
            return None
        known = [one for one in (self.picture, self.pinned) if one and one.pixels == pixels]
        if known:
            return known[0]
        return Picture(pixels, DRAWING if pixels in self.drawings else "the digit of this link")

    def remember(self, pixels: bytes, strokes: tuple[Stroke, ...]) -> None:
        """Keep the strokes of a drawing, so that going back can fill the board again."""
        self.drawings.pop(pixels, None)
        self.drawings[pixels] = strokes
        while len(self.drawings) > MOST_DRAWINGS:
            self.drawings.pop(next(iter(self.drawings)))

    def has_news(self) -> bool:
        """Whether something has happened that only a run of the whole page looks at.

        Streamlit makes one run of what happens in one moment; when that run is the theatre's, what
        was done to the controls, or to the browser's history, in the same moment would wait for
        the next.
        """
        trip = last_trip(TRAVEL)
        if trip is not None and trip.turn > self.heard_trip:
            return True
        changed = [
            name
            for name in ("cell", "readout")
            if st.session_state.get(self.widget(name)) not in (None, getattr(self.address, name))
        ]
        return bool(changed) or repr(sent_by(BOARD, "drawing")) != self.heard

    def words(self) -> dict[str, str]:
        """The page's words of the address, in their order."""
        query = self.address.to_query()
        return {word: query[word] for word in WORDS if word in query}


def _unpinned(address: DigitsAddress) -> dict[str, Any]:
    bare = address.without_pin()
    return {name: getattr(bare, name) for name in ("pin", "pinned", "beside", "morph")}


def digits_choices() -> DigitsChoices:
    """The choices of this session, as the address has them where the address is newer.

    It is newer on the first visit, when the page is reached by a link or by going back from
    another page, and when the browser goes back or forward within the page.
    """
    query = st.query_params.to_dict()
    trip = last_trip(TRAVEL)
    choices: DigitsChoices | None = st.session_state.get("digits")
    if choices is None:
        choices = DigitsChoices(DigitsAddress(), exhibit.picture_of(DigitsAddress()))
        st.session_state["digits"] = choices
        choices.adopt(query)
    elif trip is not None and trip.turn > choices.heard_trip:
        choices.adopt(trip.query)
        choices.trips += 1
    elif router.arrived() and query:
        choices.adopt(query)
    else:
        if router.arrived():
            choices.start = choices.view
        # What was wrong with the address has been said when the page was opened.
        kept = {name: said for name, said in choices.notices.items() if "address" not in name}
        choices.notices = kept
        choices.find_run()
        _show_in_widgets(choices, only_missing=True)
        return choices
    choices.heard_trip = max(choices.heard_trip, 0 if trip is None else trip.turn)
    choices.find_run()
    _show_in_widgets(choices)
    return choices


def _show_in_widgets(choices: DigitsChoices, *, only_missing: bool = False) -> None:
    for name in WIDGETS:
        key = choices.widget(name)
        if not (only_missing and key in st.session_state):
            st.session_state[key] = getattr(choices.address, name)


READOUT_NAMES = dict(zip(READOUTS, ("Attention", "Last state"), strict=True))
