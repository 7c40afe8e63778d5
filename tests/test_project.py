"""What the documents and the Makefile promise: files, accuracies, how `make` sets up."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import torch

from rnnviz.data import digits
from rnnviz.models import checkpoint, evaluation, storage

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MODELS = (ROOT / "docs/models.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
THEATRE = (ROOT / "docs/theatre.md").read_text(encoding="utf-8")


def test_every_file_that_the_documents_point_to_exists() -> None:
    pages = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
    for name in (*pages, *(f"docs/{page.name}" for page in ROOT.glob("docs/*.md"))):
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
            assert ((ROOT / name).parent / target).is_file(), f"{name}: {target}"
    for target in re.findall(r"`((?:rnnviz|tests)/[\w/]+\.\w+)`", THEATRE):
        assert (ROOT / target).is_file(), target
    for name in re.findall(r"`(\w+\.js)`", THEATRE):
        assert list((ROOT / "rnnviz/theatre/web").glob(f"*/{name}")), name
    for target in re.findall(r"`([\w/]+/\w+\.(?:py|js))`", ARCHITECTURE):
        places = (ROOT, ROOT / "rnnviz", ROOT / "rnnviz/theatre")
        assert any((place / target).is_file() for place in places), target


def test_the_front_door_is_short() -> None:
    assert len(README.splitlines()) <= 150


def test_the_accuracies_are_those_of_the_models() -> None:
    """MNIST's as the card has them; scikit-learn's digits scored here, to two images."""
    table = re.findall(
        r"^\| `(mnist-[\w-]+)` .* \| ([\d.]+) % \| ([\d.]+) % \|", MODELS, re.MULTILINE
    )
    assert {name for name, _, _ in table} == set(storage.names(reading="images"))
    images, labels = map(torch.as_tensor, digits.load())
    for name, on_mnist, on_digits in table:
        assert on_mnist == f"{100 * storage.card(name)['test']['accuracy']:.2f}", name
        score = evaluation.score(checkpoint.load(name), images, labels)
        assert abs(100 * score.accuracy - float(on_digits)) < 200 / 1797, name


def test_the_accuracies_of_texts_are_those_of_the_cards() -> None:
    """The card says what was scored and how; the table has the models that are there, no others."""
    table = re.findall(
        r"^\| `(imdb-\w+)` \| ([\w-]+) \| ([\d,]+) \| ([\d.]+) MB \| ([\d.]+) % of ([\d,]+) \|",
        MODELS,
        re.MULTILINE,
    )
    there = {name for name in storage.names(reading="texts") if name.startswith("imdb-")}
    recorded = {name for name in there if "test" in storage.card(name)}
    assert {name for name, *_ in table} == recorded
    for name, readout, parameters, megabytes, accuracy, n in table:
        card = storage.card(name)
        config = storage.read_json(storage.folder_of(name) / storage.CONFIG)
        assert readout == config["readout"], name
        assert parameters == f"{card['parameters']:,}", name
        assert megabytes == f"{card['bytes'] / 1e6:.1f}", name
        assert accuracy == f"{100 * card['test']['accuracy']:.2f}", name
        assert n == f"{card['test']['n']:,}", name


def make(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    # `make test` may be what runs this, and its flags are not for the call below.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    return subprocess.run(
        ["make", *words], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A folder with what `make` reads, and no .venv."""
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    return tmp_path


def test_make_app_with_a_ready_venv_calls_no_pip(fresh: Path) -> None:
    before = make("--dry-run", "app", cwd=fresh).stdout
    assert "pip install" in before and "-m venv" in before
    (fresh / ".venv/bin").mkdir(parents=True)
    (fresh / ".venv/bin/python").touch()
    stamp = re.search(r"\.venv/\.app-\d+", before)
    assert stamp
    (fresh / stamp[0]).touch()
    ready = make("--dry-run", "app", cwd=fresh).stdout
    assert "pip" not in ready and "streamlit run app.py" in ready
    with (fresh / "requirements.txt").open("a") as file:
        file.write("# one more line\n")
    assert "pip install" in make("--dry-run", "app", cwd=fresh).stdout


def test_an_old_or_missing_python_is_told_in_a_sentence(fresh: Path) -> None:
    missing = make("app", "PYTHON=python9", cwd=fresh)
    assert missing.returncode != 0
    assert "Install Python 3.11 or later" in missing.stdout
    old = fresh / "old"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.1\nexit 1\n')
    old.chmod(0o755)
    refused = make("app", f"PYTHON={old}", cwd=fresh)
    assert refused.returncode != 0
    assert "needs Python 3.11 or later" in refused.stdout and "3.9.1" in refused.stdout
    assert not (fresh / ".venv").exists()


def test_the_numeric_tests_that_make_names_are_there() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    numeric = re.search(r"^NUMERIC := (.*)$", text, re.MULTILINE)
    assert numeric
    folders = re.findall(r"patsubst %,tests/(\w+)/test_%\.py,([\w ]+)\)", numeric[1])
    assert len(folders) >= 5
    for folder, names in folders:
        for name in names.split():
            assert (ROOT / f"tests/{folder}/test_{name}.py").is_file(), name


def test_ci_only_calls_make_test() -> None:
    script = ROOT / ".ci/run"
    lines = [line for line in script.read_text().splitlines() if line and line[0] != "#"]
    assert lines[-1] == "exec make test" and len(lines) == 3
    assert os.access(script, os.X_OK)
