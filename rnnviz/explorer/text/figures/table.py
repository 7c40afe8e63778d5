"""The figures of the Text page, in the order in which they are offered."""

from rnnviz.explorer.parts.figure import Figure

_HERE = __name__.rpartition(".")[0]
TABLE = (
    Figure(
        "why",
        "Why this answer",
        f"{_HERE}.why",
        "which words the answer rests on, by four measures that do not always agree",
        gap="large",
    ),
    Figure(
        "line",
        "Sentiment line",
        f"{_HERE}.line",
        "the path of the state through the states of many reviews, and how each word pushes it",
        widths=(3, 2),
    ),
    Figure(
        "units",
        "Units",
        f"{_HERE}.units",
        "which units react to negation, to praise, to blame, to position",
        widths=(2, 3),
        gap="large",
    ),
    Figure(
        "padding",
        "Padding",
        f"{_HERE}.padding",
        "what is left of the text behind many empty steps, and what readouts make of it",
    ),
    Figure(
        "gates",
        "Gates",
        f"{_HERE}.gates",
        "how open the gates stand, and how many of them are stuck at an end",
    ),
)
