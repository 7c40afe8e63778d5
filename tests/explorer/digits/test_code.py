"""What "Show code" says, run as a program. Oracle: what the page shows for the same address."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rnnviz.data import samples
from rnnviz.explorer.digits import exhibit
from rnnviz.explorer.digits.address import DigitsAddress
from rnnviz.explorer.digits.code import WIDTH, digits_code
from rnnviz.models import checkpoint
from rnnviz.models.reader import read_digit
from rnnviz.theatre.standalone import page
from rnnviz.theatre.view import View
from tests import forked

DRAWN = np.random.default_rng(7).integers(0, 256, 784, dtype=np.uint8).tobytes()
BUSY = View(
    layer=1,
    step=11,
    steps=(4, 11),
    units=(37, 90),
    order="cluster",
    values="change",
    span=(4, 8),
    threshold=0.4,
    brush="candidate",
    hidden=("input", "attention"),
    prediction="area",
    arrangement="stacked",
    loop=True,
    speed=2.0,
    presenter=True,
    focus=2,
)
VIEWS = {
    "the opening": (DigitsAddress(), View()),
    "three cells, a pinned drawing and everything chosen": (
        DigitsAddress(cell="all", readout="last", sample=3, pinned=DRAWN, morph=40),
        BUSY,
    ),
    "a drawing and a pinned sample side by side": (
        DigitsAddress(cell="gru", sample=None, image=DRAWN, pin=15, beside=True),
        View(units=(3,), focus=1),
    ),
    "the difference to the ghost": (DigitsAddress(cell="rnn", pin=2), View(values="difference")),
    "a view that no longer fits": (
        DigitsAddress(),
        View(layer=9, direction="both", steps=(99,), units=(500, 3), values="difference", focus=2),
    ),
}


def said(html: str) -> tuple[str, ...]:
    """Everything in a saved page that is not the same in all of them: title, view and readings."""
    title = re.search("<title>(.*?)</title>", html)
    data = re.search('id="readings">(.*?)</script>', html)
    assert title and data
    return title[1], data[1]


def run(code: str, folder: Path) -> str:
    """Run the lines as a notebook would, and return the page that the last one shows."""
    above, call = code.split("rnnviz.show(")
    program = folder / "cell.py"
    shown = folder / "shown.html"
    program.write_text(f"{above}shown = rnnviz.show({call}\nshown.save({str(shown)!r})\n")
    forked.run(program)
    return shown.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", VIEWS)
def test_the_lines_show_what_the_page_shows(name: str, tmp_path: Path) -> None:
    address, view = VIEWS[name]
    code = digits_code(address, view)
    readings = exhibit.readings(address)
    has_ghost = readings[0].ghost is not None
    fitting = replace(
        view.clamped(steps=28, layers=2, units=128, readings=len(readings)),
        direction="forward",
        values=view.values if has_ghost or view.values != "difference" else "raw",
    )
    cells = " and ".join(dict.fromkeys(reading.title for reading in readings))
    expected = page(readings, title=f"{cells} reading 28 rows", view=fitting)
    assert said(run(code, tmp_path)) == said(expected)
    assert max(map(len, code.splitlines())) <= WIDTH
    assert len(code.splitlines()) <= 12 + 2 * 13  # a drawing takes up to 13 lines


def test_the_opening_takes_few_lines() -> None:
    assert digits_code(DigitsAddress(), View(layer=1, units=(3, 7))).splitlines() == [
        "import rnnviz",
        "from rnnviz.explorer.digits import exhibit",
        "from rnnviz.models import checkpoint",
        "",
        "picture = exhibit.sample(8)",
        'tasks = [exhibit.Task("mnist-lstm", picture)]',
        "readings = [exhibit.read(checkpoint.load(task.model), task) for task in tasks]",
        "",
        "rnnviz.show(*readings, layer=1, units=[3, 7])",
    ]


def test_a_morph_goes_from_the_pinned_digit_to_the_present_one() -> None:
    picture, pinned = exhibit.sample(3), exhibit.sample(15)
    assert exhibit.morph(picture, pinned, 0).pixels == pinned.pixels
    assert exhibit.morph(picture, pinned, 100).pixels == picture.pixels
    mixed = exhibit.morph(picture, pinned, 40).image.astype(float)
    expected = picture.image * 0.4 + pinned.image * 0.6
    assert np.abs(mixed - expected).max() <= 0.5
    assert exhibit.morph(picture, pinned, 40).truth is None
    with pytest.raises(ValueError, match=r"percent: expected 0\.\.100, got 101"):
        exhibit.morph(picture, pinned, 101)


def test_an_exhibit_reads_what_the_address_says() -> None:
    address = DigitsAddress(cell="all", sample=3, pin=15)
    shown = exhibit.readings(address)
    assert [reading.cell for reading in shown] == ["lstm", "gru", "rnn"]
    for reading in shown:
        model = checkpoint.load(reading.name)
        alone = read_digit(model, exhibit.sample(3).image, name=reading.name)
        below = read_digit(model, exhibit.sample(15).image, name=reading.name)
        assert reading.ghost is not None
        for name, values in alone.layers[1].forward.items():
            assert (reading.layers[1].forward[name] == values).all()
            ghost = reading.ghost.layers[1].forward[name]
            assert (ghost == below.layers[1].forward[name]).all()
        assert reading.ghost.name == f"pinned digit: {exhibit.sample(15).source}"
    beside = exhibit.tasks(replace(address, cell="gru", beside=True))
    assert [(task.picture, task.ghost) for task in beside] == [
        (exhibit.sample(3), None),
        (exhibit.sample(15), None),
    ]


def test_a_drawing_on_the_way_from_a_pinned_digit_is_read_as_mixed_here() -> None:
    drawn = np.frombuffer(DRAWN, np.uint8).reshape(28, 28)
    images, _ = samples.load()
    mixed = np.rint(0.3 * drawn + 0.7 * images[14]).astype(np.uint8)
    address = DigitsAddress(cell="gru", sample=None, image=DRAWN, pin=15, morph=30, beside=True)
    first, second = exhibit.readings(address)
    model = checkpoint.load("mnist-gru")
    for shown, image in ((first, mixed), (second, images[14])):
        expected = read_digit(model, image, name="mnist-gru")
        assert shown.image is not None and (shown.image == image).all()
        assert (shown.layers[1].forward["hidden"] == expected.layers[1].forward["hidden"]).all()
        assert shown.ghost is None
    assert (first.truth, second.title) == (None, "GRU, pinned digit")


def test_there_is_no_sample_beyond_the_last() -> None:
    with pytest.raises(ValueError, match=r"sample: expected 1\.\.20, got 21"):
        exhibit.sample(21)
