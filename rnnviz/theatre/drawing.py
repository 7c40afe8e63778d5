"""What the drawing board sends, checked strictly: a browser can send anything.

A drawing is ``{"image": base64 of 112 x 112 grey bytes or null, "strokes": [{"pen", "points"}]}``;
light strokes on a dark ground. The picture is what is read, the strokes are kept so that the board
can be filled again.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnviz.safe.checked import number

SIDE = 112
PENS = ("thin", "normal", "thick")
MOST_POINTS = 4000

Stroke = dict[str, Any]


class DrawingError(ValueError):
    """What came is no drawing; the message is one sentence for the person who drew."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """A checked drawing: ``image`` is ``(112, 112)`` uint8, or None when the board is empty."""

    image: np.ndarray | None
    strokes: tuple[Stroke, ...]


def parse(sent: Any) -> Drawing:
    """Check what the board sent; raises DrawingError when it is anything but a drawing."""
    if not isinstance(sent, dict):
        raise DrawingError(f"Expected a drawing from the board, got {type(sent).__name__}.")
    strokes = _strokes(sent.get("strokes", []))
    data = sent.get("image")
    if data is None:
        return Drawing(None, strokes)
    if not isinstance(data, str) or len(data) > 2 * SIDE * SIDE:
        raise DrawingError(f"Expected a drawing of {SIDE} x {SIDE} pixels, got something else.")
    try:
        pixels = base64.b64decode(data, validate=True)
    except ValueError as error:  # also for letters that base64 has not
        raise DrawingError("Expected a drawing in base64, got something else.") from error
    if len(pixels) != SIDE * SIDE:
        raise DrawingError(f"Expected a drawing of {SIDE * SIDE} bytes, got {len(pixels)}.")
    return Drawing(np.frombuffer(pixels, np.uint8).reshape(SIDE, SIDE), strokes)


def _strokes(sent: Any) -> tuple[Stroke, ...]:
    """Strokes with every coordinate in 0..1 and no more points than a hand can draw."""
    if not isinstance(sent, list) or len(sent) > MOST_POINTS:
        raise DrawingError(f"Expected a list of at most {MOST_POINTS} strokes, got something else.")
    checked, points_left = [], MOST_POINTS
    for stroke in sent:
        if not isinstance(stroke, dict) or stroke.get("pen") not in PENS:
            raise DrawingError(f"Expected strokes with a pen of {', '.join(PENS)}, got another.")
        points = stroke.get("points")
        if not isinstance(points, list) or not 0 < len(points) <= points_left:
            raise DrawingError(f"Expected strokes of 1 to {MOST_POINTS} points in all.")
        points_left -= len(points)
        checked.append({"pen": stroke["pen"], "points": [_point(point) for point in points]})
    return tuple(checked)


def _point(sent: Any) -> list[float]:
    places = [number(place, 0, 1) for place in sent] if isinstance(sent, list) else []
    if len(places) != 2 or None in places:
        raise DrawingError("Expected every point of a stroke as two numbers from 0 to 1.")
    return [place for place in places if place is not None]
