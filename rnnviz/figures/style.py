"""What all figures share: ink, grid, fonts, a plain layout, and the sentence for screen readers."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from rnnviz.notation.palette import THEMES, Theme

INK: dict[Theme, str] = {"light": "#111418", "dark": "#e8eaed"}
MUTED: dict[Theme, str] = {"light": "#5a5f66", "dark": "#a3aab3"}
GRID: dict[Theme, str] = {"light": "#d9d7d0", "dark": "#343b46"}
GROUND: dict[Theme, str] = {"light": "rgba(255,255,255,0.82)", "dark": "rgba(18,21,27,0.82)"}
"""Behind a label that lies on marks; the page itself stays visible through the figure."""

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial"
TEXT, SMALL = 13, 12

WIDE = 52
"""Letters on a line of a headline, so that it fits a phone."""


def checked(theme: Theme) -> Theme:
    """The theme, or ValueError when there is no such one."""
    if theme not in THEMES:
        raise ValueError(f"expected a theme of {', '.join(THEMES)}, got {theme!r}")
    return theme


def figure(
    traces: Sequence[Any],
    theme: Theme,
    *,
    height: int,
    alt: str,
    legend: bool = False,
    **options: Any,
) -> go.Figure:
    """A figure of fixed height that is as wide as its place, put together in one go.

    Adding traces and annotations one by one would check all earlier ones again each time. `alt` is
    the sentence for screen readers; `options` are words of a layout.
    """
    plain = {
        "template": go.layout.Template(),
        "height": height,
        "autosize": True,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": TEXT, "color": INK[theme]},
        "showlegend": legend,
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1,
            "yanchor": "bottom",
            "traceorder": "normal",
            "font": {"size": SMALL},
            "itemclick": False,
            "itemdoubleclick": False,
        },
        "hoverlabel": {
            "align": "left",
            "font": {"family": FONT, "size": TEXT, "color": INK[theme]},
            "bgcolor": {"light": "#ffffff", "dark": "#1c2129"}[theme],
            "bordercolor": GRID[theme],
        },
        "hovermode": "closest",
        "dragmode": False,
        "meta": {"alt": alt},
    }
    return go.Figure(list(traces), plain | options)


def axis(theme: Theme, **options: Any) -> dict[str, Any]:
    """An axis with quiet grid lines and no zoom."""
    return {
        "gridcolor": GRID[theme],
        "linecolor": GRID[theme],
        "zeroline": False,
        "fixedrange": True,
        "tickfont": {"size": SMALL, "color": MUTED[theme]},
        "title": {"font": {"size": SMALL, "color": MUTED[theme]}, "standoff": 6},
        "automargin": True,
    } | options


def note(text: str, theme: Theme, **options: Any) -> dict[str, Any]:
    """A line of text at a place of the paper, left-aligned."""
    return {
        "text": text,
        "showarrow": False,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "align": "left",
        "font": {"size": TEXT, "color": INK[theme]},
    } | options


def headline(finding: str, theme: Theme, *, wide: int = WIDE) -> dict[str, Any]:
    """What a figure found, over it: words of a layout.

    It wraps; somebody's own words in it have been through `words.plain`.
    """
    return {
        "text": "<br>".join(_lines(finding, wide)),
        "x": 0,
        "xref": "container",
        "xanchor": "left",
        "y": 1,
        "yref": "container",
        "yanchor": "top",
        "pad": {"t": 18, "l": 8},
        "font": {"size": TEXT, "color": INK[theme]},
    }


def headroom(finding: str, *, wide: int = WIDE) -> int:
    """Pixels that a headline takes above a figure."""
    return 26 + 17 * len(_lines(finding, wide))


def _lines(text: str, wide: int) -> list[str]:
    return textwrap.wrap(text, wide, break_long_words=False)


def alt_text(drawn: go.Figure) -> str:
    """The sentence that says in words what a figure of this package shows."""
    meta = drawn.layout.meta
    return str(meta["alt"]) if meta else ""


def percent(share: float) -> str:
    """`0.934 -> "93 %"`; a share that is not zero never reads as zero."""
    if 0 < share < 0.005:
        return "under 1 %"
    return f"{100 * share:.0f} %"


def percent_ticks(*shares: float) -> dict[str, Any]:
    """Ticks of an axis of shares 0..1, written like all percentages here."""
    return {"tickvals": list(shares), "ticktext": [f"{100 * share:g} %" for share in shares]}


def runs(steps: Sequence[int]) -> list[tuple[int, int]]:
    """Steps that follow each other as one: `[4, 5, 6, 9] -> [(4, 6), (9, 9)]`."""
    found: list[tuple[int, int]] = []
    for step in sorted(set(steps)):
        if found and step == found[-1][1] + 1:
            found[-1] = (found[-1][0], step)
        else:
            found.append((step, step))
    return found


def rung(largest: float, ladder: Sequence[float]) -> float:
    """The first step of a fixed ladder that holds `largest`, or its last."""
    return next((top for top in ladder if largest <= top), ladder[-1])


def listed(words: list[str]) -> str:
    """`["a", "b", "c"] -> "a, b and c"`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
