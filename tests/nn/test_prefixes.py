"""The answer so far. Oracle: the network on each prefix alone, step by step."""

from __future__ import annotations

import pytest
import torch

from rnnviz.models.classifier import SequenceClassifier
from rnnviz.nn import prefixes
from rnnviz.nn.recurrent import GRU, LSTM, RNN
from rnnviz.nn.unrolling import unroll
from tests.oracle import assert_near


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    "module",
    [
        lambda bias: RNN(5, 4, bias=bias),
        lambda bias: RNN(5, 4, nonlinearity="relu", bias=bias),
        lambda bias: GRU(5, 4, bias=bias),
        lambda bias: LSTM(5, 4, bias=bias),
        lambda bias: LSTM(5, 4, bias=bias, proj_size=3),
    ],
)
@pytest.mark.parametrize("ends", [(9, 8, 7, 6, 5, 4, 3, 2, 1), (9, 4), (6, 6, 2), (1,)])
def test_the_growing_batch_is_the_step_loop_on_each_prefix(
    module: object, bias: bool, ends: tuple[int, ...]
) -> None:
    torch.manual_seed(0)
    layer = module(bias).double()  # type: ignore[operator]
    cell, inputs = layer.cell(0), torch.randn(9, 5).double()
    found = prefixes.backward_states(cell, inputs, torch.tensor(ends))
    assert found.shape == (ends[0], len(ends), layer.fed_back_size)
    for place, end in enumerate(ends):
        records, _ = unroll(cell, inputs[:end, None], cell.initial_state(1), reverse=True)
        expected = torch.stack([step.hidden[0] for step in records]).detach()
        assert_near(found[:end, place], expected, 1e-12)
        assert not found[end:, place].any()


@pytest.mark.parametrize("most", [1, 10, 100])
def test_groups_hold_every_prefix_once_and_few_steps(most: int) -> None:
    ends = torch.tensor([30, 29, 12, 5, 5, 4, 2, 1])
    found = [ends[some].tolist() for some in prefixes.groups(ends, most)]
    assert [end for group in found for end in group] == ends.tolist()
    assert all(len(group) == 1 or len(group) * group[0] <= most for group in found)


@pytest.mark.parametrize("readout", ["last", "mean", "max", "attention", "attention-max"])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_answers_are_those_to_each_prefix(cell: str, readout: str) -> None:
    torch.manual_seed(1)
    model = SequenceClassifier(cell, 6, 5, 1, True, readout, 2, 30, labels=("no", "yes"))
    model = model.double().eval()
    ids = torch.randint(2, 30, (1, 90))
    found = model.trace(ids).prefix_probabilities[0]
    for end in range(1, 91):
        expected = model(ids[:, :end]).softmax(-1)[0].detach()
        assert_near(found[end - 1], expected, 1e-12)
