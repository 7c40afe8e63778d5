"""Explanations of IMDb test reviews: how well they add up, how far they agree, how long they take.

    python -m benchmarks.attribution [--models imdb-gru ...] [--texts 100] [--seed 0] [--minutes 25]

Seconds are processor time of one thread, which a busy machine makes longer by little. After
`--minutes` a model begins no further review; the first line says how many it explained.

Needs the reviews (`RNNVIZ_DATA`, or ../shared/data) and models in `pretrained/`. The reviews are
drawn with the seed from the test ones; nothing is chosen by them.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from itertools import combinations

import numpy as np
import torch

from rnnviz.analysis.attribution import (
    CHEAP,
    MEASURES,
    TextExplanation,
    explain_text,
    shuffled_attention,
)
from rnnviz.data import imdb
from rnnviz.models import checkpoint, tokens

AIM = 0.01


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="*", default=["imdb-rnn", "imdb-gru", "imdb-lstm"])
    parser.add_argument("--texts", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shuffles", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=math.inf, help="at most, for each model")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    found = imdb.load("test")
    places = np.random.default_rng(chosen.seed).permutation(len(found))[: chosen.texts]
    for name in chosen.models:
        report(name, [found.texts[place] for place in places], chosen.shuffles, chosen.minutes)


def report(name: str, texts: list[str], shuffles: int, minutes: float) -> None:
    """Print what the explanations of the texts by one model come to, in so many minutes."""
    model, tokenizer = checkpoint.load(name), tokens.load(name)
    read = [tokenizer.encode(text) for text in texts]
    explain_text(model, read[0])  # what is imported on the first call is not timed
    explained, seconds, cheap, shuffled = [], [], [], []
    end = time.monotonic() + 60 * minutes
    for one in read:
        start = time.process_time()
        explained.append(explain_text(model, one))
        seconds.append(time.process_time() - start)
        start = time.process_time()
        explain_text(model, one, measures=CHEAP)
        cheap.append(time.process_time() - start)
        shuffled.append(shuffled_attention(model, one, shuffles))
        if time.monotonic() > end:
            break
    lengths = [len(one) for one in read[: len(explained)]]
    print(
        f"{name}: {len(lengths)} of {len(texts)} test reviews "
        f"of {min(lengths)} to {max(lengths)} tokens"
    )
    _completeness(explained)
    print(
        f"  seconds a text: median {statistics.median(seconds):.2f}, most {max(seconds):.2f}; "
        f"attention and gradient alone {statistics.median(cheap):.3f}"
    )
    for first, second in combinations(MEASURES, 2):
        values = [one.rank_correlations.get((first, second)) for one in explained]
        known = [value for value in values if value is not None]
        if known:
            low, middle, high = np.quantile(known, [0.1, 0.5, 0.9])
            print(
                f"  rank correlation of {first} and {second}: median {middle:+.2f} "
                f"(10 % below {low:+.2f}, 10 % above {high:+.2f}, {len(known)} texts)"
            )
    moved = [one.median_change for one in shuffled]
    flipped = [one.flips for one in shuffled]
    could = sum(one.lowest < 0.5 < one.highest for one in shuffled)
    print(
        f"  shuffled attention, {shuffles} times: median change {100 * np.median(moved):.1f} "
        f"points (most {100 * max(moved):.1f}); other answer in {100 * np.mean(flipped):.1f} % of "
        f"all shuffles; texts where some shuffle changes it {sum(f > 0 for f in flipped)}, where "
        f"all attention on one token could {could}"
    )


def _completeness(explained: list[TextExplanation]) -> None:
    errors = [one.completeness.relative_error for one in explained if one.completeness]
    steps = [one.completeness.steps for one in explained if one.completeness]
    short = sum(error >= AIM for error in errors)
    print(
        f"  completeness error: median {100 * statistics.median(errors):.3f} %, "
        f"most {100 * max(errors):.3f} %, {short} of {len(errors)} at 1 % or more; "
        f"steps: median {statistics.median(steps):.0f}, most {max(steps)}"
    )
    tokens_off = [one.completeness.token_error for one in explained if one.completeness]
    known = [error for error in tokens_off if error is not None]
    print(
        f"  single tokens: checked in {len(known)} of {len(tokens_off)}; changed by a part of the "
        f"largest: median {100 * statistics.median(known or [math.nan]):.3f} %, "
        f"most {100 * max(known, default=math.nan):.3f} %"
    )


if __name__ == "__main__":
    main()
