"""Text tasks and their commands. Oracles: the grammar, the files that were written, the library."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import Result
from typer.testing import CliRunner

from rnnviz.__main__ import app
from rnnviz.data import DataError, sentences
from rnnviz.data.texts import SENTIMENT, LabelledTexts
from rnnviz.models import checkpoint, evaluation, storage, tokens
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.training import vectors
from rnnviz.training.tasks import texts
from tests.oracle import assert_near

TINY = ["--limit", 300, "--hidden-size", 8, "--embedding-size", 8, "--epochs", 1]


def rnnviz(*arguments: object, **environment: str) -> Result:
    return CliRunner().invoke(
        app, list(map(str, arguments)), env={"RNNVIZ_DATA": "/nowhere", **environment}
    )


def refused(result: Result, *words: str) -> None:
    assert result.exit_code == 2, result.output
    assert result.stdout == "" and len(result.stderr.strip().splitlines()) == 1, result.stderr
    for word in words:
        assert word in result.stderr


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of somebody's own, with columns of their own, sorted by label."""
    path = tmp_path_factory.mktemp("own") / "verdicts.csv"
    rows = sorted(sentences.load("train", count=220), key=lambda one: one.label)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["said", "verdict"])
        writer.writerows([one.text, ("bad", "fine")[one.label]] for one in rows)
    return path


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "sentences-gru"
    result = rnnviz("train", "sentences", "--cell", "gru", "--output", folder, "--epochs", 8)
    assert result.exit_code == 0, result.output
    return folder


def test_the_grammar_is_learnt_and_scored_by_construction(learnt: Path) -> None:
    found = json.loads(rnnviz("evaluate", learnt, "--json").stdout)
    assert found["accuracy"] > 0.97 and found["n"] == 2000
    assert set(found["groups"]) == set(sentences.CONSTRUCTIONS)
    assert sum(one["n"] for one in found["groups"].values()) == 2000
    right = sum(one["accuracy"] * one["n"] for one in found["groups"].values())
    assert right == pytest.approx(found["correct"])
    card = storage.card(learnt)
    assert card["test"]["accuracy"] == found["accuracy"] and card["test"]["n"] == 2000
    assert card["held_out"]["n"] == 1000 and card["training_texts"] == 6000
    assert card["storage"] == "float16" and card["dataset"] == "sentences"
    assert "distant" in rnnviz("evaluate", learnt).stdout


def test_a_test_is_recorded_once(learnt: Path, own: Path, tmp_path: Path) -> None:
    """Oracle: the figure that `evaluate` prints; everything else in the card stays as it was."""
    model = tmp_path / "mine"
    shutil.copytree(learnt, model)
    before = storage.card(model)
    asked = ["evaluate", model, "--data", own, "--text-column", "said"]
    asked += ["--label-column", "verdict", "--json", "--record"]
    refused(rnnviz(*asked), "a test set is scored once", "--again")
    assert storage.card(model) == before
    wrong = rnnviz("evaluate", model, "--data", tmp_path / "no.csv", "--record", "--again")
    assert wrong.exit_code == 2 and storage.card(model) == before
    (own_labels := tmp_path / "own.csv").write_text(
        own.read_text("utf-8").replace(",bad", ",negative").replace(",fine", ",positive"), "utf-8"
    )
    asked[3] = own_labels
    done = rnnviz(*asked, "--again")
    assert done.exit_code == 0, done.output
    found, card = json.loads(done.stdout), storage.card(model)
    test = card.pop("test")
    assert test["data"] == "own.csv" and test["n"] == found["n"] == 220
    assert test["accuracy"] == pytest.approx(found["accuracy"], abs=1e-6)
    assert test["command"].startswith("python -m rnnviz")
    assert card == {word: value for word, value in before.items() if word != "test"}
    assert sorted(one.name for one in model.iterdir()) == sorted(
        one.name for one in learnt.iterdir()
    )
    checkpoint.load(model)


def test_a_first_test_needs_no_second_word(learnt: Path, tmp_path: Path) -> None:
    model = tmp_path / "mine"
    shutil.copytree(learnt, model)
    card = storage.card(model)
    del card["test"]
    (model / storage.CARD).write_text(json.dumps(card), "utf-8")
    done = rnnviz("evaluate", model, "--record")
    assert done.exit_code == 0, done.output
    assert storage.card(model)["test"]["groups"].keys() == set(sentences.CONSTRUCTIONS)
    (model / storage.CARD).unlink()
    refused(rnnviz("evaluate", model, "--record"), "expected card.json in", "train the model")


def test_a_learnt_model_reads_what_somebody_types(learnt: Path) -> None:
    model, tokenizer = checkpoint.load(learnt), tokens.load(learnt)
    typed = [
        "The plot was not good.",
        "The plot was good.",
        "Although the cast was dull, the music was brilliant.",
        "It is not true that the acting was not moving.",
    ]
    answers = evaluation.answers_to(model, tokenizer, typed)
    assert answers.argmax(-1).tolist() == [0, 1, 1, 1]
    for text, expected in zip(typed, answers, strict=True):
        alone = model(torch.from_numpy(tokenizer.encode(text).ids)[None]).softmax(-1)[0]
        assert_near(alone, expected, 1e-4)


def test_a_file_of_ones_own(own: Path, tmp_path: Path) -> None:
    columns = ["--text-column", "said", "--label-column", "verdict"]
    folder = tmp_path / "verdicts"
    result = rnnviz("train", own, "--cell", "rnn", *columns, *TINY, "--output", folder)
    assert result.exit_code == 0, result.output
    card, model = storage.card(folder), checkpoint.load(folder)
    assert model.labels == ("bad", "fine") and card["dataset"] == "verdicts"
    assert card["training_texts"] == 176 and card["held_out"]["n"] == 44 and "test" not in card
    found = json.loads(rnnviz("evaluate", folder, "--data", own, *columns, "--json").stdout)
    assert found["n"] == 220 and found["data"] == str(own)
    task = texts.load(str(own), held_out=None, seed=0, limit=None, text_column="said",
                      label_column="verdict")  # fmt: skip
    assert 80 < int(task.training.labels.sum()) < 96


def test_how_a_file_was_read_is_said_beside_the_result(learnt: Path, tmp_path: Path) -> None:
    """On standard error and in the JSON, the same sentences as on the pages."""
    rows = [f"Wspaniały film i świetna muzyka {n}\t{('bad', 'fine')[n % 2]}" for n in range(24)]
    rows[3], rows[9] = '"' + rows[3], rows[9].replace("\t", '"\t')
    path = tmp_path / "own.tsv"
    path.write_bytes("\n".join(["text\tlabel", *rows]).encode("cp1250"))
    result = rnnviz("train", path, "--output", tmp_path / "m", *TINY)
    assert result.exit_code == 0, result.output
    assert "rnnviz: Read as Windows-1250; if letters" in result.stderr
    assert "In line 5 a quote opens a field and does not close" in result.stderr
    path.write_bytes(path.read_bytes().replace(b"bad", b"negative").replace(b"fine", b"positive"))
    result = rnnviz("evaluate", learnt, "--data", path, "--json")
    told = json.loads(result.stdout)
    assert told["n"] == 24 and len(told["notices"]) == 2
    assert [f"rnnviz: {one}" for one in told["notices"]] == result.stderr.strip().split("\n")


def test_the_same_command_gives_the_same_weights_and_tokens(tmp_path: Path) -> None:
    sums = set()
    for name in ("one", "two"):
        command = ["train", "sentences", "--pieces", "bpe", *TINY, "--output", tmp_path / name]
        assert rnnviz(*command).exit_code == 0
        card = storage.card(tmp_path / name)
        sums.add((card["sha256"], card["tokenizer_sha256"]))
    assert len(sums) == 1


def test_a_text_is_traced(learnt: Path, tmp_path: Path) -> None:
    text = "The zzyx was not good."
    result = rnnviz("trace", learnt, "--text", text, "--npz", tmp_path / "t.npz")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    steps = ["The", "zzyx?", "was", "not", "good", "."]
    assert [line.split(": ")[0] for line in lines[:-1]] == [f"after {step}" for step in steps]
    assert lines[-1].endswith("reads negative")
    with np.load(tmp_path / "t.npz") as arrays:
        assert arrays["layer0.backward.update_gate"].shape == (1, 6, 32)
    result = rnnviz("trace", learnt, "--text", "It was good. " * 60)
    assert "140 tokens after token 50 are left out" in result.stdout
    refused(rnnviz("trace", learnt, "--image", "x.png"), "--text")
    refused(rnnviz("trace", "mnist-lstm", "--text", text), "--image")
    refused(rnnviz("trace", learnt, "--text", "  "), "white space")


def test_commands_for_images_leave_models_of_texts_out(
    learnt: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RNNVIZ_MODELS", str(learnt.parent))
    assert learnt.name in storage.names() and learnt.name in storage.names(reading="texts")
    assert storage.names(reading="images") == [
        name for name in storage.names() if name.startswith("mnist")
    ]


def test_words_on_the_command_line_win(tmp_path: Path) -> None:
    command = ["train", "sentences", *TINY, "--readout", "max", "--one-direction", "--no-half",
               "--num-layers", 2, "--vocabulary", 90, "--most-tokens", 7, "--dropout", 0.2,
               "--word-dropout", 0.3, "--adversarial", 0.4, "--average-decay", 0.5]  # fmt: skip
    assert rnnviz(*command, "--output", tmp_path / "mine").exit_code == 0
    model, card = checkpoint.load(tmp_path / "mine"), storage.card(tmp_path / "mine")
    words = ("readout", "bidirectional", "num_layers", "vocabulary_size", "dropout", "word_dropout")
    assert [model.config[word] for word in words] == ["max", False, 2, 90, 0.2, 0.3]
    assert (model.config["hidden_size"], model.config["input_size"]) == (8, 8)
    assert (card["recipe"]["adversarial"], card["recipe"]["average_decay"]) == (0.4, 0.5)
    assert card["storage"] == "float32" and tokens.load(tmp_path / "mine").most_tokens == 7


def test_the_tokenizer_knows_only_training_texts(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    rows = [{"text": f"word{number} and", "label": number % 2} for number in range(100)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = texts.load(str(path), held_out=20, seed=3, limit=None,
                      chosen_tokens={"kind": "word", "least_count": 1})  # fmt: skip
    assert len(task.held_out) == 20
    assert (task.held_out.inputs[:, 0] == tokens.UNKNOWN).all()
    assert (task.training.inputs[:, 0] != tokens.UNKNOWN).all()
    assert task.training.labels.tolist() != sorted(task.training.labels.tolist())


def test_long_texts_are_read_shorter_while_training() -> None:
    chosen = {"most_tokens": 12}
    task = texts.load("sentences", held_out=None, seed=0, limit=50, chosen_tokens=chosen,
                      train_tokens=6)  # fmt: skip
    assert task.training.inputs.shape[1] == 6 and task.held_out.inputs.shape[1] == 12
    assert task.tokenizer.most_tokens == 12
    first = task.training.inputs[int(task.training.lengths.argmax())]  # type: ignore[union-attr]
    assert (first != tokens.PAD).all()


def test_embeddings_start_from_word_vectors(tmp_path: Path) -> None:
    """Oracle: the vectors themselves; with no learning rate they stay."""
    command = ["train", "sentences", *TINY, "--word-vectors", "--learning-rate", 0, "--no-half"]
    assert rnnviz(*command, "--output", tmp_path / "mine").exit_code == 0
    task = texts.load("sentences", held_out=None, seed=0, limit=300)
    model = checkpoint.load(tmp_path / "mine")
    expected = vectors.word_vectors(task.training.inputs, task.tokenizer.vocabulary_size, 8)
    assert_near(model.embedding.weight[2:].detach(), expected[2:], 1e-5)
    assert "company" in storage.card(tmp_path / "mine")["started_from"]


def test_padded_by_hand() -> None:
    inputs, lengths = evaluation.padded([np.array([5, 6]), np.array([7]), np.array([8, 9, 3])])
    assert inputs.tolist() == [[5, 6, 0], [7, 0, 0], [8, 9, 3]] and lengths.tolist() == [2, 1, 3]


def test_texts_are_scored_one_by_one_or_together() -> None:
    """Oracle: the model on each text alone."""
    found = [one.text for one in sentences.load("test", count=200)]
    tokenizer = tokens.train(found, kind="word", size=300, least_count=1)
    torch.manual_seed(1)
    size = tokenizer.vocabulary_size
    model = SequenceClassifier(
        "lstm", 6, 5, 1, True, "attention-max", 2, size, dropout=0.5, labels=SENTIMENT
    )
    labels = np.arange(200) % 2
    score = evaluation.score_texts(
        model, tokenizer, LabelledTexts(tuple(found), labels, SENTIMENT, "it")
    )
    assert model.training
    model.eval()
    answers = [
        int(model(torch.from_numpy(tokenizer.encode(text).ids)[None]).argmax()) for text in found
    ]
    expected = [[0, 0], [0, 0]]
    for answer, label in zip(answers, labels.tolist(), strict=True):
        expected[label][answer] += 1
    assert score.confusion.tolist() == expected


def test_what_cannot_be_done_is_told_in_one_sentence(
    own: Path, learnt: Path, tmp_path: Path
) -> None:
    refused(rnnviz("train", "imdb", "--output", tmp_path / "m"), "RNNVIZ_DATA", "sentences")
    refused(rnnviz("train", "imagenet"), "imagenet", "sentences", ".csv")
    digits = ("train", "digits", "--output", tmp_path / "m")
    refused(rnnviz(*digits, "--word-dropout", 0.1), "--word-dropout", "digits")
    refused(rnnviz(*digits, "--embedding-size", 9), "--embedding-size", "digits")
    refused(rnnviz("train", own, "--output", tmp_path / "m"), "'text'", "said, verdict")
    refused(rnnviz("train", tmp_path / "gone.csv"), "gone.csv")
    refused(rnnviz("train", "sentences", "--start", learnt, "--output", tmp_path / "m"), "--start")
    refused(rnnviz("evaluate", learnt, "--data", own), "'text'")
    other = checkpoint.save(
        checkpoint.load(learnt), tmp_path / "own", {"dataset": "verdicts"},
        files=tokens.load(learnt).files(),
    )  # fmt: skip
    refused(rnnviz("evaluate", other), "--data", "verdicts")
    columns = ("--text-column", "said", "--label-column", "verdict")
    found = rnnviz("evaluate", learnt, "--data", own, *columns)
    refused(found, "negative and positive", "'bad', 'fine'")
    few = tmp_path / "few.csv"
    few.write_text("text,label\ngood,1\nbad,0\n")
    refused(rnnviz("train", few, "--output", tmp_path / "m"), "at least 10 texts", "got 2")
    (learnt / "tokenizer.json").rename(tmp_path / "aside")
    try:
        refused(rnnviz("evaluate", learnt), "tokenizer.json")
    finally:
        (tmp_path / "aside").rename(learnt / "tokenizer.json")
    with pytest.raises(DataError):
        texts.load("imdb.txt", held_out=1, seed=0, limit=None)
