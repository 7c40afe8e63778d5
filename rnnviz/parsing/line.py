"""What the server and the process that reads files say to each other: JSON and raw bytes.

A message is two numbers of eight bytes, the length of its JSON and that of its bytes, and then
those. The JSON says how long each part of the bytes is. Nothing is pickled.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import IO, Any

LENGTHS = struct.Struct(">QQ")


class LineError(Exception):
    """The message is too long, cut off, or none."""


class TooLongError(LineError):
    """The message is longer than was allowed."""


def send(line: IO[bytes], said: dict[str, Any], parts: Sequence[bytes] = ()) -> None:
    """Write one message; OSError where nobody reads it."""
    about = json.dumps({"said": said, "parts": [len(part) for part in parts]}).encode("ascii")
    line.write(LENGTHS.pack(len(about), sum(map(len, parts))))
    line.write(about)
    line.writelines(parts)
    line.flush()


def receive(line: IO[bytes], most: int) -> tuple[dict[str, Any], list[bytes]]:
    """The next message of at most `most` bytes; EOFError at the end, else LineError."""
    beginning = line.read(LENGTHS.size)
    if not beginning:
        raise EOFError("the line has ended")
    if len(beginning) < LENGTHS.size:
        raise LineError("the message is cut off")
    lengths = LENGTHS.unpack(beginning)
    if sum(lengths) > most:
        raise TooLongError(f"the message has {sum(lengths):,} bytes")
    about, whole = (line.read(length) for length in lengths)
    if (len(about), len(whole)) != lengths:
        raise LineError("the message is cut off")
    try:
        message = json.loads(about)
        said, sizes = message["said"], message["parts"]
    except (ValueError, RecursionError, TypeError, KeyError) as failure:
        raise LineError("the message is no JSON") from failure
    if not isinstance(said, dict) or any(type(size) is not int or size < 0 for size in sizes):
        raise LineError("the message is none")
    parts, at = [], 0
    for size in sizes:
        parts.append(whole[at : at + size])
        at += size
    if at != len(whole):
        raise LineError("the parts of the message do not fit")
    return said, parts
