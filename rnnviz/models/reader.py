"""A digit or a text, read: model and image or text in, the theatre's Reading out."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnviz.models.tokens import PAD, SPECIAL
from rnnviz.theatre.reading import LeftOutText, Reading, reading_from_trace

if TYPE_CHECKING:
    from rnnviz.models.classifier import SequenceClassifier
    from rnnviz.models.tokens import Encoded

MOST_READ = 4_000
"""Tokens of a text that are read for the theatre; of a longer one half at the head, half at the
tail."""

MOST_STEPS = 60_000
"""Every answer so far of a network that reads in both directions takes reading anew what was read.
So many steps in all may be spent on it: that is every token of a text of 346, every 57th of 2,600
and every 134th of 4,000."""


class PrefixMemory:
    """The answers so far of the last few texts, so that whoever writes on does not wait for them.

    An answer after some tokens depends on these tokens alone, whatever follows. For one network
    whose weights stay as they are; threads may share it.
    """

    def __init__(self, texts: int = 4) -> None:
        self._texts: deque[tuple[np.ndarray, dict[int, np.ndarray]]] = deque(maxlen=texts)
        self._lock = Lock()

    def known(self, ids: np.ndarray) -> dict[int, np.ndarray]:
        """The class probabilities ``(C,)`` after so many tokens of ``ids``, where remembered."""
        with self._lock:
            texts = list(self._texts)
        found: dict[int, np.ndarray] = {}
        for earlier, answers in texts:
            shorter = min(len(ids), len(earlier))
            differing = np.flatnonzero(ids[:shorter] != earlier[:shorter])
            shared = int(differing[0]) if len(differing) else shorter
            found |= {end: answer for end, answer in answers.items() if end <= shared}
        return found

    def keep(self, ids: np.ndarray, answers: dict[int, np.ndarray]) -> None:
        """Remember the answers for a text, and forget the oldest text."""
        with self._lock:
            self._texts.append((ids.copy(), answers))


def read_digit(
    model: SequenceClassifier, image: np.ndarray, *, name: str, truth: str | None = None
) -> Reading:
    """Everything that ``model`` computed while it read ``image`` ``(28, 28)`` uint8 row by row."""
    if image.shape != (28, 28) or image.dtype != np.uint8:
        raise ValueError(f"expected a (28, 28) uint8 image, got {image.shape} {image.dtype}")
    if model.recurrent.input_size != 28 or model.embedding is not None:
        raise ValueError(f"{name}: expected a model that reads 28 pixels a step, got another kind")
    import torch

    rows = torch.from_numpy(image.astype(np.float32) / 255)[None]
    return reading_from_trace(
        model.trace(rows),
        name=name,
        readout=str(model.config["readout"]),
        classes=model.labels,
        image=image,
        truth=truth,
    )


def read_text(
    model: SequenceClassifier,
    encoded: Encoded,
    *,
    name: str,
    truth: str | None = None,
    prefixes: Sequence[int] | None = None,
    memory: PrefixMemory | None = None,
) -> Reading:
    """Everything that ``model`` computed while it read a text token by token, in both directions.

    ``prefixes`` says after how many tokens an answer is worked out, `prefix_ends` if None; the
    answer of a token in between is that after the last one before it, and the reading's
    ``answered`` says so. With a ``memory`` of this model, only those that it does not know are
    worked out.
    """
    _check_reads_tokens(model, name)
    return _reading(
        model,
        encoded.ids,
        encoded.pieces,
        prefix_ends(len(encoded)) if prefixes is None else prefixes,
        memory,
        name=name,
        truth=truth,
        unknown=tuple(np.flatnonzero(encoded.unknown).tolist()),
        left_out=_left_out(encoded),
    )


def read_padded(
    model: SequenceClassifier,
    encoded: Encoded,
    pads: int,
    *,
    name: str,
    truth: str | None = None,
) -> Reading:
    """The same text with ``pads`` padding tokens at its end that are read as if they were words.

    This is what happens in a batch when nobody says where the texts end. Up to the end of the text
    nothing is changed by what follows: after its last token stands the answer without padding.
    """
    _check_reads_tokens(model, name)
    if pads < 0:
        raise ValueError(f"pads: expected 0 or more, got {pads}")
    ids = np.concatenate([encoded.ids, np.full(pads, PAD, dtype=np.int64)])
    return _reading(
        model,
        ids,
        (*encoded.pieces, *[SPECIAL[PAD]] * pads),
        {*prefix_ends(len(ids)), len(encoded)},
        None,
        name=name,
        truth=truth,
        unknown=tuple(np.flatnonzero(encoded.unknown).tolist()),
        left_out=_left_out(encoded),
        pads=pads,
    )


def prefix_ends(count: int) -> tuple[int, ...]:
    """After how many tokens of ``count`` the answer so far is worked out: the first, the last, and
    between them as many as `MOST_STEPS` allow, evenly spaced.

    The places do not move as a text grows, but for the few lengths at which they become rarer.
    """
    apart = max(1, -(-count * (count - 1) // (2 * MOST_STEPS)))
    return tuple(sorted({1, count, *range(apart, count, apart)}))


def _reading(
    model: SequenceClassifier,
    ids: np.ndarray,
    pieces: tuple[str, ...],
    ends: Collection[int],
    memory: PrefixMemory | None,
    *,
    name: str,
    truth: str | None,
    **about: Any,
) -> Reading:
    import torch

    known = memory.known(ids) if memory else {}
    asked = sorted({*ends, len(ids)})
    new = [end for end in asked if end not in known or end == len(ids)]
    trace = model.trace(torch.from_numpy(ids)[None], prefix_ends=new)
    found = trace.prefix_probabilities[0].numpy()
    answers = {end: known[end] if end in known else found[end - 1].copy() for end in asked}
    answers[len(ids)] = found[-1].copy()
    if memory:
        memory.keep(ids, answers)
    rows = np.stack([answers[end] for end in asked])
    # A token before the first answer has that one: it is the first there is.
    places = np.searchsorted(asked, np.arange(1, len(ids) + 1), side="right") - 1
    read = replace(trace, prefix_probabilities=torch.from_numpy(rows[places.clip(0)])[None])
    return replace(
        reading_from_trace(
            read,
            name=name,
            readout=str(model.config["readout"]),
            classes=model.labels,
            tokens=pieces,
            truth=truth,
            step_word="token",
        ),
        answered=None if len(asked) == len(ids) else tuple(end - 1 for end in asked),
        **about,
    )


def _left_out(encoded: Encoded) -> LeftOutText | None:
    gap = encoded.left_out
    return None if gap is None else LeftOutText(gap.after, gap.tokens, gap.end - gap.start)


def _check_reads_tokens(model: SequenceClassifier, name: str) -> None:
    if model.embedding is None:
        raise ValueError(f"{name}: expected a model that reads tokens, got one that reads images")
