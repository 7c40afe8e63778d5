"""Orders in which the units of a layer can be drawn: the busiest first, or like beside like."""

from __future__ import annotations

import numpy as np

MOST_STEPS = 512
"""Of a longer sequence, so many steps are compared for likeness, evenly spaced."""


def unit_orders(hidden: np.ndarray) -> dict[str, tuple[int, ...]]:
    """Both orders of the units of ``hidden`` ``(T, H)``, as unit indices from the top row down."""
    return {"activity": by_activity(hidden), "cluster": by_likeness(hidden)}


def by_activity(hidden: np.ndarray) -> tuple[int, ...]:
    """Units by how far their hidden state travels, ``sum_t |h_t - h_(t-1)|`` from ``h_0 = 0``.

    The busiest first; of equals the lower index first.
    """
    values = _checked(hidden)
    travelled = np.abs(np.diff(values, axis=0, prepend=0.0)).sum(axis=0)
    return tuple(int(unit) for unit in np.argsort(-travelled, kind="stable"))


def by_likeness(hidden: np.ndarray) -> tuple[int, ...]:
    """Units in the order of the leaves of a clustering of their hidden states over time.

    Average linkage on the Euclidean distance between the ``(T,)`` courses of two units (Sokal and
    Michener 1958, in scipy). Units with the same course always stand side by side. The leaves are
    not turned for the best fit of neighbours: that costs ten times as much on every new reading.
    Of a long sequence `MOST_STEPS` steps are enough to tell who is like whom.
    """
    values = _checked(hidden)
    if len(values) > MOST_STEPS:
        values = values[np.linspace(0, len(values) - 1, MOST_STEPS).astype(int)]
    if values.shape[1] < 3:
        return tuple(range(values.shape[1]))
    from scipy.cluster import hierarchy
    from scipy.spatial import distance

    tree = hierarchy.linkage(distance.pdist(values.T), "average")
    return tuple(int(unit) for unit in hierarchy.leaves_list(tree))


def _checked(hidden: np.ndarray) -> np.ndarray:
    values = np.asarray(hidden, dtype=np.float64)
    if values.ndim != 2 or 0 in values.shape:
        raise ValueError(f"expected hidden states (T, H), got shape {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("expected finite hidden states, got NaN or infinity")
    return values
