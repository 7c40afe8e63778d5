"""The moments of a training in words: of the time machine's scrubber, storage and empty states.

No torch and no Streamlit.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rnnviz.explorer.train.lines import right_words
from rnnviz.runs.record import Run
from rnnviz.runs.snapshots import Found
from rnnviz.training.curves import Curves

STEP_LINE = b'"step-finished"'

LIVE_WORDS = {
    "queued": "This training still waits for its turn.",
    "running": "The first snapshot is taken before the first step, in a moment.",
    "paused": "This training was paused before its first snapshot: press Resume.",
    "uploaded": "This network was brought from elsewhere, where no snapshots of it were kept.",
}


HIDDEN = (
    "The time machine shows texts that a network was tested on. This network learnt from texts "
    "that somebody brought, and they are not shown to others. Whoever trained it can share them: "
    "with the switch “Show my texts to people with this link”, which stands here for that person."
)
SHARING = (
    "Off: only this browser sees your texts. On: whoever has the link of this training sees the "
    "held-out texts of the time machine, their labels, and what went wrong with your file, if "
    "anything did. The curves, and the names of the answers, are seen in any case."
)


@dataclass(frozen=True)
class Moment:
    """A moment of the scrubber: `epoch` counts from 1 and is 0 before the first step or unknown."""

    step: int
    epoch: int = 0
    accuracy: float = float("nan")

    @property
    def when(self) -> str:
        """``step 120 · epoch 2``."""
        said = f"step {self.step:,}" if self.step else "before training"
        return f"{said} · epoch {self.epoch}" if self.epoch else said

    @property
    def words(self) -> str:
        """``step 120 · epoch 2 · 87.0 % held out``."""
        if not np.isfinite(self.accuracy):
            return self.when
        return f"{self.when} · {100 * self.accuracy:.1f} % held out"


def scores(path: Path) -> Curves:
    """The curves of a run's file without its single steps, which are nearly all of it."""
    try:
        with path.open("rb") as file:
            return Curves.from_lines(line for line in file if STEP_LINE not in line[:60])
    except OSError:
        return Curves()


def moments(steps: tuple[int, ...], curves: Curves) -> dict[int, Moment]:
    """What is known of the training at these steps; a score is one that was made at that step."""
    shares = dict(zip(curves.score_steps.tolist(), curves.held_out_accuracy.tolist(), strict=True))
    every = curves.steps_per_epoch
    return {
        step: Moment(step, -(-step // every) if every else 0, shares.get(step, float("nan")))
        for step in steps
    }


def scale_words(task: str) -> str:
    """What the share in the label of a moment counts."""
    what = right_words(task).lower()
    return f"The share is that of {what} on held-out examples, at the steps where it was measured."


def storage_words(found: Found, most: int, most_bytes: int) -> str:
    """How many snapshots there are and what room they take."""
    count = len(found.snapshots)
    several = "snapshot" if count == 1 else "snapshots"
    return (
        f"{count} {several} of the weights, {_megabytes(found.bytes)} on the server's disk as "
        f"16-bit numbers. A run keeps at most {most} and {_megabytes(most_bytes)}: close to each "
        "other at first, when most happens, then evenly. They go when the run is deleted."
    )


def empty_words(run: Run) -> str:
    """Why there is nothing to scrub through, and what to do."""
    why = LIVE_WORDS.get(run.state, "No snapshot of this training was kept.")
    what = (
        "The time machine needs snapshots, small copies of the weights that are taken while a "
        "network trains here."
    )
    do = "" if run.is_live else " Press Train, or choose another run under Runs."
    return f"{why} {what}{do}"


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.0f} MB" if count >= 1e7 else f"{count / 1e6:.1f} MB"
