"""From a plan to a run. Oracles: a second call, a saved model, `QQ^T`, counting, a prefix."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from rnnviz.data import DataError
from rnnviz.models import checkpoint, places, storage, tokens
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.runs.store import RunStore
from rnnviz.theatre.reading import Mark, reading_from_trace
from rnnviz.training.engine.batches import batches
from rnnviz.training.engine.objectives import Classification, Number, Symbols
from rnnviz.training.plan import CELLS, Plan
from rnnviz.training.preparation import Prepared, prepare
from rnnviz.training.tasks import load
from rnnviz.training.tasks.table import TASKS, defaults
from tests.oracle import assert_near

SMALL = {
    "digits": {"examples": 40},
    "sentences": {"examples": 40},
    "recall": {"examples": 40, "delay": 5},
    "adding": {"examples": 40, "length": 8},
    "copy": {"examples": 40, "delay": 3, "length": 3},
}


def small(task: str, cell: str = "gru", **words: object) -> Prepared:
    return prepare(defaults(task, cell).changed(**{"hidden_size": 6, **SMALL[task], **words}))


@pytest.mark.parametrize("task", SMALL)
def test_a_plan_becomes_a_run_that_repeats(task: str) -> None:
    before = torch.get_rng_state()
    first = small(task)
    load._load.cache_clear()
    again = small(task)
    assert torch.equal(before, torch.get_rng_state())  # nobody else's numbers are moved
    assert torch.equal(first.examples.inputs, again.examples.inputs)
    assert torch.equal(first.held_out.labels, again.held_out.labels)
    weights, same = first.model.state_dict(), again.model.state_dict()
    assert all(torch.equal(weights[name], same[name]) for name in weights)
    other = small(task, seed=1).model.state_dict()
    assert any(not torch.equal(weights[name], other[name]) for name in weights)
    assert len(first.examples) == 40 and len(first.held_out) == TASKS[task].held_out
    assert first.about["training_" + TASKS[task].noun] == 40
    assert Plan.from_json(first.about["plan"]) == first.plan


@pytest.mark.parametrize("task", SMALL)
def test_all_cells_of_a_race_meet_the_same_batches(task: str) -> None:
    def met(cell: str) -> list[torch.Tensor]:
        run = small(task, cell)
        generator = torch.Generator().manual_seed(run.recipe.seed)
        parts = [run.examples.at(place) for place in batches(run.examples, 16, generator)]
        return [part.prepared(run.prepare, generator, 1.0).inputs for part in parts]

    lanes = [met(cell) for cell in CELLS]
    for lane in lanes[1:]:
        assert len(lane) == len(lanes[0]) > 2
        assert all(torch.equal(one, other) for one, other in zip(lane, lanes[0], strict=True))


def test_lanes_share_their_data() -> None:
    assert small("recall", "rnn").examples is small("recall", "lstm").examples


@pytest.mark.parametrize("task", SMALL)
def test_a_trained_model_can_be_saved_loaded_and_watched(task: str, tmp_path: Path) -> None:
    """A held-out input fits the reading of the model, and a loaded one says the same of it."""
    run = small(task)
    assert storage.LARGEST["answers"] >= 100
    checkpoint.save(run.model.eval(), tmp_path / "model", run.about, files=run.files)
    model = checkpoint.load(tmp_path / "model")
    assert len(run.inputs_to_show) >= 2
    for shown in run.inputs_to_show[:3]:
        inputs = shown.inputs[None]
        assert_near(model(inputs), run.model(inputs), 1e-5)
        reading = reading_from_trace(
            model.trace(inputs),
            name=task,
            classes=model.labels,
            readout=model.config["readout"],
            image=shown.image,
            tokens=shown.tokens,
            truth=shown.truth,
            step_word=shown.step_word,
        )
        assert reading.steps == len(shown.inputs)
        for step, label, words in shown.marks:
            Mark(step, label, "note", words)
            assert 0 <= step < reading.steps and words.endswith(".")
    if task == "sentences":
        read = tokens.load(tmp_path / "model").encode("".join(shown.tokens or ()))
        np.testing.assert_array_equal(read.ids, shown.inputs.numpy())


def test_what_is_shown_is_held_out_and_true() -> None:
    digits = small("digits").inputs_to_show
    assert {shown.truth for shown in digits} == set("0123456789")
    recall = small("recall").inputs_to_show[0]
    assert recall.tokens is not None and recall.tokens[0].strip() == recall.truth
    adding = small("adding").inputs_to_show[0]
    marked = [float(adding.inputs[step, 0]) for step, _, _ in adding.marks]
    assert len(marked) == 2 and float(adding.truth) == pytest.approx(sum(marked) / 2, abs=1e-3)
    copied = small("copy").inputs_to_show[0]
    assert copied.tokens is not None
    assert "".join(token.strip() for token in copied.tokens[:3]) == copied.truth


@pytest.mark.parametrize("cell", CELLS)
def test_first_weights_are_as_asked(cell: str) -> None:
    def block(**words: object) -> torch.Tensor:
        weight = small("recall", cell, **words).model.recurrent.weight_hh_l0
        return weight.detach()[:6]

    eye = torch.eye(6)
    orthogonal = block(initialisation="orthogonal", gain=1.5)
    assert_near(orthogonal @ orthogonal.T, 1.5**2 * eye, 1e-5)
    assert_near(block(initialisation="identity", gain=0.9), 0.9 * eye, 1e-5)
    assert block(initialisation="torch").abs().max() <= 6**-0.5
    kept = block(gain=2.0)
    assert_near(kept @ kept.T, 4 * eye, 1e-5)


@pytest.mark.parametrize("start", ["kept", "torch", "orthogonal", "identity"])
def test_the_gate_that_keeps_starts_where_it_is_told_to(start: str) -> None:
    for cell in ("gru", "lstm"):
        layer = small("recall", cell, gate_bias=3.0, initialisation=start).model.recurrent
        total = (layer.bias_ih_l0 + layer.bias_hh_l0).detach()
        assert_near(total[6:12], torch.full((6,), 3.0), 1e-5)
        assert (total[:6] != 3.0).all()
    usual = small("recall", "lstm", initialisation=start).model.recurrent
    expected = 1.0 if start == "kept" else 0.0
    mean = float((usual.bias_ih_l0 + usual.bias_hh_l0).detach()[6:12].mean())
    assert mean == pytest.approx(expected, abs=0.5)


def test_the_recipe_is_the_plans() -> None:
    run = small("recall", optimizer="sgd", clip_norm=None, schedule="constant", learning_rate=0.5)
    recipe = run.recipe
    assert (recipe.optimizer, recipe.clip_norm, recipe.schedule) == ("sgd", None, "constant")
    assert (recipe.learning_rate, recipe.label_smoothing, recipe.seed) == (0.5, 0.0, 0)


# Answers at several steps.


def test_a_model_answers_at_its_last_steps_what_its_trace_says() -> None:
    """Oracle: the answer after each prefix."""
    torch.manual_seed(0)
    model = SequenceClassifier(
        "lstm", 4, 8, num_layers=1, readout="last", num_classes=3, labels="abc", answers=2
    ).eval()
    inputs, lengths = torch.rand(5, 6, 4), torch.tensor([6, 2, 3, 5, 6])
    logits = model(inputs, lengths)
    assert logits.shape == (5, 2, 3)
    prefixes = model.trace(inputs, lengths).prefix_probabilities
    for row, length in enumerate(lengths.tolist()):
        assert_near(logits[row].softmax(dim=-1), prefixes[row, length - 2 : length], 1e-5)
    with pytest.raises(ValueError, match="at least 2 steps, one for each answer, got 1"):
        model(inputs[:, :1])
    for words in ({"bidirectional": True}, {"readout": "mean"}, {"answers": 0}):
        with pytest.raises(ValueError, match="answers: expected 1, or more with one direction"):
            SequenceClassifier("rnn", 4, 8, **{"readout": "last", "answers": 2, **words})


# Objectives.


def test_objectives_by_hand() -> None:
    outputs, targets = torch.tensor([[0.0, 1.0], [2.0, 0.0]]), torch.tensor([1, 1])
    loss = Classification().loss(outputs, targets, 0.0)
    expected = (np.log1p(np.exp(-1)) + np.log1p(np.exp(2))) / 2
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    assert Classification().correct(outputs, targets).tolist() == [1.0, 0.0]

    numbers = torch.tensor([0.70, 0.119])
    shares = np.array([1 / (1 + np.exp(-1)), 1 / (1 + np.exp(2))])
    loss = Number().loss(outputs, numbers, 0.5)
    assert float(loss) == pytest.approx(((shares - numbers.numpy()) ** 2).mean(), rel=1e-4)
    assert Number().correct(outputs, numbers).tolist() == [1.0, 1.0]
    assert Number().correct(outputs, numbers + 0.05).tolist() == [1.0, 0.0]

    several = torch.stack([outputs, outputs.flip(0)])
    symbols = torch.tensor([[1, 1], [0, 1]])
    assert Symbols().correct(several, symbols).tolist() == [0.5, 1.0]
    each = torch.nn.functional.cross_entropy(several.reshape(4, 2), symbols.reshape(4))
    assert_near(Symbols().loss(several, symbols, 0.0), each, 1e-5)


def test_chance_is_what_a_constant_answer_gets() -> None:
    for task in ("digits", "recall"):
        run = small(task)
        counts = torch.bincount(run.held_out.labels)
        assert run.chance == pytest.approx(float(counts.max()) / len(run.held_out))
    adding = small("adding")
    right = (adding.held_out.labels - 0.5).abs() < 0.04
    assert adding.chance == pytest.approx(float(right.float().mean()))
    assert small("copy").chance == 1 / 8


# Somebody's own texts.


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    monkeypatch.setenv("RNNVIZ_RUNS", str(tmp_path / "runs"))
    places._found.cache_clear()
    return RunStore(tmp_path / "runs")


def test_own_texts_of_three_classes(own: RunStore, tmp_path: Path) -> None:
    words = {"red": "apple", "green": "leaf", "blue": "sky"}
    lines = ["said,colour"]
    for number in range(20):
        lines += [f"the {thing} was number {number},{label}" for label, thing in words.items()]
    key = own.add_data("\n".join(lines).encode(), "csv")
    plan = defaults("own").changed(
        data=key, text_column="said", label_column="colour", hidden_size=4
    )
    run = prepare(plan)
    assert run.labels == ("blue", "green", "red") and len(run.held_out) == 12
    assert run.chance == pytest.approx(1 / 3)
    assert run.model.config["vocabulary_size"] == run.model.embedding.num_embeddings
    assert "own texts" == run.about["dataset"] and str(tmp_path) not in str(run.about)
    checkpoint.save(run.model.eval(), tmp_path / "model", run.about, files=run.files)
    read = tokens.load(tmp_path / "model").encode("the sky was number 3")
    assert checkpoint.load(tmp_path / "model")(torch.from_numpy(read.ids)[None]).shape == (1, 3)


def test_own_texts_that_cannot_be_used_are_refused_in_a_sentence(
    own: RunStore, tmp_path: Path
) -> None:
    def refused(sentence: str, **words: object) -> None:
        with pytest.raises(DataError, match=sentence) as caught:
            prepare(defaults("own").changed(**words))
        assert str(tmp_path) not in str(caught.value) and "\n" not in str(caught.value)

    refused("got none: upload one first")
    refused("upload it again", data="0123456789abcdef.csv")
    key = own.add_data(b"text,label\n" + b"x,1\n" * 20, "csv")
    refused("two to 20 kinds in column 'label' of your file, got 1", data=key)
    refused("expected a column 'said' in your file", data=key, text_column="said")
    key = own.add_data(b"text,label\nx,1\ny,0\n", "csv")
    refused("at least 10 texts to learn from in your file, got 2", data=key)


def test_data_that_is_not_there_is_not_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RNNVIZ_DATA", str(tmp_path))
    load._load.cache_clear()
    for task in ("mnist", "fashion-mnist", "kmnist", "imdb"):
        with pytest.raises(DataError, match=r"RNNVIZ_DATA"):
            prepare(defaults(task))
    assert list(tmp_path.iterdir()) == []
