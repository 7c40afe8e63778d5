"""What a job costs besides training, and how fast it obeys: ``python -m benchmarks.jobs``.

    page / engine    examples per second of a job (events, curves, snapshots, states, networks,
                     messages to a server) to those of the engine alone           aim >= 0.95
    page / by hand   to those of a loop of five lines: forward, loss, backward, clip, step; it
                     scores nothing and averages nothing
    page / torch.nn  the same job on our layers to the engine alone on torch.nn's
                     aim: RNN and GRU >= 1.15, LSTM >= 0.6
    first metric     from submit to the first point, with a worker that waits     aim <= 2 s
    pause            from asking to a free worker                                 aim <= 0.5 s

MNIST-shaped data, batches of 100, 2 x 128 units, one thread. All sides of a throughput run in turn
in one process, an epoch each; medians over rounds of the training thread's processor time, so a
busy moment hits nobody.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread

import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_

from rnnviz.jobs import Job, JobManager
from rnnviz.jobs.messages import send
from rnnviz.runs import RunStore
from rnnviz.training.batches import Examples
from rnnviz.training.events import StepFinished
from rnnviz.training.loop import Training
from rnnviz.training.plan import Plan, defaults
from rnnviz.training.preparation import Prepared, build, prepare
from rnnviz.worker import lane
from rnnviz.worker.control import Control
from rnnviz.worker.work import Work

EXAMPLES, HELD_OUT, BATCH = 10_000, 1_000, 100
STEPS = EXAMPLES // BATCH
ENDLESS = 200  # epochs


def plan_of(cell: str, engine: str = "bptt") -> Plan:
    """The plan of all sides."""
    return Plan(
        cell=cell, hidden_size=128, num_layers=2, batch_size=BATCH, epochs=ENDLESS, engine=engine
    )


def prepared_of(plan: Plan) -> Prepared:
    """Random images of MNIST's shape and number type, in the place of scikit-learn's digits."""
    digits = prepare(plan)
    generator = torch.Generator().manual_seed(0)

    def drawn(count: int) -> Examples:
        inputs = torch.randint(0, 256, (count, 28, 28), generator=generator, dtype=torch.uint8)
        return Examples(inputs, torch.randint(0, 10, (count,), generator=generator))

    return replace(digits, examples=drawn(EXAMPLES), held_out=drawn(HELD_OUT))


def job_epochs(plan: Plan, folder: Path) -> Iterator[None]:
    """A job as a worker runs it, an epoch at a time, with a server that listens."""
    ours, theirs = Pipe()
    Thread(target=_hear, args=(theirs,), daemon=True).start()
    words = {
        "job": "bench", "lanes": [
            {"run": "bench", "plan": plan.to_json(), "folder": str(folder), "resume": False}
        ],
        "seconds": 0.0, "most_seconds": 1e9, "steps": None,
    }  # fmt: skip
    vars(lane)["prepare"] = prepared_of
    work = Work(words, Control(words), lambda message: send(ours, message))
    work.open()
    while work.goes_on:
        for _ in range(STEPS):
            work.round()
        yield
    raise RuntimeError("the job ended before the benchmark did")


def _hear(line: Connection) -> None:
    with suppress(EOFError, OSError):
        while True:
            json.loads(line.recv_bytes())


def engine_epochs(plan: Plan) -> Iterator[None]:
    """The engine alone: its events are thrown away."""
    prepared = prepared_of(plan)
    training = Training(
        prepared.model,
        prepared.examples,
        prepared.held_out,
        prepared.recipe,
        objective=prepared.objective,
        prepare=prepared.prepare,
        prepare_held_out=prepared.prepare_held_out,
    )
    for event in training:
        if isinstance(event, StepFinished) and event.step % STEPS == 0:
            yield


def hand_epochs(plan: Plan) -> Iterator[None]:
    """The least that trains, on the same model and batches."""
    prepared = prepared_of(plan)
    model, data = build(plan, {}), prepared.examples
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    generator = torch.Generator().manual_seed(0)
    while True:
        for places in torch.randperm(EXAMPLES, generator=generator).split(BATCH):
            optimizer.zero_grad(set_to_none=True)
            loss = cross_entropy(model(data.inputs[places].float() / 255), data.labels[places])
            loss.backward()
            clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        yield


def throughput(cell: str, rounds: int) -> dict[str, float]:
    """Median examples per second of processor time, of each side."""
    with tempfile.TemporaryDirectory() as folder:
        sides = {
            "page": job_epochs(plan_of(cell), Path(folder)),
            "engine": engine_epochs(plan_of(cell)),
            "by hand": hand_epochs(plan_of(cell)),
            "torch.nn": engine_epochs(plan_of(cell, "torch")),
        }
        spent: dict[str, list[float]] = {name: [] for name in sides}
        for number in range(rounds + 1):
            for name, side in sides.items():
                start = time.thread_time()
                next(side)
                if number:  # the first epoch of each asks for memory and chooses kernels
                    spent[name].append(time.thread_time() - start)
    return {name: EXAMPLES / statistics.median(times) for name, times in spent.items()}


def waited(true: Callable[[], object]) -> float:
    """Seconds until something is true."""
    start = time.perf_counter()
    while not true():
        time.sleep(0.002)
    return time.perf_counter() - start


def latencies(count: int) -> dict[str, list[float]]:
    """Seconds to the first metric, to a pause and to the first step after a resume."""
    with tempfile.TemporaryDirectory() as folder, JobManager(RunStore(folder), 1) as manager:
        print(f"worker ready after {waited(lambda: manager.status().ready):.1f} s")
        rows = [_times(manager, seed) for seed in range(count)]
    return {name: [row[name] for row in rows] for name in rows[0]}


def _times(manager: JobManager, seed: int) -> dict[str, float]:
    job = manager.submit("bench", [defaults("digits", "gru").changed(seed=seed)])
    first = waited(lambda: len(job.run_curves(job.id)))
    time.sleep(0.5)
    manager.pause(job)
    pause = waited(lambda: job.state == "paused")
    step = _step(job)
    manager.resume(job)
    resume = waited(lambda: _step(job) > step)
    manager.stop(job)
    waited(lambda: not job.live)
    return {"first metric": first, "pause": pause, "resume": resume}


def _step(job: Job) -> int:
    return int(job.latest(job.id)["step"])


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--cells", nargs="*", default=["rnn", "gru", "lstm"])
    parser.add_argument("--latencies", type=int, default=5, help="how many jobs to time; 0: none")
    chosen = parser.parse_args()
    if chosen.cells:
        print("| cell | page ex/s | page / engine | page / by hand | page / torch.nn |")
        print("|---|---:|---:|---:|---:|")
    for cell in chosen.cells:
        rates = throughput(cell, chosen.rounds)
        parts = (rates["page"] / rates[name] for name in ("engine", "by hand", "torch.nn"))
        print(f"| {cell} | {rates['page']:,.0f} | {' | '.join(f'{one:.3f}' for one in parts)} |")
    if chosen.latencies:
        for name, times in latencies(chosen.latencies).items():
            print(f"{name}: median {statistics.median(times):.2f} s, longest {max(times):.2f} s")


if __name__ == "__main__":
    main()
