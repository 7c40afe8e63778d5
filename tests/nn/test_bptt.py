"""The fast path against torch.nn in float64: values and every gradient."""

from __future__ import annotations

import gc
import itertools
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import forward_ad, gradcheck, gradgradcheck
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence

from rnnviz.nn import buffers
from tests.oracle import (
    CELLS,
    OURS,
    assert_near,
    assert_same,
    initial_state,
    run,
    run_packed,
    skip_unless_torch_runs,
    twins,
)

ENGINES = ("bptt", "steps", "torch")


@pytest.fixture(scope="module", autouse=True)
def poisoned_memory() -> Iterator[None]:
    """Every buffer, however small, is one that was used before and is full of NaN.

    So what is read before it was written, and what two passes share, shows in every test below.
    """
    take = buffers._take

    def poisoned(size: int) -> Any:
        block = take(size)
        block.fill(0xFF)
        return block

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buffers, "SMALLEST_BYTES", 0)
        patch.setattr(buffers, "_take", poisoned)
        yield


def sequence(*shape: int, seed: int = 3, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    ("layers", "directions", "bias", "batch_first"),
    list(itertools.product((1, 2, 3), (1, 2), (True, False), (True, False))),
)
def test_grid(
    cell: str, engine: str, layers: int, directions: int, bias: bool, batch_first: bool
) -> None:
    ours, theirs = (
        twins(cell, 4, 5, layers, bias, batch_first, 0.0, directions == 2, engine=engine)
        if cell != "rnn"
        else twins(
            cell, 4, 5, layers, "tanh", bias, batch_first, 0.0, directions == 2, engine=engine
        )
    )
    inputs = sequence(3, 7, 4)
    batch = 3 if batch_first else 7
    for hx in (None, initial_state(theirs, batch)):
        assert_same(run(ours, inputs, hx), run(theirs, inputs, hx))


@st.composite
def networks(draw: st.DrawFn) -> tuple[str, tuple[int, ...], dict[str, Any]]:
    """A cell, its sizes and its options, anything that torch.nn takes."""
    cell = draw(st.sampled_from(CELLS))
    hidden = draw(st.integers(1, 6))
    options: dict[str, Any] = {
        "bias": draw(st.booleans()),
        "batch_first": draw(st.booleans()),
        "bidirectional": draw(st.booleans()),
    }
    if cell == "rnn":
        options["nonlinearity"] = draw(st.sampled_from(("tanh", "relu")))
    if cell == "lstm":
        options["proj_size"] = draw(st.integers(0, hidden - 1))
    sizes = (draw(st.integers(1, 5)), hidden, draw(st.integers(1, 3)))
    return cell, sizes, options


@given(
    network=networks(),
    engine=st.sampled_from(ENGINES),
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    form=st.sampled_from(("batch", "unbatched", "lengths", "packed", "packed sorted")),
    with_state=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_anything_that_torch_takes(
    network: tuple[str, tuple[int, ...], dict[str, Any]],
    engine: str,
    lengths: list[int],
    form: str,
    with_state: bool,
    seed: int,
) -> None:
    cell, sizes, options = network
    ours, theirs = twins(cell, *sizes, engine=engine, seed=seed, **options)
    steps, batch = max(lengths), len(lengths)
    by_time = sequence(steps, batch, sizes[0], seed=seed)
    inputs = by_time.transpose(0, 1) if options["batch_first"] else by_time  # a strided view
    hx = initial_state(theirs, batch, seed) if with_state else None
    if form == "unbatched":
        one, hx = by_time[:, 0], initial_state(theirs, None, seed) if with_state else None
        assert_same(run(ours, one, hx), run(theirs, one, hx))
    elif form == "lengths":
        full = torch.tensor(lengths)
        theirs_run = run_packed(theirs, inputs, full, hx)
        assert_same(run(ours, inputs, hx, lengths=full), theirs_run)
    elif form == "batch":
        assert_same(run(ours, inputs, hx), run(theirs, inputs, hx))
    else:
        in_order = form == "packed sorted"
        some = sorted(lengths, reverse=True) if in_order else lengths
        packed = pack_padded_sequence(
            inputs, torch.tensor(some), options["batch_first"], enforce_sorted=in_order
        )
        assert_same(run(ours, packed, hx), run(theirs, packed, hx))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("lengths", [(1, 1, 1), (6, 6, 6), (1, 6, 3), (6, 1, 1), (2, 3, 2)])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_lengths(cell: str, engine: str, lengths: tuple[int, ...], bidirectional: bool) -> None:
    """Hold-the-state masking equals packing; with (2, 3, 2) no row reaches the last step."""
    ours, theirs = twins(
        cell, 4, 5, 2, engine=engine, batch_first=True, bidirectional=bidirectional
    )
    inputs, hx = sequence(3, 6, 4), initial_state(theirs, 3)
    full = torch.tensor(lengths)
    assert_same(run(ours, inputs, hx, lengths=full), run_packed(theirs, inputs, full, hx))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("cell", "options"), [("rnn", {}), ("gru", {}), ("lstm", {}), ("lstm", {"proj_size": 2})]
)
def test_what_lies_in_the_padding_changes_nothing(
    cell: str, options: dict[str, int], engine: str
) -> None:
    ours, _ = twins(cell, 4, 5, 2, engine=engine, batch_first=True, bidirectional=True, **options)
    inputs, lengths = sequence(3, 6, 4), torch.tensor([6, 2, 4])
    wanted = run(ours, inputs, lengths=lengths)
    beyond = torch.arange(6)[None, :, None] >= lengths[:, None, None]
    for filler in (1e6, float("nan"), float("inf")):
        got = run(ours, inputs.masked_fill(beyond, filler), lengths=lengths)
        assert_same(got, wanted)
    assert (wanted["output"].masked_select(beyond) == 0).all()
    assert (wanted["d inputs"].masked_select(beyond) == 0).all()


@pytest.mark.parametrize("engine", ["bptt", "steps"])
@pytest.mark.parametrize("cell", CELLS)
def test_dropout_between_layers(cell: str, engine: str) -> None:
    """In training mode with one seed, where torch draws one mask per layer as we do."""
    ours, theirs = twins(cell, 4, 5, 3, engine=engine, dropout=0.5)
    inputs = sequence(7, 3, 4)
    runs = []
    for module in (ours, theirs):
        torch.manual_seed(11)
        runs.append(run(module, inputs))
    assert_same(*runs)
    assert_same(run(ours.eval(), inputs), run(theirs.eval(), inputs))
    assert not torch.equal(ours(inputs)[0], ours.train()(inputs)[0])


@pytest.mark.parametrize("engine", ["bptt", "steps"])
def test_dropout_of_one_silences_all_but_the_first_layer(engine: str) -> None:
    ours, theirs = twins("gru", 4, 5, 2, engine=engine, dropout=1.0)
    inputs = sequence(7, 3, 4)
    assert_same(run(ours, inputs), run(theirs, inputs))


@pytest.mark.parametrize(
    ("cell", "options"),
    [
        ("rnn", {}),
        ("rnn", {"nonlinearity": "relu"}),
        ("gru", {}),
        ("lstm", {}),
        ("lstm", {"proj_size": 2}),
    ],
)
@pytest.mark.parametrize("lengths", [None, (4, 2)])
def test_gradcheck(cell: str, options: dict[str, Any], lengths: tuple[int, ...] | None) -> None:
    """Against finite differences: inputs, initial states and parameters at once."""
    module, _ = twins(cell, 2, 3, 2, bidirectional=True, batch_first=True, **options)
    named = {name: value.detach().requires_grad_() for name, value in module.named_parameters()}
    hx = initial_state(module, 2)
    states = hx if isinstance(hx, tuple) else (hx,)
    mask = None if lengths is None else torch.tensor(lengths)

    def function(inputs: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        state, weights = rest[: len(states)], rest[len(states) :]
        values = dict(zip(named, weights, strict=True))
        given = (inputs, state if len(states) > 1 else state[0])
        output, final = torch.func.functional_call(module, values, given, {"lengths": mask})
        return (output, *(final if isinstance(final, tuple) else (final,)))

    leaves = (sequence(2, 4, 2), *states, *named.values())
    assert gradcheck(function, tuple(x.detach().requires_grad_() for x in leaves), fast_mode=True)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_second_derivatives(cell: str, tied: bool) -> None:
    """Equal to torch.nn's, also where arguments depend on each other.

    The initial state comes from the inputs and two weights may be one: no path may count twice.
    """
    results = []
    for module in twins(cell, 5, 5, 2, bidirectional=True):
        if tied:
            module.weight_hh_l0 = module.weight_ih_l0
        inputs = sequence(7, 3, 5).requires_grad_()
        hidden = inputs.mean(0, keepdim=True).tanh().expand(4, -1, -1)
        output, _ = module(inputs, (hidden, 2 * hidden) if cell == "lstm" else hidden)
        (slope,) = torch.autograd.grad(output.pow(2).sum(), inputs, create_graph=True)
        leaves = [inputs, *module.parameters()]
        results.append([slope, *torch.autograd.grad(slope.pow(2).sum(), leaves)])
    for mine, torchs in zip(*results, strict=True):
        assert_near(mine, torchs)


@pytest.mark.parametrize("engine", ["bptt", "steps"])
@pytest.mark.parametrize("cell", CELLS)
def test_gradgradcheck(cell: str, engine: str) -> None:
    module, _ = twins(cell, 2, 3, engine=engine, batch_first=True)
    lengths = torch.tensor([3, 2])
    inputs = sequence(2, 3, 2).requires_grad_()
    assert gradgradcheck(lambda x: module(x, lengths=lengths)[0], (inputs,))


@pytest.mark.parametrize("cell", CELLS)
def test_backward_twice_with_retained_graph(cell: str) -> None:
    ours, _ = twins(cell, 4, 5, 2)
    inputs = sequence(7, 3, 4).requires_grad_()
    output, _ = ours(inputs)
    leaves = [inputs, *ours.parameters()]
    first = torch.autograd.grad(output.sum(), leaves, retain_graph=True)
    second = torch.autograd.grad(output.sum(), leaves)
    for a, b in zip(first, second, strict=True):
        assert torch.equal(a, b)
    with pytest.raises(RuntimeError, match="second time"):
        torch.autograd.grad(output.sum(), leaves)


@pytest.mark.parametrize("cell", CELLS)
def test_reused_memory_never_mixes_two_passes(cell: str) -> None:
    """Forward, forward, backward, backward, with sizes that differ and that agree."""
    ours, theirs = twins(cell, 4, 5, 2)
    for shapes in (((7, 3), (7, 3)), ((7, 3), (5, 2)), ((2, 1), (9, 6))):
        all_inputs = [
            sequence(*shape, 4, seed=i).requires_grad_() for i, shape in enumerate(shapes)
        ]
        gradients = []
        for module in (ours, theirs):
            outputs = [module(inputs)[0] for inputs in all_inputs]
            kept = [output.detach().clone() for output in outputs]
            for order in (outputs, outputs[::-1]):
                loss = [output.pow(2).sum() for output in order]
                wanted = [*all_inputs, *module.parameters()]
                each = [
                    torch.autograd.grad(x, wanted, allow_unused=True, retain_graph=True)
                    for x in loss
                ]
                gradients.append([g for row in each for g in row if g is not None])
            assert all(torch.equal(a, b) for a, b in zip(kept, outputs, strict=True))
        ours_rows, theirs_rows = gradients[:2], gradients[2:]
        for mine, torchs in zip(ours_rows, theirs_rows, strict=True):
            for a, b in zip(mine, torchs, strict=True):
                assert_near(a, b)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("chosen", ["inputs", "hx", "weight_hh_l0", "bias_ih_l1", "weight_ih_l1"])
def test_only_one_thing_wants_a_gradient(cell: str, chosen: str) -> None:
    pair = twins(cell, 4, 5, 2)
    gradients = []
    for module in pair:
        module.requires_grad_(False)
        inputs, hx = sequence(7, 3, 4), initial_state(module, 3)
        states = hx if isinstance(hx, tuple) else (hx,)
        leaf = {"inputs": inputs, "hx": states[-1]}.get(chosen)
        leaf = module.get_parameter(chosen) if leaf is None else leaf
        leaf.requires_grad_()
        output, _ = module(inputs, hx)
        gradients.append(torch.autograd.grad(output.pow(2).sum(), leaf)[0])
    assert_near(*gradients)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("part", ["output", "hidden", "last"])
def test_gradient_through_one_result_only(cell: str, part: str) -> None:
    pair = twins(cell, 4, 5, 2, bidirectional=True)
    gradients = []
    for module in pair:
        inputs = sequence(7, 3, 4).requires_grad_()
        output, state = module(inputs)
        hidden, last = state if isinstance(state, tuple) else (state, state)
        chosen = {"output": output, "hidden": hidden, "last": last}[part]
        wanted = [inputs, *module.parameters()]
        gradients.append(torch.autograd.grad(chosen.pow(2).sum(), wanted, materialize_grads=True))
    for a, b in zip(*gradients, strict=True):
        assert_near(a, b)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("shape", ["expanded", "transposed", "every other step", "flipped"])
def test_inputs_that_are_not_contiguous(cell: str, shape: str) -> None:
    ours, theirs = twins(cell, 4, 5, 2)
    inputs = {
        "expanded": sequence(7, 1, 4).expand(7, 3, 4),
        "transposed": sequence(4, 3, 7).permute(2, 1, 0),
        "every other step": sequence(14, 3, 4)[::2],
        "flipped": sequence(7, 3, 4).flip(0),
    }[shape]
    hx = initial_state(theirs, 3)
    strided = tuple(h.mT.contiguous().mT for h in (hx if isinstance(hx, tuple) else (hx,)))
    hx = strided if isinstance(hx, tuple) else strided[0]
    assert_same(run(ours, inputs, hx), run(theirs, inputs, hx))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("cell", CELLS)
def test_arguments_are_left_as_they_were(cell: str, engine: str) -> None:
    ours, _ = twins(cell, 4, 5, 2, engine=engine)
    inputs, hx = sequence(7, 3, 4), initial_state(ours, 3)
    before = inputs.clone(), [h.clone() for h in (hx if isinstance(hx, tuple) else (hx,))]
    run(ours, inputs, hx)
    assert torch.equal(inputs, before[0])
    for kept, h in zip(before[1], hx if isinstance(hx, tuple) else (hx,), strict=True):
        assert torch.equal(kept, h)


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_from_above_are_left_as_they_were(cell: str) -> None:
    """The sweep adds to them in place, so it has to work on a copy."""
    ours, _ = twins(cell, 4, 5, 2)
    inputs = sequence(7, 3, 4).requires_grad_()
    results = _flat(*ours(inputs))
    above = [torch.randn_like(result) for result in results]
    before = [gradient.clone() for gradient in above]
    torch.autograd.grad(results, inputs, above)
    assert all(torch.equal(a, b) for a, b in zip(above, before, strict=True))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_without_gradients(cell: str, mode: Any) -> None:
    ours, theirs = twins(cell, 4, 5, 2, bidirectional=True)
    inputs = sequence(7, 3, 4)
    with mode():
        mine, torchs = ours(inputs), theirs(inputs)
        again = ours(inputs)
    for a, b, c in zip(_flat(*mine), _flat(*torchs), _flat(*again), strict=True):
        assert not a.requires_grad
        assert_near(a, b)
        assert torch.equal(a, c)
    assert_same(run(ours, inputs), run(theirs, inputs))  # training goes on after inference


@pytest.mark.parametrize("cell", CELLS)
def test_results_of_an_earlier_pass_survive_later_ones(cell: str) -> None:
    ours, _ = twins(cell, 4, 5, 2)
    for mode in (torch.no_grad, torch.enable_grad):
        with mode():
            first = _flat(*ours(sequence(7, 3, 4)))
            kept = [x.detach().clone() for x in first]
            for seed in range(3):
                ours(sequence(7, 3, 4, seed=seed + 20))
            assert all(torch.equal(a, b) for a, b in zip(first, kept, strict=True))


@pytest.mark.parametrize("cell", CELLS)
def test_the_graph_is_freed(cell: str) -> None:
    ours, _ = twins(cell, 4, 5, 2)
    gc.collect()
    gc.disable()  # references alone must free it, no cycle may hold the activations
    try:
        output, state = ours(sequence(7, 3, 4))
        # The caller's output is a copy; the layer's own node stands before it.
        (own,) = (node for node, _ in output.grad_fn.next_functions if node is not None)
        node = weakref.ref(own)
        del own
        output.sum().backward()
        del output, state
        assert node() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("cell", CELLS)
def test_memory_does_not_grow(cell: str) -> None:
    ours, _ = twins(cell, 4, 5, 2)

    def tensors() -> int:
        gc.collect()
        return sum(issubclass(type(x), Tensor) for x in gc.get_objects())

    counts = []
    for _ in range(3):
        for steps in (3, 9, 5):
            ours(sequence(steps, 3, 4))[0].sum().backward()
        counts.append(tensors())
    assert counts[1] == counts[2]


@pytest.mark.parametrize("cell", CELLS)
def test_two_threads_share_one_module(cell: str) -> None:
    ours, theirs = twins(cell, 4, 16, 2)
    wanted = [run(theirs, sequence(20, 3, 4, seed=seed)) for seed in (1, 2)]
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for _ in range(20):
                assert_same(run(ours, sequence(20, 3, 4, seed=number + 1)), wanted[number])
        except BaseException as error:  # carried to the main thread below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]


PRECISIONS = [(torch.float32, 1e-5), (torch.bfloat16, 0.1), (torch.float16, 0.02)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS)
def test_precisions(cell: str, engine: str, dtype: torch.dtype, tolerance: float) -> None:
    """Each precision against torch.nn in float32, with the same coarse weights and inputs."""
    if engine == "torch":
        skip_unless_torch_runs(cell, dtype)
    ours, theirs = twins(cell, 4, 5, 2, engine=engine, dtype=dtype)
    inputs = sequence(7, 3, 4).to(dtype)
    mine, torchs = run(ours, inputs), run(theirs.float(), inputs.float())
    assert all(mine[name].dtype == dtype for name in mine)
    assert_same({name: value.float() for name, value in mine.items()}, torchs, tolerance)


@pytest.mark.parametrize("engine", ["bptt", "steps"])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS)
def test_precisions_as_torch(cell: str, engine: str, dtype: torch.dtype, tolerance: float) -> None:
    """Each precision against torch.nn in the same one, where it has one on this processor."""
    skip_unless_torch_runs(cell, dtype)
    ours, theirs = twins(cell, 4, 5, 2, engine=engine, dtype=dtype)
    inputs = sequence(7, 3, 4).to(dtype)
    assert_same(run(ours, inputs), run(theirs, inputs), tolerance)


@pytest.mark.parametrize("engine", ["bptt", "steps"])
@pytest.mark.parametrize("cell", CELLS)
def test_autocast(cell: str, engine: str) -> None:
    """Under autocast ours stays in the precision of its weights, so torch.nn's float32 is near.

    What a linear layer below hands up is in bfloat16: taken, and near as well.
    """
    ours, theirs = twins(cell, 4, 5, 2, engine=engine, dtype=torch.float32)
    inputs = sequence(7, 3, 4, dtype=torch.float32)
    wanted = run(theirs, inputs)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mine = run(ours, inputs)
        from_below = ours(inputs.bfloat16())[0]
    for name, value in wanted.items():
        assert engine == "steps" or mine[name].dtype == torch.float32, name
        assert_near(mine[name].float(), value, 1e-5 if engine == "bptt" else 0.1, what=name)
    assert_near(from_below.float(), wanted["output"], 0.1)


@pytest.mark.parametrize("engine", ["bptt", "steps"])
@pytest.mark.parametrize("cell", CELLS)
def test_autocast_as_torch(cell: str, engine: str) -> None:
    """Near torch.nn under autocast, where it runs on this processor.

    Its own choice differs by cell: its LSTM drops to bfloat16 and its GRU does not.
    """
    skip_unless_torch_runs(cell, torch.bfloat16, autocast=True)
    ours, theirs = twins(cell, 4, 5, 2, engine=engine, dtype=torch.float32)
    inputs = sequence(7, 3, 4, dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mine, torchs = run(ours, inputs), run(theirs, inputs)
    for name, value in torchs.items():
        assert_near(mine[name].float(), value.float(), 0.1, what=name)


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")
@pytest.mark.parametrize("cell", CELLS)
def test_functional_transforms(cell: str) -> None:
    """`torch.func.grad` and forward mode as in torch.nn, and `vmap`, which torch.nn lacks."""
    ours, theirs = twins(cell, 4, 5, 2)
    inputs = sequence(7, 3, 4)
    slopes, tangents = [], []
    for module in (ours, theirs):
        weights = {name: value.detach() for name, value in module.named_parameters()}

        def loss(weights: dict[str, Tensor], module: Any = module) -> Tensor:
            return torch.func.functional_call(module, weights, (inputs,))[0].pow(2).sum()

        slopes.append(torch.func.grad(loss)(weights))
        tangents.append(torch.func.jvp(lambda x, module=module: module(x)[0], (inputs,), (inputs,)))
    assert_same(*slopes)
    for mine, torchs in zip(*tangents, strict=True):
        assert_near(mine, torchs)
    mapped = torch.vmap(lambda x: ours(x)[0], in_dims=1, out_dims=1)(inputs)
    assert_near(mapped, theirs(inputs)[0])
    with forward_ad.dual_level():
        dual = ours(forward_ad.make_dual(inputs, inputs))[0]
        tangent = forward_ad.unpack_dual(dual).tangent
    assert_near(tangent, tangents[1][1])


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
@pytest.mark.parametrize("cell", CELLS)
def test_compiled_exported_and_traced_programs(cell: str) -> None:
    """They see through the step loop, so what they make of it computes and trains as torch.nn."""
    ours, theirs = twins(cell, 4, 5, 2)
    inputs, others = sequence(7, 3, 4), sequence(7, 3, 4, seed=4)
    wanted = theirs(others)[0]
    exported = torch.export.export(ours, (inputs,)).module()
    assert_near(exported(others)[0], wanted)
    traced = torch.jit.trace(ours, (inputs,))
    assert_near(traced(others)[0], wanted)
    torch._dynamo.reset()
    compiled = torch.compile(ours, backend="aot_eager")
    slopes = [
        torch.autograd.grad(output.pow(2).sum(), list(module.parameters()))
        for output, module in ((compiled(others)[0], ours), (wanted, theirs))
    ]
    for mine, torchs in zip(*slopes, strict=True):
        assert_near(mine, torchs)


@pytest.mark.parametrize("cell", CELLS)
def test_shapes_without_memory(cell: str) -> None:
    """A module on "meta" answers with shapes alone, however large it is."""
    module = OURS[cell](40_000, 50_000, 2, device="meta")
    output, _ = module(torch.empty(7, 3, 40_000, device="meta"))
    assert output.shape == (7, 3, 50_000)
    assert output.is_meta


@pytest.mark.parametrize("cell", CELLS)
def test_packed_sequences_of_tensors(cell: str) -> None:
    ours, theirs = twins(cell, 4, 5, 2, bidirectional=True)
    packed = pack_sequence([sequence(n, 4, seed=n) for n in (2, 6, 1, 6)], enforce_sorted=False)
    hx = initial_state(theirs, 4)
    assert_same(run(ours, packed, hx), run(theirs, packed, hx))


@pytest.mark.parametrize("cell", CELLS)
def test_one_long_sequence(cell: str) -> None:
    ours, theirs = twins(cell, 4, 8)
    inputs = sequence(400, 1, 4)
    assert_same(run(ours, inputs), run(theirs, inputs))


@pytest.mark.parametrize("cell", CELLS)
def test_relu_and_saturated_gates_stay_finite(cell: str) -> None:
    ours, theirs = twins(cell, 4, 5, dtype=torch.float32)
    with torch.no_grad():
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            a.mul_(1e4)
            b.mul_(1e4)
    inputs = sequence(7, 3, 4, dtype=torch.float32)
    mine, torchs = run(ours, inputs), run(theirs, inputs)
    for name in ("output", "hidden"):
        assert torch.isfinite(mine[name]).all()
        assert_near(mine[name], torchs[name], 1e-5)


def test_every_engine_is_checked() -> None:
    with pytest.raises(ValueError, match="engine"):
        OURS["gru"](2, 3, engine="fast")


def _flat(output: Any, state: Any) -> list[Tensor]:
    return [output, *(state if isinstance(state, tuple) else (state,))]
