"""Peak memory of one training step, each measured in a process of its own.

On the CPU it is the growth of the process's peak resident memory over what it held before the step
(`VmHWM`, reset through /proc/self/clear_refs), so that a kernel's own scratch space counts too;
Linux only. On a GPU it is what torch's allocator reports.
"""

from __future__ import annotations

import importlib
import re
import statistics
import subprocess
import sys
from pathlib import Path

REPEATS = 5


def peak_megabytes(module: str, cell: str, size: tuple[int, ...], device: str) -> float:
    """Return the median peak in megabytes (1e6 bytes) over a few fresh processes."""
    command = [sys.executable, "-m", "benchmarks.memory", module, cell, device, *map(str, size)]
    outputs = (
        subprocess.run(command, check=True, capture_output=True, text=True).stdout
        for _ in range(REPEATS)
    )
    return statistics.median(map(float, outputs))


def _status(name: str) -> int:
    """Return one of this process's memory counters in bytes."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    if found is None:
        raise SystemExit(f"expected {name} in /proc/self/status, which Linux has")
    return int(found[1]) * 1024


def _measure(module: str, cell: str, device: str, size: list[int]) -> float:
    import torch

    batch, steps, inputs, hidden = size
    layer = getattr(importlib.import_module(module), cell)(inputs, hidden, device=device)

    def step(length: int) -> None:
        layer.zero_grad()
        sequence = torch.ones(length, batch, inputs, device=device)
        layer(sequence)[0].backward(torch.ones(length, batch, hidden, device=device))

    step(2)  # what is loaded and built once does not count
    if device == "cuda":
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        step(steps)
        return (torch.cuda.max_memory_allocated() - before) / 1e6
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    step(steps)
    return (_status("VmHWM") - before) / 1e6


if __name__ == "__main__":
    name, kind, where, *numbers = sys.argv[1:]
    sys.stdout.write(f"{_measure(name, kind, where, [int(number) for number in numbers]):.3f}\n")
