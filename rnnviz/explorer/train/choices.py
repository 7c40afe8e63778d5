"""What a person has chosen on the Train page: one value a session, kept in step with the address.

As on the other pages (`rnnviz.explorer.digits.choices`). Every control calls `TrainChoices.set` as
soon as it is changed, so that a run of the page finds everything settled before it draws the first
of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

from rnnviz.explorer.parts import router
from rnnviz.explorer.parts.address import CELLS
from rnnviz.explorer.parts.components import last_trip
from rnnviz.explorer.parts.notices import sentence
from rnnviz.explorer.parts.offers import Wired, wired
from rnnviz.explorer.train.address import (
    PLAN_WORDS,
    RACE,
    REFERENCE,
    TrainAddress,
    first_address,
    read_query,
)
from rnnviz.figures.curves import Range
from rnnviz.theatre.turns import Offers
from rnnviz.training.plan import Plan, PlanError
from rnnviz.training.presets import PRESETS, Preset
from rnnviz.training.tasks.table import defaults

PLACE = "train_place"
TRAVEL = "train_travel"
OF_ADDRESS = ("cell", "racers", "seeds", "figure", "smoothing", "log_loss", "log_steps")
"""The fields of the address that have a control, besides those of the plan."""

COLUMNS = ("text_column", "label_column")
MOST_RANGES = 60


@dataclass(frozen=True)
class Brought:
    """What is known of the file that was brought last."""

    id: str
    name: str
    key: str | None = None
    text_column: str = "text"
    label_column: str = "label"
    columns: tuple[str, ...] = ()
    labels: tuple[tuple[str, int], ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many texts it has; 0 for a file that cannot be used."""
        return sum(count for _, count in self.labels)

    def words(self) -> dict[str, Any]:
        """What a plan says of it; of a file that cannot be used, nothing."""
        if self.key is None:
            return {name: getattr(Plan(), name) for name in ("data", *COLUMNS)}
        return {
            "data": self.key,
            "text_column": self.text_column,
            "label_column": self.label_column,
        }


@dataclass
class TrainChoices:
    """Everything a person has chosen on the Train page; lives as long as the session.

    ``choice`` counts the choices that deserve an entry in the browser's history, ``kind`` is what
    the last was about, ``offers`` are those of the controls. ``reached`` are the axes of the curves
    that were drawn, which only grow. ``brought`` is the file of labelled texts that came last,
    ``refusal`` what is wrong with it or with a column of it, ``looked`` says whether a run that is
    on its way has been looked for.
    """

    address: TrainAddress = field(default_factory=first_address)
    notices: dict[str, str] = field(default_factory=dict)
    choice: int = 0
    kind: str = ""
    heard_trip: int = 0
    offers: Offers = field(default_factory=Offers)
    reached: dict[tuple[Any, ...], Range] = field(default_factory=dict)
    brought: Brought | None = None
    refusal: str = ""
    looked: bool = False

    @property
    def plan(self) -> Plan:
        """What would be trained next; in a race the network that the others are measured by."""
        return self.address.plan

    @property
    def preset(self) -> Preset | None:
        """The preset that the plan is, if it is one."""
        if self.address.is_race:
            return None
        return next((one for one in PRESETS if one.plan == self.plan), None)

    @property
    def texts(self) -> int | None:
        """How many labelled texts there are to train on, where a file was brought for that."""
        if self.plan.task != "own" or self.brought is None:
            return None
        return self.brought.count or None

    def control(self, name: str, about: tuple[Any, ...] = ()) -> Wired:
        """The key of the control of that name, and what becomes of what is chosen in it."""
        value = self.value(name)
        shown = list(value) if isinstance(value, tuple) else value
        return wired(
            self.offers, f"train_{name}", shown, lambda chosen: self.set(name, chosen), about
        )

    def value(self, name: str) -> Any:
        """What the control of that name shows."""
        if name == "preset":
            return None if self.preset is None else self.preset.key
        return getattr(self.address if name in OF_ADDRESS else self.plan, name)

    def set(self, name: str, value: Any) -> None:
        """Take over what a control says; a plan that makes no sense leaves everything as it was."""
        for notice in ("plan", "job"):
            self.notices.pop(notice, None)
        try:
            changed = self._changed(name, value)
        except PlanError as error:
            self.notices["plan"] = f"{sentence(error)} It stays as it was."
            return
        self.choose(name, changed)

    def _changed(self, name: str, value: Any) -> TrainAddress:
        address, plan = self.address, self.plan
        if name == "preset":
            found = next((one for one in PRESETS if one.key == value), None)
            return address if found is None else replace(address, plan=found.plan, racers=())
        if name == "task":
            fresh = defaults(value, plan.cell).changed(seed=plan.seed)
            return replace(address, plan=self._with_data(fresh))
        if name == "cell":
            cell = REFERENCE if value == RACE else value
            racers: tuple[str, ...] = CELLS if value == RACE else ()
            return replace(address, plan=moved(plan, cell), racers=racers)
        if name == "racers":
            racers = tuple(cell for cell in CELLS if cell in (value or ()))
            if len(racers) < 2:
                raise PlanError(
                    f"expected two or three networks to race, got {len(racers)}: choose another"
                )
            return replace(address, racers=racers)
        if name in OF_ADDRESS:
            return replace(address, **{name: value})
        return replace(address, plan=plan.changed(**{name: value}))

    def choose(self, kind: str, address: TrainAddress) -> None:
        """Make this the address; what is changed in the same control again is the same choice."""
        if address == self.address:
            return
        self.address = address
        if kind != self.kind or kind == "run":
            self.choice += 1
        self.kind = kind

    def take_preset(self, key: str) -> None:
        """Take over a preset that was chosen elsewhere than in its own control."""
        self.set("preset", key)

    def bring(self, brought: Brought) -> None:
        """Train on these labelled texts from now on; after a `PlanError` nothing has changed."""
        plan = self.plan
        if plan.task == "own":
            plan = plan.changed(**brought.words())
        self.brought = brought
        self.choose("data", replace(self.address, plan=plan))

    def _with_data(self, plan: Plan) -> Plan:
        """The plan, with what was brought where that is what it is about."""
        if plan.task != "own" or self.brought is None:
            return plan
        return plan.changed(**self.brought.words())

    def show(self, run: str | None) -> None:
        """Look at the run of that id from now on."""
        self.notices.pop("run", None)
        self.choose("run", replace(self.address, run=run))

    def adopt(self, query: Mapping[str, str]) -> None:
        """Take over what an address says, everything else staying as it is."""
        self.address, said = read_query(query)
        self.address = replace(self.address, plan=self._with_data(self.plan))
        self.notices = {f"address {i}": text for i, text in enumerate(said)}
        self.choice += 1
        self.kind = ""

    def reach(self, key: tuple[Any, ...], ends: Range) -> None:
        """Remember the ends of an axis."""
        self.reached.pop(key, None)
        self.reached[key] = ends
        while len(self.reached) > MOST_RANGES:
            self.reached.pop(next(iter(self.reached)))

    def words(self) -> dict[str, str]:
        """The page's words of the address, in their order."""
        return self.address.to_query()


FIELDS = ("task", *PLAN_WORDS.values())
"""The fields of a plan that have a control."""


def moved(plan: Plan, cell: str) -> Plan:
    """The plan with another cell: what suited the old one becomes what suits the new one."""
    old, new = defaults(plan.task, plan.cell), defaults(plan.task, cell)
    usual = {
        name: getattr(new, name)
        for name in PLAN_WORDS.values()
        if getattr(plan, name) == getattr(old, name)
    }
    return plan.changed(cell=cell, **usual)


def train_choices() -> TrainChoices:
    """The choices of this session, as the address has them where the address is newer."""
    query = st.query_params.to_dict()
    trip = last_trip(TRAVEL)
    choices: TrainChoices | None = st.session_state.get("train")
    if choices is None:
        choices = TrainChoices()
        st.session_state["train"] = choices
        choices.adopt(query)
    elif trip is not None and trip.turn > choices.heard_trip:
        choices.adopt(trip.query)
    elif router.arrived() and query:
        choices.adopt(query)
    else:
        # What was wrong with the address has been said when the page was opened.
        kept = {name: said for name, said in choices.notices.items() if "address" not in name}
        choices.notices = kept
        return choices
    choices.heard_trip = max(choices.heard_trip, 0 if trip is None else trip.turn)
    choices.looked = False
    return choices
