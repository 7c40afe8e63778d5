"""Move parameters between torch.nn and rnnviz, and set initial values that torch has no word for.

Shapes: `H` hidden size, `I` input size, `G` gates.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from rnnviz.recurrent import GRU, LSTM, RNN, _Recurrent

Recurrent = _Recurrent | nn.RNN | nn.GRU | nn.LSTM

_OURS: dict[str, type[_Recurrent]] = {"RNN_TANH": RNN, "RNN_RELU": RNN, "GRU": GRU, "LSTM": LSTM}
_OPTIONS = ("input_size", "hidden_size", "num_layers", "bias", "bidirectional", "proj_size")


def check_recurrent(module: object) -> None:
    """Raise TypeError unless `module` is one of the three recurrent modules, torch's or ours."""
    if not isinstance(module, _Recurrent | nn.RNN | nn.GRU | nn.LSTM):
        raise TypeError(
            "expected an RNN, GRU or LSTM of torch.nn or rnnviz, "
            f"got {type(module).__module__}.{type(module).__name__}"
        )


def adopt(module: Recurrent) -> _Recurrent:
    """Return an rnnviz module that computes with the same parameter tensors as `module`.

    An rnnviz module is returned as it is. For a torch.nn module nothing is copied: both then share
    their parameters.
    """
    check_recurrent(module)
    if isinstance(module, _Recurrent):
        return module
    options = {name: getattr(module, name) for name in _OPTIONS if name != "proj_size"}
    if isinstance(module, nn.LSTM):
        options["proj_size"] = module.proj_size
    if isinstance(module, nn.RNN):
        options["nonlinearity"] = module.nonlinearity
    options["batch_first"] = module.batch_first
    adopted = _OURS[module.mode](**options, device="meta")
    for name, _ in list(adopted.named_parameters()):
        weight = getattr(module, name)
        if not isinstance(weight, nn.Parameter):
            delattr(adopted, name)  # computed anew at each call, as by weight norm: no parameter
        setattr(adopted, name, weight)
    return adopted.train(module.training)


def copy_parameters(source: Recurrent, target: Recurrent) -> None:
    """Copy every parameter of `source` into `target`, in place; torch.nn to ours or back.

    Everything is checked first, so either all parameters are copied or none.

    Raises:
        TypeError: one of the two is no recurrent module.
        ValueError: kind, sizes, names or shapes do not fit; the message names each difference.
    """
    check_recurrent(source)
    check_recurrent(target)
    differences = [
        f"{name} is {ours!r} in the source and {theirs!r} in the target"
        for name in ("mode", *_OPTIONS)
        if (ours := getattr(source, name)) != (theirs := getattr(target, name))
    ]
    given, wanted = dict(source.named_parameters()), dict(target.named_parameters())
    differences += [f"the target has no {name}" for name in given if name not in wanted]
    for name, parameter in wanted.items():
        if name not in given:
            differences.append(f"the source has no {name}")
        elif given[name].shape != parameter.shape:
            shapes = f"{tuple(given[name].shape)}, expected {tuple(parameter.shape)}"
            differences.append(f"{name} has shape {shapes}")
    if differences:
        raise ValueError("parameters do not fit: " + "; ".join(differences))
    with torch.no_grad():
        for name, parameter in wanted.items():
            parameter.copy_(given[name])


def initialise(
    module: Recurrent,
    *,
    recurrent: str = "uniform",
    gain: float = 1.0,
    forget_bias: float | None = None,
    keep_bias: float | None = None,
) -> None:
    """Set initial values that torch.nn does not offer, in place.

    Args:
        module: an RNN, GRU or LSTM, of rnnviz or torch.nn.
        recurrent: what every gate's block of `weight_hh (H, H)` becomes: "orthogonal" (QR of a
            normal matrix, Saxe et al. 2014), "identity" (Le et al. 2015), or "uniform" (left as
            it is, torch's U(-1/sqrt(H), 1/sqrt(H))).
        gain: factor on the recurrent blocks; 1 keeps the norm of what an orthogonal block
            multiplies, more lets it grow, less lets it fade.
        forget_bias: LSTM only; the total bias `b_ih + b_hh` of the forget gate, so sigmoid of it
            is the share of the cell that is kept at first (Gers 2000; Jozefowicz 2015 advise 1).
        keep_bias: GRU only; the total bias of the update gate. In torch's convention a high value
            keeps the old state.

    Raises:
        TypeError: `module` is no recurrent module.
        ValueError: an unknown word, a non-finite gain, a bias for a cell that has no such gate,
            or a module without biases.
    """
    check_recurrent(module)
    if recurrent not in ("uniform", "orthogonal", "identity"):
        raise ValueError(f"recurrent must be uniform, orthogonal or identity, got {recurrent!r}")
    if not math.isfinite(gain) or gain <= 0:
        raise ValueError(f"gain must be a positive number, got {gain}")
    biases = {"forget_bias": ("LSTM", 1, forget_bias), "keep_bias": ("GRU", 1, keep_bias)}
    for name, (mode, _, value) in biases.items():
        if value is not None and module.mode != mode:
            raise ValueError(f"{name} is for an {mode}, got {module.mode}")
        if value is not None and not math.isfinite(value):
            raise ValueError(f"{name} must be a finite number, got {value}")
        if value is not None and not module.bias:
            raise ValueError(f"{name} needs a module with bias=True, got bias=False")
    with torch.no_grad():
        for weight in _named(module, "weight_hh"):
            for block in weight.split(module.hidden_size):
                _set_block(block, recurrent, gain)
        for _, row, value in biases.values():
            if value is not None:
                _set_gate_bias(module, row, value)


def _named(module: Recurrent, kind: str) -> Iterator[Tensor]:
    return (value for name, value in module.named_parameters() if name.startswith(kind))


def _set_block(block: Tensor, recurrent: str, gain: float) -> None:
    if recurrent == "orthogonal":
        nn.init.orthogonal_(block, gain)
    elif recurrent == "identity":
        nn.init.eye_(block).mul_(gain)
    else:
        block.mul_(gain)


def _set_gate_bias(module: Recurrent, row: int, value: float) -> None:
    """Set one gate's rows in the first bias to `value` and in the second to zero."""
    rows = slice(row * module.hidden_size, (row + 1) * module.hidden_size)
    for bias in _named(module, "bias_ih"):
        bias[rows] = value
    for bias in _named(module, "bias_hh"):
        bias[rows] = 0
