"""Values that do not fit their controls, through Streamlit's own state of a session."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.state.common import WidgetMetadata
from streamlit.runtime.state.session_state import SessionState, WStates

from rnnviz.explorer.parts.incoming import take_fitting_values

SLIDER = "$$ID-1-slider"


@pytest.fixture
def unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit as it comes."""
    for owner, name in ((WStates, "set_widget_from_proto"), (SessionState, "_set_widget_metadata")):
        now = getattr(owner, name)
        monkeypatch.setattr(owner, name, getattr(now, "__wrapped__", now))


@pytest.fixture
def fitting(unchanged: None) -> None:
    take_fitting_values()


def known(kind: str = "double_array_value") -> Any:
    """What a run of the page says of its slider, which shows the half of what is sent."""
    return WidgetMetadata(
        SLIDER,
        deserializer=lambda sent: 1.0 if sent is None else sent[0] / 2,
        serializer=lambda value: [2 * value],
        value_type=kind,  # type: ignore[arg-type]
    )


def sent(**value: Any) -> WidgetStates:
    state = WidgetState(id=SLIDER)
    for name, one in value.items():
        if isinstance(one, list):
            getattr(state, name).data.extend(one)
        else:
            setattr(state, name, one)
    return WidgetStates(widgets=[state])


WRONG = [
    {"bool_value": True},
    {"string_value": "7"},
    {"string_array_value": ["7"]},
    {"double_array_value": []},
    {"json_value": "{}"},
    {"trigger_value": True},
]


def test_streamlit_itself_trusts_its_front_end(unchanged: None) -> None:
    """When this fails, `rnnviz.explorer.parts.incoming` can go."""
    state = SessionState()
    state._set_widget_metadata(known())
    with pytest.raises(TypeError):
        state.on_script_will_rerun(sent(bool_value=True))


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_does_not_fit_is_left_out(fitting: None, wrong: dict[str, Any]) -> None:
    state = SessionState()
    state._set_widget_metadata(known())
    state.on_script_will_rerun(sent(double_array_value=[8.0]))
    assert state[SLIDER] == 4.0
    state.on_script_will_rerun(sent(**wrong))
    assert state[SLIDER] == 4.0, "what was sent before stays"
    state.on_script_will_rerun(sent(double_array_value=[6.0]))
    assert state[SLIDER] == 3.0, "what fits is taken again"


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_it_may_come_before_its_control(fitting: None, wrong: dict[str, Any]) -> None:
    state = SessionState()
    state.on_script_will_rerun(sent(**wrong))
    assert state.register_widget(known(), None).value == 1.0


def test_a_whole_number_fits_where_numbers_do(fitting: None) -> None:
    """The front end has a field of its own for the whole numbers of a number's box."""
    state = SessionState()
    box = WidgetMetadata(SLIDER, lambda sent: sent or 0, lambda value: value, "double_value")
    state._set_widget_metadata(box)
    state.on_script_will_rerun(sent(int_value=5))
    assert state[SLIDER] == 5


def test_an_emptied_control_keeps_its_kind(fitting: None) -> None:
    """Streamlit takes the kind of what came last for that of the control."""
    state = SessionState()
    state._set_widget_metadata(known())
    state.on_script_will_rerun(WidgetStates(widgets=[WidgetState(id=SLIDER)]))
    assert state[SLIDER] == 1.0
    state.on_script_will_rerun(sent(bool_value=True))
    assert state[SLIDER] == 1.0
