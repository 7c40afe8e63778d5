"""What the server still holds of uploaded files: nothing of those that have been read.

Streamlit holds the bytes of a file until its session ends, and copies them at every run of the
page. So a page that has read a file lets go of them here. The file stays under its id, empty: its
control still has its name. Bytes are held on only while something on the screen will read them
again, as the list of columns of a table does. They stay in Streamlit's own storage then, where
`rnnviz.explorer.server.budgets` counts them, and no visitor's upload pushes those of others out.

`tests/pages/test_uploads.py` says when this can go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
    from streamlit.runtime.uploaded_file_manager import UploadedFile

HELD = "uploads_held"
"""Where a session keeps the ids of the files of each control."""

SEEN = "uploads_seen"
"""Where it keeps the controls of the run that goes on."""


def uploaded_files(key: str) -> list[UploadedFile]:
    """The files in the control of that key; those that were in it before are gone from here on."""
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    found = st.session_state.get(key)
    several = found if isinstance(found, list) else [found]
    now = [one for one in several if isinstance(one, UploadedFile)]
    held = st.session_state.setdefault(HELD, {})
    ids = tuple(one.file_id for one in now)
    _remove([id for id in held.get(key, ()) if id not in ids])
    held[key] = ids
    st.session_state.setdefault(SEEN, set()).add(key)
    return now


def uploaded_file(key: str) -> UploadedFile | None:
    """The file in a control that takes one."""
    return next(iter(uploaded_files(key)), None)


def let_go(*read: UploadedFile) -> None:
    """Forget the bytes of files that have been read, and nothing else of them."""
    storage = _storage()
    for one in read:
        if storage is not None:
            manager, session = storage
            for record in manager.get_files(session, [one.file_id]):
                manager.add_file(session, record._replace(data=b""))
        one.seek(0)
        one.truncate()


@contextmanager
def run_of_page() -> Iterator[None]:
    """A whole run of a page, after which files of controls that it did not show are gone."""
    st.session_state[SEEN] = set()
    yield
    held, seen = st.session_state.get(HELD, {}), st.session_state[SEEN]
    for key in [one for one in held if one not in seen]:
        _remove(held.pop(key))


def _remove(ids: Sequence[str]) -> None:
    if (storage := _storage()) is not None:
        manager, session = storage
        for id in ids:
            manager.remove_file(session, id)


def _storage() -> tuple[MemoryUploadedFileManager, str] | None:
    """Where Streamlit keeps files in memory, and the session; None where it does neither."""
    from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    context = get_script_run_ctx()
    manager = None if context is None else context.uploaded_file_mgr
    if context is None or not isinstance(manager, MemoryUploadedFileManager):
        return None
    return manager, context.session_id
