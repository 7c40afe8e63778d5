"""The robustness table. Oracles: scores of images changed by hand."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
import torch

from rnnviz.analysis import robustness
from rnnviz.data import digits
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.models.evaluation import LabelledImages, default_images, score

REDRAWN = functools.cache(digits.load)
"""Redrawing 1,797 digits takes seconds; once is enough."""

MODELS = {cell: SequenceClassifier(cell, hidden_size=8).eval() for cell in ("rnn", "gru")}


def labelled(count: int = 40) -> LabelledImages:
    images, labels = REDRAWN()
    return LabelledImages(
        torch.as_tensor(images[:count]), torch.as_tensor(labels[:count]), "some digits"
    )


def test_every_change_keeps_shape_and_range_and_repeats() -> None:
    images = labelled(6).images.float() / 255
    for condition in robustness.conditions():
        changed = condition.change(images)
        assert changed.shape[1:] == (28, 28) and len(changed) % 6 == 0
        assert float(changed.min()) >= 0 and float(changed.max()) <= 1 + 1e-6
        assert torch.equal(changed, condition.change(images))
        if condition.kind != "none":
            assert not torch.equal(changed[:6], images)
    assert {c.kind for c in robustness.conditions()} == {
        "none", "shift", "scale", "rotation", "pen", "noise"
    }  # fmt: skip


def test_accuracies_are_the_scores_of_images_changed_by_hand() -> None:
    data = labelled()
    table = robustness.accuracies(MODELS, data)
    images = data.images.float() / 255
    sides = []
    for rows, columns in ((2, 0), (-2, 0), (0, 2), (0, -2)):
        moved = torch.zeros_like(images)
        moved[:, max(rows, 0) : 28 + min(rows, 0), max(columns, 0) : 28 + min(columns, 0)] = images[
            :, max(-rows, 0) : 28 - max(rows, 0), max(-columns, 0) : 28 - max(columns, 0)
        ]
        sides.append(moved)
    for name, model in MODELS.items():
        assert table["none", ""][name] == score(model, images, data.labels).accuracy
        expected = sum(score(model, moved, data.labels).accuracy for moved in sides) / 4
        assert table["shift", "2 px, mean of 4 sides"][name] == pytest.approx(expected, abs=0.02)


def test_the_report_says_what_it_was_made_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RNNVIZ_DATA", str(tmp_path))
    monkeypatch.setattr(digits, "load", REDRAWN)
    found = default_images()
    assert str(tmp_path) in found.notices[0]
    text = robustness.report(MODELS, found, limit=20)
    assert str(tmp_path) not in text, "a folder of this machine says nothing to readers"
    assert "20 of scikit-learn's digits" in text and "python -m rnnviz robustness" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + len(robustness.conditions())
    assert all(row.count("|") == 2 + len(MODELS) + 1 for row in rows)
