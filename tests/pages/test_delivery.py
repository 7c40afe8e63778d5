"""A page stays alive whatever part of a run Streamlit throws away, see `parts/rooms.py`."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from itertools import product

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

from rnnviz.data.passages import PASSAGES
from rnnviz.explorer.digits.address import FIGURES
from rnnviz.explorer.parts import warmup
from rnnviz.explorer.parts.delivery import send_whole_blocks
from rnnviz.explorer.text.address import FIGURES as TEXT_FIGURES
from tests.pages import test_compare, test_digits, test_figures, texts
from tests.pages.conftest import Open
from tests.pages.delivery import DeadPageError, may_be_kept, page_of, put, recorded

Run = list[ForwardMsg]


def outlives(runs: list[Run]) -> None:
    """Of any run only what browsers keep is delivered, to the page that any other has left."""
    kept = [[one for one in run if may_be_kept(one)] for run in runs]
    assert max(map(len, kept)) > 2, "a theatre and figures"
    first = next(index for index, one in enumerate(runs[0]) if may_be_kept(one))
    # The page of a visitor who has just come, of whose run nothing but its beginning is there.
    pages = [page_of(run) for run in (runs[0][:first], *runs)]
    for page, messages in product(pages, kept):
        changed = deepcopy(page)
        for message in messages:
            put(changed, message)


def test_the_digits_page_is_the_same_tree_in_every_state(open_page: Open) -> None:
    warmup.import_torch()
    with recorded() as runs:
        app = open_page(test_digits.PAGE)
        test_figures.drawn(app)
        app.session_state["digits_board"] = {"drawing": {"image": None, "strokes": []}}
        app.run()
        assert not app.warning
        test_digits.tell(app, "board", "drawing", test_digits.drawing())
        test_digits.tell(app, "board", "drawing", test_digits.drawing(ink=False))
        assert app.warning, "the board is empty"
        for name in FIGURES:
            app.button_group(key="digits_figure").set_value(name).run()
            test_figures.drawn(app)
        app.button(key="digits_pin").click().run()
        test_compare.pick(app, 3)
        assert test_digits.handed(app, "morph")
        app.toggle(key="digits_beside").set_value(True).run()
        test_figures.drawn(app)
        app.button_group(key="digits_cell").set_value("all").run()
        test_figures.drawn(app)
        assert not app.exception
    outlives(runs)


def test_the_text_page_is_the_same_tree_in_every_state(text_page: Open) -> None:
    with recorded() as runs:
        app = text_page()
        for name in (*TEXT_FIGURES, None):
            app.button_group(key="text_figure").set_value(name).run()
            if name is not None:
                texts.heard(app)
        texts.write(app, " ")
        assert app.warning, "nothing to read"
        app.button(key="text_pin").click().run()
        texts.write(app, PASSAGES[1].text)
        app.toggle(key="text_beside").set_value(True).run()
        assert len(texts.theatres(app)) == 2
        app.button_group(key="text_cell").set_value("all").run()
        assert not app.exception
    outlives(runs)


def test_the_browser_cannot_go_through_an_element() -> None:
    """The oracle of the tests above: the fault as it was, an alert in front of what follows."""
    column, alert = ForwardMsg(), ForwardMsg()
    column.metadata.delta_path.extend([0, 0])
    column.delta.add_block.SetInParent()
    alert.metadata.delta_path.extend([0, 0])
    alert.delta.new_element.alert.body = "The board is empty."
    chart = ForwardMsg(ref_hash="kept")
    chart.metadata.delta_path.extend([0, 0, 0])
    page = page_of([column])
    put(page, chart)
    with pytest.raises(DeadPageError, match="an element stands at 0"):
        put(page_of([alert]), chart)
    with pytest.raises(DeadPageError, match="nothing stands at 0"):
        put(page_of([]), chart)


def cleared(clear: Callable[..., None]) -> list[str]:
    """What is sent of a block, two references in it and one beside it, when its fragment runs."""
    block = ForwardMsg()
    block.metadata.delta_path.extend([0, 0])
    block.delta.add_block.SetInParent()
    block.delta.fragment_id = "stage"
    queue = ForwardMsgQueue()
    queue.enqueue(block)
    for name, path in (("inside", [0, 0, 0]), ("deep inside", [0, 0, 1, 0]), ("beside", [0, 1])):
        chart = ForwardMsg(ref_hash=name)
        chart.metadata.delta_path.extend(path)
        queue.enqueue(chart)
    clear(queue, retain_lifecycle_msgs=True, fragment_ids_this_run=["stage"])
    return [one.ref_hash for one in queue.flush()]


def test_references_are_cleared_together_with_their_blocks() -> None:
    send_whole_blocks()
    send_whole_blocks()
    whole = ForwardMsgQueue.clear
    assert cleared(whole) == ["beside"]
    # Why this is done, and why the pages are built so. When this fails, Streamlit has mended it.
    assert cleared(whole.__wrapped__) == ["inside", "deep inside", "beside"]
