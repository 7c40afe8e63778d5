"""A worker that only speaks as one: no torch, so that tests of the manager take no time.

It "trains" for `epochs` steps of 50 ms, and goes on from the step in its first run's file if it is
told to resume. After `FIRST_EPOCH` steps there is a network. What it does wrong is chosen by the
plan's seed.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from multiprocessing.connection import Client, Connection
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from rnnviz.runs.queue import messages

FIRST_EPOCH = 8
GOOD, DIES, HANGS, EATS, IS_SLOW, DIVERGES = range(6)


def main() -> None:
    line = sys.argv[1]
    if line.isdigit():
        connection = Connection(int(line))
    else:
        connection = Client(line, authkey=os.environ["RNNVIZ_WORKER_KEY"].encode())
    heard: SimpleQueue[dict[str, Any]] = SimpleQueue()
    threading.Thread(target=listen, args=(connection, heard), daemon=True).start()
    messages.send(connection, {"say": "ready"})
    while True:
        message = heard.get()
        if message["do"] == "job":
            train(connection, heard, message)


def listen(connection: Connection, heard: SimpleQueue[dict[str, Any]]) -> None:
    while True:
        try:
            message = messages.receive(connection)
        except (EOFError, OSError):
            os._exit(0)
        if message["do"] == "exit":
            os._exit(0)
        heard.put(message)


def train(connection: Connection, heard: SimpleQueue[dict[str, Any]], job: dict[str, Any]) -> None:
    start, lanes = time.monotonic(), {lane["run"]: lane["plan"] for lane in job["lanes"]}
    kinds = {plan["seed"] for plan in lanes.values()}

    def say(kind: str, **words: Any) -> None:
        messages.send(connection, {"say": kind, "job": job["job"], **words})

    def finish(state: str, message: str = "") -> None:
        seconds = job["seconds"] + time.monotonic() - start
        say("done", state=state, message=message, seconds=seconds)

    if DIES in kinds:
        os._exit(3)
    if IS_SLOW in kinds:
        time.sleep(60)
    eaten = b"x" * 300_000_000 if EATS in kinds else b""
    for run, plan in list(lanes.items()):
        if plan["seed"] == DIVERGES:
            say("ended", run=run, state="failed", message="expected a finite loss, got nan")
            del lanes[run]
    first = job["lanes"][0]
    saved = Path(first["folder"]) / "step"
    step = int(saved.read_text()) if first["resume"] and saved.exists() else 0
    most = max((plan["epochs"] for plan in lanes.values()), default=0)
    while step < most:
        step += 1
        saved.write_text(str(step))
        if step == FIRST_EPOCH:
            (saved.parent / "model").mkdir()
        latest = {"event": "step-finished", "step": step, "loss": 1 / step}
        news = {"latest": latest, "record": {"step": step, "steps": most}}
        seconds = job["seconds"] + time.monotonic() - start
        say("progress", seconds=seconds, factor=1.0, runs=dict.fromkeys(lanes, news))
        time.sleep(0.05)
        if HANGS in kinds or eaten:
            time.sleep(60)
        while not heard.empty():
            message = heard.get()
            if message.get("job") != job["job"]:
                continue
            if message["do"] in ("pause", "stop"):
                finish("paused" if message["do"] == "pause" else "stopped")
                return
        if job["steps"] == 1:
            finish("paused")
            return
    for run in lanes:
        say("ended", run=run, state="finished", message="")
    finish("finished" if lanes else "failed", "" if lanes else "expected a finite loss, got nan")


if __name__ == "__main__":
    main()
