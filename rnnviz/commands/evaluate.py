"""`evaluate` on images and on texts: which data suits a model, the score on it, and the record."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rnnviz.commands import progress
from rnnviz.data import DataError, imdb, sentences, texts
from rnnviz.models import evaluation, storage, tokens
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.models.evaluation import Score
from rnnviz.models.storage import CheckpointError
from rnnviz.safe.files import replacing
from rnnviz.training.tasks.texts import grammar


@dataclass(frozen=True)
class Scored:
    """A score, what was scored, and the accuracy and number of each named group of it.

    `notices` are sentences on how the data were read.
    """

    score: Score
    source: str
    groups: dict[str, dict[str, float]] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


def score_images(network: SequenceClassifier, name: str | Path, data: Path | None) -> Scored:
    """The score on the images of an .npz file, or on the test images that suit the model."""
    if data:
        labelled = evaluation.read_npz(data)
    else:
        labelled = evaluation.default_images(storage.dataset_of(name))
    score = evaluation.score(network, labelled.images, labelled.labels, progress("scoring"))
    return Scored(score, labelled.source, notices=labelled.notices)


def score_texts(
    network: SequenceClassifier,
    name: str | Path,
    data: Path | None,
    text_column: str,
    label_column: str,
) -> Scored:
    """The score on the texts of a file, or on the test texts that suit the model.

    On the grammar's sentences every construction is a group of its own.
    """
    tokenizer = tokens.load(name)
    if data is None and storage.dataset_of(name) == "sentences":
        return _score_sentences(network, tokenizer)
    if data is None:
        dataset = storage.dataset_of(name)
        if dataset != "imdb":
            raise DataError(
                f"expected --data for a model of {dataset}, which has no test texts: name a file"
            )
        fitted = texts.fitted(imdb.load("test"), network.labels)
    else:
        fitted = texts.read_for(data, network.labels, text_column, label_column)
    score = evaluation.score_texts(network, tokenizer, fitted, progress("scoring"))
    return Scored(score, fitted.source, notices=fitted.notices)


def _score_sentences(network: SequenceClassifier, tokenizer: tokens.TextTokenizer) -> Scored:
    found, labelled = sentences.load("test"), grammar("test")
    fitted = texts.fitted(labelled, network.labels)
    answers = evaluation.answers_to(network, tokenizer, fitted.texts).argmax(-1).numpy()
    right = answers == fitted.labels
    groups = {}
    for construction in sentences.CONSTRUCTIONS:
        own = np.array([one.construction == construction for one in found])
        groups[construction] = {"accuracy": float(right[own].mean()), "n": int(own.sum())}
    score = evaluation.score_texts(network, tokenizer, fitted)
    return Scored(score, labelled.source, groups)


def check_recordable(name: str | Path, again: bool) -> None:
    """Raise `CheckpointError` where no test can be recorded, before minutes are spent on it.

    A test set is for one look: whoever chooses between networks by it has none any more.
    """
    folder = storage.folder_of(name)
    if not (folder / storage.CARD).is_file():
        raise CheckpointError(f"expected {storage.CARD} in {folder}, got none: train the model")
    test = storage.read_json(folder / storage.CARD).get("test")
    if test is not None and not again:
        raise CheckpointError(
            f"expected a card without a test in {folder}, got one that was recorded before: a test "
            "set is scored once; --again writes over it, for what is no choice between networks"
        )


def record(name: str | Path, found: Scored, command: str) -> Path:
    """Write the score into the model's card, with what was scored and how; the card's path.

    Of a path only the file's name is kept. A reader never meets half a card.
    """
    path = storage.folder_of(name) / storage.CARD
    card = storage.read_json(path)
    card["test"] = {
        "data": Path(found.source).name if Path(found.source).is_file() else found.source,
        "accuracy": round(found.score.accuracy, 6),
        "n": found.score.n,
        "command": command,
        **({"groups": found.groups} if found.groups else {}),
    }
    with replacing(path) as beside:
        text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
        beside.write_text(text, encoding="utf-8")
    return path
