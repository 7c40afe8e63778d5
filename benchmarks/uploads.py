"""What a process of its own costs for a stranger's file: ``python -m benchmarks.uploads``.

Printed: how long such a process takes to be ready, how much memory it has while it waits, how long
a small file of each kind takes there and in this process, and what files that ask for much come to.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

from rnnviz.data import DataError
from rnnviz.data.documents import reading
from rnnviz.parsing.pool import POOLS, Pool
from rnnviz.runs.queue.crew import resident_megabytes
from tests.bombs import BOMBS
from tests.test_fuzz import FILES


def seconds(do: Callable[[], object], times: int) -> float:
    """The least of so many tries."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        do()
        taken.append(time.perf_counter() - start)
    return min(taken)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=10, help="tries of each small file")
    parser.add_argument("--bombs", action="store_true", help="also files that ask for much")
    options = parser.parse_args()
    for crew in ("files", "networks"):
        pool = Pool(1, crew)
        start = time.perf_counter()
        pool.warm()
        (process,) = pool._idle
        process.wait_until_ready()
        took = time.perf_counter() - start
        print(f"{crew}: ready in {took:.2f} s, {resident_megabytes(process.pid):.0f} MB")
        pool.close()
    ask = POOLS["files"].ask
    for name, (reader, called, data, _) in FILES.items():
        words = {"name": called} if called else {}
        ask(reader, [data], words, name="it")  # starts the process, where none waits
        there = seconds(partial(ask, reader, [data], words, name="it"), options.times)
        print(f"{name}: {there:.3f} s", end="\n" if reader != "document" else "")
        if reader == "document":
            reading.read(data, called)
            here = seconds(partial(reading.read, data, called), options.times)
            print(f", in this process {here:.3f} s")
    for name, (reader, make, called) in BOMBS.items() if options.bombs else ():
        data, words = make(), {} if reader == "picture" else {"name": called}
        start = time.perf_counter()
        try:
            said = f"read: {str(POOLS['files'].ask(reader, [data], words, name=called))[:60]}"
        except DataError as error:
            said = str(error)[:100]
        print(f"{name}, {len(data):,} bytes: {time.perf_counter() - start:.1f} s, {said}")
    POOLS["files"].close()


if __name__ == "__main__":
    main()
