"""One server and one Chromium for all browser tests; a fresh context, and clean logs, for each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from rnnviz.explorer.digits.address import READOUTS, DigitsAddress
from rnnviz.explorer.parts.address import CELLS
from rnnviz.models import checkpoint, storage
from tests.browser import chromium
from tests.browser.server import FLAGS, Server, serve
from tests.browser.waiting import PATIENCE

# Playwright's own five seconds are not enough where others use the same processors.
expect.set_options(timeout=1000 * PATIENCE)

NAMES = [DigitsAddress(cell, readout).model for cell in CELLS for readout in READOUTS]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def model_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The trained models where there are all six, untrained ones of the same shape elsewhere."""
    if set(NAMES) <= set(storage.names()):
        return {}
    import torch

    from rnnviz.models.classifier import SequenceClassifier

    folder = tmp_path_factory.mktemp("models")
    torch.manual_seed(0)
    for name in NAMES:
        cell, _, readout = name.removeprefix("mnist-").partition("-")
        model = SequenceClassifier(cell=cell, readout=readout or "attention")
        checkpoint.save(model, folder / name, {})
    os.environ["RNNVIZ_MODELS"] = str(folder)
    return {"RNNVIZ_MODELS": str(folder)}


@pytest.fixture(scope="session")
def runs_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server keeps its training runs."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="session")
def server(model_environment: dict[str, str], runs_folder: Path) -> Iterator[Server]:
    runs = {"RNNVIZ_RUNS": str(runs_folder), "RNNVIZ_WORKERS": "1"}
    with serve(model_environment | runs) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    try:
        path = chromium.executable()
    except chromium.ChromiumMissingError as missing:
        pytest.skip(str(missing))
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield running
        running.close()


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, server: Server) -> Iterator[Open]:
    """Opens an address in a fresh context and waits for the theatre or what else shows that it is
    ``ready``; checks all logs at the end."""
    contexts = []
    complaints: list[str] = []

    def opened(
        address: str,
        *,
        base: Server = server,
        width: int = 1440,
        ready: str = ".theatre[data-ready]",
        **options: object,
    ) -> Page:
        size = {"width": width, "height": 900}
        context = browser.new_context(viewport=size, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(1000 * PATIENCE)
        page.on("console", lambda message: complaints.extend(_complaint(message)))
        page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
        page.on("request", lambda request: complaints.extend(_outside(request)))
        page.goto(base.address + address)
        page.wait_for_selector(ready)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
    assert "Traceback" not in server.log
    assert "Error" not in server.log


def _complaint(message: ConsoleMessage) -> list[str]:
    if "willReadFrequently" in message.text:  # the tests' own reading of pixels
        return []
    if "Multiple different fragmentIds" in message.text:  # heard all the same, see has_news in ui
        return []
    if message.type not in ("error", "warning"):
        return []
    return [f"console {message.type}: {message.text} {message.location}"]


def _outside(request: Request) -> list[str]:
    local = request.url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:"))
    return [] if local else [f"asked outside: {request.url}"]
