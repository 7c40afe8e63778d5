"""Rows of text that a sign parts: CSV of commas, semicolons or bars, and tab-separated text.

What programs and people put around a table is told from it: titles, comments, rulers, row names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rnnviz.data import DataError
from rnnviz.data.documents.fields import Reader
from rnnviz.data.documents.headers import has_usual_name, is_header, is_number

DELIMITERS = ",;\t|"

NOTHING = f"{DELIMITERS} "
"""What a line without a field that is filled in is made of."""

# Stands in no text that `decode` lets pass: a header without a delimiter is one column, however
# many commas the texts below it have.
NO_DELIMITER = "\x1f"

EXCELS_LINE = re.compile(r'\s*"?sep=([^\s\w"]|\t)"?[,;|\t]*[ ]*(?:\n|\Z)', re.IGNORECASE)
"""A first line that tells Excel the delimiter, and no other program anything."""

COMMENT = re.compile(r"#|//|%|--")

QUOTED = r'"(?:[^"\\\n]++|\\.|"")*+"'
ROW_OF_R = re.compile(rf"{QUOTED}( (?:{QUOTED}|[\w.+-]++))*+")
"""What R's `write.table` writes: a blank between fields, texts in quotes."""

ROW_NAMES = "The rows have one field more than the header: the first is their name, as R writes it."

FOOT = re.compile(r"\(\d+ rows?\)")
"""What psql writes below a table."""

LETTERS_TO_GUESS_FROM = 100_000
MOST_TITLES = 5
FEWEST_ROWS = 3
"""With its header, a table below a title has at least so many."""


@dataclass(frozen=True)
class Beginning:
    """Where the header begins, and the comments and the titles that stand above it."""

    at: int
    comments: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """For whoever brought the file."""
        said = []
        if self.comments:
            signs = {found[0] for one in self.comments if (found := COMMENT.match(one))}
            said.append(
                f"{_lines(len(self.comments))} at the start with {' or '.join(sorted(signs))} in "
                "front: left out, as a comment."
            )
        if self.titles:
            shown = self.titles[0] if len(self.titles[0]) <= 80 else f"{self.titles[0][:80]}…"
            said.append(f"{_lines(len(self.titles))} above the header: left out, as a title "
                        f"({shown}).")  # fmt: skip
        return tuple(said)


def read(text: str, name: str) -> tuple[list[list[str]], tuple[str, ...]]:
    """The rows, the header first, all as wide as that one, and what to say about them.

    Excel's line ``sep=;`` names the delimiter, else that which makes the rows most equal does. Line
    ends become \\n. Empty lines, lines of delimiters alone, rulers, and comments and titles above
    the header are left out. Raises `DataError` for a quote that does not close and for a row of
    another width, with its line; `name` is what to call the file.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text, ruled = _without_rulers(text)
    told = EXCELS_LINE.match(text)
    begun = _beginning(text, told.end() if told else 0, told[1] if told else None)
    delimiter = told[1] if told else _delimiter(text, begun.at)
    said: tuple[str, ...] = ()
    found = _with_row_names(text, begun.at, delimiter, name)
    if found is None:
        reader = Reader(text, begun.at, delimiter, name)
        rows = list(reader.rows())
    else:
        rows, reader = found
        said = (ROW_NAMES,)
    rows = _without_empty_end(rows)
    if ruled:
        rows = _without_frame(rows)
    again = [row for row in rows[1:] if row == rows[0]]
    if again and len(rows[0]) > 1 and has_usual_name(rows[0]):  # of files that were joined
        rows = [rows[0], *(row for row in rows[1:] if row != rows[0])]
        said += (f"{_lines(len(again))} with the header again: left out.",)
    return rows, (*begun.sentences, *said, *reader.remarks.sentences())


def _lines(count: int) -> str:
    return "One line" if count == 1 else f"{count:,} lines"


def _without_rulers(text: str) -> tuple[str, bool]:
    """The text with empty lines for those that rule a table off, and whether there were any.

    One stands below the header, as in Markdown; where that is of bars, others may stand anywhere.
    """
    lines = text.split("\n", 2 * MOST_TITLES)
    quotes = 0
    for place, line in enumerate(lines[: 2 * MOST_TITLES]):
        if place and quotes % 2 == 0 and _is_ruler(line):
            break
        quotes += line.count('"')
    else:
        return text, False
    if set(line).isdisjoint("|+"):
        lines[place] = ""
        return "\n".join(lines), False
    kept = ("" if _is_ruler(one) or FOOT.fullmatch(one) else one for one in text.split("\n"))
    return "\n".join(kept), True


def _is_ruler(line: str) -> bool:
    inside = line.strip()
    if not inside or inside[0] not in "|+-=:" or not set(inside) <= set("|+-=:,;\t "):
        return False
    barred = "|" in inside or "+" in inside
    parts = re.split(r"[|+,;\t]", inside.strip("|+"))
    fewest = 1 if barred else 2
    return (barred or len(parts) > 1) and all(
        re.fullmatch(rf":?[-=]{{{fewest},}}+:?", part.strip()) for part in parts
    )


def _beginning(text: str, start: int, told: str | None) -> Beginning:
    """Where the header begins: below empty lines, comments and titles."""
    at, comments = _below_comments(text, start)
    below, titles = _below_titles(text, at, told)
    if titles:
        return Beginning(below, comments, titles)
    return Beginning(at, comments)


def _below_comments(text: str, at: int) -> tuple[int, tuple[str, ...]]:
    comments = []
    while at < len(text):
        line = _line(text, at)
        if line.strip(NOTHING):
            if not (COMMENT.match(line) and _is_comment(line, text, at)):
                break
            comments.append(line)
        at += len(line) + 1
    return at, tuple(comments)


def _is_comment(line: str, text: str, start: int) -> bool:
    """Whether a line with a comment's sign in front is none of the table: some headers begin so.

    The line after it then has another width, or a usual name of a column.
    """
    sign = COMMENT.match(line)
    found = re.compile(r"\s*+([^\n]*)").match(text, start + len(line))
    following = found[1] if found else ""
    if sign is None or not following:
        return False
    if following.startswith(sign[0]):
        return True
    widest = 1
    for one in DELIMITERS:
        below = Reader(following, 0, one, "").line(following)
        widest = max(widest, len(below))
        if len(below) > 1 and len(below) == len(Reader(line, 0, one, "").line(line)):
            return line.startswith(f"{sign[0]} ") and has_usual_name(below)
    return widest > 1 or sign[0] == "#"


def _below_titles(text: str, start: int, told: str | None) -> tuple[int, tuple[str, ...]]:
    """Where a table begins below lines that are narrower than it, and these lines."""
    if _is_table(text, start, told, ()):
        return start, ()
    at, above = start, list[str]()
    while len(above) < MOST_TITLES and at < len(text):
        line = _line(text, at)
        at += len(line) + 1
        if line.strip(NOTHING):
            above.append(line)
            at, _ = _below_comments(text, at)
            if _is_table(text, at, told, tuple(above)):
                delimiter = told or _delimiter(text, at)
                return at, tuple(one.strip(f"{delimiter} ") for one in above)
    return start, ()


def _is_table(text: str, at: int, told: str | None, above: tuple[str, ...]) -> bool:
    """Whether a header and rows as wide as it begin at a place, the lines `above` being narrower.

    Below a title the header has a usual name, or the title no delimiter and the header no prose.
    """
    delimiter = told or _delimiter(text, at)
    header = _line(text, at)
    names = Reader(header, 0, delimiter, "").line(header)
    if not above and has_usual_name(names):
        return True
    try:
        rows = list(Reader(_sample(text, at), 0, delimiter, "").rows())
    except DataError:
        return False
    if not rows:
        return False
    if len(rows[0]) < 2:  # words of a list may be usual names
        return has_usual_name(names) and all(len(one.split()) > 2 for one in above)
    if not above:
        return len(rows) < FEWEST_ROWS or any(field.strip() for field in rows[0][1:])
    if len(rows) < FEWEST_ROWS or not all(field.strip() for field in rows[0]):
        return False
    if any(map(is_number, rows[0])) or not is_header(rows[0], rows[1:]):
        return False
    widths = [_width(line, delimiter) for line in above]
    if has_usual_name(rows[0]):
        return max(widths) < len(rows[0])
    return max(widths) == 1 and not re.search("[,;] ", header)


def _width(line: str, delimiter: str) -> int:
    """How many fields a line has, without empty ones at its end."""
    return len(Reader(line, 0, delimiter, "").line(line.rstrip(f"{delimiter} ")))


def _with_row_names(
    text: str, start: int, delimiter: str, name: str
) -> tuple[list[list[str]], Reader] | None:
    """The rows of a table whose header lacks a name for the first column, as R writes it.

    The names of its rows are all different and without white space; None where it is none.
    """
    if start >= len(text):
        return None
    header, end = Reader(text, start, delimiter, name).row(start, 1)
    for one in DELIMITERS if delimiter == NO_DELIMITER else delimiter:
        wrong, width = Reader(_sample(text, end), 0, one, name).mistaken()
        if wrong or width != len(header) + 1:
            continue
        reader = Reader(text, end, one, name)
        try:
            rows = list(reader.rows())
        except DataError:
            return None
        names = [row[0] for row in rows]
        counted = names in ([str(n + first) for n in range(len(rows))] for first in (0, 1))
        alone = all(re.fullmatch(r"\S+", row[0]) and not row[1][:1].isspace() for row in rows)
        different = len(set(names)) == len(rows) > 1
        filled = any(row[-1].strip() for row in rows)
        if filled and (counted or (len(header) > 1 and alone and different)):
            return [["row name", *header], *rows], reader
    return None


def _line(text: str, at: int) -> str:
    end = text.find("\n", at)
    return text[at : end if end >= 0 else len(text)]


def _sample(text: str, start: int) -> str:
    """Whole lines from a place on, to guess from."""
    sample = text[start : start + LETTERS_TO_GUESS_FROM]
    if len(text) > start + LETTERS_TO_GUESS_FROM and "\n" in sample:
        sample = sample[: sample.rindex("\n") + 1]
    return sample


def _delimiter(text: str, start: int) -> str:
    """That of the header's delimiters which makes the rows most equal; of two, the one of more."""
    below = text[start:].lstrip("\n").split("\n", 2)
    header = below[0]
    of_r = [ROW_OF_R.fullmatch(line) for line in below[:2]]
    if all(of_r) and any(one and one[1] for one in of_r):
        return " "
    sample = _sample(text, start)
    bare = re.sub(r'"[^"]*"', "", header)
    found = {}
    for place, one in enumerate(DELIMITERS):
        if one in bare:
            wrong, width = Reader(sample, 0, one, "").mistaken()
            found[one] = (-wrong, width, -place)
    return max(found, key=lambda one: found[one], default=NO_DELIMITER)


def _without_empty_end(rows: list[list[str]]) -> list[list[str]]:
    """Without last columns that have neither a name nor any value."""
    while rows and len(rows[0]) > 1 and not any(row[-1].strip() for row in rows):
        for row in rows:
            row.pop()
    return rows


def _without_frame(rows: list[list[str]]) -> list[list[str]]:
    """Cells without the blanks around them, and without the column left of the first bar."""
    rows = [[field.strip() for field in row] for row in rows]
    if rows and len(rows[0]) > 1 and not any(row[0] for row in rows):
        rows = [row[1:] for row in rows]
    return rows
