"""The front door: three sentences, the theatre running small, and doors that lead somewhere."""

from __future__ import annotations

import pytest

from rnnviz.explorer.digits import opening
from rnnviz.explorer.pages import PAGES
from tests.pages.conftest import Open
from tests.pages.test_digits import handed


def test_it_says_what_this_is_and_plays_the_stored_reading(open_page: Open) -> None:
    app = open_page("pages/home.py")
    assert not app.exception
    introduction = app.markdown[0].value
    assert introduction.count(". ") + introduction.endswith(".") == 3
    if opening.load() is None:
        pytest.skip("no stored reading yet: python -m rnnviz.explorer.digits.opening")
    (data,) = handed(app, "theatre")
    assert data["readings"] == [opening.load()]
    assert data["options"]["autoplay"] and data["options"]["size"] == "small"


def test_every_other_page_has_a_door(open_page: Open) -> None:
    app = open_page("pages/home.py")
    doors = [link.proto.page for link in app.get("page_link")]
    assert doors == [page.path for page in PAGES[1:]]
    assert [caption.value for caption in app.caption[: len(doors)]] == [
        page.door for page in PAGES[1:]
    ]
