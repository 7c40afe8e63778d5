"""Find a Chromium for the browser tests, or install one.

`make test` runs this file as a program first, so that what an installation prints is seen.
The tests then call `executable()`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
)
MACINTOSH = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
# Asked in a process of its own: the driver refuses to start twice in one thread.
ASK_PLAYWRIGHT = (
    "from playwright.sync_api import sync_playwright\n"
    "with sync_playwright() as p: print(p.chromium.executable_path)"
)
ADVICE = (
    "The browser tests need a Chromium, and none was found or could be installed. Either install "
    "one (Debian: apt install chromium; elsewhere: .venv/bin/python -m playwright install "
    "chromium), or name one: CHROMIUM=/path/to/chrome make test."
)


class ChromiumMissingError(RuntimeError):
    """No Chromium runs here; the message says what to do."""


@cache
def executable() -> str:
    """The path of a Chromium that starts on this machine.

    Looks at the variable CHROMIUM, then at the usual names, then at Playwright's own download.

    Raises ChromiumMissingError where none starts, and where CHROMIUM names something that does not.
    """
    named = os.environ.get("CHROMIUM")
    if named:
        if _starts(named):
            return named
        raise ChromiumMissingError(f"CHROMIUM should name a Chromium that starts; got {named!r}.")
    for candidate in _candidates():
        if _starts(candidate):
            return candidate
    raise ChromiumMissingError(ADVICE)


def install() -> str:
    """`executable()`, after trying to install one where there is none.

    Tries Playwright's download, then, as root where there is apt, the distribution's package and
    the libraries that Playwright's download lacks.
    """
    playwright = [sys.executable, "-m", "playwright"]
    attempts = [[[*playwright, "install", "chromium"]]]
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        attempts.append([[*playwright, "install-deps", "chromium"]])
        attempts.append([["apt-get", "update"], ["apt-get", "install", "-y", "chromium"]])
    for commands in attempts:
        try:
            return executable()
        except ChromiumMissingError as missing:
            if os.environ.get("CHROMIUM"):
                raise
            print(f"No Chromium yet ({str(missing).split(',')[0]} ...).", flush=True)
        for command in commands:
            _try(command)
    return executable()


def _candidates() -> Iterator[str]:
    for name in NAMES:
        path = shutil.which(name)
        if path:
            yield path
    yield from (path for path in MACINTOSH if os.path.exists(path))
    asked = subprocess.run(
        [sys.executable, "-c", ASK_PLAYWRIGHT], capture_output=True, text=True, check=False
    )
    if asked.returncode == 0 and os.path.exists(asked.stdout.strip()):
        yield asked.stdout.strip()


def _starts(path: str) -> bool:
    # Ubuntu's chromium-browser may be a stub that only asks for a snap, and Playwright's download
    # may lack a system library. Both show when it is asked for its version.
    try:
        asked = subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


def _try(command: list[str]) -> None:
    print("$", " ".join(command), flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(command, check=False, timeout=600, env=environment)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(error, flush=True)


if __name__ == "__main__":
    try:
        print("Chromium:", install())
    except ChromiumMissingError as missing:
        sys.exit(str(missing))
