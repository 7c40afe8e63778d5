"""What tests of the Text page share: small untrained networks of the real names, and the browser's
part, which is to look at what the page hands over and to send messages.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from streamlit.testing.v1 import AppTest

from rnnviz.data.passages import PASSAGES
from rnnviz.explorer.parts.address import CELLS


def save_text_models(folder: Path) -> None:
    """``imdb-lstm``, ``imdb-gru`` and ``imdb-rnn`` with one tokenizer, which knows the passages."""
    import torch

    from rnnviz.models import checkpoint, tokens
    from rnnviz.models.classifier import SequenceClassifier

    tokenizer = tokens.train([one.text for one in PASSAGES], size=600, least_count=1)
    torch.manual_seed(0)
    for cell in CELLS:
        model = SequenceClassifier(
            cell=cell,
            input_size=8,
            hidden_size=8,
            num_layers=1,
            bidirectional=True,
            readout="attention-max",
            num_classes=2,
            vocabulary_size=tokenizer.vocabulary_size,
            labels=("negative", "positive"),
        )
        checkpoint.save(model, folder / f"imdb-{cell}", {}, files=tokenizer.files())


def handed(app: AppTest, name: str) -> list[dict[str, Any]]:
    """What the page handed to the components of that name."""
    return [
        json.loads(element.proto.bytes)
        for element in app.get("bidi_component")
        if element.proto.component_name == f"rnnviz_{name}"
    ]


def theatres(app: AppTest) -> list[dict[str, Any]]:
    return handed(app, "theatre")


def shown(app: AppTest) -> list[dict[str, Any]]:
    return theatres(app)[0]["readings"]


def text_of(payload: dict[str, Any]) -> str:
    return "".join(payload["tokens"])


def box(app: AppTest) -> dict[str, Any]:
    (data,) = handed(app, "scribe")
    return data


def place(app: AppTest) -> dict[str, Any]:
    (data,) = handed(app, "place")
    return data


def words(app: AppTest) -> dict[str, str]:
    return place(app)["words"]


def turn(app: AppTest) -> int:
    """The turn of the next act, as the page in the browser counts them."""
    choices = app.session_state["text"]
    return int(1 + max(choices.turns.heard, choices.heard_trip))


def write(app: AppTest, text: Any, *, edit: Any = 1, at: int | None = None) -> AppTest:
    """What the box says while somebody types."""
    sent = {"text": text, "turn": turn(app) if at is None else at, "edit": edit, "after": 0}
    app.session_state["text_box"] = {"typed": sent}
    return app.run()


def pick(app: AppTest, key: str, *, at: int | None = None) -> AppTest:
    """What the list of texts says when one of them is chosen."""
    sent = {"value": key, "turn": turn(app) if at is None else at}
    app.session_state["text_passage"] = {"picked": sent}
    return app.run()


def travel(app: AppTest, **query: str) -> None:
    """A run as it comes after the browser's back button."""
    went = {"turn": turn(app), "search": "?" + urlencode(query)}
    app.session_state["text_travel"] = {"went": went}
    app.run()


def said(app: AppTest) -> str:
    return " ".join(one.value for one in app.warning)


def heard(app: AppTest) -> None:
    """A run as it comes when the browser has shown the theatre and asks for the figure."""
    app.session_state["text_place"] = {"asked": place(app)["ask"]}
    app.run()
