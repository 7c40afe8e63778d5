"""What reaches Streamlit: the gate between the network and the server, an ASGI middleware.

Streamlit trusts its own front end, but anybody can send what it sends. So here, before anything of
Streamlit's runs: a connection of a foreign page is refused without asking any other machine whose
it is; of all messages only those pass that our pages send, at a pace that a person can reach; and
connections and uploads have budgets, for an address and for all.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import os
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from ipaddress import ip_address
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from rnnviz.explorer.server.budgets import Budgets, NoRoomError
from rnnviz.explorer.server.sessions import Sessions
from rnnviz.safe.checked import sound

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MESSAGES = frozenset(
    {"rerun_script", "stop_script", "file_urls_request", "backend_operation_request"}
)
"""What our pages send. Not among them: clear_cache, which takes everybody's readings away."""

OPERATIONS = frozenset({"deferred_file"})
"""Of the operations only a download that is made when it is asked for."""

MOST_FILES = 8
"""Files for which one message may ask for a place."""

MOST_WIDGETS = 500
MOST_HASHES = 2_000
"""Widgets of one message, and messages that a browser says it has kept."""

PACE, BURST = 20.0, 60.0
"""Messages a second of one connection, in the long run and at once; what is faster waits."""

FRAMES = "RNNVIZ_FRAMES"
"""The environment variable with the origins of pages that may show this one in a frame."""

UPLOAD = re.compile(r"/_stcore/upload_file/(?P<session>[^/]+)/[^/]+/?")
UPLOAD_SECONDS = 120.0

_LOCAL_NAMES = (".local", ".localhost", ".lan", ".home", ".home.arpa", ".internal", ".test")
_BASE = (
    b"<script>window.__streamlit = "
    b'{ BACKEND_BASE_URL: new URL(".", window.location.href).href }</script>'
)
"""Says where the server is. Without it, Streamlit's shell looks below every page first, in vain."""

_log = logging.getLogger(__name__)


class Gate:
    """The middleware: ``app`` is Streamlit's, ``sessions`` knows how many connections there is
    room for, ``budgets`` how much of uploads.
    """

    def __init__(self, app: App, sessions: Sessions, budgets: Budgets) -> None:
        self.app = app
        self.sessions = sessions
        self.budgets = budgets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, one connection, or the life of the server."""
        if scope["type"] == "websocket":
            await self._connection(scope, receive, send)
        elif scope["type"] == "http":
            await self._request(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _connection(self, scope: Scope, receive: Receive, send: Send) -> None:
        host, origin = _header(scope, b"host"), _header(scope, b"origin")
        if not is_own_name(host) or not is_own_page(origin, host):
            _log.info("a connection of another page was refused: %.200r, %.200r", origin, host)
            await _refuse(receive, send)
            return
        if not self.sessions.come(address_of(scope)):
            _log.warning("a connection was refused: there is no room for more")
            await _refuse(receive, send)
            return
        if origin is not None:
            # Streamlit need not look for what has been decided: for a name that it does not know
            # it asks other machines, and everybody waits.
            own = f"{'https' if scope.get('scheme') == 'wss' else 'http'}://{host}".encode()
            scope["headers"] = [
                (name, own if name == b"origin" else value) for name, value in scope["headers"]
            ]
        channel = Channel(receive, send)
        try:
            await self.app(scope, channel.receive, channel.send)
        finally:
            self.sessions.go(address_of(scope))

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not is_own_name(_header(scope, b"host")):
            await _say(send, 421, UNKNOWN_NAME)
            return
        answer = Answer(send).send
        if "text/html" in (_header(scope, b"accept") or ""):
            # A page is short and changed on its way, so it is not compressed.
            scope["headers"] = [one for one in scope["headers"] if one[0] != b"accept-encoding"]
        upload = UPLOAD.search(scope["path"]) if scope["method"] == "PUT" else None
        if upload is None:
            await self.app(scope, receive, answer)
            return
        size = _length(scope)
        try:
            with self.budgets.taken(upload["session"], address_of(scope), size):
                async with asyncio.timeout(UPLOAD_SECONDS):
                    await self.app(scope, receive, answer)
        except NoRoomError as refused:
            await _say(send, 413, str(refused))
        except TimeoutError:
            await _say(send, 408, "Try again: the upload took too long.")


class Channel:
    """The messages of one connection, of which only those come in that our pages send."""

    def __init__(
        self,
        receive: Receive,
        send: Send,
        *,
        clock: Callable[[], float] = monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._receive, self._send = receive, send
        self._clock, self._pause = clock, pause
        self._left, self._since = BURST, clock()
        self._is_open = True

    async def send(self, message: Message) -> None:
        """Pass on what Streamlit says, until the connection has been ended here."""
        if self._is_open:
            await self._send(message)

    async def receive(self) -> Message:
        """The next message that passes; whoever sends faster than `PACE` waits, and nobody else."""
        while True:
            event = await self._receive()
            if event["type"] != "websocket.receive":
                return event
            await self._wait()
            data = event.get("bytes")
            code = 1003 if data is None else verdict(data)
            if code is None:
                return event
            if code:
                self._is_open = False
                await self._send({"type": "websocket.close", "code": code})
                return {"type": "websocket.disconnect", "code": code}

    async def _wait(self) -> None:
        now = self._clock()
        self._left = min(BURST, self._left + PACE * (now - self._since)) - 1
        self._since = now
        if self._left < 0:
            await self._pause(-self._left / PACE)


DROPPED = 0
"""The verdict on a message that is not taken, where the connection goes on."""


def verdict(data: bytes) -> int | None:
    """None for a message that passes, `DROPPED`, or the code with which the connection ends."""
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from streamlit import config
    from streamlit.proto.BackMsg_pb2 import BackMsg

    if len(data) > 1_000_000 * config.get_option("server.maxWidgetStateSize"):
        return 1009  # too big, and nothing of it is read
    message = BackMsg()
    try:
        message.ParseFromString(data)
    except (DecodeError, ValueError, RecursionError):
        return 1002  # a protocol error
    kind = message.WhichOneof("type")
    if kind not in MESSAGES:
        return DROPPED
    if kind == "rerun_script":
        return None if _is_sound(message.rerun_script) else DROPPED
    if kind == "file_urls_request":
        return None if len(message.file_urls_request.file_names) <= MOST_FILES else DROPPED
    if kind == "backend_operation_request":
        operation = message.backend_operation_request.WhichOneof("payload")
        return None if operation in OPERATIONS else DROPPED
    return None


def _is_sound(state: Any) -> bool:
    """Whether every value in the state of a page can be one that a widget has."""
    widgets = state.widget_states.widgets
    if len(widgets) > MOST_WIDGETS or len(state.cached_message_hashes) > MOST_HASHES:
        return False
    return all(_is_value(widget) for widget in widgets)


def _is_value(widget: Any) -> bool:
    kind = widget.WhichOneof("value")
    if kind in ("json_value", "json_trigger_value"):
        return _is_json(getattr(widget, kind))
    if kind == "double_value":
        return math.isfinite(widget.double_value)
    if kind == "double_array_value":
        return all(map(math.isfinite, widget.double_array_value.data))
    return True


def _is_json(text: str) -> bool:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return value is None or sound(value) is not None


class Answer:
    """What goes back: pages that no foreign page may frame, and that know where the server is."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None

    async def send(self, message: Message) -> None:
        """Pass a part of an answer on, changed where it is of a page."""
        if message["type"] == "http.response.start":
            headers = [*message["headers"], (b"content-security-policy", _ancestors())]
            headers.append((b"x-content-type-options", b"nosniff"))
            message = {**message, "headers": headers}
            if message["status"] == 200 and _is_page(headers):
                self._start = message  # until its length is known
                return
        elif self._start is not None and message["type"] == "http.response.body":
            start, self._start = self._start, None
            body = message.get("body", b"")
            whole = body.replace(b"<head>", b"<head>" + _BASE, 1)
            added = len(whole) - len(body)
            headers = [
                (name, str(int(value) + added).encode() if name == b"content-length" else value)
                for name, value in start["headers"]
            ]
            await self._send({**start, "headers": headers})
            message = {**message, "body": whole}
        await self._send(message)


def _is_page(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    known = dict(headers)
    is_html = known.get(b"content-type", b"").startswith(b"text/html")
    return is_html and b"content-encoding" not in known


def _ancestors() -> bytes:
    """The pages that may show this one in a frame: our own, and those that are named."""
    named = [word for word in os.environ.get(FRAMES, "").split() if not set(word) & set(";,'\"")]
    return " ".join(["frame-ancestors 'self'", *named]).encode("ascii", "ignore")


UNKNOWN_NAME = (
    "Start the server again with the name of this address among its allowed hosts: "
    "streamlit run app.py --server.allowedHosts NAME. "
    "It does not know this name as its own. docs/classroom.md says more."
)


def is_own_name(host: str | None) -> bool:
    """Whether a request is for a name of this machine, see docs/classroom.md.

    A page of anybody's can let its own name point to this machine (DNS rebinding) and is then, for
    the browser, a page of this server. It can send any header, too, so a proxy's says nothing:
    its name is among ``server.allowedHosts``. Where that names any, Streamlit lets a websocket
    through for those alone.
    """
    from streamlit import config
    from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

    if config.get_option("server.allowedHosts") and is_host_allowed(host):
        return True
    name = _name(f"//{host}") if host else ""
    if not name:
        return False
    return _is_address(name) or _is_local(name) or name in _configured()


def _is_address(name: str) -> bool:
    try:
        ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


def _is_local(name: str) -> bool:
    """A name without a dot, or one that is never given out, or that begins as the machine's."""
    first, dot, _ = name.partition(".")
    own = socket.gethostname().lower().partition(".")[0]
    is_own = first == own and own != "localhost"
    return not dot or is_own or name.endswith(_LOCAL_NAMES)


def is_own_page(origin: str | None, host: str | None) -> bool:
    """Whether a connection is of a page of this server, or of one that the settings name.

    A program that is no browser names no origin. Nothing is looked up.
    """
    from streamlit import config

    if origin is None or not config.get_option("server.enableCORS"):
        return True
    try:
        page, server = urlsplit(origin), urlsplit(f"//{host}")
        usual = {"https": 443, "http": 80}.get(page.scheme)
        is_same = (page.hostname, page.port or usual) == (server.hostname, server.port or usual)
    except ValueError:
        return False
    return bool(page.hostname) and (is_same or page.hostname in _configured())


def _configured() -> set[str]:
    """The hosts that the settings name."""
    from streamlit import config

    named = [str(one) for one in config.get_option("server.corsAllowedOrigins")]
    address = str(config.get_option("browser.serverAddress") or "")
    hosts = {_name(one if "//" in one else f"//{one}") for one in (*named, address)}
    return hosts - {"", "localhost"}


def _name(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def address_of(scope: Scope) -> str:
    """The address from which a request comes, as the server has it."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _header(scope: Scope, wanted: bytes) -> str | None:
    found = [value for name, value in scope["headers"] if name == wanted]
    return found[0].decode("latin-1") if found else None


def _length(scope: Scope) -> int | None:
    sent = _header(scope, b"content-length")
    return int(sent) if sent is not None and sent.isascii() and sent.isdigit() else None


async def _refuse(receive: Receive, send: Send) -> None:
    """Close a connection before it is one."""
    await receive()
    await send({"type": "websocket.close", "code": 1008})


async def _say(send: Send, status: int, sentence: str) -> None:
    body = sentence.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
