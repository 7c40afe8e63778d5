"""The figures below the theatre of the Text page, one at a time, when somebody asks for one."""

from __future__ import annotations

from rnnviz.text_address import VERSION, WORDS
from rnnviz.text_exhibit import Task
from rnnviz.theatre import asked, place
from rnnviz.ui.text_choices import PLACE, TextChoices

PAUSE = 0.6
"""Seconds that a figure waits, so that the theatre has the browser for itself."""

LATER = "The figure is drawn as soon as the theatre stands."


def figure_room(choices: TextChoices, tasks: tuple[Task, ...]) -> None:
    """The chosen figure, what can be taken away, and the page's words in the address."""
    _address(choices, tasks)


def _address(choices: TextChoices, tasks: tuple[Task, ...]) -> None:
    """Put the page's words into the address, and let figures follow the theatre at a distance."""
    count = asked(PLACE)
    if count > choices.asked:
        choices.figured = tasks
    choices.asked = count
    place(
        choices.words(),
        key=PLACE,
        owned=WORDS,
        version=VERSION,
        choice=choices.choice,
        heard=choices.heard_trip,
        again=PAUSE if choices.address.figure and tasks != choices.figured else None,
    )
