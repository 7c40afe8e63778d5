"""The loader of MNIST. Oracles: raw idx bytes, a fresh Python, and files broken on purpose."""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import shutil
import socket
import subprocess
import sys
import textwrap
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from rnnviz.data import DataError, MissingDataError, mnist


def idx(array: np.ndarray) -> bytes:
    """An array of bytes in the idx format: type 8, number of dimensions, each size, the bytes."""
    sizes = np.array([0x800 + array.ndim, *array.shape], dtype=">u4")
    return sizes.tobytes() + array.astype(np.uint8).tobytes()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with seven invented training images and five test images."""
    random = np.random.default_rng(0)
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for split, count in (("train", 7), ("test", 5)):
        images, labels = (raw / name for name in mnist.FILES[split])
        images.write_bytes(idx(random.integers(0, 256, (count, 28, 28))))
        labels.write_bytes(idx(np.arange(count)))
    monkeypatch.setenv("RNNVIZ_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """No address answers; the list holds what was asked for."""
    asked: list[str] = []

    def refuse(request: urllib.request.Request, *_: object, **__: object) -> None:
        asked.append(request.full_url)
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    return asked


@pytest.mark.parametrize(("split", "count"), [("train", 60_000), ("test", 10_000)])
def test_real_mnist_equals_its_bytes(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch, split: str, count: int
) -> None:
    monkeypatch.setenv("RNNVIZ_DATA", str(data_folder))
    images, labels = mnist.load(split)
    image_bytes, label_bytes = (
        (data_folder / "MNIST" / "raw" / name).read_bytes() for name in mnist.FILES[split]
    )
    assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
    assert images.shape == (count, 28, 28) and labels.shape == (count,)
    assert images.tobytes() == image_bytes[16:]
    assert labels.astype(np.uint8).tobytes() == label_bytes[8:]


def test_a_small_folder_is_read(folder: Path) -> None:
    images, labels = mnist.load("train")
    assert images.shape == (7, 28, 28)
    assert labels.tolist() == list(range(7))


@pytest.mark.parametrize("dotted", [False, True])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("place", ["MNIST/raw", "MNIST", "mnist", "."])
def test_files_as_they_were_fetched_by_hand(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch,
    dotted: bool, packed: bool, place: str,
) -> None:  # fmt: skip
    """Packed, with a dot in the name, without the folders of torchvision: they are these images."""
    wanted = mnist.load("test")
    other = tmp_path_factory.mktemp("other")
    (other / place).mkdir(parents=True, exist_ok=True)
    for name in mnist.FILES["test"]:
        contents = (folder / "MNIST" / "raw" / name).read_bytes()
        name = name.replace("-idx", ".idx") if dotted else name
        path = other / place / (f"{name}.gz" if packed else name)
        path.write_bytes(gzip.compress(contents) if packed else contents)
    monkeypatch.setenv("RNNVIZ_DATA", str(other))
    assert all(map(np.array_equal, mnist.load("test"), wanted))
    with pytest.raises(MissingDataError, match="train-images-idx3-ubyte"):
        mnist.load("train")
    with pytest.raises(MissingDataError, match="FashionMNIST"):
        mnist.load("test", name="fashion-mnist")


def test_a_damaged_archive_is_one_sentence(folder: Path) -> None:
    raw = folder / "MNIST" / "raw"
    images = raw / mnist.FILES["test"][0]
    whole = gzip.compress(images.read_bytes())
    images.unlink()
    packed = raw / f"{images.name}.gz"
    for damaged in (b"", b"not packed", whole[:100], whole[:40] + b"xxxx" + whole[44:]):
        packed.write_bytes(damaged)
        with pytest.raises(DataError, match="get it again") as failure:
            mnist.load("test")
        assert "\n" not in str(failure.value)
    packed.write_bytes(gzip.compress(b"\0" * (mnist.MOST_BYTES + 100)))
    with pytest.raises(DataError, match="something else"):
        mnist.load("test")


@pytest.mark.parametrize("name", ["fashion-mnist", "kmnist"])
def test_the_relatives_come_with_the_same_lines(folder: Path, name: str) -> None:
    shutil.copytree(folder / "MNIST", folder / mnist.CLASSES[name])
    assert np.array_equal(mnist.load("test", name=name)[0], mnist.load("test")[0])


def test_nothing_is_downloaded_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_network: list[str]
) -> None:
    monkeypatch.setenv("RNNVIZ_DATA", str(tmp_path))
    with pytest.raises(MissingDataError, match="RNNVIZ_DATA"):
        mnist.load("test")
    assert no_network == []


def test_no_network_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_network: list[str]
) -> None:
    monkeypatch.setenv("RNNVIZ_DATA", str(tmp_path))
    before = socket.getdefaulttimeout()
    with pytest.raises(DataError, match="check the network") as failure:
        mnist.load("test", download=True)
    assert "\n" not in str(failure.value)
    assert no_network, "the download was not tried"
    assert list(tmp_path.iterdir()) == []
    assert socket.getdefaulttimeout() == before


@pytest.fixture
def served() -> Iterator[Callable[[Path], str]]:
    """A function that serves a folder over HTTP and returns its address."""
    servers: list[http.server.ThreadingHTTPServer] = []

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    def serve(folder: Path) -> str:
        handler = functools.partial(Quiet, directory=str(folder))
        servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}/"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_download_is_checked_and_put_in_place(
    folder: Path,
    served: Callable[[Path], str],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """torchvision's own download runs, from this machine and with the sums of our small files."""
    mirror = tmp_path_factory.mktemp("mirror")
    resources = []
    for file in (name for names in mnist.FILES.values() for name in names):
        packed = gzip.compress((folder / "MNIST" / "raw" / file).read_bytes(), mtime=0)
        (mirror / f"{file}.gz").write_bytes(packed)
        resources.append((f"{file}.gz", hashlib.md5(packed).hexdigest()))
    dataset = mnist.torchvision_datasets().MNIST
    monkeypatch.setattr(dataset, "mirrors", [served(mirror)])
    monkeypatch.setattr(dataset, "resources", resources)

    goal = tmp_path_factory.mktemp("goal") / "not yet there"
    wanted = mnist.load("test")
    monkeypatch.setenv("RNNVIZ_DATA", str(goal))
    assert all(map(np.array_equal, mnist.load("test", download=True), wanted))
    assert sorted(path.name for path in goal.iterdir()) == ["MNIST"]

    (mirror / "t10k-images-idx3-ubyte.gz").write_bytes(b"not what was promised")
    monkeypatch.setenv("RNNVIZ_DATA", str(tmp_path_factory.mktemp("second goal")))
    with pytest.raises(DataError, match="corrupted"):
        mnist.load("test", download=True)


def test_a_cut_off_file_is_named_with_its_size_and_sum(folder: Path) -> None:
    path = folder / "MNIST" / "raw" / "t10k-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"3,936 bytes .* got 3,836") as failure:
        mnist.load("test")
    assert str(path) in str(failure.value)
    assert hashlib.md5(path.read_bytes()).hexdigest() in str(failure.value)


def test_a_changed_byte_of_the_real_set_is_found_by_its_sum(
    data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(data_folder / "MNIST" / "raw", tmp_path / "MNIST" / "raw")
    path = tmp_path / "MNIST" / "raw" / "t10k-images-idx3-ubyte"
    path.chmod(0o644)
    contents = bytearray(path.read_bytes())
    contents[5_000] ^= 1
    path.write_bytes(contents)
    monkeypatch.setenv("RNNVIZ_DATA", str(tmp_path))
    with pytest.raises(DataError, match=mnist.MNIST_MD5[path.name][0]) as failure:
        mnist.load("test")
    assert hashlib.md5(contents).hexdigest() in str(failure.value)


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"", "something else"),
        (b"\x1f\x8b\x08 still compressed", "something else"),
        (idx(np.zeros((3, 28, 28))), "something else"),
        (idx(np.arange(4)), "as many labels as images"),
        (idx(np.array([0, 1, 2, 3, 10])), "labels 0 to 9"),
    ],
)
def test_other_labels_are_refused(folder: Path, contents: bytes, message: str) -> None:
    (folder / "MNIST" / "raw" / "t10k-labels-idx1-ubyte").write_bytes(contents)
    with pytest.raises(DataError, match=message):
        mnist.load("test")


def test_unknown_words_say_what_exists() -> None:
    with pytest.raises(DataError, match="fashion-mnist"):
        mnist.load("test", name="cifar")
    with pytest.raises(DataError, match="'train' or 'test'"):
        mnist.load("validation")


def test_folders_without_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RNNVIZ_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert mnist.folders() == [Path("data"), tmp_path / "rnnviz"]


SHIM = """
    import sys
    sys.modules.pop("torchvision", None)
    import torch
    missing = []
    try:
        import torchvision
    except RuntimeError:
        missing.append("nms")
    from rnnviz.data import mnist
    datasets = mnist.torchvision_datasets()
    assert datasets.MNIST.__name__ == "MNIST"
    assert torch.ops.torchvision.nms and torch.ops.torchvision.qnms
    assert len(mnist._schemas) == len(missing), "declared although they exist, or the other way"
    mnist.torchvision_datasets()
    assert len(mnist._schemas) == len(missing), "declared twice"
    print("fine")
"""


def test_torchvision_loads_with_and_without_its_operators(root: Path) -> None:
    """In a fresh process, because torch keeps every declaration for as long as it runs."""
    script = textwrap.dedent(SHIM)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "fine", done.stderr


def test_other_failures_of_torchvision_are_not_hidden(root: Path, tmp_path: Path) -> None:
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text("raise RuntimeError('out of order')")
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from rnnviz.data import mnist\nmnist.torchvision_datasets()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False
    )
    assert "RuntimeError: out of order" in done.stderr
