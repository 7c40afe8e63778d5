"""What a column of labels calls its classes: their order, and which of a network's they are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

# Ways to write the two classes of sentiment, the negative one first.
PAIRS = (("0", "1"), ("neg", "pos"), ("negative", "positive"), ("no", "yes"), ("false", "true"))
SENTIMENT = ("negative", "positive")

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_WHOLE = re.compile(r"([+-]?[0-9]+)\.0*")


def written(value: Any) -> str:
    """A label as text: 1, 1.0, "1" and "1.0" are the same."""
    text = str(value).strip()
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


def ordered(values: Iterable[str]) -> tuple[str, ...]:
    """The kinds of labels, numbers by size; of two, the negative one first where it is known."""
    found = sorted(set(values))
    for pair in PAIRS:
        if {value.casefold() for value in found} == set(pair):
            return tuple(sorted(found, key=lambda value: pair.index(value.casefold())))
    if all(map(_NUMBER.fullmatch, found)):
        found.sort(key=float)
    return tuple(found)


def alike(names: Sequence[str]) -> tuple[str, ...]:
    """A sentence for each group of labels that differ only in how they are written."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(_key(name), []).append(name)
    return tuple(
        f"{_listed(group)} count as {len(group)} classes: write them alike if they are one."
        for group in groups.values()
        if len(group) > 1
    )


def matched(names: Sequence[str], wanted: Sequence[str]) -> tuple[list[int | None], list[str]]:
    """For each label of a file its place in a network's classes `wanted`, and what to say of it.

    A label may differ in capitals, or be another way to write the same number. Where the classes
    are two, it may be 0 or 1, and where these are a usual pair, one of another pair. None stands
    for a label that is no class of the network.
    """
    loosely: dict[str, list[int]] = {}
    for place, name in enumerate(wanted):
        loosely.setdefault(_key(name), []).append(place)
    exactly = {name: [place] for place, name in enumerate(wanted)}
    found = [exactly.get(name) or loosely.get(_key(name), []) for name in names]
    places = [one[0] if len(one) == 1 else None for one in found]
    if None in places and (other := _as_pair(names, wanted)):
        read = (f"{name} is read as {wanted[own]}" for name, own in zip(names, other, strict=True))
        return list(other), [f"{', '.join(read)}."]
    several = [
        f"{_listed([name for name, own in zip(names, places, strict=True) if own == place])} are "
        f"read as {wanted[place]}."
        for place in range(len(wanted))
        if places.count(place) > 1
    ]
    return list(places), several


def _as_pair(names: Sequence[str], wanted: Sequence[str]) -> list[int] | None:
    """The places of labels that are a usual pair, or half of one, in two classes."""
    own, theirs = ([_key(name) for name in some] for some in (names, wanted))
    pair = next((pair for pair in PAIRS if set(own) <= set(pair)), None)
    if pair is None or len(wanted) != 2:
        return None
    known = next((pair for pair in PAIRS if set(theirs) == set(pair)), None)
    if known is not None:
        return [theirs.index(known[pair.index(name)]) for name in own]
    return [pair.index(name) for name in own] if pair == PAIRS[0] else None


def _key(name: str) -> str:
    """What is the same for labels that differ only in how they are written."""
    if not _NUMBER.fullmatch(name):
        return unicodedata.normalize("NFKC", name).casefold()
    number = float(name)
    return str(int(number)) if number.is_integer() else repr(number)


def _listed(names: Sequence[str]) -> str:
    shown = [repr(name[:40]) for name in names[:5]]
    if len(names) > 5:
        return f"{', '.join(shown)} and {len(names) - 5:,} more"
    return f"{', '.join(shown[:-1])} and {shown[-1]}"
