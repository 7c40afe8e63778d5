"""The figures of the Digits page, in the order in which they are offered."""

from rnnviz.explorer.parts.figure import TORCH, Figure

_PLOTS = "rnnviz.explorer.digits.plots"
TABLE = (
    Figure("gates", "Gates", _PLOTS),
    Figure("path", "Path", _PLOTS),
    Figure("why", "Explanations", _PLOTS, needs=TORCH),
    Figure("early", "Early answers", _PLOTS),
)
