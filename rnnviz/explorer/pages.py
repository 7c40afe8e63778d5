"""The pages, in the order of the menu: the table of contents of the app.

A page is a script of `pages/` and a row here. The menu, the doors of the home page, what is made
ready in the background, the screenshots and the tests of all pages read this table.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from rnnviz import parsing
from rnnviz.explorer.parts import warmup

Jobs = Iterable[Callable[[], object]]

_FILE = Path(__file__).parents[1] / "theatre" / "icon.png"
# In the address itself: a file that Streamlit serves is gone for a moment when a run is cut short.
ICON = "data:image/png;base64," + base64.b64encode(_FILE.read_bytes()).decode()


def _nothing() -> Jobs:
    return ()


@dataclass(frozen=True)
class Page:
    """One page: its script, how the menu names it, and what the home page says at its door.

    `ready` returns jobs that the background does before somebody needs them; it is called late, so
    that no page is imported for the menu of another.
    """

    script: str
    title: str
    icon: str
    help: str = ""
    door: str = ""
    ready: Callable[[], Jobs] = _nothing

    @property
    def path(self) -> str:
        """The path of its address, empty for the first page."""
        return "" if self is PAGES[0] else Path(self.script).stem

    @property
    def options(self) -> dict[str, Any]:
        """What ``st.Page`` is given beside the script."""
        words: dict[str, Any] = {"title": self.title, "icon": self.icon}
        if not self.path:
            return words | {"default": True}
        return words | {"url_path": self.path, "help": self.help}


def _digits() -> Jobs:
    from rnnviz.explorer.digits import readings

    return readings.ready()


def _text() -> Jobs:
    from rnnviz.explorer.text import readings

    return (readings.first_reading, partial(import_module, "captum.attr"))


PAGES = (
    Page("pages/home.py", "Home", ":material/home:"),
    Page(
        "pages/digits.py",
        "Digits",
        ":material/draw:",
        "Draw a digit and watch a recurrent network read it row by row",
        "Draw a digit and follow an LSTM, a GRU or an RNN through it, row by row.",
        _digits,
    ),
    Page(
        "pages/text.py",
        "Text",
        ":material/notes:",
        "Write or upload a text and watch a recurrent network read it word by word",
        "Write or upload a text and follow the networks through it, word by word.",
        _text,
    ),
    Page(
        "pages/train.py",
        "Train",
        ":material/school:",
        "Choose a task and a network, train it, and watch it learn",
        "Train a network of your own, watch it learn, and race the three cells.",
    ),
)


def warm_up() -> None:
    """Make torch and the models ready behind the first picture; costs nothing on later runs."""
    warmup.start([parsing.warm, *(job for page in PAGES for job in page.ready())])
