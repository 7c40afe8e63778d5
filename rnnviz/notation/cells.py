"""Which cells there are, and what everybody who knows no torch asks of one: one row each.

`rnnviz/nn/cells/kinds.py` has the same rows with torch. A new cell is a file and a row there, and a
row here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rnnviz.notation.palette import CLASSES, THEMES, Theme
from rnnviz.notation.signals import CELL_LIMIT, SIGNALS


@dataclass(frozen=True)
class CellNotes:
    """One cell: its names, what is drawn of it, and what it costs."""

    name: str
    title: str
    hue: Mapping[Theme, str]
    """Its colour wherever curves or bars of several cells stand together."""
    symbol: str
    """Its marker on curves, as plotly calls it."""
    signals: tuple[str, ...]
    """Of `notation/signals.py`, in the order in which one step computes and uses them."""
    convention: str
    gates: int
    """Blocks of rows in its weights."""
    kept_numbers: int
    """Numbers of a unit and step that are kept for the way back."""
    seconds_of_a_step: float
    """On one thread of the machine that docs/tasks.md names."""
    keep_word: str | None = None
    """The word of `rnnviz.initialise` for the bias of the gate that keeps the old state."""
    keep_block: int | None = None
    """Which block of rows in its weights is that gate's."""
    in_torch: bool = True
    """Whether torch.nn has it, too."""
    in_pages: bool = True
    """Whether the pages offer it, which have trained networks of it."""
    letters: Mapping[str, str] = field(default_factory=dict)
    """Symbols of signals that are not those of `notation/signals.py`."""


def _hue(number: int) -> dict[Theme, str]:
    return {theme: CLASSES[theme][number] for theme in THEMES}


RNN = CellNotes(
    "rnn",
    "RNN",
    hue=_hue(5),
    symbol="diamond",
    signals=("hidden",),
    convention="RNN: h = tanh(W x + U h + b). One signal, no gate.",
    gates=1,
    kept_numbers=1,
    seconds_of_a_step=2e-5,
)
GRU = CellNotes(
    "gru",
    "GRU",
    hue=_hue(2),
    symbol="square",
    signals=("reset_gate", "update_gate", "candidate", "hidden"),
    convention=(
        "GRU as in PyTorch: h' = (1 - z) n + z h, so z = 1 keeps the old state; Chung et al. "
        "(2014) write the opposite. The reset gate acts after the recurrent product. The "
        "candidate is PyTorch's n."
    ),
    gates=3,
    kept_numbers=5,
    seconds_of_a_step=5e-5,
    keep_word="keep_bias",
    keep_block=1,
    letters={"candidate": "n"},
)
LSTM = CellNotes(
    "lstm",
    "LSTM",
    hue=_hue(8),
    symbol="circle",
    signals=("forget_gate", "input_gate", "candidate", "cell", "output_gate", "hidden"),
    convention=(
        "LSTM: c' = f c + i g, h' = o tanh(c'). The candidate is PyTorch's g. The cell state is "
        f"drawn on a fixed range of -{CELL_LIMIT:g} to {CELL_LIMIT:g}."
    ),
    gates=4,
    kept_numbers=6,
    seconds_of_a_step=6e-5,
    keep_word="forget_bias",
    keep_block=1,
)

MGU = CellNotes(
    "mgu",
    "MGU",
    hue=_hue(3),
    symbol="cross",
    signals=("update_gate", "candidate", "hidden"),
    convention=(
        "MGU: h' = z h + (1 - z) n, so z = 1 keeps the old state; Zhou et al. (2016) write "
        "f = 1 - z. The candidate reads (1 - z) h."
    ),
    gates=2,
    kept_numbers=8,
    seconds_of_a_step=2e-4,
    in_torch=False,
    in_pages=False,
    letters={"candidate": "n"},
)

CELLS: dict[str, CellNotes] = {one.name: one for one in (RNN, GRU, LSTM, MGU)}
"""By name, the simplest first."""

CELL_NAMES = {one.name: one.title for one in CELLS.values()}
DRAWN = {one.name: one.signals for one in CELLS.values()}
HUES: dict[Theme, dict[str, str]] = {
    theme: {one.name: one.hue[theme] for one in CELLS.values()} for theme in THEMES
}


def symbol_of(cell: str) -> str:
    """The marker of a cell's curves: a colour never stands alone."""
    return CELLS[cell].symbol if cell in CELLS else LSTM.symbol


RELU = "RNN: h = relu(W x + U h + b). One signal, no gate."
EITHER = "RNN: h = tanh(W x + U h + b), or relu in place of tanh. One signal, no gate."


def convention(cell: str, least: float, most: float) -> str:
    """The sentence on the equations of a cell whose hidden states lie in ``least..most``.

    A trace does not say which function a plain RNN was built with, but a tanh never exceeds 1 and
    a relu is never negative; where neither tells, the sentence names both.
    """
    if cell != RNN.name or least < 0:
        return CELLS[cell].convention
    return RELU if most > 1 else EITHER


def vocabulary(cell: str) -> list[dict[str, Any]]:
    """The signals of one cell in drawing order, ready for the browser."""
    if cell not in CELLS:
        raise ValueError(f"expected one of {', '.join(CELLS)}, got {cell!r}")
    own = CELLS[cell]
    return [
        SIGNALS[name].to_payload() | ({"symbol": own.letters[name]} if name in own.letters else {})
        for name in own.signals
    ]
