"""What the Train page does with runs: start them, look at them, and ask for this or that."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rnnviz.explorer.parts.address import CELLS
from rnnviz.explorer.parts.notices import sentence
from rnnviz.explorer.parts.visitor import origin
from rnnviz.explorer.train.address import REFERENCE, TrainAddress, first_address, read_query
from rnnviz.explorer.train.choices import TrainChoices
from rnnviz.explorer.train.lines import Shown, name_of
from rnnviz.models.places import RunError
from rnnviz.runs.queue.job import JobError
from rnnviz.runs.record import BUSY as LIVE
from rnnviz.runs.record import RESUMABLE
from rnnviz.training.plan import Plan, PlanError

if TYPE_CHECKING:
    from rnnviz.explorer.parts.visitor import Desk
    from rnnviz.runs.queue.job import Job
    from rnnviz.runs.record import Run

FIRST, TRAINING, WAITING, PAUSED = 0.5, 1.0, 3.0, 5.0
"""Seconds between two looks: at what is about to change, at a training, at a queue, at a pause."""

WITHHELD = (
    "What went wrong is told to whoever trained it: the words may quote texts that were brought."
)
NOT_YOURS = (
    "This run belongs to another browser, which alone can ask for this: you can watch it here."
)
NOT_NOW = "This cannot be asked of a training that is {state}: look at how it stands now."
NO_TEXTS = "Bring a file of labelled texts first: without one there is nothing to learn from."

SETTLE = 0.4
"""Seconds that a click waits at most, so that what it did is seen at once."""


@dataclass(frozen=True, eq=False)
class Looked:
    """The run or the race that is shown, as it stands now.

    ``job`` is None for what no job of this server has in its hands; ``run`` is the id in the
    address. ``mine`` says whether this visitor may ask for anything.
    """

    run: str
    runs: tuple[Shown, ...]
    state: str
    message: str
    mine: bool
    job: Job | None = None

    @property
    def is_live(self) -> bool:
        """Whether it waits or runs."""
        return self.state in LIVE

    @property
    def allowed(self) -> frozenset[str]:
        """What this visitor may ask of it as it stands: the same for buttons and for whoever asks.

        A browser may press a button that is greyed out.
        """
        has_not_ended = self.is_live or self.state == "paused"
        can = {"turn": has_not_ended}
        if self.job is None or self.job.asked is None:
            can |= {
                "pause": self.is_live,
                "resume": self.state in RESUMABLE,
                "step": self.state == "paused",
                "stop": has_not_ended,
                "restart": self.state != "uploaded",
            }
        return frozenset(what for what, is_possible in can.items() if self.mine and is_possible)

    @property
    def is_measured(self) -> bool:
        """Whether it has curves, or will have some: a network from elsewhere need not."""
        return self.state != "uploaded" or any(one.curves.last_step for one in self.runs)

    @property
    def every(self) -> float | None:
        """Seconds until it is worth looking again; None for never."""
        if self.state == "paused":
            return PAUSED  # another tab may let it go on
        if not self.is_live:
            return None
        job = self.job
        if job is not None and job.asked is not None:
            return FIRST
        if self.state == "queued":
            return WAITING if job is None or job.position > 0 else FIRST
        return TRAINING if any(len(one.curves) for one in self.runs) else FIRST


def plans_of(address: TrainAddress) -> tuple[Plan, ...]:
    """What would be trained: one plan, or those of a race, seed by seed; raises PlanError."""
    if not address.is_race:
        return (address.plan,)
    from rnnviz.training import budget

    same = budget.same_budget(address.plan, address.racers)
    first = address.plan.seed
    return tuple(
        plan.changed(seed=first + number) for number in range(address.seeds) for plan in same
    )


def take_over(choices: TrainChoices, looked: Looked) -> bool:
    """Make what is on the stage the next plan, where the address says nothing of one.

    Whether anything has changed. What no address can say is not taken over: texts that somebody
    brought, or what is left of a race.
    """
    first = first_address()
    if (choices.plan, choices.address.racers) != (first.plan, first.racers):
        return False
    try:
        plans = [Plan.from_json(one.plan) for one in looked.runs]
        found = _address_of(plans, choices.address)
        is_whole = set(plans_of(found)) == set(plans)
    except PlanError:  # a network from elsewhere
        return False
    is_told = read_query(found.to_query()) == (found, ())
    if found == choices.address or not (is_whole and is_told):
        return False
    choices.address = found
    return True


def _address_of(plans: Sequence[Plan], address: TrainAddress) -> TrainAddress:
    """The address with these plans, as far as one can say them."""
    cells = {plan.cell for plan in plans}
    seeds = sorted({plan.seed for plan in plans})
    reference = next((plan for plan in plans if plan.cell == REFERENCE), plans[0])
    if len(plans) == 1:
        return replace(address, plan=reference, racers=(), seeds=1)
    racers = tuple(cell for cell in CELLS if cell in cells)
    return replace(address, plan=reference.changed(seed=seeds[0]), racers=racers, seeds=len(seeds))


def start(desk: Desk, choices: TrainChoices, visitor: str) -> None:
    """Queue what is chosen and show it; a refusal becomes a notice."""
    choices.notices.pop("job", None)
    if choices.plan.task == "own" and choices.plan.data is None:
        choices.notices["job"] = NO_TEXTS
        return
    try:
        plans = plans_of(choices.address)
        names = [_name(plan, len({one.seed for one in plans}) > 1) for plan in plans]
        job = desk.manager.submit(visitor, plans, names, origin=origin())
    except (JobError, PlanError, RunError) as error:
        choices.notices["job"] = sentence(error)
        return
    choices.show(job.runs[0])


def ask(desk: Desk, choices: TrainChoices, looked: Looked, what: str) -> None:
    """Pause, resume, make one step, stop, or train again with the same seed."""
    target = _asked(choices, looked, what)
    if target is None:
        return
    try:
        job = getattr(desk.manager, what)(target)
    except (JobError, RunError) as error:
        choices.notices["job"] = sentence(error)
        return
    if what == "restart":
        choices.show(job.runs[0])
        return
    job = job or looked.job
    until = time.monotonic() + SETTLE
    while job is not None and job.asked is not None and time.monotonic() < until:
        time.sleep(0.02)


def _asked(choices: TrainChoices, looked: Looked, what: str) -> Any:
    """The job, or the run, that may be asked for that; None, with a notice, where it may not."""
    choices.notices.pop("job", None)
    if what in looked.allowed:
        return looked.run if looked.job is None else looked.job
    if not looked.mine:
        choices.notices["job"] = NOT_YOURS
    elif looked.job is None or looked.job.asked is None:
        choices.notices["job"] = NOT_NOW.format(state=looked.state)
    return None


def turn(desk: Desk, choices: TrainChoices, looked: Looked, factor: float) -> None:
    """Multiply the learning rate of a training that is on its way."""
    target = _asked(choices, looked, "turn")
    if target is None:
        return
    try:
        desk.manager.set_learning_rate_factor(target, factor)
    except (JobError, RunError) as error:
        choices.notices["job"] = sentence(error)


def look(desk: Desk, choices: TrainChoices, visitor: str) -> Looked | None:
    """The run of the address as it stands; None where there is none, with a notice if it is gone.

    A visitor who comes without a run in the address finds the one that is on its way.
    """
    if choices.address.run is None and not choices.looked:
        waiting = [
            job
            for job in desk.manager.of(visitor)
            if job.state in WORTH_FINDING and _is_here(desk, job, job.runs[0])
        ]
        if waiting:
            choices.show(waiting[0].runs[0])
    choices.looked = True
    run = choices.address.run
    if run is None:
        return None
    job = desk.manager.get(run)
    if job is not None and _is_here(desk, job, run):
        return _of_job(desk, run, job, visitor)
    try:
        found = desk.store.get(run)
    except RunError as error:
        choices.show(None)
        choices.notices["run"] = sentence(error)
        return None
    return _of_store(desk, found, visitor)


WORTH_FINDING = ("queued", "running", "paused")


def _is_here(desk: Desk, job: Job, run: str) -> bool:
    """Whether a run of a job is still there: one that has ended may have been deleted."""
    return job.state in LIVE or desk.store.exists(run)


def _of_job(desk: Desk, run: str, job: Job, visitor: str) -> Looked:
    seeds = len({plan.seed for plan in job.plans}) > 1
    shown = tuple(
        Shown(one, _name(plan, seeds), plan.to_json(), job.run_curves(one))
        for one, plan in zip(job.runs, job.plans, strict=True)
        if _is_here(desk, job, one)
    )
    message = job.message if job.visitor == visitor else _told(desk, run, job.message, visitor)
    return Looked(run, shown, job.state, message, job.visitor == visitor, job)


def _told(desk: Desk, run: str, message: str, visitor: str) -> str:
    """The message of a run, unless it may quote texts that are not shown to this visitor."""
    if not message:
        return ""
    try:
        return message if desk.store.get(run).shows_texts_to(visitor) else WITHHELD
    except RunError:
        return WITHHELD


def _of_store(desk: Desk, found: Run, visitor: str) -> Looked:
    runs: Sequence[Run] = [found]
    if found.group is not None:
        same = [one for one in desk.store.of(found.visitor) if one.group == found.group]
        runs = sorted(same, key=lambda one: (one.created, one.id)) or runs
    shown = tuple(Shown(one.id, one.name, one.plan, one.curves()) for one in runs)
    message = _told(desk, found.id, found.message, visitor)
    return Looked(found.id, shown, found.state, message, found.visitor == visitor)


def _name(plan: Plan, with_seed: bool) -> str:
    from rnnviz.training.tasks.table import TASKS

    seed = f", seed {plan.seed}" if with_seed else ""
    return f"{name_of(plan.to_json())}, {TASKS[plan.task].name}{seed}"
