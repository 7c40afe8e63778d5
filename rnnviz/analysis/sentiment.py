"""The sentiment line: one direction of the state space along which a text becomes good or bad.

Maheswaranathan, Williams, Golub, Ganguli and Sussillo (2019), "Reverse engineering recurrent
networks for sentiment classification reveals line attractor dynamics", found that the states of
RNN, LSTM and GRU lie close to a line, along which words push the state. Here a principal component
analysis of the hidden states over a few hundred reviews of both labels looks for that line:

    z_t = (h_t - mean) C^T       points (T, K)
    push of token t = z_t1 - z_(t-1)1,  with h_0 = 0; backward z_t1 - z_(t+1)1

The states are those of ONE direction of the top layer. The forward one is the causal reading: its
state after token `t` is made of tokens 1 to `t` alone, so that a push is the doing of that token
and of what it met. The backward one reads from the end, and its pushes follow that order.

`python -m rnnviz line NAME...` fits the line and writes `pretrained/<name>/line.npz`, which holds
numbers only. This module loads it with numpy alone.

Shapes: `T` tokens, `H` units, `K = 3` components, `N` sampled states.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnviz.analysis import archives
from rnnviz.analysis.states import change
from rnnviz.models import storage
from rnnviz.safe.files import replacing

if TYPE_CHECKING:
    from rnnviz.theatre.tints import Tint

FILE = "line.npz"
VERSION = 1
COMPONENTS = 3
MOST_BYTES = 5_000_000

DIRECTIONS = ("forward", "backward")
TRUTH, ANSWERS = "truth", "answers"
"""Whether the labels of the sampled states were given, or are what the network answers."""

SURE = 1e-6
"""Probabilities nearer to 0 or 1 than this have the log-odds of this."""


class LineError(ValueError):
    """There is no line to show; one sentence says what was expected, what came, what to do."""


@dataclass(frozen=True, eq=False)
class SentimentLine:
    """Principal axes of the states of one direction, and where the states of many texts lie.

    `components (K, H)` have their sign such that their coordinate rises with the log-odds of the
    positive class. `explained (K,)` is each one's share of variance. Of every text some steps were
    drawn: `points (N, K)`, `labels (N,)` of their texts, `log_odds (N,)` that the network gave for
    what had been read then. `correlations (K,)` are Pearson's between coordinate and log-odds over
    these; `interval` is that of the first one at 95 %, by a bootstrap over texts. `pairs` is the
    share of pairs of a positive and a negative text whose positive one ends further along the line.
    `crossings` is the share of tokens that bring the state to the other side of its mean.
    `push_sizes` are the 50th, 95th, 99th and 99.9th percentile of `|push|` over all tokens.
    """

    name: str
    sha256: str
    source: str
    direction: str
    texts: int
    states: int
    seed: int
    classes: tuple[str, ...]
    labelled: str
    mean: np.ndarray
    components: np.ndarray
    explained: np.ndarray
    points: np.ndarray
    labels: np.ndarray
    log_odds: np.ndarray
    correlations: np.ndarray
    interval: tuple[float, float]
    pairs: float
    crossings: float
    push_sizes: tuple[float, float, float, float]

    def project(self, hidden: np.ndarray) -> np.ndarray:
        """States `(..., H)` of that direction of the top layer to points `(..., K)`."""
        hidden = np.asarray(hidden)
        if hidden.shape[-1:] != self.mean.shape:
            raise ValueError(f"expected states of {len(self.mean)} units, got {hidden.shape}")
        return ((hidden - self.mean) @ self.components.T).astype(np.float32)

    @property
    def start(self) -> np.ndarray:
        """Where every text begins, `(K,)`: the projection of `h_0 = 0`."""
        return self.project(np.zeros_like(self.mean))

    @property
    def is_line(self) -> bool:
        """At least half of the variance on one axis, whose correlation with the answer is 0.8."""
        return bool(self.explained[0] >= 0.5 and self.correlations[0] >= 0.8)

    @property
    def follows(self) -> bool:
        """Whether the position says something of the answer so far: a correlation of a half."""
        return bool(self.correlations[0] >= 0.5)

    def finding(self) -> str:
        """Whether it is a line, in a sentence made of the numbers."""
        share, other = 100 * float(self.explained[0]), 100 * float(self.explained[1])
        low, high = self.interval
        held = (
            f"one direction holds {share:.0f} % of the variance of the {self.direction} states "
            f"(the second {other:.0f} %)"
        )
        goes = f"correlation {self.correlations[0]:.2f}, 95 % interval {low:.2f} to {high:.2f}"
        goes = goes.replace("-", "−")
        if self.is_line:
            return f"It is nearly a line: {held}, and the answer so far goes along it ({goes})."
        if self.correlations[0] >= 0.8:
            return (
                f"The states do not lie on a line: {held}. Yet the answer so far goes along it "
                f"({goes})."
            )
        if self.follows:
            return f"It is a line in part: {held}, and the answer so far follows it ({goes})."
        if self.crossings >= 0.8:
            return (
                f"It is no sentiment line: {held}, and the state swings from one side of it to "
                f"the other at {100 * self.crossings:.0f} % of the tokens, whatever is read; the "
                f"answer so far hardly follows it ({goes})."
            )
        return f"It is no sentiment line: {held}, and the answer so far hardly follows it ({goes})."

    def about(self) -> str:
        """What the line was fitted on, in a sentence."""
        whose = "" if self.labelled == TRUTH else ", coloured by what the network answers"
        return (
            f"Fitted on {self.states:,} states of {self.texts:,} texts ({self.source}){whose}; "
            "the line describes a finished network and chose nothing about it."
        )


@dataclass(frozen=True)
class Push:
    """What one token did to the position on the line, and the log-odds after it where known."""

    step: int
    token: str
    push: float
    log_odds: float | None


@dataclass(frozen=True, eq=False)
class LinePath:
    """One text on the line: `points (T, K)`, `pushes (T,)`, `log_odds (T,)` or None, and words.

    All are in the order of the text; the backward direction begins with the last token.
    """

    start: np.ndarray
    points: np.ndarray
    pushes: np.ndarray
    log_odds: np.ndarray | None
    tokens: tuple[str, ...]
    classes: tuple[str, ...]
    push_sizes: tuple[float, float, float, float]
    share_behind: float
    follows: bool
    direction: str = "forward"

    def largest(self, most: int = 6) -> tuple[list[Push], list[Push]]:
        """The largest pushes towards the positive side and towards the negative one."""
        order = np.argsort(self.pushes, kind="stable")
        rising = [self.push(int(step)) for step in order[::-1][:most] if self.pushes[step] > 0]
        falling = [self.push(int(step)) for step in order[:most] if self.pushes[step] < 0]
        return rising, falling

    def push(self, step: int) -> Push:
        """What the token of that step did."""
        odds = np.nan if self.log_odds is None else float(self.log_odds[step])
        known = None if np.isnan(odds) else odds
        return Push(step, self.tokens[step], float(self.pushes[step]), known)

    def finding(self) -> str:
        """Where the text ends and what pushed it most, in words."""
        rising, falling = self.largest(1)
        if not self.follows:
            return "Where this text lies on it says next to nothing of the answer."
        ends = (
            f"This text ends further to the {self.classes[1]} side than "
            f"{100 * self.share_behind:.0f} % of the sampled states"
        )
        named = [
            f"{quoted(one.token)} ({one.push:+.2f}) towards {side}".replace("-", "−")
            for one, side in zip([*rising, *falling], self._sides(rising, falling), strict=True)
        ]
        return f"{ends}; pushed most by {' and by '.join(named)}." if named else f"{ends}."

    def _sides(self, rising: list[Push], falling: list[Push]) -> list[str]:
        return [self.classes[1]] * len(rising) + [self.classes[0]] * len(falling)

    def tint(self) -> Tint:
        """The pushes as colours of the prose, cut at what 1 token in 100 exceeds."""
        from rnnviz.theatre.tints import Tint

        limit = max(self.push_sizes[2], 1e-6)
        return Tint(
            name="push",
            label="Push along the sentiment line",
            meaning=f"how far the token moved the {self.direction} state along the sentiment line",
            values=self.pushes,
            low=-limit,
            high=limit,
            low_words=f"towards {self.classes[0]}",
            high_words=f"towards {self.classes[1]}",
        )


def line(
    found: SentimentLine,
    hidden: np.ndarray,
    tokens: Sequence[str],
    probabilities: np.ndarray | None = None,
) -> LinePath:
    """A text on the line: its states `(T, H)` in the direction of the line, projected.

    `probabilities (T, 2)` are the answers after each prefix or NaN, left aside for the backward
    direction. Of a `Reading`: `reading.layers[-1].directions[found.direction]["hidden"]`,
    `reading.tokens`, `reading.worked_out()`. Raises ValueError where the shapes do not fit.
    """
    hidden = np.asarray(hidden)
    if hidden.ndim != 2 or len(hidden) != len(tokens) or not len(hidden):
        raise ValueError(f"expected states of {len(tokens)} tokens, got shape {hidden.shape}")
    if probabilities is not None and probabilities.shape != (len(hidden), 2):
        raise ValueError(f"expected probabilities ({len(hidden)}, 2), got {probabilities.shape}")
    points, start = found.project(hidden), found.start
    end = points[0 if found.direction == "backward" else -1]
    if found.direction == "backward":
        probabilities = None
    return LinePath(
        start=start,
        points=points,
        pushes=change(points[:, 0] - start[0], found.direction),
        log_odds=None if probabilities is None else log_odds_of(probabilities),
        tokens=tuple(tokens),
        classes=found.classes,
        push_sizes=found.push_sizes,
        share_behind=float((found.points[:, 0] < end[0]).mean()),
        follows=found.follows,
        direction=found.direction,
    )


def log_odds_of(probabilities: np.ndarray) -> np.ndarray:
    """`log(p_1 / p_0)` of probabilities `(..., 2)`, finite."""
    sure = np.clip(np.asarray(probabilities, np.float64), SURE, 1 - SURE)
    return (np.log(sure[..., 1]) - np.log(sure[..., 0])).astype(np.float32)


def quoted(token: str) -> str:
    """A token in quotation marks on one line, shortened; only white space is named."""
    words = " ".join(token.split())
    return f"“{words[:30] + '…' if len(words) > 31 else words}”" if words else "white space"


def path_of(name_or_folder: str | os.PathLike[str]) -> Path:
    """Where the line of a model lies or would lie; raises CheckpointError for an unknown model."""
    return storage.folder_of(name_or_folder) / FILE


def load(name_or_folder: str | os.PathLike[str], direction: str = "forward") -> SentimentLine:
    """The stored line of a model and direction; numpy only.

    Raises LineError when there is none, when it cannot be read, or when it was made with other
    weights than those beside it; CheckpointError when there is no such model.
    """
    path = path_of(name_or_folder)
    remedy = f"run `python -m rnnviz line {path.parent.name}`"
    if not path.is_file():
        raise LineError(f"expected a sentiment line at {path}, got none: {remedy}")
    try:
        every = _unpacked(archives.read(path, MOST_BYTES))
    except archives.DAMAGED as e:
        raise LineError(
            f"expected a sentiment line of version {VERSION} in {path}, got another or a damaged "
            f"file: {remedy}"
        ) from e
    if direction not in every:
        raise LineError(f"expected a direction of {', '.join(every)}, got {direction!r}")
    found = every[direction]
    if found.sha256 != storage.weights_sum(path.parent):
        raise LineError(
            f"expected the sentiment line of the weights in {path.parent}, got that of other "
            f"weights: {remedy}"
        )
    return found


_SHARED = ("name", "sha256", "source", "texts", "states", "seed", "labelled")
_EXACT = ("mean", "components", "explained", "correlations")
_HALF = ("points", "log_odds")


def save(found: Sequence[SentimentLine], path: str | os.PathLike[str]) -> Path:
    """Write the line of each direction beside `path` and rename it; nothing needs pickle."""
    about = {
        "version": VERSION,
        "note": found[0].about(),
        **{word: getattr(found[0], word) for word in _SHARED},
        "classes": list(found[0].classes),
        "directions": {
            one.direction: {
                "interval": list(one.interval),
                "pairs": one.pairs,
                "crossings": one.crossings,
                "push_sizes": list(one.push_sizes),
            }
            for one in found
        },
    }
    arrays = {"about": np.array(json.dumps(about))}
    for one in found:
        here = f"{one.direction}."
        arrays[f"{here}labels"] = one.labels.astype(np.uint8)
        arrays |= {here + part: getattr(one, part).astype(np.float32) for part in _EXACT}
        arrays |= {here + part: getattr(one, part).astype(np.float16) for part in _HALF}
    with replacing(path) as beside, beside.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    return Path(path)


def _unpacked(stored: Mapping[str, np.ndarray]) -> dict[str, SentimentLine]:
    """The lines of checked arrays; raises ValueError, TypeError or KeyError for anything else."""
    about: dict[str, Any] = json.loads(str(stored["about"]))
    if about["version"] != VERSION or about["labelled"] not in (TRUTH, ANSWERS):
        raise ValueError(f"expected version {VERSION}, got {about['version']!r}")
    if len(about["classes"]) != 2 or not set(about["directions"]) <= {*DIRECTIONS}:
        raise ValueError("expected two classes and known directions")
    return {way: _unpacked_line(stored, about, way) for way in about["directions"]}


def _unpacked_line(
    stored: Mapping[str, np.ndarray], about: Mapping[str, Any], direction: str
) -> SentimentLine:
    here, own = f"{direction}.", about["directions"][direction]
    components = archives.checked(stored[f"{here}components"], (None, None), "f")
    labels = archives.checked(stored[f"{here}labels"], (None,), "u")
    kept, units = components.shape
    shapes: dict[str, tuple[int, ...]] = {
        "mean": (units,),
        "explained": (kept,),
        "correlations": (kept,),
        "points": (len(labels), kept),
        "log_odds": (len(labels),),
    }
    arrays = {
        part: archives.checked(stored[here + part], shape, "f").astype(np.float32)
        for part, shape in shapes.items()
    }
    low, high = map(float, own["interval"])
    half, much, most, rare = map(float, own["push_sizes"])
    pairs, crossings = float(own["pairs"]), float(own["crossings"])
    numbers = [low, high, half, much, most, rare, pairs, crossings]
    if kept < 2 or labels.max() > 1 or not np.isfinite(numbers).all():
        raise ValueError("expected two components or more, labels 0 and 1, finite numbers")
    negative, positive = map(str, about["classes"])
    return SentimentLine(
        name=str(about["name"]),
        sha256=str(about["sha256"]),
        source=str(about["source"]),
        direction=direction,
        texts=int(about["texts"]),
        states=int(about["states"]),
        seed=int(about["seed"]),
        classes=(negative, positive),
        labelled=str(about["labelled"]),
        components=components,
        labels=labels,
        interval=(low, high),
        pairs=pairs,
        crossings=crossings,
        push_sizes=(half, much, most, rare),
        **arrays,
    )
