"""From somebody's text to tokens and back: every token knows its place in the text as it was typed.

A tokenizer is trained here with Hugging Face `tokenizers` and saved beside the weights as a fast
tokenizer of `transformers`, which `AutoTokenizer.from_pretrained(folder)` reads. Such a file is
never loaded here: its vocabulary and merges are checked, and our own tokenizer is built from them.
Letters are taken in lower case and composed (NFC), curly apostrophes as straight ones; a word, a
number and up to three of the same sign are pieces, which `bpe` splits further into known parts and
`word` takes whole. White space only separates.

Sennrich, Haddow, Birch 2016, "Neural machine translation of rare words with subword units" (BPE).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnviz.data import DataError
from rnnviz.models import storage
from rnnviz.models.storage import CheckpointError

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
MOST_OF_A_TOKEN = 200
"""Letters of one token; a piece of a text has at most 73, and lower case may have a few more."""

LEARNT = {"vocab", "merges"}
"""What training puts into a file; all else in it is the same in every file of a kind."""

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
        if type(most_tokens) is not int or not 1 <= most_tokens <= 1_000_000:
            raise ValueError(f"most_tokens: expected 1 to 1,000,000, got {most_tokens!r:.80}")
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
            storage.TOKENIZER: self.backend.to_str() + "\n",
            storage.TOKENIZER_CONFIG: json.dumps(settings, indent=2) + "\n",
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
    from tokenizers import models, trainers

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
        backend = _cutting(models.BPE(unk_token=SPECIAL[UNKNOWN], fuse_unk=True))
        trainer = trainers.BpeTrainer(**options, limit_alphabet=min(200, size // 2))
    else:
        backend = _cutting(models.WordLevel(unk_token=SPECIAL[UNKNOWN]))
        trainer = trainers.WordLevelTrainer(**options)
    backend.train_from_iterator(map(_checked, texts), trainer)
    return TextTokenizer(backend, most_tokens)


def _cutting(model: Any) -> tokenizers.Tokenizer:
    """The tokenizer that cuts texts our way and looks the pieces up in `model`."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    backend = Tokenizer(model)
    backend.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Lowercase(), normalizers.Replace("’", "'")]
    )
    pieces = pre_tokenizers.Split(Regex(PIECES), "removed", invert=True)
    backend.pre_tokenizer = pieces
    if isinstance(model, models.BPE):
        mark = pre_tokenizers.Metaspace(MARK, prepend_scheme="always", split=False)
        backend.pre_tokenizer = pre_tokenizers.Sequence([pieces, mark])
    return backend


def load(name_or_folder: str | os.PathLike[str]) -> TextTokenizer:
    """The tokenizer beside a model's weights; raises `CheckpointError` where it does not fit them.

    It is built anew from the words in the file, which must be one that `files` wrote. Its checksum
    must be that of the card and its size that of the embedding: another tokenizer's numbers would
    be read without complaint, as other words.
    """
    folder = storage.folder_of(name_or_folder)
    path = folder / storage.TOKENIZER
    text = storage.read_text(path, MOST_FILE_BYTES)
    storage.check_sum(folder, storage.TOKENIZER, "tokenizer_sha256")
    settings: dict[str, Any] = {}
    if (folder / storage.TOKENIZER_CONFIG).is_file():
        settings = storage.read_json(folder / storage.TOKENIZER_CONFIG)
    expected = storage.read_json(folder / storage.CONFIG).get("vocabulary_size")
    try:
        told = _told(text)
        count = len(told["model"]["vocab"])
        if count == expected:
            return TextTokenizer(_rebuilt(told), settings.get("model_max_length", MOST_TOKENS))
    except (ValueError, RecursionError) as failure:
        raise CheckpointError(
            f"expected a tokenizer as `rnnviz train` writes it in {path}, got something else "
            f"({str(failure)[:160]}): get the folder again"
        ) from failure
    raise CheckpointError(
        f"expected a tokenizer of {expected} tokens in {path}, as the model reads, got {count}: "
        "take both files from the folder of one model"
    )


def _told(text: str) -> dict[str, Any]:
    """What a tokenizer's file says, with a vocabulary of the right kind; raises ValueError.

    A number decides how much memory `tokenizers` takes, so the numbers are exactly 0 to V - 1.
    """
    told = json.loads(text)
    model = told.get("model") if isinstance(told, dict) else None
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    if not isinstance(vocabulary, dict):
        raise ValueError("it has no vocabulary")
    numbers = list(vocabulary.values())
    if any(type(one) is not int for one in numbers) or sorted(numbers) != list(range(len(numbers))):
        raise ValueError(f"its {len(numbers):,} tokens are not numbered from 0 to that, each once")
    if any(len(word) > MOST_OF_A_TOKEN for word in vocabulary):
        raise ValueError(f"a token has more than {MOST_OF_A_TOKEN} letters")
    "".join(vocabulary).encode("utf-8")  # half a character raises ValueError
    return told


def _rebuilt(told: dict[str, Any]) -> tokenizers.Tokenizer:
    """Our own tokenizer with the vocabulary and the merges of a file.

    Raises ValueError where anything else in the file is not as we write it: another pattern could
    keep this computer busy for ever, other settings would give other tokens than the network knows.
    """
    said = told["model"]
    kind = "bpe" if said.get("type") == "BPE" else "word"
    ours = _empty(kind)
    if any(told.get(part) != ours.get(part) for part in {*told, *ours} - {"version", "model"}):
        raise ValueError("it cuts texts another way")
    if any(said[word] != ours["model"].get(word, said) for word in said.keys() - LEARNT):
        raise ValueError("it looks words up another way")
    merges = _merges(said.get("merges"), said["vocab"]) if kind == "bpe" else []
    return _made(kind, said["vocab"], merges)


def _made(
    kind: str, vocabulary: dict[str, int], merges: list[tuple[str, str]]
) -> tokenizers.Tokenizer:
    from tokenizers import models

    unknown = SPECIAL[UNKNOWN]
    if kind == "bpe":
        backend = _cutting(models.BPE(vocabulary, merges, unk_token=unknown, fuse_unk=True))
    else:
        backend = _cutting(models.WordLevel(vocabulary, unk_token=unknown))
    backend.add_special_tokens(list(SPECIAL))
    return backend


@cache
def _empty(kind: str) -> dict[str, Any]:
    """What our file says of a tokenizer that has learnt nothing."""
    return json.loads(_made(kind, {word: place for place, word in enumerate(SPECIAL)}, []).to_str())


def _merges(told: Any, vocabulary: dict[str, int]) -> list[tuple[str, str]]:
    """Which two tokens become a third one, each pair once; raises ValueError."""
    if not isinstance(told, list) or len(told) > 2 * len(vocabulary):
        raise ValueError("it has no list of merges, or more than its tokens need")
    merges = []
    for pair in told:
        if not isinstance(pair, list) or [type(one) for one in pair] != [str, str]:
            raise ValueError("a merge is no pair of tokens")
        left, right = pair
        if not (left in vocabulary and right in vocabulary and left + right in vocabulary):
            raise ValueError(f"the merge of {left!a:.40} and {right!a:.40} is of unknown tokens")
        merges.append((left, right))
    if len(set(merges)) < len(merges):
        raise ValueError("a merge stands there twice")
    return merges


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
