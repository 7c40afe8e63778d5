"""Presets: plans worth running, each with what to look for."""

from __future__ import annotations

from dataclasses import dataclass

from rnnviz.training.tasks import defaults
from rnnviz.training.words import Plan


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
        "The loss falls at once and both curves stay together; accuracy passes 90 %.",
    ),
    Preset(
        "high-rate",
        "Too high a rate",
        defaults("digits", "gru").changed(learning_rate=3.0, schedule="constant"),
        "The loss jumps up instead of falling and stays far above that of guessing.",
    ),
    Preset(
        "no-clipping",
        "No clipping",
        defaults("recall", "rnn").changed(
            clip_norm=None, initialisation="orthogonal", gain=1.5, optimizer="sgd",
            learning_rate=0.5, schedule="constant",
        ),
        "The gradient norm shoots up, and the loss with it.",
    ),
    Preset(
        "tiny",
        "A tiny network",
        defaults("digits", "gru").changed(hidden_size=2),
        "Both curves stop early, close together: the network is too small, not over-fitted.",
    ),
)  # fmt: skip
