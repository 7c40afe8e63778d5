"""The sentiment line: a text as a path through the states of many, and the words that push it.

Shapes: `T` tokens, `N` sampled states, `K >= 2` principal components.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import plotly.graph_objects as go

from rnnviz.figures.pushes import Path, told
from rnnviz.figures.style import GROUND, INK, MUTED, SMALL, TEXT, axis, checked, figure
from rnnviz.notation.palette import Theme, class_hues
from rnnviz.notation.phrases import plain, quoted, signed

HEIGHT, COURSE_HEIGHT = 400, 340
LABELS = 3
"""Tokens that are written at the path, at most so many each way."""

CLEARANCE = 0.18
"""The least distance along the drawn width between two labels on one side."""

BAND = 0.16
"""Opacity of the bands of both classes."""

DOTS_UP_TO = 200
"""A path of more tokens is drawn without a dot at each."""


class Line(Protocol):
    """What is drawn of a `rnnviz.analysis.sentiment.SentimentLine`."""

    @property
    def points(self) -> np.ndarray: ...
    @property
    def labels(self) -> np.ndarray: ...
    @property
    def classes(self) -> tuple[str, ...]: ...
    @property
    def explained(self) -> np.ndarray: ...
    @property
    def texts(self) -> int: ...


def sentiment_line(
    found: Line,
    path: Path | None = None,
    *,
    second: Path | None = None,
    name: str = "this text",
    second_name: str = "pinned text",
    theme: Theme = "light",
) -> go.Figure:
    """Draw a text's states as a path over the states of many texts, on equal scales.

    Equal scales are the point: a line is long and thin.

    Args:
        found: the line of a network, with sampled states of both classes.
        path: the text, or None for the states alone.
        second: another text, drawn dotted.
        name, second_name: what the two are called.
        theme: "light" or "dark".
    """
    theme = checked(theme)
    traces: list[Any] = [_cloud(found, label, theme) for label in (0, 1)]
    words: list[dict[str, Any]] = [_class_name(found, label, theme) for label in (0, 1)]
    if second is not None:
        traces += _drawn(second, second_name, theme, pinned=True)
    if path is not None:
        traces += _drawn(path, name, theme, pinned=False)
        words += _labels(path, _bounds(found, [path, second], 0), theme)
    across, up = (f"{100 * float(share):.0f} % of variance" for share in found.explained[:2])
    paths = [path, second]
    return figure(
        traces,
        theme,
        height=HEIGHT,
        alt=_line_alt(found, path, name),
        legend=True,
        legend_y=1.02,
        annotations=words,
        xaxis=axis(
            theme,
            range=_bounds(found, paths, 0),
            title_text=f"position on the line ({across})",
            showgrid=False,
            nticks=8,
        ),
        yaxis=axis(
            theme,
            range=_bounds(found, paths, 1),
            title_text=f"second direction ({up})",
            showgrid=False,
            scaleanchor="x",
            nticks=6,
        ),
        margin={"l": 8, "r": 8, "t": 44, "b": 40},
    )


def sentiment_course(
    found: Line,
    path: Path,
    *,
    second: Path | None = None,
    name: str = "this text",
    second_name: str = "pinned text",
    theme: Theme = "light",
) -> go.Figure:
    """Draw the position on the line after each token, over bands of both classes.

    A band holds the middle half of the sampled states of texts of that class. Arguments as in
    `sentiment_line`.
    """
    theme = checked(theme)
    hues = class_hues(2)[theme]
    bands, keys = [], []
    for label, word in enumerate(found.classes):
        own = found.points[found.labels == label, 0]
        low, high = np.percentile(own, (25, 75)).tolist()
        look = {"fillcolor": hues[label], "opacity": BAND, "line_width": 0, "layer": "below"}
        bands.append(
            {"type": "rect", "xref": "paper", "x0": 0, "x1": 1, "y0": low, "y1": high} | look
        )
        keys.append(_band_key(f"middle half of states within {plain(word)} texts", hues[label]))
    traces = [_course(path, name, theme, pinned=False)]
    if second is not None:
        traces.insert(0, _course(second, second_name, theme, pinned=True))
    longest = max(len(one.tokens) for one in (path, second) if one is not None)
    bounds = _bounds(found, [path, second], 0, 0.2)
    return figure(
        [*traces, *keys],
        theme,
        height=COURSE_HEIGHT,
        alt=f"Position on the sentiment line of {name} after each of {len(path.tokens)} tokens.",
        legend=True,
        legend_y=1.02,
        shapes=bands,
        annotations=_course_labels(path, longest, theme),
        xaxis=axis(
            theme,
            range=[-0.02 * longest, 1.02 * longest + 0.5],
            title_text="token ← read from the end"
            if path.direction == "backward"
            else "tokens read",
            nticks=9,
            showgrid=False,
        ),
        yaxis=axis(
            theme,
            range=bounds,
            title_text=f"← {plain(found.classes[0])} · position · {plain(found.classes[1])} →",
            nticks=6,
        ),
        margin={"l": 8, "r": 10, "t": 40, "b": 40},
    )


def _bounds(
    found: Line, paths: Sequence[Path | None], part: int, spare: float = 0.1
) -> list[float]:
    """The drawn range: that of all sampled states, wider only where a path leaves it."""
    every = [found.points[:, part]]
    every += [np.append(one.points[:, part], one.start[part]) for one in paths if one is not None]
    low, high = min(float(one.min()) for one in every), max(float(one.max()) for one in every)
    room = spare * (high - low) or 1.0
    return [low - room, high + room]


def _cloud(found: Line, label: int, theme: Theme) -> go.Scatter:
    own = found.points[found.labels == label]
    word = plain(found.classes[label])
    return go.Scatter(
        x=own[:, 0],
        y=own[:, 1],
        mode="markers",
        marker={"size": 4, "opacity": 0.4, "color": class_hues(2)[theme][label]},
        hovertemplate=f"a state within a {word} text<extra></extra>",
        name=f"states within {word} texts",
    )


def _class_name(found: Line, label: int, theme: Theme) -> dict[str, Any]:
    """The class beside its states, on the far side of the cloud."""
    own = found.points[found.labels == label]
    return {
        "x": float(np.median(own[:, 0])),
        "y": float(np.percentile(found.points[:, 1], 99.5)),
        "text": f"<b>{plain(found.classes[label])}</b>",
        "showarrow": False,
        "yanchor": "bottom",
        "font": {"size": TEXT, "color": INK[theme]},
        "bgcolor": GROUND[theme],
        "bordercolor": class_hues(2)[theme][label],
        "borderwidth": 1.5,
        "borderpad": 2,
    }


def _drawn(path: Path, name: str, theme: Theme, *, pinned: bool) -> list[go.Scatter]:
    """The path from `h_0 = 0` on, a ring where it begins, a large dot where it ends."""
    colour = MUTED[theme] if pinned else INK[theme]
    steps = _read_order(path)
    points = np.concatenate([path.start[None], path.points[steps]])[:, :2].astype(np.float32)
    dots = len(path.tokens) <= DOTS_UP_TO
    words = ["before anything is read", *(told(path, int(step)) for step in steps)]
    return [
        go.Scatter(
            x=points[:, 0],
            y=points[:, 1],
            mode="lines+markers" if dots else "lines",
            line={"color": colour, "width": 1.3, "dash": "dot" if pinned else "solid"},
            marker={"size": 4, "color": colour},
            customdata=words,
            hovertemplate=f"<b>{plain(name)}</b><br>%{{customdata}}<extra></extra>",
            name=plain(name),
        ),
        go.Scatter(
            x=points[[0, -1], 0],
            y=points[[0, -1], 1],
            mode="markers",
            marker={
                "size": [11, 13],
                "symbol": ["circle-open", "diamond" if not pinned else "diamond-open"],
                "color": colour,
                "line": {"width": 2, "color": colour},
            },
            customdata=["begins here", "ends here"],
            hovertemplate=f"{plain(name)} %{{customdata}}<extra></extra>",
            name=f"{plain(name)}: ring at the start, diamond at the end",
            showlegend=False,
        ),
    ]


def _band_key(name: str, hue: str) -> go.Scatter:
    """The entry of a band in the legend, which a shape alone does not get."""
    marker = {"symbol": "square", "size": 13, "color": hue, "opacity": 2 * BAND}
    return go.Scatter(x=[None], y=[None], mode="markers", marker=marker, name=name)


def _read_order(path: Path) -> np.ndarray:
    """The tokens in the order in which the direction reads them."""
    steps = np.arange(len(path.tokens))
    return steps[::-1] if path.direction == "backward" else steps


def _course(path: Path, name: str, theme: Theme, *, pinned: bool) -> go.Scatter:
    colour = MUTED[theme] if pinned else INK[theme]
    steps = _read_order(path)
    along = np.append(path.start[0], path.points[steps, 0]).astype(np.float32)
    # A backward reading begins behind the last token, at the right.
    places = np.append(len(steps) + 1 if path.direction == "backward" else 0, steps + 1)
    words = ["before anything is read", *(told(path, int(step)) for step in steps)]
    return go.Scatter(
        x=places.astype(np.uint16),
        y=along,
        mode="lines+markers" if len(path.tokens) <= DOTS_UP_TO else "lines",
        line={"color": colour, "width": 1.8, "dash": "dot" if pinned else "solid"},
        marker={"size": 4, "color": colour},
        customdata=words,
        hovertemplate=f"<b>{plain(name)}</b><br>%{{customdata}}<extra></extra>",
        name=plain(name),
    )


def _labelled(path: Path, places: np.ndarray, width: float) -> list[tuple[int, int]]:
    """Steps with the largest pushes that have room, and their label's side: 1 above, -1 below."""
    kept: list[tuple[int, int]] = []
    for sign in (1, -1):
        order = np.argsort(-sign * path.pushes, kind="stable")[:40]
        mine: list[int] = []
        for step in order.tolist():
            if sign * path.pushes[step] < path.push_sizes[1] or len(mine) == LABELS:
                break
            apart = [abs(float(places[step] - places[other])) for other in mine]
            if not apart or min(apart) > CLEARANCE * width:
                mine.append(step)
        kept += [(step, sign) for step in mine]
    return kept


def _labels(path: Path, bounds: list[float], theme: Theme) -> list[dict[str, Any]]:
    places = path.points[:, 0]
    return [
        _label(path, step, float(places[step]), float(path.points[step, 1]), side, theme)
        for step, side in _labelled(path, places, bounds[1] - bounds[0])
    ]


def _course_labels(path: Path, longest: int, theme: Theme) -> list[dict[str, Any]]:
    places = np.arange(1, len(path.tokens) + 1)
    return [
        _label(path, step, float(places[step]), float(path.points[step, 0]), side, theme)
        for step, side in _labelled(path, places, float(longest))
    ]


def _label(path: Path, step: int, x: float, y: float, side: int, theme: Theme) -> dict[str, Any]:
    hue = class_hues(2)[theme][1 if side > 0 else 0]
    return {
        "x": x,
        "y": y,
        "text": quoted(path.tokens[step]),
        "showarrow": True,
        "arrowhead": 0,
        "arrowwidth": 1,
        "arrowcolor": MUTED[theme],
        "ax": 0,
        "ay": -30 * side,
        "font": {"size": SMALL, "color": INK[theme]},
        "bgcolor": GROUND[theme],
        "bordercolor": hue,
        "borderwidth": 1,
        "borderpad": 2,
    }


def _line_alt(found: Line, path: Path | None, name: str) -> str:
    spread = (
        f"Sampled states within {found.texts:,} {found.classes[0]} and {found.classes[1]} texts on "
        f"two principal directions, which hold {100 * found.explained[0]:.0f} and "
        f"{100 * found.explained[1]:.0f} % of the variance."
    )
    if path is None:
        return spread
    return (
        f"{spread} The path of {name} over {len(path.tokens)} tokens goes from "
        f"{signed(path.start[0])} to {signed(path.points[_read_order(path)[-1], 0])} on the first."
    )
