"""What a person has chosen on the Digits page: the picture, the pinned one, and the mix of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rnnviz.data import DataError
from rnnviz.explorer.digits import exhibit
from rnnviz.explorer.digits.address import READOUTS, SAMPLES, DigitsAddress, read_query
from rnnviz.explorer.digits.exhibit import Picture
from rnnviz.explorer.parts.choices import PageChoices, of_session
from rnnviz.explorer.parts.components import (
    Drawn,
    Mix,
    Pick,
    Trip,
    last_drawn,
    last_mix,
    last_pick,
    last_trip,
)
from rnnviz.explorer.parts.notices import sentence
from rnnviz.safe.checked import whole
from rnnviz.theatre.drawing import DrawingError, Stroke, parse
from rnnviz.theatre.turns import Turns

DRAWING = "your drawing"
MOST_DRAWINGS = 8
PLACE = "digits_place"
TRAVEL = "digits_travel"
BOARD = "digits_board"
GALLERY = "digits_gallery"
MORPH = "digits_morph"
EMPTY_BOARD = "The board is empty: draw one large digit. The last reading stays until then."


@dataclass
class DigitsChoices(PageChoices):
    """Everything a person has chosen on the Digits page; lives as long as the session.

    ``mix`` is where the morph slider stands, in percent of the present digit. ``pictured``,
    ``boarded`` and ``mixing`` say who chose the picture, filled the board and moved the slider
    last.
    """

    page = "digits"

    address: DigitsAddress
    picture: Picture
    pinned: Picture | None = None
    mix: int = 100
    pictured: Turns = field(default_factory=Turns)
    boarded: Turns = field(default_factory=Turns)
    mixing: Turns = field(default_factory=Turns)
    strokes: tuple[Stroke, ...] = ()
    made: bytes | None = None
    drawings: dict[bytes, tuple[Stroke, ...]] = field(default_factory=dict)

    def said(self) -> tuple[Any, ...]:
        """What was done last on the board, in the gallery, with the slider and the history."""
        return (last_drawn(BOARD), last_pick(GALLERY), last_mix(MORPH), last_trip(TRAVEL))

    def take(self, act: Any) -> None:
        """Take over one act."""
        if isinstance(act, Drawn):
            self.draw(act)
        elif isinstance(act, Pick):
            self.pick(act)
        elif isinstance(act, Mix):
            self.mixed(act)
        else:
            self.follow(act)

    def draw(self, act: Drawn) -> None:
        """A new drawing becomes the picture, an unusable one leaves the last in place."""
        from rnnviz.data import images

        if not self.boarded.hears(act.turn):
            return
        is_newest = self.pictured.hears(act.turn)
        try:
            drawing = parse(act.sent)
            before, self.strokes = self.strokes, drawing.strokes
            self.notices.pop("board", None)
            if drawing.image is None:
                self.notices["board"] = EMPTY_BOARD
                return
            pixels = images.normalise(drawing.image).tobytes()
        except (DrawingError, DataError) as error:
            self.notices["board"] = sentence(error)
            return
        self.remember(pixels, drawing.strokes)
        if not is_newest or self.pictured.heard != act.turn:
            return
        shared = min(len(before), len(drawing.strokes))
        grows = shared > 0 and before[:shared] == drawing.strokes[:shared]
        was_drawn = self.picture.source == DRAWING
        self.show(Picture(pixels, DRAWING), continued=grows and was_drawn, turn=act.turn)

    def pick(self, act: Pick) -> None:
        """Read the bundled sample that was clicked."""
        low, high = SAMPLES
        index = whole(act.value, low - 1, high - 1)
        if self.pictured.hears(act.turn) and index is not None:
            self.show(exhibit.sample(index + 1), sample=index + 1, turn=act.turn)

    def follow(self, trip: Trip) -> None:
        """Go where the browser went; a digit that was drawn or picked after that stays."""
        if trip.turn <= self.heard_trip:
            return
        self.heard_trip = trip.turn
        picture, sample = self.picture, self.address.sample
        self.adopt(trip.query, trip.turn)
        self.viewed.hears(trip.turn)
        if not self.pictured.hears(trip.turn):
            self.show(picture, sample=sample)

    def show(
        self,
        picture: Picture,
        *,
        sample: int | None = None,
        continued: bool = False,
        turn: int | None = None,
    ) -> None:
        """Make ``picture`` the digit that is read; a bundled sample says its number."""
        self.notices.clear()
        self.picture = picture
        self._mix_anew(100, turn)
        image = picture.pixels if sample is None else None
        self.choose("picture", continued=continued, sample=sample, image=image, morph=None)

    def _mix_anew(self, percent: int, turn: int | None = None) -> None:
        self.mix = percent
        if not self.mixing.fills(turn):
            self.mixing.fills()

    def pin(self) -> None:
        """Keep the digit that is read for comparison."""
        self.pinned = self.picture
        self._mix_anew(100)
        number, image = self.address.sample, self.address.image
        self.choose("pin", pin=number, pinned=image, morph=None)

    def unpin(self) -> None:
        """Compare no more."""
        self.pinned = None
        self._mix_anew(100)
        self.choose("pin", **_unpinned(self.address))

    def mixed(self, act: Mix) -> None:
        """The slider moved; where it comes to rest goes into the address."""
        if not self.mixing.hears(act.turn):
            return
        self.mix = act.percent
        if act.is_settled:
            self.choose("morph", continued=True, morph=None if self.mix == 100 else self.mix)

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

    def adopt(self, query: Mapping[str, str], turn: int | None = None) -> None:
        """Take over what an address says, everything else staying as it is.

        ``turn`` is that of the trip which led there, if it was one within the page.
        """
        self.address, said = read_query(query)
        self.begin_anew(query, said)
        self._mix_anew(100 if self.address.morph is None else self.address.morph, turn)
        self.picture = self._known(self.address.image) or exhibit.picture_of(self.address)
        self.pinned = self._known(self.address.pinned) or exhibit.pinned_of(self.address)
        strokes = self.drawings.get(self.picture.pixels)
        if strokes is not None and strokes != self.strokes and self.boarded.fills(turn):
            self.strokes = strokes

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
        known = (
            (last_trip(TRAVEL), self.heard_trip),
            (last_drawn(BOARD), self.boarded.heard),
            (last_pick(GALLERY), self.pictured.heard),
        )
        if any(act is not None and act.turn > heard for act, heard in known):
            return True
        return self.drawn != self.of_controls

    @property
    def of_controls(self) -> tuple[Any, ...]:
        """What the controls beside the theatre show."""
        return replace(self.address, figure="", morph=None), self.picture, self.pinned


def _unpinned(address: DigitsAddress) -> dict[str, Any]:
    bare = address.without_pin()
    return {name: getattr(bare, name) for name in ("pin", "pinned", "beside", "morph")}


READOUT_NAMES = dict(zip(READOUTS, ("Attention", "Last state"), strict=True))


def digits_choices() -> DigitsChoices:
    """The choices of this session on the Digits page."""
    return of_session(
        "digits", lambda: DigitsChoices(DigitsAddress(), exhibit.picture_of(DigitsAddress()))
    )
