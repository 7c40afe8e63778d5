"""How torch calls a layer: the hooks and parametrizations around `forward`, and what they did.

The weights of a bare layer are its parameters, and what it reads is what it was given. Around
other layers torch runs code: `weight_norm` computes a weight anew at every call, a hook changes
the input, a subclass doubles it. Such a layer is called as it is. What reaches its steps is kept
on the way, and what it returns must be what the steps gave. Otherwise no record of the steps would
be true, and it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import MethodType
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules import module as torch_modules
from torch.nn.utils import parametrize
from torch.nn.utils.rnn import PackedSequence

_HOOKS = ("_forward_pre_hooks", "_forward_hooks")


class Given(NamedTuple):
    """A layer of ours, and what its steps are given, in the form of its own arguments."""

    reader: Any
    inputs: Any
    hx: Any
    lengths: Any


class Call(NamedTuple):
    """What a call returned, what its steps had computed, and what these were given."""

    returned: Any
    computed: Any
    given: Given


def is_bare(module: nn.Module, names: Sequence[str]) -> bool:
    """Whether nothing stands between the input, the parameters `names`, and the answer."""
    if is_hooked(module):
        return False
    parameters = [module._parameters.get(name) for name in names]
    used: Any = getattr(module, "_flat_weights", parameters)
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
def called(module: nn.Module, call: Callable[[], Call], *, undisturbed: bool) -> Iterator[Given]:
    """Let `call` call the module, and yield what its steps were given.

    With `undisturbed` the module answers the same twice, and is as it was when the context ends.

    Raises:
        TypeError: what it returns is not what its steps gave, or differs each time.
    """
    with ExitStack() as stack:
        if undisturbed:
            stack.enter_context(_kept(module))
            before = call().returned
        stack.enter_context(parametrize.cached())
        found = call()
        if undisturbed and not _alike(before, found.returned):
            raise TypeError(
                f"expected {_name(module)} to answer the same twice, got one that changes or "
                "draws something at every call: call its eval() first"
            )
        check_returned(module, found.returned, found.computed)
        yield found.given


def call_of_ours(module: Any, inputs: Any, hx: Any, lengths: Any) -> Call:
    given: list[Given] = []
    computed: list[Any] = []

    def sequences(*arguments: Any) -> Any:
        given.append(Given(module, *arguments))
        return type(module)._sequences(module, *arguments)

    def answer(*arguments: Any) -> Any:
        computed.append(type(module)._answer(module, *arguments))
        return computed[-1]

    named = {"hx": hx, "lengths": lengths}
    with shadowed(module, _sequences=sequences, _answer=answer):
        returned = module(inputs, **{word: one for word, one in named.items() if one is not None})
    check_once(module, len(given))
    return Call(returned, computed[0], given[0])


@contextmanager
def shadowed(module: nn.Module, **methods: Any) -> Iterator[None]:
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


def check_once(module: nn.Module, times: int) -> None:
    if times != 1:
        raise TypeError(
            f"expected the forward of {_name(module)} to run its own layers once, got one that "
            f"runs them {times} times: trace one without that forward"
        )


def _alike(one: Any, other: Any) -> bool:
    """Whether two answers have the same output but for rounding, whatever form it has."""
    first, second = (_numbers(output_of(answer)) for answer in (one, other))
    if first is second:
        return True
    if first is None or second is None or first.numel() != second.numel():
        return False
    rounding = max(torch.finfo(numbers.dtype).eps for numbers in (first, second))
    kind = torch.promote_types(first.dtype, torch.promote_types(second.dtype, torch.float32))
    first, second = first.detach().to(kind), second.detach().reshape(first.shape).to(kind)
    most = 8 * rounding * float(first.nan_to_num().abs().max()) if first.numel() else 0.0
    return torch.allclose(first, second, rtol=0, atol=most, equal_nan=True)


def output_of(answer: Any) -> Any:
    """The output of an answer, which is `(output, state)`, or the output alone."""
    plain = isinstance(answer, tuple) and not isinstance(answer, PackedSequence)
    return answer[0] if plain and answer else answer


def _numbers(output: Any) -> Tensor | None:
    output = output.data if isinstance(output, PackedSequence) else output
    return output if isinstance(output, Tensor) and output.is_floating_point() else None


def _name(module: nn.Module) -> str:
    return type(module).__name__
