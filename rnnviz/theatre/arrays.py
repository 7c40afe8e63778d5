"""Numbers on their way to the browser: base64 of unsigned integers over a stated range.

An array travels as ``{"shape", "low", "high", "bits", "data"}``: the value of code ``q`` is
``low + (high - low) * q / (2**bits - 1)``, little-endian, row-major. Sixteen bits keep three
decimals exact in a hover; eight halve the size of long sequences. The error is at most half a step
of the code.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

TYPES: dict[int, str] = {8: "u1", 16: "<u2"}
LARGEST = 64_000_000
"""Most numbers one array may hold, so that a wild shape is refused before memory is taken."""


def encode(values: np.ndarray, *, low: float, high: float, bits: int = 16) -> dict[str, Any]:
    """Quantise finite ``values`` of any shape; raises ValueError for any outside ``low..high``."""
    # A byte a value is for long readings: what comes in single precision stays in it.
    values = np.asarray(values)
    if bits != 8 or values.dtype != np.float32:
        values = values.astype(np.float64, copy=False)
    if bits not in TYPES or not high > low:
        raise ValueError(f"expected 8 or 16 bits and low < high, got {bits} bits, {low}..{high}")
    if not np.isfinite(values).all():
        raise ValueError("expected finite values, got NaN or infinity; trim the padding first")
    slack = 1e-6 * (high - low)
    if values.size and (values.min() < low - slack or values.max() > high + slack):
        raise ValueError(f"expected values in {low}..{high}, got {values.min()}..{values.max()}")
    top = 2**bits - 1
    codes = np.rint((values - low) / (high - low) * top).clip(0, top).astype(TYPES[bits])
    data = base64.b64encode(codes.tobytes()).decode("ascii")
    return {"shape": list(values.shape), "low": low, "high": high, "bits": bits, "data": data}


def decode(packed: dict[str, Any]) -> np.ndarray:
    """Undo `encode`: float64 of the stated shape. Raises ValueError saying what does not fit."""
    try:
        shape = tuple(int(size) for size in packed["shape"])
        low, high, bits = float(packed["low"]), float(packed["high"]), int(packed["bits"])
        data = base64.b64decode(packed["data"], validate=True)
        count = int(np.prod(shape, dtype=np.float64))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"expected shape, low, high, bits and base64 data, got {error!r}"
        ) from error
    if bits not in TYPES or min(shape, default=1) < 0 or count > LARGEST:
        raise ValueError(f"expected 8 or 16 bits and a modest shape, got {bits} bits, {shape}")
    if len(data) != count * bits // 8:
        raise ValueError(f"expected {count * bits // 8} bytes for shape {shape}, got {len(data)}")
    codes = np.frombuffer(data, TYPES[bits]).astype(np.float64).reshape(shape)
    return low + (high - low) * codes / (2**bits - 1)
