"""What a person can keep of the Digits page: the numbers, the theatre as a file, the code."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from rnnviz.explorer.digits import code as recipes
from rnnviz.explorer.digits import exhibit
from rnnviz.explorer.digits.choices import DigitsChoices
from rnnviz.explorer.parts.models import model
from rnnviz.notation.cells import CELL_NAMES
from rnnviz.theatre import standalone


def downloads(
    choices: DigitsChoices,
    tasks: tuple[exhibit.Task, ...],
    payloads: list[dict[str, Any]],
    *,
    title: str,
    about: str,
) -> None:
    """Files that are written when somebody asks for them, and not before."""
    focus = min(choices.view.focus, len(tasks) - 1)
    task, cell = tasks[focus], CELL_NAMES[payloads[focus]["cell"]]
    stem = f"{task.model}-{_slug(task.picture.source)}"
    of_which = f" of the {cell}, the reading in focus" if len(tasks) > 1 else ""
    whole = partial(standalone.page, payloads, title=title, about=about, view=choices.view)
    with st.container(horizontal=True):
        for kind, label, write, help_text in (
            ("npz", "Trace, NPZ", partial(trace_file, task, "npz"), "numpy.load reads it"),
            ("csv", "Trace, CSV", partial(trace_file, task, "csv"), "one line per value"),
            ("html", "Theatre, HTML", whole, ""),
        ):
            said = (
                "This theatre as one file. It opens offline in any browser, without this app."
                if kind == "html"
                else f"Every gate and state of every unit at every row{of_which}: {help_text}."
            )
            st.download_button(
                label,
                data=write,
                file_name=f"{stem}.{kind}",
                mime=MIME[kind],
                key=f"digits_{kind}",
                icon=":material/download:",
                on_click="ignore",
                help=said,
            )


MIME = {"npz": "application/octet-stream", "csv": "text/csv", "html": "text/html"}


def trace_file(task: exhibit.Task, kind: str) -> bytes:
    """The trace of a task as the bytes of an ``npz`` or ``csv`` file."""
    import torch

    from rnnviz.models.evaluation import rows

    image = torch.from_numpy(task.picture.image.copy())
    trace = model(task.model).trace(rows(image)[None]).recurrent
    save: Callable[[Path], None] = {"npz": trace.save_npz, "csv": trace.save_csv}[kind]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"trace.{kind}"
        save(path)
        return path.read_bytes()


def code(choices: DigitsChoices) -> None:
    """The lines of Python that show the same in a notebook."""
    with st.expander("Show code", icon=":material/code:"):
        st.caption("In a notebook, these lines show exactly this view, computed anew.")
        lines = recipes.digits_code(choices.address, choices.view)
        # Without colours: Streamlit's for Python are too pale to be read by everybody.
        st.code(lines, language=None, wrap_lines=True)


def _slug(source: str) -> str:
    """``sample 8, labelled 3`` as ``sample-8``: short, and safe in the name of a file."""
    words = source.partition(",")[0].lower().split()
    return "-".join("".join(one for one in word if one.isalnum()) for word in words)
