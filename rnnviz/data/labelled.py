"""Labelled texts that somebody brings: which columns there are, and which are likely meant.

A page shows what was found before anything is trained. No torch.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnviz.data import DataError, texts
from rnnviz.data.documents.headers import LABEL_NAMES, ROWS_TO_GUESS_FROM, TEXT_NAMES

MOST_CLASSES = 20
MOST_LABEL_LETTERS = 100
FEWEST_TEXTS = 10
FEW_OF_A_KIND = 5


@dataclass(frozen=True)
class Labelled:
    """What a file of labelled texts holds.

    `columns` are all of its columns, `text_column` and `label_column` the two that were read.
    `labels` counts the texts of each class, in the order that a network has them. `notices` are
    sentences for whoever brought the file; `refusal` is one on why these two columns are of no use,
    and then there are neither texts nor labels.
    """

    columns: tuple[str, ...]
    text_column: str
    label_column: str
    texts: tuple[str, ...]
    labels: dict[str, int]
    notices: tuple[str, ...]
    refusal: str = ""

    def __len__(self) -> int:
        return len(self.texts)


def read(
    data: bytes, name: str, text_column: str | None = None, label_column: str | None = None
) -> Labelled:
    """What `look` finds, where it is of use; raises `DataError` with its refusal as well."""
    found = look(data, name, text_column, label_column)
    if found.refusal:
        raise DataError(found.refusal)
    return found


def look(
    data: bytes, name: str, text_column: str | None = None, label_column: str | None = None
) -> Labelled:
    """The labelled texts in the bytes of a file called `name`; columns are guessed if not given.

    CSV, JSON or Parquet, told by the name's ending, with 2 to 20 kinds of labels and at least 10
    texts: else there is a refusal. Raises `DataError`, in one sentence, where there is no table.
    Both name the file as `name` does.
    """
    shown = Path(name.replace("\\", "/")).name or "your file"
    extension = extension_of(shown)
    with tempfile.TemporaryDirectory(prefix="rnnviz-") as folder:
        path = Path(folder) / f"texts.{extension}"
        path.write_bytes(data)
        try:
            opened = texts.open_table(path)
            if not opened.columns:
                raise DataError(f"expected texts in {path}, got a file without any: add rows to it")
            rows = texts.first_rows(path, opened, ROWS_TO_GUESS_FROM)
            for column in (text_column, label_column):
                _check_column(column, opened.columns, path)
            label = label_column or _label_column(opened.columns, rows, text_column)
            text = text_column or _text_column(opened.columns, rows, label)
            found, refusal = _texts(path, opened, text, label)
        except DataError as failure:
            raise DataError(str(failure).replace(str(path), shown)) from None
    labels: dict[str, int] = {}
    if found is not None:
        counted = Counter(found.labels.tolist())
        labels = {one: counted[place] for place, one in enumerate(found.names)}
    return Labelled(
        opened.columns,
        text,
        label,
        found.texts if found else (),
        labels,
        (*(found.notices if found else opened.notices), *(_notices(labels) if labels else ())),
        refusal.replace(str(path), shown),
    )


def _check_column(column: str | None, columns: Sequence[str], path: Path) -> None:
    if column is not None and column not in columns:
        raise DataError(
            f"expected a column {column!r} in {path}, got the columns {', '.join(columns)[:200]}: "
            "name two of these"
        )


def _texts(
    path: Path, opened: texts.Opened, text: str, label: str
) -> tuple[texts.LabelledTexts | None, str]:
    """The texts with their labels, or a sentence on why there are none to use."""
    try:
        if len(opened.columns) < 2:
            raise DataError(
                f"expected two columns in {path}, one of texts and one of labels, got "
                f"{opened.columns[0][:80]}: add the other, or part them by commas, semicolons, "
                "tabs or bars"
            )
        if text == label:
            raise DataError(
                f"expected two different columns of {path}, got {text!r} for both: choose another "
                "one for the labels"
            )
        found = texts.read(
            path,
            text_column=text,
            label_column=label,
            most_classes=MOST_CLASSES,
            opened=opened if isinstance(opened.rows, list) else None,
        )
        if len(found) < FEWEST_TEXTS:
            raise DataError(
                f"expected at least {FEWEST_TEXTS} texts to learn from in {path}, got "
                f"{len(found)}: add some"
            )
        if len(found.names) == len(found):
            raise DataError(
                f"expected labels that come again in column {label!r} of {path}, got another one "
                "in each row: choose another column of labels"
            )
        check_labels(found)
    except DataError as failure:
        return None, str(failure)
    return found, ""


def extension_of(name: str) -> str:
    """The ending of a file's name that says what it holds; raises `DataError` for others."""
    extension = Path(name).suffix.lower()
    if extension not in texts.ENDINGS:
        raise DataError(
            f"expected a file that ends in {', '.join(texts.ENDINGS)}, got {name[:80]!r}: "
            "save it as one of these"
        )
    return extension.removeprefix(".")


def check_labels(found: texts.LabelledTexts) -> None:
    """Raise `DataError` where labels are too long to be the names of classes."""
    for name in found.names:
        if len(name) > MOST_LABEL_LETTERS:
            raise DataError(
                f"expected labels of at most {MOST_LABEL_LETTERS} letters in {found.source}, got "
                f"one of {len(name):,} ({name[:40]!r}): choose another column of labels"
            )


def _label_column(
    columns: Sequence[str], rows: Sequence[dict[str, Any]], text_column: str | None
) -> str:
    """The likeliest column of labels: one of few kinds, of a usual name, that is filled in."""

    def kinds(values: Sequence[str]) -> bool:
        found = set(values)
        few = 2 <= len(found) <= min(MOST_CLASSES, len(values) - 1)
        return few and max(map(len, found)) <= MOST_LABEL_LETTERS

    texts_by_name = {column for column in columns if _folded(column) in TEXT_NAMES}
    others = [column for column in columns if column not in {text_column} | texts_by_name]
    others = others or [column for column in columns if column != text_column] or list(columns)
    places = {column: place for place, column in enumerate(columns)}
    return _likeliest(others, rows, LABEL_NAMES, kinds, lambda column, _: places[column])


def _text_column(columns: Sequence[str], rows: Sequence[dict[str, Any]], label_column: str) -> str:
    """The likeliest column of texts: one of letters, of a usual name, else of the longest."""

    def worded(values: Sequence[str]) -> bool:
        return any(any(map(str.isalpha, value[:1000])) for value in values)

    others = [column for column in columns if column != label_column] or columns
    return _likeliest(others, rows, TEXT_NAMES, worded, lambda _, values: sum(map(len, values)))


def _likeliest(
    columns: Sequence[str],
    rows: Sequence[dict[str, Any]],
    names: Sequence[str],
    fits: Callable[[Sequence[str]], bool],
    otherwise: Callable[[str, Sequence[str]], int],
) -> str:
    """The column that fits; of several the one of a usual name, else the most of `otherwise`.

    One that is filled in for less than half of the rows does not fit. A usual name counts for more
    than that all rows are filled in, a name that only holds a usual one for less.
    """

    def rank(column: str) -> tuple[int, ...]:
        found = (row.get(column) for row in rows)
        values = [
            str(one).strip()
            for one in found
            if isinstance(one, str | int | float) and str(one).strip()
        ]
        folded = _folded(column)
        exact = [-place for place, name in enumerate(names) if name == folded]
        inside = [-place for place, name in enumerate(names) if name in folded]
        return (
            2 * len(values) >= len(rows) > 0 and fits(values),
            bool(exact),
            len(values) == len(rows),
            bool(inside),
            (exact or inside or [-len(names)])[0],
            otherwise(column, values),
        )

    return max(columns, key=rank)


def _folded(column: str) -> str:
    return column.strip().casefold().replace(" ", "_")


def _notices(labels: dict[str, int]) -> tuple[str, ...]:
    notices = []
    total, most = sum(labels.values()), max(labels, key=lambda name: labels[name])
    if labels[most] > 0.8 * total:
        part = 100 * labels[most] / total
        notices.append(
            f"{part:.0f} % of the texts are “{most}”. Always answering “{most}” would be right "
            f"{part:.0f} % of the time."
        )
    rare = [name for name, count in labels.items() if count < FEW_OF_A_KIND]
    if rare:
        notices.append(
            f"There are fewer than {FEW_OF_A_KIND} texts of {', '.join(rare[:5])}: they can hardly "
            "be learnt."
        )
    if total < 200:
        notices.append(f"{total} texts are few: expect the network to learn them by heart.")
    return tuple(notices)
