"""Traces against the step loop and torch.nn: every gate, every option; export and labels."""

from __future__ import annotations

import csv
import dataclasses
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

import rnnviz
from rnnviz.nn.trace import Trace
from tests.oracle import CELLS, assert_near, initial_state, twins

ONE_DNN = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
SIGNALS = {
    "rnn": ("hidden",),
    "gru": ("reset_gate", "update_gate", "candidate", "hidden"),
    "lstm": ("input_gate", "forget_gate", "candidate", "output_gate", "cell", "hidden"),
}


def sequence(*shape: int, seed: int = 3) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def assert_is_the_step_loop(trace: Trace, ours: Any, inputs: Tensor, hx: Any, lengths: Any) -> None:
    """Every signal equals the record of the live step loop; on padding it is NaN."""
    result = ours.run(inputs, hx, lengths=lengths)
    steps, batch = trace.output.shape[1], trace.output.shape[0]
    wanted_lengths = torch.tensor([steps] * batch if lengths is None else lengths)
    assert torch.equal(trace.lengths, wanted_lengths)
    past = torch.arange(steps)[None, :] >= wanted_lengths[:, None]
    assert len(trace.layers) == len(result.layers)
    for layer, live in zip(trace.layers, result.layers, strict=True):
        assert (layer.backward is None) == (live.backward is None)
        for direction in layer.directions:
            recorded, records = getattr(layer, direction), getattr(live, direction)
            assert recorded._fields == SIGNALS[trace.cell]
            for name in recorded._fields:
                values = getattr(recorded, name)
                loop = torch.stack([getattr(step, name) for step in records], dim=1)
                assert torch.isnan(values[past]).all()
                assert_near(values[~past], loop[~past])


@st.composite
def networks(draw: st.DrawFn) -> tuple[str, tuple[int, ...], dict[str, Any]]:
    cell = draw(st.sampled_from(CELLS))
    hidden = draw(st.integers(1, 5))
    options: dict[str, Any] = {
        "bias": draw(st.booleans()),
        "batch_first": draw(st.booleans()),
        "bidirectional": draw(st.booleans()),
        "dropout": draw(st.sampled_from((0.0, 0.5))),
    }
    if cell == "rnn":
        options["nonlinearity"] = draw(st.sampled_from(("tanh", "relu")))
    if cell == "lstm":
        options["proj_size"] = draw(st.integers(0, hidden - 1))
    return cell, (draw(st.integers(1, 4)), hidden, draw(st.integers(2, 3))), options


@ONE_DNN
@given(
    network=networks(),
    engine=st.sampled_from(("bptt", "steps", "torch", "torch.nn")),
    lengths=st.lists(st.integers(1, 7), min_size=1, max_size=4),
    form=st.sampled_from(("batch", "unbatched", "lengths", "packed")),
    with_state=st.booleans(),
)
def test_any_network(
    network: tuple[str, tuple[int, ...], dict[str, Any]],
    engine: str,
    lengths: list[int],
    form: str,
    with_state: bool,
) -> None:
    cell, sizes, options = network
    ours, theirs = twins(cell, *sizes, engine="bptt", **options)
    module = theirs
    if engine != "torch.nn":
        module, _ = twins(cell, *sizes, engine=engine, **options)
    oracle = ours.eval()  # a trace applies no dropout
    batch = None if form == "unbatched" else len(lengths)
    hx = initial_state(theirs, batch) if with_state else None
    by_time = sequence(max(lengths), len(lengths), sizes[0])
    given = by_time.transpose(0, 1) if options["batch_first"] else by_time
    if form == "packed":
        packed = pack_padded_sequence(
            given, torch.tensor(lengths), options["batch_first"], enforce_sorted=False
        )
        trace = rnnviz.trace(module, packed, hx=hx)
    elif form == "unbatched":
        given, lengths = by_time[:, 0], [max(lengths)]
        trace = rnnviz.trace(module, given, hx=hx)
    else:
        lengths = lengths if form == "lengths" else [max(lengths)] * len(lengths)
        trace = rnnviz.trace(module, given, lengths if form == "lengths" else None, hx=hx)
    assert_is_the_step_loop(trace, oracle, given, hx, lengths)
    output = oracle(given, hx, lengths=lengths)[0]
    output = output.unsqueeze(0) if form == "unbatched" else output
    batch_first = form == "unbatched" or options["batch_first"]
    assert_near(trace.output, output if batch_first else output.transpose(0, 1))


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_hidden_states_are_torchs_own(cell: str, bidirectional: bool) -> None:
    """A second oracle, outside our code: torch.nn's output is the top layer's hidden states."""
    _, theirs = twins(cell, 4, 5, 2, bidirectional=bidirectional, batch_first=True)
    inputs = sequence(3, 7, 4)
    output, _ = theirs(inputs)
    top = rnnviz.trace(theirs, inputs).layers[1]
    both = torch.cat([step.hidden for step in top.directions.values()], dim=-1)
    assert_near(both, output)


def test_the_steps_of_an_lstm_obey_its_equations() -> None:
    """c = f c + i g and h = o tanh(c), in the order of reading; gates lie in 0..1."""
    module = nn.LSTM(4, 5, bidirectional=True, batch_first=True)
    trace = rnnviz.trace(module, sequence(3, 7, 4).float())
    for direction, step in trace.layers[0].directions.items():
        i, f, g, o, c, h = (s.flip(1) if direction == "backward" else s for s in step)
        before = torch.cat((torch.zeros(3, 1, 5), c[:, :-1]), dim=1)
        assert_near(c, f * before + i * g, 1e-5)
        assert_near(h, o * torch.tanh(c), 1e-5)
        assert all((0 <= gate).all() and (gate <= 1).all() for gate in (i, f, o))


@pytest.mark.parametrize("cell", CELLS)
def test_tracing_changes_nothing(cell: str) -> None:
    for module in twins(cell, 4, 5, 2, dropout=0.5):
        before = {name: value.clone() for name, value in module.state_dict().items()}
        inputs = sequence(7, 3, 4).requires_grad_()
        torch.manual_seed(0)
        trace = rnnviz.trace(module.train(), inputs)
        assert torch.initial_seed() == 0 and module.training
        assert torch.equal(rnnviz.trace(module.eval(), inputs).output, trace.output)
        assert all(torch.equal(before[name], v) for name, v in module.state_dict().items())
        assert all(p.grad is None and p.requires_grad for p in module.parameters())
        kept = trace.layers[0].forward.hidden.clone()
        with torch.no_grad():
            inputs.zero_()
            for parameter in module.parameters():
                parameter.zero_()
        module(inputs)
        assert torch.equal(trace.layers[0].forward.hidden, kept)
        tensors = [values for *_, values in trace.named_signals()]
        assert not any(t.requires_grad for t in (*tensors, trace.inputs, trace.output))


def test_the_inputs_of_a_trace_are_its_own() -> None:
    """What is written into the inputs afterwards does not reach the record."""
    inputs = sequence(3, 7, 4)
    kept = inputs.clone()
    trace = rnnviz.trace(rnnviz.GRU(4, 5, batch_first=True, dtype=torch.float64), inputs)
    inputs.zero_()
    assert torch.equal(trace.inputs, kept)


def test_a_trace_is_frozen() -> None:
    trace = rnnviz.trace(rnnviz.GRU(4, 5), sequence(7, 3, 4).float())
    for thing, name in ((trace, "cell"), (trace.layers[0], "forward")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(thing, name, None)
    with pytest.raises(AttributeError):
        trace.layers[0].forward.hidden = None
    assert trace.cell == "gru"
    assert trace.signals == SIGNALS["gru"]


@pytest.fixture
def padded() -> Trace:
    """Two layers, both directions, three sequences of 5, 2 and 4 of 5 steps."""
    torch.manual_seed(0)
    module = nn.LSTM(3, 4, 2, bidirectional=True, batch_first=True)
    return rnnviz.trace(module, sequence(3, 5, 3).float(), [5, 2, 4])


def test_signals_by_name(padded: Trace) -> None:
    wanted = padded.layers[0].backward
    assert wanted is not None
    assert padded.signal("cell", layer=0, direction="backward") is wanted.cell
    assert padded.signal("cell") is padded.layers[1].forward.cell
    names = [(layer, direction, name) for layer, direction, name, _ in padded.named_signals()]
    assert len(names) == len(set(names)) == 2 * 2 * 6
    with pytest.raises(KeyError, match="input_gate, forget_gate.*update_gate"):
        padded.signal("update_gate")
    with pytest.raises(KeyError, match=r"0..1.*2"):
        padded.signal("cell", layer=2)
    with pytest.raises(KeyError, match="forward, backward.*sideways"):
        padded.signal("cell", direction="sideways")


def test_one_sequence_alone(padded: Trace) -> None:
    one = padded.sequence(1)
    assert one.inputs.shape == (1, 2, 3) and one.output.shape == (1, 2, 8)
    assert one.lengths.tolist() == [2]
    for (*_, values), (*_, every) in zip(one.named_signals(), padded.named_signals(), strict=True):
        assert torch.equal(values, every[1:2, :2])
        assert torch.isfinite(values).all()


def test_npz_round_trip(padded: Trace, tmp_path: Path) -> None:
    padded.save_npz(tmp_path / "run.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]
    with np.load(tmp_path / "run.npz", allow_pickle=False) as arrays:
        forget = padded.layers[1].backward.forget_gate
        np.testing.assert_array_equal(arrays["layer1.backward.forget_gate"], forget.numpy())
    read = Trace.load_npz(tmp_path / "run.npz")
    assert read.cell == "lstm" and torch.equal(read.lengths, padded.lengths)
    assert torch.equal(read.inputs, padded.inputs) and torch.equal(read.output, padded.output)
    for a, b in zip(read.named_signals(), padded.named_signals(), strict=True):
        assert a[:3] == b[:3]
        torch.testing.assert_close(a[3], b[3], rtol=0, atol=0, equal_nan=True)


def test_npz_that_is_no_trace(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", images=np.zeros(3))
    with pytest.raises(ValueError, match="expected the trace"):
        Trace.load_npz(tmp_path / "other.npz")
    np.savez(tmp_path / "half.npz", cell=np.array("gru"), inputs=np.zeros(3))
    with pytest.raises(ValueError, match="half.npz"):
        Trace.load_npz(tmp_path / "half.npz")
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(ValueError, match="text.npz"):
        Trace.load_npz(tmp_path / "text.npz")


def test_npz_of_anything_odd_is_told(padded: Trace, tmp_path: Path) -> None:
    """Oracle: ValueError in words, whatever is wrong with one array of a good file."""
    padded.save_npz(tmp_path / "run.npz")
    with np.load(tmp_path / "run.npz") as stored:
        good = {name: stored[name] for name in stored.files}
    odd = {
        "inputs": [np.zeros(3), np.zeros((0, 0, 0)), np.array("x"), np.zeros((1, 2, 3))],
        "lengths": [np.zeros(2), np.array([9999, 1, 1]), -good["lengths"], np.zeros((), bool)],
        "output": [np.zeros((3, 1)), np.zeros(good["output"].shape, complex)],
        "layer1.backward.forget_gate": [np.zeros(4), np.zeros(1, np.longdouble), np.array("a")],
        "layer0.forward.cell": [np.array(None, object).astype("S4")],
        "cell": [np.array("transformer"), np.array([1, 2])],
    }
    for name, values in odd.items():
        for value in values:
            np.savez(tmp_path / "odd.npz", **{**good, name: value})
            with pytest.raises(ValueError, match="odd.npz: expected"):
                Trace.load_npz(tmp_path / "odd.npz")
        np.savez(tmp_path / "odd.npz", **{one: good[one] for one in good if one != name})
        with pytest.raises(ValueError, match="odd.npz: expected"):
            Trace.load_npz(tmp_path / "odd.npz")
    with pytest.raises(FileNotFoundError):
        Trace.load_npz(tmp_path / "none.npz")


def test_csv_has_one_row_a_value(padded: Trace, tmp_path: Path) -> None:
    padded.save_csv(tmp_path / "run.csv")
    with (tmp_path / "run.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["layer", "direction", "signal", "batch", "step", "unit", "value"]
    assert len(rows) == 2 * 2 * 6 * 4 * (5 + 2 + 4)  # layers, directions, signals, units, steps
    for row in rows:
        values = padded.signal(row["signal"], layer=int(row["layer"]), direction=row["direction"])
        place = int(row["batch"]), int(row["step"]), int(row["unit"])
        assert float(row["value"]) == pytest.approx(values[place].item(), abs=1e-7)
        assert np.isfinite(float(row["value"]))


def test_to_dataset(padded: Trace) -> None:
    dataset = padded.to_dataset()
    assert dataset.attrs["cell"] == "lstm"
    chosen = dataset["forget_gate"].sel(layer=1, direction="backward", batch=0, step=4)
    np.testing.assert_array_equal(chosen, padded.layers[1].backward.forget_gate[0, 4])
    assert dataset["hidden"].dims == ("layer", "direction", "batch", "step", "unit")
    assert dataset["length"].values.tolist() == [5, 2, 4]
    means = dataset["cell"].mean("step")  # xarray leaves NaN out, so padding is not counted
    wanted = padded.layers[0].forward.cell[1, :2].mean(0)
    assert_near(means.sel(layer=0, direction="forward", batch=1), wanted, 1e-5)


@ONE_DNN
def test_to_dataset_of_a_projected_lstm() -> None:
    module = nn.LSTM(3, 4, proj_size=2, batch_first=True)
    dataset = rnnviz.trace(module, sequence(1, 5, 3).float()).to_dataset()
    assert dataset["hidden"].shape == (1, 1, 1, 5, 2)
    assert dataset["cell"].shape == (1, 1, 1, 5, 4)


def test_to_dataset_without_xarray(padded: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ImportError, match="pip install xarray"):
        padded.to_dataset()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("cell", CELLS)
def test_precisions(cell: str, dtype: torch.dtype, tmp_path: Path) -> None:
    for module in twins(cell, 4, 5, dtype=dtype):
        trace = rnnviz.trace(module, sequence(7, 3, 4).to(dtype), [7, 3, 5])
        assert trace.layers[0].forward.hidden.dtype == dtype
        trace.save_npz(tmp_path / "run.npz")
        trace.save_csv(tmp_path / "run.csv")
        trace.to_dataset()


def test_what_cannot_be_traced() -> None:
    for thing in (nn.Linear(4, 5), nn.LSTMCell(4, 5), "lstm", None):
        with pytest.raises(TypeError, match="expected an RNN, GRU or LSTM"):
            rnnviz.trace(thing, sequence(7, 3, 4))
    with pytest.raises(RuntimeError, match=r"4.*6"):
        rnnviz.trace(nn.GRU(4, 5, dtype=torch.float64), sequence(7, 3, 6))
    with pytest.raises(ValueError, match=r"float64.*float32"):
        rnnviz.trace(nn.GRU(4, 5), sequence(7, 3, 4))
    with pytest.raises(ValueError, match="lengths"):
        rnnviz.trace(nn.GRU(4, 5), sequence(7, 3, 4).float(), [9, 9, 9])


def test_a_module_of_tomorrow() -> None:
    """A subclass of torch's module, and one whose weights are computed anew at each call."""

    class Mine(nn.GRU):
        pass

    inputs = sequence(7, 3, 4).float()
    module = Mine(4, 5)
    wanted = module(inputs)[0].transpose(0, 1)
    assert_near(rnnviz.trace(module, inputs).output, wanted, 1e-5)
    for name in ("weight_ih_l0", "weight_hh_l0"):
        nn.utils.parametrizations.weight_norm(module, name)
    with torch.no_grad():
        module.parametrizations.weight_ih_l0.original0.mul_(2)
    wanted = module(inputs)[0].transpose(0, 1)
    assert_near(rnnviz.trace(module, inputs).output, wanted, 1e-5)
    leaves = list(module.parameters())
    live = torch.autograd.grad(rnnviz.run(module, inputs).output.pow(2).sum(), leaves)
    for mine, torchs in zip(
        live, torch.autograd.grad(module(inputs)[0].pow(2).sum(), leaves), strict=True
    ):
        assert_near(mine, torchs, 1e-5)


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
def test_trace_as_a_method_and_run_of_a_torch_module(name: str) -> None:
    theirs = getattr(nn, name)(3, 5, batch_first=True, dtype=torch.float64)
    ours = getattr(rnnviz, name)(3, 5, batch_first=True, dtype=torch.float64)
    rnnviz.copy_parameters(theirs, ours)
    inputs = torch.randn(2, 4, 3, dtype=torch.float64)
    by_method, by_function = ours.trace(inputs, [4, 2]), rnnviz.trace(ours, inputs, [4, 2])
    signals = zip(by_method.layers[0].forward, by_function.layers[0].forward, strict=True)
    for a, b in signals:
        assert_near(a, b, 1e-5, equal_nan=True)

    run = rnnviz.run(theirs, inputs)
    assert_near(run.output, theirs(inputs)[0], 1e-5)
    (gradient,) = torch.autograd.grad(run.output.sum(), run.layers[0].forward[0].hidden)
    assert gradient.abs().min() > 0
