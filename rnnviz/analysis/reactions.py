"""Which units of a text network react to negation, to praise, to blame, to the place in the text.

For words, with `D_w` the change that a word makes to a unit (from before its first token to after
its last one, in the order in which the direction reads):

    d = (mean D_w over words of the list - mean D_w over neutral words) / s
    s^2 = ((n - 1) s_list^2 + (m - 1) s_neutral^2) / (n + m - 2)           Cohen (1988)

Neutral are the words that stand in none of the three lists. For the place, `rho` is the mean over
texts of Spearman's correlation of `h_t` with `t` within the text; ranks of all texts together would
take a spread that grows for a trend.

Intervals are 95 % percentiles of a bootstrap that draws whole texts. With hundreds of units the
largest of many accidents looks like something, and any frequent word moves some unit: a unit is
only called a finding when its `|d|` or `|rho|` is beyond the 95th percentile of the LARGEST over
all units under chance (Westfall and Young 1993). Chance means for words: a list of as many neutral
words that come about as often. For the place: each text is read in either order, which leaves alone
that neighbouring states are alike.

Shapes: `n` texts, `N` tokens, `W` words, `D` directions, `H` units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rnnviz.analysis.states import States, read
from rnnviz.analysis.words import LISTS, Words

if TYPE_CHECKING:
    from rnnviz.classifier import SequenceClassifier
    from rnnviz.tokens import TextTokenizer

KINDS = ("negation", "positive", "negative", "position")

FEWEST_WORDS, FEWEST_TEXTS, FEWEST_TOKENS = 10, 5, 4
"""Occurrences of a list's words, and texts with one, below which nothing is scored; tokens of a
text, below which its place says nothing."""

DRAWN = 300
ALIKE = 20
LEVEL = 95


@dataclass(frozen=True)
class Reaction:
    """How one unit reacts: `score` is d, or rho for the place, `low` to `high` its interval.

    `words` are the list's words with the mean change and how often each came, largest first.
    """

    kind: str
    direction: str
    unit: int
    score: float
    low: float
    high: float
    is_finding: bool
    words: tuple[tuple[str, float, int], ...] = ()


@dataclass(frozen=True, eq=False)
class Scores:
    """One kind of reaction of all units: `values`, `low`, `high` `(D, H)`.

    `threshold` is what chance exceeds for no unit in 95 of 100 draws. Of words, `count` stand in
    the list and `others` are neutral; for the place, `count` are tokens. `changes` holds the mean
    change `(D, H)` of each word of the list.
    """

    kind: str
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    threshold: float
    count: int
    others: int
    texts: int
    changes: Mapping[str, tuple[np.ndarray, int]]

    @property
    def findings(self) -> int:
        """How many units react more than chance allows."""
        return int((np.abs(self.values) > self.threshold).sum())


@dataclass(frozen=True, eq=False)
class Reactions:
    """Reactions of all units of one layer, by kind; a kind that cannot be scored is missing."""

    signal: str
    directions: tuple[str, ...]
    units: int
    scores: Mapping[str, Scores]
    texts: int

    def top(self, kind: str, most: int = 8) -> tuple[Reaction, ...]:
        """The findings of a kind, the strongest first; none where all may be chance."""
        if kind not in self.scores:
            return ()
        found = self.scores[kind]
        order = np.argsort(-np.abs(found.values), axis=None, kind="stable")[:most]
        places = (np.unravel_index(place, found.values.shape) for place in order)
        every = [self.of(kind, self.directions[int(way)], int(unit)) for way, unit in places]
        return tuple(one for one in every if one.is_finding)

    def of(self, kind: str, direction: str, unit: int) -> Reaction:
        """How one unit reacts, finding or not; KeyError for a kind that is missing."""
        found, way = self.scores[kind], self.directions.index(direction)
        score = float(found.values[way, unit])
        words = [
            (word, float(mean[way, unit]), count) for word, (mean, count) in found.changes.items()
        ]
        sign = 1 if score >= 0 else -1
        return Reaction(
            kind=kind,
            direction=direction,
            unit=unit,
            score=score,
            low=float(found.low[way, unit]),
            high=float(found.high[way, unit]),
            is_finding=abs(score) > found.threshold,
            words=tuple(sorted(words, key=lambda word: -sign * word[1])),
        )

    def finding(self, kind: str) -> str:
        """What there is to see of a kind, in a sentence."""
        if kind not in self.scores:
            return (
                f"Too few words of the list “{kind}” in these {self.texts:,} texts: "
                f"at least {FEWEST_WORDS} are needed."
            )
        found, best = self.scores[kind], self.top(kind, 1)
        whole = len(self.directions) * self.units
        what = "the place in the text" if kind == "position" else f"{_NAMES[kind]}"
        if not best:
            return f"No unit of {whole} reacts to {what} more than chance allows."
        one = best[0]
        letter = "rho" if kind == "position" else "d"
        way = f"{one.direction} " if len(self.directions) > 1 else ""
        return (
            f"{found.findings} of {whole} units react to {what} more than chance allows; "
            f"{way}unit {one.unit} most ({letter} {one.score:+.1f})."
        ).replace("-", "−")

    def definition(self, kind: str) -> str:
        """How the score is defined, with its numbers."""
        if kind not in self.scores:
            return self.finding(kind)
        found = self.scores[kind]
        chance = (
            "with texts in either order"
            if kind == "position"
            else "with lists of other words that come about as often"
        )
        bound = (
            f"Lines are 95 % intervals over {found.texts:,} texts drawn anew. Shown are units "
            f"beyond {found.threshold:.2f}, which the largest of all units reaches {chance} in "
            "1 of 20 draws."
        )
        if kind == "position":
            return (
                f"rho is Spearman's correlation of the {self.signal} state with the place within a "
                f"text, −1 to 1, in the mean over {found.texts:,} texts. {bound}"
            )
        return (
            f"d is the mean change of the {self.signal} state at {found.count:,} words of the list "
            f"minus that at {found.others:,} neutral words, divided by their pooled standard "
            f"deviation. {bound}"
        )


_NAMES = {"negation": "negation", "positive": "positive words", "negative": "negative words"}


def read_texts(
    model: SequenceClassifier,
    tokenizer: TextTokenizer,
    texts: Sequence[str] | None = None,
    *,
    signal: str = "hidden",
    layer: int = -1,
) -> States:
    """The states over `texts`, or over the bundled corpus of our own sentences."""
    if texts is None:
        from rnnviz.data import corpus

        texts = [one.text for one in corpus.load()]
    return read(model, [tokenizer.encode(text) for text in texts], signal=signal, layer=layer)


def score(states: States, *, seed: int = 0) -> Reactions:
    """All reactions of all units over texts that were read; numpy and scipy only."""
    words = Words.of(states)
    found = {kind: one for kind in LISTS if (one := _of_words(words, kind, seed)) is not None}
    placed = _of_places(states, seed)
    return Reactions(
        signal=states.signal,
        directions=states.directions,
        units=states.values.shape[2],
        scores=found if placed is None else {**found, "position": placed},
        texts=len(states),
    )


def _of_words(words: Words, kind: str, seed: int) -> Scores | None:
    listed = np.isin(words.names, LISTS[kind])
    neutral = ~np.isin(words.names, [word for one in LISTS.values() for word in one])
    if listed.sum() < FEWEST_WORDS or len(np.unique(words.texts[listed])) < FEWEST_TEXTS:
        return None
    if neutral.sum() < FEWEST_WORDS:
        return None
    used = listed | neutral
    member, texts = listed[used], words.texts[used]
    shape = words.changes.shape[1:]
    changes = words.changes[used].reshape(len(member), -1).astype(np.float64)
    changes -= changes.mean(axis=0)
    low, high = _interval_of_d(changes, member, texts, seed)
    return Scores(
        kind=kind,
        values=cohens_d(changes[member], changes[~member]).reshape(shape),
        low=low.reshape(shape),
        high=high.reshape(shape),
        threshold=_threshold_of_d(changes, member, words.names[used], seed),
        count=int(listed.sum()),
        others=int(neutral.sum()),
        texts=len(np.unique(texts)),
        changes={
            str(word): (words.changes[words.names == word].mean(axis=0), int(count))
            for word, count in zip(*np.unique(words.names[listed], return_counts=True), strict=True)
        },
    )


def cohens_d(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The difference of two means over rows in pooled standard deviations; 0 without any spread."""
    return _d(*_moments(first), *_moments(second))


def _moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How many rows, their sums, and the sums of their squares."""
    return np.array(len(values)), values.sum(axis=0), (values**2).sum(axis=0)


def _d(
    n: np.ndarray,
    sum_n: np.ndarray,
    square_n: np.ndarray,
    m: np.ndarray,
    sum_m: np.ndarray,
    square_m: np.ndarray,
) -> np.ndarray:
    """Cohen's d from counts, sums and sums of squares of two groups."""
    within = square_n - sum_n**2 / n + square_m - sum_m**2 / m
    spread = np.sqrt(np.maximum(within, 0) / (n + m - 2))
    apart = sum_n / n - sum_m / m
    return np.divide(apart, spread, out=np.zeros_like(apart), where=spread > 1e-9)


def _interval_of_d(
    changes: np.ndarray, member: np.ndarray, texts: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    weights = _weights(texts, seed)

    def drawn(own: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        parts = (np.ones((int(own.sum()), 1)), changes[own], changes[own] ** 2)
        count, sums, squares = (
            weights @ _summed(part, texts[own], weights.shape[1]) for part in parts
        )
        return np.maximum(count, 2), sums, squares

    found = _d(*drawn(member), *drawn(~member))
    low, high = np.percentile(found, (50 - LEVEL / 2, 50 + LEVEL / 2), axis=0)
    return low, high


def _threshold_of_d(changes: np.ndarray, member: np.ndarray, names: np.ndarray, seed: int) -> float:
    """What the largest |d| of all units stays below for 95 of 100 lists of neutral words.

    Every word of the list is replaced by one of the `ALIKE` neutral ones that come about as often.
    """
    kinds, places = np.unique(names, return_inverse=True)
    order = np.argsort(places, kind="stable")
    counts = np.bincount(places).astype(np.float64)
    starts = np.concatenate(([0], np.cumsum(counts[:-1]))).astype(int)
    sums = np.add.reduceat(changes[order], starts, axis=0)
    squares = np.add.reduceat(changes[order] ** 2, starts, axis=0)
    is_listed = np.zeros(len(kinds), dtype=bool)
    is_listed[places[member]] = True
    neutral = np.flatnonzero(~is_listed)
    draw, drawn = np.random.default_rng(seed), np.zeros((DRAWN, len(kinds)))
    rows = np.arange(DRAWN)
    for listed in np.flatnonzero(is_listed):
        # Of equally near ones another is first for every word of the list.
        near = np.lexsort((draw.random(len(neutral)), np.abs(counts[neutral] - counts[listed])))
        drawn[rows, draw.choice(neutral[near[:ALIKE]], DRAWN)] = 1
    rest = 1 - drawn
    rest[:, is_listed] = 0
    groups = [
        (np.maximum(part @ counts, 2)[:, None], part @ sums, part @ squares)
        for part in (drawn, rest)
    ]
    found = _d(*groups[0], *groups[1])
    return float(np.percentile(np.abs(found).max(axis=1), LEVEL))


def _weights(texts: np.ndarray, seed: int) -> np.ndarray:
    """How often each text is drawn, `(DRAWN, n)`, when as many are drawn with replacement."""
    names = np.unique(texts)
    weights = np.zeros((DRAWN, int(texts.max()) + 1))
    draw = np.random.default_rng(seed)
    weights[:, names] = draw.multinomial(len(names), np.full(len(names), 1 / len(names)), DRAWN)
    return weights


def _summed(values: np.ndarray, texts: np.ndarray, count: int) -> np.ndarray:
    """Rows `(W, F)` added up by text, `(count, F)`; rows of a text stand together."""
    found = np.zeros((count, values.shape[1]))
    starts = np.flatnonzero(np.diff(texts, prepend=-1))
    if len(starts):
        found[texts[starts]] = np.add.reduceat(values, starts, axis=0)
    return found


def _of_places(states: States, seed: int) -> Scores | None:
    long = [number for number, one in enumerate(states.encoded) if len(one) >= FEWEST_TOKENS]
    if len(long) < FEWEST_TEXTS:
        return None
    shape = states.values.shape[1:]
    found = np.stack([rho_of_places(states.of(number)) for number in long]).reshape(len(long), -1)
    draw = np.random.default_rng(seed)
    # Read in the other order, a text's correlation changes its sign and nothing else.
    chance = draw.choice((-1.0, 1.0), (DRAWN, len(long))) @ found / len(long)
    again = draw.multinomial(len(long), np.full(len(long), 1 / len(long)), DRAWN) / len(long)
    low, high = np.percentile(again @ found, (50 - LEVEL / 2, 50 + LEVEL / 2), axis=0)
    return Scores(
        kind="position",
        values=found.mean(axis=0).reshape(shape),
        low=low.reshape(shape),
        high=high.reshape(shape),
        threshold=float(np.percentile(np.abs(chance).max(axis=1), LEVEL)),
        count=sum(len(states.encoded[number]) for number in long),
        others=0,
        texts=len(long),
        changes={},
    )


def rho_of_places(values: np.ndarray) -> np.ndarray:
    """Spearman's correlation of `values (T, ...)` with their place; 0 for what never moves."""
    from scipy.stats import rankdata

    ranks = rankdata(values, axis=0)
    ranks -= ranks.mean(axis=0)
    places = np.arange(len(values)) - (len(values) - 1) / 2
    size = np.sqrt((places**2).sum() * (ranks**2).sum(axis=0))
    along = np.tensordot(places, ranks, axes=1)
    return np.divide(along, size, out=np.zeros_like(along), where=size > 0)
