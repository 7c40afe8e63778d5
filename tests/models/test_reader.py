"""Reading one digit, or one text. Oracle: the model's own trace of the same rows or tokens."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rnnviz.data import samples
from rnnviz.models import checkpoint, reader, tokens
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.models.reader import read_digit
from rnnviz.notation import decision
from tests.oracle import assert_near

IMAGES, LABELS = samples.load()


@pytest.mark.parametrize("name", ["mnist-lstm", "mnist-gru-last", "mnist-rnn"])
def test_a_reading_is_the_trace_of_the_rows(name: str) -> None:
    model, image = checkpoint.load(name), IMAGES[5]
    reading = read_digit(model, image, name=name, truth="2")
    trace = model.trace(torch.from_numpy(image.astype(np.float32) / 255)[None])
    for layer, wanted in zip(reading.layers, trace.recurrent.layers, strict=True):
        for signal, values in layer.forward.items():
            assert np.array_equal(values, getattr(wanted.forward, signal)[0].numpy())
    assert reading.probabilities is not None
    assert np.array_equal(reading.probabilities, trace.prefix_probabilities[0].numpy())
    assert (reading.attention is None) == name.endswith("last")
    assert reading.readout == ("last" if name.endswith("last") else "attention")
    assert np.array_equal(reading.image, image) and (reading.name, reading.truth) == (name, "2")
    assert reading.marks is not None
    (settled,) = [mark for mark in reading.marks if mark.kind == "decision"]
    assert settled.step == decision.decision_step(reading.probabilities)


def test_the_readout_is_what_the_model_has_and_not_what_its_name_says() -> None:
    model = SequenceClassifier("gru", 28, 4, 1, readout="mean").eval()
    assert read_digit(model, IMAGES[0], name="mnist-gru-last").readout == "mean"


def test_errors_say_what_was_expected() -> None:
    model = SequenceClassifier("rnn", 28, 4, 1).eval()
    for wrong in (IMAGES[0].astype(float), IMAGES[0][:14]):
        with pytest.raises(ValueError, match=r"expected a \(28, 28\) uint8 image, got"):
            read_digit(model, wrong, name="x")
    with pytest.raises(ValueError, match="x: expected a model that reads 28 pixels a step"):
        read_digit(SequenceClassifier("rnn", 9, 4, 1).eval(), IMAGES[0], name="x")


@pytest.mark.parametrize("words", [1, 5, 450])
def test_a_text_becomes_a_reading(words: int) -> None:
    """Oracle: the trace of the whole text, and the model on what was read so far."""
    text = " ".join(["The film was not good,", "but the cast 👍 was."] * words)[: 9 * words]
    tokenizer = tokens.train([text, "The film was not good, but the cast was."] * 2, size=80)
    torch.manual_seed(0)
    model = SequenceClassifier(
        "lstm", 6, 4, 1, True, "attention-max", 2, tokenizer.vocabulary_size, labels=("no", "yes")
    ).eval()
    encoded = tokenizer.encode(text, 1000)
    reading = reader.read_text(model, encoded, name="mine")
    ids = torch.from_numpy(encoded.ids)[None]
    trace = model.trace(ids, prefix_ends=[len(encoded)])
    assert reading.tokens == encoded.pieces and reading.step_word == "token"
    layer = trace.recurrent.layers[0]
    assert_near(reading.layers[0].forward["forget_gate"], layer.forward.forget_gate[0], 1e-5)
    assert_near(reading.layers[0].backward["hidden"], layer.backward.hidden[0], 1e-5)
    assert_near(reading.attention, trace.attention[0], 1e-5)
    ends = reader.prefix_ends(len(encoded))
    assert ends[0] == 1 and ends[-1] == len(encoded)
    assert (reading.answered is None) == (words < 450)
    assert reading.answered in (None, tuple(end - 1 for end in ends))
    for step in {0, len(encoded) // 3, len(encoded) - 1}:
        end = max(end for end in ends if end <= step + 1)
        expected = model(ids[:, :end]).softmax(-1)[0].detach()
        assert_near(reading.probabilities[step], expected, 1e-5)


def test_a_text_is_not_for_a_model_of_images() -> None:
    encoded = tokens.train(["good"] * 3, size=20).encode("good")
    with pytest.raises(ValueError, match="mine: expected a model that reads tokens"):
        reader.read_text(SequenceClassifier(hidden_size=4), encoded, name="mine")


def small_model(cell: str = "gru") -> tuple[SequenceClassifier, tokens.TextTokenizer]:
    tokenizer = tokens.train(["The film was not good, but the cast was."] * 2, size=60)
    torch.manual_seed(0)
    size = tokenizer.vocabulary_size
    model = SequenceClassifier(cell, 6, 4, 1, True, "attention-max", 2, size, labels=("no", "yes"))
    return model.eval(), tokenizer


@pytest.mark.parametrize("count", [1, 2, 3, 345, 346, 347, 500, 2600, 4000])
def test_the_places_of_the_answers_are_even_and_bounded(count: int) -> None:
    ends = reader.prefix_ends(count)
    assert ends[0] == 1 and ends[-1] == count and sorted(set(ends)) == list(ends)
    # The last one is the whole text's, which is read anyway.
    assert sum(ends[:-1]) <= reader.MOST_STEPS + count
    between = np.diff(ends[1:-1])
    assert len(set(between.tolist())) <= 1
    if count <= 346:
        assert ends == tuple(range(1, count + 1))


def test_the_places_stay_where_they_are_as_a_text_grows() -> None:
    moved = sum(
        not set(reader.prefix_ends(count)[:-1]) <= set(reader.prefix_ends(count + 1))
        for count in range(1, 1000)
    )
    assert moved < 10


def test_a_memory_changes_nothing_but_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Oracle: the reading without one, while somebody writes, deletes and edits in the middle."""
    model, tokenizer = small_model()
    asked: list[int] = []
    real = SequenceClassifier.trace

    def counting(self: SequenceClassifier, *args: torch.Tensor, prefix_ends: list[int]) -> object:
        asked.append(len(prefix_ends))
        return real(self, *args, prefix_ends=prefix_ends)

    text = "The film was not good, but the cast was. " * 4
    memory = reader.PrefixMemory()
    for written in (text, text + "Good", text[:60], text[:30] + "bad" + text[30:], text):
        encoded = tokenizer.encode(written)
        expected = reader.read_text(model, encoded, name="mine")
        with monkeypatch.context() as patch:
            patch.setattr(SequenceClassifier, "trace", counting)
            found = reader.read_text(model, encoded, name="mine", memory=memory)
        assert_near(found.probabilities, expected.probabilities, 1e-5)
    first, longer, shorter, edited, again = asked
    assert first > 40 and longer < 8 and shorter <= 2 and edited < first and again == 1


def test_what_is_unknown_and_left_out_is_said() -> None:
    model, tokenizer = small_model()
    encoded = tokenizer.encode("The film \N{THUMBS UP SIGN} was good " * 30, 40)
    reading = reader.read_text(model, encoded, name="mine")
    assert reading.unknown == tuple(np.flatnonzero(encoded.unknown).tolist()) != ()
    assert encoded.left_out is not None and reading.left_out is not None
    assert reading.left_out.after == 20 and reading.left_out.tokens == encoded.left_out.tokens
    assert reading.left_out.characters == len(encoded.text) - len("".join(encoded.pieces))


@pytest.mark.parametrize("pads", [0, 1, 30])
def test_pads_are_read_as_if_they_were_words(pads: int) -> None:
    """Oracle: the model on the padded row without lengths."""
    model, tokenizer = small_model("lstm")
    encoded = tokenizer.encode("The cast was good.")
    reading = reader.read_padded(model, encoded, pads, name="mine")
    row = torch.from_numpy(np.append(encoded.ids, [0] * pads).astype(np.int64))[None]
    assert reading.pads == pads and reading.steps == row.shape[1]
    assert reading.tokens == encoded.pieces + ("[PAD]",) * pads
    layer = model.trace(row).recurrent.layers[0]
    assert layer.backward is not None and reading.layers[0].backward is not None
    assert_near(reading.layers[0].backward["cell"], layer.backward.cell[0], 1e-5)
    assert_near(reading.probabilities[-1], model(row).softmax(-1)[0].detach(), 1e-5)
    with pytest.raises(ValueError, match="pads: expected 0 or more, got -1"):
        reader.read_padded(model, encoded, -1, name="mine")


def test_the_answer_at_the_end_of_a_padded_text_is_its_own() -> None:
    """Oracle: the reading of the text alone, where answers of the padded one are worked out."""
    model, tokenizer = small_model()
    encoded = tokenizer.encode("The film was not good, but the cast was. " * 40, 301)
    alone = reader.read_text(model, encoded, name="mine")
    padded = reader.read_padded(model, encoded, 512, name="mine")
    assert len(encoded) == 301 and alone.answered is None and padded.answered is not None
    assert padded.answered[0] == 0 and padded.answered[-1] == 812 and 300 in padded.answered
    own = [step for step in padded.answered if step <= 300]
    assert len(own) < 301 and alone.probabilities is not None and padded.probabilities is not None
    assert_near(padded.probabilities[own], alone.probabilities[own], 1e-5)
    assert padded.left_out == alone.left_out is not None
