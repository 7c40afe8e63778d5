"""What a person can keep of the Text page: the numbers, the coloured text as a file, the code."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from rnnviz.data.passages import PASSAGES
from rnnviz.explorer.digits.takeaway import MIME
from rnnviz.explorer.parts.models import model
from rnnviz.explorer.parts.notices import plain
from rnnviz.explorer.text import code as text_recipes
from rnnviz.explorer.text import readings
from rnnviz.explorer.text.choices import TextChoices
from rnnviz.explorer.text.exhibit import Task
from rnnviz.notation.cells import CELL_NAMES
from rnnviz.theatre import standalone
from rnnviz.theatre.payload import shape_of

MOST_LINES = 1000
"""Tokens of a trace as CSV: with one line a value, 1,000 make a million lines and more."""


def downloads(choices: TextChoices, tasks: tuple[Task, ...]) -> None:
    """Files that are written when somebody asks for them, and not before."""
    task, of_which = _in_focus(choices, tasks)
    count = len(readings.encoded(task.model, task.text.words))
    every = f"Every token with every gate and state of every unit{of_which}"
    stem = f"{task.model}-{_slug(task)}"
    helps = {
        "npz": f"{every}, with attention and the answers so far: numpy.load reads it.",
        "csv": f"{every}: one line per value, for texts of up to {MOST_LINES:,} tokens.",
        "html": "The coloured text with its theatre as one file. It opens offline in any browser, "
        f"without this app. {_held(tasks)}",
    }
    writers: dict[str, Callable[[], str | bytes]] = {
        "npz": partial(trace_file, task, "npz"),
        "csv": partial(trace_file, task, "csv"),
        "html": partial(page_file, tasks, choices),
    }
    labels = {"npz": "Trace, NPZ", "csv": "Trace, CSV", "html": "Coloured text, HTML"}
    with st.container(horizontal=True):
        for kind, label in labels.items():
            st.download_button(
                label,
                data=writers[kind],
                file_name=f"{stem}.{kind}",
                mime=MIME[kind],
                key=f"text_{kind}",
                icon=":material/download:",
                on_click="ignore",
                help=plain(helps[kind]),
                disabled=kind == "csv" and count > MOST_LINES,
            )


def _are_beside(tasks: tuple[Task, ...]) -> bool:
    """Whether two texts stand side by side, each in a theatre of its own."""
    return len({task.text for task in tasks}) > 1


def _in_focus(choices: TextChoices, tasks: tuple[Task, ...]) -> tuple[Task, str]:
    """The reading whose numbers are written, and how to say which it is."""
    if _are_beside(tasks):
        return tasks[0], " of this text, not of the pinned one"
    task = tasks[min(choices.view.focus, len(tasks) - 1)]
    cell = CELL_NAMES[readings.shown(task)["cell"]]
    return task, f" of the {cell}, the reading in focus" if len(tasks) > 1 else ""


def _held(tasks: tuple[Task, ...]) -> str:
    """Which texts go with the file, for somebody who hands it on."""
    if _are_beside(tasks):
        return "It holds the whole of this text, and not the pinned one."
    ghost = tasks[0].ghost
    if ghost is None:
        return "It holds the whole text."
    return f"It holds the whole text and what lies under it for comparison: {ghost.source}, whole."


def trace_file(task: Task, kind: str) -> bytes:
    """The tokens and the trace of a task as the bytes of an ``npz`` or ``csv`` file."""
    import torch

    from rnnviz.explorer.text import files

    encoded = readings.encoded(task.model, task.text.words)
    reading = readings.reading(task.model, task.text)
    ids = torch.from_numpy(encoded.ids)[None]
    # The reading has the answers so far, so only the last one is worked out again.
    trace = model(task.model).trace(ids, prefix_ends=[len(encoded)]).recurrent
    save = {"npz": files.save_npz, "csv": files.save_csv}[kind]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"trace.{kind}"
        save(trace, encoded, reading, path)
        return path.read_bytes()


def page_file(tasks: tuple[Task, ...], choices: TextChoices) -> str:
    """The theatre as it is shown, with its colours, as one HTML file; of two that of this text."""
    if _are_beside(tasks):
        tasks = tasks[:1]
    payloads = [readings.shown(task) for task in tasks]
    words = [readings.about(task.model) for task in tasks]
    if tasks[0].ghost is not None:
        words.append(f"Under the text lies {tasks[0].ghost.source}, for comparison.")
    title = ", ".join(str(payload["title"]) for payload in payloads)
    return standalone.page(
        payloads,
        title=f"{title} reading a text",
        about=" ".join(filter(None, words)),
        view=choices.view,
        tints=[choices.tints_of(task) for task in tasks],
    )


def code(choices: TextChoices, tasks: tuple[Task, ...]) -> None:
    """The lines of Python that show the same in a notebook."""
    with st.expander("Show code", icon=":material/code:"):
        tints = [[tint.name for tint in choices.tints_of(task)] for task in tasks]
        missing = text_recipes.missing(tasks, choices.view, tints)
        which = f"what is here, but for one thing. {missing}" if missing else "exactly this view."
        st.caption(f"In a notebook, these lines compute anew and show {which}")
        steps, layers, units = shape_of(readings.shown(tasks[0]))
        lines = text_recipes.text_code(
            tasks, choices.view, steps=steps, layers=layers, units=units, tints=tints
        )
        # Without colours: Streamlit's for Python are too pale to be read by everybody.
        st.code(lines, language=None, wrap_lines=True)


def _slug(task: Task) -> str:
    """The key of a passage, ``text`` for anything else: short, and safe in the name of a file."""
    return next((one.key for one in PASSAGES if one.text == task.text.words), "text")
