"""The address of the Digits page: a view as short query words, and back, whatever is in it.

``/digits?cell=gru&readout=last&sample=7&layer=2&step=12&unit=37``. Rows, layers and samples count
from 1 as in print, units from 0 as in an array. What equals the default stays out of the address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

CELLS = ("lstm", "gru", "rnn")
READOUTS = ("attention", "last")
FIRST_SAMPLE = 8
"""A 3: on the way down the networks take it for a 7 and some for a 2 before they know better."""

RANGES = {"sample": (1, 20), "layer": (1, 2), "step": (1, 28), "unit": (0, 127)}
"""The numbers there are: 20 bundled samples, models of 2 layers of 128 units, images of 28 rows."""


@dataclass(frozen=True)
class DigitsAddress:
    """Everything about the Digits page that a link carries. None: not chosen."""

    cell: str = CELLS[0]
    readout: str = READOUTS[0]
    sample: int | None = FIRST_SAMPLE
    layer: int | None = None
    step: int | None = None
    unit: int | None = None

    @property
    def model(self) -> str:
        """The name of the checkpoint that this view asks for."""
        return f"mnist-{self.cell}" + ("" if self.readout == "attention" else f"-{self.readout}")

    def to_query(self) -> dict[str, str]:
        """The words of the address, without those that say the default."""
        default = DigitsAddress()
        chosen = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: str(value)
            for name, value in chosen.items()
            if value is not None and value != getattr(default, name)
        }


def read_query(query: Mapping[str, str]) -> tuple[DigitsAddress, tuple[str, ...]]:
    """The view that an address asks for, and one sentence for each word that made no sense."""
    chosen: dict[str, Any] = {}
    notices = []
    for name, allowed in (("cell", CELLS), ("readout", READOUTS)):
        sent = query.get(name)
        if sent is not None and sent.lower() in allowed:
            chosen[name] = sent.lower()
        elif sent is not None:
            notices.append(_notice(name, f"one of {', '.join(allowed)}", sent))
    for name, (low, high) in RANGES.items():
        sent = query.get(name)
        number = None if sent is None else _whole(sent)
        if number is not None and low <= number <= high:
            chosen[name] = number
        elif sent is not None:
            notices.append(_notice(name, f"a whole number from {low} to {high}", sent))
    return DigitsAddress(**chosen), tuple(notices)


def _whole(sent: str) -> int | None:
    """A short run of plain digits as a number; anything else, however creative, is None."""
    return int(sent) if sent.isascii() and sent.isdigit() and len(sent) <= 4 else None


def _notice(name: str, expected: str, sent: str) -> str:
    shown = sent if len(sent) <= 24 else sent[:24] + "…"
    return f"The address asks for {name}={shown!r}: expected {expected}, so the usual one is shown."
