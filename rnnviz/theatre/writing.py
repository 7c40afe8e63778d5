"""What the box to write in sends, checked strictly: a browser can send anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rnnviz.safe import checked
from rnnviz.theatre.turns import turn_of

MOST_CHARACTERS = 400_000


@dataclass(frozen=True)
class Written:
    """A text as it was typed, at which turn, and the number of the edit: a rest begins another.

    ``after`` is the turn at which something was last done, before that, to what can put another
    text into the box and is not numbered itself (a file that is chosen); 0 for never.
    """

    text: str
    turn: int
    edit: int = 0
    after: int = 0


def parse(sent: Any, *, most: int = MOST_CHARACTERS) -> Written | None:
    """What was typed last; None for nothing.

    Half a surrogate pair, which no file can hold, becomes the sign for an unknown character.
    """
    said, turn = checked.fields(sent), turn_of(sent)
    text, edit = said.get("text"), checked.whole(said.get("edit"))
    if turn is None or not isinstance(text, str) or edit is None:
        return None
    return Written(well_formed(text[:most]), turn, edit, checked.whole(said.get("after")) or 0)


def well_formed(text: str) -> str:
    """The text with half surrogate pairs replaced and every line end as one character."""
    return checked.well_formed(text).replace("\r\n", "\n").replace("\r", "\n")
