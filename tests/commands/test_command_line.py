"""`python -m rnnviz`, run as people run it. Oracles: exit codes, files, and the library itself."""

from __future__ import annotations

import functools
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import Result
from rich.console import Console
from typer.testing import CliRunner

from rnnviz.__main__ import app
from rnnviz.commands.terminal import Terminal
from rnnviz.commands.train import PLANNED
from rnnviz.data import digits, samples
from rnnviz.models import checkpoint, evaluation, storage, tokens
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.safe.files import check_overwriting
from rnnviz.training import preparation
from rnnviz.training.engine.events import Event, StepFinished
from rnnviz.training.engine.loop import Training
from rnnviz.training.plan import Plan
from rnnviz.training.tasks.table import TASKS, defaults
from tests.oracle import assert_near

REDRAWN = functools.cache(digits.load)

TINY = ["--limit", "60", "--held-out", "40", "--hidden-size", "8", "--num-layers", "1"]


def rnnviz(*arguments: object, **environment: str) -> Result:
    """The command in this process, which spares an import of torch for each."""
    return CliRunner().invoke(
        app, list(map(str, arguments)), env={"RNNVIZ_DATA": "/nowhere", **environment}
    )


def process(*arguments: object, cwd: Path | None = None) -> subprocess.Popen[str]:
    """The command in a process of its own, as somebody types it."""
    return subprocess.Popen(
        [sys.executable, "-m", "rnnviz", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            "OMP_NUM_THREADS": "1",
            "RNNVIZ_DATA": "/nowhere",
        },
    )


@pytest.fixture(autouse=True)
def quick_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redrawing 1,797 digits takes seconds; once is enough for all of these tests."""
    monkeypatch.setattr(digits, "load", REDRAWN)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models") / "mine"
    return checkpoint.save(SequenceClassifier("gru", hidden_size=8), folder, {"task": "a test"})


def refused(result: Result, *words: str) -> None:
    """One sentence on standard error, exit code 2, nothing on standard output."""
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    for word in words:
        assert word in result.stderr


def test_help_names_every_command_without_importing_torch() -> None:
    result = rnnviz("--help")
    assert result.exit_code == 0
    for command in ("train", "evaluate", "robustness", "trace", "parity"):
        assert command in result.stdout
    code = "import sys, rnnviz.__main__; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_training_writes_a_checkpoint_that_loads_and_scores(tmp_path: Path) -> None:
    command = ["train", "digits", "--cell", "rnn", "--epochs", 2, *TINY]
    running = process(*command, cwd=tmp_path)
    _, told = running.communicate(timeout=900)
    assert running.returncode == 0, told
    folder = tmp_path / "models" / "digits-rnn"
    card = storage.card(folder)
    assert card["command"] == "python -m rnnviz " + " ".join(map(str, command))
    assert card["epochs"] == 2 and card["training_images"] == 60 and card["held_out"]["n"] == 40
    assert "interrupted" not in card and "test" not in card
    model = checkpoint.load(folder)
    assert model.cell == "rnn" and model.config["hidden_size"] == 8
    found = json.loads(rnnviz("evaluate", folder, "--json").stdout)
    images, labels = digits.load()
    score = evaluation.score(model, torch.as_tensor(images), torch.as_tensor(labels))
    assert (found["accuracy"], found["n"]) == (score.accuracy, 1797)


def test_the_same_command_gives_the_same_weights(tmp_path: Path) -> None:
    sums = set()
    for name in ("one", "two"):
        command = ["train", "digits", "--cell", "gru", "--epochs", 1, *TINY, "--seed", 4]
        assert rnnviz(*command, "--output", tmp_path / name).exit_code == 0
        sums.add(storage.card(tmp_path / name)["sha256"])
    assert len(sums) == 1


def test_training_starts_from_a_saved_model(tmp_path: Path) -> None:
    torch.manual_seed(1)
    earlier = SequenceClassifier("gru", hidden_size=8, num_layers=1, readout="attention")
    checkpoint.save(earlier, tmp_path / "earlier", {"command": "the first one"})
    command = ["train", "digits", "--cell", "gru", "--readout", "last", "--epochs", 1, *TINY]
    command += ["--learning-rate", 0, "--start", tmp_path / "earlier"]
    assert rnnviz(*command, "--output", tmp_path / "later").exit_code == 0
    later = checkpoint.load(tmp_path / "later").state_dict()
    for name, value in earlier.state_dict().items():
        if not name.startswith("readout"):
            assert_near(later[name], value, 1e-5)
    assert storage.card(tmp_path / "later")["started_from"]["command"] == "the first one"
    command[command.index("gru")] = "rnn"
    refused(rnnviz(*command, "--output", tmp_path / "other"), "to start from", "RNN", "GRU")


def interrupt(running: subprocess.Popen[str], after: str) -> str:
    """Send Ctrl-C's signal once `after` was printed; everything that was printed."""
    assert running.stderr is not None
    told = ""
    for line in running.stderr:
        told += line
        if after in line:
            time.sleep(0.05)
            running.send_signal(signal.SIGINT)
            break
    told += running.stderr.read()
    running.wait(timeout=900)
    assert "Traceback" not in told
    return told


def test_ctrl_c_keeps_the_best_so_far(tmp_path: Path) -> None:
    command = ["train", "digits", "--cell", "rnn", "--epochs", "100000", *TINY]
    running = process(*command, "--output", tmp_path / "mine")
    told = interrupt(running, "epoch   3")
    assert running.returncode == 130
    card = storage.card(tmp_path / "mine")
    accuracies = [float(found) for found in re.findall(r"held out (\S+) %", told)]
    assert 100 * card["held_out"]["accuracy"] == pytest.approx(max(accuracies), abs=0.005)
    assert card["interrupted"] == f"after epoch {len(accuracies)} of 100000"
    assert checkpoint.load(tmp_path / "mine").cell == "rnn"


def test_ctrl_c_before_the_first_epoch_writes_no_network(tmp_path: Path) -> None:
    command = ["train", "digits", "--cell", "lstm", "--epochs", "9", "--hidden-size", "512"]
    running = process(*command, "--output", tmp_path / "mine")
    told = interrupt(running, "Training lstm")
    assert running.returncode == 130
    assert "nothing to keep" in told
    assert {path.name for path in tmp_path.iterdir()} <= {"mine.state.safetensors"}


def test_a_stopped_run_goes_on_to_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in mid-epoch, then --resume. Oracle: the sum of the weights of an unbroken run."""
    command = ["train", "digits", "--cell", "gru", "--epochs", 3, *TINY, "--batch-size", 16]
    assert rnnviz(*command, "--output", tmp_path / "whole").exit_code == 0
    state = tmp_path / "broken.state.safetensors"

    def stop_after(self: Terminal, event: Event) -> None:
        if isinstance(event, StepFinished) and event.step == 6:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(Terminal, "show", stop_after)
        result = rnnviz(*command, "--output", tmp_path / "broken")
    assert result.exit_code == 130 and state.is_file()
    assert f"--resume goes on from {state}" in result.stderr
    assert storage.card(tmp_path / "broken")["interrupted"] == "after epoch 1 of 3"

    refused(rnnviz(*command, "--seed", 1, "--output", tmp_path / "broken", "--resume"), "seed 1")
    result = rnnviz(*command, "--output", tmp_path / "broken", "--resume")
    assert result.exit_code == 0 and "Going on after step 6 of 12" in result.stderr
    cards = [storage.card(tmp_path / name) for name in ("whole", "broken")]
    assert cards[0]["sha256"] == cards[1]["sha256"]
    assert not state.exists()
    refused(rnnviz(*command, "--output", tmp_path / "broken", "--resume"), "no such file")


def test_evaluate_scores_an_npz(saved: Path, tmp_path: Path) -> None:
    images, labels = digits.load()
    np.savez(tmp_path / "some.npz", images=images[:50], labels=labels[:50])
    result = rnnviz("evaluate", saved, "--data", tmp_path / "some.npz", "--json")
    assert result.exit_code == 0 and result.stderr == ""
    found = json.loads(result.stdout)
    score = evaluation.score(
        checkpoint.load(saved), torch.as_tensor(images[:50]), torch.as_tensor(labels[:50])
    )
    assert found["accuracy"] == score.accuracy and found["n"] == 50


def test_evaluate_says_which_images_it_took(saved: Path) -> None:
    result = rnnviz("evaluate", "mine", RNNVIZ_MODELS=str(saved.parent))
    assert result.exit_code == 0
    assert "scikit-learn's digits" in result.stdout and "1,797" in result.stdout
    assert (
        "rnnviz: These are scikit-learn's digits" in result.stderr and "/nowhere" in result.stderr
    )
    result = rnnviz("evaluate", saved, "--json")
    assert "/nowhere" in json.loads(result.stdout)["notices"][0]


def test_robustness_writes_its_table(saved: Path, tmp_path: Path) -> None:
    result = rnnviz("robustness", saved, "--limit", 5, "--output", tmp_path / "table.md")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "table.md").read_text().strip() == result.stdout.strip()


def test_trace_writes_every_signal(saved: Path, tmp_path: Path) -> None:
    from PIL import Image

    Image.fromarray(digits.load()[0][0]).resize((200, 200)).save(tmp_path / "nought.png")
    result = rnnviz(
        "trace", saved, "--image", tmp_path / "nought.png",
        "--npz", tmp_path / "t.npz", "--csv", tmp_path / "t.csv",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert len(re.findall(r"^after row ", result.stdout, flags=re.MULTILINE)) == 28
    with np.load(tmp_path / "t.npz") as arrays:
        assert arrays["layer1.forward.update_gate"].shape == (1, 28, 8)
    assert (tmp_path / "t.csv").stat().st_size > 1000


def test_what_cannot_be_done_is_told_in_one_sentence(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "not.npz").write_text("hello")
    (tmp_path / "not.png").write_text("hello")
    refused(rnnviz("evaluate", "mnist-transformer"), "mnist-transformer")
    refused(rnnviz("evaluate", tmp_path / "gone"), "gone")
    refused(rnnviz("evaluate", "../../etc/passwd"), "passwd")
    refused(rnnviz("evaluate", saved, "--data", tmp_path / "not.npz"), "not.npz", "numpy.savez")
    refused(rnnviz("evaluate", saved, "--data", tmp_path / "gone.npz", "--json"), "gone.npz")
    refused(rnnviz("robustness", saved, "--output", tmp_path / "gone" / "table.md"), "gone")
    refused(rnnviz("robustness", tmp_path), "config.json")
    refused(rnnviz("trace", saved, "--image", tmp_path / "not.png"))
    refused(rnnviz("trace", saved, "--image", tmp_path / "gone.png"), "gone.png")
    refused(rnnviz("train", "mnist", "--output", tmp_path / "m"), "RNNVIZ_DATA")
    refused(rnnviz("train", "digits", "--output", tmp_path), "not.")
    torch.manual_seed(0)
    clothes = SequenceClassifier("rnn", hidden_size=4)
    checkpoint.save(clothes, tmp_path / "clothes", {"dataset": "fashion-mnist"})
    refused(rnnviz("evaluate", tmp_path / "clothes"), "FashionMNIST")
    refused(
        rnnviz("train", "digits", "--held-out", 10, "--output", tmp_path / "not.npz"), "not.npz"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "imagenet"),
        ("train", "digits", "--cell", "mamba"),
        ("train", "digits", "--hidden-size", "100000000"),
        ("train", "digits", "--epochs", "0"),
        ("evaluate",),
        ("parity", "--cell", "mamba"),
        ("frobnicate",),
    ],
)
def test_wrong_words_are_refused(arguments: tuple[str, ...]) -> None:
    result = rnnviz(*arguments)
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit) and result.stdout == ""


def test_several_classes_are_trained_and_scored(tmp_path: Path) -> None:
    """As the Train page makes such a network. Oracle: the counts of the files."""
    words = {"1": "awful dull bad", "9": "fair plain fine", "10": "great fun superb"}
    table = tmp_path / "three.csv"
    rows = [
        f"{word} film {n},{label}"
        for label, some in words.items()
        for n in range(20)
        for word in some.split()
    ]
    table.write_text("text,label\n" + "\n".join(rows) + "\n")
    folder = tmp_path / "mine"
    trained = rnnviz(
        "train", table, "--cell", "gru", "--epochs", 1, "--hidden-size", 4, "--output", folder
    )
    assert trained.exit_code == 0, trained.stderr
    assert checkpoint.load(folder).labels == ("1", "9", "10")
    whole = json.loads(rnnviz("evaluate", folder, "--data", table, "--json").stdout)
    assert whole["n"] == 180
    some = tmp_path / "some.csv"
    some.write_text("text,label\ngreat film,10.0\nsuperb,10\n")
    assert json.loads(rnnviz("evaluate", folder, "--data", some, "--json").stdout)["n"] == 2
    some.write_text("text,label\ngreat film,10\nsuperb,11\n")
    refused(rnnviz("evaluate", folder, "--data", some), "labels 1, 9 and 10", "'11'")
    refused(rnnviz("line", folder, "--data", table), "network of two classes", "with 3")


@pytest.fixture(scope="module")
def saved_texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tokenizer = tokens.train(["a great film", "so bad"] * 9, kind="word", least_count=1)
    model = SequenceClassifier(
        "gru", 4, 8, 1, True, "mean", 2, tokenizer.vocabulary_size, labels=("neg", "pos")
    )
    folder = tmp_path_factory.mktemp("models") / "texts"
    return checkpoint.save(model, folder, {"dataset": "own"}, files=tokenizer.files())


def test_labels_written_in_two_ways_are_said(saved_texts: Path, tmp_path: Path) -> None:
    some = tmp_path / "some.csv"
    some.write_text("text,label\ngreat film,Pos\nsuperb,pos\n")
    result = rnnviz("evaluate", saved_texts, "--data", some, "--json")
    assert json.loads(result.stdout)["n"] == 2 and "'Pos' and 'pos' are read as" in result.stderr


@pytest.fixture
def committed(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of models, as `pretrained/` is, with files that must not be lost."""
    for name in ("mine", "texts"):
        (tmp_path / name).mkdir()
    for path in saved.iterdir():
        shutil.copy(path, tmp_path / "mine" / path.name)
    (tmp_path / "mine" / "atlas.npz").write_bytes(b"committed")
    monkeypatch.setenv("RNNVIZ_MODELS", str(tmp_path))
    return tmp_path


def test_what_is_there_is_not_written_over_unasked(committed: Path, tmp_path: Path) -> None:
    """Nobody can be asked here: the file stays, and the sentence says what to do."""
    path = committed / "mine" / "atlas.npz"
    refused(rnnviz("atlas", "mine"), str(path), "exists already", "--yes", "--output")
    assert path.read_bytes() == b"committed"
    elsewhere = rnnviz("atlas", "mine", "--output", tmp_path / "new")
    assert elsewhere.exit_code == 0 and (tmp_path / "new" / "mine" / "atlas.npz").is_file()
    assert path.read_bytes() == b"committed"
    assert rnnviz("atlas", "mine", "--yes").exit_code == 0
    assert path.read_bytes() != b"committed"


@pytest.mark.parametrize(("answer", "kept"), [("n", True), ("", True), ("y", False)])
def test_somebody_who_is_there_is_asked(
    answer: str, kept: bool, committed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = committed / "mine" / "atlas.npz"
    typed = io.StringIO(f"{answer}\n")
    monkeypatch.setattr(typed, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", typed)
    if kept:
        with pytest.raises(FileExistsError):
            check_overwriting(path, consent=False)
    else:
        check_overwriting(path, consent=False)
    assert path.read_bytes() == b"committed"


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "rnnviz", "atlas"],
        ["-m", "rnnviz", "line"],
        ["-m", "rnnviz", "padding", "--limit", "20"],
        ["-m", "rnnviz", "train", "digits", "--output", "pretrained/mnist-gru"],
        ["-m", "rnnviz.explorer.digits.opening"],
        ["-m", "rnnviz.data.samples"],
    ],
)
def test_no_command_writes_over_a_committed_file(command: list[str]) -> None:
    """Oracle: git, of which no file may change by running a command as it stands."""
    root = Path(__file__).resolve().parents[2]

    def state() -> dict[Path, int]:
        places = (root / "pretrained", root / "rnnviz")
        files = (path for place in places for path in place.rglob("*.[nsj]*"))
        return {path: path.stat().st_mtime_ns for path in files}

    before = state()
    environment = {**os.environ, "RNNVIZ_DATA": "/nowhere"}
    result = subprocess.run(
        [sys.executable, *command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False, cwd=root, env=environment,
    )  # fmt: skip
    assert result.returncode == 2 and result.stdout == "" and "--yes" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1 and state() == before


def test_a_file_of_the_package_is_made_elsewhere(tmp_path: Path) -> None:
    made = tmp_path / "samples.npz"
    command = [sys.executable, "-m", "rnnviz.data.samples", "--output", str(made)]
    subprocess.run(command, check=True, capture_output=True, cwd=Path(__file__).parents[2])
    with np.load(made) as stored:
        assert np.array_equal(stored["images"], samples.load()[0])


@pytest.mark.parametrize(
    ("command", "count"),
    [
        (["robustness", "mine", "--limit", "20"], "22/22"),
        (["padding", "--limit", "20"], "12/12"),
        (["atlas", "mine", "--yes"], "8/8"),
        (["evaluate", "mine"], "4/4"),
    ],
)
def test_long_commands_show_how_far_they_are(
    command: list[str], count: str, committed: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """On a terminal, and nothing of it where standard error is piped."""
    if command[0] == "padding":
        command = [*command, "--output", str(tmp_path / "padding")]
    piped = rnnviz(*command)
    # A folder of data that was named and holds none is told; how far it is, is not.
    assert piped.exit_code == 0
    assert all(one.startswith("rnnviz: These are ") for one in piped.stderr.splitlines())
    shown = io.StringIO()
    monkeypatch.setattr(
        "rnnviz.commands.terminal.CONSOLE", Console(file=shown, force_terminal=True, width=90)
    )
    on_a_terminal = rnnviz(*command)
    assert on_a_terminal.exit_code == 0 and count in shown.getvalue()
    assert on_a_terminal.stdout == piped.stdout


@pytest.mark.parametrize("task", PLANNED)
def test_memory_tasks_train_as_on_the_train_page(task: str, tmp_path: Path) -> None:
    """Oracle: the same plan, prepared and trained by the library."""
    options = ["--cell", "gru", "--hidden-size", 8, "--epochs", 1, "--limit", 100, "--seed", 3]
    options += ["--length", 4] if "length" in TASKS[task].words else []
    done = rnnviz("train", task, *options, "--output", tmp_path / "mine")
    assert done.exit_code == 0, done.output
    card = storage.card(tmp_path / "mine")
    assert card["dataset"] == task and card["training_sequences"] == 100
    plan = Plan.from_json(card["plan"])
    words = {"hidden_size": 8, "epochs": 1, "examples": 100, "seed": 3}
    words |= {"length": 4} if "length" in TASKS[task].words else {}
    assert plan == defaults(task, "gru").changed(**words)
    ready = preparation.prepare(plan)
    torch.manual_seed(plan.seed)
    training = Training(
        ready.model, ready.examples, ready.held_out, ready.recipe, objective=ready.objective
    )
    for _ in training:
        pass
    assert training.best is not None
    found = checkpoint.load(tmp_path / "mine").state_dict()
    for name, value in training.best.weights.items():
        assert_near(found[name], value, 1e-5)


def test_memory_tasks_refuse_options_that_they_have_no_use_for(tmp_path: Path) -> None:
    there = ["--output", tmp_path / "mine"]
    refused(rnnviz("train", "recall", "--calm", 0.4, *there), "no --calm for recall")
    refused(rnnviz("train", "recall", "--length", 4, *there), "no --length for recall")
    refused(rnnviz("train", "adding", "--text-column", "a", *there), "no --text-column")
    refused(rnnviz("train", "copy", "--readout", "mean", *there), "readout last")
    refused(rnnviz("train", "recall", "--hidden-size", 4000, *there), "hidden_size", "1,024")
    refused(rnnviz("train", "digits", "--delay", 4, *there), "--delay", "digits")
    assert not (tmp_path / "mine").exists()
