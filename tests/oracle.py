"""The oracle of the core's tests: the same network in `torch.nn`, run on the same numbers."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

import rnnviz
from rnnviz.notation.signals import SIGNALS

OURS: dict[str, Any] = {"rnn": rnnviz.RNN, "gru": rnnviz.GRU, "lstm": rnnviz.LSTM}
TORCH: dict[str, Any] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
CELLS = tuple(OURS)


def twins(cell: str, *sizes: int, seed: int = 0, engine: str = "bptt", **options: Any) -> Any:
    """Our module and torch's, with the same parameters; float64 unless `dtype` says otherwise."""
    options.setdefault("dtype", torch.float64)
    torch.manual_seed(seed)
    theirs = TORCH[cell](*sizes, **options)
    ours = OURS[cell](*sizes, engine=engine, **options)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def initial_state(module: Any, batch: int | None, seed: int = 5) -> Any:
    """A random `hx` for the module: (layers * directions, batch, H), without batch where None."""
    generator = torch.Generator().manual_seed(seed)
    rows = module.num_layers * (2 if module.bidirectional else 1)
    sizes = [module.proj_size or module.hidden_size]
    if isinstance(module, nn.LSTM | rnnviz.LSTM):
        sizes.append(module.hidden_size)
    shapes = [(rows, size) if batch is None else (rows, batch, size) for size in sizes]
    dtype = module.weight_ih_l0.dtype
    states = tuple(torch.randn(shape, generator=generator, dtype=dtype) for shape in shapes)
    return states if len(states) > 1 else states[0]


def run(module: Any, inputs: Any, hx: Any = None, *, seed: int = 1, **named: Any) -> Any:
    """Output, states and every gradient of one pass, by name.

    The gradients are those of a random weighted sum of output and states, so no element of a
    Jacobian can hide behind a symmetry.
    """
    inputs, leaf = _leaf(inputs)
    hx, hx_leaves = _state_leaves(hx)
    output, state = module(inputs, hx, **named)
    packed = isinstance(output, PackedSequence)
    results = {"output": output.data if packed else output}
    results |= dict(zip(("hidden", "cell"), _tuple(state), strict=False))
    if packed:
        results["batch_sizes"] = output.batch_sizes
        for name in ("sorted_indices", "unsorted_indices"):
            if getattr(output, name) is not None:
                results[name] = getattr(output, name)
    generator = torch.Generator().manual_seed(seed)
    floats = {name: value for name, value in results.items() if value.is_floating_point()}
    loss = sum(
        (value * torch.randn(value.shape, generator=generator).to(value)).sum()
        for value in floats.values()
    )
    leaves = {"d inputs": leaf} | {f"d hx[{i}]": h for i, h in enumerate(hx_leaves)}
    leaves |= {f"d {name}": value for name, value in module.named_parameters()}
    leaves = {name: value for name, value in leaves.items() if value.requires_grad}
    gradients = torch.autograd.grad(loss, list(leaves.values()))
    results = {name: value.detach() for name, value in results.items()}
    return results | dict(zip(leaves, gradients, strict=True))


def run_packed(module: Any, inputs: Tensor, lengths: Tensor, hx: Any = None, **named: Any) -> Any:
    """`run` of a torch.nn module on padded inputs with lengths, through packing and back.

    Results are padded again, so they compare with our own `lengths=`.
    """

    def through_packing(inputs: Tensor, hx: Any) -> Any:
        packed = pack_padded_sequence(
            inputs, lengths, batch_first=module.batch_first, enforce_sorted=False
        )
        output, state = module(packed, hx)
        steps = inputs.shape[1 if module.batch_first else 0]
        padded, _ = pad_packed_sequence(output, module.batch_first, total_length=steps)
        return padded, state

    through_packing.named_parameters = module.named_parameters  # type: ignore[attr-defined]
    return run(through_packing, inputs, hx, **named)


def assert_same(ours: Any, theirs: Any, tolerance: float = 1e-10) -> None:
    """The same names, and every value near its own: see `assert_near`."""
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        assert_near(ours[name], value, tolerance, what=name)


def assert_near(
    found: Any,
    wanted: Any,
    tolerance: float = 1e-10,
    *,
    equal_nan: bool = False,
    what: Any = "value",
) -> None:
    """Equal in shape and, relative to the largest number that is wanted, in value.

        max |found - wanted| <= tolerance * max |wanted|

    Two ways of computing differ by rounding, and rounding grows with the numbers that are added:
    the right bound is neither the same for all sizes nor that of each small number by itself.
    For tensors, arrays, lists and numbers; tensors must also agree in their dtype. A zero that is
    wanted everywhere must be found.
    """
    if isinstance(found, Tensor) and isinstance(wanted, Tensor):
        assert found.dtype == wanted.dtype, f"{what}: {found.dtype} beside {wanted.dtype}"
    found, wanted = _numbers(found), _numbers(wanted)
    assert found.shape == wanted.shape, f"{what}: {found.shape} beside {wanted.shape}"
    assert equal_nan or not np.isnan(wanted).any(), f"{what}: NaN is wanted"
    finite = np.isfinite(wanted)
    np.testing.assert_array_equal(found[~finite], wanted[~finite], str(what))
    gaps = np.abs(found[finite] - wanted[finite])
    size, gap = np.abs(wanted[finite]).max(initial=0), gaps.max(initial=0)
    assert gap <= tolerance * size, (  # false where the gap is NaN
        f"{what}: {gap:.3g} off where the largest is {size:.3g}, "
        f"so {gap / max(size, 1e-300):.2g} of it; allowed is {tolerance:g}"
    )


@functools.cache
def refusal(cell: str, dtype: torch.dtype, *, autocast: bool = False) -> str:
    """Why torch's own module does not run in `dtype` on this processor, or "" where it does.

    Its kernels differ by processor: without AVX-512 its LSTM has none for bfloat16, say. So it is
    asked, forwards and backwards. With `autocast` weights are float32 and `dtype` is that of
    autocast.
    """
    weights = torch.float32 if autocast else dtype
    module = TORCH[cell](2, 3, dtype=weights)
    try:
        with torch.autocast("cpu", dtype=dtype, enabled=autocast):
            run(module, torch.zeros(2, 1, 2, dtype=weights))
    except RuntimeError as error:
        return f"torch.nn's {cell} in {dtype} on this processor: {error}".splitlines()[0]
    return ""


def skip_unless_torch_runs(cell: str, dtype: torch.dtype, *, autocast: bool = False) -> None:
    """Leave the test out, with torch's own words, where torch itself cannot be the oracle."""
    if reason := refusal(cell, dtype, autocast=autocast):
        pytest.skip(reason)


def _numbers(values: Any) -> Any:
    if isinstance(values, Tensor):
        values = values.detach().to(torch.float64).numpy()
    return np.asarray(values, dtype=np.float64)


def _leaf(inputs: Any) -> tuple[Any, Tensor]:
    if isinstance(inputs, PackedSequence):
        data = inputs.data.detach().clone().requires_grad_()
        return PackedSequence(data, *inputs[1:]), data
    # Strides are kept: inputs that are not contiguous stay so.
    leaf = inputs.detach().requires_grad_()
    return leaf, leaf


def _state_leaves(hx: Any) -> tuple[Any, tuple[Tensor, ...]]:
    if hx is None:
        return None, ()
    leaves = tuple(h.detach().requires_grad_() for h in _tuple(hx))
    return (leaves if isinstance(hx, tuple) else leaves[0]), leaves


def _tuple(state: Any) -> tuple[Tensor, ...]:
    return state if isinstance(state, tuple) else (state,)


def described(name: str, value: float, *, unit: int, step: int, step_word: str = "row") -> str:
    """The sentence of a hover: ``forget gate of unit 37 at row 12: 0.93, keeps 93 % of the cell``.

    The oracle of the browser's sentences. `unit` counts from 0, `step` from 1 as a reader does.
    """
    signal = SIGNALS[name]
    spot = f"{signal.label.lower()} of unit {unit} at {step_word} {step}"
    return f"{spot}: {value:.2f}, {signal.words(value)}"
