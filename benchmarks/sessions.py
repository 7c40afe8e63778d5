"""A visitor of the app without a browser: one session over a websocket, as Streamlit speaks it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

RUNS_AGAIN = ForwardMsg.FINISHED_EARLY_FOR_RERUN


class Session:
    """One page in one tab. `seconds` are those of every run of the script, asked to finished."""

    def __init__(self, address: str, page: str, headers: Mapping[str, str] | None = None) -> None:
        self._address, self._page = address.replace("http", "ws", 1), page
        self._headers = dict(headers or {})
        self._line: ClientConnection | None = None
        self._hash = ""
        self._buttons: dict[str, tuple[str, str]] = {}
        self._timers: dict[str, float] = {}
        self.seconds: list[float] = []

    async def open(self) -> None:
        """Connect."""
        self._line = await connect(
            f"{self._address}/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]
            additional_headers=self._headers,
            max_size=None,
            open_timeout=60,
            ping_timeout=None,
        )

    async def run(self, fragment: str = "", pressed: str = "") -> None:
        """Run the script, or a fragment of it, and wait for its end."""
        assert self._line is not None  # `open` comes first
        ask = BackMsg()
        state = ask.rerun_script
        state.page_name, state.page_script_hash = "" if self._hash else self._page, self._hash
        state.fragment_id = fragment
        state.is_auto_rerun = bool(fragment) and not pressed
        state.context_info.timezone = "UTC"
        if pressed:
            widget = state.widget_states.widgets.add()
            widget.id, widget.trigger_value = pressed, True
        start = time.perf_counter()
        await self._line.send(ask.SerializeToString())
        if not fragment:
            self._timers.clear()
        while True:
            message = ForwardMsg()
            message.ParseFromString(await self._line.recv(decode=False))
            if self._take(message):
                break
        self.seconds.append(time.perf_counter() - start)

    async def press(self, label: str) -> None:
        """Press a button that the page showed last."""
        id, fragment = self._buttons[label]
        await self.run(fragment, id)

    async def follow(self) -> None:
        """Run fragments as often as the page asks for it, until cancelled."""
        due: dict[str, float] = {}
        while True:
            now = time.monotonic()
            for fragment, seconds in list(self._timers.items()):
                if now >= due.setdefault(fragment, now + seconds):
                    due[fragment] = now + seconds
                    await self.run(fragment)
            await asyncio.sleep(0.05)

    def _take(self, message: Any) -> bool:
        """Note what a message brings; True at the end of a run."""
        kind = message.WhichOneof("type")
        if kind in ("new_session", "navigation"):
            self._hash = getattr(message, kind).page_script_hash or self._hash
        elif kind == "auto_rerun":
            self._timers[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        elif kind == "delta" and message.delta.HasField("new_element"):
            element = message.delta.new_element
            if element.WhichOneof("type") == "button":
                button = element.button
                self._buttons[button.label] = (button.id, message.delta.fragment_id)
        return kind == "script_finished" and message.script_finished != RUNS_AGAIN
