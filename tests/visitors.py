"""Visitors without a browser, who send what Streamlit's front end sends."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

PATIENCE = 120.0


class Visitor:
    """One connection to a running app."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.session = ""

    def send(self, message: BackMsg | bytes) -> None:
        """Send a message, or bytes that may be none."""
        data = message if isinstance(message, bytes) else message.SerializeToString()
        self.connection.send(data)

    def run(self, page: str = "", query: str = "") -> list[ForwardMsg]:
        """Let the page run and return what came until its end; raises TimeoutError."""
        message = BackMsg()
        message.rerun_script.page_name = page
        message.rerun_script.query_string = query
        self.send(message)
        return self.until_finished()

    def until_finished(self) -> list[ForwardMsg]:
        """What comes until a run has ended well."""
        came: list[ForwardMsg] = []
        while True:
            data = self.connection.recv(timeout=PATIENCE)
            assert isinstance(data, bytes)
            came.append(ForwardMsg.FromString(data))
            if came[-1].WhichOneof("type") == "new_session":
                self.session = came[-1].new_session.initialize.session_id
            # A run that makes room for another one ends otherwise.
            ended = came[-1].WhichOneof("type") == "script_finished"
            if ended and came[-1].script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                return came


@contextmanager
def visit(
    address: str,
    *,
    origin: str | None = None,
    headers: Sequence[tuple[str, str]] = (),
) -> Iterator[Visitor]:
    """A connection to the app at ``http://…``, as a page of ``origin`` would make it."""
    url = address.replace("http://", "ws://") + "/_stcore/stream"
    with connect(
        url,
        origin=origin or address,  # type: ignore[arg-type]
        subprotocols=["streamlit"],  # type: ignore[list-item]
        additional_headers=list(headers),
        max_size=None,
        open_timeout=PATIENCE,
        proxy=None,
    ) as connection:
        yield Visitor(connection)


def open_files(process: int) -> int:
    """How many files a process has open."""
    return len(os.listdir(f"/proc/{process}/fd"))


def until(holds: object, *, patience: float = PATIENCE) -> None:
    """Wait until a function says yes; raises TimeoutError."""
    assert callable(holds)
    deadline = time.monotonic() + patience
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(getattr(holds, "__name__", "it never came"))
        time.sleep(0.02)
