"""The minimal gated unit. Oracles: its equations in NumPy, and finite differences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import rnnviz
from tests.oracle import assert_near

INPUTS = torch.randn(6, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("engine", ["bptt", "steps"])
def test_is_its_equations(engine: str, bias: bool) -> None:
    torch.manual_seed(1)
    layer = rnnviz.MGU(4, 5, bias=bias, dtype=torch.float64, engine=engine)
    weights = [one.detach().numpy() for one in layer.parameters()]
    w, u, b, c = (*weights, np.zeros(10), np.zeros(10))[:4]
    hidden, trace = np.zeros((3, 5)), rnnviz.trace(layer, INPUTS)
    for t, inputs in enumerate(INPUTS.numpy()):
        given = inputs @ w.T + b
        z = sigmoid(given[:, :5] + hidden @ u[:5].T + c[:5])
        n = np.tanh(given[:, 5:] + ((1 - z) * hidden) @ u[5:].T + c[5:])
        hidden = z * hidden + (1 - z) * n
        for name, wanted in (("update_gate", z), ("candidate", n), ("hidden", hidden)):
            assert_near(trace.signal(name)[:, t], torch.from_numpy(wanted), 1e-12)
        assert_near(layer(INPUTS)[0][t].detach(), torch.from_numpy(hidden), 1e-12)


def test_gradients_are_finite_differences() -> None:
    torch.manual_seed(2)
    layer = rnnviz.MGU(4, 3, 2, bidirectional=True, dtype=torch.float64)
    names, parameters = zip(*layer.named_parameters(), strict=True)

    def read(inputs: torch.Tensor, *weights: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(
            layer, dict(zip(names, weights, strict=True)), (inputs,), {"lengths": [6, 2, 4]}
        )[0]

    assert torch.autograd.gradcheck(read, (INPUTS.clone().requires_grad_(), *parameters))


def test_torch_has_no_twin() -> None:
    with pytest.raises(ValueError, match=r"torch\.nn has no MGU: choose bptt or steps"):
        rnnviz.MGU(4, 5, engine="torch")


def test_padding_is_held_and_a_trace_comes_back(tmp_path: Path) -> None:
    layer = rnnviz.MGU(4, 5, batch_first=True, bidirectional=True, dtype=torch.float64)
    trace = rnnviz.trace(layer, INPUTS.transpose(0, 1), [6, 2, 4])
    alone = rnnviz.trace(layer, INPUTS[:2, 1:2].transpose(0, 1))
    for direction in ("forward", "backward"):
        found = trace.sequence(1).signal("hidden", direction=direction)
        assert_near(found, alone.signal("hidden", direction=direction), 1e-12)
    trace.save_npz(tmp_path / "trace.npz")
    again = rnnviz.Trace.load_npz(tmp_path / "trace.npz")
    assert again.cell == "mgu" and torch.equal(again.output, trace.output)
