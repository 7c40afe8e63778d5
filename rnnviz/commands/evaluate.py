"""`evaluate` on images and on texts: which data suits a model, and the score on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rnnviz import checkpoint, evaluation, tokens
from rnnviz.classifier import SequenceClassifier
from rnnviz.data import DataError, imdb, sentences, texts
from rnnviz.evaluation import Score
from rnnviz.training.texts import grammar


@dataclass(frozen=True)
class Scored:
    """A score, what was scored, and the accuracy and number of each named group of it."""

    score: Score
    source: str
    groups: dict[str, dict[str, float]] = field(default_factory=dict)


def score_images(network: SequenceClassifier, name: str | Path, data: Path | None) -> Scored:
    """The score on the images of an .npz file, or on the test images that suit the model."""
    if data:
        labelled = evaluation.read_npz(data)
    else:
        labelled = evaluation.default_images(checkpoint.dataset_of(name))
    score = evaluation.score(network, labelled.images, labelled.labels)
    return Scored(score, labelled.source)


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
    if data is None and checkpoint.dataset_of(name) == "sentences":
        return _score_sentences(network, tokenizer)
    if data is None:
        dataset = checkpoint.dataset_of(name)
        if dataset != "imdb":
            raise DataError(
                f"expected --data for a model of {dataset}, which has no test texts: name a file"
            )
        labelled = imdb.load("test")
    else:
        labelled = texts.read(data, text_column=text_column, label_column=label_column)
    fitted = texts.fitted(labelled, network.labels)
    return Scored(evaluation.score_texts(network, tokenizer, fitted), labelled.source)


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
