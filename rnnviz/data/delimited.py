"""Rows of text that a sign parts: CSV of commas, semicolons or bars, and tab-separated text.

Programs write quotes, line ends and escapes in ways of their own. The header says how wide a row
is; of the ways to read a row, the first that makes it as wide is taken. What is doubtful is said.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from rnnviz.data import DataError

DELIMITERS = ",;\t|"

# Stands in no text that `decode` lets pass: a header without a delimiter is one column, however
# many commas the texts below it have.
NO_DELIMITER = "\x1f"

EXCELS_LINE = re.compile(r'\s*"?sep=([^\s\w"]|\t)"?[,;|\t]*[ ]*(?:\n|\Z)', re.IGNORECASE)
"""A first line that tells Excel the delimiter, and no other program anything."""

# What people call a column of texts and one of labels, the likeliest first.
TEXT_NAMES = (
    "text", "review", "review_text", "reviewtext", "sentence", "comment", "content", "message",
    "body", "tweet", "description", "summary",
)  # fmt: skip
LABEL_NAMES = (
    "label", "sentiment", "class", "category", "target", "rating", "stars", "score", "polarity",
)  # fmt: skip
USUAL_NAMES = frozenset({*TEXT_NAMES, *LABEL_NAMES, "id", "index"})

LETTERS_TO_GUESS_FROM = 100_000
MOST_KINDS = 20


@dataclass(frozen=True)
class Way:
    """One way to read a field: where `quoted` matches its inside is meant, else `plain` does.

    `quoted` has one group for each form of quotes; the second has escapes by a backslash.
    """

    quoted: re.Pattern[str]
    plain: re.Pattern[str]
    escapes: bool = False


@dataclass
class Remarks:
    """What was doubtful, by the lines where it was."""

    unpaired: list[int] = field(default_factory=list)
    swallowed: list[tuple[int, int]] = field(default_factory=list)
    comments: int = 0

    def sentences(self) -> tuple[str, ...]:
        """For whoever brought the file."""
        said = []
        if self.comments:
            lines = "One line" if self.comments == 1 else f"{self.comments:,} lines"
            said.append(f"{lines} at the start with # in front: left out, as a comment.")
        if self.unpaired:
            count, first = len(self.unpaired), self.unpaired[0]
            where = f"line {first:,}" if count == 1 else f"{count:,} lines, first line {first:,},"
            said.append(
                f"In {where} a quote opens a field and does not close: it is read as a letter, and "
                "each line as a row."
            )
        if self.swallowed:
            first, last = self.swallowed[0]
            said.append(
                f"Lines {first:,} to {last:,} are read as one row, because a quote opens in the "
                "first and closes in the last"
                + (f" ({len(self.swallowed):,} such places)" if len(self.swallowed) > 1 else "")
                + ": if they are rows, delete the two quotes."
            )
        return tuple(said)


def read(text: str, name: str) -> tuple[list[list[str]], tuple[str, ...]]:
    """The rows, the header first, all as wide as that one, and what to say about them.

    Excel's line ``sep=;`` names the delimiter, else that which makes the rows most equal does. Line
    ends become \\n. Empty lines, lines of delimiters alone and comments before the header are left
    out. Raises `DataError` for a quote that does not close and for a row of another width, with its
    line; `name` is what to call the file.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    told = EXCELS_LINE.match(text)
    start = told.end() if told else 0
    start, comments = _beginning(text, start)
    delimiter = told[1] if told else _delimiter(text, start)
    reader = _Reader(text, start, delimiter, name)
    reader.remarks.comments = comments
    rows = _without_empty_end(list(reader.rows()))
    return rows, reader.remarks.sentences()


class _Reader:
    """Rows of `text` from the place `start` on, parted by `delimiter`."""

    def __init__(self, text: str, start: int, delimiter: str, name: str) -> None:
        self.text, self.start, self.delimiter, self.name = text, start, delimiter, name
        self.width: int | None = None
        self.remarks = Remarks()
        self.ways = _ways(delimiter)

    def rows(self) -> Iterator[list[str]]:
        """Each row, as wide as the first; raises `DataError` for one that cannot be."""
        at, line = self.start, 1 + self.text.count("\n", 0, self.start)
        while at < len(self.text):
            fields, end = self._row(at, line)
            if any(map(str.strip, fields)):
                if self.width is None:
                    self.width = len(fields)
                if len(fields) != self.width:
                    raise DataError(
                        f"expected {self.width} fields in every row of {self.name}, got "
                        f"{len(fields)} in line {line:,}: put texts with commas or line ends in "
                        'double quotes (")'
                    )
                yield fields
            line += self.text.count("\n", at, end)
            at = end

    def mistaken(self) -> tuple[int, int]:
        """How many rows are not as wide as the first, or have a quote too much; and that width."""
        wrong, at = 0, self.start
        while at < len(self.text):
            try:
                fields, at = self._row(at, 0)
            except DataError:
                return wrong + 1, self.width or 0
            if any(map(str.strip, fields)):
                self.width = self.width or len(fields)
                wrong += len(fields) != self.width
        return wrong, self.width or 0

    def _row(self, at: int, line: int) -> tuple[list[str], int]:
        """The fields of the row at a place, and where the next begins."""
        end = self.text.find("\n", at)
        end = len(self.text) if end < 0 else end
        if self.text.find('"', at, end) < 0:
            fields = self._trimmed(self.text[at:end].split(self.delimiter))
            if self.width in (None, len(fields)):
                return fields, end + 1
        first, first_after, first_open = self._fields(at, self.ways[0])
        for number, way in enumerate(self.ways):
            fields, after, _ = self._fields(at, way) if number else (first, first_after, False)
            if self.width not in (None, len(self._trimmed(fields))):
                continue
            if number == 0 and after > end + 1:
                are_rows = self._are_rows(at, after)
                if are_rows:
                    continue
                if are_rows is None:
                    last = line + self.text.count("\n", at, after - 1)
                    self.remarks.swallowed.append((line, last))
            elif number == 0 and first_open:
                break
            elif first_after > end + 1:
                self.remarks.unpaired.append(line)
            return fields, after
        # Between tabs quotes are letters; elsewhere one that opens a field has to close it.
        if first_open and self.delimiter != "\t":
            raise DataError(
                f"expected CSV in {self.name}, got a quote that does not close in line {line:,}: "
                "check its quotes, or write it again"
            )
        return first, first_after

    def _fields(self, at: int, way: Way) -> tuple[list[str], int, bool]:
        """The fields of a row, where the next begins, and whether a quote opens and stays open."""
        text, fields, is_open = self.text, [], False
        while True:
            match = way.quoted.match(text, at)
            if match is None:
                match = way.plain.match(text, at)
                assert match is not None  # it matches nothing, too
                inside = match[0]
                is_open = is_open or (inside.startswith('"') and inside.count('"') == 1)
                if way.escapes:
                    inside = re.sub(r"\\(.)", r"\1", inside, flags=re.DOTALL)
            elif match.lastindex == 1:
                inside = match[1].replace('""', '"')
            else:
                inside = re.sub(r'\\(["\\])|"(")', r"\1\2", match[2])
            fields.append(inside)
            at = match.end()
            if at >= len(text) or text[at] != self.delimiter:
                return fields, at + 1, is_open
            at += 1

    def _trimmed(self, fields: list[str]) -> list[str]:
        """Without empty fields beyond the width: some programs end every row with a delimiter."""
        if self.width is not None:
            while len(fields) > self.width and not fields[-1].strip():
                fields.pop()
        return fields

    def _are_rows(self, at: int, after: int) -> bool | None:
        """Whether the lines of a row in quotes are rows that a quote swallowed; None in doubt.

        Each must be as wide as a row by itself. Then labels decide: what stands in a column of few
        kinds must be one of them. Without such a column a tab tells, which few texts hold.
        """
        lines = self.text[at : after - 1].split("\n")
        found = [self._line(one) for one in lines]
        width = self.width or len(found[0])
        if width == 1:
            return None if self.width and len(lines) > 3 and all(map(str.strip, lines)) else False
        if any(len(fields) != width for fields in found):
            return False
        if self.width and self._kinds:
            return any(
                all(fields[column].strip('" ') in kinds for fields in found)
                for column, kinds in self._kinds.items()
            )
        return True if self.delimiter == "\t" else None

    def _line(self, line: str) -> list[str]:
        """The fields of a line by itself."""
        if '"' not in line:
            return self._trimmed(line.split(self.delimiter))
        alone = _Reader(line, 0, self.delimiter, self.name)
        return self._trimmed(alone._fields(0, self.ways[1])[0])

    @cached_property
    def _kinds(self) -> dict[int, frozenset[str]]:
        """The columns in which few values come again and again, with these."""
        columns: list[Counter[str]] = [Counter() for _ in range(self.width or 0)]
        rows = 0
        for line in self.text[self.start :].split("\n")[1:]:
            fields = self._line(line)
            if len(fields) == self.width:
                rows += 1
                for counted, value in zip(columns, fields, strict=True):
                    counted[value] += 1
        found = {}
        for place, counted in enumerate(columns):
            again = frozenset(value for value, count in counted.items() if count > 1)
            if (
                again
                and len(again) <= MOST_KINDS
                and (sum(counted[value] for value in again) >= 0.8 * rows)
            ):
                found[place] = again
        return found


def _ways(delimiter: str) -> tuple[Way, ...]:
    """How to read a row, in this order.

    1. Quotes may hold delimiters and line ends; one inside is doubled, or has a backslash.
    2. Quotes hold no line ends: any other is a letter.
    3. A backslash makes any sign a letter.
    4. Quotes inside a field are neither doubled nor escaped: the last before a delimiter closes.
    """
    part = re.escape(delimiter)
    blank = " *" if delimiter == "\t" else r"[ \t]*"
    ends = rf"{blank}(?=[{part}\n]|\Z)"
    doubled = rf'{blank}"((?:[^"]++|"")*+)"{ends}'
    escaped = rf'{blank}"((?:[^"\\]++|\\.|"")*+)"{ends}'
    plain = re.compile(rf"[^{part}\n]*+")
    return (
        Way(re.compile(rf"(?:{doubled}|{escaped})", re.DOTALL), plain),
        Way(re.compile(rf'{blank}"((?:[^"\n]++|"")*+)"{ends}'), plain),
        Way(
            re.compile(rf"(?:(?!){doubled}|{escaped})", re.DOTALL),
            re.compile(rf"(?:[^{part}\n\\]++|\\(?:.|\Z))*+", re.DOTALL),
            escapes=True,
        ),
        Way(re.compile(rf'{blank}"([^\n]*?)"{ends}'), plain),
    )


def _beginning(text: str, start: int) -> tuple[int, int]:
    """Where the header begins, and how many lines of comments stand before it."""
    comments = 0
    while start < len(text):
        end = text.find("\n", start)
        line = text[start : end if end >= 0 else len(text)]
        if line.strip() and not (line.startswith("#") and _is_comment(line, text, start)):
            break
        comments += bool(line.strip())
        start += len(line) + 1
    return start, comments


def _is_comment(line: str, text: str, start: int) -> bool:
    """Whether a line with # in front is none of the table: some headers begin so.

    The line after it then has another width, or a usual name of a column.
    """
    found = re.compile(r"\s*+([^\n]*)").match(text, start + len(line))
    following = found[1] if found else ""
    if following.startswith("#"):
        return True
    for one in DELIMITERS:
        below = _Reader(following, 0, one, "")._line(following)
        if len(below) > 1 and len(below) == len(_Reader(line, 0, one, "")._line(line)):
            names = {field.strip().casefold() for field in below}
            return line.startswith("# ") and not names.isdisjoint(USUAL_NAMES)
    return bool(following)


def _delimiter(text: str, start: int) -> str:
    """That of the header's delimiters which makes the rows most equal; of two, the one of more."""
    header = text[start:].lstrip("\n").split("\n", 1)[0]
    sample = text[start : start + LETTERS_TO_GUESS_FROM]
    if len(text) > start + LETTERS_TO_GUESS_FROM and "\n" in sample:
        sample = sample[: sample.rindex("\n") + 1]
    bare = re.sub(r'"[^"]*"', "", header)
    found = {}
    for place, one in enumerate(DELIMITERS):
        if one in bare:
            wrong, width = _Reader(sample, 0, one, "").mistaken()
            found[one] = (-wrong, width, -place)
    return max(found, key=lambda one: found[one], default=NO_DELIMITER)


def _without_empty_end(rows: list[list[str]]) -> list[list[str]]:
    """Without last columns that have neither a name nor any value."""
    while rows and len(rows[0]) > 1 and not any(row[-1].strip() for row in rows):
        for row in rows:
            row.pop()
    return rows
