"""A reading: everything the theatre needs to replay how a network read one sequence.

Numpy and plain values only, so that a stored reading can be shown before torch has been imported,
and so that a notebook, a page and a test can build the same thing. The schema that travels to the
browser (version 1):

    version      1
    name, cell, readout, step_word ("row" | "token"), truth (label or null)
    classes      the labels of the C classes
    image        (T, I) packed 0..255, one row per step, or null
    tokens       T strings, one per step, or null
    layers       [{"forward": {signal: (T, H) packed}, "backward": {...} or null}]
    probabilities (T, C) packed 0..1: what the network would answer if it stopped after each step
    attention    (T,) packed 0..1, or null
    marks        [{"step": index, "label": text}]: steps that a page wants pointed out
    signals      the vocabulary of the cell (rnnviz.signals), in drawing order
    convention   one sentence on the equations' convention

Packed arrays are described in `rnnviz.theatre.arrays`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnviz.signals import CONVENTIONS, DRAWN, SIGNALS, vocabulary
from rnnviz.theatre.arrays import decode, encode

VERSION = 1
SHORT = 1_000_000
"""Up to this many gate values a reading travels with 16 bits each, beyond it with 8."""

Signals = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class LayerReading:
    """The signals of one layer: field name -> ``(T, H)``, per direction."""

    forward: Signals
    backward: Signals | None = None


@dataclass(frozen=True, eq=False)
class Mark:
    """A step worth pointing at, with the words that say why."""

    step: int
    label: str


@dataclass(frozen=True, eq=False)
class Reading:
    """How one network read one sequence of ``T`` steps into ``C`` class probabilities.

    Raises ValueError when shapes disagree or a signal does not belong to the cell.
    """

    name: str
    cell: str
    readout: str
    classes: tuple[str, ...]
    layers: tuple[LayerReading, ...]
    probabilities: np.ndarray
    attention: np.ndarray | None = None
    image: np.ndarray | None = None
    tokens: tuple[str, ...] | None = None
    truth: str | None = None
    step_word: str = "row"
    marks: tuple[Mark, ...] = ()

    def __post_init__(self) -> None:
        if self.cell not in DRAWN:
            raise ValueError(f"expected one of {', '.join(DRAWN)}, got {self.cell!r}")
        expected = set(DRAWN[self.cell])
        for signals in self._directions():
            if set(signals) != expected:
                raise ValueError(f"expected signals {sorted(expected)}, got {sorted(signals)}")
            for name, values in signals.items():
                if values.ndim != 2 or values.shape[0] != self.steps:
                    raise ValueError(f"{name}: expected ({self.steps}, H), got {values.shape}")
        if self.probabilities.shape != (self.steps, len(self.classes)):
            shape = (self.steps, len(self.classes))
            raise ValueError(f"probabilities: expected {shape}, got {self.probabilities.shape}")
        for label, part in (("attention", self.attention), ("image", self.image)):
            if part is not None and part.shape[0] != self.steps:
                raise ValueError(f"{label}: expected {self.steps} steps, got {part.shape[0]}")

    @property
    def steps(self) -> int:
        """``T``, the number of steps that were read."""
        return int(self.probabilities.shape[0])

    @property
    def answer(self) -> str:
        """The label that the network settles on after the last step."""
        return self.classes[int(self.probabilities[-1].argmax())]

    def _directions(self) -> list[Signals]:
        both = [(layer.forward, layer.backward) for layer in self.layers]
        return [signals for pair in both for signals in pair if signals is not None]

    def to_payload(self) -> dict[str, Any]:
        """The reading as plain JSON values, in the schema at the top of this module."""
        size = sum(values.size for signals in self._directions() for values in signals.values())
        bits = 16 if size <= SHORT else 8

        def pack(signals: Signals | None) -> dict[str, Any] | None:
            if signals is None:
                return None
            return {name: _pack_signal(name, signals[name], bits) for name in DRAWN[self.cell]}

        return {
            "version": VERSION,
            "name": self.name,
            "cell": self.cell,
            "readout": self.readout,
            "step_word": self.step_word,
            "truth": self.truth,
            "classes": list(self.classes),
            "image": None if self.image is None else encode(self.image, low=0, high=255, bits=8),
            "tokens": None if self.tokens is None else list(self.tokens),
            "layers": [
                {"forward": pack(layer.forward), "backward": pack(layer.backward)}
                for layer in self.layers
            ],
            "probabilities": encode(self.probabilities, low=0, high=1),
            "attention": None if self.attention is None else encode(self.attention, low=0, high=1),
            "marks": [{"step": mark.step, "label": mark.label} for mark in self.marks],
            "signals": vocabulary(self.cell),
            "convention": CONVENTIONS[self.cell],
        }

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Reading:
        """Undo `to_payload` within quantisation; raises ValueError for anything else."""
        if payload.get("version") != VERSION:
            raise ValueError(f"expected version {VERSION}, got {payload.get('version')!r}")
        image, tokens = payload["image"], payload["tokens"]
        attention = payload["attention"]
        return cls(
            name=payload["name"],
            cell=payload["cell"],
            readout=payload["readout"],
            classes=tuple(payload["classes"]),
            layers=tuple(
                LayerReading(_unpack(layer["forward"]) or {}, _unpack(layer["backward"]))
                for layer in payload["layers"]
            ),
            probabilities=decode(payload["probabilities"]),
            attention=None if attention is None else decode(attention),
            image=None if image is None else np.rint(decode(image)).astype(np.uint8),
            tokens=None if tokens is None else tuple(tokens),
            truth=payload["truth"],
            step_word=payload["step_word"],
            marks=tuple(Mark(mark["step"], mark["label"]) for mark in payload["marks"]),
        )


def _pack_signal(name: str, values: np.ndarray, bits: int) -> dict[str, Any]:
    """Pack over the drawn range, or over a wider one where values leave it (cell, ReLU)."""
    signal = SIGNALS[name]
    if signal.kind == "gate":
        return encode(values, low=signal.low, high=signal.high, bits=bits)
    limit = max(signal.high, float(np.abs(values).max(initial=0.0)))
    return encode(values, low=-limit, high=limit, bits=bits)


def _unpack(signals: Mapping[str, Any] | None) -> Signals | None:
    if signals is None:
        return None
    return {name: decode(packed) for name, packed in signals.items()}


def reading_from_trace(
    trace: Any,
    *,
    name: str,
    readout: str,
    classes: Sequence[str],
    image: np.ndarray | None = None,
    truth: str | None = None,
    example: int = 0,
) -> Reading:
    """One example of a ClassifierTrace as a Reading, without its padding.

    ``trace.recurrent`` is a Trace, ``trace.prefix_probabilities`` ``(B, T, C)``,
    ``trace.attention`` ``(B, T)`` or None. Only ``.numpy()`` of the tensors is used, so this
    module needs no torch.
    """
    recurrent = trace.recurrent
    steps = int(recurrent.lengths[example])

    def signals(step: Any) -> Signals | None:
        if step is None:
            return None
        return {field: getattr(step, field)[example, :steps].numpy() for field in step._fields}

    layers = tuple(
        LayerReading(signals(layer.forward) or {}, signals(layer.backward))
        for layer in recurrent.layers
    )
    attention = None if trace.attention is None else trace.attention[example, :steps].numpy()
    return Reading(
        name=name,
        cell=recurrent.cell,
        readout=readout,
        classes=tuple(classes),
        layers=layers,
        probabilities=trace.prefix_probabilities[example, :steps].numpy(),
        attention=attention,
        image=image,
        truth=truth,
    )
