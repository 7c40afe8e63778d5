"""The vocabulary of signals against the Step records, and its colours against colour science."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from rnnviz.notation.cells import DRAWN, vocabulary
from rnnviz.notation.palette import (
    BELOW,
    PAPER,
    THEMES,
    Theme,
    diverging,
    hexadecimal,
    oklab,
    sequential,
)
from rnnviz.notation.signals import SIGNALS
from tests.oracle import described


def test_every_field_of_every_step_has_an_entry() -> None:
    from rnnviz.nn.cells.kinds import KINDS

    for cell, kind in KINDS.items():
        assert set(DRAWN[cell]) == set(kind.step._fields)
    assert set(SIGNALS) == {name for names in DRAWN.values() for name in names}


def test_ranges_are_fixed_by_meaning() -> None:
    for signal in SIGNALS.values():
        if signal.name.endswith("_gate"):
            assert (signal.kind, signal.low, signal.high) == ("gate", 0, 1)
        else:
            assert signal.kind == "signed"
            assert signal.low == -signal.high
    assert SIGNALS["hidden"].high == SIGNALS["candidate"].high == 1


def test_the_sentence_of_a_hover() -> None:
    sentence = described("forget_gate", 0.93, unit=37, step=12)
    assert sentence == "forget gate of unit 37 at row 12: 0.93, keeps 93 % of the cell"
    assert described("update_gate", 0.25, unit=0, step=1).endswith(
        "0.25, keeps 25 % of the old state, takes 75 % from the candidate"
    )
    assert "below the drawn range" in described("cell", -4.5, unit=0, step=1)
    assert "above the drawn range" in described("cell", 4.5, unit=0, step=1)
    assert described("hidden", 0.0, unit=0, step=1).endswith("0.00, says next to nothing")


@pytest.mark.parametrize("name", SIGNALS)
def test_some_words_fit_every_value(name: str) -> None:
    signal = SIGNALS[name]
    for value in np.linspace(signal.low * 1.5, signal.high * 1.5, 50):
        words = signal.words(float(value))
        assert words
        assert "{" not in words


def test_gates_keep_their_hue_and_no_two_share_one() -> None:
    for theme in THEMES:
        hues = [signal.hue[theme] for signal in SIGNALS.values()]
        assert len(set(hues)) == len(hues)


def test_an_unknown_cell_is_named() -> None:
    with pytest.raises(ValueError, match="expected one of rnn, gru, lstm, mgu, got 'mamba'"):
        vocabulary("mamba")


# Viénot, Brettel and Mollon 1999: linear RGB as seen without long- or medium-wave cones.
DICHROMATS = {
    "protan": [[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]],
    "deutan": [[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]],
}


def seen(colour: str, kind: str) -> np.ndarray:
    """The OKLab place of a colour as a dichromat sees it."""
    encoded = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    mixed = (np.array(DICHROMATS[kind]) @ linear).clip(0, 1)
    back = np.where(mixed <= 0.0031308, mixed * 12.92, 1.055 * mixed ** (1 / 2.4) - 0.055)
    return oklab("#" + "".join(f"{round(channel * 255):02x}" for channel in back))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("kind", DICHROMATS)
@pytest.mark.parametrize("cell", DRAWN)
def test_the_lines_of_one_cell_differ_for_colour_blind_eyes(
    theme: Theme, kind: str, cell: str
) -> None:
    hues = [seen(SIGNALS[name].hue[theme], kind) for name in DRAWN[cell]]
    for one, other in itertools.combinations(hues, 2):
        assert np.linalg.norm(one - other) > 0.07


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", [name for name in SIGNALS if name.endswith("_gate")])
def test_a_sequential_ramp_runs_one_way_in_lightness(theme: Theme, name: str) -> None:
    ramp = [oklab(colour)[0] for colour in SIGNALS[name].ramp(theme)]
    steps = np.diff(ramp)
    assert (steps < 0).all() if theme == "light" else (steps > 0).all()
    assert SIGNALS[name].ramp(theme)[0] == PAPER[theme]


@pytest.mark.parametrize("theme", THEMES)
def test_a_diverging_ramp_is_paper_at_zero_and_evens_out_on_both_sides(theme: Theme) -> None:
    ramp = diverging(theme)
    assert ramp[4] == PAPER[theme]
    lightness = np.array([oklab(colour)[0] for colour in ramp])
    away = np.abs(lightness - lightness[4])
    assert (np.diff(away[4:]) > 0).all()
    assert (np.diff(away[:5]) < 0).all()
    assert BELOW[theme] not in ramp
    with pytest.raises(ValueError, match="odd number"):
        diverging(theme, 8)


def test_oklab_there_and_back() -> None:
    for colour in ("#000000", "#ffffff", "#0b5fb0", "#c44e00"):
        assert hexadecimal(oklab(colour)) == colour
    assert oklab("#ffffff") == pytest.approx([1, 0, 0], abs=1e-4)
    with pytest.raises(ValueError, match="#rrggbb"):
        oklab("red")
    assert len(sequential("#00805c", "light", 5)) == 5
