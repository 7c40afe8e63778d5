"""How well the three cells learn our grammar of opinions: ``python -m benchmarks.grammar``.

Each cell is trained with a few seeds as ``python -m rnnviz train sentences`` does, and scored by
``python -m rnnviz evaluate`` on the 2,000 test sentences, of which no combination of template and
opinion words occurs in training. Prints a table of the constructions, in per cent over all seeds,
and how long a training took. Nothing is kept but with ``--output``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rnnviz.notation.cells import CELL_NAMES

CELLS = ("rnn", "gru", "lstm")


def call(*words: str) -> str:
    """What a command of rnnviz prints; stops with its message where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "rnnviz", *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"rnnviz {' '.join(words)}: {done.stderr}")
    return done.stdout


def learn(cell: str, seed: int, folder: Path) -> tuple[dict[str, Any], float]:
    """The score of one trained network by construction, and the seconds of its training."""
    path = folder / f"sentences-{cell}-{seed}"
    started = time.perf_counter()
    call("train", "sentences", "--cell", cell, "--seed", str(seed), "--output", str(path))
    seconds = time.perf_counter() - started
    return json.loads(call("evaluate", str(path), "--json")), seconds


def table(scores: dict[str, list[dict[str, Any]]]) -> str:
    """A row for every construction and one for all, a column for every cell: right of all seeds."""
    rows = ["| construction | sentences | " + " | ".join(CELL_NAMES[one] for one in scores) + " |"]
    rows.append("|---|--:|" + "--:|" * len(scores))
    first = next(iter(scores.values()))
    for group in (*first[0]["groups"], "all"):
        parts = {cell: [part(one, group) for one in every] for cell, every in scores.items()}
        n = next(iter(parts.values()))[0][1]
        shares = (
            100 * sum(right for right, _ in some) / sum(of for _, of in some)
            for some in parts.values()
        )
        rows.append(f"| {group} | {n:,} | " + " | ".join(f"{one:.2f} %" for one in shares) + " |")
    return "\n".join(rows)


def part(score: dict[str, Any], group: str) -> tuple[int, int]:
    """How many of a construction's sentences are right, and of how many."""
    if group == "all":
        return score["correct"], score["n"]
    found = score["groups"][group]
    return round(found["accuracy"] * found["n"]), found["n"]


def main() -> None:
    """Train, score, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grammar", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--output", type=Path, help="keep the networks in this folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.output or Path(scratch)
        scores: dict[str, list[dict[str, Any]]] = {cell: [] for cell in CELLS}
        for cell in CELLS:
            for seed in range(options.seeds):
                score, seconds = learn(cell, seed, folder)
                scores[cell].append(score)
                right = 100 * score["accuracy"]
                print(f"{cell} seed {seed}: {right:.2f} % in {seconds:.0f} s", file=sys.stderr)
    print(table(scores))


if __name__ == "__main__":
    main()
