"""Tasks that ask for memory: delayed recall, adding and copying, drawn from a seed.

Each gives sequences of numbers, as many as one asks for and none of them stored. How far back the
answer lies is chosen by `delay` or `length`. Shapes: `N` sequences, `T` steps, `I` numbers a step.

Hochreiter and Schmidhuber 1997, "Long short-term memory": experiments 2c (recall) and 4 (adding).
Arjovsky, Shah and Bengio 2016, "Unitary evolution recurrent neural networks": copying as here.
Le, Jaitly and Hinton 2015, arXiv:1504.00941: adding with numbers in 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RECALLED = ("A", "B", "C", "D")
DISTRACTORS = ("w", "x", "y", "z")
ASK = "?"
COPIED = ("a", "b", "c", "d", "e", "f", "g", "h")
BLANK = "·"
"""What stands where nothing is to be remembered."""

CHANNELS = {
    "recall": (*RECALLED, *DISTRACTORS, ASK),
    "adding": ("number", "marked"),
    "copy": (*COPIED, BLANK, ASK),
}
"""What the numbers of a step are, for each task."""


@dataclass(frozen=True)
class Sequences:
    """Sequences to learn from and what is right.

    `inputs (N, T, I)` float32. `targets`: `(N,)` int64 classes (recall), `(N,)` float32 in 0..1
    (adding), `(N, S)` int64 symbols of the last `S` steps (copy). `labels` names the classes.
    `channels` names the `I` numbers of a step.
    """

    inputs: np.ndarray
    targets: np.ndarray
    labels: tuple[str, ...]
    channels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.inputs)


def recall(count: int, delay: int, seed: int) -> Sequences:
    """One of four symbols, then `delay` distractors, then a question: which one was it?

    `T = delay + 2` steps of one-hot rows over the four symbols, four distractors and the question.
    Guessing is right for a quarter.
    """
    generator = np.random.default_rng(seed)
    first = generator.integers(len(RECALLED), size=count)
    noise = generator.integers(len(DISTRACTORS), size=(count, delay)) + len(RECALLED)
    channels = CHANNELS["recall"]
    asked = np.full((count, 1), len(channels) - 1)
    symbols = np.concatenate([first[:, None], noise, asked], axis=1)
    return Sequences(_one_hot(symbols, len(channels)), first, RECALLED, channels)


def adding(count: int, length: int, seed: int) -> Sequences:
    """`length` numbers in 0..1, two of them marked: what is half of the sum of the two?

    `inputs[:, :, 0]` are the numbers and `[:, :, 1]` is 1 at the two marked steps, one in each half
    of the sequence, else 0. The target is `(a + b) / 2`, in 0..1. The mean, 0.5, is right within
    0.04 for 15 % and has a mean squared error of 1/24.
    """
    generator = np.random.default_rng(seed)
    numbers = generator.random((count, length), dtype=np.float32)
    half = length // 2
    marked = np.zeros_like(numbers)
    rows = np.arange(count)
    first, second = (
        generator.integers(0, half, size=count),
        generator.integers(half, length, size=count),
    )
    marked[rows, first] = marked[rows, second] = 1.0
    sums = (numbers[rows, first] + numbers[rows, second]) / 2
    return Sequences(
        np.stack([numbers, marked], axis=-1), sums, ("rest", "half the sum"), CHANNELS["adding"]
    )


def copy(count: int, delay: int, length: int, seed: int) -> Sequences:
    """`length` symbols out of eight, `delay` blanks, a question, and then: repeat them in order.

    `T = 2 length + delay` steps of one-hot rows over the eight symbols, blank and question. The
    question stands at the last step before the answers, which is the last of the `delay`; the
    last `length` steps are blank, and at each of them the network says one symbol. Guessing is
    right for an eighth.
    """
    generator = np.random.default_rng(seed)
    symbols = generator.integers(len(COPIED), size=(count, length))
    channels = CHANNELS["copy"]
    blank, ask = len(COPIED), len(COPIED) + 1
    pause = np.full((count, delay), blank)
    pause[:, -1] = ask
    answers = np.full((count, length), blank)
    rows = np.concatenate([symbols, pause, answers], axis=1)
    return Sequences(_one_hot(rows, len(channels)), symbols, COPIED, channels)


def words(task: str, inputs: np.ndarray) -> tuple[str, ...]:
    """The steps of one sequence `(T, I)` in words: symbols, or numbers with the marked ones "+"."""
    if task == "adding":
        return tuple(f"{'+' if marked else ''}{number:.2f}" for number, marked in inputs.tolist())
    return tuple(CHANNELS[task][place] for place in inputs.argmax(axis=-1).tolist())


def _one_hot(places: np.ndarray, size: int) -> np.ndarray:
    return np.eye(size, dtype=np.float32)[places]
