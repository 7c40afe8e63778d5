"""What events cost: the training engine beside a bare loop on the same model, data and batches.

    python -m benchmarks.training [--cells rnn gru lstm] [--steps 400]

The bare loop does what must be done and says nothing: batch, forward, backward, clipping, step,
running average. The engine does that and yields events with accuracies, rates, scores on held-out
and training examples, and 24 snapshots. Both take turns of `TURN` steps, so that a busy machine
slows them alike, and what is counted is the processor's time in this one thread. Random images and
labels: nothing here depends on what they show.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from rnnviz.classifier import SequenceClassifier
from rnnviz.training.batches import Examples, batches
from rnnviz.training.events import StepFinished
from rnnviz.training.images import plain
from rnnviz.training.loop import Training
from rnnviz.training.recipe import Recipe, learning_rate, optimiser, running_average

EXAMPLES, HELD_OUT = 60_000, 10_000
TURN = 25


def model(cell: str) -> SequenceClassifier:
    """The network of the benchmark: 28 rows of 28, two layers of 128 units, the last state."""
    torch.manual_seed(0)
    return SequenceClassifier(cell, readout="last")


def examples(count: int) -> Examples:
    """Noise as images, with labels."""
    generator = torch.Generator().manual_seed(count)
    images = torch.randint(0, 256, (count, 28, 28), dtype=torch.uint8, generator=generator)
    return Examples(images, torch.randint(0, 10, (count,), generator=generator))


def bare(cell: str, data: Examples, recipe: Recipe) -> Iterator[float]:
    """The loss after every update, and nothing else."""
    network, generator = model(cell), torch.Generator().manual_seed(recipe.seed)
    optimizer, average = (
        optimiser(network, recipe),
        AveragedModel(network, multi_avg_fn=running_average(recipe)),
    )
    network.train()
    order = batches(data, recipe.batch_size, generator)
    for step, index in enumerate(order):
        batch = data.at(index)
        optimizer.zero_grad(set_to_none=True)
        logits = network(plain(batch.inputs, generator, 1.0))
        loss = nn.functional.cross_entropy(
            logits, batch.labels, label_smoothing=recipe.label_smoothing
        )
        loss.backward()
        assert recipe.clip_norm is not None
        nn.utils.clip_grad_norm_(network.parameters(), recipe.clip_norm)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(recipe, step, len(order) * recipe.epochs)
        optimizer.step()
        average.update_parameters(network)
        yield float(loss.detach())


def engine(cell: str, data: Examples, held_out: Examples, recipe: Recipe) -> Iterator[float]:
    """The loss after every update, with all that the engine does besides."""
    training = Training(
        model(cell), data, held_out, recipe, prepare=plain, prepare_held_out=plain, snapshots=24
    )
    for event in training:
        if isinstance(event, StepFinished):
            yield event.loss


def seconds_of(steps: Iterator[float], count: int) -> float:
    """Processor seconds of so many steps."""
    start = time.thread_time()
    for _ in range(count):
        next(steps)
    return time.thread_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cells", nargs="+", default=["rnn", "gru", "lstm"])
    parser.add_argument("--steps", type=int, default=400)
    words = parser.parse_args()
    torch.set_num_threads(1)
    data, held_out = examples(EXAMPLES), examples(HELD_OUT)
    recipe = Recipe(epochs=1, batch_size=100)
    print(f"MNIST's shapes, batch 100, 2 x 128 units, one thread, {words.steps} steps each")
    for cell in words.cells:
        loops = {"bare": bare(cell, data, recipe), "engine": engine(cell, data, held_out, recipe)}
        taken: dict[str, list[float]] = {name: [] for name in loops}
        for loop in loops.values():
            seconds_of(loop, 5)
        for _ in range(words.steps // TURN):
            for name, loop in loops.items():
                taken[name].append(seconds_of(loop, TURN))
        rates = {name: TURN * len(some) * 100 / sum(some) for name, some in taken.items()}
        ratios = [one / other for one, other in zip(taken["bare"], taken["engine"], strict=True)]
        print(
            f"{cell:5} bare {rates['bare']:7.0f} examples/s   engine {rates['engine']:7.0f}   "
            f"ratio {rates['engine'] / rates['bare']:.3f}   "
            f"(median of turns {statistics.median(ratios):.3f})"
        )


if __name__ == "__main__":
    main()
