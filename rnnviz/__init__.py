"""rnnviz: recurrent networks written from scratch, with every gate of every step in reach.

Names are loaded when they are first used: `import rnnviz` does not import torch, so a page can
paint a stored reading before torch is there.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnviz.models.classifier import SequenceClassifier
    from rnnviz.models.showing import show
    from rnnviz.nn.cells.gru import GRUCell, GRUStep
    from rnnviz.nn.cells.lstm import LSTMCell, LSTMStep
    from rnnviz.nn.cells.mgu import MGUCell, MGUStep
    from rnnviz.nn.cells.rnn import RNNCell, RNNStep
    from rnnviz.nn.observe import run, trace
    from rnnviz.nn.parameters import copy_parameters, initialise
    from rnnviz.nn.recurrent import GRU, LSTM, MGU, RNN
    from rnnviz.nn.trace import Trace
    from rnnviz.nn.unrolling import unroll

__version__ = "0.1.0"

_HOMES = {
    "RNN": "nn.recurrent",
    "GRU": "nn.recurrent",
    "LSTM": "nn.recurrent",
    "MGU": "nn.recurrent",
    "MGUCell": "nn.cells.mgu",
    "MGUStep": "nn.cells.mgu",
    "RNNCell": "nn.cells.rnn",
    "GRUCell": "nn.cells.gru",
    "LSTMCell": "nn.cells.lstm",
    "RNNStep": "nn.cells.rnn",
    "GRUStep": "nn.cells.gru",
    "LSTMStep": "nn.cells.lstm",
    "SequenceClassifier": "models.classifier",
    "Trace": "nn.trace",
    "copy_parameters": "nn.parameters",
    "initialise": "nn.parameters",
    "run": "nn.observe",
    "show": "models.showing",
    "trace": "nn.observe",
    "unroll": "nn.unrolling",
}

__all__ = [
    "GRU",
    "LSTM",
    "MGU",
    "RNN",
    "GRUCell",
    "GRUStep",
    "LSTMCell",
    "LSTMStep",
    "MGUCell",
    "MGUStep",
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
