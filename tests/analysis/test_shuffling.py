"""Shuffled attention. Oracles: a literal loop over permuted weights, and one-hot weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rnnviz.analysis import shuffling
from rnnviz.analysis.attribution import shuffled_attention
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.models.tokens import Encoded


def encoded(count: int = 9) -> Encoded:
    ids = np.random.default_rng(2).integers(2, 20, count)
    spans = np.stack([np.arange(count), np.arange(1, count + 1)], axis=1)
    return Encoded("x" * count, ids, spans, np.zeros(count, dtype=bool))


def reader(readout: str, classes: int = 2, cell: str = "gru") -> SequenceClassifier:
    torch.manual_seed(1)
    model = SequenceClassifier(
        cell,
        5,
        6,
        1,
        True,
        readout,
        num_classes=classes,
        labels=list("abc")[:classes],
        vocabulary_size=20,
    ).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(2)
    return model.eval()


def by_hand(model: SequenceClassifier, ids: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Class probabilities (C,) with these attention weights, one state after the other."""
    assert model.embedding is not None
    with torch.no_grad():
        states = model.recurrent(model.embedding(torch.from_numpy(ids)[None]))[0][0].numpy()
        head = [parameter.numpy() for parameter in model.head.parameters()]
    vector = np.zeros(states.shape[1])
    for weight, state in zip(weights, states, strict=True):
        vector += weight * state
    if model.config["readout"] == "attention-max":
        vector = np.concatenate([vector, states.max(axis=0)])
    scores = np.exp(head[0] @ vector + head[1])
    return scores / scores.sum()


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("readout", ["attention", "attention-max"])
def test_shuffles_are_what_a_loop_over_permuted_weights_gives(
    readout: str, classes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shuffling, "MOST_TOKENS_AT_ONCE", 50)  # several batches
    model, text = reader(readout, classes), encoded()
    found = shuffled_attention(model, text, times=12, seed=3, target=1)
    own = by_hand(model, text.ids, found.attention)
    assert found.probability == pytest.approx(own[1]) and found.half == (readout != "attention")
    generator = torch.Generator().manual_seed(3)
    orders = torch.rand(12, 9, generator=generator).argsort(dim=1).numpy()
    assert all(sorted(order) == list(range(9)) for order in orders)
    every = [by_hand(model, text.ids, found.attention[order]) for order in orders]
    assert found.shuffled == pytest.approx([one[1] for one in every])
    assert found.flips == np.mean([one.argmax() != own.argmax() for one in every])
    changes = sorted(abs(one[1] - own[1]) for one in every)
    assert found.median_change == pytest.approx((changes[5] + changes[6]) / 2)
    assert found.uniform == pytest.approx(by_hand(model, text.ids, np.full(9, 1 / 9))[1])
    for t in range(9):
        assert found.alone[t] == pytest.approx(by_hand(model, text.ids, np.eye(9)[t])[1])


def test_no_attention_at_all_leaves_the_band_of_single_tokens() -> None:
    model, text = reader("attention-max"), encoded()
    found = shuffled_attention(model, text, times=50)
    for weights in np.random.default_rng(0).dirichlet(np.full(9, 0.3), 40):
        assert found.lowest - 1e-9 <= by_hand(model, text.ids, weights)[1] <= found.highest + 1e-9
    assert (found.shuffled >= found.lowest - 1e-9).all()


def test_one_token_cannot_be_shuffled_and_the_same_seed_gives_the_same() -> None:
    model = reader("attention")
    alone = shuffled_attention(model, encoded(1), times=5)
    assert alone.median_change == pytest.approx(0, abs=1e-9) and alone.flips == 0
    assert [alone.lowest, alone.highest, alone.uniform] == pytest.approx([alone.probability] * 3)
    first, again, other = (shuffled_attention(model, encoded(), seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(first.shuffled, again.shuffled) and len(first.shuffled) == 200
    assert not np.array_equal(first.shuffled, other.shuffled)


def test_the_model_stays_as_it_was_and_errors_say_what_was_expected() -> None:
    model = reader("attention")
    shuffled_attention(model, encoded())
    assert all(parameter.grad is None for parameter in model.parameters())
    with pytest.raises(ValueError, match="a readout with attention, got 'mean'"):
        shuffled_attention(reader("mean"), encoded())
    with pytest.raises(ValueError, match="times: expected 1 or more, got 0"):
        shuffled_attention(model, encoded(), times=0)
    with pytest.raises(ValueError, match="expected a target from 0 to 1, got 5"):
        shuffled_attention(model, encoded(), target=5)
