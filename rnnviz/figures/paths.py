"""A reading as a path through the state space, over clouds of many other digits.

Shapes: `T` steps, `N` points, `K >= 2` principal components.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from rnnviz.figures.style import GROUND, INK, MUTED, SMALL, TEXT, axis, checked, figure
from rnnviz.notation.palette import Theme, class_hues, oklab
from rnnviz.notation.phrases import plain

HEIGHT = 520
CLEARANCE = 0.06
"""The least distance between two labels, as a part of the drawn width."""


def state_path(
    path: np.ndarray,
    cloud: np.ndarray,
    labels: np.ndarray,
    *,
    classes: Sequence[str],
    limit: float,
    steps: Sequence[int] = (),
    attention: np.ndarray | None = None,
    second: np.ndarray | None = None,
    name: str = "this digit",
    second_name: str = "pinned digit",
    cloud_name: str = "many digits",
    explained: np.ndarray | None = None,
    components: tuple[int, int] = (0, 1),
    step_word: str = "row",
    theme: Theme = "light",
) -> go.Figure:
    """Draw the hidden state after each step as a path over the clouds of the classes.

    Args:
        path: projected states `(T, K)`, in the order of time.
        cloud: projected points `(N, K)` of other digits, with class numbers `labels (N,)`.
        classes: what the classes are called.
        limit: both axes run from -limit to limit; one number for a model and layer, so that every
            digit is drawn on the same map.
        steps: steps to point out, counted from 0.
        attention: weights `(T,)` that sum to one; their mean of the path, which is what the answer
            is made of, is drawn as a star.
        second: the path of another digit, to compare with.
        name, second_name, cloud_name: what they are, the cloud with its n.
        explained: share of variance on each component `(K,)`.
        components: which two components are drawn, counted from 0.
        step_word: what one step is called.
        theme: "light" or "dark".
    """
    theme = checked(theme)
    pick = list(components)
    points, line = np.asarray(cloud, np.float32)[:, pick], np.asarray(path, np.float32)[:, pick]
    if len(labels) != len(points):
        raise ValueError(f"expected a label for each point, got {len(labels)} for {len(points)}")
    room = 2 * limit * CLEARANCE
    traces = [
        _cloud(points, labels, classes, cloud_name, theme),
        _class_labels(points, labels, classes, room, theme),
    ]
    if second is not None:
        other = np.asarray(second, np.float32)[:, pick]
        traces.append(_line(other, second_name, step_word, theme, dash="dot"))
        traces.append(_ends(other, second_name, theme, hollow=True))
    traces.append(_line(line, name, step_word, theme))
    if attention is not None:
        traces.append(_star(attention @ line, name, theme))
    traces.append(_ends(line, name, theme, hollow=False))
    chosen = [step for step in steps if 0 <= step < len(line)]
    if chosen:
        traces.append(_chosen(line, chosen, step_word, theme))
    square = {"range": [-limit, limit], "nticks": 7, "constrain": "domain", "showgrid": False}
    across, up = (_component_title(number, explained) for number in components)
    return figure(
        traces,
        theme,
        height=HEIGHT,
        alt=(
            f"Path of {name} through two principal components of the hidden state, "
            f"{len(line)} {step_word}s, over {cloud_name}."
        ),
        legend=True,
        annotations=[
            _step_number(line, step, step in chosen, theme)
            for step in _numbered(line, chosen, room)
        ],
        xaxis=axis(theme, **square, title_text=across),
        yaxis=axis(theme, **square, title_text=up, scaleanchor="x", constraintoward="top"),
        margin={"l": 8, "r": 8, "t": 48, "b": 40},
    )


def _cloud(
    points: np.ndarray, labels: np.ndarray, classes: Sequence[str], name: str, theme: Theme
) -> go.Scatter:
    hues = class_hues(len(classes))[theme]
    count = len(hues)
    scale = [[bound / count, hue] for k, hue in enumerate(hues) for bound in (k, k + 1)]
    return go.Scatter(
        x=points[:, 0],
        y=points[:, 1],
        mode="markers",
        marker={
            "size": 5,
            "opacity": 0.45,
            "color": np.asarray(labels, np.uint8),
            "colorscale": scale,
            "cmin": -0.5,
            "cmax": count - 0.5,
        },
        text=[plain(classes[int(label)]) for label in labels],
        hovertemplate="a %{text}, one of " + name + "<extra></extra>",
        name=name,
    )


def _line(
    line: np.ndarray, name: str, step_word: str, theme: Theme, dash: str = "solid"
) -> go.Scatter:
    colour = INK[theme] if dash == "solid" else MUTED[theme]
    return go.Scatter(
        x=line[:, 0],
        y=line[:, 1],
        mode="lines+markers",
        line={"color": colour, "width": 2.2 if dash == "solid" else 1.8, "dash": dash},
        marker={"size": 5, "color": colour},
        customdata=np.arange(1, len(line) + 1, dtype=np.uint16),
        hovertemplate=f"{name} after {step_word} %{{customdata}}<br>"
        "at %{x:.2f}, %{y:.2f}<extra></extra>",
        name=name,
    )


def _ends(line: np.ndarray, name: str, theme: Theme, *, hollow: bool) -> go.Scatter:
    """The last state: where the reading comes to rest."""
    colour = MUTED[theme] if hollow else INK[theme]
    return go.Scatter(
        x=line[-1:, 0],
        y=line[-1:, 1],
        mode="markers",
        marker={
            "size": 12,
            "symbol": "circle-open" if hollow else "circle",
            "color": colour,
            "line": {"width": 2.4, "color": colour},
        },
        hovertemplate=f"{name}, the last state<extra></extra>",
        name=f"{name}, last state",
        showlegend=False,
    )


def _star(point: np.ndarray, name: str, theme: Theme) -> go.Scatter:
    return go.Scatter(
        x=point[:1],
        y=point[1:],
        mode="markers",
        marker={
            "size": 17,
            "symbol": "star",
            "color": {"light": "#ffffff", "dark": "#12151b"}[theme],
            "line": {"width": 2, "color": INK[theme]},
        },
        hovertemplate=f"{name}: what the answer is made of,<br>the mean of all states weighted by "
        "attention<extra></extra>",
        name="its answer: states weighted by attention",
    )


def _chosen(line: np.ndarray, steps: list[int], step_word: str, theme: Theme) -> go.Scatter:
    return go.Scatter(
        x=line[steps, 0],
        y=line[steps, 1],
        mode="markers",
        marker={
            "size": 14,
            "symbol": "circle-open",
            "color": INK[theme],
            "line": {"width": 2.4, "color": INK[theme]},
        },
        customdata=np.array(steps, np.uint16) + 1,
        hovertemplate=f"after {step_word} %{{customdata}}, chosen<extra></extra>",
        name=f"chosen {step_word}s",
        showlegend=False,
    )


def _class_labels(
    points: np.ndarray, labels: np.ndarray, classes: Sequence[str], clearance: float, theme: Theme
) -> go.Scatter:
    """The name of each class on a badge of its colour, at the median of its points.

    The median is not moved by strays. Badges that would cover each other are pushed apart.
    """
    present = np.unique(labels)
    places = apart(
        np.array([np.median(points[labels == label], axis=0) for label in present]), clearance
    )
    hues = [class_hues(len(classes))[theme][label] for label in present]
    inks = ["#ffffff" if oklab(hue)[0] < 0.62 else "#111418" for hue in hues]
    return go.Scatter(
        x=places[:, 0].astype(np.float32),
        y=places[:, 1].astype(np.float32),
        mode="markers+text",
        marker={"size": 22, "color": hues, "line": {"width": 1.5, "color": GROUND[theme]}},
        text=[f"<b>{plain(classes[label])}</b>" for label in present],
        textfont={"size": 14, "color": inks},
        hoverinfo="skip",
        showlegend=False,
        name="classes",
    )


def apart(places: np.ndarray, clearance: float) -> np.ndarray:
    """Points `(N, 2)` moved as little as a few rounds allow until all are `clearance` apart."""
    places = places.astype(np.float64)
    for _ in range(40):
        moved = False
        for i in range(len(places)):
            for k in range(i):
                gap = places[i] - places[k]
                distance = float(np.hypot(*gap))
                if distance >= clearance:
                    continue
                push = gap / distance if distance else np.array([1.0, 0.0])
                places[i] += push * (clearance - distance) / 2
                places[k] -= push * (clearance - distance) / 2
                moved = True
        if not moved:
            break
    return places


def _step_number(line: np.ndarray, step: int, chosen: bool, theme: Theme) -> dict[str, object]:
    """The number of a step, set off to the outer side of the path."""
    outwards = line[step] - line.mean(axis=0)
    length = float(np.hypot(*outwards)) or 1.0
    number = str(step + 1)
    return {
        "x": float(line[step, 0]),
        "y": float(line[step, 1]),
        "text": f"<b>{number}</b>" if chosen else number,
        "showarrow": False,
        "xshift": float(15 * outwards[0] / length),
        "yshift": float(13 * outwards[1] / length),
        "font": {"size": TEXT if chosen else SMALL, "color": INK[theme]},
        "bgcolor": GROUND[theme],
        "borderpad": 0,
    }


def _numbered(line: np.ndarray, chosen: list[int], clearance: float) -> list[int]:
    """Steps that get their number: the chosen, the last and the first, then those with room."""
    wanted = [*chosen, len(line) - 1, 0, *range(len(line))]
    kept: list[int] = []
    for step in dict.fromkeys(wanted):
        apart = [float(np.hypot(*(line[step] - line[other]))) for other in kept]
        if step in chosen or not apart or min(apart) >= clearance:
            kept.append(step)
    return sorted(kept)


def _component_title(number: int, explained: np.ndarray | None) -> str:
    share = "" if explained is None else f" ({100 * float(explained[number]):.0f} % of variance)"
    return f"component {number + 1}{share}"
