"""A recurrent network with a readout: rows of an image, or tokens of a text, to class scores.

Shapes use `B` batch, `T` steps, `I` input features, `H` hidden units, `D` directions,
`F = D * H` features of one output step, and `C` classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from huggingface_hub import PyTorchModelHubMixin
from torch import Tensor, nn

from rnnviz.models import storage
from rnnviz.models.readouts import READOUTS
from rnnviz.models.tokens import PAD, UNKNOWN
from rnnviz.nn import arguments, prefixes
from rnnviz.nn.calling import check_returned, evaluating, is_hooked
from rnnviz.nn.observe import bare, trace
from rnnviz.nn.recurrent import LAYERS
from rnnviz.nn.trace import Trace

Lengths: TypeAlias = Tensor | np.ndarray | Sequence[int]
"""The real steps of each sequence, `(B,)` integers."""

DIGIT_LABELS = tuple("0123456789")


@dataclass(frozen=True, eq=False)
class ClassifierTrace:
    """One reading by a classifier, detached from the graph.

    `recurrent` holds every gate, `logits` is `(B, C)`, `attention` is `(B, T)` and sums to one
    over the real steps (`None` for readouts without attention). `prefix_probabilities` is
    `(B, T, C)`: what the model answers after reading the first `t + 1` steps only. Steps beyond a
    sequence's length have attention 0 and prefix probability NaN. Both are float32, or float64 for
    a model in float64: under autocast, and in half precision, logits are coarser.
    """

    recurrent: Trace
    logits: Tensor
    attention: Tensor | None
    prefix_probabilities: Tensor

    @property
    def probabilities(self) -> Tensor:
        """Class probabilities after the whole sequence, `(B, C)`."""
        return _probabilities(self.logits)


class SequenceClassifier(nn.Module, PyTorchModelHubMixin, library_name="rnnviz", license="mit"):
    """Read a sequence with an RNN, GRU or LSTM and score `C` classes.

        x_t = (inputs_t - input_mean) / input_std        or an embedding of token t
        h   = recurrent(x)                               (B, T, F)
        r   = readout(h)                                 (B, F): last, mean, max or attention,
                                                     (B, 2 F): attention-max
        y   = W r + b                                    (B, C) logits

    Normalisation is part of the model, so callers pass rows as floats in 0..1, or as uint8 in
    0..255, as pictures are. With
    `vocabulary_size` the model reads int tokens `(B, T)` through an embedding of `input_size`
    features instead. Steps at or beyond `lengths` never change an answer.

    With `answers` above 1 (one direction, readout "last") there is an answer at each of the last
    so many steps: logits are `(B, answers, C)`, of each step what `trace` calls the answer after
    the prefix that ends there.

    Only while training, `dropout` blanks numbers between layers and before `W`, `word_dropout`
    takes tokens for the unknown one, and `embedding_dropout` blanks features of the embedding, the
    same at all steps of a sequence (Gal and Ghahramani 2016).
    """

    def __init__(
        self,
        cell: str = "lstm",
        input_size: int = 28,
        hidden_size: int = 128,
        num_layers: int = 2,
        bidirectional: bool = False,
        readout: str = "attention",
        num_classes: int = 10,
        vocabulary_size: int | None = None,
        dropout: float = 0.0,
        input_mean: float = 0.1307,
        input_std: float = 0.3081,
        labels: Sequence[str | int] = DIGIT_LABELS,
        engine: str = "bptt",
        embedding_dropout: float = 0.0,
        word_dropout: float = 0.0,
        answers: int = 1,
    ) -> None:
        super().__init__()
        if cell not in LAYERS:
            raise ValueError(f"cell: expected one of {', '.join(LAYERS)}, got {cell!r}")
        if readout not in READOUTS:
            raise ValueError(f"readout: expected one of {', '.join(READOUTS)}, got {readout!r}")
        labels = _names(labels)
        if len(labels) != num_classes:
            raise ValueError(f"labels: expected {num_classes} names, got {len(labels)}")
        if not input_std > 0:
            raise ValueError(f"input_std: expected a number above 0, got {input_std!r}")
        for word, part in (
            ("embedding_dropout", embedding_dropout),
            ("word_dropout", word_dropout),
        ):
            if not 0 <= part < 1 or (part and not vocabulary_size):
                raise ValueError(
                    f"{word}: expected a part from 0 to below 1, and 0 without a vocabulary, "
                    f"got {part!r}"
                )
        if answers < 1 or (answers > 1 and (bidirectional or readout != "last")):
            raise ValueError(
                "answers: expected 1, or more with one direction and the readout last, "
                f"got {answers!r}"
            )
        # Exactly the words to build this model again; what config.json holds.
        self.config: dict[str, Any] = {
            "cell": cell,
            "input_size": input_size,
            "hidden_size": hidden_size,
            "num_layers": num_layers,
            "bidirectional": bidirectional,
            "readout": readout,
            "num_classes": num_classes,
            "vocabulary_size": vocabulary_size,
            "dropout": dropout,
            "input_mean": input_mean,
            "input_std": input_std,
            "labels": list(labels),
            "engine": engine,
            "embedding_dropout": embedding_dropout,
            "word_dropout": word_dropout,
            "answers": answers,
        }
        self.input_size = input_size
        self.input_mean = input_mean
        self.input_std = input_std

        self.embedding = nn.Embedding(vocabulary_size, input_size) if vocabulary_size else None
        self.recurrent = LAYERS[cell](
            input_size,
            hidden_size,
            num_layers,
            batch_first=True,
            dropout=dropout if num_layers > 1 else 0.0,
            bidirectional=bidirectional,
            engine=engine,
        )
        features = hidden_size * (2 if bidirectional else 1)
        self.readout = READOUTS[readout](features, bidirectional)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(features * self.readout.parts, num_classes)

    @property
    def cell(self) -> str:
        """The cell's name: "rnn", "gru" or "lstm"."""
        return str(self.config["cell"])

    @property
    def labels(self) -> tuple[str, ...]:
        """What the `C` classes are called."""
        return tuple(self.config["labels"])

    def forward(self, inputs: Tensor, lengths: Lengths | None = None) -> Tensor:
        """Rows `(B, T, I)` in 0..1 (uint8: 0..255), or int tokens `(B, T)`, to logits `(B, C)`.

        They are `(B, answers, C)` for a model that answers at several steps. `lengths (B,)` are the
        real steps of each sequence, all of them if None.
        """
        checked = self._checked_lengths(inputs, lengths)
        return self.answer(self.features(inputs), checked)

    def features(self, inputs: Tensor) -> Tensor:
        """What the recurrent layers read of `inputs`, `(B, T, I)`; varied while training."""
        words, blanked = self.config["word_dropout"], self.config["embedding_dropout"]
        if self.training and words:
            hidden = torch.rand(inputs.shape, device=inputs.device) < words
            inputs = inputs.masked_fill(hidden & (inputs != PAD), UNKNOWN)
        features = self._features(inputs)
        if self.training and blanked:
            kept = (
                torch.rand(features.shape[0], 1, self.input_size, device=inputs.device) >= blanked
            )
            features = features * kept / (1 - blanked)
        return features

    def answer(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """From what `features` returns to logits, as `forward` has them."""
        output, _ = self.recurrent(features, lengths=lengths)
        lengths = _or_whole(lengths, output)
        if (answers := self.config["answers"]) > 1:
            steps = lengths[:, None] + torch.arange(-answers, 0, device=output.device)
            rows = torch.arange(output.shape[0], device=output.device)[:, None]
            return self.head(self.dropout(output[rows, steps]))
        return self.head(self.dropout(self.readout(output, lengths)))

    @torch.no_grad()
    def trace(
        self,
        inputs: Tensor,
        lengths: Lengths | None = None,
        *,
        prefix_ends: Sequence[int] | None = None,
    ) -> ClassifierTrace:
        """Run once and keep everything: gates, attention and the answer after every prefix.

        A network that reads in both directions reads every prefix anew, which takes the square of
        the steps: of a long text, `prefix_ends` asks for some only, by how many steps they have.
        The other prefix probabilities are NaN.

        Deterministic: dropout is off whatever mode the model is in, and neither the mode nor any
        gradient changes, so a model shared between threads stays as it was.
        """
        checked = self._checked_lengths(inputs, lengths)
        features = self._features(inputs)
        recurrent = trace(self.recurrent, features, checked)
        lengths = _or_whole(checked, features)
        logits = self.head(self.readout(recurrent.output, lengths))
        self._check_forward(inputs, checked, logits)
        attention = self.readout.weights(recurrent.output, lengths)
        return ClassifierTrace(
            recurrent=recurrent,
            logits=logits,
            attention=None if attention is None else attention.to(_wide(attention)),
            prefix_probabilities=self._prefix_probabilities(
                features, recurrent.output, lengths, logits, prefix_ends
            ),
        )

    def _check_forward(self, inputs: Tensor, lengths: Tensor | None, logits: Tensor) -> None:
        """Raise TypeError where hooks or a subclass make another answer of the same numbers."""
        own = type(self).forward is not SequenceClassifier.forward
        if own or is_hooked(self):
            returned = evaluating(self)(inputs, lengths)
            check_returned(self, returned[:, -1] if returned.dim() == 3 else returned, logits)

    def _prefix_probabilities(
        self,
        features: Tensor,
        output: Tensor,
        lengths: Tensor,
        whole: Tensor,
        prefix_ends: Sequence[int] | None,
    ) -> Tensor:
        steps = output.shape[1]
        ends = torch.arange(1, steps + 1) if prefix_ends is None else _checked(prefix_ends, steps)
        if self.recurrent.bidirectional:
            answers = _probabilities(whole)
            probabilities = answers.new_full((*output.shape[:2], answers.shape[-1]), float("nan"))
            for row, length in enumerate(lengths.tolist()):
                own = ends[ends < length]
                if len(own):
                    logits = self._logits_of_prefixes(features[row], output[row], own)
                    probabilities[row, own - 1] = _probabilities(logits)
                if length in ends:
                    probabilities[row, length - 1] = answers[row]
            return probabilities
        logits = self.head(self.readout.prefixes(output))
        asked = torch.zeros(steps, dtype=torch.bool)
        asked[ends - 1] = True
        unknown = torch.arange(steps, device=output.device) >= lengths[:, None]
        unknown |= ~asked.to(output.device)
        return _probabilities(logits).masked_fill(unknown[:, :, None], float("nan"))

    def _logits_of_prefixes(self, features: Tensor, output: Tensor, ends: Tensor) -> Tensor:
        """From one sequence `(T, I)` and its output `(T, F)` to logits `(P, C)` after `ends` steps.

        A backward direction starts at the end of what was read, so it reads each prefix anew. In a
        single layer the forward direction is the same for all of them; above one, it reads what
        the backward direction below made of each prefix.
        """
        falling = ends.flip(0).to(features.device)
        logits = []
        if self.recurrent.num_layers > 1 or not bare(self.recurrent):
            for some in prefixes.groups(falling):
                steps = int(falling[some][0])
                repeated = features[:steps].expand(len(falling[some]), -1, -1)
                read = trace(self.recurrent, repeated, falling[some]).output
                logits.append(self.head(self.readout(read, falling[some])))
            return torch.cat(logits).flip(0)
        backward = prefixes.backward_states(self.recurrent.cell(0, reverse=True), features, falling)
        forward = output[:, : output.shape[1] - backward.shape[2]]
        for some in prefixes.groups(falling):
            steps = int(falling[some][0])
            own = backward[:steps, some].transpose(0, 1)
            read = torch.cat([forward[:steps].expand(len(own), -1, -1), own], dim=-1)
            logits.append(self.head(self.readout(read, falling[some])))
        return torch.cat(logits).flip(0)

    def _features(self, inputs: Tensor) -> Tensor:
        """What the recurrent layers read: normalised rows or embedded tokens, `(B, T, I)`."""
        if self.embedding is not None:
            return self.embedding(inputs)
        rows = inputs.to(self.head.weight.dtype)
        rows = rows / 255 if inputs.dtype == torch.uint8 else rows
        return (rows - self.input_mean) / self.input_std

    def _checked_lengths(self, inputs: Tensor, lengths: Any) -> Tensor | None:
        self._check_inputs(inputs)
        batch, steps = inputs.shape[:2]
        checked = arguments.checked_lengths(lengths, steps, batch, inputs.device)
        if checked is None or self.config["answers"] == 1:
            self._check_room(steps)
        else:
            self._check_room(int(checked.min()))
        return checked

    def _check_room(self, steps: int) -> None:
        if steps < (answers := self.config["answers"]):
            raise ValueError(
                f"inputs: expected at least {answers} steps, one for each answer, got {steps}"
            )

    def _check_inputs(self, inputs: Tensor) -> None:
        if not isinstance(inputs, Tensor):
            raise TypeError(f"inputs: expected a tensor, got {type(inputs).__name__}")
        if self.embedding is not None:
            if inputs.dim() != 2 or inputs.is_floating_point():
                raise ValueError(
                    "inputs: expected int tokens of shape (batch, steps), "
                    f"got {inputs.dtype} of shape {tuple(inputs.shape)}"
                )
        elif inputs.dim() != 3 or inputs.shape[2] != self.input_size:
            raise ValueError(
                f"inputs: expected rows of shape (batch, steps, {self.input_size}), "
                f"got shape {tuple(inputs.shape)}"
            )
        elif not (inputs.is_floating_point() or inputs.dtype in (torch.uint8, torch.bool)):
            raise ValueError(
                f"inputs: expected floats in 0..1 or uint8 in 0..255, got {inputs.dtype}: "
                "call .float() and divide by what is white"
            )
        if min(inputs.shape[:2]) < 1:
            raise ValueError(
                "inputs: expected at least one sequence and one step, "
                f"got shape {tuple(inputs.shape)}"
            )

    @classmethod
    def described_by(cls, config: Mapping[str, Any]) -> SequenceClassifier:
        """The model that these words describe, without memory for its weights."""
        with torch.device("meta"):
            return cls(**config)

    @classmethod
    def stored_in(cls, folder: Path) -> SequenceClassifier:
        """The model of a folder, as `checkpoint.load` says."""
        path = folder / storage.CONFIG
        try:
            model = cls.described_by(storage.read_config(folder, signature(cls).parameters))
        except (ValueError, TypeError) as failure:
            if isinstance(failure, storage.CheckpointError):
                raise
            raise storage.CheckpointError(
                f"{path} does not describe a model ({failure}): get the folder again"
            ) from failure
        weights = storage.read_weights(folder, model.state_dict())
        # Assigned, not copied: `to_empty` on a meta model imports sympy, which takes half a second.
        model.load_state_dict(weights, strict=True, assign=True)
        return model.eval()

    @classmethod
    def _from_pretrained(cls, *, model_id: str, **options: Any) -> SequenceClassifier:
        """Load a folder, or a Hub repository fetched file by file, with this package's own checks.

        The mixin would load loosely and fall back to a pickle; neither happens here. The model
        comes as it was saved: raises ValueError for words that would make it another one.
        """
        folder = Path(model_id)
        if not folder.is_dir():
            folder = storage.fetch(model_id, options)
        model = cls.stored_in(folder)
        for word, saved in model.config.items():
            if options.get(word, saved) != saved:
                raise ValueError(f"{word}: expected {saved!r} as saved, got {options[word]!r}")
        return model.to(options.get("map_location", "cpu"))


def _names(labels: Sequence[str | int]) -> list[str]:
    """What the classes are called, as text; raises TypeError for others than texts and integers."""
    for one in labels:
        if isinstance(one, bool) or not isinstance(one, str | int | np.integer):
            raise TypeError(
                f"labels: expected texts or integers, got {one!r:.80}: write each as text"
            )
    return [str(one) for one in labels]


def _wide(values: Tensor) -> torch.dtype:
    """The type for numbers that are looked at: float32, or a wider one where they have it."""
    return torch.promote_types(values.dtype, torch.float32)


def _probabilities(logits: Tensor) -> Tensor:
    return logits.softmax(dim=-1, dtype=_wide(logits))


def _or_whole(lengths: Tensor | None, sequences: Tensor) -> Tensor:
    """Lengths as readouts want them: where there are none, all steps of `(B, T, F)` are real."""
    if lengths is not None:
        return lengths
    batch, steps = sequences.shape[:2]
    return torch.full((batch,), steps, dtype=torch.int64, device=sequences.device)


def _checked(prefix_ends: Sequence[int], steps: int) -> Tensor:
    """The ends in rising order, each once; raises ValueError for what is none."""
    ends = sorted(set(prefix_ends))
    if not ends or ends[0] < 1 or ends[-1] > steps:
        raise ValueError(f"prefix_ends: expected numbers in 1..{steps}, got {list(prefix_ends)}")
    return torch.tensor(ends)
