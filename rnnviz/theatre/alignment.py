"""One text over another: which step of the old reading stands below each step of the new one.

What is equal in both, and what one word has taken from another, stand one over the other. Where
the new text has more, the old reading holds the state that it had before, in the order in which a
direction reads; where it has less, what was taken away is told at the next step. Words typed in
front of all old ones, or behind them for the backward direction, stand where nothing of the old
text had been read: its state there is the one that it begins with, zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

import numpy as np

from rnnviz.theatre.reading import LayerReading, Reading, Signals

LITERAL = 400_000
"""Up to so many pairs of tokens are compared literally; beyond, frequent words match only beside
others, or two long texts would take seconds."""


@dataclass(frozen=True, eq=False)
class Alignment:
    """For each of the ``T`` steps of a reading, the step of the ``G`` of a ghost below it.

    ``forward`` and ``backward`` ``(T,)`` rise and differ only at ``inserted`` steps, which the
    ghost does not have: there a direction holds what it had read before. Where it had read nothing
    yet, ``forward`` is -1 and ``backward`` is ``G``. ``replaced`` is the text that stood where
    other words stand now, "" at an inserted step.
    """

    forward: np.ndarray
    backward: np.ndarray
    inserted: np.ndarray
    replaced: dict[int, str]


def align(tokens: Sequence[str], old: Sequence[str]) -> Alignment:
    """Lay the ``T`` tokens of a text over those of an older one; both have at least one."""
    if not tokens or not old:
        raise ValueError(f"expected tokens on both sides, got {len(tokens)} and {len(old)}")
    below = np.full(len(tokens), -1)
    replaced: dict[int, str] = {}
    for start, end, first, last in _differences(tokens, old, below):
        paired = min(end - start, last - first)
        below[start : start + paired] = np.arange(first, first + paired)
        # What is left of the old words goes with the last of the new ones, or with what follows.
        texts = list(old[first : first + paired])
        rest = "".join(old[first + paired : last])
        if rest and texts:
            texts[-1] += rest
        replaced |= {start + place: text for place, text in enumerate(texts)}
        replaced |= dict.fromkeys(range(start + paired, end), "")
        if rest and not texts:
            place = min(end, len(tokens) - 1)
            replaced[place] = replaced.get(place, "") + rest
    inserted = below < 0
    forward = np.maximum.accumulate(below)
    ahead = np.where(inserted, len(old), below)[::-1]
    backward = np.minimum.accumulate(ahead)[::-1]
    return Alignment(forward, backward, inserted, replaced)


def aligned(reading: Reading, ghost: Reading) -> Reading:
    """The reading over that of an older text, brought to the reading's own ``T`` steps.

    Both are readings of texts by the same cell and layers. The reading says what was replaced.
    Where a direction of the ghost had read nothing yet, all its signals are 0: the states are what
    a network begins with, and no gate has let anything through. An answer to nothing is not known
    and stands as `1 / C` for each class, which ``answered`` leaves out. The ghost has no marks of
    its own.
    """
    if reading.tokens is None or ghost.tokens is None:
        raise ValueError("expected two readings of texts, got one without tokens")
    found = align(reading.tokens, ghost.tokens)
    forward, inserted = found.forward, found.inserted
    attention, answers = ghost.attention, ghost.probabilities
    known = forward >= 0
    if ghost.answered is not None:
        known &= np.isin(forward, ghost.answered)
    if answers is not None:
        unread = np.full_like(answers[:1], 1 / len(ghost.classes))
        answers = np.where((forward < 0)[:, None], unread, answers[forward])
    below = replace(
        ghost,
        layers=tuple(
            LayerReading(
                _at(layer.forward, forward) or {},
                _at(layer.backward, found.backward),
            )
            for layer in ghost.layers
        ),
        probabilities=answers,
        attention=None if attention is None else np.where(inserted, 0.0, attention[forward]),
        tokens=tuple(
            "" if new else ghost.tokens[step]
            for step, new in zip(forward.tolist(), inserted.tolist(), strict=True)
        ),
        unknown=tuple(np.flatnonzero(~inserted & np.isin(forward, ghost.unknown)).tolist()),
        marks=(),
        left_out=None,
        replaced={},
        pads=0,
        answered=None if known.all() else tuple(np.flatnonzero(known).tolist()),
    )
    return replace(reading, ghost=replace(below, ghost=None), replaced=found.replaced)


def _at(signals: Signals | None, steps: np.ndarray) -> Signals | None:
    """Signals ``(G, H)`` at ``steps (T,)``, as ``(T, H)``: 0 at those that there are not."""
    if signals is None:
        return None
    found = {}
    for name, values in signals.items():
        read = ((steps >= 0) & (steps < len(values)))[:, None]
        found[name] = np.where(read, values[steps.clip(0, len(values) - 1)], values.dtype.type(0))
    return found


def _differences(
    tokens: Sequence[str], old: Sequence[str], below: np.ndarray
) -> list[tuple[int, int, int, int]]:
    """Where the texts differ, ``tokens[start:end]`` and ``old[first:last]``; the rest into below.

    What a writer has not touched at the beginning and the end needs no search.
    """
    new, before = [_word(one) for one in tokens], [_word(one) for one in old]
    shorter = min(len(new), len(before))
    head = next((i for i in range(shorter) if new[i] != before[i]), shorter)
    rest = shorter - head
    tail = next((i for i in range(rest) if new[-1 - i] != before[-1 - i]), rest)
    below[:head] = np.arange(head)
    below[len(new) - tail :] = np.arange(len(before) - tail, len(before))
    middle, under = new[head : len(new) - tail], before[head : len(before) - tail]
    matcher = SequenceMatcher(None, middle, under, autojunk=len(middle) * len(under) > LITERAL)
    found = []
    for kind, start, end, first, last in matcher.get_opcodes():
        if kind == "equal":
            below[head + start : head + end] = np.arange(head + first, head + last)
        else:
            found.append((head + start, head + end, head + first, head + last))
    return found


def _word(token: str) -> str:
    """What of a token the network reads: white space and capitals are none of its business."""
    return token.strip().casefold()
