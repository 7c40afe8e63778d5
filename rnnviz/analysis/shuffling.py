"""Give the attention to other tokens, leave everything else as it is, and see what becomes of it.

    r = sum_t a_t h_t     becomes     r' = sum_t a_(pi t) h_t     pi: a random order of the tokens

If the answer hardly moves, these weights are no reason for it, however telling they look: Jain and
Wallace (2019), "Attention is not explanation"; Wiegreffe and Pinter (2019) answer them. The states
are those of the real reading, so what is tested is the weighing alone: every state of a network
that reads in both directions has seen the whole text. Of the readout `attention-max` only the half
that attention makes changes; the largest outputs stay.

Shapes: `T` tokens, `N` shuffles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rnnviz.analysis.explanations import log_odds, numpy

if TYPE_CHECKING:
    from torch import Tensor

    from rnnviz.models.classifier import SequenceClassifier
    from rnnviz.models.tokens import Encoded

MOST_TOKENS_AT_ONCE = 12_000


@dataclass(frozen=True, eq=False)
class ShuffledAttention:
    """What a classifier gives class `target` with its own attention and with other ones.

    `shuffled (N,)` are the probabilities with the weights in random order, `uniform` that with the
    same weight for every token. `alone (T,)` is the probability with all attention on one token. A
    readout is a straight line in its weights, so of two classes no attention whatever gives less
    than `lowest` or more than `highest`. `half` says that attention is half of the readout only.
    """

    target: int
    label: str
    probability: float
    attention: np.ndarray
    shuffled: np.ndarray
    uniform: float
    alone: np.ndarray
    flips: float
    half: bool
    seed: int

    @property
    def median_change(self) -> float:
        """Median of how far a shuffle moves the probability, 0..1."""
        return float(np.median(np.abs(self.shuffled - self.probability)))

    @property
    def lowest(self) -> float:
        return float(self.alone.min())

    @property
    def highest(self) -> float:
        return float(self.alone.max())


def shuffled_attention(
    model: SequenceClassifier,
    encoded: Encoded,
    times: int = 200,
    seed: int = 0,
    *,
    target: int | None = None,
) -> ShuffledAttention:
    """Permute the attention of one text `times` times; `flips` is the share of other answers.

    `target` is, if None, the second of two classes, else the model's own answer. Raises ValueError
    for a readout without attention and where `explain_text` does.
    """
    import torch

    check_reader(model, target)
    if times < 1:
        raise ValueError(f"times: expected 1 or more, got {times}")
    assert model.embedding is not None
    table = model.embedding.weight
    ids = torch.as_tensor(encoded.ids, dtype=torch.int64, device=table.device)[None]
    lengths = torch.tensor([ids.shape[1]], device=table.device)
    with torch.no_grad():
        output, _ = model.recurrent(model.embedding(ids), lengths=lengths)
        attention = model.readout.weights(output, lengths)
    if attention is None:
        raise ValueError(
            f"expected a readout with attention, got {model.config['readout']!r}: "
            "there is nothing to shuffle"
        )
    generator = torch.Generator().manual_seed(seed)
    order = torch.rand(times, ids.shape[1], generator=generator).argsort(dim=1)
    logits = _weighed(model, output, attention)
    shuffled = _weighed(model, output, attention[0][order.to(table.device)])
    uniform = _weighed(model, output, torch.full_like(attention, 1 / ids.shape[1]))
    chosen = answer_of(logits) if target is None else target
    return ShuffledAttention(
        target=chosen,
        label=model.labels[chosen],
        probability=_probability(logits, chosen)[0],
        attention=numpy(attention[0]),
        shuffled=_probability(shuffled, chosen),
        uniform=_probability(uniform, chosen)[0],
        alone=_probability(_on_one_token(model, output, attention), chosen),
        flips=float((shuffled.argmax(dim=1) != logits.argmax(dim=1)).double().mean()),
        half=model.readout.parts > 1,
        seed=seed,
    )


def _weighed(model: SequenceClassifier, output: Tensor, weights: Tensor) -> Tensor:
    """Logits `(N, C)` of one reading `(1, T, F)`, were its attention `weights (N, T)`."""
    import torch

    from rnnviz.models.readouts import Attention, AttentionMax

    tokens = output.shape[1]
    answers = []
    readout = model.readout
    assert isinstance(readout, Attention | AttentionMax)
    with torch.no_grad():
        for some in weights.split(max(1, MOST_TOKENS_AT_ONCE // tokens)):
            read = output.expand(len(some), -1, -1)
            lengths = torch.full((len(some),), tokens, device=output.device)
            answers.append(model.head(readout.weighed(read, lengths, some)))
    return torch.cat(answers)


def _on_one_token(model: SequenceClassifier, output: Tensor, attention: Tensor) -> Tensor:
    """Logits `(T, C)` with all attention on one token, for each of them.

    Logits are affine in the weights `a`: `y(a) = y(0) + sum_t a_t dy/da_t`. One slope a class takes
    the place of `T` readouts of `T` tokens.
    """
    import torch

    from rnnviz.models.readouts import Attention, AttentionMax

    lengths = torch.tensor([output.shape[1]], device=output.device)
    readout = model.readout
    assert isinstance(readout, Attention | AttentionMax)
    with torch.enable_grad():
        live = attention.detach().requires_grad_()
        logits = model.head(readout.weighed(output, lengths, live))
    slopes = [
        torch.autograd.grad(logits[0, number], live, retain_graph=True)[0][0]
        for number in range(logits.shape[1])
    ]
    per_token = torch.stack(slopes, dim=1)
    nowhere = logits.detach() - attention @ per_token
    return nowhere + per_token


def check_reader(model: SequenceClassifier, target: int | None) -> None:
    """Raise ValueError unless `model` reads tokens, is at rest and has a class `target`."""
    if model.training:
        raise ValueError("expected a model in evaluation mode, got one in training: call .eval()")
    if model.embedding is None:
        raise ValueError("expected a model that reads tokens, got one that reads rows of pixels")
    classes = len(model.labels)
    if classes < 2:
        raise ValueError(f"expected a model of two classes or more, got {classes}")
    if target is not None and not 0 <= target < classes:
        raise ValueError(f"expected a target from 0 to {classes - 1}, got {target}")


def answer_of(logits: Tensor) -> int:
    """What is explained where nobody says: the second of two classes, else the model's answer."""
    return 1 if logits.shape[1] == 2 else int(logits.detach()[0].argmax())


def _probability(logits: Tensor, target: int) -> np.ndarray:
    return numpy(log_odds(logits, target).sigmoid())
