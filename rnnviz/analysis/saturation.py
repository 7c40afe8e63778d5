"""How often a gate is shut or wide open: shares at the flat ends, and fixed-bin distributions.

A sigmoid is flat near 0 and 1, so a gate there hardly moves and passes hardly any gradient.
Karpathy, Johnson and Li (2015), "Visualizing and understanding recurrent networks", count how often
a gate is below 0.1 ("left-saturated") and above 0.9 ("right-saturated"). Numpy only.

Shapes: `T` steps, `H` units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnviz.notation.signals import SIGNALS

BINS = 20
"""Bins of a distribution over the whole range of a signal: steps of 0.05 for a gate."""

LOW, HIGH = 0.1, 0.9


@dataclass(frozen=True)
class Shares:
    """Parts of `n` values below the lower bound and above the upper one, each 0..1."""

    low: float
    high: float
    n: int

    @property
    def between(self) -> float:
        """The part that is at neither end, 0..1."""
        return 1.0 - self.low - self.high


@dataclass(frozen=True)
class Scale:
    """The range `first..last` of a signal, and the bounds beyond which it counts as saturated."""

    first: float
    last: float
    low: float
    high: float


GATE = Scale(0.0, 1.0, LOW, HIGH)
SIGNED = Scale(-1.0, 1.0, -HIGH, HIGH)
"""A tanh is flat at both ends: beyond -0.9 and 0.9 its slope is below 0.19 of the slope at 0."""


def scale_of(name: str) -> Scale:
    """The scale of a signal by its name; raises KeyError for a name that no cell has."""
    return GATE if SIGNALS[name].kind == "gate" else SIGNED


def shares(values: np.ndarray, low: float = LOW, high: float = HIGH) -> Shares:
    """The parts of `values` (any shape) strictly below `low` and strictly above `high`.

    NaN marks padding and is not counted. Raises ValueError when nothing is left to count, or when
    `low` is not below `high`.
    """
    if not low < high:
        raise ValueError(f"expected low below high, got {low} and {high}")
    real = _real(values)
    below, above = np.count_nonzero(real < low), np.count_nonzero(real > high)
    return Shares(below / real.size, above / real.size, real.size)


def distribution(values: np.ndarray, scale: Scale = GATE, bins: int = BINS) -> np.ndarray:
    """The share of `values` in each of `bins` equal bins from `scale.first` to `scale.last`.

    Returns `(bins,)` float64 that sums to one. The bins are the same for every reading, so two
    distributions can be compared bar by bar. What lies beyond the range counts in the outermost
    bin; NaN is not counted.
    """
    real = _real(values).clip(scale.first, scale.last)
    counts, _ = np.histogram(real, bins=bins, range=(scale.first, scale.last))
    return counts / real.size


def drawn(signals: Any) -> dict[str, np.ndarray]:
    """The gates of a Step, or of a mapping of signals, by name, in their order.

    An RNN has no gate; its hidden state, which saturates in the same way, is returned instead.
    """
    fields = signals if isinstance(signals, Mapping) else signals._asdict()
    gates = {name: np.asarray(v) for name, v in fields.items() if SIGNALS[name].kind == "gate"}
    return gates or {"hidden": np.asarray(fields["hidden"])}


def layer_shares(signals: Any) -> dict[str, Shares]:
    """The shares of every gate of one layer (of the hidden state where there is no gate)."""
    return {
        name: shares(values, scale_of(name).low, scale_of(name).high)
        for name, values in drawn(signals).items()
    }


def _real(values: np.ndarray) -> np.ndarray:
    array = np.asarray(values, dtype=np.float64)
    real = array[~np.isnan(array)]
    if real.size == 0:
        raise ValueError("expected at least one number, got none; everything is padding")
    return real
