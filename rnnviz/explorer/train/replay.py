"""How the same input was read at every moment of a training: snapshots in, readings out.

`subject(plan)` has a run's held-out inputs and its network's form; `measure` says what the network
of a snapshot answers and how its gradient flows, `read` everything that the theatre shows.

Shapes: `T` steps, `C` classes, `S` steps that are answered.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnviz.analysis.gradient_flow import GradientFlow, gradient_flow
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.models.reader import prefix_ends
from rnnviz.runs.snapshots import Snapshot, load_into
from rnnviz.theatre.reading import Mark, Reading, reading_from_trace
from rnnviz.training import preparation
from rnnviz.training.engine.objectives import LARGEST_ERROR, Number, Objective
from rnnviz.training.plan import Plan
from rnnviz.training.tasks import load
from rnnviz.training.tasks.source import Shown
from rnnviz.training.tasks.table import TASKS

_LOADING = Lock()


@dataclass(frozen=True, eq=False)
class Subject:
    """What the snapshots of a run have in common: its plan, its inputs, what is right."""

    plan: Plan
    words: dict[str, Any]
    labels: tuple[str, ...]
    objective: Objective
    inputs: tuple[Shown, ...]

    def model(self, snapshot: Snapshot) -> SequenceClassifier:
        """The network of a snapshot, in evaluation mode; raises `SnapshotError`."""
        return load_into(preparation.build(self.plan, self.words), snapshot)

    def target(self, shown: Shown) -> Tensor:
        """What is right for one input, as the objective takes it: `(1,)` or `(1, S)`."""
        kind = TASKS[self.plan.task].answers
        if kind == "number":
            return torch.tensor([float(shown.truth)])
        if kind == "symbols":
            return torch.tensor([[self.labels.index(symbol) for symbol in shown.truth]])
        return torch.tensor([self.labels.index(shown.truth)])


@dataclass(frozen=True, eq=False)
class Measured:
    """What the network of one snapshot does with one input.

    `answer` is what it says in words, `right` whether that counts as right (of symbols: all of
    them). `share` is the probability of the right answer; of symbols the mean over the `S` steps,
    of the adding task the number that it says.
    """

    step: int
    answer: str
    right: bool
    share: float
    flow: GradientFlow


def subject(plan: Plan) -> Subject:
    """The inputs and the form of a plan's network.

    Loads the data of the plan, of one plan at a time, and lets go of it: what is returned holds no
    more of it than the few inputs. Raises `DataError` where it cannot be had.
    """
    with _LOADING:
        try:
            source = load.load(plan)
            inputs = tuple(
                replace(
                    one,
                    inputs=one.inputs.clone(),  # a view would keep all held-out examples
                    image=None if one.image is None else one.image.copy(),
                )
                for one in source.shown
            )
            return Subject(plan, dict(source.model), tuple(source.labels), source.objective, inputs)
        finally:
            load.forget()


def measure(subject: Subject, snapshot: Snapshot, shown: Shown) -> Measured:
    """What the network of a snapshot says of an input, and how the gradient of its loss flows.

    Raises `SnapshotError` for a file that cannot be used, ValueError for numbers that are none.
    """
    target = subject.target(shown)

    def loss(outputs: Tensor) -> Tensor:
        return subject.objective.loss(outputs, target, 0.0)

    flow = gradient_flow(subject.model(snapshot), shown.inputs, loss)
    outputs = torch.from_numpy(flow.outputs)[None]
    right = float(subject.objective.correct(outputs, target)[0]) >= 1
    if isinstance(subject.objective, Number):
        number = float(subject.objective.answers(outputs)[0])
        return Measured(snapshot.step, f"{number:.3f}", right, number, flow)
    shares = outputs.softmax(dim=-1).gather(-1, target[..., None])
    said = outputs.argmax(dim=-1).flatten().tolist()
    answer = "".join(subject.labels[one] for one in said)
    return Measured(snapshot.step, answer, right, float(shares.mean()), flow)


def read(subject: Subject, snapshot: Snapshot, shown: Shown, *, name: str = "") -> Reading:
    """How the network of a snapshot read an input, for the theatre; raises as `measure`.

    Where the answer is a number the reading has none: the theatre would speak of classes.
    """
    model = subject.model(snapshot)
    count = len(shown.inputs)
    ends = prefix_ends(count) if model.recurrent.bidirectional else range(1, count + 1)
    trace = model.trace(shown.inputs[None], prefix_ends=tuple(ends))
    if len(ends) < count:
        # A step between two answers that were worked out has the one before it.
        places = np.searchsorted(ends, np.arange(1, count + 1), side="right") - 1
        known = trace.prefix_probabilities[:, torch.tensor(ends) - 1]
        trace = replace(trace, prefix_probabilities=known[:, torch.from_numpy(places)])
    kind = TASKS[subject.plan.task].answers
    reading = reading_from_trace(
        trace,
        name=name or f"after step {snapshot.step:,}",
        readout=str(model.config["readout"]),
        classes=subject.labels,
        image=shown.image,
        tokens=shown.tokens,
        truth=shown.truth if kind == "class" else None,
        step_word=shown.step_word,
    )
    notes = tuple(Mark(step, label, "note", words) for step, label, words in shown.marks)
    # Where the answer is no class, a step from which on it stays has no meaning.
    marks = notes + ((reading.marks or ()) if kind == "class" else ())
    if kind == "number":
        return replace(reading, classes=(), probabilities=None, marks=marks)
    answered = None if len(ends) == count else tuple(end - 1 for end in ends)
    return replace(reading, marks=marks, answered=answered)


class Course:
    """What the snapshots of one run do with one input, worked out as far as time allows.

    Threads may share it. What was worked out with a file that is written anew is forgotten.
    """

    def __init__(self, subject: Subject, shown: Shown) -> None:
        self.subject, self.shown = subject, shown
        self._known: dict[int, tuple[int, Measured | str]] = {}
        self._lock = Lock()

    def extend(
        self, snapshots: Sequence[Snapshot], *, first: int | None = None, seconds: float = 0.3
    ) -> bool:
        """Work out what is missing for `seconds`, the one of step `first` in any case.

        Returns whether nothing is missing any more.
        """
        end = time.monotonic() + seconds
        with self._lock:
            now = {one.step: one.stamp for one in snapshots}
            kept = self._known.items()
            self._known = {step: one for step, one in kept if now.get(step) == one[0]}
            missing = [one for one in snapshots if one.step not in self._known]
            # From both ends and the middle inwards, so that the curve has its form early.
            missing.sort(key=lambda one: (one.step != first, _late(snapshots.index(one))))
            for one in missing:
                if one.step != first and time.monotonic() > end:
                    return False
                self._known[one.step] = (one.stamp, self._measured(one))
        return True

    def _measured(self, snapshot: Snapshot) -> Measured | str:
        try:
            return measure(self.subject, snapshot, self.shown)
        except ValueError as error:  # a SnapshotError, or a network that has run away
            return str(error)

    @property
    def measured(self) -> tuple[Measured, ...]:
        """What is known so far, in the order of the steps."""
        known = sorted(self._known.items())
        return tuple(one for _, (_, one) in known if isinstance(one, Measured))

    @property
    def sentences(self) -> tuple[str, ...]:
        """A sentence for each snapshot that cannot be used."""
        return tuple(one for _, (_, one) in sorted(self._known.items()) if isinstance(one, str))


def _late(place: int) -> int:
    """Sorts places 0, 1, 2, ... so that every prefix is spread: 0, 16, 8, 24, 4, 12, ..."""
    return int(f"{place % 256:08b}"[::-1], 2)


def truth_of(subject: Subject, shown: Shown) -> float | None:
    """The number that the adding task wants; None where a probability is measured."""
    return float(shown.truth) if isinstance(subject.objective, Number) else None


TOLERANCE = LARGEST_ERROR
"""Within this the answer to the adding task is right."""
