"""The fast path: forward without records, and backward through time written by hand.

Shapes: `T` steps, `B` batch, `I` input size, `H` hidden size, `R` fed-back size, `G` gates.

Autograd over the step loop builds thousands of small nodes. Here a whole layer in one direction is
one node. Going forward, all input projections are ONE product; the loop then works in place on
its result. Going backward, let `delta_t = dL/da_t` be the gradient at the pre-activations `a_t`:

    delta_t = factor_t * dL/d(state_t)           factors: local derivatives, all steps at once
    dL/dh_(t-1) = dL/dh_(t-1) from above + delta_t W_hh
    dL/dW_hh = sum_t delta_t^T h_(t-1)           ONE product at the end, likewise W_ih and inputs

P. Werbos, "Backpropagation through time", Proc. IEEE 78, 1990.

What differs between cells lives in their own files, `cells/`. Values and gradients equal the step
loop's and torch.nn's; tests compare all three. Second derivatives, and those of many gradients at
once, are taken by replaying the step loop.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch._C._functorch import is_legacy_batchedtensor
from torch.autograd import Function, forward_ad

from rnnviz.nn import buffers
from rnnviz.nn.cells.kinds import KINDS, Cell, Step
from rnnviz.nn.cells.sweep import Gradients, Scan
from rnnviz.nn.cells.weights import State
from rnnviz.nn.unrolling import through_loop, unroll


def _no_autocast(device: str) -> AbstractContextManager[Any]:
    """Keep the precision of the weights inside; "meta", for one, has no autocast to turn off."""
    on = torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)
    return torch.autocast(device, enabled=False) if on else nullcontext()


class _ThroughTime(Function):
    """One layer in one direction as one autograd node.

    Tensors come one by one, because autograd only sees those: inputs, the state, the weights.
    """

    @staticmethod
    def forward(ctx: Any, cell: Cell, scan: Scan, inputs: Tensor, *tensors: Tensor) -> Any:
        sweep = KINDS[cell.kind].sweep
        n_state = len(tensors) - len(cell.weights)
        state = tensors[:n_state]
        tape = sweep.forward(cell, inputs, state, scan)
        output = tape.held if scan.dead is None else tape.held.masked_fill(scan.dead, 0)
        ctx.cell, ctx.scan, ctx.n_state = cell, scan, n_state
        ctx.save_for_backward(inputs, *tensors, *tape)
        return (output, *sweep.final(tape, scan.times[-1]))

    @staticmethod
    def backward(ctx: Any, above: Tensor, *final: Tensor) -> Any:
        inputs, *saved = ctx.saved_tensors  # once: checkpointing allows no second look
        state, saved = tuple(saved[: ctx.n_state]), saved[ctx.n_state :]
        n_weights = len(ctx.cell.weights)
        cell = ctx.cell.with_weights(*saved[:n_weights])
        needed, gradients = ctx.needs_input_grad[2:], (above, *final)
        if torch.is_grad_enabled() or _wants_to_look_inside() or _many(gradients):
            return None, None, *_replay(cell, ctx.scan, inputs, state, needed, gradients)
        tape = KINDS[cell.kind].tape(*saved[n_weights:])
        if ctx.scan.dead is not None:
            above = above.masked_fill(ctx.scan.dead, 0)
        with _no_autocast(above.device.type):
            swept = KINDS[cell.kind].sweep.backward(cell, state, tape, ctx.scan, above, final)
            weights = _weight_gradients(cell, ctx.scan, inputs, state[0], tape.held, swept, needed)
            below = None
            if needed[0]:
                deltas = swept.input_deltas.flatten(0, 1)
                below = buffers.empty(*inputs.shape, like=inputs)
                torch.mm(deltas, cell.weight_ih, out=below.view(-1, inputs.shape[-1]))
        return None, None, below, *swept.state, *weights


def _weight_gradients(
    cell: Cell,
    scan: Scan,
    inputs: Tensor,
    initial: Tensor,
    held: Tensor,
    swept: Gradients,
    needed: tuple[bool, ...],
) -> list[Tensor | None]:
    """Form each weight's gradient with one product over all steps, in the order of the weights."""
    needs = needed[-len(cell.weights) :]
    input_deltas = swept.input_deltas.flatten(0, 1)
    recurrent_deltas = swept.recurrent_deltas
    gradients: list[Tensor | None] = [None] * len(cell.weights)
    if needs[0]:
        gradients[0] = input_deltas.t() @ inputs.reshape(-1, inputs.shape[-1])
    if needs[1]:
        (inner, before), (first, start) = scan.with_previous(held, initial)
        product = recurrent_deltas[first].flatten(0, 1).t() @ start.flatten(0, 1)
        product.addmm_(recurrent_deltas[inner].flatten(0, 1).t(), before.flatten(0, 1))
        gradients[1] = product.roll(-swept.shift, 0) if swept.shift else product
    if needs[2]:
        gradients[2] = input_deltas.sum(0)
    if needs[3]:
        if gradients[2] is not None and recurrent_deltas is swept.input_deltas:
            gradients[3] = gradients[2].clone()
        else:
            gradients[3] = recurrent_deltas.flatten(0, 1).sum(0).roll(-swept.shift)
    if len(needs) > 4 and needs[4]:
        gradients[4] = swept.weight_hr
    return gradients


def _replay(
    cell: Cell,
    scan: Scan,
    inputs: Tensor,
    state: State,
    needed: tuple[bool, ...],
    above: tuple[Tensor, ...],
) -> list[Tensor | None]:
    """Differentiate the step loop instead: again if asked to, or for many gradients at once."""
    create_graph = torch.is_grad_enabled()
    with torch.enable_grad(), _no_autocast(inputs.device.type):
        # Aliases stop the gradient here: where one argument was computed from another (a state from
        # the inputs, tied weights), the path between them belongs to the graph outside this node.
        inputs, state = inputs.view_as(inputs), tuple(part.view_as(part) for part in state)
        weights = (None if weight is None else weight.view_as(weight) for weight in cell.weights)
        cell = cell.with_weights(*weights)
        output, final = through_loop(cell, inputs, state, alive=scan.alive, reverse=scan.reverse)
        tensors = (inputs, *state, *cell.weights)
        wanted = [t for t, need in zip(tensors, needed, strict=True) if need and t is not None]
        gradients = iter(
            torch.autograd.grad(
                (output, *final), wanted, above, create_graph=create_graph, allow_unused=True
            )
        )
    return [next(gradients) if need else None for need in needed]


def _many(gradients: tuple[Tensor, ...]) -> bool:
    """Whether each is a batch of gradients to autograd, as `is_grads_batched=True` makes them."""
    return any(map(is_legacy_batchedtensor, gradients))


def _wants_to_look_inside() -> bool:
    """Whether torch.func, forward mode, a compiler or a tracer reads along: our node is closed."""
    return (
        torch._C._are_functorch_transforms_active()
        or forward_ad._current_level >= 0
        or torch.compiler.is_compiling()
        or torch._C._is_tracing()
        or torch._C._get_dispatch_mode(torch._C._TorchDispatchModeKey.PROXY) is not None
    )


def through_time(
    cell: Cell,
    inputs: Tensor,
    state: State,
    *,
    alive: Tensor | None = None,
    reverse: bool = False,
) -> tuple[Tensor, State]:
    """Run one layer in one direction on the fast path; differentiable.

    Args:
        cell: one layer in one direction.
        inputs: `(T, B, I)`, time first.
        state: the state before the first step read, each `(B, H)`.
        alive: `(T, B, 1)` bool, True where a step belongs to its sequence; None for all.
        reverse: read from the last step to the first.

    Returns:
        The hidden states `(T, B, R)` in the order of time, zero on padding, and the final state.
    """
    with _no_autocast(inputs.device.type):
        if KINDS[cell.kind].sweep is None or _wants_to_look_inside():
            return through_loop(cell, inputs, state, alive=alive, reverse=reverse)
        scan = Scan(inputs.shape[0], alive, reverse)
        output, *final = _ThroughTime.apply(cell, scan, inputs, *state, *cell.weights)
    return output, tuple(final)


def handed_out(output: Tensor) -> Tensor:
    """Return what `through_time` returned as a caller may have it, free to be written into.

    Backward reads the output of a layer, so that one stays as it is. Without gradients nothing is
    kept, and nothing is copied.
    """
    if not output.requires_grad or _wants_to_look_inside():
        return output
    return buffers.empty(*output.shape, like=output).copy_(output)


@torch.no_grad()
def record(
    cell: Cell,
    inputs: Tensor,
    state: State,
    *,
    alive: Tensor | None = None,
    reverse: bool = False,
) -> tuple[Step, State]:
    """Run one layer in one direction and keep every signal, without a graph.

    Arguments as in `through_time`.

    Returns:
        A `Step` whose fields are `(T, B, H)`, with the held state on padding, and the final state.
    """
    scan = Scan(inputs.shape[0], alive, reverse)
    sweep = KINDS[cell.kind].sweep
    with _no_autocast(inputs.device.type):
        if sweep is None:
            records, last = unroll(cell, inputs, state, alive=alive, reverse=reverse)
            return type(records[0])(*map(torch.stack, zip(*records, strict=True))), last
        tape = sweep.forward(cell, inputs, state, scan)
    return sweep.step(tape), sweep.final(tape, scan.times[-1])
