"""What a network answered to one input, over the time of its training.

The moments stand evenly, as under a scrubber, since early ones are close to each other in steps.
Shapes: `N` moments.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    headline,
    headroom,
    note,
    percent_ticks,
)
from rnnviz.notation.palette import NEGATIVE, POSITIVE, Theme
from rnnviz.notation.phrases import bare, plain

HEIGHT = 280
MOST_TICKS = 6
MOST_LABELS = 10
LONGEST_ANSWER = 10


def answer_course(
    steps: Sequence[int],
    shares: np.ndarray,
    answers: Sequence[str],
    right: Sequence[bool],
    *,
    chosen: int,
    truth: str,
    wanted: float | None = None,
    chance: float | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """Draw the probability of the right answer, or a number that is to be said, over the training.

    Args:
        steps: the moments, in updates of the weights, rising.
        shares: probability of the right answer at each moment `(N,)`, in 0..1, NaN where it is not
            known yet; or the number that was answered, if one is `wanted`.
        answers: what was answered at each moment.
        right: whether that was right.
        chosen: the step of the moment that is looked at.
        truth: the right answer in words.
        wanted: the number that is right, for tasks that ask for one.
        chance: what guessing gives.
        theme: "light" or "dark".
    """
    theme = checked(theme)
    shares = np.asarray(shares, float)
    if not len(steps) == len(shares) == len(answers) == len(right):
        raise ValueError(
            f"expected as many moments everywhere, got {len(steps)} steps, {len(shares)} shares, "
            f"{len(answers)} answers and {len(right)} verdicts"
        )
    if list(steps) != sorted(set(steps)) or chosen not in steps:
        raise ValueError(f"expected rising steps and one of them chosen, got {chosen}")
    place = list(steps).index(chosen)
    truth, spoken = plain(truth, 40), bare(truth, 40)
    what = "answer" if wanted is not None else f"probability of {plain(spoken, 14)}"
    finding = _finding(answers[place], right[place], shares[place], truth, wanted)
    x = np.arange(len(steps), dtype=np.int32)
    unit = "%{y:.3f}" if wanted is not None else "%{y:.1%}"
    verdicts = ["right" if one else "not right" for one in right]
    shown = [plain(one, 24) for one in answers]
    line = go.Scatter(
        x=x,
        y=shares.astype(np.float32),
        mode="lines+markers",
        line={"color": NEGATIVE[theme], "width": 2.4},
        marker={
            "size": 8,
            "color": [(NEGATIVE if one else POSITIVE)[theme] for one in right],
            "symbol": ["circle" if one else "x" for one in right],
        },
        customdata=np.stack([[f"{one:,}" for one in steps], shown, verdicts], axis=1),
        hovertemplate="step %{customdata[0]}: %{customdata[1]}, %{customdata[2]}<br>"
        f"{unit}<extra></extra>",
    )
    level, name = (wanted, "right") if wanted is not None else (chance, "chance")
    shapes: list[dict[str, Any]] = [
        {
            "type": "line",
            "x0": place,
            "x1": place,
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "line": {"color": INK[theme], "width": 1.6},
        }
    ]
    words = _answer_words(shares, answers, wanted, theme)
    if level is not None:
        dotted = {"color": MUTED[theme], "width": 1, "dash": "dot"}
        ends = {"xref": "paper", "x0": 0, "x1": 1, "y0": level, "y1": level}
        shapes.append({"type": "line", **ends, "line": dotted})
        pale = {"size": SMALL, "color": MUTED[theme]}
        words.append(note(name, theme, x=1, xanchor="right", y=level, yref="y", font=pale))
    ticks = np.unique(np.linspace(0, len(steps) - 1, min(MOST_TICKS, len(steps))).round())
    return figure(
        [line],
        theme,
        height=HEIGHT,
        alt=_alt(steps, shares, answers, right, place, spoken, wanted),
        title=headline(finding, theme),
        uirevision="answer course",
        shapes=shapes,
        annotations=words,
        xaxis=axis(
            theme,
            range=[-0.6, len(steps) - 0.4],
            tickvals=ticks.tolist(),
            ticktext=[f"{steps[int(one)]:,}" for one in ticks],
            title_text="step of each snapshot (evenly spaced, not to scale)",
            showgrid=False,
        ),
        yaxis=axis(
            theme,
            range=[0, 1.1],
            title_text=what,
            **(
                percent_ticks(0, 0.25, 0.5, 0.75, 1)
                if wanted is None
                else {"nticks": 6, "tickformat": "~g"}
            ),
        ),
        margin={"l": 8, "r": 8, "t": headroom(finding) + 4, "b": 44},
    )


def _answer_words(
    shares: np.ndarray, answers: Sequence[str], wanted: float | None, theme: Theme
) -> list[dict[str, Any]]:
    """The answer, over the moments at which it is another than before."""
    if wanted is not None:
        return []
    known = [place for place in range(len(answers)) if np.isfinite(shares[place])]
    changes = [
        place
        for before, place in zip([None, *known], known, strict=False)
        if before is None or answers[before] != answers[place]
    ]
    # Of many changes the last ones: what it settles on.
    return [
        note(
            plain(answers[place], LONGEST_ANSWER),
            theme,
            x=place,
            xref="x",
            y=float(shares[place]),
            yref="y",
            yshift=7,
            xanchor="center",
            font={"size": SMALL, "color": INK[theme]},
        )
        for place in changes[-MOST_LABELS:]
    ]


def _finding(answer: str, right: bool, share: float, truth: str, wanted: float | None) -> str:
    if not np.isfinite(share):
        return "Not worked out yet."
    verdict = "right" if right else "not right"
    if wanted is not None:
        return f"It says {plain(answer)}, {verdict}: {truth} is wanted."
    sure = f"{100 * share:.1f}\u00a0% for {truth}"
    return f"It says {plain(answer, 40)}, {verdict}: {sure}."


def _alt(
    steps: Sequence[int],
    shares: np.ndarray,
    answers: Sequence[str],
    right: Sequence[bool],
    place: int,
    truth: str,
    wanted: float | None,
) -> str:
    known = [one for one in range(len(steps)) if np.isfinite(shares[one])]

    def at(one: int) -> str:
        value = f"{shares[one]:.3f}" if wanted is not None else f"{100 * shares[one]:.1f} %"
        verdict = "right" if right[one] else "not right"
        return f"step {steps[one]:,}: {bare(answers[one])}, {verdict}, {value}"

    what = "The number answered" if wanted is not None else "The probability of the right answer"
    said = [at(one) for one in dict.fromkeys((*known[:1], *known[-1:]))]
    chosen = f" Looked at: {at(place)}." if place in known else ""
    return f"{what}, {truth}, over the training. {'; '.join(said) or 'Nothing yet'}.{chosen}"
