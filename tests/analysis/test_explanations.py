"""Explanations of one reading.

Oracles: finite differences and completeness for gradient x input, a loop of single readings for
occlusion, scipy and hand-made ranks for the correlations.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from rnnviz.analysis.explanations import (
    explain_digit,
    explain_rows,
    log_odds,
    rank_correlations,
    spearman,
)
from rnnviz.data import samples
from rnnviz.models import checkpoint
from rnnviz.models.classifier import SequenceClassifier
from tests.oracle import assert_near

IMAGES, LABELS = samples.load()


def exact(cell: str, readout: str = "attention") -> SequenceClassifier:
    """A small model in float64, in which differences are worth taking."""
    torch.manual_seed(5)
    model = SequenceClassifier(cell, 6, 9, 2, readout=readout, num_classes=4, labels=list("abcd"))
    return model.double().eval()


def evidence(model: SequenceClassifier, rows: np.ndarray, target: int) -> float:
    """log(p / (1 - p)) by its definition."""
    with torch.no_grad():
        p = float(
            model(torch.as_tensor(rows)[None].to(next(model.parameters()))).softmax(1)[0, target]
        )
    return float(np.log(p / (1 - p)))


def ink(seed: int = 0) -> np.ndarray:
    """Seven rows of six pixels, the first and the last blank."""
    rows = np.random.default_rng(seed).uniform(0, 1, (7, 6))
    rows[[0, -1]] = 0
    return rows


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("readout", ["attention", "last", "mean", "max"])
def test_gradient_times_input_is_what_finite_differences_give(cell: str, readout: str) -> None:
    model, rows = exact(cell, readout), ink()
    found = explain_rows(model, rows, target=2)
    step, wanted = 1e-5, [0.0] * 7
    for t in range(7):
        for i in range(6):
            up, down = rows.copy(), rows.copy()
            up[t, i] += step
            down[t, i] -= step
            slope = (evidence(model, up, 2) - evidence(model, down, 2)) / (2 * step)
            wanted[t] += rows[t, i] * slope
    assert_near(found.gradient_input, wanted, 1e-6)


def test_gradients_along_the_way_from_blank_paper_add_up_to_the_evidence() -> None:
    """Completeness: the integral of x . grad s(a x) over a in 0..1 is s(x) - s(blank)."""
    model, rows = exact("lstm"), ink()
    a, weights = np.polynomial.legendre.leggauss(24)
    total = 0.0
    for share, weight in zip((a + 1) / 2, weights / 2, strict=True):
        total += weight * explain_rows(model, share * rows, target=1).gradient_input.sum() / share
    difference = evidence(model, rows, 1) - evidence(model, 0 * rows, 1)
    assert total == pytest.approx(difference, rel=1e-5) and abs(difference) > 1e-3


@pytest.mark.parametrize("name", ["mnist-lstm", "mnist-gru-last", "mnist-rnn"])
def test_occlusion_is_what_reading_again_without_each_row_gives(name: str) -> None:
    model, image = checkpoint.load(name), IMAGES[7]
    found = explain_digit(model, image)
    assert found.label == str(LABELS[7])
    left = []
    for t in range(28):
        without = image.copy()
        without[t] = 0
        with torch.no_grad():
            logits = model(torch.from_numpy(without.astype(np.float32) / 255)[None])
        p = float(logits.softmax(1)[0, found.target])
        assert found.probability_without[t] == pytest.approx(p, abs=1e-4)
        assert found.answer_without[t] == int(logits.argmax())
        own, others = logits[0, found.target].double(), logits[0].double()
        others[found.target] = -torch.inf
        left.append(float(own - others.logsumexp(0)))
    assert_near(found.occlusion, found.evidence - np.array(left), 1e-3)


def test_a_row_that_is_blank_already_changes_nothing_to_the_last_bit() -> None:
    for name in ("mnist-lstm", "mnist-rnn-last"):
        found = explain_digit(checkpoint.load(name), IMAGES[3])
        blank = ~IMAGES[3].any(axis=1)
        assert blank.any() and np.array_equal(found.inked, ~blank)
        assert (found.occlusion[blank] == 0).all() and (found.gradient_input[blank] == 0).all()
        assert found.probability_without[blank] == pytest.approx(found.probability, rel=1e-5)


def test_what_is_explained_is_the_answer_or_the_class_that_was_asked_for() -> None:
    model = checkpoint.load("mnist-lstm")
    own, other = explain_digit(model, IMAGES[0]), explain_digit(model, IMAGES[0], target=6)
    trace = model.trace(torch.from_numpy(IMAGES[0].astype(np.float32) / 255)[None])
    assert own.target == int(trace.logits.argmax())
    assert own.probability == pytest.approx(float(trace.probabilities.max()), rel=1e-5)
    assert own.evidence == pytest.approx(np.log(own.probability / (1 - own.probability)), abs=1e-2)
    assert other.label == "6" and other.evidence < 0 < own.evidence
    assert trace.attention is not None
    assert_near(own.attention, trace.attention[0].numpy(), 1e-5)
    assert explain_digit(checkpoint.load("mnist-lstm-last"), IMAGES[0]).attention is None


def test_log_odds_stay_exact_where_a_probability_rounds_to_one() -> None:
    logits = torch.tensor([[60.0, 0.0, 1.0]])
    assert float(logits.softmax(1)[0, 0]) == 1.0
    assert float(log_odds(logits, 0)) == pytest.approx(60 - np.log(1 + np.e), abs=1e-4)


def test_the_shared_model_stays_as_it_was() -> None:
    model = checkpoint.load("mnist-gru")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():  # as a page might call it
        explain_digit(model, IMAGES[2])
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_ranks_against_known_values_and_scipy() -> None:
    assert spearman(np.array([1, 2, 3, 4]), np.array([10, 20, 30, 40])) == pytest.approx(1)
    assert spearman(np.array([1, 2, 3, 4]), np.array([4, 3, 2, 1])) == pytest.approx(-1)
    # Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: the Pearson correlation of those ranks.
    tied = np.corrcoef([1, 2.5, 2.5, 4], [1, 2, 3, 4])[0, 1]
    assert spearman(np.array([0, 5, 5, 9]), np.array([1, 2, 3, 4])) == pytest.approx(tied)
    first, second = np.random.default_rng(1).normal(size=(2, 28))
    assert spearman(first, second) == pytest.approx(stats.spearmanr(first, second).statistic)


def test_a_correlation_that_is_not_defined_is_none_and_warns_nobody() -> None:
    assert spearman(np.zeros(28), np.arange(28)) is None
    assert spearman(np.array([1.0, 2.0]), np.array([1.0, 2.0])) is None
    blank = explain_digit(checkpoint.load("mnist-lstm"), np.zeros((28, 28), np.uint8))
    assert not blank.inked.any() and not blank.occlusion.any()
    for found in blank.rank_correlations.values():
        assert found.all_rows is None and found.inked_rows is None


def test_attention_is_compared_with_sizes_and_the_other_two_with_their_signs() -> None:
    attention = np.array([0.1, 0.2, 0.3, 0.4])
    gradient, occlusion = np.array([-1.0, 2.0, -3.0, 4.0]), np.array([1.0, 2.0, 3.0, 4.0])
    inked = np.array([False, True, True, True])
    found = rank_correlations(
        {"attention": attention, "gradient_input": gradient, "occlusion": occlusion}, inked
    )
    assert set(found) == {
        ("attention", "gradient_input"),
        ("attention", "occlusion"),
        ("gradient_input", "occlusion"),
    }
    assert found["attention", "gradient_input"].all_rows == pytest.approx(1)
    signed = stats.spearmanr(gradient, occlusion).statistic
    assert found["gradient_input", "occlusion"].all_rows == pytest.approx(signed) != 1
    inked_only = stats.spearmanr(gradient[1:], occlusion[1:]).statistic
    assert found["gradient_input", "occlusion"].inked_rows == pytest.approx(inked_only)
    no_attention = {"attention": None, "gradient_input": gradient, "occlusion": occlusion}
    assert set(rank_correlations(no_attention, inked)) == {("gradient_input", "occlusion")}


def test_errors_say_what_was_expected() -> None:
    model = exact("rnn")
    with pytest.raises(ValueError, match=r"expected an image \(T, I\) of uint8"):
        explain_digit(model, np.zeros((7, 6)))
    with pytest.raises(ValueError, match="expected a target from 0 to 3, got 4"):
        explain_rows(model, ink(), target=4)
    with pytest.raises(ValueError, match=r"expected rows \(T, I\), got shape"):
        explain_rows(model, np.zeros((1, 7, 6)))
    with pytest.raises(ValueError, match="evaluation mode"):
        explain_rows(exact("rnn").train(), ink())
    reader = SequenceClassifier("rnn", 4, 5, 1, vocabulary_size=9).eval()
    with pytest.raises(ValueError, match="reads tokens"):
        explain_rows(reader, ink())
    lone = SequenceClassifier("rnn", 6, 5, 1, num_classes=1, labels=["a"]).eval()
    with pytest.raises(ValueError, match="two classes or more"):
        explain_rows(lone, ink())
