"""One text over another. Oracles: literal properties of every mapping, and edits made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.theatre.alignment import align, aligned
from rnnviz.theatre.reading import LayerReading, Reading
from tests.growth import assert_in_proportion

WORDS = st.lists(st.sampled_from(["good ", "bad ", "not ", "film", ". ", "A", "a"]), min_size=1)


def reading(tokens: list[str], seed: int = 0) -> Reading:
    dice = np.random.default_rng(seed)

    def states() -> dict[str, np.ndarray]:
        return {"hidden": dice.uniform(-1, 1, (len(tokens), 3))}

    said = dice.uniform(0, 1, len(tokens))
    return Reading(
        name="mine",
        cell="rnn",
        classes=("no", "yes"),
        layers=(LayerReading(states(), states()),),
        probabilities=np.stack([said, 1 - said], axis=1),
        attention=dice.dirichlet(np.ones(len(tokens))),
        tokens=tuple(tokens),
        step_word="token",
        unknown=(0,),
    )


@given(WORDS, WORDS)
def test_every_step_has_one_below_and_none_crosses_another(new: list[str], old: list[str]) -> None:
    found = align(new, old)
    for steps, least in ((found.forward, -1), (found.backward, 0)):
        assert len(steps) == len(new) and (np.diff(steps) >= 0).all()
        assert steps.min() >= least and steps.max() <= len(old) + least
    kept = ~found.inserted
    assert (found.forward[kept] == found.backward[kept]).all()
    assert (np.diff(found.forward[kept]) > 0).all(), "two steps over the same one"
    assert (found.backward >= found.forward).all() or not kept.any()


@given(WORDS, WORDS)
def test_every_old_word_is_below_its_like_or_told(new: list[str], old: list[str]) -> None:
    """Oracle: the letters of the old text, counted, where they stand unchanged or are told."""
    found = align(new, old)
    below = zip(new, found.forward.tolist(), found.inserted.tolist(), strict=True)
    unchanged = [
        old[step]
        for word, step, inserted in below
        if not inserted and word.strip().lower() == old[step].strip().lower()
    ]
    told = list(found.replaced.values())
    assert sorted("".join(unchanged + told)) == sorted("".join(old))


@given(WORDS)
def test_a_text_lies_over_itself(words: list[str]) -> None:
    found = align(words, words)
    assert found.forward.tolist() == found.backward.tolist() == list(range(len(words)))
    assert not found.inserted.any() and not found.replaced


def test_edits_by_hand() -> None:
    old = ["It ", "is ", "not ", "good", "."]
    put_in = align(["It ", "is ", "not ", "so ", "good", "."], old)
    assert put_in.forward.tolist() == [0, 1, 2, 2, 3, 4]
    assert put_in.backward.tolist() == [0, 1, 2, 3, 3, 4]
    assert put_in.inserted.tolist() == [False] * 3 + [True] + [False] * 2
    assert put_in.replaced == {3: ""}
    taken_out = align(["It ", "is ", "good", "."], old)
    assert taken_out.forward.tolist() == [0, 1, 3, 4]
    assert taken_out.replaced == {2: "not "}
    swapped = align(["It ", "is ", "bad", "."], old)
    assert swapped.forward.tolist() == [0, 1, 2, 4]
    assert swapped.replaced == {2: "not good"}
    at_the_end = align(["It ", "is "], old)
    assert at_the_end.replaced == {1: "not good."}
    at_the_beginning = align(["Yes: ", *old], old)
    assert at_the_beginning.forward.tolist() == [-1, 0, 1, 2, 3, 4]
    assert at_the_beginning.backward.tolist() == [0, 0, 1, 2, 3, 4]
    put_behind = align([*old, "Yes"], old)
    assert put_behind.forward.tolist() == [0, 1, 2, 3, 4, 4]
    assert put_behind.backward.tolist() == [0, 1, 2, 3, 4, 5]
    assert align(["IT ", "is  ", "not ", "good ", "."], old).replaced == {}


def test_the_ghost_has_the_steps_of_the_reading() -> None:
    new = reading(["It ", "is ", "not ", "so ", "good", "."], 1)
    old = reading(["It ", "is ", "not ", "good", "."], 2)
    found = aligned(new, old)
    ghost = found.ghost
    assert ghost is not None and ghost.steps == new.steps == 6
    before, below = old.layers[0], ghost.layers[0]
    assert before.backward is not None and below.backward is not None
    np.testing.assert_array_equal(below.forward["hidden"][3], before.forward["hidden"][2])
    np.testing.assert_array_equal(below.backward["hidden"][3], before.backward["hidden"][3])
    np.testing.assert_array_equal(below.forward["hidden"][5], before.forward["hidden"][4])
    assert ghost.tokens == ("It ", "is ", "not ", "", "good", ".")
    assert ghost.attention is not None and ghost.attention[3] == 0
    assert ghost.unknown == (0,) and ghost.pads == 0 and not ghost.replaced
    assert ghost.answered is None
    assert found.replaced == {3: ""} and found.unknown == (0,)
    again = aligned(old, old)
    assert again.ghost is not None and not again.replaced
    np.testing.assert_array_equal(again.ghost.layers[0].forward["hidden"], before.forward["hidden"])


def test_a_ghost_does_not_know_what_comes() -> None:
    """Oracle: a network that has read nothing is in the state it begins with, which is zero."""
    old = reading(["like ", "it"], 2)
    found = aligned(reading(["I ", "did ", "like ", "it", "."], 1), old).ghost
    assert found is not None and found.probabilities is not None and old.probabilities is not None
    before, below = old.layers[0], found.layers[0]
    assert before.backward is not None and below.backward is not None
    forward, backward = below.forward["hidden"], below.backward["hidden"]
    assert not forward[:2].any() and not backward[4:].any()
    np.testing.assert_array_equal(forward[2:], before.forward["hidden"][[0, 1, 1]])
    np.testing.assert_array_equal(backward[:4], before.backward["hidden"][[0, 0, 0, 1]])
    np.testing.assert_array_equal(found.probabilities[:2], 0.5)
    np.testing.assert_array_equal(found.probabilities[2:], old.probabilities[[0, 1, 1]])
    assert found.tokens == ("", "", "like ", "it", "") and found.marks == ()
    assert found.answered == (2, 3, 4)
    some = aligned(reading(["I ", "did ", "like ", "it"]), replace(old, answered=(1,))).ghost
    assert some is not None and some.answered == (3,)
    assert forward.dtype == before.forward["hidden"].dtype
    assert Reading.from_payload(found.to_payload()).steps == 5


def test_the_time_of_long_texts_grows_with_their_length_only() -> None:
    dice = np.random.default_rng(0)
    known = [f"word{number} " for number in range(3000)]
    often = (1 / np.arange(1, 3001)) / (1 / np.arange(1, 3001)).sum()
    first, second = (list(dice.choice(known, 4000, p=often)) for _ in range(2))
    same = ["a "] * 4000
    for one, other in (
        (first, second),
        (first[::2], first),
        (same, ["b ", *same[2:], "b "]),
    ):
        sixteenth = (one[: len(one) // 16], other[: len(other) // 16])
        assert_in_proportion(lambda pair: align(*pair), (one, other), sixteenth)


def test_readings_without_tokens_are_refused() -> None:
    with pytest.raises(ValueError, match="expected tokens on both sides, got 1 and 0"):
        align(["a"], [])
    with pytest.raises(ValueError, match="expected two readings of texts"):
        aligned(reading(["a"]), Reading("x", "rnn", (), reading(["a"]).layers))
