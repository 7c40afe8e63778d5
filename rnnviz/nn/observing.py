"""A layer as torch runs it: with hooks, parametrizations and a `forward` of its own.

The weights of a bare layer are its parameters, and what it reads is what it was given. Around
other layers torch runs code: `weight_norm` computes a weight anew at every call, a hook changes
the input, a subclass doubles it. Such a layer is called as it is. What reaches its steps is kept
on the way, and what it returns must be what the steps gave. Otherwise no record of the steps would
be true, and it is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import MethodType
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules import module as torch_modules
from torch.nn.utils import parametrize
from torch.nn.utils.rnn import PackedSequence
from torch.overrides import TorchFunctionMode

from rnnviz.nn.parameters import Recurrent, adopt, counterpart, unwrapped, weight_names
from rnnviz.nn.recurrent import GRU, LSTM, RNN, _Recurrent

BARE = (RNN, GRU, LSTM, nn.RNN, nn.GRU, nn.LSTM)
_HOOKS = ("_forward_pre_hooks", "_forward_hooks")


class Given(NamedTuple):
    """A layer of ours, and what its steps are given, in the form of its own arguments."""

    reader: _Recurrent
    inputs: Any
    hx: Any
    lengths: Any


def bare(module: Recurrent) -> bool:
    """Whether nothing stands between what a layer is given, its parameters, and its answer."""
    if type(module) not in BARE or is_hooked(module):
        return False
    parameters = [module._parameters.get(name) for name in weight_names(module)]
    used = getattr(module, "_flat_weights", parameters)
    return len(used) == len(parameters) and all(
        weight is not None and weight is other
        for weight, other in zip(parameters, used, strict=True)
    )


def is_hooked(module: nn.Module) -> bool:
    """Whether torch runs hooks around a module's `forward`, or one that was put in its place."""
    of_all = (getattr(torch_modules, f"_global{name}", None) for name in _HOOKS)
    own = (getattr(module, name) for name in _HOOKS)
    return "forward" in vars(module) or any(own) or any(of_all)


def check_returned(module: nn.Module, returned: Any, computed: Any) -> None:
    """Raise TypeError unless a module returned what its steps computed, but for rounding."""
    if not _alike(computed, returned):
        raise TypeError(
            f"expected {_name(module)} to return what its steps computed, got a forward or hook "
            "that changes it: trace it without the change"
        )


def evaluating(module: nn.Module) -> nn.Module:
    """The same module in evaluation mode, beside the one that others may be calling.

    It shares tensors and hooks with it; what its `forward` sets stays its own.
    """
    copies: dict[nn.Module, nn.Module] = {}
    for part in module.modules():
        copies[part] = own = object.__new__(type(part))
        vars(own).update(vars(part) | {"training": False, "_compiled_call_impl": None})
    for own in copies.values():
        inside = vars(own)
        inside["_modules"] = {
            name: one if one is None else copies[one] for name, one in own._modules.items()
        }
        inside["_parameters"], inside["_buffers"] = own._parameters.copy(), own._buffers.copy()
        for name, value in inside.items():
            if isinstance(value, MethodType) and value.__self__ in copies:
                inside[name] = MethodType(value.__func__, copies[value.__self__])
    return copies[module]


@contextmanager
def as_called(
    module: Recurrent, inputs: Any, hx: Any, lengths: Any, *, undisturbed: bool
) -> Iterator[Given]:
    """Call `module` unless it is bare, and yield what its steps were given.

    With `undisturbed` the module answers the same twice, and is as it was when the context ends.

    Raises:
        TypeError: the module is not a recurrent one; what it returns is not what its steps gave;
            or it answers differently each time.
        ValueError, RuntimeError: as from the module itself.
    """
    module = unwrapped(module)
    if bare(module):
        yield Given(adopt(module), inputs, hx, lengths)
        return
    call: Any = _call_of_ours if isinstance(module, _Recurrent) else _call_of_torchs
    with ExitStack() as stack:
        if undisturbed:
            stack.enter_context(_kept(module))
            before = call(module, inputs, hx, lengths).returned
        stack.enter_context(parametrize.cached())
        found = call(module, inputs, hx, lengths)
        if undisturbed and not _alike(before, found.returned):
            raise TypeError(
                f"expected {_name(module)} to answer the same twice, got one that changes or "
                "draws something at every call: call its eval() first"
            )
        check_returned(module, found.returned, found.computed)
        yield found.given


class _Call(NamedTuple):
    """What a call returned, what its steps had computed, and what these were given."""

    returned: Any
    computed: Any
    given: Given


def _call_of_ours(module: _Recurrent, inputs: Any, hx: Any, lengths: Any) -> _Call:
    given: list[Given] = []
    computed: list[Any] = []

    def sequences(*arguments: Any) -> Any:
        given.append(Given(module, *arguments))
        return type(module)._sequences(module, *arguments)

    def answer(*arguments: Any) -> Any:
        computed.append(type(module)._answer(module, *arguments))
        return computed[-1]

    named = {"hx": hx, "lengths": lengths}
    with _shadowed(module, _sequences=sequences, _answer=answer):
        returned = module(inputs, **{word: one for word, one in named.items() if one is not None})
    _check_once(module, len(given))
    return _Call(returned, computed[0], given[0])


def _call_of_torchs(module: Any, inputs: Any, hx: Any, lengths: Any) -> _Call:
    kernel = _Kernel(module.mode.lower())
    with _shadowed(module), kernel:
        returned = module(inputs) if hx is None else module(inputs, hx)
    _check_once(module, len(kernel.calls))
    arguments, computed = kernel.calls[0]
    packed = not isinstance(arguments[3], bool)
    data, state, weights = (
        arguments[0],
        arguments[2 if packed else 1],
        arguments[3 if packed else 2],
    )
    reader = counterpart(module, dict(zip(weight_names(module), weights, strict=True)))
    if packed:
        order = _output(returned)
        indices = (order.sorted_indices, order.unsorted_indices)
        data = PackedSequence(data, arguments[1], *indices)
        state = _each(state, lambda part: part if indices[1] is None else part[:, indices[1]])
    else:
        reader.batch_first = arguments[-1]
        if isinstance(inputs, Tensor) and inputs.dim() == 2:
            batch = 0 if reader.batch_first else 1
            data, state = data.squeeze(batch), _each(state, lambda part: part.squeeze(1))
    return _Call(returned, computed, Given(reader, data, state, lengths))


class _Kernel(TorchFunctionMode):
    """Keeps the arguments and results of the calls of one of torch's recurrent kernels."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.calls: list[tuple[tuple[Any, ...], Any]] = []

    def __torch_function__(
        self, function: Any, types: Any, arguments: Any = (), named: Any = None
    ) -> Any:
        result = function(*arguments, **(named or {}))
        if getattr(function, "__name__", None) == self.name:
            self.calls.append((arguments, result))
        return result


@contextmanager
def _shadowed(module: nn.Module, **methods: Any) -> Iterator[None]:
    """Meanwhile the module has these methods, drops nothing out, and is not compiled."""
    own = vars(module)
    methods |= {"dropout": 0.0, "_compiled_call_impl": None}
    before = {name: own[name] for name in methods if name in own}
    own.update(methods)
    try:
        yield
    finally:
        for name in methods:
            own.pop(name, None)
        own.update(before)


@contextmanager
def _kept(module: nn.Module) -> Iterator[None]:
    """Afterwards the module is as it was: its values, and the attributes that hooks set."""
    slots = ("_parameters", "_buffers")
    kept: list[tuple[nn.Module, dict[str, Any], dict[str, Any]]] = []
    for part in module.modules():
        own = {name: one[:] if type(one) is list else one for name, one in vars(part).items()}
        kept.append((part, own, {slot: own[slot].copy() for slot in slots}))
    tensors = [*module.parameters(), *module.buffers()]
    values = [tensor.detach().clone() for tensor in tensors]
    try:
        yield
    finally:
        for part, own, inside in kept:
            vars(part).clear()
            vars(part).update(own)
            for slot, entries in inside.items():
                own[slot].clear()
                own[slot].update(entries)
        with torch.no_grad():
            for tensor, value in zip(tensors, values, strict=True):
                if not torch.equal(tensor, value):
                    tensor.copy_(value)


def _check_once(module: nn.Module, times: int) -> None:
    if times != 1:
        raise TypeError(
            f"expected the forward of {_name(module)} to run its own layers once, got one that "
            f"runs them {times} times: trace one without that forward"
        )


def _alike(one: Any, other: Any) -> bool:
    """Whether two answers have the same output but for rounding, whatever form it has."""
    first, second = (_numbers(_output(answer)) for answer in (one, other))
    if first is second:
        return True
    if first is None or second is None or first.numel() != second.numel():
        return False
    rounding = max(torch.finfo(numbers.dtype).eps for numbers in (first, second))
    kind = torch.promote_types(first.dtype, torch.promote_types(second.dtype, torch.float32))
    first, second = first.detach().to(kind), second.detach().reshape(first.shape).to(kind)
    most = 8 * rounding * float(first.nan_to_num().abs().max()) if first.numel() else 0.0
    return torch.allclose(first, second, rtol=0, atol=most, equal_nan=True)


def _output(answer: Any) -> Any:
    """The output of an answer, which is `(output, state)`, or the output alone."""
    plain = isinstance(answer, tuple) and not isinstance(answer, PackedSequence)
    return answer[0] if plain and answer else answer


def _numbers(output: Any) -> Tensor | None:
    output = output.data if isinstance(output, PackedSequence) else output
    return output if isinstance(output, Tensor) and output.is_floating_point() else None


def _each(state: Any, change: Any) -> Any:
    return change(state) if isinstance(state, Tensor) else tuple(change(part) for part in state)


def _name(module: nn.Module) -> str:
    return type(module).__name__
