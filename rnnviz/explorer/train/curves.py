"""The live curves of the Train page: a component of our own that is changed in place.

`st.plotly_chart` mounts a chart anew whenever its figure is another one, which at one update per
second is a flicker. A component with a key stays, and draws what it is given.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rnnviz.explorer.parts.components import component

KEY = "train_curves"


def curves(payload: Mapping[str, Any]) -> None:
    """Show what `panels.payload` has put together; always the same component."""
    component("curves")(key=KEY, data=json.dumps(payload, allow_nan=False).encode())
