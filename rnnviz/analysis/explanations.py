"""Which rows an answer rests on: attention, gradient x input and occlusion, and how they agree.

All of them speak about one number, the evidence for the target class `c`:

    s = log(p_c / (1 - p_c)) = y_c - log sum over k != c of exp(y_k)

the log-odds, from the logits `y`. A sure network has `p_c` near 1, where `p_c` and `log p_c` hardly
move whatever happens; the log-odds still do. They rise whenever `log p_c` rises, so every sign and
every rank below is what the log-probability would give.

Jain and Wallace (2019), "Attention is not explanation"; Simonyan, Vedaldi and Zisserman (2014) and
Shrikumar et al. (2016) for gradient x input; Zeiler and Fergus (2014) for occlusion.

Shapes: `T` rows, `I` pixels of a row, `C` classes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    from rnnviz.models.classifier import SequenceClassifier

FEWEST_RANKS = 3


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rank correlation of two measures, -1..1, over all rows and over rows with ink.

    Rows of equal value share their mean rank. None where it is not defined: one of the two is the
    same in every row, or there are fewer than three rows.
    """

    all_rows: float | None
    inked_rows: float | None


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why a classifier gives class `target` its probability, row by row.

    `attention (T,)` sums to one, or is None for a readout without it. `gradient_input (T,)` and
    `occlusion (T,)` are in the same unit, natural log-odds, and have the same sign: above zero, the
    row speaks for the target. `probability_without (T,)` and `answer_without (T,)` are what the
    network says when that row is blank paper; `inked (T,)` is True where it was not blank already.
    `rank_correlations` is keyed by pairs of field names.
    """

    target: int
    label: str
    probability: float
    evidence: float
    attention: np.ndarray | None
    gradient_input: np.ndarray
    occlusion: np.ndarray
    probability_without: np.ndarray
    answer_without: np.ndarray
    inked: np.ndarray
    rank_correlations: dict[tuple[str, str], RankCorrelation] = field(default_factory=dict)


def explain_digit(
    model: SequenceClassifier, image: np.ndarray, target: int | None = None
) -> Explanation:
    """Explain one image `(T, I)` uint8, ink 255 on 0; `target` is the model's own answer if None.

    Raises ValueError as `explain_rows` does, and for an image that is not uint8.
    """
    image = np.asarray(image)
    if image.ndim != 2 or image.dtype != np.uint8:
        raise ValueError(f"expected an image (T, I) of uint8, got {image.shape} {image.dtype}")
    return explain_rows(model, image.astype(np.float64) / 255, target)


def explain_rows(
    model: SequenceClassifier, rows: np.ndarray, target: int | None = None
) -> Explanation:
    """Explain one sequence of pixel rows `(T, I)`, floats with blank paper at 0 and full ink at 1.

        gradient x input   g_t = sum over i of x_ti ds/dx_ti      x: pixels, not normalised ones
        occlusion          o_t = s(x) - s(x with row t blank)

    The gradient is taken with respect to the pixels, before the model subtracts its mean: then
    `x = 0` is blank paper, a blank row gets exactly 0, and `g_t` is the first-order estimate of
    `o_t`. On the model's normalised input the zero would be a grey row that no digit has. Occlusion
    is one reading for each inked row; a blank row cannot be blanked and gets exactly 0.

    With attention, which has no sign, the size of the other measure is ranked; between the two
    others the signed values are.

    The model is shared and stays as it is: gradients are asked for, never accumulated. Raises
    ValueError for a model in training mode (dropout would make the answer random), one that reads
    tokens, one with fewer than two classes, or a target that is no class.
    """
    import torch

    _check(model, rows, target)
    weights = next(model.parameters())
    pixels = torch.as_tensor(rows, dtype=weights.dtype, device=weights.device)
    live = pixels[None].clone().requires_grad_()
    with torch.enable_grad():
        logits = model(live)
        chosen = int(logits[0].argmax()) if target is None else target
        score = log_odds(logits, chosen).sum()
    (slope,) = torch.autograd.grad(score, live)
    gradient_input = (live.detach() * slope).sum(dim=2)[0]
    logits_without = _without_each_row(model, pixels, logits.detach())
    attention = model.trace(pixels[None]).attention
    evidence = log_odds(logits.detach(), chosen)
    weights_of_rows = None if attention is None else numpy(attention[0])
    slopes, drops = numpy(gradient_input), numpy(evidence - log_odds(logits_without, chosen))
    inked = numpy(pixels.any(dim=1))
    return Explanation(
        target=chosen,
        label=model.labels[chosen],
        probability=float(logits.detach().softmax(dim=1)[0, chosen]),
        evidence=float(evidence[0]),
        attention=weights_of_rows,
        gradient_input=slopes,
        occlusion=drops,
        probability_without=numpy(logits_without.softmax(dim=1)[:, chosen]),
        answer_without=numpy(logits_without.argmax(dim=1)),
        inked=inked,
        rank_correlations=rank_correlations(
            {"attention": weights_of_rows, "gradient_input": slopes, "occlusion": drops}, inked
        ),
    )


def log_odds(logits: Tensor, target: int) -> Tensor:
    """`log(p / (1 - p))` `(B,)` of class `target` from logits `(B, C)`; exact where p is near 1."""
    others = [k for k in range(logits.shape[1]) if k != target]
    return logits[:, target] - logits[:, others].logsumexp(dim=1)


def rank_correlations(
    measures: dict[str, np.ndarray | None], inked: np.ndarray
) -> dict[tuple[str, str], RankCorrelation]:
    """Spearman's correlation of every pair of measures `(T,)` that exist."""
    present = {name: values for name, values in measures.items() if values is not None}
    found = {}
    for first, second in combinations(present, 2):
        pair = present[first], present[second]
        if "attention" in (first, second):
            pair = np.abs(pair[0]), np.abs(pair[1])
        found[first, second] = RankCorrelation(
            spearman(*pair), spearman(pair[0][inked], pair[1][inked])
        )
    return found


def spearman(first: np.ndarray, second: np.ndarray) -> float | None:
    """Spearman's rank correlation of two `(N,)`, ties at their mean rank; None where undefined."""
    if len(first) < FEWEST_RANKS or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    from scipy import stats

    return float(stats.spearmanr(first, second).statistic)


def _without_each_row(model: SequenceClassifier, pixels: Tensor, logits: Tensor) -> Tensor:
    """Logits `(T, C)` of the image with one row blanked at a time; as it was where a row is blank.

    Reading an unchanged image again in a larger batch would differ in the last bit, and make a
    rank of what is a tie.
    """
    import torch

    inked = pixels.any(dim=1).nonzero()[:, 0]
    without = logits.expand(len(pixels), -1).clone()
    if len(inked):
        blanked = pixels.expand(len(inked), -1, -1).clone()
        blanked[torch.arange(len(inked)), inked] = 0
        with torch.no_grad():
            without[inked] = model(blanked)
    return without


def _check(model: SequenceClassifier, rows: np.ndarray, target: int | None) -> None:
    if model.training:
        raise ValueError("expected a model in evaluation mode, got one in training: call .eval()")
    if model.embedding is not None:
        raise ValueError("expected a model that reads rows of pixels, got one that reads tokens")
    classes = len(model.labels)
    if classes < 2:
        raise ValueError(f"expected a model of two classes or more, got {classes}")
    if target is not None and not 0 <= target < classes:
        raise ValueError(f"expected a target from 0 to {classes - 1}, got {target}")
    if np.ndim(rows) != 2:
        raise ValueError(f"expected rows (T, I), got shape {np.shape(rows)}")


def numpy(tensor: Tensor) -> np.ndarray:
    """A tensor as an array; NumPy has no bfloat16, and float16 sums badly: both become float32."""
    import torch

    half = tensor.dtype in (torch.bfloat16, torch.float16)
    return (tensor.float() if half else tensor).detach().cpu().numpy()
