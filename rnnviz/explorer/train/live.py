"""The stage of the Train page: how the training stands, its curves, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import streamlit as st

from rnnviz.explorer.parts.address import VERSION
from rnnviz.explorer.parts.components import place
from rnnviz.explorer.parts.notices import notices, plain
from rnnviz.explorer.parts.offers import wired
from rnnviz.explorer.parts.rooms import Room, pair
from rnnviz.explorer.parts.visitor import Desk, present
from rnnviz.explorer.train import desk as train_desk
from rnnviz.explorer.train import panels, sentences
from rnnviz.explorer.train.address import SMOOTHINGS, WORDS
from rnnviz.explorer.train.choices import PLACE, TrainChoices
from rnnviz.explorer.train.curves import curves
from rnnviz.explorer.train.desk import Looked
from rnnviz.explorer.train.lines import Shown, kinds
from rnnviz.training.curves import Curves
from rnnviz.training.plan import Plan, PlanError
from rnnviz.training.presets import PRESETS

if TYPE_CHECKING:
    from rnnviz.training.diagnosis.findings import Finding

EMPTY = (
    "Press **Train**, and the first points appear below: the loss and the share of right answers "
    "on training examples and on held-out examples, then the gradient norm and the learning rate. "
    "You can pause, make single steps, change the learning rate during training, and stop. After "
    "a reload of the page the training is still here. Or begin with one of these:"
)
FACTORS = (0.01, 0.03, 0.1, 0.3, 0.5, 1.0, 2.0, 3.0, 10.0)
TABLE = "train_table"
MEASURES = ("loss", "accuracy", "gradient", "rate")
LEGEND = (
    "Thin line: each batch. Thick line: smoothed. Dots: held-out examples (not used for training)."
)
RACE_LEGEND = (
    "Solid, with marks: held-out examples (not used for training). Dotted: training batches, "
    "smoothed. Thin line: each batch."
)
BANDS_LEGEND = (
    "Lines: the median of the seeds; bands: from the smallest to the largest. Solid, with marks: "
    "held-out examples (not used for training). Dotted: training batches, smoothed."
)
AGAIN = (
    "Trains again with the same settings and seed; the curve will be identical. A run in progress "
    "is stopped first. You can resume it under Runs."
)
LOG_LOSS, LOG_STEPS = "loss", "steps"


@dataclass(frozen=True)
class Rooms:
    """The places of the stage, made in the same order whatever there is to show."""

    said: Room
    head: Room
    buttons: Room
    findings: Room
    view: Room
    curves: Room
    caption: Room
    card: Room
    table: Room

    @classmethod
    def made(cls) -> Rooms:
        """Make the places here."""
        return cls(*(st.container() for _ in fields(cls)))


def live_stage(choices: TrainChoices, visitor: str) -> None:
    """The stage as a fragment that runs again by itself while something is on its way."""
    is_first = not choices.looked
    looked = train_desk.look(present(visitor), choices, visitor)
    if is_first and looked is not None and train_desk.take_over(choices, looked):
        st.rerun()  # the controls stand above
    every = None if looked is None else looked.every
    st.fragment(_live, run_every=every)(choices, visitor, every, choices.address.run)


def _live(choices: TrainChoices, visitor: str, every: float | None, run: str | None) -> None:
    desk = present(visitor)
    desk.manager.adopt(visitor)
    looked = train_desk.look(desk, choices, visitor)
    now = None if looked is None else looked.every
    if choices.address.run != run or now != every:
        if now is None:
            choices.notices.pop("job", None)  # why another training could not be begun has ended
        # How often this runs, and what stands below, is decided by a run of the whole page. Before
        # anything is shown: what an unfinished run has put into places would be seen twice.
        st.rerun()
    rooms = Rooms.made()
    with rooms.said:
        notices(choices.notices.values())
        place(
            choices.words(),
            key=PLACE,
            owned=WORDS,
            version=VERSION,
            choice=choices.choice,
            heard=choices.heard_trip,
        )
    if looked is None:
        with rooms.head:
            has_runs = bool(desk.store.of(visitor))
            st.header("Ready to train" if has_runs else "Nothing is trained yet", anchor=False)
            st.markdown(EMPTY)
        with rooms.findings:
            _presets(choices, desk, visitor)
        _frames(choices, rooms.curves)
        return
    with rooms.head:
        _head(looked)
    with rooms.buttons:
        _buttons(choices, desk, looked)
    with rooms.findings:
        _findings(looked)
    if not looked.is_measured:
        return
    with rooms.view:
        _view(choices, desk, looked)
    _curves(choices, looked.runs, MEASURES, rooms.curves)
    with rooms.caption:
        st.caption(_legend(looked.runs))
    with rooms.card:
        _race_card(looked)
    with rooms.table:
        _table(looked)


def _legend(runs: Sequence[Shown]) -> str:
    """How to read the lines of one network, of a race, or of one with several seeds."""
    groups = kinds(runs)
    if len(groups) < len(runs):
        return BANDS_LEGEND
    return RACE_LEGEND if len(groups) > 1 else LEGEND


def _head(looked: Looked) -> None:
    st.header(plain(sentences.headline(looked.runs, looked.state)), anchor=False)
    job = looked.job
    said = sentences.state_words(
        looked.state,
        looked.runs,
        position=0 if job is None else job.position,
        asked=None if job is None else job.asked,
        preparing=job is not None and job.preparing,
        latest=None if job is None else job.latest(looked.run),
        mine=looked.mine,
    )
    if looked.is_measured:
        st.progress(sentences.share_done(looked.runs), plain(said))
    else:
        st.caption(plain(said))
    if looked.message:
        st.caption(plain(looked.message))


def _buttons(choices: TrainChoices, desk: Desk, looked: Looked) -> None:
    if not looked.mine:
        st.caption("This run belongs to another browser. You can watch it here.")
    allowed = looked.allowed
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for what, label, icon, said in (
            ("pause", "Pause", "pause",
             "Saves the progress and lets the next waiting training start."),
            ("resume", "Resume", "play_arrow",
             "Continues exactly where it stopped: weights, optimiser, order of the batches."),
            ("step", "One step", "skip_next",
             "Reads one batch, updates the weights once, and pauses again."),
            ("stop", "Stop", "stop", "Ends the training and keeps the best network so far."),
            ("restart", "Again, same seed", "replay", AGAIN),
        ):  # fmt: skip
            st.button(
                label,
                key=f"train_{what}",
                icon=f":material/{icon}:",
                disabled=what not in allowed,
                on_click=train_desk.ask,
                args=(desk, choices, looked, what),
                help=said,
            )


def _factor(choices: TrainChoices, desk: Desk, looked: Looked) -> None:
    """A slider that multiplies the learning rate of a training that is on its way."""
    now = 1.0 if looked.job is None else looked.job.learning_rate_factor
    shown = min(FACTORS, key=lambda factor: abs(factor - now))
    st.select_slider(
        "Multiply learning rate by",
        FACTORS,
        value=shown,
        format_func=lambda factor: f"× {factor:g}",
        **wired(
            choices.offers,
            f"train_factor_{looked.run}",
            shown,
            lambda factor: train_desk.turn(desk, choices, looked, factor),
        ),
        help="Multiplies the learning rate from the next step on, during training.",
        width=190,
    )


def _findings(looked: Looked) -> None:
    """What went wrong, or well, in words."""
    for name, found in _diagnosed(looked):
        who = f"{plain(name)}: " if len(looked.runs) > 1 else ""
        words = f"**{who}{plain(found.title)}.** {plain(found.text)}"
        {"bad": st.warning, "note": st.info, "good": st.success}[found.level](words)


def _diagnosed(looked: Looked) -> list[tuple[str, Finding]]:
    from rnnviz.training.diagnosis.findings import diagnose

    found = []
    for shown in looked.runs:
        try:
            plan = Plan.from_json(shown.plan)
        except PlanError:  # a network that was trained elsewhere
            continue
        found += [(shown.name, one) for one in diagnose(shown.curves, plan)]
    return found


def _view(choices: TrainChoices, desk: Desk, looked: Looked) -> None:
    with st.container(horizontal=True, vertical_alignment="top", gap="medium"):
        st.select_slider(
            "Smoothing in steps",
            SMOOTHINGS,
            value=choices.address.smoothing,
            format_func=lambda half_life: "none" if half_life == 0 else f"{half_life}",
            **choices.control("smoothing"),
            help="The strong line is an exponential mean of the faint one, corrected at its start: "
            "a value so many steps ago counts half (its half-life). It lags a little behind.",
            width=190,
        )
        chosen = [LOG_LOSS] * choices.address.log_loss + [LOG_STEPS] * choices.address.log_steps
        st.segmented_control(
            "Logarithmic axes",
            (LOG_LOSS, LOG_STEPS),
            default=chosen,
            selection_mode="multi",
            format_func=str.capitalize,
            **wired(choices.offers, "train_log", chosen, lambda now: _logs(choices, now)),
            help="On a logarithmic axis a tenfold change is as long wherever it happens: good for "
            "losses that become small, and for what happens in the first steps.",
        )
        if "turn" in looked.allowed:
            _factor(choices, desk, looked)


def _logs(choices: TrainChoices, chosen: list[str]) -> None:
    choices.choose(
        "log",
        replace(choices.address, log_loss=LOG_LOSS in chosen, log_steps=LOG_STEPS in chosen),
    )


def _curves(
    choices: TrainChoices, runs: tuple[Shown, ...], measures: Sequence[str], room: Room
) -> None:
    """Show these measures; an axis reaches no less far than it did before."""
    address = choices.address

    def known(measure: str) -> tuple[str, str, bool]:
        return runs[0].id, measure, address.log_loss

    payload, ends = panels.payload(
        runs,
        measures,
        smoothing=address.smoothing,
        log_loss=address.log_loss,
        log_steps=address.log_steps,
        before=lambda measure: choices.reached.get(known(measure)),
    )
    if runs[0].id:
        for measure, reached in ends.items():
            choices.reach(known(measure), reached)
    with room:
        curves(payload)


def _race_card(looked: Looked) -> None:
    if len(looked.runs) < 2:
        return
    from rnnviz.training import budget

    plans = [shown.plan for shown in looked.runs]
    try:
        counts = [budget.parameters(Plan.from_json(plan)) for plan in plans]
    except PlanError:
        return
    with st.container(border=True):
        st.markdown("**Is this race fair?**")
        st.markdown("\n\n".join(sentences.race_card(plans, counts)))


def _table(looked: Looked) -> None:
    unfolded = st.expander(
        "The epochs in numbers", key=TABLE, icon=":material/table_rows:", on_change="rerun"
    )
    if not unfolded.open:
        return
    with unfolded:
        tables = [(shown.name, sentences.epoch_table(shown)) for shown in looked.runs]
        if not any(table for _, table in tables):
            st.caption("The first epoch has not ended yet.")
        for name, table in tables:
            if table:
                if len(tables) > 1:
                    st.markdown(f"**{plain(name)}**")
                st.markdown(table)


def _presets(choices: TrainChoices, desk: Desk, visitor: str) -> None:
    """Trainings that are one click away."""
    rows = [pair(gap="medium") for _ in range((len(PRESETS) + 1) // 2)]
    for preset, room in zip(PRESETS, (room for row in rows for room in row), strict=False):
        with room.container(border=True, height="stretch"):
            st.markdown(f"**{plain(preset.title)}**")
            st.caption(plain(preset.look_for))
            st.button(
                "Train this",
                key=f"train_preset_{preset.key}",
                icon=":material/play_arrow:",
                on_click=_start_preset(choices, desk, visitor, preset.key),
                help=plain(sentences.plan_words(preset.plan)),
            )


def _frames(choices: TrainChoices, room: Room) -> None:
    """The two main figures, still empty: what comes into them needs no time to be set up."""
    from rnnviz.training import budget

    plan = choices.plan
    steps = budget.estimate(plan, texts=choices.texts).steps
    empty = Shown("", "", plan.to_json(), Curves(total_steps=steps))
    _curves(choices, (empty,), MEASURES[:2], room)


def _start_preset(choices: TrainChoices, desk: Desk, visitor: str, key: str) -> Callable[[], None]:
    def clicked() -> None:
        choices.take_preset(key)
        train_desk.start(desk, choices, visitor)

    return clicked
