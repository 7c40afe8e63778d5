"""Joining the theatre's ES modules into the single inline module that Streamlit's components take.

The modules import each other by relative path and are tested as they are (``node --test``). Here
they are put one after the other, dependencies first, with their local imports and their ``export``
words taken off. No build step: this is all there is. Only plain forms are understood, and anything
else is refused loudly: ``import { a, b } from "./file.js";`` or ``"../folder/file.js"``, and
``export`` before a declaration.
"""

from __future__ import annotations

import re
from pathlib import Path

_IMPORT = re.compile(r'^import\s*\{([^}]*)\}\s*from\s*"(\.\.?/[\w/-]+\.js)";[ \t]*\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async function|function|const|let|class)\b)", re.MULTILINE)
_DECLARED = re.compile(
    r"^(?:export )?(?:async function|function|const|let|class)\s+(\w+)", re.MULTILINE
)
_LEFT_OVER = re.compile(r"^(?:import\b|export (?!default\b)).*", re.MULTILINE)

WEB = Path(__file__).parent / "web"
SHEETS = ("theatre", "controls", "prose", "stage", "legend", "tour", "narrow", "presenter")
"""The style sheets of the theatre, in the order in which they apply."""


class ModuleError(ValueError):
    """A module that cannot be joined: the message names the file and what was expected."""


def join(entry: Path) -> str:
    """The text of ``entry`` and of every module it needs, as one ES module."""
    order: list[Path] = []
    _visit(entry.resolve(), order, ())
    owners: dict[str, str] = {}
    parts = []
    for path in order:
        text = path.read_text(encoding="utf-8")
        for name in _DECLARED.findall(text):
            if name in owners:
                raise ModuleError(
                    f"{path.name}: expected names that are unique, got {name} again "
                    f"({owners[name]})"
                )
            owners[name] = path.name
        parts.append(_stripped(path, text, is_entry=path == order[-1]))
    return "\n".join(parts)


def styles() -> str:
    """The theatre's style sheets as one text."""
    return "".join(file(f"{name}.css").read_text(encoding="utf-8") for name in SHEETS)


def file(name: str) -> Path:
    """The module or style sheet of that name, in whichever folder of `web/` it stands."""
    found = list(WEB.glob(f"*/{name}"))
    if len(found) != 1:
        raise ModuleError(f"{name}: expected one file of that name, found {len(found)}")
    return found[0]


def _visit(path: Path, order: list[Path], above: tuple[Path, ...]) -> None:
    if path in above:
        raise ModuleError(
            f"{path.name}: expected no import cycle, got one through {above[-1].name}"
        )
    if path in order:
        return
    if not path.is_file():
        raise ModuleError(f"{path.name}: expected this module beside {above[-1].name}, found none")
    for names, target in _IMPORT.findall(path.read_text(encoding="utf-8")):
        if " as " in names:
            raise ModuleError(f"{path.name}: expected plain names in the import of {target}")
        _visit((path.parent / target).resolve(), order, (*above, path))
    order.append(path)


def _stripped(path: Path, text: str, *, is_entry: bool) -> str:
    text = _EXPORT.sub("", _IMPORT.sub("", text))
    if not is_entry and re.search(r"^export default\b", text, re.MULTILINE):
        raise ModuleError(f"{path.name}: expected a default export in the entry module only")
    left = _LEFT_OVER.search(text)
    if left:
        raise ModuleError(
            f"{path.name}: expected only named imports by relative path and exported "
            f"declarations, got {left[0]!r}"
        )
    return text
