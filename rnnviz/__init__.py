"""rnnviz: recurrent networks written from scratch, with every gate of every step in reach.

Names are loaded when they are first used: `import rnnviz` does not import torch, so a page can
paint a stored reading before torch is there.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnviz.cells import GRUCell, GRUStep, LSTMCell, LSTMStep, RNNCell, RNNStep
    from rnnviz.classifier import SequenceClassifier
    from rnnviz.parameters import copy_parameters, initialise
    from rnnviz.recurrent import GRU, LSTM, RNN
    from rnnviz.showing import show
    from rnnviz.tracing import Trace, run, trace
    from rnnviz.unrolling import unroll

__version__ = "0.1.0"

_HOMES = {
    "RNN": "recurrent",
    "GRU": "recurrent",
    "LSTM": "recurrent",
    "RNNCell": "cells",
    "GRUCell": "cells",
    "LSTMCell": "cells",
    "RNNStep": "cells",
    "GRUStep": "cells",
    "LSTMStep": "cells",
    "SequenceClassifier": "classifier",
    "Trace": "tracing",
    "copy_parameters": "parameters",
    "initialise": "parameters",
    "run": "tracing",
    "show": "showing",
    "trace": "tracing",
    "unroll": "unrolling",
}

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "GRUCell",
    "GRUStep",
    "LSTMCell",
    "LSTMStep",
    "RNNCell",
    "RNNStep",
    "SequenceClassifier",
    "Trace",
    "__version__",
    "copy_parameters",
    "initialise",
    "run",
    "show",
    "trace",
    "unroll",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'rnnviz' has no attribute {name!r}")
    value = getattr(import_module(f"rnnviz.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
