"""What a page says of a figure before anything of it is computed: a page's figures are a tuple.

A new figure costs a module with the function that draws it, and a row of the page's table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

Gap = Literal["small", "medium", "large"]
TORCH = frozenset({"torch"})


@dataclass(frozen=True)
class Figure:
    """One figure: `key` is its word in the address, and the function of `module` that draws it.

    The module is loaded when the figure is drawn: addresses know the figures and load none of them.
    `needs` says what must be there first (`TORCH`), `widths` how its two halves share the page.
    """

    key: str
    title: str
    module: str
    teaser: str = ""
    needs: frozenset[str] = frozenset()
    widths: tuple[int, int] = (1, 1)
    gap: Gap = "small"

    def draw(self, subject: Any) -> Any:
        """Draw it of a subject of its page."""
        draw: Callable[[Any], Any] = getattr(import_module(self.module), self.key)
        return draw(subject)


def keys(figures: tuple[Figure, ...]) -> tuple[str, ...]:
    """The words of these figures in the address, in the order in which they are offered."""
    return tuple(figure.key for figure in figures)


def find(figures: tuple[Figure, ...], key: str | None) -> Figure | None:
    """The figure of that word, None if there is none."""
    return next((figure for figure in figures if figure.key == key), None)
