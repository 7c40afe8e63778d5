"""How long the default run of each task takes on one core, and how well it ends.

    python -m benchmarks.tasks                      all that have their data at hand
    python -m benchmarks.tasks recall copy --cells gru lstm
    python -m benchmarks.tasks --presets            the presets of the Train page

Seconds are those of the processor, so that a busy machine says the same as an idle one.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import torch

from rnnviz.data import DataError
from rnnviz.training import budget
from rnnviz.training.curves import Curves
from rnnviz.training.diagnosis.findings import diagnose
from rnnviz.training.engine.events import EpochFinished, Event, to_json
from rnnviz.training.engine.loop import DivergenceError, Training
from rnnviz.training.plan import CELLS, Plan
from rnnviz.training.preparation import prepare
from rnnviz.training.presets import PRESETS
from rnnviz.training.tasks.table import TASKS, defaults


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("tasks", nargs="*", default=list(TASKS))
    arguments.add_argument("--cells", nargs="*", default=list(CELLS))
    arguments.add_argument("--presets", action="store_true")
    chosen = arguments.parse_args()
    torch.set_num_threads(1)
    print("| run | parameters | steps | data s | train s | estimate s | best | last | findings |")
    print("|---|---|---|---|---|---|---|---|---|")
    if chosen.presets:
        for preset in PRESETS:
            measure(preset.key, preset.plan)
        return
    for task in chosen.tasks:
        for cell in chosen.cells:
            measure(f"{task}, {cell}", defaults(task, cell))


def measure(name: str, plan: Plan) -> None:
    """Train one plan and print its row."""
    start = time.process_time()
    try:
        run = prepare(plan)
    except DataError as failure:
        print(f"| {name} | {failure} |")
        return
    loaded = time.process_time()
    torch.manual_seed(plan.seed)
    training = Training(
        run.model,
        run.examples,
        run.held_out,
        run.recipe,
        objective=run.objective,
        prepare=run.prepare,
        prepare_held_out=run.prepare_held_out,
    )
    events: list[Event] = []
    try:
        events.extend(training)
    except DivergenceError as failure:
        print(failure)
    seconds = time.process_time() - loaded
    scores = [event.held_out_accuracy for event in events if isinstance(event, EpochFinished)]
    curves = Curves.from_events([to_json(event) for event in events], plan.to_json())
    expected = budget.estimate(plan)
    parameters = sum(parameter.numel() for parameter in run.model.parameters())
    kinds = ", ".join(found.kind for found in diagnose(curves, plan))
    print(
        f"| {name} | {parameters:,} | {curves.last_step:,} | {loaded - start:.1f} | {seconds:.1f} "
        f"| {expected.seconds:.1f} | {100 * max(scores, default=0):.1f} % "
        f"| {100 * scores[-1] if scores else 0:.1f} % | {kinds} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
