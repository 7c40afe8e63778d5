"""The checks at the boundary of the recurrent modules: what was expected, what came.

Kinds of errors and, where torch.nn has one, the wording follow torch.nn, so that code written
for it catches the same things here.
"""

from __future__ import annotations

import numbers
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence


def refuse(name: str, unexpected: dict[str, Any]) -> None:
    """Raise for constructor words that RNN and GRU do not take."""
    if "proj_size" in unexpected:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
    if unexpected:
        raise TypeError(f"{name} got an unexpected keyword argument {next(iter(unexpected))!r}")


def check_constructor(
    input_size: Any,
    hidden_size: Any,
    num_layers: Any,
    bias: Any,
    batch_first: Any,
    dropout: Any,
    proj_size: Any,
) -> None:
    """Check constructor values; raises TypeError or ValueError as torch.nn does."""
    number = isinstance(dropout, numbers.Number) and not isinstance(dropout, bool)
    if not number or not 0 <= dropout <= 1:
        raise ValueError(
            "dropout should be a number in range [0, 1] representing the probability of an "
            f"element being zeroed, got {dropout!r}"
        )
    if dropout > 0 and num_layers == 1:
        warnings.warn(
            "dropout is added after all recurrent layers but the last, so a non-zero dropout "
            f"expects num_layers greater than 1, got dropout={dropout} and num_layers=1",
            stacklevel=4,
        )
    for name, value in (("bias", bias), ("batch_first", batch_first)):
        if not isinstance(value, bool):
            raise TypeError(f"{name} should be of type bool, got: {type(value).__name__}")
    for name, value in (("input_size", input_size), ("hidden_size", hidden_size)):
        if not isinstance(value, int):
            raise TypeError(f"{name} should be of type int, got: {type(value).__name__}")
        if value <= 0:
            raise ValueError(f"{name} must be greater than zero, got {value}")
    if num_layers <= 0:
        raise ValueError(f"num_layers must be greater than zero, got {num_layers}")
    if proj_size < 0:
        raise ValueError(
            "proj_size should be a positive integer or zero to disable projections, "
            f"got {proj_size}"
        )
    if proj_size >= hidden_size:
        raise ValueError(
            f"proj_size has to be smaller than hidden_size, got {proj_size} and {hidden_size}"
        )


def check_input(module: Any, given: Any) -> None:
    """Check the input's dimensions, size and dtype against a recurrent module."""
    packed = isinstance(given, PackedSequence)
    data = given.data if packed else given
    if not isinstance(data, Tensor):
        raise TypeError(f"input must be a Tensor or PackedSequence, got {type(data).__name__}")
    if not packed and data.dim() not in (2, 3):
        name = type(module).__name__
        raise ValueError(f"{name}: Expected input to be 2D or 3D, got {data.dim()}D tensor instead")
    weight = module.weight_ih_l0
    if data.device != weight.device:
        raise RuntimeError(
            "Input and parameter tensors are not at the same device, found input tensor at "
            f"{data.device} and parameter tensor at {weight.device}"
        )
    autocast = _autocast(data)
    if data.dtype != weight.dtype and not (autocast and data.is_floating_point()):
        raise ValueError(
            f"RNN input dtype ({data.dtype}) does not match weight dtype ({weight.dtype}). "
            f"Convert input: input.to({weight.dtype}), or convert model: model.to({data.dtype})"
        )
    if packed and data.dim() != 2:
        raise RuntimeError(f"input must have 2 dimensions, got {data.dim()}")
    if data.shape[-1] != module.input_size:
        raise RuntimeError(
            "input.size(-1) must be equal to input_size. "
            f"Expected {module.input_size}, got {data.shape[-1]}"
        )
    steps = 1 if packed else data.shape[1 if module.batch_first and data.dim() == 3 else 0]
    if steps == 0:
        raise RuntimeError("Expected sequence length to be larger than 0 in RNN, got 0")


def checked_lengths(
    lengths: Any, steps: int, batch: int, device: Any, *, packed: bool = False
) -> Tensor | None:
    """Return lengths as `(B,)` int64, each in 1..T, on a device; None where all steps are real.

    The one check of lengths: a tensor, an array, a list or a tuple of integers of any type.
    Raises ValueError for anything else, and where a PackedSequence brings its own.
    """
    if lengths is None:
        return None
    if packed:
        raise ValueError(
            "lengths: expected None beside a PackedSequence, which has its own: leave lengths out"
        )
    lengths = _integers(lengths).to(device)
    if lengths.shape != (batch,):
        raise ValueError(
            f"lengths must have shape ({batch},), one for each sequence, got {tuple(lengths.shape)}"
        )
    wanted = f"lengths must lie in 1..{steps}"
    if torch.compiler.is_compiling():  # a program for any lengths: it checks those that it gets
        torch._assert_async(((lengths >= 1) & (lengths <= steps)).all(), wanted)
        return lengths
    if lengths.numel() == 0 or lengths.is_meta:
        return lengths
    shortest, longest = int(lengths.min()), int(lengths.max())
    if shortest < 1 or longest > steps:
        raise ValueError(f"{wanted}, got {shortest}..{longest}")
    return None if shortest == steps else lengths


def _integers(lengths: Any) -> Tensor:
    """Return lengths as int64; raises ValueError where they are no integers."""
    if isinstance(lengths, Tensor):
        came, whole = (
            str(lengths.dtype),
            not (
                lengths.is_floating_point() or lengths.is_complex() or lengths.dtype == torch.bool
            ),
        )
    else:
        try:
            lengths = np.asarray(lengths)
        except ValueError as error:  # rows of several lengths
            raise ValueError("lengths must be integers, one for each sequence") from error
        # NumPy takes an empty list for one of floats.
        came, whole = str(lengths.dtype), lengths.dtype.kind in "iu" or lengths.size == 0
        lengths = torch.from_numpy(lengths.astype(np.int64)) if whole else lengths
    if not whole:
        raise ValueError(f"lengths must be integers, got {came}")
    return lengths.to(torch.int64)


def checked_state(module: Any, hx: Any, batch: int, batched: bool) -> tuple[Tensor, ...]:
    """Return the initial state as `(L D, B, size)` tensors, zeros where none is given."""
    rows = module.num_layers * module.num_directions
    sizes = (module.fed_back_size, module.hidden_size)[: len(module.state_names)]
    if hx is None:
        weight = module.weight_ih_l0
        return tuple(weight.new_zeros(rows, batch, size) for size in sizes)
    two = len(sizes) == 2
    parts = tuple(hx) if two and isinstance(hx, Iterable) else (hx,)
    if len(parts) != len(sizes) or not all(isinstance(part, Tensor) for part in parts):
        came = ", ".join(type(part).__name__ for part in parts)
        raise TypeError(f"hx must be {'a pair (h_0, c_0)' if two else 'a tensor h_0'}, got {came}")
    wanted = 3 if batched else 2
    if any(part.dim() != wanted for part in parts):
        kind = "batched 3-D" if batched else "unbatched 2-D"
        came = ", ".join(f"{part.dim()}-D" for part in parts)
        raise RuntimeError(
            f"For {kind} input, {'hx and cx' if two else 'hx'} should also be {wanted}-D "
            f"but got {f'({came}) tensors' if two else f'{came} tensor'}"
        )
    if not batched:
        parts = tuple(part.unsqueeze(1) for part in parts)
    for index, (part, size) in enumerate(zip(parts, sizes, strict=True)):
        expected = (rows, batch, size)
        if part.shape != expected:
            name = f"hidden[{index}]" if two else "hidden"
            raise RuntimeError(f"Expected {name} size {expected}, got {list(part.shape)}")
        weight = module.weight_ih_l0
        if part.dtype != weight.dtype and not (part.is_floating_point() and _autocast(part)):
            raise RuntimeError(f"Expected hx of dtype {weight.dtype}, got {part.dtype}")
    return parts


def _autocast(tensor: Tensor) -> bool:
    device = tensor.device.type
    return torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)
