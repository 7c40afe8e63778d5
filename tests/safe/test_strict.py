"""JSON of strangers. Oracles: the standard library for what is JSON, and the readers' own errors:
whatever a file says, a record is read as one or refused in the reader's own words."""

from __future__ import annotations

import json
import math
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rnnviz.explorer.train import sentences, table
from rnnviz.explorer.train.lines import Shown, level_of, lines_of
from rnnviz.figures.curves import MEASURES, reach, training_curves
from rnnviz.models import storage
from rnnviz.models.places import RunError
from rnnviz.models.storage import CheckpointError
from rnnviz.runs import snapshots
from rnnviz.runs.queue import messages
from rnnviz.runs.record import CHECKS
from rnnviz.runs.store import RunStore
from rnnviz.safe import strict
from rnnviz.training.curves import Curves
from rnnviz.training.diagnosis.findings import diagnose
from rnnviz.training.plan import FIELDS, Plan, PlanError

ODD: list[Any] = [
    None, True, -1, 0, 2**53, 2**53 + 1, 10**39, 10**400, -(10**400), 1e308, -1e308, 5e-324, 1e39,
    1.5, math.nan, math.inf, -math.inf, "", "nan", "inf", "1", "\ud800", "x" * 5000, "\x00", "<b>",
    [], {}, [[]], [1, 2], {"a": 1}, [math.nan], {"task": []},
]  # fmt: skip
"""Values that some reader of the past has not expected."""

values = st.sampled_from(ODD) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


def written(value: Any) -> str:
    """As a foreign program writes it: with NaN, infinity and half characters."""
    return json.dumps(value)


@given(st.text(max_size=60) | values.map(written) | st.binary(max_size=60))
@example("[" * 100_000)
@example('{"a":' * 5000)
@example("1" * 6000)
@example("-1e999")
@example('"\\ud800"')
@example('{"\\udc00": 1}')
@settings(max_examples=300, deadline=None)
def test_only_usual_values_are_read(text: str | bytes) -> None:
    try:
        read = strict.loads(text)
    except ValueError:
        return
    again = json.loads(strict.dumps(read), parse_constant=pytest.fail)
    assert again == read == json.loads(text)
    strict.dumps(read, ensure_ascii=False).encode()  # no half characters


def test_what_is_refused_and_what_is_not() -> None:
    good = {"a": [1, -2.5, 1e300, True, None, "ü𝄞", {"b": {}}], "most": 10**30}
    assert strict.loads(written(good)) == good
    for bad in ("NaN", "[Infinity]", "1e999", "9" * 41, "[" * 40 + "]" * 40, '"\\udfff"', "", "{"):
        with pytest.raises(ValueError):
            strict.loads(bad)
    with pytest.raises(ValueError, match="usual length"):
        strict.loads('"abcd"', longest=3)
    with pytest.raises(ValueError, match="object, got list"):
        strict.load_object("[]")


def test_no_number_is_written_that_json_has_not() -> None:
    odd = {"a": math.nan, "b": [math.inf, np.float32("nan")], "c": (np.int64(3), 0.5)}
    assert json.loads(strict.dumps(odd)) == {"a": None, "b": [None, None], "c": [3, 0.5]}


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:12])
@pytest.mark.parametrize("name", [*CHECKS, "id", "plan.task", "plan.cell", "plan.hidden_size",
                                  "plan.epochs", "plan.clip_norm", "plan.seed", "plan.other",
                                  "best.accuracy", "best.n", "best.epoch"])  # fmt: skip
def test_one_odd_value_spoils_its_own_record_only(name: str, odd: Any, tmp_path: Path) -> None:
    """Every value in every field: the record is left out with a sentence, or can be shown."""
    store = RunStore(tmp_path)
    plan = {"task": "digits", "cell": "gru", "hidden_size": 12, "epochs": 2, "clip_norm": 1.0}
    good, bad = (store.create(plan, "me", state="finished") for _ in range(2))
    record = json.loads((bad.folder / "run.json").read_text())
    record["best"] = {"accuracy": 0.5, "n": 10, "epoch": 1, "step": 5}
    outer, _, inner = name.partition(".")
    (record[outer] if inner else record)[inner or outer] = odd
    (bad.folder / "run.json").write_text(written(record))
    found, said = store.runs(), store.damaged()
    assert good in found and len(found) + len(said) == 2
    shown(store, found)
    store.usage("me")
    store.interrupted()
    if store.exists(bad.id):
        store.update(bad.id, name="another")  # and it can be written again
        assert store.get(bad.id).name == "another"


def shown(store: RunStore, found: list[Any]) -> None:
    """All that pages make of records, down to the numbers that a browser is sent."""
    import pyarrow as pa

    columns = table.table(found)
    pa.table(columns)
    json.dumps(columns, allow_nan=False)
    for run in found:
        table.page_of(run)
        table.overlay([run], "accuracy", "light")
        store.get(run.id)
    json.dumps([dict(run.plan) for run in found], allow_nan=False).encode()
    assert all(math.isfinite(run.created + run.seconds) for run in found)


@given(st.dictionaries(st.sampled_from([*CHECKS, "id", "extra"]), values, max_size=4))
@settings(max_examples=150, deadline=None)
def test_any_record_is_a_run_or_a_run_error(changes: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as place:
        store = RunStore(place)
        run = store.create({"task": "digits"}, "me", state="finished")
        record = json.loads((run.folder / "run.json").read_text()) | changes
        (run.folder / "run.json").write_text(written(record))
        try:
            shown(store, [store.get(run.id)])
        except RunError as error:
            assert str(error).startswith("expected the record of a run, got a damaged one")


@given(st.text(max_size=80) | values.map(written) | st.binary(max_size=80))
@settings(max_examples=150, deadline=None)
def test_any_file_is_a_run_error(text: str | bytes) -> None:
    with tempfile.TemporaryDirectory() as place:
        store = RunStore(place)
        run = store.create({"task": "digits"}, "me")
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        (run.folder / "run.json").write_bytes(data)
        with pytest.raises(RunError, match="damaged"):
            store.get(run.id)
        assert store.runs() == [] and len(store.damaged()) == 1


@given(st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), values, max_size=4))
@example({"hidden_size": 10**400})
@example({"learning_rate": 10**400})
@example({"seed": -(10**5000)})
@example({"text_column": "\ud800"})
@settings(max_examples=400, deadline=None)
def test_any_words_are_a_plan_or_a_plan_error(words: dict[str, Any]) -> None:
    try:
        plan = Plan.from_json(words)
    except PlanError as error:
        assert len(str(error).encode()) < 500  # a sentence that can be shown
        return
    text = json.dumps(plan.to_json(), allow_nan=False)
    assert Plan.from_json(json.loads(text)) == plan
    text.encode()


@pytest.mark.parametrize("words", [None, [], "x", 3, [["task", "digits"]]])
def test_what_is_no_mapping_is_a_plan_error(words: Any) -> None:
    with pytest.raises(PlanError, match="expected the words of a plan"):
        Plan.from_json(words)


deep: Any = []
for _ in range(5000):
    deep = [deep]


def test_a_value_without_a_text_of_its_own_is_a_plan_error() -> None:
    for odd in (deep, 10**5000):
        with pytest.raises(PlanError, match="got a very large"):
            Plan.from_json({"cell": odd})


KINDS = ("training-started", "step-finished", "held-out-scored", "epoch-finished",
         "training-warned", "training-finished", "snapshot-taken", "nothing", 3, None)  # fmt: skip
WORDS = (
    "step", "epoch", "loss", "accuracy", "gradient_norm", "clipped_norm", "learning_rate",
    "examples_per_second", "seconds", "training_loss", "training_accuracy", "count", "kind", "text",
    "held_out_loss", "held_out_accuracy", "held_out_count", "is_best", "resumed_at", "steps",
    "steps_per_epoch", "parameters",
)  # fmt: skip
usual = st.integers(0, 5) | st.floats(0, 1) | values
events = st.builds(
    lambda kind, words: {"event": kind, **words},
    st.sampled_from(KINDS),
    st.dictionaries(st.sampled_from(WORDS), usual, max_size=8),
)


@given(st.lists(events.map(written) | st.text(max_size=30), max_size=12))
@settings(max_examples=250, deadline=None)
def test_any_lines_are_curves_that_can_be_drawn(lines: list[str]) -> None:
    plan = Plan()
    curves = Curves.from_lines(lines, plan.to_json())
    assert ((curves.steps >= 0) & (curves.steps <= strict.LARGEST)).all()
    for shares in (curves.accuracy, curves.held_out_accuracy, curves.training_accuracy):
        known = shares[np.isfinite(shares)]
        assert ((known >= 0) & (known <= 1)).all()
    for name in ("loss", "gradient_norm", "learning_rate", "seconds", "held_out_loss"):
        known = getattr(curves, name)
        assert (np.abs(known[np.isfinite(known)]) <= 1e39).all()
    runs = [Shown("a" * 16, "one", plan.to_json(), curves)]
    with np.errstate(over="raise"):
        diagnose(curves, plan)
    sentences.headline(runs, "running")
    sentences.state_words("running", runs)
    sentences.epoch_table(runs[0])
    for measure in MEASURES:
        drawn = lines_of(runs, measure, 10)
        if drawn:
            level_of(runs, measure)
            training_curves(drawn, measure, steps=10, ends=reach(drawn, measure)).to_json()


def test_a_file_of_marks_does_not_grow_without_end() -> None:
    line = '{"event": "training-warned", "step": %d, "kind": "x"}'
    curves = Curves.from_lines([line % step for step in range(5000)])
    assert len(curves.marks) == 1000


@given(values.map(written) | st.text(max_size=40))
@example("[]")
@example('{"a": {"data_offsets": []}}')
@example('{"a": {"data_offsets": [0, 1e400]}}')
@example('{"a": []}')
@example('{"a": {"data_offsets": {"1": 3}}}')
@settings(max_examples=200, deadline=None)
def test_any_header_is_a_snapshot_or_a_sentence(header: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        data = header.encode("utf-8", "surrogatepass")
        file = Path(place) / "0000001.safetensors"
        file.write_bytes(len(data).to_bytes(8, "little") + data)
        found = snapshots.found(place)
        assert len(found.snapshots) + len(found.sentences) == 1


@given(values.map(written) | st.text(max_size=40))
@settings(max_examples=150, deadline=None)
def test_any_card_is_an_object_or_a_checkpoint_error(text: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "card.json"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            assert isinstance(storage.read_json(path), dict)
        except CheckpointError as error:
            assert "expected" in str(error)


@given(values.map(written) | st.binary(max_size=40))
@settings(max_examples=100, deadline=None)
def test_any_message_of_a_worker_is_an_object_or_the_end_of_its_line(text: str | bytes) -> None:
    class Line:
        def recv_bytes(self, most: int) -> bytes:
            return text.encode() if isinstance(text, str) else text

    line: Any = Line()
    with suppress(OSError):
        assert isinstance(messages.receive(line), dict)
