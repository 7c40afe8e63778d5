"""Explanations of a text.

Oracles: differences of the model's own answers for completeness, finite differences in float64 for
the gradient, a literal loop for occlusion, scipy for the ranks.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from rnnviz.analysis import attribution, colouring
from rnnviz.analysis import integrated as gradients
from rnnviz.analysis.attribution import CHEAP, MEASURES, Completeness, explain_text
from rnnviz.data import sentences
from rnnviz.models import checkpoint, tokens
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.models.tokens import UNKNOWN, Encoded, TextTokenizer
from tests.oracle import assert_near

CELLS = ("rnn", "gru", "lstm")


@pytest.fixture(scope="module")
def tokenizer() -> TextTokenizer:
    return tokens.train((one.text for one in sentences.load("train", count=400)), kind="word")


def reader(
    tokenizer: TextTokenizer, cell: str, readout: str = "attention-max", classes: int = 2
) -> SequenceClassifier:
    """A small network of both directions with weights large enough to bend."""
    torch.manual_seed(4)
    labels = ("negative", "positive", "neither")[:classes]
    model = SequenceClassifier(
        cell,
        8,
        10,
        1,
        True,
        readout,
        num_classes=classes,
        labels=labels,
        vocabulary_size=tokenizer.vocabulary_size,
    )
    with torch.no_grad():
        for parameter in model.recurrent.parameters():
            parameter.mul_(1.7)
    return model.eval()


def evidence(model: SequenceClassifier, features: torch.Tensor, target: int) -> float:
    """log(p / (1 - p)) by its definition, of features (1, T, E)."""
    with torch.no_grad():
        p = model.answer(features, torch.tensor([features.shape[1]])).softmax(1)[0, target].double()
    return float(torch.log(p / (1 - p)))


def embedded(model: SequenceClassifier, ids: np.ndarray) -> torch.Tensor:
    assert model.embedding is not None
    with torch.no_grad():
        return model.embedding(torch.from_numpy(ids)[None])


def test_integrated_gradients_add_up_on_a_hundred_texts(tokenizer: TextTokenizer) -> None:
    """Completeness: the sum is s(x) - s(all tokens unknown), both from the model itself."""
    worst = 0.0
    for number, one in enumerate(sentences.load("test", count=100)):
        model = reader(tokenizer, CELLS[number % 3])
        encoded = tokenizer.encode(one.text)
        found = explain_text(model, encoded, steps=16, measures=["integrated_gradients"])
        assert found.integrated_gradients is not None and found.completeness is not None
        difference = evidence(model, embedded(model, encoded.ids), 1) - evidence(
            model, embedded(model, np.full(len(encoded), UNKNOWN)), 1
        )
        missing = abs(float(found.integrated_gradients.sum()) - difference)
        worst = max(worst, missing / abs(difference))
        assert_near(found.completeness.difference, difference, 1e-4)
        assert found.completeness.delta == pytest.approx(
            found.completeness.total - difference, abs=1e-4 * abs(difference)
        )
    assert worst < 0.01


@pytest.mark.parametrize("readout", ["attention-max", "attention", "last", "mean"])
@pytest.mark.parametrize("cell", CELLS)
def test_gradient_times_input_is_what_finite_differences_give(
    tokenizer: TextTokenizer, cell: str, readout: str
) -> None:
    model = reader(tokenizer, cell, readout, classes=3).double()
    encoded = tokenizer.encode("The plot was not dull, but brand new.")
    found = explain_text(model, encoded, target=2, measures=CHEAP)
    features = embedded(model, encoded.ids)
    baseline = embedded(model, np.full(len(encoded), UNKNOWN))
    step, slopes = 1e-5, []
    for t in range(len(encoded)):
        way = torch.zeros_like(features)
        way[0, t] = features[0, t] - baseline[0, t]
        slope = evidence(model, features + step * way, 2) - evidence(
            model, features - step * way, 2
        )
        slopes.append(slope / (2 * step))
    assert_near(found.gradient_input, slopes, 1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_occlusion_is_what_reading_with_each_token_unknown_gives(
    tokenizer: TextTokenizer, cell: str
) -> None:
    model = reader(tokenizer, cell)
    encoded = tokenizer.encode("The plot was not dull, but zyxwv and the music was superb.")
    found = explain_text(model, encoded, measures=["occlusion"])
    assert found.occlusion is not None and found.probability_without is not None
    assert found.group == 1 and found.integrated_gradients is None
    whole = evidence(model, embedded(model, encoded.ids), 1)
    assert found.evidence == pytest.approx(whole, rel=1e-4)
    lefts = []
    for t in range(len(encoded)):
        ids = encoded.ids.copy()
        ids[t] = UNKNOWN
        lefts.append(evidence(model, embedded(model, ids), 1))
    assert_near(found.occlusion, whole - np.array(lefts), 1e-4)
    assert_near(found.probability_without, 1 / (1 + np.exp(-np.array(lefts))), 1e-5)
    # What is unknown already is hidden by nothing, to the last bit.
    assert encoded.unknown.any() and (found.occlusion[encoded.unknown] == 0).all()


def test_neighbours_of_a_long_text_are_hidden_together(
    tokenizer: TextTokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attribution, "MOST_TOKENS_READ", 100)
    monkeypatch.setattr(gradients, "MOST_TOKENS_DERIVED", 100)
    model = reader(tokenizer, "gru")
    encoded = tokenizer.encode("The plot was not dull. " * 4 + "It is superb.")
    found = explain_text(model, encoded)
    assert (len(encoded), found.group) == (28, 10)  # three readings of 28 tokens
    assert found.occlusion is not None and found.probability_without is not None
    whole = evidence(model, embedded(model, encoded.ids), 1)
    for first in (0, 10, 20):
        ids = encoded.ids.copy()
        ids[first : first + 10] = UNKNOWN
        left, part = evidence(model, embedded(model, ids), 1), slice(first, first + 10)
        assert found.occlusion[part].sum() == pytest.approx(whole - left, abs=1e-4 * abs(whole))
        assert np.ptp(found.occlusion[part]) == 0
    assert found.completeness is not None and found.completeness.steps == gradients.NODES
    grouped = colouring.note("occlusion", found)
    assert "10 neighbouring tokens" in grouped
    # Three groups are what is ranked, not 28 tokens.
    sums = [
        [values[first : first + 10].sum() for first in (0, 10, 20)]
        for values in (found.gradient_input, found.occlusion)
        if values is not None
    ]
    expected = stats.spearmanr(*sums).statistic
    assert found.rank_correlations["gradient_input", "occlusion"] == pytest.approx(expected)


@pytest.mark.parametrize("tokens_read", [1, 60, 400, 800, 4000])
def test_readings_are_bounded_however_long_a_text(tokens_read: int) -> None:
    group = attribution.group_size(tokens_read)
    readings = -(-tokens_read // group)
    assert readings * tokens_read <= attribution.MOST_TOKENS_READ
    assert (group == 1) == (tokens_read < 400)


def test_ranks_are_scipys_and_attention_is_compared_with_sizes(tokenizer: TextTokenizer) -> None:
    model = reader(tokenizer, "lstm")
    found = explain_text(model, tokenizer.encode("I found the pace awful, but the cast was fresh."))
    assert set(found.rank_correlations) == {
        (first, second) for i, first in enumerate(MEASURES) for second in MEASURES[i + 1 :]
    }
    for (first, second), value in found.rank_correlations.items():
        one, other = getattr(found, first), getattr(found, second)
        if first == "attention":
            other = abs(other)
        assert value == pytest.approx(stats.spearmanr(one, other).statistic)
    assert found.attention is not None and found.attention.sum() == pytest.approx(1, abs=1e-5)
    plain = explain_text(reader(tokenizer, "lstm", "mean"), tokenizer.encode("Dull and silly."))
    assert plain.attention is None and len(plain.rank_correlations) == 3


def test_two_classes_are_explained_by_the_second_and_more_by_the_answer(
    tokenizer: TextTokenizer,
) -> None:
    encoded = tokenizer.encode("The plot was dull.")
    two = explain_text(reader(tokenizer, "gru"), encoded)
    other = explain_text(reader(tokenizer, "gru"), encoded, target=0)
    assert (two.label, two.against, other.label) == ("positive", "negative", "negative")
    assert two.occlusion is not None and other.occlusion is not None
    assert_near(two.occlusion, -other.occlusion, 1e-4)
    model = reader(tokenizer, "gru", classes=3)
    three = explain_text(model, encoded, measures=CHEAP)
    assert three.target == int(model(torch.from_numpy(encoded.ids)[None]).argmax())
    assert three.against == f"any class but {three.label}"


def test_the_shared_model_stays_as_it_was(tokenizer: TextTokenizer) -> None:
    model = reader(tokenizer, "gru")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():  # as a page might call it
        explain_text(model, tokenizer.encode("The plot was dull."))
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_tints_have_symmetrical_printed_ranges_and_say_what_they_are(
    tokenizer: TextTokenizer,
) -> None:
    found = explain_text(reader(tokenizer, "gru"), tokenizer.encode("The plot was not dull."))
    tints = found.tints()
    assert [tint.label for tint in tints] == list(colouring.LABELS.values())
    attention, *signed = tints
    assert attention.low == 0 and not attention.diverging
    for tint in signed:
        assert tint.low == -tint.high and tint.high in colouring.EVIDENCE
        assert np.abs(tint.values).max() <= tint.high
        assert (tint.low_words, tint.high_words) == ("for negative", "for positive")
    assert found.completeness is not None
    said = signed[1].note
    assert f"error {colouring.error_words(found.completeness)}" in said and "Sum" in said
    cheap = explain_text(
        reader(tokenizer, "gru", "last"), tokenizer.encode("The plot."), measures=CHEAP
    )
    assert [tint.name for tint in cheap.tints()] == ["gradient_input"]


def test_an_error_is_a_part_of_the_sum_or_in_log_odds_where_that_is_next_to_nothing() -> None:
    assert colouring.error_words(Completeness(32, 3.41, 3.44, -0.03)) == "0.87 %"
    assert colouring.error_words(Completeness(32, 0.004, 0.001, 0.003)) == "0.003 log-odds"
    assert Completeness(32, 0.0, 0.0, 0.0).relative_error == 0
    assert Completeness(32, 0.1, 0.0, 0.1).relative_error == float("inf")


class Stairs:
    """A classifier of one feature whose log-odds are given, bend for bend."""

    def __init__(self, score: Callable[[torch.Tensor], torch.Tensor]) -> None:
        self.score = score

    def double(self) -> Stairs:
        return self

    def answer(self, features: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        value = self.score(features.sum(dim=(1, 2)))
        return torch.stack([torch.zeros_like(value), value], dim=1)


def integrated(score: Callable[[torch.Tensor], torch.Tensor], steps: int = 32) -> Completeness:
    features, baseline = torch.full((1, 3, 2), 1 / 6), torch.zeros(1, 3, 2)
    difference = float(score(torch.ones(1)) - score(torch.zeros(1)))
    found = gradients.integrated(Stairs(score), features, baseline, 1, steps, difference)
    completeness = found["completeness"]
    assert completeness.total - completeness.difference == pytest.approx(
        completeness.delta, abs=1e-5
    )
    return completeness


def test_a_steep_place_of_the_way_gets_more_gradients_and_only_that() -> None:
    smooth = integrated(lambda a: a**3)
    assert smooth.steps == 32 + 64 and smooth.relative_error < 1e-5  # and halved once
    steep = integrated(lambda a: torch.tanh(2000 * (a - 0.37)))
    assert smooth.steps < steep.steps < 500 and steep.relative_error < 0.005
    coarse = gradients.Path(
        Stairs(lambda a: torch.tanh(2000 * (a - 0.37))),
        torch.full((1, 3, 2), 1 / 6),
        torch.zeros(1, 3, 2),
        1,
    )
    _, missing = coarse.along(np.zeros(1), np.ones(1))
    assert abs(missing.sum()) > 1  # four gradients over the whole way miss it


def test_what_is_a_jump_in_single_precision_is_resolved_in_double() -> None:
    """The answer of a network that leaves a state slowly: it goes with the logarithm of the way."""
    found = integrated(lambda a: torch.asinh(2.0**38 * (a - 0.37)) / 10)
    assert found.difference == pytest.approx(5.3, abs=0.1)
    assert found.steps < 600 and found.relative_error < 0.005 and found.jump == 0


class Opposed(Stairs):
    """Two tokens, each as steep as the other and against it: every sum of gradients is right."""

    def answer(self, features: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        value = self.score(features[:, 0, 0]) - self.score(features[:, 1, 0]) + features[:, 0, 0]
        return torch.stack([torch.zeros_like(value), value], dim=1)


@pytest.mark.parametrize("steepness", [20, 80, 300])
def test_single_tokens_are_right_where_the_sum_is_anyway(steepness: float) -> None:
    """Oracle: the function itself, `f(1) - f(0)` of each token."""
    model: Any = Opposed(lambda a: torch.tanh(steepness * (a - 0.37)))
    features = torch.ones(1, 2, 1)
    found = gradients.integrated(model, features, torch.zeros_like(features), 1, 32, 1.0)
    rise = float(np.tanh(steepness * 0.63) + np.tanh(steepness * 0.37))
    stated = found["completeness"].token_error
    assert stated is not None and stated <= gradients.AIM
    off = np.abs(found["integrated_gradients"] - [1 + rise, -rise])
    assert off.max() <= gradients.AIM * (1 + rise)


def midpoints(model: SequenceClassifier, ids: np.ndarray, target: int, count: int) -> np.ndarray:
    """Integrated gradients in float64, by so many even steps and nothing else."""
    precise = copy.deepcopy(model).double()
    features = embedded(precise, ids)
    baseline = embedded(precise, np.full(len(ids), UNKNOWN))
    slopes = torch.zeros_like(features)
    for places in ((torch.arange(count).double() + 0.5) / count).split(100):
        way = baseline + places[:, None, None] * (features - baseline)
        way.requires_grad_()
        lengths = torch.full((len(way),), way.shape[1])
        odds = precise.answer(way, lengths).log_softmax(1)
        others = odds[:, [n for n in range(odds.shape[1]) if n != target]].logsumexp(1)
        (slope,) = torch.autograd.grad((odds[:, target] - others).sum(), way)
        slopes += slope.sum(dim=0) / count
    return ((features - baseline) * slopes).sum(dim=2)[0].numpy()


@pytest.mark.parametrize("name", ["imdb-rnn", "imdb-gru", "imdb-lstm"])
def test_single_tokens_of_trained_networks(name: str) -> None:
    """Oracle: very many even steps. What is stated is no less than what is off."""
    model = checkpoint.load(name)
    text = "This film is not bad at all. The plot is thin, and the music is dreadful."
    encoded = tokens.load(name).encode(text)
    found = explain_text(model, encoded, measures=["integrated_gradients"])
    assert found.integrated_gradients is not None and found.completeness is not None
    wanted = midpoints(model, encoded.ids, found.target, 500)
    off = np.abs(found.integrated_gradients - wanted).max() / np.abs(wanted).max()
    stated = found.completeness.token_error
    assert stated is not None and off <= 2 * stated <= 2 * gradients.AIM
    assert "single tokens to" in colouring.note("integrated_gradients", found)


@pytest.mark.parametrize("cell", CELLS)
def test_single_tokens_of_any_network(tokenizer: TextTokenizer, cell: str) -> None:
    """Oracle: 4,000 even steps in float64, on several texts."""
    model = reader(tokenizer, cell)
    for one in sentences.load("test", count=3):
        encoded = tokenizer.encode(one.text)
        found = explain_text(model, encoded, measures=["integrated_gradients"])
        assert found.integrated_gradients is not None and found.completeness is not None
        wanted = midpoints(model, encoded.ids, found.target, 4000)
        off = np.abs(found.integrated_gradients - wanted).max() / np.abs(wanted).max()
        assert off <= gradients.AIM
        assert found.completeness.token_error is not None


def test_tokens_that_were_not_checked_are_said() -> None:
    """Of a text whose sum is not complete nothing is known of single tokens either."""
    found = integrated(lambda a: a + 2.0 * (a > 0.37))
    assert found.token_error is None
    assert "single tokens may be off by more" in colouring._complete(found)


def test_pieces_are_cut_around_the_steepest_place() -> None:
    asked = []

    def answers(places: np.ndarray) -> np.ndarray:
        asked.extend(places)
        return np.tanh(1e9 * (places - 0.3)) + places

    low, high = gradients.steepest(answers, 0.25, 0.3125, 0.01)
    assert low <= 0.3 <= high and high - low < 1e-8 and len(asked) < 80
    cuts = gradients.graded(0.25, low, high, 0.3125, 8)
    assert (cuts[0], cuts[-1]) == (0.25, 0.3125) and (np.diff(cuts) > 0).all()
    middle = (low + high) / 2
    far = np.abs(cuts - middle)
    for near, away in zip(far[cuts > middle][:-2], far[cuts > middle][1:-1], strict=True):
        assert away == pytest.approx(8 * near)
    # A straight line has no steep place.
    assert gradients.steepest(lambda places: places, 0.25, 0.3125, 1e-6) == (0.25, 0.3125)


def test_a_jump_is_told_where_no_gradient_sees_it() -> None:
    found = integrated(lambda a: a + 2.0 * (a > 0.37))
    assert found.relative_error == pytest.approx(2 / 3, abs=1e-3)
    assert found.jump == pytest.approx(found.delta, abs=1e-3) == pytest.approx(-2, abs=1e-3)
    assert "the answer jumps" in colouring._complete(found)


def test_one_token_and_a_text_without_any_known_one(tokenizer: TextTokenizer) -> None:
    model = reader(tokenizer, "lstm")
    for text in ("dull", "zyxwv", "🙂 🙂"):
        found = explain_text(model, tokenizer.encode(text))
        assert all(value is None for value in found.rank_correlations.values())
        assert len(found.tints()) == 4
        if text != "dull":
            assert found.occlusion is not None and not found.occlusion.any()
            assert found.completeness is not None and found.completeness.relative_error == 0


def test_errors_say_what_was_expected(tokenizer: TextTokenizer) -> None:
    model, encoded = reader(tokenizer, "rnn"), tokenizer.encode("The plot.")
    with pytest.raises(ValueError, match="expected a target from 0 to 1, got 2"):
        explain_text(model, encoded, target=2)
    with pytest.raises(ValueError, match="measures: expected some of attention"):
        explain_text(model, encoded, measures=["saliency"])
    with pytest.raises(ValueError, match="steps: expected 1 or more"):
        explain_text(model, encoded, steps=0)
    with pytest.raises(ValueError, match="evaluation mode"):
        explain_text(reader(tokenizer, "rnn").train(), encoded)
    with pytest.raises(ValueError, match="reads rows of pixels"):
        explain_text(SequenceClassifier("rnn", 6, 5, 1).eval(), encoded)
    lone = SequenceClassifier("rnn", 6, 5, 1, num_classes=1, labels=["a"], vocabulary_size=9)
    with pytest.raises(ValueError, match="two classes or more"):
        explain_text(lone.eval(), encoded)


def test_what_is_explained_are_the_tokens_that_are_read(tokenizer: TextTokenizer) -> None:
    encoded = tokenizer.encode("The plot was not dull, but the music was.", most_tokens=4)
    found = explain_text(reader(tokenizer, "gru"), encoded, measures=CHEAP)
    assert found.tokens == encoded.pieces and len(found.tokens) == 4
    assert isinstance(replace(encoded), Encoded)
