"""Training beside torch.nn: `python -m benchmarks.throughput [--threads 1] [--readout attention]`.

Two runs of `engine.loop.train` take turns, some steps each: `SequenceClassifier` as it is, and
the same one from the same weights whose recurrent layers are those of torch.nn. MNIST in batches of
100, two layers of 128 units, on the CPU. A step is all that the loop does: preparing the batch,
forward, loss, backward, clipping, the optimiser and the running average of the weights.

    throughput   our images a second over torch.nn's, median of the turns
                                                   aim >= 1.15 for RNN and GRU, >= 0.6 for LSTM,
                                                   >= 1 with torch's kernel in our LSTM ("torch")
    layers       the same of the recurrent layers alone, forward and backward without the loop
    copy         our layers beside the same ones that hand out the output which backward reads,
                 and not a copy of it that callers may write into (ours, engine "bptt" only)

What both sides share (readout, optimiser, average) takes as long on both and brings the ratio
nearer to 1: the attention readout costs about as much as a layer, the readout "last" next to none.

One thread is measured in processor time, which a busy machine makes longer by little; several in
time of the clock. Images of random ink stand in where MNIST is not found: a step takes as long.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn

import rnnviz
from rnnviz.data import MissingDataError, mnist
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.models.readouts import READOUTS
from rnnviz.nn import bptt
from rnnviz.training.engine.batches import Examples
from rnnviz.training.engine.events import StepFinished
from rnnviz.training.engine.loop import train
from rnnviz.training.engine.recipe import Recipe

TORCHS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
AIMS = {("rnn", "bptt"): 1.15, ("gru", "bptt"): 1.15, ("lstm", "bptt"): 0.6, ("lstm", "torch"): 1.0}
BATCH, UNITS, LAYERS = 100, 128, 2
NOISE = 0.03  # by which two runs of the very same kernel differ
STEPS, TURNS = 5, 15  # of one run at a time; turns, after one that does not count

Task = Callable[[], object]
without_copy = mock.patch.object(bptt, "handed_out", lambda output: output)


class TorchLayers(nn.Module):
    """Layers of torch.nn where a `SequenceClassifier` has ours; all its sequences are whole."""

    def __init__(self, ours: Any, cell: str) -> None:
        super().__init__()
        sizes = (ours.input_size, ours.hidden_size, ours.num_layers)
        self.layers = TORCHS[cell](*sizes, batch_first=True)
        rnnviz.copy_parameters(ours, self.layers)

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Any]:
        return self.layers(inputs)


def classifier(cell: str, engine: str, readout: str) -> SequenceClassifier:
    """Always the same network of two layers; `engine` may also be "torch.nn"."""
    torch.manual_seed(0)
    known = "bptt" if engine == "torch.nn" else engine
    model = SequenceClassifier(
        cell, hidden_size=UNITS, num_layers=LAYERS, readout=readout, engine=known
    )
    if engine == "torch.nn":
        model.recurrent = TorchLayers(model.recurrent, cell)
    return model


def digits(count: int) -> tuple[Examples, str]:
    """MNIST's first training images, or random ones of that shape; and what they are."""
    try:
        images, labels = mnist.load("train")
    except MissingDataError:
        random = torch.Generator().manual_seed(0)
        ink = torch.randint(256, (count, 28, 28), generator=random, dtype=torch.uint8)
        return Examples(ink, torch.randint(10, (count,), generator=random)), "random images"
    return Examples(torch.from_numpy(images[:count]), torch.from_numpy(labels[:count])), "MNIST"


def prepared(images: Tensor, generator: torch.Generator, strength: float) -> Tensor:
    """Rows in 0..1, not varied."""
    return images.float() / 255


def losses(model: nn.Module, examples: Examples) -> Iterator[float]:
    """Train for an epoch and yield the loss of every step."""
    held_out = examples.at(torch.arange(BATCH))
    recipe = Recipe(epochs=1, batch_size=BATCH)
    events = train(model, examples, held_out, recipe, prepare=prepared, prepare_held_out=prepared)
    return (event.loss for event in events if isinstance(event, StepFinished))


def by_loop(model: SequenceClassifier, examples: Examples) -> Task:
    """A task that takes some steps of a training run."""
    run = losses(model, examples)
    return lambda: [next(run) for _ in range(STEPS)]


def by_layers(model: SequenceClassifier, examples: Examples) -> Task:
    """A task that runs the recurrent layers alone, forward and backward."""
    layers = model.recurrent
    inputs = prepared(examples.inputs[:BATCH], torch.Generator(), 0.0)

    def task() -> None:
        for _ in range(STEPS):
            layers.zero_grad()
            layers(inputs)[0].sum().backward()

    return task


def throughput(ours: Task, theirs: Task, clock: Callable[[], float]) -> tuple[float, float, float]:
    """How many times torch's throughput ours is, and the milliseconds of a step of each."""

    def milliseconds(task: Task) -> float:
        start = clock()
        task()
        return 1e3 * (clock() - start) / STEPS

    ours(), theirs()
    pairs = [(milliseconds(ours), milliseconds(theirs)) for _ in range(TURNS)]
    mine, torchs = (statistics.median(side) for side in zip(*pairs, strict=True))
    return statistics.median(theirs / ours for ours, theirs in pairs), mine, torchs


def main() -> int:
    """Measure and print; the exit status says whether every aim was reached."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.throughput",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cells", nargs="*", choices=tuple(TORCHS), default=list(TORCHS))
    parser.add_argument("--readout", choices=tuple(READOUTS), default="attention")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    clock = time.process_time if chosen.threads == 1 else time.perf_counter
    examples, what = digits(BATCH * STEPS * (TURNS + 2))
    print(
        f"{what}, batch {BATCH}, {LAYERS} x {UNITS} units, readout {chosen.readout}, "
        f"threads: {chosen.threads}",
        flush=True,
    )
    reached = True
    for (cell, engine), aim in AIMS.items():
        if cell not in chosen.cells:
            continue
        for name, task in (("throughput", by_loop), ("layers", by_layers)):
            sides = [classifier(cell, side, chosen.readout) for side in (engine, "torch.nn")]
            ours, theirs = (task(side, examples) for side in sides)
            times, mine, torchs = throughput(ours, theirs, clock)
            line = f"{cell:4} engine {engine:5} {name:10} {times:5.2f} times"
            line += f"   ({mine:.1f} ms a step, torch.nn {torchs:.1f} ms)"
            if name == "throughput":
                enough = times >= (aim - NOISE if engine == "torch" else aim)
                reached &= enough
                line += f"   aim {aim:g}   {'reached' if enough else 'MISSED'}"
            print(line, flush=True)
        if engine == "bptt":
            ours = by_layers(classifier(cell, engine, chosen.readout), examples)
            times, mine, bare = throughput(ours, without_copy(ours), clock)
            line = f"{cell:4} engine {engine:5} {'copy':10} {times:5.2f} times"
            print(f"{line}   ({mine:.1f} ms a step, without {bare:.1f} ms)", flush=True)
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
