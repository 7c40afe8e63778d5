"""How much of the loss reaches each step of the input: the norm of dL/dh_t.

    g_t = || dL/dh_t ||_2

`h_t` is the hidden state of a layer after step `t`, and the derivative is the total one, through
everything that comes after: later steps of the same layer, the layers above and the readout. With a
readout of the last state only, `dL/dh_t = dL/dh_T dh_T/dh_t`, so `g_t / g_T` says how much of the
gradient is left `T - t` steps back (Hochreiter 1991; Bengio, Simard and Frasconi 1994; Pascanu,
Mikolov and Bengio 2013). For the backward direction the steps are those of the input as well: there
the first step is the last one read.

Shapes: `T` steps, `C` classes, `S` steps that are answered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rnnviz.analysis.explanations import numpy

if TYPE_CHECKING:
    from torch import Tensor

    from rnnviz.models.classifier import SequenceClassifier


@dataclass(frozen=True, eq=False)
class LayerFlow:
    """Norms `(T,)` of one layer, of each of its directions; not below 0."""

    forward: np.ndarray
    backward: np.ndarray | None = None

    @property
    def directions(self) -> dict[str, np.ndarray]:
        """The directions that there are, forward first."""
        both = {"forward": self.forward, "backward": self.backward}
        return {name: norms for name, norms in both.items() if norms is not None}


@dataclass(frozen=True, eq=False)
class GradientFlow:
    """The gradient of one example's loss: `layers` from the lowest up, and what the model said.

    `outputs` are its logits, `(C,)` or `(S, C)`.
    """

    loss: float
    outputs: np.ndarray
    layers: tuple[LayerFlow, ...]

    @property
    def left(self) -> float:
        """How much of the top layer's gradient at the last step is left at the first, `g_1 / g_T`.

        Of the forward direction; NaN where there is none at the last step.
        """
        norms = self.layers[-1].forward
        return float(norms[0] / norms[-1]) if norms[-1] > 0 else float("nan")


def gradient_flow(
    model: SequenceClassifier, inputs: Tensor, loss: Callable[[Tensor], Tensor]
) -> GradientFlow:
    """The norm of dL/dh_t at every step, for one example.

    Args:
        model: in evaluation mode. It is shared and stays as it is: gradients of the states are
            asked for, and none is added to its weights.
        inputs: `(T, I)` floats or `(T,)` tokens, one example as the model reads it.
        loss: from logits `(1, C)`, or `(1, S, C)`, to a single number.

    Raises ValueError for a model in training mode (dropout would make the answer random), for
    another batch than one example, and for a gradient that is no number.
    """
    import torch

    if model.training:
        raise ValueError("expected a model in evaluation mode, got one in training: call .eval()")
    expected = 1 if model.embedding is not None else 2
    if inputs.dim() != expected:
        raise ValueError(
            f"inputs: expected one example of {expected} dimensions, got shape "
            f"{tuple(inputs.shape)}"
        )
    with torch.enable_grad():
        # Weights that were frozen leave no graph; from a leaf of our own on there is one.
        features = model.features(inputs[None]).detach().requires_grad_()
        run = model.recurrent.run(features)
        outputs = _answer(model, run.output)
        value = loss(outputs)
        records = [
            [step.hidden for step in steps]
            for layer in run.layers
            for steps in (layer.forward, layer.backward)
            if steps is not None
        ]
        states = [hidden for steps in records for hidden in steps]
        gradients = torch.autograd.grad(value, states, allow_unused=True)
    # A state that nothing was read from has no gradient; that is none, not an unknown one.
    zero = torch.zeros(())
    norms = np.array([float((zero if one is None else one).norm()) for one in gradients])
    if not np.isfinite(norms).all():
        raise ValueError("expected a gradient of finite numbers, got NaN or infinity")
    rows = norms.reshape(len(records), -1)
    directions = 2 if model.recurrent.bidirectional else 1
    layers = (rows[start : start + directions] for start in range(0, len(rows), directions))
    return GradientFlow(
        loss=float(value.detach()),
        outputs=numpy(outputs[0]),
        layers=tuple(LayerFlow(*layer) for layer in layers),
    )


def _answer(model: SequenceClassifier, output: Tensor) -> Tensor:
    """From states `(1, T, F)` to logits, as the model's `answer` has them of features."""
    import torch

    if (answers := model.config["answers"]) > 1:
        return model.head(output[:, -answers:])
    return model.head(model.readout(output, torch.tensor([output.shape[1]])))
