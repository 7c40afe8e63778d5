"""Compare our layers with torch.nn's over a grid of options: values, states, every gradient.

    python -m rnnviz parity [--cell lstm]

Both modules get the same parameters and read the same random sequences. The loss is a random
projection of the output and the final states, so every gradient is exercised.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

import torch
from rich import box
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnnviz.nn.cells.kinds import KINDS
from rnnviz.nn.parameters import copy_parameters
from rnnviz.nn.recurrent import LAYERS
from rnnviz.tracking import Track, silently

TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5}
"""Largest allowed difference `max |ours - theirs| / max(1, max |theirs|)`."""

_MODULES: dict[str, tuple[Any, Any, Mapping[str, Any]]] = {
    variant: (LAYERS[name], kind.twin, options)
    for name, kind in KINDS.items()
    for variant, options in (kind.variants or {}).items()
}
_STEPS, _BATCH, _INPUTS, _HIDDEN = 9, 4, 5, 7
_LENGTHS = torch.tensor([4, 9, 1, 6])


class Case(NamedTuple):
    """One point of the grid."""

    kind: str
    dtype: torch.dtype
    engine: str
    layers: int
    bidirectional: bool
    bias: bool
    batch_first: bool
    masked: bool
    given_state: bool


class Difference(NamedTuple):
    """Largest relative differences of one case."""

    output: float
    state: float
    gradients: float

    @property
    def largest(self) -> float:
        return max(self)


def cases(cell: str | None = None) -> Iterator[Case]:
    """Yield the grid; with `cell` ("rnn", "gru", "lstm") only that cell's part."""
    kinds = [kind for kind in _MODULES if cell is None or kind.split()[0] == cell]
    if not kinds:
        raise ValueError(f"cell must be rnn, gru or lstm, got {cell!r}")
    yes_no = (False, True)
    yield from (
        Case(*point)
        for point in product(
            kinds, TOLERANCE, ("bptt", "steps"), (1, 2), yes_no, yes_no, yes_no, yes_no, yes_no
        )
    )


def compare(case: Case, seed: int = 0) -> Difference:
    """Run one case through both modules and return how far apart they are."""
    ours_type, theirs_type, extra = _MODULES[case.kind]
    options = dict(extra) | {
        "num_layers": case.layers,
        "bidirectional": case.bidirectional,
        "bias": case.bias,
        "batch_first": case.batch_first,
        "dtype": case.dtype,
    }
    torch.manual_seed(seed)
    theirs = theirs_type(_INPUTS, _HIDDEN, **options)
    ours = ours_type(_INPUTS, _HIDDEN, **options, engine=case.engine)
    copy_parameters(theirs, ours)
    inputs = torch.randn(_STEPS, _BATCH, _INPUTS, dtype=case.dtype)
    if case.batch_first:
        inputs = inputs.transpose(0, 1).contiguous()
    rows = case.layers * (1 + case.bidirectional)
    sizes = (extra.get("proj_size", _HIDDEN), _HIDDEN)[: len(ours.state_names)]
    state = [torch.randn(rows, _BATCH, size, dtype=case.dtype) for size in sizes]
    results = [_everything(module, case, inputs, state, seed) for module in (theirs, ours)]
    return Difference(*(_largest(*pair) for pair in zip(*results, strict=True)))


def _everything(
    module: Any, case: Case, inputs: Tensor, state: list[Tensor], seed: int
) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """Return output, final states, and the gradients of inputs, initial states and parameters."""
    inputs = inputs.clone().requires_grad_()
    state = [part.clone().requires_grad_() for part in state]
    hx: Any = (tuple(state) if len(state) > 1 else state[0]) if case.given_state else None
    if not case.masked:
        output, final = module(inputs, hx)
    elif isinstance(module, nn.RNNBase):
        packed = pack_padded_sequence(inputs, _LENGTHS, case.batch_first, enforce_sorted=False)
        output, final = module(packed, hx)
        output, _ = pad_packed_sequence(output, case.batch_first)
    else:
        output, final = module(inputs, hx, lengths=_LENGTHS)
    finals = list(final) if isinstance(final, tuple) else [final]
    generator = torch.Generator().manual_seed(seed)
    loss = sum(
        (value * torch.randn(value.shape, dtype=value.dtype, generator=generator)).sum()
        for value in (output, *finals)
    )
    leaves = [inputs, *(state if case.given_state else []), *module.parameters()]
    return [output], finals, list(torch.autograd.grad(loss, leaves))


def _largest(theirs: list[Tensor], ours: list[Tensor]) -> float:
    differences = [
        (a - b).detach().abs().max() / b.detach().abs().max().clamp(min=1)
        for a, b in zip(ours, theirs, strict=True)
    ]
    # Python's max() passes over NaN, which must not count as agreement.
    return max(float(difference.nan_to_num(nan=torch.inf)) for difference in differences)


def report(cell: str | None = None, track: Track = silently) -> bool:
    """Print a table of the grid's largest differences; return True if all are within tolerance."""
    worst: dict[tuple[str, torch.dtype, str], list[Difference]] = {}
    every = list(cases(cell))
    for case in track(every, len(every)):
        worst.setdefault((case.kind, case.dtype, case.engine), []).append(compare(case))
    headers = ("cell", "dtype", "engine", "cases", "output", "state", "gradients", "limit")
    table = Table(*headers, box=box.SIMPLE, padding=(0, 1, 0, 0))
    passed = True
    for (kind, dtype, engine), found in worst.items():
        largest = Difference(*map(max, zip(*found, strict=True)))
        within = largest.largest <= TOLERANCE[dtype]
        passed = passed and within
        figures = (f"{value:.1e}" for value in largest)
        limit = f"{TOLERANCE[dtype]:.0e}" + ("" if within else "  EXCEEDED")
        name = str(dtype).removeprefix("torch.")
        table.add_row(kind, name, engine, str(len(found)), *figures, limit)
    console = Console()
    console.print(table)
    for dtype in TOLERANCE:
        top = max(
            difference.largest
            for (_, its_dtype, _), found in worst.items()
            if its_dtype == dtype
            for difference in found
        )
        console.print(f"largest difference in {str(dtype).removeprefix('torch.')}: {top:.1e}")
    return passed
