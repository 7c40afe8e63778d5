"""Small lists of words with one meaning, and what each word of a text does to the units.

A word is letters with apostrophes among them. It may be several tokens; what it does is the change
from before its first one to after its last one, in the order in which a direction reads.

Shapes: `T` tokens of a text, `W` words of all texts, `D` directions, `H` units.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from rnnviz.analysis.states import States

LISTS: dict[str, tuple[str, ...]] = {
    "negation": (
        "not", "no", "never", "nothing", "nobody", "none", "nor", "neither", "nowhere", "cannot",
        "without", "hardly", "barely", "isn't", "wasn't", "aren't", "weren't", "don't", "doesn't",
        "didn't", "can't", "couldn't", "won't", "wouldn't", "shouldn't", "hasn't", "haven't",
        "hadn't", "ain't",
    ),
    "positive": (
        "good", "great", "wonderful", "brilliant", "superb", "excellent", "charming", "delightful",
        "convincing", "moving", "funny", "clever", "gripping", "beautiful", "memorable", "fresh",
        "witty", "honest", "tender", "inspired", "perfect", "amazing", "lovely", "best", "love",
        "loved", "enjoyed", "enjoyable", "fun", "favourite", "favorite", "fine", "warm", "nice",
        "masterpiece", "entertaining", "outstanding", "touching", "impressive", "terrific",
    ),
    "negative": (
        "bad", "dull", "awful", "terrible", "boring", "dreadful", "clumsy", "tedious",
        "forgettable", "weak", "silly", "lifeless", "messy", "ugly", "stale", "shallow", "tiresome",
        "pointless", "wooden", "annoying", "worst", "worse", "poor", "poorly", "waste", "wasted",
        "horrible", "stupid", "bored", "mess", "ridiculous", "unfunny", "hated", "hate", "fails",
        "failed", "disappointing", "predictable", "lame", "flat",
    ),
}  # fmt: skip
"""Small lists of our own, shown to whoever sees a score. A curly apostrophe counts as a straight
one, capitals as small letters. "like", "kind" and others with a second meaning are left out."""

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


@dataclass(frozen=True, eq=False)
class Words:
    """Every word of the texts: `names (W,)`, their `texts (W,)` and `changes (W, D, H)`."""

    names: np.ndarray
    texts: np.ndarray
    changes: np.ndarray

    @classmethod
    def of(cls, states: States) -> Words:
        names: list[str] = []
        texts: list[int] = []
        changes = []
        for number, encoded in enumerate(states.encoded):
            found = [
                (match[0].casefold().replace("’", "'"), *_tokens(encoded.spans, *match.span()))
                for match in WORD.finditer(encoded.text)
            ]
            read = [one for one in found if one[1] <= one[2]]  # others lie in what is left out
            if not read:
                continue
            names += [one[0] for one in read]
            texts += [number] * len(read)
            first, last = np.array([one[1:] for one in read]).T
            changes.append(_changes(states.of(number), first, last, states.directions))
        shape = (0, *states.values.shape[1:])
        whole = np.concatenate(changes) if changes else np.empty(shape, np.float32)
        return cls(np.array(names, dtype=str), np.array(texts, dtype=int), whole)


def _tokens(spans: np.ndarray, start: int, end: int) -> tuple[int, int]:
    """The first and the last token of what stands at `start` to `end`."""
    first = int(np.searchsorted(spans[:, 1], start, side="right"))
    return first, int(np.searchsorted(spans[:, 0], end, side="left")) - 1


def _changes(
    values: np.ndarray, first: np.ndarray, last: np.ndarray, directions: tuple[str, ...]
) -> np.ndarray:
    """What words of one text changed, `(W, D, H)`, from before to after as each direction reads."""
    padded = np.pad(values, ((1, 1), (0, 0), (0, 0)))
    parts = [
        padded[last + 1, way] - padded[first, way]
        if direction == "forward"
        else padded[first + 1, way] - padded[last + 2, way]
        for way, direction in enumerate(directions)
    ]
    return np.stack(parts, axis=1)
