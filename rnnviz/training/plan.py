"""A plan: everything that decides one training run, small enough for an address or a file.

One import for whoever sets up runs: the words and bounds of a plan (`words.py`), the tasks with
what suits them (`tasks.py`) and the presets (`presets.py`). Nothing here imports torch; what a plan
becomes is in `preparation.py`.
"""

from rnnviz.training.presets import PRESETS, Preset
from rnnviz.training.tasks.table import TASKS, TaskInfo, defaults
from rnnviz.training.words import (
    BOUNDS,
    CELLS,
    CHOICES,
    DEFAULTS,
    ENGINES,
    FIELDS,
    INITIALISATIONS,
    NONE_ALLOWED,
    OPTIMIZERS,
    READOUTS,
    SCHEDULES,
    TASK_NAMES,
    Plan,
    PlanError,
)

__all__ = [
    "BOUNDS",
    "CELLS",
    "CHOICES",
    "DEFAULTS",
    "ENGINES",
    "FIELDS",
    "INITIALISATIONS",
    "NONE_ALLOWED",
    "OPTIMIZERS",
    "PRESETS",
    "READOUTS",
    "SCHEDULES",
    "TASKS",
    "TASK_NAMES",
    "Plan",
    "PlanError",
    "Preset",
    "TaskInfo",
    "defaults",
]
