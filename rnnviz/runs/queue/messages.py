"""What the server and its workers say to each other: JSON objects as bytes, never pickles."""

from __future__ import annotations

from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

from rnnviz.safe import strict

MOST_BYTES = 4_000_000


def send(connection: Connection, message: Mapping[str, Any]) -> None:
    """Send one message; OSError if nobody is there."""
    connection.send_bytes(strict.dumps(message).encode())


def receive(connection: Connection) -> dict[str, Any]:
    """The next message; EOFError or OSError if nobody is there or it makes no sense."""
    try:
        return strict.load_object(connection.recv_bytes(MOST_BYTES))
    except ValueError as failure:
        raise OSError(str(failure)) from failure
