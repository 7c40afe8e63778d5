"""RNN, GRU and LSTM: layers x directions of cells, drop-in for `torch.nn`.

Same constructor, parameters, shapes, initialisation and errors as torch.nn's three, so
`load_state_dict` works in both directions. Three engines compute the same function:

- "bptt": ours, the fast path with a hand-written backward through time (`bptt.py`). The default.
- "steps": ours, the step loop that students read (`unrolling.py`), differentiated by autograd.
- "torch": torch's own kernel, fused where torch has a fused one. An explicit choice.

Shapes: `B` batch, `T` steps, `I` input size, `H` hidden size, `R` hidden size that is fed back
(`H`, or `proj_size`), `L` layers, `D` directions.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from rnnviz.nn import arguments, bptt
from rnnviz.nn.calling import Given, call_of_ours, called, is_bare
from rnnviz.nn.cells.gru import GRUCell
from rnnviz.nn.cells.kinds import KINDS, Cell, Step
from rnnviz.nn.cells.lstm import LSTMCell
from rnnviz.nn.cells.mgu import MGUCell
from rnnviz.nn.cells.rnn import RNNCell
from rnnviz.nn.cells.weights import State
from rnnviz.nn.torch_names import TorchNames, symbolic
from rnnviz.nn.trace import LayerTrace, Trace, batch_first
from rnnviz.nn.unrolling import alive_mask, each_direction, stack_hidden, through_loop, unroll

ENGINES = ("bptt", "steps", "torch")


class LayerSteps(NamedTuple):
    """The live records of one layer, in the order of time; `backward` is None if there is none."""

    forward: list[Step]
    backward: list[Step] | None


class Run(NamedTuple):
    """A recorded run that is still part of the graph.

    `torch.autograd.grad(loss, run.layers[0].forward[3].forget_gate)` is the gradient that reaches
    the forget gates of layer 0 at step 3, `(B, H)`.
    """

    output: Tensor
    state: Tensor | tuple[Tensor, Tensor]
    layers: tuple[LayerSteps, ...]


class Sequences(NamedTuple):
    """Input in the one form that layers work on, and what is needed to answer in the caller's."""

    inputs: Tensor
    """`(T, B, I)`, zero on padding."""
    state: tuple[Tensor, ...]
    """`(L D, B, R)` and, for an LSTM, `(L D, B, H)`."""
    lengths: Tensor | None
    packed: PackedSequence | None
    batched: bool


class _Recurrent(TorchNames):
    """What RNN, GRU and LSTM share: parameters, argument checks, the stack of layers."""

    cell_type: ClassVar[Callable[..., Cell]]
    gates: ClassVar[int]
    mode: str
    weight_ih_l0: Tensor
    state_names: ClassVar[tuple[str, ...]] = ("hidden",)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
        *,
        engine: str = "bptt",
    ) -> None:
        super().__init__()
        arguments.check_constructor(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, proj_size
        )
        if engine not in ENGINES:
            raise ValueError(f"engine must be one of {', '.join(ENGINES)}, got {engine!r}")
        if engine == "torch" and KINDS[self.mode.partition("_")[0].lower()].twin is None:
            raise ValueError(f"engine: torch.nn has no {self.mode}: choose bptt or steps")
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self.engine = engine
        for name, shape in self._parameter_shapes().items():
            self.register_parameter(
                name, nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
            )
        self.reset_parameters()

    @property
    def num_directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def fed_back_size(self) -> int:
        """Size `R` of the hidden state that is fed back: `proj_size` if there is one, else `H`."""
        return self.proj_size or self.hidden_size

    def _parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return each parameter's name and shape, in torch.nn's order."""
        rows, fed_back = self.gates * self.hidden_size, self.fed_back_size
        shapes: dict[str, tuple[int, ...]] = {}
        for layer in range(self.num_layers):
            columns = self.input_size if layer == 0 else fed_back * self.num_directions
            for suffix in self._suffixes(layer):
                shapes[f"weight_ih{suffix}"] = (rows, columns)
                shapes[f"weight_hh{suffix}"] = (rows, fed_back)
                if self.bias:
                    shapes[f"bias_ih{suffix}"] = (rows,)
                    shapes[f"bias_hh{suffix}"] = (rows,)
                if self.proj_size:
                    shapes[f"weight_hr{suffix}"] = (self.proj_size, self.hidden_size)
        return shapes

    def _suffixes(self, layer: int) -> list[str]:
        return [f"_l{layer}", f"_l{layer}_reverse"][: self.num_directions]

    def reset_parameters(self) -> None:
        """Draw every parameter from U(-1/sqrt(H), 1/sqrt(H)), in torch.nn's order."""
        bound = self.hidden_size**-0.5
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def cell(self, layer: int, *, reverse: bool = False) -> Cell:
        """Return the cell of one layer in one direction, on this module's own parameters."""
        suffix = self._suffixes(layer)[int(reverse)]
        kinds = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
        if self.proj_size:
            kinds.append("weight_hr")
        weights = (getattr(self, kind + suffix, None) for kind in kinds)
        return self.cell_type(*weights)

    def extra_repr(self) -> str:
        """Return torch.nn's text, and the engine where it is not the default."""
        shown = [str(self.input_size), str(self.hidden_size)]
        defaults = {
            "proj_size": 0,
            "num_layers": 1,
            "bias": True,
            "batch_first": False,
            "dropout": 0.0,
            "bidirectional": False,
            "engine": "bptt",
        }
        for name, default in defaults.items():
            if getattr(self, name) != default:
                shown.append(f"{name}={getattr(self, name)}")
        return ", ".join(shown)

    def forward(
        self,
        input: Tensor | PackedSequence,
        hx: Any = None,
        *,
        lengths: Tensor | Sequence[int] | None = None,
    ) -> tuple[Any, Any]:
        """Read sequences; arguments and results as in torch.nn, and `lengths` besides.

        Args:
            input: `(T, B, I)`, `(B, T, I)` with `batch_first`, `(T, I)`, or a PackedSequence.
            hx: initial state `(L D, B, R)`, for an LSTM with the cell state `(L D, B, H)`; zeros
                if None. Without the batch dimension for unbatched input.
            lengths: `(B,)` steps that belong to each sequence. Padding is never read, and the
                output there is zero; the final state is the one after the last real step.

        Returns:
            The output `(T, B, D R)` and the final state, in the form of the input.

        Raises:
            ValueError, RuntimeError: as torch.nn, when a shape or dtype does not fit.
        """
        written = symbolic(self, input, hx, lengths=lengths)
        if written is not None:
            return written  # type: ignore[return-value]
        sequences = self._sequences(input, hx, lengths)
        if self.engine == "torch":
            return self._answer(sequences, *self._torch_layers(sequences))
        layer = through_loop if self.engine == "steps" else bptt.through_time
        output, state = self._layers(sequences, each_direction(layer))
        # What was joined from two directions, or cut to lengths, is a copy already.
        if self.engine == "bptt" and not self.bidirectional and sequences.lengths is None:
            output = bptt.handed_out(output)
        return self._answer(sequences, output, state)

    def run(
        self,
        input: Tensor | PackedSequence,
        hx: Any = None,
        *,
        lengths: Tensor | Sequence[int] | None = None,
    ) -> Run:
        """Read sequences through the step loop and keep every record, live in the graph.

        Arguments as in `forward`. Records are time first, each signal `(B, H)`; on padding they
        repeat the held state. Those of a PackedSequence are in its own order, longest first.
        """
        with self._as_called(input, hx, lengths, undisturbed=False) as given:
            return self._run(given.inputs, given.hx, given.lengths)

    def _run(self, input: Any, hx: Any, lengths: Any) -> Run:
        sequences = self._sequences(input, hx, lengths)
        steps: list[list[Step]] = []

        def keeping(*args: Any, **options: Any) -> tuple[Tensor, State]:
            records, final = unroll(*args, **options)
            steps.append(records)
            return stack_hidden(records, options["alive"]), final

        output, state = self._answer(sequences, *self._layers(sequences, each_direction(keeping)))
        pairs = zip(steps[:: self.num_directions], steps[1 :: self.num_directions], strict=True)
        if self.bidirectional:
            return Run(output, state, tuple(LayerSteps(*pair) for pair in pairs))
        return Run(output, state, tuple(LayerSteps(records, None) for records in steps))

    def trace(
        self,
        input: Tensor | PackedSequence,
        lengths: Tensor | Sequence[int] | None = None,
        *,
        hx: Any = None,
    ) -> Trace:
        """Read sequences and return every gate of every step, detached: see `rnnviz.trace`."""
        with self._as_called(input, hx, lengths, undisturbed=True) as given:
            return self._trace(given.inputs, given.hx, given.lengths)

    @torch.no_grad()
    def _trace(self, input: Any, hx: Any, lengths: Any) -> Trace:
        if isinstance(input, PackedSequence) and lengths is None:
            input, lengths = pad_packed_sequence(input, batch_first=self.batch_first)
        sequences = self._sequences(input, hx, lengths)
        steps, batch = sequences.inputs.shape[:2]
        layers: list[LayerTrace] = []

        def keeping(*args: Any, alive: Tensor | None) -> list[tuple[Tensor, State]]:
            recorded = each_direction(bptt.record)(*args, alive=alive)
            layers.append(LayerTrace(*(batch_first(step, alive) for step, _ in recorded)))
            return [
                (step.hidden if alive is None else step.hidden.masked_fill(~alive, 0), final)
                for step, final in recorded
            ]

        output, _ = self._layers(sequences, keeping, dropout=False)
        full = torch.full((batch,), steps, dtype=torch.int64)
        return Trace(
            cell=self.cell(0).kind,
            inputs=sequences.inputs.transpose(0, 1).clone(),  # the caller may write into theirs
            lengths=full if sequences.lengths is None else sequences.lengths.cpu(),
            output=output.transpose(0, 1),
            layers=tuple(layers),
        )

    def _bare(self) -> bool:
        """Whether torch runs nothing around this layer, and it is none of a subclass."""
        return type(self) in LAYERS.values() and is_bare(self, list(self._parameter_shapes()))

    @contextmanager
    def _as_called(
        self, input: Any, hx: Any, lengths: Any, *, undisturbed: bool
    ) -> Iterator[Given]:
        """What the steps are given, after the hooks and parametrizations; see `calling.called`."""
        if self._bare():
            yield Given(self, input, hx, lengths)
            return
        call = functools.partial(call_of_ours, self, input, hx, lengths)
        with called(self, call, undisturbed=undisturbed) as given:
            yield given

    def _sequences(self, given: Any, hx: Any, lengths: Any) -> Sequences:
        """Check the arguments and bring them into time-first, batched, padded form."""
        packed = given if isinstance(given, PackedSequence) else None
        arguments.check_input(self, given)
        if packed is not None:
            inputs, own = pad_packed_sequence(PackedSequence(given.data, given.batch_sizes))
            batched = True
        else:
            batched = given.dim() == 3
            inputs = given if batched else given.unsqueeze(1)
            if batched and self.batch_first:
                inputs = inputs.transpose(0, 1)
        steps, batch = inputs.shape[:2]
        check = functools.partial(
            arguments.checked_lengths, steps=steps, batch=batch, device=inputs.device
        )
        lengths = check(lengths, packed=packed is not None)
        if packed is not None:
            lengths = check(own)
        state = arguments.checked_state(self, hx, inputs.shape[1], batched)
        if packed is not None and packed.sorted_indices is not None and hx is not None:
            state = tuple(part.index_select(1, packed.sorted_indices) for part in state)
        weight = self.weight_ih_l0
        inputs, state = inputs.to(weight.dtype), tuple(part.to(weight.dtype) for part in state)
        if lengths is not None:
            inputs = inputs.masked_fill(~alive_mask(lengths, inputs.shape[0]), 0)
        return Sequences(inputs, state, lengths, packed, batched)

    def _layers(
        self,
        sequences: Sequences,
        layer_function: Callable[..., list[tuple[Tensor, State]]],
        *,
        dropout: bool = True,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Feed each layer with the one below; return `(T, B, D R)` and the final states."""
        inputs = sequences.inputs
        finals: list[State] = []
        alive = None
        if sequences.lengths is not None:
            alive = alive_mask(sequences.lengths, inputs.shape[0])
        states = list(zip(*sequences.state, strict=True))
        directions = self.num_directions
        for layer in range(self.num_layers):
            cells = [self.cell(layer, reverse=bool(reverse)) for reverse in range(directions)]
            initial = states[layer * directions :][:directions]
            outputs, last = zip(*layer_function(cells, inputs, initial, alive=alive), strict=True)
            finals += last
            inputs = torch.cat(outputs, dim=-1) if self.bidirectional else outputs[0]
            if dropout and self.dropout and layer < self.num_layers - 1:
                inputs = functional.dropout(inputs, self.dropout, self.training)
        return inputs, tuple(torch.stack(parts) for parts in zip(*finals, strict=True))

    def _torch_layers(self, sequences: Sequences) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Let torch's own kernel read all layers."""
        hx = sequences.state if len(sequences.state) > 1 else sequences.state[0]
        options = (self.bias, self.num_layers, self.dropout, self.training, self.bidirectional)
        kernel = getattr(torch, self.mode.lower())
        if sequences.lengths is None:
            output, *final = kernel(sequences.inputs, hx, self._flat_weights, *options, False)
            return output, tuple(final)
        order = sequences.lengths.argsort(descending=True)
        back = order.argsort()
        lengths = sequences.lengths[order].cpu()
        packed = pack_padded_sequence(sequences.inputs.index_select(1, order), lengths)
        hx = tuple(part.index_select(1, order) for part in sequences.state)
        hx = hx if len(hx) > 1 else hx[0]
        data, *final = kernel(packed.data, packed.batch_sizes, hx, self._flat_weights, *options)
        steps = sequences.inputs.shape[0]
        output, _ = pad_packed_sequence(
            PackedSequence(data, packed.batch_sizes), total_length=steps
        )
        return output.index_select(1, back), tuple(part.index_select(1, back) for part in final)

    def _answer(
        self, sequences: Sequences, output: Tensor, state: tuple[Tensor, ...]
    ) -> tuple[Any, Any]:
        """Return output and state in the form in which the input came."""
        answer: Any = output
        if sequences.packed is not None:
            _, batch_sizes, sorted_indices, unsorted_indices = sequences.packed
            lengths = sequences.lengths
            if lengths is None:
                lengths = torch.full((output.shape[1],), output.shape[0])
            data = pack_padded_sequence(output, lengths.cpu()).data
            answer = PackedSequence(data, batch_sizes, sorted_indices, unsorted_indices)
            if unsorted_indices is not None:
                state = tuple(part.index_select(1, unsorted_indices) for part in state)
        elif not sequences.batched:
            answer, state = output.squeeze(1), tuple(part.squeeze(1) for part in state)
        elif self.batch_first:
            answer = output.transpose(0, 1)
        return answer, state if len(state) > 1 else state[0]


class RNN(_Recurrent):
    """Simple recurrent network: `h' = phi(W_ih x + b_ih + W_hh h + b_hh)`, phi tanh or relu.

    A drop-in for `torch.nn.RNN`; arguments in its order, and `engine` besides. See `RNNCell`.
    """

    gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        engine: str = "bptt",
        **refused: Any,
    ) -> None:
        arguments.refuse(type(self).__name__, refused)
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'."
            )
        self.nonlinearity = nonlinearity
        self.mode = f"RNN_{nonlinearity.upper()}"
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            device=device,
            dtype=dtype,
            engine=engine,
        )

    def cell_type(self, *weights: Any) -> RNNCell:
        """Return the cell with this module's non-linearity."""
        activation = getattr(torch, self.nonlinearity)
        return dataclasses.replace(RNNCell(*weights), activation=activation)


class _Plain(_Recurrent):
    """A layer with the words that all layers have, and no others."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        engine: str = "bptt",
        **refused: Any,
    ) -> None:
        arguments.refuse(type(self).__name__, refused)
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            device=device,
            dtype=dtype,
            engine=engine,
        )


class GRU(_Plain):
    """Gated recurrent unit: `h' = (1 - z) * n + z * h`, so z = 1 keeps the old state.

    A drop-in for `torch.nn.GRU`; arguments in its order, and `engine` besides. See `GRUCell`.
    """

    cell_type = GRUCell
    gates = 3
    mode = "GRU"


class LSTM(_Recurrent):
    """Long short-term memory: `c' = f * c + i * g`, `h' = o * tanh(c')`, optionally projected.

    A drop-in for `torch.nn.LSTM`; arguments in its order, and `engine` besides. See `LSTMCell`.
    """

    cell_type = LSTMCell
    gates = 4
    mode = "LSTM"
    state_names = ("hidden", "cell")


class MGU(_Plain):
    """Minimal gated unit: `h' = z * h + (1 - z) * n` with one gate. See `MGUCell`."""

    cell_type = MGUCell
    gates = 2
    mode = "MGU"


LAYERS: dict[str, Any] = {"rnn": RNN, "gru": GRU, "lstm": LSTM, "mgu": MGU}
"""The layer of each kind of cell."""
