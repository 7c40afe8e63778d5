"""Moving parameters between torch.nn and ours, and initial values, against linear algebra."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import rnnviz
from rnnviz.nn.parameters import adopt, copy_parameters, initialise
from tests.oracle import CELLS, OURS, TORCH, assert_near, assert_same, run

X = torch.randn(7, 3, 4)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("homes", [(OURS, TORCH), (TORCH, OURS), (OURS, OURS), (TORCH, TORCH)])
def test_copies_both_ways(cell: str, homes: tuple[Any, Any]) -> None:
    source, target = (home[cell](4, 5, 2, bidirectional=True) for home in homes)
    assert not torch.equal(source(X)[0], target(X)[0])
    copy_parameters(source, target)
    assert_same(run(target, X), run(source, X), 1e-5)
    with torch.no_grad():
        source.weight_hh_l0.zero_()
    assert target.weight_hh_l0.any(), "a copy, not the same memory"


def test_copies_across_types_and_batch_first() -> None:
    source = nn.LSTM(4, 5, proj_size=2, dtype=torch.float64, batch_first=True)
    target = rnnviz.LSTM(4, 5, proj_size=2)
    copy_parameters(source, target)
    assert target.weight_hr_l0.dtype == torch.float32
    assert_near(target.weight_hr_l0, source.weight_hr_l0.float(), 1e-5)


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        (nn.GRU(4, 5), rnnviz.LSTM(4, 5), "GRU.*LSTM"),
        (nn.RNN(4, 5), rnnviz.RNN(4, 5, nonlinearity="relu"), "RNN_TANH.*RNN_RELU"),
        (nn.GRU(4, 5), rnnviz.GRU(4, 6), "hidden_size is 5.*6"),
        (nn.GRU(4, 5), rnnviz.GRU(3, 5), r"input_size.*weight_ih_l0.*\(15, 4\).*\(15, 3\)"),
        (nn.GRU(4, 5, 2), rnnviz.GRU(4, 5), "num_layers.*the target has no weight_ih_l1"),
        (nn.GRU(4, 5), rnnviz.GRU(4, 5, bias=False), "bias.*the target has no bias_ih_l0"),
        (nn.GRU(4, 5), rnnviz.GRU(4, 5, bidirectional=True), "the source has no .*_reverse"),
        (nn.LSTM(4, 5), rnnviz.LSTM(4, 5, proj_size=2), "the source has no weight_hr_l0"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_copied(
    source: nn.Module, target: nn.Module, message: str
) -> None:
    before = {name: value.clone() for name, value in target.state_dict().items()}
    with pytest.raises(ValueError, match=message):
        copy_parameters(source, target)
    assert_same(target.state_dict(), before, 0)


def test_only_recurrent_modules() -> None:
    for pair in ((nn.Linear(2, 2), rnnviz.GRU(2, 2)), (rnnviz.GRU(2, 2), nn.GRUCell(2, 2))):
        with pytest.raises(TypeError, match="expected an RNN, GRU or LSTM.*torch.nn"):
            copy_parameters(*pair)
        with pytest.raises(TypeError, match="expected an RNN, GRU or LSTM"):
            initialise(pair[0] if isinstance(pair[0], nn.Linear) else pair[1])


@pytest.mark.parametrize("cell", CELLS)
def test_an_adopted_module_shares_its_parameters(cell: str) -> None:
    theirs = TORCH[cell](4, 5, 2, bidirectional=True, batch_first=True)
    ours = adopt(theirs.eval())
    assert repr(ours) == repr(theirs) and not ours.training
    assert_same(run(ours, X), run(theirs, X), 1e-5)
    assert ours.weight_hh_l1_reverse is theirs.weight_hh_l1_reverse
    assert adopt(ours) is ours


def blocks(module: Any, kind: str = "weight_hh") -> list[Tensor]:
    """Each gate's rows of each layer and direction."""
    named = module.named_parameters()
    return [
        block
        for name, value in named
        if name.startswith(kind)
        for block in value.detach().split(module.hidden_size)
    ]


@pytest.mark.parametrize("homes", [OURS, TORCH])
@pytest.mark.parametrize("gain", [0.7, 1.0, 1.3])
@pytest.mark.parametrize("cell", CELLS)
def test_orthogonal_blocks(cell: str, gain: float, homes: Any) -> None:
    """`W^T W = gain^2 1` for every gate, and no two blocks are the same matrix."""
    module = homes[cell](4, 5, 2, bidirectional=True)
    inputs = [block.clone() for block in blocks(module, "weight_ih")]
    initialise(module, recurrent="orthogonal", gain=gain)
    all_blocks = blocks(module)
    assert len(all_blocks) == 4 * {"rnn": 1, "gru": 3, "lstm": 4}[cell]
    for block in all_blocks:
        assert_near(block.T @ block, gain**2 * torch.eye(5), 1e-5)
    assert not torch.equal(all_blocks[0], all_blocks[-1])
    assert all(torch.equal(*p) for p in zip(inputs, blocks(module, "weight_ih"), strict=True))


@pytest.mark.parametrize("cell", CELLS)
def test_identity_and_scaled_blocks(cell: str) -> None:
    module = OURS[cell](4, 5, 2)
    before = [block.clone() for block in blocks(module)]
    initialise(module, gain=2.0)
    assert all(torch.equal(2 * a, b) for a, b in zip(before, blocks(module), strict=True))
    initialise(module, recurrent="identity", gain=0.5)
    assert all(torch.equal(block, 0.5 * torch.eye(5)) for block in blocks(module))


def test_an_identity_relu_network_keeps_what_it_was_given() -> None:
    """Le et al. 2015: without input an identity RNN holds a positive state for ever."""
    module = rnnviz.RNN(4, 5, nonlinearity="relu", bias=False)
    initialise(module, recurrent="identity")
    start = torch.rand(1, 3, 5)
    _, final = module(torch.zeros(100, 3, 4), start)
    assert torch.equal(final, start)


def test_a_projected_lstm_takes_what_has_a_meaning() -> None:
    module = rnnviz.LSTM(4, 5, proj_size=2)
    initialise(module, recurrent="orthogonal")
    for block in blocks(module):  # (5, 2): the columns are orthonormal
        assert_near(block.T @ block, torch.eye(2), 1e-5)


@pytest.mark.parametrize(
    ("cell", "word", "gate"), [("lstm", "forget_bias", 1), ("gru", "keep_bias", 1)]
)
@pytest.mark.parametrize("homes", [OURS, TORCH])
def test_the_bias_is_the_total(cell: str, word: str, gate: int, homes: Any) -> None:
    """torch adds two biases; what is asked for is their sum, so sigmoid(b) is the share kept."""
    module = homes[cell](4, 5, 2, bidirectional=True)
    others = [b.clone() for b in blocks(module, "bias_ih")]
    initialise(module, **{word: 3.0})
    gates = 4 if cell == "lstm" else 3
    sums = [sum(p) for p in zip(blocks(module, "bias_ih"), blocks(module, "bias_hh"), strict=True)]
    for index, (total, before, now) in enumerate(
        zip(sums, others, blocks(module, "bias_ih"), strict=True)
    ):
        if index % gates == gate:
            assert (total == 3).all()
        else:
            assert torch.equal(before, now)
    with torch.no_grad():
        for name, value in module.named_parameters():
            if name.startswith("weight"):
                value.zero_()
    name = "forget_gate" if cell == "lstm" else "update_gate"
    kept = rnnviz.trace(module, X).signal(name)
    assert_near(kept, torch.sigmoid(torch.tensor(3.0)).expand_as(kept), 1e-5)


@pytest.mark.parametrize(
    ("module", "options", "message"),
    [
        (rnnviz.GRU(2, 3), {"recurrent": "xavier"}, "uniform, orthogonal or identity.*xavier"),
        (rnnviz.GRU(2, 3), {"gain": 0.0}, "gain.*0"),
        (rnnviz.GRU(2, 3), {"gain": float("nan")}, "gain.*nan"),
        (rnnviz.GRU(2, 3), {"gain": float("inf")}, "gain.*inf"),
        (rnnviz.GRU(2, 3), {"forget_bias": 1.0}, "forget_bias.*LSTM.*GRU"),
        (rnnviz.LSTM(2, 3), {"keep_bias": 1.0}, "keep_bias.*GRU.*LSTM"),
        (rnnviz.RNN(2, 3), {"forget_bias": 1.0}, "forget_bias.*LSTM.*RNN"),
        (rnnviz.LSTM(2, 3, bias=False), {"forget_bias": 1.0}, "bias=True.*bias=False"),
        (rnnviz.LSTM(2, 3), {"forget_bias": float("nan")}, "forget_bias.*nan"),
    ],
)
def test_bad_initial_values(module: Any, options: dict[str, Any], message: str) -> None:
    before = {name: value.clone() for name, value in module.state_dict().items()}
    with pytest.raises(ValueError, match=message):
        initialise(module, **options)
    assert_same(module.state_dict(), before, 0)
