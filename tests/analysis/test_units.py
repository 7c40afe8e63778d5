"""Brushed units. Oracles: the vectors that the browser's twin is tested with, and a plain loop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnviz.analysis.units import UnitOn, units_on, units_throughout

VECTORS = json.loads((Path(__file__).parents[1] / "js" / "brush.json").read_text(encoding="utf-8"))


def plain(found: list[UnitOn]) -> list[dict[str, Any]]:
    return [
        {"unit": one.unit, "sign": one.sign, "least": one.least, "most": one.most} for one in found
    ]


@pytest.mark.parametrize("vector", VECTORS, ids=range(len(VECTORS)))
def test_the_vectors_of_the_browsers_twin(vector: dict[str, Any]) -> None:
    given = (np.array(vector["values"]), tuple(vector["span"]), vector["threshold"])
    sign = vector.get("sign")
    for found, wanted in (
        (units_on(*given, sign), vector["units"]),
        (units_throughout(*given, sign), vector["throughout"]),
    ):
        assert len(found) == len(wanted)
        for one, other in zip(plain(found), wanted, strict=True):
            assert one == pytest.approx(other, abs=1e-9)


def test_every_unit_is_judged_as_a_loop_over_steps_would() -> None:
    values = np.random.default_rng(3).uniform(-1, 1, (7, 40)).round(2)
    span, threshold = (2, 3), 0.2
    wanted = set()
    for unit in range(40):
        for sign in (1, -1):
            inside = [sign * values[t, unit] for t in range(7) if 2 <= t <= 3]
            outside = [sign * values[t, unit] for t in range(7) if not 2 <= t <= 3]
            if all(v >= threshold for v in inside) and all(v < threshold for v in outside):
                wanted.add((unit, sign))
    found = units_on(values, span, threshold)
    assert {(one.unit, one.sign) for one in found} == wanted and wanted
    margins = [one.margin for one in found]
    assert margins == sorted(margins, reverse=True)
    assert wanted <= {(one.unit, one.sign) for one in units_throughout(values, span, threshold)}


def test_errors_say_what_was_expected() -> None:
    with pytest.raises(ValueError, match="expected values .* the span 1 to 9"):
        units_on(np.zeros((4, 2)), (1, 9))
    with pytest.raises(ValueError, match="expected sign 1, -1 or None"):
        units_on(np.zeros((4, 2)), (1, 2), sign=2)
