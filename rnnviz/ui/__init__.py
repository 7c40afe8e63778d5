"""What the pages are made of. With `rnnviz.theatre` and `rnnviz.router` all that knows Streamlit.

`choices` is what a person chose, kept in step with the address; `digits` has the controls, `stage`
the theatre, `figures` what lies below it, `takeaway` what can be kept. `models` caches readings.
"""

import base64
from pathlib import Path

from rnnviz.theatre import menu
from rnnviz.ui.choices import digits_choices
from rnnviz.ui.delivery import send_whole_blocks
from rnnviz.ui.digits import compare_controls, network_controls, picture_controls, rooms
from rnnviz.ui.downloads import keep_downloads, keep_to_sessions
from rnnviz.ui.incoming import take_fitting_values
from rnnviz.ui.models import warm_up
from rnnviz.ui.stage import digits_stage, opening_stage
from rnnviz.ui.train_jobs import stay
from rnnviz.ui.uploads import run_of_page

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
