"""Takes of what a browser sends for a control only what such a control can send.

Streamlit hands the value of a control to code that trusts its own front end. A text where a slider
sends numbers raises there, at every message, with a traceback in the log. Here such a value is left
out, as if it had not been sent.

It reaches into Streamlit, which pages need not rely on: where the states of controls are kept
otherwise some day, nothing is changed. `tests/pages/test_incoming.py` says when it can go.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

KINDS = {"double_value": {"int_value"}}
"""Kinds of values that a control sends besides its own: whole numbers have a field of theirs."""


def take_fitting_values() -> None:
    """Make every session leave out values that do not fit their controls; again changes nothing."""
    from streamlit.runtime.state.session_state import SessionState, WStates

    send = WStates.set_widget_from_proto
    register = getattr(SessionState, "_set_widget_metadata", None)
    if hasattr(send, "__wrapped__") or register is None:
        return

    @wraps(send)
    def send_fitting(self: Any, widget_state: Any) -> None:
        send(self, widget_state)
        _sift(self, widget_state.id)

    @wraps(register)
    def register_fitting(self: Any, widget_metadata: Any) -> None:
        """A value may come before its control, from a browser that knew an earlier session."""
        register(self, widget_metadata)
        _sift(self._new_widget_state, widget_metadata.id)

    WStates.set_widget_from_proto = send_fitting  # type: ignore[method-assign]
    SessionState._set_widget_metadata = register_fitting  # type: ignore[method-assign]


def _sift(states: Any, key: str) -> None:
    """Read the value that was sent for a control that is known, or leave it out."""
    from streamlit.runtime.state.common import unpack_widget_state_value
    from streamlit.runtime.state.session_state import Serialized, Value

    state, known = states.states.get(key), states.widget_metadata.get(key)
    if not isinstance(state, Serialized) or known is None:
        return
    kind = state.value.WhichOneof("value")
    if kind is None or kind == known.value_type or kind in KINDS.get(known.value_type, ()):
        try:
            states.states[key] = Value(known.deserializer(unpack_widget_state_value(state.value)))
            return
        except Exception:
            # Streamlit's code for a control says nowhere what it raises for a value that is none.
            pass
    del states.states[key]
