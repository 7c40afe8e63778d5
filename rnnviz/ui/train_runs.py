"""The runs of a visitor: a table, their curves over each other, and what can be done with one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from rnnviz import run_files, run_table
from rnnviz.figures.curves import MEASURES, reach, training_curves
from rnnviz.palette import Theme
from rnnviz.runs import Run, RunError, RunStore
from rnnviz.ui.notices import notices, plain, sentence
from rnnviz.ui.rooms import Room

if TYPE_CHECKING:
    from rnnviz.ui.train_choices import TrainChoices

POLL = 5.0
"""Seconds between two looks at runs that are on their way."""

TABLE, SELECTED, SAID, DELETED, UPLOADS, AGAIN = (
    f"train_runs_{name}" for name in ("table", "selected", "said", "deleted", "uploads", "again")
)
MEASURE = "train_runs_measure"
MEASURE_NAMES = {
    "accuracy": "Right answers",
    "loss": "Loss",
    "gradient": "Gradient",
    "rate": "Learning rate",
}
READS = {
    "digits": ("pages/digits.py", "Read digits with it", ":material/draw:"),
    "text": ("pages/text.py", "Read texts with it", ":material/notes:"),
}
EMPTY = (
    "**No runs yet.** Press *Train*, and every training of this browser is kept here: to compare "
    "their curves, to download them, and to read digits or texts with the network on the other "
    "pages. A network that was trained elsewhere can be brought below."
)
ZIP_HELP = "Network, plan and curves: a zip that can be brought here again."
LOG_HELP = "Unpack it and run `tensorboard --logdir` there."
HELD_OUT = "Right answers of the best epoch on held-out examples."
UPLOAD_HELP = (
    "Either one zip that this page made, or `config.json` and `model.safetensors` together, with "
    "`tokenizer.json` for a network that reads texts. docs/runs.md says what is in them."
)


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
            _one(chosen[0], visitor, store, choices)
        elif chosen:
            _several(chosen, visitor, store)
        elif runs:
            st.caption("Select a run to do something with it, or several to compare their curves.")
    if chosen:
        _compare(chosen, choices, rooms)
    with rooms.upload:
        _upload(visitor, store)
        st.caption(_storage(len(runs), store.usage(visitor), store))
    # Last, so that what the buttons above have said stands there at once.
    with rooms.said:
        said = [store.notice, *map(_as_sentence, store.damaged()), st.session_state.pop(SAID, "")]
        notices(filter(None, said))
        _deleted(store)


def _table(runs: Sequence[Run]) -> list[Run]:
    """The table, and the runs that are selected in it."""
    columns = run_table.table(runs)
    before = st.session_state.get(SELECTED, [])
    number = st.column_config.NumberColumn
    event: Any = st.dataframe(
        columns,
        key=table_key(runs),
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={
            "selection": {"rows": [i for i, run in enumerate(runs) if run.id in before]}
        },
        alt=f"{len(runs)} training runs, the newest first: "
        + "; ".join(map(plain_row, runs[: run_table.MOST_COMPARED])),
        column_config={
            "name": st.column_config.TextColumn("Name", width="medium", pinned=True),
            "task": st.column_config.TextColumn("Task", width="small"),
            "cell": st.column_config.TextColumn("Cell", width="small"),
            "units": number("Units", format="%d", help="Hidden units of a layer."),
            "accuracy": number("Held out", format="%.1f %%", help=HELD_OUT),
            "n": number("of", format="localized", help="How many held-out examples there are."),
            "state": st.column_config.TextColumn("State", width="small"),
            "epochs": number("Epochs", format="%d", help="Epochs that are done."),
            "seconds": number("Seconds", format="%.1f", help="Time of training, without pauses."),
            "parameters": number("Parameters", format="localized"),
            "kept": st.column_config.CheckboxColumn("Kept", width="small"),
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


def _one(run: Run, visitor: str, store: RunStore, choices: TrainChoices) -> None:
    name, keep = st.columns([3, 1], vertical_alignment="bottom")
    name.text_input(
        "Name of the run",
        value=run.name,
        max_chars=60,
        key=f"train_runs_name_{run.id}",
        on_change=_rename,
        args=(store, run.id),
    )
    keep.toggle(
        "Keep",
        value=run.kept,
        key=f"train_runs_keep_{run.id}_{run.kept}",
        on_change=_keep,
        args=(store, run.id, not run.kept),
        help="A kept run is not deleted when room is needed.",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        _look_at(run, visitor, choices)
        page = run_table.page_of(run)
        if page is not None:
            path, label, icon = READS[page]
            st.page_link(path, label=label, icon=icon, query_params={"run": run.id})
        _downloads(run)
        _delete_button([run], visitor, store)
    if run.message:
        st.caption(plain(run.message))


def _rename(store: RunStore, id: str) -> None:
    _try(partial(store.rename, id, st.session_state[f"train_runs_name_{id}"]))


def _keep(store: RunStore, id: str, kept: bool) -> None:
    _try(partial(store.keep, id, kept))


def _look_at(run: Run, visitor: str, choices: TrainChoices) -> None:
    """Put the run on the stage above, or let it go on."""
    st.button(
        "Show above",
        key="train_runs_show",
        icon=":material/visibility:",
        on_click=_show,
        args=(run.id, choices),
        help="Its curves, and what can be done with it, on the stage above.",
    )
    if run.is_resumable:
        st.button(
            "Resume",
            key="train_runs_resume",
            icon=":material/play_arrow:",
            on_click=_resume,
            args=(run.id, visitor, choices),
            help="Goes on exactly where it was left.",
        )


def _show(id: str, choices: TrainChoices) -> None:
    choices.show(id)
    st.session_state[AGAIN] = True


def _resume(id: str, visitor: str, choices: TrainChoices) -> None:
    from rnnviz.jobs import JobError
    from rnnviz.ui.train_jobs import present

    try:
        present(visitor).manager.resume(id)
    except (JobError, RunError) as error:
        st.session_state[SAID] = sentence(error)
    else:
        _show(id, choices)


def _downloads(run: Run) -> None:
    with st.popover("Download", icon=":material/download:"):
        _download("All of it", run, run_files.run_zip, ".zip", ZIP_HELP)
        _download("Curves as CSV", run, _csv, "-curves.csv", "One row a step, for any program.")
        if run_files.has_tensorboard():
            log = run_files.tensorboard_zip
            _download("Log for TensorBoard", run, log, "-tensorboard.zip", LOG_HELP)
        else:
            st.caption(run_files.NO_TENSORBOARD)


def _csv(run: Run) -> bytes:
    return run_files.curves_csv(run.curves()).encode()


def _download(label: str, run: Run, make: Callable[[Run], bytes], ending: str, said: str) -> None:
    st.download_button(
        label,
        partial(make, run),
        file_name=run_files.file_name(run, ending),
        mime="text/csv" if ending.endswith("csv") else "application/zip",
        key=f"train_runs_download{ending}",
        on_click="ignore",
        help=said,
        width="stretch",
    )


def _several(chosen: Sequence[Run], visitor: str, store: RunStore) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{len(chosen)} runs")
        _delete_button(chosen, visitor, store)


def _delete_button(chosen: Sequence[Run], visitor: str, store: RunStore) -> None:
    live = [run for run in chosen if run.is_live]
    st.button(
        "Delete" if len(chosen) == 1 else f"Delete {len(chosen)} runs",
        key="train_runs_delete",
        icon=":material/delete:",
        disabled=bool(live),
        on_click=_delete,
        args=(store, visitor, tuple(run.id for run in chosen)),
        help="Stop it first." if live else "For 15 minutes it can be brought back.",
    )


def _delete(store: RunStore, visitor: str, ids: Sequence[str]) -> None:
    own = [run for run in store.of(visitor) if run.id in ids]
    gone = [(run.id, run.name) for run in own if _try(partial(store.delete, run.id))]
    st.session_state[DELETED] = gone


def _deleted(store: RunStore) -> None:
    """What was deleted last, with a way back."""
    gone: list[tuple[str, str]] = st.session_state.get(DELETED, [])
    if not gone:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        what = gone[0][1] if len(gone) == 1 else f"{len(gone)} runs"
        st.caption(f"Deleted: {plain(what)}")
        st.button(
            "Bring back",
            key="train_runs_restore",
            icon=":material/undo:",
            on_click=_restore,
            args=(store,),
        )


def _restore(store: RunStore) -> None:
    gone: list[tuple[str, str]] = st.session_state.pop(DELETED, [])
    back = [id for id, _ in gone if _try(partial(store.restore, id))]
    st.session_state[SELECTED] = back


def _try(do: Callable[[], object]) -> bool:
    """Whether it went well; where it did not, the panel says why."""
    try:
        do()
    except RunError as error:
        st.session_state[SAID] = sentence(error)
        return False
    return True


def _compare(chosen: Sequence[Run], choices: TrainChoices, rooms: Rooms) -> None:
    """The curves of the selected runs over each other."""
    shown = chosen[: run_table.MOST_COMPARED]
    theme: Theme = "dark" if st.context.theme.type == "dark" else "light"
    with rooms.measures:
        measure = st.segmented_control(
            "Compare",
            tuple(MEASURE_NAMES),
            default="accuracy",
            required=True,
            wrap=True,
            format_func=MEASURE_NAMES.__getitem__,
            key=MEASURE,
            help="Solid lines are held-out examples, dotted ones the batches of the training. "
            "Runs of different tasks have different examples: compare those of one task.",
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
        if len(chosen) > len(shown):
            st.caption(f"The first {len(shown)} of the {len(chosen)} selected runs.")


def _upload(visitor: str, store: RunStore) -> None:
    with st.expander("Bring a network that was trained elsewhere", icon=":material/upload:"):
        number = st.session_state.get(UPLOADS, 0)
        files = st.file_uploader(
            "Files of a network",
            type=["zip", "safetensors", "json"],
            accept_multiple_files=True,
            key=f"train_runs_upload_{number}",
            help=UPLOAD_HELP,
        )
        st.caption(UPLOAD_HELP)
        st.button(
            "Bring it",
            key="train_runs_bring",
            disabled=not files,
            on_click=_bring,
            args=(visitor, store, files),
        )


def _bring(visitor: str, store: RunStore, files: Any) -> None:
    from rnnviz import run_uploads

    try:
        run = run_uploads.add(store, visitor, [(one.name, one.getvalue()) for one in files])
    except RunError as error:
        st.session_state[SAID] = sentence(error)
        return
    st.session_state[UPLOADS] = st.session_state.get(UPLOADS, 0) + 1
    st.session_state[SELECTED] = [run.id]


def _storage(count: int, size: int, store: RunStore) -> str:
    bytes_said = f"{size / 1e6:,.1f} of {store.most_bytes / 1e6:,.0f} MB"
    return (
        f"{count} of {store.most_runs} runs, {bytes_said}. When there are more, the oldest that "
        "are not kept make room."
    )


def _as_sentence(text: str) -> str:
    return sentence(ValueError(text))
