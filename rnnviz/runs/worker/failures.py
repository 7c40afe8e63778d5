"""What went wrong, in one sentence for the visitor."""

from __future__ import annotations

import errno

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
KEPT = "what was saved before is kept"


def is_full(failure: BaseException) -> bool:
    """Whether the disk has no room; safetensors hides the error number in its words."""
    if isinstance(failure, OSError):
        return failure.errno in FULL
    words = str(failure)
    return any(f"os error {number})" in words for number in FULL)


def is_out_of_memory(failure: BaseException) -> bool:
    """Whether memory ran out, in Python or in torch."""
    words = str(failure).lower()
    return isinstance(failure, MemoryError) or (
        isinstance(failure, RuntimeError)
        and ("out of memory" in words or "enough memory" in words or "allocate memory" in words)
    )


def is_expected(failure: BaseException) -> bool:
    """Whether the error's own words are a sentence of ours."""
    from rnnviz.data import DataError
    from rnnviz.models.storage import CheckpointError
    from rnnviz.runs.worker.lane import ResumeError
    from rnnviz.training.engine.devices import DeviceError
    from rnnviz.training.engine.loop import DivergenceError
    from rnnviz.training.plan import PlanError

    ours = (CheckpointError, DataError, DeviceError, DivergenceError, PlanError, ResumeError)
    return isinstance(failure, ours)


def sentence(failure: BaseException) -> str:
    """What happened and what to do."""
    if is_expected(failure):
        return str(failure)
    if is_full(failure):
        return f"The disk of the server is full, so nothing more could be saved; {KEPT}."
    if is_out_of_memory(failure):
        return (
            f"The training needed more memory than there is; {KEPT}: choose fewer units, "
            "examples or a smaller batch."
        )
    if isinstance(failure, OSError):
        return f"A file of the run could not be written ({failure.strerror or failure}); {KEPT}."
    return (
        f"The training met an error of this program ({type(failure).__name__}: "
        f"{str(failure)[:200]}); {KEPT}. The server's log has the rest."
    )
