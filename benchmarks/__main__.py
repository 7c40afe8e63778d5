"""Our layers beside torch.nn: `make bench`, `python -m benchmarks [--threads N] [--device cuda]`.

Each figure is the median of rounds in which both sides take turns, so that a busy moment hits both.
Times are relative to torch.nn on the same task in the same run; below 1 is faster than torch.nn.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

import rnnviz
from benchmarks.memory import peak_megabytes

CELLS = {"RNN": (rnnviz.RNN, nn.RNN), "GRU": (rnnviz.GRU, nn.GRU), "LSTM": (rnnviz.LSTM, nn.LSTM)}
ROUNDS = 15
SECONDS_A_SIDE = 0.15


Task = Callable[[], object]


class Size(NamedTuple):
    """One task: `(T, B, I)` inputs to `H` units."""

    batch: int
    steps: int
    inputs: int
    hidden: int

    def __str__(self) -> str:
        return f"{self.batch} x {self.steps} x {self.hidden} ({self.inputs} inputs)"


SIZES = (Size(100, 28, 28, 128), Size(1, 400, 128, 256))


def ratio(ours: Task, theirs: Task, device: str) -> tuple[float, float, float]:
    """Return our median time and torch's in milliseconds, and the median of their ratios."""
    calls = [max(1, round(SECONDS_A_SIDE / _seconds(theirs, 1, device))) for _ in range(3)][-1]
    _seconds(ours, 3, device)
    pairs = [
        (_seconds(ours, calls, device), _seconds(theirs, calls, device)) for _ in range(ROUNDS)
    ]
    mine, torchs = (statistics.median(side) / calls * 1e3 for side in zip(*pairs, strict=True))
    return mine, torchs, statistics.median(a / b for a, b in pairs)


def _seconds(function: Task, calls: int, device: str) -> float:
    wait = torch.cuda.synchronize if device == "cuda" else (lambda: None)
    wait()
    start = time.perf_counter()
    for _ in range(calls):
        function()
    wait()
    return time.perf_counter() - start


def tasks(cell: str, size: Size, device: str) -> dict[str, tuple[Task, Task]]:
    """Return our function and torch's for each thing that is measured."""
    ours_type, theirs_type = CELLS[cell]
    theirs = theirs_type(size.inputs, size.hidden, device=device)
    ours = ours_type(size.inputs, size.hidden, device=device)
    rnnviz.copy_parameters(theirs, ours)
    inputs = torch.randn(size.steps, size.batch, size.inputs, device=device)
    above = torch.randn(size.steps, size.batch, size.hidden, device=device)

    def train(module: nn.Module) -> None:
        module.zero_grad()
        module(inputs)[0].backward(above)

    @torch.no_grad()
    def forward(module: nn.Module) -> Tensor:
        return module(inputs)[0]

    return {
        "training step": (lambda: train(ours), lambda: train(theirs)),
        "forward": (lambda: forward(ours), lambda: forward(theirs)),
        "trace, all gates": (lambda: rnnviz.trace(ours, inputs), lambda: forward(theirs)),
        "trace of torch.nn": (lambda: rnnviz.trace(theirs, inputs), lambda: forward(theirs)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    where = (
        torch.cuda.get_device_name() if options.device == "cuda" else f"{options.threads} threads"
    )
    print(f"torch {torch.__version__}, {options.device}, {where}\n")
    print("| batch x steps x units | cell | task | ours ms | torch.nn ms | ours / torch.nn |")
    print("|---|---|---|--:|--:|--:|")
    for size in SIZES:
        for cell in CELLS:
            for task, (ours, theirs) in tasks(cell, size, options.device).items():
                mine, torchs, relative = ratio(ours, theirs, options.device)
                print(f"| {size} | {cell} | {task} | {mine:.2f} | {torchs:.2f} | {relative:.2f} |")
            mine, torchs = (
                peak_megabytes(module, cell, size, options.device)
                for module in ("rnnviz", "torch.nn")
            )
            print(
                f"| {size} | {cell} | peak memory of a training step, MB "
                f"| {mine:.1f} | {torchs:.1f} | {mine / torchs:.2f} |"
            )


if __name__ == "__main__":
    main()
