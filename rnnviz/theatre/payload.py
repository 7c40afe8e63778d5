"""What is sent to the browser for readings, and what can be said of it without unpacking it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from rnnviz.theatre.reading import Reading

MOST_READINGS = 3

Payload = Mapping[str, Any]


def payloads(readings: Reading | Payload | Sequence[Reading | Payload]) -> list[Payload]:
    """One to three readings as payloads; raises ValueError when they differ in their steps."""
    several = readings if isinstance(readings, Sequence) else [readings]
    if not 1 <= len(several) <= MOST_READINGS:
        raise ValueError(f"expected 1 to {MOST_READINGS} readings, got {len(several)}")
    packed = [one.to_payload() if isinstance(one, Reading) else one for one in several]
    steps = {shape_of(one)[0] for one in packed}
    if len(steps) > 1:
        raise ValueError(f"expected readings of the same number of steps, got {sorted(steps)}")
    return packed


def shape_of(payload: Payload) -> tuple[int, int, int]:
    """Of a packed reading: its steps, its layers, and the units of its largest layer."""
    layers = payload["layers"]
    shapes = [next(iter(layer["forward"].values()))["shape"] for layer in layers]
    return int(shapes[0][0]), len(layers), max(int(units) for _, units in shapes)


def digest(*texts: str) -> str:
    """A short fingerprint by which the browser sees whether anything has to be decoded again."""
    hashed = hashlib.blake2b(digest_size=8)
    for text in texts:
        hashed.update(text.encode())
    return hashed.hexdigest()
