"""Train what the server asks for: `python -m rnnviz.runs.worker LINE TASK`, one end of a socket.

LINE is the number of an inherited file, or an address to call back with RNNVIZ_WORKER_KEY. All is
imported, and a step of TASK trained, before the first job, so that a job starts at once. The
process ends when the other end of the line closes, whatever it is doing.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Client, Connection
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from rnnviz.runs.queue import messages
from rnnviz.runs.queue.limits import niceness
from rnnviz.runs.worker.control import Control

FAREWELL_SECONDS = 0.5
"""How long a job may take to save itself when the server is gone."""

Jobs = SimpleQueue[tuple[dict[str, Any], Control] | None]


def main() -> None:
    """Serve until the line closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server
    line = _connected(sys.argv[1])
    jobs: Jobs = SimpleQueue()
    threading.Thread(target=_listen, args=(line, jobs), daemon=True).start()
    _warm_up(sys.argv[2])
    _step_back()

    from rnnviz.runs.worker.work import Work

    def say(message: dict[str, Any]) -> None:
        with suppress(OSError):  # nobody there: the listening thread ends this process
            messages.send(line, message)

    say({"say": "ready"})
    while (given := jobs.get()) is not None:
        Work(*given, say).run()
        gc.collect()
    os._exit(0)  # at once: taking everything down in order would take a second


def _connected(line: str) -> Connection:
    if line.isdigit():
        return Connection(int(line))
    return Client(line, authkey=os.environ.pop("RNNVIZ_WORKER_KEY").encode())


def _step_back() -> None:
    """Pages come first: the processor, and memory when it is short."""
    if hasattr(os, "nice"):
        os.nice(niceness())
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")


def _listen(line: Connection, jobs: Jobs) -> None:
    """Hear the server out; when it is gone, let the job save itself and end the process."""
    current: Control | None = None
    while True:
        try:
            message = messages.receive(line)
        except (EOFError, OSError, ValueError):
            break
        if message["do"] == "exit":
            break
        if message["do"] == "job":
            current = Control(message)
            jobs.put((message, current))
        elif current is not None and message.get("job") == current.job:
            current.take(message)
    if current is not None:
        current.want("gone")
    jobs.put(None)
    time.sleep(FAREWELL_SECONDS)
    os._exit(0)


def _warm_up(task: str) -> None:
    """Train a tiny network for a step: what is imported or read late is there before a job."""
    import tempfile

    from rnnviz.runs.worker.work import Work
    from rnnviz.training.tasks.table import defaults

    plan = defaults(task, "gru").changed(hidden_size=4, epochs=1)
    with tempfile.TemporaryDirectory(prefix="rnnviz-worker-") as folder:
        lane = {"run": "warm", "plan": plan.to_json(), "folder": folder, "resume": False}
        assignment = {
            "job": "warm", "lanes": [lane], "seconds": 0.0, "most_seconds": 60.0, "steps": 1,
        }  # fmt: skip
        Work(assignment, Control(assignment), lambda message: None).run()
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    main()
