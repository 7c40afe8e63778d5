"""`trace` and `run`: every gate of every step, of a layer of ours or of torch.nn, as torch runs it.

Hooks, parametrizations and a `forward` of its own are run, see `calling.py`. A layer of torch.nn
is read by one of ours with the same weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence
from torch.overrides import TorchFunctionMode

from rnnviz.nn.calling import Call, Given, called, check_once, is_bare, output_of, shadowed
from rnnviz.nn.parameters import Recurrent, adopt, counterpart, unwrapped, weight_names
from rnnviz.nn.recurrent import Run, _Recurrent
from rnnviz.nn.trace import Trace

_TORCHS = (nn.RNN, nn.GRU, nn.LSTM)


def run(
    module: Recurrent,
    inputs: Tensor | PackedSequence,
    hx: Any = None,
    *,
    lengths: Tensor | Sequence[int] | None = None,
) -> Run:
    """Read sequences through the step loop and keep every record live in the graph.

    Also for a module of torch.nn, whose gates autograd cannot reach otherwise. Arguments and
    result as in `rnnviz.LSTM.run`. Hooks and parametrizations are run, as in `trace`.
    """
    with as_called(module, inputs, hx, lengths, undisturbed=False) as given:
        return given.reader._run(given.inputs, given.hx, given.lengths)


def trace(
    module: Recurrent,
    inputs: Tensor | PackedSequence,
    lengths: Tensor | Sequence[int] | None = None,
    *,
    hx: Any = None,
) -> Trace:
    """Read sequences with an RNN, GRU or LSTM and return every gate of every step.

    The module may be ours or one of torch.nn that was trained elsewhere; it is not changed.
    Dropout is not applied. Hooks, parametrizations and a `forward` of its own are run, so `inputs`
    of the trace are what the steps read. Nothing here runs the step loop; see
    `rnnviz.nn.bptt.record`.

    Args:
        module: RNN, GRU or LSTM of rnnviz or torch.nn.
        inputs: as the module takes them: `(B, T, I)` with `batch_first`, else `(T, B, I)`; `(T, I)`
            for one sequence; or a PackedSequence.
        lengths: `(B,)` real steps of each sequence.
        hx: initial state, as the module takes it.

    Returns:
        The Trace, batch first.

    Raises:
        TypeError: the module is not a recurrent one, or what is around its steps changes what they
            computed: the message says what to do.
        ValueError, RuntimeError: shapes or dtypes do not fit, as from the module itself.
    """
    with as_called(module, inputs, hx, lengths, undisturbed=True) as given:
        return given.reader._trace(given.inputs, given.hx, given.lengths)


def bare(module: Recurrent) -> bool:
    """Whether nothing stands between what a layer is given, its parameters, and its answer."""
    if isinstance(module, _Recurrent):
        return module._bare()
    return type(module) in _TORCHS and is_bare(module, weight_names(module))


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
    if isinstance(module, _Recurrent):
        with module._as_called(inputs, hx, lengths, undisturbed=undisturbed) as given:
            yield given
    elif bare(module):
        yield Given(adopt(module), inputs, hx, lengths)
    else:
        call = partial(_call_of_torchs, module, inputs, hx, lengths)
        with called(module, call, undisturbed=undisturbed) as given:
            yield given


def _call_of_torchs(module: Any, inputs: Any, hx: Any, lengths: Any) -> Call:
    kernel = _Kernel(module.mode.lower())
    with shadowed(module), kernel:
        returned = module(inputs) if hx is None else module(inputs, hx)
    check_once(module, len(kernel.calls))
    arguments, computed = kernel.calls[0]
    packed = not isinstance(arguments[3], bool)
    data, state, weights = (
        arguments[0],
        arguments[2 if packed else 1],
        arguments[3 if packed else 2],
    )
    reader = counterpart(module, dict(zip(weight_names(module), weights, strict=True)))
    if packed:
        order = output_of(returned)
        indices = (order.sorted_indices, order.unsorted_indices)
        data = PackedSequence(data, arguments[1], *indices)
        state = _each(state, lambda part: part if indices[1] is None else part[:, indices[1]])
    else:
        reader.batch_first = arguments[-1]
        if isinstance(inputs, Tensor) and inputs.dim() == 2:
            batch = 0 if reader.batch_first else 1
            data, state = data.squeeze(batch), _each(state, lambda part: part.squeeze(1))
    return Call(returned, computed, Given(reader, data, state, lengths))


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


def _each(state: Any, change: Any) -> Any:
    return change(state) if isinstance(state, Tensor) else tuple(change(part) for part in state)
