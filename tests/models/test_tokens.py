"""Texts to tokens. Oracles: the text itself, Python's own Unicode, and transformers."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tokenizers
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rnnviz.data import DataError, sentences
from rnnviz.models import checkpoint, storage, tokens
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.models.storage import CheckpointError
from rnnviz.models.tokens import PAD, UNKNOWN, Encoded, TextTokenizer
from tests.growth import assert_in_proportion

CORPUS = [one.text for one in sentences.load("train", count=800)] * 2 + [
    "I don't think it isn't worth 10/10 ... café!!!"
] * 3

TOKENIZERS = {kind: tokens.train(CORPUS, kind=kind, size=400) for kind in tokens.KINDS}

# Where spans go wrong: what is composed, split, dropped, turned or joined.
AWKWARD = st.sampled_from(
    [
        *(
            "e\u0301",
            "\u0301",
            "İ",
            "ﬁ",
            "क़",
            "👍🏽",
            "\u200b",
            "\u200d",
            "\u202e",
            "שלום",
            "مرحبا",
        ),
        *("\U0001f468\u200d\U0001f469", "\ufeff", "\u00a0", "\u0085", "\u2028", "’", "don’t", "Σς"),
        *("ẞ", "가", "\u1100\u1161", "\x00", "[PAD]", "<br />", "🇩🇪", "a" * 100, "good", "\n\n"),
    ]
)
# Some of every plane and of every script's peculiarities, and whatever else Unicode has.
PLANES = st.sampled_from(
    [
        *("\U00010348", "\U00012000", "\U0001f9d1\u200d\U0001f680", "\U00020000", "\U000323af"),
        *("\U000e0041", "\U000e0100", "\U000f0000", "\U0010ffff", "\ufffe", "\ue000", "\ufdd0"),
        *(
            "漢字",
            "かな",
            "ภาษาไทย",
            "हिन्दी",
            "עִבְרִית",
            "e" + "\u0301" * 9,
            "\x1b",
            "\x7f",
            "▁",
            "▁a",
        ),
        *("ﷺ", "\u0378", "1️⃣", "❤️", "❤", "Å", "K", "\u2066x\u2069", "=\u0338", "ß", "ŉ", "☃"),
    ]
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
TYPED = st.lists(TEXT | AWKWARD | PLANES, max_size=8).map("".join)


def rebuilt(found: Encoded) -> str:
    """All pieces, and what was left out in its place."""
    pieces = list(found.pieces)
    if found.left_out:
        pieces.insert(found.left_out.after, found.text[found.left_out.start : found.left_out.end])
    return "".join(pieces)


@settings(max_examples=1000)
@given(text=TYPED, most=st.none() | st.integers(1, 9))
@example(text="I don’t like “Café” e\u0301 İstanbul \u200b ﬁne שלום z̶ 👍🏽\n", most=None)
@example(text="".join(map(chr, range(0x300))), most=None)
def test_joining_the_spans_gives_the_text_back(text: str, most: int | None) -> None:
    for tokenizer in TOKENIZERS.values():
        try:
            found = tokenizer.encode(text, most)
        except DataError:
            assert not text.strip()
            continue
        assert rebuilt(found) == found.text == text
        assert found.spans[:, 0].tolist() == sorted(found.spans[:, 0].tolist())
        assert found.ids.shape == found.unknown.shape == (len(found),) == (len(found.spans),)
        assert PAD not in found.ids and found.ids.max() < tokenizer.vocabulary_size
        assert len(found) <= (most or tokenizer.most_tokens)
        assert found.ids.tolist() == tokenizer.encode_many([text], most)[0].tolist()
        check_marks(tokenizer, found)


def check_marks(tokenizer: TextTokenizer, found: Encoded) -> None:
    """Oracle: a token that is not marked spells exactly what it covers, so nothing is lost in it.

    İ alone becomes two letters when it is made small; the dot may be part of what comes next.
    """
    assert found.unknown.tolist() == [token == UNKNOWN for token in found.ids]
    for number, piece in zip(found.ids.tolist(), found.pieces, strict=True):
        if number != UNKNOWN and piece:
            spelt = tokenizer.backend.id_to_token(number).removeprefix(tokens.MARK)
            plain = unicodedata.normalize("NFC", piece.strip()).lower().replace("’", "'")
            assert spelt in (plain, plain.removesuffix("\u0307")), (spelt, piece)


def test_whoever_types_the_mark_of_a_word_sees_it_marked() -> None:
    for tokenizer in TOKENIZERS.values():
        found = tokenizer.encode("good ▁ ▁good▁")
        assert "".join(found.pieces) == "good ▁ ▁good▁"
        typed = [
            one for one, piece in zip(found.unknown, found.pieces, strict=True) if "▁" in piece
        ]
        assert len(typed) == 3 and all(typed)


def test_tokens_stand_where_their_words_stand() -> None:
    found = TOKENIZERS["word"].encode("  The film isn’t GOOD,\n but zzyx ... 👍🏽!")
    assert found.pieces == (
        "  The ",
        "film ",
        "isn’t ",
        "GOOD",
        ",\n ",
        "but ",
        "zzyx ",
        "... ",
        "👍",
        "🏽",
        "!",
    )
    known = TOKENIZERS["word"].backend.get_vocab()
    expected = ["the", "film", "isn't", "good", ",", "but", None, "...", None, None, None]
    assert found.ids.tolist() == [known.get(word or "", UNKNOWN) for word in expected]
    assert found.unknown.tolist() == [word is None for word in expected]


def test_composed_and_decomposed_letters_are_the_same_word() -> None:
    for tokenizer in TOKENIZERS.values():
        one, other = tokenizer.encode("caf\u00e9 x"), tokenizer.encode("cafe\u0301 x")
        assert one.ids.tolist() == other.ids.tolist() and not one.unknown[0]
        assert "".join(other.pieces) == "cafe\u0301 x"


def test_special_tokens_that_somebody_types_are_only_text() -> None:
    for tokenizer in TOKENIZERS.values():
        found = tokenizer.encode("good [PAD] [UNK] good")
        assert PAD not in found.ids and "".join(found.pieces) == found.text


def test_a_long_text_keeps_head_and_tail_and_says_what_is_left_out() -> None:
    text = " ".join(f"good{number}" for number in range(50))
    tokenizer = TOKENIZERS["word"]
    whole, found = tokenizer.encode(text), tokenizer.encode(text, 11)
    assert whole.left_out is None and len(whole) == 50
    assert found.pieces == whole.pieces[:5] + whole.pieces[-6:]
    assert found.left_out is not None
    assert (found.left_out.after, found.left_out.tokens) == (5, 39)
    left_out = text[found.left_out.start : found.left_out.end]
    assert left_out == "".join(whole.pieces[5:44])


@pytest.mark.parametrize("text", ["", " ", "\n\t \u00a0\u2028"])
def test_a_blank_text_is_told(text: str) -> None:
    with pytest.raises(DataError, match="got only white space"):
        TOKENIZERS["bpe"].encode(text)


def test_half_a_character_is_told() -> None:
    with pytest.raises(DataError, match=r"half of a character \('\\ud83d'\) at position 5"):
        TOKENIZERS["bpe"].encode("good \ud83d")
    with pytest.raises(DataError, match="half of a character"):
        TOKENIZERS["bpe"].encode_many(["good", "\udc00"])


@pytest.mark.parametrize("kind", tokens.KINDS)
def test_the_time_of_long_words_and_texts_grows_with_their_length_only(kind: str) -> None:
    def read(text: str) -> None:
        assert rebuilt(TOKENIZERS[kind].encode(text, 10**6)) == text

    for text in ("a" * 400_000, "good film " * 10_000):
        assert_in_proportion(read, text, text[: len(text) // 16])


@pytest.mark.parametrize("kind", tokens.KINDS)
def test_training_twice_gives_the_same_file(kind: str) -> None:
    again = tokens.train(CORPUS, kind=kind, size=400)
    assert again.files() == TOKENIZERS[kind].files()
    assert again.vocabulary_size <= 400


def test_bad_words_are_named() -> None:
    with pytest.raises(ValueError, match="kind: expected one of bpe, word, got 'letters'"):
        tokens.train(CORPUS, kind="letters")
    with pytest.raises(ValueError, match="size: expected 10 to"):
        tokens.train(CORPUS, size=3)
    with pytest.raises(ValueError, match="most_tokens: expected 1"):
        TextTokenizer(TOKENIZERS["bpe"].backend, 0)


@pytest.fixture(params=tokens.KINDS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    tokenizer = TOKENIZERS[request.param]
    torch.manual_seed(0)
    model = SequenceClassifier(
        "gru", 8, 4, 1, True, "attention-max", 2, vocabulary_size=tokenizer.vocabulary_size,
        labels=("negative", "positive"), word_dropout=0.1, embedding_dropout=0.2,
    )  # fmt: skip
    return checkpoint.save(model, tmp_path / "mine", {}, files=tokenizer.files(), half=True)


def test_a_saved_tokenizer_gives_the_same_tokens(folder: Path) -> None:
    loaded = tokens.load(folder)
    kind = (
        "bpe"
        if "merges" in json.loads((folder / "tokenizer.json").read_text())["model"]
        else "word"
    )
    for text in (*CORPUS[:50], "Café [PAD] zzyx 👍🏽 don’t"):
        found, expected = loaded.encode(text), TOKENIZERS[kind].encode(text)
        assert found.ids.tolist() == expected.ids.tolist() and found.pieces == expected.pieces
    assert loaded.most_tokens == tokens.MOST_TOKENS
    checkpoint.save(checkpoint.load(folder), folder, {}, files=loaded.files())
    assert tokens.load(folder).files() == loaded.files()


def test_transformers_reads_it(folder: Path) -> None:
    transformers = pytest.importorskip("transformers")
    theirs = transformers.AutoTokenizer.from_pretrained(str(folder))
    ours = tokens.load(folder)
    for text in CORPUS[:50]:
        found = [token for token in theirs(text)["input_ids"] if token != ours.mark]
        assert found == ours.encode(text).ids.tolist()
    assert (theirs.pad_token_id, theirs.unk_token_id) == (PAD, UNKNOWN)
    assert theirs.model_max_length == ours.most_tokens
    batch = theirs(["good", "not good at all"], padding=True)
    assert batch["input_ids"][0][-1] == PAD


def test_half_stores_float16_and_loads_float32(folder: Path, tmp_path: Path) -> None:
    """Oracle: every weight rounded to float16 by torch."""
    model = checkpoint.load(folder)
    torch.nn.init.normal_(model.head.weight)
    sizes = {}
    for half in (False, True):
        saved = checkpoint.save(model, tmp_path / "again", {}, half=half)
        card, loaded = storage.card(saved), checkpoint.load(saved)
        sizes[half] = card["bytes"]
        assert card["storage"] == ("float16" if half else "float32")
        for name, value in loaded.state_dict().items():
            expected = model.state_dict()[name]
            expected = expected.half().float() if half else expected
            assert value.dtype == torch.float32 and torch.equal(value, expected)
        assert loaded.config == model.config
    assert sizes[True] < 0.6 * sizes[False]
    with torch.no_grad():
        model.head.weight[0, 0] = 1e6
    with pytest.raises(ValueError, match=r"head\.weight: expected numbers that float16 can hold"):
        checkpoint.save(model, tmp_path / "again", {}, half=True)


def test_a_tokenizer_that_does_not_fit_is_refused(folder: Path) -> None:
    path = folder / "tokenizer.json"
    text = path.read_text()
    path.write_text(text.replace('"removed"', '"Removed"').replace("  ", " ") + " ")
    with pytest.raises(CheckpointError, match=r"expected sha256 .*tokenizer\.json"):
        tokens.load(folder)
    (folder / "card.json").unlink()
    tokens.load(folder)
    other = tokens.train(CORPUS, size=100).files()["tokenizer.json"]
    for contents, message in (
        (other, "expected a tokenizer of .* as the model reads, got 100"),
        ("{", "got something else"),
        ('{"model": 3}', "got something else"),
        (text.replace("[PAD]", "[pad]"), "got something else"),
    ):
        path.write_text(contents)
        with pytest.raises(CheckpointError, match=message):
            tokens.load(folder)
    path.unlink()
    with pytest.raises(CheckpointError, match=r"readable .*tokenizer\.json"):
        tokens.load(folder)
    with path.open("wb") as file:
        file.truncate(30_000_000)
    with pytest.raises(CheckpointError, match="at most 20,000,000 bytes"):
        tokens.load(folder)


def of(**words: object) -> Callable[[dict[str, Any]], object]:
    return lambda told: told.update(words)


def model(**words: object) -> Callable[[dict[str, Any]], object]:
    return lambda told: told["model"].update(words)


def renumbered(number: object) -> Callable[[dict[str, Any]], object]:
    """One token of the vocabulary gets another number."""
    return lambda told: told["model"]["vocab"].update({last(told): number})


def last(told: dict[str, Any]) -> str:
    return max(told["model"]["vocab"], key=told["model"]["vocab"].__getitem__)


def renamed(word: str) -> Callable[[dict[str, Any]], object]:
    def apply(told: dict[str, Any]) -> None:
        told["model"].pop("merges", None)
        told["model"]["vocab"][word] = told["model"]["vocab"].pop(last(told))
        told["model"] |= {"merges": []} if told["model"]["type"] == "BPE" else {}

    return apply


ADDED = {
    "id": 5, "content": "a" * 9, "single_word": False, "lstrip": True, "rstrip": True,
    "normalized": False, "special": True,
}  # fmt: skip
SPLIT = {"type": "Split", "pattern": {"Regex": "(a+)+b"}, "behavior": "Removed", "invert": True}
FOREIGN: dict[str, Callable[[dict[str, Any]], object]] = {
    "a number of gigabytes": renumbered(300_000_000),
    "a number of more gigabytes": renumbered(2**31),
    "a number that no machine has": renumbered(2**80),
    "a number below all": renumbered(-1),
    "a number of another token": renumbered(2),
    "a number that is true": renumbered(True),
    "half a number": renumbered(2.5),
    "no number": renumbered("2"),
    "one token more": lambda told: told["model"]["vocab"].update(more=len(told["model"]["vocab"])),
    "another unknown token": model(unk_token="the"),
    "no unknown token": model(unk_token=None),
    "another kind": model(type="WordPiece"),
    "a unigram": model(type="Unigram", vocab=[["a", -1.0]]),
    "chance": model(dropout=0.5),
    "bytes": model(byte_fallback=True),
    "a prefix": model(continuing_subword_prefix="##"),
    "a suffix": model(end_of_word_suffix="</w>"),
    "parts not joined": model(fuse_unk="yes"),
    "a word that nobody knows": model(cache_capacity=2**60),
    "added tokens": lambda told: told["added_tokens"].append(ADDED),
    "fewer special tokens": lambda told: told["added_tokens"].pop(),
    "a special token that takes white space": lambda told: told["added_tokens"][0].update(
        lstrip=True
    ),
    "a pattern": of(pre_tokenizer=SPLIT),
    "no pattern": of(pre_tokenizer=None),
    "another normalizer": of(normalizer={"type": "NFKC"}),
    "a prefix before every text": of(normalizer={"type": "Prepend", "prepend": "a" * 9}),
    "a template": of(post_processor={"type": "TemplateProcessing"}),
    "padding": of(padding={"strategy": {"Fixed": 10**9}}),
    "truncation": of(truncation={"max_length": 1}),
    "more": of(more=[]),
    "a token of many letters": renamed("a" * 201),
    "half a character": renamed("\ud800"),
    "no vocabulary": model(vocab=None),
    "a vocabulary that is a list": model(vocab=[]),
    "nothing": lambda told: told.clear(),
}
MERGES: dict[str, object] = {
    "none": None,
    "a word": "a b",
    "words": ["a b"],
    "three": [["a", "b", "c"]],
    "numbers": [[1, 2]],
    "unknown": [["zzz", "yyy"]],
    "unknown together": [["t", "zzz"]],
    "half a character": [["\ud800", "\udc00"]],
    "lists": [[[], {}]],
    "deep": [[[[[[[]]]]]]],
    "twice": "twice",
    "many": "many",
}


def refused(folder: Path, text: str) -> None:
    (folder / "card.json").unlink(missing_ok=True)
    (folder / "tokenizer.json").write_text(text, encoding="utf-8")
    with pytest.raises(CheckpointError, match="expected a tokenizer") as caught:
        tokens.load(folder)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


@pytest.mark.parametrize("name", FOREIGN)
def test_a_strangers_tokenizer_is_never_loaded(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`tokenizers` would take gigabytes for a number, and for ever with a pattern of theirs."""
    monkeypatch.setattr(tokenizers.Tokenizer, "from_str", None)
    told = json.loads((folder / "tokenizer.json").read_text())
    before = json.dumps(told)
    FOREIGN[name](told)
    assert json.dumps(told) != before
    refused(folder, json.dumps(told))


@pytest.mark.parametrize("folder", ["bpe"], indirect=True)
@pytest.mark.parametrize("name", MERGES)
def test_merges_are_of_known_tokens(folder: Path, name: str) -> None:
    told = json.loads((folder / "tokenizer.json").read_text())
    own = told["model"]["merges"]
    whole = {"twice": [*own, own[0]], "many": own * 1000}
    told["model"]["merges"] = whole.get(name, MERGES[name])
    refused(folder, json.dumps(told))


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, "9" * 5000, '{"model": {"vocab": ' + "{" * 100_000, "null", '"a"', "NaN"],
)
def test_what_is_no_tokenizer_is_told(folder: Path, text: str) -> None:
    refused(folder, text)


@pytest.mark.parametrize("most", [0, -1, 10**9, 2.5, True, None, "4", [], {}])
def test_how_many_tokens_are_read_is_a_number_within_bounds(folder: Path, most: object) -> None:
    (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": most}))
    with pytest.raises(CheckpointError, match="most_tokens: expected 1 to 1,000,000"):
        tokens.load(folder)


def test_a_tokenizer_of_another_version_may_say_less(folder: Path) -> None:
    """A newer `tokenizers` may write more words than the one that wrote the file."""
    path, before = folder / "tokenizer.json", tokens.load(folder)
    told = json.loads(path.read_text())
    told["version"] = "9"
    told["model"].pop("ignore_merges", None)
    path.write_text(json.dumps(told))
    (folder / "card.json").unlink()
    assert tokens.load(folder).files() == before.files()


def test_reading_a_text_imports_tokenizers_and_not_transformers(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from rnnviz.models import tokens\n"
        "assert 'tokenizers' not in sys.modules\n"
        "tokens.load(Path(sys.argv[1])).encode('good')\n"
        "print([m for m in ('torch', 'transformers', 'datasets') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_partition_by_hand() -> None:
    offsets = np.array([(2, 4), (4, 5), (4, 5), (6, 9)])
    assert tokens.partition(offsets, 12).tolist() == [[0, 4], [4, 5], [5, 6], [6, 12]]
