"""RNN, GRU and LSTM as drop-ins: everything that torch.nn's three promise, compared with them."""

from __future__ import annotations

import copy
import functools
import io
import re
import warnings
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

import rnnviz
from tests.oracle import CELLS, OURS, TORCH, assert_near, assert_same, initial_state, run, twins

OPTIONS: list[dict[str, Any]] = [
    {},
    {"num_layers": 3, "dropout": 0.25},
    {"bias": False, "batch_first": True},
    {"bidirectional": True, "num_layers": 2},
]


def common_modules() -> Any:
    """PyTorch's samples of its modules; the test is left out where torch comes without them."""
    return pytest.importorskip("torch.testing._internal.common_modules")


def samples(cell: str, dtype: torch.dtype) -> list[Any]:
    """PyTorch's own samples for its module: constructor arguments and inputs."""
    torch.manual_seed(0)
    more: dict[str, Any] = {} if cell == "lstm" else {"with_packed_sequence": True}
    name = "LSTM" if cell == "lstm" else "RNN_GRU"
    found = getattr(common_modules(), f"module_inputs_torch_nn_{name}")(
        None, "cpu", dtype, requires_grad=False, training=True, is_rnn=cell == "rnn", **more
    )
    assert len(found) >= 16
    return list(found)


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("engine", ["bptt", "steps", "torch"])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
def test_pytorchs_own_samples(cell: str, engine: str, dtype: torch.dtype, tolerance: float) -> None:
    for sample in samples(cell, dtype):
        build = sample.constructor_input
        ours, theirs = twins(cell, *build.args, engine=engine, dtype=dtype, **build.kwargs)
        given, named = sample.forward_input.args, sample.forward_input.kwargs
        assert not named
        assert_same(run(ours, *given), run(theirs, *given), tolerance)


@pytest.mark.parametrize("cell", CELLS)
def test_pytorchs_own_error_samples(cell: str) -> None:
    found = common_modules().module_error_inputs_torch_nn_RNN_GRU(
        None, "cpu", torch.float32, requires_grad=False, training=True
    )
    assert len(found) >= 14
    for sample in found:
        build = sample.module_error_input.constructor_input
        call = sample.module_error_input.forward_input
        build = functools.partial(OURS[cell], *build.args, **build.kwargs)
        if sample.error_on is common_modules().ModuleErrorEnum.FORWARD_ERROR:
            build = functools.partial(build(), *call.args, **call.kwargs)
        with pytest.raises(sample.error_type) as caught:
            build()
        assert type(caught.value) is sample.error_type


BAD_CONSTRUCTIONS: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
    # arguments, options, what the message has to hold besides the name of the option
    ((0, 3), {}, "input_size.*0"),
    ((-2, 3), {}, "input_size.*-2"),
    ((2.5, 3), {}, "input_size.*(2.5|float)"),
    (("2", 3), {}, "input_size.*('2'|str)"),
    ((None, 3), {}, "input_size.*None"),
    ((2, 0), {}, "hidden_size.*0"),
    ((2, -1), {}, "hidden_size.*-1"),
    ((2, 3.0), {}, "hidden_size.*(3.0|float)"),
    ((2, 3, 0), {}, "num_layers.*0"),
    ((2, 3, -1), {}, "num_layers.*-1"),
    ((2, 3), {"bias": 1}, "bias.*(1|int)"),
    ((2, 3), {"bias": None}, "bias.*None"),
    ((2, 3), {"batch_first": "yes"}, "batch_first.*(yes|str)"),
    ((2, 3), {"batch_first": 0}, "batch_first.*(0|int)"),
    ((2, 3, 2), {"dropout": -0.1}, "dropout.*-0.1"),
    ((2, 3, 2), {"dropout": 1.5}, "dropout.*1.5"),
    ((2, 3, 2), {"dropout": True}, "dropout.*True"),
    ((2, 3, 2), {"dropout": float("nan")}, "dropout.*nan"),
]


@pytest.mark.parametrize(("arguments", "options", "message"), BAD_CONSTRUCTIONS)
@pytest.mark.parametrize("cell", CELLS)
def test_bad_construction(
    cell: str, arguments: tuple[Any, ...], options: dict[str, Any], message: str
) -> None:
    kind = error_type(TORCH[cell], *arguments, **options)
    with pytest.raises(kind, match=message) as caught:
        OURS[cell](*arguments, **options)
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("cell", "options", "message"),
    [
        ("rnn", {"nonlinearity": "sigmoid"}, "nonlinearity.*sigmoid"),
        ("rnn", {"proj_size": 2}, "proj_size"),
        ("gru", {"proj_size": 2}, "proj_size"),
        ("lstm", {"proj_size": 3}, "proj_size.*3"),
        ("lstm", {"proj_size": 5}, "proj_size.*5"),
        ("lstm", {"proj_size": -1}, "proj_size.*-1"),
        ("gru", {"nonlinearity": "tanh"}, "nonlinearity"),
        ("lstm", {"nonlinearity": "tanh"}, "nonlinearity"),
        ("gru", {"hiden_size": 3}, "hiden_size"),
    ],
)
def test_bad_option_of_one_cell(cell: str, options: dict[str, Any], message: str) -> None:
    kind = error_type(TORCH[cell], 2, 3, **options)
    with pytest.raises(kind, match=message) as caught:
        OURS[cell](2, 3, **options)
    assert type(caught.value) is kind


def error_type(function: Any, *arguments: Any, **options: Any) -> type[Exception]:
    """The type of error that torch raises here; the test is wrong where it raises none."""
    try:
        function(*arguments, **options)
    except Exception as error:
        return type(error)
    raise AssertionError(f"torch.nn accepts {arguments} {options}")


def test_dropout_on_a_single_layer_warns_as_torch_does() -> None:
    for kind in (TORCH["gru"], OURS["gru"]):
        with pytest.warns(UserWarning, match="num_layers"):
            kind(2, 3, dropout=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        OURS["gru"](2, 3, 2, dropout=0.5)


X = torch.randn(7, 3, 4)  # T B I
H = torch.randn(2, 3, 5)  # layers B H
BAD_CALLS: list[tuple[str, tuple[Any, ...], str]] = [
    # cell, arguments of a module (4 -> 5, two layers), what the message must hold
    ("gru", (torch.randn(7, 3, 6),), "4.*6"),
    ("gru", (torch.randn(7, 6),), "4.*6"),
    ("gru", (torch.randn(4),), "1"),
    ("gru", (torch.randn(2, 7, 3, 4),), "4"),
    ("gru", (X.double(),), "float64.*float32"),
    ("gru", (X, torch.randn(2, 2, 5)), r"2, 3, 5.*2, 2, 5"),
    ("gru", (X, torch.randn(1, 3, 5)), r"2, 3, 5.*1, 3, 5"),
    ("gru", (X, torch.randn(2, 3, 6)), r"2, 3, 5.*2, 3, 6"),
    ("gru", (X, torch.randn(3, 5)), "3.*2"),
    ("gru", (X[:, 0], torch.randn(2, 1, 5)), "2.*3"),
    ("gru", (X[:, 0], torch.randn(2, 6)), "5.*6"),
    ("gru", (X, H.double()), "float32.*float64"),
    ("gru", (X.to("meta"),), "meta.*cpu"),
    ("lstm", (torch.randn(7, 3, 6),), "4.*6"),
    ("lstm", (X, (H.double(), H.double())), "float32.*float64"),
    ("lstm", (torch.randn(4),), "1"),
    ("lstm", (X.double(),), "float64.*float32"),
    ("lstm", (X, (torch.randn(2, 2, 5), H)), r"2, 3, 5.*2, 2, 5"),
    ("lstm", (X, (H, torch.randn(2, 3, 6))), r"2, 3, 5.*2, 3, 6"),
    ("lstm", (X, (torch.randn(3, 5), torch.randn(3, 5))), "3.*2"),
    ("lstm", (X[:, 0], (H, H)), "2.*3"),
    ("gru", (pack_padded_sequence(torch.randn(7, 3, 6), [7, 3, 2]),), "4.*6"),
    ("gru", (pack_padded_sequence(X, [7, 3, 2]), torch.randn(2, 4, 5)), r"2, 3, 5.*2, 4, 5"),
]


@pytest.mark.parametrize("engine", ["bptt", "steps", "torch"])
@pytest.mark.parametrize(("cell", "arguments", "message"), BAD_CALLS)
def test_bad_call(cell: str, arguments: tuple[Any, ...], message: str, engine: str) -> None:
    ours, theirs = twins(cell, 4, 5, 2, engine=engine, dtype=torch.float32)
    kind = error_type(theirs, *arguments)
    with pytest.raises(kind, match=re.compile(message, re.DOTALL)) as caught:
        ours(*arguments)
    assert type(caught.value) is kind
    ours(X)  # still usable


@pytest.mark.parametrize(
    ("cell", "hx", "message"),
    [
        ("gru", [H, H], "hx must be a tensor h_0, got list"),
        ("gru", (H,), "hx must be a tensor h_0, got tuple"),
        ("lstm", 3, r"hx must be a pair \(h_0, c_0\), got int"),
        ("lstm", (H,), r"hx must be a pair \(h_0, c_0\), got Tensor"),
        ("lstm", (H, H, H), r"hx must be a pair \(h_0, c_0\), got Tensor, Tensor, Tensor"),
    ],
)
def test_a_state_of_the_wrong_kind(cell: str, hx: Any, message: str) -> None:
    """torch.nn fails somewhere inside here; ours says what it wants, without printing numbers."""
    with pytest.raises(TypeError, match=message + "$"):
        OURS[cell](4, 5, 2)(X, hx)
    with pytest.raises(TypeError, match="input must be a Tensor or PackedSequence, got list"):
        OURS[cell](4, 5, 2)([[1.0] * 4])


@pytest.mark.parametrize("engine", ["bptt", "steps", "torch"])
@pytest.mark.parametrize("steps", [0, 1])
@pytest.mark.parametrize("batch", [0, 1])
@pytest.mark.parametrize("cell", CELLS)
def test_empty_dimensions(cell: str, steps: int, batch: int, engine: str) -> None:
    ours, theirs = twins(cell, 4, 5, 2, engine=engine)
    inputs = torch.randn(steps, batch, 4, dtype=torch.float64)
    try:
        wanted = run(theirs, inputs)
    except Exception as error:
        with pytest.raises(type(error)):
            ours(inputs)
    else:
        assert_same(run(ours, inputs), wanted)


@pytest.mark.parametrize(
    ("lengths", "kind", "message"),
    [
        (torch.tensor([3, 0]), ValueError, "0"),
        (torch.tensor([3, -1]), ValueError, "-1"),
        (torch.tensor([3, 8]), ValueError, "7.*8|8.*7"),
        (torch.tensor([3]), ValueError, r"2.*1"),
        (torch.tensor([3, 2, 2]), ValueError, r"2.*3"),
        (torch.tensor([[3, 2]]), ValueError, r"\(?1, 2"),
        (torch.tensor(3), ValueError, r"2,.*\(\)"),
        (torch.tensor([], dtype=torch.int64), ValueError, r"2.*0"),
        (torch.tensor([3.0, 2.0]), ValueError, "float"),
        (torch.tensor([True, True]), ValueError, "bool"),
    ],
)
@pytest.mark.parametrize("engine", ["bptt", "steps", "torch"])
def test_bad_lengths(lengths: Any, kind: type[Exception], message: str, engine: str) -> None:
    module = OURS["gru"](4, 5, batch_first=True, engine=engine)
    with pytest.raises(kind, match=message) as caught:
        module(torch.randn(2, 7, 4), lengths=lengths)
    assert "lengths" in str(caught.value)


def test_lengths_of_other_forms_of_input() -> None:
    """A single sequence may have one; a packed one brings its own."""
    module = OURS["gru"](4, 5, bidirectional=True)
    output, state = module(X[:, 0], lengths=[3])
    wanted, wanted_state = module(X[:3, 0])
    assert_near(output[:3], wanted, 1e-5)
    assert not output[3:].any()
    assert_near(state, wanted_state, 1e-5)
    with pytest.raises(ValueError, match="lengths"):
        module(pack_padded_sequence(X, [7, 3, 2]), lengths=torch.tensor([7, 3, 2]))


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("cell", CELLS)
def test_attributes_text_and_initial_values_are_torchs(cell: str, options: dict[str, Any]) -> None:
    torch.manual_seed(7)
    theirs = TORCH[cell](4, 5, **options)
    torch.manual_seed(7)
    ours = OURS[cell](4, 5, **options)
    assert ours.extra_repr() == theirs.extra_repr()
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for name, value in theirs.state_dict().items():
        assert torch.equal(ours.state_dict()[name], value), name
    for name in ("input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert ours.bidirectional == theirs.bidirectional
    torch.manual_seed(8)
    ours.reset_parameters()
    torch.manual_seed(8)
    theirs.reset_parameters()
    assert_same(ours.state_dict(), theirs.state_dict(), 0)


def test_projection_has_the_same_text_and_names() -> None:
    torch.manual_seed(7)
    theirs = nn.LSTM(4, 5, 2, proj_size=3, bidirectional=True)
    torch.manual_seed(7)
    ours = rnnviz.LSTM(4, 5, 2, proj_size=3, bidirectional=True)
    assert ours.extra_repr() == theirs.extra_repr()
    assert_same(ours.state_dict(), theirs.state_dict(), 0)


@pytest.mark.parametrize("cell", CELLS)
def test_positional_arguments_mean_what_they_mean_in_torch(cell: str) -> None:
    positional: tuple[Any, ...] = (4, 5, 2, False, True, 0.5, True)
    if cell == "rnn":
        positional = (4, 5, 2, "relu", False, True, 0.5, True)
    assert repr(OURS[cell](*positional)) == repr(TORCH[cell](*positional))
    assert rnnviz.LSTM(4, 5, 2, False, True, 0.5, True, 3).proj_size == 3


@pytest.mark.parametrize("cell", CELLS)
def test_state_dicts_travel_both_ways(cell: str) -> None:
    ours, theirs = OURS[cell](4, 5, 2, bidirectional=True), TORCH[cell](4, 5, 2, bidirectional=True)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    assert_same(run(ours, X), run(theirs, X), 1e-5)
    fresh = OURS[cell](4, 5, 2, bidirectional=True)
    theirs.load_state_dict(fresh.state_dict(), strict=True)
    assert_same(run(fresh, X), run(theirs, X), 1e-5)
    with pytest.raises(RuntimeError, match="size mismatch"):
        ours.load_state_dict(TORCH[cell](4, 6, 2, bidirectional=True).state_dict())


@pytest.mark.parametrize("cell", CELLS)
def test_copies_are_equal_and_independent(cell: str) -> None:
    ours = OURS[cell](4, 5, 2, bidirectional=True, batch_first=True)
    wanted = run(ours, X)
    buffer = io.BytesIO()
    torch.save(ours, buffer)
    buffer.seek(0)
    read = torch.load(buffer, weights_only=False)  # what this test itself has just written
    for other in (copy.deepcopy(ours), copy.copy(ours), read):
        assert type(other) is type(ours)
        assert_same(run(other, X), wanted, 0)
    twin = copy.deepcopy(ours)
    with torch.no_grad():
        twin.weight_hh_l0.zero_()
    assert_same(run(ours, X), wanted, 0)
    assert not torch.equal(run(twin, X)["output"], wanted["output"])


@pytest.mark.parametrize("cell", CELLS)
def test_parameters_may_be_replaced(cell: str) -> None:
    """By assignment, by functional_call, by a change of type: nothing stale is used."""
    ours, theirs = twins(cell, 4, 5)
    inputs = X.double()
    other = TORCH[cell](4, 5, dtype=torch.float64)
    mine = torch.func.functional_call(ours, other.state_dict(), (inputs,))
    assert_near(mine[0], other(inputs)[0])
    assert_same(run(ours, inputs), run(theirs, inputs))
    ours.weight_ih_l0 = nn.Parameter(other.weight_ih_l0.detach().clone())
    theirs.weight_ih_l0 = nn.Parameter(other.weight_ih_l0.detach().clone())
    assert_same(run(ours, inputs), run(theirs, inputs))
    assert_same(run(ours.float(), X), run(theirs.float(), X), 1e-5)
    assert ours.weight_ih_l0.dtype == torch.float32


@pytest.mark.parametrize("cell", CELLS)
def test_pruning_and_parametrizations(cell: str) -> None:
    """Weights that are computed anew at each call, as weight norm and pruning do."""
    ours, theirs = twins(cell, 4, 5)
    for module in (ours, theirs):
        nn.utils.parametrizations.orthogonal(module, "weight_hh_l0") if cell == "rnn" else None
        nn.utils.parametrizations.weight_norm(module, "weight_ih_l0")
    for (name, a), (_, b) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        a.data.copy_(b.data)
        assert a.shape == b.shape, name
    assert_same(run(ours, X.double()), run(theirs, X.double()))


@pytest.mark.parametrize("cell", CELLS)
def test_devices_and_types_of_the_constructor(cell: str) -> None:
    ours = OURS[cell](4, 5, device="meta", dtype=torch.bfloat16)
    assert {(p.device.type, p.dtype) for p in ours.parameters()} == {("meta", torch.bfloat16)}
    theirs = TORCH[cell](4, 5)
    ours = ours.to_empty(device="cpu").float()
    ours.load_state_dict(theirs.state_dict())
    assert_same(run(ours, X), run(theirs, X), 1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_in_a_sequential_hooks_and_training_mode(cell: str) -> None:
    calls = []
    ours = OURS[cell](4, 5, 2, dropout=0.9)
    ours.register_forward_hook(lambda module, given, result: calls.append(type(result)))
    model = nn.Sequential(ours)
    output, _ = model.eval()(X)
    assert torch.equal(output, model(X)[0])
    assert calls == [tuple, tuple]


@pytest.mark.parametrize("cell", CELLS)
def test_packed_results_unpack(cell: str) -> None:
    ours, theirs = twins(cell, 4, 5, 1)
    packed = pack_padded_sequence(X.double(), torch.tensor([2, 7, 4]), enforce_sorted=False)
    output, _ = ours(packed)
    assert isinstance(output, PackedSequence)
    assert_same(
        dict(enumerate(nn.utils.rnn.pad_packed_sequence(output))),
        dict(enumerate(nn.utils.rnn.pad_packed_sequence(theirs(packed)[0]))),
    )


@pytest.mark.parametrize("cell", CELLS)
def test_one_training_step_is_torchs(cell: str) -> None:
    """Adam on both for five steps: parameters stay equal, so nothing in the graph differs."""
    ours, theirs = twins(cell, 4, 5, 2, bidirectional=True)
    for module in (ours, theirs):
        optimiser = torch.optim.Adam(module.parameters(), 0.01)
        for _ in range(5):
            optimiser.zero_grad()
            module(X.double())[0].pow(2).mean().backward()
            optimiser.step()
    assert_same(ours.state_dict(), theirs.state_dict(), 1e-9)


@pytest.mark.parametrize("engine", ["bptt", "steps", "torch"])
@pytest.mark.parametrize("cell", CELLS)
def test_results_have_the_layout_of_torch(cell: str, engine: str) -> None:
    for batch_first in (True, False):
        ours, theirs = twins(
            cell, 4, 5, 2, engine=engine, batch_first=batch_first, bidirectional=True
        )
        inputs = X.double().transpose(0, 1).contiguous() if batch_first else X.double()
        output, state = ours(inputs)
        assert output.shape == theirs(inputs)[0].shape
        assert output.is_contiguous() or batch_first
        assert isinstance(state, tuple) == (cell == "lstm")


def test_our_default_engine_never_calls_torchs_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: Any) -> None:
        raise AssertionError("the fused kernel of torch was called")

    for name in ("rnn_tanh", "rnn_relu", "gru", "lstm"):
        monkeypatch.setattr(torch._VF, name, forbidden)
        monkeypatch.setattr(torch, name, forbidden)
    for cell in CELLS:
        run(OURS[cell](4, 5, 2), X)
    with pytest.raises(AssertionError, match="fused"):
        OURS["gru"](4, 5, engine="torch")(X)


SLOPES = {  # of each signal at its pre-activation, from its value
    "reset_gate": lambda y: y * (1 - y),
    "update_gate": lambda y: y * (1 - y),
    "input_gate": lambda y: y * (1 - y),
    "forget_gate": lambda y: y * (1 - y),
    "output_gate": lambda y: y * (1 - y),
    "candidate": lambda y: 1 - y * y,
    "hidden": lambda y: 1 - y * y,
}
ROWS = {  # the signals in the order of the fused rows
    "rnn": ("hidden",),
    "gru": ("reset_gate", "update_gate", "candidate"),
    "lstm": ("input_gate", "forget_gate", "candidate", "output_gate"),
}


@pytest.mark.parametrize("lengths", [None, [7, 2, 5]])
@pytest.mark.parametrize("cell", CELLS)
def test_a_gradient_reaches_every_gate_of_every_step(cell: str, lengths: list[int] | None) -> None:
    """Summed over steps, the gradients at the gates must give that of the bias, as torch has it.

    `dL/db = sum_t dL/dgate_t * slope(gate_t)`, for each gate, layer and direction.
    """
    ours, _ = twins(cell, 4, 5, 2, bidirectional=True)
    inputs, hx = X.double(), initial_state(ours, 3)
    result = ours.run(inputs, hx, lengths=lengths)
    loss = result.output.pow(2).sum()
    kept = {
        (layer, reverse, name): [getattr(step, name) for step in steps]
        for layer, both in enumerate(result.layers)
        for reverse, steps in enumerate(both)
        for name in ROWS[cell]
    }
    gates = [gate for steps in kept.values() for gate in steps]
    slopes = iter(torch.autograd.grad(loss, gates, retain_graph=True))
    biases = {name: b for name, b in ours.named_parameters() if name.startswith("bias_ih")}
    wanted = dict(zip(biases, torch.autograd.grad(loss, list(biases.values())), strict=True))
    past = torch.arange(7)[:, None] >= torch.tensor(lengths or [7] * 3)
    for (layer, reverse, name), steps in kept.items():
        reached = torch.stack([next(slopes) for _ in steps])
        if name != "hidden":  # a held hidden state has a gradient, a gate on padding has none
            assert not reached[past].any()
            assert (reached[~past] != 0).any(-1).all()
        local = (reached * SLOPES[name](torch.stack(steps)))[~past].sum(0)
        bias = wanted[f"bias_ih_l{layer}{'_reverse' * reverse}"]
        row = ROWS[cell].index(name)
        assert_near(local, bias[row * 5 : row * 5 + 5])


@pytest.mark.parametrize("cell", CELLS)
def test_run_returns_what_forward_returns(cell: str) -> None:
    ours, _ = twins(cell, 4, 5, 2, bidirectional=True)
    packed = pack_padded_sequence(X.double(), [2, 7, 4], enforce_sorted=False)
    for given, named in (
        (X.double(), {"lengths": [2, 7, 4]}),
        (X[:, 0].double(), {}),
        (packed, {}),
    ):
        result, (output, state) = ours.run(given, **named), ours(given, **named)
        pairs = [(result.state, state)] if cell != "lstm" else zip(result.state, state, strict=True)
        pairs = [*pairs, (result.output.data, output.data)]
        for a, b in pairs:
            assert_near(a, b, 1e-12)
        assert len(result.layers) == 2
        assert {len(steps) for both in result.layers for steps in both} == {7}
    assert OURS[cell](4, 5).run(X).layers[0].backward is None


def test_records_of_a_packed_sequence_are_in_its_order() -> None:
    ours, _ = twins("gru", 4, 5)
    packed = pack_padded_sequence(X.double(), [2, 7, 4], enforce_sorted=False)
    result = ours.run(packed)
    last = result.layers[0].forward[-1].hidden
    assert torch.equal(last, result.state[0, packed.sorted_indices])
