"""Tints, which colour tokens. Oracles: the numbers that went in, and what may not go in."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from rnnviz.notation.palette import diverging
from rnnviz.theatre.arrays import decode
from rnnviz.theatre.tints import HUE, OWN, Tint, own_tints, tint_payloads


def tint(**changes: Any) -> Tint:
    given: dict[str, Any] = {
        "name": "occlusion",
        "label": "Occlusion",
        "meaning": "How far the answer falls without the token.",
        "values": np.array([-0.2, 0.0, 0.1]),
        "low": -0.1,
        "high": 0.1,
        "low_words": "against",
        "high_words": "for",
    }
    return Tint(**given | changes)


def test_a_tint_travels_as_plain_json_with_its_numbers_and_colours() -> None:
    sent = json.loads(json.dumps(tint(note="n = 3").to_payload()))
    # -0.2 lies beyond the drawn range and is still told exactly.
    assert decode(sent["values"]) == pytest.approx([-0.2, 0.0, 0.1], abs=1e-5)
    assert (sent["low"], sent["high"], sent["note"]) == (-0.1, 0.1, "n = 3")
    assert sent["ramp"]["light"] == list(diverging("light"))
    assert len(sent["beyond"]["dark"]) == 2
    upwards = tint(diverging=False).to_payload()
    assert upwards["ramp"]["light"] != sent["ramp"]["light"] and not upwards["diverging"]


def test_a_text_without_tokens_has_a_tint_without_values() -> None:
    assert decode(tint(values=np.zeros(0)).to_payload()["values"]).shape == (0,)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Occlusion"}, "expected up to 40 small letters"),
        ({"name": "unit:hidden"}, "expected up to 40 small letters"),
        ({"name": "x" * 41}, "expected up to 40 small letters"),
        ({"name": "answer"}, "got 'answer'"),
        ({"values": np.array([0.0, np.nan])}, "occlusion: expected one finite number"),
        ({"values": np.zeros((2, 2))}, "got shape"),
        ({"low": 1.0, "high": 1.0}, "expected low < high"),
        ({"high": np.inf}, "expected low < high"),
    ],
)
def test_what_is_no_tint_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tint(**changes)


def test_every_reading_gets_its_tints_and_they_fit() -> None:
    assert tint_payloads(None, [3, 3]) == [[], []]
    one, none = tint_payloads([[tint()], []], [3, 3])
    assert [sent["name"] for sent in one] == ["occlusion"] and none == []
    with pytest.raises(ValueError, match="expected a list for each of 2, got 1"):
        tint_payloads([[tint()]], [3, 3])
    with pytest.raises(ValueError, match="expected 4 values in occlusion, got 3"):
        tint_payloads([[tint()]], [4])
    with pytest.raises(ValueError, match="names that are unique"):
        tint_payloads([[tint(), tint()]], [3])


def test_a_reading_has_tints_of_its_own_in_words_and_colours() -> None:
    own = own_tints("token")
    assert tuple(own) == OWN
    assert "after this token" in own["answer"]["meaning"]
    assert all(set(one["ramp"]) == set(HUE) for one in own.values())
