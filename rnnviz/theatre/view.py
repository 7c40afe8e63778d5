"""A view: all that a person can choose in a theatre, as a frozen value, as JSON and as an address.

The browser has the same in ``address.js``; both are tested against ``tests/js/addresses.json``.
Steps and layers count from 1 in an address, as in print, and from 0 here; units always from 0. What
equals the default stays out: ``?layer=2&units=37.90&order=cluster`` is a whole address.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

from rnnviz.notation.signals import SIGNALS
from rnnviz.safe.checked import number, whole
from rnnviz.theatre.prose import PANELS
from rnnviz.theatre.tints import NAME, OWN

Direction = Literal["forward", "backward", "both"]
Order = Literal["index", "activity", "cluster"]
Values = Literal["raw", "change", "difference"]
Prediction = Literal["bars", "area"]
Arrangement = Literal["auto", "beside", "stacked"]

MOST_PINS = 8
MOST_STEPS = 100_000
MOST_UNITS = 100_000
MOST_LAYERS = 64
MOST_READINGS = 3
SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0)
TINTS = (*OWN, *(f"{whose}:{name}" for whose in ("unit", "mean") for name in SIGNALS))
"""What every reading's tokens can be coloured by, besides the Tints that come with it."""

PANEL_NAMES = (*(name for name in PANELS if name != "overview"), *SIGNALS)


@dataclass(frozen=True)
class View:
    """What is chosen in a theatre; all indices count from 0.

    ``step`` is the cursor, None for the last step. ``steps`` and ``units`` are pinned, at most 8 of
    each, in the order of pinning. ``values`` "difference" is to the ghost. ``span`` is a brushed
    range of steps, both ends included; ``threshold`` and ``brush`` say when a unit counts as on,
    and in which signal. ``hidden`` names the panels put away, ``focus`` the reading that the
    numbers speak about.
    """

    layer: int = 0
    direction: Direction = "forward"
    step: int | None = None
    steps: tuple[int, ...] = ()
    units: tuple[int, ...] = ()
    order: Order = "index"
    values: Values = "raw"
    span: tuple[int, int] | None = None
    threshold: float = 0.3
    brush: str = "hidden"
    hidden: tuple[str, ...] = ()
    prediction: Prediction = "bars"
    arrangement: Arrangement = "auto"
    loop: bool = False
    speed: float = 1.0
    presenter: bool = False
    focus: int = 0
    tint: str = "answer"

    @classmethod
    def of(cls, **chosen: Any) -> View:
        """A view from plain values, lists or tuples; raises ValueError naming a bad one."""
        names = {field.name for field in fields(cls)}
        for name, value in chosen.items():
            if name not in names:
                raise ValueError(f"expected one of {', '.join(sorted(names))}, got {name!r}")
            if _checked(name, value) is _NOTHING:
                raise ValueError(f"{name}: expected {EXPECTED[name]}, got {value!r}")
        return cls(**{name: _checked(name, value) for name, value in chosen.items()})

    @classmethod
    def from_json(cls, sent: Any) -> View:
        """What a browser sent, with everything that makes no sense left at its default."""
        if not isinstance(sent, Mapping):
            return cls()
        wanted = {field.name: sent[field.name] for field in fields(cls) if field.name in sent}
        checked = {name: _checked(name, value) for name, value in wanted.items()}
        return cls(**{name: value for name, value in checked.items() if value is not _NOTHING})

    def to_json(self) -> dict[str, Any]:
        """Every field as a plain JSON value."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
        }

    @classmethod
    def from_query(
        cls, query: Mapping[str, str], *, tints: Collection[str] | None = None
    ) -> tuple[View, tuple[str, ...]]:
        """The view that an address asks for, and one sentence for each word without sense.

        Words that are not a view's are left alone. ``unit=37`` of old links is read as a pin.
        With ``tints``, the names of the Tints that there are, any other name makes no sense.
        """
        chosen: dict[str, Any] = {}
        notices = []
        for word, (name, read, _) in WORDS.items():
            sent = query.get(word)
            if sent is None or (word == "unit" and "units" in query):
                continue
            value = _checked(name, read(sent))
            if name == "tint" and tints is not None and value not in {*TINTS, *tints}:
                value = _NOTHING
            if value is _NOTHING:
                notices.append(notice(word, EXPECTED_WORDS[word], sent))
            else:
                chosen[name] = value
        return cls(**chosen), tuple(notices)

    def to_query(self) -> dict[str, str]:
        """The words of the address, without those that say the default."""
        default = View()
        return {
            word: write(getattr(self, name))
            for word, (name, _, write) in WORDS.items()
            if write is not None and getattr(self, name) != getattr(default, name)
        }

    def clamped(self, *, steps: int, layers: int, units: int, readings: int = 1) -> View:
        """The same view on a reading of that size, without what does not exist there."""
        inside = self.span is not None and self.span[1] < steps
        return replace(
            self,
            layer=min(self.layer, layers - 1),
            step=None if self.step is None or self.step >= steps else self.step,
            steps=tuple(step for step in self.steps if step < steps),
            units=tuple(unit for unit in self.units if unit < units),
            span=self.span if inside else None,
            focus=min(self.focus, readings - 1),
        )


def notice(word: str, expected: str, sent: str, *, shown: str = "the usual one") -> str:
    """The sentence for a word of an address that made no sense, and what is shown instead."""
    said = sent if len(sent) <= 24 else sent[:24] + "…"
    return f"The address asks for {word}={said!r}: expected {expected}, so {shown} is shown."


_NOTHING: Any = object()
"""What a reader or a check returns for a value that makes no sense (None is a value)."""


def _checked(name: str, value: Any) -> Any:
    """``value`` as the field wants it, or `_NOTHING`."""
    check, optional = CHECKS[name]
    if value is None:
        return None if optional else _NOTHING
    return check(value)


def _index(below: int) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        return _NOTHING if whole(value, 0, below - 1) is None else value

    return check


def _pins(below: int) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if not isinstance(value, list | tuple) or len(value) > MOST_PINS:
            return _NOTHING
        if any(whole(one, 0, below - 1) is None for one in value):
            return _NOTHING
        return tuple(dict.fromkeys(value))

    return check


def _choice(kind: Any) -> Callable[[Any], Any]:
    names = get_args(kind) or tuple(kind)
    return lambda value: value if isinstance(value, str) and value in names else _NOTHING


def _span(value: Any) -> Any:
    if not isinstance(value, list | tuple) or len(value) != 2:
        return _NOTHING
    if any(whole(end, 0, MOST_STEPS - 1) is None for end in value) or value[0] > value[1]:
        return _NOTHING
    return (value[0], value[1])


def _threshold(value: Any) -> Any:
    share = number(value, 0, 1)
    return _NOTHING if share is None else round(share, 2)


def _speed(value: Any) -> Any:
    speed = number(value)
    return speed if speed in SPEEDS else _NOTHING


def _names(value: Any) -> Any:
    if not isinstance(value, list | tuple) or len(value) > len(PANEL_NAMES):
        return _NOTHING
    if not all(isinstance(one, str) and one in PANEL_NAMES for one in value):
        return _NOTHING
    return tuple(dict.fromkeys(value))


def _tint(value: Any) -> Any:
    is_name = isinstance(value, str) and (value in TINTS or NAME.fullmatch(value))
    return value if is_name else _NOTHING


def _flag(value: Any) -> Any:
    return value if isinstance(value, bool) else _NOTHING


CHECKS: dict[str, tuple[Callable[[Any], Any], bool]] = {
    "layer": (_index(MOST_LAYERS), False),
    "direction": (_choice(Direction), False),
    "step": (_index(MOST_STEPS), True),
    "steps": (_pins(MOST_STEPS), False),
    "units": (_pins(MOST_UNITS), False),
    "order": (_choice(Order), False),
    "values": (_choice(Values), False),
    "span": (_span, True),
    "threshold": (_threshold, False),
    "brush": (_choice(SIGNALS), False),
    "hidden": (_names, False),
    "prediction": (_choice(Prediction), False),
    "arrangement": (_choice(Arrangement), False),
    "loop": (_flag, False),
    "speed": (_speed, False),
    "presenter": (_flag, False),
    "focus": (_index(MOST_READINGS), False),
    "tint": (_tint, False),
}
"""Per field, what it accepts, and whether it may be None."""


def _whole(sent: str) -> Any:
    """A short run of plain digits as a number; anything else, however creative, is nothing."""
    return int(sent) if sent.isascii() and sent.isdigit() and len(sent) <= 6 else _NOTHING


def _counted(sent: str) -> Any:
    """A number that counts from 1 in print."""
    number = _whole(sent)
    return number if number is _NOTHING else number - 1


def _list(read: Callable[[str], Any]) -> Callable[[str], Any]:
    def listed(sent: str) -> Any:
        parts = [read(part) for part in sent.split(".")] if len(sent) <= 200 else [_NOTHING]
        return _NOTHING if _NOTHING in parts else parts

    return listed


def _range(sent: str) -> Any:
    parts = [_counted(part) for part in sent.split("-")]
    return _NOTHING if _NOTHING in parts else parts


def _decimal(sent: str) -> Any:
    """``0.4``, ``1``, ``0.25``, ``2``: at most two decimals, no sign and no exponent."""
    left, _, right = sent.partition(".")
    plain = all(part.isascii() and part.isdigit() for part in (left, right or "0"))
    return float(sent) if plain and len(left) == 1 and len(right) <= 2 else _NOTHING


def _one(sent: str) -> Any:
    return True if sent == "1" else _NOTHING


def _dotted(values: Any) -> str:
    return ".".join(str(value) for value in values)


def _written(number: float) -> str:
    return f"{number:g}"


Word = tuple[str, Callable[[str], Any], Callable[[Any], str] | None]

WORDS: dict[str, Word] = {
    "layer": ("layer", _counted, lambda layer: str(layer + 1)),
    "dir": ("direction", str, str),
    "step": ("step", _counted, lambda step: str(step + 1)),
    "steps": ("steps", _list(_counted), lambda steps: _dotted(step + 1 for step in steps)),
    "units": ("units", _list(_whole), _dotted),
    "unit": ("units", _list(_whole), None),
    "order": ("order", str, str),
    "as": ("values", str, str),
    "span": ("span", _range, lambda span: f"{span[0] + 1}-{span[1] + 1}"),
    "on": ("threshold", _decimal, _written),
    "brush": ("brush", str, str),
    "hide": ("hidden", _list(str), _dotted),
    "prob": ("prediction", str, str),
    "lay": ("arrangement", str, str),
    "loop": ("loop", _one, lambda _: "1"),
    "speed": ("speed", _decimal, _written),
    "big": ("presenter", _one, lambda _: "1"),
    "focus": ("focus", _counted, lambda focus: str(focus + 1)),
    "tint": ("tint", str, str),
}
"""Per word of an address: the field, how it is read, and how it is written (None: only read)."""


def _either(kind: Any) -> str:
    return "one of " + ", ".join(get_args(kind) or kind)


EXPECTED: dict[str, str] = {
    "layer": "a layer, counted from 0",
    "direction": _either(Direction),
    "step": "a step, counted from 0, or None",
    "steps": f"up to {MOST_PINS} steps, counted from 0",
    "units": f"up to {MOST_PINS} units, counted from 0",
    "order": _either(Order),
    "values": _either(Values),
    "span": "the first and the last step of a span, counted from 0, or None",
    "threshold": "a number from 0 to 1",
    "brush": _either(SIGNALS),
    "hidden": _either(PANEL_NAMES) + ", several of them",
    "prediction": _either(Prediction),
    "arrangement": _either(Arrangement),
    "loop": "True or False",
    "speed": "one of " + ", ".join(f"{speed:g}" for speed in SPEEDS),
    "presenter": "True or False",
    "focus": f"a reading, 0 to {MOST_READINGS - 1}",
    "tint": f"one of {', '.join(OWN)}, unit: or mean: and a signal, or the name of a tint",
}
EXPECTED_WORDS: dict[str, str] = {
    "layer": "the number of a layer",
    "dir": EXPECTED["direction"],
    "step": "the number of a step",
    "steps": f"up to {MOST_PINS} steps as 5.12",
    "units": f"up to {MOST_PINS} units as 37.90",
    "unit": "the number of a unit",
    "order": EXPECTED["order"],
    "as": EXPECTED["values"],
    "span": "the first and the last step as 5-9",
    "on": "a number from 0 to 1 with up to two decimals",
    "brush": EXPECTED["brush"],
    "hide": "names of panels as input.attention",
    "prob": EXPECTED["prediction"],
    "lay": EXPECTED["arrangement"],
    "loop": "1",
    "speed": EXPECTED["speed"],
    "big": "1",
    "focus": f"1 to {MOST_READINGS}",
    "tint": EXPECTED["tint"],
}
