"""The server under visitors who mean harm: what one of them sends, the others do not feel.

The oracle is another visitor, who comes afterwards and gets a whole page; and the server's log, in
which no fault stands.
"""

from __future__ import annotations

import os
import random
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.browser.server import Server, serve
from tests.visitors import open_files, until, visit

NO_WAY_OUT = """
import socket, sys, urllib.request

_look = socket.getaddrinfo

def forbidden(host, *rest, **more):
    if host in ("127.0.0.1", "::1", "localhost", None, b"127.0.0.1"):
        return _look(host, *rest, **more)
    print("LOOKED UP", host, file=sys.stderr, flush=True)
    raise OSError("no lookups in this test")

socket.getaddrinfo = forbidden
socket.gethostbyname = socket.getfqdn = lambda name="": forbidden(name)
_connect = socket.socket.connect

def connect(self, address):
    if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1"):
        print("CONNECTED", address, file=sys.stderr, flush=True)
        raise OSError("no connections in this test")
    return _connect(self, address)

socket.socket.connect = connect
"""
"""What Python imports first in the server under test: nothing asks any other machine."""


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/fd").is_dir(), reason="this system does not tell what a process has open"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "sitecustomize.py").write_text(NO_WAY_OUT, encoding="utf-8")
    environment = {
        "PYTHONPATH": str(folder),
        "RNNVIZ_RUNS": str(tmp_path_factory.mktemp("runs")),
        "RNNVIZ_WORKERS": "1",
        # A session ends with its connection, so that what it leaves behind shows at once.
        "STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": "0",
    }
    with serve(environment) as running:
        yield running


@pytest.fixture(autouse=True)
def no_fault_in_the_log(server: Server) -> Iterator[None]:
    yield
    assert_clean(server)


def assert_clean(server: Server) -> None:
    for bad in ("Traceback", "LOOKED UP", "CONNECTED"):
        assert bad not in server.log, server.log[-3000:]


def whole_page(server: Server, page: str = "digits") -> None:
    """A visitor who comes now gets the page to its end."""
    with visit(server.address) as visitor:
        came = visitor.run(page)
    shown = [one.delta.new_element.WhichOneof("type") for one in came if one.HasField("delta")]
    assert "exception" not in shown
    assert "bidi_component" in shown


def health(server: Server) -> bytes:
    with urllib.request.urlopen(f"{server.address}/_stcore/health", timeout=60) as answer:
        return bytes(answer.read())


def test_foreign_pages_cannot_keep_the_server_busy(server: Server) -> None:
    """Streamlit looked up its own address for each of them, and nobody else was heard meanwhile."""
    for number in range(200):
        with pytest.raises(InvalidStatus), visit(server.address, origin=f"http://evil{number}.io"):
            pass
    assert health(server) == b"ok"
    whole_page(server)


def test_a_foreign_name_of_this_server_is_refused(server: Server) -> None:
    asked = urllib.request.Request(f"{server.address}/digits", headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked, timeout=60)
    assert refused.value.code == 421
    assert "allowedHosts" in refused.value.read().decode()


def test_a_page_knows_where_the_server_is(server: Server) -> None:
    """Or its shell asks for `digits/_stcore/health` first, which is not there."""
    asked = urllib.request.Request(
        f"{server.address}/digits",
        headers={"Accept": "text/html", "Accept-Encoding": "gzip"},
    )
    with urllib.request.urlopen(asked, timeout=60) as answer:
        text = answer.read().decode()
        assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'self'"
    assert text.index("BACKEND_BASE_URL") < text.index('type="module"')


@needs_proc
def test_two_bytes_do_not_stop_everybodys_trainings(server: Server) -> None:
    """The desk holds the workers; where it goes, they go, and come anew."""
    with visit(server.address) as teacher:
        teacher.run("train")
        until(lambda: len(workers(server)) == 1)
        before = workers(server)
        with visit(server.address) as visitor:
            visitor.run("train")
            visitor.send(BackMsg(clear_cache=True))
            visitor.run("train")
        teacher.run("train")
        assert workers(server) == before


def workers(server: Server) -> set[int]:
    """The processes that the server has started."""
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                said = (folder / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            if int(said.rpartition(")")[2].split()[1]) == server.process:
                found.add(int(folder.name))
    return found


@needs_proc
def test_pages_leave_no_open_files_behind(server: Server) -> None:
    def load(times: int) -> int:
        for _ in range(times):
            with visit(server.address) as visitor:
                visitor.run("digits")
        settled: list[int] = []

        def rests() -> bool:
            settled.append(open_files(server.process))
            return len(settled) > 20 and len(set(settled[-20:])) == 1

        until(rests)
        return settled[-1]

    first = load(10)
    assert load(90) <= first + 3


def messages(dice: random.Random) -> Iterator[bytes]:
    """Messages of every kind, with odd contents, cut short, and changed in some of their bytes."""
    texts = ["", "\x00", "x" * 100_000, "../../etc/passwd", "\u202e<script>", "💥", "NaN", "-1"]
    numbers = [0, -1, 2**31, 2**63 - 1, -(2**63)]
    json = ['{"went": {"at": NaN}}', "[[[[[[", '"\\ud800"', '{"view": {"layer": -1}}', "9" * 5000]
    kinds = [field.name for field in BackMsg.DESCRIPTOR.oneofs_by_name["type"].fields]
    while True:
        made = BackMsg()
        kind = dice.choice([*kinds, "rerun_script", "rerun_script", "rerun_script"])
        if kind == "rerun_script":
            state = made.rerun_script
            state.query_string = dice.choice([*texts, "layer=9999999&units=1.2.3", "cell=%ff"])
            state.page_name = dice.choice(["digits", "text", "train", "", *texts])
            state.page_script_hash = dice.choice(["", *texts])
            state.fragment_id = dice.choice(["", "", "", *texts])
            state.is_auto_rerun = dice.random() < 0.5
            for _ in range(dice.randrange(6)):
                widget = state.widget_states.widgets.add(id=dice.choice([*KNOWN, *texts]))
                change(widget, dice, texts, numbers, json)
        elif kind == "file_urls_request":
            made.file_urls_request.file_names.extend(texts[: dice.randrange(4)])
        elif kind == "backend_operation_request":
            made.backend_operation_request.request_id = dice.choice(texts)
            made.backend_operation_request.deferred_file.file_id = dice.choice(texts)
        elif kind not in ("debug_disconnect_websocket", "debug_shutdown_runtime"):
            setattr(made, kind, True)
        data = bytearray(made.SerializeToString())
        if dice.random() < 0.2 and data:
            data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        yield bytes(data[: dice.randrange(len(data) + 1)] if dice.random() < 0.1 else data)


KNOWN: list[str] = []
"""The ids of the widgets that the pages have, as the server has told them."""


def change(
    widget: object, dice: random.Random, texts: list[str], numbers: list[int], json: list[str]
) -> None:
    choose: dict[str, Callable[[], object]] = {
        "json_value": lambda: dice.choice(json),
        "json_trigger_value": lambda: dice.choice(json),
        "double_value": lambda: dice.choice([float("nan"), float("inf"), 1e308, -0.0]),
    }
    name = dice.choice([*choose, "unknown"])
    if name in choose:
        setattr(widget, name, choose[name]())


@pytest.mark.parametrize("seed", range(4))
def test_no_message_harms_another_visitor(server: Server, seed: int) -> None:
    dice = random.Random(seed)
    hostile = messages(dice)
    with visit(server.address) as visitor:
        for one in visitor.run("digits"):
            KNOWN.extend(re.findall(r"\$\$ID-[\w-]+", str(one)))
    for _ in range(6):
        try:
            with visit(server.address) as visitor:
                visitor.run("digits")
                for _ in range(15):
                    visitor.send(next(hostile))
                if dice.random() < 0.3:
                    visitor.connection.send("a text")
                visitor.run("text")
        except ConnectionClosed:
            pass  # what is no message at all ends the connection of who sent it
    assert health(server) == b"ok"
    whole_page(server, "digits")
    whole_page(server, "text")


@pytest.mark.parametrize("page", ["digits", "text", "train"])
def test_a_control_gets_values_of_every_kind(server: Server, page: str) -> None:
    """A slider gets a text, a component a number: Streamlit raised, at every such message."""
    kinds = [field.name for field in WidgetState.DESCRIPTOR.oneofs_by_name["value"].fields]
    with visit(server.address) as visitor:
        controls = set(re.findall(r"\$\$ID-[\w-]+", str(visitor.run(page))))
    assert len(controls) > 5
    for kind in kinds:
        made = BackMsg()
        for control in sorted(controls):
            widget = made.rerun_script.widget_states.widgets.add(id=control)
            value = getattr(widget, kind)
            if isinstance(value, bool | int | float):
                setattr(widget, kind, type(value)(1))
            elif isinstance(value, str):
                setattr(widget, kind, "[1]")
            elif isinstance(value, bytes):
                setattr(widget, kind, b"\xff")
            else:
                value.SetInParent()
        with visit(server.address) as visitor:
            made.rerun_script.page_name = page
            for _ in range(2):  # to controls that are not there yet, and to those that are
                visitor.send(made)
                came = visitor.until_finished()
            shown = [one.delta.new_element.WhichOneof("type") for one in came]
            assert "exception" not in shown
    whole_page(server, page)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limit")
def test_at_the_limit_of_open_files_the_server_lives_on(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """It was dead after 81 pages, for good. Sessions are kept as long as they are anywhere."""
    runs = {"RNNVIZ_RUNS": str(tmp_path_factory.mktemp("runs")), "RNNVIZ_WORKERS": "1"}
    with serve(runs, files=256) as small:
        for _ in range(120):
            with visit(small.address) as visitor:
                visitor.run("digits")
        together = []
        refused = 0
        try:
            for _ in range(60):
                visiting = visit(small.address)
                try:
                    visiting.__enter__()
                    together.append(visiting)
                except InvalidStatus:
                    refused += 1
            assert together
            assert refused, "there is no room for all"
            assert health(small) == b"ok"
        finally:
            for visiting in together:
                visiting.__exit__(None, None, None)
        until(lambda: _is_let_in(small))
        whole_page(small)
        assert_clean(small)


def _is_let_in(server: Server) -> bool:
    try:
        with visit(server.address):
            return True
    except InvalidStatus:
        return False
