"""The grammar of opinions. Oracle: a reader that knows words and conjunctions, no templates."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter, defaultdict

import pytest

from rnnviz.data import sentences
from rnnviz.data.sentences import CONSTRUCTIONS, SPLITS, Sentence


def words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


LIKED = set(
    words(
        "good great wonderful brilliant superb excellent charming delightful convincing moving "
        "funny clever gripping beautiful memorable fresh witty honest tender inspired"
    )
)
DISLIKED = set(
    words(
        "bad dull awful terrible boring dreadful clumsy tedious forgettable weak silly lifeless "
        "messy ugly stale shallow tiresome pointless wooden annoying"
    )
)
NEGATIONS = {"not", "never", "nothing", "nobody", "cannot"}
STRONG = {"very", "really", "extremely", "utterly", "incredibly", "absolutely"}

ALL = {split: sentences.load(split) for split in SPLITS}
EVERY = [sentence for found in ALL.values() for sentence in found]


def sign(clause: str) -> int:
    """What one clause says: the sign of its one opinion word, turned by every negation."""
    said = [1 if word in LIKED else -1 for word in words(clause) if word in LIKED | DISLIKED]
    assert len(said) == 1, clause
    return said[0] * (-1) ** sum(word in NEGATIONS for word in words(clause))


def meaning(text: str) -> int:
    """What the speaker says in the end, worked out from the text alone."""
    text = text.lower()
    if ";" in text:  # somebody else's opinion and the speaker's own
        return sign(next(part for part in text.split(";") if "i found" in part or "to me" in part))
    if ", but " in text:
        return sign(text.split(", but ")[1])
    if "although " in text:
        before, after = text.split("although ")
        return sign(before if set(words(before)) & (LIKED | DISLIKED) else after.split(", ")[1])
    halves = text.split(" and the ")
    if len(halves) == 2:
        return sign(next(half for half in halves if STRONG & set(words(half))))
    return sign(text)


def said_in(sentence: Sentence) -> list[str]:
    return [sentence.text[start:end] for start, end in sentence.deciding]


def test_every_label_is_what_the_sentence_says() -> None:
    for sentence in EVERY:
        assert meaning(sentence.text) == (1 if sentence.label else -1), sentence


def test_the_deciding_words_say_the_same_on_their_own() -> None:
    for sentence in EVERY:
        assert sign(" ".join(said_in(sentence))) == (1 if sentence.label else -1), sentence
        for start, end in sentence.deciding:
            around = f" {sentence.text} "[start : end + 2]
            assert re.fullmatch(r"[ ]\w+[ .,;]", around), (sentence, around)


def test_splits_share_every_word_and_no_combination() -> None:
    combinations = {split: {one.combination for one in found} for split, found in ALL.items()}
    assert not combinations["train"] & combinations["test"]
    assert not combinations["train"] & combinations["held-out"]
    assert not combinations["held-out"] & combinations["test"]
    known = {word for one in ALL["train"] for word in words(one.text)}
    for split in SPLITS:
        assert {word for one in ALL[split] for word in words(one.text)} <= known
    assert LIKED | DISLIKED <= known
    known_templates = {one.combination[0] for one in ALL["train"]}
    assert {one.combination[0] for one in EVERY} == known_templates


def test_labels_and_constructions_are_balanced_and_no_sentence_comes_twice() -> None:
    assert len({one.text for one in EVERY}) == len(EVERY) == sum(sentences.COUNTS.values())
    for found in ALL.values():
        counts = Counter((one.construction, one.label) for one in found)
        assert set(counts) == {(name, label) for name in CONSTRUCTIONS for label in (0, 1)}
        assert max(counts.values()) - min(counts.values()) <= 1
        assert [one.label for one in found] != sorted(one.label for one in found)


def test_counting_words_does_not_help() -> None:
    """Oracle: the best weighing of single words, on sentences of other combinations."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    counter = CountVectorizer()
    train, test = ALL["train"], ALL["test"]
    inputs = counter.fit_transform([one.text for one in train])
    fitted = LogisticRegression(max_iter=300).fit(inputs, [one.label for one in train])
    answers = fitted.predict(counter.transform([one.text for one in test]))
    right = defaultdict(list)
    for one, answer in zip(test, answers, strict=True):
        right[one.construction].append(answer == one.label)
    share = {name: sum(found) / len(found) for name, found in right.items()}
    assert share["plain"] > 0.8
    assert share["negated"] < 0.5 and share["denied"] < 0.5
    assert all(share[name] < 0.65 for name in ("but", "although", "weighed", "others", "distant"))


def test_the_same_seed_gives_the_same_sentences_everywhere() -> None:
    code = "from rnnviz.data import sentences; print(sentences.load('test', count=300, seed=5))"
    done = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
        for _ in range(2)
    ]
    assert done[0] == done[1] == f"{sentences.load('test', count=300, seed=5)}\n".encode()
    assert sentences.load("test", count=50, seed=1) != sentences.load("test", count=50, seed=2)


def test_they_read_like_sentences() -> None:
    for one in EVERY:
        assert one.text[0].isupper() and one.text.endswith(".")
        assert not re.search(r" [,.;]|\*|[{}]|  ", one.text), one.text


def test_what_cannot_be_had_is_told() -> None:
    with pytest.raises(ValueError, match="expected one of train, held-out, test, got 'dev'"):
        sentences.load("dev")
    with pytest.raises(ValueError, match="count: expected fewer than 90,000"):
        sentences.load("held-out", count=90_000)
