"""Presets: plans worth running, each with what to look for."""

from __future__ import annotations

from dataclasses import dataclass

from rnnviz.training.plan import Plan
from rnnviz.training.tasks.table import defaults


@dataclass(frozen=True)
class Preset:
    """A plan to load by `key`, what it is called, and what to look for while it runs."""

    key: str
    title: str
    plan: Plan
    look_for: str


PRESETS: tuple[Preset, ...] = (
    Preset(
        "good",
        "A good run",
        defaults("digits", "gru"),
        "The loss falls from the first step, training and held-out curves stay together, and "
        "accuracy passes 90 % in the third of twelve epochs. Compare other runs with this one.",
    ),
    Preset(
        "high-rate",
        "Too high a rate",
        defaults("digits", "gru").changed(learning_rate=1.0, schedule="constant"),
        "The loss jumps far above that of guessing (ln 10 = 2.3) and stays there, while clipping "
        "bounds every gradient: what overshoots is the step, not the gradient.",
    ),
    Preset(
        "no-clipping",
        "No clipping",
        defaults("recall", "rnn").changed(
            delay=40,
            clip_norm=None,
            initialisation="orthogonal",
            optimizer="sgd",
            learning_rate=0.3,
            schedule="constant",
        ),
        "It begins to learn, then the gradient norm leaps from about 1 to thousands, one update "
        "throws the weights away, and the run never recovers. Clip at 1 and it keeps what it has.",
    ),
    Preset(
        "tiny",
        "A tiny network",
        defaults("digits", "gru").changed(hidden_size=3, readout="last"),
        "Both curves stop early and close together: three units cannot tell ten digits apart. "
        "That is too small, not over-fitted.",
    ),
    Preset(
        "over-fitting",
        "Learnt by heart",
        defaults("digits", "lstm").changed(examples=60, hidden_size=128, epochs=60, batch_size=20),
        "The training loss goes to nothing and every training image is right, while the held-out "
        "loss stops falling and creeps up. Sixty images are few: the network remembers them.",
    ),
    Preset(
        "vanishing",
        "A delay too long",
        defaults("recall", "lstm").changed(delay=40, initialisation="torch"),
        "torch's own start, and an LSTM that should remember forty steps: the loss stays at ln 4 "
        "and the gradient is all noise of the distractors. Having gates is not enough.",
    ),
    Preset(
        "forget-bias",
        "The same, with a forget bias",
        defaults("recall", "lstm").changed(delay=40, initialisation="torch", gate_bias=3.0),
        "The run before with one number changed: forget gates start at sigmoid(3) = 0.95 instead "
        "of 0.5, some of the symbol is left after forty steps, and it is learnt in seconds.",
    ),
    Preset(
        "orthogonal",
        "An RNN that remembers",
        defaults("recall", "rnn").changed(delay=40),
        "No gate at all, but orthogonal weights, which neither shrink nor enlarge what passes "
        "through: a plain RNN solves what the LSTM above does not.",
    ),
    Preset(
        "adding-rnn",
        "Where a gate is needed",
        defaults("adding", "rnn"),
        "To add two marked numbers among many, most must be kept out. The RNN answers with the "
        "mean and stays at a squared error of 1/24; load the same with a GRU or an LSTM.",
    ),
)
