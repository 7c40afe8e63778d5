"""Programs that torch makes of our modules. Oracle: the module itself, on inputs new to them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.export import Dim

from rnnviz.models import checkpoint
from rnnviz.models.classifier import SequenceClassifier
from tests.oracle import twins

pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")]


def inputs(batch: int = 3, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(batch, 6, 4, generator=generator, dtype=torch.float64)


def small(cell: str = "gru", readout: str = "attention", **chosen: Any) -> SequenceClassifier:
    torch.manual_seed(0)
    sizes = {"input_size": 4, "hidden_size": 5, "num_layers": 1}
    return SequenceClassifier(cell, readout=readout, **{**sizes, **chosen}).double().eval()


@pytest.mark.parametrize(
    ("cell", "options", "strict"),
    [
        ("rnn", {}, False),
        ("gru", {"num_layers": 2, "bidirectional": True}, True),
        ("lstm", {"proj_size": 2}, False),
    ],
)
def test_export_of_layers(cell: str, options: dict[str, Any], strict: bool) -> None:
    """The batch may be left open; time is what the example has, as it is with torch.nn's layers."""
    ours, theirs = twins(cell, 4, 5, batch_first=True, **options)
    for module in (ours, theirs):  # the same of both, what is refused included
        open_batch = ({0: Dim("batch", min=2, max=64)},)
        program = torch.export.export(module, (inputs(),), dynamic_shapes=open_batch, strict=strict)
        torch.testing.assert_close(program.module()(inputs(5, 1))[0], theirs(inputs(5, 1))[0])
        open_time = ({1: Dim("time", min=2, max=64)},)
        with pytest.raises(Exception, match="Constraints violated"):
            torch.export.export(module, (inputs(),), dynamic_shapes=open_time, strict=strict)


@pytest.mark.parametrize("readout", ["last", "last-step", "mean", "max", "attention-max"])
def test_export_of_every_readout(readout: str) -> None:
    model = small(readout=readout, bidirectional=True)
    open_batch = ({0: Dim("batch", min=2, max=64)},)
    program = torch.export.export(model, (inputs(),), dynamic_shapes=open_batch).module()
    torch.testing.assert_close(program(inputs(5, 1)), model(inputs(5, 1)))


@pytest.mark.parametrize("strict", [False, True])
def test_export_of_a_trained_model(strict: bool) -> None:
    model = checkpoint.load("mnist-gru")
    program = torch.export.export(model, (torch.rand(1, 28, 28),), strict=strict).module()
    image = torch.rand(1, 28, 28)
    torch.testing.assert_close(program(image), model(image))


@pytest.mark.parametrize(("cell", "strict"), [("rnn", False), ("lstm", False), ("gru", True)])
def test_lengths_are_arguments_of_a_program(cell: str, strict: bool) -> None:
    """They may be others than those of the example; the program checks them where it runs."""
    model, example = small(cell), torch.tensor([6, 2, 4])
    program = torch.export.export(model, (inputs(), example), strict=strict).module()
    for lengths in ([1, 6, 3], [6, 6, 6]):
        given = (inputs(seed=1), torch.tensor(lengths))
        torch.testing.assert_close(program(*given), model(*given))
    with pytest.raises(RuntimeError, match=r"lengths must lie in 1\.\.6"):
        program(inputs(), torch.tensor([7, 2, 4]))


@pytest.mark.parametrize(
    ("cell", "backend"), [("rnn", "eager"), ("gru", "eager"), ("lstm", "aot_eager")]
)
def test_compile_in_one_graph(cell: str, backend: str) -> None:
    """Layers, classifier and gradients; torch.nn's own layers break the graph here."""
    ours, _ = twins(cell, 4, 5, batch_first=True)
    model = small(cell)
    lengths = torch.tensor([6, 2, 4])
    for module, given in ((ours, ()), (model, ()), (model, (lengths,))):
        torch._dynamo.reset()
        compiled = torch.compile(module, backend=backend, fullgraph=True)
        slopes = []
        for one in (compiled, module):
            results = one(inputs(), *given)
            output = results if isinstance(results, Tensor) else results[0]
            slopes.append(torch.autograd.grad(output.sum(), list(module.parameters())))
        torch.testing.assert_close(*slopes)


def test_copies_of_what_was_compiled_and_exported_are_as_before() -> None:
    model = small()
    wanted = model(inputs())
    torch.export.export(model, (inputs(),))
    torch.testing.assert_close(copy.deepcopy(model)(inputs()), wanted)
