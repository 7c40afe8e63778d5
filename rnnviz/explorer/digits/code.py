""" "Show code": the few lines of Python that reproduce a view in a notebook.

The lines are text for people. Nothing here runs them; a test does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rnnviz.explorer.digits import exhibit
from rnnviz.explorer.digits.address import FIRST_SAMPLE, DigitsAddress, pack_image
from rnnviz.explorer.parts.code import WIDTH, call, chosen
from rnnviz.theatre.view import View

STEPS, LAYERS, UNITS = 28, 2, 128
"""What every digit model here has: one row a step, two layers of 128 units, one direction."""


def digits_code(address: DigitsAddress, view: View | None = None) -> str:
    """The program that shows in a notebook what the Digits page shows for an address and a view."""
    tasks = exhibit.tasks(address)
    lines = [
        "import rnnviz",
        "from rnnviz.explorer.digits import exhibit",
        "from rnnviz.models import checkpoint",
        "",
    ]
    lines += _picture("picture", address.image, address.sample or FIRST_SAMPLE)
    shown = "picture"
    if address.has_pin:
        lines += _picture("pinned", address.pinned, address.pin)
    if address.has_pin and address.morph is not None:
        lines.append(f"mixed = exhibit.morph(picture, pinned, {address.morph})")
        shown = "mixed"
    lines += _tasks(tasks, shown)
    lines += ["readings = [exhibit.read(checkpoint.load(task.model), task) for task in tasks]", ""]
    lines += call("rnnviz.show", ["*readings", *_words(view or View(), tasks)])
    return "\n".join(lines) + "\n"


def _picture(name: str, pixels: bytes | None, number: int | None) -> list[str]:
    """A bundled sample by its number, any other digit by its pixels."""
    if pixels is None:
        return [f"{name} = exhibit.sample({number})"]
    word = pack_image(pixels)
    pieces = [word[i : i + WIDTH - 6] for i in range(0, len(word), WIDTH - 6)]
    source = [] if name == "picture" else [f'    source="{exhibit.PINNED_SOURCE}",']
    *first, last = [f'    "{piece}"' for piece in pieces]
    return [f"{name} = exhibit.own(", *first, f"{last},", *source, ")"]


def _tasks(tasks: Sequence[exhibit.Task], shown: str) -> list[str]:
    pictures = [shown if not task.title else "pinned" for task in tasks]
    made = [
        _one(f'"{task.model}"', picture, task)
        for task, picture in zip(tasks, pictures, strict=True)
    ]
    if len(tasks) == 1:
        return [f"tasks = [{made[0]}]"]
    return ["tasks = [", *(f"    {one}," for one in made), "]"]


def _one(model: str, picture: str, task: exhibit.Task) -> str:
    ghost = "" if task.ghost is None else ", ghost=pinned"
    title = f', title="{task.title}"' if task.title else ""
    return f"exhibit.Task({model}, {picture}{ghost}{title})"


def _words(view: View, tasks: Sequence[exhibit.Task]) -> list[str]:
    """What is chosen, as keywords: only what these networks have, and without the defaults."""
    view = view.clamped(steps=STEPS, layers=LAYERS, units=UNITS, readings=len(tasks))
    view = replace(view, direction="forward")
    if view.values == "difference" and all(task.ghost is None for task in tasks):
        view = replace(view, values="raw")
    return chosen(view)
