"""MNIST and its two relatives of the same shape, found on disk or downloaded when asked.

The files are looked for in the folder that `RNNVIZ_DATA` names; when that is not set, in `./data`
and then in the user's cache. Nothing is ever downloaded unless `download=True` says so.

LeCun, Bottou, Bengio, Haffner 1998, "Gradient-based learning applied to document recognition".
Xiao, Rasul, Vollgraf 2017, "Fashion-MNIST". Clanuwat et al. 2018, "Deep learning for classical
Japanese literature" (KMNIST).
"""

import hashlib
import http.client
import os
import shutil
import socket
import tempfile
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
    root = _root_with(name, split)
    if root is None:
        if not download:
            raise MissingDataError(_missing(name, split))
        root = _download_folder()
        _download(name, root)
    return _read(root / CLASSES[name] / "raw", split, known=MNIST_MD5 if name == "mnist" else {})


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


def _root_with(name: str, split: str) -> Path | None:
    for folder in folders():
        raw = folder / CLASSES[name] / "raw"
        if all((raw / file).is_file() for file in FILES[split]):
            return folder
    return None


def _missing(name: str, split: str) -> str:
    places = " or ".join(str(folder / CLASSES[name] / "raw") for folder in folders())
    return (
        f"expected {' and '.join(FILES[split])} in {places}, got nothing: set RNNVIZ_DATA to the "
        f"folder that holds {CLASSES[name]}/raw, or ask for a download"
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
                _read(fetched, split, known={})
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


def _read(
    raw: Path, split: str, known: dict[str, tuple[str, ...]]
) -> tuple[np.ndarray, np.ndarray]:
    images_path, labels_path = (raw / file for file in FILES[split])
    count = _check(images_path, (28, 28), known)
    label_count = _check(labels_path, (), known)
    if count != label_count:
        raise DataError(
            f"expected as many labels as images in {raw}, got {label_count} labels and {count} "
            f"images: delete both {split} files and get them again"
        )
    torchvision_datasets()
    from torchvision.datasets.mnist import read_image_file, read_label_file

    images, labels = read_image_file(str(images_path)), read_label_file(str(labels_path))
    if int(labels.max()) > 9:
        raise DataError(
            f"expected labels 0 to 9 in {labels_path}, got {int(labels.max())}: delete the file "
            f"and get it again"
        )
    return images.numpy(), labels.numpy()


def _check(path: Path, shape: tuple[int, ...], known: dict[str, tuple[str, ...]]) -> int:
    """Number of items in an idx file that is whole: header, size and, where known, checksum."""
    try:
        contents = path.read_bytes()
    except OSError as failure:
        raise DataError(
            f"{path} cannot be read ({failure.strerror}): check its permissions"
        ) from failure
    dimensions = 1 + len(shape)
    header = np.frombuffer(contents[: 4 + 4 * dimensions].ljust(4 + 4 * dimensions), ">u4")
    count = int(header[1])
    expected = 4 + 4 * dimensions + count * int(np.prod(shape))
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
    sums = known.get(path.name, ())
    if sums and count in (10_000, 60_000) and _md5(contents) not in sums:
        raise DataError(
            f"expected md5 {' or '.join(sums)} for {path}, got {_md5(contents)}: the file is "
            f"damaged, delete it and get it again"
        )
    return count


def _md5(contents: bytes) -> str:
    return hashlib.md5(contents, usedforsecurity=False).hexdigest()
