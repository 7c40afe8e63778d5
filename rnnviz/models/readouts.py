"""Readouts: from the outputs of all steps `(B, T, F)` to one vector per sequence.

Each readout answers three questions: the vector for whole sequences (`forward`), the vector after
every prefix of a one-directional reading (`prefixes`), and the weight of each step (`weights`,
`None` where a readout has none). Padding never counts in any of them. The vector has `parts * F`
numbers, and `parts` is 1 but for readouts made of two.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn


def real_steps(output: Tensor, lengths: Tensor) -> Tensor:
    """True where a step is real and not padding, `(B, T)`."""
    return torch.arange(output.shape[1], device=output.device) < lengths[:, None]


class Last(nn.Module):
    """The final state of each direction: the last real step forward, the first one backward.

    r = [h_forward at step length - 1, h_backward at step 0]
    """

    parts: ClassVar[int] = 1

    def __init__(self, features: int, bidirectional: bool) -> None:
        super().__init__()
        self.forward_features = features // 2 if bidirectional else features

    def forward(self, output: Tensor, lengths: Tensor) -> Tensor:
        rows = torch.arange(output.shape[0], device=output.device)
        forward_state = output[rows, lengths - 1, : self.forward_features]
        backward_state = output[:, 0, self.forward_features :]
        return torch.cat([forward_state, backward_state], dim=-1)

    def prefixes(self, output: Tensor) -> Tensor:
        return output

    def weights(self, output: Tensor, lengths: Tensor) -> None:
        return None


class LastStep(nn.Module):
    """What stands at the last step, in both directions: `r = h_(length - 1)`.

    This is `output[:, -1]`, and a mistake with two directions: the backward one begins there and
    has read a single step. On a padded batch that is read without lengths, that step is padding.
    It is here to be looked at (docs/attribution.md), not to be used.
    """

    parts: ClassVar[int] = 1

    def __init__(self, features: int, bidirectional: bool) -> None:
        super().__init__()

    def forward(self, output: Tensor, lengths: Tensor) -> Tensor:
        return output[torch.arange(output.shape[0], device=output.device), lengths - 1]

    def prefixes(self, output: Tensor) -> Tensor:
        return output

    def weights(self, output: Tensor, lengths: Tensor) -> None:
        return None


class Mean(nn.Module):
    """The mean of all real outputs: `r = (1 / length) sum_t h_t`."""

    parts: ClassVar[int] = 1

    def __init__(self, features: int, bidirectional: bool) -> None:
        super().__init__()

    def forward(self, output: Tensor, lengths: Tensor) -> Tensor:
        real = real_steps(output, lengths)[:, :, None]
        return output.masked_fill(~real, 0.0).sum(dim=1) / lengths[:, None]

    def prefixes(self, output: Tensor) -> Tensor:
        counts = torch.arange(1, output.shape[1] + 1, device=output.device)
        return output.cumsum(dim=1) / counts[:, None]

    def weights(self, output: Tensor, lengths: Tensor) -> None:
        return None


class Max(nn.Module):
    """The largest real output of each feature: `r_f = max_t h_tf`."""

    parts: ClassVar[int] = 1

    def __init__(self, features: int, bidirectional: bool) -> None:
        super().__init__()

    def forward(self, output: Tensor, lengths: Tensor) -> Tensor:
        real = real_steps(output, lengths)[:, :, None]
        return output.masked_fill(~real, float("-inf")).amax(dim=1)

    def prefixes(self, output: Tensor) -> Tensor:
        return output.cummax(dim=1).values

    def weights(self, output: Tensor, lengths: Tensor) -> None:
        return None


class Attention(nn.Module):
    """Additive attention with one learned query (Bahdanau, Cho and Bengio 2015).

    e_t = v . tanh(W h_t + b)
    a_t = exp(e_t) / sum over real steps s of exp(e_s)
    r   = sum_t a_t h_t
    """

    parts: ClassVar[int] = 1

    def __init__(self, features: int, bidirectional: bool) -> None:
        super().__init__()
        self.projection = nn.Linear(features, features)
        self.query = nn.Linear(features, 1, bias=False)

    def forward(self, output: Tensor, lengths: Tensor) -> Tensor:
        return self.weighed(output, lengths, self.weights(output, lengths))

    def weighed(self, output: Tensor, lengths: Tensor, weights: Tensor) -> Tensor:
        """The vector that these weights `(B, T)` would give."""
        # Padded outputs may hold anything; 0 * NaN is NaN, so they are blanked, not only weighted.
        real = real_steps(output, lengths)[:, :, None]
        return (weights[:, :, None] * output.masked_fill(~real, 0.0)).sum(dim=1)

    def prefixes(self, output: Tensor) -> Tensor:
        # Softmax over s <= t for every t at once: (B, T, T), each row scaled by its own maximum.
        steps = output.shape[1]
        later = torch.ones(steps, steps, dtype=torch.bool, device=output.device).triu(1)
        scores = self._scores(output)[:, None, :].expand(-1, steps, -1)
        return scores.masked_fill(later, float("-inf")).softmax(dim=-1) @ output

    def weights(self, output: Tensor, lengths: Tensor) -> Tensor:
        """How much each step counts, `(B, T)`: sums to one, exactly 0 on padding."""
        scores = self._scores(output)
        return scores.masked_fill(~real_steps(output, lengths), float("-inf")).softmax(dim=-1)

    def _scores(self, output: Tensor) -> Tensor:
        return self.query(torch.tanh(self.projection(output)))[:, :, 0]


class AttentionMax(nn.Module):
    """What attention finds, and beside it the largest output: `r = [attention, max]`.

    A single strong word survives the maximum, and the weights say where else the answer came from.
    """

    parts: ClassVar[int] = 2

    def __init__(self, features: int, bidirectional: bool) -> None:
        super().__init__()
        self.attention = Attention(features, bidirectional)
        self.maximum = Max(features, bidirectional)

    def forward(self, output: Tensor, lengths: Tensor) -> Tensor:
        return self.weighed(output, lengths, self.weights(output, lengths))

    def weighed(self, output: Tensor, lengths: Tensor, weights: Tensor) -> Tensor:
        """The vector that these weights `(B, T)` would give; the maximum has none."""
        found = self.attention.weighed(output, lengths, weights)
        return torch.cat([found, self.maximum(output, lengths)], dim=-1)

    def prefixes(self, output: Tensor) -> Tensor:
        return torch.cat([self.attention.prefixes(output), self.maximum.prefixes(output)], dim=-1)

    def weights(self, output: Tensor, lengths: Tensor) -> Tensor:
        return self.attention.weights(output, lengths)


Readout = Last | LastStep | Mean | Max | Attention | AttentionMax

READOUTS: dict[str, type[Readout]] = {
    "last": Last,
    "last-step": LastStep,
    "mean": Mean,
    "max": Max,
    "attention": Attention,
    "attention-max": AttentionMax,
}
