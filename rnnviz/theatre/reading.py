"""A reading: everything the theatre needs to replay how a network read one sequence.

Numpy and plain values only, so that a stored reading can be shown before torch has been imported,
and so that a notebook, a page and a test can build the same thing. The schema that travels to the
browser (version 3):

    version       3
    name, title   what the network is called in full and in short ("mnist-lstm", "LSTM")
    cell, readout "rnn" | "gru" | "lstm"; how the answer is made of the states, or null
    step_word     "row" | "token" | "step"
    truth         the right label, or null
    classes       the labels of the C classes; empty for a network without an answer
    class_hues    one colour per class, for the light and for the dark theme
    image         (T, I) packed 0..255, one row per step, or null
    tokens        T strings, one per step, or null; together they are the text as it was typed
    unknown       steps whose token the network does not know
    left_out      {"after", "tokens", "characters"} of a text that was not read whole, or null
    replaced      {step: what stood there in the ghost}, the step as text; "" where nothing did
    pads          how many of the last steps are padding that was read on purpose
    layers        [{"forward": {signal: (T, H) packed}, "backward": {...} or null,
                    "orders": {"forward": {"activity": [H], "cluster": [H]}, "backward": ...}}]
                  (a ghost's orders are null)
    probabilities (T, C) packed 0..1: what the network would answer if it stopped after each
                  step; null without an answer
    answered      steps after which an answer was worked out: between them stands the last one
                  before; null where all were
    attention     (T,) packed 0..1, or null
    marks         [{"step": index, "kind": "decision" | "flip" | "note", "label", "words"}]
    ghost         null, or a reading of the same cell and layers to compare with; its T may differ
    signals       the vocabulary of the cell (rnnviz.notation.signals), in drawing order
    panels        the words of the other panels (rnnviz.theatre.prose)
    tints         words and colours of what the tokens can be coloured by (rnnviz.theatre.tints)
    cell_title    what the cell is called on screen
    convention    one sentence on the equations' convention

Packed arrays are described in `rnnviz.theatre.arrays`; an order lists, from the top row down, the
units that are drawn there (`rnnviz.theatre.ordering`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np

from rnnviz.notation import decision
from rnnviz.notation.cells import CELL_NAMES, CELLS, DRAWN, convention, vocabulary
from rnnviz.notation.palette import class_hues
from rnnviz.notation.signals import SIGNALS
from rnnviz.theatre.arrays import decode, encode
from rnnviz.theatre.ordering import unit_orders
from rnnviz.theatre.prose import panel_words
from rnnviz.theatre.tints import own_tints

VERSION = 3
SHORT = 1_000_000
"""Up to this many gate values a reading travels with 16 bits each, beyond it with 8."""

WORDS = ("cell_title", "signals", "panels", "convention", "class_hues", "tints")
"""What `words_of` puts into a payload: it is the same for every reading of a kind."""

Signals = Mapping[str, np.ndarray]
MarkKind = Literal["decision", "flip", "note"]


@dataclass(frozen=True, eq=False)
class LayerReading:
    """The signals of one layer: field name -> ``(T, H)``, per direction."""

    forward: Signals
    backward: Signals | None = None

    @property
    def directions(self) -> dict[str, Signals]:
        """The directions that there are, forward first."""
        both = {"forward": self.forward, "backward": self.backward}
        return {name: signals for name, signals in both.items() if signals is not None}


@dataclass(frozen=True)
class Mark:
    """A step worth pointing at, a short label, and the sentence that says why."""

    step: int
    label: str
    kind: MarkKind = "note"
    words: str = ""


@dataclass(frozen=True)
class LeftOutText:
    """What was not read of a long text: it stood after the first ``after`` tokens."""

    after: int
    tokens: int
    characters: int


@dataclass(frozen=True, eq=False)
class Reading:
    """How one network read one sequence of ``T`` steps into ``C`` class probabilities.

    ``probabilities`` is None for a network without an answer. Marks that are not given are the
    decision step and the flips. ``answered`` are the steps after which an answer was worked out, in
    rising order, where not all were. For texts: ``unknown`` are the steps whose token the network
    does not know, ``left_out`` what it did not read, ``replaced`` what stood at a step in an
    aligned ghost, ``pads`` how many of the last steps are padding that was read on purpose.

    Raises ValueError when shapes disagree, a signal does not belong to the cell, or the ghost is of
    another cell or has other layers.
    """

    name: str
    cell: str
    classes: tuple[str, ...]
    layers: tuple[LayerReading, ...]
    probabilities: np.ndarray | None = None
    readout: str | None = None
    attention: np.ndarray | None = None
    image: np.ndarray | None = None
    tokens: tuple[str, ...] | None = None
    truth: str | None = None
    step_word: str = "row"
    title: str = ""
    marks: tuple[Mark, ...] | None = None
    ghost: Reading | None = None
    unknown: tuple[int, ...] = ()
    left_out: LeftOutText | None = None
    replaced: Mapping[int, str] = field(default_factory=dict)
    pads: int = 0
    answered: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.cell not in DRAWN:
            raise ValueError(f"expected one of {', '.join(DRAWN)}, got {self.cell!r}")
        if not self.layers:
            raise ValueError("expected at least one layer, got none")
        for layer in self.layers:
            self._check_layer(layer)
        self._check_lengths()
        self._check_text()
        if self.ghost is not None:
            self._check_ghost(self.ghost)
        if not self.title:
            object.__setattr__(self, "title", CELL_NAMES[self.cell])
        if self.marks is None:
            object.__setattr__(self, "marks", self._marks_of_the_answer())
        for mark in self.marks or ():
            if not 0 <= mark.step < self.steps or mark.kind not in get_args(MarkKind):
                raise ValueError(
                    f"marks: expected a step of 0..{self.steps - 1} and a kind of "
                    f"{', '.join(get_args(MarkKind))}, got {mark.step} and {mark.kind!r}"
                )

    def _check_layer(self, layer: LayerReading) -> None:
        expected, widths = set(DRAWN[self.cell]), set()
        for signals in layer.directions.values():
            if set(signals) != expected:
                raise ValueError(f"expected signals {sorted(expected)}, got {sorted(signals)}")
            for name, values in signals.items():
                if values.ndim != 2 or values.shape[0] != self.steps or 0 in values.shape:
                    raise ValueError(f"{name}: expected ({self.steps}, H), got {values.shape}")
                if not np.isfinite(values).all():
                    step = int(np.isfinite(values).all(axis=1).argmin())
                    raise ValueError(
                        f"{name}: expected finite values, got NaN or infinity at step {step}: the "
                        "network has diverged, its input holds such numbers, or padding was not "
                        "cut off"
                    )
                widths.add(values.shape[1])
        if len(widths) != 1:
            raise ValueError(
                f"expected as many units in every signal, got {sorted(widths)}: "
                "an LSTM with projections (proj_size) cannot be drawn"
            )

    def _check_lengths(self) -> None:
        shape = (self.steps, len(self.classes))
        if self.probabilities is None and self.classes:
            raise ValueError(f"expected probabilities {shape} for the classes, got None")
        if self.probabilities is not None and (
            self.probabilities.shape != shape or not self.classes
        ):
            raise ValueError(f"probabilities: expected {shape}, got {self.probabilities.shape}")
        for label, part in (
            ("attention", self.attention),
            ("image", self.image),
            ("tokens", self.tokens),
        ):
            if part is not None and len(part) != self.steps:
                raise ValueError(f"{label}: expected {self.steps} steps, got {len(part)}")

    def _check_text(self) -> None:
        steps, answered = self.steps, self.answered or ()
        if answered != tuple(sorted(set(answered))):
            raise ValueError(f"answered: expected rising steps, got {list(answered)[:20]}")
        of_steps = {"unknown": self.unknown, "replaced": self.replaced, "answered": answered}
        for label, places in of_steps.items():
            if beyond := [step for step in places if not 0 <= step < steps]:
                raise ValueError(f"{label}: expected steps of 0..{steps - 1}, got {beyond[0]}")
        if self.left_out is not None and not 0 <= self.left_out.after <= steps:
            raise ValueError(f"left_out: expected 0..{steps} tokens, got {self.left_out.after}")
        if not 0 <= self.pads <= steps:
            raise ValueError(f"pads: expected 0..{steps}, got {self.pads}")

    def _check_ghost(self, ghost: Reading) -> None:
        mine, other = self._shape(), ghost._shape()
        if mine != other or ghost.ghost is not None:
            raise ValueError(
                f"ghost: expected a {self.cell} with layers {mine[1]} and no ghost of its own, "
                f"got a {ghost.cell} with layers {other[1]}"
            )

    def _shape(self) -> tuple[str, tuple[tuple[int, int], ...]]:
        widths = [(next(iter(one.forward.values())).shape[1], one) for one in self.layers]
        return self.cell, tuple((width, len(one.directions)) for width, one in widths)

    def _marks_of_the_answer(self) -> tuple[Mark, ...]:
        if self.probabilities is None:
            return ()
        word, classes = self.step_word, self.classes
        settled = Mark(
            decision.decision_step(self.probabilities),
            f"decision {word}",
            "decision",
            decision.decision_words(self.probabilities, classes, word),
        )
        flips = [
            Mark(
                flip.step,
                f"{classes[flip.before]} to {classes[flip.after]}",
                "flip",
                decision.flip_words(flip, classes, word),
            )
            for flip in decision.flips(self.probabilities)
        ]
        return (settled, *flips)

    @property
    def steps(self) -> int:
        """``T``, the number of steps that were read."""
        return int(next(iter(self.layers[0].forward.values())).shape[0])

    @property
    def answer(self) -> str | None:
        """The label that the network settles on after the last step, if it has an answer."""
        if self.probabilities is None:
            return None
        return self.classes[int(self.probabilities[-1].argmax())]

    def worked_out(self) -> np.ndarray | None:
        """The probabilities ``(T, C)``, NaN after steps where no answer was worked out."""
        if self.probabilities is None or self.answered is None:
            return self.probabilities
        rare = np.full_like(self.probabilities, np.nan)
        rare[list(self.answered)] = self.probabilities[list(self.answered)]
        return rare

    def with_ghost(self, ghost: Reading | None) -> Reading:
        """The same reading beside another one to compare with."""
        return replace(self, ghost=ghost and replace(ghost, ghost=None))

    def to_payload(self) -> dict[str, Any]:
        """The reading as plain JSON values, in the schema at the top of this module."""
        ghost = None if self.ghost is None else self.ghost._packed(orders=False)
        return self._packed(orders=True) | {"ghost": ghost}

    def _packed(self, *, orders: bool) -> dict[str, Any]:
        # A ghost is drawn in the order of the reading above it and needs none of its own.
        every = [signals for layer in self.layers for signals in layer.directions.values()]
        size = sum(values.size for signals in every for values in signals.values())
        bits = 16 if size <= SHORT else 8
        probabilities, attention, image = self.probabilities, self.attention, self.image
        return {
            "version": VERSION,
            "name": self.name,
            "title": self.title,
            "cell": self.cell,
            "readout": self.readout,
            "step_word": self.step_word,
            "truth": self.truth,
            "classes": list(self.classes),
            "image": None if image is None else encode(image, low=0, high=255, bits=8),
            "tokens": None if self.tokens is None else list(self.tokens),
            "unknown": [int(step) for step in self.unknown],
            "left_out": None if self.left_out is None else asdict(self.left_out),
            "replaced": {str(step): text for step, text in self.replaced.items()},
            "pads": int(self.pads),
            "answered": None if self.answered is None else [int(step) for step in self.answered],
            "layers": [_pack_layer(one, self.cell, bits, orders) for one in self.layers],
            "probabilities": None
            if probabilities is None
            else encode(probabilities, low=0, high=1),
            "attention": None if attention is None else encode(attention, low=0, high=1),
            "marks": [
                {"step": one.step, "kind": one.kind, "label": one.label, "words": one.words}
                for one in self.marks or ()
            ],
            "ghost": None,
            **words_of(self.cell, self.step_word, len(self.classes)),
            "convention": convention(self.cell, *_extremes(every)),
        }

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Reading:
        """Undo `to_payload` within quantisation; raises ValueError for anything else."""
        if payload.get("version") != VERSION:
            raise ValueError(f"expected version {VERSION}, got {payload.get('version')!r}")
        image, tokens, ghost = payload["image"], payload["tokens"], payload["ghost"]
        attention, probabilities = payload["attention"], payload["probabilities"]
        left_out = payload["left_out"]
        return cls(
            name=payload["name"],
            title=payload["title"],
            cell=payload["cell"],
            readout=payload["readout"],
            classes=tuple(payload["classes"]),
            layers=tuple(
                LayerReading(_unpack(layer["forward"]) or {}, _unpack(layer["backward"]))
                for layer in payload["layers"]
            ),
            probabilities=None if probabilities is None else decode(probabilities),
            attention=None if attention is None else decode(attention),
            image=None if image is None else np.rint(decode(image)).astype(np.uint8),
            tokens=None if tokens is None else tuple(tokens),
            truth=payload["truth"],
            step_word=payload["step_word"],
            marks=tuple(
                Mark(one["step"], one["label"], one["kind"], one["words"])
                for one in payload["marks"]
            ),
            ghost=None if ghost is None else cls.from_payload(ghost),
            unknown=tuple(payload["unknown"]),
            left_out=None if left_out is None else LeftOutText(**left_out),
            replaced={int(step): text for step, text in payload["replaced"].items()},
            pads=payload["pads"],
            answered=None if payload["answered"] is None else tuple(payload["answered"]),
        )


def words_of(cell: str, step_word: str, classes: int) -> dict[str, Any]:
    """The part of a payload that is the same for all readings of a kind: words and colours."""
    return {
        "cell_title": CELL_NAMES[cell],
        "signals": vocabulary(cell),
        "panels": panel_words(step_word),
        "tints": own_tints(step_word),
        "convention": CELLS[cell].convention,
        "class_hues": class_hues(classes),
    }


def _extremes(every: Sequence[Signals]) -> tuple[float, float]:
    """The least and the largest hidden state of a reading."""
    hidden = [signals["hidden"] for signals in every]
    return min(float(one.min()) for one in hidden), max(float(one.max()) for one in hidden)


def _pack_layer(layer: LayerReading, cell: str, bits: int, ordered: bool) -> dict[str, Any]:
    packed: dict[str, Any] = {"forward": None, "backward": None}
    orders: dict[str, Any] = {"forward": None, "backward": None}
    for direction, signals in layer.directions.items():
        packed[direction] = {name: _pack(name, signals[name], bits) for name in DRAWN[cell]}
        if ordered:
            # In the order in which it was read: activity begins at the step read first.
            hidden = signals["hidden"][::-1] if direction == "backward" else signals["hidden"]
            found = unit_orders(hidden)
            orders[direction] = {name: list(order) for name, order in found.items()}
    return {**packed, "orders": orders}


def _pack(name: str, values: np.ndarray, bits: int) -> dict[str, Any]:
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
    classes: Sequence[str] = (),
    readout: str | None = None,
    image: np.ndarray | None = None,
    tokens: Sequence[str] | None = None,
    truth: str | None = None,
    step_word: str = "row",
    title: str = "",
    example: int = 0,
) -> Reading:
    """One example of a ClassifierTrace, or of a bare Trace, as a Reading without its padding.

    A ClassifierTrace has ``recurrent``, a Trace, ``prefix_probabilities`` ``(B, T, C)`` and
    ``attention`` ``(B, T)`` or None; a bare Trace has no answer. Only methods of the tensors are
    used, so this module needs no torch. Raises IndexError when there is no such example.
    """
    recurrent = getattr(trace, "recurrent", trace)
    if not 0 <= example < len(recurrent.lengths):
        raise IndexError(
            f"example: expected 0..{len(recurrent.lengths) - 1}, got {example}: the trace holds "
            f"{len(recurrent.lengths)} sequences"
        )
    steps = int(recurrent.lengths[example])

    def values(tensor: Any) -> np.ndarray:
        found = tensor[example, :steps].detach().cpu()
        # Half precision has no .numpy() of its own.
        return np.asarray((found if found.element_size() == 8 else found.float()).numpy())

    def signals(step: Any) -> Signals | None:
        if step is None:
            return None
        return {field: values(getattr(step, field)) for field in step._fields}

    probabilities = getattr(trace, "prefix_probabilities", None)
    attention = getattr(trace, "attention", None)
    return Reading(
        name=name,
        title=title,
        cell=recurrent.cell,
        readout=readout,
        classes=tuple(classes),
        layers=tuple(
            LayerReading(signals(layer.forward) or {}, signals(layer.backward))
            for layer in recurrent.layers
        ),
        probabilities=None if probabilities is None else values(probabilities),
        attention=None if attention is None else values(attention),
        image=image,
        tokens=None if tokens is None else tuple(tokens),
        truth=truth,
        step_word=step_word,
    )
