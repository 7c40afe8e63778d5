"""What the Text page is made of, by the names that the page uses."""

from rnnviz.ui.text_choices import text_choices
from rnnviz.ui.text_controls import (
    compare_controls,
    network_controls,
    text_controls,
    text_rooms,
)
from rnnviz.ui.text_stage import text_stage

__all__ = [
    "compare_controls",
    "network_controls",
    "text_choices",
    "text_controls",
    "text_rooms",
    "text_stage",
]
