"""Labelled texts that somebody brings: which columns there are, and which are likely meant.

A page shows what was found before anything is trained. No torch.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rnnviz.data import DataError, texts

MOST_CLASSES = 20
MOST_LABEL_LETTERS = 100
FEWEST_TEXTS = 10
FEW_OF_A_KIND = 5

TEXT_NAMES = ("text", "review", "sentence", "comment", "content", "message", "body", "tweet")
LABEL_NAMES = ("label", "sentiment", "class", "category", "target", "rating", "stars", "score")


@dataclass(frozen=True)
class Labelled:
    """What a file of labelled texts holds.

    `columns` are all of its columns, `text_column` and `label_column` the two that were read.
    `labels` counts the texts of each class, in the order that a network has them. `notices` are
    sentences for whoever brought the file.
    """

    columns: tuple[str, ...]
    text_column: str
    label_column: str
    texts: tuple[str, ...]
    labels: dict[str, int]
    notices: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)


def read(
    data: bytes, name: str, text_column: str | None = None, label_column: str | None = None
) -> Labelled:
    """The labelled texts in the bytes of a file called `name`; columns are guessed if not given.

    CSV, JSON Lines or Parquet, told by the name's ending, with 2 to 20 kinds of labels and at least
    10 texts. Raises `DataError` in one sentence, which names the file as `name` does.
    """
    shown = Path(name.replace("\\", "/")).name or "your file"
    extension = extension_of(shown)
    with tempfile.TemporaryDirectory(prefix="rnnviz-") as folder:
        path = Path(folder) / f"texts.{extension}"
        path.write_bytes(data)
        try:
            columns = texts.columns(path)
            if len(columns) < 2:
                raise DataError(
                    f"expected two columns in {path}, one of texts and one of labels, got "
                    f"{', '.join(columns)[:80] or 'none'}: add the other"
                )
            label = label_column or _guess(columns, LABEL_NAMES, columns[-1])
            others = tuple(column for column in columns if column != label)
            text = text_column or _guess(others, TEXT_NAMES, others[0] if others else label)
            if text == label:
                raise DataError(
                    f"expected two different columns of {path}, got {text!r} for both: choose "
                    "another one for the labels"
                )
            found = texts.read(
                path, text_column=text, label_column=label, most_classes=MOST_CLASSES
            )
            if len(found) < FEWEST_TEXTS:
                raise DataError(
                    f"expected at least {FEWEST_TEXTS} texts to learn from in {path}, got "
                    f"{len(found)}: add some"
                )
            check_labels(found)
        except DataError as failure:
            raise DataError(str(failure).replace(str(path), shown)) from None
    counted = Counter(found.labels.tolist())
    labels = {name: counted[place] for place, name in enumerate(found.names)}
    return Labelled(columns, text, label, found.texts, labels, _notices(labels))


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


def _guess(columns: Sequence[str], wanted: Sequence[str], otherwise: str) -> str:
    """The column of a usual name, else one whose name holds a usual one, else `otherwise`."""
    by_name = {column.casefold(): column for column in reversed(columns)}
    for name in wanted:
        if name in by_name:
            return by_name[name]
    for name in wanted:
        for folded, column in by_name.items():
            if name in folded:
                return column
    return otherwise


def _notices(labels: dict[str, int]) -> tuple[str, ...]:
    notices = []
    total, most = sum(labels.values()), max(labels, key=lambda name: labels[name])
    if labels[most] > 0.8 * total:
        part = 100 * labels[most] / total
        notices.append(
            f"{part:.0f} % of the texts are {most}: whoever always says so is right as often."
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
