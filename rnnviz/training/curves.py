"""What training showed, as arrays: from events or the lines of a run's file to curves and marks.

`S` measured steps, `K` scores. Steps are counted from 1, a score at step 0 is that before training.
Numpy only: a page draws curves before torch is there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rnnviz.safe import strict

STEP_FIELDS = (
    "loss",
    "accuracy",
    "gradient_norm",
    "clipped_norm",
    "learning_rate",
    "examples_per_second",
    "seconds",
)
SCORE_FIELDS = ("loss", "accuracy", "training_loss", "training_accuracy")
LONGEST_LINE = 20_000
MOST_BYTES = 64_000_000
"""Of a file of events; what is behind them is not read."""

MOST_MARKS = 1000
LARGEST = 1e39
"""float32 ends before it; what is larger would overflow in sums and squares."""

NO_NUMBERS = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}
"""What `events.to_json` writes for numbers that JSON has not."""


def _empty() -> np.ndarray:
    return np.zeros(0)


@dataclass(frozen=True)
class Mark:
    """Something that happened at a step: `kind` is "first-clip", "above-chance", "best", ..."""

    step: int
    kind: str
    text: str = ""


@dataclass(frozen=True, eq=False)
class Curves:
    """One run's curves; every array is float64, NaN where nothing was measured.

    `steps (S,)` with `loss`, `accuracy` (of the batch), `gradient_norm` before and `clipped_norm`
    after clipping, `learning_rate`, `examples_per_second`, `seconds` of training, each `(S,)`.
    `score_steps (K,)` with `held_out_loss`, `held_out_accuracy`, `held_out_count`,
    `training_loss`, `training_accuracy`, each `(K,)`. `epoch_steps` are the steps at which epochs
    ended, `total_steps` how many were planned (0: unknown), `lost` how many lines made no sense.
    `best_accuracy` is that of the best epoch on all held-out examples: its network is kept.
    """

    plan: Mapping[str, Any] = field(default_factory=dict)
    steps: np.ndarray = field(default_factory=_empty)
    loss: np.ndarray = field(default_factory=_empty)
    accuracy: np.ndarray = field(default_factory=_empty)
    gradient_norm: np.ndarray = field(default_factory=_empty)
    clipped_norm: np.ndarray = field(default_factory=_empty)
    learning_rate: np.ndarray = field(default_factory=_empty)
    examples_per_second: np.ndarray = field(default_factory=_empty)
    seconds: np.ndarray = field(default_factory=_empty)
    score_steps: np.ndarray = field(default_factory=_empty)
    held_out_loss: np.ndarray = field(default_factory=_empty)
    held_out_accuracy: np.ndarray = field(default_factory=_empty)
    held_out_count: np.ndarray = field(default_factory=_empty)
    training_loss: np.ndarray = field(default_factory=_empty)
    training_accuracy: np.ndarray = field(default_factory=_empty)
    epoch_steps: np.ndarray = field(default_factory=_empty)
    marks: tuple[Mark, ...] = ()
    total_steps: int = 0
    steps_per_epoch: int = 0
    parameters: int = 0
    best_accuracy: float = math.nan
    lost: int = 0

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def last_step(self) -> int:
        """The last step of which anything is known; 0 before the first."""
        ends = [array[-1] for array in (self.steps, self.score_steps) if len(array)]
        return int(max(ends, default=0))

    @classmethod
    def from_events(
        cls, events: Iterable[Mapping[str, Any]], plan: Mapping[str, Any] | None = None
    ) -> Curves:
        """The curves of events as `training.events.to_json` writes them."""
        recorder = Recorder(plan)
        for event in events:
            recorder.add(event)
        return recorder.curves()

    @classmethod
    def from_lines(
        cls, lines: Iterable[str | bytes], plan: Mapping[str, Any] | None = None
    ) -> Curves:
        """The curves of a file with one event a line; what is torn or foreign is left out."""
        recorder, left = Recorder(plan), MOST_BYTES
        for line in lines:
            left -= len(line)
            if left < 0:
                break
            recorder.add_line(line)
        return recorder.curves()


class Recorder:
    """Collects events one by one and gives the curves so far, at any time.

    A run that starts again at a step (`resumed_at`) forgets what came after that step: the steps
    are done anew. Events of a step that is already known take its place.
    """

    def __init__(self, plan: Mapping[str, Any] | None = None) -> None:
        self._plan = dict(plan or {})
        self._steps: dict[int, tuple[float, ...]] = {}
        self._scores: dict[int, tuple[float, ...]] = {}
        self._epochs: dict[int, int] = {}
        self._marks: list[Mark] = []
        self._best: dict[int, float] = {}
        self._total = self._per_epoch = self._parameters = self._lost = 0

    def add_line(self, line: str | bytes) -> None:
        """Take over one line of a run's file; one that is no event is only counted."""
        if not line.strip():
            return
        try:
            event = strict.load_object(line) if len(line) <= LONGEST_LINE else None
        except ValueError:
            event = None
        if event is None:
            self._lost += 1
        else:
            self.add(event)

    def add(self, event: Mapping[str, Any]) -> None:
        """Take over one event, as `training.events.to_json` writes it; unknown kinds are no news.

        An event whose numbers are none is counted as lost.
        """
        kind = event.get("event")
        kind = "".join(filter(str.isalpha, kind)).lower() if isinstance(kind, str) else ""
        take = getattr(self, f"_take_{kind}", None)
        if take is None:
            return
        try:
            take(event)
        except (KeyError, ValueError):
            self._lost += 1

    def _take_trainingstarted(self, event: Mapping[str, Any]) -> None:
        resumed_at = _count(event.get("resumed_at", 0))
        self._total = _count(event.get("steps", 0))
        self._per_epoch = _count(event.get("steps_per_epoch", 0))
        self._parameters = _count(event.get("parameters", 0))
        self._steps = {at: one for at, one in self._steps.items() if at <= resumed_at}
        # The score before training is made again only by a run that starts at the beginning.
        self._scores = {at: one for at, one in self._scores.items() if at <= resumed_at}
        self._epochs = {at: step for at, step in self._epochs.items() if step <= resumed_at}
        self._marks = [mark for mark in self._marks if mark.step <= resumed_at]
        self._best = {step: score for step, score in self._best.items() if step <= resumed_at}

    def _take_stepfinished(self, event: Mapping[str, Any]) -> None:
        self._steps[_count(event["step"])] = _numbers(event, STEP_FIELDS)

    def _take_heldoutscored(self, event: Mapping[str, Any]) -> None:
        numbers = _numbers(event, SCORE_FIELDS)
        count = _amount(event.get("count"))
        self._scores[_count(event["step"])] = (*numbers, count)

    def _take_epochfinished(self, event: Mapping[str, Any]) -> None:
        epoch = _count(event["epoch"])
        # Events without a step, or with none yet (0), end an epoch at the last step before them.
        before = max(self._steps, default=epoch * self._per_epoch)
        step = _count(event.get("step") or 0) or before
        loss = _number(event.get("held_out_loss"))
        held_out = _share(event.get("held_out_accuracy"))
        training = _share(event.get("training_accuracy"))
        count = _amount(event.get("held_out_count"))
        self._epochs[epoch] = step
        self._scores.setdefault(step, (loss, held_out, math.nan, training, count))
        if event.get("is_best") is True:
            self._best[step] = held_out

    def _take_trainingwarned(self, event: Mapping[str, Any]) -> None:
        kind, text = str(event["kind"])[:40], str(event.get("text", ""))[:400]
        mark = Mark(_count(event["step"]), kind, text)
        if len(self._marks) < MOST_MARKS and mark not in self._marks:
            self._marks.append(mark)

    def curves(self) -> Curves:
        """Everything so far, in the order of the steps."""
        steps, scores = sorted(self._steps), sorted(self._scores)
        of_steps = _columns([self._steps[at] for at in steps], len(STEP_FIELDS))
        of_scores = _columns([self._scores[at] for at in scores], len(SCORE_FIELDS) + 1)
        marks, best = list(self._marks), math.nan
        if self._best:
            step = max(self._best)
            best = self._best[step]
            marks.append(Mark(step, "best", f"best so far, {100 * best:.2f} % held out"))
        return Curves(
            plan=self._plan,
            steps=np.array(steps, float),
            **dict(zip(STEP_FIELDS, of_steps, strict=True)),
            score_steps=np.array(scores, float),
            held_out_loss=of_scores[0],
            held_out_accuracy=of_scores[1],
            training_loss=of_scores[2],
            training_accuracy=of_scores[3],
            held_out_count=of_scores[4],
            epoch_steps=np.array(sorted(self._epochs.values()), float),
            marks=tuple(sorted(marks, key=lambda mark: mark.step)),
            total_steps=self._total,
            steps_per_epoch=self._per_epoch,
            parameters=self._parameters,
            best_accuracy=best,
            lost=self._lost,
        )


def smoothed(
    values: np.ndarray,
    weight: float | None = None,
    *,
    half_life: float | None = None,
    steps: np.ndarray | None = None,
) -> np.ndarray:
    """The exponential mean of `values (S,)` so far, corrected at the start, per step `(S,)`.

    `m_t = w m_{t-1} + (1 - w) x_t`, shown as `m_t / (1 - w^t)`: the correction of Kingma and Ba
    2015, so that the first values are no pull towards zero. `weight` is `w`, 0 (no smoothing) up
    to but not 1; or `half_life` says after how many steps a value counts half, `w = 2^(-1/h)`.
    With `steps (S,)`, increasing, values between which steps are missing lose `w` for each of
    those too: a curve looks the same however many of its points were kept. What is not finite
    counts for nothing; before the first finite value stands NaN. Raises ValueError.
    """
    values = np.asarray(values, float)
    if (weight is None) == (half_life is None):
        raise ValueError("smoothed: expected either weight or half_life")
    if half_life is not None:
        if not half_life > 0:
            raise ValueError(f"half_life: expected more than 0 steps, got {half_life}")
        weight = 0.5 ** (1 / half_life)
    assert weight is not None
    if not 0 <= weight < 1:
        raise ValueError(f"weight: expected 0 up to but not 1, got {weight}")
    gaps = np.ones(len(values)) if steps is None else np.diff(np.asarray(steps, float), prepend=0)
    if len(gaps) != len(values) or (gaps[1:] <= 0).any():
        raise ValueError("steps: expected one for each value, increasing")
    fadings = weight ** np.maximum(gaps, 0)
    mean, total, shown = 0.0, 0.0, []
    for value, fading in zip(values.tolist(), fadings.tolist(), strict=True):
        mean, total = fading * mean, fading * total
        if math.isfinite(value):
            mean, total = mean + (1 - weight) * value, total + (1 - weight)
        shown.append(mean / total if total > 0 else math.nan)
    return np.array(shown)


def thinned(values: np.ndarray, most: int = 400) -> np.ndarray:
    """Which of `values (S,)` to draw so that the line looks the same: indices, at most `most`.

    The first and the last are among them and, of every stretch of `2^k` values, the lowest and the
    highest. Stretches begin at fixed places, so a line that grows does not flicker. Raises
    ValueError for fewer than 8 points.
    """
    if most < 8:
        raise ValueError(f"most: expected at least 8 points, got {most}")
    values = np.asarray(values, float)
    count = len(values)
    if count <= most:
        return np.arange(count)
    stretch = 4
    while -(-count // stretch) * 2 + 2 > most:
        stretch *= 2
    padded = np.full(-(-count // stretch) * stretch, np.nan)
    padded[:count] = values
    rows = padded.reshape(-1, stretch)
    starts = np.arange(len(rows)) * stretch
    lowest = starts + np.where(np.isnan(rows), np.inf, rows).argmin(axis=1)
    highest = starts + np.where(np.isnan(rows), -np.inf, rows).argmax(axis=1)
    return np.unique(np.concatenate([[0], lowest, highest, [count - 1]]))


def _columns(rows: list[tuple[float, ...]], width: int) -> list[np.ndarray]:
    table = np.array(rows, float).reshape(len(rows), width)
    return [table[:, column].copy() for column in range(width)]


def _count(value: Any) -> int:
    """A step, an epoch: a whole number of at least 0 that is not beyond all measure."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not strict.is_count(value):
        raise ValueError(f"expected a count, got {value!r:.40}")
    return int(value)


def _number(value: Any, least: float = -LARGEST, most: float = LARGEST) -> float:
    """The number, NaN for nothing; JSON has no NaN of its own, so None and texts stand for it."""
    if value is None:
        return math.nan
    found = NO_NUMBERS.get(value) if isinstance(value, str) else value
    if isinstance(found, float) and not math.isfinite(found):
        return found
    if not strict.is_number(found, least, most):
        raise ValueError(f"expected a number from {least:g} to {most:g}, got {value!r:.40}")
    return float(found)  # type: ignore[arg-type]


def _share(value: Any) -> float:
    return _number(value, 0.0, 1.0)


def _amount(value: Any) -> float:
    """How many examples; NaN for nothing."""
    return math.nan if value is None else float(_count(value))


def _numbers(event: Mapping[str, Any], names: tuple[str, ...]) -> tuple[float, ...]:
    """The fields of an event: shares are from 0 to 1, the others of usual size."""
    return tuple(
        (_share if name.endswith("accuracy") else _number)(event.get(name)) for name in names
    )
