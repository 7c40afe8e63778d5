"""The bundled sentences. Oracles: the file itself, and words that every negation has."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from rnnviz.data import DataError, corpus

NEGATION = re.compile(
    r"\b(not|no|nor|neither|never|none|nobody|nothing|hardly|nowhere|without)\b|n't\b|\bcannot\b",
    re.IGNORECASE,
)


def test_there_are_hundreds_and_no_two_alike() -> None:
    found = corpus.load()
    assert len(found) >= 300
    plain = {re.sub(r"\W+", " ", one.text.lower()) for one in found}
    assert len(plain) == len(found)
    for one in found:
        assert one.text == one.text.strip() and one.text[-1] in ".?!" and one.text[0].isupper()
        assert 4 <= len(one.text.split()) <= 25, one.text


def test_topics_labels_and_tags_are_those_that_are_named() -> None:
    found = corpus.load()
    assert {one.topic for one in found} == set(corpus.TOPICS)
    labels = Counter(one.label for one in found)
    assert set(labels) == set(corpus.LABELS) and min(labels.values()) > 60
    assert abs(labels["positive"] - labels["negative"]) < 10
    tags = Counter((tag, one.label) for one in found for tag in one.tags)
    assert {tag for tag, _ in tags} == set(corpus.TAGS)
    assert abs(tags["negated", "positive"] - tags["negated", "negative"]) < 10


def test_what_is_tagged_as_negated_has_a_negation() -> None:
    found = corpus.load()
    assert not [
        one.text for one in found if "negated" in one.tags and not NEGATION.search(one.text)
    ]
    bare = [one.text for one in found if not one.tags and one.label == "neutral"]
    assert not list(filter(NEGATION.search, bare))


def test_it_is_packaged() -> None:
    """The pattern in pyproject.toml covers the file, which lies beside its module."""
    pattern = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert corpus.FILE.parent == Path(corpus.__file__).parent
    assert re.search(r'^"\*" = \[.*"\*\.txt".*\]', pattern, re.MULTILINE)


@pytest.mark.parametrize("contents", [None, b"\xff", b"# films brilliant\nIt was.\n", b"# films\n"])
def test_a_damaged_file_is_told(
    contents: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if contents is not None:
        (tmp_path / "corpus.txt").write_bytes(contents)
    monkeypatch.setattr(corpus, "FILE", tmp_path / "corpus.txt")
    with pytest.raises(DataError, match=r"expected the bundled sentences in .*: install rnnviz"):
        corpus.load.__wrapped__()
