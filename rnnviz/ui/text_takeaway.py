"""What a person can keep of the Text page: the numbers, the coloured text as a file, the code."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from rnnviz import text_recipes
from rnnviz.data.passages import PASSAGES
from rnnviz.signals import CELL_NAMES
from rnnviz.text_exhibit import Task
from rnnviz.theatre import shape_of, standalone
from rnnviz.ui import text_models
from rnnviz.ui.models import model
from rnnviz.ui.takeaway import MIME
from rnnviz.ui.text_choices import TextChoices

MOST_LINES = 1000
"""Tokens of a trace as CSV: with one line a value, 1,000 make a million lines and more."""


def downloads(choices: TextChoices, tasks: tuple[Task, ...]) -> None:
    """Files that are written when somebody asks for them, and not before."""
    focus = min(choices.view.focus, len(tasks) - 1)
    task = tasks[focus]
    count = len(text_models.encoded(task.model, task.text.words))
    cell = CELL_NAMES[text_models.shown(task)["cell"]]
    of_which = f" of the {cell}, the reading in focus" if len(tasks) > 1 else ""
    every = f"Every gate and state of every unit at every token{of_which}"
    stem = f"{task.model}-{_slug(task)}"
    helps = {
        "npz": f"{every}: numpy.load reads it.",
        "csv": f"{every}: one line per value, for texts of up to {MOST_LINES:,} tokens.",
        "html": "The coloured text with its theatre as one file. It opens offline in any browser, "
        "without this app. It holds the whole text.",
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
                help=helps[kind],
                disabled=kind == "csv" and count > MOST_LINES,
            )


def trace_file(task: Task, kind: str) -> bytes:
    """The trace of a task as the bytes of an ``npz`` or ``csv`` file."""
    import torch

    encoded = text_models.encoded(task.model, task.text.words)
    ids = torch.from_numpy(encoded.ids)[None]
    # The answers so far are not in the file, so only the last one is worked out.
    trace = model(task.model).trace(ids, prefix_ends=[len(encoded)]).recurrent
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"trace.{kind}"
        (trace.save_npz if kind == "npz" else trace.save_csv)(path)
        return path.read_bytes()


def page_file(tasks: tuple[Task, ...], choices: TextChoices) -> str:
    """The readings that are shown, of two texts that in focus, as one HTML file."""
    if len({task.text for task in tasks}) > 1:
        tasks = tasks[:1]
    payloads = [text_models.shown(task) for task in tasks]
    words = " ".join(filter(None, (text_models.about(task.model) for task in tasks)))
    title = ", ".join(str(payload["title"]) for payload in payloads)
    return standalone.page(
        payloads, title=f"{title} reading a text", about=words, view=choices.view
    )


def code(choices: TextChoices, tasks: tuple[Task, ...]) -> None:
    """The lines of Python that show the same in a notebook."""
    with st.expander("Show code", icon=":material/code:"):
        st.caption("In a notebook, these lines show exactly this view, computed anew.")
        steps, layers, units = shape_of(text_models.shown(tasks[0]))
        lines = text_recipes.text_code(tasks, choices.view, steps=steps, layers=layers, units=units)
        # Without colours: Streamlit's for Python are too pale to be read by everybody.
        st.code(lines, language=None, wrap_lines=True)


def _slug(task: Task) -> str:
    """The key of a passage, ``text`` for anything else: short, and safe in the name of a file."""
    return next((one.key for one in PASSAGES if one.text == task.text.words), "text")
