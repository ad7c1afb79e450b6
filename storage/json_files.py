"""JSON of strangers: bounded in bytes, digits and depth, of finite numbers and plain texts, no key twice."""

from __future__ import annotations

import json
import math
import reprlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from storage.place import Place

MAX_BYTES = 2**22
"""Largest text that is read; a value takes some thirty times its text in memory at most."""
MAX_DIGITS = 20
"""Of a whole number: seeds of 64 bits have as many, and float() takes it."""
DEEPEST = 32
MOST_MISFITS = 100
"""Misfits of a value that are told."""

NUMBER = (int, float)
"""What a shape says where either will do."""

SHOWN = reprlib.Repr()
SHOWN.maxstring = SHOWN.maxother = 120


def read_json(data: bytes) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: it is none, or holds what no writer of ours writes: numbers that are none, infinite or of
            many digits, half a surrogate pair, a key twice, great depth.
    """
    if len(data) > MAX_BYTES:
        raise ValueError(f"no JSON: more than {MAX_BYTES} bytes are too many")
    try:
        value = json.loads(
            data.decode(), parse_constant=number, parse_float=number, parse_int=whole, object_pairs_hook=once
        )
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no JSON: {SHOWN.repr(str(error))[1:-1]}") from None
    refuse_odd(value)
    return value


def json_at(place: Place, name: str) -> Any:
    """The JSON value in a file of a place.

    Raises:
        ValueError: as `read_json`; its text begins with the file's address.
        OSError: it cannot be read.
    """
    data = place.read(name, size=MAX_BYTES + 1)
    try:
        return read_json(data)
    except ValueError as error:
        raise ValueError(f"{place.uri_of(name)}: {error}") from None


def number(text: str) -> float:
    """A finite number."""
    found = float(text)
    if not math.isfinite(found):
        raise ValueError(f"{text} is no finite number")
    return found


def whole(text: str) -> int:
    """A whole number of some digits."""
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, none of whose keys is there twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def refuse_odd(value: Any) -> None:
    """Returns where a value is flat enough to be walked and printed, and all its texts can be written.

    Raises:
        ValueError: it is not.
    """
    waiting = [(value, DEEPEST)]
    while waiting:
        one, depth = waiting.pop()
        if isinstance(one, str):
            refuse_half(one)
        elif isinstance(one, dict | list):
            if depth == 0:
                raise ValueError(f"no JSON: nested deeper than {DEEPEST}")
            inner = (*one, *one.values()) if isinstance(one, dict) else one
            waiting += [(part, depth - 1) for part in inner]


def refuse_half(text: str) -> None:
    """Returns where a text can be encoded."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("no JSON: half a surrogate pair") from None


@dataclass(frozen=True)
class Perhaps:
    """The shape of what may be absent."""

    shape: Any


def unwrapped(shape: Any) -> Any:
    """The shape of what is there."""
    return shape.shape if isinstance(shape, Perhaps) else shape


def misfits(value: Any, shape: Any, where: str) -> list[str]:
    """Where a JSON value has not the shape: an object has exactly these keys, a list repeats its entry.

    `str` as a key stands for any. The first `MOST_MISFITS` are told.
    """
    return list(islice(all_misfits(value, shape, where), MOST_MISFITS))


def all_misfits(value: Any, shape: Any, where: str) -> Iterator[str]:
    """Where a JSON value has not the shape, one after the other."""
    if isinstance(shape, dict) and isinstance(value, dict):
        if str in shape:
            shape = dict.fromkeys(value, shape[str])
        shape = {
            name: unwrapped(part) for name, part in shape.items() if name in value or unwrapped(part) is part
        }
        if value.keys() != shape.keys():
            yield f"{where}: wrong keys {SHOWN.repr(sorted(value.keys() ^ shape.keys()))}"
        for name in sorted(value.keys() & shape.keys()):
            yield from all_misfits(value[name], shape[name], f"{where}.{SHOWN.repr(name)[1:-1]}")
    elif isinstance(shape, list) and isinstance(value, list):
        for index, entry in enumerate(value):
            yield from all_misfits(entry, shape[0], f"{where}[{index}]")
    elif isinstance(shape, (dict, list)) or not is_a(value, shape):
        yield f"{where}: a {type(value).__name__} does not belong there"


def is_a(value: Any, kind: Any) -> bool:
    """Whether a value is of a type; a truth is no number."""
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
