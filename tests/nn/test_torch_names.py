"""Names and tools that people bring from torch.nn. Oracle: torch.nn's module under the same."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, fx, nn
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.utils.rnn import pack_padded_sequence

import rnnviz
from tests.oracle import CELLS, OURS, TORCH, initial_state, twins

INPUTS = torch.rand(3, 6, 4, generator=torch.Generator().manual_seed(0))


class Model(nn.Module):
    """What most people build: a layer, and a head on its last step."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.layer = layer
        self.head = nn.Linear(5, 2)

    def forward(self, inputs: Tensor) -> Tensor:
        output, _ = self.layer(inputs)
        return self.head(output[:, -1])


class Both(Model):
    """The same with a state and lengths of its own."""

    def forward(self, inputs: Tensor, hx: Any, lengths: Any) -> Tensor:
        return self.head(self.layer(inputs, hx, lengths=lengths)[0].sum(1))


def models(cell: str, **options: Any) -> list[Model]:
    made = []
    for layer in twins(cell, 4, 5, batch_first=True, dtype=torch.float32, **options):
        torch.manual_seed(1)
        made.append(Model(layer))
    return made


@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True, "bias": False}])
@pytest.mark.parametrize("cell", CELLS)
def test_flat_weights(cell: str, options: dict[str, Any]) -> None:
    ours, theirs = twins(cell, 4, 5, **options)
    for mine, torchs in zip(ours._flat_weights, theirs._flat_weights, strict=True):
        assert torch.equal(mine, torchs)
    for module in (ours, theirs):  # as torch's own test has it: taken away, and put back
        weight = module.weight_hh_l0
        del module.weight_hh_l0
        assert not hasattr(module, "weight_hh_l0")
        module.float()
        module.weight_hh_l0 = nn.Parameter(2 * weight.detach().float())
    for mine, torchs in zip(ours._flat_weights, theirs._flat_weights, strict=True):
        assert mine.shape == torchs.shape
    assert ours._flat_weights[1] is ours.weight_hh_l0


@pytest.mark.parametrize("cell", CELLS)
def test_checks_that_a_subclass_calls(cell: str) -> None:
    """They raise where torch's do, the same kind of error, and not elsewhere."""
    pair = twins(cell, 4, 5, 2, dtype=torch.float32)
    packed = pack_padded_sequence(INPUTS, [3, 2, 2, 1, 1, 1])
    good, bad = initial_state(pair[0], 6), initial_state(pair[0], 2)
    for module in pair:
        module.check_input(INPUTS, None)
        module.check_input(packed.data, packed.batch_sizes)
        module.check_forward_args(INPUTS, good, None)
        module.check_forward_args(packed.data, good, packed.batch_sizes)
        module.check_hidden_size(INPUTS, (3, 6, 4))
        for kind, call in (
            (RuntimeError, lambda m: m.check_input(INPUTS[..., :3], None)),
            (ValueError, lambda m: m.check_input(INPUTS.double(), None)),
            (RuntimeError, lambda m: m.check_input(INPUTS, packed.batch_sizes)),
            (RuntimeError, lambda m: m.check_forward_args(INPUTS, bad, None)),
            (RuntimeError, lambda m: m.check_hidden_size(INPUTS, (1, 2, 3), "{} and {}")),
        ):
            with pytest.raises(kind):
                call(module)
    order = torch.tensor([2, 0, 1, 5, 4, 3])
    mine, torchs = (module.permute_hidden(good, order) for module in pair)
    torch.testing.assert_close(mine, torchs)
    assert pair[0].permute_hidden(good, None) is good


@pytest.mark.parametrize("cell", CELLS)
def test_symbolic_trace(cell: str) -> None:
    """The layer is one step of the program, as torch.nn's is."""
    programs = []
    for model in models(cell):
        program = fx.symbolic_trace(model)
        torch.testing.assert_close(program(INPUTS), model(INPUTS))
        programs.append([(node.op, node.name) for node in program.graph.nodes])
        torch.testing.assert_close(copy.deepcopy(program)(INPUTS), model(INPUTS))
    assert programs[0] == programs[1]
    both = Both(models(cell)[0].layer)
    state = tuple(torch.rand(1, 3, 5) for _ in range(2))
    given = (INPUTS, state if cell == "lstm" else state[0], torch.tensor([6, 2, 4]))
    torch.testing.assert_close(fx.symbolic_trace(both)(*given), both(*given))
    fx.symbolic_trace(nn.Sequential(OURS[cell](4, 5)))
    with pytest.raises(TypeError, match="needs a model that holds the layer"):
        fx.symbolic_trace(OURS[cell](4, 5))


@pytest.mark.parametrize("cell", CELLS)
def test_other_tools(cell: str) -> None:
    """`make_fx`, `DataParallel`, and an ensemble by `vmap`, which torch.nn's layers lack."""
    ours, theirs = models(cell)
    wanted = theirs(INPUTS)
    torch.testing.assert_close(make_fx(ours)(INPUTS)(INPUTS), wanted)
    torch.testing.assert_close(nn.DataParallel(ours)(INPUTS), wanted)
    two = {name: torch.stack([part, part]) for name, part in ours.named_parameters()}
    each = torch.vmap(lambda weights: torch.func.functional_call(ours, weights, (INPUTS,)))(two)
    torch.testing.assert_close(each, torch.stack([wanted, wanted]))


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_quantize_dynamic_leaves_our_layers_as_they_are(cell: str) -> None:
    if not set(torch.backends.quantized.supported_engines) - {"none"}:
        pytest.skip("torch has no quantised kernels on this processor")
    ours, theirs = models(cell)
    quantize = torch.ao.quantization.quantize_dynamic
    small = quantize(copy.deepcopy(ours))
    assert type(small.layer) is OURS[cell]
    assert type(small.head) is not nn.Linear
    torch.testing.assert_close(small(INPUTS), ours(INPUTS), rtol=0, atol=0.05)
    copied = TORCH[cell](4, 5, batch_first=True)
    rnnviz.copy_parameters(ours.layer, copied)
    small = quantize(nn.Sequential(copied))
    assert type(small[0]) is not TORCH[cell]
    torch.testing.assert_close(small(INPUTS)[0], theirs.layer(INPUTS)[0], rtol=0, atol=0.05)


def test_our_layers_are_no_layers_of_torch() -> None:
    """Who asks goes on to torch's kernels; docs/drop-in.md says what to write instead."""
    assert not isinstance(rnnviz.GRU(3, 4), nn.RNNBase)


@pytest.mark.parametrize("name", ["RNNCell", "GRUCell", "LSTMCell"])
def test_a_cell_of_sizes_is_refused_where_it_is_made(name: str) -> None:
    layer = name.removesuffix("Cell")
    kind = getattr(rnnviz, name)
    advice = rf"^{name} takes the weights .* got 3 as weight_ih: make a layer, rnnviz\.{layer}\("
    for given, named in (((3, 4), {}), ((), {"weight_ih": 3, "weight_hh": 4})):
        with pytest.raises(TypeError, match=advice):
            kind(*given, **named)
    weights = getattr(rnnviz, layer)(3, 4).cell(0)
    with pytest.raises(TypeError, match="got True as bias_ih"):
        kind(weights.weight_ih, weights.weight_hh, True)
    with pytest.raises(TypeError, match="got None as weight_hh"):
        kind(weights.weight_ih, None)
    kind(weights.weight_ih, weights.weight_hh)
