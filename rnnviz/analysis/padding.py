"""What padding does to a network that reads it as if it were text.

Texts of a batch are filled up to one length. A network that is told the lengths never sees the
filling. One that is not reads on: forward, the last step stands behind all the padding, and what
is left of the text there depends on the cell and on what it has learnt: it may be gone after some
dozens of pads, or after hundreds, or stay; backward, the last step is where reading begins, so its
state has seen one pad and nothing else, and is the same for every text there is. To classify
from `output[:, -1]` of a padded batch is the most common mistake with recurrent networks; the state
at the end of the text forward, and at its beginning backward, is what was meant.

Shapes: `T` tokens, `N` pads, `H` units of one direction, `F = 2 H`, `C` classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnviz.analysis.shuffling import check_reader
from rnnviz.models import checkpoint, storage

if TYPE_CHECKING:
    from torch import Tensor

    from rnnviz.models.classifier import SequenceClassifier
    from rnnviz.models.tokens import Encoded, TextTokenizer

FOLDER = storage.PRETRAINED / "padding"
"""The small networks of `rnnviz.training.padding`, one folder deeper than models with a name."""

PADS = (0, 1, 2, 3, 5, 10, 20, 50, 100, 200)
MOST_PADS = 2000
MOST_TOKENS_AT_ONCE = 12_000

WAYS = {
    "last-step": "last step, after padding",
    "left": "last step, padding in front",
    "last": "true final states",
    "mean": "mean of the text",
    "max": "maximum of the text",
    "attention": "attention on the text",
}
"""The small networks, by how they deal with padding."""

READOUTS = {
    "last-step": "last step of both directions",
    "last": "final state of each direction",
    "mean": "mean of all steps",
    "max": "maximum of all steps",
}
"""Readouts without weights of their own, which can stand in for the one that was trained."""


def with_padding(encoded: Encoded, pads: int) -> Encoded:
    """The text with `pads` tokens of padding after it, which cover nothing of what was typed."""
    from rnnviz.models.tokens import PAD

    if not 0 <= pads <= MOST_PADS:
        raise ValueError(f"pads: expected 0 to {MOST_PADS:,}, got {pads}")
    end = int(encoded.spans[-1, 1])
    return replace(
        encoded,
        ids=np.concatenate([encoded.ids, np.full(pads, PAD, dtype=encoded.ids.dtype)]),
        spans=np.concatenate([encoded.spans, np.full((pads, 2), end, encoded.spans.dtype)]),
        unknown=np.concatenate([encoded.unknown, np.zeros(pads, dtype=bool)]),
    )


@dataclass(frozen=True, eq=False)
class Fading:
    """How far the states of a text are from those of another, with each number of `pads (P,)`.

    All are Euclidean distances `|h - h'|` of `H` units, `(P,)`.

        forward        at the last step, from that of the other text with as many pads
        backward       the same in the other direction: exactly 0 from one pad on
        empty          forward, from what the pads alone leave, without any text
        at_start       backward at the first step, its true final state: from the one without pads
    """

    pads: tuple[int, ...]
    forward: np.ndarray
    backward: np.ndarray
    empty: np.ndarray
    at_start: np.ndarray

    def pads_until(self, share: float = 0.01) -> int | None:
        """The first number of pads after which no more than `share` of the difference is left."""
        low = self.forward <= share * self.forward[0]
        return self.pads[int(low.argmax())] if low.any() else None


def fading(
    model: SequenceClassifier, encoded: Encoded, other: Encoded, pads: Sequence[int] = PADS
) -> Fading:
    """Read two texts with more and more padding, and compare their states.

    Padding is read as if it were text. `pads` rise from 0. Raises ValueError for other numbers, for
    a model that reads in one direction only, and where `explain_text` does.
    """
    check_reader(model, None)
    if not model.recurrent.bidirectional:
        raise ValueError(
            "expected a model that reads in both directions, got one that reads in one"
        )
    counts = tuple(pads)
    if not counts or counts[0] != 0 or list(counts) != sorted(set(counts)):
        raise ValueError(f"pads: expected rising numbers from 0, got {list(counts)[:20]}")
    if counts[-1] > MOST_PADS:
        raise ValueError(f"pads: expected at most {MOST_PADS:,}, got {counts[-1]}")
    half = model.recurrent.fed_back_size
    last, first = _ends(model, encoded.ids, counts)
    others, _ = _ends(model, other.ids, counts)
    nothing, _ = _ends(model, encoded.ids[:0], counts)
    return Fading(
        pads=counts,
        forward=_distance(last[:, :half], others[:, :half]),
        backward=_distance(last[:, half:], others[:, half:]),
        empty=_distance(last[:, :half], nothing[:, :half]),
        at_start=_distance(first[:, half:], first[:1, half:]),
    )


@dataclass(frozen=True, eq=False)
class ReadoutAnswer:
    """What a network answers with a readout, `(C,)`: without padding, and reading the padding.

    Of the readout that the head was trained with, `trained` is True. The others hand it a vector of
    the same states and the same size, which it has not learnt to read: what they answer says how
    much such a vector changes with padding, and nothing about how good the readout is.
    """

    readout: str
    words: str
    trained: bool
    masked: np.ndarray
    padded: np.ndarray


def answers(model: SequenceClassifier, encoded: Encoded, pads: int) -> tuple[ReadoutAnswer, ...]:
    """The answer under each readout that fits the trained head, with and without `pads`.

    Of a readout `attention-max`, what stands in takes the place of the half that attention makes;
    the other half is the maximum, of the text or of text and padding. So no maximum stands in.
    """
    import torch

    check_reader(model, None)
    padded = with_padding(encoded, pads)
    own, both = str(model.config["readout"]), model.readout.parts > 1
    names = [name for name in READOUTS if name != own and not (both and name == "max")]
    with torch.no_grad():
        outputs = [_output(model, one.ids) for one in (encoded, padded)]
        found = [
            ReadoutAnswer(
                own,
                f"{own.replace('-', ' and ')}, as trained",
                True,
                *(_softmax(model, model.readout(output, _whole(output))) for output in outputs),
            )
        ]
        for name in names:
            vectors = [_stand_in(model, name, output) for output in outputs]
            found.append(
                ReadoutAnswer(
                    name, READOUTS[name], False, *(_softmax(model, one) for one in vectors)
                )
            )
    return tuple(found)


@dataclass(frozen=True)
class Small:
    """One of the small networks: its cell, its way with padding, and its score on `n` sentences.

    `groups` has the accuracy for every construction of the grammar, with its `n`.
    """

    cell: str
    way: str
    accuracy: float
    n: int
    groups: dict[str, dict[str, Any]]

    @property
    def folder(self) -> Path:
        return FOLDER / f"{self.cell}-{self.way}"

    @property
    def words(self) -> str:
        return WAYS[self.way]

    @property
    def reads_padding(self) -> bool:
        """Whether it reads padding as if it were text."""
        return self.way in ("last-step", "left")


def small_networks() -> tuple[Small, ...]:
    """What the cards of the small networks say, the mistake first; empty where there are none."""
    found = []
    for cell in ("gru", "lstm"):
        for way in WAYS:
            folder = FOLDER / f"{cell}-{way}"
            if (folder / storage.CARD).is_file():
                test = storage.card(folder)["test"]
                found.append(Small(cell, way, test["accuracy"], test["n"], test["groups"]))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class SmallAnswer:
    """What a small network answers to a text, `(C,)`.

    It read `tokens` of it, `unknown` ones among them; `left_out` in the middle of a long text it
    did not read.
    """

    network: Small
    probabilities: np.ndarray
    labels: tuple[str, ...]
    tokens: int
    unknown: int
    left_out: int = 0


def small_answer(network: Small, text: str) -> SmallAnswer:
    """Let a small network read a text as it was trained to: with padding, or with padding masked.

    It knows the words of the grammar only, and reads no more than the first and the last tokens of
    a text that is longer than any it was trained with. Raises `DataError` as `TextTokenizer.encode`
    does, and `CheckpointError` where the network is missing or damaged.
    """
    import torch

    from rnnviz.models.tokens import PAD

    model, tokenizer = _loaded(network.folder)
    encoded = tokenizer.encode(text)
    ids = encoded.ids
    if network.reads_padding:
        filling = np.full(tokenizer.most_tokens - len(ids), PAD)
        parts = (filling, ids) if network.way == "left" else (ids, filling)
        ids = np.concatenate(parts)
    with torch.no_grad():
        found = model(torch.from_numpy(ids)[None]).softmax(dim=1)[0].numpy()
    gap = encoded.left_out
    return SmallAnswer(
        network,
        found,
        model.labels,
        tokens=len(encoded),
        unknown=int(encoded.unknown.sum()),
        left_out=0 if gap is None else gap.tokens,
    )


@lru_cache(maxsize=16)
def _loaded(folder: Path) -> tuple[SequenceClassifier, TextTokenizer]:
    """A small network and its tokens; 30 kB each, shared and read only."""
    from rnnviz.models import tokens

    return checkpoint.load(folder), tokens.load(folder)


def _ends(
    model: SequenceClassifier, ids: np.ndarray, pads: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """States `(P, F)` at the last and at the first step of tokens `(T,)` with so many pads each.

    No token and no pad leave the state that a network begins with.
    """
    import torch

    assert model.embedding is not None
    steps = np.array(pads) + len(ids)
    width = int(steps.max())
    rows = np.zeros((len(steps), width), dtype=np.int64)
    rows[:, : len(ids)] = ids
    some = torch.from_numpy(rows)
    lengths = torch.from_numpy(steps).clamp(min=1)
    last, first = [], []
    with torch.no_grad():
        for index in torch.arange(len(steps)).split(max(1, MOST_TOKENS_AT_ONCE // width)):
            longest = int(lengths[index].max())
            features = model.embedding(some[index, :longest])
            output, _ = model.recurrent(features, lengths=lengths[index])
            last.append(output[torch.arange(len(index)), lengths[index] - 1])
            first.append(output[:, 0])
    ends = torch.cat(last).numpy(), torch.cat(first).numpy()
    for found in ends:
        found[steps == 0] = 0
    return ends


def _output(model: SequenceClassifier, ids: np.ndarray) -> Tensor:
    """All states `(1, T, F)` of tokens `(T,)`, padding and all."""
    import torch

    assert model.embedding is not None
    output, _ = model.recurrent(model.embedding(torch.from_numpy(ids)[None]))
    return output


def _stand_in(model: SequenceClassifier, name: str, output: Tensor) -> Tensor:
    """What the head gets where readout `name` takes the place of the trained one."""
    import torch

    from rnnviz.models import readouts

    lengths = _whole(output)
    kind = readouts.READOUTS[name]
    features, both = output.shape[2], model.recurrent.bidirectional
    vector = kind(features, both)(output, lengths)
    if model.readout.parts == 1:
        return vector
    return torch.cat([vector, readouts.Max(features, both)(output, lengths)], dim=1)


def _whole(output: Tensor) -> Tensor:
    import torch

    return torch.tensor([output.shape[1]])


def _softmax(model: SequenceClassifier, vector: Tensor) -> np.ndarray:
    return model.head(vector).softmax(dim=1)[0].numpy()


def _distance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.linalg.norm(first.astype(np.float64) - second, axis=1)
