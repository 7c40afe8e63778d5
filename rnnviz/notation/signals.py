"""The vocabulary of signals: how each field of a Step is called, bounded, coloured and explained.

One entry per field of the Step records in `rnnviz/nn/cells/`. Every page, figure and hover text
takes its words, ranges and colours from here, so a gate has one hue and one scale wherever it is
drawn. No torch in this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from rnnviz.notation.palette import ABOVE, BELOW, THEMES, Theme, diverging, sequential

Kind = Literal["gate", "signed"]

CELL_LIMIT = 4.0
"""A cell state has no bound of its own. It is drawn on -4..4, wide enough that tanh is
flat at both ends (tanh 4 = 0.9993); what lies beyond is drawn in the two clipping colours and
counted in the legend."""


@dataclass(frozen=True)
class Signal:
    """One signal of a cell: its names, the fixed range it is drawn on, its hue and its words.

    ``bands`` are ``(upper bound, sentence)`` pairs in rising order; the first band whose bound
    exceeds the value speaks. A sentence may use ``{percent}`` (100 x value), ``{rest}`` (100 -
    percent) and ``{value}``. ``look_for`` is what a teacher would point at.
    """

    name: str
    label: str
    symbol: str
    kind: Kind
    low: float
    high: float
    hue: dict[Theme, str]
    meaning: str
    bands: tuple[tuple[float, str], ...]
    look_for: str = ""

    def ramp(self, theme: Theme) -> tuple[str, ...]:
        """Nine colours from ``low`` to ``high``."""
        if self.kind == "gate":
            return sequential(self.hue[theme], theme)
        return diverging(theme)

    def words(self, value: float) -> str:
        """What this value does, in plain words."""
        percent = round(100 * value)
        sentence = next((words for bound, words in self.bands if value < bound), self.bands[-1][1])
        return sentence.format(percent=percent, rest=100 - percent, value=f"{value:.2f}")

    def to_payload(self) -> dict[str, Any]:
        """Everything the browser needs to draw and to name this signal."""
        return {
            "name": self.name,
            "label": self.label,
            "symbol": self.symbol,
            "kind": self.kind,
            "low": self.low,
            "high": self.high,
            "meaning": self.meaning,
            "look_for": self.look_for,
            "bands": [[min(bound, 1e9), sentence] for bound, sentence in self.bands],
            "hue": self.hue,
            "ramp": {theme: list(self.ramp(theme)) for theme in THEMES},
            "beyond": {theme: [BELOW[theme], ABOVE[theme]] for theme in THEMES},
        }


_ALWAYS = float("inf")


def _signed(verb: str, nothing: str) -> tuple[tuple[float, str], ...]:
    return (
        (-0.6, f"{verb} a strongly negative value"),
        (-0.15, f"{verb} a negative value"),
        (0.15, nothing),
        (0.6, f"{verb} a positive value"),
        (_ALWAYS, f"{verb} a strongly positive value"),
    )


def _gate(
    name: str,
    label: str,
    symbol: str,
    hue: tuple[str, str],
    meaning: str,
    sentence: str,
    look_for: str,
) -> Signal:
    colours: dict[Theme, str] = {"light": hue[0], "dark": hue[1]}
    bands = ((_ALWAYS, sentence),)
    return Signal(name, label, symbol, "gate", 0.0, 1.0, colours, meaning, bands, look_for)


SIGNALS: dict[str, Signal] = {
    signal.name: signal
    for signal in (
        _gate(
            "forget_gate",
            "Forget gate",
            "f",
            ("#8c1f6b", "#d86fc4"),
            "How much of the old cell state is kept: 1 keeps all, 0 wipes it.",
            "keeps {percent} % of the cell",
            look_for=(
                "Rows of strong colour are units that hold on to what they know; a faint column "
                "is a step at which many units let go at once. Compare it with the cell state "
                "below: where the gate is near 1 the cell runs on in even stripes."
            ),
        ),
        _gate(
            "input_gate",
            "Input gate",
            "i",
            ("#0f9a70", "#45d6a6"),
            "How much of the candidate is written into the cell.",
            "writes {percent} % of the candidate",
            look_for=(
                "Ask when a unit writes. Units that open only for a few steps wait for something,"
                " such as the first ink or a turn of the stroke; units that are always half open "
                "write all the time. An empty row of an image seldom opens much."
            ),
        ),
        Signal(
            "candidate",
            "Candidate",
            "g",
            "signed",
            -1.0,
            1.0,
            {"light": "#b23800", "dark": "#ff8a52"},
            "What this step proposes to remember.",
            _signed("proposes", "proposes next to nothing"),
            look_for=(
                "The candidate is only a proposal: it becomes memory where the input gate (LSTM) "
                "or one minus the update gate (GRU) lets it in. Strong colours beside a shut gate"
                " are proposals that are thrown away."
            ),
        ),
        Signal(
            "cell",
            "Cell state",
            "c",
            "signed",
            -CELL_LIMIT,
            CELL_LIMIT,
            {"light": "#1769c4", "dark": "#5aa8ff"},
            "The long memory; only the gates let anything go or in.",
            (
                (-CELL_LIMIT, "remembers a value below the drawn range"),
                *_signed("remembers", "remembers next to nothing")[:-1],
                (CELL_LIMIT, "remembers a strongly positive value"),
                (_ALWAYS, "remembers a value above the drawn range"),
            ),
            look_for=(
                "Long even stripes are memories that are carried along; a stripe that fades is "
                "being forgotten; a sudden change of colour is something written over. Values "
                "outside -1 to 1 come from many steps that add up, which the hidden state cannot "
                "show."
            ),
        ),
        _gate(
            "output_gate",
            "Output gate",
            "o",
            ("#b58500", "#f4d35e"),
            "How much of the cell is shown as the hidden state.",
            "shows {percent} % of the cell",
            look_for=(
                "Compare the cell above with the hidden state below: a unit may remember "
                "something for many steps with its output gate shut and show it only at the end, "
                "when the answer is due."
            ),
        ),
        _gate(
            "reset_gate",
            "Reset gate",
            "r",
            ("#1391c2", "#66cff5"),
            "How much of the old state the candidate may look at.",
            "lets the candidate see {percent} % of the old state",
            look_for=(
                "Where it is near 0 the candidate is made from the input alone, as if the "
                "sequence began here. Look for columns that are faint in many units: the network "
                "starts afresh, often where the stroke changes."
            ),
        ),
        _gate(
            "update_gate",
            "Update gate",
            "z",
            ("#5b34a6", "#a583ee"),
            "How much of the old state is kept; the candidate fills the rest.",
            "keeps {percent} % of the old state, takes {rest} % from the candidate",
            look_for=(
                "Here 1 keeps the old state. Strong rows are long memories, faint columns are "
                "steps at which much is rewritten. The units with the strongest rows are the ones"
                " that still know the beginning at the end."
            ),
        ),
        Signal(
            "hidden",
            "Hidden state",
            "h",
            "signed",
            -1.0,
            1.0,
            {"light": "#2b3440", "dark": "#e8eaed"},
            "What the unit tells the next step and the layer above.",
            _signed("says", "says next to nothing"),
            look_for=(
                "Look for units that stay one colour for a while and then turn: they answer to "
                "something in the input. Order the units by likeness to see groups that turn "
                "together. In an RNN this is all the memory there is, so it changes at every "
                "step."
            ),
        ),
    )
}
