"""Text tasks: which texts to learn from, which to hold out, how they become tokens, which recipe.

The tokenizer is trained on the training texts alone. The held-out texts choose hyper-parameters
and the epoch to keep. Test texts are scored once, for the card, and choose nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from rnnviz.data import DataError, imdb, sentences, texts
from rnnviz.data.labelled import MOST_CLASSES, check_labels
from rnnviz.data.texts import SENTIMENT, LabelledTexts, Track
from rnnviz.models import tokens
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.models.evaluation import padded, score_texts
from rnnviz.models.tokens import TextTokenizer
from rnnviz.training.engine.loop import Examples, Recipe
from rnnviz.training.tasks.images import split

NAMES = ("imdb", "sentences")

IMDB_DATA = "IMDb, 25,000 labelled training reviews (Maas et al. 2011)"
IMDB_LICENCE = "for research, see ai.stanford.edu/~amaas/data/sentiment"

FEWEST = 10
"""Texts of somebody's own, below which there is nothing to learn."""


@dataclass(frozen=True)
class Defaults:
    """What suits a task where nobody chose otherwise: words of a model, of tokens, of a recipe.

    Of a long text `train_tokens` are read while training, where these are fewer than later.
    `learning_rates` are those of cells that want another one than the recipe's.
    """

    model: dict[str, Any]
    tokens: dict[str, Any]
    recipe: Recipe
    held_out: int
    train_tokens: int | None = None
    word_vectors: bool = False
    learning_rates: dict[str, float] = field(default_factory=dict)


# At 2e-3 one half of a plain RNN dies: its state flips its sign at every token, whatever it reads.
GENTLE = {"rnn": 1e-3}

IMDB = Defaults(
    model={
        "input_size": 128,
        "hidden_size": 128,
        "num_layers": 1,
        "bidirectional": True,
        "readout": "attention-max",
        "dropout": 0.5,
        "embedding_dropout": 0.5,
        "word_dropout": 0.2,
    },
    tokens={"kind": "bpe", "size": 20_000, "most_tokens": 800, "least_count": 3},
    recipe=Recipe(
        epochs=3,
        batch_size=64,
        learning_rate=2e-3,
        label_smoothing=0.1,
        average_decay=0.998,
    ),
    held_out=2500,
    train_tokens=400,
    word_vectors=True,
    learning_rates=GENTLE,
)
SENTENCES = Defaults(
    model={
        "input_size": 32,
        "hidden_size": 32,
        "num_layers": 1,
        "bidirectional": True,
        "readout": "attention",
        "dropout": 0.1,
        "embedding_dropout": 0.1,
        "word_dropout": 0.0,
    },
    tokens={"kind": "word", "size": 1000, "most_tokens": 100, "least_count": 1},
    recipe=Recipe(epochs=12, batch_size=64, learning_rate=1e-2, average_decay=0.99),
    held_out=1000,
)
# A file of somebody's own is rarely as large as IMDb, and has a longer way to go with each text.
OWN = Defaults(
    model={**IMDB.model, "embedding_dropout": 0.3, "word_dropout": 0.1},
    tokens={**IMDB.tokens, "least_count": 2},
    recipe=Recipe(
        epochs=10,
        batch_size=32,
        learning_rate=2e-3,
        label_smoothing=0.1,
        average_decay=0.99,
        adversarial=0.3,
    ),
    held_out=2500,
    train_tokens=400,
    word_vectors=True,
    learning_rates=GENTLE,
)


@dataclass(frozen=True)
class Parts:
    """Labelled texts to learn from, to hold out and to test on, what they are, their licence."""

    training: LabelledTexts
    held_out: LabelledTexts
    test: LabelledTexts | None
    data: str
    licence: str


@dataclass(frozen=True)
class TextTask:
    """Labelled texts as tokens, split, and what a card has to say about them.

    `test` is None where there are no texts besides those that were split.
    """

    name: str
    training: Examples
    held_out: Examples
    test: LabelledTexts | None
    labels: tuple[str, ...]
    data: str
    licence: str
    tokenizer: TextTokenizer
    held_out_texts: LabelledTexts

    noun: ClassVar[str] = "texts"

    def about(self) -> dict[str, Any]:
        """What a card says of the task."""
        return {
            "task": f"classify the texts of {self.name} as {' or '.join(self.labels)}",
            "dataset": self.name,
            "data": self.data,
            "licence": self.licence,
            "tokens": {
                "vocabulary": self.tokenizer.vocabulary_size,
                "read_of_a_text": self.tokenizer.most_tokens,
            },
        }

    def test_score(self, model: SequenceClassifier) -> dict[str, Any] | None:
        """How the model does on the test texts, or None without any."""
        if self.test is None:
            return None
        found = score_texts(model, self.tokenizer, self.test)
        return {"data": self.test.source, "accuracy": found.accuracy, "n": found.n}


def defaults(name: str) -> Defaults:
    """What suits a task of that name; a name that is none of ours is a file of somebody's own."""
    return {"imdb": IMDB, "sentences": SENTENCES}.get(name, OWN)


def recipe(name: str, cell: str, **chosen: Any) -> Recipe:
    """The recipe that suits a task and a cell, with what somebody chose otherwise."""
    preset = defaults(name)
    rate = preset.learning_rates.get(cell, preset.recipe.learning_rate)
    words = {key: value for key, value in chosen.items() if value is not None}
    return replace(preset.recipe, **{"learning_rate": rate, **words})


def load(
    name: str,
    *,
    held_out: int | None,
    seed: int,
    limit: int | None,
    download: bool = False,
    text_column: str = "text",
    label_column: str = "label",
    chosen_tokens: dict[str, Any] | None = None,
    train_tokens: int | None = None,
    track: Track | None = None,
    read: Callable[..., LabelledTexts] = texts.read,
) -> TextTask:
    """The task called `name`, or that of a file, with a tokenizer trained for it.

    `held_out` texts, at most a fifth, are kept from training; `limit` keeps only so many of the
    rest, for a quick try that is not scored on test texts. `chosen_tokens` are words of
    `tokens.train` to change. A file may have labels of two to `MOST_CLASSES` kinds; it is read by
    `read`. Raises `DataError` without the data.
    """
    preset = defaults(name)
    wanted = preset.held_out if held_out is None else held_out
    if name == "sentences":
        parts = _of_the_grammar(seed)
    elif name == "imdb":
        found = imdb.load("train", download=download, track=track)
        test = None if limit else imdb.load("test", download=download, track=track)
        parts = Parts(*_split(found, wanted, seed), test, IMDB_DATA, IMDB_LICENCE)
    else:
        found = read(
            name,
            text_column=text_column,
            label_column=label_column,
            track=track,
            most_classes=MOST_CLASSES,
        )
        check_labels(found)
        data = f"{Path(name).name}, {len(found):,} texts"
        parts = Parts(*_split(found, wanted, seed), None, data, "unknown")
    train = _at(parts.training, np.arange(len(parts.training))[:limit])
    tokenizer = tokens.train(train.texts, **{**preset.tokens, **(chosen_tokens or {})})
    return TextTask(
        name=name if name in NAMES else Path(name).stem,
        training=examples(tokenizer, train, train_tokens or preset.train_tokens),
        held_out=examples(tokenizer, parts.held_out),
        test=None if limit else parts.test,
        labels=train.names,
        data=parts.data,
        licence=parts.licence,
        tokenizer=tokenizer,
        held_out_texts=parts.held_out,
    )


def _of_the_grammar(seed: int) -> Parts:
    learn, keep, test = (grammar(part, seed) for part in sentences.SPLITS)
    return Parts(learn, keep, test, "sentences of rnnviz's own grammar, without irony", "MIT")


def grammar(part: str, seed: int = 0) -> LabelledTexts:
    """The sentences of one part of the grammar as labelled texts."""
    found = sentences.load(part, seed=seed)
    labels = np.array([one.label for one in found], dtype=np.int64)
    written = tuple(one.text for one in found)
    return LabelledTexts(written, labels, SENTIMENT, f"the grammar's {part} sentences")


def _split(found: LabelledTexts, held_out: int, seed: int) -> tuple[LabelledTexts, LabelledTexts]:
    if len(found) < FEWEST:
        raise DataError(
            f"expected at least {FEWEST} texts to learn from in {found.source}, got {len(found)}: "
            "add some"
        )
    held_out = max(1, min(held_out, len(found) // 5))
    learn, keep = split(torch.from_numpy(found.labels), held_out, seed)
    return _at(found, learn.numpy()), _at(found, keep.numpy())


def _at(found: LabelledTexts, places: np.ndarray) -> LabelledTexts:
    some = tuple(found.texts[place] for place in places.tolist())
    return replace(found, texts=some, labels=found.labels[places])


def examples(
    tokenizer: TextTokenizer, found: LabelledTexts, most_tokens: int | None = None
) -> Examples:
    """Texts as token numbers `(N, T)` int32, padded to the longest, with their lengths.

    Of a long text, `most_tokens` are kept where these are fewer than the tokenizer says.
    """
    most = min(most_tokens or tokenizer.most_tokens, tokenizer.most_tokens)
    inputs, lengths = padded(tokenizer.encode_many(found.texts, most))
    return Examples(inputs, torch.from_numpy(found.labels), lengths)
