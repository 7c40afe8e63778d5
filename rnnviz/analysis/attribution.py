"""Which tokens an answer rests on: four measures of one text, and how far they agree.

All but attention speak about one number, the evidence for the target class: its log-odds
`s = log(p / (1 - p))`, which for two classes is the difference of the logits. The baseline `b` is
the same for all of them: the unknown token. Training takes words for it at random (word dropout),
so a network knows what a text with hidden words looks like; the vector of the padding token was
never learnt, and zero is the vector of no token.

    gradient x input       g_t = (x_t - b) . ds/dx_t                     x_t: the embedding of t
    integrated gradients   i_t = (x_t - b) . mean over a in 0..1 of ds/dx_t at b + a (x - b)
    occlusion              o_t = s(x) - s(x with token t unknown)

Integrated gradients are complete: they add up to `s(x) - s(b)`. What is missing from the sum is the
error of taking the mean at a few `a` only, and is returned. Networks with gates and maxima change
their mind abruptly somewhere along the way, so the way is cut into pieces with four gradients each,
and the pieces whose own sums do not add up are halved, again and again.

Sundararajan, Taly and Yan (2017) for integrated gradients, computed by captum; Shrikumar et al.
(2016) for gradient x input; Li, Monroe and Jurafsky (2016) for leaving words out. `shuffling`
has the experiment with permuted attention.

Shapes: `T` tokens, `E` features of an embedding, `C` classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnviz.analysis.explanations import log_odds, spearman
from rnnviz.analysis.shuffling import (
    ShuffledAttention,
    answer_of,
    check_reader,
    shuffled_attention,
)

if TYPE_CHECKING:
    from torch import Tensor

    from rnnviz.classifier import SequenceClassifier
    from rnnviz.theatre.tints import Tint
    from rnnviz.tokens import Encoded

__all__ = [
    "Completeness",
    "ShuffledAttention",
    "TextExplanation",
    "explain_text",
    "shuffled_attention",
]

MEASURES = ("attention", "gradient_input", "integrated_gradients", "occlusion")

CHEAP = ("attention", "gradient_input")
"""Take one reading. The others take one a token, or a few dozen of them."""

AIM = 0.005
"""Integrated gradients take more steps until no larger part of the sum is missing."""

NODES = 4
"""Gradients along each piece of the way, at the places of Gauss and Legendre."""

NARROWEST = 2.0**-16
"""A piece of the way that is not halved any more."""

MOST_TOKENS_AT_ONCE = 12_000
MOST_TOKENS_READ = 128_000
"""In all readings of occlusion: a long text is hidden in groups."""

MOST_TOKENS_DERIVED = 272_000
"""In all gradients of one text; few texts need that many."""


@dataclass(frozen=True)
class Completeness:
    """How well integrated gradients add up, from gradients at `steps` places along the way.

    `total` is their sum and `difference = s(x) - s(baseline)` what it should be. `delta` is
    captum's convergence delta over all pieces of the way, `total - difference`; `relative_error` is
    its size as a part of the difference, infinite where that is 0. `jump` is how much of `delta`
    lies in pieces of the way that are too narrow to be halved: there the answer jumps, as that of a
    network whose states flip between two orbits does, and no gradient sees it.
    """

    steps: int
    total: float
    difference: float
    delta: float
    jump: float = 0.0

    @property
    def relative_error(self) -> float:
        if self.delta == 0:
            return 0.0
        return abs(self.delta / self.difference) if self.difference else float("inf")


@dataclass(frozen=True, eq=False)
class TextExplanation:
    """Why a classifier gives class `target` its probability, token by token.

    `attention (T,)` sums to one, or is None for a readout without it. The other measures `(T,)` are
    natural log-odds; above zero the token speaks for the target. What was not asked for is None.

    Occlusion hides `group` neighbouring tokens at a time, more than one only in a long text; each
    of them then has an equal part of what hiding them all changes, and `probability_without (T,)`
    is that of the whole group. `rank_correlations` are Spearman's, -1..1, keyed by pairs of names
    out of `MEASURES`; None where not defined. With attention, which has no sign, the size of the
    other measure is ranked; with occlusion in groups, the sums over these groups are.
    """

    target: int
    label: str
    against: str
    probability: float
    evidence: float
    baseline_evidence: float
    tokens: tuple[str, ...]
    attention: np.ndarray | None = None
    gradient_input: np.ndarray | None = None
    integrated_gradients: np.ndarray | None = None
    completeness: Completeness | None = None
    occlusion: np.ndarray | None = None
    probability_without: np.ndarray | None = None
    group: int = 1
    rank_correlations: dict[tuple[str, str], float | None] = field(default_factory=dict)

    def tints(self) -> list[Tint]:
        """A colouring of the tokens for each measure that there is, in the order of `MEASURES`."""
        from rnnviz.analysis.colouring import tints_of

        return tints_of(self)


def explain_text(
    model: SequenceClassifier,
    encoded: Encoded,
    target: int | None = None,
    *,
    steps: int = 32,
    measures: Sequence[str] = MEASURES,
) -> TextExplanation:
    """Explain one text, token by token.

    `target` is, if None, the second of two classes, so that the sign of a measure always means the
    same; of more classes it is the model's own answer. Integrated gradients begin with `steps`
    gradients and take more until the sum is complete but for the part `AIM`, or until the readings
    have `MOST_TOKENS_DERIVED` tokens.

    The model is shared and stays as it is: gradients are asked for, never accumulated. Raises
    ValueError for a model in training mode, one that reads no tokens or has fewer than two classes,
    for a target that is no class, and for an unknown measure.
    """
    import torch

    _check(model, target, steps, measures)
    assert model.embedding is not None
    table = model.embedding.weight
    ids = torch.as_tensor(encoded.ids, dtype=torch.int64, device=table.device)[None]
    lengths = torch.tensor([ids.shape[1]], device=table.device)
    features = model.embedding(ids).detach()
    baseline = _hidden(model, features)
    live = features.clone().requires_grad_()
    with torch.enable_grad():
        output, _ = model.recurrent(live, lengths=lengths)
        logits = model.head(model.readout(output, lengths))
        chosen = answer_of(logits) if target is None else target
        score = log_odds(logits, chosen)[0]
    with torch.no_grad():
        start = float(log_odds(model.answer(baseline, lengths), chosen)[0])
    found: dict[str, Any] = {}
    if "attention" in measures:
        weights = model.readout.weights(output.detach(), lengths)
        found["attention"] = None if weights is None else _numpy(weights[0])
    if "gradient_input" in measures:
        (slope,) = torch.autograd.grad(score, live)
        found["gradient_input"] = _numpy(((features - baseline) * slope).sum(dim=2)[0])
    evidence = float(score.detach())
    if "integrated_gradients" in measures:
        found |= _integrated(model, features, baseline, chosen, steps, evidence - start)
    if "occlusion" in measures:
        found |= _occluded(model, features, baseline, chosen, evidence)
    others = [label for number, label in enumerate(model.labels) if number != chosen]
    return TextExplanation(
        target=chosen,
        label=model.labels[chosen],
        against=others[0] if len(others) == 1 else f"any class but {model.labels[chosen]}",
        probability=float(logits.detach().softmax(dim=1)[0, chosen]),
        evidence=evidence,
        baseline_evidence=start,
        tokens=encoded.pieces,
        rank_correlations=rank_correlations(
            {name: found.get(name) for name in MEASURES}, found.get("group", 1)
        ),
        **found,
    )


def rank_correlations(
    measures: dict[str, np.ndarray | None], group: int = 1
) -> dict[tuple[str, str], float | None]:
    """Spearman's correlation of every pair of measures `(T,)` that exist.

    With "occlusion" in a pair, sums over `group` neighbours are ranked.
    """
    present = {name: values for name, values in measures.items() if values is not None}
    found = {}
    for pair in combinations(present, 2):
        values = [present[name] for name in pair]
        if "attention" in pair:
            values = [np.abs(one) for one in values]
        if "occlusion" in pair and group > 1:
            values = [np.add.reduceat(one, np.arange(0, len(one), group)) for one in values]
        found[pair] = spearman(values[0], values[1])
    return found


def group_size(tokens: int) -> int:
    """How many neighbouring tokens occlusion hides at a time, so that its readings are bounded."""
    return -(-tokens // min(tokens, max(1, MOST_TOKENS_READ // tokens)))


def _hidden(model: SequenceClassifier, features: Tensor) -> Tensor:
    """The features of a text of the same length, all of whose tokens are unknown."""
    from rnnviz.tokens import UNKNOWN

    assert model.embedding is not None
    return model.embedding.weight.detach()[UNKNOWN].expand_as(features)


def _integrated(
    model: SequenceClassifier,
    features: Tensor,
    baseline: Tensor,
    target: int,
    steps: int,
    difference: float,
) -> dict[str, Any]:
    """captum's integrated gradients, with more steps where they do not add up yet."""
    tokens = features.shape[1]
    most = max(NODES, MOST_TOKENS_DERIVED // tokens)
    count = max(1, min(steps, most // 2) // NODES)
    whole = np.linspace(0, 1, count + 1)
    path = _Path(model, features, baseline, target)
    starts, ends = whole[:-1], whole[1:]
    parts, deltas = path.along(starts, ends)
    while abs(deltas.sum()) > AIM * abs(difference):
        left = (most - path.gradients) // (2 * NODES)
        again = _worst(deltas, ends - starts, AIM * abs(difference) / 2)[: max(0, left)]
        if not len(again):
            break
        middles = (starts[again] + ends[again]) / 2
        low = np.concatenate([starts[again], middles])
        high = np.concatenate([middles, ends[again]])
        new, missing = path.along(low, high)
        kept = np.setdiff1d(np.arange(len(starts)), again)
        starts, ends = np.concatenate([starts[kept], low]), np.concatenate([ends[kept], high])
        parts, deltas = (
            np.concatenate([parts[kept], new]),
            np.concatenate([deltas[kept], missing]),
        )
    values = parts.sum(axis=0)
    found = Completeness(
        steps=path.gradients,
        total=float(values.sum()),
        difference=difference,
        delta=float(deltas.sum()),
        jump=float(deltas[ends - starts <= NARROWEST].sum()),
    )
    return {"integrated_gradients": values, "completeness": found}


def _worst(deltas: np.ndarray, widths: np.ndarray, allowed: float) -> np.ndarray:
    """The fewest pieces of the way without which no more than `allowed` of the sum is missing."""
    order = np.argsort(-np.abs(deltas), kind="stable")
    left = np.abs(deltas)[order][::-1].cumsum()[::-1]
    worst = order[left > allowed]
    return worst[widths[worst] > NARROWEST]


class _Path:
    """The straight way from the baseline (0) to the text (1), and captum's sums along its pieces.

    Integrated gradients of pieces that follow each other add up to those of the whole way.
    """

    def __init__(
        self, model: SequenceClassifier, features: Tensor, baseline: Tensor, target: int
    ) -> None:
        from captum.attr import IntegratedGradients

        self.features, self.baseline = features, baseline
        self.method = IntegratedGradients(lambda some: log_odds(_answers(model, some), target))
        self.gradients = 0
        """How many were asked for so far."""

    def along(self, starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sums `(P, T)` over the features of each piece, and what is missing from each, `(P,)`."""
        import torch

        at_once = max(1, MOST_TOKENS_AT_ONCE // self.features.shape[1])
        sums, deltas = [], []
        for places in np.array_split(np.arange(len(starts)), -(-len(starts) // at_once)):
            given, delta = self.method.attribute(
                self._at(ends[places]),
                baselines=self._at(starts[places]),
                n_steps=NODES,
                method="gausslegendre",
                internal_batch_size=max(at_once, len(places)),
                return_convergence_delta=True,
            )
            sums.append(given.detach().sum(dim=2))
            deltas.append(delta)
        self.gradients += NODES * len(starts)
        return _numpy(torch.cat(sums)), _numpy(torch.cat(deltas)).astype(np.float64)

    def _at(self, places: np.ndarray) -> Tensor:
        import torch

        shares = torch.as_tensor(places, dtype=self.features.dtype, device=self.features.device)
        return self.baseline + shares[:, None, None] * (self.features - self.baseline)


def _occluded(
    model: SequenceClassifier, features: Tensor, baseline: Tensor, target: int, evidence: float
) -> dict[str, Any]:
    """What hiding each token, or each group of a long text, takes from the evidence."""
    import torch

    tokens = features.shape[1]
    group = group_size(tokens)
    starts = torch.arange(0, tokens, group)
    places = torch.arange(tokens)
    scores, probabilities = [], []
    for some in starts.split(max(1, MOST_TOKENS_AT_ONCE // tokens)):
        hidden = (places >= some[:, None]) & (places < some[:, None] + group)
        hidden = hidden[:, :, None].to(features.device)
        with torch.no_grad():
            logits = _answers(model, torch.where(hidden, baseline, features))
        scores.append(log_odds(logits, target))
        probabilities.append(logits.softmax(dim=1)[:, target])
    sizes = np.diff([*starts.tolist(), tokens])
    drops = (evidence - _numpy(torch.cat(scores))) / sizes
    # A token that is unknown already is not hidden by anything: its 0 is not left to rounding.
    same = _numpy((features == baseline).all(dim=2)[0])
    values = np.repeat(drops, sizes)
    if group == 1:
        values = np.where(same, 0, values)
    return {
        "occlusion": values,
        "probability_without": np.repeat(_numpy(torch.cat(probabilities)), sizes),
        "group": group,
    }


def _answers(model: SequenceClassifier, features: Tensor) -> Tensor:
    """Logits `(B, C)` of whole texts of the same length."""
    import torch

    count, tokens = features.shape[:2]
    return model.answer(features, torch.full((count,), tokens, device=features.device))


def _check(
    model: SequenceClassifier, target: int | None, steps: int, measures: Sequence[str]
) -> None:
    check_reader(model, target)
    if steps < 1:
        raise ValueError(f"steps: expected 1 or more, got {steps}")
    unknown = [name for name in measures if name not in MEASURES]
    if unknown:
        raise ValueError(f"measures: expected some of {', '.join(MEASURES)}, got {unknown[0]!r}")


def _numpy(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()
