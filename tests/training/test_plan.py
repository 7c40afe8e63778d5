"""Plans, tasks and presets. Oracles: a JSON round trip, the model that is built, plain counting."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.models.readouts import READOUTS as MODEL_READOUTS
from rnnviz.nn.recurrent import ENGINES as MODEL_ENGINES
from rnnviz.training import budget
from rnnviz.training.engine import recipe
from rnnviz.training.plan import (
    BOUNDS,
    CELLS,
    CHOICES,
    ENGINES,
    FIELDS,
    NONE_ALLOWED,
    OPTIMIZERS,
    READOUTS,
    SCHEDULES,
    WHOLE,
    Plan,
    PlanError,
)
from rnnviz.training.preparation import build
from rnnviz.training.presets import PRESETS
from rnnviz.training.tasks.table import TASKS, defaults


def refused(sentence: str, **words: object) -> None:
    with pytest.raises(PlanError, match=sentence) as caught:
        Plan.from_json(words)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_words_are_those_of_the_modules_that_take_them() -> None:
    assert tuple(MODEL_READOUTS) == READOUTS and tuple(MODEL_ENGINES) == ENGINES
    assert (recipe.OPTIMIZERS, recipe.SCHEDULES) == (OPTIMIZERS, SCHEDULES)
    assert tuple(TASKS) == CHOICES["task"]


@pytest.mark.parametrize("task", TASKS)
def test_defaults_go_through_json_unchanged(task: str) -> None:
    for cell in CELLS:
        plan = defaults(task, cell)
        assert (plan.task, plan.cell) == (task, cell)
        assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


numbers = {
    name: st.integers(int(least), int(most)) if name in WHOLE else st.floats(least, most)
    for name, (least, most) in BOUNDS.items()
}
some_plans = st.builds(
    Plan,
    task=st.sampled_from(("digits", "recall", "sentences")),
    cell=st.sampled_from(CELLS),
    readout=st.sampled_from(READOUTS),
    initialisation=st.sampled_from(CHOICES["initialisation"]),
    bidirectional=st.booleans(),
    **{
        name: st.none() | value if name in NONE_ALLOWED else value
        for name, value in numbers.items()
    },
)


@given(some_plans)
def test_every_plan_within_bounds_goes_through_json_unchanged(plan: Plan) -> None:
    assert Plan.from_json(json.loads(json.dumps(plan.to_json(), allow_nan=False))) == plan


junk = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())


@given(st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), junk, max_size=4))
def test_a_stranger_gets_a_plan_or_one_sentence(words: dict[str, object]) -> None:
    try:
        plan = Plan.from_json(words)
    except PlanError as failure:
        assert "\n" not in str(failure) and len(str(failure)) < 500
    else:
        assert Plan.from_json(plan.to_json()) == plan


def test_torch_is_no_engine_for_a_cell_that_it_does_not_have() -> None:
    refused(r"engine: torch.nn has no MGU: choose bptt or steps", cell="mgu", engine="torch")


def test_what_is_out_of_bounds_is_refused_in_a_sentence() -> None:
    refused(r"hidden_size: expected a whole number from 1 to 1,024, got 0", hidden_size=0)
    refused(r"hidden_size: expected a whole number, got 64.5", hidden_size=64.5)
    refused(r"epochs: expected a whole number, got True", epochs=True)
    refused(r"learning_rate: .* got nan", learning_rate=math.nan)
    refused(r"learning_rate: expected a number, got '0.1'", learning_rate="0.1")
    refused(r"cell: expected one of rnn, gru, lstm, mgu, got \['gru'\]", cell=["gru"])
    refused(r"expected words of a plan, got 'colour'", colour="red")
    refused(r"data: expected the key of an uploaded file", data="../../etc/passwd")
    refused(r"data: .*: upload", data="0123456789abcdef.csv\n")
    refused(r"text_column: expected the name", text_column="")
    refused(r"copy: expected one direction .* got two directions", task="copy", bidirectional=True)
    refused(r"copy: .* got the readout mean", task="copy", readout="mean")
    refused(r"length: expected at most 100 symbols", task="copy", length=101)
    refused(r"length: expected 2 steps or more", task="adding", length=1)
    with pytest.raises(PlanError, match="words of a plan, got 'x"):
        Plan.from_json("x" * 1000)  # type: ignore[arg-type]
    with pytest.raises(PlanError, match="expected one of rnn"):
        defaults("digits", "transformer")
    with pytest.raises(PlanError, match="task: expected one of digits"):
        defaults("chess")
    with pytest.raises(PlanError, match="got 'size'"):
        Plan().changed(size=3)


def test_an_rnn_has_no_gate_to_bias() -> None:
    assert Plan(cell="rnn", gate_bias=3.0).gate_bias is None
    assert Plan(cell="gru", gate_bias=3.0).changed(cell="rnn").gate_bias is None


def test_presets_are_plans_with_something_to_look_for() -> None:
    keys = [preset.key for preset in PRESETS]
    assert len(set(keys)) == len(keys)
    assert {"good", "high-rate", "no-clipping", "tiny", "vanishing", "forget-bias"} <= set(keys)
    for preset in PRESETS:
        assert preset.look_for.endswith(".") and len(preset.title) <= 40
        assert not TASKS[preset.plan.task].needs_data


def test_plans_import_no_torch() -> None:
    code = (
        "import sys, rnnviz.training.plan, rnnviz.training.budget;"
        "import rnnviz.training.diagnosis.findings;"
        "import rnnviz.data.labelled;"
        "print([name for name in ('torch', 'sklearn', 'streamlit') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# The budget.

WORDS_OF_DATA = {
    "digits": {"input_size": 28},
    "sentences": {"vocabulary_size": 162, "num_classes": 2, "labels": ("no", "yes")},
    "copy": {"input_size": 10, "num_classes": 8, "labels": tuple("abcdefgh"), "answers": 5},
    "adding": {"input_size": 2, "num_classes": 2, "labels": ("rest", "sum")},
}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("task", WORDS_OF_DATA)
def test_parameters_are_those_of_the_model(task: str, cell: str) -> None:
    """Oracle: the numbers in the model that the plan becomes."""
    shapes = [{}, {"hidden_size": 5, "num_layers": 3}]
    if task != "copy":
        shapes += [
            {"bidirectional": True, "num_layers": 2, "readout": readout} for readout in READOUTS
        ]
    for shape in shapes:
        plan = defaults(task, cell).changed(**{"hidden_size": 7, **shape})
        model = build(plan, WORDS_OF_DATA[task])
        counted = sum(parameter.numel() for parameter in model.parameters())
        assert budget.parameters(plan) == counted, shape


def test_a_race_has_the_same_budget() -> None:
    """Oracle: no neighbouring size comes nearer."""
    plan = defaults("digits", "gru").changed(gate_bias=2.0, num_layers=2)
    lanes = budget.same_budget(plan, CELLS)
    wanted = budget.parameters(plan)
    assert lanes[1] == plan and [lane.cell for lane in lanes] == list(CELLS)
    for lane in lanes:
        off = abs(budget.parameters(lane) - wanted)
        assert off < 0.02 * wanted
        for size in (lane.hidden_size - 1, lane.hidden_size + 1):
            assert off <= abs(budget.parameters(lane.changed(hidden_size=size)) - wanted)
        words = lane.changed(cell="gru", hidden_size=64, gate_bias=2.0)
        assert words == plan  # nothing else differs


def test_a_budget_beyond_all_sizes_gives_the_last_one() -> None:
    assert budget.hidden_size_for(Plan(), 1) == 1
    assert budget.hidden_size_for(Plan(), 10**12) == 1024


def test_estimates_count_steps_and_grow_with_what_is_asked() -> None:
    plan = defaults("recall", "gru").changed(examples=1001, batch_size=100, epochs=3)
    found = budget.estimate(plan)
    assert found.steps == 3 * 11 and found.parameters == budget.parameters(plan)
    for words in ({"epochs": 6}, {"delay": 60}, {"hidden_size": 200}, {"examples": 5000}):
        more = budget.estimate(plan.changed(**words))
        assert more.seconds > found.seconds, words
        assert more.memory_bytes > found.memory_bytes or "epochs" in words, words
    assert found.is_exact and not budget.estimate(defaults("own")).is_exact
    for task in TASKS:
        for cell in CELLS:
            assert budget.estimate(defaults(task, cell)).seconds < 60, (task, cell)
            assert budget.estimate(defaults(task, cell)).memory_bytes < 1.2e9, (task, cell)


def test_the_estimate_knows_a_file_of_ones_own() -> None:
    """A fifth is held out, 1,000 at most; what is learnt from is cut at `examples`."""
    plan = defaults("own").changed(epochs=6, batch_size=64)
    steps = {None: 47, 10: 1, 300: 4, 3000: 38, 10_000: 47}  # 3000, 8, 240, 2400, 3000 texts
    for texts, an_epoch in steps.items():
        assert budget.estimate(plan, texts=texts).steps == 6 * an_epoch, texts
    assert budget.estimate(plan.changed(examples=None), texts=10_000).steps == 6 * 141  # 9,000
    few, many = (budget.estimate(plan, texts=texts) for texts in (300, 3000))
    # 38 batches of 64 for 4, and scores of 600 + 400 texts in 2,400 for 60 + 240 in 240.
    ratio = (38 * (1.015 + 1000 / 2400 / 3)) / (4 * (1.015 + 300 / 240 / 3))
    assert many.seconds == pytest.approx(ratio * few.seconds, rel=0.01)
    assert many.memory_bytes > few.memory_bytes and many.parameters == few.parameters
    assert budget.estimate(Plan(), texts=10) == budget.estimate(Plan())


def test_networks_together_share_a_process() -> None:
    one = budget.Estimate(10, 500_000_000, 1.5, 7)
    other = budget.Estimate(20, 450_000_000, 2.5, 8, is_exact=False)
    memory = 420_000_000 + 80_000_000 + 30_000_000
    assert budget.together([one, other]) == budget.Estimate(30, memory, 4.0, 15, False)
    assert budget.together([one, one]).is_exact
