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
words that come about as often. For the place: the sign of each text's `rho` is drawn anew, as if
texts fell or rose by accident, which leaves alone that neighbouring states are alike. Every state
starts from zero and takes some tokens to get away, so that nearly all units are beyond this chance:
for the place, the order of the units says more than the bound.

Shapes: `n` texts, `N` tokens, `W` words, `D` directions, `H` units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from rnnviz.analysis.contrast import DRAWN, LEVEL, cohens_d, interval_of_d, threshold_of_d
from rnnviz.analysis.states import States, read
from rnnviz.analysis.words import LISTS, Words

if TYPE_CHECKING:
    from rnnviz.models.classifier import SequenceClassifier
    from rnnviz.models.tokens import Encoded, TextTokenizer

KINDS = ("negation", "positive", "negative", "position")

FEWEST_WORDS, FEWEST_TEXTS, FEWEST_TOKENS = 10, 5, 4
"""Occurrences of a list's words, and texts with one, below which nothing is scored; tokens of a
text, below which its place says nothing."""

FEWEST_OTHERS = 40
"""Different neutral words that must remain to compare with, when chance has taken as many as the
list has."""

MOST_OF_A_TEXT, MOST_TOKENS = 200, 40_000
"""Tokens of a text of somebody's own, and of all of them together.

For an LSTM of 128 units both ways these are 420 MB at the peak and 6 to 14 seconds of processor.
"""


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
    """Reactions of all units of one layer, by kind; `missing` says why others have no scores."""

    signal: str
    directions: tuple[str, ...]
    units: int
    scores: Mapping[str, Scores]
    texts: int
    missing: Mapping[str, str] = field(default_factory=dict)

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
            return self.missing[kind]
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
            "when each text's rho has a sign drawn at random"
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
                f"text, −1 to 1, in the mean over {found.texts:,} texts. {bound} Each state "
                "starts from zero, so that most units get beyond this: look at the strongest."
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
    """The states over `texts`, or over the bundled corpus of our own sentences.

    Of `texts`, at most `MOST_OF_A_TEXT` tokens each are read, head and tail, and no more texts than
    have `MOST_TOKENS` together: `len` of what comes back says how many.
    """
    if texts is None:
        from rnnviz.data import corpus

        encoded = [tokenizer.encode(one.text) for one in corpus.load()]
    else:
        encoded = _within_budget(tokenizer, texts)
    return read(model, encoded, signal=signal, layer=layer)


def _within_budget(tokenizer: TextTokenizer, texts: Sequence[str]) -> list[Encoded]:
    found: list[Encoded] = []
    count = 0
    for text in texts:
        one = tokenizer.encode(text, min(MOST_OF_A_TEXT, tokenizer.most_tokens))
        count += len(one)
        if count > MOST_TOKENS:
            break
        found.append(one)
    return found


def score(states: States, *, seed: int = 0) -> Reactions:
    """All reactions of all units over texts that were read; numpy and scipy only."""
    words = Words.of(states)
    every: dict[str, Scores | str] = {
        kind: _of_words(words, kind, seed, len(states)) for kind in LISTS
    }
    every["position"] = _of_places(states, seed)
    return Reactions(
        signal=states.signal,
        directions=states.directions,
        units=states.values.shape[2],
        scores={kind: one for kind, one in every.items() if isinstance(one, Scores)},
        texts=len(states),
        missing={kind: one for kind, one in every.items() if isinstance(one, str)},
    )


def _too_few(words: Words, kind: str, listed: np.ndarray, neutral: np.ndarray, texts: int) -> str:
    """Why a list cannot be scored over these texts; empty where it can."""
    count, within = int(listed.sum()), len(np.unique(words.texts[listed]))
    if count < FEWEST_WORDS:
        return (
            f"Too few words of the list “{kind}” in these {texts:,} texts: {count}, and at least "
            f"{FEWEST_WORDS} are needed."
        )
    if within < FEWEST_TEXTS:
        return (
            f"Too few texts with a word of the list “{kind}”: {within} of {texts:,}, and at least "
            f"{FEWEST_TEXTS} are needed."
        )
    others = len(np.unique(words.names[neutral]))
    needed = len(np.unique(words.names[listed])) + FEWEST_OTHERS
    if others < needed:
        return (
            f"Too few other words to compare the list “{kind}” with: {others} different ones in "
            f"these {texts:,} texts, and at least {needed} are needed."
        )
    return ""


def _of_words(words: Words, kind: str, seed: int, count: int) -> Scores | str:
    listed = np.isin(words.names, LISTS[kind])
    neutral = ~np.isin(words.names, [word for one in LISTS.values() for word in one])
    if missing := _too_few(words, kind, listed, neutral, count):
        return missing
    used = listed | neutral
    member, texts = listed[used], words.texts[used]
    shape = words.changes.shape[1:]
    changes = words.changes[used].reshape(len(member), -1)
    # Centred, their squares add up well though each of them is kept in single precision.
    changes -= changes.mean(axis=0, dtype=np.float64).astype(np.float32)
    low, high = interval_of_d(changes, member, texts, seed)
    return Scores(
        kind=kind,
        values=cohens_d(changes[member], changes[~member]).reshape(shape),
        low=low.reshape(shape),
        high=high.reshape(shape),
        threshold=threshold_of_d(changes, member, words.names[used], seed),
        count=int(listed.sum()),
        others=int(neutral.sum()),
        texts=len(np.unique(texts)),
        changes={
            str(word): (words.changes[words.names == word].mean(axis=0), int(count))
            for word, count in zip(*np.unique(words.names[listed], return_counts=True), strict=True)
        },
    )


def _of_places(states: States, seed: int) -> Scores | str:
    long = [number for number, one in enumerate(states.encoded) if len(one) >= FEWEST_TOKENS]
    if len(long) < FEWEST_TEXTS:
        return (
            f"Too few texts of at least {FEWEST_TOKENS} tokens: {len(long)}, and at least "
            f"{FEWEST_TEXTS} are needed."
        )
    shape = states.values.shape[1:]
    found = np.stack([rho_of_places(states.of(number)) for number in long]).reshape(len(long), -1)
    draw = np.random.default_rng(seed)
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
