"""A run as files, there and back; and strangers' files, each refused with one sentence."""

from __future__ import annotations

import csv
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save

from rnnviz.models import checkpoint, storage, tokens
from rnnviz.models.places import RunError
from rnnviz.runs import downloads, uploads
from rnnviz.runs.record import Run
from rnnviz.runs.store import RunStore
from rnnviz.runs.uploads import MOST_BYTES, unpacked
from tests.oracle import assert_near
from tests.pages.runs import VISITOR, made, reads_rows, reads_tokens
from tests.runs.test_worker import PLAN, work

OTHER = "another-visitor"


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs")


def files_of(run: Run) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.model_folder.iterdir()}


def weights_of(run: Run) -> dict[str, torch.Tensor]:
    return load_file(run.model_folder / "model.safetensors")


def test_the_csv_has_every_number_exactly(store: RunStore) -> None:
    run = made(store)
    run.append([{"event": "training-warned", "step": 3, "kind": "first-clip", "text": "cut"}])
    curves = run.curves()
    rows = list(csv.DictReader(io.StringIO(downloads.curves_csv(curves))))
    assert tuple(rows[0]) == downloads.COLUMNS
    assert [int(row["step"]) for row in rows] == list(range(21))
    for name in downloads.OF_STEPS:
        found = [float(row[name] or "nan") for row in rows[1:]]
        np.testing.assert_array_equal(found, getattr(curves, name))
    scored = [rows[int(step)] for step in curves.score_steps]
    for name in downloads.OF_SCORES:
        found = [float(row[name] or "nan") for row in scored]
        np.testing.assert_array_equal(found, getattr(curves, name))
    assert rows[3]["marks"] == "first-clip" and rows[4]["marks"] == ""


def test_a_zip_there_and_back(store: RunStore, tmp_path: Path) -> None:
    run = reads_rows(store, "fashion-mnist", name="Kleider / <b>")
    run.state_path.write_bytes(b"0" * 1000)
    data = downloads.run_zip(run)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        contents = b"".join(archive.read(name) for name in names)
    folder = "rnnviz-kleider-b"
    wanted = {
        "config.json",
        "model.safetensors",
        "card.json",
        "plan.json",
        "curves.csv",
        "run.json",
    }
    assert {f"{folder}/{name}" for name in wanted} == set(names)
    # Neither the visitor nor the id: whoever knows one of them may do something with it.
    assert VISITOR.encode() not in contents and run.id.encode() not in contents
    elsewhere = RunStore(tmp_path / "elsewhere")
    again = uploads.add(elsewhere, OTHER, [("x.ZIP", data)])
    assert (again.state, again.visitor, again.name) == ("uploaded", OTHER, run.name)
    assert again.plan["task"] == "fashion-mnist" and again.plan["hidden_size"] == 12
    assert again.has_model and not again.is_live and again.parameters > 0
    for name, value in weights_of(run).items():
        assert torch.equal(weights_of(again)[name], value)
    before, after = (checkpoint.load(one.model_folder) for one in (run, again))
    rows = torch.rand(2, 28, 28)
    assert torch.equal(before(rows), after(rows))
    assert after.labels == before.labels


def test_a_zip_of_a_run_that_a_worker_trained_does_not_tell_its_id(store: RunStore) -> None:
    run = store.create(PLAN, VISITOR, state="finished")
    assert work({run.folder: PLAN}).state == "finished"
    with zipfile.ZipFile(io.BytesIO(downloads.run_zip(run))) as archive:
        contents = {name.rpartition("/")[2]: archive.read(name) for name in archive.namelist()}
    assert json.loads(contents["card.json"])["plan"] == PLAN.to_json()
    assert not [name for name, data in contents.items() if run.id.encode() in data]
    assert not [name for name, data in contents.items() if VISITOR.encode() in data]


def test_two_files_and_a_tokenizer_are_enough(store: RunStore) -> None:
    run = reads_tokens(store)
    wanted = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
    files = [(name, files_of(run)[name]) for name in wanted]
    files[1] = ("epoch-3.safetensors", files[1][1])
    again = uploads.add(store, OTHER, files, "  my net ")
    assert again.name == "my net" and again.plan["task"] == "own"
    old, new = tokens.load(run.model_folder), tokens.load(again.model_folder)
    assert old.encode("a good film").ids.tolist() == new.encode("a good film").ids.tolist()
    assert "test" not in storage.card(again.model_folder)


def test_a_model_of_torch_itself_can_be_brought(store: RunStore) -> None:
    """The names of the weights are those of torch.nn, as docs/runs.md says."""
    torch.manual_seed(0)
    recurrent, head = torch.nn.GRU(28, 16, batch_first=True), torch.nn.Linear(16, 10)
    weights = {f"recurrent.{name}": value for name, value in recurrent.state_dict().items()}
    weights |= {f"head.{name}": value for name, value in head.state_dict().items()}
    config = {"cell": "gru", "input_size": 28, "hidden_size": 16, "num_layers": 1,
              "readout": "last", "input_mean": 0.0, "input_std": 1.0}  # fmt: skip
    files = [("config.json", json.dumps(config).encode()), ("m.safetensors", save(weights))]
    run = uploads.add(store, VISITOR, files)
    rows = torch.rand(3, 28, 28)
    ours = checkpoint.load(run.model_folder)(rows)
    assert_near(ours, head(recurrent(rows)[0][:, -1]), 1e-5)


def changed(name: str, change: Callable[[bytes], bytes]) -> Callable[[dict[str, bytes]], object]:
    return lambda files: files.update({name: change(files[name])})


def config(**words: object) -> Callable[[dict[str, bytes]], object]:
    return changed("config.json", lambda data: json.dumps(json.loads(data) | words).encode())


def weights(change: Callable[[dict[str, torch.Tensor]], object]) -> Callable[..., object]:
    def apply(files: dict[str, bytes]) -> None:
        from safetensors.torch import load

        found = load(files["model.safetensors"])
        change(found)
        files["model.safetensors"] = save(found)
        files.pop("card.json", None)  # its checksum would say so first

    return apply


def first(found: dict[str, torch.Tensor]) -> str:
    return min(found)


BROKEN = {
    "no config": (lambda files: files.pop("config.json"), "config.json"),
    "no weights": (lambda files: files.pop("model.safetensors"), "model.safetensors"),
    "no json": (changed("config.json", lambda _: b"cell: gru"), "expected JSON"),
    "a list": (changed("config.json", lambda _: b"[]"), "JSON object"),
    "deep json": (changed("config.json", lambda _: b"[" * 50_000), "expected JSON"),
    "another kind": (config(model_type="bert"), "another kind of model"),
    "too large": (config(hidden_size=10**9), "hidden_size from 1 to"),
    "another size": (config(hidden_size=13), "folder of one model"),
    "another cell": (config(cell="lstm"), "folder of one model"),
    "no cell": (config(cell="transformer"), "does not describe a model"),
    "odd labels": (config(labels=["x"] * 3), "does not describe a model"),
    "nan": (weights(lambda f: f[first(f)].fill_(np.nan)), "finite numbers"),
    "infinite": (weights(lambda f: f[first(f)].view(-1)[:1].fill_(np.inf)), "finite numbers"),
    "one more": (weights(lambda f: f.update(extra=torch.ones(2))), "with unknown extra"),
    "one less": (weights(lambda f: f.pop(first(f))), "without"),
    "whole numbers": (weights(lambda f: f.update({first(f): f[first(f)].int()})), "as floats"),
    "a pickle": (changed("model.safetensors", lambda _: b"\x80\x04cos\nsystem\n."), "safetensors"),
    "torn": (changed("model.safetensors", lambda data: data[:-9]), "safetensors"),
    "a flipped bit": (
        changed("model.safetensors", lambda data: data[:-1] + bytes([data[-1] ^ 1])), "sha256",
    ),
    "a long header": (
        changed("model.safetensors", lambda data: struct.pack("<Q", 2**60) + data[8:]),
        "safetensors",
    ),
    "an odd card": (changed("card.json", lambda _: b"{"), "expected JSON in card.json"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_one_sentence_and_leaves_nothing(store: RunStore, name: str) -> None:
    files = files_of(reads_rows(RunStore(store.folder / "source")))
    change, said = BROKEN[name]
    change(files)
    with pytest.raises(RunError) as caught:
        uploads.add(store, VISITOR, list(files.items()))
    text = str(caught.value)
    assert said in text
    assert "/tmp" not in text and str(store.folder) not in text  # no place of this server's
    assert len(text) < 600 and "\n" not in text
    assert store.of(VISITOR) == []
    assert [path.name for path in store.folder.iterdir() if path.name.startswith(".new")] == []


def test_a_tokenizer_must_be_one_of_ours(store: RunStore) -> None:
    files = files_of(reads_tokens(RunStore(store.folder / "source")))
    whole = dict(files)
    files.pop("card.json")
    del files["tokenizer.json"]
    with pytest.raises(RunError, match="tokenizer.json beside a network"):
        uploads.add(store, VISITOR, list(files.items()))
    told = json.loads(whole["tokenizer.json"])
    # A pattern that takes for ever on a line of the letter a.
    told["pre_tokenizer"] = {"type": "Split", "pattern": {"Regex": "(a+)+b"},
                             "behavior": "Removed", "invert": True}  # fmt: skip
    with pytest.raises(RunError, match="cuts texts another way"):
        uploads.add(store, VISITOR, [*files.items(), ("tokenizer.json", json.dumps(told).encode())])
    told = json.loads(whole["tokenizer.json"])
    told["model"]["vocab"] = {"[PAD]": 0, "[UNK]": 1}
    with pytest.raises(RunError, match="token"):
        uploads.add(store, VISITOR, [*files.items(), ("tokenizer.json", json.dumps(told).encode())])
    for nonsense in (b"", b"{}", b"[]", b"\xff"):
        with pytest.raises(RunError, match=r"tokenizer\.json"):
            uploads.add(store, VISITOR, [*files.items(), ("tokenizer.json", nonsense)])


def packed(entries: list[tuple[str, bytes]], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", kind) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return written.getvalue()


def test_a_bomb_is_read_no_further_than_its_bound() -> None:
    bomb = packed([("config.json", b" " * 30_000_000), ("model.safetensors", b"")])
    assert len(bomb) < 100_000
    with pytest.raises(RunError, match=r"at most 100,000 bytes in config\.json"):
        unpacked([("x.zip", bomb)])
    # A zip that lies about the size of what is in it.
    small = bytearray(packed([("config.json", b"{}" + b" " * 500_000), ("a.safetensors", b"x")]))
    at = small.index(b"PK\x01\x02") + 24
    small[at : at + 4] = struct.pack("<I", 2)
    with pytest.raises(RunError, match="damaged|at most"):
        unpacked([("x.zip", bytes(small))])
    many = packed([(f"{n}.txt", b"") for n in range(100)])
    with pytest.raises(RunError, match="at most 40 files"):
        unpacked([("x.zip", many)])


def test_names_in_a_zip_lead_nowhere() -> None:
    names = ["../../config.json", "/etc/model.safetensors", "..\\..\\card.json", "x/../../y.txt"]
    found = unpacked([("x.zip", packed([(name, b"{}") for name in names]))])
    assert set(found) == {"config.json", "model.safetensors", "card.json"}
    with pytest.raises(RunError, match="expected one model"):
        unpacked([("x.zip", packed([("a.safetensors", b""), ("b.safetensors", b"")]))])


TEXT = b"{}" * 99
SQUEEZED = zlib.compress(TEXT)[2:-4]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "damaged"),
        (b"PK\x03\x04", "damaged"),
        (packed([("config.json", b"{}")])[:-10], "damaged"),
        (packed([("config.json", b"{}"), ("m.safetensors", b"1")], zipfile.ZIP_LZMA), "usual zip"),
        (packed([("readme.txt", b"hello")]), "bring config.json"),
        (packed([("config.json", TEXT)]).replace(SQUEEZED, b"\xff" * 5), "damaged"),
    ],
)  # fmt: skip
def test_zips_that_are_none(data: bytes, said: str) -> None:
    with pytest.raises(RunError, match=said):
        unpacked([("run.zip", data)])


@given(
    st.lists(
        st.tuples(st.text(max_size=20), st.binary(max_size=30)),
        max_size=5,
        unique_by=lambda one: one[0],
    )
)
@settings(max_examples=60, deadline=None)
def test_no_upload_raises_anything_else(files: list[tuple[str, bytes]]) -> None:
    with pytest.raises(RunError):
        unpacked(files)
    with pytest.raises(RunError):
        unpacked([("x.zip", packed([(name or "x", data) for name, data in files]))])


def test_what_is_large_is_refused_before_it_is_read(store: RunStore) -> None:
    large = b"0" * (MOST_BYTES["config.json"] + 1)
    with pytest.raises(RunError, match="at most 100,000 bytes"):
        uploads.add(store, VISITOR, [("config.json", large), ("m.safetensors", b"")])


def test_without_tensorboard_a_sentence_says_how(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "has_tensorboard", lambda: False)
    with pytest.raises(RunError, match="pip install tensorboard"):
        downloads.tensorboard_zip(made(store))


def test_a_log_for_tensorboard_has_every_point(store: RunStore, tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    run = made(store, name="a run")
    with zipfile.ZipFile(io.BytesIO(downloads.tensorboard_zip(run))) as archive:
        assert all(name.startswith("rnnviz-a-run/events.") for name in archive.namelist())
        archive.extractall(tmp_path)
    found = accumulator.EventAccumulator(
        str(tmp_path / "rnnviz-a-run"), size_guidance={"scalars": 0}
    )
    found.Reload()
    curves = run.curves()
    for tag, steps, name in (
        ("loss/batch", curves.steps, "loss"),
        ("accuracy/held_out", curves.score_steps, "held_out_accuracy"),
    ):
        points = found.Scalars(tag)
        assert [point.step for point in points] == steps.tolist()
        values = [point.value for point in points]
        assert_near(values, getattr(curves, name), 1e-6)
    assert "examples_per_second" not in found.Tags()["scalars"]  # nothing was measured
