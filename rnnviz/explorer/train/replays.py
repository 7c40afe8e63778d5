"""What the time machine shows: a run's snapshots, what was read with them, and the figures.

Worked out once for everybody and kept for some hours, within bounds. `Choice` is what one session
has chosen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnviz.explorer.parts import visitor as train_jobs
from rnnviz.explorer.parts.components import last_pick
from rnnviz.explorer.parts.kept import kept, kept_with
from rnnviz.explorer.train import moments
from rnnviz.notation.palette import Theme
from rnnviz.runs import snapshots
from rnnviz.runs.record import Run
from rnnviz.runs.snapshots import Found, Snapshot
from rnnviz.safe.checked import whole
from rnnviz.theatre.turns import Offers, Turns
from rnnviz.theatre.view import View
from rnnviz.training.curves import Curves
from rnnviz.training.plan import Plan

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from rnnviz.explorer.train.replay import Course, Measured, Subject

GATHERING, LIVE = 0.4, 3.0
"""Seconds between two runs: while it works out what is missing, or waits for snapshots."""

BUDGET = 0.2
"""Seconds that one run may take for what is missing."""


@dataclass(eq=False)
class Choice:
    """What a session has chosen; `step` None follows the newest snapshot.

    ``placed`` is where the scrubber was put or moved to last, ``scrubbed`` says by whom.
    """

    shown: str = ""
    run: str = ""
    input: int = 0
    step: int | None = None
    placed: int | None = None
    scrubbed: Turns = field(default_factory=Turns)
    ghost: bool = False
    view: View | None = None
    start: View | None = None
    reading: tuple[Any, ...] = ()
    ready: Stage | None = None
    """What the page's run has worked out for the fragment in it."""
    offers: Offers = field(default_factory=Offers)

    def look_at(self, shown: str, runs: Mapping[str, Run]) -> None:
        """Another run of the page's is shown; of a race the one that was chosen stays."""
        if shown != self.shown:
            self.shown, self.run = shown, shown
            self.step = self.placed = None
        if self.run not in runs:
            self.run = shown
        self.hear()

    @property
    def scrubber(self) -> str:
        """The key of the scrubber: each run of the page's has its own."""
        # Streamlit takes no key of a component with two underscores in a row; ids may have them.
        return f"machine_scrubber.{self.shown.replace('_', '.')}"

    def hear(self) -> None:
        """Go to where the scrubber was moved; each move counts once."""
        said = last_pick(self.scrubber)
        step = None if said is None else whole(said.value)
        if said is not None and step is not None and self.scrubbed.hears(said.turn):
            self.step = self.placed = step

    def put(self, step: int) -> None:
        """The scrubber is shown at `step`, and moves there where it stands elsewhere."""
        if step != self.placed:
            self.placed = step
            self.scrubbed.fills()


@dataclass(frozen=True, eq=False)
class Stage:
    """What there is to show: a run of `lanes`, its snapshots, the chosen one, its course.

    `hidden` where it would show texts of somebody who has not shared them: then there is nothing.
    """

    lanes: Mapping[str, Run]
    run: Run
    found: Found
    subject: Subject | None = None
    course: Course | None = None
    complete: bool = True
    hidden: bool = False

    @property
    def every(self) -> float | None:
        """How often the panel should run by itself."""
        if not self.complete:
            return GATHERING
        return LIVE if self.run.is_live else None


def stage_of(shown: str, choice: Choice, visitor: str) -> Stage:
    """What there is to show `visitor` now; raises `RunError`, `PlanError` or `DataError`."""
    runs = lanes(shown)
    choice.look_at(shown, runs)
    run = runs[choice.run]
    if not run.shows_texts_to(visitor):
        return Stage(runs, run, Found(), hidden=True)
    found = snapshots.found(run.snapshots_folder)
    if not found.snapshots:
        return Stage(runs, run, found)
    plan = json.dumps(Plan.from_json(run.plan).to_json(), sort_keys=True)
    subject = _subject(plan)
    choice.input = min(choice.input, len(subject.inputs) - 1)
    course = _course(str(run.folder), plan, choice.input)
    complete = course.extend(found.snapshots, first=chosen_step(choice, found), seconds=BUDGET)
    return Stage(runs, run, found, subject, course, complete)


def lanes(shown: str) -> dict[str, Run]:
    """The run of that id, with those that it races against, as their records are now."""
    store = train_jobs.desk().store
    run = store.get(shown)
    if run.group is None:
        return {run.id: run}
    same = {one.id: one for one in store.of(run.visitor) if one.group == run.group}
    every = {**same, run.id: run}.values()
    return {one.id: one for one in sorted(every, key=lambda one: (one.created, one.id))}


def chosen_step(choice: Choice, found: Found) -> int:
    """The step of the chosen snapshot."""
    return found.steps[-1] if choice.step is None else found.at(choice.step).step


def moments_of(stage: Stage) -> dict[int, moments.Moment]:
    """What is known of the training at the steps of the snapshots."""
    path = stage.run.curves_path
    try:
        about = path.stat()
        curves = _scores(str(path), about.st_mtime_ns, about.st_size)
    except OSError:
        curves = Curves()
    return moments.moments(stage.found.steps, curves)


def course_figure(
    stage: Stage, choice: Choice, measured: Mapping[int, Measured], step: int, theme: Theme
) -> go.Figure:
    """The answers to the chosen input over the training, with a line at `step`."""
    from rnnviz.explorer.train.replay import truth_of
    from rnnviz.figures.course import answer_course

    assert stage.subject is not None
    shown, steps = stage.subject.inputs[choice.input], stage.found.steps
    wanted, chance = truth_of(stage.subject, shown), 1 / len(stage.subject.labels)
    known = [measured.get(one) for one in steps]
    return answer_course(
        steps,
        np.array([np.nan if one is None else one.share for one in known]),
        ["" if one is None else one.answer for one in known],
        [one is not None and one.right for one in known],
        chosen=step,
        truth=shown.truth,
        wanted=wanted,
        chance=None if wanted is not None else chance,
        theme=theme,
    )


def flow_figure(
    stage: Stage, choice: Choice, measured: Mapping[int, Measured], step: int, theme: Theme
) -> go.Figure | None:
    """The gradient flow at `step`, on an axis for all moments; None where there is none."""
    from rnnviz.figures.gradient_flow import flow_range, gradient_flow

    if step not in measured:
        return None
    assert stage.subject is not None
    shown = stage.subject.inputs[choice.input]
    layers = [one.flow.layers for one in measured.values()]
    norms = [each for one in layers for layer in one for each in layer.directions.values()]
    return gradient_flow(
        [layer.directions for layer in measured[step].flow.layers],
        decades=flow_range(norms),
        tokens=shown.tokens,
        marks={place: label for place, label, _ in shown.marks},
        step_word=shown.step_word,
        when=f"at step {step:,}",
        theme=theme,
    )


def as_ghost(packed: dict[str, Any]) -> dict[str, Any]:
    """A packed reading as the ghost of another one."""
    unordered = {"forward": None, "backward": None}
    layers = [{**layer, "orders": unordered} for layer in packed["layers"]]
    return packed | {"layers": layers, "name": f"the last snapshot, {packed['name']}"}


@kept
def _subject(plan: str) -> Subject:
    """What the snapshots of a plan have in common; raises `DataError`."""
    from rnnviz.explorer.train.replay import subject

    return subject(Plan.from_json(json.loads(plan)))


@kept_with(grows=True)
def _course(folder: str, plan: str, place: int) -> Course:
    """What a run's snapshots do with one input, shared by all who look at it."""
    from rnnviz.explorer.train.replay import Course

    subject = _subject(plan)
    return Course(subject, subject.inputs[place])


@kept
def _scores(path: str, changed: int, size: int) -> Curves:
    return moments.scores(Path(path))


def payload(stage: Stage, place: int, snapshot: Snapshot) -> dict[str, Any]:
    """A reading, packed for the theatre; raises `SnapshotError`."""
    assert stage.subject is not None
    words = json.dumps(stage.subject.plan.to_json(), sort_keys=True)
    return _packed(words, str(snapshot.path), snapshot.stamp, place, _snapshot=snapshot)


@kept
def _packed(plan: str, path: str, stamp: int, place: int, *, _snapshot: Snapshot) -> dict[str, Any]:
    from rnnviz.explorer.train.replay import read

    subject = _subject(plan)
    return read(subject, _snapshot, subject.inputs[place]).to_payload()
