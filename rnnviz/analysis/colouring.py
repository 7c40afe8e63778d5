"""From the explanation of a text to colours of its tokens: fixed ranges, and a note on each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from rnnviz.analysis.integrated import Completeness
    from rnnviz.theatre.tints import Tint


class Explained(Protocol):
    """What colours are made of, as an `attribution.TextExplanation` has it."""

    @property
    def label(self) -> str: ...
    @property
    def against(self) -> str: ...
    @property
    def probability(self) -> float: ...
    @property
    def evidence(self) -> float: ...
    @property
    def baseline_evidence(self) -> float: ...
    @property
    def tokens(self) -> tuple[str, ...]: ...
    @property
    def attention(self) -> np.ndarray | None: ...
    @property
    def gradient_input(self) -> np.ndarray | None: ...
    @property
    def completeness(self) -> Completeness | None: ...
    @property
    def occlusion(self) -> np.ndarray | None: ...
    @property
    def probability_without(self) -> np.ndarray | None: ...
    @property
    def group(self) -> int: ...


LABELS = {
    "attention": "Attention",
    "gradient_input": "Gradient × input",
    "integrated_gradients": "Integrated gradients",
    "occlusion": "Occlusion",
}
MEANINGS = {
    "attention": "the part of the readout that is taken from this token's state",
    "gradient_input": "log-odds that this token would move, were the network a straight line",
    "integrated_gradients": "this token's part of the way from an unknown text to this one, "
    "in log-odds",
    "occlusion": "log-odds that are lost when this token is taken for an unknown one",
}
NAMES = {"attention": "attended"}
"""Tints whose name differs from that of their measure: a reading has an `attention` of its own."""

EVIDENCE = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
"""Where colours of evidence may end, in log-odds: the first that holds all of them."""

WEIGHTS = (0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0)


def tints_of(found: Explained) -> list[Tint]:
    """A tint for each measure that there is; those of evidence are the same to both sides of 0."""
    return [_tint(name, found) for name in LABELS if getattr(found, name) is not None]


def _tint(name: str, found: Explained) -> Tint:
    from rnnviz.theatre.tints import Tint

    values = np.asarray(getattr(found, name), dtype=np.float64)
    signed = name != "attention"
    top = _top(values, EVIDENCE if signed else WEIGHTS)
    return Tint(
        name=NAMES.get(name, name),
        label=LABELS[name],
        meaning=MEANINGS[name],
        values=values,
        low=-top if signed else 0.0,
        high=top,
        low_words=f"for {found.against}" if signed else "left aside",
        high_words=f"for {found.label}" if signed else "attended to",
        diverging=signed,
        note=note(name, found),
    )


def note(name: str, found: Explained) -> str:
    """What has to be said beside a measure: its sum, its error, what was grouped."""
    if name == "attention":
        values = found.attention
        assert values is not None
        first = int(values.argmax())
        return f"Most on {_quoted(found.tokens[first])}, {100 * values[first]:.1f} %."
    if name == "gradient_input":
        assert found.gradient_input is not None
        whole = found.evidence - found.baseline_evidence
        return (
            f"Sum {signed(float(found.gradient_input.sum()))} of {signed(whole)} log-odds: "
            "a slope at one place need not add up."
        )
    if name == "integrated_gradients":
        assert found.completeness is not None
        return _complete(found.completeness)
    assert found.occlusion is not None
    if found.group > 1:
        return (
            f"A long text: {found.group} neighbouring tokens are hidden at a time, and each has an "
            "equal part of what that changes."
        )
    first = int(np.abs(found.occlusion).argmax())
    assert found.probability_without is not None
    return (
        f"Without {_quoted(found.tokens[first])}: {found.label} at "
        f"{100 * found.probability_without[first]:.1f} %, with it {100 * found.probability:.1f} %."
    )


def _complete(found: Completeness) -> str:
    said = (
        f"Sum {signed(found.total)} of {signed(found.difference)} log-odds, "
        f"error {error_words(found)}; {token_words(found)}; {found.steps} gradients."
    )
    if found.relative_error < 0.01:
        return said
    if abs(found.jump) > abs(found.delta) / 2:
        return f"{said} Along the way the answer jumps, where no gradient sees it."
    return f"{said} More gradients would take too long for this text."


def error_words(found: Completeness) -> str:
    """The completeness error as a part of the sum, or in log-odds where the sum is next to 0."""
    if found.relative_error > 1:
        return f"{abs(found.delta):.3f} log-odds"
    return f"{100 * found.relative_error:.2g} %"


def token_words(found: Completeness) -> str:
    """How far single tokens may be off, as a part of the largest."""
    if found.token_error is None:
        return "single tokens may be off by more"
    return f"single tokens to {max(100 * found.token_error, 0.01):.2g} % of the largest"


def signed(value: float) -> str:
    """`-3.4123 -> "−3.41"`, with a sign that is as wide as the digits."""
    return f"{value:+.2f}".replace("-", "−")


def _top(values: np.ndarray, ladder: tuple[float, ...]) -> float:
    largest = float(np.abs(values).max(initial=0))
    return next((top for top in ladder if largest <= top), ladder[-1])


def _quoted(piece: str) -> str:
    """A token between quotation marks, without the white space that belongs to it."""
    return f"“{piece.strip() or ' '}”"
