"""The gate: which messages, connections and pages pass. The oracle is Streamlit's own list of
messages, and what a browser may send of itself."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from streamlit import config
from streamlit.proto.BackMsg_pb2 import BackendOperationRequest, BackMsg

from rnnviz.explorer.server import gate
from rnnviz.explorer.server.budgets import (
    MOST_OF_ADDRESS,
    MOST_OF_ALL,
    MOST_OF_SESSION,
    Budgets,
    NoRoomError,
)
from rnnviz.explorer.server.gate import (
    BURST,
    DROPPED,
    MESSAGES,
    OPERATIONS,
    PACE,
    Channel,
    Gate,
    verdict,
)
from rnnviz.explorer.server.sessions import Sessions

KINDS = [field.name for field in BackMsg.DESCRIPTOR.oneofs_by_name["type"].fields]
PAYLOADS = [
    field.name for field in BackendOperationRequest.DESCRIPTOR.oneofs_by_name["payload"].fields
]


def message(kind: str) -> bytes:
    """A message of that kind, with nothing in it."""
    made = BackMsg()
    if BackMsg.DESCRIPTOR.fields_by_name[kind].message_type is None:
        setattr(made, kind, True)
    else:
        getattr(made, kind).SetInParent()
    return made.SerializeToString()


def state(**value: Any) -> bytes:
    """A run of the page with one widget of that value."""
    made = BackMsg()
    widget = made.rerun_script.widget_states.widgets.add(id="widget")
    for name, one in value.items():
        if name == "double_array_value":
            widget.double_array_value.data.extend(one)
        else:
            setattr(widget, name, one)
    return made.SerializeToString()


@pytest.fixture
def setting() -> Iterator[Any]:
    """Sets options of Streamlit, and sets them back."""
    before: dict[str, Any] = {}

    def sets(name: str, value: Any) -> None:
        before.setdefault(name, config.get_option(name))
        config.set_option(name, value)

    yield sets
    for name, value in before.items():
        config.set_option(name, value)


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_our_pages_send_passes(kind: str) -> None:
    """Streamlit's own list is gone through: a kind that a later version knows is dropped, too."""
    passes = kind in MESSAGES - {"backend_operation_request"}
    assert verdict(message(kind)) == (None if passes else DROPPED)
    assert {"clear_cache", "debug_shutdown_runtime", "set_run_on_save"}.isdisjoint(MESSAGES)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_of_operations_only_a_download_passes(payload: str) -> None:
    made = BackMsg()
    getattr(made.backend_operation_request, payload).SetInParent()
    assert verdict(made.SerializeToString()) == (None if payload == "deferred_file" else DROPPED)
    assert OPERATIONS <= set(PAYLOADS)


def test_two_bytes_that_cleared_everybodys_caches_are_dropped() -> None:
    clear = BackMsg(clear_cache=True).SerializeToString()
    assert len(clear) == 2
    assert verdict(clear) == DROPPED


@pytest.mark.parametrize(
    "value",
    [
        {"double_value": math.nan},
        {"double_value": math.inf},
        {"double_array_value": [0.5, -math.inf]},
        {"json_value": '{"went": {"at": NaN}}'},
        {"json_value": '{"went": {"at": Infinity}}'},
        {"json_value": '{"mix": {"turn": 1e999}}'},
        {"json_value": '{"mix": {"turn": 9007199254740992}}'},
        {"json_value": "9" * 5000},
        {"json_value": "[" * 100_000},
        {"json_value": "{"},
        {"json_value": ""},
        {"json_trigger_value": '[{"event": "picked", "value": NaN}]'},
    ],
    ids=str,
)
def test_a_value_that_no_widget_has_is_dropped(value: dict[str, Any]) -> None:
    assert verdict(state(**value)) == DROPPED


@pytest.mark.parametrize(
    "value",
    [
        {"double_value": 0.5},
        {"double_array_value": [0.0, 1.0]},
        {"json_value": json.dumps({"typed": {"text": "é" * 400_000, "nonce": 1, "edit": 2}})},
        {"json_value": "null"},
        {"json_trigger_value": '[{"event": "picked", "value": 3}]'},
        {"string_value": "NaN"},
        {"bool_value": True},
        {},
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_a_widget_sends_passes(value: dict[str, Any]) -> None:
    assert verdict(state(**value)) is None


def test_a_message_is_bounded() -> None:
    made = BackMsg()
    made.file_urls_request.file_names.extend(["a.txt"] * (gate.MOST_FILES + 1))
    assert verdict(made.SerializeToString()) == DROPPED
    made = BackMsg()
    made.rerun_script.cached_message_hashes.extend(["hash"] * (gate.MOST_HASHES + 1))
    assert verdict(made.SerializeToString()) == DROPPED
    made = BackMsg()
    for number in range(gate.MOST_WIDGETS + 1):
        made.rerun_script.widget_states.widgets.add(id=str(number))
    assert verdict(made.SerializeToString()) == DROPPED


def test_a_message_that_is_too_long_is_not_read(setting: Any) -> None:
    setting("server.maxWidgetStateSize", 1)
    assert verdict(state(string_value="x" * 999_000)) is None
    assert verdict(state(string_value="x" * 1_000_000)) == 1009
    assert verdict(b"\xff" * 1_000_001) == 1009


@given(some.binary(max_size=200))
def test_any_bytes_get_a_verdict(data: bytes) -> None:
    assert verdict(data) in (None, DROPPED, 1002)


class Line:
    """The network on the other side of a channel."""

    def __init__(self, *events: dict[str, Any]) -> None:
        self.events = list(events)
        self.sent: list[Any] = []
        self.paused = 0.0
        self.now = 100.0

    async def receive(self) -> Any:
        return self.events.pop(0) if self.events else {"type": "websocket.disconnect", "code": 1000}

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    async def pause(self, seconds: float) -> None:
        self.paused += seconds
        self.now += seconds

    def channel(self) -> Channel:
        return Channel(self.receive, self.send, clock=lambda: self.now, pause=self.pause)


def came(data: bytes | None = None, text: str | None = None) -> dict[str, Any]:
    return {"type": "websocket.receive", "bytes": data, "text": text}


def test_a_dropped_message_is_passed_over() -> None:
    good = message("rerun_script")
    line = Line(came(message("clear_cache")), came(b""), came(good))
    assert asyncio.run(line.channel().receive())["bytes"] == good
    assert line.sent == []


@pytest.mark.parametrize(("event", "code"), [(came(b"\xff\xff"), 1002), (came(text="x"), 1003)])
def test_what_is_no_message_ends_the_connection(event: dict[str, Any], code: int) -> None:
    line = Line(event, came(message("rerun_script")))

    async def talk() -> None:
        channel = line.channel()
        assert await channel.receive() == {"type": "websocket.disconnect", "code": code}
        await channel.send({"type": "websocket.send", "bytes": b"too late"})

    asyncio.run(talk())
    assert line.sent == [{"type": "websocket.close", "code": code}]


def test_who_sends_too_fast_waits_and_loses_nothing() -> None:
    count = int(BURST) + 100
    line = Line(*(came(message("rerun_script")) for _ in range(count)))

    async def talk() -> int:
        channel, passed = line.channel(), 0
        while (await channel.receive())["type"] == "websocket.receive":
            passed += 1
        return passed

    assert asyncio.run(talk()) == count
    assert line.paused == pytest.approx(100 / PACE)


def test_a_pace_that_a_person_can_reach_never_waits() -> None:
    line = Line(*(came(message("rerun_script")) for _ in range(500)))

    async def talk() -> None:
        channel = line.channel()
        for _ in range(500):
            await channel.receive()
            line.now += 1 / PACE

    asyncio.run(talk())
    assert line.paused == 0


HEADERS = {"host": "127.0.0.1:8501"}


def scope(kind: str = "websocket", **headers: str) -> dict[str, Any]:
    """A request as uvicorn describes it."""
    given = HEADERS | {name.replace("_", "-"): value for name, value in headers.items()}
    return {
        "type": kind,
        "scheme": "ws" if kind == "websocket" else "http",
        "method": "GET",
        "path": "/_stcore/stream" if kind == "websocket" else "/digits",
        "client": ("10.0.0.7", 50_000),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }


@pytest.mark.parametrize(
    ("origin", "host", "passes"),
    [
        (None, "127.0.0.1:8501", True),
        ("http://127.0.0.1:8501", "127.0.0.1:8501", True),
        ("http://[::1]:8501", "[::1]:8501", True),
        ("https://rnn.lan", "rnn.lan", True),
        ("https://rnn.lan", "rnn.lan:443", True),
        ("http://RNN.lan:8501", "rnn.lan:8501", True),
        ("http://evil.example", "127.0.0.1:8501", False),
        ("http://127.0.0.1:8000", "127.0.0.1:8501", False),
        ("http://localhost:3000", "localhost:8501", False),
        ("null", "127.0.0.1:8501", False),
        ("", "127.0.0.1:8501", False),
        ("http://127.0.0.1:99999", "127.0.0.1:99999", False),
        ("http://[", "[", False),
        ("file://", "", False),
    ],
)
def test_a_page_of_another_server_is_refused(
    origin: str | None, host: str, passes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid_lookups(monkeypatch)
    assert gate.is_own_page(origin, host) is passes


def forbid_lookups(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket
    import urllib.request

    from streamlit import net_util

    def looked_up(*_: object, **__: object) -> None:
        raise AssertionError("asked another machine")

    for where, name in (
        (socket, "getaddrinfo"),
        (socket, "getfqdn"),
        (urllib.request, "urlopen"),
        (net_util, "get_external_ip"),
        (net_util, "get_internal_ip"),
    ):
        monkeypatch.setattr(where, name, looked_up)


@pytest.mark.parametrize(
    ("host", "passes"),
    [
        ("127.0.0.1:8501", True),
        ("192.168.1.20", True),
        ("[fe80::1]:8501", True),
        ("localhost:8501", True),
        ("classroom", True),
        ("teacher.local:8501", True),
        ("rnn.school.lan", True),
        ("evil.example", False),
        ("evil.example:8501", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example", False),
        ("", False),
        (None, False),
        ("[", False),
    ],
)
def test_a_name_that_is_not_of_this_machine_is_refused(
    host: str | None, passes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against DNS rebinding: the attacker has to have a name of his own, and it is given out."""
    forbid_lookups(monkeypatch)
    monkeypatch.setattr("socket.gethostname", lambda: "localhost")
    assert gate.is_own_name(host) is passes


def test_a_name_that_begins_as_the_machine_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not gate.is_own_name("rnn.school.example")
    monkeypatch.setattr("socket.gethostname", lambda: "rnn")
    assert gate.is_own_name("rnn.school.example")


FORWARDED = ("forwarded", "x_forwarded_for", "x_forwarded_host", "x_real_ip", "via")


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("header", FORWARDED)
def test_a_header_makes_no_name_known(kind: str, header: str, setting: Any) -> None:
    """A page of a foreign name may send what a proxy sends; only the settings name a proxy."""
    foreign = scope(kind, host="evil.example", **{header: "rnn.school.example"})
    app, _ = through(foreign)
    assert app.scopes == []
    named = scope(kind, host="rnn.school.example", **{header: "10.0.0.8"})
    app, _ = through(named)
    assert app.scopes == []
    setting("server.allowedHosts", ["rnn.school.example"])
    app, _ = through(named)
    assert len(app.scopes) == 1
    app, _ = through(foreign)
    assert app.scopes == []


def test_the_settings_name_other_pages_and_hosts(setting: Any) -> None:
    setting("server.corsAllowedOrigins", ["https://lms.example"])
    assert gate.is_own_page("https://lms.example", "127.0.0.1:8501")


@pytest.mark.parametrize(
    ("host", "passes"),
    [
        ("rnn.school.example:443", True),
        ("a.class.example", True),
        ("class.example", False),
        ("127.0.0.1:8501", True),  # a request of the machine itself; websockets see Streamlit, too
        ("evil.example", False),
        ("rnn.school.example.evil.example", False),
        ("evil.example/rnn.school.example", False),
        ("", False),
        (None, False),
    ],
)
def test_the_settings_name_hosts(host: str | None, passes: bool, setting: Any) -> None:
    setting("server.allowedHosts", ["rnn.school.example", "*.class.example"])
    assert gate.is_own_name(host) is passes


class Recorded:
    """An app that says what it was given."""

    def __init__(self) -> None:
        self.scopes: list[Any] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": self.headers})
            await send({"type": "http.response.body", "body": self.body})

    headers = ((b"content-type", b"text/html; charset=utf-8"), (b"content-length", b"26"))
    body = b"<html><head></head></html>"


def through(asked: dict[str, Any], sessions: Sessions | None = None) -> tuple[Recorded, list[Any]]:
    """What an app behind the gate was given, and what came back."""
    app, line = Recorded(), Line({"type": "websocket.connect"})
    made = Gate(app, sessions or Sessions(1000), Budgets(dict))
    asyncio.run(made(asked, line.receive, line.send))
    return app, line.sent


def test_streamlit_never_has_to_look_up_whose_a_page_is(setting: Any) -> None:
    """It asks other machines for its own address when it does not know an origin."""
    app, sent = through(scope(origin="http://evil.example"))
    assert (app.scopes, sent) == ([], [{"type": "websocket.close", "code": 1008}])
    setting("server.corsAllowedOrigins", ["https://lms.example"])
    app, _ = through(scope(origin="https://lms.example"))
    assert dict(app.scopes[0]["headers"])[b"origin"] == b"http://127.0.0.1:8501"


def test_connections_have_a_budget() -> None:
    sessions = Sessions(0)
    assert sessions.come("10.0.0.1")
    app, sent = through(scope(), sessions)
    assert (app.scopes, sent) == ([], [{"type": "websocket.close", "code": 1008}])
    sessions.go("10.0.0.1")
    app, sent = through(scope(), sessions)
    assert (len(app.scopes), sent) == (1, [])
    assert sessions.come("10.0.0.1"), "it has been counted back"


def test_a_page_may_stand_in_no_foreign_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    _, (start, body) = through(scope("http"))
    headers = dict(start["headers"])
    assert headers[b"content-security-policy"] == b"frame-ancestors 'self'"
    assert int(headers[b"content-length"]) == len(body["body"])
    assert body["body"].index(b"<head><script>window.__streamlit") > 0
    monkeypatch.setenv(gate.FRAMES, "https://lms.example 'none'; https://two.example")
    _, (start, _) = through(scope("http"))
    said = dict(start["headers"])[b"content-security-policy"]
    assert said == b"frame-ancestors 'self' https://lms.example https://two.example"


def test_an_unknown_name_gets_a_sentence() -> None:
    app, (start, body) = through(scope("http", host="evil.example"))
    assert (app.scopes, start["status"]) == ([], 421)
    assert body["body"].startswith(b"Start the server again with the name")


def uploaded(budgets: Budgets, session: str, address: str, size: int | None = 10**7) -> None:
    """One upload, which is gone at once."""
    with budgets.taken(session, address, size):
        pass


def test_uploads_have_a_budget_for_a_session_an_address_and_all() -> None:
    held = {"one": MOST_OF_SESSION - 10**7}
    budgets = Budgets(lambda: held)
    uploaded(budgets, "one", "a")
    with pytest.raises(NoRoomError, match="Remove a file"):
        uploaded(budgets, "one", "a", 10**7 + 1)
    held.clear()
    for number in range(MOST_OF_ADDRESS // 10**7):
        uploaded(budgets, f"a{number}", "a")
        held[f"a{number}"] = 10**7
    with pytest.raises(NoRoomError, match="Try again"):
        uploaded(budgets, "new", "a")
    uploaded(budgets, "other", "b")
    held["foreign"] = MOST_OF_ALL - sum(held.values())
    with pytest.raises(NoRoomError, match="Try again"):
        uploaded(budgets, "other", "b")
    held.clear()
    uploaded(budgets, "other", "b", MOST_OF_SESSION)


def test_uploads_count_while_they_come_and_as_the_largest_where_no_size_is_told() -> None:
    budgets = Budgets(dict)
    with budgets.taken("one", "a", None), budgets.taken("one", "a", None):
        with pytest.raises(NoRoomError):
            uploaded(budgets, "one", "a", None)
        uploaded(budgets, "two", "a", None)
    uploaded(budgets, "one", "a", None)


def test_an_upload_without_room_never_reaches_streamlit() -> None:
    asked = scope("http", content_length="9000000")
    asked |= {"method": "PUT", "path": "/_stcore/upload_file/session/file"}
    app, line = Recorded(), Line()
    made = Gate(app, Sessions(1000), Budgets(lambda: {"session": MOST_OF_SESSION}))
    asyncio.run(made(asked, line.receive, line.send))
    assert app.scopes == []
    assert line.sent[0]["status"] == 413
