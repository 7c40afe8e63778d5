"""The same command in two processes. Oracle: the same command in one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rnnviz.__main__ import app
from rnnviz.models import checkpoint, storage
from tests.oracle import assert_near

ROOT = Path(__file__).resolve().parents[2]
CLOCK = re.compile(r"  \d+\.\d s\b")
NUMBER = re.compile(r"\d+\.\d+")

# 65 examples in batches of 32: the last batch has one example, and one process has none of it.
COMMAND = [
    *("train", "digits", "--cell", "gru", "--hidden-size", "8", "--num-layers", "1"),
    *("--dropout", "0", "--limit", "65", "--held-out", "41", "--batch-size", "32"),
    *("--epochs", "3", "--learning-rate", "0.02", "--average-decay", "0.5", "--device", "cpu"),
]
TWO = ["-m", "torch.distributed.run", "--nproc_per_node", "2", "--standalone", "-m", "rnnviz"]


def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    pytest.importorskip("accelerate")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *TWO, *COMMAND, "--output", str(tmp_path / "two")],
        capture_output=True,
        text=True,
        env=environment,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    alone = CliRunner().invoke(app, [*COMMAND, "--output", str(tmp_path / "one")])
    assert alone.exit_code == 0, alone.stderr

    def lines(told: str) -> list[str]:
        """Of each epoch all but the time it took."""
        return [CLOCK.sub("", line) for line in told.splitlines() if line.startswith("epoch")]

    # The loss and every score, printed once, by one process; the last decimals are rounding.
    assert "On cpu, 2 processes." in done.stderr
    assert len(lines(done.stderr)) == len(lines(alone.stderr)) == 3
    for ours, its in zip(lines(done.stderr), lines(alone.stderr), strict=True):
        assert NUMBER.split(ours) == NUMBER.split(its)
        found, wanted = (list(map(float, NUMBER.findall(line))) for line in (ours, its))
        assert found == pytest.approx(wanted, rel=2e-3)
    one, two = (checkpoint.load(tmp_path / name) for name in ("one", "two"))
    for name, value in one.state_dict().items():
        assert_near(two.state_dict()[name], value, 1e-3, what=name)
    cards = [storage.card(tmp_path / name) for name in ("one", "two")]
    assert cards[0]["held_out"] == cards[1]["held_out"]
    assert cards[0]["kept_epoch"] == cards[1]["kept_epoch"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]
