"""What the Train page is made of, by the names that the page uses."""

from __future__ import annotations

import logging
from pathlib import Path

import streamlit as st

from rnnviz.explorer.parts.components import travel
from rnnviz.explorer.parts.notices import plain, sentence
from rnnviz.explorer.parts.rooms import STYLE as ROOMS
from rnnviz.explorer.parts.rooms import Room
from rnnviz.explorer.parts.visitor import present, remember, visitor
from rnnviz.explorer.train import desk as train_desk
from rnnviz.explorer.train import sentences
from rnnviz.explorer.train.address import FIGURES
from rnnviz.explorer.train.choices import TRAVEL, TrainChoices, train_choices
from rnnviz.explorer.train.live import live_stage
from rnnviz.explorer.train.setup import setup_controls
from rnnviz.models.places import RunError
from rnnviz.training.plan import PlanError
from rnnviz.training.tasks.table import TASKS

__all__ = [
    "closer",
    "live_stage",
    "setup_controls",
    "start_controls",
    "train_choices",
    "train_rooms",
    "visitor",
]

STYLE = Path(__file__).with_suffix(".css")
NAMES = dict(zip(FIGURES, ("Time machine", "Runs"), strict=True))
BELOW = "The training is shown below."
TEASERS = {
    "machine": "how the same input was read before, during and after the training",
    "runs": "all your runs: name, compare, download, load them into the other pages",
}


def train_rooms(choices: TrainChoices, who: str) -> tuple[Room, Room, Room]:
    """Places for the controls, the stage, and what lies below it."""
    st.html(ROOMS)
    st.html(STYLE)
    beside, stage = st.columns([1.1, 2.6], gap="medium")
    controls = beside.container(key="train_controls")
    with beside:
        travel(key=TRAVEL, heard=choices.heard_trip)
        remember(who)
    live, below = stage.container(), stage.container()
    return controls, live, below


def start_controls(choices: TrainChoices, who: str) -> None:
    """What the training will take, and the button that starts it."""
    from rnnviz.training import budget

    desk = present(who)
    found = None
    task = TASKS[choices.plan.task]
    missing = choices.plan.task == "own" and choices.plan.data is None
    try:
        plans = train_desk.plans_of(choices.address)
        found = budget.together([budget.estimate(plan, texts=choices.texts) for plan in plans])
    except PlanError as error:
        st.caption(plain(sentence(error)))
    else:
        said = sentences.estimate_words(
            found.parameters,
            found.memory_bytes,
            found.seconds,
            found.steps,
            networks=len(plans),
        )
        said = said if found.is_exact else f"at most {said}"
        said = f"{len(plans)} networks together: {said}" if len(plans) > 1 else said
        st.caption(plain(task.needs_data if missing else said[0].upper() + said[1:]))
    st.button(
        "Train",
        key="train_start",
        type="primary",
        icon=":material/play_arrow:",
        disabled=missing or found is None,
        help="Starts a training with these settings. It runs on this server while you watch.",
        width="stretch",
        on_click=train_desk.start,
        args=(desk, choices, who),
    )
    # On a phone the stage is below the fold: there nobody would see that anything had happened.
    usual = "Runs to begin with are below." if choices.address.run is None else BELOW
    with st.container(key="train_below"):
        st.caption(plain(choices.notices.get("job", usual)))


def closer(choices: TrainChoices, who: str) -> None:
    """The time machine and the runs, one at a time, when somebody asks for them."""
    st.subheader("Look closer", anchor=False)
    st.segmented_control(
        "What to look at",
        FIGURES,
        default=choices.address.figure,
        wrap=True,
        format_func=NAMES.__getitem__,
        **choices.control("figure"),
        help="The time machine is about the run above; the table has all runs of this browser.",
    )
    figure = choices.address.figure
    if figure is None:
        st.markdown("\n".join(f"- **{NAMES[name]}**: {TEASERS[name]}" for name in FIGURES))
        return
    try:
        with st.container():
            PANELS[figure](choices, who)
    except RunError as error:
        st.info(plain(sentence(error)))
    except Exception as error:  # a fault of ours: the page stays whole, and the log says where
        if type(error).__module__.startswith("streamlit"):
            raise  # how Streamlit ends a run
        logging.getLogger(__name__).exception("%s was not shown", figure)
        st.info(f"{NAMES[figure]} cannot be shown just now. The rest of the page works.")


def _machine(choices: TrainChoices, who: str) -> None:
    from rnnviz.explorer.train.machine import machine_panel

    if choices.address.run is None:
        st.caption("The time machine needs a run: press Train, or choose one under Runs.")
        return
    machine_panel(present(who).store.get(choices.address.run), who)


def _runs(choices: TrainChoices, who: str) -> None:
    from rnnviz.explorer.train.runs import runs_panel

    runs_panel(who, present(who).store, choices)


PANELS = {"machine": _machine, "runs": _runs}
