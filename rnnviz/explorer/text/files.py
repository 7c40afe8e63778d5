"""A text and its reading as files of numbers that say which row is which token.

Beside the trace of the recurrent part, which knows no words, stand the tokens, their places in the
text, the attention, the answers so far, and what of a long text was not read.

Shapes: `T` tokens, `C` classes.
"""

from __future__ import annotations

import csv
import os
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from rnnviz.safe import spreadsheets
from rnnviz.safe.files import replacing

if TYPE_CHECKING:
    from rnnviz.models.tokens import Encoded
    from rnnviz.nn.trace import Trace
    from rnnviz.theatre.reading import Reading

LONGEST = 200
"""Characters of a token that are written; an array of words is as wide as its longest one."""

HEADER = ("layer", "direction", "signal", "step", "token", "unit", "value")
LEFT_OUT = np.dtype([("after", "i8"), ("tokens", "i8"), ("start", "i8"), ("end", "i8")])


def arrays(encoded: Encoded, reading: Reading) -> dict[str, np.ndarray]:
    """What belongs to the tokens of a text that was read.

    `tokens (T,)` without the white space around them, `spans (T, 2)` where they stand in the text,
    `ids (T,)`, `unknown (T,)` bool, `attention (T,)` where the network has any, `classes (C,)`,
    `probabilities (T, C)` of the text up to each token, NaN after a token where no answer was
    worked out, and `left_out (0,)` or `(1,)`: after how many tokens how many were not read, and
    from which character to which.
    """
    found: dict[str, np.ndarray] = {
        "tokens": np.array([piece.strip()[:LONGEST] for piece in encoded.pieces], dtype=np.str_),
        "spans": encoded.spans,
        "ids": encoded.ids,
        "unknown": encoded.unknown,
        "classes": np.array(reading.classes, dtype=np.str_),
    }
    if reading.attention is not None:
        found["attention"] = np.asarray(reading.attention)
    answers = reading.worked_out()
    if answers is not None:
        found["probabilities"] = answers
    left = encoded.left_out
    gaps = [] if left is None else [(left.after, left.tokens, left.start, left.end)]
    found["left_out"] = np.array(gaps, dtype=LEFT_OUT)
    return found


def save_npz(
    trace: Trace, encoded: Encoded, reading: Reading, path: str | os.PathLike[str]
) -> None:
    """Write what `Trace.save_npz` writes, and `arrays` beside it; `Trace.load_npz` reads both."""
    with replacing(path) as beside:
        trace.save_npz(beside)
        with zipfile.ZipFile(beside, "a", zipfile.ZIP_DEFLATED) as archive:
            for name, values in arrays(encoded, reading).items():
                with archive.open(f"{name}.npy", "w") as file:
                    np.lib.format.write_array(file, values, allow_pickle=False)


def save_csv(
    trace: Trace, encoded: Encoded, reading: Reading, path: str | os.PathLike[str]
) -> None:
    """Write one row for each value, with the token of its step; all counts start at 0.

    What belongs to a token and to no unit has an empty layer and direction: `id`, `start`, `end`,
    `attention`, `probability` with the class as its unit, and `tokens_left_out` before the step
    where the text goes on. A token or a class that a program like Excel would take for a formula
    has an apostrophe before it.
    """
    known = arrays(encoded, reading)
    tokens = [spreadsheets.cell(token) for token in known["tokens"].tolist()]
    with replacing(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(HEADER)
        rows.writerows(_of_tokens(known, tokens))
        for layer, direction, name, values in trace.named_signals():
            for step, units in enumerate(values[0].float().cpu().numpy().tolist()):
                label = (layer, direction, name, step, tokens[step])
                rows.writerows((*label, unit, value) for unit, value in enumerate(units))


def _of_tokens(known: dict[str, np.ndarray], tokens: list[str]) -> Iterator[tuple[object, ...]]:
    gaps = {int(one["after"]): int(one["tokens"]) for one in known["left_out"]}
    for step, token in enumerate(tokens):
        start, end = known["spans"][step].tolist()
        values: list[tuple[str, object, object]] = [
            ("id", "", int(known["ids"][step])),
            ("start", "", start),
            ("end", "", end),
        ]
        if step in gaps:
            values.append(("tokens_left_out", "", gaps[step]))
        if "attention" in known:
            values.append(("attention", "", float(known["attention"][step])))
        if "probabilities" in known:
            answers = known["probabilities"][step].tolist()
            if not np.isnan(answers[0]):
                pairs = zip(known["classes"].tolist(), answers, strict=True)
                values += [
                    ("probability", spreadsheets.cell(label), answer) for label, answer in pairs
                ]
        yield from (("", "", signal, step, token, unit, value) for signal, unit, value in values)
