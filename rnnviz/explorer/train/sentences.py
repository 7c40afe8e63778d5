"""The Train page in words: what will be trained, how it stands, what a race held equal.

No torch and no Streamlit; a run is a `rnnviz.explorer.train.lines.Shown`, a state one of
`rnnviz.runs.queue`. Nothing here has been through `plain`: names may hold signs that Streamlit
takes for markup.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rnnviz.explorer.train.lines import Shown, kinds, name_of, right_words
from rnnviz.notation.cells import CELL_NAMES
from rnnviz.training.diagnosis.comparing import Scored, ahead, is_guessed
from rnnviz.training.diagnosis.measures import Readings
from rnnviz.training.plan import Plan, PlanError
from rnnviz.training.tasks.table import TASKS

STATES = {
    "queued": "Waiting",
    "running": "Training",
    "paused": "Paused",
    "finished": "Finished",
    "stopped": "Stopped",
    "failed": "Broken off",
    "interrupted": "Interrupted",
    "uploaded": "Brought from elsewhere",
}
STANDS = {"open": "leads", "finished": "wins"}
"""What the first of a race does, where that is more than chance."""

MOST_ROWS = 12
STEADY = 5
"""Steps before which a speed says nothing: the first ones ask for memory."""


def estimate_words(
    parameters: int, memory_bytes: int, seconds: float, steps: int, *, networks: int = 1
) -> str:
    """What a training will take, in a sentence without its end; `steps` are those of all."""
    each = f"{steps:,}" if networks == 1 else f"{networks} × {steps // networks:,}"
    return (
        f"{parameters:,} parameters · {each} steps · {duration(seconds, about=True)} · "
        f"{memory_bytes / 1e6:,.0f} MB"
    )


def duration(seconds: float, *, about: bool = False) -> str:
    """``8 s``, ``2 min 10 s``; of an estimate ``about 8 s``."""
    if not math.isfinite(seconds) or seconds < 0:
        return "an unknown time"
    if about:
        unit = 1 if seconds < 20 else 5 if seconds < 60 else 10
        seconds = max(1, unit * round(seconds / unit))
    whole = round(seconds)
    if whole < 60:
        text = f"{seconds:.1f} s" if seconds < 9.95 and not about else f"{whole} s"
    elif whole < 3600:
        text = f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    else:
        text = f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"about {text}" if about else text


def headline(runs: Sequence[Shown], state: str) -> str:
    """What the networks can do in a sentence: now, or in their best epochs when all is over."""
    task = str(runs[0].plan.get("task"))
    is_open = state in ("running", "queued", "paused")
    score_of = _last if is_open else _kept
    scores = {name_of(group[0].plan): _scored(group, score_of) for group in kinds(runs)}
    if len(scores) > 1:
        return _race(scores, _chance(runs[0]), "open" if is_open else state)
    name = CELL_NAMES.get(runs[0].cell, runs[0].cell)
    score = scores[name_of(runs[0].plan)].middle
    if not math.isfinite(score):
        return f"The {name} is about to learn" if state in ("queued", "running") else f"The {name}"
    info = TASKS.get(task)
    of_what = "held-out examples" if info is None else f"held-out {info.noun}"
    if info is not None and info.answers == "symbols":
        return f"The {name} has {percent(score)} of the held-out symbols right"
    return f"The {name} has {percent(score)} of the {of_what} right"


def _race(scores: Mapping[str, Scored], chance: float, state: str) -> str:
    """Who is first, if that is more than chance, and the score of each.

    Only a race that was run to its end has a winner, and who only guesses is ahead of nobody.
    """
    if not all(math.isfinite(one.middle) for one in scores.values()):
        return f"{listed(list(scores))} race"
    ranking = sorted(scores, key=lambda name: scores[name].middle, reverse=True)
    said = ", ".join(f"{name} {percent(scores[name].middle)}" for name in ranking)
    n = min(one.n for one in scores.values())
    if all(is_guessed(one.shares, chance, one.n) for one in scores.values()):
        return f"No better than guessing{' so far' if state == 'open' else ''}: {said}"
    first = ahead(scores)
    if len(first) == 1:
        return f"{first[0]} {STANDS.get(state, 'was ahead')}: {said}"
    who = "" if len(first) == len(scores) else f" between {listed(first)}"
    seeds = len(scores[first[0]].shares)
    examples = f"{n:,.0f} held-out examples" if math.isfinite(n) else "so few examples"
    of_what = f"{seeds} seeds and {examples}" if seeds > 1 else examples
    return f"Too close to call{who} with {of_what}: {said}"


def _scored(group: Sequence[Shown], score_of: Callable[[Shown], tuple[float, float]]) -> Scored:
    """The scores of networks that differ in their seed alone, and of how many examples at least."""
    found = [score_of(run) for run in group]
    return Scored(tuple(share for share, _ in found), min(n for _, n in found))


def _chance(run: Shown) -> float:
    """The share that guessing has right; of a plan that makes no sense nothing is known."""
    try:
        return Readings(run.curves, Plan.from_json(run.plan)).chance
    except PlanError:
        return 0.0


def _kept(run: Shown) -> tuple[float, float]:
    """The held-out accuracy of the best epoch, whose network is kept, and of how many examples.

    Before an epoch has ended, the last one.
    """
    best, counts = run.curves.best_accuracy, run.curves.held_out_count
    if not math.isfinite(best):
        return _last(run)
    known = counts[np.isfinite(counts)]
    return best, float(known.max()) if len(known) else math.nan


def _last(run: Shown) -> tuple[float, float]:
    """The last held-out accuracy, NaN before the first, and of how many examples."""
    known = np.flatnonzero(np.isfinite(run.curves.held_out_accuracy))
    if not len(known):
        return math.nan, math.nan
    at = known[-1]
    return float(run.curves.held_out_accuracy[at]), float(run.curves.held_out_count[at])


def state_words(
    state: str,
    runs: Sequence[Shown],
    *,
    position: int = 0,
    asked: str | None = None,
    preparing: bool = False,
    latest: Mapping[str, Any] | None = None,
    mine: bool = True,
) -> str:
    """The line of a run's state: where it stands, how fast it goes, what is left."""
    if state == "queued":
        if position > 0:
            ahead = "1 training is" if position == 1 else f"{position} trainings are"
            return f"Waiting: {ahead} ahead of {'you' if mine else 'it'}."
        return f"Waiting for a worker. {'You are' if mine else 'It is'} next."
    if asked in ("pause", "stop") and state == "running":
        return {"pause": "Pausing …", "stop": "Stopping …"}[asked]
    if state == "running" and not any(len(run.curves) for run in runs):
        return "Getting the data ready …"
    parts = [STATES.get(state, state), *_progress(runs)]
    if state == "running" and preparing:
        parts.append("getting the data ready …")
    elif state == "running" and max(run.curves.last_step for run in runs) >= STEADY:
        latest = latest or {}
        speed, left = _number(latest, "examples_per_second"), _number(latest, "seconds_left")
        if math.isfinite(speed) and speed > 0:
            parts.append(f"{speed:,.0f} examples a second")
        if math.isfinite(left):
            parts.append(f"{duration(left, about=True)} left")
    elif state != "running":
        seconds = max((_seconds(run) for run in runs), default=0.0)
        if seconds > 0:
            parts.append(f"{duration(seconds)} of training")
    return " · ".join(parts)


def _progress(runs: Sequence[Shown]) -> list[str]:
    first = min(runs, key=lambda run: run.curves.last_step)
    step, total = first.curves.last_step, first.curves.total_steps
    if not total:
        return []
    parts = [f"step {step:,} of {total:,}" + (" of each network" if len(runs) > 1 else "")]
    each, epochs = first.curves.steps_per_epoch, int(first.plan.get("epochs", 0))
    if each and epochs:
        parts.append(f"epoch {min(step // each + (step < total), epochs)} of {epochs}")
    return parts


def share_done(runs: Sequence[Shown]) -> float:
    """How much of the training is done, 0 to 1."""
    total = sum(run.curves.total_steps for run in runs)
    return min(1.0, sum(run.curves.last_step for run in runs) / total) if total else 0.0


def _seconds(run: Shown) -> float:
    fine = run.curves.seconds[np.isfinite(run.curves.seconds)]
    return float(fine[-1]) if len(fine) else 0.0


def _number(event: Mapping[str, Any], name: str) -> float:
    value = event.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else math.nan  # type: ignore[arg-type]


def race_card(plans: Sequence[Mapping[str, Any]], parameters: Sequence[int]) -> list[str]:
    """What a race holds equal and what not: sentences in Markdown, of numbers and fixed words."""
    kinds_of = {(str(plan["cell"]), int(plan["hidden_size"])) for plan in plans}
    seeds = sorted({int(plan["seed"]) for plan in plans})
    sizes = ", ".join(
        f"{CELL_NAMES.get(cell, cell)} {size} units" for cell, size in sorted(kinds_of)
    )
    least, most = min(parameters), max(parameters)
    apart = (most - least) / most if most else 0.0
    one = plans[0]
    seed = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {listed([str(s) for s in seeds])}"
    clip = one.get("clip_norm")
    clipping = "no clipping" if clip is None else f"gradients clipped to {float(clip):g}"
    equal = (
        f"the examples and their order in every batch ({seed}), the number of parameters "
        f"({least:,} to {most:,}, {percent(apart)} apart), layers and readout, optimiser, "
        f"learning rate {float(one['learning_rate']):g} and its schedule, {clipping}, steps"
    )
    unequal = (
        f"units ({sizes}), which follow from the number of parameters; the time that a step takes; "
        "the first weights, which have other shapes; and how well this one learning rate suits "
        "each cell"
    )
    lines = [f"**Held equal:** {equal}.", f"**Not equal:** {unequal}."]
    if len(seeds) > 1:
        lines.append(
            f"**Seeds:** lines are the median of {len(seeds)} seeds, bands reach from the worst to "
            "the best. Three seeds are few: overlapping bands decide nothing."
        )
    else:
        lines.append("**One seed** convinces nobody: race with three before you believe it.")
    return lines


def epoch_rows(run: Shown) -> list[tuple[str, ...]]:
    """The last epochs as text: epoch, step, losses and accuracies; the newest first."""
    curves = run.curves
    rows: list[tuple[str, ...]] = []
    for epoch, step in reversed(list(enumerate(curves.epoch_steps, 1))):
        place = int(np.searchsorted(curves.score_steps, step))
        if place >= len(curves.score_steps) or curves.score_steps[place] != step:
            continue
        upto = (curves.steps <= step) & (curves.steps > step - max(curves.steps_per_epoch, 1))
        loss = curves.loss[upto]
        loss = loss[np.isfinite(loss)]
        rows.append(
            (
                f"{epoch}",
                f"{int(step):,}",
                f"{loss.mean():.4f}" if len(loss) else "–",
                _written(curves.held_out_loss[place], ".4f"),
                _share(curves.training_accuracy[place]),
                _share(curves.held_out_accuracy[place]),
            )
        )
        if len(rows) == MOST_ROWS:
            break
    return rows


def epoch_table(run: Shown) -> str:
    """`epoch_rows` as a Markdown table, and how many more there are; empty where none has ended."""
    rows = epoch_rows(run)
    if not rows:
        return ""
    right = right_words(str(run.plan.get("task"))).lower()
    head = ("epoch", "step", "loss, training", "loss, held out", f"{right}, training", "held out")
    lines = [head, ("---:",) * len(head), *rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    count = len(run.curves.epoch_steps)
    more = f"\n\nThe last {len(rows)} of {count} epochs." if count > MOST_ROWS else ""
    return table + more


def plan_words(plan: Plan) -> str:
    """The plan in a line: ``GRU, 64 units, 2 layers, learning rate 0.005``."""
    layers = f", {plan.num_layers} layers" if plan.num_layers > 1 else ""
    ways = ", both directions" if plan.bidirectional else ""
    return (
        f"{CELL_NAMES[plan.cell]}, {plan.hidden_size} units{layers}{ways}, "
        f"learning rate {plan.learning_rate:g}"
    )


def listed(words: Sequence[str]) -> str:
    """``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def percent(share: float) -> str:
    """``93.4 %``, on one line."""
    return f"{100 * share:.1f}\u00a0%"


def _share(share: float) -> str:
    return percent(float(share)) if math.isfinite(share) else "–"


def _written(value: float, form: str) -> str:
    return format(float(value), form) if math.isfinite(value) else "–"
