"""What the server and its workers say to each other: JSON objects as bytes, never pickles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

MOST_BYTES = 4_000_000


def send(connection: Connection, message: Mapping[str, Any]) -> None:
    """Send one message; OSError if nobody is there."""
    connection.send_bytes(json.dumps(message).encode())


def receive(connection: Connection) -> dict[str, Any]:
    """The next message; EOFError or OSError if nobody is there or it makes no sense."""
    said = json.loads(connection.recv_bytes(MOST_BYTES))
    if not isinstance(said, dict):
        raise OSError(f"expected a JSON object, got {type(said).__name__}")
    return said
