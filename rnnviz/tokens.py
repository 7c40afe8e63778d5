"""From somebody's text to tokens and back: every token knows its place in the text as it was typed.

A tokenizer is trained here with Hugging Face `tokenizers` and saved beside the weights as a fast
tokenizer of `transformers`, which `AutoTokenizer.from_pretrained(folder)` reads; reading it here
needs `tokenizers` alone. Letters are taken in lower case and composed (NFC), curly apostrophes as
straight ones; a word, a number and up to three of the same sign are pieces, which `bpe` splits
further into known parts and `word` takes whole. White space only separates.

Sennrich, Haddow, Birch 2016, "Neural machine translation of rare words with subword units" (BPE).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnviz import checkpoint
from rnnviz.checkpoint import CheckpointError
from rnnviz.data import DataError

if TYPE_CHECKING:
    import tokenizers

PAD, UNKNOWN = 0, 1
SPECIAL = ("[PAD]", "[UNK]")

KINDS = ("bpe", "word")

MARK = "▁"
"""Begins the first part of every piece. Alone, before a letter without a token, it says nothing and
is left out; `transformers` keeps it there. (A prefix for the other parts would do as well, but with
one `tokenizers` numbers the parts in another order each time.)"""

MOST_TOKENS = 400
MOST_FILE_BYTES = 20_000_000

# A word is cut after 64 letters, so that a text without any space costs no more than another.
PIECES = (
    r"[\p{L}\p{M}\p{N}]{1,64}(?:'\p{L}{1,8}(?!\p{L}))?"
    r"|([^\s\p{L}\p{M}\p{N}])\1{0,2}"
)


@dataclass(frozen=True)
class LeftOut:
    """What was cut from a long text: `tokens` after the first `after`, `start` to `end` of it."""

    after: int
    tokens: int
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Encoded:
    """A text as a network reads it: `ids (T,)` int64, `spans (T, 2)`, `unknown (T,)` bool.

    `text[start:end]` over all spans, with `left_out` in its place, gives back the text exactly:
    white space belongs to the token before it, and at the beginning to the first one. Where
    several tokens stand for one character, the first one has it and the others are empty.
    """

    text: str
    ids: np.ndarray
    spans: np.ndarray
    unknown: np.ndarray
    left_out: LeftOut | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def pieces(self) -> tuple[str, ...]:
        """What each token covers of the text."""
        return tuple(self.text[start:end] for start, end in self.spans.tolist())


class TextTokenizer:
    """A trained tokenizer and how many tokens of a text its network reads."""

    def __init__(self, backend: tokenizers.Tokenizer, most_tokens: int = MOST_TOKENS) -> None:
        known = backend.get_vocab()
        if [known.get(word) for word in SPECIAL] != [PAD, UNKNOWN]:
            raise ValueError(
                f"expected a tokenizer with {SPECIAL[0]} as {PAD} and {SPECIAL[1]} as {UNKNOWN}, "
                f"got {[known.get(word) for word in SPECIAL]}"
            )
        if not 1 <= most_tokens <= 1_000_000:
            raise ValueError(f"most_tokens: expected 1 to 1,000,000, got {most_tokens}")
        # Whoever types [PAD] means these five characters.
        backend.encode_special_tokens = True
        backend.no_truncation()
        backend.no_padding()
        self.backend = backend
        self.mark = known.get(MARK, -1)
        self.most_tokens = most_tokens

    @property
    def vocabulary_size(self) -> int:
        """How many different tokens there are, with padding and unknown."""
        return int(self.backend.get_vocab_size())

    def encode(self, text: str, most_tokens: int | None = None) -> Encoded:
        """The tokens of `text` and their places in it; of a long one head and tail.

        `most_tokens` may be another number than what the network was trained with. Raises
        `DataError` for a text that is empty, blank or no valid Unicode.
        """
        most = self.most_tokens if most_tokens is None else most_tokens
        found = self.backend.encode(_checked(text))
        ids = np.array(found.ids, dtype=np.int64)
        said = ids != self.mark
        if not said.any():
            raise DataError("expected a text with words in it, got only white space: write some")
        spans = partition(np.array(found.offsets, dtype=np.int64)[said], len(text))
        ids = ids[said]
        kept, left_out = _cut(spans, most)
        return Encoded(text, ids[kept], spans[kept], ids[kept] == UNKNOWN, left_out)

    def encode_many(self, texts: Sequence[str], most_tokens: int | None = None) -> list[np.ndarray]:
        """The ids `(T,)` alone of each text, for training; of a blank one a single unknown."""
        most = self.most_tokens if most_tokens is None else most_tokens
        found = self.backend.encode_batch_fast([_checked(text) for text in texts])
        every = []
        for one in found:
            ids = np.array([token for token in one.ids if token != self.mark] or [UNKNOWN])
            every.append(ids[head_and_tail(len(ids), most)])
        return every

    def files(self) -> dict[str, str]:
        """What to write beside the weights, by file name."""
        settings = {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "pad_token": SPECIAL[PAD],
            "unk_token": SPECIAL[UNKNOWN],
            "model_max_length": self.most_tokens,
            "clean_up_tokenization_spaces": False,
        }
        return {
            checkpoint.TOKENIZER: self.backend.to_str() + "\n",
            checkpoint.TOKENIZER_CONFIG: json.dumps(settings, indent=2) + "\n",
        }


def train(
    texts: Iterable[str],
    *,
    kind: str = "bpe",
    size: int = 20_000,
    most_tokens: int = MOST_TOKENS,
    least_count: int = 2,
) -> TextTokenizer:
    """A tokenizer with at most `size` tokens learnt from `texts`.

    What occurs less than `least_count` times gets no token of its own. Raises ValueError for an
    unknown kind or a size that is out of bounds.
    """
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

    if kind not in KINDS:
        raise ValueError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}")
    if not 10 <= size <= 1_000_000:
        raise ValueError(f"size: expected 10 to 1,000,000 tokens, got {size}")
    options: dict[str, Any] = {
        "vocab_size": size,
        "min_frequency": least_count,
        "special_tokens": list(SPECIAL),
        "show_progress": False,
    }
    trainer: Any
    if kind == "bpe":
        backend = Tokenizer(models.BPE(unk_token=SPECIAL[UNKNOWN], fuse_unk=True))
        trainer = trainers.BpeTrainer(**options, limit_alphabet=min(200, size // 2))
    else:
        backend = Tokenizer(models.WordLevel(unk_token=SPECIAL[UNKNOWN]))
        trainer = trainers.WordLevelTrainer(**options)
    backend.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Lowercase(), normalizers.Replace("’", "'")]
    )
    pieces = pre_tokenizers.Split(Regex(PIECES), "removed", invert=True)
    backend.pre_tokenizer = pieces
    if kind == "bpe":
        mark = pre_tokenizers.Metaspace(MARK, prepend_scheme="always", split=False)
        backend.pre_tokenizer = pre_tokenizers.Sequence([pieces, mark])
    backend.train_from_iterator(map(_checked, texts), trainer)
    return TextTokenizer(backend, most_tokens)


def load(name_or_folder: str | os.PathLike[str]) -> TextTokenizer:
    """The tokenizer beside a model's weights; raises `CheckpointError` where it does not fit them.

    Its checksum must be that of the card and its size that of the embedding: another tokenizer's
    numbers would be read without complaint, as other words.
    """
    folder = checkpoint.folder_of(name_or_folder)
    path = folder / checkpoint.TOKENIZER
    text = checkpoint.read_text(path, MOST_FILE_BYTES)
    checkpoint.check_sum(folder, checkpoint.TOKENIZER, "tokenizer_sha256")
    from tokenizers import Tokenizer

    settings: dict[str, Any] = {}
    if (folder / checkpoint.TOKENIZER_CONFIG).is_file():
        settings = checkpoint.read_json(folder / checkpoint.TOKENIZER_CONFIG)
    try:
        most = settings.get("model_max_length", MOST_TOKENS)
        found = TextTokenizer(Tokenizer.from_str(text), most)
    except Exception as failure:  # the package raises no other kind for a file that it cannot read
        raise CheckpointError(
            f"expected a tokenizer in {path}, got something else ({str(failure)[:120]}): "
            "get the folder again"
        ) from failure
    expected = checkpoint.read_json(folder / checkpoint.CONFIG).get("vocabulary_size")
    if found.vocabulary_size != expected:
        raise CheckpointError(
            f"expected a tokenizer of {expected} tokens in {path}, as the model reads, got "
            f"{found.vocabulary_size}: the two files are not from one model"
        )
    return found


def partition(offsets: np.ndarray, length: int) -> np.ndarray:
    """Spans `(T, 2)` that cover a text of `length` without gap or overlap, from raw offsets.

    A token begins where its characters do, or where those of the one before end, and lasts until
    the next one begins.
    """
    ends = np.maximum.accumulate(offsets[:, 1])
    starts = np.maximum(offsets[:, 0], np.concatenate(([0], ends[:-1])))
    starts[0] = 0
    bounds = np.minimum(np.append(np.maximum.accumulate(starts), length), length)
    return np.stack([bounds[:-1], bounds[1:]], axis=1)


def head_and_tail(count: int, most: int) -> np.ndarray:
    """Which of `count` tokens are read: all, or the first and the last half of `most`."""
    if count <= most:
        return np.arange(count)
    return np.concatenate([np.arange(most // 2), np.arange(count - (most - most // 2), count)])


def _cut(spans: np.ndarray, most: int) -> tuple[np.ndarray, LeftOut | None]:
    kept = head_and_tail(len(spans), most)
    if len(kept) == len(spans):
        return kept, None
    head = most // 2
    first, last = head, len(spans) - (most - head)
    start, end = int(spans[first, 0]), int(spans[last, 0])
    return kept, LeftOut(after=head, tokens=last - first, start=start, end=end)


def _checked(text: str) -> str:
    """The text, if it is valid Unicode; the mark, typed by somebody, as its neighbour `▂`.

    That has a token of its own or is marked as unknown, where the mark itself would be left out.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as failure:
        raise DataError(
            f"expected text that can be written as UTF-8, got half of a character "
            f"({text[failure.start]!a}) at position {failure.start:,}: type it again"
        ) from failure
    return text.replace(MARK, "▂")
