"""Somebody's own words and numbers inside a figure, where Plotly would read tags and entities."""

from __future__ import annotations

import re

LONGEST = 28

# What turns a line of text around, or breaks it, and other controls.
_UNSEEN = re.compile(r"[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
_SIGNS = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;"}


def plain(text: str, longest: int = LONGEST, *, tail: bool = False) -> str:
    """The text on one line, cut to its first (or last) letters, for a place that takes HTML.

    A tag is shown as it was typed, nothing between dollars becomes a formula, and nothing in braces
    a number of the figure.
    """
    written = "".join(_SIGNS.get(letter, letter) for letter in bare(text, longest, tail=tail))
    return written.replace("%{", "&#37;{")


def bare(text: str, longest: int = LONGEST, *, tail: bool = False) -> str:
    """The same for a place that takes plain text, such as the words for screen readers."""
    line = " ".join(_UNSEEN.sub(" ", text).split())
    if len(line) > longest:
        line = f"…{line[-longest:]}" if tail else f"{line[:longest]}…"
    return line


def quoted(token: str) -> str:
    """A token in quotation marks, or a word for white space."""
    return f"“{words}”" if (words := plain(token)) else "white space"


def signed(number: float, digits: int = 2) -> str:
    """`+1.25` or `−1.25`, with the sign that is as wide as a plus."""
    return f"{float(number):+.{digits}f}".replace("-", "−")
