"""The browser's side of a page, as far as it is a tree: what Streamlit 1.67's front end does with a
message, and where it gives up (`AppRoot.applyDelta` and `SetNodeByDeltaPathVisitor`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.testing.v1.local_script_runner import LocalScriptRunner


class DeadPageError(Exception):
    """Here the front end throws, and the page is blank from then on."""


@dataclass
class Node:
    """A block, or an element where ``kind`` is empty."""

    kind: str = ""
    children: list[Node] = field(default_factory=list)


def page_of(messages: Iterable[ForwardMsg]) -> Node:
    """The page of a browser that has got these messages and no others."""
    root = Node("root", [Node("room") for _ in range(4)])
    for message in messages:
        put(root, message)
    return root


def put(root: Node, message: ForwardMsg) -> None:
    """Do with a message what the browser does; raises DeadPageError where that cannot be done."""
    if not message.HasField("delta") and not message.HasField("ref_hash"):
        return
    *way, last = message.metadata.delta_path
    node = root
    for index in way:
        if index >= len(node.children):
            raise DeadPageError(f"nothing stands at {index} of {[*way, last]}")
        node = node.children[index]
        if not node.kind:
            raise DeadPageError(f"an element stands at {index} of {[*way, last]}")
    if last > len(node.children):
        raise DeadPageError(f"nothing stands before {[*way, last]}")
    kind, children = "", []
    if message.delta.WhichOneof("type") == "add_block":
        kind = message.delta.add_block.WhichOneof("type") or "plain"
        if last < len(node.children) and node.children[last].kind == kind:
            children = node.children[last].children
    node.children[last : last + 1] = [Node(kind, children)]


LARGE = ("rnnviz_theatre", "rnnviz_measures", "rnnviz_curves")


def may_be_kept(message: ForwardMsg) -> bool:
    """Whether a fragment's message may be one that browsers keep and get only a reference to."""
    if not message.delta.fragment_id or message.delta.WhichOneof("type") != "new_element":
        return False
    element = message.delta.new_element
    is_large = message.metadata.cacheable or element.HasField("plotly_chart")
    return is_large or element.bidi_component.component_name in LARGE


@contextmanager
def recorded() -> Iterator[list[list[ForwardMsg]]]:
    """The messages of every run of a page under AppTest, run by run."""
    runs: list[list[ForwardMsg]] = []
    run = LocalScriptRunner.run

    def recording(self: LocalScriptRunner, *args: object, **options: object) -> object:
        tree = run(self, *args, **options)  # type: ignore[arg-type]
        runs.append(list(self.forward_msgs()))
        return tree

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LocalScriptRunner, "run", recording)
        yield runs
