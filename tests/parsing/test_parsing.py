"""Strangers' files in a process of their own.

Oracles: the readers themselves, what the system says of a process, and one sentence for a person.
Nothing here depends on how fast a machine is: limits are small where one is to be reached.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from rnnviz import parsing
from rnnviz.data import DataError, images, labelled, samples, texts
from rnnviz.data.documents import reading
from rnnviz.data.images import EmptyImageError
from rnnviz.models import checkpoint, storage, tokens
from rnnviz.models.places import RunError
from rnnviz.parsing import pool as pools
from rnnviz.parsing.asking import READERS, Limits
from rnnviz.parsing.line import LineError, receive, send
from rnnviz.parsing.pool import POOLS, Pool
from rnnviz.parsing.values import packed, unpacked
from rnnviz.runs import uploads
from tests import fake_reader
from tests.bombs import BOMBS, NETWORKS
from tests.documents import pdf, word

POSIX = pytest.mark.skipif(os.name == "nt", reason="this system has no such limits")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="asks /proc, and needs forks")


def sentence(error: BaseException) -> str:
    text = str(error)
    assert text.startswith("expected ") and ": " in text and "\n" not in text and len(text) < 600
    return text


def png(values: np.ndarray) -> bytes:
    made = io.BytesIO()
    Image.fromarray(values).save(made, "PNG")
    return made.getvalue()


TABLE = b"text,label\n" + b"".join(b"film %d,%d\n" % (n, n % 2) for n in range(30))
FILES = {
    "a.txt": "Ein schöner Film ☕ 👍🏽".encode(),
    "a.csv": TABLE,
    "a.jsonl": b'{"text": "good \\ud83d\\ude00"}\n{"text": "bad"}\n',
    "a.html": b"<p>good<p>bad",
    "a.pdf": pdf(["one line", "another"]),
    "a.docx": word("one", "two"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_document_is_what_its_reader_says(name: str) -> None:
    assert parsing.document(FILES[name], name) == reading.read(FILES[name], name)
    assert parsing.snippets(FILES[name], name) == reading.snippets(FILES[name], name)


def test_words_go_along() -> None:
    assert parsing.document(TABLE, "a.csv", column="label", row=3).text == "1"
    found = parsing.labelled(TABLE, "a.csv", "text", "label")
    assert found == replace(labelled.look(TABLE, "a.csv", "text", "label"), texts=())


def test_a_picture_is_what_its_reader_says() -> None:
    data = png(np.asarray(samples.load()[0])[6])
    found = parsing.picture(data)
    assert found.pixels.dtype == np.uint8 and found.notices == ()
    np.testing.assert_array_equal(found.pixels, images.read(data))


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda: parsing.document(b"", "a.txt"), DataError),
        (lambda: parsing.document(TABLE, "a.csv", column="none"), DataError),
        (lambda: parsing.document(b"x", "../../etc/a.exe"), DataError),
        (lambda: parsing.labelled(b"", "a.csv"), DataError),
        (lambda: parsing.picture(b"x"), images.ImageError),
        (lambda: parsing.picture(png(np.zeros((40, 40), np.uint8))), EmptyImageError),
    ],
)
def test_a_readers_own_error_comes_back(call: Callable[[], object], kind: type) -> None:
    with pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind
    sentence(caught.value)


# What misbehaves: readers of our own, in a process that is otherwise the same.


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    for name, reader in fake_reader.FAKES.items():
        monkeypatch.setitem(READERS, name, reader)
    made = Pool(1, module="tests.fake_reader")
    yield made
    made.close()


def ask(pool: Pool, reader: str, data: bytes = b"x", **options: object) -> tuple[str, ...]:
    words = options.pop("words", {})
    return pool.ask(reader, [data], words, name="a.txt", **options)


def refused(pool: Pool, reader: str, said: str, **options: object) -> str:
    with pytest.raises(DataError, match=said) as caught:
        ask(pool, reader, **options)
    assert ask(pool, "echo", b"hello") == ("hello",), "the next file is read"
    return sentence(caught.value)


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or is dead and waits for whoever started it."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return True
    return text.rpartition(")")[2].split()[0] in "ZX"


def until(what: Callable[[], bool]) -> None:
    """Wait for a state; a hundred seconds tell a slow machine from a fault."""
    end = time.monotonic() + 100
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)


@POSIX
def test_a_file_that_takes_too_long_is_ended(odd: Pool) -> None:
    said = refused(odd, "take_time", "that is read in 1 seconds, got a.txt, which takes longer")
    assert "take a part of it" in said


@LINUX
def test_a_file_that_takes_too_much_memory_is_ended(odd: Pool) -> None:
    refused(odd, "take_memory", "with 200 MB of memory, got a.txt, which needs more")
    # A reader may have taken the error for damage.
    refused(odd, "hide_memory", "with 200 MB of memory, got a.txt, which needs more")


def test_what_does_nothing_is_ended_by_the_clock(odd: Pool) -> None:
    limits = Limits(wall_seconds=0.2)
    assert ask(odd, "echo", b"warm") == ("warm",)
    refused(odd, "sleep", "takes longer", limits=limits)


@pytest.mark.parametrize("reader", ["leave", "other_kind"])
def test_a_file_that_ends_its_reader_is_told(odd: Pool, reader: str) -> None:
    refused(odd, reader, "got a.txt, which ends the program that reads it: save it again")


@POSIX
def test_an_abort_is_told(odd: Pool) -> None:
    """As a library ends that is written in another language, when it has no more memory."""
    refused(odd, "abort", "of memory, got a.txt, which needs more")


def test_an_answer_has_a_bound(odd: Pool) -> None:
    refused(odd, "echo", "at most 1 MB in it, got a.txt", words={"times": 2_000_000})


def test_an_error_of_this_program_is_a_sentence_and_in_the_log(
    odd: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    refused(odd, "broken", "got a.txt, at which it fails with ZeroDivisionError: save it again")
    assert "ZeroDivisionError: of this program" in caplog.text


def test_a_kind_of_the_readers_own_error_keeps_its_kind(odd: Pool) -> None:
    with pytest.raises(fake_reader.OddError, match="^expected a film, got none: bring one$"):
        ask(odd, "refuse")


def test_what_a_library_prints_is_no_answer(odd: Pool) -> None:
    assert ask(odd, "chatter") == ("quiet",)
    assert ask(odd, "echo", b"next") == ("next",)


def test_it_gets_no_secrets(odd: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    found = ask(odd, "environment")
    assert "PATH" in found and "HF_TOKEN" not in found


@LINUX
def test_limits_begin_with_the_file(odd: Pool) -> None:
    """Each file has its own: what the one before took does not count."""
    first, second = ask(odd, "limits"), ask(odd, "limits")
    assert first[:2] == second[:2] == ("1", "0")
    assert 200_000_000 < int(first[2]) < 2_000_000_000


@LINUX
def test_all_that_a_file_started_ends_with_it(odd: Pool, tmp_path: Path) -> None:
    place = tmp_path / "pid"

    def seen() -> None:
        if place.exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(odd, "start_another", str(place).encode(), alive=seen)
    until(lambda: has_ended(int(place.read_text())))
    assert ask(odd, "echo", b"hello") == ("hello",)


def test_a_file_whose_visitor_has_left_is_not_read_on(odd: Pool) -> None:
    ask(odd, "echo")
    (process,) = odd._idle

    def gone() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(odd, "sleep", alive=gone)
    assert not process.lives and not odd._busy and not odd._idle


def test_more_than_fits_is_told(odd: Pool) -> None:
    left, reads = threading.Event(), threading.Event()

    def alive() -> None:
        reads.set()
        if left.is_set():
            raise KeyboardInterrupt

    def hold() -> None:
        with pytest.raises(KeyboardInterrupt):
            ask(odd, "sleep", alive=alive)

    thread = threading.Thread(target=hold)
    thread.start()
    assert reads.wait(100)
    with pytest.raises(DataError, match="expected a free place to read a.txt, got none") as caught:
        ask(odd, "echo", wait_seconds=0.0)
    sentence(caught.value)
    left.set()
    thread.join(100)
    assert ask(odd, "echo", b"hello") == ("hello",)


def test_one_that_died_while_it_waited_is_replaced(odd: Pool) -> None:
    ask(odd, "echo")
    (process,) = odd._idle
    process._popen.kill()
    process._popen.wait()
    assert ask(odd, "echo", b"hello") == ("hello",)


def test_no_process_is_told(odd: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*words: object, **options: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", fail)
        with pytest.raises(DataError, match="Resource temporarily unavailable") as caught:
            ask(odd, "echo")
        sentence(caught.value)
    assert ask(odd, "echo", b"hello") == ("hello",)


def test_a_process_that_does_not_start_is_told(odd: Pool, caplog: pytest.LogCaptureFixture) -> None:
    none = Pool(module="tests.no_such_module")
    with pytest.raises(DataError, match="try again in a minute") as caught:
        ask(none, "echo")
    sentence(caught.value)
    assert "could not be started" in caplog.text


def test_a_process_that_starts_for_ever_is_told(odd: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "START_SECONDS", 0.0)
    with pytest.raises(DataError, match="no process that starts"):
        ask(Pool(module="http.server"), "echo")


SERVER = """
import os, signal, sys
from rnnviz.parsing.pool import Pool
pool = Pool()
pool.ask("document", [b"good"], {"name": "a.txt"}, name="a.txt")
print(pool._idle[0].pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@LINUX
def test_it_ends_with_the_server_however_that_ends() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVER], capture_output=True, text=True, cwd=pools.ROOT
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    until(lambda: has_ended(int(done.stdout)))


# Files that ask for much. The limits are a fraction of what a server allows.


def resident(pid: int | str = "self") -> int:
    pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@LINUX
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_read_or_told_and_harms_nobody(name: str) -> None:
    """Whatever a file asks for, here it has a second and 100 MB, and we take none of it."""
    reader, make, called = BOMBS[name]
    data = make()
    words = {} if reader == "picture" else {"name": called}
    before = resident()
    limits = Limits(seconds=1, megabytes=100, wall_seconds=300.0, answer=20)
    try:
        POOLS["files"].ask(reader, [data], words, name=called, limits=limits)
    except DataError as error:
        assert "this program can read" not in sentence(error)
    assert resident() - before < 60_000_000
    assert parsing.document(b"hello", "a.txt").text == "hello"


@LINUX
@pytest.mark.parametrize(
    "page",
    [
        *("<a " * 200_000, "<!--a>" * 150_000, "<![CDATA[a>" * 100_000, "<?" * 100_000),
        *("<script>a</scrip>" * 100_000, "<b>" * 400_000, "&" * 400_000, "</b" * 100_000),
        *("<div>" * 50_000 + "x", "<p>" + " \t" * 1_000_000 + "x", "<pre>" + "\n" * 10**6 + "x"),
    ],
    ids=lambda page: page[:10],
)
def test_no_page_takes_long(page: str) -> None:
    """Python's parser looks at the rest of a page again for each `<` that does not close."""
    words = {"name": "a.html"}
    limits = Limits(seconds=1, megabytes=300, wall_seconds=300.0)
    try:
        POOLS["files"].ask("document", [page.encode()], words, name="a.html", limits=limits)
    except DataError as error:
        assert "this program can read" not in sentence(error)


def test_texts_of_a_training_are_what_their_reader_says(tmp_path: Path) -> None:
    path = tmp_path / "0123.csv"
    path.write_bytes(TABLE)
    found, wanted = parsing.labelled_texts(path, most_classes=3), texts.read(path)
    assert (found.texts, found.names, found.source) == (wanted.texts, wanted.names, path.name)
    np.testing.assert_array_equal(found.labels, wanted.labels)
    with pytest.raises(DataError, match="a column 'none' in 0123.csv, got") as caught:
        parsing.labelled_texts(path, label_column="none")
    sentence(caught.value)


@LINUX
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_that_asks_for_much_is_told(name: str) -> None:
    files = NETWORKS[name]()
    words = {"names": [one for one, _ in files]}
    before = resident()
    limits = Limits(seconds=10, megabytes=400, wall_seconds=300.0, answer=20)
    with pytest.raises(RunError) as caught:
        POOLS["networks"].ask(
            "network", [data for _, data in files], words, name="this one", limits=limits
        )
    assert "this program can read" not in sentence(caught.value)
    assert resident() - before < 60_000_000


def test_a_network_comes_back_as_we_write_it(tmp_path: Path) -> None:
    """Oracle: what `checkpoint.load` and `tokens.load` read of the files before and after."""
    folder = storage.PRETRAINED / "imdb-gru"
    names = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
    found = uploads.bounded([(name, (folder / name).read_bytes()) for name in names])
    for name, data in found.files.items():
        (tmp_path / name).write_bytes(data)
    ours, theirs = checkpoint.load(tmp_path), checkpoint.load(folder)
    assert ours.config == theirs.config
    for name, value in ours.state_dict().items():
        assert torch.equal(value, theirs.state_dict()[name])
    assert tokens.load(tmp_path).files() == tokens.load(folder).files()
    assert found.parameters == sum(one.numel() for one in theirs.parameters())


# The line, and what goes over it.


@given(st.binary(max_size=80))
def test_no_bytes_on_the_line_do_harm(data: bytes) -> None:
    for line in (data, b"\0" * 7 + data, b"\0" * 7 + b"\x02" + b"\0" * 7 + b"\x01" + data):
        try:
            said, parts = receive(io.BytesIO(line), 1000)
        except (EOFError, LineError):
            continue
        assert isinstance(said, dict) and all(isinstance(one, bytes) for one in parts)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(said=st.dictionaries(st.text(), PLAIN, max_size=4), parts=st.lists(st.binary(), max_size=3))
def test_a_message_comes_as_it_went(said: dict[str, object], parts: list[bytes]) -> None:
    line = io.BytesIO()
    send(line, said, parts)
    line.seek(0)
    assert receive(line, 10**6) == (said, parts)


@dataclass(frozen=True)
class Inner:
    count: int
    share: float


@dataclass(frozen=True)
class Everything:
    text: str
    yes: bool
    maybe: str | None
    raw: bytes
    many: tuple[str, ...]
    pair: tuple[str, int]
    pairs: list[tuple[int, bool]]
    counted: dict[str, int]
    inner: Inner
    inners: tuple[Inner, ...]
    numbers: np.ndarray


WHOLE = Everything(
    "half \ud800 and whole 👍🏽", True, None, b"\0\xff", ("a", ""), ("b", 2), [(1, False)],
    {"x": 3}, Inner(4, 0.5), (Inner(5, 1.0),), np.arange(6, dtype=np.int64).reshape(2, 3),
)  # fmt: skip


def test_values_come_as_they_went() -> None:
    parts: list[bytes] = []
    line = io.BytesIO()
    send(line, {"answer": packed(WHOLE, parts)}, parts)
    line.seek(0)
    said, parts = receive(line, 10**6)
    found = unpacked(Everything, said["answer"], parts)
    assert replace(found, numbers=0) == replace(WHOLE, numbers=0)
    np.testing.assert_array_equal(found.numbers, WHOLE.numbers)
    assert type(found.many) is tuple and type(found.pairs[0]) is tuple


@given(PLAIN)
def test_no_answer_becomes_another_kind(value: object) -> None:
    for kind in (Everything, Inner, str, tuple[str, ...], dict[str, int], bytes, int, np.ndarray):
        try:
            found = unpacked(kind, value, [b"abc"])
        except (ValueError, OverflowError):
            continue
        assert isinstance(found, getattr(kind, "__origin__", kind))
