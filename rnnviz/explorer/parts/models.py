"""Trained models, loaded once and kept for everybody, see `kept`."""

from __future__ import annotations

from typing import Any

from rnnviz.explorer.parts import warmup
from rnnviz.explorer.parts.kept import kept
from rnnviz.models import checkpoint


@kept
def model(name: str) -> Any:
    """The trained model of that name, shared and never written to; raises CheckpointError."""
    warmup.import_torch()
    return checkpoint.load(name)
