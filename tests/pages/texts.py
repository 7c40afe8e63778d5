"""Untrained networks that read texts, small and with the real names, for tests of the Text page."""

from __future__ import annotations

from pathlib import Path

from rnnviz.address import CELLS
from rnnviz.data.passages import PASSAGES


def save_text_models(folder: Path) -> None:
    """``imdb-lstm``, ``imdb-gru`` and ``imdb-rnn`` with one tokenizer, which knows the passages."""
    import torch

    from rnnviz import checkpoint, tokens
    from rnnviz.classifier import SequenceClassifier

    tokenizer = tokens.train([one.text for one in PASSAGES], size=600, least_count=1)
    torch.manual_seed(0)
    for cell in CELLS:
        model = SequenceClassifier(
            cell=cell,
            input_size=8,
            hidden_size=8,
            num_layers=1,
            bidirectional=True,
            readout="attention-max",
            num_classes=2,
            vocabulary_size=tokenizer.vocabulary_size,
            labels=("negative", "positive"),
        )
        checkpoint.save(model, folder / f"imdb-{cell}", {}, files=tokenizer.files())
