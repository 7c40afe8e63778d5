"""Memory for the big arrays of the fast path, used again instead of asked for again.

A fresh array of megabytes costs a page fault for every 4 kB that is first touched, which takes
longer than the arithmetic on it. On a GPU torch keeps freed memory for this reason; on the CPU it
does not. Here a freed block is kept, up to `KEPT_BYTES` in all, and handed out once more.

A block comes back by itself when the last tensor on it is gone, whoever held that tensor: torch
holds a reference to the NumPy array below such a tensor and drops it with the storage.
"""

from __future__ import annotations

import itertools
import math
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

KEPT_BYTES = 256 << 20
SMALLEST_BYTES = 128 << 10
_ALIGNMENT = 64
_WASTE = 1.25  # a block may be this much larger than what is asked for

_idle: dict[int, np.ndarray] = {}
_tickets = itertools.count()


class _Loan(np.ndarray):
    """A view on a block; the block is idle again when this object dies."""

    lent: ClassVar[bool] = False

    def __del__(self) -> None:
        if self.lent and isinstance(self.base, np.ndarray):
            _give_back(self.base)


def empty(*shape: int, like: Tensor) -> Tensor:
    """Return an uninitialised contiguous tensor of `shape`, with `like`'s dtype and device."""
    size = math.prod(shape) * like.element_size()
    if like.device.type != "cpu" or size < SMALLEST_BYTES or torch.compiler.is_compiling():
        return like.new_empty(shape)
    loan = _take(size).view(_Loan)
    loan.lent = True  # type: ignore[misc]
    start = -loan.ctypes.data % _ALIGNMENT // like.element_size()
    # Not a slice: what autograd returns must be no view, so that callers may write into it.
    storage = torch.from_numpy(loan).untyped_storage()
    strides = like.new_empty((0, *shape[1:])).stride()
    return like.new_empty(0).set_(storage, start, shape, strides)


def _take(size: int) -> np.ndarray:
    """Return an idle block that fits, the most recent first, or a new one."""
    needed = size + _ALIGNMENT
    for ticket, block in reversed(list(_idle.items())):
        if needed <= block.nbytes <= needed * _WASTE and _idle.pop(ticket, None) is not None:
            return block
    return np.empty(needed, dtype=np.uint8)


def _give_back(block: np.ndarray) -> None:
    """Keep a block; forget the oldest while more than `KEPT_BYTES` lie idle.

    Every step is one dict operation, because garbage collection may call this at any point.
    """
    _idle[next(_tickets)] = block
    kept = list(_idle.items())
    excess = sum(idle.nbytes for _, idle in kept) - KEPT_BYTES
    for ticket, idle in kept:
        if excess <= 0:
            break
        if _idle.pop(ticket, None) is not None:
            excess -= idle.nbytes
