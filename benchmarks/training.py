"""The page's training beside a bare loop, on our layers and on torch.nn's.

    python -m benchmarks.training [--cells rnn gru lstm] [--steps 600] [--readout last]

    page        a job as a worker runs it: events, curves on disk, scores on held-out and training
                images, snapshots, states to resume from, networks saved, news for a server
    bare        the least that trains the same model on the same batches: forward, loss, backward,
                clip, AdamW as torch has it. It scores nothing and says nothing.
    page / bare on our layers                              aim >= 0.95
    page / bare on the layers of torch.nn                  aim: RNN and GRU >= 1.15, LSTM >= 0.6
    the same with torch's kernel in our LSTM ("torch")     aim >= 1

Random images in the numbers of MNIST (60,000, of which the page holds 1,000 out), batches of 100,
2 x 128 units, one thread. All sides take turns of `TURN` steps in one process, and what counts is
the processor's time of the training thread, summed: a busy machine slows all alike, and all that
the page does besides is in the sum. 600 steps are an epoch. The exit status says whether every aim
was reached.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_

from benchmarks.throughput import TorchLayers
from rnnviz.models.readouts import READOUTS
from rnnviz.runs.queue.messages import send
from rnnviz.runs.worker import lane
from rnnviz.runs.worker.control import Control
from rnnviz.runs.worker.work import Work
from rnnviz.training.engine.batches import Examples
from rnnviz.training.plan import Plan
from rnnviz.training.preparation import Prepared, build, prepare

EXAMPLES, HELD_OUT, BATCH = 59_000, 1_000, 100
TURN = 5
AIMS = {("rnn", "bptt"): 1.15, ("gru", "bptt"): 1.15, ("lstm", "bptt"): 0.6, ("lstm", "torch"): 1.0}
OF_BARE = 0.95


def plan_of(cell: str, engine: str, readout: str) -> Plan:
    """The plan of all sides; it does not end before the benchmark does."""
    return Plan(
        cell=cell,
        hidden_size=128,
        num_layers=2,
        batch_size=BATCH,
        epochs=100,
        engine=engine,
        readout=readout,
    )


def prepared_of(plan: Plan) -> Prepared:
    """Random images of MNIST's shape and number type, in the place of scikit-learn's digits."""
    digits = prepare(plan)
    generator = torch.Generator().manual_seed(0)

    def drawn(count: int) -> Examples:
        inputs = torch.randint(0, 256, (count, 28, 28), generator=generator, dtype=torch.uint8)
        return Examples(inputs, torch.randint(0, 10, (count,), generator=generator))

    return replace(digits, examples=drawn(EXAMPLES), held_out=drawn(HELD_OUT))


def page(plan: Plan, folder: Path) -> Iterator[None]:
    """A job, a step at a time, with a server that listens."""
    ours, theirs = Pipe()
    Thread(target=_hear, args=(theirs,), daemon=True).start()
    words: dict[str, Any] = {
        "job": "bench", "lanes": [
            {"run": "bench", "plan": plan.to_json(), "folder": str(folder), "resume": False}
        ],
        "seconds": 0.0, "most_seconds": 1e9, "steps": None,
    }  # fmt: skip
    vars(lane)["prepare"] = prepared_of
    work = Work(words, Control(words), lambda message: send(ours, message))
    work.open()
    while work.goes_on:
        work.round()
        yield
    raise RuntimeError("the job ended before the benchmark did")


def _hear(line: Connection) -> None:
    with suppress(EOFError, OSError):
        while True:
            json.loads(line.recv_bytes())


def bare(model: nn.Module, data: Examples) -> Iterator[None]:
    """The least that trains, a step at a time."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    generator = torch.Generator().manual_seed(0)
    model.train()
    while True:
        for places in torch.randperm(len(data), generator=generator).split(BATCH):
            optimizer.zero_grad(set_to_none=True)
            loss = cross_entropy(model(data.inputs[places].float() / 255), data.labels[places])
            loss.backward()
            clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            yield


def rates(cell: str, engine: str, readout: str, steps: int) -> dict[str, float]:
    """Examples per second of processor time, of each side."""
    plan = plan_of(cell, engine, readout)
    data = prepared_of(plan).examples
    torchs: Any = build(plan, {})
    torchs.recurrent = TorchLayers(torchs.recurrent, cell)
    with tempfile.TemporaryDirectory() as folder:
        sides = {
            "page": page(plan, Path(folder)),
            "bare": bare(build(plan, {}), data),
            "torch.nn": bare(torchs, data),
        }
        spent = dict.fromkeys(sides, 0.0)
        for turn in range(1 + steps // TURN):
            for name, side in sides.items():
                start = time.thread_time()
                for _ in range(TURN):
                    next(side)
                if turn:  # the first turn of each asks for memory and chooses kernels
                    spent[name] += time.thread_time() - start
    return {name: steps // TURN * TURN * BATCH / seconds for name, seconds in spent.items()}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--cells", nargs="*", default=["rnn", "gru", "lstm"])
    parser.add_argument("--readout", choices=tuple(READOUTS), default="last")
    chosen = parser.parse_args()
    print(f"{chosen.steps} steps of {BATCH}, 2 x 128 units, readout {chosen.readout}, one thread")
    print("| cell | engine | page, images/s | page / bare | page / torch.nn | aims |")
    print("|---|---|---:|---:|---:|---|")
    reached = True
    for (cell, engine), aim in AIMS.items():
        if cell not in chosen.cells:
            continue
        rate = rates(cell, engine, chosen.readout, chosen.steps)
        of_bare, of_torch = (rate["page"] / rate[name] for name in ("bare", "torch.nn"))
        enough = of_bare >= OF_BARE and of_torch >= aim
        reached &= enough
        print(
            f"| {cell} | {engine} | {rate['page']:,.0f} | {of_bare:.3f} | {of_torch:.3f} | "
            f"{OF_BARE}, {aim}: {'reached' if enough else 'MISSED'} |",
            flush=True,
        )
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
