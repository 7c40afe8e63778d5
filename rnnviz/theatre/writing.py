"""What the box to write in sends, checked strictly: a browser can send anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
    if not isinstance(sent, Mapping) or sent.get("nonce") != nonce:
        return None
    text, edit = sent.get("text"), sent.get("edit")
    if not isinstance(text, str) or not isinstance(edit, int) or isinstance(edit, bool):
        return None
    return Written(well_formed(text[:most]), edit)


def well_formed(text: str) -> str:
    """The text with half surrogate pairs replaced and every line end as one character."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\r\n", "\n").replace("\r", "\n")
