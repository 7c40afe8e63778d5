"""What the box to write in sends, checked strictly: a browser can send anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rnnviz import checked

MOST_CHARACTERS = 400_000


@dataclass(frozen=True)
class Written:
    """A text as it was typed, and the number of the edit: a long rest begins another one."""

    text: str
    edit: int = 0


def parse(sent: Any, *, nonce: int, most: int = MOST_CHARACTERS) -> Written | None:
    """What was typed since the text of that ``nonce`` was put into the box; None for nothing.

    Half a surrogate pair, which no file can hold, becomes the sign for an unknown character.
    """
    said = checked.fields(sent)
    text, edit = said.get("text"), checked.whole(said.get("edit"))
    if checked.whole(said.get("nonce")) != nonce or not isinstance(text, str) or edit is None:
        return None
    return Written(well_formed(text[:most]), edit)


def well_formed(text: str) -> str:
    """The text with half surrogate pairs replaced and every line end as one character."""
    return checked.well_formed(text).replace("\r\n", "\n").replace("\r", "\n")
