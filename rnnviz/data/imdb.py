"""The 25,000 + 25,000 labelled IMDb reviews, found on disk or fetched from the Hub when asked.

`imdb/train` and `imdb/test` (Parquet, CSV or JSONL with the columns `text` and `label`, 0 negative
and 1 positive) are looked for in the folder that `RNNVIZ_DATA` names, which may also hold the two
files itself; when that is not set, in `./data` and then in the user's cache. Nothing is ever
downloaded unless `download=True` says so.

Maas, Daly, Pham, Huang, Ng, Potts 2011, "Learning word vectors for sentiment analysis".
"""

from __future__ import annotations

import os
from pathlib import Path

from rnnviz.data import DataError, MissingDataError, texts
from rnnviz.data.mnist import folders
from rnnviz.data.texts import LabelledTexts, Track
from rnnviz.safe.files import replacing

REPOSITORY = "stanfordnlp/imdb"

SPLITS = ("train", "test")

ENDINGS = (".parquet", ".csv", ".jsonl")

COUNT = 25_000


def load(
    split: str = "train", *, download: bool = False, track: Track | None = None
) -> LabelledTexts:
    """The reviews of "train" or "test" with HTML line breaks cleaned, named negative and positive.

    They stay in the file's order, which is often by label: shuffle. With `download=True` a missing
    split is fetched with Hugging Face `datasets` and kept as Parquet; `track` shows progress.
    Raises `MissingDataError` when there is no file, `DataError` when one is damaged or cannot be
    had.
    """
    if split not in SPLITS:
        raise DataError(f"expected split 'train' or 'test', got {split!r}")
    path = find(split)
    if path is None:
        if not download:
            raise MissingDataError(_missing(split))
        path = _download(split, track)
    found = texts.read(path, track=track)
    return texts.fitted(found, texts.SENTIMENT)


def find(split: str) -> Path | None:
    """The file of a split, if there is one."""
    for folder in _places():
        for ending in ENDINGS:
            if (folder / f"{split}{ending}").is_file():
                return folder / f"{split}{ending}"
    return None


def _places() -> list[Path]:
    inside = [folder / "imdb" for folder in folders()]
    return [*inside, *folders()] if os.environ.get("RNNVIZ_DATA") else inside


def _missing(split: str) -> str:
    return (
        f"expected {split}.parquet, {split}.csv or {split}.jsonl in "
        f"{' or '.join(map(str, _places()))}, got nothing: set RNNVIZ_DATA to the folder that "
        "holds imdb, ask for a download, or train on sentences, which need no file"
    )


def _download(split: str, track: Track | None) -> Path:
    """Stream a split from the Hub into a Parquet file, which appears when it is whole."""
    goal = folders()[-1] / "imdb" / f"{split}.parquet"
    try:
        import datasets
        import pyarrow as arrow
        from pyarrow import parquet

        rows = datasets.load_dataset(REPOSITORY, split=split, streaming=True)
        kept = [
            {"text": row["text"], "label": row["label"]}
            for row in (track(rows, COUNT) if track else rows)
        ]
        goal.parent.mkdir(parents=True, exist_ok=True)
        with replacing(goal) as beside:
            parquet.write_table(arrow.Table.from_pylist(kept), beside)
    except ImportError as failure:
        raise DataError(
            f"expected the package datasets for a download, got none ({failure.name}): "
            "install it with pip install datasets"
        ) from failure
    except PermissionError as failure:
        raise DataError(
            f"expected a folder that can be written for the download, got {goal.parent}: set "
            "RNNVIZ_DATA to another one"
        ) from failure
    except (OSError, RuntimeError, ValueError) as failure:
        reason = (str(failure).strip().splitlines() or [type(failure).__name__])[0]
        raise DataError(
            f"IMDb could not be downloaded ({reason[:200]}): check the network, put the files into "
            f"{goal.parent} by hand, or train on sentences, which need no file"
        ) from failure
    return goal
