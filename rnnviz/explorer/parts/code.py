"""Lines of Python for people: calls that fit the width, and values as one would type them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from rnnviz.theatre.view import View

WIDTH = 88


def chosen(view: View) -> list[str]:
    """What is chosen in a view, as keywords and without the defaults."""
    default = View()
    values = {field.name: getattr(view, field.name) for field in fields(View)}
    return [
        f"{name}={literal(value)}"
        for name, value in values.items()
        if value != getattr(default, name)
    ]


def literal(value: object) -> str:
    """A value as one would type it: lists in brackets, text in double quotes."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(literal, value))}]"
    return f'"{value}"' if isinstance(value, str) else repr(value)


def call(name: str, words: Sequence[str]) -> list[str]:
    """A call on one line, or with as many whole words to a line as fit."""
    if len(f"{name}({', '.join(words)})") <= WIDTH:
        return [f"{name}({', '.join(words)})"]
    lines = ["   "]
    for word in words:
        if len(lines[-1]) + len(word) + 2 > WIDTH:
            lines.append("   ")
        lines[-1] += f" {word},"
    return [f"{name}(", *lines, ")"]
