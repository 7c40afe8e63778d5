"""The words that push a text along the sentiment line, as bars.

Shapes: `T` tokens, `K >= 2` principal components.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import plotly.graph_objects as go

from rnnviz.figures.style import MUTED, axis, checked, figure, note
from rnnviz.notation.palette import Theme, class_hues
from rnnviz.notation.phrases import bare, plain, quoted, signed


class Path(Protocol):
    """What is drawn of a `rnnviz.analysis.sentiment.LinePath`."""

    @property
    def start(self) -> np.ndarray: ...
    @property
    def points(self) -> np.ndarray: ...
    @property
    def pushes(self) -> np.ndarray: ...
    @property
    def log_odds(self) -> np.ndarray | None: ...
    @property
    def tokens(self) -> tuple[str, ...]: ...
    @property
    def push_sizes(self) -> tuple[float, float, float, float]: ...
    @property
    def direction(self) -> str: ...


def sentiment_pushes(path: Path, *, most: int = 6, theme: Theme = "light") -> go.Figure:
    """Draw the tokens that pushed most, each way, the strongest at the top and at the bottom.

    The axis is that of the network: it ends at the push that one token in 1,000 exceeds, or at the
    largest of this text where that is more.
    """
    theme = checked(theme)
    low, high = class_hues(2)[theme]
    order = np.argsort(path.pushes, kind="stable")
    rising = [int(step) for step in order[::-1][:most] if path.pushes[step] > 0]
    falling = [int(step) for step in order[:most] if path.pushes[step] < 0]
    steps = [*rising, *falling[::-1]]
    values = path.pushes[steps].astype(np.float32)
    limit = 1.3 * max(path.push_sizes[3], float(np.abs(values).max(initial=0.0)))
    names = []
    for row, step in enumerate(steps):
        side = 1 if path.pushes[step] > 0 else -1
        place = {"xref": "x", "y": row, "yref": "y", "yanchor": "middle"}
        names.append(_beside(quoted(path.tokens[step]), 0.0, -side, place, theme))
        value = float(path.pushes[step])
        names.append(_beside(signed(value), value, side, place, theme))
    return figure(
        [
            go.Bar(
                x=values,
                y=list(range(len(steps))),
                orientation="h",
                width=0.62,
                marker={"color": [high if value > 0 else low for value in values]},
                customdata=[[step, told(path, step)] for step in steps],
                hovertemplate="%{customdata[1]}<extra></extra>",
                name="push",
            )
        ],
        theme,
        height=26 * max(len(steps), 1) + 70,
        alt="The strongest pushes along the sentiment line: "
        + ", ".join(f"{bare(path.tokens[step])} {signed(path.pushes[step])}" for step in steps),
        annotations=names,
        xaxis=axis(
            theme,
            range=[-limit, limit],
            title_text="push along the line",
            nticks=7,
            zeroline=True,
            zerolinecolor=MUTED[theme],
        ),
        yaxis=axis(theme, range=[len(steps) - 0.4, -0.6], visible=False),
        margin={"l": 8, "r": 8, "t": 8, "b": 40},
    )


def _beside(words: str, x: float, side: int, place: dict[str, Any], theme: Theme) -> dict[str, Any]:
    """A text that begins (side 1) or ends (side -1) at `x`."""
    anchor = "left" if side > 0 else "right"
    return note(words, theme, x=x, xshift=5 * side, xanchor=anchor, **place)


def told(path: Path, step: int) -> str:
    """The token among its neighbours, its push, and place and answer after it where known."""
    before = plain("".join(path.tokens[max(0, step - 4) : step]), 40, tail=True)
    after = plain("".join(path.tokens[step + 1 : step + 4]), 30)
    own = plain(path.tokens[step]) or "␣"
    odds = np.nan if path.log_odds is None else float(path.log_odds[step])
    answer = "" if np.isnan(odds) else f"<br>log-odds of the answer so far {signed(odds)}"
    return (
        f"token {step + 1}: {before} <b>{own}</b> {after}<br>"
        f"push {signed(path.pushes[step])}, then at {signed(path.points[step, 0])}{answer}"
    )
