"""What every test stands on: threads, hypothesis, and the data that only some machines have."""

from __future__ import annotations

import os
from pathlib import Path

# Before the first import of torch: more threads than cores make small products slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent

hypothesis.settings.register_profile(
    "rnnviz",
    deadline=None,  # a shared machine may pause at any time
    derandomize=True,  # the same examples everywhere; a fuzz that differs is a run of its own
    max_examples=40,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile("search", deadline=None, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "rnnviz"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder that holds app.py."""
    return ROOT


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """A folder with MNIST/raw, as RNNVIZ_DATA names it; the test is left out where none is."""
    return folder_with("MNIST/raw")


@pytest.fixture(scope="session")
def imdb_folder() -> Path:
    """The same for imdb."""
    return folder_with("imdb")


def folder_with(name: str) -> Path:
    places = [os.environ.get("RNNVIZ_DATA"), ROOT.parent / "shared" / "data"]
    for place in places:
        if place and (Path(place) / name).is_dir():
            return Path(place)
    pytest.skip(f"neither RNNVIZ_DATA nor ../shared/data has {name}")
