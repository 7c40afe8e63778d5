"""Answers as JSON and raw bytes, and back to the classes that a reader of files returns.

What is known: texts, numbers, truth, None, bytes, arrays of numbers, tuples, lists, dictionaries
with texts for keys, and data classes of these. The class comes from the table of what may be asked,
never from the message.
"""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

KINDS_OF_NUMBERS = "biuf"


def packed(value: Any, parts: list[bytes]) -> Any:
    """The value for JSON; bytes and arrays go to the end of `parts` and leave their place there."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, bytes):
        parts.append(value)
        return len(parts) - 1
    if is_dataclass(value):
        return {one.name: packed(getattr(value, one.name), parts) for one in fields(value)}
    if isinstance(value, tuple | list):
        return [packed(one, parts) for one in value]
    if isinstance(value, dict):
        return {key: packed(one, parts) for key, one in value.items()}
    if getattr(getattr(value, "dtype", None), "kind", "") in tuple(KINDS_OF_NUMBERS):
        parts.append(value.tobytes())
        return [value.dtype.str, list(value.shape), len(parts) - 1]
    raise TypeError(f"expected a plain value, got {type(value).__name__}")


def unpacked(kind: Any, value: Any, parts: list[bytes]) -> Any:
    """The value of that kind again; raises ValueError for anything else."""
    try:
        return _unpacked(kind, value, parts)
    except (TypeError, KeyError, IndexError, AttributeError) as failure:
        raise ValueError(f"expected {kind}, got something else") from failure


def _unpacked(kind: Any, value: Any, parts: list[bytes]) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in inner:
            return None
        (kind,) = (one for one in inner if one is not type(None))
        return _unpacked(kind, value, parts)
    if kind is bytes:
        return parts[value]
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{one.name: _unpacked(hints[one.name], value[one.name], parts)
                       for one in fields(kind)})  # fmt: skip
    if origin is tuple and len(inner) == 2 and inner[1] is Ellipsis:
        return tuple(_unpacked(inner[0], one, parts) for one in _checked(value, list))
    if origin is tuple:
        pairs = zip(inner, _checked(value, list), strict=True)
        return tuple(_unpacked(one, part, parts) for one, part in pairs)
    if origin is list:
        return [_unpacked(inner[0], one, parts) for one in _checked(value, list)]
    if origin is dict:
        found = _checked(value, dict)
        return {key: _unpacked(inner[1], one, parts) for key, one in found.items()}
    if kind in (str, bool, int):
        return _checked(value, kind)
    if kind is float:
        return float(value)
    return _array(value, parts)


def _array(value: Any, parts: list[bytes]) -> Any:
    import numpy as np

    dtype, shape, place = value
    found = np.frombuffer(parts[place], np.dtype(dtype))
    if found.dtype.kind not in KINDS_OF_NUMBERS:
        raise ValueError(f"expected an array of numbers, got {found.dtype}")
    return found.reshape(shape).copy()  # that may be written to


def _checked(value: Any, kind: Any) -> Any:
    if type(value) is not kind:
        raise ValueError(f"expected {kind.__name__}, got {type(value).__name__}")
    return value
