"""The address of the Digits page, there and back, and against nonsense."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rnnviz.address import CELLS, RANGES, READOUTS, DigitsAddress, read_query

addresses = st.builds(
    DigitsAddress,
    cell=st.sampled_from(CELLS),
    readout=st.sampled_from(READOUTS),
    sample=st.integers(*RANGES["sample"]),
    layer=st.none() | st.integers(*RANGES["layer"]),
    step=st.none() | st.integers(*RANGES["step"]),
    unit=st.none() | st.integers(*RANGES["unit"]),
)


@given(addresses)
def test_an_address_there_and_back(address: DigitsAddress) -> None:
    assert read_query(address.to_query()) == (address, ())


@given(st.dictionaries(st.sampled_from(["cell", "readout", *RANGES]), st.text(max_size=40)))
def test_any_word_is_understood_or_named(query: dict[str, str]) -> None:
    address, notices = read_query(query)
    understood = read_query(address.to_query())
    assert understood == (address, ())
    for notice in notices:
        assert "expected" in notice
        assert len(notice) < 200


def test_what_is_usual_stays_out() -> None:
    assert DigitsAddress().to_query() == {}
    assert DigitsAddress(cell="gru", unit=0).to_query() == {"cell": "gru", "unit": "0"}
    assert DigitsAddress(cell="gru", readout="last").model == "mnist-gru-last"
    assert read_query({"cell": "GRU", "other": "word"}) == (DigitsAddress(cell="gru"), ())
