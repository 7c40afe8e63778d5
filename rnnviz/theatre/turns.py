"""Who did something last, the person or the server: the newest wins, whatever comes late.

The browser numbers what a person does, in all components of the page together: each act has a
number, its turn. What it tells carries the turn of the last act in it, and is repeated with every
message; what is not newer than what was heard is an echo. What the server hands over carries a
fill, a number that grows whenever the server has something else to show than what it was told, the
turn on which that is based, and the last one that was heard. The browser takes a fill once, and
only when nothing was done after the turn on which it is based. `turns.js` is the twin, and
tests/js/turns.json is for both.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from rnnviz.safe.checked import fields, whole

MOST_KEYS = 1000
"""Keys of controls that a session remembers: those of the last minutes."""


def _first_fill() -> int:
    # A browser's page may outlive a session, and would take the fills of the next one for old.
    return time.time_ns() // 1_000_000


@dataclass
class Turns:
    """What is known of one thing that both the person and the server may change.

    ``heard`` is the turn of the last act that counts, ``fill`` the number of the last fill, and
    ``base`` the turn on which that is based.
    """

    heard: int = 0
    fill: int = field(default_factory=_first_fill)
    base: int = 0

    def hears(self, turn: int) -> bool:
        """Whether the act of that turn is news; it is none the next time."""
        if turn <= self.heard:
            return False
        self.heard = turn
        return True

    def fills(self, turn: int | None = None) -> bool:
        """Whether the server may show something else there, as the person asked for at ``turn``.

        Without a turn the act is of a kind that the browser does not number (a file that was
        uploaded): it counts as done after all that was heard.
        """
        if turn is not None and turn <= self.heard:
            return False
        self.heard = self.base = max(self.heard, turn or 0)
        self.fill += 1
        return True

    def knows(self, turn: int, fill: int) -> bool:
        """Whether a message was sent by a browser that knows the last fill, and is the newest."""
        return turn >= self.heard and fill >= self.fill

    def takes(self, sent: Any) -> bool:
        """Whether a message is the newest, see `knows`; then it is what was heard last."""
        turn = turn_of(sent)
        if turn is None or not self.knows(turn, fill_of(sent)):
            return False
        self.heard = turn
        return True

    @property
    def stamp(self) -> dict[str, int]:
        """What goes to the browser with what is to be shown."""
        return {"fill": self.fill, "base": self.base, "heard": self.heard}


def turn_of(sent: Any) -> int | None:
    """The turn of what a component sent; None where it makes no sense."""
    return whole(fields(sent).get("turn"), 1)


def fill_of(sent: Any) -> int:
    """The fill that the browser knew when it sent this; 0 where it makes no sense."""
    return whole(fields(sent).get("fill")) or 0


class Offers:
    """What Streamlit's own controls show, and what was chosen in them: each choice counts once.

    Such a control tells its value with every message, unnumbered, and Streamlit calls ``on_change``
    for one that it does not know any more, as if a person had chosen. So a control gets another key
    whenever it is to show what was not chosen in it, and here is remembered what was shown or
    chosen under each key.
    """

    def __init__(self) -> None:
        self._keys: dict[str, tuple[str, tuple[Any, ...]]] = {}
        self._last: dict[str, Any] = {}
        self._count = 0

    def key(self, name: str, value: Any, about: tuple[Any, ...] = ()) -> str:
        """The key under which the control of that name shows ``value``.

        Another one, too, when what it is ``about``, such as the names of its entries, has changed.
        """
        key, before = self._keys.get(name, (name, about))
        if before != about or self._last.get(key, value) != value:
            self._count += 1
            key = f"{name}_{self._count}"
        self._keys[name] = key, about
        self._last.setdefault(key, value)
        while len(self._last) > MOST_KEYS:
            self._last.pop(next(iter(self._last)))
        return key

    def hears(self, key: str, value: Any) -> bool:
        """Whether a person has chosen ``value`` in the control of that key; once."""
        if key not in self._last or self._last[key] == value:
            return False
        self._last[key] = value
        return True
