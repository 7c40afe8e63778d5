"""Integrated gradients of a text, cut finely where the answer is steep.

captum takes the mean of four gradients along each piece of the straight way from the baseline
(0) to the text (1). A piece whose own sum is not what the answer changes along it is halved.

A trained network keeps one of two states for a long time. Somewhere on the way the text passes
from one to the other, and near that place `c` a step of the reading carries both a little further
apart: at a distance `d` they part after `log(1 / d)` steps. So the answer changes by as much
between `c + d / 16` and `c + d` for any `d` down to 2^-45: in single precision a jump, in double
precision as smooth as any other function, but of `log d`. A narrow piece that does not add up is
therefore read in double precision. Answers alone, cheaper than gradients, find `c`, and the piece
is cut at distances from there each of which is `RATIO` times the one before.

A sum may be right while its tokens are not: errors of opposite sign cancel. So pieces that add up
are halved once more, and again where that changes a token, until it no longer does.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnviz.analysis.explanations import log_odds, numpy

if TYPE_CHECKING:
    from torch import Tensor

    from rnnviz.models.classifier import SequenceClassifier

AIM = 0.005
"""Integrated gradients take more steps until no larger part of the sum is missing, and until twice
as many change no token by a larger part of the largest."""

NODES = 4
"""Gradients along each piece of the way, at the places of Gauss and Legendre."""

WIDE = 2.0**-4
"""A piece of the way that is not searched for a steep place before it is halved to less."""

NARROW = 2.0**-11
"""A piece of the way that is read in double precision."""

NARROWEST = 2.0**-50
"""A piece of the way that is not halved any more."""

RATIOS = (8, 16, 32)
"""How fast pieces grow with their distance from a steep place: the first that can be afforded."""

SECTIONS = 8
"""Pieces that a search compares at a time."""

DOUBLE = 2.0
"""What a gradient in double precision takes, in gradients in single precision."""

ANSWER = 0.5
"""What an answer in double precision takes, in the same unit."""

MOST_TOKENS_AT_ONCE = 12_000

MOST_TOKENS_DERIVED = 272_000
"""In all gradients of one text; few texts need that many."""


@dataclass(frozen=True)
class Completeness:
    """How well integrated gradients add up, from gradients at `steps` places along the way.

    `total` is their sum and `difference = s(x) - s(baseline)` what it should be. `delta` is
    `total - difference`: captum's convergence delta over all pieces of the way; `relative_error` is
    its size as a part of the difference, infinite where that is 0. `jump` is how much of `delta`
    lies in pieces of the way that are too narrow to be halved even in double precision: there the
    answer jumps, and no gradient sees it. `token_error` is by how much a token changed when the
    pieces were last halved, at most, as a part of the largest token; None where the sum is not
    complete or more gradients would take too long.
    """

    steps: int
    total: float
    difference: float
    delta: float
    jump: float = 0.0
    token_error: float | None = None

    @property
    def relative_error(self) -> float:
        if self.delta == 0:
            return 0.0
        return abs(self.delta / self.difference) if self.difference else float("inf")


def integrated(
    model: SequenceClassifier,
    features: Tensor,
    baseline: Tensor,
    target: int,
    steps: int,
    difference: float,
) -> dict[str, Any]:
    """captum's integrated gradients, with more steps where they do not add up yet."""
    path = Path(model, features, baseline, target)
    most = max(NODES, MOST_TOKENS_DERIVED // features.shape[1])
    allowed = AIM * abs(difference)
    # A third, so that there is room to halve all pieces.
    whole = np.linspace(0, 1, max(1, min(steps, most // 3) // NODES) + 1)
    starts, ends = whole[:-1], whole[1:]
    fresh = np.ones(len(starts), dtype=bool)  # worth searching for a steep place
    parts, deltas = path.along(starts, ends)
    missing = float(parts.sum()) - difference
    best = missing, parts, deltas, starts, ends
    while abs(missing) > allowed:
        again, cuts, worth, left = [], [], [], most - path.spent
        for piece in _worst(deltas, ends - starts, allowed / 2):
            start, end, before = starts[piece], ends[piece], path.spent
            ways, search = [np.array([start, (start + end) / 2, end])], bool(fresh[piece])
            search &= NARROW < end - start <= WIDE and left > path.searching
            if search:
                steep = steepest(path.answers, start, end, allowed / 8)
                if steep != (start, end):
                    ways = [graded(start, *steep, end, ratio) for ratio in RATIOS]
                    search = False
            left -= path.spent - before
            places = next((way for way in ways if path.cost(np.diff(way)) <= left), None)
            if places is None:
                break
            left -= path.cost(np.diff(places))
            again.append(piece)
            cuts.append(places)
            # What was just searched in vain is halved twice before it is searched again.
            worth.append(np.full(len(places) - 1, not search))
        if not again:
            break
        low = np.concatenate([places[:-1] for places in cuts])
        high = np.concatenate([places[1:] for places in cuts])
        new, off = path.along(low, high)
        kept = np.setdiff1d(np.arange(len(starts)), again)
        starts, ends = np.concatenate([starts[kept], low]), np.concatenate([ends[kept], high])
        fresh = np.concatenate([fresh[kept], *worth])
        parts = np.concatenate([parts[kept], new])
        deltas = np.concatenate([deltas[kept], off])
        missing = float(parts.sum()) - difference
        # A gradient may lie in a steep place by chance, and the budget end before that is mended.
        if abs(missing) <= allowed or np.abs(deltas).sum() < 1.01 * np.abs(best[2]).sum():
            best = missing, parts, deltas, starts, ends
    missing, parts, deltas, starts, ends = best
    values, token_error = parts.sum(axis=0), None
    if abs(missing) <= allowed:
        finer, token_error = _settled(path, starts, ends, parts, most)
        # A gradient may lie in a steep place by chance here, too: then the sum tells.
        if abs(float(finer.sum()) - difference) <= allowed:
            values, missing = finer, float(finer.sum()) - difference
    found = Completeness(
        steps=path.gradients,
        total=float(values.sum()),
        difference=difference,
        delta=missing,
        jump=float(deltas[ends - starts <= NARROWEST].sum()),
        token_error=token_error,
    )
    return {"integrated_gradients": values, "completeness": found}


def _settled(
    path: Path, starts: np.ndarray, ends: np.ndarray, parts: np.ndarray, most: float
) -> tuple[np.ndarray, float | None]:
    """Halve pieces until that changes no token by much; the tokens, and by how much it last did.

    First all pieces are halved, then those of which the halves told something else. The change is a
    part of the largest token, None where there was no room to halve all.
    """
    values, error, changed = parts.sum(axis=0), None, np.full(len(starts), np.inf)
    while error is None or error > AIM:
        allowed = AIM * float(np.abs(values).max(initial=0)) / len(changed)
        again = (changed > allowed) & (ends - starts > NARROWEST)
        middles = (starts[again] + ends[again]) / 2
        low = np.concatenate([starts[again], middles])
        high = np.concatenate([middles, ends[again]])
        if not again.any() or path.spent + path.cost(high - low) > most:
            break
        halves, _ = path.along(low, high)
        told = halves[: len(middles)] + halves[len(middles) :] - parts[again]
        values = values + told.sum(axis=0)
        largest = float(np.abs(values).max(initial=0))
        error = float(np.abs(told.sum(axis=0)).max(initial=0)) / largest if largest else 0.0
        # Each half is taken to be off by half of what halving their piece has told.
        found = np.abs(told).max(axis=1, initial=0) / 2
        starts, ends = np.concatenate([starts[~again], low]), np.concatenate([ends[~again], high])
        parts = np.concatenate([parts[~again], halves])
        changed = np.concatenate([changed[~again], found, found])
    return values, error


def steepest(
    answers: Callable[[np.ndarray], np.ndarray], low: float, high: float, allowed: float
) -> tuple[float, float]:
    """The piece within one of the way along which the answer turns.

    The piece is cut into equal sections, the one along which the answer changes most again, and
    so on, until that change is `allowed` or no longer much more than that of the others.
    """
    first, last = answers(np.array([low, high]))
    while high - low > NARROWEST:
        places = np.linspace(low, high, SECTIONS + 1)
        values = np.concatenate([[first], answers(places[1:-1]), [last]])
        changes = np.abs(np.diff(values))
        most = int(changes.argmax())
        if changes[most] < 2 / SECTIONS * changes.sum():
            break
        low, high, first, last = places[most], places[most + 1], values[most], values[most + 1]
        if changes[most] <= allowed:
            break
    return low, high


def graded(start: float, low: float, high: float, end: float, ratio: float) -> np.ndarray:
    """Where to cut a piece of the way that is steep from `low` to `high`: finely around there."""
    centre, width = (low + high) / 2, high - low
    far = width / 2 * ratio ** np.arange(np.log((end - start) / width) / np.log(ratio) + 1)
    before = centre - far[centre - far * (1 + 1 / ratio) > start]
    after = centre + far[centre + far * (1 + 1 / ratio) < end]
    return np.unique(np.concatenate([[start], before, after, [end]]))


def _worst(deltas: np.ndarray, widths: np.ndarray, allowed: float) -> np.ndarray:
    """The fewest pieces of the way without which no more than `allowed` of the sum is missing."""
    order = np.argsort(-np.abs(deltas), kind="stable")
    left = np.abs(deltas)[order][::-1].cumsum()[::-1]
    worst = order[left > allowed]
    return worst[widths[worst] > NARROWEST]


class Path:
    """The straight way from the baseline (0) to the text (1), and captum's sums along its pieces.

    Integrated gradients of pieces that follow each other add up to those of the whole way. The
    model in double precision is a copy, made once it is needed.
    """

    def __init__(
        self, model: SequenceClassifier, features: Tensor, baseline: Tensor, target: int
    ) -> None:
        from captum.attr import IntegratedGradients

        self.model, self.features, self.baseline = model, features, baseline
        self.target = target
        self.method = IntegratedGradients(self._score)
        self.precise: SequenceClassifier | None = None
        self.gradients = 0
        """How many were asked for so far."""
        self.spent = 0.0
        """What all that was asked for so far took, in gradients in single precision."""

    @property
    def searching(self) -> float:
        """What a search may take, down to the narrowest piece."""
        return ANSWER * SECTIONS * np.log(WIDE / NARROWEST) / np.log(SECTIONS)

    def cost(self, widths: np.ndarray) -> float:
        """What the gradients on pieces of these widths take."""
        return float(NODES * np.where(widths <= NARROW, DOUBLE, 1).sum())

    def along(self, starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sums `(P, T)` over the features of each piece, and what is missing from each, `(P,)`."""
        sums = np.zeros((len(starts), self.features.shape[1]))
        deltas = np.zeros(len(starts))
        narrow = ends - starts <= NARROW
        for precise in (False, True):
            (some,) = np.nonzero(narrow == precise)
            for places in self._batches(some):
                given, delta = self.method.attribute(
                    self._at(ends[places], precise),
                    baselines=self._at(starts[places], precise),
                    n_steps=NODES,
                    method="gausslegendre",
                    internal_batch_size=max(self._at_once, len(places)),
                    return_convergence_delta=True,
                )
                sums[places], deltas[places] = numpy(given.sum(dim=2)), numpy(delta)
        self.gradients += NODES * len(starts)
        self.spent += self.cost(ends - starts)
        return sums, deltas

    def answers(self, places: np.ndarray) -> np.ndarray:
        """The evidence at some places of the way, in double precision."""
        import torch

        self.spent += ANSWER * len(places)
        with torch.no_grad():
            return np.concatenate(
                [numpy(self._score(self._at(some, True))) for some in self._batches(places)]
            )

    @property
    def _at_once(self) -> int:
        return max(1, MOST_TOKENS_AT_ONCE // self.features.shape[1])

    def _batches(self, places: np.ndarray) -> list[np.ndarray]:
        return np.array_split(places, -(-len(places) // self._at_once)) if len(places) else []

    def _score(self, features: Tensor) -> Tensor:
        import torch

        model = self.model
        if features.dtype == torch.float64 != self.features.dtype:
            if self.precise is None:
                self.precise = copy.deepcopy(self.model).double()
            model = self.precise
        return log_odds(answers_of(model, features), self.target)

    def _at(self, places: np.ndarray, precise: bool = False) -> Tensor:
        import torch

        kind = torch.float64 if precise else self.features.dtype
        features, baseline = self.features.to(kind), self.baseline.to(kind)
        shares = torch.as_tensor(places, dtype=kind, device=features.device)
        return baseline + shares[:, None, None] * (features - baseline)


def answers_of(model: SequenceClassifier, features: Tensor) -> Tensor:
    """Logits `(B, C)` of whole texts of the same length."""
    import torch

    count, tokens = features.shape[:2]
    return model.answer(features, torch.full((count,), tokens, device=features.device))
