"""Where training happens: a processor, a GPU, or several processes that share each batch.

Devices, mixed precision and processes are Hugging Face accelerate's business; it is imported only
where one of them is asked for, because a plain run on the CPU needs none of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from rnnviz.training.engine.batches import Examples

DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("no", "bf16", "fp16")


class DeviceError(ValueError):
    """A device that is not here; one sentence says what was asked for and what to do."""


@dataclass(frozen=True)
class Place:
    """One process of a run: its device, its number `rank` and how many `processes` there are.

    Every process makes the same batches from the same seed and reads its own part of each; the
    sums over all parts are the same everywhere, so weights never drift apart.
    """

    device: torch.device
    rank: int = 0
    processes: int = 1
    accelerator: Any = None

    @property
    def is_main(self) -> bool:
        """Whether this process prints and writes."""
        return self.rank == 0

    @property
    def scaler(self) -> Any:
        """What scales losses in float16, or None."""
        return getattr(self.accelerator, "scaler", None)

    def autocast(self) -> AbstractContextManager[Any]:
        """Mixed precision, where it was asked for."""
        return nullcontext() if self.accelerator is None else self.accelerator.autocast()

    def backward(self, loss: Tensor) -> None:
        """Gradients of the loss, scaled where precision needs it."""
        (loss if self.scaler is None else self.scaler.scale(loss)).backward()

    def part(self, batch: Examples) -> tuple[Examples, float]:
        """This process's part of a batch, and which share of the batch it is.

        A batch with fewer examples than processes leaves some without any; these read the first
        example with a share of 0, so that all take part in every sum.
        """
        if self.processes == 1:
            return batch, 1.0
        own = torch.arange(len(batch)).tensor_split(self.processes)[self.rank]
        share = len(own) / len(batch)
        return batch.at(own if len(own) else torch.zeros(1, dtype=torch.int64)), share

    def averaged(self, model: nn.Module, share: float, scores: Tensor) -> Tensor:
        """Sum gradients over all processes, in place, each by its share; `scores` likewise.

        With `n_k` of a batch's `n` examples in process `k`, whose loss is a mean over them:

            dL/dw = sum over k of n_k / n * dL_k/dw

        All of it is one sum over processes: one exchange a step.
        """
        if self.processes == 1:
            return scores
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        flat = torch.cat([*(one.flatten() for one in gradients), scores.to(gradients[0].dtype)])
        flat = self.accelerator.reduce(flat.mul_(share), "sum")
        sizes = [one.numel() for one in gradients]
        *parts, summed = flat.split([*sizes, len(scores)])
        for one, part in zip(gradients, parts, strict=True):
            one.copy_(part.view_as(one))
        return summed

    def summed(self, numbers: list[float]) -> list[float]:
        """Numbers summed over all processes."""
        if self.processes == 1:
            return numbers
        here = torch.tensor(numbers, dtype=torch.float64, device=self.device)
        found: list[float] = self.accelerator.reduce(here, "sum").tolist()
        return found

    def share_weights(self, model: nn.Module) -> None:
        """Let every process start from the weights of the first."""
        if self.processes == 1:
            return
        from accelerate.utils import broadcast

        with torch.no_grad():
            for value in model.state_dict().values():
                value.copy_(broadcast(value))

    @contextmanager
    def main_first(self) -> Iterator[None]:
        """Let the main process go first: it downloads, the others find what it left."""
        if self.processes == 1:
            yield
        else:
            with self.accelerator.main_process_first():
                yield

    def close(self, *, together: bool) -> None:
        """Leave the group of processes; `together` where no process failed: it waits for all.

        Where one left while another was still connected, one run in ten aborted at its very end.
        """
        if self.processes > 1:
            if together:
                torch.distributed.barrier()
            torch.distributed.destroy_process_group()


def place(device: str = "cpu", mixed_precision: str | None = None) -> Place:
    """The place for a run: "cpu", "cuda", "mps", or "auto", a GPU of CUDA where there is one.

    Started by `accelerate launch` or `torchrun`, it is one of several processes. Raises
    `DeviceError` for what is not here.
    """
    if device not in DEVICES:
        raise DeviceError(f"device: expected one of {', '.join(DEVICES)}, got {device[:40]!r}")
    if mixed_precision not in (None, *PRECISIONS):
        raise DeviceError(
            f"mixed precision: expected one of {', '.join(PRECISIONS)}, got {mixed_precision!r}"
        )
    here = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    wanted = ("cuda" if here["cuda"] else "cpu") if device == "auto" else device
    if not here[wanted]:
        known = ", ".join(name for name, found in here.items() if found)
        raise DeviceError(f"device: expected one that is here ({known}), got {wanted!r}: choose it")
    launched = _launched()
    asked = mixed_precision or os.environ.get("ACCELERATE_MIXED_PRECISION", "no")
    if wanted == "cpu" and asked == "fp16":
        raise DeviceError("mixed precision: expected no or bf16 on the cpu, got fp16: choose one")
    if wanted == "mps" and launched:
        raise DeviceError("device: expected cpu or cuda for several processes, got mps: choose one")
    if not launched and asked == "no":
        return Place(torch.device(wanted))
    try:
        from accelerate import Accelerator
    except ImportError as failure:
        raise DeviceError(
            "several processes and mixed precision: expected the package accelerate, got none: "
            "pip install accelerate"
        ) from failure
    accelerator = Accelerator(mixed_precision=mixed_precision, cpu=wanted == "cpu")
    return Place(
        accelerator.device,
        accelerator.process_index,
        accelerator.num_processes,
        accelerator,
    )


def _launched() -> bool:
    """Whether a launcher started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def global_random(device: torch.device) -> list[Tensor]:
    """The state of torch's global generators: of the CPU and, where it is another, the device."""
    found = [torch.get_rng_state()]
    if device.type != "cpu":
        found.append(torch.get_device_module(device).get_rng_state())
    return found


def set_global_random(device: torch.device, states: list[Tensor]) -> None:
    """Set what `global_random` returned; one that was saved on a CPU leaves other devices alone."""
    torch.set_rng_state(states[0])
    if device.type != "cpu" and len(states) > 1:
        torch.get_device_module(device).set_rng_state(states[1])
