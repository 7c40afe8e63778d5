"""Who of several networks is ahead, and whether that is more than chance. No torch here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, median

CHANCE = 0.05
"""How often equal networks may be told apart, over all pairs of a race together."""

DEVIATIONS = 3.0
"""A score so many standard deviations above guessing is not guessed."""

UNKNOWN = 100.0
"""So many examples a score is taken to be of where nothing says it."""


@dataclass(frozen=True)
class Scored:
    """The shares of right answers of one kind of network, one for each seed, on `n` examples."""

    shares: tuple[float, ...]
    n: float

    @property
    def middle(self) -> float:
        """Their median; NaN where one is not known."""
        return median(self.shares) if all(map(math.isfinite, self.shares)) else math.nan


def ahead(scores: Mapping[str, Scored]) -> list[str]:
    """The best network, and those that chance may have put behind it, the best first.

    One name is a winner. The others are those whose score is not told apart from the best one's
    (`differ`, with the bound shared by all pairs) or, of several seeds, whose best seed reaches the
    worst of the winner's: bands that overlap decide nothing.
    """
    ranking = sorted(scores, key=lambda name: scores[name].middle, reverse=True)
    first, pairs = scores[ranking[0]], math.comb(len(ranking), 2)

    def is_behind(other: Scored) -> bool:
        n = min(first.n, other.n)
        is_apart = min(first.shares) > max(other.shares)
        return is_apart and differ(first.middle, other.middle, n, CHANCE / pairs)

    return [ranking[0], *(name for name in ranking[1:] if not is_behind(scores[name]))]


def differ(one: float, other: float, n: float, chance: float = CHANCE) -> bool:
    """Whether two shares of right answers, each of `n` examples, differ by more than chance does.

        z = (p - q) / sqrt(2 r (1 - r) / n),   r = (p + q) / 2,   |z| > z_(1 - chance / 2)

    The test of two proportions. The examples are the same for both networks, and networks fail on
    similar ones, so this asks for rather too much: McNemar's test on answers would need fewer.
    Unknown shares or numbers differ by nothing.
    """
    if not all(map(math.isfinite, (one, other, n))) or n < 1:
        return False
    both = (one + other) / 2
    deviation = math.sqrt(2 * both * (1 - both) / n)
    return abs(one - other) > NormalDist().inv_cdf(1 - chance / 2) * deviation


def is_guessed(shares: Sequence[float], chance: float, n: float) -> bool:
    """Whether none of the shares, each of `n` examples, is above what guessing may give."""
    count = n if math.isfinite(n) and n >= 1 else UNKNOWN
    most = chance + DEVIATIONS * math.sqrt(chance * (1 - chance) / count)
    return all(not share > most for share in shares)
