"""Checkpoints. Oracles: the model that was saved, and files damaged in a known way."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch.nn.utils import prune

from rnnviz.models import checkpoint, storage
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.models.readouts import READOUTS
from rnnviz.models.storage import CheckpointError
from rnnviz.nn.recurrent import LAYERS

MODEL = SequenceClassifier("gru", hidden_size=8, num_layers=2, dropout=0.1)
ROWS = torch.rand(4, 28, 28, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return checkpoint.save(MODEL, tmp_path / "mine", {"task": "a test"})


def edit_config(folder: Path, **words: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **words}))


def edit_weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    """Other weights, and no card whose sha256 would tell."""
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors")
    (folder / "card.json").unlink()


@pytest.mark.parametrize(
    "model",
    [
        MODEL,
        SequenceClassifier("rnn", 5, 6, 1, True, "last", 2, labels=("no", "yes"), engine="steps"),
        SequenceClassifier("lstm", 4, 6, readout="max", vocabulary_size=11, input_mean=0.0),
    ],
    ids=["rows", "both directions", "tokens"],
)
def test_what_is_saved_comes_back(model: SequenceClassifier, tmp_path: Path) -> None:
    checkpoint.save(model, tmp_path / "mine", {})
    loaded = checkpoint.load(tmp_path / "mine")
    assert loaded.config == model.config and loaded.labels == model.labels
    assert not loaded.training
    expected = model.state_dict()
    assert list(loaded.state_dict()) == list(expected)
    for name, value in loaded.state_dict().items():
        assert torch.equal(value, expected[name]) and value.device.type == "cpu"
    assert all(parameter.requires_grad for parameter in loaded.parameters())


def test_the_card_measures_the_file(folder: Path) -> None:
    card = storage.card(folder)
    contents = (folder / "model.safetensors").read_bytes()
    assert card["task"] == "a test"
    assert card["sha256"] == hashlib.sha256(contents).hexdigest()
    assert card["bytes"] == len(contents)
    assert card["parameters"] == sum(value.numel() for value in MODEL.state_dict().values())
    assert card["versions"]["torch"] == torch.__version__


def test_others_may_read_it(folder: Path) -> None:
    """As much as any other file that this person writes."""
    (folder.parent / "plain").write_text("")
    expected = (folder.parent / "plain").stat().st_mode
    assert {path.stat().st_mode for path in folder.iterdir()} == {expected}


def test_hugging_face_reads_it_and_writes_what_we_read(folder: Path, tmp_path: Path) -> None:
    theirs = SequenceClassifier.from_pretrained(folder)
    torch.testing.assert_close(theirs(ROWS), MODEL.eval()(ROWS), rtol=0, atol=0)
    MODEL.save_pretrained(tmp_path / "theirs")
    ours = checkpoint.load(tmp_path / "theirs")
    torch.testing.assert_close(ours(ROWS), MODEL.eval()(ROWS), rtol=0, atol=0)


def test_from_pretrained_makes_no_other_model(folder: Path) -> None:
    assert SequenceClassifier.from_pretrained(folder, hidden_size=8).cell == "gru"
    with pytest.raises(ValueError, match="hidden_size: expected 8 as saved, got 9"):
        SequenceClassifier.from_pretrained(folder, hidden_size=9)


def test_from_pretrained_is_as_strict_as_load(folder: Path) -> None:
    edit_weights(folder, lambda weights: weights.pop("head.bias"))
    with pytest.raises(CheckpointError, match=r"without head\.bias"):
        SequenceClassifier.from_pretrained(folder)


def test_loading_draws_no_random_numbers(folder: Path) -> None:
    before = torch.get_rng_state()
    checkpoint.load(folder)
    assert torch.equal(before, torch.get_rng_state())


def test_names_are_found_in_the_chosen_folder_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RNNVIZ_MODELS", str(folder.parent))
    assert "mine" in storage.names()
    torch.testing.assert_close(checkpoint.load("mine")(ROWS), MODEL.eval()(ROWS))
    assert storage.card("mine")["task"] == "a test"
    torch.testing.assert_close(checkpoint.load(str(folder))(ROWS), MODEL.eval()(ROWS))


def test_an_unknown_name_lists_the_known_ones(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RNNVIZ_MODELS", str(folder.parent))
    with pytest.raises(CheckpointError, match=r"expected one of .*mine.*, got 'yours'"):
        checkpoint.load("yours")


def test_without_any_model_the_way_out_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "PRETRAINED", tmp_path / "gone")
    monkeypatch.delenv("RNNVIZ_MODELS", raising=False)
    assert storage.names() == []
    with pytest.raises(CheckpointError, match="git checkout pretrained"):
        checkpoint.load("mnist-lstm")


@pytest.mark.parametrize(
    "name",
    ["..", "../mine", "mine/../mine", "..\\mine", "", ".", ".hidden", "a" * 65, "mi\0ne", "mïne"],
)
def test_names_do_not_climb(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNNVIZ_MODELS", str(folder.parent))
    monkeypatch.chdir(folder)
    with pytest.raises(CheckpointError):
        checkpoint.load(name)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"hidden_size": 10**9}, "expected hidden_size from 1 to 4,096"),
        ({"hidden_size": -1}, "got -1"),
        ({"hidden_size": True}, "got True"),
        ({"hidden_size": 8.0}, r"got 8\.0"),
        ({"num_layers": 10**6}, "expected num_layers from 1 to 16"),
        ({"vocabulary_size": 10**12}, "expected vocabulary_size"),
        ({"num_classes": "ten"}, "got 'ten'"),
        ({"input_size": None}, "got None"),
        ({"hidden_size": 4096, "num_layers": 16}, "without recurrent"),
        ({"hidden_size": 9}, r"expected .* of shape \(27, 28\)"),
        ({"cell": "lstm"}, r"got F32 of shape \(24, 28\)"),
        ({"cell": "mamba"}, "expected one of rnn, gru, lstm, mgu, got 'mamba'"),
        ({"cell": 3}, "got another kind of value"),
        ({"readout": "last"}, "with unknown readout"),
        ({"labels": ["a"]}, "expected 10 names, got 1"),
        ({"labels": "0123456789"}, "list of short texts"),
        ({"dropout": float("nan")}, "expected JSON in"),  # which has no NaN
        ({"input_std": 0}, "input_std"),
        ({"input_mean": float("inf")}, "expected JSON in"),
        ({"architectures": ["Bert"]}, "this is another kind of model"),
    ],
)
def test_a_config_that_does_not_fit_is_named(
    words: dict[str, object], message: str, folder: Path
) -> None:
    edit_config(folder, **words)
    with pytest.raises(CheckpointError, match=message):
        checkpoint.load(folder)


def test_absurd_sizes_take_no_memory(folder: Path) -> None:
    """Within the bounds, yet 4 GB if it were built: refused on the header of the weights."""
    edit_config(folder, hidden_size=4096, num_layers=16, bidirectional=True)
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from rnnviz.models import checkpoint, classifier, storage\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: checkpoint.load(Path(sys.argv[1]))\n"
        "except storage.CheckpointError: pass\n"
        "else: raise SystemExit('it was loaded')\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    grown = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True
    ).stdout
    assert int(grown) < 200_000, f"{grown} KB"


@pytest.mark.parametrize(
    "contents", ["", "{", "[]", "null", "[" * 100_000, '{"cell": "gru"', "\udcff"]
)
def test_a_config_that_is_no_object_is_refused(contents: str, folder: Path) -> None:
    (folder / "config.json").write_bytes(contents.encode(errors="surrogateescape"))
    with pytest.raises(CheckpointError, match=r"config\.json"):
        checkpoint.load(folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_missing_file_is_named(name: str, folder: Path) -> None:
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=name):
        checkpoint.load(folder)


def test_a_missing_card_is_no_obstacle_to_loading(folder: Path) -> None:
    (folder / "card.json").unlink()
    checkpoint.load(folder)
    with pytest.raises(CheckpointError, match=r"card\.json"):
        storage.card(folder)


@pytest.mark.parametrize("keep", [0, 4, 8, 100, 5000, -1])
def test_truncated_weights(keep: int, folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        checkpoint.load(folder)


@settings(max_examples=30, deadline=None)
@given(position=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_one_flipped_bit_is_noticed(
    position: float, bit: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = checkpoint.save(MODEL, tmp_path_factory.mktemp("bit") / "mine", {})
    contents = bytearray((folder / "model.safetensors").read_bytes())
    contents[int(position * len(contents))] ^= 1 << bit
    (folder / "model.safetensors").write_bytes(contents)
    with pytest.raises(CheckpointError):
        checkpoint.load(folder)


def test_a_pickle_in_place_of_weights_is_not_run(folder: Path, tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "sprung"),)

    torch.save(Trap(), folder / "model.safetensors")
    with pytest.raises(CheckpointError, match="damaged or foreign"):
        checkpoint.load(folder)
    assert not (tmp_path / "sprung").exists()


def test_weights_of_another_kind(folder: Path) -> None:
    edit_weights(folder, lambda weights: weights.update({"head.bias": torch.zeros(10).int()}))
    with pytest.raises(CheckpointError, match=r"head\.bias as floats of shape \(10,\).*got I32"):
        checkpoint.load(folder)


def test_floats_of_several_kinds_in_one_file(folder: Path) -> None:
    """As in a model of which a part was made bfloat16: each is read for what it is."""
    edit_weights(folder, lambda weights: weights.update({"head.bias": torch.ones(10).half() / 3}))
    assert torch.equal(checkpoint.load(folder).head.bias, (torch.ones(10).half() / 3).float())


WRAPPED: dict[str, Callable[[torch.nn.Module], torch.nn.Module]] = {
    "plain": lambda model: model,
    "compiled": lambda model: torch.compile(model, backend="eager"),
    "data-parallel": torch.nn.DataParallel,
    "compiled data-parallel": lambda model: torch.compile(torch.nn.DataParallel(model)),
    "data-parallel compiled": lambda model: torch.nn.DataParallel(torch.compile(model)),
    "compiled inside": lambda model: with_compiled_parts(model),
}
KINDS = (torch.float64, torch.float32, torch.float16, torch.bfloat16)


def with_compiled_parts(model: Any) -> torch.nn.Module:
    model.recurrent, model.head = torch.compile(model.recurrent), torch.nn.DataParallel(model.head)
    return model


def rounded(model: SequenceClassifier, dtype: torch.dtype) -> SequenceClassifier:
    """A plain float32 copy of the model with the numbers that `dtype` can hold."""
    return copy.deepcopy(model).to(dtype).float().eval()


@pytest.mark.parametrize("wrapper", WRAPPED)
@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("cell", LAYERS)
def test_whatever_can_be_saved_can_be_loaded(
    cell: str, dtype: torch.dtype, wrapper: str, tmp_path: Path
) -> None:
    """Oracle: the answers of a plain copy, made before anything was wrapped or saved."""
    for readout in READOUTS:
        for more in ({}, {"vocabulary_size": 11}):
            model = SequenceClassifier(cell, 5, 4, 2, True, readout, 3, labels="abc", **more)
            inputs = torch.arange(12).reshape(2, 6) % 11 if more else ROWS[:2, :6, :5]
            wanted = rounded(model, dtype)(inputs)
            checkpoint.save(WRAPPED[wrapper](model.to(dtype)), tmp_path / "mine", {})
            torch.testing.assert_close(checkpoint.load(tmp_path / "mine")(inputs), wanted)
            stated = storage.card(tmp_path / "mine")
            assert stated["storage"] == str(dtype).removeprefix("torch.")
            assert stated["parameters"] == sum(one.numel() for one in model.parameters())


@pytest.mark.parametrize(
    "prefix", ["module.", "_orig_mod.", "model.", "module._orig_mod.", "net.classifier."]
)
def test_a_prefix_that_all_names_share_is_dropped(prefix: str, folder: Path) -> None:
    def renamed(weights: dict[str, torch.Tensor]) -> None:
        for name in list(weights):
            weights[prefix + name] = weights.pop(name)

    edit_weights(folder, renamed)
    torch.testing.assert_close(checkpoint.load(folder)(ROWS), MODEL.eval()(ROWS))


@pytest.mark.parametrize("name", ["model.head.bias", "module.head.bias", "n_averaged"])
def test_a_prefix_of_some_names_only_is_another_model(name: str, folder: Path) -> None:
    edit_weights(folder, lambda weights: weights.update({name: torch.ones(10)}))
    with pytest.raises(CheckpointError, match=rf"with unknown .*{name}"):
        checkpoint.load(folder)


def test_what_a_parametrized_weight_computes_is_saved(tmp_path: Path) -> None:
    model = SequenceClassifier("gru", hidden_size=8).eval()
    torch.nn.utils.parametrizations.weight_norm(model.recurrent, "weight_hh_l0")
    torch.nn.utils.parametrizations.orthogonal(model.head, "weight")
    checkpoint.save(model, tmp_path / "mine", {})
    torch.testing.assert_close(checkpoint.load(tmp_path / "mine")(ROWS), model(ROWS))


def test_tied_weights_are_saved_twice(tmp_path: Path) -> None:
    model = SequenceClassifier("gru", hidden_size=8).eval()
    model.recurrent.weight_hh_l1 = model.recurrent.weight_hh_l0
    checkpoint.save(model, tmp_path / "mine", {})
    torch.testing.assert_close(checkpoint.load(tmp_path / "mine")(ROWS), model(ROWS))


def pruned_model() -> torch.nn.Module:
    model = SequenceClassifier("gru", hidden_size=8)
    prune.l1_unstructured(model.recurrent, "weight_hh_l0", 0.5)
    return model


def diverged() -> torch.nn.Module:
    model = SequenceClassifier("gru", hidden_size=8)
    with torch.no_grad():
        model.head.bias[3] = torch.nan
    return model


def larger_than_float32() -> torch.nn.Module:
    model = SequenceClassifier("gru", hidden_size=8).double()
    with torch.no_grad():
        model.head.bias[3] = 1e300
    return model


def with_more_weights() -> torch.nn.Module:
    model = SequenceClassifier("gru", hidden_size=8)
    model.extra = torch.nn.Linear(2, 2)
    return model


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (pruned_model, r"prune\.remove"),
        (diverged, r"head\.bias: expected numbers that float32 can hold"),
        (larger_than_float32, r"head\.bias: expected numbers that float32 can hold"),
        (with_more_weights, r"with extra\."),
        (lambda: torch.nn.Linear(2, 2), "expected a SequenceClassifier to save, got Linear"),
        (lambda: SequenceClassifier("rnn", answers=1001, readout="last"), "not saved.*answers"),
        (lambda: SequenceClassifier("rnn", labels=["x" * 101] * 10), "not saved.*short texts"),
    ],
)
def test_what_could_not_be_loaded_is_not_saved(
    make: Callable[[], Any], message: str, folder: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        checkpoint.save(make(), folder, {})
    assert checkpoint.load(folder).config == MODEL.config
    assert [path.name for path in folder.parent.iterdir()] == ["mine"]


class Doubling(SequenceClassifier):
    """The answers are not those of its weights alone."""

    def forward(self, *arguments: Any) -> Any:
        return 2 * super().forward(*arguments)


def test_code_that_changes_the_answers_is_not_saved(tmp_path: Path) -> None:
    """The oracle is what `load` would answer: it has the weights and no code."""
    changed = SequenceClassifier("gru", hidden_size=4, vocabulary_size=30)
    changed.head.register_forward_hook(lambda module, given, answer: answer + 1)
    for model in (changed, Doubling("gru", hidden_size=4)):
        with pytest.raises(CheckpointError, match="a hook or a forward of its own changes"):
            checkpoint.save(model, tmp_path / "model", {})
        assert model.training and not list(tmp_path.iterdir())
    looked: list[object] = []
    watched = SequenceClassifier("lstm", hidden_size=4)
    watched.recurrent.register_forward_hook(lambda *told: looked.append(told[0]))
    for model in (watched, watched.bfloat16()):
        checkpoint.save(model, tmp_path / "model", {})
        assert looked and checkpoint.load(tmp_path / "model").config == watched.config


def test_weights_that_are_no_numbers(folder: Path) -> None:
    edit_weights(folder, lambda weights: weights["head.bias"].fill_(float("nan")))
    with pytest.raises(CheckpointError, match=r"finite numbers in head\.bias"):
        checkpoint.load(folder)


def test_files_too_large_are_refused_unread(folder: Path) -> None:
    os.truncate(folder / "model.safetensors", 300_000_000)  # sparse: takes no disk
    with pytest.raises(CheckpointError, match="at most 256,000,000 bytes"):
        checkpoint.load(folder)
    os.truncate(folder / "config.json", 2_000_000)
    with pytest.raises(CheckpointError, match="at most 1,000,000 bytes"):
        checkpoint.load(folder)


def test_saving_again_replaces_and_leaves_nothing_beside(folder: Path) -> None:
    other = SequenceClassifier("rnn", hidden_size=4)
    checkpoint.save(other, folder, {"task": "another"})
    assert checkpoint.load(folder).cell == "rnn"
    assert storage.card(folder)["task"] == "another"
    assert [path.name for path in folder.parent.iterdir()] == ["mine"]


def test_a_failed_save_keeps_the_earlier_model(folder: Path) -> None:
    with pytest.raises(TypeError):
        checkpoint.save(SequenceClassifier("rnn", hidden_size=4), folder, {"task": object()})
    assert checkpoint.load(folder).cell == "gru"
    assert [path.name for path in folder.parent.iterdir()] == ["mine"]


def test_an_interrupted_save_keeps_the_earlier_model(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def interrupted(path: Path, target: Path) -> Path:
        if target == folder and path.name != "earlier":
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save(SequenceClassifier("rnn", hidden_size=4), folder, {})
    assert checkpoint.load(folder).cell == "gru"
    assert [path.name for path in folder.parent.iterdir()] == ["mine"]


def test_other_peoples_files_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(CheckpointError, match=r"holds 'thesis\.tex'"):
        checkpoint.save(MODEL, tmp_path, {})
    with pytest.raises(CheckpointError, match=r"got the file .*thesis\.tex"):
        checkpoint.save(MODEL, tmp_path / "thesis.tex", {})
    with pytest.raises(CheckpointError, match=r"expected a place to write .*thesis\.tex"):
        checkpoint.save(MODEL, tmp_path / "thesis.tex" / "deeper" / "mine", {})
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_loading_does_not_import_half_of_the_world(folder: Path) -> None:
    """A meta tensor that is emptied the usual way brings sympy, half a second of the first load."""
    code = (
        "import sys; from pathlib import Path; from rnnviz.models import checkpoint\n"
        "checkpoint.load(Path(sys.argv[1])); sys.exit('sympy' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True)


def test_importing_does_not_import_torch() -> None:
    code = (
        "import sys; from rnnviz.models import checkpoint, storage; storage.names();"
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
