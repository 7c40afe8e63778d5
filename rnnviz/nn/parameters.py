"""Move parameters between torch.nn and rnnviz, and set initial values that torch has no word for.

Shapes: `H` hidden size, `I` input size, `G` gates.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from rnnviz.nn.recurrent import LAYERS, LSTM, RNN, _Recurrent
from rnnviz.notation.cells import CELLS

Recurrent = _Recurrent | nn.RNN | nn.GRU | nn.LSTM

_WRAPPERS = {
    "OptimizedModule": "_orig_mod",  # by name: to import its module takes seconds
    "DataParallel": "module",
    "DistributedDataParallel": "module",
}
_OPTIONS = ("input_size", "hidden_size", "num_layers", "bias", "bidirectional", "proj_size")

AS_PARAMETERS = (
    "make it one first, with torch.nn.utils.remove_weight_norm, remove_spectral_norm, or "
    "torch.nn.utils.prune.remove"
)


def check_recurrent(module: object) -> None:
    """Raise TypeError unless `module` is one of the three recurrent modules, torch's or ours.

    Of a module that holds some, the message names them.
    """
    if not isinstance(module, _Recurrent | nn.RNN | nn.GRU | nn.LSTM):
        raise TypeError(
            "expected an RNN, GRU or LSTM of torch.nn or rnnviz, "
            f"got {type(module).__module__}.{type(module).__name__}{_advice(module)}"
        )


def _advice(module: object) -> str:
    """What to pass instead of a module that only holds recurrent layers."""
    if not isinstance(module, nn.Module):
        return ""
    if "quantized" in type(module).__module__ or isinstance(module, torch.jit.ScriptModule):
        return ": pass the module that it was made from, before it was quantized or scripted"
    found = [_expression(module, name) for name, part in module.named_modules() if is_layer(part)]
    if not found:
        return ""
    if callable(getattr(module, "trace", None)):
        return f": call its own trace, or pass the layer inside, {found[0]}"
    if len(found) == 1:
        return f": pass the layer inside, {found[0]}, and what that layer reads"
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    return f": pass one of the layers inside ({', '.join(found[:5])}{more}) and what it reads"


def is_layer(part: nn.Module) -> bool:
    return isinstance(part, _Recurrent | nn.RNN | nn.GRU | nn.LSTM)


def _expression(module: nn.Module, path: str) -> str:
    """How Python reaches a part of `net`: `net.encoder[0]`."""
    written = "net"
    for name in path.split("."):
        if isinstance(module, nn.Sequential | nn.ModuleList):
            written += f"[{name}]"
        elif isinstance(module, nn.ModuleDict):
            written += f"[{name!r}]"
        elif name.isidentifier():
            written += f".{name}"
        else:
            written += f".get_submodule({name!r})"
        module = module.get_submodule(name)
    return written


def unwrapped(module: Any) -> Recurrent:
    """The layer that a module is, without what only compiles it or shares its batches out.

    Raises TypeError for what is no RNN, GRU or LSTM, and where the wrapper has hooks of its own.
    """
    inside = module
    while not is_layer(inside) and (name := _wraps(inside)):
        inside = getattr(inside, name)
    check_recurrent(inside if is_layer(inside) else module)
    return inside


def _wraps(module: Any) -> str | None:
    """The name of what a wrapper of torch's calls and does nothing to."""
    kind = type(module)
    if not kind.__module__.startswith("torch.") or kind.__name__ not in _WRAPPERS:
        return None
    splits = kind is nn.DataParallel and len(module.device_ids) > 1
    if splits or module._forward_hooks or module._forward_pre_hooks:
        return None
    return _WRAPPERS[kind.__name__]


def weight_names(module: Recurrent) -> list[str]:
    """The names of a layer's weights, in torch.nn's order, however they are computed."""
    if isinstance(module, _Recurrent):
        return list(module._parameter_shapes())
    return list(module._flat_weights_names)


def counterpart(module: Recurrent, weights: Mapping[str, Tensor | None]) -> _Recurrent:
    """Return a layer of ours of the same kind and sizes with these very `weights`, by name."""
    options = {name: getattr(module, name) for name in (*_OPTIONS, "batch_first")}
    if not isinstance(module, nn.LSTM | LSTM):
        del options["proj_size"]
    if isinstance(module, nn.RNN | RNN):
        options["nonlinearity"] = module.nonlinearity
    made = LAYERS[kind_of(module)](**options, device="meta")
    for name in weight_names(made):
        weight = weights[name]
        if not isinstance(weight, nn.Parameter):
            delattr(made, name)  # computed anew at each call, as by weight norm: no parameter
        setattr(made, name, weight)
    return made.train(module.training)


def kind_of(module: Recurrent) -> str:
    """The cell's name: "rnn", "gru" or "lstm"."""
    return module.mode.partition("_")[0].lower()


def effective(module: Recurrent) -> dict[str, Tensor]:
    """The weights that a layer computes with, by name; parametrizations are run for it.

    Raises ValueError for weights that a hook sets at each call: nobody knows them in between.
    """
    names = weight_names(module)
    for name in names:
        if name not in module._parameters and not parametrize.is_parametrized(module, name):
            raise ValueError(
                f"expected {name} to be a parameter, got a value that a hook computes at each "
                f"call: {AS_PARAMETERS}"
            )
    return {name: getattr(module, name) for name in names}


@torch.no_grad()
def assign(module: Recurrent, values: Mapping[str, Tensor]) -> None:
    """Make these the weights that a layer computes with, through parametrizations where it has any.

    Raises ValueError, and leaves the module as it was, where a parametrization cannot hold them.
    """
    now = effective(module)
    tensors = [*module.parameters(), *module.buffers()]
    before = [tensor.clone() for tensor in tensors]
    try:
        for name, value in values.items():
            _assign(module, name, value.detach().to(now[name]))
    except ValueError:
        for tensor, value in zip(tensors, before, strict=True):
            tensor.copy_(value)
        raise


def _assign(module: Recurrent, name: str, value: Tensor) -> None:
    if name in module._parameters:
        module.get_parameter(name).copy_(value)
        return
    kinds = ", ".join(type(one).__name__ for one in module.parametrizations[name])  # type: ignore[index]
    refusal = ValueError(
        f"expected {name} to take any value, got one whose parametrization ({kinds}) cannot hold "
        "these: take it off first with torch.nn.utils.parametrize.remove_parametrizations"
    )
    try:
        setattr(module, name, value)
    except (NotImplementedError, RuntimeError, ValueError, TypeError) as failure:
        raise refusal from failure
    if not torch.allclose(getattr(module, name), value, rtol=1e-3, atol=1e-5):
        raise refusal


def adopt(module: Recurrent) -> _Recurrent:
    """Return an rnnviz module that computes with the same parameter tensors as `module`.

    An rnnviz module is returned as it is. For a torch.nn module nothing is copied: both then share
    their parameters.

    Raises:
        TypeError: the module is no recurrent one.
        ValueError: a module of torch.nn whose weights are computed anew at each call.
    """
    module = unwrapped(module)
    if isinstance(module, _Recurrent):
        return module
    return counterpart(module, effective(module))


def copy_parameters(source: Recurrent, target: Recurrent) -> None:
    """Copy every weight of `source` into `target`, in place; torch.nn to ours or back.

    Everything is checked first, so either all weights are copied or none. Parametrized weights
    are read and set as what they compute.

    Raises:
        TypeError: one of the two is no recurrent module.
        ValueError: kind, sizes, names or shapes do not fit; the message names each difference.
            Or weights of one of them are computed by something that cannot be set.
    """
    source, target = unwrapped(source), unwrapped(target)
    differences = [
        f"{name} is {ours!r} in the source and {theirs!r} in the target"
        for name in ("mode", *_OPTIONS)
        if (ours := getattr(source, name)) != (theirs := getattr(target, name))
    ]
    given, wanted = effective(source), effective(target)
    differences += [f"the target has no {name}" for name in given if name not in wanted]
    for name, weight in wanted.items():
        if name not in given:
            differences.append(f"the source has no {name}")
        elif given[name].shape != weight.shape:
            shapes = f"{tuple(given[name].shape)}, expected {tuple(weight.shape)}"
            differences.append(f"{name} has shape {shapes}")
    if differences:
        raise ValueError("parameters do not fit: " + "; ".join(differences))
    assign(target, given)


def initialise(
    module: Recurrent,
    *,
    recurrent: str = "uniform",
    gain: float = 1.0,
    forget_bias: float | None = None,
    keep_bias: float | None = None,
) -> None:
    """Set initial values that torch.nn does not offer, in place.

    What a parametrization computes is set through it, so that the layer computes with these values.

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
            a module without biases, or weights that are computed by what cannot be set.
    """
    module = unwrapped(module)
    if recurrent not in ("uniform", "orthogonal", "identity"):
        raise ValueError(f"recurrent must be uniform, orthogonal or identity, got {recurrent!r}")
    if not math.isfinite(gain) or gain <= 0:
        raise ValueError(f"gain must be a positive number, got {gain}")
    given = {"forget_bias": forget_bias, "keep_bias": keep_bias}
    biases = {name: value for name, value in given.items() if value is not None}
    own = CELLS[kind_of(module)]
    for name, value in biases.items():
        if name != own.keep_word:
            whose = " or ".join(one.title for one in CELLS.values() if one.keep_word == name)
            raise ValueError(f"{name} is a word for {whose}, got {module.mode}")
        if not math.isfinite(value):
            raise ValueError(f"{name} must be a finite number, got {value}")
        if not module.bias:
            raise ValueError(f"{name} needs a module with bias=True, got bias=False")
    with torch.no_grad():
        weights = {name: value.clone() for name, value in effective(module).items()}
        for weight in _named(weights, "weight_hh"):
            for block in weight.split(module.hidden_size):
                _set_block(block, recurrent, gain)
        for value in biases.values():
            _set_gate_bias(weights, module.hidden_size, own.keep_block or 0, value)
    # What stays as it is need not be set: its parametrization may have no way back.
    changed = {
        "weight_hh": recurrent != "uniform" or gain != 1,
        "bias": bool(biases),
    }
    kinds = tuple(kind for kind, asked in changed.items() if asked)
    assign(module, {name: value for name, value in weights.items() if name.startswith(kinds)})


def _named(weights: Mapping[str, Tensor], kind: str) -> Iterator[Tensor]:
    return (value for name, value in weights.items() if name.startswith(kind))


def _set_block(block: Tensor, recurrent: str, gain: float) -> None:
    if recurrent == "orthogonal":
        nn.init.orthogonal_(block, gain)
    elif recurrent == "identity":
        nn.init.eye_(block).mul_(gain)
    else:
        block.mul_(gain)


def _set_gate_bias(weights: Mapping[str, Tensor], size: int, row: int, value: float) -> None:
    """Set one gate's rows in the first bias to `value` and in the second to zero."""
    rows = slice(row * size, (row + 1) * size)
    for bias in _named(weights, "bias_ih"):
        bias[rows] = value
    for bias in _named(weights, "bias_hh"):
        bias[rows] = 0
