"""The runs of a visitor: a table, their curves over each other, and what can be done with one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from rnnviz.explorer.parts.notices import notices, sentence
from rnnviz.explorer.parts.rooms import Room
from rnnviz.explorer.parts.scheme import scheme, watch_scheme
from rnnviz.explorer.train import table as run_table
from rnnviz.explorer.train.actions import (
    AGAIN,
    SAID,
    SELECTED,
    bring_network,
    deleted_runs,
    one_run,
    several_runs,
)
from rnnviz.explorer.train.lines import HELD_OUT as HELD_OUT_MEASURES
from rnnviz.explorer.train.lines import SMOOTHED
from rnnviz.figures.curves import MEASURES, reach, training_curves
from rnnviz.runs.budgets import Budgets
from rnnviz.runs.record import Run
from rnnviz.runs.store import RunStore

if TYPE_CHECKING:
    from rnnviz.explorer.train.choices import TrainChoices

MOST_DAMAGED = 3

POLL = 5.0
"""Seconds between two looks at runs that are on their way."""

TABLE = "train_runs_table"
MEASURE = "train_runs_measure"
MEASURE_NAMES = {
    "accuracy": "Right answers",
    "loss": "Loss",
    "gradient": "Gradient",
    "rate": "Learning rate",
}
EMPTY = (
    "**No runs yet.** Press *Train*, and every training of this browser is kept here: to compare "
    "their curves, to download them, and to read digits or texts with the network on the other "
    "pages. A network that was trained elsewhere can be brought below."
)
HELD_OUT = "Right answers of the best epoch on held-out examples."
SCORED = "Number of held-out examples behind the accuracy."


@dataclass(frozen=True)
class Rooms:
    """Places on the panel, from the top down; see `rooms`."""

    said: Room
    figure: Room
    table: Room
    actions: Room
    measures: Room
    upload: Room

    @classmethod
    def made(cls) -> Rooms:
        """Make the places here: the table and the figure are large, so each stands alone."""
        said, table, actions, measures, figure, upload = (st.container() for _ in range(6))
        return cls(said, figure, table, actions, measures, upload)


def runs_panel(visitor: str, store: RunStore, choices: TrainChoices) -> None:
    """The runs of a visitor, as a fragment that looks again while one of them is on its way."""
    every = _every(store.of(visitor))
    st.fragment(_panel, run_every=every)(visitor, store, choices, every)


def _every(runs: Sequence[Run]) -> float | None:
    return POLL if any(run.state in ("queued", "running") for run in runs) else None


def _panel(visitor: str, store: RunStore, choices: TrainChoices, every: float | None) -> None:
    rooms = Rooms.made()
    runs = store.of(visitor)
    if st.session_state.pop(AGAIN, False) or _every(runs) != every:
        st.rerun()  # the whole page: the stage shows another run, or this looks more often
    with rooms.table:
        if runs:
            chosen = _table(runs)
        else:
            chosen = []
            st.markdown(EMPTY)
    with rooms.actions:
        if len(chosen) == 1:
            one_run(chosen[0], visitor, store, choices)
        elif chosen:
            several_runs(chosen, visitor, store, choices)
        elif runs:
            st.caption("Select a run to do something with it, or several to compare their curves.")
    if chosen:
        _compare(chosen, choices, rooms)
    with rooms.upload:
        bring_network(visitor, store)
        st.caption(_storage(*store.usage(visitor), store.budgets))
    # Last, so that what the buttons above have said stands there at once.
    with rooms.said:
        said = [store.notice, *_damaged(store.damaged()), st.session_state.pop(SAID, "")]
        notices(filter(None, said))
        deleted_runs(store)
        watch_scheme("train_runs_scheme")


def _table(runs: Sequence[Run]) -> list[Run]:
    """The table, and the runs that are selected in it."""
    columns = run_table.table(runs)
    before = st.session_state.get(SELECTED, [])
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    event: Any = st.dataframe(
        columns,
        key=table_key(runs),
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        placeholder="–",
        selection_default={
            "selection": {"rows": [i for i, run in enumerate(runs) if run.id in before]}
        },
        alt=f"{len(runs)} training runs, the newest first: "
        + "; ".join(map(plain_row, runs[: run_table.MOST_COMPARED])),
        column_config={
            "name": text("Name", width=165, pinned=True),
            "task": text("Task", width=130),
            "cell": text("Cell", width=50),
            "units": number("Units", width=52, format="%d", help="Hidden units of a layer."),
            "accuracy": number("Held out", width=72, format="%.1f %%", help=HELD_OUT),
            "n": number("Examples", width=74, format="localized", help=SCORED),
            "state": text("State", width=95),
            "epochs": number("Epochs", width=60, format="%d", help="Epochs that are done."),
            "seconds": number("Seconds", width=68, format="%.1f", help="Time of training."),
            "parameters": number("Parameters", width=88, format="localized"),
        },
    )  # fmt: skip
    rows = [row for row in event["selection"]["rows"] if 0 <= row < len(runs)]
    chosen = [runs[row] for row in sorted(rows)]
    st.session_state[SELECTED] = [run.id for run in chosen]
    return chosen


def table_key(runs: Sequence[Run]) -> str:
    """Rows are selected by their place, so another list of runs is another table."""
    ids = " ".join(run.id for run in runs)
    return f"{TABLE}_{hashlib.blake2b(ids.encode(), digest_size=8).hexdigest()}"


def plain_row(run: Run) -> str:
    """A row of the table in words."""
    score = run.best.get("accuracy")
    said = f", {100 * score:.1f} % held out" if isinstance(score, int | float) else ""
    return f"{run.name}, {run_table.task_title(run)}{said}, {run_table.STATE_WORDS[run.state]}"


def _compare(chosen: Sequence[Run], choices: TrainChoices, rooms: Rooms) -> None:
    """The curves of the selected runs over each other."""
    shown = chosen[: run_table.MOST_COMPARED]
    theme = scheme()
    with rooms.measures:
        measure = st.segmented_control(
            "Compare",
            tuple(MEASURE_NAMES),
            default="accuracy",
            required=True,
            wrap=True,
            format_func=MEASURE_NAMES.__getitem__,
            key=MEASURE,
            help="What was measured while the selected networks were trained.",
        )
    measure = measure or "accuracy"
    lines = run_table.overlay(shown, measure, theme, choices.address.smoothing)
    with rooms.figure:
        if not lines:
            st.caption("No curves here: nothing was measured while these networks were trained.")
            return
        log = choices.address.log_loss and measure == "loss"
        steps = max(int(line.steps[-1]) for line in lines)
        figure = training_curves(
            lines,
            measure,
            steps=max(steps, 1),
            ends=reach(lines, measure, log=log),
            log=log,
            log_steps=choices.address.log_steps,
            title=MEASURES[measure].title,
            theme=theme,
        )
        from rnnviz.figures import alt_text

        st.plotly_chart(
            figure,
            theme=None,
            key="train_runs_figure",
            alt=alt_text(figure),
            config={"displaylogo": False},
        )
        st.caption(_what_is_drawn(chosen, shown, measure, choices.address.smoothing))


def _what_is_drawn(
    chosen: Sequence[Run], shown: Sequence[Run], measure: str, half_life: int
) -> str:
    """How to read the figure, and what it does not let one compare."""
    said = []
    if len(shown) > 1:
        solid = "Solid: held-out examples. " if measure in HELD_OUT_MEASURES else ""
        said.append(f"{solid}Dotted: the batches of the training.")
    if measure in SMOOTHED and half_life > 0:
        said.append(
            f"Batches are smoothed with a half-life of {half_life} steps, pale as measured."
        )
    if len({run.plan.get("task") for run in shown}) > 1:
        said.append("**These runs were trained on different tasks.** Do not compare their scores.")
    if len(chosen) > len(shown):
        said.append(f"Drawn are the first {len(shown)} of {len(chosen)} selected runs.")
    return " ".join(said)


def _storage(count: int, size: int, bounds: Budgets) -> str:
    mine = bounds.visitor
    return (
        f"{count} of {mine.runs} runs, {size / 1e6:,.1f} of {mine.megabytes:,} MB, with what was "
        "deleted in the last quarter of an hour. When the limit is reached, the oldest runs not "
        f"marked “Keep” are deleted. A run is deleted after {bounds.run_days} days, a kept one "
        "after twice as many. All people who share your address have "
        f"{bounds.address.runs:,} runs and {bounds.address.megabytes:,} MB together, and may bring "
        f"{bounds.address.uploads} files an hour."
    )


def _damaged(sentences: Sequence[str]) -> list[str]:
    """What is said of damaged records: of many of them not each."""
    more = len(sentences) - MOST_DAMAGED
    said = [_as_sentence(one) for one in sentences[:MOST_DAMAGED]]
    return [*said, f"And {more} more."] if more > 0 else said


def _as_sentence(text: str) -> str:
    return sentence(ValueError(text))
