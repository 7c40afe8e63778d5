"""Arrays in everybody's conventions. Oracle: what the same images give in ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from rnnviz.__main__ import app
from rnnviz.data import DataError, arrays, samples
from rnnviz.models import evaluation

IMAGES, LABELS = samples.load()
UNIT = IMAGES.astype(np.float32) / 255
EACH = UNIT.reshape(20, -1)

# How far a pixel may be off, 0..255, and whether something is to be said.
CONVENTIONS: dict[str, tuple[np.ndarray, float, bool]] = {
    "ours": (IMAGES, 0, False),
    "dark on light": (255 - IMAGES, 0, True),
    "zeros and ones": ((UNIT > 0.5).astype(np.uint8), 128, True),
    "truth": (UNIT > 0.5, 128, True),
    "ones and zeros": ((UNIT <= 0.5).astype(np.int64), 128, True),
    "floats": (UNIT, 0, True),
    "dark on light floats": (1 - UNIT.astype(np.float64), 0, True),
    "floats to 255": (IMAGES.astype(np.float64), 0, False),
    "whole numbers": (IMAGES.astype(np.int64), 0, False),
    "from -1": (2 * UNIT - 1, 0, True),
    "dark on light from -1": (1 - 2 * UNIT, 0, True),
    "mean and deviation": ((UNIT - 0.1307) / 0.3081, 1, True),
    "each by itself": (
        ((EACH - EACH.mean(1, keepdims=True)) / EACH.std(1, keepdims=True)).reshape(-1, 28, 28),
        1,
        True,
    ),
    "16 bits": (257 * IMAGES.astype(np.uint16), 0, True),
    "dark on light of 16 bits": (65535 - 257 * IMAGES.astype(np.uint16), 0, True),
    "0 to 16": (np.rint(16 * UNIT), 8, True),
    "flat": (IMAGES.reshape(20, 784), 0, False),
    "channels first": (IMAGES[:, None], 0, False),
    "channels last": (IMAGES[..., None], 0, False),
    "colours": (np.repeat(IMAGES[..., None], 3, -1), 1, False),
    "colours first, floats": (np.repeat(UNIT[:, None], 3, 1), 1, True),
}


@pytest.mark.parametrize("name", CONVENTIONS)
def test_every_convention_is_read_and_said(name: str) -> None:
    given, off, told = CONVENTIONS[name]
    before = given.copy()
    found, said = arrays.pixels(given, "it")
    assert found.dtype == np.uint8 and found.shape == (20, 28, 28)
    assert np.abs(found.astype(int) - IMAGES).max() <= off
    assert bool(said) is told and all(one.endswith(".") for one in said)
    assert any("dark on light" in one for one in said) is ("dark on" in name or "ones and" in name)
    np.testing.assert_array_equal(given, before)


def test_some_that_are_dark_on_light_are_turned_over_and_counted() -> None:
    mixed = IMAGES.copy()
    mixed[::2] = 255 - mixed[::2]
    found, said = arrays.pixels(mixed, "it")
    np.testing.assert_array_equal(found, IMAGES)
    assert said == ("10 of 20 images are dark on light: turned over, ink is light on dark here.",)
    one = IMAGES.copy()
    one[3] = 255 - one[3]
    found, said = arrays.pixels(one, "it")
    np.testing.assert_array_equal(found, one)
    assert said == ("1 of 20 images have a light border: read as they are.",)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (IMAGES[:, :20], r"expected images \(N, 28, 28\) in it, got \(20, 20, 28\)"),
        (IMAGES[..., None, None], "convert them first"),
        (np.where(UNIT > 0.5, np.nan, UNIT), "finite"),
        (np.where(UNIT > 0.5, np.inf, UNIT), "finite"),
        (UNIT.astype(complex), "images of numbers"),
        (UNIT.astype(str), "images of numbers"),
        (np.zeros((3, 28, 28)), "got 0 for every pixel"),
        (np.zeros((0, 28, 28)), "at least one"),
    ],
)
def test_other_arrays_are_refused(given: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message) as failure:
        arrays.pixels(given, "it")
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one.astype(np.uint8),
        lambda one: one.astype(np.float64),
        lambda one: one[:, None],
        lambda one: np.eye(10)[one],
    ],
)
def test_labels_of_every_kind(change: Callable[[np.ndarray], np.ndarray]) -> None:
    np.testing.assert_array_equal(arrays.labels(change(LABELS), 20, "it"), LABELS)


def test_labels_that_are_none_are_refused() -> None:
    for wrong in (LABELS[:19], LABELS + 0.5, LABELS * np.nan, LABELS.astype(str), LABELS > 3):
        with pytest.raises(DataError, match="expected 20 integer labels"):
            arrays.labels(wrong, 20, "it")


@pytest.mark.parametrize("keys", [("x_test", "y_test"), ("X", "y"), ("data", "target")])
def test_the_command_says_what_was_done(keys: tuple[str, str], tmp_path: Path) -> None:
    """Dark on light scored 5 %, without a word."""
    path = tmp_path / "own.npz"
    np.savez(path, images=IMAGES, labels=LABELS)
    wanted = json.loads(CliRunner().invoke(
        app, ["evaluate", "mnist-gru", "--data", str(path), "--json"]).stdout)  # fmt: skip
    assert "notices" not in wanted and wanted["accuracy"] > 0.8
    np.savez(path, **{keys[0]: 1 - UNIT, keys[1]: LABELS, "x_train": IMAGES})
    result = CliRunner().invoke(app, ["evaluate", "mnist-gru", "--data", str(path), "--json"])
    told = json.loads(result.stdout)
    assert told["accuracy"] == wanted["accuracy"] and len(told["notices"]) == 2
    assert "rnnviz: The images are dark on light: turned over" in result.stderr
    assert evaluation.read_npz(path).notices == tuple(told["notices"])
