"""Colours for the tokens of a text: one number a token, on a stated range, in words and colours.

Some every reading with tokens has of its own (`own_tints`): the answer so far, its change, the
attention, the units and gates. Others are worked out elsewhere and handed over as `Tint`s: an
attribution, an occlusion. Ranges are stated and not stretched over the example, unless whoever
makes a Tint says so in its words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnviz.notation.palette import ABOVE, BELOW, THEMES, Theme, diverging, sequential
from rnnviz.theatre.arrays import encode

OWN = ("answer", "change", "attention", "none")
"""Names that a Tint may not have: readings have these themselves."""

NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
"""What the name of a Tint looks like, because it stands in addresses."""

HUE: dict[Theme, str] = {"light": "#6a45b0", "dark": "#b49bf0"}
"""Of tints that run from nothing to much: a violet that no class of two has."""

CHANGE_LIMIT = 0.5
"""Changes of the answer are drawn on -0.5..0.5; stronger ones in the two end colours."""


@dataclass(frozen=True, eq=False)
class Tint:
    """A number for every token, `values` (T,), drawn on ``low..high``.

    ``low_words`` and ``high_words`` say what stands at the ends of the scale. A diverging tint has
    paper in the middle of its range, another one at ``low``. Values beyond the range keep their
    number and are drawn in the two end colours. Raises ValueError for a name that cannot stand in
    an address or is a reading's own, numbers that are not finite, and an empty range.
    """

    name: str
    label: str
    meaning: str
    values: np.ndarray
    low: float
    high: float
    low_words: str
    high_words: str
    diverging: bool = True
    note: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", np.asarray(self.values, dtype=np.float64))
        if not NAME.fullmatch(self.name) or self.name in OWN:
            raise ValueError(
                "name: expected up to 40 small letters, digits, - and _, and none of "
                f"{', '.join(OWN)}, got {self.name!r}"
            )
        if self.values.ndim != 1 or not np.isfinite(self.values).all():
            raise ValueError(
                f"{self.name}: expected one finite number for every token, got shape "
                f"{self.values.shape}"
            )
        if not self.low < self.high or not np.isfinite([self.low, self.high]).all():
            raise ValueError(f"{self.name}: expected low < high, got {self.low}, {self.high}")

    def to_payload(self) -> dict[str, Any]:
        """The tint as plain JSON values, with its colours."""
        least, most = float(self.low), float(self.high)
        if self.values.size:
            least = min(least, float(self.values.min()))
            most = max(most, float(self.values.max()))
        return {
            "name": self.name,
            "label": self.label,
            "meaning": self.meaning,
            "note": self.note,
            "low": float(self.low),
            "high": float(self.high),
            "low_words": self.low_words,
            "high_words": self.high_words,
            "diverging": self.diverging,
            "values": encode(self.values, low=least, high=most),
            **_colours(diverges=self.diverging),
        }


def own_tints(step_word: str) -> dict[str, dict[str, Any]]:
    """The words and colours of the tints that a reading has itself, by name.

    The browser puts in the numbers, and for two classes their labels at the ends of the scales.
    """
    tints: dict[str, dict[str, Any]] = {
        "answer": {
            "label": "Answer so far",
            "meaning": f"What the network would answer if it stopped after this {step_word}.",
            "low": 0.0,
            "high": 1.0,
        },
        "change": {
            "label": "Change of the answer",
            "meaning": f"How far this {step_word} moved the answer.",
            "low": -CHANGE_LIMIT,
            "high": CHANGE_LIMIT,
        },
        "attention": {
            "label": "Attention",
            "meaning": f"How much the state after this {step_word} counts in the final answer.",
            "low": 0.0,
            "high": 1.0,
            "low_words": "none",
            "high_words": "much",
        },
        "none": {"label": "Nothing", "meaning": "The text as it is.", "low": 0.0, "high": 1.0},
    }
    return {
        name: {
            "name": name,
            "note": "",
            "low_words": "",
            "high_words": "",
            "diverging": name in ("answer", "change"),
            **words,
            **_colours(diverges=name in ("answer", "change")),
        }
        for name, words in tints.items()
    }


def tint_payloads(tints: Sequence[Sequence[Tint]] | None, steps: Sequence[int]) -> list[list[Any]]:
    """The tints of each reading as payloads; ``steps`` are the lengths of the readings.

    Raises ValueError when there are not as many lists as readings, a tint has another length than
    its reading, or two of one reading share a name.
    """
    if tints is None:
        return [[] for _ in steps]
    if len(tints) != len(steps):
        raise ValueError(f"tints: expected a list for each of {len(steps)}, got {len(tints)}")
    for several, count in zip(tints, steps, strict=True):
        names = [tint.name for tint in several]
        if len(set(names)) < len(names):
            raise ValueError(f"tints: expected names that are unique, got {', '.join(names)}")
        for tint in several:
            if len(tint.values) != count:
                raise ValueError(
                    f"tints: expected {count} values in {tint.name}, got {len(tint.values)}"
                )
    return [[tint.to_payload() for tint in several] for several in tints]


def _colours(*, diverges: bool) -> dict[str, Any]:
    ramps = {
        theme: diverging(theme) if diverges else sequential(HUE[theme], theme) for theme in THEMES
    }
    beyond = {theme: [BELOW[theme], ABOVE[theme]] for theme in THEMES}
    return {"ramp": {theme: list(ramp) for theme, ramp in ramps.items()}, "beyond": beyond}
