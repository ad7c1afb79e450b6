"""C2PA manifests: what their assertions of training and mining say, as far as a few megabytes tell it.

Signatures are not checked: a wish not to be learned from counts whoever signed it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any, NoReturn

from media.tables import boxes

ASSERTION = ("c2pa.training-mining", "cawg.training-mining")
LEARNING = ("ai_training", "ai_generative_training", "data_mining")
"""Uses that a training is; `ai_inference` is none."""
ALLOWED = "allowed"
MAX_DEPTH = 16
MAX_ITEMS = 2**16
"""Boxes of a manifest, and values of an assertion."""
LABEL_AT = 17
"""In a box "jumd": after the type's id and the byte of switches."""


def refused_uses(store: bytes) -> Iterator[str]:
    """Uses of learning that a manifest store does not allow outright, each as `name value`.

    An assertion of training and mining that cannot be read allows nothing.
    """
    for label, kind, data in contents(store):
        if label.startswith(ASSERTION):
            try:
                yield from uses_in(json.loads(data) if kind == b"json" else CborReader(data).value())
            except (ValueError, RecursionError):
                yield f"{label} that cannot be read"


def uses_in(assertion: Any) -> Iterator[str]:
    """The uses that an assertion does not allow.

    Raises:
        ValueError: it is no assertion.
    """
    entries = assertion.get("entries") if isinstance(assertion, dict) else None
    if not isinstance(entries, dict):
        refuse("no entries")
    for name, entry in entries.items():
        use = entry.get("use") if isinstance(entry, dict) else None
        if str(name).rpartition(".")[2] in LEARNING and use != ALLOWED:
            yield f"{name} {use}"


def contents(store: bytes) -> Iterator[tuple[str, bytes, bytes]]:
    """The contents of all boxes of a store, each with its label and kind."""
    left, file = MAX_ITEMS, io.BytesIO(store)
    waiting = [("", 0, len(store), 0)]
    while waiting:
        label, start, stop, depth = waiting.pop()
        for kind, begin, end in boxes(file, start, stop):
            left -= 1
            if left < 0:
                return
            if kind == b"jumd":
                label = store[begin + LABEL_AT : end].split(b"\0")[0].decode(errors="replace")
            elif kind == b"jumb" and depth < MAX_DEPTH:
                waiting.append(("", begin, end, depth + 1))
            elif kind in (b"cbor", b"json"):
                yield label, kind, store[begin:end]


class CborReader:
    """Reads one value of CBOR (RFC 8949) whose lengths are told; bounded in depth and number of values."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.left = data, 0, MAX_ITEMS

    def value(self, depth: int = 0) -> Any:
        """The next value: numbers, texts, bytes, lists, maps; what a tag holds; None for all else.

        Raises:
            ValueError: it is none, or beyond the bounds.
        """
        self.left -= 1
        if depth > MAX_DEPTH or self.left < 0:
            refuse("too deep, or too many values")
        first = self.take(1)[0]
        kind, short = first >> 5, first & 31
        count = short if short < 24 else int.from_bytes(self.take(length(short)))
        if kind in (0, 1):
            return -1 - count if kind else count
        if kind in (2, 3):
            data = self.take(count)
            return data.decode() if kind == 3 else data
        if kind == 4:
            return [self.value(depth + 1) for _ in range(count)]
        if kind == 5:
            return {self.name(depth): self.value(depth + 1) for _ in range(count)}
        return self.value(depth + 1) if kind == 6 else {20: False, 21: True}.get(short)

    def name(self, depth: int) -> str:
        """The next value as a key of a map."""
        return str(self.value(depth + 1))

    def take(self, count: int) -> bytes:
        """The next bytes."""
        part = self.data[self.at : self.at + count]
        if len(part) < count:
            refuse("it breaks off")
        self.at += count
        return part


def length(short: int) -> int:
    """Bytes of the number that follows a first byte."""
    return {24: 1, 25: 2, 26: 4, 27: 8}.get(short) or refuse("a length that is not told")


def refuse(why: str) -> NoReturn:
    """Raise ValueError."""
    raise ValueError(why)
