"""How long a person waits for the Text page: ``python -m benchmarks.text [--model imdb-gru]``.

Without a browser (``--part network``), medians in milliseconds of processor time of one thread,
which a busy machine makes longer by little:

    trace    every gate of 2,000 tokens in both directions, beside the fused forward of torch.nn on
             the same weights in turns                                       aim <= 3 times as long
    answers  the answer so far after every token, or as many as `reader.prefix_ends` says
    reading  both, as arrays; "again" with a letter more, when the earlier answers are remembered
    packed   the reading as JSON for the browser

In headless Chromium with software rendering (``--part page``), against the app as ``make app``
starts it, on its page /text with texts of so many words:

    key      from lifting the key of the last letter to the frame in which the text above the gates
             is the new one, the pause that waits for more included  aim <= 400 ms for 200 words,
             1.5 s for 2,000; for 20,000 it is measured alone
    memory   what the server holds and what the tab has written, with 20,000 words   aim < 1 GB
    scrub    a drag across the whole text: work of one step, messages to the server aim <= 16 ms, 0
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import torch
from playwright.sync_api import Browser, Page, sync_playwright
from torch import nn

import rnnviz
from rnnviz.data import sentences
from rnnviz.models import checkpoint, reader, tokens
from rnnviz.models.classifier import SequenceClassifier
from rnnviz.theatre.reading import Reading
from tests.browser import chromium
from tests.browser.server import FLAGS, Server, serve

TORCHS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
AIMS = {"key 200": 400.0, "key 2000": 1500.0, "scrub": 16.0, "memory": 1000.0, "trace": 5.0}
ROUNDS = 7
KEYS = 5

# From the last key's release to the frame after the text on the page ends as the box does. A
# component may live in a shadow tree, and a new reading may bring a new theatre: it is looked for.
WATCH_KEY = """(box) => {
  const every = (root, name) => [
    ...root.querySelectorAll(name),
    ...[...root.querySelectorAll("*")].flatMap((one) => one.shadowRoot
      ? every(one.shadowRoot, name) : []),
  ];
  const tail = (text) => text.replace(/\\s+/g, "").slice(-12);
  let prose;
  const shown = () => {
    if (!prose?.isConnected) prose = every(document, ".theatre .prose-text").at(-1);
    if (!prose) return "";
    // From the end, as far as needed, without what is struck through.
    const walker = document.createTreeWalker(prose, NodeFilter.SHOW_TEXT);
    while (walker.lastChild());
    let text = "";
    for (let node = walker.currentNode; node && text.length < 60; node = walker.previousNode()) {
      if (!node.parentElement.closest("del")) text = node.data + text;
    }
    return text;
  };
  window.keyWait = new Promise((done) => {
    let lifted;
    box.addEventListener("keyup", () => { lifted = performance.now(); });
    const look = () => {
      if (lifted === undefined || tail(shown()) !== tail(box.value)) setTimeout(look, 8);
      else requestAnimationFrame(() => setTimeout(() => done(performance.now() - lifted)));
    };
    setTimeout(look, 8);  // a frame a look would cost frames
  });
}"""
SCRUB = """async (slider, count) => {
  const costs = [];
  for (let i = 0; i < count; i += 1) {
    costs.push(await new Promise((done) => {
      let began;
      requestAnimationFrame(() => { began = performance.now(); });
      const before = performance.now();
      slider.value = String(Math.round((slider.max * i) / (count - 1)));
      slider.dispatchEvent(new Event("input", { bubbles: true }));
      const handled = performance.now() - before;
      requestAnimationFrame(() => {
        slider.getBoundingClientRect();
        done(handled + performance.now() - began);
      });
    }));
  }
  return costs;
}"""


def words() -> Iterator[str]:
    """The words of our own sentences, without end."""
    every = itertools.cycle(sentences.load("test"))
    return (word for one in every for word in one.text.split())


def text_of(count: int) -> str:
    """A text of ``count`` words."""
    return " ".join(itertools.islice(words(), count))


def milliseconds(task: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The median of a few rounds after one that does not count."""
    task()
    return statistics.median(_once(task) for _ in range(rounds))


def _once(task: Callable[[], object]) -> float:
    started = time.process_time()
    task()
    return 1e3 * (time.process_time() - started)


def report(name: str, value: float, unit: str, aim: float | None = None, more: str = "") -> bool:
    """Print one figure beside its aim; whether it is reached."""
    reached = aim is None or value <= aim
    verdict = "" if aim is None else f"   aim {aim:g} {unit}   {'reached' if reached else 'MISSED'}"
    print(f"{name:28} {value:8.1f} {unit}{verdict}{more}", flush=True)
    return reached


def trace_ratio(cell: str, steps: int = 2000) -> bool:
    """Our trace beside torch.nn's fused forward, in turns; for one of ours, and one of torch's."""
    torch.manual_seed(0)
    theirs = TORCHS[cell](128, 128, batch_first=True, bidirectional=True)
    ours = getattr(rnnviz, cell.upper())(128, 128, batch_first=True, bidirectional=True)
    rnnviz.copy_parameters(theirs, ours)
    inputs = torch.randn(1, steps, 128)

    @torch.no_grad()
    def forward() -> object:
        return theirs(inputs)

    reached = True
    for title, module in (("rnnviz", ours), ("torch.nn", theirs)):
        tracing = partial(rnnviz.trace, module, inputs)
        tracing(), forward()
        pairs = [(_once(tracing), _once(forward)) for _ in range(2 * ROUNDS)]
        ratio = statistics.median(mine / torchs for mine, torchs in pairs)
        mine, torchs = (statistics.median(side) for side in zip(*pairs, strict=True))
        more = f"   ({mine:.0f} ms for {torchs:.0f} ms)"
        reached &= report(f"trace of a {title} {cell}", ratio, "times", AIMS["trace"], more)
    return reached


def measure_network(name: str) -> bool:
    """What a text costs without any page, for 260, 2,600 and 4,000 tokens."""
    model, tokenizer = checkpoint.load(name), tokens.load(name)
    reached = trace_ratio(model.cell)
    for count in (260, 2600, 4000):
        encoded = tokenizer.encode(text_of(count), count)
        ids = torch.from_numpy(encoded.ids)[None]
        ends = reader.prefix_ends(count)
        alone = milliseconds(partial(model.trace, ids, prefix_ends=[count]))
        report(f"{count} tokens: trace", alone, "ms")
        both = milliseconds(partial(model.trace, ids, prefix_ends=ends))
        report(f"{count} tokens: answers", both - alone, "ms", more=f"   after {len(ends)} tokens")
        read = partial(reader.read_text, model, encoded, name=name)
        report(f"{count} tokens: reading", milliseconds(read), "ms")
        report(f"{count} tokens: again", _again(model, tokenizer, encoded.text, name, count), "ms")
        reading = read()
        packed = milliseconds(partial(_packed, reading))
        size = len(_packed(reading)) / 1e6
        report(f"{count} tokens: packed", packed, "ms", more=f"   {size:.1f} MB")
    return reached


def _again(
    model: SequenceClassifier, tokenizer: tokens.TextTokenizer, text: str, name: str, count: int
) -> float:
    """The reading of a text that grows by one word each time."""
    memory = reader.PrefixMemory()
    first, *others = [
        tokenizer.encode(text[: len(text) * 4 // 5] + " good" * more, count) for more in range(6)
    ]
    reader.read_text(model, first, name=name, memory=memory)
    return statistics.median(
        _once(partial(reader.read_text, model, one, name=name, memory=memory)) for one in others
    )


def _packed(reading: Reading) -> str:
    return json.dumps(reading.to_payload())


def open_text(page: Page, server: Server, text: str, cell: str) -> None:
    """The Text page with ``text`` in its box and read."""
    page.goto(f"{server.address}/text?cell={cell}")
    page.wait_for_selector(".theatre[data-ready]", timeout=60_000)
    page.wait_for_timeout(1500)
    box = page.locator(".scribe textarea")
    box.evaluate(WATCH_KEY)
    box.fill(text)
    box.press("Control+End")
    box.press("Control+Enter")
    page.evaluate("window.keyWait")
    page.wait_for_timeout(3000)


def measure_keys(page: Page) -> list[float]:
    """Milliseconds from lifting the key of one more letter to the new text on the page."""
    waits = []
    box = page.locator(".scribe textarea")
    for letter in "abcdefgh"[:KEYS]:
        box.focus()
        page.keyboard.press("Control+End")
        box.evaluate(WATCH_KEY)
        page.keyboard.press(letter)
        waits.append(float(page.evaluate("window.keyWait")))
        page.wait_for_timeout(1500)
    return waits


def measure_scrub(page: Page) -> tuple[list[float], int]:
    """Milliseconds of work of each place of a drag, and messages to the server meanwhile."""
    sent: list[object] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.webSocketFrameSent", lambda frame: sent.append(frame))
    costs = page.locator(".theatre .scrub").first.evaluate(SCRUB, 60)
    count = len(sent)
    session.detach()
    return [float(cost) for cost in costs], count


def resident_megabytes(process: int) -> float:
    """Memory of a process that is in use now, and that it has written to alone (Linux only)."""
    found = Path(f"/proc/{process}/smaps_rollup").read_text()
    return int(re.findall(r"^Private_Dirty:\s+(\d+) kB", found, re.MULTILINE)[0]) * 1024 / 1e6


def server_process(server: Server) -> int:
    """The process that listens where the server answers (Linux only)."""
    port = server.address.rsplit(":", 1)[1]
    for folder in Path("/proc").iterdir():
        try:
            called = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"streamlit" in called and port.encode() in called:
            return int(folder.name)
    raise SystemExit(f"expected the server of port {port} in /proc, which Linux has")


def measure_page(browser: Browser, cell: str) -> bool:
    """Keys, memory and the drag for texts of 200, 2,000 and 20,000 words."""
    reached = True
    system = browser.new_browser_cdp_session()
    with serve() as server:
        for count in (200, 2000, 20_000):
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            open_text(page, server, text_of(count), cell)
            waits = measure_keys(page)
            worst = f"   worst {max(waits):.0f} ms"
            middle = statistics.median(waits)
            reached &= report(f"key, {count} words", middle, "ms", AIMS.get(f"key {count}"), worst)
            costs, sent = measure_scrub(page)
            more = f"   worst {max(costs):.0f} ms, {sent} messages"
            reached &= sent == 0
            reached &= report(
                f"scrub, {count} words", statistics.median(costs), "ms", AIMS["scrub"], more
            )
            processes = system.send("SystemInfo.getProcessInfo")["processInfo"]
            tab = max(int(one["id"]) for one in processes if one["type"] == "renderer")
            held = resident_megabytes(server_process(server))
            report(f"server, {count} words", held, "MB", AIMS["memory"])
            report(f"tab, {count} words", resident_megabytes(tab), "MB", AIMS["memory"])
            page.close()
    return reached


def main() -> int:
    """Measure and print; the exit status says whether every aim was reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.text", description=__doc__)
    parser.add_argument("--model", default="imdb-lstm")
    parser.add_argument("--part", choices=("network", "page", "all"), default="all")
    options = parser.parse_args()
    torch.set_num_threads(1)  # as the app does
    reached = True
    if options.part != "page":
        reached &= measure_network(options.model)
    if options.part != "network":
        cell = str(checkpoint.load(options.model).cell)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium.executable(), args=list(FLAGS)
            )
            reached &= measure_page(browser, cell)
            browser.close()
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
