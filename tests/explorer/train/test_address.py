"""The address of the Train page: what it says, it means; nonsense becomes a sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from rnnviz.explorer.parts.address import CELLS
from rnnviz.explorer.train.address import (
    FIGURES,
    PLAN_WORDS,
    SMOOTHINGS,
    WORDS,
    TrainAddress,
    first_address,
    read_query,
)
from rnnviz.theatre.view import WORDS as THEATRE_WORDS
from rnnviz.training.plan import BOUNDS, CHOICES, FIELDS, TASK_NAMES
from rnnviz.training.tasks.table import defaults

RUN = "q3J9_-abcdefghij"


def test_the_first_address_says_nothing() -> None:
    assert first_address().to_query() == {}
    assert read_query({}) == (first_address(), ())


@pytest.mark.parametrize("task", TASK_NAMES)
@pytest.mark.parametrize("cell", CELLS)
def test_what_suits_a_task_and_a_cell_is_said_by_their_names(task: str, cell: str) -> None:
    address = TrainAddress(defaults(task, cell))
    assert set(address.to_query()) <= {"task", "cell"}
    assert read_query(address.to_query()) == (address, ())


PLANS = some.fixed_dictionaries(
    {},
    optional={
        "hidden_size": some.integers(1, 1024),
        "num_layers": some.integers(1, 4),
        "bidirectional": some.booleans(),
        "initialisation": some.sampled_from(CHOICES["initialisation"]),
        "optimizer": some.sampled_from(CHOICES["optimizer"]),
        "learning_rate": some.sampled_from([1e-5, 0.005, 0.125, 3.0]),
        "clip_norm": some.sampled_from([None, 0.25, 5.0]),
        "gate_bias": some.sampled_from([None, -1.0, 3.0]),
        "epochs": some.integers(1, 200),
        "seed": some.integers(0, 2**31 - 1),
        "examples": some.sampled_from([None, 500]),
    },
)


@given(
    PLANS,
    some.sampled_from(["digits", "sentences", "recall", "adding"]),
    some.sampled_from([(), CELLS, ("lstm", "rnn")]),
    some.sampled_from([1, 3]),
    some.sampled_from([None, RUN]),
    some.sampled_from([None, *FIGURES]),
    some.sampled_from(SMOOTHINGS),
    some.booleans(),
    some.booleans(),
)
def test_every_address_is_read_as_it_was_written(
    words, task, racers, seeds, run, figure, smoothing, log_loss, log_steps
) -> None:
    plan = defaults(task, "gru").changed(**words)
    seeds = seeds if racers else 1
    address = TrainAddress(plan, racers, seeds, run, figure, smoothing, log_loss, log_steps)
    query = address.to_query()
    assert list(query) == [word for word in WORDS if word in query]
    assert read_query(query) == (address, ())


BAD = {
    "task": ["", "chess", "digits digits", "<script>"],
    "cell": ["lstms", "all", "0"],
    "size": ["0", "-3", "1e9", "64.0", "٣", "", "9" * 400],
    "rate": ["nan", "inf", "-0.1", "0x10", "1_0", "1e400", "0", "fast"],
    "clip": ["0", "nan", "None", "no"],
    "layers": ["5", "0"],
    "both": ["yes", "2"],
    "readout": ["first"],
    "start": ["zeros"],
    "seed": ["-1", str(2**31)],
    "epochs": ["0", "1000"],
    "examples": ["3"],
    "text": ["x" * 200, ""],
    "run": ["short", "../../etc/passwd", "a" * 17, "abcdefgh ijklmno"],
    "figure": ["all"],
    "smooth": ["7", "ten"],
    "log": ["x", "sl"],
}


@pytest.mark.parametrize("word", BAD)
def test_what_makes_no_sense_is_a_sentence_and_nothing_else(word: str) -> None:
    for sent in BAD[word]:
        address, (said,) = read_query({word: sent})
        assert address == first_address(), sent
        assert said.startswith(f"The address asks for {word}=")
        instead = "none" if word in ("run", "figure") else "the usual one"
        assert said.endswith(f", so {instead} is shown.")
        assert len(said) < 400


@given(some.dictionaries(some.sampled_from(WORDS), some.text(max_size=60)))
def test_no_address_is_an_error(query: dict[str, str]) -> None:
    address, said = read_query(query)
    assert len(said) <= len(query)
    again, silent = read_query(address.to_query())
    assert (again, silent) == (address, ())


def test_a_race_says_who_and_how_often() -> None:
    race = replace(first_address(), racers=CELLS)
    assert race.to_query() == {"cell": "race"}
    pair = replace(race, racers=("lstm", "rnn"), seeds=3)
    assert pair.to_query() == {"cell": "race", "racers": "lstm.rnn", "seeds": "3"}
    for sent in ("lstm", "lstm.lstm", "lstm.what", "", "gru.lstm.rnn.gru"):
        address, said = read_query({"cell": "race", "racers": sent})
        assert address.racers == CELLS and len(said) == 1


def test_words_that_do_not_go_together_are_said() -> None:
    address, (said,) = read_query({"task": "copy", "readout": "attention"})
    assert address.plan == defaults("copy", "gru")
    assert "readout" in said


def test_a_link_of_another_version_and_strangers_words() -> None:
    assert read_query({"v": "1", "embed": "true", "layer": "2"}) == (first_address(), ())
    assert len(read_query({"v": "9"})[1]) == 1


def test_the_words_are_nobody_elses_and_leave_out_what_was_uploaded() -> None:
    assert not set(WORDS) & set(THEATRE_WORDS)
    assert set(PLAN_WORDS.values()) == set(FIELDS) - {"task", "cell", "data"}
    assert set(BOUNDS) <= set(PLAN_WORDS.values())


@pytest.mark.parametrize("sent", ["", RUN + "x", RUN[:-1] + "/", RUN[:-1] + "é"])
def test_what_is_no_id_of_a_run_is_not_looked_for(sent: str) -> None:
    address, notices = read_query({"run": sent})
    assert address.run is None and len(notices) == 1
    assert read_query({"run": RUN})[0].run == RUN
