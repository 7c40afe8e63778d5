"""Units that react to words and to places, and where a unit fires.

Oracles: literal loops over words and tokens, scipy's Spearman correlation, a network with a planted
unit, a network whose words mean nothing, brute-force search for the largest values.
"""

from __future__ import annotations

import re

import numpy as np
import pytest
import scipy.stats
import torch

from rnnviz.analysis import contrast, firing, reactions, words
from rnnviz.analysis.reactions import Reactions, score
from rnnviz.analysis.states import States, change, read
from rnnviz.analysis.words import LISTS, Words
from rnnviz.data import corpus, sentences
from rnnviz.models import checkpoint, storage, tokens
from rnnviz.models.classifier import SequenceClassifier

TEXTS = [one.text for one in sentences.load("train", count=120)]
# Few pieces, so that many a word is several tokens.
TOKENIZER = tokens.train(TEXTS, kind="bpe", size=150, least_count=1)
WHOLE = tokens.train(TEXTS, kind="word", size=400, least_count=1)


def small(cell: str = "gru", tokenizer: tokens.TextTokenizer = TOKENIZER) -> SequenceClassifier:
    torch.manual_seed(2)
    return SequenceClassifier(
        cell,
        8,
        10,
        1,
        bidirectional=True,
        num_classes=2,
        labels=("negative", "positive"),
        vocabulary_size=tokenizer.vocabulary_size,
    ).eval()


def read_small(cell: str = "gru") -> States:
    return reactions.read_texts(small(cell), TOKENIZER, TEXTS)


STATES = read_small()
FOUND = score(STATES)


def changes_at_words(states: States) -> list[tuple[str, int, np.ndarray]]:
    """Word, text, change (D, H), character by character and token by token."""
    found = []
    for number, encoded in enumerate(states.encoded):
        values = states.of(number)
        for match in re.finditer(r"[A-Za-z]+(?:['’][A-Za-z]+)*", encoded.text):
            own = [
                step
                for step, (start, end) in enumerate(encoded.spans.tolist())
                if any(match.start() <= place < match.end() for place in range(start, end))
            ]
            parts = []
            for way, direction in enumerate(states.directions):
                column = values[:, way]
                if direction == "forward":
                    before = column[own[0] - 1] if own[0] else 0 * column[0]
                    parts.append(column[own[-1]] - before)
                else:
                    last = own[-1] + 1 == len(column)
                    parts.append(column[own[0]] - (0 * column[0] if last else column[own[-1] + 1]))
            found.append((match[0].lower(), number, np.stack(parts)))
    return found


def test_what_a_word_changes_is_counted_from_before_its_first_token_to_after_its_last() -> None:
    found, wanted = Words.of(STATES), changes_at_words(STATES)
    assert len(found.names) == len(wanted) > 1000
    assert any(len(one) > 1.5 * len(one.text.split()) for one in STATES.encoded)  # several tokens
    assert found.names.tolist() == [word for word, _, _ in wanted]
    assert found.texts.tolist() == [text for _, text, _ in wanted]
    assert found.changes == pytest.approx(np.stack([one for _, _, one in wanted]), abs=1e-5)


def test_words_that_were_left_out_of_a_long_text_are_not_counted() -> None:
    text = "The film was good. " * 30 + "It was not bad. " + "The end was dull. " * 30
    encoded = WHOLE.encode(text, most_tokens=20)
    assert encoded.left_out is not None
    found = Words.of(read(small(tokenizer=WHOLE), [encoded]))
    kept = re.findall(r"[a-z]+", "".join(encoded.pieces).lower())
    assert found.names.tolist() == kept and "not" not in kept


@pytest.mark.parametrize("kind", list(LISTS))
def test_cohens_d_is_that_of_a_loop(kind: str) -> None:
    every = changes_at_words(STATES)
    known = {word for one in LISTS.values() for word in one}
    listed = np.stack([one for word, _, one in every if word in LISTS[kind]])
    neutral = np.stack([one for word, _, one in every if word not in known])
    found = FOUND.scores[kind]
    assert (found.count, found.others) == (len(listed), len(neutral))
    n, m = len(listed), len(neutral)
    for way in range(2):
        for unit in range(10):
            a, b = listed[:, way, unit].astype(float), neutral[:, way, unit].astype(float)
            pooled = ((n - 1) * a.var(ddof=1) + (m - 1) * b.var(ddof=1)) / (n + m - 2)
            d = (a.mean() - b.mean()) / np.sqrt(pooled)
            assert found.values[way, unit] == pytest.approx(d, rel=1e-3, abs=1e-3)
            t = scipy.stats.ttest_ind(a, b).statistic  # d follows from Student's t
            assert d == pytest.approx(t * np.sqrt(1 / n + 1 / m), abs=1e-6)
    for word, (mean, count) in found.changes.items():
        own = np.stack([one for name, _, one in every if name == word])
        assert count == len(own) and mean == pytest.approx(own.mean(axis=0), abs=1e-5)


def test_the_place_is_spearmans_correlation_in_the_mean_over_texts() -> None:
    found = FOUND.scores["position"]
    assert found.texts == len(TEXTS) and found.count == len(STATES.values)
    for way in range(2):
        for unit in range(10):
            every = [
                scipy.stats.spearmanr(np.arange(len(own)), own[:, way, unit]).statistic
                for own in (STATES.of(number) for number in range(len(STATES)))
            ]
            assert found.values[way, unit] == pytest.approx(np.mean(every), abs=1e-5)
            spread = np.std(every) / np.sqrt(len(every))
            assert found.high[way, unit] - found.low[way, unit] == pytest.approx(
                3.92 * spread, rel=0.2
            )


def test_intervals_are_those_of_a_literal_bootstrap_over_texts() -> None:
    draw, every = np.random.default_rng(5), changes_at_words(STATES)
    known = {word for one in LISTS.values() for word in one}
    by_text: dict[int, tuple[list[float], list[float]]] = {}
    for word, text, one in every:
        listed, neutral = by_text.setdefault(text, ([], []))
        if word in LISTS["negative"]:
            listed.append(float(one[0, 3]))
        elif word not in known:
            neutral.append(float(one[0, 3]))
    names, drawn = list(by_text), []
    for _ in range(400):
        chosen = draw.choice(names, len(names))
        a = np.array([value for name in chosen for value in by_text[name][0]])
        b = np.array([value for name in chosen for value in by_text[name][1]])
        drawn.append(float(contrast.cohens_d(a[:, None], b[:, None])[0]))
    found = FOUND.scores["negative"]
    low, high = np.percentile(drawn, (2.5, 97.5))
    assert found.low[0, 3] == pytest.approx(low, abs=0.08)
    assert found.high[0, 3] == pytest.approx(high, abs=0.08)
    assert found.low[0, 3] < found.values[0, 3] < found.high[0, 3]


def planted() -> tuple[SequenceClassifier, int]:
    """A network whose forward unit 4 rises at negations and whose other units see noise."""
    model = small("rnn", WHOLE)
    forward = model.recurrent.cell(0)
    with torch.no_grad():
        forward.weight_hh.mul_(0)
        forward.weight_ih[4] = 0
        forward.weight_ih[4, 0] = 1
        model.embedding.weight[:, 0] = 0  # type: ignore[union-attr]
        for word in LISTS["negation"]:
            for token in WHOLE.encode(word).ids.tolist():
                if token > 1:
                    model.embedding.weight[token, 0] = 2  # type: ignore[union-attr]
    return model, 4


def test_a_planted_unit_is_found_with_its_direction_sign_and_words() -> None:
    model, unit = planted()
    states = reactions.read_texts(model, WHOLE, TEXTS)
    found = score(states)
    best = found.top("negation")[0]
    assert (best.kind, best.direction, best.unit, best.is_finding) == (
        "negation",
        "forward",
        unit,
        True,
    )
    assert best.score > 2 and best.low > 0
    assert {word for word, _, _ in best.words} <= set(LISTS["negation"])
    assert f"forward unit {unit} most (d +" in found.finding("negation")
    fired = firing.firings(states, unit, most=4)
    assert {one.tokens[one.step - one.first].strip().lower() for one in fired} <= set(
        LISTS["negation"]
    )


def shuffled(seed: int) -> Reactions:
    """Reactions of states that were drawn and know neither words nor places."""
    draw = np.random.default_rng(seed)
    values = draw.normal(size=STATES.values.shape).astype(np.float32)
    return score(States("hidden", STATES.directions, values, STATES.bounds, STATES.encoded))


def test_noise_is_no_finding() -> None:
    every = [shuffled(seed) for seed in range(20)]
    for kind in reactions.KINDS:
        # Of 20 units and 20 draws of noise, one draw in twenty may have a finding by design.
        false = sum(bool(found.top(kind)) for found in every)
        assert false <= 4, kind
        assert any("more than chance allows" in found.finding(kind) for found in every)
    # Without the bound, the best of twenty units would look like something nearly every time.
    small_bound = [np.abs(found.scores["negation"].values).max() for found in every]
    assert np.median(small_bound) > 0.1


def test_a_slow_walk_is_no_reaction_to_the_place() -> None:
    """Neighbouring steps are alike, which fools shuffles, and the spread of a walk grows."""
    false = 0
    for seed in range(20):
        draw = np.random.default_rng(seed)
        values = np.concatenate(
            [draw.normal(size=(len(e), 2, 10)).cumsum(axis=0) for e in STATES.encoded]
        ).astype(np.float32)
        found = score(States("hidden", STATES.directions, values, STATES.bounds, STATES.encoded))
        false += bool(found.top("position"))
    assert false <= 4
    places = np.concatenate([np.linspace(0, 1, len(e)) for e in STATES.encoded])
    values[:, 1, 7] = -places
    found = score(States("hidden", STATES.directions, values, STATES.bounds, STATES.encoded))
    best = found.top("position")[0]
    assert (best.direction, best.unit) == ("backward", 7) and best.score < -0.95


def test_too_few_words_are_told_and_not_scored() -> None:
    found = score(reactions.read_texts(small(), TOKENIZER, ["The plot was there."] * 8))
    assert set(found.scores) == {"position"} and found.top("negation") == ()
    assert found.finding("negation").startswith("Too few words of the list “negation” in these 8")
    assert "texts: 0, and at least 10 are needed" in found.finding("negation")
    assert found.definition("negation") == found.finding("negation")
    with pytest.raises(KeyError):
        found.of("negation", "forward", 0)
    single = score(reactions.read_texts(small(), TOKENIZER, ["Only one."]))
    assert single.scores == {}
    assert single.finding("position").startswith("Too few texts of at least 4 tokens: 1, and")


@pytest.mark.parametrize(
    ("texts", "cause"),
    [
        (["It is not so, no, not at all, never, not ever."] * 4, "Too few texts with a word"),
        (["It is not so, no, not at all, never, not ever."] * 9, "Too few other words to compare"),
    ],
)
def test_the_sentence_names_what_is_missing(texts: list[str], cause: str) -> None:
    found = score(reactions.read_texts(small(), TOKENIZER, texts))
    assert "negation" not in found.scores
    assert found.finding("negation").startswith(cause)
    assert "of the list “negation”: 4 of 4, and at least 5" in found.finding("negation") or (
        # it, is, so, at, all, ever; 40 besides the words of the list: not, no, never
        "6 different ones in these 9 texts, and at least 43" in found.finding("negation")
    )


def test_chance_takes_as_many_different_words_as_the_list_has() -> None:
    draw = np.random.default_rng(3)
    counts = draw.integers(1, 30, 90).astype(float)
    listed = np.arange(30)
    neutral = np.arange(30, 90)
    drawn = contrast.drawn_words(counts, listed, neutral, draw)
    assert set(np.unique(drawn)) == {0.0, 1.0} and not drawn[:, listed].any()
    assert (drawn.sum(axis=1) == 30).all()
    # Each of the nearest comes about as often as the others; what is far never comes.
    counts = np.array([5.0, *[5.0] * 20, *[50.0] * 20])
    one = contrast.drawn_words(counts, np.array([0]), np.arange(1, 41), draw).sum(axis=0)
    assert one[21:].sum() == 0 and one[1:21].min() > 0
    assert one[1:21] == pytest.approx(np.full(20, 15), abs=15)


def test_texts_of_ones_own_are_read_within_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reactions, "MOST_OF_A_TEXT", 20)
    monkeypatch.setattr(reactions, "MOST_TOKENS", 95)
    states = reactions.read_texts(small(), TOKENIZER, [" ".join(TEXTS[:5])] * 30)
    assert len(states) == 4 and len(states.values) == 80
    assert all(one.left_out is not None for one in states.encoded)
    monkeypatch.undo()
    most = reactions.MOST_OF_A_TEXT * len(STATES)
    assert len(STATES) == len(TEXTS) and len(STATES.values) < min(most, reactions.MOST_TOKENS)


def test_a_unit_that_never_moves_has_no_score() -> None:
    values = STATES.values.copy()
    values[:, 0, 2] = 0.0
    found = score(States("hidden", STATES.directions, values, STATES.bounds, STATES.encoded))
    for kind in reactions.KINDS:
        one = found.of(kind, "forward", 2)
        assert (one.score, one.is_finding) == (0.0, False)
        assert np.isfinite(found.scores[kind].low).all()


def test_scores_are_ranked_defined_and_the_same_each_time() -> None:
    for kind in reactions.KINDS:
        best = FOUND.top(kind, 5)
        sizes = [abs(one.score) for one in best]
        assert sizes == sorted(sizes, reverse=True)
        assert all(size > FOUND.scores[kind].threshold for size in sizes)
        assert FOUND.scores[kind].findings >= len(best)
        told = FOUND.scores[kind].texts if kind == "position" else FOUND.scores[kind].count
        assert f" {told:,} " in FOUND.definition(kind)
        assert FOUND.of(kind, "backward", 3) == score(STATES).of(kind, "backward", 3)


def test_the_lists_do_not_overlap_and_the_corpus_has_enough_of_each() -> None:
    every = [word for one in LISTS.values() for word in one]
    assert len(set(every)) == len(every)
    assert all(words.WORD.fullmatch(word) and word == word.casefold() for word in every)
    said = [match[0].casefold() for one in corpus.load() for match in words.WORD.finditer(one.text)]
    for kind, one in LISTS.items():
        count = sum(word.replace("’", "'") in one for word in said)
        assert count >= reactions.FEWEST_WORDS, kind


def test_firings_are_the_largest_values_without_overlap() -> None:
    for sign in (1, -1):
        found = firing.firings(STATES, 3, "backward", most=6, sign=sign)
        values = STATES.values[:, 1, 3]
        assert found[0].value == pytest.approx(sign * (sign * values).max())
        assert [one.value * sign for one in found] == sorted(
            (one.value * sign for one in found), reverse=True
        )
        seen = set()
        for one in found:
            own = STATES.of(one.text)[:, 1, 3]
            assert one.value == own[one.step]
            assert np.array_equal(one.values, own[one.first : one.first + len(one.tokens)])
            pieces = STATES.encoded[one.text].pieces
            assert one.tokens == pieces[one.first : one.first + len(one.tokens)]
            steps = {(one.text, one.first + k) for k in range(len(one.tokens))}
            assert not steps & seen
            seen |= steps
    with pytest.raises(ValueError, match=r"a unit of 0\.\.9, got 'forward' and 10"):
        firing.firings(STATES, 10)
    with pytest.raises(ValueError, match="expected a direction of forward, backward"):
        firing.firings(STATES, 1, "up")
    with pytest.raises(ValueError, match="sign: expected 1 or -1"):
        firing.firings(STATES, 1, sign=0)


def test_a_text_of_ones_own_is_searched_paragraph_by_paragraph() -> None:
    text = "One is good.\n\n \n Two is not.\nStill two.\n\nThree."
    assert [one.strip() for one in firing.paragraphs(text)] == [
        "One is good.",
        "Two is not.\nStill two.",
        "Three.",
    ]
    assert firing.paragraphs(" \n\n ") == ()


def test_the_change_of_a_direction() -> None:
    values = np.array([1.0, 3.0, 6.0])
    assert change(values).tolist() == [1, 2, 3]
    assert change(values, "backward").tolist() == [-2, -3, 6]


@pytest.mark.skipif("imdb-gru" not in storage.names(), reason="no model of reviews here")
def test_a_network_of_reviews_reacts_to_praise_and_blame_in_the_bundled_corpus() -> None:
    found = score(reactions.read_texts(checkpoint.load("imdb-gru"), tokens.load("imdb-gru")))
    for kind in ("negation", "positive", "negative"):
        best = found.top(kind)
        assert len(best) == 8 and min(abs(one.score) for one in best) > 1


def test_an_untrained_network_reacts_to_no_kind_of_word() -> None:
    """Any frequent word moves some unit; the bound asks for more than other frequent words do."""
    texts = [one.text for one in corpus.load()]
    tokenizer = tokens.train(texts, kind="word", size=3000, least_count=1)
    found = score(reactions.read_texts(small("gru", tokenizer), tokenizer, texts))
    assert [found.scores[kind].findings for kind in LISTS] == [0, 0, 0]
    largest = np.abs(found.scores["negation"].values).max()
    assert 0.3 < largest < found.scores["negation"].threshold
