"""Training runs for the tests of pages: records with curves, and networks that nobody trained."""

from __future__ import annotations

from typing import Any

from safetensors.torch import save

from rnnviz.explorer.train import replay
from rnnviz.models import checkpoint, tokens
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.runs.record import Run
from rnnviz.runs.store import RunStore
from rnnviz.training import preparation
from rnnviz.training.plan import Plan

VISITOR = "visitor-of-the-tests"
CLOTHES = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker",
           "Bag", "Boot")  # fmt: skip
SENTENCES = ["a good film and a fine one", "a bad film and a dull one", "who knows what this is"]
MOODS = ("angry", "calm", "glad")


def made(store: RunStore, task: str = "digits", *, state: str = "finished", **words: Any) -> Run:
    """A run with a few steps and scores, without a network."""
    plan = {"task": task, "cell": "gru", "hidden_size": 12, "epochs": 2, "clip_norm": 1.0}
    plan |= words.pop("plan", {})
    best = {"accuracy": 0.75, "n": 200, "epoch": 2, "step": 20}
    facts = {"best": best, "parameters": 4321, "seconds": 3.5, "step": 20, "steps": 20}
    run = store.create(plan, VISITOR, words.pop("name", ""), state=state, **{**facts, **words})
    events: list[dict[str, Any]] = [
        {"event": "training-started", "steps": 20, "steps_per_epoch": 10, "parameters": 4321}
    ]
    for step in range(1, 21):
        numbers = {"loss": 2.0 / step, "accuracy": 0.5, "gradient_norm": 1.0, "learning_rate": 0.1}
        events.append({"event": "step-finished", "step": step, "epoch": 1, **numbers})
    for step, share in ((0, 0.1), (10, 0.5), (20, 0.75)):
        score = {"loss": 1.0, "accuracy": share, "count": 200, "training_loss": 1.0}
        events.append({"event": "held-out-scored", "step": step, "epoch": 1, **score})
    run.append(events)
    return run


def reads_rows(
    store: RunStore, task: str = "digits", labels: tuple[str, ...] = (), **words: Any
) -> Run:
    """A run whose network reads images of 28 x 28, one layer and another readout than bundled."""
    labels = labels or (CLOTHES if task == "fashion-mnist" else tuple("0123456789"))
    model = SequenceClassifier(
        cell="gru", hidden_size=12, num_layers=1, readout="mean", labels=labels
    )
    return _with(made(store, task, **words), model, {})


def reads_tokens(store: RunStore, task: str = "own", **words: Any) -> Run:
    """A run whose network reads texts in one direction and knows three answers."""
    tokenizer = tokens.train(SENTENCES, kind="word", size=40, least_count=1)
    model = SequenceClassifier(
        cell="gru", input_size=8, hidden_size=12, num_layers=1, readout="last", num_classes=3,
        labels=MOODS, vocabulary_size=tokenizer.vocabulary_size,
    )  # fmt: skip
    return _with(made(store, task, **words), model, tokenizer.files())


def take(run: Run, plan: Plan, *steps: int) -> None:
    """Snapshots, each of a network drawn from another seed."""
    words = replay.subject(plan).words
    for step in steps:
        run.snapshots_folder.mkdir(exist_ok=True)
        model = preparation.build(plan.changed(seed=step), words)
        half = {name: value.half() for name, value in model.state_dict().items()}
        (run.snapshots_folder / f"{step:07d}.safetensors").write_bytes(save(half))


def _with(run: Run, model: SequenceClassifier, files: dict[str, str]) -> Run:
    checkpoint.save(model.eval(), run.model_folder, {"task": "a task", "dataset": "x"}, files=files)
    return run
