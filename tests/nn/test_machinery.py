"""What torch runs around a layer: checkpoints, hooks, batched gradients, changes in place.

The oracle is torch.nn in float64 under the same machinery, where it stands; the step loop, or the
same gradients taken one by one, where it does not.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import gradcheck, gradgradcheck
from torch.autograd.functional import hessian, jacobian
from torch.autograd.graph import save_on_cpu, saved_tensors_hooks
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence
from torch.utils.checkpoint import checkpoint

from tests.oracle import CELLS, initial_state, twins

KINDS: list[tuple[str, dict[str, Any]]] = [
    ("rnn", {}),
    ("rnn", {"nonlinearity": "relu", "num_layers": 2}),
    ("gru", {}),
    ("gru", {"num_layers": 2, "bidirectional": True, "bias": False}),
    ("lstm", {"batch_first": True}),
    ("lstm", {"num_layers": 2, "bidirectional": True}),
    ("lstm", {"proj_size": 2}),
    ("lstm", {"proj_size": 3, "num_layers": 2, "bidirectional": True}),
]
INPUTS = torch.randn(
    3, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(3)
)  # also square: the same with batch_first
LENGTHS = torch.tensor([3, 1, 2])


def flat(results: Any) -> list[Tensor]:
    """Output and states as one list of tensors."""
    output, state = results
    output = output.data if isinstance(output, PackedSequence) else output
    return [output, *(state if isinstance(state, tuple) else (state,))]


def assert_close(mine: Any, torchs: Any) -> None:
    torch.testing.assert_close(mine, torchs, rtol=1e-9, atol=1e-10)


# --- many gradients at once


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize(("cell", "options"), KINDS)
def test_batched_gradients(cell: str, options: dict[str, Any], create_graph: bool) -> None:
    """Those of torch.nn, of every leaf and through every result; also those taken one by one."""
    found = []
    for module in twins(cell, 4, 5, **options):
        inputs, hx = INPUTS.clone().requires_grad_(), initial_state(module, 3)
        leaves = [inputs, *(h.requires_grad_() for h in (hx if cell == "lstm" else (hx,)))]
        leaves += list(module.parameters())
        results = flat(module(inputs, hx))
        generator = torch.Generator().manual_seed(5)
        many = [
            torch.randn(6, *result.shape, generator=generator, dtype=result.dtype)
            for result in results
        ]
        ask = functools.partial(torch.autograd.grad, results, leaves, retain_graph=True)
        batched = ask(many, is_grads_batched=True, create_graph=create_graph)
        assert all(gradient.requires_grad == create_graph for gradient in batched)
        found.append([gradient.detach() for gradient in batched])
        single = zip(*(ask([one[place] for one in many]) for place in range(6)), strict=True)
        assert_close(found[-1], [torch.stack(row) for row in single])
        if create_graph:
            again = torch.autograd.grad(sum(g.pow(2).sum() for g in batched), leaves)
            found[-1] += again
    assert_close(*found)


@pytest.mark.parametrize(("cell", "options"), KINDS)
def test_batched_gradients_with_lengths(cell: str, options: dict[str, Any]) -> None:
    """Equal to those taken one by one, where torch.nn has no lengths."""
    module, _ = twins(cell, 4, 5, **options)
    inputs = INPUTS.clone().requires_grad_()
    output, _ = module(inputs, lengths=LENGTHS)
    leaves = [inputs, *module.parameters()]
    many = torch.randn(6, *output.shape, dtype=output.dtype)
    ask = functools.partial(torch.autograd.grad, output, leaves, retain_graph=True)
    single = zip(*(ask(one) for one in many), strict=True)
    assert_close(list(ask(many, is_grads_batched=True)), [torch.stack(row) for row in single])


@pytest.mark.parametrize(("cell", "options"), KINDS)
def test_jacobians_and_hessians(cell: str, options: dict[str, Any]) -> None:
    """With and without `vectorize`, in both directions, and by `torch.func`."""
    ours, theirs = twins(cell, 4, 5, **options)
    inputs = INPUTS

    def output(module: Any) -> Callable[[Tensor], Tensor]:
        return lambda x: module(x)[0]

    wanted = jacobian(output(theirs), inputs)
    assert_close(jacobian(output(ours), inputs), wanted)
    assert_close(jacobian(output(ours), inputs, vectorize=True), wanted)
    assert_close(jacobian(output(ours), inputs, vectorize=True, strategy="forward-mode"), wanted)
    assert_close(torch.func.jacrev(output(ours))(inputs), wanted)
    assert_close(torch.func.jacfwd(output(ours))(inputs), wanted)

    def loss(module: Any) -> Callable[[Tensor], Tensor]:
        return lambda x: sum(part.pow(3).sum() for part in flat(module(x)))  # type: ignore[return-value]

    wanted = hessian(loss(theirs), inputs)
    assert_close(hessian(loss(ours), inputs, vectorize=True), wanted)
    forward = hessian(loss(ours), inputs, vectorize=True, outer_jacobian_strategy="forward-mode")
    assert_close(forward, wanted)
    assert_close(torch.func.hessian(loss(ours))(inputs), wanted)


@pytest.mark.parametrize(("cell", "options"), KINDS)
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_gradcheck_of_batched_gradients(
    cell: str, options: dict[str, Any], lengths: Tensor | None
) -> None:
    module, _ = twins(cell, 4, 2 + options.get("proj_size", 0), **options)
    inputs = INPUTS.clone().requires_grad_()
    function = lambda x: tuple(flat(module(x, lengths=lengths)))  # noqa: E731
    assert gradcheck(
        function, (inputs,), check_batched_grad=True, check_forward_ad=True, fast_mode=True
    )
    assert gradgradcheck(function, (inputs,), check_batched_grad=True, fast_mode=True)


@pytest.mark.parametrize("cell", CELLS)
def test_a_mapped_backward(cell: str) -> None:
    """`torch.vmap` over a call of `autograd.grad`, and over the function of `torch.func.vjp`."""
    ours, theirs = twins(cell, 4, 5, 2)
    many = torch.randn(6, 3, 3, 5, dtype=torch.float64)
    inputs = INPUTS.clone().requires_grad_()
    wanted = torch.autograd.grad(theirs(inputs)[0], inputs, many, is_grads_batched=True)[0]
    output, _ = ours(inputs)
    one = lambda above: torch.autograd.grad(output, inputs, above, retain_graph=True)[0]  # noqa: E731
    assert_close(torch.vmap(one)(many), wanted)
    _, back = torch.func.vjp(lambda x: ours(x)[0], INPUTS)
    assert_close(torch.vmap(back)(many)[0], wanted)


# --- what is saved for backward


def doubled_loss(module: Any, inputs: Tensor, hx: Any) -> Tensor:
    return sum(part.pow(2).sum() for part in flat(module(inputs, hx)))  # type: ignore[return-value]


AROUND: dict[str, Callable[..., Tensor]] = {
    "checkpoint": functools.partial(checkpoint, doubled_loss, use_reentrant=False),
    "checkpoint, no early stop": functools.partial(
        checkpoint, doubled_loss, use_reentrant=False, early_stop=False
    ),
    "reentrant checkpoint": functools.partial(checkpoint, doubled_loss, use_reentrant=True),
    "checkpoint in a checkpoint": functools.partial(
        checkpoint,
        functools.partial(checkpoint, doubled_loss, use_reentrant=False),
        use_reentrant=False,
    ),
}


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize(("cell", "options"), KINDS)
def test_checkpoints(cell: str, options: dict[str, Any], around: str) -> None:
    found = []
    for module in twins(cell, 4, 5, **options):
        inputs, hx = INPUTS.clone().requires_grad_(), initial_state(module, 3)
        leaves = [inputs, *module.parameters()]
        for leaf in leaves:
            leaf.grad = None
        AROUND[around](module, inputs, hx).backward()
        plain = torch.autograd.grad(doubled_loss(module, inputs, hx), leaves)
        assert_close([leaf.grad for leaf in leaves], list(plain))
        found.append(list(plain))
    assert_close(*found)


@pytest.mark.parametrize("cell", CELLS)
def test_checkpoints_that_are_differentiated_again(cell: str) -> None:
    """`create_graph`, and many gradients at once, through what a checkpoint computes anew."""
    found = []
    for module in twins(cell, 4, 5, 2):
        inputs = INPUTS.clone().requires_grad_()
        output = checkpoint(lambda x, module=module: module(x)[0], inputs, use_reentrant=False)
        (slope,) = torch.autograd.grad(output.pow(2).sum(), inputs, create_graph=True)
        leaves = [inputs, *module.parameters()]
        twice = torch.autograd.grad(slope.pow(2).sum(), leaves)
        output = checkpoint(lambda x, module=module: module(x)[0], inputs, use_reentrant=False)
        many = torch.randn(4, *output.shape, generator=torch.Generator().manual_seed(2)).double()
        found.append([*twice, *torch.autograd.grad(output, leaves, many, is_grads_batched=True)])
    assert_close(*found)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("cell", CELLS)
def test_checkpoints_with_lengths_and_dropout(
    cell: str, lengths: Tensor | None, dropout: float
) -> None:
    module, _ = twins(cell, 4, 5, 2, dropout=dropout)
    inputs = INPUTS.clone().requires_grad_()

    def loss(x: Tensor) -> Tensor:
        return module(x, lengths=lengths)[0].pow(2).sum()

    slopes = []
    for around in (loss, functools.partial(checkpoint, loss, use_reentrant=False)):
        torch.manual_seed(4)
        slopes.append(torch.autograd.grad(around(inputs), [inputs, *module.parameters()]))
    assert_close(*map(list, slopes))


@pytest.mark.parametrize(("cell", "options"), KINDS)
def test_hooks_of_saved_tensors(cell: str, options: dict[str, Any]) -> None:
    """Each saved tensor is asked for once a backward; where it was kept meanwhile is free."""
    ours, theirs = twins(cell, 4, 5, **options)
    inputs, hx = INPUTS.clone().requires_grad_(), initial_state(ours, 3)
    wanted = torch.autograd.grad(doubled_loss(theirs, inputs, hx), [inputs, *theirs.parameters()])
    leaves = [inputs, *ours.parameters()]
    with save_on_cpu():
        loss = doubled_loss(ours, inputs, hx)
    assert_close(torch.autograd.grad(loss, leaves), wanted)
    packed: list[Tensor] = []
    asked: list[int] = []

    def pack(tensor: Tensor) -> int:
        packed.append(tensor.detach().clone())
        return len(packed) - 1

    def unpack(place: int) -> Tensor:
        asked.append(place)
        return packed[place]

    with saved_tensors_hooks(pack, unpack):
        loss = doubled_loss(ours, inputs, hx)
    for _ in range(2):  # with `retain_graph` they are asked for once more
        asked.clear()
        assert_close(torch.autograd.grad(loss, leaves, retain_graph=True), wanted)
        assert len(asked) == len(set(asked))
    slope = torch.autograd.grad(loss, inputs, create_graph=True)[0]
    theirs_slope = torch.autograd.grad(doubled_loss(theirs, inputs, hx), inputs, create_graph=True)[
        0
    ]
    assert_close(
        torch.autograd.grad(slope.pow(2).sum(), inputs),
        torch.autograd.grad(theirs_slope.pow(2).sum(), inputs),
    )


@pytest.mark.parametrize("cell", CELLS)
def test_a_second_derivative_under_autocast(cell: str) -> None:
    """It is taken in the precision of the weights, as the first is."""
    module, _ = twins(cell, 4, 5, dtype=torch.float32)
    slopes = []
    for on in (False, True):
        inputs = INPUTS.float().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=on):
            output = module(inputs)[0].pow(2).sum()
            (slope,) = torch.autograd.grad(output, inputs, create_graph=True)
        slopes.append(torch.autograd.grad(slope.pow(2).sum(), inputs)[0])
    torch.testing.assert_close(slopes[1], slopes[0], rtol=1e-4, atol=1e-6)


# --- results changed in place


def masked(part: Tensor) -> None:
    part.mul_(torch.linspace(0, 2, part.numel(), dtype=part.dtype).view(part.shape).round())


def written_by_numpy(part: Tensor) -> None:
    part.detach().numpy()[..., 1] = 3


def one_step(part: Tensor) -> None:
    part[0] = 0


def added(part: Tensor) -> None:
    part += 1


CHANGES: list[Callable[[Tensor], Any]] = [
    masked,
    added,
    one_step,
    written_by_numpy,
    nn.ReLU(inplace=True),
    functools.partial(nn.functional.dropout, p=1.0, inplace=True),
    Tensor.zero_,
    lambda part: part.detach().zero_(),
]
FORMS = ("whole", "batch first", "unbatched", "packed", "lengths")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("cell", "options"), KINDS)
def test_results_changed_in_place(cell: str, options: dict[str, Any], form: str) -> None:
    """Output and states are the caller's: after any change the gradients are those of torch.nn."""
    ours, theirs = twins(cell, 4, 5, **options | {"batch_first": form == "batch first"})
    for change, which in itertools.product(CHANGES, range(3 if cell == "lstm" else 2)):
        found = []
        for module in (ours, theirs):
            inputs = INPUTS.clone().requires_grad_()
            hx = initial_state(module, None if form == "unbatched" else 3)
            results = flat(read(module, inputs, hx, form))
            change(results[which])
            leaves = [inputs, *module.parameters()]
            loss = sum(part.sin().sum() for part in results)
            found.append([*results, *torch.autograd.grad(loss, leaves)])
        assert_close(*found)


def read(module: Any, inputs: Tensor, hx: Any, form: str) -> Any:
    """Read in one of the `FORMS`; with lengths, torch.nn through packing and back."""
    if form == "unbatched":
        return module(inputs[:, 0], hx)
    if form not in ("packed", "lengths"):
        return module(inputs, hx)
    if form == "lengths" and not isinstance(module, nn.RNNBase):
        return module(inputs, hx, lengths=LENGTHS)
    packed = pack_padded_sequence(inputs, LENGTHS, enforce_sorted=False)
    output, state = module(packed, hx)
    return (pad_packed_sequence(output)[0] if form == "lengths" else output), state


@pytest.mark.parametrize("cell", CELLS)
def test_an_output_without_gradients_is_no_copy(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept then, so nothing has to be protected."""
    from rnnviz.nn.cells.kinds import KINDS

    ours, _ = twins(cell, 4, 5)
    tapes = []
    sweep = KINDS[ours.cell(0).kind].sweep
    forward = sweep.forward
    monkeypatch.setattr(
        sweep, "forward", staticmethod(lambda *args: tapes.append(forward(*args)) or tapes[-1])
    )
    with torch.no_grad():
        output, _ = ours(INPUTS)
    assert output.data_ptr() == tapes[0].held.data_ptr()
    assert ours(INPUTS)[0].data_ptr() != tapes[1].held.data_ptr()
