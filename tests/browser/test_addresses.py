"""Whose budget counts at the running server, over its own websockets.

Oracle: the runs on the disk. Every session has a cookie of its own and says that it comes from an
address of its own; all come from this computer.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks.sessions import Session
from rnnviz.runs.budgets import LOCAL
from rnnviz.runs.store import RunStore
from tests.browser.server import serve

MOST, COME = 2, 4


async def train(address: str, ending: str) -> None:
    """So many visitors open the page and press Train, one after the other."""
    for number in range(COME):
        said = {"X-Forwarded-For": f"198.51.100.{number}{ending}"}
        session = Session(address, "train", said)
        await session.open()
        await session.run()
        await session.press("Train")


@pytest.mark.parametrize(
    ("ending", "named", "expected"),
    [("", "", MOST), (", 127.0.0.1", "", MOST), ("", "X-Forwarded-For", COME)],
    ids=["a header that nobody named", "one that ends here", "the header of a proxy"],
)
def test_neither_cookies_nor_headers_make_another_visitor(
    ending: str, named: str, expected: int, tmp_path: Path
) -> None:
    environment = {"RNNVIZ_RUNS": str(tmp_path), "RNNVIZ_WORKERS": "1"}
    environment |= {"RNNVIZ_ADDRESS_JOBS": str(MOST), "RNNVIZ_ADDRESS_HEADER": named}
    # In a thread of its own: Playwright's loop of the other tests runs in this one.
    with serve(environment) as server, ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(asyncio.run, train(server.address, ending)).result()
    runs, store = RunStore(tmp_path).runs(), RunStore(tmp_path)
    assert len(runs) == len({run.visitor for run in runs}) == expected
    assert ({run.origin for run in runs} == {store.origin(LOCAL)}) == (not named)
