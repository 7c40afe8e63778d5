"""A trace: what a run recorded, detached, frozen and labelled.

This is the one place that deals with padding: signals are NaN there, so no mean or picture can
count it unnoticed.

Shapes: `B` batch, `T` steps, `I` input size, `H` hidden size, `R` fed-back size, `D` directions.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from rnnviz.nn.cells.kinds import KINDS, Step
from rnnviz.safe import npz
from rnnviz.safe.files import replacing

if TYPE_CHECKING:
    import xarray

DIRECTIONS = ("forward", "backward")


@dataclass(frozen=True, eq=False)
class LayerTrace:
    """One layer: for each direction a Step whose fields are `(B, T, H)`, NaN on padding."""

    forward: Step
    backward: Step | None = None

    @property
    def directions(self) -> dict[str, Step]:
        """The directions that exist, by name."""
        both = {"forward": self.forward, "backward": self.backward}
        return {name: step for name, step in both.items() if step is not None}


@dataclass(frozen=True, eq=False)
class Trace:
    """Every signal of every layer, direction, sequence, step and unit of one run.

    `trace.layers[1].backward.update_gate` is `(batch, step, unit)`. Steps are in the order of time
    in both directions. `inputs` are `(B, T, I)`, `output` is `(B, T, D R)`, `lengths` `(B,)`.
    """

    cell: str
    inputs: Tensor
    lengths: Tensor
    output: Tensor
    layers: tuple[LayerTrace, ...]

    @property
    def signals(self) -> tuple[str, ...]:
        """Names of the signals, in the order in which the cell computes them."""
        return KINDS[self.cell].step._fields

    def signal(self, name: str, *, layer: int = -1, direction: str = "forward") -> Tensor:
        """Return one signal `(B, T, H)`.

        Raises:
            KeyError: no such signal, layer or direction; the message lists what there is.
        """
        if name not in self.signals:
            raise KeyError(f"signal must be one of {', '.join(self.signals)}, got {name!r}")
        if not -len(self.layers) <= layer < len(self.layers):
            raise KeyError(f"layer must lie in 0..{len(self.layers) - 1}, got {layer}")
        directions = self.layers[layer].directions
        if direction not in directions:
            raise KeyError(f"direction must be one of {', '.join(directions)}, got {direction!r}")
        return getattr(directions[direction], name)

    def sequence(self, index: int) -> Trace:
        """Return the trace of one sequence alone, `B = 1`, without its padding."""
        length = int(self.lengths[index])
        return self._map(lambda tensor: tensor[index, :length].unsqueeze(0), index)

    def _map(self, change: Any, index: int) -> Trace:
        layers = tuple(
            LayerTrace(
                **{
                    name: KINDS[self.cell].step(*map(change, step))
                    for name, step in layer.directions.items()
                }
            )
            for layer in self.layers
        )
        return replace(
            self,
            inputs=change(self.inputs),
            output=change(self.output),
            lengths=self.lengths[index].unsqueeze(0),
            layers=layers,
        )

    def named_signals(self) -> Iterator[tuple[int, str, str, Tensor]]:
        """Yield layer, direction, name and values `(B, T, H)` of every signal."""
        for layer, both in enumerate(self.layers):
            for direction, step in both.directions.items():
                for name, values in zip(self.signals, step, strict=True):
                    yield layer, direction, name, values

    def save_npz(self, path: str | os.PathLike[str]) -> None:
        """Write all arrays as one NPZ file, named like `layer0.forward.input_gate`."""
        arrays = {
            f"layer{layer}.{direction}.{name}": _array(values)
            for layer, direction, name, values in self.named_signals()
        }
        arrays |= {name: _array(getattr(self, name)) for name in ("inputs", "lengths", "output")}
        with replacing(path) as beside, beside.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, cell=np.array(self.cell), **arrays)

    @classmethod
    def load_npz(cls, path: str | os.PathLike[str]) -> Trace:
        """Read what `save_npz` wrote.

        Raises:
            ValueError: the file is not a trace, or a damaged one; the message says what is wrong.
            FileNotFoundError, PermissionError: there is none to read.
        """
        arrays = _read_npz(Path(path))
        cell = str(arrays.get("cell", ""))
        if cell not in KINDS:
            raise ValueError(f"{path}: expected the trace of an rnn, gru or lstm, got {cell!r}")
        missing = {"inputs", "lengths", "output", "layer0.forward.hidden"} - arrays.keys()
        if missing:
            raise ValueError(
                f"{path}: expected a whole trace, {', '.join(sorted(missing))} missing"
            )
        layers: list[LayerTrace] = []
        while f"layer{len(layers)}.forward.hidden" in arrays:
            prefix = f"layer{len(layers)}"
            directions = {
                direction: KINDS[cell].step(
                    *(_stored(arrays, f"{prefix}.{direction}.{name}", path) for name in names)
                )
                for direction in DIRECTIONS
                if f"{prefix}.{direction}.hidden" in arrays and (names := KINDS[cell].step._fields)
            }
            layers.append(LayerTrace(**directions))
        given = {name: _stored(arrays, name, path) for name in ("inputs", "lengths", "output")}
        found = cls(cell=cell, layers=tuple(layers), **given)
        found._check(path)
        return found

    def _check(self, path: str | os.PathLike[str]) -> None:
        """Raise ValueError where arrays of a file are not those of one run."""
        every = [("inputs", self.inputs), ("output", self.output)]
        for layer, direction, name, values in self.named_signals():
            every.append((f"layer{layer}.{direction}.{name}", values))
        for name, values in every:
            if values.ndim != 3 or values.shape[:2] != self.inputs.shape[:2]:
                raise ValueError(
                    f"{path}: expected {name} of shape (B, T, ...) like inputs "
                    f"{tuple(self.inputs.shape)}, got {tuple(values.shape)}"
                )
        lengths, (batch, steps) = self.lengths, self.inputs.shape[:2]
        whole = not (lengths.is_floating_point() or lengths.dtype == torch.bool)
        if (
            not whole
            or lengths.shape != (batch,)
            or not ((lengths >= 0) & (lengths <= steps)).all()
        ):
            raise ValueError(f"{path}: expected {batch} lengths from 0 to {steps}, got others")

    def save_csv(self, path: str | os.PathLike[str]) -> None:
        """Write one row for each value: layer, direction, signal, batch, step, unit, value.

        Padding is left out. All counts start at 0.
        """
        with replacing(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(("layer", "direction", "signal", "batch", "step", "unit", "value"))
            for layer, direction, name, values in self.named_signals():
                array = _array(values)
                for batch, length in enumerate(self.lengths.tolist()):
                    for step in range(length):
                        label = (layer, direction, name, batch, step)
                        units = enumerate(array[batch, step].tolist())
                        rows.writerows((*label, unit, value) for unit, value in units)

    def to_dataset(self) -> xarray.Dataset:
        """Return an xarray Dataset: each signal `(layer, direction, batch, step, unit)`.

        The projected hidden state of an LSTM has fewer units and so a dimension of its own.

        Raises:
            ImportError: xarray is not installed.
        """
        try:
            import xarray
        except ImportError as error:
            raise ImportError("to_dataset() needs xarray: pip install xarray") from error
        directions = list(self.layers[0].directions)
        variables: dict[str, tuple[tuple[str, ...], np.ndarray]] = {}
        for index, name in enumerate(self.signals):
            stacked = np.stack(
                [
                    [_array(step[index]) for step in layer.directions.values()]
                    for layer in self.layers
                ]
            )
            projected = name == "hidden" and stacked.shape[-1] != self._hidden_size
            unit = "projected_unit" if projected else "unit"
            variables[name] = (("layer", "direction", "batch", "step", unit), stacked)
        variables["inputs"] = (("batch", "step", "feature"), _array(self.inputs))
        variables["length"] = (("batch",), _array(self.lengths))
        coordinates = {"layer": range(len(self.layers)), "direction": directions}
        return xarray.Dataset(variables, coordinates, {"cell": self.cell})

    @property
    def _hidden_size(self) -> int:
        return self.layers[0].forward[0].shape[-1]


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        return npz.read(path)
    except ValueError as error:
        raise ValueError(f"{path}: expected an NPZ file of save_npz, got something else") from error


def _stored(arrays: dict[str, np.ndarray], name: str, path: str | os.PathLike[str]) -> Tensor:
    """One array of a file as a tensor; ValueError where there is none of numbers."""
    if name not in arrays or arrays[name].dtype.kind not in "fiu":
        raise ValueError(f"{path}: expected numbers in {name}, got none")
    array = arrays[name]
    try:
        return torch.from_numpy(array.astype(array.dtype.newbyteorder("=")))
    except TypeError as error:
        raise ValueError(f"{path}: expected usual numbers in {name}, got {array.dtype}") from error


def _array(tensor: Tensor) -> np.ndarray:
    """Return a NumPy array; NumPy has no bfloat16, which becomes float32."""
    tensor = tensor.detach().cpu()
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()


def batch_first(step: Step, alive: Tensor | None) -> Step:
    """Return a Step of `(B, T, H)` with NaN on padding from one of `(T, B, H)`."""
    if alive is not None:
        step = type(step)(*(signal.masked_fill(~alive, torch.nan) for signal in step))
    return type(step)(*(signal.transpose(0, 1) for signal in step))
