"""The sentiment line.

Oracles: a singular value decomposition by numpy, a literal loop over tokens for pushes, reading a
cut text anew for the log-odds so far, scipy for correlations, counting pairs one by one.
"""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
import torch
from typer.testing import CliRunner

from rnnviz.__main__ import app
from rnnviz.analysis import line_fit, sentiment
from rnnviz.analysis.sentiment import LineError, SentimentLine
from rnnviz.analysis.states import read
from rnnviz.data import sentences
from rnnviz.figures.pushes import told
from rnnviz.models import checkpoint, storage, tokens
from rnnviz.models.classifier import SequenceClassifier

SENTENCES = sentences.load("train", count=60)
TEXTS = [one.text for one in SENTENCES]
LABELS = np.array([one.label for one in SENTENCES])
TOKENIZER = tokens.train(TEXTS, kind="word", size=300, least_count=1)
ENCODED = [TOKENIZER.encode(text) for text in TEXTS]
NAMES = ("negative", "positive")


def small(cell: str = "gru", **words: object) -> SequenceClassifier:
    torch.manual_seed(1)
    options = {"bidirectional": True, "labels": NAMES, "num_classes": 2} | words
    return SequenceClassifier(  # type: ignore[arg-type]
        cell, 8, 12, 1, vocabulary_size=TOKENIZER.vocabulary_size, **options
    ).eval()


def fitted(cell: str = "gru", **words: object) -> tuple[SentimentLine, ...]:
    model = small(cell, **words)
    return line_fit.fit(model, ENCODED, LABELS, name="x", sha256="0" * 64, source="sentences")


def states(model: SequenceClassifier, text: int, direction: str) -> np.ndarray:
    """Hidden states (T, 12) of one sentence, traced alone."""
    trace = model.trace(torch.from_numpy(ENCODED[text].ids)[None])
    return trace.recurrent.layers[0].directions[direction].hidden[0].numpy()


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_components_are_those_of_numpy(cell: str) -> None:
    model = small(cell)
    for line in fitted(cell):
        flat = np.concatenate([states(model, i, line.direction) for i in range(60)])
        flat = flat.astype(np.float64)
        _, singular, axes = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)
        assert line.states == len(flat) and line.texts == 60
        assert line.explained == pytest.approx((singular**2 / (singular**2).sum())[:3], rel=1e-3)
        for mine, theirs in zip(line.components, axes, strict=False):
            assert abs(mine @ theirs) == pytest.approx(1, abs=1e-3)
        assert line.mean == pytest.approx(flat.mean(axis=0), abs=1e-5)


@pytest.mark.parametrize("direction", [0, 1], ids=["forward", "backward"])
def test_sampled_points_are_projections_and_their_log_odds_those_of_the_cut_text(
    direction: int,
) -> None:
    model, line = small(), fitted()[direction]
    texts, steps = line_fit.drawn_steps([len(one) for one in ENCODED], seed=0)
    assert len(texts) == len(line.points) == len(line.log_odds)
    for place in range(0, len(texts), 37):
        text, step = int(texts[place]), int(steps[place])
        ids, own = ENCODED[text].ids, states(model, text, line.direction)
        backward = line.direction == "backward"
        hidden = own[::-1][step] if backward else own[step]
        cut = ids[len(ids) - step - 1 :] if backward else ids[: step + 1]
        with torch.no_grad():
            logits = model(torch.from_numpy(cut.copy())[None])[0]
        assert line.points[place] == pytest.approx(line.project(hidden), abs=1e-4)
        assert line.log_odds[place] == pytest.approx(float(logits[1] - logits[0]), abs=1e-4)
        assert line.labels[place] == LABELS[text]


def test_the_sign_makes_plus_positive_and_the_numbers_are_those_of_scipy() -> None:
    for line in fitted():
        for k in range(3):
            wanted = scipy.stats.pearsonr(line.points[:, k], line.log_odds).statistic
            assert line.correlations[k] == pytest.approx(wanted, abs=1e-4) and wanted >= 0
        low, high = line.interval
        assert low <= line.correlations[0] + 1e-6 and line.correlations[0] <= high + 1e-6


def test_pairs_in_order_counts_pairs() -> None:
    draw = np.random.default_rng(0)
    ends, labels = draw.integers(0, 9, 40).astype(float), draw.integers(0, 2, 40)
    ahead = [
        (a > b) + (a == b) / 2 for a, b in itertools.product(ends[labels == 1], ends[labels == 0])
    ]
    assert line_fit.pairs_in_order(ends, labels) == pytest.approx(np.mean(ahead))


def test_a_bootstrap_of_whole_texts_is_wider_than_one_of_steps() -> None:
    """Oracle: a literal bootstrap; steps of a text that are copies of each other count once."""
    draw = np.random.default_rng(0)
    x = np.repeat(draw.normal(size=30), 6)
    y = x + np.repeat(draw.normal(size=30), 6)
    texts = np.repeat(np.arange(30), 6)
    found = []
    for _ in range(2000):
        chosen = draw.integers(0, 30, 30) * 6
        found.append(scipy.stats.pearsonr(x[chosen], y[chosen]).statistic)
    low, high = line_fit.interval(x, y, texts, seed=0)
    assert (low, high) == pytest.approx(np.percentile(found, (2.5, 97.5)), abs=0.03)
    narrow = line_fit.interval(x, y, np.arange(180), seed=0)
    assert narrow[1] - narrow[0] < 0.7 * (high - low)


@pytest.mark.parametrize("direction", [0, 1], ids=["forward", "backward"])
def test_pushes_are_those_of_a_loop_over_tokens(direction: int) -> None:
    line, model = fitted()[direction], small()
    hidden = states(model, 0, line.direction)
    path = sentiment.line(line, hidden, ENCODED[0].pieces)
    order = range(len(hidden))
    before = -line.mean.astype(np.float64) @ line.components[0]
    for step in reversed(order) if line.direction == "backward" else order:
        now = float((hidden[step] - line.mean) @ line.components[0])
        assert path.pushes[step] == pytest.approx(now - before, abs=1e-4)
        before = now
    assert path.share_behind == pytest.approx((line.points[:, 0] < before).mean(), abs=0.01)
    rising, falling = path.largest(3)
    assert [one.push for one in rising] == sorted((p for p in path.pushes if p > 0), reverse=True)[
        :3
    ]
    assert [one.push for one in falling] == sorted(p for p in path.pushes if p < 0)[:3]
    assert path.start == pytest.approx(line.project(np.zeros(12)))


def test_a_path_knows_the_answer_so_far_and_says_what_pushed_it() -> None:
    line, model = fitted()[0], small()
    probabilities = model.trace(torch.from_numpy(ENCODED[0].ids)[None]).prefix_probabilities[0]
    given = probabilities.numpy()
    path = sentiment.line(line, states(model, 0, "forward"), ENCODED[0].pieces, given)
    assert path.log_odds == pytest.approx(np.log(given[:, 1] / given[:, 0]), abs=1e-4)
    (best,), (worst,) = path.largest(1)
    assert path.follows == line.follows == (line.correlations[0] >= 0.5)
    aimless = replace(path, follows=False)
    assert aimless.finding() == "Where this text lies on it says next to nothing of the answer."
    path = replace(path, follows=True)
    assert sentiment.quoted(best.token) in path.finding()
    assert f"{worst.push:.2f}".replace("-", "−") in path.finding()
    assert best.log_odds == pytest.approx(float(path.log_odds[best.step]))
    rare = replace(path, log_odds=np.full_like(path.log_odds, np.nan))
    assert rare.push(best.step).log_odds is None
    assert "log-odds" in told(path, best.step) and "log-odds" not in told(rare, best.step)
    tint = path.tint()
    assert np.array_equal(tint.values, path.pushes) and tint.low == -tint.high < 0
    assert sentiment.quoted(" \n") == "white space"
    certain = sentiment.log_odds_of(np.array([[0.0, 1.0], [1.0, 0.0]]))
    assert np.isfinite(certain).all() and certain[0] > 10 > -10 > certain[1]


def test_what_does_not_fit_a_line_is_refused() -> None:
    line = fitted()[0]
    with pytest.raises(ValueError, match="expected states of 3 tokens"):
        sentiment.line(line, np.zeros((4, 12)), ("a", "b", "c"))
    with pytest.raises(ValueError, match="expected states of 12 units"):
        sentiment.line(line, np.zeros((3, 13)), ("a", "b", "c"))
    with pytest.raises(ValueError, match=r"expected probabilities \(3, 2\)"):
        sentiment.line(line, np.zeros((3, 12)), ("a", "b", "c"), np.zeros((3, 5)))
    options = {"name": "x", "sha256": "", "source": "y"}
    with pytest.raises(ValueError, match="expected 20 texts or more, got 3"):
        line_fit.fit(small(), ENCODED[:3], LABELS[:3], **options)
    with pytest.raises(ValueError, match="expected labels 0 and 1"):
        line_fit.fit(small(), ENCODED, np.ones(60, int), **options)
    three = small(labels=("a", "b", "c"), num_classes=3)
    with pytest.raises(ValueError, match="expected a network of two classes, got 3"):
        line_fit.fit(three, ENCODED, LABELS, **options)
    still = small()
    for parameter in still.recurrent.parameters():
        parameter.data.zero_()
    with pytest.raises(ValueError, match="expected states that differ"):
        line_fit.fit(still, ENCODED, LABELS, **options)


def test_a_planted_line_is_found_and_noise_is_none() -> None:
    """A network whose one direction of states is all that the answer reads."""
    model = small("rnn", bidirectional=False, readout="last")
    weights = model.recurrent.cell(0)
    with torch.no_grad():
        # Unit 0 adds up what the words say; the other units see next to nothing.
        for parameter in model.recurrent.parameters():
            parameter.mul_(0.01)
        weights.weight_hh[0, 0] = 0.98
        weights.weight_ih[0] = torch.linspace(-0.2, 0.2, 8)
        model.head.weight.zero_()
        model.head.weight[1, 0] = 5.0
    options = {"name": "x", "sha256": "", "source": "y"}
    (found,) = line_fit.fit(model, ENCODED, LABELS, **options)
    assert found.is_line and found.explained[0] > 0.95 and found.correlations[0] > 0.95
    assert abs(found.components[0, 0]) > 0.99 and "nearly a line" in found.finding()
    # The same states, but an answer that does not look at them.
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.weight[1, 5] = 5.0
        weights.weight_ih[5] = torch.tensor([1.0, -1, 1, -1, 1, -1, 1, -1]) * 0.001
    (other,) = line_fit.fit(model, ENCODED, LABELS, **options)
    assert not other.is_line and "no sentiment line" in other.finding()


def test_a_state_that_swings_whatever_is_read_is_told() -> None:
    model = small("rnn", bidirectional=False, readout="mean")
    weights = model.recurrent.cell(0)
    with torch.no_grad():
        for parameter in model.recurrent.parameters():
            parameter.mul_(0.05)
        weights.weight_hh[0, 0] = -3.0
        weights.bias_ih[0] = 0.05
    options = {"name": "x", "sha256": "", "source": "y"}
    (found,) = line_fit.fit(model, ENCODED, LABELS, **options)
    assert found.crossings > 0.8 and found.explained[0] > 0.9
    if found.correlations[0] < 0.5:
        assert "swings from one side of it to the other" in found.finding()


def test_reading_many_texts_at_once_is_reading_them_one_by_one() -> None:
    model = small("lstm")
    for signal in ("hidden", "forget_gate"):
        found = read(model, ENCODED, signal=signal)
        assert found.directions == ("forward", "backward") and len(found) == 60
        for text in (0, 7, 59):
            trace = model.trace(torch.from_numpy(ENCODED[text].ids)[None]).recurrent
            for way, direction in enumerate(found.directions):
                wanted = trace.signal(signal, direction=direction)[0].numpy()
                assert found.of(text)[:, way] == pytest.approx(wanted, abs=1e-5)
    changes = found.changes()
    first, last = int(found.bounds[7]), int(found.bounds[8])
    values = found.of(7)
    assert changes[first, 0] == pytest.approx(values[0, 0])
    assert changes[first + 1, 0] == pytest.approx(values[1, 0] - values[0, 0])
    assert changes[last - 1, 1] == pytest.approx(values[-1, 1])
    assert changes[first, 1] == pytest.approx(values[0, 1] - values[1, 1])
    with pytest.raises(ValueError, match="expected at least one text"):
        read(model, [])
    with pytest.raises(KeyError, match="signal must be one of"):
        read(model, ENCODED, signal="nothing")


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A small model with its tokenizer and its line."""
    folder = checkpoint.save(
        small(), tmp_path / "mine", {"dataset": "sentences"}, files=TOKENIZER.files()
    )
    made = line_fit.fit(
        small(),
        ENCODED,
        LABELS,
        name="mine",
        sha256=storage.weights_sum(folder),
        source="sentences",
    )
    sentiment.save(made, sentiment.path_of(folder))
    return folder


def test_saved_and_loaded_it_is_the_same_within_half_precision(saved: Path) -> None:
    for made in fitted():
        found = sentiment.load(saved, made.direction)
        for word in ("source", "direction", "texts", "states", "seed", "classes", "labelled"):
            assert getattr(found, word) == getattr(made, word)
        for word in ("mean", "components", "explained", "correlations"):
            assert getattr(found, word) == pytest.approx(getattr(made, word), abs=1e-6)
        assert found.points == pytest.approx(made.points, rel=1e-3, abs=1e-3)
        assert found.interval == made.interval and found.push_sizes == made.push_sizes
        assert found.finding() == made.finding() and "60 texts (sentences)" in found.about()


def test_without_a_file_or_with_other_weights_there_is_no_line(saved: Path) -> None:
    with pytest.raises(LineError, match="expected a direction of forward, backward, got 'up'"):
        sentiment.load(saved, "up")
    torch.manual_seed(9)
    other = small()
    other.head.weight.data += 1
    line = sentiment.path_of(saved).read_bytes()
    checkpoint.save(other, saved, {}, files=TOKENIZER.files())
    with pytest.raises(LineError, match="got none: run `python -m rnnviz line mine`"):
        sentiment.load(saved)
    sentiment.path_of(saved).write_bytes(line)
    with pytest.raises(LineError, match="got that of other weights: run `python -m rnnviz line"):
        sentiment.load(saved)
    with pytest.raises(storage.CheckpointError):
        sentiment.load("no-such-model")


@pytest.mark.parametrize(
    "changes",
    [
        {"about": None},
        {"about": np.array("{}")},
        {"about": np.array("not json")},
        {"about": np.array('{"version": 99, "labelled": "truth"}')},
        {"forward.labels": np.full(360, 7, np.uint8)},
        {"forward.labels": np.zeros((2, 2), np.uint8)},
        {"forward.points": np.full((360, 3), np.nan, np.float16)},
        {"forward.components": np.zeros((3, 7), np.float32)},
        {"forward.log_odds": np.zeros(3, np.float16)},
        {"backward.mean": None},
        {"forward.labels": np.array([{"a": 1}], dtype=object)},
    ],
    ids=range(11),
)
def test_a_damaged_file_is_refused_in_one_sentence(saved: Path, changes: dict[str, object]) -> None:
    path = sentiment.path_of(saved)
    arrays = dict(np.load(path)) | changes
    np.savez(path, **{name: value for name, value in arrays.items() if value is not None})
    with pytest.raises(LineError, match="expected a sentiment line of version 1 in .*: run `pyth"):
        sentiment.load(saved)


def test_what_is_no_archive_or_a_huge_one_is_refused(saved: Path) -> None:
    path = sentiment.path_of(saved)
    whole = path.read_bytes()
    for contents in (b"", b"hello", whole[:3000], whole[:-40]):
        path.write_bytes(contents)
        with pytest.raises(LineError, match="another or a damaged file"):
            sentiment.load(saved)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("about.npy", bytes(sentiment.MOST_BYTES + 1))
    with pytest.raises(LineError, match="another or a damaged file"):
        sentiment.load(saved)


def test_the_command_writes_the_file_and_says_what_it_found(saved: Path, tmp_path: Path) -> None:
    sentiment.path_of(saved).unlink()
    said = CliRunner().invoke(app, ["line", str(saved), "--count", "40"])
    assert said.exit_code == 0, said.output
    found = sentiment.load(saved)
    assert found.texts == 40 and found.source == "the grammar's held-out sentences"
    assert f"forward: {found.finding()}" in said.output
    storage.check_replaceable(saved)  # training again into the same folder replaces it
    own = tmp_path / "own.csv"
    rows = [f'"{one.text}",{one.label}' for one in SENTENCES]
    own.write_text("text,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    again = ["line", str(saved), "--data", str(own), "--yes"]
    said = CliRunner().invoke(app, again)
    assert said.exit_code == 0 and sentiment.load(saved).texts == 60
    own.write_text("text,label\n" + "\n".join(rows[:5]) + "\n", encoding="utf-8")
    said = CliRunner().invoke(app, again)
    assert said.exit_code == 2 and "expected 20 texts or more" in said.output


def test_without_a_file_the_bundled_sentences_are_fitted() -> None:
    model = small()
    found = line_fit.bundled(model, TOKENIZER, name="mine")
    assert found.direction == "forward" and found.labelled == sentiment.TRUTH
    assert found.source == "rnnviz's own sentences" and found.texts > 100
    spam = small(labels=("ham", "spam"))
    try:
        other = line_fit.bundled(spam, TOKENIZER, name="mine", direction="backward")
    except LineError as failure:  # an untrained network may answer all of them alike
        assert "mine has no sentiment line" in str(failure)
    else:
        assert other.labelled == sentiment.ANSWERS and "what the network answers" in other.about()
    single = small(bidirectional=False)
    with pytest.raises(LineError, match="expected a direction of forward, got 'backward'"):
        line_fit.bundled(single, TOKENIZER, name="mine", direction="backward")


def test_loading_imports_neither_torch_nor_scikit_learn(saved: Path, root: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from rnnviz.analysis import sentiment;"
        f"sentiment.load(Path({str(saved)!r}));"
        "print([m for m in ('torch', 'sklearn', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


COMMITTED = [name for name in storage.names(reading="texts") if name.startswith("imdb-")]


@pytest.mark.parametrize("name", COMMITTED)
def test_the_committed_files(name: str) -> None:
    for direction in sentiment.DIRECTIONS:
        found = sentiment.load(name, direction)
        assert found.name == name and found.texts == 400 and found.labelled == sentiment.TRUTH
        assert found.source == "held-out IMDb training reviews"
        assert found.components @ found.components.T == pytest.approx(np.eye(3), abs=1e-5)
        assert (np.diff(found.explained) <= 0).all() and found.correlations[0] >= 0
        assert np.bincount(found.labels).min() > 1000
    path = sentiment.path_of(name)
    assert path.stat().st_size < 300_000
    note = json.loads(str(np.load(path)["about"]))["note"]
    assert "chose nothing about it" in note


def test_a_committed_file_is_what_the_command_makes(
    imdb_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not COMMITTED:
        pytest.skip("no model of reviews here")
    monkeypatch.setenv("RNNVIZ_DATA", str(imdb_folder))
    from rnnviz.commands.line import texts_for

    name = "imdb-gru" if "imdb-gru" in COMMITTED else COMMITTED[0]
    folder = storage.folder_of(name)
    held_out = texts_for(folder, None)
    assert len(held_out) == storage.card(name)["held_out"]["n"]
    stored, tokenizer = sentiment.load(name), tokens.load(name)
    chosen = np.random.default_rng(stored.seed).permutation(len(held_out))[:20]
    encoded = [tokenizer.encode(held_out.texts[place], 400) for place in chosen.tolist()]
    model = checkpoint.load(name)
    hidden = read(model, encoded)
    _, steps = line_fit.drawn_steps([len(one) for one in encoded], stored.seed)
    places = hidden.bounds[np.repeat(np.arange(20), 6)] + steps
    wanted = stored.project(hidden.values[places, 0])
    assert stored.points[: len(places)] == pytest.approx(wanted, abs=0.02)
    assert np.array_equal(stored.labels[: len(places)], np.repeat(held_out.labels[chosen], 6))


def test_a_copy_elsewhere_is_read(tmp_path: Path, saved: Path) -> None:
    copy = Path(shutil.copytree(saved, tmp_path / "copy"))
    assert sentiment.load(copy).texts == 60
