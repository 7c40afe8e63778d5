"""SequenceClassifier. Oracles: the model run on each prefix and without padding, and NumPy."""

from __future__ import annotations

import itertools
from pathlib import Path
from types import MethodType
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnviz.models import checkpoint
from rnnviz.models.classifier import SequenceClassifier
from tests.oracle import assert_near

CELLS = ("rnn", "gru", "lstm")
READOUTS = ("last", "last-step", "mean", "max", "attention", "attention-max")
EVERY = list(itertools.product(CELLS, READOUTS, (False, True)))


def small(
    cell: str = "lstm", readout: str = "attention", bidirectional: bool = False, **chosen: object
) -> SequenceClassifier:
    torch.manual_seed(3)
    sizes = {"input_size": 5, "hidden_size": 6, "num_classes": 3, "labels": ("a", "b", "c")}
    model = SequenceClassifier(
        cell, readout=readout, bidirectional=bidirectional, **{**sizes, **chosen}
    )
    return model.double().eval()


def sequences(batch: int = 3, steps: int = 7, features: int = 5) -> torch.Tensor:
    return torch.rand(
        batch, steps, features, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    )


@pytest.mark.parametrize(("cell", "readout", "bidirectional"), EVERY)
def test_padding_never_counts(cell: str, readout: str, bidirectional: bool) -> None:
    model, lengths = small(cell, readout, bidirectional), torch.tensor([7, 4, 1])
    inputs = sequences()
    for row, length in enumerate(lengths):
        inputs[row, length:] = 1e6
    together = model(inputs, lengths)
    alone = [model(inputs[b : b + 1, :n]) for b, n in enumerate(lengths)]
    assert_near(together, torch.cat(alone))


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("cell", "readout", "bidirectional"), EVERY)
def test_prefix_probabilities_are_those_of_the_model_on_each_prefix(
    cell: str, readout: str, bidirectional: bool, layers: int
) -> None:
    model = small(cell, readout, bidirectional, num_layers=layers)
    inputs, lengths = sequences(), [7, 4, 1]
    found = model.trace(inputs, torch.tensor(lengths)).prefix_probabilities
    for row, length in enumerate(lengths):
        for step in range(length):
            expected = model(inputs[row : row + 1, : step + 1]).softmax(-1)[0]
            assert_near(found[row, step], expected)
        assert found[row, length:].isnan().all()


@pytest.mark.parametrize(("cell", "readout", "bidirectional"), EVERY)
def test_a_trace_gives_the_logits_of_forward(cell: str, readout: str, bidirectional: bool) -> None:
    model, inputs, lengths = (
        small(cell, readout, bidirectional),
        sequences(),
        torch.tensor([7, 4, 1]),
    )
    reading = model.trace(inputs, lengths)
    assert_near(reading.logits, model(inputs, lengths))
    assert reading.recurrent.cell == cell
    assert reading.recurrent.output.shape == (3, 7, 12 if bidirectional else 6)


def test_attention_is_a_softmax_of_scores_over_the_real_steps() -> None:
    model, inputs, lengths = small("gru"), sequences(), [7, 4, 1]
    reading = model.trace(inputs, torch.tensor(lengths))
    projection, query = model.readout.projection, model.readout.query
    W, b, v = (p.detach().numpy() for p in (projection.weight, projection.bias, query.weight[0]))
    for row, length in enumerate(lengths):
        h = reading.recurrent.output[row, :length].numpy()
        scores = np.exp(np.tanh(h @ W.T + b) @ v)
        expected = np.zeros(7)
        expected[:length] = scores / scores.sum()
        assert_near(reading.attention[row].numpy(), expected, 1e-12)


@pytest.mark.parametrize("readout", ["last", "mean", "max"])
def test_other_readouts_have_no_attention_and_equal_numpy(readout: str) -> None:
    model, inputs, lengths = small("rnn", readout, True), sequences(), [7, 4, 1]
    reading = model.trace(inputs, torch.tensor(lengths))
    assert reading.attention is None
    W, b = model.head.weight.detach().numpy(), model.head.bias.detach().numpy()
    for row, length in enumerate(lengths):
        h = reading.recurrent.output[row, :length].numpy()
        expected = {
            "last": np.concatenate([h[-1, :6], h[0, 6:]]),
            "mean": h.mean(0),
            "max": h.max(0),
        }[readout]
        assert_near(reading.logits[row].numpy(), W @ expected + b, 1e-12)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_tracing_is_deterministic_and_leaves_the_model_alone(bidirectional: bool) -> None:
    model = small("lstm", "attention", bidirectional, dropout=0.5)
    expected = model.trace(sequences()).logits
    model.train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    inputs = sequences().requires_grad_()
    random_state = torch.get_rng_state()
    first, second = model.trace(inputs), model.trace(inputs)
    torch.testing.assert_close(first.logits, expected, rtol=0, atol=0)
    torch.testing.assert_close(second.logits, expected, rtol=0, atol=0)
    assert model.training and model.recurrent.training
    assert torch.equal(random_state, torch.get_rng_state())
    assert not first.logits.requires_grad and not first.recurrent.output.requires_grad
    assert inputs.grad is None and all(p.grad is None for p in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_trace_is_frozen() -> None:
    reading = small().trace(sequences())
    with pytest.raises(AttributeError):
        reading.logits = torch.zeros(1)  # type: ignore[misc]


def test_normalisation_is_inside_the_model() -> None:
    model, plain = small(), small(input_mean=0.0, input_std=1.0)
    assert_near(model(sequences()), plain((sequences() - 0.1307) / 0.3081), 1e-5)


def test_tokens_are_read_through_the_embedding() -> None:
    tokens = torch.tensor([[3, 1, 4, 1], [2, 7, 0, 0]])
    model = small("gru", "mean", vocabulary_size=9)
    rows = small("gru", "mean", input_mean=0.0, input_std=1.0)
    rows.load_state_dict(
        {name: value for name, value in model.state_dict().items() if "embedding" not in name}
    )
    lengths = torch.tensor([4, 2])
    expected = rows(model.embedding.weight[tokens], lengths)
    assert_near(model(tokens, lengths), expected, 1e-5)
    assert_near(model.trace(tokens, lengths).logits, expected, 1e-5)


@settings(max_examples=25, deadline=None)
@given(
    cell=st.sampled_from(CELLS),
    readout=st.sampled_from(READOUTS),
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    bidirectional=st.booleans(),
)
def test_any_lengths(cell: str, readout: str, lengths: list[int], bidirectional: bool) -> None:
    model, inputs = small(cell, readout, bidirectional), sequences(len(lengths), 9)
    reading = model.trace(inputs, torch.tensor(lengths))
    for row, length in enumerate(lengths):
        alone = model(inputs[row : row + 1, :length])[0]
        assert_near(reading.logits[row], alone)
        assert_near(reading.prefix_probabilities[row, length - 1], alone.softmax(-1))
        if reading.attention is not None:
            assert reading.attention[row].sum() == pytest.approx(1)
            assert not reading.attention[row, length:].any()


def test_many_prefixes_of_a_two_directional_model() -> None:
    model, inputs = small("rnn", "last", True), sequences(2, 70)
    found = model.trace(inputs).prefix_probabilities
    for step in (0, 62, 63, 64, 65, 69):
        expected = model(inputs[:, : step + 1]).softmax(-1)
        assert_near(found[:, step], expected)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"cell": "transformer"}, r"expected one of rnn, gru, lstm, mgu, got 'transformer'"),
        (
            {"readout": "first"},
            r"expected one of last, last-step, mean, max, attention, attention-max, got 'first'",
        ),
        ({"num_classes": 4}, "expected 4 names, got 3"),
        ({"input_std": 0.0}, "above 0, got 0.0"),
        ({"hidden_size": 0}, "hidden_size"),
    ],
)
def test_bad_words_are_named(chosen: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        small(**chosen)


@pytest.mark.parametrize(
    ("inputs", "lengths", "message"),
    [
        (torch.rand(2, 7), None, r"rows of shape \(batch, steps, 5\), got shape \(2, 7\)"),
        (torch.rand(2, 7, 4), None, r"got shape \(2, 7, 4\)"),
        (torch.rand(0, 7, 5), None, "at least one sequence"),
        (torch.rand(2, 0, 5), None, "at least one sequence and one step"),
        (torch.rand(2, 7, 5), torch.tensor([7]), r"shape \(2,\),.* got \(1,\)"),
        (torch.rand(2, 7, 5), torch.tensor([0, 7]), r"in 1\.\.7, got 0\.\.7"),
        (torch.rand(2, 7, 5), torch.tensor([8, 7]), r"in 1\.\.7, got 7\.\.8"),
    ],
)
def test_bad_inputs_are_named(
    inputs: torch.Tensor, lengths: torch.Tensor | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        small().float()(inputs, lengths)
    with pytest.raises(ValueError, match=message):
        small().float().trace(inputs, lengths)


def test_tokens_are_expected_by_a_model_of_tokens() -> None:
    with pytest.raises(ValueError, match="expected int tokens"):
        small(vocabulary_size=9)(torch.rand(2, 7))


def reader(**chosen: object) -> SequenceClassifier:
    torch.manual_seed(5)
    words = {"vocabulary_size": 20, "num_classes": 2, "labels": ("no", "yes"), "input_size": 50}
    return SequenceClassifier("gru", hidden_size=4, num_layers=1, **{**words, **chosen})


def test_embedding_dropout_blanks_the_same_features_at_all_steps() -> None:
    """Oracle: the mean over many masks is the embedding, and every number is 0 or 1 / (1 - p)."""
    model, tokens = reader(embedding_dropout=0.25), torch.randint(2, 20, (400, 3))
    plain = model.eval().features(tokens)
    ratio = model.train().features(tokens) / plain
    assert_near(ratio, ratio[:, :1].expand_as(ratio), 1e-5)
    kept = ratio[:, 0] > 0.5
    assert_near(ratio[:, 0][kept], torch.full((int(kept.sum()),), 1 / 0.75), 1e-5)
    assert abs(float(kept.float().mean()) - 0.75) < 0.02
    assert torch.equal(model.eval().features(tokens), plain)


def test_word_dropout_takes_tokens_for_the_unknown_one() -> None:
    model = reader(word_dropout=0.4).train()
    tokens = torch.full((50, 40), 7)
    tokens[:, 30:] = 0
    features, embedded = model.features(tokens), model.embedding.weight.detach()
    unknown = (features == embedded[1]).all(-1)
    assert abs(float(unknown[:, :30].float().mean()) - 0.4) < 0.05
    assert not unknown[:, 30:].any()
    assert ((features == embedded[7]).all(-1) | unknown)[:, :30].all()


def test_dropout_of_words_needs_words() -> None:
    with pytest.raises(ValueError, match="word_dropout: expected a part .* got 1"):
        reader(word_dropout=1.0)
    with pytest.raises(ValueError, match="embedding_dropout: .* 0 without a vocabulary"):
        reader(vocabulary_size=None, embedding_dropout=0.1)
    traced = reader(word_dropout=0.9, embedding_dropout=0.9).train()
    tokens = torch.randint(2, 20, (3, 5))
    assert torch.equal(traced.trace(tokens).logits, traced.trace(tokens).logits)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_some_prefixes_are_those_of_all(bidirectional: bool, layers: int) -> None:
    model, inputs = small("gru", "attention-max", bidirectional, num_layers=layers), sequences()
    lengths = torch.tensor([7, 4, 1])
    every = model.trace(inputs, lengths).prefix_probabilities
    some = model.trace(inputs, lengths, prefix_ends=(6, 2, 2)).prefix_probabilities
    asked = torch.zeros(7, dtype=torch.bool)
    asked[[5, 1]] = True
    assert_near(some[:, asked], every[:, asked], 1e-12, equal_nan=True)
    assert some[:, ~asked].isnan().all()
    for wrong in ((0,), (8,), ()):
        with pytest.raises(ValueError, match=r"prefix_ends: expected numbers in 1\.\.7"):
            model.trace(inputs, lengths, prefix_ends=wrong)


def test_many_prefixes_are_read_in_parts() -> None:
    """Oracle: the model on each prefix of a sequence longer than what is read at once."""
    model, inputs = small("lstm", "max", True, num_layers=1), sequences(1, 150)
    found = model.trace(inputs).prefix_probabilities[0]
    for end in (1, 63, 64, 65, 128, 129, 150):
        expected = model(inputs[:, :end]).softmax(-1)[0]
        assert_near(found[end - 1], expected)


def test_labels_that_are_integers_are_text(tmp_path: Path) -> None:
    for labels in ([0, 1, 2], np.arange(3), ["0", 1, "2"], range(3)):
        model = SequenceClassifier("rnn", hidden_size=3, num_classes=3, labels=labels)
        assert model.labels == ("0", "1", "2")
    checkpoint.save(model, tmp_path / "m", {})
    assert checkpoint.load(tmp_path / "m").labels == model.labels
    for wrong in (1.5, None, True, ("a",), b"a"):
        with pytest.raises(TypeError, match="labels: expected texts or integers, got .*as text"):
            SequenceClassifier("rnn", num_classes=1, labels=[wrong])


def test_pixels_of_bytes_are_parts_of_255() -> None:
    """Oracle: the same pixels as floats in 0..1, as torchvision has them."""
    model = SequenceClassifier("gru", 4, 3, 1, num_classes=2, labels="ab").eval()
    pixels = torch.randint(0, 256, (2, 5, 4), dtype=torch.uint8)
    parts = pixels / 255
    assert_near(model(pixels), model(parts))
    assert_near(model.trace(pixels).logits, model(parts))
    assert_near(model(pixels > 100), model((pixels > 100).float()))
    for kind in (torch.int16, torch.int32, torch.int64, torch.complex64):
        with pytest.raises(ValueError, match=r"floats in 0..1 or uint8 in 0..255, got .*divide"):
            model(pixels.to(kind))


@pytest.mark.parametrize("hooked", ["hook", "class", "forward"])
def test_looking_at_a_shared_model_does_not_change_its_mode(hooked: str) -> None:
    """Another thread that trains the model meanwhile sees it in its own mode, at every moment."""

    class Own(SequenceClassifier):
        def forward(self, *given: Any) -> torch.Tensor:
            self.calls = 1
            seen.append(shared.training)
            return super().forward(*given)

    def watched(model: SequenceClassifier, *given: Any) -> torch.Tensor:
        seen.append(shared.training and not model.training)
        return SequenceClassifier.forward(model, *given)

    seen: list[bool] = []
    kind = Own if hooked == "class" else SequenceClassifier
    shared = kind("gru", 4, 3, 2, num_classes=2, labels="ab", dropout=0.5).train()
    shared.dropout.eval()
    if hooked == "hook":
        shared.head.register_forward_hook(lambda *_: seen.append(shared.training))
        shared.register_forward_hook(lambda *_: None)
    elif hooked == "forward":
        shared.forward = MethodType(watched, shared)
    before = {id(one): dict(vars(one)) for one in shared.modules()}
    modes = [one.training for one in shared.modules()]
    rows = torch.rand(2, 5, 4)
    assert torch.isfinite(shared.trace(rows).logits).all()
    assert seen and all(seen)
    assert [one.training for one in shared.modules()] == modes
    assert all(vars(one).keys() == before[id(one)].keys() for one in shared.modules())
