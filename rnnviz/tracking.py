"""How long loops say how far they are, without knowing to whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Track = Callable[[Iterable[Any], int | None], Iterable[Any]]
"""Something that passes rows on and shows how far it is, as `rich.progress.track` does; the number
is how many there will be, where that is known."""


def silently(rows: Iterable[Any], count: int | None) -> Iterable[Any]:
    """The rows, and nothing shown."""
    return rows
