"""What "Show code" says on the Text page, run as a program. Oracle: what the page shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnnviz import checkpoint, text_exhibit, tokens
from rnnviz.data.passages import PASSAGES
from rnnviz.lines import WIDTH
from rnnviz.text_exhibit import Task, Text
from rnnviz.text_recipes import text_code
from rnnviz.theatre.standalone import page
from rnnviz.theatre.view import View
from tests.pages.texts import save_text_models
from tests.test_recipes import run, said

FIRST = text_exhibit.passage(PASSAGES[0].key)
CHANGED = Text(FIRST.words.replace("lovely", "dreadful"))
WILD = Text('A "film" \\ with\nlines, \u202eturned\u202c, <script>, {braces}, é, 日本 and \x00.')
SIZE = {"steps": 5, "layers": 1, "units": 8}
CASES = {
    "the opening": ([Task("imdb-lstm", FIRST)], View()),
    "three cells over a ghost": (
        [Task(f"imdb-{cell}", CHANGED, ghost=FIRST) for cell in ("lstm", "gru", "rnn")],
        View(units=(3,), tint="unit:hidden", values="difference", direction="both"),
    ),
    "a wild text": ([Task("imdb-gru", WILD)], View(step=2, tint="attention")),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("models")
    save_text_models(found)
    return found


@pytest.mark.parametrize("name", CASES)
def test_the_lines_show_what_the_page_shows(
    name: str, folder: Path, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RNNVIZ_MODELS", str(folder))
    tasks, view = CASES[name]
    code = text_code(tasks, view, **SIZE)
    readings = [
        text_exhibit.read(checkpoint.load(task.model), tokens.load(task.model), task)
        for task in tasks
    ]
    html = run(code, tmp_path, root)
    cells = " and ".join(dict.fromkeys(one.title for one in readings))
    title = f"{cells} reading {readings[0].steps} tokens"
    assert said(html) == said(page(readings, title=title, view=view))
    assert max(map(len, code.splitlines())) <= WIDTH


def test_the_opening_takes_few_lines() -> None:
    assert text_code([Task("imdb-lstm", FIRST)], View(units=(3,)), **SIZE).splitlines() == [
        "import rnnviz",
        "from rnnviz import checkpoint, text_exhibit, tokens",
        "",
        f'text = text_exhibit.passage("{PASSAGES[0].key}")',
        'tasks = [text_exhibit.Task("imdb-lstm", text)]',
        "readings = [",
        "    text_exhibit.read(checkpoint.load(task.model), tokens.load(task.model), task)",
        "    for task in tasks",
        "]",
        "",
        "rnnviz.show(*readings, units=[3])",
    ]


@pytest.mark.parametrize("text", [WILD, Text("word " * 900), Text("a" * 3000), Text("x")])
def test_any_text_is_its_own_literal(text: Text) -> None:
    code = text_code([Task("imdb-gru", text)], **SIZE)
    lines = code.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("text = "))
    end = next(i for i, line in enumerate(lines) if line.startswith("tasks"))
    names = {"text_exhibit": text_exhibit}
    exec("\n".join(lines[start:end]), names)  # noqa: S102
    assert names["text"] == text
    assert code.isprintable() or code.replace("\n", "").isprintable()
    assert max(map(len, lines)) <= WIDTH


def test_two_texts_side_by_side_are_two_theatres() -> None:
    tasks = [Task("imdb-gru", CHANGED), Task("imdb-gru", FIRST, title="GRU, pinned text")]
    code = text_code(tasks, View(step=4), **SIZE)
    assert code.count("rnnviz.show(") == 2
    compile(code, "cell", "exec")


def test_a_very_long_text_is_read_from_a_file() -> None:
    code = text_code([Task("imdb-gru", Text("word " * 5000))], **SIZE)
    assert 'with open("text.txt", encoding="utf-8")' in code
    compile(code, "cell", "exec")
