"""What the server holds of uploaded files. Oracle: the bytes in Streamlit's storage and session."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFile
from streamlit.testing.v1 import AppTest, local_script_runner

from rnnviz.explorer.digits.controls import UPLOAD as PICTURE
from rnnviz.explorer.parts import visitor
from rnnviz.explorer.text.choices import UPLOAD as TEXT
from rnnviz.explorer.train import upload
from rnnviz.explorer.train.upload import UPLOAD as LABELLED
from rnnviz.runs.store import RunStore
from tests.pages.conftest import Open
from tests.pages.test_train import said
from tests.pages.test_train_controls import GUESSED_WRONGLY
from tests.pages.texts import box

MEGABYTE = 1_000_000
SMALL = 5_000
"""Bytes that do not count."""


class Storage(MemoryUploadedFileManager):
    """The storage of a server, of which a page under test would have a new one at every run."""

    def __init__(self) -> None:
        super().__init__("/mock/upload")

    @property
    def size(self) -> int:
        return sum(len(one.data) for files in self.file_storage.values() for one in files.values())

    @property
    def count(self) -> int:
        return sum(map(len, self.file_storage.values()))


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Storage:
    made = Storage()
    monkeypatch.setattr(local_script_runner, "MemoryUploadedFileManager", lambda _: made)
    return made


def in_session(app: AppTest, key: str) -> int:
    """The bytes that the session itself holds in the value of a control."""
    value = app.session_state[key]
    files = value if isinstance(value, list) else [value]
    return sum(len(one.getvalue()) for one in files if isinstance(one, UploadedFile))


def picture(n: int) -> tuple[str, bytes]:
    """A bar, in a file of a megabyte: what follows a picture's end is not read."""
    pixels = np.full((60, 50), 255, np.uint8)
    pixels[10:50, 15 + n % 10 : 23 + n % 10] = 0
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return f"{n}.png", stream.getvalue().ljust(MEGABYTE, b"\0")


def text(n: int) -> tuple[str, bytes]:
    return f"{n}.html", f"<p>A film of {n} words.</p><!--{'x' * MEGABYTE}-->".encode()


def table(n: int) -> tuple[str, bytes]:
    rows = [f"{kind} {n} {i} {'word ' * 2_500},{kind}" for kind in ("yes", "no") for i in range(40)]
    return f"{n}.csv", "\n".join(["text,label", *rows]).encode()


def of_digits(app: AppTest, n: int) -> bool:
    return len(app.get("image")) == 1 and app.session_state["digits"].made is not None


def of_text(app: AppTest, n: int) -> bool:
    return str(box(app)["text"]) == f"A film of {n} words."


def of_train(app: AppTest, n: int) -> bool:
    return any(f"{n}.csv: 80 texts" in one.value.replace("\\", "") for one in app.caption)


Case = tuple[str, str, Callable[[int], tuple[str, bytes]], Callable[[AppTest, int], bool]]
CASES: dict[str, Case] = {
    "digits": ("pages/digits.py", PICTURE, picture, of_digits),
    "text": ("pages/text.py", TEXT, text, of_text),
    "train": ("pages/train.py", LABELLED, table, of_train),
}


@pytest.fixture
def opened(
    open_page: Open, text_page: Open, models: Path, request: pytest.FixtureRequest
) -> Callable[[str], AppTest]:
    def opened(page: str) -> AppTest:
        if page == "pages/text.py":
            return text_page()
        return open_page(page, **({"task": "own"} if "train" in page else {}))

    return opened


@pytest.mark.parametrize("name", CASES)
def test_twenty_uploads_leave_nothing_behind(
    name: str, opened: Callable[[str], AppTest], storage: Storage
) -> None:
    """And what was made of the last one is there, and stays."""
    page, key, made, shows = CASES[name]
    app = opened(page)
    for n in range(20):
        app.file_uploader(key=key).set_value((*made(n), "")).run()
        assert not app.exception and not app.warning
        assert shows(app, n)
        assert storage.size + in_session(app, key) < SMALL
    assert storage.count == 1, "the others are gone, not only empty"
    for _ in range(3):
        app.run()
        assert shows(app, 19) and not app.warning
        assert app.session_state[key].name == made(19)[0]


def test_what_cannot_be_read_leaves_nothing_behind(
    opened: Callable[[str], AppTest], storage: Storage
) -> None:
    for page, key, name in (
        ("pages/digits.py", PICTURE, "bad.png"),
        ("pages/text.py", TEXT, "bad.pdf"),
        ("pages/train.py", LABELLED, "bad.csv"),
    ):
        app = opened(page)
        app.file_uploader(key=key).upload(name, b"\0\1\2\3" * 250_000).run()
        sentence = said(app)
        assert not app.exception and sentence
        assert storage.size + in_session(app, key) < SMALL
        assert said(app.run()) == sentence, "nor is the empty file read"


COLUMNS = b"review,title,stars\n" + b"".join(
    b"%s %d,film %d,%s\n" % (word, n, n, word) for word in (b"good", b"bad") for n in range(30)
)


def test_a_table_stays_while_its_columns_are_there(
    opened: Callable[[str], AppTest], storage: Storage
) -> None:
    app = opened("pages/text.py")
    app.file_uploader(key=TEXT).upload("a.csv", COLUMNS).run()
    assert storage.size == len(COLUMNS)
    (column,) = [one for one in app.selectbox if one.label == "Column"]
    column.set_value("title").run()
    assert box(app)["text"] == "film 0"
    app.number_input[0].set_value(2).run()
    assert box(app)["text"] == "film 1"
    app.file_uploader(key=TEXT).set_value(("b.txt", b"A lovely film.", "")).run()
    assert storage.size == 0 and box(app)["text"] == "A lovely film."


def test_other_columns_are_read_from_the_disk(
    opened: Callable[[str], AppTest], storage: Storage
) -> None:
    app = opened("pages/train.py")
    app.file_uploader(key=LABELLED).upload("a.csv", COLUMNS).run()
    assert storage.size == 0 and app.session_state["train"].plan.text_column == "review"
    (column,) = [one for one in app.selectbox if one.label == "Column of texts"]
    column.set_value("title").run()
    assert not app.exception and not app.warning
    plan = app.session_state["train"].plan
    assert (plan.text_column, plan.label_column) == ("title", "stars")
    assert visitor.desk().store.data_path(plan.data).read_bytes() == COLUMNS


def test_a_table_whose_columns_have_to_be_chosen_stays_until_they_are(
    opened: Callable[[str], AppTest], storage: Storage
) -> None:
    app, data = opened("pages/train.py"), GUESSED_WRONGLY.encode()
    app.file_uploader(key=LABELLED).upload("a.csv", data).run()
    assert "xpected" in said(app) and storage.size == len(data)
    (labels,) = [one for one in app.selectbox if one.label == "Column of labels"]
    labels.set_value("mood").run()
    assert not app.warning and app.session_state["train"].plan.label_column == "mood"
    app.run()
    assert not app.warning and storage.size == 0


def test_a_file_that_the_server_has_cleared_is_asked_for(
    opened: Callable[[str], AppTest], storage: Storage
) -> None:
    app = opened("pages/train.py")
    app.file_uploader(key=LABELLED).upload("a.csv", COLUMNS).run()
    store = visitor.desk().store
    store.data_path(app.session_state["train"].plan.data).unlink()
    app.run()
    assert not app.exception and said(app) == upload.GONE
    assert app.button(key="train_start").disabled
    app.file_uploader(key=LABELLED).set_value(("a.csv", COLUMNS, "")).run()
    assert not app.warning and not app.button(key="train_start").disabled


def test_a_file_without_room_is_kept_until_there_is_some(
    opened: Callable[[str], AppTest], storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rnnviz.models.places import RunError

    def refuse(*_: object) -> None:
        raise RunError("expected room, got none: try again later")

    app = opened("pages/train.py")
    with monkeypatch.context() as full:
        full.setattr(RunStore, "admit", refuse)
        app.file_uploader(key=LABELLED).upload("a.csv", COLUMNS).run()
        assert "room" in said(app) and storage.size == len(COLUMNS)
    app.run()
    assert not app.warning and storage.size == 0
    assert app.session_state["train"].plan.text_column == "review"


def page() -> None:
    import streamlit as st

    from rnnviz.explorer.parts.uploads import run_of_page, uploaded_files

    with run_of_page():
        if st.session_state.get("shown", True):
            st.file_uploader("Several", key="several", accept_multiple_files=True)
            st.text(" ".join(one.name for one in uploaded_files("several")))


@pytest.fixture
def small(storage: Storage) -> AppTest:
    return AppTest.from_function(page).run()


def test_files_of_a_control_that_is_gone_are_gone(small: AppTest, storage: Storage) -> None:
    """Of another page, or of the same one after another choice; without a second run."""
    small.file_uploader[0].upload("a.zip", b"a" * 100).run()
    small.file_uploader[0].set_value([("a.zip", b"a" * 100, ""), ("b.zip", b"b" * 10, "")]).run()
    assert small.text[0].value == "a.zip b.zip" and storage.size == 110
    small.session_state["shown"] = False
    small.run()
    assert storage.size == storage.count == 0
