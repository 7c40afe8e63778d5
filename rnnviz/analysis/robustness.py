"""How classifiers stand images that were moved, resized, turned, drawn otherwise, or made noisy.

Each condition changes every image by the same amount and in one way only, so a row of the table
says what that one change costs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from rnnviz.data import augmentation
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.models.evaluation import LabelledImages, rows, score
from rnnviz.tracking import Track, silently


@dataclass(frozen=True)
class Condition:
    """One change: `(B, 28, 28)` floats in 0..1 to the same."""

    kind: str
    amount: str
    change: Callable[[Tensor], Tensor]


def conditions() -> list[Condition]:
    """Every row of the table, mild before strong. Lengths in pixels, angles in degrees."""
    shifts = [(f"{by} px, mean of 4 sides", _to_four_sides(by)) for by in (1, 2, 3, 4)]
    scales = [(f"x {by}", _with(augmentation.scale, by)) for by in (0.7, 0.8, 0.9, 1.1, 1.2)]
    turns = [(f"{by:+} degrees", _with(augmentation.rotate, by)) for by in (-20, -10, 10, 20)]
    pens = [
        (f"{by:+} px at each edge", _with(augmentation.pen, by)) for by in (-0.5, 0.5, 1.0, 1.5)
    ]
    noises = [(f"deviation {by}", _noisy(by)) for by in (0.05, 0.1, 0.2, 0.3)]
    kinds: dict[str, list[tuple[str, Callable[[Tensor], Tensor]]]] = {
        "none": [("", _nothing)],
        "shift": shifts,
        "scale": scales,
        "rotation": turns,
        "pen": pens,
        "noise": noises,
    }
    return [Condition(kind, *row) for kind, amounts in kinds.items() for row in amounts]


def accuracies(
    models: Mapping[str, SequenceClassifier], labelled: LabelledImages, track: Track = silently
) -> dict[tuple[str, str], dict[str, float]]:
    """The accuracy of every model under every condition: `(kind, amount) -> model -> 0..1`."""
    images = rows(labelled.images)
    found = {}
    every = conditions()
    for condition in track(every, len(every)):
        changed = condition.change(images)
        found[condition.kind, condition.amount] = {
            name: score(
                model, changed, labelled.labels.repeat(len(changed) // len(images))
            ).accuracy
            for name, model in models.items()
        }
    return found


def report(
    models: Mapping[str, SequenceClassifier],
    labelled: LabelledImages,
    *,
    limit: int | None = None,
    track: Track = silently,
) -> str:
    """The table in Markdown. Notices are for whoever runs it: they name folders of this machine."""
    if limit:
        # Test files may be sorted by difficulty: a fixed shuffle makes the first ones typical.
        order = torch.randperm(len(labelled.labels), generator=torch.Generator().manual_seed(0))
        chosen = order[:limit]
        labelled = replace(labelled, images=labelled.images[chosen], labels=labelled.labels[chosen])
    return _markdown(accuracies(models, labelled, track), list(models), labelled)


def _markdown(
    table: Mapping[tuple[str, str], Mapping[str, float]], names: list[str], data: LabelledImages
) -> str:
    lines = [
        "# Robustness",
        "",
        f"Accuracy in % on {len(data.labels):,} of {data.source}, each changed in one way only.",
        "Written by `python -m rnnviz robustness --output docs/robustness.md`.",
        "Ink is 1 on a ground of 0; the noise is normal and kept within 0..1.",
        "",
        f"| change | amount | {' | '.join(names)} |",
        f"|---|---|{'---:|' * len(names)}",
    ]
    for (kind, amount), row in table.items():
        figures = " | ".join(f"{100 * row[name]:.2f}" for name in names)
        lines.append(f"| {kind} | {amount} | {figures} |")
    return "\n".join(lines) + "\n"


def _nothing(images: Tensor) -> Tensor:
    return images


def _with(change: Callable[..., Tensor], amount: float) -> Callable[[Tensor], Tensor]:
    return lambda images: change(images, amount)


def _to_four_sides(pixels: int) -> Callable[[Tensor], Tensor]:
    """The images four times: moved down, up, right and left."""
    sides = ((pixels, 0), (-pixels, 0), (0, pixels), (0, -pixels))
    return lambda images: torch.cat([augmentation.shift(images, *side) for side in sides])


def _noisy(deviation: float) -> Callable[[Tensor], Tensor]:
    return lambda images: augmentation.noise(
        images, deviation, generator=torch.Generator().manual_seed(0)
    )
