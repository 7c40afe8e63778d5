"""What a person has chosen on a page with a theatre: one value a session, in step with the address.

Python owns the page's words of the address, the theatre in the browser owns those of its view
(`rnnviz.theatre.view`). Python reads all of them when somebody arrives and when the browser goes
back or forward; at every other time its own choices are the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import Any, ClassVar, TypeVar

import streamlit as st

from rnnviz.explorer.parts import router
from rnnviz.explorer.parts.notices import sentence
from rnnviz.explorer.parts.run_network import RunNetwork, network
from rnnviz.models.places import RunError
from rnnviz.theatre.turns import Offers, Turns
from rnnviz.theatre.view import View


@dataclass(kw_only=True)
class PageChoices:
    """What the choices of these pages have in common; they live as long as the session.

    ``choice`` counts the choices that deserve an entry in the browser's history, ``kind`` is what
    the last was about. ``start`` is where a theatre that is shown anew begins, ``viewed`` says who
    turned the theatre last. ``offers`` are those of the controls, ``drawn`` is what they showed in
    the last run of the whole page. ``tasks`` are the readings shown last, ``good`` the last that
    worked, ``figured`` those that the figures are about; ``asked`` counts how often the browser has
    asked for newer figures. ``heard_trip`` is the turn of the last trip through the browser's
    history that was followed. ``run`` is the network of a training run that reads.
    """

    page: ClassVar[str]

    address: Any
    view: View = field(default_factory=View)
    start: View = field(default_factory=View)
    viewed: Turns = field(default_factory=Turns)
    offers: Offers = field(default_factory=Offers)
    drawn: tuple[Any, ...] = ()
    upload: str | None = None
    notices: dict[str, str] = field(default_factory=dict)
    choice: int = 0
    kind: str = ""
    tasks: tuple[Any, ...] = ()
    good: tuple[Any, ...] = ()
    figured: tuple[Any, ...] = ()
    asked: int = 0
    heard_trip: int = 0
    lock: RLock = field(default_factory=RLock)
    run: RunNetwork | None = None

    def said(self) -> tuple[Any, ...]:
        """What was done last in each component of the browser; None for nothing."""
        raise NotImplementedError

    def take(self, act: Any) -> None:
        """Take over one act of `said`; an act that was taken over before changes nothing."""
        raise NotImplementedError

    def adopt(self, query: Mapping[str, str]) -> None:
        """Take over what an address says, everything else staying as it is."""
        raise NotImplementedError

    @property
    def of_controls(self) -> tuple[Any, ...]:
        """What the controls beside the theatre show."""
        raise NotImplementedError

    def choose(self, kind: str, *, continued: bool = False, **changes: Any) -> None:
        """Change fields of the address; ``continued`` when it is the choice that came before."""
        changed = replace(self.address, **changes)
        if changed == self.address:
            return
        self.address = changed
        if not (continued and kind == self.kind):
            self.choice += 1
        self.kind = kind

    def hear(self) -> None:
        """Take over what was done in the browser since the last time, in the order of its turns.

        A run that was stopped may still be going on beside the next one, with older messages.
        """
        acts = sorted((one for one in self.said() if one is not None), key=lambda act: act.turn)
        with self.lock:
            for act in acts:
                self.take(act)

    def leave_run(self) -> None:
        """Let the bundled network of the same cell read again."""
        self.choose("run", run=None)

    def find_run(self) -> None:
        """The network that the address asks for, as it is now; with a notice where there is none.

        Called at every run of the page: a training goes on, and a run may be deleted.
        """
        if self.address.run is None:
            self.run = None
            return
        try:
            self.run = network(self.address.run, self.page)
        except RunError as error:
            said = f"{sentence(error)} A network that comes with the page reads instead."
            self.notices["address run"] = said
            self.run, self.address = None, replace(self.address, run=None)
        else:
            self.address = replace(self.address, cell=self.run.cell)

    def begin_anew(self, query: Mapping[str, str], said: tuple[str, ...]) -> None:
        """Take the view of an address that was adopted, and say what made no sense in it."""
        self.view, more = View.from_query(query)
        self.start = self.view
        self.notices = {f"address {i}": text for i, text in enumerate((*said, *more))}
        self.choice += 1
        self.kind = ""

    def arrive(self, query: Mapping[str, str]) -> None:
        """The page is reached by an address."""
        self.adopt(query)

    def come_back(self) -> None:
        """The page is reached again, by an address that says nothing."""
        self.start = self.view

    def words(self) -> dict[str, str]:
        """The page's words of the address, in their order."""
        words: dict[str, str] = self.address.to_query()
        return words


Of = TypeVar("Of", bound=PageChoices)


def of_session(page: str, make: Callable[[], Of]) -> Of:
    """The choices of this session, as the address has them where the address is newer.

    It is newer on the first visit, when the page is reached by a link or by going back from
    another page, and when the browser goes back or forward within the page.
    """
    query = st.query_params.to_dict()
    choices: Of | None = st.session_state.get(page)
    is_new = choices is None
    if choices is None:
        choices = st.session_state[page] = make()
    if is_new or (router.arrived() and query):
        choices.arrive(query)
    else:
        if router.arrived():
            choices.come_back()
        # What was wrong with the address has been said when the page was opened.
        kept = {name: said for name, said in choices.notices.items() if "address" not in name}
        choices.notices = kept
    choices.hear()
    choices.find_run()
    choices.drawn = choices.of_controls
    return choices
