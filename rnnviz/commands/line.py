"""`line`: which texts suit a model, and the sentiment line over them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from rnnviz.analysis import line_fit
from rnnviz.analysis.sentiment import SentimentLine
from rnnviz.commands import progress, tell
from rnnviz.data import DataError, imdb, texts
from rnnviz.data.texts import LabelledTexts
from rnnviz.models import checkpoint, storage, tokens
from rnnviz.training.tasks import images
from rnnviz.training.tasks.texts import grammar

TEXTS = 400
MOST_TOKENS = 400
"""Of a longer review the first and the last half of this are read."""


def fit(model: str | Path, data: Path | None, count: int, seed: int) -> tuple[SentimentLine, ...]:
    """The lines of a saved model over `count` texts that it did not learn from."""
    network, tokenizer = checkpoint.load(model), tokens.load(model)
    folder = storage.folder_of(model)
    if len(network.labels) != 2:
        raise DataError(
            f"expected a network of two classes, got {folder.name} with {len(network.labels)}: "
            "a line has two ends, choose another network"
        )
    labelled = texts.fitted(texts_for(folder, data), network.labels)
    tell(labelled.notices)
    chosen = np.random.default_rng(seed).permutation(len(labelled))[:count]
    encoded = [tokenizer.encode(labelled.texts[place], MOST_TOKENS) for place in chosen.tolist()]
    try:
        return line_fit.fit(
            network,
            encoded,
            labelled.labels[chosen],
            name=folder.name,
            sha256=storage.weights_sum(folder),
            source=labelled.source,
            seed=seed,
            track=progress(f"reading with {folder.name}"),
        )
    except ValueError as failure:
        raise DataError(f"{folder.name} and its data do not fit: {failure}") from failure


def texts_for(folder: Path, data: Path | None) -> LabelledTexts:
    """Labelled texts of a file, or those that were held out when the model was trained.

    Of IMDb these are training reviews, by the seed and the number on the card: no test review is
    looked at.
    """
    if data:
        return texts.read(data)
    dataset = storage.dataset_of(folder)
    if dataset == "sentences":
        return grammar("held-out")
    if dataset != "imdb":
        raise DataError(
            f"expected --data for a model of {dataset}, whose texts are not known: name a file"
        )
    found, card = imdb.load("train"), storage.card(folder)
    if "seed" not in card or "n" not in card.get("held_out", {}):
        raise DataError(
            f"expected the seed and the number of held-out reviews in the card of {folder.name}, "
            "got none: name a file of other texts with --data"
        )
    _, held_out = images.split(
        torch.from_numpy(found.labels), int(card["held_out"]["n"]), int(card["seed"])
    )
    places = held_out.numpy()
    return LabelledTexts(
        texts=tuple(found.texts[place] for place in places.tolist()),
        labels=found.labels[places],
        names=found.names,
        source="held-out IMDb training reviews",
    )
