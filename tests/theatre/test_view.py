"""Views and addresses. Oracles: a view sent through JSON and an address comes back as it was; the
vectors that the browser's twin is tested with; and whatever the address says, there is a view."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rnnviz.theatre.view import EXPECTED, EXPECTED_WORDS, WORDS, View

VECTORS = Path(__file__).parents[1] / "js" / "addresses.json"
FULL = View(
    layer=1,
    direction="both",
    step=11,
    steps=(4, 11),
    units=(37, 90),
    order="cluster",
    values="change",
    span=(4, 8),
    threshold=0.45,
    brush="cell",
    hidden=("input", "forget_gate"),
    prediction="area",
    arrangement="stacked",
    loop=True,
    speed=0.25,
    presenter=True,
    focus=2,
    tint="unit:cell",
)


def test_a_full_view_in_an_address() -> None:
    assert urlencode(FULL.to_query()) == (
        "layer=2&dir=both&step=12&steps=5.12&units=37.90&order=cluster&as=change&span=5-9&on=0.45"
        "&brush=cell&hide=input.forget_gate&prob=area&lay=stacked&loop=1&speed=0.25&big=1&focus=3&tint=unit%3Acell"
    )
    assert View().to_query() == {}


@pytest.mark.parametrize("view", [FULL, View(), View(threshold=1.0), View(threshold=0.0)])
def test_addresses_and_json_give_the_view_back(view: View) -> None:
    assert View.from_query(view.to_query()) == (view, ())
    assert View.from_json(json.loads(json.dumps(view.to_json()))) == view
    assert View.of(**view.to_json()) == view


def test_a_tint_that_is_known_to_be_missing_is_answered_with_a_sentence() -> None:
    assert View.from_query({"tint": "occlusion"}) == (View(tint="occlusion"), ())
    assert View.from_query({"tint": "occlusion"}, tints=["occlusion"])[0].tint == "occlusion"
    view, (notice,) = View.from_query({"tint": "occlusion", "step": "3"}, tints=["gradient"])
    assert view == View(step=2)
    assert notice.startswith("The address asks for tint='occlusion': expected one of answer,")
    assert View.from_query({"tint": "unit:cell"}, tints=[])[0].tint == "unit:cell"


def test_the_vectors_of_the_browser() -> None:
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    assert len(vectors) >= 30
    for vector in vectors:
        query = dict(reversed(parse_qsl(vector["query"].removeprefix("?"), keep_blank_values=True)))
        view, _ = View.from_query(query)
        assert view == View.of(**vector["view"]), vector["query"]


def test_links_of_the_first_version_still_work() -> None:
    old = {"cell": "gru", "layer": "2", "step": "15", "unit": "40"}
    assert View.from_query(old) == (View(layer=1, step=14, units=(40,)), ())


NONSENSE = st.text(max_size=30) | st.sampled_from(
    ["-1", "0", "1e3", "٣", "9" * 300, "1.1.1", "5-", "-", ".", "9-5", "nan", "0.5.5", "37."]
)


@given(st.dictionaries(st.sampled_from(sorted(WORDS)), NONSENSE))
@example({"units": "37."})
def test_any_address_gives_a_view_and_a_sentence_for_each_word_ignored(query) -> None:
    view, notices = View.from_query(query)
    again, none = View.from_query(view.to_query())
    assert (again, none) == (view, ())
    assert len(notices) <= len(query)
    assert all(sentence.startswith("The address asks for ") for sentence in notices)
    assert view.clamped(steps=1, layers=1, units=1).to_json()


@given(
    st.dictionaries(
        st.sampled_from(sorted(EXPECTED)),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
        | st.lists(st.integers() | st.text(max_size=5), max_size=12),
    )
)  # fmt: skip
def test_whatever_a_browser_sends_is_a_view(sent) -> None:
    view = View.from_json(sent)
    assert View.from_json(json.loads(json.dumps(view.to_json()))) == view
    assert View.from_json(None) == View()


def test_a_view_is_cut_to_what_a_reading_has() -> None:
    cut = FULL.clamped(steps=9, layers=1, units=40, readings=1)
    assert (cut.layer, cut.step, cut.steps, cut.units) == (0, None, (4,), (37,))
    assert (cut.span, cut.focus) == ((4, 8), 0)
    assert FULL.clamped(steps=8, layers=2, units=128).span is None


def test_a_wrong_word_in_code_is_named() -> None:
    with pytest.raises(
        ValueError, match="order: expected one of index, activity, cluster, got 'x'"
    ):
        View.of(order="x")
    with pytest.raises(ValueError, match="expected one of .*, got 'colour'"):
        View.of(colour="red")
    assert set(EXPECTED) == set(View().to_json())
    assert set(EXPECTED_WORDS) == set(WORDS)
