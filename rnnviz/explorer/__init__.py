"""What the pages are made of. With `rnnviz.theatre` all that knows Streamlit.

`choices` is what a person chose, kept in step with the address; `digits` has the controls, `stage`
the theatre, `figures` what lies below it, `takeaway` what can be kept. `models` caches readings.
"""

import base64
from pathlib import Path

from rnnviz.explorer.digits.choices import digits_choices
from rnnviz.explorer.digits.controls import (
    compare_controls,
    network_controls,
    picture_controls,
    rooms,
)
from rnnviz.explorer.digits.readings import warm_up
from rnnviz.explorer.digits.stage import digits_stage, opening_stage
from rnnviz.explorer.parts.delivery import send_whole_blocks
from rnnviz.explorer.parts.downloads import keep_downloads, keep_to_sessions
from rnnviz.explorer.parts.incoming import take_fitting_values
from rnnviz.explorer.parts.uploads import run_of_page
from rnnviz.explorer.parts.visitor import stay
from rnnviz.theatre import menu

__all__ = [
    "ICON",
    "compare_controls",
    "digits_choices",
    "digits_stage",
    "keep_downloads",
    "keep_to_sessions",
    "menu",
    "network_controls",
    "opening_stage",
    "picture_controls",
    "rooms",
    "run_of_page",
    "send_whole_blocks",
    "stay",
    "take_fitting_values",
    "warm_up",
]

_FILE = Path(__file__).parent.parent / "theatre" / "icon.png"
# In the address itself: a file that Streamlit serves is gone for a moment when a run is cut short.
ICON = "data:image/png;base64," + base64.b64encode(_FILE.read_bytes()).decode()
