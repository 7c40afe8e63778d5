"""The sheet of paper in a picture: without bars beside it, a table under it, a line around it.

A phone shows a square picture between bars; a camera takes the table with the paper. What surrounds
a sheet would be taken for its ground, and the sheet for ink.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

MOST_SIDE = 192
"""A sheet is looked for in a picture of at most this side: it is large, and edges stay sharp."""

FEWEST_PIXELS = 40
"""Smaller pictures are digits already."""

MOST_SHEETS = 3
"""A sheet may lie in a line, in a window, between bars: so many are looked for, one in another."""

LEVELS = 15
SMALLEST_SHEET = 0.1
"""Of the picture's area."""

SHARP = 0.06
"""How much darker or lighter the surroundings begin, of 1: light that fades is no edge."""

FAINTEST = 0.15
"""How far ink is from its sheet at least, of the difference that a picture has: wood has less."""

SOLID = 0.7
"""A hole that fills so much of its box is the loop of a digit, and no digit on a sheet."""


def within(values: np.ndarray) -> tuple[np.ndarray, bool]:
    """The sheet of a grey picture `(H, W)` in 0..1, and whether anything else was around it.

    A sheet is convex, has sharp edges, and has something on it that does not reach them. Beside a
    sheet that is no upright rectangle, the picture goes on as it is at the nearest edge.
    """
    for count in range(MOST_SHEETS):
        mask = None if max(values.shape) < FEWEST_PIXELS else _largest(values)
        if mask is None:
            return values, count > 0
        values = _cut(values, mask)
    return values, True


def _largest(values: np.ndarray) -> np.ndarray | None:
    """Where the largest sheet `(H, W)` lies, None where there is none."""
    from scipy.ndimage import label, median_filter

    factor = -(-max(values.shape) // MOST_SIDE)
    small = np.asarray(Image.fromarray(values).reduce(factor)) if factor > 1 else values
    small = np.pad(median_filter(small, 3), 1, mode="edge")
    low, high = float(small.min()), float(small.max())
    best, seen = None, set()
    for level in np.linspace(low, high, LEVELS + 2)[1:-1]:
        for bright in (True, False):
            alike = small > level if bright else small < level
            parts, _ = label(alike)
            sizes = np.bincount(parts.ravel())[1:]
            for part in np.flatnonzero(sizes >= 0.5 * SMALLEST_SHEET * small.size) + 1:
                filled = _filled(parts == part)
                area = int(filled.sum())
                known = (bright, area, int(sizes[part - 1]))
                if known in seen or area < SMALLEST_SHEET * small.size or area == small.size:
                    continue
                seen.add(known)
                if (best is None or area > best.sum()) and _is_sheet(small, alike, filled):
                    best = filled
    if best is None:
        return None
    best = best[1:-1, 1:-1]
    large = Image.fromarray(best).resize(values.shape[::-1], Image.Resampling.NEAREST)
    return _eroded(np.asarray(large), 2 * factor)


def _filled(region: np.ndarray) -> np.ndarray:
    """The region with its holes: all that no way from the picture's edge leads to."""
    from scipy.ndimage import label

    others, _ = label(~region, np.ones((3, 3)))
    rim = np.concatenate([others[0], others[-1], others[:, 0], others[:, -1]])
    reached = np.unique(rim[rim > 0])
    return np.asarray(~np.isin(others, reached) | region)


def _eroded(mask: np.ndarray, pixels: int) -> np.ndarray:
    """Without so many pixels along the edge; the picture's own edge is none."""
    from scipy.ndimage import minimum_filter

    return np.asarray(minimum_filter(mask, 2 * pixels + 1, mode="nearest"))


def _is_sheet(small: np.ndarray, alike: np.ndarray, filled: np.ndarray) -> bool:
    """Whether the region `filled` is a sheet; where its ground is, and much else, is `alike`."""
    return (
        _has_a_digit(small, alike, filled)
        and _has_sharp_edges(small, filled)
        and _is_convex(filled)
    )


def _has_a_digit(small: np.ndarray, alike: np.ndarray, filled: np.ndarray) -> bool:
    plain, ink = filled & alike, filled & ~alike
    if not 0.003 * filled.sum() <= ink.sum() <= 0.6 * filled.sum():
        return False
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    height, width = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    sheet = min(filled.any(1).sum(), filled.any(0).sum())
    if max(height, width) < 0.15 * sheet:
        return False
    is_loop = ink.sum() > SOLID * height * width and min(height, width) > 0.4 * max(height, width)
    contrast = abs(float(np.median(small[ink])) - float(np.median(small[plain])))
    return bool(not is_loop and contrast > max(SHARP, FAINTEST * float(np.ptp(small))))


def _is_convex(filled: np.ndarray) -> bool:
    """No dents, and no ellipse where it lies apart from the picture's edges: a zero has that."""
    from scipy.spatial import ConvexHull

    rows = np.flatnonzero(filled.any(1))
    first, last = filled.argmax(1)[rows], filled.shape[1] - filled[:, ::-1].argmax(1)[rows]
    corners = np.array([(row + y, x) for y in (0, 1) for ends in (first, last)
                        for row, x in zip(rows, ends, strict=True)])  # fmt: skip
    hull, area = ConvexHull(corners), int(filled.sum())
    dents = hull.volume - area
    if dents > min(0.05 * area, 0.5 * (filled.size - area)):
        return False
    edges = np.concatenate([filled[0], filled[-1], filled[:, 0], filled[:, -1]])
    if edges.mean() > 0.1:
        return True
    outline = corners[hull.vertices].astype(float)
    sides = np.diff(np.concatenate([outline, outline[:1]]), axis=0)
    smallest = min(
        float(np.prod(np.ptp(outline @ np.array([[y, -x], [x, y]]) / np.hypot(x, y), axis=0)))
        for y, x in sides
    )
    return area > 0.85 * smallest


def _has_sharp_edges(small: np.ndarray, filled: np.ndarray) -> bool:
    from scipy.ndimage import binary_dilation, maximum_filter, minimum_filter

    outside = binary_dilation(filled, np.ones((3, 3))) & ~filled
    step = maximum_filter(small, 7) - minimum_filter(small, 7)
    return bool((step[outside] > SHARP).mean() > 0.9)


def _cut(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The box around the mask; what is beside the mask is as its nearest pixel inside."""
    from scipy.ndimage import distance_transform_edt

    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    inside, mask = values[box], mask[box]
    if mask.all():
        return inside
    nearest = distance_transform_edt(~mask, return_distances=False, return_indices=True)
    return np.asarray(inside[tuple(nearest)])
