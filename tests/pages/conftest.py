"""Pages are driven by AppTest, with untrained models of the real names in their own folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from rnnviz.explorer.digits import readings as kept_models
from rnnviz.explorer.digits import room
from rnnviz.explorer.digits.address import READOUTS, DigitsAddress
from rnnviz.explorer.parts import visitor, warmup
from rnnviz.explorer.parts.address import ALL
from rnnviz.explorer.text import readings
from rnnviz.runs.store import RunStore
from tests.pages.texts import save_text_models
from tests.pages.trainings import FakeManager

Open = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def no_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page under test does not import torch behind the test's back."""
    monkeypatch.setattr(warmup, "start", lambda *_, **__: None)


@pytest.fixture(autouse=True)
def no_workers(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A page under test starts no worker processes, and keeps its runs to itself."""

    @cache
    def desk() -> visitor.Desk:
        return visitor.Desk(FakeManager(RunStore(tmp_path_factory.mktemp("runs"))))

    monkeypatch.setattr(visitor, "desk", desk)


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All six models that the page offers, untrained."""
    import torch

    from rnnviz.models import checkpoint
    from rnnviz.models.classifier import SequenceClassifier

    folder = tmp_path_factory.mktemp("models")
    torch.manual_seed(0)
    for readout in READOUTS:
        address = DigitsAddress(ALL, readout)
        for cell, name in zip(address.cells, address.models, strict=True):
            checkpoint.save(SequenceClassifier(cell=cell, readout=readout), folder / name, {})
    return folder


@pytest.fixture
def fresh_caches() -> None:
    for kept in (
        kept_models.model,
        kept_models.reading,
        kept_models.payload,
        kept_models.stored_reading,
        kept_models.atlas_of,
        kept_models.explanation,
        room.made,
    ):
        kept.clear()
    readings.forget()


@pytest.fixture
def models(model_folder: Path, monkeypatch: pytest.MonkeyPatch, fresh_caches: None) -> Path:
    """The app finds the untrained models first."""
    monkeypatch.setenv("RNNVIZ_MODELS", str(model_folder))
    return model_folder


@pytest.fixture
def open_page(root: Path) -> Open:
    """Opens a page of the app through its navigation, optionally with words in the address."""

    def opened(page: str, **query: str) -> AppTest:
        app = AppTest.from_file(str(root / "app.py"), default_timeout=30)
        app.switch_page(page)
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()

    return opened


@pytest.fixture(scope="session")
def text_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three models of the Text page, untrained."""
    folder = tmp_path_factory.mktemp("text-models")
    save_text_models(folder)
    return folder


@pytest.fixture
def text_page(
    open_page: Open, text_folder: Path, monkeypatch: pytest.MonkeyPatch, fresh_caches: None
) -> Iterator[Open]:
    """Opens the Text page over untrained networks."""
    monkeypatch.setenv("RNNVIZ_MODELS", str(text_folder))

    def opened(**query: str) -> AppTest:
        return open_page("pages/text.py", **query)

    yield opened
    readings.forget()
