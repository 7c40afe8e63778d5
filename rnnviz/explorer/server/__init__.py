"""The server around the pages: what happens when it starts and when it stops, and its gate."""

from __future__ import annotations

import os
import threading
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.middleware import Middleware

from rnnviz.explorer.server.budgets import Budgets, held_by_streamlit
from rnnviz.explorer.server.gate import Gate
from rnnviz.explorer.server.sessions import Sessions, keep_sessions_in, raise_file_limit
from rnnviz.runs.budgets import MEGABYTES, MOST_MEGABYTES, whole


def server_options() -> dict[str, Any]:
    """What ``st.App`` is given beside the script; to be called once, when the server starts.

    Raises SystemExit, in one sentence, where the environment has a wrong number for it.
    """
    _check_settings()
    sessions = Sessions(raise_file_limit())
    keep_sessions_in(sessions)
    gate = Middleware(Gate, sessions=sessions, budgets=Budgets(held_by_streamlit))
    return {"lifespan": _life, "middleware": [gate]}


@asynccontextmanager
async def _life(_app: Any) -> AsyncIterator[None]:
    """From the start of the server to its end."""
    # Not before: what caches looks for the running server when it is imported.
    from rnnviz.explorer.parts.delivery import send_whole_blocks
    from rnnviz.explorer.parts.downloads import keep_downloads, keep_to_sessions
    from rnnviz.explorer.parts.incoming import take_fitting_values
    from rnnviz.explorer.parts.visitor import close_desk

    send_whole_blocks()
    keep_downloads()
    keep_to_sessions()
    take_fitting_values()
    _open_browser()
    yield
    close_desk()


def _check_settings() -> None:
    """End the start where a number of the environment is none: no page could be shown with it."""
    from rnnviz.runs.queue.limits import limits, niceness

    try:
        limits()
        niceness()
        whole(os.environ, MEGABYTES, MOST_MEGABYTES)
    except ValueError as error:
        raise SystemExit(f"The server was not started. {error}.") from None


def _open_browser() -> None:
    """Show the page to whoever has started it at this machine, as ``streamlit run`` does."""
    from streamlit import config

    if not config.get_option("server.headless"):
        path = str(config.get_option("server.baseUrlPath")).strip("/")
        scheme = "https" if config.get_option("server.sslCertFile") else "http"
        url = f"{scheme}://localhost:{config.get_option('server.port')}/{path}"
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
