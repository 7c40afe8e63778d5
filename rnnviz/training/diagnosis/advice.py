"""What to change in a plan, worked out from what it says now.

Every piece of advice is a step: a word of the plan, a direction or a value, and words for it. None
names what is set already, goes the wrong way, leaves the bounds, or contradicts a step that was
advised before: the gravest finding speaks first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rnnviz.notation.cells import CELLS
from rnnviz.training.plan import BOUNDS, Plan

Direction = Literal["lower", "higher", "to"]

NAMES = {
    "learning_rate": ("the learning rate", "lower", "raise"),
    "clip_norm": ("the limit of the gradient's norm", "lower", "raise"),
    "epochs": ("epochs", "fewer", "more"),
    "hidden_size": ("units", "fewer", "more"),
    "examples": ("examples", "fewer", "more"),
    "dropout": ("dropout", "less", "more"),
    "gate_bias": ("the bias of the gate that keeps", "lower", "raise"),
    "gain": ("the gain of the first weights", "lower", "raise"),
}
"""What a word is called, and how less and more of it is asked for."""


@dataclass(frozen=True)
class Step:
    """One piece of advice: change `word` in `direction`, to `value` where a number is named.

    `text` is how a sentence asks for it, without a full stop.
    """

    word: str
    direction: Direction
    value: Any
    text: str


class Adviser:
    """Gives advice for one run; what it has given stands in `steps`, in that order."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.steps: list[Step] = []

    def lower(self, word: str, value: float | None = None, text: str = "") -> str:
        """Ask for less of a word, to `value` if one is named; empty where that makes no sense."""
        return self._numeric("lower", word, value, text)

    def higher(self, word: str, value: float | None = None, text: str = "") -> str:
        """Ask for more of a word, to `value` if one is named; empty where that makes no sense."""
        return self._numeric("higher", word, value, text)

    def choose(self, word: str, value: Any, text: str) -> str:
        """Ask for a word to be `value`; empty where it is, or where something else was advised."""
        if getattr(self.plan, word) == value or self._is_spoken_for(word, "to", value):
            return ""
        return self._given(Step(word, "to", value, text))

    def clip(self, least: float) -> str:
        """Ask for gradients to be cut at a norm, at `least` at the lowest, where none is cut."""
        if self.plan.clip_norm is not None or self._is_spoken_for("clip_norm", "to", None):
            return ""
        value = max(1.0, least) if math.isfinite(least) else 1.0
        low, high = BOUNDS["clip_norm"]
        return self._given(Step("clip_norm", "to", min(max(value, low), high), "clip the gradient"))

    def _numeric(self, direction: Direction, word: str, value: float | None, text: str) -> str:
        now, (least, most) = getattr(self.plan, word), BOUNDS[word]
        if now is None:
            now = {"examples": most, "gate_bias": self._kept_bias()}.get(word)
        if now is None or self._is_spoken_for(word, direction, value):
            return ""
        if value is not None:
            value = rounded(min(max(value, least), most))
        goal = value if value is not None else (least if direction == "lower" else most)
        if not (goal < now if direction == "lower" else goal > now):
            return ""  # it is there already, or on the other side
        name, less, more = NAMES[word]
        asked = text or f"{less if direction == 'lower' else more} {name}"
        to = "" if value is None or text else f" (to {written(value)}, say)"
        return self._given(Step(word, direction, value, asked + to))

    def _kept_bias(self) -> float | None:
        if CELLS[self.plan.cell].keep_word is None:
            return None
        return 1.0 if self.plan.initialisation == "kept" else 0.0

    def _is_spoken_for(self, word: str, direction: Direction, value: Any) -> bool:
        """Whether something that contradicts this was advised before."""
        return any(
            one.word == word and (one.direction != direction or (direction == "to" and value))
            for one in self.steps
        )

    def _given(self, step: Step) -> str:
        if step not in self.steps:
            self.steps.append(step)
        return step.text


def any_of(texts: Sequence[str], last: str = "or") -> str:
    """``a, b or c`` of the texts that are not empty; empty where all are."""
    said = [text for text in texts if text]
    if len(said) < 2:
        return "".join(said)
    return f"{', '.join(said[:-1])} {last} {said[-1]}"


def sentence(texts: Sequence[str], otherwise: str = "") -> str:
    """The steps as a sentence, or what to say where there are none."""
    said = any_of(texts)
    return f"{said[:1].upper()}{said[1:]}." if said else otherwise


def rounded(value: float) -> float:
    """The number as a sentence writes it: two figures, which is what a person would set."""
    return float(f"{value:.2g}") if math.isfinite(value) else value


def written(value: float) -> str:
    """A number of advice: ``0.0005``, ``7.8``, ``1,200``."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"
