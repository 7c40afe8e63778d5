"""What the Text page is made of, by the names that the page uses."""

from rnnviz.explorer.text.choices import text_choices
from rnnviz.explorer.text.controls import (
    compare_controls,
    network_controls,
    text_controls,
    text_rooms,
)
from rnnviz.explorer.text.stage import text_stage

__all__ = [
    "compare_controls",
    "network_controls",
    "text_choices",
    "text_controls",
    "text_rooms",
    "text_stage",
]
