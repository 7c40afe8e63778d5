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
and those whose own sums do not add up are cut again (`integrated`).

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

from rnnviz.analysis.explanations import log_odds, numpy, spearman
from rnnviz.analysis.integrated import (
    MOST_TOKENS_AT_ONCE,
    Completeness,
    answers_of,
    integrated,
)
from rnnviz.analysis.shuffling import (
    ShuffledAttention,
    answer_of,
    check_reader,
    shuffled_attention,
)

if TYPE_CHECKING:
    from torch import Tensor

    from rnnviz.models.classifier import SequenceClassifier
    from rnnviz.models.tokens import Encoded
    from rnnviz.theatre.tints import Tint

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

MOST_TOKENS_READ = 128_000
"""In all readings of occlusion: a long text is hidden in groups."""


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
    gradients and take more until the sum is complete but for a two hundredth, and until twice as
    many change no token by more than a two hundredth of the largest, or until so many more would
    take too long for a text of this length (`rnnviz.analysis.integrated`).

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
        found["attention"] = None if weights is None else numpy(weights[0])
    if "gradient_input" in measures:
        (slope,) = torch.autograd.grad(score, live)
        found["gradient_input"] = numpy(((features - baseline) * slope).sum(dim=2)[0])
    evidence = float(score.detach())
    if "integrated_gradients" in measures:
        found |= integrated(model, features, baseline, chosen, steps, evidence - start)
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
    from rnnviz.models.tokens import UNKNOWN

    assert model.embedding is not None
    return model.embedding.weight.detach()[UNKNOWN].expand_as(features)


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
            logits = answers_of(model, torch.where(hidden, baseline, features))
        scores.append(log_odds(logits, target))
        probabilities.append(logits.softmax(dim=1)[:, target])
    sizes = np.diff([*starts.tolist(), tokens])
    drops = (evidence - numpy(torch.cat(scores))) / sizes
    # A token that is unknown already is not hidden by anything: its 0 is not left to rounding.
    same = numpy((features == baseline).all(dim=2)[0])
    values = np.repeat(drops, sizes)
    if group == 1:
        values = np.where(same, 0, values)
    return {
        "occlusion": values,
        "probability_without": np.repeat(numpy(torch.cat(probabilities)), sizes),
        "group": group,
    }


def _check(
    model: SequenceClassifier, target: int | None, steps: int, measures: Sequence[str]
) -> None:
    check_reader(model, target)
    if steps < 1:
        raise ValueError(f"steps: expected 1 or more, got {steps}")
    unknown = [name for name in measures if name not in MEASURES]
    if unknown:
        raise ValueError(f"measures: expected some of {', '.join(MEASURES)}, got {unknown[0]!r}")
