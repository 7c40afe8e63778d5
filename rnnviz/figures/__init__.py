"""Plotly figures: arrays and labels in, a `go.Figure` out. Numpy and plotly only.

Every function takes its data first and its options by keyword, returns a figure and shows nothing.
Axes have ranges fixed by meaning, never by the example at hand; a gate has the hue that it has in
the theatre. The ground is transparent, so a page says `theme="light"` or `"dark"` for its own.
`alt_text(figure)` is one sentence for people who cannot see it. docs/figures.md has the formulas.
"""

from rnnviz.figures.attribution import attention_shuffles, rank_agreement
from rnnviz.figures.early import early_accuracy
from rnnviz.figures.explanations import explanations
from rnnviz.figures.gates import gate_distribution
from rnnviz.figures.padding import fading_states, readout_answers, small_accuracies
from rnnviz.figures.paths import state_path
from rnnviz.figures.pushes import sentiment_pushes
from rnnviz.figures.reactions import unit_reactions
from rnnviz.figures.saturation import gate_saturation
from rnnviz.figures.sentiment import sentiment_course, sentiment_line
from rnnviz.figures.style import alt_text

__all__ = [
    "alt_text",
    "attention_shuffles",
    "early_accuracy",
    "explanations",
    "fading_states",
    "gate_distribution",
    "gate_saturation",
    "rank_agreement",
    "readout_answers",
    "sentiment_course",
    "sentiment_line",
    "sentiment_pushes",
    "small_accuracies",
    "state_path",
    "unit_reactions",
]
