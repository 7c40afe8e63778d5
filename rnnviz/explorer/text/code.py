""" "Show code" on the Text page: the few lines of Python that reproduce a view in a notebook.

The lines are text for people. Nothing here runs them; a test does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rnnviz.data.passages import PASSAGES
from rnnviz.explorer.parts.code import WIDTH, call, chosen
from rnnviz.explorer.text.exhibit import Task, Text
from rnnviz.theatre.view import TINTS, View

LONGEST = 8000
"""Characters of a text that are printed in the code; a longer one is read from a file."""

EXPLAINED = ("attended", "gradient_input", "integrated_gradients", "occlusion")
"""Colours of the figure "why", by their names as tints; `explain_text` works them out."""

PUSH = "push"
"""The colours of the sentiment line."""


BESIDE = "The second theatre opens as it is: what is chosen in it is not known here."
PUSHED = "The colours of the text are the answer so far, not the push along the line."


def missing(
    tasks: Sequence[Task], view: View | None = None, tints: Sequence[Sequence[str]] = ()
) -> str:
    """What of a view the lines do not show, in sentences; empty where they show all of it."""
    return " ".join(_missing(tasks, view or View(), tints))


def text_code(
    tasks: Sequence[Task],
    view: View | None = None,
    *,
    steps: int,
    layers: int,
    units: int,
    tints: Sequence[Sequence[str]] = (),
) -> str:
    """The program that shows in a notebook what the Text page shows for tasks and a view.

    ``steps``, ``layers`` and ``units`` are the sizes of the first reading, ``tints`` the names of
    the colours that figures have worked out for each task.
    """
    names = _names(tasks)
    is_beside = _are_beside(tasks)
    left_out = _missing(tasks, view or View(), tints)
    tint, place = _tint(tasks, view or View(), tints)
    view = (view or View()).clamped(
        steps=steps, layers=layers, units=units, readings=1 if is_beside else len(tasks)
    )
    if view.values == "difference" and all(task.ghost is None for task in tasks):
        view = replace(view, values="raw")
    explained = tint in EXPLAINED
    view = replace(view, tint=View().tint if tint == PUSH else tint)
    lines = [
        "import rnnviz",
        "from rnnviz.explorer.text import exhibit",
        "from rnnviz.models import checkpoint, tokens",
    ]
    lines += ["from rnnviz.analysis import attribution", ""] if explained else [""]
    for text, name in names.items():
        lines += _text(name, text)
    lines += _readings([_task(task, names) for task in tasks])
    if explained:
        lines += _explained(place)
    lines += [f"# {sentence}" for sentence in left_out]
    words = chosen(view)
    if explained:
        count = 1 if is_beside else len(tasks)
        each = ["found.tints()" if one == place else "[]" for one in range(count)]
        words.append(f"tints=[{', '.join(each)}]")
    if is_beside:
        lines += call("first = rnnviz.show", ["readings[0]", 'title="This text"', *words])
        lines += call("second = rnnviz.show", ["readings[1]", 'title="The pinned text"'])
        lines.append("display(first, second)")
    else:
        lines += call("rnnviz.show", ["*readings", *words])
    return "\n".join(lines) + "\n"


def _are_beside(tasks: Sequence[Task]) -> bool:
    return len({task.text for task in tasks}) > 1


def _missing(tasks: Sequence[Task], view: View, tints: Sequence[Sequence[str]]) -> list[str]:
    pushed = [PUSHED] if _tint(tasks, view, tints)[0] == PUSH else []
    return pushed + ([BESIDE] if _are_beside(tasks) else [])


def _tint(tasks: Sequence[Task], view: View, tints: Sequence[Sequence[str]]) -> tuple[str, int]:
    """The colours that the theatre shows, and of which task; the usual for those not there."""
    if view.tint in TINTS:
        return view.tint, 0
    shown = tints[:1] if _are_beside(tasks) else tints
    places = [place for place, names in enumerate(shown) if view.tint in names]
    known = view.tint in (*EXPLAINED, PUSH)
    return (view.tint, places[0]) if places and known else (View().tint, 0)


def _readings(made: Sequence[str]) -> list[str]:
    return [
        *(
            [f"tasks = [{made[0]}]"]
            if len(made) == 1
            else ["tasks = [", *(f"    {one}," for one in made), "]"]
        ),
        "readings = [",
        "    exhibit.read(checkpoint.load(task.model), tokens.load(task.model), task)",
        "    for task in tasks",
        "]",
        "",
    ]


def _explained(place: int) -> list[str]:
    """The measures by which the text of a task is coloured."""
    return [
        f"name, words = tasks[{place}].model, tasks[{place}].text.words",
        "encoded = exhibit.encode(tokens.load(name), words)",
        "found = attribution.explain_text(checkpoint.load(name), encoded)",
        "",
    ]


def _names(tasks: Sequence[Task]) -> dict[Text, str]:
    """What each text is called in the code."""
    names = {tasks[0].text: "text"}
    for task in tasks:
        names.setdefault(task.text, "pinned")
        if task.ghost is not None:
            names.setdefault(task.ghost, "old")
    return names


def _text(name: str, text: Text) -> list[str]:
    """A bundled passage by its key, any other text in its own words."""
    known = [one.key for one in PASSAGES if one.text == text.words]
    if known:
        return [f'{name} = exhibit.passage("{known[0]}")']
    if len(text.words) > LONGEST:
        return [
            f"# A text of {len(text.words):,} characters: keep it in a file of that name.",
            f'with open("{name}.txt", encoding="utf-8") as file:',
            f"    {name} = exhibit.Text(file.read())",
        ]
    pieces = _pieces(text.words)
    if len(pieces) == 1 and len(pieces[0]) + len(name) + 22 <= WIDTH:
        return [f"{name} = exhibit.Text({pieces[0]})"]
    return [f"{name} = exhibit.Text(", *(f"    {one}" for one in pieces), ")"]


def _pieces(words: str) -> list[str]:
    """Literals that fit a line each and say the text together; `ascii`, so that none hides."""
    room, pieces, start = WIDTH - 6, [], 0
    while start < len(words):
        end = min(len(words), start + room)
        while end > start + 1 and len(_quoted(words[start:end])) > room:
            end = start + (end - start) * 3 // 4
        space = words.rfind(" ", start, end)
        end = space + 1 if end < len(words) and space > start else end
        pieces.append(_quoted(words[start:end]))
        start = end
    return pieces


def _quoted(words: str) -> str:
    """A literal in double quotes; what could hide or turn the line around is spelt out."""
    spelt = [
        one
        if one.isprintable() and one not in '"\\'
        else one.encode("unicode_escape").decode().replace('"', '\\"')
        for one in words
    ]
    return '"' + "".join('\\"' if one == '"' else one for one in spelt) + '"'


def _task(task: Task, names: dict[Text, str]) -> str:
    ghost = "" if task.ghost is None else f", ghost={names[task.ghost]}"
    title = f', title="{task.title}"' if task.title else ""
    return f'exhibit.Task("{task.model}", {names[task.text]}{ghost}{title})'
