"""Attention, gradient x input and occlusion beside the image, aligned row by row.

Shapes: `T` rows, `I` pixels of a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from rnnviz.figures.style import (
    INK,
    MUTED,
    SMALL,
    axis,
    checked,
    figure,
    note,
    rung,
    runs,
)
from rnnviz.notation.palette import ABOVE, BELOW, NEGATIVE, POSITIVE, Theme, sequential
from rnnviz.notation.phrases import bare, plain

NAMES = {
    "attention": "attention",
    "gradient_input": "gradient × input",
    "occlusion": "occlusion",
}
EVIDENCE = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Where an axis of evidence may end, in log-odds; each takes the first that holds its bars, and
prints it. What is compared between columns is the order of the rows, not the length of bars."""

ATTENTION = (0.25, 0.5, 1.0)
ROOM = 1.05
"""An axis goes on a little beyond its last line, where the longest bar may end."""

ROW, LINE = 10, 19
"""Pixels of one row of the image, and of one line of text below."""


def explanations(
    image: np.ndarray,
    gradient_input: np.ndarray,
    occlusion: np.ndarray,
    attention: np.ndarray | None = None,
    *,
    label: str,
    probability: float | None = None,
    without: np.ndarray | None = None,
    correlations: Mapping[tuple[str, str], Any] | None = None,
    steps: Sequence[int] = (),
    theme: Theme = "light",
) -> go.Figure:
    """Draw three answers to "which rows mattered" beside the rows themselves.

    Args:
        image: `(T, I)` uint8, ink 255 on 0.
        gradient_input, occlusion: `(T,)`, evidence in natural log-odds, signed.
        attention: weights `(T,)` that sum to one, or None for a readout without it.
        label: the class that is explained.
        probability: what the model gives it.
        without: its probability `(T,)` when that row is blank paper.
        correlations: pair of names -> a record with `all_rows` and `inked_rows`, each -1..1 or
            None where not defined (`rnnviz.analysis.explanations.RankCorrelation`).
        steps: chosen rows, counted from 0.
        theme: "light" or "dark".
    """
    theme = checked(theme)
    image = np.asarray(image)
    measures = {"gradient_input": gradient_input, "occlusion": occlusion}
    if attention is not None:
        measures = {"attention": attention} | measures
    for name, values in measures.items():
        if np.shape(values) != image.shape[:1]:
            raise ValueError(f"{name}: expected {len(image)} rows, got shape {np.shape(values)}")
    lines = _correlation_lines(correlations or {})
    written = [f"Orange: the row speaks for {plain(label)}. Blue: against it."]
    if lines:
        inked = int(image.any(axis=1).sum())
        written += [f"Rank correlation over {len(image)} rows (over the {inked} with ink)", *lines]
    foot = 50 + LINE * len(written)
    height = ROW * len(image) + 34 + foot
    domains = _domains(len(measures))
    traces: list[Any] = [_paper(image, theme)]
    axes = _image_axes(domains[0], len(image), theme)
    heads = [note("rows", theme, x=0, y=1, font_size=SMALL)]
    for number, (name, given) in enumerate(measures.items(), start=2):
        values, domain = np.asarray(given, np.float64), domains[number - 1]
        top = rung(float(np.abs(values).max()), ATTENTION if name == "attention" else EVIDENCE)
        words = _words(name, values, plain(label), probability, without)
        traces.append(_bars(name, values, words, top, number, theme))
        axes[f"xaxis{number}"] = _measure_axis(name, top, domain, theme)
        place = {"x": sum(domain) / 2, "xanchor": "center", "y": 1, "font_size": SMALL}
        heads.append(note(NAMES[name], theme, **place))
    for number, line in enumerate(written):
        down = -(46 + LINE * number) / (height - 34 - foot)
        heads.append(note(line, theme, x=0, y=down, yanchor="top", font_size=SMALL))
    return figure(
        traces,
        theme,
        height=height,
        alt=_alt(measures, bare(label), lines),
        bargap=0.18,
        barmode="overlay",
        annotations=heads,
        shapes=_frames(steps, theme),
        margin={"l": 6, "r": 8, "t": 34, "b": foot},
        **axes,
    )


def _frames(steps: Sequence[int], theme: Theme) -> list[dict[str, Any]]:
    """One frame around each run of chosen rows, through all columns."""
    frame = {
        "type": "rect",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "line": {"color": INK[theme], "width": 1.4},
        "fillcolor": "rgba(0,0,0,0)",
    }
    return [frame | {"y0": first + 0.5, "y1": last + 1.5} for first, last in runs(steps)]


def _paper(image: np.ndarray, theme: Theme) -> go.Heatmap:
    ramp = sequential(INK[theme], theme)
    return go.Heatmap(
        z=image.astype(np.uint8),
        y=np.arange(1, len(image) + 1, dtype=np.uint16),
        zmin=0,
        zmax=255,
        colorscale=[[k / (len(ramp) - 1), colour] for k, colour in enumerate(ramp)],
        showscale=False,
        hovertemplate="row %{y}, column %{x}<br>ink %{z} of 255<extra></extra>",
    )


def _bars(
    name: str, values: np.ndarray, words: list[str], top: float, number: int, theme: Theme
) -> go.Bar:
    colours = [_colour(name, value, top, theme) for value in values]
    return go.Bar(
        x=values.clip(-top, top).astype(np.float32),
        y=np.arange(1, len(values) + 1, dtype=np.uint16),
        orientation="h",
        xaxis=f"x{number}",
        marker={"color": colours, "line_width": 0},
        customdata=words,
        hovertemplate=f"<b>row %{{y}}, {NAMES[name]}</b><br>%{{customdata}}<extra></extra>",
        name=NAMES[name],
    )


def _colour(name: str, value: float, top: float, theme: Theme) -> str:
    if name == "attention":
        return MUTED[theme]
    if abs(value) > top:
        return (ABOVE if value > 0 else BELOW)[theme]
    return (POSITIVE if value > 0 else NEGATIVE)[theme]


def _words(
    name: str, values: np.ndarray, label: str, probability: float | None, without: np.ndarray | None
) -> list[str]:
    """The hover text of each row."""
    if name == "attention":
        return [f"{100 * value:.1f} % of the attention" for value in values]
    side = [
        "says nothing" if v == 0 else f"speaks {'for' if v > 0 else 'against'} {label}"
        for v in values
    ]
    texts = [
        f"{value:+.2f} in log-odds, {words}" for value, words in zip(values, side, strict=True)
    ]
    if name == "occlusion" and without is not None and probability is not None:
        texts = [
            f"{text}<br>{label} at {100 * left:.1f} % with this row blank, "
            f"{100 * probability:.1f} % with it"
            for text, left in zip(texts, without, strict=True)
        ]
    return texts


def _domains(measures: int) -> list[list[float]]:
    """Left to right: the image, then the measures, with room between."""
    image, gap = 0.25, 0.05
    width = (1 - image - gap * measures) / measures
    starts = [image + gap + k * (width + gap) for k in range(measures)]
    return [[0.0, image], *([start, min(start + width, 1.0)] for start in starts)]


def _image_axes(domain: list[float], rows: int, theme: Theme) -> dict[str, Any]:
    """The axes of the picture; its rows, the first at the top, are those of every column."""
    upright = axis(
        theme,
        range=[rows + 0.5, 0.5],
        tickvals=list(range(4, rows + 1, 4)),
        ticks="",
        showgrid=False,
    )
    return {"xaxis": axis(theme, domain=domain, visible=False), "yaxis": upright}


def _measure_axis(name: str, top: float, domain: list[float], theme: Theme) -> dict[str, Any]:
    options: dict[str, Any]
    if name == "attention":
        options = {
            "range": [0, ROOM * top],
            "tickvals": [0, top],
            "title_text": f"0 to {100 * top:g} %<br>of attention",
        }
    else:
        options = {
            "range": [-ROOM * top, ROOM * top],
            "tickvals": [-top, 0, top],
            "title_text": f"± {top:g}<br>log-odds",
        }
    return axis(
        theme,
        domain=domain,
        anchor="y",
        showticklabels=False,
        zeroline=True,
        zerolinecolor=MUTED[theme],
        zerolinewidth=1,
        **options,
    )


def _correlation_lines(correlations: Mapping[tuple[str, str], Any]) -> list[str]:
    return [
        f"{NAMES[first]} and {NAMES[second]}: <b>{_number(found.all_rows)}</b> "
        f"({_number(found.inked_rows)})"
        for (first, second), found in correlations.items()
    ]


def _number(value: float | None) -> str:
    return "not defined" if value is None else f"{value:+.2f}".replace("-", "−")


def _alt(measures: Mapping[str, np.ndarray], label: str, lines: list[str]) -> str:
    tops = [
        f"{NAMES[name]} is strongest at row {int(np.abs(np.asarray(values)).argmax()) + 1}"
        for name, values in measures.items()
    ]
    plain = "; ".join(line.replace("<b>", "").replace("</b>", "") for line in lines)
    more = f" Rank correlations, in brackets over rows with ink: {plain}." if plain else ""
    return f"Which rows speak for {label}: {', '.join(tops)}.{more}"
