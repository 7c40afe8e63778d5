"""From the board to the answer: digits drawn by formula, with the board's three pens, are read.

Oracle: what was drawn. Each figure is one or more strokes of points (x, y) in 0..1.
"""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from rnnviz.data import images
from rnnviz.models import checkpoint, storage

SIDE, FINE = 112, 4
PENS = {"thin": 0.04, "normal": 0.075, "thick": 0.115}

Stroke = list[tuple[float, float]]


def arc(x: float, y: float, wide: float, tall: float, start: float, end: float) -> Stroke:
    """Points of an ellipse from `start` to `end` degrees, 0 to the right and 90 below."""
    turns = np.radians(np.linspace(start, end, 30))
    return [(x + wide * float(np.cos(t)), y + tall * float(np.sin(t))) for t in turns]


FIGURES: dict[int, list[Stroke]] = {
    0: [arc(0.5, 0.5, 0.28, 0.42, -90, 270)],
    1: [[(0.55, 0.1), (0.45, 0.9)]],
    2: [[*arc(0.5, 0.32, 0.25, 0.22, -170, 40), (0.25, 0.9), (0.78, 0.9)]],
    3: [arc(0.47, 0.3, 0.22, 0.2, -150, 90) + arc(0.47, 0.7, 0.26, 0.2, -90, 150)],
    4: [[(0.3, 0.1), (0.22, 0.55), (0.8, 0.55)], [(0.62, 0.3), (0.6, 0.92)]],
    5: [[(0.72, 0.1), (0.32, 0.1), (0.29, 0.45), *arc(0.47, 0.65, 0.25, 0.24, -120, 150)]],
    6: [[(0.62, 0.08), (0.4, 0.3), (0.28, 0.6), *arc(0.5, 0.68, 0.22, 0.22, 180, -190)]],
    7: [[(0.22, 0.12), (0.76, 0.12), (0.42, 0.9)]],
    8: [arc(0.5, 0.3, 0.2, 0.2, 90, -270) + arc(0.5, 0.7, 0.25, 0.2, -90, 270)],
    9: [[*arc(0.48, 0.32, 0.22, 0.22, 0, -360), (0.7, 0.32), (0.68, 0.6), (0.62, 0.9)]],
}


def board(digit: int, pen: float, size: float, random: np.random.Generator) -> np.ndarray:
    """The grey picture (112, 112) of a digit drawn somewhere on the board by an unsteady hand."""
    picture = Image.new("L", (SIDE * FINE, SIDE * FINE), 0)
    pencil, radius = ImageDraw.Draw(picture), pen * SIDE * FINE / 2
    free = (1 - size) * 0.45
    place = 0.5 + random.uniform(-free, free, 2)
    turn = np.radians(random.uniform(-10, 10))
    turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    for stroke in FIGURES[digit]:
        points = (np.array(stroke) - 0.5) @ turned * size + place
        points += random.normal(0, 0.003, points.shape).cumsum(0)
        points *= SIDE * FINE
        pencil.line([tuple(point) for point in points], fill=255, width=round(2 * radius))
        for x, y in points:
            pencil.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(picture.reduce(FINE))


@pytest.mark.parametrize("name", storage.names(reading="images") or ["none"])
def test_every_model_reads_what_is_drawn(name: str) -> None:
    if name not in storage.names() or not name.startswith("mnist-"):
        pytest.skip("no model of MNIST in pretrained/")
    import torch

    random = np.random.default_rng(0)
    drawn = [
        (digit, images.normalise(board(digit, pen, size, random)))
        for digit in FIGURES
        for pen in PENS.values()
        for size in (0.5, 0.75, 1.0)
        for _ in range(2)
    ]
    rows = torch.from_numpy(np.stack([image for _, image in drawn])).float() / 255
    with torch.no_grad():
        answers = checkpoint.load(name)(rows).argmax(-1).tolist()
    wrong = [(digit, answer) for (digit, _), answer in zip(drawn, answers, strict=True)]
    wrong = [pair for pair in wrong if pair[0] != pair[1]]
    assert len(wrong) <= 0.04 * len(drawn), wrong
