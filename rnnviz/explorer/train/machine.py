"""The time machine of the Train page: the same input, read at every moment of a training.

A fragment, which runs by itself while the training goes on (new snapshots come) and while the curve
over all snapshots is being worked out. What was chosen stays in the session.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from rnnviz.explorer.parts import visitor as train_jobs
from rnnviz.explorer.parts import warmup
from rnnviz.explorer.parts.components import scrubber, theatre
from rnnviz.explorer.parts.notices import notices, plain, sentence
from rnnviz.explorer.parts.offers import wired
from rnnviz.explorer.parts.rooms import Room, pair
from rnnviz.explorer.parts.scheme import scheme, watch_scheme
from rnnviz.explorer.train import moments
from rnnviz.explorer.train.lines import name_of
from rnnviz.explorer.train.replays import (
    Choice,
    Stage,
    as_ghost,
    chosen_step,
    course_figure,
    flow_figure,
    moments_of,
    payload,
    stage_of,
)
from rnnviz.models.places import RunError
from rnnviz.runs.record import Run
from rnnviz.runs.snapshots import Snapshot

if TYPE_CHECKING:
    import plotly.graph_objects as go

STATE = "train_machine"
NOT_SHARED = "train_machine_not_shared"
"""Why a switch was not moved."""
WHY = (
    "The same input, read by the network as it was at each moment of its training. Drag the "
    "scrubber: what you choose in the theatre, a layer, a unit, a step, stays."
)
FLOW = (
    "The bars: the norm of the gradient of the loss with respect to the hidden state at each "
    "{word}, on an axis that is the same for all moments. Bars that fall off towards the start "
    "mean that the first {word}s hardly teach anything: the gradient vanishes. A readout that "
    "weighs all {word}s hands its gradient to those that it weighs. All bars become short when "
    "the loss is nearly zero: then there is nothing left to learn from this input."
)


@dataclass(frozen=True)
class Rooms:
    """The places of the panel, made in the same order whatever there is to show."""

    said: Room = field(default_factory=st.container)
    which: Room = field(default_factory=st.container)
    scrubber: Room = field(default_factory=st.container)
    ghost: Room = field(default_factory=st.container)
    figures: tuple[Room, Room] = field(default_factory=lambda: pair(gap="medium"))
    words: Room = field(default_factory=st.container)
    theatre: Room = field(default_factory=st.container)
    foot: Room = field(default_factory=st.container)


def machine_panel(run: Run, visitor: str) -> None:
    """The time machine for a run, or for the race that it belongs to, as `visitor` may see it."""
    with st.container():  # there in any case, see `rooms`
        if not warmup.torch_is_here():
            with st.spinner("Getting the networks ready …"):
                warmup.import_torch()
    choice: Choice = st.session_state.setdefault(STATE, Choice())
    every = None
    with suppress(ValueError):  # said by the fragment
        choice.ready = stage_of(run.id, choice, visitor)
        every = choice.ready.every
    st.fragment(_machine, run_every=every)(run.id, visitor, every)


def _machine(shown: str, visitor: str, every: float | None) -> None:
    choice: Choice = st.session_state.setdefault(STATE, Choice())
    (stage, choice.ready), failure = (choice.ready, None), ""
    try:
        stage = stage or stage_of(shown, choice, visitor)
    except ValueError as error:  # a RunError, a PlanError, a DataError
        failure = sentence(error)
    except Exception:  # a fault of ours: the page stays whole, and the log says where
        logging.getLogger(__name__).exception("the time machine was not shown")
        failure = "The time machine cannot be shown just now. The rest of the page works."
    if every != (None if stage is None else stage.every):
        # How often this runs is decided by a run of the whole page; before anything is shown.
        st.rerun()
    rooms = Rooms()
    with rooms.said:
        notices(filter(None, [failure, st.session_state.pop(NOT_SHARED, "")]))
        st.caption(WHY)
        watch_scheme("machine_scheme")
    if stage is None:
        return
    if stage.hidden:
        with rooms.foot:
            st.info(plain(moments.HIDDEN))
        return
    with rooms.which:
        _which(choice, stage)
        _sharing(choice, stage.run, visitor)
    if stage.subject is None or stage.course is None:
        with rooms.foot:
            st.info(plain(moments.empty_words(stage.run)))
            notices(stage.found.sentences)
        return
    snapshot = stage.found.at(chosen_step(choice, stage.found))
    with rooms.ghost:
        _ghost(choice)
    with rooms.theatre:
        _theatre(choice, stage, snapshot)
    # After the theatre, so that the scrubber goes on when this moment is on the screen.
    with rooms.scrubber:
        _scrubber(choice, stage, snapshot)
    _figures(rooms.figures, choice, stage, snapshot)
    with rooms.words:
        _words(choice, stage)
    with rooms.foot:
        _foot(stage)


def _which(choice: Choice, stage: Stage) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if len(stage.lanes) > 1:
            st.segmented_control(
                "Network of the race",
                list(stage.lanes),
                default=choice.run,
                required=True,
                wrap=True,
                format_func=lambda id: _name(stage.lanes[id], stage.lanes.values()),
                **wired(choice.offers, "machine_run", choice.run, partial(setattr, choice, "run")),
                help="The scrubber stays at the same step, so the networks can be compared.",
            )
        if stage.subject is not None:
            inputs = stage.subject.inputs
            st.selectbox(
                "Held-out input",
                range(len(inputs)),
                index=choice.input,
                format_func=lambda place: inputs[place].title,
                **wired(
                    choice.offers, "machine_input", choice.input, partial(setattr, choice, "input")
                ),
                help="None of these was trained on.",
                width=360,
            )


def _sharing(choice: Choice, run: Run, visitor: str) -> None:
    """For whoever brought the texts: whether others see them, too."""
    if not run.has_own_texts or run.visitor != visitor:
        return
    st.toggle(
        "Show my texts to people with this link",
        value=run.shared,
        **wired(
            choice.offers,
            f"machine_share_{run.id}",
            run.shared,
            partial(_share, run.id, visitor),
        ),
        help=moments.SHARING,
    )


def _share(id: str, visitor: str, shared: bool) -> None:
    try:
        train_jobs.desk().store.share(id, visitor, shared)
    except RunError as error:
        st.session_state[NOT_SHARED] = sentence(error)


def _name(run: Run, lanes: Collection[Run]) -> str:
    """``GRU 64``, with the seed where the networks of the race differ in it."""
    several = len({lane.plan.get("seed") for lane in lanes}) > 1
    return f"{name_of(run.plan)}, seed {run.plan.get('seed')}" if several else name_of(run.plan)


def _scrubber(choice: Choice, stage: Stage, snapshot: Snapshot) -> None:
    said = moments_of(stage)
    first, *others = said.values()
    if not others:
        st.caption(f"One snapshot so far: {first.words}.")
        return
    choice.put(snapshot.step)
    scrubber(
        {step: moment.words for step, moment in said.items()},
        key=choice.scrubber,
        ends=(first.when, others[-1].when),
        step=snapshot.step,
        turns=choice.scrubbed,
        label="Time of training",
        explained=moments.scale_words(str(stage.run.plan.get("task"))),
    )


def _ghost(choice: Choice) -> None:
    st.toggle(
        "Compare with the previous snapshot",
        value=choice.ghost,
        **wired(choice.offers, "machine_ghost", choice.ghost, partial(setattr, choice, "ghost")),
        help="Draws how the previous snapshot reads the same input behind this reading: dotted "
        "lines, outlined bars, and, under Values, the difference.",
    )


def _theatre(choice: Choice, stage: Stage, snapshot: Snapshot) -> None:
    last = stage.found.snapshots[-1]
    ghost = last if choice.ghost and last.step != snapshot.step else None
    try:
        packed = payload(stage, choice.input, snapshot)
        if ghost is not None:
            packed = packed | {"ghost": as_ghost(payload(stage, choice.input, ghost))}
    except ValueError as error:  # a SnapshotError: the figures say the same of other moments
        st.info(plain(sentence(error)))
        return
    reading = (stage.run.id, choice.input, snapshot.step, ghost)
    if reading != choice.reading:
        choice.reading, choice.start = reading, choice.view
    when = moments_of(stage)[snapshot.step].words
    assert stage.subject is not None
    shown = stage.subject.inputs[choice.input]
    name = name_of(stage.run.plan)
    view = theatre(
        packed,
        key="machine_theatre",
        title=f"{name}, {when}",
        subtitle=f"reading {shown.title}"
        + ("" if ghost is None else ", over the ghost of the end"),
        about=f"The network of the run “{stage.run.name}” as it was at step {snapshot.step:,}.",
        view=choice.start,
    )
    if view is not None:
        choice.view = view


def _figures(rooms: tuple[Room, Room], choice: Choice, stage: Stage, snapshot: Snapshot) -> None:
    assert stage.subject is not None and stage.course is not None
    measured = {one.step: one for one in stage.course.measured}
    drawn = (
        course_figure(stage, choice, measured, snapshot.step, scheme()),
        flow_figure(stage, choice, measured, snapshot.step, scheme()),
    )
    for room, figure, name in zip(rooms, drawn, ("answer", "gradient"), strict=True):
        with room:
            if figure is None:
                st.caption("No figure is available for this snapshot.")
            else:
                _show(figure, name)


def _show(figure: go.Figure, name: str) -> None:
    from rnnviz.figures import alt_text

    st.plotly_chart(
        figure,
        theme=None,
        key=f"machine_plot_{name}",
        alt=alt_text(figure),
        config={
            "displaylogo": False,
            "toImageButtonOptions": {"format": "svg", "filename": f"rnnviz-{name}"},
        },
    )


def _words(choice: Choice, stage: Stage) -> None:
    assert stage.subject is not None and stage.course is not None
    word = stage.subject.inputs[choice.input].step_word
    known, count = len(stage.course.measured), len(stage.found.snapshots)
    waiting = "" if stage.complete else f" {known} of {count} moments are worked out so far."
    crosses = "The curve: circles are right answers, crosses are not; its letters are the answers."
    st.caption(plain(f"{crosses} {FLOW.format(word=word)}{waiting}"))


def _foot(stage: Stage) -> None:
    from rnnviz.runs.worker.lane import MOST_SNAPSHOT_BYTES, SNAPSHOTS

    assert stage.course is not None
    st.caption(plain(moments.storage_words(stage.found, SNAPSHOTS, MOST_SNAPSHOT_BYTES)))
    wrong = (sentence(ValueError(one)) for one in stage.course.sentences)
    notices([*stage.found.sentences, *wrong])
