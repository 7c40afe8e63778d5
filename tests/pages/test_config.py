"""Every setting of .streamlit/config.toml, with the reason why it is there."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from streamlit import config

SETTINGS = {
    "global.maxCachedMessageAge": 10,  # else a page that comes back to something may stop
    "runner.postScriptGC": False,  # else 145 ms of garbage collection after every run
    "server.maxUploadSize": 10,  # MB: a phone's photo fits, and Python checks what comes
    "server.maxMessageSize": 50,
    "server.maxWidgetStateSize": 4,  # MB: what a visitor sends is kept, and is read by one thread
    "server.fileWatcherType": "none",
    "server.enableXsrfProtection": True,
    "server.enableCORS": True,
    "server.showEmailPrompt": False,  # the first start asks nobody anything
    "browser.serverAddress": "localhost",  # else a start without network asks for its own address
    "browser.gatherUsageStats": False,  # nothing is reported to anybody
    "client.toolbarMode": "viewer",
    "client.allowedOrigins": [],  # no page around this one steers it
    "client.showErrorDetails": "type",
}
PALETTES = ("chartCategoricalColors", "chartSequentialColors", "chartDivergingColors")


@pytest.fixture(scope="module")
def written(root: Path) -> dict[str, Any]:
    text = (root / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def test_the_file_says_exactly_this(written: dict[str, Any]) -> None:
    plain = {
        f"{section}.{name}": value
        for section, options in written.items()
        if section != "theme"
        for name, value in options.items()
    }
    assert plain == SETTINGS


@pytest.mark.parametrize("name", SETTINGS)
def test_streamlit_knows_the_setting(name: str) -> None:
    assert name in config.get_config_options()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("palette", PALETTES)
def test_each_palette_has_exactly_ten_colours(
    written: dict[str, Any], theme: str, palette: str
) -> None:
    colours = written["theme"][theme][palette]
    assert len(set(colours)) == 10
    assert all(re.fullmatch(r"#[0-9a-f]{6}", colour) for colour in colours)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_buttons_can_be_read(written: dict[str, Any], theme: str) -> None:
    colours = written["theme"][theme]
    assert _contrast(colours["textColor"], colours["backgroundColor"]) >= 7
    assert _contrast(colours["textColor"], colours["secondaryBackgroundColor"]) >= 7
    assert _contrast(colours["primaryColor"], colours["backgroundColor"]) >= 4.5


def _contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2, 1 to 21."""

    def luminance(colour: str) -> float:
        shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_app_limits_threads_before_torch_can_be_imported(root: Path) -> None:
    text = (root / "app.py").read_text(encoding="utf-8")
    threads, first = text.index("OMP_NUM_THREADS"), text.index("import streamlit")
    assert "MKL_NUM_THREADS" in text
    assert threads < first


def test_importing_what_the_app_imports_leaves_torch_alone(root: Path) -> None:
    code = (
        "import rnnviz.explorer.pages, rnnviz.explorer.digits.stage, sys;"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_the_first_picture_waits_for_neither_torch_nor_pandas(root: Path) -> None:
    code = (
        "import sys; from streamlit.testing.v1 import AppTest;"
        "from rnnviz.explorer.parts import warmup;"
        "warmup.start = lambda *_, **__: None;"
        f"app = AppTest.from_file({str(root / 'app.py')!r}, default_timeout=60);"
        "app.switch_page('pages/digits.py'); app.run(); assert not app.exception;"
        "print([name for name in ('torch', 'pandas', 'pyarrow') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
