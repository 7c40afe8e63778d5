"""Keeps a file to download until the browser has fetched it.

A download button names its file by an id that is another one after every run of the page. Streamlit
forgets an id as soon as a run of any session ends that does not name it, and a file that was made
for a click after two such runs. Who clicks while the page runs, or in a busy class, then gets
"Failed to generate file for download", or a file that is not there.

Here both live on for `GRACE` seconds at least.

It also makes a file for whoever knows an id, and writes each id that there is not into the log as a
fault. Here an id is worth something in its own session alone, which makes `MOST_AT_ONCE` files at a
time.

It reaches into Streamlit, which pages need not rely on: where the manager is another one some day,
nothing is changed. `tests/pages/test_downloads.py` says when it can go.
"""

from __future__ import annotations

import time
from collections import Counter
from functools import wraps
from typing import Any

GRACE = 60.0
"""Seconds for which what no run names any more can still be downloaded."""


REFUSED = "Reload the page, then download it again."
MOST_AT_ONCE = 2
"""Files that are made for a session at once: each takes a thread that others need as well."""


def keep_to_sessions() -> None:
    """Make a file for the session alone that was offered it; again changes nothing."""
    from streamlit.proto.ForwardMsg_pb2 import BackendOperationResponse
    from streamlit.runtime.backend_operation_handler import DeferredFileHandler

    handle = DeferredFileHandler.handle
    if hasattr(handle, "__wrapped__"):
        return
    making: Counter[str] = Counter()

    @wraps(handle)
    async def handle_own(self: Any, request: Any, session_id: str) -> Any:
        known = getattr(self._get_media_file_mgr(), "_deferred_callables", {})
        entry = known.get(request.deferred_file.file_id)
        is_own = entry is not None and entry["session_id"] == session_id
        if not is_own or making[session_id] >= MOST_AT_ONCE:
            return BackendOperationResponse(request_id=request.request_id, error_msg=REFUSED)
        making[session_id] += 1
        try:
            return await handle(self, request, session_id)
        finally:
            making[session_id] -= 1
            if not making[session_id]:
                del making[session_id]

    DeferredFileHandler.handle = handle_own  # type: ignore[method-assign]


def keep_downloads() -> None:
    """Make every sweep of files wait for `GRACE` seconds; again changes nothing."""
    from streamlit.runtime.media_file_manager import MediaFileManager

    sweep = MediaFileManager.remove_orphaned_files
    drop = getattr(MediaFileManager, "_remove_orphaned_deferred_callables", None)
    if hasattr(sweep, "__wrapped__") or drop is None:
        return

    @wraps(sweep)
    def sweep_seldom(self: Any) -> None:
        """As before, but at most once in `GRACE` seconds: files are marked by one sweep and
        deleted by the next."""
        if time.monotonic() - self.__dict__.get("_swept", float("-inf")) < GRACE:
            return
        self._swept = time.monotonic()
        sweep(self)

    @wraps(drop)
    def drop_marked(self: Any) -> None:
        """Drop the ids that the sweep before has marked as well, and mark the others."""
        named = {
            one for files in self._files_by_session_and_coord.values() for one in files.values()
        }
        orphans = set(self._deferred_callables) - named
        for one in orphans & self.__dict__.get("_marked", set()):
            self._drop_deferred_id(one)
        self._marked = orphans

    MediaFileManager.remove_orphaned_files = sweep_seldom  # type: ignore[method-assign]
    MediaFileManager._remove_orphaned_deferred_callables = drop_marked  # type: ignore[method-assign]
