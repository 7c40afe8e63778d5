"""What can be done with runs of the table: name, keep, show, resume, take away, delete, bring."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from rnnviz import parsing
from rnnviz.explorer.parts.notices import notices, plain, sentence
from rnnviz.explorer.parts.uploads import uploaded_files
from rnnviz.explorer.parts.visitor import origin, present
from rnnviz.explorer.parts.waiting import still_wanted
from rnnviz.explorer.train import table
from rnnviz.models.places import RunError
from rnnviz.models.storage import CONFIG, TOKENIZER, WEIGHTS
from rnnviz.runs import downloads, uploads
from rnnviz.runs.record import Run, clean_name
from rnnviz.runs.store import SECONDS_TO_RESTORE, RunStore

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from rnnviz.explorer.train.choices import TrainChoices

SELECTED, SAID, DELETED, UPLOADS, AGAIN, UNNAMED, REFUSED = (
    f"train_runs_{name}"
    for name in ("selected", "said", "deleted", "uploads", "again", "unnamed", "refused")
)

READS = {
    "digits": ("pages/digits.py", "Read digits with it", ":material/draw:"),
    "text": ("pages/text.py", "Read texts with it", ":material/notes:"),
}
ZIP_HELP = "Network, plan and curves: a zip that can be brought here again."
LOG_HELP = "Unpack it and run `tensorboard --logdir` there."
UPLOAD_HELP = (
    "Either one zip that this page made, or `config.json` and `model.safetensors` together, with "
    "`tokenizer.json` for a network that reads texts. docs/runs.md says what is in them."
)

NEEDED = {
    CONFIG: "how the network is built",
    WEIGHTS: "its weights",
    TOKENIZER: "how it cuts a text into tokens",
}


def one_run(run: Run, visitor: str, store: RunStore, choices: TrainChoices) -> None:
    """Everything that can be done with the one run that is selected."""
    name, keep = st.columns([3, 1], vertical_alignment="bottom")
    name.text_input(
        "Name of the run",
        value=run.name,
        max_chars=60,
        key=(key := f"train_runs_name_{run.id}" + "_" * st.session_state.get(UNNAMED, 0)),
        on_change=_rename,
        args=(store, run, key),
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
        page = table.page_of(run)
        if page is not None:
            path, label, icon = READS[page]
            st.page_link(path, label=label, icon=icon, query_params={"run": run.id})
        _downloads(run)
        _delete_button([run], visitor, store, choices)
    if run.message:
        st.caption(plain(run.message))


def _rename(store: RunStore, run: Run, key: str) -> None:
    if clean_name(st.session_state[key]):
        _try(partial(store.rename, run.id, st.session_state[key]))
        return
    st.session_state[SAID] = f"A run needs a name: it is still called {run.name}."
    st.session_state[UNNAMED] = st.session_state.get(UNNAMED, 0) + 1  # the field shows it again


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
    from rnnviz.runs.queue.job import JobError

    try:
        present(visitor).manager.resume(id)
    except (JobError, RunError) as error:
        st.session_state[SAID] = sentence(error)
    else:
        _show(id, choices)


def _downloads(run: Run) -> None:
    with st.popover("Download", icon=":material/download:"):
        _download("Everything, ZIP", run, downloads.run_zip, ".zip", ZIP_HELP)
        _download("Curves, CSV", run, _csv, "-curves.csv", "One row a step, for any program.")
        if downloads.has_tensorboard():
            log = downloads.tensorboard_zip
            _download("Curves, TensorBoard", run, log, "-tensorboard.zip", LOG_HELP)
        else:
            st.caption(downloads.NO_TENSORBOARD)


def _csv(run: Run) -> bytes:
    return downloads.curves_csv(run.curves()).encode()


def _download(label: str, run: Run, make: Callable[[Run], bytes], ending: str, said: str) -> None:
    st.download_button(
        label,
        partial(make, run),
        file_name=downloads.file_name(run, ending),
        mime="text/csv" if ending.endswith("csv") else "application/zip",
        key=f"train_runs_download{ending}",
        on_click="ignore",
        help=said,
        width="stretch",
    )


def several_runs(
    chosen: Sequence[Run], visitor: str, store: RunStore, choices: TrainChoices
) -> None:
    """What can be done with several runs besides comparing them."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{len(chosen)} runs")
        _delete_button(chosen, visitor, store, choices)


def _delete_button(
    chosen: Sequence[Run], visitor: str, store: RunStore, choices: TrainChoices
) -> None:
    live = [run for run in chosen if run.is_live]
    st.button(
        "Delete" if len(chosen) == 1 else f"Delete {len(chosen)} runs",
        key="train_runs_delete",
        icon=":material/delete:",
        disabled=bool(live),
        on_click=_delete,
        args=(store, visitor, choices, tuple(run.id for run in chosen)),
        help="Stop it first." if live else "For 15 minutes it can be brought back.",
    )


def _delete(store: RunStore, visitor: str, choices: TrainChoices, ids: Sequence[str]) -> None:
    own = [run for run in store.of(visitor) if run.id in ids]
    gone = [(run.id, run.name) for run in own if _try(partial(store.delete, run.id))]
    st.session_state[DELETED] = (time.time(), gone)
    if gone:
        st.session_state[AGAIN] = True  # the stage may show one of them, or a race with one
    if choices.address.run in {id for id, _ in gone}:
        choices.show(None)


def deleted_runs(store: RunStore) -> None:
    """What was deleted last, with a way back while there is one."""
    when, gone = st.session_state.get(DELETED, (0.0, []))
    if not gone or time.time() - when > SECONDS_TO_RESTORE:
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
    _, gone = st.session_state.pop(DELETED, (0.0, []))
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


def bring_network(visitor: str, store: RunStore) -> None:
    """A place for the files of a network that was trained elsewhere, in any order.

    The files stay until a network was made of them: a refusal loses nothing. The box is the same
    element in every state, so that it stays open while files are added.
    """
    with st.expander("Bring a network that was trained elsewhere", icon=":material/upload:"):
        key = f"train_runs_upload_{st.session_state.get(UPLOADS, 0)}"
        st.file_uploader(
            "Files of a network",
            type=["zip", "safetensors", "json"],
            accept_multiple_files=True,
            key=key,
            help=UPLOAD_HELP,
        )
        files = _newest(key)
        config = next((one.getvalue() for one in files if one.name.lower() == CONFIG), b"")
        if files:
            parsing.warm("networks")  # ready when the button is
        missing = uploads.lacking([one.name for one in files], config) if files else ()
        st.caption(_what_is_missing(missing) if missing else UPLOAD_HELP)
        st.button(
            "Bring it",
            key="train_runs_bring",
            disabled=not files or bool(missing),
            on_click=_bring,
            args=(visitor, store, key),
        )
        notices(filter(None, [st.session_state.pop(REFUSED, "")]))


def _what_is_missing(names: Sequence[str]) -> str:
    """Which files are still needed, and why."""
    listed = " and ".join(f"`{name}` ({NEEDED[name]})" for name in names)
    return f"**Add {listed}.** The files above stay here."


def _newest(key: str) -> list[UploadedFile]:
    """The files that count; they are held until a network has been made of them."""
    found = uploaded_files(key)
    return [found[at] for at in uploads.newest([one.name for one in found])]


def _bring(visitor: str, store: RunStore, key: str) -> None:
    try:
        named = [(one.name, one.getvalue()) for one in _newest(key)]
        run = uploads.add(store, visitor, named, origin=origin(), alive=still_wanted)
    except RunError as error:
        st.session_state[REFUSED] = sentence(error)
        return
    # The next files come into an empty place.
    st.session_state[UPLOADS] = st.session_state.get(UPLOADS, 0) + 1
    st.session_state[SELECTED] = [run.id]
