"""Sends no element without the block in which it stands.

Streamlit keeps what it has to say in a queue. When a fragment runs again before the queue was sent,
`ForwardMsgQueue.clear` throws away what the fragment had said, but for references to elements that
the browser has kept: those bear no mark of their fragment. Sent without their blocks they end a
page whose places differ from state to state (`rnnviz.explorer.parts.rooms`). This clears them as
well.

It reaches into Streamlit, which pages need not rely on: where the queue is another one some day,
nothing is changed. `tests/pages/test_delivery.py` says when it can go.
"""

from __future__ import annotations

from functools import wraps
from typing import Any


def send_whole_blocks() -> None:
    """Make every session's queue clear references with their blocks; again changes nothing."""
    from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

    clear = ForwardMsgQueue.clear
    if hasattr(clear, "__wrapped__") or not hasattr(ForwardMsgQueue(), "_queue"):
        return

    @wraps(clear)
    def clear_whole(
        self: Any,
        retain_lifecycle_msgs: bool = False,
        fragment_ids_this_run: list[str] | None = None,
    ) -> None:
        said = list(self._queue)
        clear(self, retain_lifecycle_msgs, fragment_ids_this_run)
        kept = {id(one) for one in self._queue}
        gone = {_path(one) for one in said if id(one) not in kept and _is_block(one)}
        self._queue = [one for one in self._queue if not (_is_reference(one) and _is_in(one, gone))]

    ForwardMsgQueue.clear = clear_whole  # type: ignore[method-assign]


def _path(message: Any) -> tuple[int, ...]:
    return tuple(message.metadata.delta_path)


def _is_block(message: Any) -> bool:
    return message.HasField("delta") and message.delta.WhichOneof("type") == "add_block"


def _is_reference(message: Any) -> bool:
    return bool(message.HasField("ref_hash"))


def _is_in(message: Any, blocks: set[tuple[int, ...]]) -> bool:
    path = _path(message)
    return any(path[:depth] in blocks for depth in range(len(path)))
