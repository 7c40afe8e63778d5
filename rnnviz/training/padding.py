"""Small networks that differ in nothing but how they deal with padding, to be compared.

All read the sentences of our own grammar (`data/sentences.py`) in both directions, with the same
tokens, sizes, first weights, recipe and seed. They differ in how a batch is filled up and where
its answer is read:

    last-step       padding after the text up to PADDED tokens, read as if it were text; the answer
                    is read at the last step of both directions, `output[:, -1]`. The mistake.
    left            the same with the padding before the text
    last            padding masked; the true final state of each direction
    mean, max, attention      padding masked; all states of the text

What masks padding is trained in batches of similar length, as everything else here; what reads it,
in random ones. `python -m rnnviz padding` writes them to `pretrained/padding/<cell>-<way>/`, one
folder deeper than the models that one can choose by name: they are exhibits, not readers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnviz.data import sentences
from rnnviz.data.texts import SENTIMENT
from rnnviz.models import checkpoint, tokens
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.models.evaluation import padded
from rnnviz.models.tokens import PAD, TextTokenizer
from rnnviz.training.engine.loop import Examples, Recipe, TrainingFinished, train
from rnnviz.training.preparation import first_weights

CELLS = ("gru", "lstm")
WAYS = ("last-step", "left", "last", "mean", "max", "attention")
READS_PADDING = ("last-step", "left")

PADDED = 64
FEATURES = 24
RECIPE = Recipe(epochs=6, batch_size=64, learning_rate=1e-2, average_decay=0.99)

EXAMPLES_AT_ONCE = 500


def train_all(
    folder: Path,
    *,
    cells: tuple[str, ...] = CELLS,
    ways: tuple[str, ...] = WAYS,
    seed: int = 0,
    recipe: Recipe = RECIPE,
    limit: int | None = None,
    command: str = "",
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Train, score and save a network for every cell and way; yields its name and card each time.

    `limit` keeps only so many sentences of each split, for a quick try.
    """
    found = {split: sentences.load(split, count=limit, seed=seed) for split in sentences.SPLITS}
    tokenizer = tokens.train(
        (one.text for one in found["train"]), kind="word", least_count=1, most_tokens=PADDED
    )
    for cell in cells:
        for way in ways:
            data = {split: examples(tokenizer, some, way) for split, some in found.items()}
            model, card = trained(cell, way, data, tokenizer.vocabulary_size, seed, recipe)
            card["test"] = score(model, data["test"], found["test"])
            card = {**about(way, tokenizer), **card, "command": command, "seed": seed}
            files = tokenizer.files()
            name = f"{cell}-{way}"
            checkpoint.save(model, folder / name, card, files=files, half=True)
            yield name, card


def examples(tokenizer: TextTokenizer, found: tuple[sentences.Sentence, ...], way: str) -> Examples:
    """Sentences as a network of that way reads them, `(N, T)`; with lengths if it masks padding."""
    inputs, lengths = padded(tokenizer.encode_many([one.text for one in found]))
    labels = torch.tensor([one.label for one in found])
    if way not in READS_PADDING:
        return Examples(inputs, labels, lengths)
    return Examples(filled(inputs, lengths, PADDED, before=way == "left"), labels)


def filled(inputs: Tensor, lengths: Tensor, size: int, *, before: bool) -> Tensor:
    """Token numbers `(N, T)` of `lengths (N,)`, with padding up to `size`, `(N, size)`."""
    whole = torch.full((len(inputs), size), PAD, dtype=inputs.dtype)
    whole[:, : inputs.shape[1]] = inputs[:, :size]
    if not before:
        return whole
    places = (torch.arange(size) + lengths[:, None]) % size
    return whole.gather(1, places)


def trained(
    cell: str, way: str, data: dict[str, Examples], vocabulary: int, seed: int, recipe: Recipe
) -> tuple[SequenceClassifier, dict[str, Any]]:
    """The network with the weights of its best epoch, as they are stored, and what to say of it."""
    torch.manual_seed(seed)
    model = SequenceClassifier(
        cell,
        FEATURES,
        FEATURES,
        1,
        bidirectional=True,
        readout="last-step" if way in READS_PADDING else way,
        num_classes=len(SENTIMENT),
        labels=SENTIMENT,
        vocabulary_size=vocabulary,
    )
    first_weights(model.recurrent)
    assert model.embedding is not None
    torch.nn.init.normal_(model.embedding.weight, std=0.1)
    for event in train(model, data["train"], data["held-out"], recipe):
        if isinstance(event, TrainingFinished):
            best = event.best
    # What is scored are the weights as they are stored.
    model.load_state_dict({name: value.half().float() for name, value in best.weights.items()})
    return model.eval(), {
        "kept_epoch": best.epoch,
        "training_texts": len(data["train"]),
        "held_out": {"accuracy": best.held_out_accuracy, "n": best.held_out_count},
        "recipe": asdict(recipe),
        "torch_threads": torch.get_num_threads(),
    }


@torch.no_grad()
def score(
    model: SequenceClassifier, test: Examples, found: tuple[sentences.Sentence, ...]
) -> dict[str, Any]:
    """Accuracy on the test sentences, in all and for every construction."""
    answers = [
        model(batch.inputs, batch.lengths).argmax(dim=1)
        for index in torch.arange(len(test)).split(EXAMPLES_AT_ONCE)
        for batch in [test.at(index)]
    ]
    right = (torch.cat(answers) == test.labels).numpy()
    kinds = np.array([one.construction for one in found])
    groups = {
        kind: {"accuracy": float(right[kinds == kind].mean()), "n": int((kinds == kind).sum())}
        for kind in sentences.CONSTRUCTIONS
        if (kinds == kind).any()
    }
    return {
        "data": "the grammar's test sentences",
        "accuracy": float(right.mean()),
        "n": len(right),
        "groups": groups,
    }


def about(way: str, tokenizer: TextTokenizer) -> dict[str, Any]:
    """What a card says of the task."""
    return {
        "task": "classify the texts of sentences as negative or positive",
        "dataset": "sentences",
        "data": "sentences of rnnviz's own grammar, without irony",
        "licence": "MIT",
        "padding": {"way": way, "read_as_text": way in READS_PADDING, "tokens": PADDED},
        "tokens": {
            "vocabulary": tokenizer.vocabulary_size,
            "read_of_a_text": tokenizer.most_tokens,
        },
    }
