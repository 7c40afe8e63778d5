"""Whether somebody still waits. Oracle: Streamlit's own look for a wish to stop."""

from __future__ import annotations

import traceback

import pytest
from streamlit.runtime.scriptrunner import script_runner
from streamlit.testing.v1 import AppTest


def page() -> None:
    from rnnviz.explorer.parts.waiting import still_wanted

    still_wanted()


def test_a_look_lets_streamlit_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    own = script_runner.ScriptRunner._maybe_handle_execution_control_request

    def look(runner: script_runner.ScriptRunner) -> None:
        looks.append(any(frame.name == "still_wanted" for frame in traceback.extract_stack()))
        own(runner)

    monkeypatch.setattr(script_runner.ScriptRunner, "_maybe_handle_execution_control_request", look)
    app = AppTest.from_function(page).run()
    assert not app.exception and any(looks)
