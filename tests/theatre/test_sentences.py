"""The sentences that the browser's twin of `rnnviz.notation.signals` is tested with
(tests/js/sentences.test.mjs). Oracle: the file says what Python says today."""

from __future__ import annotations

import json
from pathlib import Path

from rnnviz.notation.signals import SIGNALS
from tests.oracle import described

VECTORS = json.loads(
    (Path(__file__).parents[1] / "js" / "sentences.json").read_text(encoding="utf-8")
)


def test_the_words_of_every_signal_are_those_in_the_file() -> None:
    assert set(VECTORS["signals"]) == set(SIGNALS)
    for name, told in VECTORS["signals"].items():
        payload = SIGNALS[name].to_payload()
        assert told == {key: payload[key] for key in told}, name


def test_every_sentence_is_what_python_says() -> None:
    assert {one["signal"] for one in VECTORS["sentences"]} == set(SIGNALS)
    for one in VECTORS["sentences"]:
        place = {"unit": one["unit"], "step": one["step"], "step_word": one["step_word"]}
        assert described(one["signal"], one["value"], **place) == one["sentence"]
