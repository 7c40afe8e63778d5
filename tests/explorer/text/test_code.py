"""What "Show code" says on the Text page, run as a program. Oracle: what the page shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnnviz.analysis.attribution import explain_text
from rnnviz.data.passages import PASSAGES
from rnnviz.explorer.parts.code import WIDTH
from rnnviz.explorer.text import code as text_recipes
from rnnviz.explorer.text import exhibit
from rnnviz.explorer.text.code import text_code
from rnnviz.explorer.text.exhibit import Task, Text
from rnnviz.models import checkpoint, tokens
from rnnviz.models.showing import Show
from rnnviz.theatre.reading import Reading
from rnnviz.theatre.standalone import page
from rnnviz.theatre.tints import Tint
from rnnviz.theatre.view import View
from tests.explorer.digits.test_code import run, said
from tests.pages.texts import save_text_models

FIRST = exhibit.passage(PASSAGES[0].key)
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
    name: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RNNVIZ_MODELS", str(folder))
    tasks, view = CASES[name]
    code = text_code(tasks, view, **SIZE)
    readings = [
        exhibit.read(checkpoint.load(task.model), tokens.load(task.model), task) for task in tasks
    ]
    html = run(code, tmp_path)
    cells = " and ".join(dict.fromkeys(one.title for one in readings))
    title = f"{cells} reading {readings[0].steps} tokens"
    assert said(html) == said(page(readings, title=title, view=view))
    assert max(map(len, code.splitlines())) <= WIDTH


def test_the_opening_takes_few_lines() -> None:
    assert text_code([Task("imdb-lstm", FIRST)], View(units=(3,)), **SIZE).splitlines() == [
        "import rnnviz",
        "from rnnviz.explorer.text import exhibit",
        "from rnnviz.models import checkpoint, tokens",
        "",
        f'text = exhibit.passage("{PASSAGES[0].key}")',
        'tasks = [exhibit.Task("imdb-lstm", text)]',
        "readings = [",
        "    exhibit.read(checkpoint.load(task.model), tokens.load(task.model), task)",
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
    names = {"exhibit": exhibit}
    exec("\n".join(lines[start:end]), names)  # noqa: S102
    assert names["text"] == text
    assert code.isprintable() or code.replace("\n", "").isprintable()
    assert max(map(len, lines)) <= WIDTH


BESIDE = [Task("imdb-gru", CHANGED), Task("imdb-gru", FIRST, title="GRU, pinned text")]
EXPLAINED = ["attended", "gradient_input", "integrated_gradients", "occlusion"]


def of(tasks: list[Task]) -> list[Reading]:
    return [
        exhibit.read(checkpoint.load(task.model), tokens.load(task.model), task) for task in tasks
    ]


@pytest.mark.parametrize("place", [0, 1])
def test_an_explanation_colours_the_text_in_the_notebook_as_well(
    place: int, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RNNVIZ_MODELS", str(folder))
    tasks = [Task("imdb-lstm", FIRST), Task("imdb-gru", FIRST)]
    view = View(tint="integrated_gradients", focus=place)
    names: list[list[str]] = [[], []]
    names[place] = [*EXPLAINED, "push"]
    assert text_recipes.missing(tasks, view, names) == ""
    code = text_code(tasks, view, **SIZE, tints=names)
    name = tasks[place].model
    encoded = exhibit.encode(tokens.load(name), FIRST.words)
    tints: list[list[Tint]] = [[], []]
    tints[place] = explain_text(checkpoint.load(name), encoded).tints()
    assert [one.name for one in tints[place]] == EXPLAINED
    readings = of(tasks)
    title = f"LSTM and GRU reading {readings[0].steps} tokens"
    html = run(code, tmp_path)
    assert said(html) == said(page(readings, title=title, view=view, tints=tints))
    assert max(map(len, code.splitlines())) <= WIDTH


def test_colours_that_no_figure_has_worked_out_are_those_of_the_answer_as_on_the_page() -> None:
    tasks = [Task("imdb-gru", FIRST)]
    for tint in ("occlusion", "push", "whatever"):
        assert text_code(tasks, View(tint=tint), **SIZE) == text_code(tasks, View(), **SIZE)
        assert text_recipes.missing(tasks, View(tint=tint)) == ""


def test_the_pushes_are_not_in_the_lines_and_they_say_so() -> None:
    tasks, view = [Task("imdb-gru", FIRST)], View(step=3, tint="push")
    code = text_code(tasks, view, **SIZE, tints=[["push"]])
    told = text_recipes.missing(tasks, view, [["push"]])
    assert "not the push along the line" in told and f"# {told}" in code.splitlines()
    assert "tint" not in code and "step=3" in code


def test_two_texts_side_by_side_are_two_theatres(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RNNVIZ_MODELS", str(folder))
    view = View(step=2, units=(3,), tint="occlusion", focus=1)
    names = [EXPLAINED, []]
    code = text_code(BESIDE, view, **SIZE, tints=names)
    displayed: list[Show] = []
    exec(code, {"display": lambda *several: displayed.extend(several)})  # noqa: S102
    first, second = of(BESIDE)
    encoded = exhibit.encode(tokens.load("imdb-gru"), CHANGED.words)
    tints = [explain_text(checkpoint.load("imdb-gru"), encoded).tints()]
    seen = View(step=2, units=(3,), tint="occlusion")
    expected = page([first], title="This text", view=seen, tints=tints)
    assert [said(one.html) for one in displayed] == [
        said(expected),
        said(page([second], title="The pinned text")),
    ]
    told = text_recipes.missing(BESIDE, view, names)
    assert told and f"# {told}" in code.splitlines()
    assert max(map(len, code.splitlines())) <= WIDTH
    # What was worked out for the pinned text colours nothing in the theatre that is heard.
    assert "attribution" not in text_code(BESIDE, view, **SIZE, tints=[[], EXPLAINED])


def test_a_very_long_text_is_read_from_a_file() -> None:
    code = text_code([Task("imdb-gru", Text("word " * 5000))], **SIZE)
    assert 'with open("text.txt", encoding="utf-8")' in code
    compile(code, "cell", "exec")
