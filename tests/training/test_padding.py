"""The small networks of the padding exhibit. Oracles: padding by hand, the files they leave."""

from __future__ import annotations

from pathlib import Path

import torch
from typer.testing import CliRunner

from rnnviz.__main__ import app
from rnnviz.data import sentences
from rnnviz.models import checkpoint, storage, tokens
from rnnviz.training import padding


def test_padding_stands_behind_the_text_or_before_it() -> None:
    inputs = torch.tensor([[5, 6, 7, 8], [9, 4, 0, 0]])
    lengths = torch.tensor([4, 2])
    behind = padding.filled(inputs, lengths, 6, before=False)
    assert behind.tolist() == [[5, 6, 7, 8, 0, 0], [9, 4, 0, 0, 0, 0]]
    before = padding.filled(inputs, lengths, 6, before=True)
    assert before.tolist() == [[0, 0, 5, 6, 7, 8], [0, 0, 0, 0, 9, 4]]


def test_what_masks_padding_knows_lengths_and_what_reads_it_does_not() -> None:
    found = sentences.load("test", count=40)
    tokenizer = tokens.train((one.text for one in found), kind="word", least_count=1)
    for way in padding.WAYS:
        some = padding.examples(tokenizer, found, way)
        assert (some.lengths is None) == (way in padding.READS_PADDING)
        if some.lengths is None:
            assert some.inputs.shape == (40, padding.PADDED)


def test_the_command_writes_them_all_a_folder_deeper(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["padding", "--output", str(tmp_path), "--limit", "64"])
    assert done.exit_code == 0, done.output
    names = sorted(folder.name for folder in tmp_path.iterdir())
    assert names == sorted(f"{cell}-{way}" for cell in padding.CELLS for way in padding.WAYS)
    card = storage.card(tmp_path / "lstm-last-step")
    assert card["padding"] == {"way": "last-step", "read_as_text": True, "tokens": 64}
    assert card["test"]["n"] == 64 and card["storage"] == "float16"
    assert checkpoint.load(tmp_path / "gru-left").config["readout"] == "last-step"
    assert "50" in done.output or "%" in done.output
