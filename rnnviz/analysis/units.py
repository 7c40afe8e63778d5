"""Units that answer to a brushed span of steps: on throughout, and off outside.

Strobelt, Gehrmann, Pfister and Rush (2018), "LSTMVis", let a person select a span and look for the
units that were on in all of it. This is the Python twin of `theatre/web/stage/brush.js`; both are
tested against the same vectors in `tests/js/brush.json`. Numpy only.

Shapes: `T` steps, `H` units.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class UnitOn:
    """A unit that is on throughout a span.

    `sign` is 1 where it is on above zero and -1 below it, `least` the smallest `sign * value`
    within the span, `most` the largest outside it (None where nothing is outside).
    """

    unit: int
    sign: int
    least: float
    most: float | None

    @property
    def margin(self) -> float:
        """How far the span stands out; from zero where nothing is outside it."""
        return self.least - (self.most or 0.0)


def units_on(
    values: np.ndarray, span: tuple[int, int], threshold: float = 0.3, sign: int | None = None
) -> list[UnitOn]:
    """Units with `least >= threshold` within `span` and `most < threshold` outside it.

    `values` is `(T, H)`, `span` the first and last step, both included. `sign` 1 or -1 looks on one
    side only, None on both. The widest margin `least - most` comes first; of equals the lower
    unit. Raises ValueError for a span that is not within the steps.
    """
    found = [
        unit
        for unit in _candidates(values, span, threshold, sign)
        if unit.most is None or unit.most < threshold
    ]
    return sorted(found, key=lambda unit: (-unit.margin, unit.unit, -unit.sign))


def units_throughout(
    values: np.ndarray, span: tuple[int, int], threshold: float = 0.3, sign: int | None = None
) -> list[UnitOn]:
    """Units with `least >= threshold` within `span`, whatever they are outside; largest first."""
    found = _candidates(values, span, threshold, sign)
    return sorted(found, key=lambda unit: (-unit.least, unit.unit, -unit.sign))


def _candidates(
    values: np.ndarray, span: tuple[int, int], threshold: float, sign: int | None
) -> Iterator[UnitOn]:
    values, (first, last) = np.asarray(values), span
    if values.ndim != 2 or not 0 <= first <= last < len(values):
        raise ValueError(
            f"expected values (T, H) and a span within its steps, got shape {values.shape} "
            f"and the span {first} to {last}"
        )
    if sign not in (None, 1, -1):
        raise ValueError(f"expected sign 1, -1 or None for both, got {sign!r}")
    inside = np.zeros(len(values), dtype=bool)
    inside[first : last + 1] = True
    for side in (1, -1) if sign is None else (sign,):
        least = (side * values[inside]).min(axis=0)
        most = None if inside.all() else (side * values[~inside]).max(axis=0)
        for unit in np.flatnonzero(least >= threshold):
            outside = None if most is None else float(most[unit])
            yield UnitOn(int(unit), side, float(least[unit]), outside)
