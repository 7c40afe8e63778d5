"""Padding that is read as text.

Oracles: a loop of single steps over text and pads, the same model on ids that are padded by hand,
the cards of the small networks.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rnnviz.analysis import padding
from rnnviz.data import sentences
from rnnviz.models import checkpoint, storage, tokens
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.models.tokens import PAD, Encoded

CELLS = ("rnn", "gru", "lstm")


def encoded(seed: int, count: int = 6) -> Encoded:
    ids = np.random.default_rng(seed).integers(2, 20, count)
    spans = np.stack([np.arange(count), np.arange(1, count + 1)], axis=1)
    return Encoded("x" * count, ids, spans, np.zeros(count, dtype=bool))


def reader(
    cell: str = "gru", readout: str = "attention-max", layers: int = 1
) -> SequenceClassifier:
    torch.manual_seed(7)
    return SequenceClassifier(
        cell,
        4,
        5,
        layers,
        True,
        readout,
        num_classes=2,
        labels=("no", "yes"),
        vocabulary_size=20,
    ).eval()


def loop(model: SequenceClassifier, ids: list[int], *, reverse: bool) -> np.ndarray:
    """The state after reading tokens one by one, in the order of reading."""
    assert model.embedding is not None
    cell = model.recurrent.cell(0, reverse=reverse)
    state = tuple(torch.zeros(1, 5) for _ in model.recurrent.state_names)
    with torch.no_grad():
        for token in reversed(ids) if reverse else ids:
            state = cell(model.embedding.weight[token][None], state).state
    return state[0][0].numpy()


@pytest.mark.parametrize("cell", CELLS)
def test_states_behind_padding_are_those_of_a_loop(cell: str) -> None:
    model, text, other, counts = reader(cell), encoded(0), encoded(1, 9), (0, 1, 4, 30)
    found = padding.fading(model, text, other, counts)
    for number, pads in enumerate(counts):
        filling = [PAD] * pads
        first, second = text.ids.tolist() + filling, other.ids.tolist() + filling
        states = [loop(model, ids, reverse=False) for ids in (first, second, filling)]
        assert found.forward[number] == pytest.approx(
            np.linalg.norm(states[0] - states[1]), abs=1e-5
        )
        assert found.empty[number] == pytest.approx(np.linalg.norm(states[0] - states[2]), abs=1e-5)
        # At the last step the backward direction has read one token: the last, or a pad.
        ends = [loop(model, ids[-1:], reverse=True) for ids in (first, second)]
        assert found.backward[number] == pytest.approx(np.linalg.norm(ends[0] - ends[1]), abs=1e-5)
        whole = loop(model, first, reverse=True) - loop(model, text.ids.tolist(), reverse=True)
        assert found.at_start[number] == pytest.approx(np.linalg.norm(whole), abs=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_backward_the_last_step_is_identical_for_any_two_padded_texts(cell: str) -> None:
    model = reader(cell)
    assert model.embedding is not None
    halves = []
    for seed, count in ((0, 6), (1, 9), (2, 3)):
        ids = np.concatenate([encoded(seed, count).ids, np.full(12 - count, PAD)])
        with torch.no_grad():
            output, _ = model.recurrent(model.embedding(torch.from_numpy(ids)[None]))
        halves.append(output[0, -1, 5:].numpy())
    assert np.array_equal(halves[0], halves[1]) and np.array_equal(halves[0], halves[2])
    found = padding.fading(model, encoded(0), encoded(1, 9))
    assert (found.backward[1:] <= 1e-6 * found.backward[0]).all() and found.backward[0] > 0


def test_two_layers_are_read_as_well_and_only_both_directions() -> None:
    found = padding.fading(reader(layers=2), encoded(0), encoded(1), (0, 3))
    assert found.forward.shape == (2,) and found.backward[1] > 0  # the layer below reads forward
    lone = SequenceClassifier("gru", 4, 5, 1, num_classes=2, labels="ab", vocabulary_size=20)
    with pytest.raises(ValueError, match="both directions, got one that reads in one"):
        padding.fading(lone.eval(), encoded(0), encoded(1))
    for pads in ((), (1, 2), (0, 5, 3)):
        with pytest.raises(ValueError, match="rising numbers from 0"):
            padding.fading(reader(), encoded(0), encoded(1), pads)
    with pytest.raises(ValueError, match="at most 2,000"):
        padding.fading(reader(), encoded(0), encoded(1), (0, 5000))


def test_pads_until_names_the_first_number_that_is_enough() -> None:
    values = np.array([2.0, 0.5, 0.02, 0.0])
    found = padding.Fading((0, 1, 5, 10), values, values, values, values)
    assert found.pads_until() == 5 and found.pads_until(0.3) == 1
    flat = padding.Fading((0, 1), np.ones(2), np.ones(2), np.ones(2), np.ones(2))
    assert flat.pads_until() is None


@pytest.mark.parametrize("readout", ["attention-max", "attention", "max", "mean", "last"])
def test_answers_are_those_of_the_head_on_vectors_made_by_hand(readout: str) -> None:
    model, text = reader("lstm", readout), encoded(3)
    assert model.embedding is not None
    found = {one.readout: one for one in padding.answers(model, text, 7)}
    assert [one.trained for one in found.values()] == [True] + [False] * (len(found) - 1)
    assert next(iter(found)) == readout
    for kind, pads in (("masked", 0), ("padded", 7)):
        ids = np.concatenate([text.ids, np.full(pads, PAD)])
        with torch.no_grad():
            own = model(torch.from_numpy(ids)[None]).softmax(1)[0].numpy()
            output = model.recurrent(model.embedding(torch.from_numpy(ids)[None]))[0][0]
        assert getattr(found[readout], kind) == pytest.approx(own, abs=1e-5)
        vectors = {
            "last-step": output[-1],
            "last": torch.cat([output[-1, :5], output[0, 5:]]),
            "mean": output.mean(dim=0),
            "max": output.amax(dim=0),
        }
        both = readout == "attention-max"
        for name in vectors.keys() - {readout, *(["max"] if both else [])}:
            parts = [vectors[name], output.amax(dim=0)] if both else [vectors[name]]
            with torch.no_grad():
                wanted = model.head(torch.cat(parts)).softmax(0).numpy()
            assert getattr(found[name], kind) == pytest.approx(wanted, abs=1e-5)
    assert ("max" in found) == (readout != "attention-max")


def test_a_padded_text_is_the_same_text_with_tokens_that_cover_nothing() -> None:
    text = encoded(0)
    padded = padding.with_padding(text, 5)
    assert padded.ids.tolist() == [*text.ids.tolist(), *[PAD] * 5]
    assert padded.pieces == (*text.pieces, *[""] * 5) and "".join(padded.pieces) == text.text
    assert not padded.unknown.any() and len(padding.with_padding(text, 0)) == len(text)
    with pytest.raises(ValueError, match="pads: expected 0 to 2,000, got -1"):
        padding.with_padding(text, -1)


def test_the_small_networks_score_what_their_cards_say() -> None:
    found = padding.small_networks()
    assert [(one.cell, one.way) for one in found] == [
        (cell, way) for cell in ("gru", "lstm") for way in padding.WAYS
    ]
    some = sentences.load("test")[:60]
    for one in found:
        assert one.n == 2000 and set(one.groups) == set(sentences.CONSTRUCTIONS)
        card = storage.card(one.folder)
        assert "rnnviz padding" in card["command"] and card["bytes"] < 100_000
        model = checkpoint.load(one.folder)
        assert model.config["readout"] == ("last-step" if one.reads_padding else one.way)
        assert tokens.load(one.folder).most_tokens == 64
        if one.cell == "gru":
            right = [
                padding.small_answer(one, text.text).probabilities.argmax() == text.label
                for text in some[:12]
            ]
            assert abs(np.mean(right) - one.accuracy) < 0.5


def test_what_padding_costs_is_nearly_everything_and_only_behind_the_text() -> None:
    """The finding of the exhibit, from the cards."""
    accuracy = {(one.cell, one.way): one.accuracy for one in padding.small_networks()}
    for cell in ("gru", "lstm"):
        assert accuracy[cell, "last-step"] < 0.6
        assert min(accuracy[cell, way] for way in padding.WAYS if way != "last-step") > 0.95


def test_a_small_network_reads_a_text_as_it_was_trained_to() -> None:
    text = "The plot was not gripping."
    for one in padding.small_networks()[:3]:
        answer = padding.small_answer(one, text)
        model, tokenizer = checkpoint.load(one.folder), tokens.load(one.folder)
        ids = tokenizer.encode(text).ids.tolist()
        filling = [PAD] * (64 - len(ids))
        ids = {"last-step": ids + filling, "left": filling + ids}.get(one.way, ids)
        with torch.no_grad():
            wanted = model(torch.tensor([ids])).softmax(1)[0].numpy()
        assert answer.probabilities == pytest.approx(wanted, abs=1e-5)
        assert (answer.tokens, answer.unknown, answer.left_out) == (6, 0, 0)


def test_a_small_network_says_what_it_left_out_of_a_long_text() -> None:
    """Oracle: the tokens of the same text when nothing is cut off."""
    text = "The plot was not gripping. " * 30
    for one in padding.small_networks()[:2]:
        whole = tokens.load(one.folder).encode(text, 10_000)
        answer = padding.small_answer(one, text)
        assert answer.tokens == 64 and answer.left_out == len(whole) - 64 > 0


def test_the_small_networks_are_no_models_to_choose_by_name() -> None:
    assert not any("padding" in name for name in storage.names())
