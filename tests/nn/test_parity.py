"""`python -m rnnviz parity`: it passes on what we ship, and it notices what is broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from typer.testing import CliRunner

from rnnviz.__main__ import app
from rnnviz.nn import bptt, parity
from rnnviz.nn.cells.gru import GRUCell


def test_the_grid_holds_every_option() -> None:
    grid = list(parity.cases())
    assert len(grid) == len(set(grid)) == 5 * 2 * 2 * 2 * 2**5
    for field, values in zip(parity.Case._fields, zip(*grid, strict=True), strict=True):
        assert len(set(values)) >= 2, field
    assert {case.dtype: parity.TOLERANCE[case.dtype] for case in grid} == {
        torch.float64: 1e-10,
        torch.float32: 1e-5,
    }
    assert {case.kind for case in parity.cases("lstm")} == {"lstm", "lstm projected"}
    with pytest.raises(ValueError, match="rnn, gru or lstm.*'elman'"):
        list(parity.cases("elman"))


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_command_passes(cell: str) -> None:
    result = CliRunner().invoke(app, ["parity", "--cell", cell])
    assert result.exit_code == 0, result.output
    assert "largest difference in float64" in result.output
    assert "EXCEEDED" not in result.output


def exceeded(monkeypatch: pytest.MonkeyPatch, damage: Callable[[Tensor], Tensor]) -> set[str]:
    """Damage what our fast GRU returns; the rows of the table that say so, by cell and engine.

    The command has to fail. It runs one case of each cell, engine and precision.
    """
    right = bptt.through_time

    def wrong(cell: Any, *arguments: Any, **options: Any) -> Any:
        output, final = right(cell, *arguments, **options)
        return (damage(output) if isinstance(cell, GRUCell) else output), final

    monkeypatch.setattr(bptt, "through_time", wrong)
    few = {(case.kind, case.engine, case.dtype): case for case in parity.cases()}
    monkeypatch.setattr(parity, "cases", lambda cell=None: iter(few.values()))
    result = CliRunner().invoke(app, ["parity"], env={"COLUMNS": "120"})
    assert result.exit_code == 1, result.output
    lines = [line.split() for line in result.output.splitlines() if "EXCEEDED" in line]
    return {f"{line[0]} {line[1]} {line[2]}" for line in lines}


GRU_ROWS = {"gru float64 bptt", "gru float32 bptt"}


def test_a_wrong_value_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    assert exceeded(monkeypatch, lambda output: output + 1e-4) == GRU_ROWS


def test_a_wrong_gradient_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def damage(output: Tensor) -> Tensor:
        return output + 1e-3 * (output - output.detach())  # the same value, a steeper slope

    assert exceeded(monkeypatch, damage) == GRU_ROWS


def test_nan_is_no_agreement(monkeypatch: pytest.MonkeyPatch) -> None:
    assert exceeded(monkeypatch, lambda output: output * torch.nan) == GRU_ROWS
