"""Text of strangers in tables for programs like Excel, which take some of it for a formula."""

from __future__ import annotations

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a formula begins with, or what such a program drops before one; the last four are wide."""


def cell(text: str) -> str:
    """The text for a cell of a CSV, with an apostrophe before what would be a formula.

    Numbers stay as they are, signs included.
    """
    if not text.lstrip(" \u00a0\u3000").startswith(FORMULA):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text
