"""Numbers of the environment: a wrong one ends the start, with one sentence that names it."""

from __future__ import annotations

import pytest

from rnnviz.explorer import server
from rnnviz.runs.budgets import Budget, variable
from tests.browser.server import serve

NAMES = [
    "RNNVIZ_WORKERS",
    "RNNVIZ_MOST_SECONDS",
    "RNNVIZ_MOST_MEGABYTES",
    "RNNVIZ_RUN_DAYS",
    "RNNVIZ_CACHE_MB",
    "RNNVIZ_NICE",
    *(
        variable(whose, word)
        for whose in ("visitor", "address", "everybody")
        for word in Budget.__dataclass_fields__
    ),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_number_is_named_at_the_start(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for good in ("7", ""):
        monkeypatch.setenv(name, good)
        server._check_settings()
    for bad in ("-1", "x", "nan", "9" * 12, "0x7"):
        monkeypatch.setenv(name, bad)
        with pytest.raises(SystemExit, match=f"{name}: expected a (whole )?number above"):
            server._check_settings()


def test_the_server_says_so_and_ends() -> None:
    with (
        pytest.raises(
            RuntimeError, match="The server was not started. RNNVIZ_ADDRESS_JOBS"
        ) as told,
        serve({"RNNVIZ_ADDRESS_JOBS": "zero"}),
    ):
        pass
    assert "Traceback" not in str(told.value)
