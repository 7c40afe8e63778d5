"""What the README and the pages of docs/ show, run: programs, and commands with their options.

Oracles: Python without a warning, the parsers of the commands themselves, and the Makefile.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import re
import shlex
import sys
from pathlib import Path

import pytest
import typer
from PIL import Image
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from rnnviz.__main__ import app
from rnnviz.data import samples
from tests import forked
from tests.conftest import folder_with

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "CONTRIBUTING.md", *(f"docs/{one.name}" for one in ROOT.glob("docs/*.md")))
TEXTS = {page: (ROOT / page).read_text(encoding="utf-8") for page in sorted(PAGES)}
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(language: str) -> dict[str, str]:
    """Every block of a language, by page and line."""
    return {
        f"{page}:{text[: found.start()].count(chr(10)) + 1}": found[2]
        for page, text in TEXTS.items()
        for found in BLOCK.finditer(text)
        if found[1] == language
    }


def commands() -> dict[str, str]:
    """Every line of a shell block, and every command that stands in a sentence."""
    found = {}
    for place, block in blocks("sh").items():
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        found |= {f"{place}+{number}": line for number, line in enumerate(lines)}
    for page, text in TEXTS.items():
        prose = BLOCK.sub("", text)
        for number, one in enumerate(re.findall(r"`([^`]*python -m [^`]+|make \w+[^`]*)`", prose)):
            if "..." not in one:
                found[f"{page} prose {number}"] = " ".join(one.split())
    return found


PYTHON, COMMANDS = blocks("python"), commands()
# Such a block needs Streamlit around it.
IN_THE_APP = "from rnnviz.explorer.parts.components import theatre\n"


def test_no_block_is_of_a_language_that_nothing_checks() -> None:
    assert len(PYTHON) >= 13 and len(COMMANDS) >= 50
    for page, text in TEXTS.items():
        assert text.count("\n```") % 2 == 0, page
        kinds = {found[1] for found in BLOCK.finditer(text)}
        assert kinds <= {"python", "sh", "text"}, page


@pytest.mark.parametrize("place", PYTHON)
def test_every_program_runs_as_it_stands(place: str, tmp_path: Path) -> None:
    """In a process and a folder of its own, warnings being errors; files that it names are there.

    `download=True` fetches nothing here: the test is left out where the files are absent.
    """
    block = PYTHON[place]
    environment = {}
    if "mnist.load" in block:
        environment["RNNVIZ_DATA"] = str(folder_with("MNIST/raw"))
    program = tmp_path / "example.py"
    program.write_text(block, encoding="utf-8")
    if IN_THE_APP in block:
        shown = AppTest.from_file(str(program), default_timeout=120).run()
        assert not shown.exception, shown.exception
    else:
        forked.run(program, environment)
    for name in re.findall(r'(?:save\w*|Path)\([^()]*"([\w.]+\.\w+)"\)', block):
        assert (tmp_path / name).stat().st_size > 100, name


@pytest.mark.parametrize("place", COMMANDS)
def test_every_command_is_one_that_can_be_given(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = shlex.split(COMMANDS[place], comments=True)
    while re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words.pop(0)
    program = Path(words[0]).name
    if program == "make":
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert re.search(rf"^{words[1]}:", makefile, re.MULTILINE)
        return
    assert program in ("python", "python3", "torchrun", "accelerate")
    module, options = words[words.index("-m") + 1], words[words.index("-m") + 2 :]
    assert importlib.util.find_spec(module) is not None
    if module == "rnnviz":
        parsed_by_typer(options)
    elif module.startswith("benchmarks"):
        parsed_by_argparse(module, options, monkeypatch)
    for name in options:
        if re.search(r"^requirements|^app\.py$|^tests/", name):
            assert (ROOT / name).is_file()


def parsed_by_typer(words: list[str]) -> None:
    """Raises what the command line would tell: no such command, no such option, a wrong value."""
    group = typer.main.get_command(app)
    context = group.make_context("rnnviz", list(words))
    name, command, rest = group.resolve_command(context, list(words))  # type: ignore[attr-defined]
    command.make_context(name, rest, parent=context)


def parsed_by_argparse(module: str, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The same of a benchmark, which ends here where it has read its options."""

    class ParsedError(Exception):
        pass

    parse = argparse.ArgumentParser.parse_args

    def parse_only(parser: argparse.ArgumentParser) -> None:
        parse(parser)
        raise ParsedError

    name = "benchmarks.__main__" if module == "benchmarks" else module
    if "argparse" not in ROOT.joinpath(*name.split(".")).with_suffix(".py").read_text("utf-8"):
        return
    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_only)
    monkeypatch.setattr(sys, "argv", [module, *words])
    with pytest.raises(ParsedError):
        importlib.import_module(name).main()


QUICK = ("trace mnist-gru", "trace imdb-gru", "evaluate mnist-gru")


@pytest.mark.parametrize("start", QUICK)
def test_the_quick_commands_do_what_they_say(
    start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the README has them, in a folder with an image and without any data set."""
    (line,) = {line for line in COMMANDS.values() if f"-m rnnviz {start}" in line}
    Image.fromarray(255 - samples.load()[0][3]).save(tmp_path / "digit.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RNNVIZ_DATA", str(tmp_path))
    words = shlex.split(line, comments=True)
    done = CliRunner().invoke(app, words[words.index("rnnviz") + 1 :])
    assert done.exit_code == 0, done.output
    if "--csv" in words:
        assert (tmp_path / "gates.csv").read_text().count("\n") > 1000
    else:
        assert re.search(r"mnist-gru: \d\d\.\d\d % of .*1,797", done.output)
