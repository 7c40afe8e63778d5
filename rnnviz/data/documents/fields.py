"""Rows of fields that a sign parts, in the quotes and escapes of whichever program wrote them.

The first row says how wide a row is; of the ways to read a row, the first that makes it as wide is
taken. What is doubtful is remarked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from rnnviz.data import DataError
from rnnviz.data.documents.headers import MOST_KINDS


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

    def sentences(self) -> tuple[str, ...]:
        """For whoever brought the file."""
        said = []
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


class Reader:
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
            fields, end = self.row(at, line)
            if any(map(str.strip, fields)):
                if self.width is None:
                    self.width = len(fields)
                if len(fields) != self.width:
                    advice = (
                        'put texts with commas or line ends in double quotes (")'
                        if len(fields) > self.width
                        else "add what is missing, or delete the line if it is no row"
                    )
                    raise DataError(
                        f"expected {self.width} fields in every row of {self.name}, got "
                        f"{len(fields)} in line {line:,}: {advice}"
                    )
                yield fields
            line += self.text.count("\n", at, end)
            at = end

    def mistaken(self) -> tuple[int, int]:
        """How many rows are not as wide as the first, or have a quote too much; and that width."""
        wrong, at = 0, self.start
        while at < len(self.text):
            try:
                fields, at = self.row(at, 0)
            except DataError:
                return wrong + 1, self.width or 0
            if any(map(str.strip, fields)):
                self.width = self.width or len(fields)
                wrong += len(fields) != self.width
        return wrong, self.width or 0

    def row(self, at: int, line: int) -> tuple[list[str], int]:
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
        found = [self.line(one) for one in lines]
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

    def line(self, line: str) -> list[str]:
        """The fields of a line by itself."""
        if '"' not in line:
            return self._trimmed(line.split(self.delimiter))
        alone = Reader(line, 0, self.delimiter, self.name)
        return self._trimmed(alone._fields(0, self.ways[1])[0])

    @cached_property
    def _kinds(self) -> dict[int, frozenset[str]]:
        """The columns in which few values come again and again, with these."""
        columns: list[Counter[str]] = [Counter() for _ in range(self.width or 0)]
        rows = 0
        for line in self.text[self.start :].split("\n")[1:]:
            fields = self.line(line)
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
    blank = {"\t": " *", " ": ""}.get(delimiter, r"[ \t]*")
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
