"""What the theatre's panels are called and what to look for in them, apart from the signals.

The words of the signals stand in `rnnviz.notation.signals`; these are for the panels around them.
``{step}`` is the reading's word for one step: row, token or step.
"""

from __future__ import annotations

PANELS: dict[str, dict[str, str]] = {
    "input": {
        "label": "Input",
        "meaning": "What the network reads, one {step} per step, from left to right.",
        "look_for": (
            "Find the {step} at which the prediction changes, and look at what stands "
            "there: which ink, or which word, arrived there? An empty {step} brings nothing"
            " new, and yet the state goes on moving: what you see there is the network's "
            "own memory at work."
        ),
    },
    "prediction": {
        "label": "Prediction",
        "meaning": "What the network would answer if it stopped after this {step}.",
        "look_for": (
            "The first {step}s look alike for many inputs, so the early answer is a guess. "
            "Look for flips, where the lead passes from one class to another, and for the "
            "decision {step}, after which the answer never changes. A network that is sure "
            "early can be sure and wrong."
        ),
    },
    "attention": {
        "label": "Attention",
        "meaning": "How much each {step} counts in the final answer; all of them sum to 1.",
        "look_for": (
            "The weights belong to the states after each {step}, and a state also knows the"
            " {step}s before it. So a high bar says where the network looks back to, not "
            "which {step} alone was the reason. Compare it with other explanations, such as"
            " gradient times input or occlusion, before you trust it."
        ),
    },
    "unit": {
        "label": "One unit",
        "meaning": "Every signal of the chosen unit over time, each in its own colour.",
        "look_for": (
            "Follow one unit as if it were a small machine. In an LSTM the cell can only "
            "change where the input gate is open or the forget gate is not; in a GRU the "
            "state stays where the update gate is near 1. Pin several units to see that "
            "they do different jobs."
        ),
    },
    "overview": {
        "label": "Overview",
        "meaning": "The whole sequence; the framed part is what the panels show.",
        "look_for": (
            "Drag the frame, or move the cursor past its edge. Where the strip changes "
            "abruptly, many units changed at once: those are the places worth a closer "
            "look."
        ),
    },
}


def panel_words(step_word: str) -> dict[str, dict[str, str]]:
    """The texts of all panels for sequences whose steps are called ``step_word``."""
    return {
        panel: {name: text.replace("{step}", step_word) for name, text in texts.items()}
        for panel, texts in PANELS.items()
    }
