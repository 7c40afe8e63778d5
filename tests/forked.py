"""Programs run as `python -W error program.py` does, but for the imports that all of them share."""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
import traceback
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

# Seconds of work for each program otherwise. Where a system has no fork, they are imported anew.
_FORKS = "forkserver" in multiprocessing.get_all_start_methods()
_CONTEXT = multiprocessing.get_context("forkserver" if _FORKS else "spawn")
_SHARED = ["numpy", "torch", "rnnviz.models.classifier", "rnnviz.models.tokens"]


def run(program: Path, environment: Mapping[str, str] | None = None) -> tuple[str, str]:
    """What a program writes to stdout and to stderr, in its own folder and process.

    Raises AssertionError with its stderr where it fails; warnings are errors.
    """
    if _FORKS:
        _CONTEXT.set_forkserver_preload(_SHARED)  # type: ignore[attr-defined]
    told = program.with_suffix(".stdout"), program.with_suffix(".stderr")
    told_to = {**os.environ, **(environment or {})}
    process = _CONTEXT.Process(target=_run, args=(program, told_to, *told))
    # A child imports its parent's main module. Tests of pages leave a page there.
    before = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        process.start()
    finally:
        sys.modules["__main__"] = before
    process.join()
    out, err = (path.read_text(encoding="utf-8") for path in told)
    assert process.exitcode == 0, err
    return out, err


def _run(program: Path, environment: dict[str, str], out: Path, err: Path) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(program.parent)
    with out.open("w", encoding="utf-8") as stdout, err.open("w", encoding="utf-8") as stderr:
        sys.stdout, sys.stderr, sys.argv = stdout, stderr, [program.name]
        warnings.resetwarnings()
        warnings.simplefilter("error")
        try:
            runpy.run_path(program.name, run_name="__main__")
        except BaseException:
            traceback.print_exc()
            raise SystemExit(1) from None
