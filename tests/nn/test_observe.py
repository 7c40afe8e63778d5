"""What torch runs around a layer's steps: a trace shows what `net(x)` returns, or it is refused."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize, prune
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

import rnnviz
from rnnviz.nn.observe import bare
from rnnviz.nn.parameters import adopt, copy_parameters, initialise
from rnnviz.training import preparation
from tests.oracle import CELLS, OURS, TORCH

HOMES = {"ours": OURS, "torch": TORCH}
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:torch.quantize.*:UserWarning"),
]

Change = Callable[[Any], Any]


def values(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(3))


def three_times_the_weights(net: nn.Module) -> nn.Module:
    """As `load_state_dict` of trained weights would: what hooks computed before is out of date."""
    net.load_state_dict({name: 3 * value for name, value in net.state_dict().items()})
    return net


def old_weight_norm(net: nn.Module) -> nn.Module:
    return three_times_the_weights(nn.utils.weight_norm(net, "weight_hh_l0"))


def old_spectral_norm(net: nn.Module) -> nn.Module:
    net = nn.utils.spectral_norm(net, "weight_hh_l0").eval()
    with torch.no_grad():
        net.weight_hh_l0_orig.mul_(3)
        net.weight_hh_l0_u.copy_(nn.functional.normalize(values(len(net.weight_hh_l0_u)), dim=0))
    return net


def new_weight_norm(net: nn.Module) -> nn.Module:
    return three_times_the_weights(parametrizations.weight_norm(net, "weight_ih_l0"))


def new_spectral_norm(net: nn.Module) -> nn.Module:
    return parametrizations.spectral_norm(net, "weight_hh_l0").eval()


def orthogonal(net: nn.Module) -> nn.Module:
    return parametrizations.orthogonal(net, "weight_hh_l0")


class Halved(nn.Module):
    def forward(self, value: Tensor) -> Tensor:
        return value / 2

    def right_inverse(self, value: Tensor) -> Tensor:
        return value * 2


class OneWay(nn.Module):
    def forward(self, value: Tensor) -> Tensor:
        return value.tanh() / 2


def own_parametrization(net: nn.Module) -> nn.Module:
    parametrize.register_parametrization(net, "bias_ih_l0", OneWay())
    return net


def pruned(net: nn.Module) -> nn.Module:
    return three_times_the_weights(prune.l1_unstructured(net, "weight_hh_l0", 0.5))


def doubled(given: Any) -> Any:
    if isinstance(given, PackedSequence):
        return given._replace(data=2 * given.data)
    return 2 * given


def pre_hook(net: nn.Module) -> nn.Module:
    net.register_forward_pre_hook(lambda _, given: (doubled(given[0]), *given[1:]))
    return net


def pre_hook_with_words(net: nn.Module) -> nn.Module:
    net.register_forward_pre_hook(
        lambda _, given, words: ((doubled(given[0]), *given[1:]), words), with_kwargs=True
    )
    return net


def watching_hook(net: nn.Module) -> nn.Module:
    net.register_forward_hook(lambda *_: None)
    return net


def own_forward(net: Any) -> nn.Module:
    kind = type(net)

    class Doubled(kind):  # type: ignore[valid-type,misc]
        def forward(self, given: Any, hx: Any = None, **words: Any) -> Any:
            return super().forward(doubled(given), hx, **words)

    net.__class__ = Doubled
    return net


def replaced_forward(net: Any) -> nn.Module:
    before = net.forward
    net.forward = lambda given, hx=None, **words: before(doubled(given), hx, **words)
    return net


def bare_subclass(net: Any) -> nn.Module:
    net.__class__ = type("Mine", (type(net),), {})
    return net


def looser_checks(net: Any) -> nn.Module:
    nothing = {"check_input": lambda *_: None, "check_forward_args": lambda *_: None}
    net.__class__ = type("Loose", (type(net),), nothing)
    return net


def replaced_weight(net: Any) -> nn.Module:
    weight = nn.Parameter(0.5 * net.weight_hh_l0.detach())
    del net.weight_hh_l0
    net.weight_hh_l0 = weight
    return net


def computed_weight(net: Any) -> nn.Module:
    weight = 0.5 * net.weight_hh_l0.detach()
    del net.weight_hh_l0
    net.weight_hh_l0 = weight
    return net


def compiled_in_place(net: Any) -> nn.Module:
    net.compile(backend="eager")
    return net


AROUND: dict[str, Change] = {
    change.__name__: change
    for change in (
        old_weight_norm,
        old_spectral_norm,
        new_weight_norm,
        new_spectral_norm,
        orthogonal,
        own_parametrization,
        pruned,
        pre_hook,
        pre_hook_with_words,
        watching_hook,
        own_forward,
        replaced_forward,
        bare_subclass,
        looser_checks,
        replaced_weight,
        computed_weight,
    )
}


def layer(home: str, cell: str, **options: Any) -> Any:
    torch.manual_seed(7)
    return HOMES[home][cell](4, 6, **options)


def output(answer: Any, net: Any) -> Tensor:
    """What `net(x)` returned, batch first and padded, `(B, T, ...)`."""
    found = answer[0]
    if isinstance(found, PackedSequence):
        return pad_packed_sequence(found, batch_first=True)[0]
    found = found if found.dim() == 3 else found.unsqueeze(0 if net.batch_first else 1)
    return found if net.batch_first else found.transpose(0, 1)


@pytest.mark.parametrize("change", AROUND)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("home", HOMES)
def test_a_trace_is_what_the_layer_returns(home: str, cell: str, change: str) -> None:
    """Oracle: the call itself, in every form that an input has, and once more after the trace."""
    for options in ({}, {"bidirectional": True, "num_layers": 2, "batch_first": True}):
        net = AROUND[change](layer(home, cell, **options))
        rows = values(3, 5, 4)
        packed = pack_padded_sequence(rows, [4, 5, 2], batch_first=True, enforce_sorted=False)
        state = values((4 if options else 1), 3, 6)
        hx = (state, state / 2) if cell == "lstm" else state
        for given in ((rows if options else rows.transpose(0, 1),), (rows[0],), (packed,)):
            words = {} if given[0].data.dim() == 2 and given[0] is not packed else {"hx": hx}
            wanted = output(net(*given, **words), net).detach()
            trace = rnnviz.trace(net, *given, **words)
            torch.testing.assert_close(trace.output, wanted)
            hidden = trace.layers[-1].forward.hidden.nan_to_num()
            torch.testing.assert_close(hidden, wanted[..., :6])
            run = rnnviz.run(net, *given, **words)
            torch.testing.assert_close(output((run.output,), net), wanted)
            torch.testing.assert_close(output(net(*given, **words), net), wanted)


@pytest.mark.parametrize("change", ["old_weight_norm", "own_forward", "pruned", "pre_hook"])
def test_lengths_beside_what_torch_runs(change: str) -> None:
    """torch's layer takes no lengths: the same as its packed sequences."""
    net = AROUND[change](layer("torch", "lstm", bidirectional=True, batch_first=True))
    rows = values(3, 5, 4)
    packed = pack_padded_sequence(rows, [4, 5, 2], batch_first=True, enforce_sorted=False)
    rows[0, 4:], rows[2, 2:] = torch.nan, torch.nan
    trace = rnnviz.trace(net, rows, [4, 5, 2])
    torch.testing.assert_close(trace.output, output(net(packed), net).detach())


@pytest.mark.parametrize("home", HOMES)
def test_a_hook_on_every_module(home: str) -> None:
    net, rows = layer(home, "gru"), values(5, 3, 4)
    handle = nn.modules.module.register_module_forward_pre_hook(lambda _, given: (2 * given[0],))
    try:
        wanted = net(rows)[0]
        assert not bare(net)
        torch.testing.assert_close(rnnviz.trace(net, rows).output.transpose(0, 1), wanted)
    finally:
        handle.remove()
    assert bare(net)


@pytest.mark.parametrize("home", HOMES)
def test_a_cached_weight_is_the_one_that_is_used(home: str) -> None:
    net, rows = new_weight_norm(layer(home, "lstm")), values(5, 3, 4)
    with parametrize.cached():
        wanted = net(rows)[0]
        with torch.no_grad():
            net.parametrizations.weight_ih_l0.original0.mul_(2)
        torch.testing.assert_close(rnnviz.trace(net, rows).output.transpose(0, 1), wanted)
        assert net(rows)[0].requires_grad, "what the trace computed is not left without a gradient"


def other_output(net: nn.Module) -> nn.Module:
    net.register_forward_hook(lambda _, given, answer: (answer[0] + 0.1, answer[1]))
    return net


def other_return(net: Any) -> nn.Module:
    class Tripled(type(net)):  # type: ignore[misc]
        def forward(self, *given: Any, **words: Any) -> Any:
            found, state = super().forward(*given, **words)
            return 3 * found, state

    net.__class__ = Tripled
    return net


def two_passes(net: Any) -> nn.Module:
    class Twice(type(net)):  # type: ignore[misc]
        def forward(self, given: Any, hx: Any = None) -> Any:
            _, state = super().forward(given, hx)
            return super().forward(given, state)

    net.__class__ = Twice
    return net


def no_pass(net: Any) -> nn.Module:
    net.forward = lambda given, hx=None: (given, None)
    return net


def noise(net: nn.Module) -> nn.Module:
    net.register_forward_pre_hook(lambda _, given: (given[0] + torch.randn_like(given[0]),))
    return net


def spectral_norm_in_training(net: nn.Module) -> nn.Module:
    return nn.utils.spectral_norm(net, "weight_hh_l0").train()


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        (other_output, "trace it without the change"),
        (other_return, "trace it without the change"),
        (two_passes, "2 times"),
        (no_pass, "0 times"),
        (noise, r"eval\(\)"),
        (spectral_norm_in_training, r"eval\(\)"),
    ],
)
@pytest.mark.parametrize("home", HOMES)
def test_what_cannot_be_traced_truly_is_refused(home: str, change: Change, advice: str) -> None:
    net, rows = change(layer(home, "lstm")), values(5, 3, 4)
    with pytest.raises(TypeError, match=advice):
        rnnviz.trace(net, rows)


@pytest.mark.parametrize("change", [*AROUND, "other_output", "spectral_norm_in_training"])
@pytest.mark.parametrize("home", HOMES)
def test_a_trace_leaves_the_layer_as_it_was(home: str, change: str) -> None:
    """Oracle: a deep comparison of all attributes and values before and after."""
    make = AROUND.get(change) or globals()[change]
    net, rows = make(layer(home, "lstm", num_layers=2, dropout=0.5)), values(5, 3, 4)
    attributes = [vars(part).copy() for part in net.modules()]
    tensors = [value.clone() for value in (*net.parameters(), *net.buffers())]
    flat = list(vars(net).get("_flat_weights", ()))  # ours work them out when asked
    try:
        rnnviz.trace(net, rows)
    except TypeError:
        assert change not in AROUND
    for part, before in zip(net.modules(), attributes, strict=True):
        assert vars(part).keys() == before.keys()
        assert all(vars(part)[name] is value for name, value in before.items() if name[0] != "_")
    assert all(a is b for a, b in zip(vars(net).get("_flat_weights", ()), flat, strict=True))
    for value, before in zip((*net.parameters(), *net.buffers()), tensors, strict=True):
        assert torch.equal(value, before) and value.grad is None


@pytest.mark.parametrize("home", HOMES)
def test_a_live_run_reaches_what_the_weight_is_computed_from(home: str) -> None:
    net, rows = old_weight_norm(layer(home, "gru")), values(5, 3, 4)
    leaves = list(net.parameters())
    assert len(leaves) == 5
    mine = torch.autograd.grad(rnnviz.run(net, rows).output.pow(2).sum(), leaves)
    wanted = torch.autograd.grad(net(rows)[0].pow(2).sum(), leaves)
    for one, other in zip(mine, wanted, strict=True):
        torch.testing.assert_close(one, other)
    if home == "ours":
        by_method = torch.autograd.grad(net.run(rows).output.pow(2).sum(), leaves)
        torch.testing.assert_close(by_method, wanted)


def test_a_dropout_between_layers_is_not_applied_either() -> None:
    net, rows = own_forward(layer("torch", "lstm", num_layers=2, dropout=0.9)), values(5, 3, 4)
    trace = rnnviz.trace(net, rows)
    assert net.training and net.dropout == 0.9
    torch.testing.assert_close(trace.output.transpose(0, 1), net.eval()(rows)[0])


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(4, 6)
        self.others = nn.ModuleDict({"a b": nn.Linear(2, 2)})

    def forward(self, rows: Tensor) -> Any:
        return self.lstm(rows)


class Holder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()


def with_a_hook(wrapper: nn.Module) -> nn.Module:
    wrapper.register_forward_pre_hook(lambda _, given: (2 * given[0],))
    return wrapper


@pytest.mark.parametrize(
    ("net", "expression", "inside"),
    [
        (nn.Sequential(nn.LSTM(4, 6)), "net[0]", lambda net: [net[0]]),
        (
            nn.Sequential(nn.Linear(4, 4), nn.Sequential(rnnviz.GRU(4, 6))),
            "net[1][0]",
            lambda net: [net[1][0]],
        ),
        (Holder(), "net.encoder.lstm", lambda net: [net.encoder.lstm]),
        (
            nn.DataParallel(Holder()),
            "net.module.encoder.lstm",
            lambda net: [net.module.encoder.lstm],
        ),
        (
            torch.compile(nn.Sequential(nn.RNN(4, 6)), backend="eager"),
            "net._orig_mod[0]",
            lambda net: [net._orig_mod[0]],
        ),
        (
            with_a_hook(torch.compile(nn.GRU(4, 6), backend="eager")),
            "net._orig_mod",
            lambda net: [net._orig_mod],
        ),
        (with_a_hook(nn.DataParallel(nn.GRU(4, 6))), "net.module", lambda net: [net.module]),
        (nn.ModuleDict({"a b": nn.GRU(4, 6)}), "net['a b']", lambda net: [net["a b"]]),
        (
            nn.ModuleList([nn.GRU(4, 6), nn.LSTM(4, 6)]),
            "net[0], net[1]",
            lambda net: [net[0], net[1]],
        ),
        (rnnviz.SequenceClassifier("gru", 4, 6), "net.recurrent", lambda net: [net.recurrent]),
    ],
)
def test_a_wrapper_names_the_layer_inside(net: Any, expression: str, inside: Change) -> None:
    """What is named is a layer that can be traced: `inside` is the same expression in Python."""
    with pytest.raises(TypeError) as failure:
        rnnviz.trace(net, values(5, 3, 4))
    assert expression in str(failure.value) and "pass" in str(failure.value)
    for one in inside(net):
        rnnviz.trace(one, values(5, 3, 4))
    for refused in (initialise, adopt, lambda given: copy_parameters(given, given)):
        with pytest.raises(TypeError, match="pass"):
            refused(net)


@pytest.mark.parametrize("home", HOMES)
def test_what_only_compiles_or_shares_out_is_looked_through(home: str) -> None:
    net, rows = pre_hook(layer(home, "lstm")), values(5, 3, 4)
    wanted = net(rows)[0].transpose(0, 1)
    compiled = torch.compile(net, backend="eager")
    for wrapped in (compiled, nn.DataParallel(net), nn.DataParallel(compiled)):
        torch.testing.assert_close(rnnviz.trace(wrapped, rows).output, wanted)
        torch.testing.assert_close(rnnviz.run(wrapped, rows).output.transpose(0, 1), wanted)
    torch.testing.assert_close(rnnviz.trace(compiled_in_place(net), rows).output, wanted)


def test_quantized_and_scripted_layers_are_refused_with_what_to_do() -> None:
    quantized = torch.ao.nn.quantized.dynamic.LSTM(4, 6)
    for net in (quantized, torch.jit.script(nn.LSTM(4, 6))):
        with pytest.raises(TypeError, match="pass the module that it was made from"):
            rnnviz.trace(net, values(5, 3, 4))


def test_packed_sequences_bring_their_own_lengths() -> None:
    packed = pack_padded_sequence(values(5, 3, 4), [5, 4, 2])
    for net in (nn.LSTM(4, 6), rnnviz.LSTM(4, 6), pre_hook(rnnviz.GRU(4, 6)), pruned(nn.GRU(4, 6))):
        with pytest.raises(ValueError, match="a PackedSequence, which has its own"):
            rnnviz.trace(net, packed, [1, 1, 1])


@pytest.mark.parametrize("change", ["old_weight_norm", "own_forward", "pruned", "pre_hook"])
def test_a_classifier_over_such_a_layer(change: str) -> None:
    """Oracle: its own answers, to the whole and to every prefix read alone."""
    torch.manual_seed(7)
    model = rnnviz.SequenceClassifier("lstm", 4, 6, 1, True, num_classes=3, labels="abc").eval()
    model.recurrent = AROUND[change](model.recurrent)
    rows = values(2, 5, 4)
    trace = model.trace(rows)
    torch.testing.assert_close(trace.logits, model(rows).detach())
    for end in range(1, 6):
        wanted = model(rows[:, :end]).softmax(dim=1).detach()
        torch.testing.assert_close(trace.prefix_probabilities[:, end - 1], wanted)


def test_a_classifier_that_answers_otherwise_is_refused() -> None:
    model = rnnviz.SequenceClassifier("gru", 4, 6, num_classes=3, labels="abc", dropout=0.5)
    model.register_forward_hook(lambda *_: None)
    model.trace(values(2, 5, 4))
    assert model.training and model.dropout.training
    model.register_forward_hook(lambda *given: given[2] + 1)
    with pytest.raises(TypeError, match="trace it without the change"):
        model.trace(values(2, 5, 4))


# Writing weights.


@pytest.mark.parametrize("home", HOMES)
def test_initial_values_reach_a_parametrized_weight(home: str) -> None:
    """What the layer computes with is what was asked for: the total forget bias, `W^T W = 1`."""
    net = layer(home, "lstm")
    parametrize.register_parametrization(net, "bias_ih_l0", Halved())
    parametrizations.weight_norm(net, "weight_hh_l0")
    initialise(net, forget_bias=1.0, recurrent="orthogonal")
    torch.testing.assert_close((net.bias_ih_l0 + net.bias_hh_l0)[6:12], torch.ones(6))
    for block in net.weight_hh_l0.split(6):
        torch.testing.assert_close(block.T @ block, torch.eye(6))


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        (own_parametrization, "remove_parametrizations"),
        (new_spectral_norm, "remove_parametrizations"),
        (old_weight_norm, "remove_weight_norm"),
        (pruned, "prune.remove"),
    ],
)
@pytest.mark.parametrize("home", HOMES)
def test_weights_that_cannot_be_set_are_refused_and_nothing_changes(
    home: str, change: Change, advice: str
) -> None:
    net = change(layer(home, "lstm"))
    before = copy.deepcopy(net.state_dict())
    with pytest.raises(ValueError, match=advice):
        initialise(net, forget_bias=1.0, recurrent="orthogonal")
    with pytest.raises(ValueError, match=advice):
        copy_parameters(three_times_the_weights(layer("ours", "lstm")), net)
    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name]), name


@pytest.mark.parametrize("homes", [("ours", "torch"), ("torch", "ours")])
def test_copies_what_parametrizations_compute(homes: tuple[str, str]) -> None:
    source = new_spectral_norm(own_parametrization(layer(homes[0], "gru")))
    target = parametrizations.weight_norm(HOMES[homes[1]]["gru"](4, 6), "weight_hh_l0")
    copy_parameters(source, target)
    rows = values(5, 3, 4)
    torch.testing.assert_close(target(rows)[0], source(rows)[0])


def test_a_parametrization_beside_what_is_set_may_be_one_way() -> None:
    net = new_spectral_norm(layer("torch", "lstm"))
    initialise(net, forget_bias=1.0)
    torch.testing.assert_close((net.bias_ih_l0 + net.bias_hh_l0)[6:12], torch.ones(6))


def test_where_training_starts_reaches_a_parametrized_weight() -> None:
    """Oracle: the sums of both biases, zero but for the gate that keeps."""
    net = layer("ours", "lstm")
    parametrize.register_parametrization(net, "bias_ih_l0", Halved())
    preparation.first_weights(net, keep_bias=2.0)
    wanted = torch.zeros(24)
    wanted[6:12] = 2
    torch.testing.assert_close(net.bias_ih_l0 + net.bias_hh_l0, wanted)
    with pytest.raises(ValueError, match=r"prune\.remove"):
        preparation.first_weights(pruned(layer("ours", "gru")))
