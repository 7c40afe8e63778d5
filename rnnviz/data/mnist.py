"""MNIST and its two relatives of the same shape, found on disk or downloaded when asked.

The files are looked for in the folder that `RNNVIZ_DATA` names; when that is not set, in `./data`
and then in the user's cache. Nothing is ever downloaded unless `download=True` says so.

LeCun, Bottou, Bengio, Haffner 1998, "Gradient-based learning applied to document recognition".
Xiao, Rasul, Vollgraf 2017, "Fashion-MNIST". Clanuwat et al. 2018, "Deep learning for classical
Japanese literature" (KMNIST).
"""

import gzip
import hashlib
import http.client
import os
import shutil
import socket
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import numpy as np

from rnnviz.data import DataError, MissingDataError

CLASSES = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST", "kmnist": "KMNIST"}
"""Our name -> torchvision's class, which is also the name of its folder."""

FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}

# torchvision knows the checksums of the compressed files only; these are of the unpacked ones.
# The second sum of the training images belongs to the same 60,000 images in another order inside
# each class, which is how the copy that trained `pretrained/` is laid out.
MNIST_MD5 = {
    "train-images-idx3-ubyte": (
        "6bbc9ace898e44ae57da46a324031adb",
        "8b09ab4ea389cfc97ae2f6f34d083c5d",
    ),
    "train-labels-idx1-ubyte": ("a25bea736e30d166cdddb491f175f624",),
    "t10k-images-idx3-ubyte": ("2646ac647ad5339dbf082846283269ea",),
    "t10k-labels-idx1-ubyte": ("27ae3e4e09519cfbb04c329615203637",),
}

MOST_BYTES = 100_000_000
"""Of a file, unpacked: twice as much as 60,000 images."""

SECONDS_WITHOUT_AN_ANSWER = 20.0

_schemas: list[object] = []  # a torch Library takes its definitions back when it is collected


def load(
    split: str = "train", *, name: str = "mnist", download: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 28, 28) uint8, ink 255 on 0, and labels (N,) int64 of one split.

    `split` is "train" (60,000) or "test" (10,000); `name` is "mnist", "fashion-mnist" or "kmnist".
    With `download=True` missing files are fetched (about 12 MB for MNIST), with a progress bar on
    standard error, and checked against torchvision's md5 sums before they are put in place.

    Raises `MissingDataError` when there are no files, and `DataError` when they are damaged or
    cannot be downloaded.
    """
    if name not in CLASSES:
        raise DataError(f"expected a data set among {', '.join(CLASSES)}, got {name!r}")
    if split not in FILES:
        raise DataError(f"expected split 'train' or 'test', got {split!r}")
    files = _files(name, split)
    if files is None:
        if not download:
            raise MissingDataError(_missing(name, split))
        root = _download_folder()
        _download(name, root)
        files = _in_folder(root / CLASSES[name] / "raw", split)
    return _read(*files, known=MNIST_MD5 if name == "mnist" else {})


def folders() -> list[Path]:
    """Where data is looked for, in order; `RNNVIZ_DATA`, when set, is the only place."""
    chosen = os.environ.get("RNNVIZ_DATA")
    if chosen:
        return [Path(chosen).expanduser()]
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return [Path("data"), Path(cache) / "rnnviz"]


def torchvision_datasets() -> ModuleType:
    """`torchvision.datasets`, also beside a torch for which torchvision's operators are not built.

    The registry's Linux torchvision is compiled for CUDA; beside a CPU-only torch its library does
    not load, and the import stops because two operators that it describes do not exist. Datasets
    need neither, so their schemas alone are declared, and only after that very failure.
    """
    try:
        import torchvision.datasets as datasets
    except RuntimeError as failure:
        if "operator torchvision::" not in str(failure):
            raise
        import torch

        library = torch.library.Library("torchvision", "FRAGMENT")
        for operator in ("nms", "qnms"):
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _schemas.append(library)
        import torchvision.datasets as datasets
    return datasets


def is_named() -> bool:
    """Whether somebody named the folder of data, so that nothing else is meant."""
    return bool(os.environ.get("RNNVIZ_DATA"))


def _files(name: str, split: str) -> tuple[Path, Path] | None:
    """The files of images and of labels, where both are in one folder."""
    for folder in _places(name):
        found = [next((path for path in _spellings(folder, file) if path.is_file()), None)
                 for file in FILES[split]]  # fmt: skip
        if found[0] and found[1]:
            return found[0], found[1]
    return None


def _places(name: str) -> list[Path]:
    """Where the files may lie: as torchvision leaves them, or where somebody unpacked them."""
    found = []
    for folder in folders():
        found += [folder / CLASSES[name] / "raw", folder / CLASSES[name], folder / name]
        # Files there say not which data they are; a checksum of MNIST's does.
        found += [folder] if name == "mnist" and is_named() else []
    return found


def _spellings(folder: Path, file: str) -> list[Path]:
    """A file's name as it is packed, unpacked, and as some programs unpack it, with a dot."""
    dotted = file.replace("-idx", ".idx")
    return [folder / f"{one}{ending}" for ending in ("", ".gz") for one in (file, dotted)]


def _missing(name: str, split: str) -> str:
    places = " or ".join(str(folder / CLASSES[name] / "raw") for folder in folders())
    named = ", which RNNVIZ_DATA names" if is_named() else ""
    return (
        f"expected {' and '.join(FILES[split])} in {places}{named}, got nothing (they may be "
        f"packed as .gz, and lie in {CLASSES[name]} itself): set RNNVIZ_DATA to the folder that "
        f"holds {CLASSES[name]}/raw, or ask for a download"
    )


def _download_folder() -> Path:
    """`RNNVIZ_DATA` when set; `./data` where somebody made one; else the user's cache."""
    first, last = folders()[0], folders()[-1]
    return first if first.is_dir() and os.access(first, os.W_OK) else last


def _download(name: str, root: Path) -> None:
    """Fetch and unpack beside the goal, then move: an interruption leaves nothing half written."""
    dataset = getattr(torchvision_datasets(), CLASSES[name])
    goal = root / CLASSES[name] / "raw"
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root, prefix=".download-") as beside, _patience():
            dataset(beside, train=True, download=True)
            fetched = Path(beside) / CLASSES[name] / "raw"
            for split in FILES:
                _read(*_in_folder(fetched, split), known={})
            goal.mkdir(parents=True, exist_ok=True)
            for split in FILES:
                for file in FILES[split]:
                    shutil.move(fetched / file, goal / file)
    except PermissionError as failure:
        raise DataError(
            f"expected a folder that can be written for the download of {name}, got {root}: set "
            f"RNNVIZ_DATA to another one"
        ) from failure
    except (RuntimeError, OSError, EOFError, http.client.HTTPException) as failure:
        reason = str(failure).strip().splitlines()[-1:] or [type(failure).__name__]
        raise DataError(
            f"{name} could not be downloaded ({reason[0]}): check the network, or put the files "
            f"into {goal} by hand; scikit-learn's digits need no download"
        ) from failure


@contextmanager
def _patience() -> Iterator[None]:
    """torchvision opens its connections without a time limit, and would wait for minutes."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SECONDS_WITHOUT_AN_ANSWER)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _in_folder(raw: Path, split: str) -> tuple[Path, Path]:
    images, labels = FILES[split]
    return raw / images, raw / labels


def _read(
    images_path: Path, labels_path: Path, known: dict[str, tuple[str, ...]]
) -> tuple[np.ndarray, np.ndarray]:
    images = _checked(images_path, (28, 28), known)
    labels = _checked(labels_path, (), known)
    if len(images) != len(labels):
        raise DataError(
            f"expected as many labels as images in {images_path.parent}, got {len(labels)} labels "
            f"and {len(images)} images: delete both files and get them again"
        )
    if int(labels.max()) > 9:
        raise DataError(
            f"expected labels 0 to 9 in {labels_path}, got {int(labels.max())}: delete the file "
            f"and get it again"
        )
    return images, labels.astype(np.int64)


def _checked(path: Path, shape: tuple[int, ...], known: dict[str, tuple[str, ...]]) -> np.ndarray:
    """The items of an idx file that is whole: header, size and, where known, checksum."""
    contents = _contents(path)
    dimensions = 1 + len(shape)
    start = 4 + 4 * dimensions
    header = np.frombuffer(contents[:start].ljust(start), ">u4")
    count = int(header[1])
    expected = start + count * int(np.prod(shape))
    if header[0] != 0x800 + dimensions or tuple(header[2:]) != shape or count == 0:
        raise DataError(
            f"expected an idx file of {'images 28 x 28' if shape else 'labels'}, got something "
            f"else in {path} (md5 {_md5(contents)}): delete it and get it again"
        )
    if len(contents) != expected:
        raise DataError(
            f"expected {expected:,} bytes in {path}, got {len(contents):,} (md5 "
            f"{_md5(contents)}): the file is damaged, delete it and get it again"
        )
    sums = known.get(path.name.removesuffix(".gz").replace(".idx", "-idx"), ())
    if sums and count in (10_000, 60_000) and _md5(contents) not in sums:
        raise DataError(
            f"expected md5 {' or '.join(sums)} for {path}, got {_md5(contents)}: the file is "
            f"damaged, delete it and get it again"
        )
    return np.frombuffer(contents, np.uint8, offset=start).reshape(count, *shape).copy()


def _contents(path: Path) -> bytes:
    """The bytes of a file, unpacked; no more than a whole one has."""
    try:
        if path.suffix != ".gz":
            return path.read_bytes()
        with gzip.open(path) as file:
            return file.read(MOST_BYTES + 1)
    except (zlib.error, EOFError, gzip.BadGzipFile) as failure:
        raise DataError(
            f"expected a gzip archive in {path}, got a damaged one: delete it and get it again"
        ) from failure
    except OSError as failure:
        raise DataError(
            f"{path} cannot be read ({failure.strerror}): check its permissions"
        ) from failure


def _md5(contents: bytes) -> str:
    return hashlib.md5(contents, usedforsecurity=False).hexdigest()
