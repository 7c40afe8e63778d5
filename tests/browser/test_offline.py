"""Neither the server nor a page asks anybody else for anything."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from tests.browser.server import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
WATCH = """
import os, sys

def watch(event, arguments):
    if event == "socket.connect":
        address = arguments[1]
        place = address[0] if isinstance(address, tuple) else "127.0.0.1"
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        place = arguments[0]
    else:
        return
    if place not in ("127.0.0.1", "::1", "localhost", "", "0.0.0.0", "::", None):
        with open(os.environ["WATCHED"], "a") as file:
            file.write(f"{event} {place}\\n")

sys.addaudithook(watch)
"""


class Watched(NamedTuple):
    """A running server, and the file in which every look outside is written down."""

    address: str
    outside: Path


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """The app as `make app` starts it, for somebody who never started Streamlit before."""
    (tmp_path / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
    outside = tmp_path / "outside.txt"
    outside.touch()
    environment = {
        **os.environ,
        "PYTHONPATH": str(tmp_path),
        "WATCHED": str(outside),
        "HOME": str(tmp_path),
    }
    port = free_port()
    command = ["-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    server = subprocess.Popen(
        [sys.executable, *command, "--server.headless", "true"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://localhost:{port}"
        wait_for(f"{address}/_stcore/health")
        yield Watched(address, outside)
    finally:
        server.terminate()
        server.wait(timeout=20)


def wait_for(address: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise TimeoutError(f"no answer from {address}")


def test_nothing_leaves_this_machine(watched: Watched, browser: Browser) -> None:
    hosts = set()
    page = browser.new_page()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    page.on("websocket", lambda socket: hosts.add(urlsplit(socket.url).hostname))
    for path in ("/", "/digits"):
        page.goto(watched.address + path)
        page.get_by_role("heading", level=1).wait_for(timeout=60_000)
        page.wait_for_timeout(2_000)  # what a page fetches late
    page.close()
    assert hosts - {None, ""} == {"localhost"}
    assert watched.outside.read_text() == ""


def test_the_watch_sees_what_it_should(tmp_path: Path) -> None:
    """Without this the test above could pass by watching nothing."""
    (tmp_path / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
    code = (
        "import socket\n"
        "with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s: s.connect(('192.0.2.1', 9))\n"
    )
    outside = tmp_path / "outside.txt"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "WATCHED": str(outside)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert outside.read_text() == "socket.connect 192.0.2.1\n"
