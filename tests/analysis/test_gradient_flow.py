"""The norm of dL/dh_t.

Oracles: finite differences of a loop that is written out here; for torch.nn, autograd through its
own layer run step by step; and for one linear RNN the closed form W^(T-t).
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from rnnviz.analysis.gradient_flow import gradient_flow
from rnnviz.models.classifier import SequenceClassifier
from tests.oracle import assert_near

TARGET = torch.tensor([1])


def loss(outputs: Tensor) -> Tensor:
    return cross_entropy(outputs, TARGET)


def built(**words: object) -> SequenceClassifier:
    torch.manual_seed(3)
    words = {"cell": "gru", "readout": "last", "num_layers": 1, **words}
    model = SequenceClassifier(input_size=4, hidden_size=5, num_classes=3, labels="abc", **words)  # type: ignore[arg-type]
    return model.double().eval()


def inputs(steps: int = 6) -> Tensor:
    return torch.rand(steps, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_against_torch_nn_step_by_step(cell: str) -> None:
    """torch.nn's own layer, one step a call, so that autograd sees every state in between."""
    model, given = built(cell=cell), inputs()
    theirs = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[cell](4, 5).double()
    theirs.load_state_dict(model.recurrent.state_dict())
    features, state, hidden = model.features(given[None])[0], None, []
    for row in features:
        _, state = theirs(row[None, None], state)
        hidden.append(state[0] if cell == "lstm" else state)
    value = loss(model.head(hidden[-1][0]))
    expected = [float(one.norm()) for one in torch.autograd.grad(value, hidden)]
    flow = gradient_flow(model, given, loss)
    assert_near(flow.layers[0].forward, expected, 1e-9)
    assert flow.loss == pytest.approx(float(value.detach()))
    assert flow.left == pytest.approx(expected[0] / expected[-1])


@pytest.mark.parametrize(
    "words",
    [
        {"readout": "attention", "bidirectional": True, "num_layers": 2},
        {"readout": "mean", "bidirectional": True, "cell": "rnn"},
        {"answers": 3},
    ],
)
def test_against_finite_differences(words: dict[str, object]) -> None:
    """Nudge one state of the lowest layer, read on from it by the cells' own loop, see the loss."""
    model, given = built(**words), inputs()
    answers = model.config["answers"]
    targets = torch.tensor([[1, 0, 2]]) if answers > 1 else TARGET

    def value_of(outputs: Tensor) -> Tensor:
        if answers > 1:
            return cross_entropy(outputs.flatten(0, 1), targets.flatten())
        return cross_entropy(outputs, targets)

    def nudged(at: tuple[int, int, int], by: Tensor) -> float:
        """The loss where the state after step `t` of that layer and direction is moved."""
        layer_at, reverse_at, step_at = at
        sequence = model.features(given[None])[0]
        for layer in range(model.recurrent.num_layers):
            sides = []
            for reverse in range(model.recurrent.num_directions):
                cell = model.recurrent.cell(layer, reverse=bool(reverse))
                state, seen = (torch.zeros(1, 5, dtype=torch.float64),), {}
                order = range(len(sequence))
                for t in reversed(order) if reverse else order:
                    state = cell(sequence[t][None], state).state
                    if (layer, reverse, t) == (layer_at, reverse_at, step_at):
                        state = (state[0] + by, *state[1:])
                    seen[t] = state[0][0]
                sides.append(torch.stack([seen[t] for t in order]))
            sequence = torch.cat(sides, dim=-1)
        if answers > 1:
            return float(value_of(model.head(sequence[None, -answers:])))
        length = torch.tensor([len(sequence)])
        return float(value_of(model.head(model.readout(sequence[None], length))))

    flow = gradient_flow(model, given, value_of)
    assert len(flow.layers) == model.recurrent.num_layers
    size = 1e-6
    with torch.no_grad():
        for layer, found in enumerate(flow.layers):
            for reverse, norms in enumerate(found.directions.values()):
                for step in (0, 3, 5):
                    slopes = [
                        nudged((layer, reverse, step), size * unit)
                        - nudged((layer, reverse, step), -size * unit)
                        for unit in torch.eye(5, dtype=torch.float64)[:, None]
                    ]
                    expected = np.linalg.norm(slopes) / (2 * size)
                    assert norms[step] == pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_the_closed_form_of_a_linear_network() -> None:
    """With W_hh = s I and states near 0, where tanh is linear, a step back multiplies by s."""
    model = built(cell="rnn")
    with torch.no_grad():
        for name, value in model.recurrent.named_parameters():
            value.zero_()
            if name == "weight_hh_l0":
                value.copy_(0.5 * torch.eye(5))
    norms = gradient_flow(model, inputs(9), loss).layers[0].forward
    assert norms[:-1] / norms[1:] == pytest.approx(0.5, rel=1e-9)


@pytest.mark.parametrize("frozen", [False, True])
def test_a_shared_model_stays_as_it_is(frozen: bool) -> None:
    model = built(bidirectional=True).requires_grad_(not frozen)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():  # whatever the caller does
        flow = gradient_flow(model, inputs(), loss)
    assert flow.layers[0].forward.min() >= 0 and flow.layers[0].backward is not None
    assert all(one.grad is None for one in model.parameters())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert not model.training


def test_what_is_asked_wrongly_is_said() -> None:
    model = built()
    with pytest.raises(ValueError, match=r"evaluation mode"):
        gradient_flow(model.train(), inputs(), loss)
    with pytest.raises(ValueError, match="one example"):
        gradient_flow(model.eval(), inputs()[None], loss)
    with torch.no_grad():
        model.head.weight.fill_(torch.inf)
    with pytest.raises(ValueError, match="finite"):
        gradient_flow(model, inputs(), loss)


def test_tokens_are_read_through_the_embedding() -> None:
    model = built(vocabulary_size=9)
    flow = gradient_flow(model, torch.tensor([1, 8, 3]), loss)
    assert flow.outputs.shape == (3,) and flow.layers[0].forward.shape == (3,)
