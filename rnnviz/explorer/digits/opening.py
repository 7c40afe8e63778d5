"""The stored reading that the app opens with, so that its first picture waits for nothing.

``python -m rnnviz.explorer.digits.opening --yes`` reads one bundled sample with one trained model
and writes the result beside the theatre. Run it again whenever the model or the sample changes: a
test compares the file with a live reading.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rnnviz.explorer.digits.address import DigitsAddress
from rnnviz.models import checkpoint, storage
from rnnviz.safe.files import written_by
from rnnviz.theatre.reading import VERSION, WORDS, words_of

PATH = Path(__file__).parents[2] / "theatre" / "opening.json"
ADDRESS = DigitsAddress()
"""The view that is stored: what the Digits page shows when the address asks for nothing."""


def load() -> dict[str, Any] | None:
    """The stored reading as a payload, or None when there is none or it cannot be read."""
    try:
        stored = json.loads(PATH.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(stored, dict):
        return None
    if (stored.get("name"), stored.get("version")) != (ADDRESS.model, VERSION):
        return None
    return stored | words_of(stored["cell"], stored["step_word"], len(stored["classes"]))


def speaks_for_the_model() -> bool:
    """Whether the model of that name is the one that comes with the package, or none at all.

    ``RNNVIZ_MODELS`` may put another in its place, which the stored reading knows nothing about.
    """
    try:
        return storage.folder_of(ADDRESS.model).parent == storage.PRETRAINED
    except storage.CheckpointError:
        return True


def build() -> dict[str, Any]:
    """The same reading, live: needs torch, the trained model and the bundled samples."""
    from rnnviz.data import samples
    from rnnviz.models.reader import read_digit

    assert ADDRESS.sample is not None
    images, labels = samples.load()
    index = ADDRESS.sample - 1
    model = checkpoint.load(ADDRESS.model)
    reading = read_digit(model, images[index], name=ADDRESS.model, truth=str(labels[index]))
    return reading.to_payload()


def main() -> None:
    """Write the reading, where nothing is written over unasked."""
    written_by(
        "Write the reading that the app opens with.", PATH, lambda path: path.write_text(_text())
    )


def _text() -> str:
    # The words and colours of today are put in when the file is read.
    numbers = {name: value for name, value in build().items() if name not in WORDS}
    return json.dumps(numbers) + "\n"


if __name__ == "__main__":
    main()
